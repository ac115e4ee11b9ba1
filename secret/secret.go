// Package secret holds values that must not be seen: they print ***, in logs, errors and JSON alike.
package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"frontline/fault"
)

const mask = "***"

// Text is a secret string.
type Text struct{ value string }

// New hides value.
func New(value string) Text { return Text{value} }

// Reveal returns the value, for the one place that must send it.
func (t Text) Reveal() string { return t.value }

// Empty says whether there is no value.
func (t Text) Empty() bool { return t.value == "" }

// Equal compares in constant time.
func (t Text) Equal(other string) bool {
	return subtle.ConstantTimeCompare([]byte(t.value), []byte(other)) == 1
}

// String implements fmt.Stringer and never tells.
func (t Text) String() string { return mask }

// GoString implements fmt.GoStringer and never tells.
func (t Text) GoString() string { return mask }

// Format implements fmt.Formatter so that no verb tells.
func (t Text) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(mask)) }

// LogValue implements slog.LogValuer and never tells.
func (t Text) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalText implements encoding.TextMarshaler and never tells.
func (t Text) MarshalText() ([]byte, error) { return []byte(mask), nil }

// Ref is where a secret is kept: "env:NAME", "file:/path", or "stored:NAME" for one that the server keeps for actions. Configuration holds references, never values.
type Ref string

// Check says whether the reference is well formed, without looking the secret up.
func (r Ref) Check() error {
	kind, rest, ok := strings.Cut(string(r), ":")
	if !ok || rest == "" || (kind != "env" && kind != "file" && kind != "stored") {
		return fault.New(fault.Invalid, "A secret is given as env:NAME, file:/path or, in actions, stored:NAME, never as its value. Put the value there and write the reference.")
	}
	return nil
}

// Stored is the name of a secret that the server keeps; false when it is kept elsewhere.
func (r Ref) Stored() (string, bool) { return strings.CutPrefix(string(r), "stored:") }

// Resolve looks the secret up in the environment or in a file. The errors name the reference, never the value.
func (r Ref) Resolve(getenv func(string) string) (Text, error) {
	if err := r.Check(); err != nil {
		return Text{}, err
	}
	kind, rest, _ := strings.Cut(string(r), ":")
	if kind == "stored" {
		return Text{}, fault.New(fault.Invalid, "%s is kept by the server for its own actions, and cannot be used here. Use env:NAME or file:/path.", r)
	}
	if kind == "env" {
		if v := getenv(rest); v != "" {
			return New(v), nil
		}
		return Text{}, fault.New(fault.Invalid, "The environment variable %s is empty or not set. Set it for the Frontline server.", rest)
	}
	b, err := os.ReadFile(rest)
	if err != nil {
		return Text{}, fault.Wrap(err, fault.Invalid, "The secret file %s cannot be read. Make it readable for the Frontline server.", rest)
	}
	return New(strings.TrimRight(string(b), "\r\n")), nil
}

const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"

// Random returns n lower-case letters and digits from the system's random source, 5.17 bits each.
func Random(n int) string {
	out := make([]byte, 0, n)
	buf := make([]byte, 2*n)
	for len(out) < n {
		_, _ = rand.Read(buf) // never fails since Go 1.24
		for _, b := range buf {
			if int(b) < 252 && len(out) < n { // 252 = 7*36: every letter equally likely
				out = append(out, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(out)
}

// Hash is how tokens of high entropy are stored: hex SHA-256. Passwords are not tokens; people hashes those.
func Hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
