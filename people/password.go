package people

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"frontline/clock"
	"frontline/fault"
	"frontline/secret"
)

// What a password must be: long enough, and not the mail address. Rules about digits and signs make people write it down.
const (
	PasswordMin  = 12   // characters, at least
	passwordMost = 1024 // bytes, so that nobody sends us a book to hash
)

// checkPassword returns nil when somebody with the mail address may choose the password. field is how the form calls it.
func checkPassword(field, email string, password secret.Text) error {
	p := password.Reveal()
	switch {
	case utf8.RuneCountInString(p) < PasswordMin:
		return fault.Wrong(field, "A password has at least %d characters. Take four words in a row.", PasswordMin)
	case len(p) > passwordMost:
		return fault.Wrong(field, "A password has at most %d bytes. Take a shorter one.", passwordMost)
	case strings.EqualFold(strings.TrimSpace(p), email):
		return fault.Wrong(field, "The password is your mail address, which everybody knows. Take another one.")
	}
	return nil
}

// Cost is what one hashing with argon2id takes; it is stored with each hash.
type Cost struct {
	Memory uint32 // KiB
	Passes uint32
	Lanes  uint8
}

// Today is the cost of new hashes. OWASP's least for argon2id is m=19456, t=2, p=1; this is 1.7 times that, about 50 ms of
// one core. A hash of another cost is made anew when its owner signs in.
func Today() Cost { return Cost{Memory: 32 << 10, Passes: 2, Lanes: 1} }

// bearable bounds what a stored hash may ask for, so that a damaged row cannot exhaust the memory.
func (c Cost) bearable() bool {
	return c.Lanes >= 1 && c.Lanes <= 16 && c.Passes >= 1 && c.Passes <= 16 && c.Memory >= 8*uint32(c.Lanes) && c.Memory <= 256<<10
}

func (c Cost) derive(password secret.Text, salt []byte, size int) []byte {
	return argon2.IDKey([]byte(password.Reveal()), salt, c.Passes, c.Memory, c.Lanes, uint32(size))
}

// encoded is a hash in PHC string form, $argon2id$v=19$m=…,t=…,p=…$salt$hash, taken apart.
type encoded struct {
	Cost
	salt []byte
	key  []byte
}

const (
	saltBytes = 16
	keyBytes  = 32
)

func (e encoded) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, e.Memory, e.Passes, e.Lanes, b64.EncodeToString(e.salt), b64.EncodeToString(e.key))
}

var errNoHash = errors.New("no argon2id hash in PHC form")

// parseHash reads the PHC string form. It takes only what String writes, at a bearable cost.
func parseHash(s string) (encoded, error) {
	part := strings.Split(s, "$")
	if len(part) != 6 {
		return encoded{}, errNoHash
	}
	var e encoded
	m, rest, _ := strings.Cut(strings.TrimPrefix(part[3], "m="), ",t=")
	t, p, _ := strings.Cut(rest, ",p=")
	memory, err1 := strconv.ParseUint(m, 10, 32)
	passes, err2 := strconv.ParseUint(t, 10, 32)
	lanes, err3 := strconv.ParseUint(p, 10, 8)
	e.Cost = Cost{Memory: uint32(memory), Passes: uint32(passes), Lanes: uint8(lanes)}
	var err4, err5 error
	e.salt, err4 = base64.RawStdEncoding.DecodeString(part[4])
	e.key, err5 = base64.RawStdEncoding.DecodeString(part[5])
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return encoded{}, fmt.Errorf("%w: %w", errNoHash, err)
	}
	if e.String() != s || !e.bearable() || len(e.salt) < 8 || len(e.key) < 16 || len(s) > 512 {
		return encoded{}, errNoHash
	}
	return e, nil
}

// passwords hashes and checks passwords with argon2id (RFC 9106), at most two at once: each takes 32 MiB and a whole core.
type passwords struct {
	cost  Cost // of new hashes
	clock clock.Clock
	slots chan struct{}
	decoy string // compared when there is no hash, so that the answer takes as long
}

const (
	hashings  = 2               // at once
	hashQueue = 5 * time.Second // how long one may wait for its turn
)

func newPasswords(c clock.Clock, cost Cost) *passwords {
	decoy := encoded{Cost: cost, salt: random(saltBytes), key: random(keyBytes)}
	return &passwords{cost: cost, clock: c, slots: make(chan struct{}, hashings), decoy: decoy.String()}
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return b
}

// turn waits for a slot and returns what gives it back.
func (ps *passwords) turn(ctx context.Context) (func(), error) {
	late, stop := ps.clock.After(hashQueue)
	defer stop()
	select {
	case ps.slots <- struct{}{}:
		return func() { <-ps.slots }, nil
	case <-late:
		return nil, &fault.Error{Kind: fault.Unavailable, After: hashQueue, Say: "Too many people sign in at this moment. Try again in a few seconds."}
	case <-ctx.Done():
		return nil, fault.Wrap(ctx.Err(), fault.Unavailable, "Signing in took too long. Try again in a moment.")
	}
}

// hash returns the password's hash in PHC string form. The caller has checked the password.
func (ps *passwords) hash(ctx context.Context, password secret.Text) (string, error) {
	free, err := ps.turn(ctx)
	if err != nil {
		return "", err
	}
	defer free()
	salt := random(saltBytes)
	return encoded{Cost: ps.cost, salt: salt, key: ps.cost.derive(password, salt, keyBytes)}.String(), nil
}

// match says whether the password belongs to the stored hash, and whether that hash should be made anew because its cost is
// another than that of new ones. An empty hash takes as long and matches nothing.
func (ps *passwords) match(ctx context.Context, stored string, password secret.Text) (ok, stale bool, err error) {
	known := stored != ""
	if !known {
		stored = ps.decoy
	}
	e, err := parseHash(stored)
	if err != nil {
		return false, false, fault.Wrap(err, fault.Internal, "The stored password cannot be read. Ask an admin for a link to set a new one.")
	}
	if len(password.Reveal()) > passwordMost {
		password = secret.Text{} // matches nothing: no password is empty
	}
	free, err := ps.turn(ctx)
	if err != nil {
		return false, false, err
	}
	defer free()
	same := subtle.ConstantTimeCompare(e.derive(password, e.salt, len(e.key)), e.key) == 1
	return same && known && !password.Empty(), e.Cost != ps.cost, nil
}
