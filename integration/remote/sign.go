// Package remote carries the talk between server and runners over HTTPS. A runner only dials out. Both sides sign what they say, with Ed25519
// keys that they learned of each other at the enrolment, on top of TLS: whoever breaks or terminates the connection in between can neither give
// orders nor learn to, and the server believes nobody but the runner that it enrolled.
//
// Signatures are those of RFC 9421 (HTTP message signatures) with the digest of RFC 9530, in one form: which parts are covered, in which order and
// with which parameters is fixed, so that there is nothing to negotiate and little to parse. A request is valid for a minute and once. An answer
// covers the signature of its request, and so belongs to it alone.
package remote

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"frontline/fault"
)

const (
	tag       = "frontline-runner-1" // another form gets another one
	validFor  = time.Minute          // of a request, before and after: clocks differ
	nonceSize = 16
)

// signed is what the headers of a signed request say.
type signed struct {
	created   time.Time
	nonce     string
	key       string // the id of the runner; its fingerprint while it enrols
	server    string // the fingerprint of the server that it is meant for
	params    string // as they stand in the header
	signature []byte
}

var requestParams = regexp.MustCompile(`^frontline=(\("@method" "@path" "@query" "content-digest"\);created=([0-9]{1,12});nonce="([A-Za-z0-9_-]{22})";keyid="([A-Za-z0-9:+/-]{1,64})";alg="ed25519";tag="` + tag + ` (SHA256:[A-Za-z0-9+/]{43})")$`)

var signatureHeader = regexp.MustCompile(`^frontline=:([A-Za-z0-9+/]{86}==):$`)

// digest is the value of the header Content-Digest.
func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

// requestBase is what a request's signature is made over (RFC 9421, section 2.5).
func requestBase(method string, u *url.URL, digest, params string) []byte {
	return fmt.Appendf(nil, "\"@method\": %s\n\"@path\": %s\n\"@query\": ?%s\n\"content-digest\": %s\n\"@signature-params\": %s", method, u.EscapedPath(), u.RawQuery, digest, params)
}

// signRequest signs a request with this body for the server with the fingerprint.
func signRequest(r *http.Request, body []byte, key ed25519.PrivateKey, id, server string, now time.Time) {
	nonce := make([]byte, nonceSize)
	_, _ = rand.Read(nonce) // never fails since Go 1.24
	params := fmt.Sprintf(`("@method" "@path" "@query" "content-digest");created=%d;nonce="%s";keyid="%s";alg="ed25519";tag="%s %s"`,
		now.Unix(), base64.RawURLEncoding.EncodeToString(nonce), id, tag, server)
	sum := digest(body)
	r.Header.Set("Content-Digest", sum)
	r.Header.Set("Signature-Input", "frontline="+params)
	r.Header.Set("Signature", "frontline=:"+base64.StdEncoding.EncodeToString(ed25519.Sign(key, requestBase(r.Method, r.URL, sum, params)))+":")
}

// readSigned reads the headers of a signed request. Whether they are true is for verify.
func readSigned(h http.Header) (s signed, err error) {
	m := requestParams.FindStringSubmatch(single(h, "Signature-Input"))
	sig := signatureHeader.FindStringSubmatch(single(h, "Signature"))
	if m == nil || sig == nil {
		return s, fault.New(fault.Unauthenticated, "This address is for runners, whose requests are signed. Start one with: frontline runner.")
	}
	seconds, err := strconv.ParseInt(m[2], 10, 64)
	if err != nil {
		return s, fault.New(fault.Unauthenticated, "The time of the signature cannot be read.")
	}
	s = signed{created: time.Unix(seconds, 0).UTC(), nonce: m[3], key: m[4], server: m[5], params: m[1]}
	s.signature, err = base64.StdEncoding.DecodeString(sig[1])
	if err != nil {
		return s, fault.New(fault.Unauthenticated, "The signature cannot be read.")
	}
	return s, nil
}

