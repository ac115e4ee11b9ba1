package httpcall

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"frontline/fault"
)

// answer is what a server said.
type answer struct {
	status int
	etag   string
	body   []byte
	cut    bool // there was more than may be read
	tree   any  // the body, when it is JSON
}

// unsent is the error of a request of which not a byte has left.
type unsent struct{ error }

// Unwrap implements errors.
func (u unsent) Unwrap() error { return u.error }

var (
	errNear     = errors.New("the address is one that only this machine has, such as a cloud's metadata")
	errRedirect = errors.New("the answer leads to a host that is not named")
)

// send sends a request once.
func (s settings) send(ctx context.Context, b built) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(s.Timeout))
	defer cancel()
	var connected atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	req, err := http.NewRequestWithContext(traced, b.method, b.url, bytes.NewReader(b.body))
	if err != nil {
		return answer{}, unsent{err}
	}
	req.Header = b.header.Clone()
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "Frontline")
	}
	transport := &http.Transport{DialContext: (&net.Dialer{Timeout: 10 * time.Second, Control: s.far}).DialContext, DisableKeepAlives: true,
		TLSHandshakeTimeout: 10 * time.Second, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 64 << 10}
	defer transport.CloseIdleConnections()
	res, err := (&http.Client{Transport: transport, CheckRedirect: s.redirect}).Do(req)
	if err != nil {
		if !connected.Load() {
			err = unsent{err}
		}
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	return s.read(res)
}

func (s settings) read(res *http.Response) (answer, error) {
	a := answer{status: res.StatusCode, etag: res.Header.Get("ETag")}
	var err error
	if a.body, err = io.ReadAll(io.LimitReader(res.Body, int64(s.Most)+1)); err != nil {
		return a, fmt.Errorf("read the answer: %w", err)
	}
	if a.cut = len(a.body) > s.Most; a.cut {
		a.body = a.body[:s.Most]
		return a, nil
	}
	d := json.NewDecoder(bytes.NewReader(a.body))
	d.UseNumber()
	if d.Decode(&a.tree) != nil {
		a.tree = nil
	}
	return a, nil
}

// far refuses to connect to what is near this machine alone, unless the action names it by its address: link-local addresses, where clouds
// keep their machines' keys, and the others that are used for that.
func (s settings) far(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := at.Addr().Unmap().WithZone("")
	metadata := []string{"168.63.129.16", "100.100.100.200", "fd00:ec2::254"}
	if !ip.IsLinkLocalUnicast() && !ip.IsMulticast() && !ip.IsUnspecified() && !slices.Contains(metadata, ip.String()) {
		return nil
	}
	if slices.Contains(s.Hosts, ip.String()) || slices.Contains(s.Hosts, address) {
		return nil
	}
	return errNear
}

// redirect follows a GET to the same host, or to one that is named. Of anything else the redirection itself is the answer: a change is sent
// to where the action says, and nowhere else.
func (s settings) redirect(next *http.Request, before []*http.Request) error {
	first := before[0]
	switch {
	case first.Method != http.MethodGet && first.Method != http.MethodHead:
		return http.ErrUseLastResponse
	case len(before) > 5:
		return errors.New("there are too many redirections")
	case next.URL.Host == first.URL.Host && (next.URL.Scheme == first.URL.Scheme || next.URL.Scheme == "https"):
		return nil
	case slices.Contains(s.Hosts, next.URL.Host) && next.URL.Scheme == "https":
		next.Header = http.Header{} // other hosts do not get our secrets
		return nil
	}
	return errRedirect
}

// expected says whether the status means yes.
func (r request) expected(status int) bool {
	if len(r.Expect) == 0 {
		return status >= 200 && status < 300
	}
	return slices.Contains(r.Expect, status)
}

// failed says to people why no answer came.
func failed(err error, host string) error {
	switch {
	case errors.Is(err, errNear):
		return fault.Wrap(err, fault.Invalid, "%s is an address near this machine, where clouds keep keys. It is asked only when the setting hosts names it.", host)
	case errors.Is(err, errRedirect):
		return fault.Wrap(err, fault.Invalid, "The server at %s leads to another host. Name that one under hosts if it is meant.", host)
	}
	return fault.Wrap(err, fault.Unavailable, "%s did not answer. Try again when it does.", host)
}

func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Host
	}
	return "The server"
}
