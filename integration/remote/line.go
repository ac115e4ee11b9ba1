package remote

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
	"frontline/runner"
	"frontline/secret"
)

// Identity is what a runner keeps in its key file: who it is, and whom it trusts.
type Identity struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Server string `json:"server"`     // where it enrolled
	Trusts []byte `json:"server_key"` // the server's public key
	Seed   []byte `json:"seed"`       // of its own private key
}

// Key is the private key.
func (i Identity) Key() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(i.Seed) }

// Check says whether the identity is whole.
func (i Identity) Check() error {
	if i.ID == "" || len(i.Seed) != ed25519.SeedSize || len(i.Trusts) != ed25519.PublicKeySize {
		return fault.New(fault.Invalid, "The key file is not whole. Restore it, or remove it and enrol anew with a new token.")
	}
	return nil
}

// Line is a runner's connection to its server.
type Line struct {
	base   *url.URL
	http   *http.Client
	clock  clock.Clock
	self   Identity
	server string // fingerprint
	boot   func() string
}

var _ runner.Server = (*Line)(nil)

// Address reads where a server is. Only on the same machine it may do without TLS.
func Address(server string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(server, "/"))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fault.Wrong("server", "--server is %q. Write it as https://frontline.example.com.", server)
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fault.Wrong("server", "--server is %q. A runner speaks to its server over https; without it only on the same machine.", server)
	}
	return u, nil
}

// NewLine returns the connection of an enrolled runner. boot names the process that speaks.
func NewLine(server *url.URL, self Identity, client *http.Client, c clock.Clock, boot func() string) (*Line, error) {
	if err := self.Check(); err != nil {
		return nil, err
	}
	hc := *client
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Line{base: server, http: &hc, clock: c, self: self, server: runner.Fingerprint(self.Trusts), boot: boot}, nil
}

// Enrol makes a key pair and enrols it with a one-time token, which also says which server is the right one.
func Enrol(ctx context.Context, server *url.URL, token secret.Text, name string, labels map[string]string, client *http.Client, c clock.Clock) (Identity, error) {
	half, trusted, err := runner.SplitToken(token)
	if err != nil {
		return Identity{}, err
	}
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return Identity{}, fmt.Errorf("make a key: %w", err)
	}
	l := &Line{base: server, http: client, clock: c, server: trusted, self: Identity{ID: runner.Fingerprint(public), Seed: private.Seed()}}
	body, err := json.Marshal(runner.Enrolment{Token: half.Reveal(), Name: name, Labels: labels, Key: public})
	if err != nil {
		return Identity{}, fmt.Errorf("write the enrolment: %w", err)
	}
	res, raw, err := l.send(ctx, "enrol", nil, body)
	if err != nil {
		return Identity{}, err
	}
	var known enrolled // its key counts only when it is the one that the token names: a failure has no key, and is believed for this alone
	if json.Unmarshal(raw, &known) == nil && runner.Fingerprint(known.Server) == trusted {
		err = checkAnswer(res, digest(raw), known.Server, trusted)
	} else if res.StatusCode == http.StatusOK {
		err = fault.New(fault.Forbidden, "WARNING: what answers at %s is not the server that made the token, which has the key %s. Somebody may be in between. Nothing was enrolled.", server.Host, trusted)
	} else {
		err = failure(res, raw)
	}
	if err != nil {
		return Identity{}, err
	}
	return Identity{ID: known.ID, Name: name, Server: server.String(), Trusts: known.Server, Seed: private.Seed()}, nil
}

// failure is the fault that a server told.
func failure(res *http.Response, raw []byte) error {
	var f action.Failing
	if json.Unmarshal(raw, &f) != nil || f.Kind == "" {
		return fault.New(fault.Unavailable, "What answers at %s is no Frontline server, or it is not ready: it said %s.", res.Request.URL.Host, res.Status)
	}
	return f.Err()
}

// send signs and sends a request, and reads the answer.
func (l *Line) send(ctx context.Context, path string, query url.Values, body []byte) (*http.Response, []byte, error) {
	res, err := l.open(ctx, path, query, body)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 64<<20))
	if err != nil {
		return nil, nil, l.unreached(err)
	}
	return res, raw, nil
}

