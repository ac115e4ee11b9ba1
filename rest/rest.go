// Package rest answers how we call the JSON API of a neighbour: within limits, with its rate limits heeded, and with what it answered turned into
// faults. Redirects are not followed: they would carry the token elsewhere.
package rest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"frontline/fault"
	"frontline/plain"
)

// What a neighbour may take and send.
const (
	mostAnswer = 8 << 20 // bytes
	mostSaid   = 300     // characters of a refusal that people read
	mostWait   = time.Hour
	usualWait  = time.Minute // where it says that there were too many calls and not how long that lasts
	callWithin = 20 * time.Second
)

// Client calls one sort of API.
type Client struct {
	Name string // for people: "GitHub"
	HTTP *http.Client
	Most int64 // bytes of an answer; 8 MB when zero
}

// New returns a client. name is what people call what it calls.
func New(name string) Client {
	return Client{Name: name, HTTP: &http.Client{Timeout: callWithin,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// Call is one request.
type Call struct {
	Method string
	URL    string
	Query  url.Values
	Header http.Header
	Body   any // sent as JSON; nil sends none
}

// Do makes a call and reads the JSON of its answer into into, unless that is nil. It returns the answer's header. Faults: Invalid for 400 and 422,
// Unauthenticated for 401, Forbidden for 403, NotFound for 404, 410 and redirects, TooMany with After for 429 and for 403 with a rate limit, Unavailable for
// 5xx and for what never came to an end.
func (c Client) Do(ctx context.Context, call Call, into any) (http.Header, error) {
	req, err := call.request(ctx)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "The address of %s cannot be called. Correct it in the configuration.", c.Name)
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return nil, c.unreached(req, err)
	}
	defer func() { _ = res.Body.Close() }()
	most := cmp.Or(c.Most, mostAnswer)
	body, err := io.ReadAll(io.LimitReader(res.Body, most+1))
	if err != nil {
		return nil, c.unreached(req, err)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return res.Header, c.refused(res, body)
	}
	if int64(len(body)) > most {
		return res.Header, fault.New(fault.Unavailable, "%s answered with more than %d MB. It is tried again.", c.Name, most>>20)
	}
	if into == nil || len(bytes.TrimSpace(body)) == 0 {
		return res.Header, nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return res.Header, fault.Wrap(err, fault.Unavailable, "What answers at %s is not %s. Look at the address in the configuration.", req.URL.Host, c.Name)
	}
	return res.Header, nil
}

func (call Call) request(ctx context.Context) (*http.Request, error) {
	var body io.Reader
	if call.Body != nil {
		raw, err := json.Marshal(call.Body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(raw)
	}
	at := call.URL
	if len(call.Query) > 0 {
		at += "?" + call.Query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, call.Method, at, body)
	if err != nil {
		return nil, err
	}
	for name, values := range call.Header {
		req.Header[name] = values
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// unreached is an exchange that did not come to its end: what was asked may have been done.
func (c Client) unreached(req *http.Request, err error) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err // the outer one repeats the address
	}
	if _, untrusted := errors.AsType[*tls.CertificateVerificationError](err); untrusted {
		return fault.Wrap(err, fault.Unavailable, "The certificate of %s is not trusted. Ask whoever runs it to renew it; it is tried again.", req.URL.Host)
	}
	return fault.Wrap(err, fault.Unavailable, "%s at %s does not answer. It is tried again.", c.Name, req.URL.Host)
}

// refused turns an answer that is no success into a fault.
func (c Client) refused(res *http.Response, body []byte) error {
	host, status := res.Request.URL.Host, res.StatusCode
	cause := fmt.Errorf("%s answered HTTP %d", host, status)
	limited := status == http.StatusTooManyRequests || status == http.StatusForbidden && limits(res.Header)
	switch {
	case limited:
		return &fault.Error{Kind: fault.TooMany, After: wait(res.Header, usualWait), Cause: cause, Say: fmt.Sprintf("%s takes no more calls from us for now. It goes on by itself.", c.Name)}
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusConflict, status == http.StatusLocked:
		return &fault.Error{Kind: fault.Unavailable, After: wait(res.Header, 0), Cause: cause, Say: fmt.Sprintf("%s has trouble of its own (%d). It is tried again.", c.Name, status)}
	case status == http.StatusUnauthorized:
		return fault.Wrap(cause, fault.Unauthenticated, "%s does not accept our token. Set a valid one.", c.Name)
	case status == http.StatusForbidden:
		return fault.Wrap(cause, fault.Forbidden, "%s does not let our token do this. Give it the rights that docs/trackers.md names.", c.Name)
	case status == http.StatusRequestEntityTooLarge:
		return fault.Wrap(cause, fault.TooLarge, "This is too large for %s. Shorten it.", c.Name)
	case status == http.StatusBadRequest, status == http.StatusUnprocessableEntity:
		return fault.Wrap(cause, fault.Invalid, "%s refuses this%s. Mend it and try again.", c.Name, saidBy(body))
	}
	return fault.Wrap(cause, fault.NotFound, "%s does not know this, or hides it from our token (%d). Look at the project and at the token's rights.", c.Name, status)
}

// saidBy gathers what the neighbour says is wrong, from the shapes that APIs use.
func saidBy(body []byte) string {
	var a any
	if json.Unmarshal(body, &a) != nil {
		return ""
	}
	words := gather(a, nil)
	if len(words) == 0 {
		return ""
	}
	return ": " + strings.TrimRight(plain.Clip(plain.Line(strings.Join(words, "; ")), mostSaid), ".")
}

// gather collects the texts of a refusal. Keys of maps name the fields that are wrong.
func gather(v any, words []string) []string {
	if len(words) >= 8 {
		return words
	}
	switch v := v.(type) {
	case string:
		if v != "" && !strings.HasPrefix(v, "http") {
			words = append(words, v)
		}
	case []any:
		for _, x := range v {
			words = gather(x, words)
		}
	case map[string]any:
		for _, key := range []string{"message", "error", "errorMessages", "errors", "field", "code"} {
			if fields, ok := v[key].(map[string]any); ok && key != "error" {
				for name, x := range fields {
					words = append(words, name+": "+strings.Join(gather(x, nil), ", "))
				}
				continue
			}
			words = gather(v[key], words)
		}
	}
	return words
}

// limits says whether a 403 is about too many calls and not about rights.
func limits(h http.Header) bool {
	return h.Get("Retry-After") != "" || remaining(h) == "0"
}

func remaining(h http.Header) string {
	for _, name := range []string{"X-RateLimit-Remaining", "RateLimit-Remaining"} {
		if v := h.Get(name); v != "" {
			return v
		}
	}
	return ""
}

// wait is how long the neighbour wants no calls: Retry-After in seconds or as a date, or the moment at which its limit begins anew, compared with its
// own clock.
func wait(h http.Header, usual time.Duration) time.Duration {
	now, err := http.ParseTime(h.Get("Date"))
	dated := err == nil
	if v := h.Get("Retry-After"); v != "" {
		if seconds, err := strconv.Atoi(v); err == nil {
			return within(time.Duration(min(max(seconds, 0), int(mostWait/time.Second))) * time.Second)
		}
		if until, err := http.ParseTime(v); err == nil && dated {
			return within(until.Sub(now))
		}
	}
	for _, name := range []string{"X-RateLimit-Reset", "RateLimit-Reset"} {
		v := h.Get(name)
		if v == "" || !dated || remaining(h) != "0" && remaining(h) != "" {
			continue
		}
		if epoch, err := strconv.ParseInt(v, 10, 64); err == nil {
			return within(time.Unix(epoch, 0).Sub(now) + time.Second)
		}
		for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
			if until, err := time.Parse(layout, v); err == nil {
				return within(until.Sub(now) + time.Second)
			}
		}
	}
	return usual
}

func within(d time.Duration) time.Duration { return min(max(d, 0), mostWait) }

// Next is the address of the next page in a Link header (RFC 8288), when it is on the same server; empty when there is none.
func Next(h http.Header, same string) string {
	here, err := url.Parse(same)
	if err != nil {
		return ""
	}
	for _, part := range strings.Split(strings.Join(h.Values("Link"), ","), ",") {
		target, params, ok := strings.Cut(part, ";")
		if !ok || !strings.Contains(params, `rel="next"`) {
			continue
		}
		next, err := url.Parse(strings.Trim(strings.TrimSpace(target), "<>"))
		if err == nil && next.Host == here.Host && next.Scheme == here.Scheme {
			return next.String()
		}
	}
	return ""
}
