package journal

import "frontline/secret"

// Text is words that belong to an entry. They live in a row of their own together with their salt, and the entry carries Hash: when
// a person is erased, words and salt go, and the chain still verifies.
type Text struct {
	Body string `json:"body"`
	Salt string `json:"-"`
}

// Salted returns the text with a fresh random salt. Call it before a decision, never inside: a decision may run twice.
func Salted(body string) Text { return Text{Body: body, Salt: secret.Random(24)} }

// Hash is what the entry carries: SHA-256 over salt and words, in hex.
func (t Text) Hash() string { return secret.Hash(t.Salt + "\n" + t.Body) }
