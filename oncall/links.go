package oncall

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"

	"frontline/fault"
	"frontline/people"
	"frontline/secret"
)

// Purpose is the one thing that a link is for.
type Purpose string

// ToAnswer lets one person acknowledge or escalate one page.
const ToAnswer Purpose = "answer"

// linkLasts is how long the link in a message can be used.
const linkLasts = 24 * time.Hour

// Grant is what a link allows: one person, one page, one purpose, for a time.
type Grant struct {
	Page    string
	Person  string
	Purpose Purpose
	Until   time.Time
}

// Actor is who acts when somebody uses the link.
func (g Grant) Actor() people.Actor {
	return people.Actor{Kind: people.ByLink, ID: g.Person, Via: "link", Can: people.HandleAlerts, Until: g.Until,
		Grant: &people.Subject{Kind: "page", ID: g.Page}}
}

// Links signs and reads the links in messages. A token needs no session and no table: it is an HMAC-SHA256 (RFC 2104, cut to 128 bits)
// over what it allows.
type Links struct {
	key  []byte
	base string
}

// NewLinks returns links under the public address base ("https://frontline.example"), signed with key, which app makes once and keeps.
func NewLinks(key secret.Text, base string) *Links {
	sum := sha256.Sum256([]byte("page links\x00" + key.Reveal())) // this key signs nothing else
	return &Links{key: sum[:], base: strings.TrimRight(base, "/")}
}

const (
	linkVersion = 1
	macBytes    = 16
)

// Sign returns a token that allows the person one purpose on one page until then. It is safe in a path.
func (l *Links) Sign(page, person string, purpose Purpose, until time.Time) string {
	raw := binary.BigEndian.AppendUint64([]byte{linkVersion}, uint64(until.Unix()))
	for _, s := range []string{page, person, string(purpose)} {
		raw = append(binary.AppendUvarint(raw, uint64(len(s))), s...)
	}
	return base64.RawURLEncoding.EncodeToString(append(raw, l.mac(raw)...))
}

func (l *Links) mac(raw []byte) []byte {
	m := hmac.New(sha256.New, l.key)
	m.Write(raw)
	return m.Sum(nil)[:macBytes]
}

// Read returns what the token allows. The fault of one that has expired says since when.
func (l *Links) Read(token string, now time.Time) (Grant, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) <= macBytes {
		return Grant{}, errBrokenLink()
	}
	raw, sum := raw[:len(raw)-macBytes], raw[len(raw)-macBytes:]
	if !hmac.Equal(sum, l.mac(raw)) {
		return Grant{}, errBrokenLink()
	}
	g, ok := decodeGrant(raw)
	if !ok {
		return Grant{}, errBrokenLink()
	}
	if now.After(g.Until) {
		return Grant{}, fault.New(fault.Unauthenticated,
			"This link has expired on %s. Sign in to answer the page, or use the link in a newer message.", g.Until.UTC().Format("2 January 2006 at 15:04 UTC"))
	}
	return g, nil
}

func decodeGrant(raw []byte) (Grant, bool) {
	if len(raw) < 9 || raw[0] != linkVersion {
		return Grant{}, false
	}
	g := Grant{Until: time.Unix(int64(binary.BigEndian.Uint64(raw[1:9])), 0).UTC()}
	raw = raw[9:]
	var purpose string
	for _, to := range []*string{&g.Page, &g.Person, &purpose} {
		n, used := binary.Uvarint(raw)
		if used <= 0 || n > uint64(len(raw)-used) {
			return Grant{}, false
		}
		*to, raw = string(raw[used:used+int(n)]), raw[used+int(n):]
	}
	g.Purpose = Purpose(purpose)
	return g, len(raw) == 0
}

func errBrokenLink() error {
	return fault.New(fault.Unauthenticated, "This link is not whole or was not made here. Open it again from the message, or sign in.")
}

// Answer returns the address in a message about the page: GET shows it, POST acknowledges.
func (l *Links) Answer(page, person string, now time.Time) string {
	return l.base + "/p/" + l.Sign(page, person, ToAnswer, now.Add(linkLasts))
}
