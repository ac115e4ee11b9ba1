package remote

import (
	"bytes"
	"crypto/ed25519"
	"net/http"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"frontline/runner"
)

var night = time.Date(2026, 11, 24, 0, 41, 0, 0, time.UTC)

func keyOf(b byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{b}, ed25519.SeedSize))
}

func printOf(k ed25519.PrivateKey) string {
	return runner.Fingerprint(k.Public().(ed25519.PublicKey))
}

func request(t testing.TB, body string) *http.Request {
	r, err := http.NewRequest(http.MethodPost, "https://desk.example/api/v1/runner/assignments/7/files?call=3&name=a", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestWhatASignatureCovers alters each part of a signed request, and the moment of its arrival.
func TestWhatASignatureCovers(t *testing.T) {
	own, server := keyOf(1), printOf(keyOf(2))
	for name, c := range map[string]struct {
		alter func(r *http.Request, body *[]byte)
		now   time.Time
		key   ed25519.PrivateKey
		meant string
		wrong string // part of the refusal; empty: it is believed
	}{
		"as it was":            {},
		"another method":       {alter: func(r *http.Request, _ *[]byte) { r.Method = http.MethodPut }, wrong: "signature is not"},
		"another path":         {alter: func(r *http.Request, _ *[]byte) { r.URL.Path = "/api/v1/runner/assignments/8/files" }, wrong: "signature is not"},
		"another query":        {alter: func(r *http.Request, _ *[]byte) { r.URL.RawQuery = "call=4&name=a" }, wrong: "signature is not"},
		"another body":         {alter: func(_ *http.Request, b *[]byte) { *b = []byte("other") }, wrong: "digest is not that of its body"},
		"another body, digest": {alter: func(r *http.Request, b *[]byte) { *b = []byte("other"); r.Header.Set("Content-Digest", digest(*b)) }, wrong: "signature is not"},
		"another nonce":        {alter: replaced(`nonce="`, `nonce="A`, 22), wrong: "signature is not"},
		"another runner":       {alter: replaced(`keyid="`, `keyid="another"`, 0), wrong: "for runners, whose"},
		"a later time":         {alter: replaced("created=", "created=9", 0), wrong: "signature is not"},
		"another key":          {key: keyOf(3), wrong: "signature is not"},
		"another server":       {meant: printOf(keyOf(4)), wrong: "means a server with the key"},
		"almost too late":      {now: night.Add(validFor)},
		"too late":             {now: night.Add(validFor + time.Second), wrong: "Set the clock"},
		"too early":            {now: night.Add(-validFor - time.Second), wrong: "Set the clock"},
		"two digests":          {alter: func(r *http.Request, _ *[]byte) { r.Header.Add("Content-Digest", digest([]byte("other"))) }, wrong: "digest"},
		"two signatures":       {alter: func(r *http.Request, _ *[]byte) { r.Header.Add("Signature", r.Header.Get("Signature")) }, wrong: "for runners, whose"},
		"no signature":         {alter: func(r *http.Request, _ *[]byte) { r.Header.Del("Signature") }, wrong: "for runners, whose"},
		"a cut signature":      {alter: func(r *http.Request, _ *[]byte) { r.Header.Set("Signature", "frontline=:AAAA:") }, wrong: "for runners, whose"},
		"a zero signature": {alter: func(r *http.Request, _ *[]byte) {
			r.Header.Set("Signature", "frontline=:"+strings.Repeat("A", 86)+"==:")
		}, wrong: "signature is not"},
		"fewer parts":           {alter: replaced(` "content-digest"`, "", 0), wrong: "for runners, whose"},
		"another algorithm":     {alter: replaced("ed25519", "hmac-sha256", 0), wrong: "for runners, whose"},
		"a header in the query": {alter: func(r *http.Request, _ *[]byte) { r.URL.RawQuery += "\n\"content-digest\": x" }, wrong: "signature is not"},
	} {
		t.Run(name, func(t *testing.T) {
			r, body, meant := request(t, "body"), []byte("body"), server
			if c.meant != "" {
				meant = c.meant
			}
			key := own
			if c.key != nil {
				key = c.key
			}
			signRequest(r, body, key, "runner-7", meant, night)
			if c.alter != nil {
				c.alter(r, &body)
			}
			now := night
			if !c.now.IsZero() {
				now = c.now
			}
			s, err := readSigned(r.Header)
			if err == nil {
				err = s.verify(r, body, own.Public().(ed25519.PublicKey), server, now)
			}
			if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%v, want %q", err, c.wrong)
			}
		})
	}
}

// replaced alters the text of the header that says what is signed; cut letters behind the place go away.
func replaced(old, by string, cut int) func(*http.Request, *[]byte) {
	return func(r *http.Request, _ *[]byte) {
		text := r.Header.Get("Signature-Input")
		at := strings.Index(text, old)
		rest := text[at+len(old):]
		if cut > 0 {
			rest = rest[1:] // as long as before
		}
		r.Header.Set("Signature-Input", text[:at]+by+rest)
	}
}

// TestWhatAnAnswerCovers alters each part of a signed answer, and gives one to another request.
func TestWhatAnAnswerCovers(t *testing.T) {
	server := keyOf(2)
	for name, c := range map[string]struct {
		alter func(r *http.Response, body *[]byte)
		wrong string
	}{
		"as it was":      {},
		"another status": {func(r *http.Response, _ *[]byte) { r.StatusCode = 201 }, "not what the server signed"},
		"another body":   {func(_ *http.Response, b *[]byte) { *b = []byte(`{"stop":["7"]}`) }, "not what the server signed"},
		"to another": {func(r *http.Response, _ *[]byte) {
			signRequest(r.Request, nil, keyOf(1), "runner-7", printOf(server), night)
		}, "not what the server signed"},
		"by another": {func(r *http.Response, b *[]byte) {
			signAnswer(r.Header, 200, *b, r.Request, keyOf(5), printOf(keyOf(5)))
		}, "WARNING: the server"},
		"by another's": {func(r *http.Response, b *[]byte) { signAnswer(r.Header, 200, *b, r.Request, keyOf(5), printOf(server)) }, "not what the server signed"},
		"by nobody":    {func(r *http.Response, _ *[]byte) { r.Header.Del("Signature") }, "did not sign its answer"},
		"with two":     {func(r *http.Response, _ *[]byte) { r.Header.Add("Signature-Input", "x") }, "did not sign its answer"},
		"of another form": {func(r *http.Response, _ *[]byte) {
			r.Header.Set("Signature-Input", strings.ReplaceAll(r.Header.Get("Signature-Input"), "runner-1", "runner-2"))
		}, "did not sign its answer"},
	} {
		t.Run(name, func(t *testing.T) {
			r, body := request(t, ""), []byte(`{}`)
			signRequest(r, nil, keyOf(1), "runner-7", printOf(server), night)
			res := &http.Response{StatusCode: 200, Status: "200 OK", Header: http.Header{}, Request: r}
			signAnswer(res.Header, 200, body, r, server, printOf(server))
			if c.alter != nil {
				c.alter(res, &body)
			}
			err := checkAnswer(res, digest(body), server.Public().(ed25519.PublicKey), printOf(server))
			if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%v, want %q", err, c.wrong)
			}
		})
	}
}