func (l *Line) open(ctx context.Context, path string, query url.Values, body []byte) (*http.Response, error) {
	u := *l.base.JoinPath(Path, path)
	u.RawQuery = query.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	signRequest(r, body, l.self.Key(), l.self.ID, l.server, l.clock.Now())
	res, err := l.http.Do(r)
	if err != nil {
		return nil, l.unreached(err)
	}
	return res, nil
}

func (l *Line) unreached(err error) error {
	return fault.Wrap(err, fault.Unavailable, "The server at %s cannot be reached: %v.", l.base.Host, err)
}

// ask sends in and reads the answer, after its signature was checked, into T.
func ask[T any](ctx context.Context, l *Line, path string, query url.Values, in any) (out T, err error) {
	body, ok := in.([]byte)
	if !ok {
		if body, err = json.Marshal(in); err != nil {
			return out, fault.Wrap(err, fault.Internal, "What the runner has to say cannot be written.")
		}
	}
	res, raw, err := l.send(ctx, path, query, body)
	if err != nil {
		return out, err
	}
	if err := checkAnswer(res, digest(raw), l.self.Trusts, l.server); err != nil {
		return out, err
	}
	if res.StatusCode != http.StatusOK {
		return out, failure(res, raw)
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return out, fault.Wrap(err, fault.Internal, "The server said what this runner does not understand. Start both with the same version.")
	}
	return out, nil
}

// beyond is how much longer than it asked for a poll may take.
const beyond = 15 * time.Second

// usualTime is how long any other request may take.
const usualTime = 30 * time.Second

// Poll implements runner.Server.
func (l *Line) Poll(ctx context.Context, h runner.Hello) (runner.Told, error) {
	ctx, cancel := context.WithTimeout(ctx, h.Wait+beyond)
	defer cancel()
	return ask[runner.Told](ctx, l, "poll", nil, h)
}

func about(assignment, what string) string {
	return "assignments/" + url.PathEscape(assignment) + "/" + what
}

// Step implements runner.Books.
func (l *Line) Step(ctx context.Context, assignment string, call int64, e runner.Entry) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, usualTime)
	defer cancel()
	k, err := ask[kept](ctx, l, about(assignment, "steps"), nil, stepped{l.boot(), call, e})
	return k.ID, err
}

// Output implements runner.Books.
func (l *Line) Output(ctx context.Context, assignment string, after int64, lines []action.Line, p action.Progress) error {
	ctx, cancel := context.WithTimeout(ctx, usualTime)
	defer cancel()
	_, err := ask[nothing](ctx, l, about(assignment, "output"), nil, printed{l.boot(), after, lines, p})
	return err
}

// File implements runner.Books.
func (l *Line) File(ctx context.Context, assignment string, call int64, f action.File, body []byte) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 4*usualTime)
	defer cancel()
	q := url.Values{"call": {strconv.FormatInt(call, 10)}, "boot": {l.boot()}, "name": {f.Name}, "type": {f.Type}}
	k, err := ask[kept](ctx, l, about(assignment, "files"), q, body)
	return k.ID, err
}

// Answer implements runner.Server.
func (l *Line) Answer(ctx context.Context, assignment string, r action.Reply) error {
	ctx, cancel := context.WithTimeout(ctx, usualTime)
	defer cancel()
	_, err := ask[nothing](ctx, l, about(assignment, "reply"), nil, replied{l.boot(), r})
	return err
}

// Kept implements runner.Books.
func (l *Line) Kept(ctx context.Context, assignment, id string) (action.Kept, error) {
	ctx, cancel := context.WithTimeout(ctx, usualTime)
	defer cancel()
	return ask[action.Kept](ctx, l, about(assignment, "kept"), nil, wanted{l.boot(), id})
}

// Input implements runner.Books.
func (l *Line) Input(ctx context.Context, assignment, name string, f action.File) (io.ReadCloser, error) {
	body, err := json.Marshal(wanted{l.boot(), name})
	if err != nil {
		return nil, fmt.Errorf("ask for a file: %w", err)
	}
	res, err := l.open(ctx, about(assignment, "input"), nil, body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode == http.StatusOK {
		return newHashed(res.Body, f.Hash), nil
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return nil, l.unreached(err)
	}
	if err := checkAnswer(res, digest(raw), l.self.Trusts, l.server); err != nil {
		return nil, err
	}
	return nil, failure(res, raw)
}
