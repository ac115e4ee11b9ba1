package client_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"frontline/client"
	"frontline/clock"
	"frontline/fault"
	"frontline/secret"
)

// spoken is a server that says one thing.
type spoken struct {
	status            int
	kind, retry, body string
}

func (s spoken) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: s.status, Status: http.StatusText(s.status), Body: body{strings.NewReader(s.body)}, Request: r,
		Header: http.Header{"Content-Type": {s.kind}, "Retry-After": {s.retry}}}, nil
}

type body struct{ *strings.Reader }

func (body) Close() error { return nil }

// FuzzAnswer lets the server, or a proxy before it, answer anything. The client returns what was asked for, or a fault with a sentence; it shows its
// token nowhere.
func FuzzAnswer(f *testing.F) {
	f.Add(200, "application/json", "", `{"items":[{"id":"G-1","title":"Decisions have stopped","severity":"critical","state":"open"}],"next":"eyJuIjoxMn0"}`)
	f.Add(422, "application/problem+json", "", `{"type":"about:blank","title":"Unprocessable Entity","status":422,"kind":"invalid","detail":"Write a title.","errors":[{"field":"title","say":"Write one."}]}`)
	f.Add(503, "application/problem+json", "1", `{"kind":"unavailable","detail":"The database does not answer. Try again in a moment.","reference":"K7QW2M"}`)
	f.Add(502, "text/html", "9223372036854775807", `<html>`)
	f.Add(200, "application/json", "", `{"items":[`)
	f.Add(302, "", "-1", ``)
	f.Fuzz(func(t *testing.T, status int, kind, retry, text string) {
		if status < 100 || status > 999 {
			return
		}
		c, err := client.New("https://frontline.verity.example", client.Options{Token: secret.New("fl_q7v3m9x2k8"), Agent: "tests",
			HTTP: &http.Client{Transport: spoken{status, kind, retry, text}}, Clock: atOnce{}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Alerts(t.Context(), client.AlertQuery{}, client.Page{})
		var said *fault.Error
		if err != nil && (!errors.As(err, &said) || said.Kind == "" || strings.Contains(err.Error(), "fl_q7v3m9x2k8") || said.After < 0 || said.After > 24*time.Hour) {
			t.Errorf("%d %s: %#v", status, text, err)
		}
	})
}

// atOnce is a clock whose pauses are over at once.
type atOnce struct{ clock.Real }

func (atOnce) After(time.Duration) (<-chan time.Time, func()) {
	over := make(chan time.Time, 1)
	over <- time.Time{}
	return over, func() {}
}