// TestSignedIsBelieved signs whatever path, query and body there are.
func TestSignedIsBelieved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")
		r, err := http.NewRequest(http.MethodPost, "https://desk.example/api/v1/runner/poll", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.URL.Path = "/" + rapid.String().Draw(t, "path")
		q := r.URL.Query()
		q.Set("name", rapid.String().Draw(t, "name"))
		r.URL.RawQuery = q.Encode()
		signRequest(r, body, keyOf(1), "runner-7", printOf(keyOf(2)), night)
		s, err := readSigned(r.Header)
		if err == nil {
			err = s.verify(r, body, keyOf(1).Public().(ed25519.PublicKey), printOf(keyOf(2)), night)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzReadSigned(f *testing.F) {
	r := request(f, "body")
	signRequest(r, []byte("body"), keyOf(1), "runner-7", printOf(keyOf(2)), night)
	f.Add(r.Header.Get("Signature-Input"), r.Header.Get("Signature"))
	f.Add("frontline=()", "frontline=::")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, input, signature string) {
		h := http.Header{"Signature-Input": {input}, "Signature": {signature}}
		s, err := readSigned(h)
		if err != nil {
			return
		}
		if len(s.signature) != ed25519.SignatureSize || len(s.nonce) != 22 || s.key == "" || "frontline="+s.params != input {
			t.Fatalf("%q, %q are read as %+v", input, signature, s)
		}
	})
}

func TestAddressOfAServer(t *testing.T) {
	for given, ok := range map[string]bool{"https://desk.example": true, "https://desk.example:8443/": true, "http://127.0.0.1:8080": true, "http://localhost:8080": true, "http://[::1]:1": true,
		"http://desk.example": false, "http://10.0.0.1": false, "ftp://desk.example": false, "desk.example": false, "https://": false, "https://u:p@desk.example": false, "https://desk.example?x": false} {
		if _, err := Address(given); (err == nil) != ok {
			t.Errorf("%s: %v", given, err)
		}
	}
}
