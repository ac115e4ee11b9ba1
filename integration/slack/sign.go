package slack

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"frontline/fault"
	"frontline/secret"
)

// signedFor is how far the time of a signature may be from ours.
const signedFor = 5 * time.Minute

// verify says whether Slack signed the body: an HMAC-SHA256 under the app's signing secret over "v0:", the time of sending, ":" and the body as it
// came (Slack: "Verifying requests from Slack"). A request that is sent again within the five minutes verifies again; what it asks for is
// recognised by Slack's own id of it.
func verify(signing secret.Text, h http.Header, body []byte, now time.Time) error {
	no := fault.New(fault.Unauthenticated, "This request does not carry Slack's signature. Check the signing secret of the app.")
	if signing.Empty() {
		return no
	}
	stamp := h.Get("X-Slack-Request-Timestamp")
	at, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return no
	}
	if now.Sub(time.Unix(at, 0)).Abs() > signedFor {
		return fault.New(fault.Unauthenticated, "This request was signed too long ago. Check the clocks.")
	}
	given, ok := strings.CutPrefix(h.Get("X-Slack-Signature"), "v0=")
	sum, err := hex.DecodeString(given)
	if !ok || err != nil || !hmac.Equal(sum, Signature(signing, stamp, body)) {
		return no
	}
	return nil
}

// Signature is what Slack signs a body with: the bytes behind "v0=".
func Signature(signing secret.Text, stamp string, body []byte) []byte {
	m := hmac.New(sha256.New, []byte(signing.Reveal()))
	m.Write([]byte("v0:" + stamp + ":"))
	m.Write(body)
	return m.Sum(nil)
}
