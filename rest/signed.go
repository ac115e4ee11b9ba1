package rest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"frontline/fault"
	"frontline/secret"
)

// late is how old a signed call may be, and how far ahead its clock.
const late = 5 * time.Minute

// Strange is the fault of a call that does not come from whom it says.
func Strange() error {
	return fault.New(fault.Unauthenticated, "This call is not signed as it must be. Give both sides the same secret.")
}

// HubSigned checks a signature as WebSub writes it: "sha256=" and the hex of the body's HMAC-SHA256. The comparison takes the same time for every answer.
func HubSigned(signature string, body []byte, shared secret.Text) error {
	sum, ok := strings.CutPrefix(signature, "sha256=")
	given, err := hex.DecodeString(sum)
	if !ok || err != nil || shared.Empty() {
		return Strange()
	}
	if !hmac.Equal(given, digest([]byte(shared.Reveal()), body)) {
		return Strange()
	}
	return nil
}

// StandardSigned checks a signature as Standard Webhooks writes it: over id, time and body, in base64, one or several with "v1,". A call that is older
// than five minutes is refused, so that nobody sends it again. A key with "whsec_" is base64; any other is taken as it is.
func StandardSigned(id, at, signatures string, body []byte, shared secret.Text, now time.Time) error {
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || id == "" || shared.Empty() {
		return Strange()
	}
	if d := now.Sub(time.Unix(seconds, 0)); d > late || d < -late {
		return Strange()
	}
	key := []byte(shared.Reveal())
	if coded, ok := strings.CutPrefix(shared.Reveal(), "whsec_"); ok {
		if key, err = base64.StdEncoding.DecodeString(coded); err != nil {
			return fault.New(fault.Unavailable, "The signing token begins with whsec_ and is not base64 after that. Set it anew.")
		}
	}
	want := digest(key, []byte(id+"."+at+"."), body)
	for _, one := range strings.Fields(signatures) {
		sum, ok := strings.CutPrefix(one, "v1,")
		given, err := base64.StdEncoding.DecodeString(sum)
		if ok && err == nil && hmac.Equal(given, want) {
			return nil
		}
	}
	return Strange()
}

func digest(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		_, _ = mac.Write(p) // a hash never fails
	}
	return mac.Sum(nil)
}

// Digest names a call that has no id of its own: the same body is the same call.
func Digest(body []byte) string { return "sha256:" + secret.Hash(string(body)) }