// single is the value of a header that stands once; a second one makes it none.
func single(h http.Header, name string) string {
	if v := h.Values(name); len(v) == 1 {
		return v[0]
	}
	return ""
}

// verify says whether the request is what the holder of the key signed, for this server, lately.
func (s signed) verify(r *http.Request, body []byte, key ed25519.PublicKey, server string, now time.Time) error {
	switch {
	case s.server != server:
		return fault.New(fault.Unauthenticated, "The runner means a server with the key %s; this one has %s. Enrol it here, or correct its --server.", s.server, server)
	case single(r.Header, "Content-Digest") != digest(body):
		return fault.New(fault.Unauthenticated, "The request was altered on its way: its digest is not that of its body.")
	case len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, requestBase(r.Method, r.URL, digest(body), s.params), s.signature):
		return fault.New(fault.Unauthenticated, "The signature is not that of the runner. If its key file was replaced, enrol it anew.")
	case s.created.Before(now.Add(-validFor)) || s.created.After(now.Add(validFor)):
		return fault.New(fault.Unauthenticated, "The request was signed at %s and it is %s here. Set the clock of the runner or of the server.", s.created.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return nil
}

// until is when a nonce may be forgotten.
func (s signed) until() time.Time { return s.created.Add(2 * validFor) }

var answerParams = regexp.MustCompile(`^frontline=(\("@status" "content-digest" "signature";req\);keyid="(SHA256:[A-Za-z0-9+/]{43})";alg="ed25519";tag="` + tag + `")$`)

// answerBase is what an answer's signature is made over. It covers the signature of the request, and with it the nonce.
func answerBase(status int, digest, request, params string) []byte {
	return fmt.Appendf(nil, "\"@status\": %d\n\"content-digest\": %s\n\"signature\";req: %s\n\"@signature-params\": %s", status, digest, request, params)
}

// signAnswer sets the headers of an answer to the request.
func signAnswer(h http.Header, status int, body []byte, request *http.Request, key ed25519.PrivateKey, server string) {
	params := fmt.Sprintf(`("@status" "content-digest" "signature";req);keyid="%s";alg="ed25519";tag="%s"`, server, tag)
	sum := digest(body)
	h.Set("Content-Digest", sum)
	h.Set("Signature-Input", "frontline="+params)
	h.Set("Signature", "frontline=:"+base64.StdEncoding.EncodeToString(ed25519.Sign(key, answerBase(status, sum, request.Header.Get("Signature"), params)))+":")
}

// checkAnswer says whether the answer to the request is the server's own. sum is the digest of its body; of a file it is what the order said.
func checkAnswer(r *http.Response, sum string, key ed25519.PublicKey, server string) error {
	m := answerParams.FindStringSubmatch(single(r.Header, "Signature-Input"))
	sig := signatureHeader.FindStringSubmatch(single(r.Header, "Signature"))
	if m == nil || sig == nil {
		return fault.New(fault.Unavailable, "What answers at %s did not sign its answer (%s): it is not the server, or something stands in between. Nothing of it is believed.", r.Request.URL.Host, r.Status)
	}
	if m[2] != server {
		return fault.New(fault.Unavailable, "WARNING: the server at %s has the key %s, and this runner trusts %s alone. Somebody may be in between. If the server was set up anew, enrol the runner anew. Nothing of its answer is believed.",
			r.Request.URL.Host, m[2], server)
	}
	raw, err := base64.StdEncoding.DecodeString(sig[1])
	if err != nil || single(r.Header, "Content-Digest") != sum || !ed25519.Verify(key, answerBase(r.StatusCode, sum, r.Request.Header.Get("Signature"), m[1]), raw) {
		return fault.New(fault.Unavailable, "WARNING: the answer of %s is not what the server signed. Somebody may be in between. Nothing of it is believed.", r.Request.URL.Host)
	}
	return nil
}
