package web

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"

	"frontline/clock"
	"frontline/fault"
	"frontline/people"
	"frontline/secret"
)

// night is when the tests happen: 03:24 in Tallinn.
var night = time.Date(2026, 11, 24, 1, 24, 0, 0, time.UTC)

// workplace is a server of screens with fakes behind it, and what a test says to it.
type workplace struct {
	t       *testing.T
	s       *Server
	clock   *clock.Moved
	log     *bytes.Buffer
	signIn  *fakeSignIn
	setUp   *fakeSetUp
	tokens  *fakeTokens
	changes *fakeChanges
}

// newDesk returns a desk with one person of each role: the session token of role "lead" is "lead".
func newDesk(t *testing.T, change ...func(*Deps)) *workplace {
	t.Helper()
	d := &workplace{t: t, clock: clock.NewMoved(night), log: &bytes.Buffer{}}
	d.signIn = newFakeSignIn(d.clock)
	d.setUp = &fakeSetUp{signIn: d.signIn}
	d.tokens = &fakeTokens{clock: d.clock}
	d.changes = &fakeChanges{subs: map[chan []people.Subject]context.Context{}}
	zone, err := time.LoadLocation("Europe/Tallinn")
	if err != nil {
		t.Fatal(err)
	}
	deps := Deps{
		SignIn: d.signIn, SetUp: d.setUp, Tokens: d.tokens, Sessions: d.signIn, Changes: d.changes,
		Clock: d.clock, Zone: zone, Company: "Verity",
		Log:  slog.New(slog.NewTextHandler(d.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Base: &url.URL{Scheme: "https", Host: "ops.verity.example"},
	}
	for _, c := range change {
		c(&deps)
	}
	if d.s, err = New(deps); err != nil {
		t.Fatal(err)
	}
	return d
}

// with puts routes of the test in place of the table.
func (d *workplace) with(routes ...Route) *workplace {
	d.t.Helper()
	return d.rebuild(func(*Server) []Route { return routes })
}

// plus adds routes of the test to the table.
func (d *workplace) plus(routes ...Route) *workplace {
	d.t.Helper()
	return d.rebuild(func(s *Server) []Route { return append(s.table(), routes...) })
}

// rebuild starts the server anew, with the same things behind it.
func (d *workplace) rebuild(routes func(*Server) []Route) *workplace {
	d.t.Helper()
	s := &Server{}
	if err := s.build(d.s.deps, routes(s)); err != nil {
		d.t.Fatal(err)
	}
	d.s = s
	return d
}

// ask is one request of a test.
type ask struct {
	as     people.Role // whose session; empty for nobody
	form   url.Values  // makes it a POST
	method string
	header map[string]string
}

// to sends the request and returns the answer.
func (d *workplace) to(path string, a ask) reply {
	d.t.Helper()
	method, body := cmp.Or(a.method, http.MethodGet), io.Reader(nil)
	if a.form != nil {
		method, body = cmp.Or(a.method, http.MethodPost), strings.NewReader(a.form.Encode())
	}
	r := httptest.NewRequestWithContext(d.t.Context(), method, path, body)
	if a.form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if a.as != "" {
		r.AddCookie(&http.Cookie{Name: d.s.cookieName(sessionCookie), Value: string(a.as)})
	}
	for name, value := range a.header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	d.s.ServeHTTP(w, r)
	return reply{t: d.t, ResponseRecorder: w}
}

// reply is an answer that is asked by CSS selector.
type reply struct {
	t *testing.T
	*httptest.ResponseRecorder
}

// is fails the test unless the answer has this status.
func (r reply) is(status int) reply {
	r.t.Helper()
	if r.Code != status {
		r.t.Fatalf("status %d, want %d\n%s", r.Code, status, r.Body)
	}
	return r
}

// body is the answer's text, unpacked.
func (r reply) body() string {
	r.t.Helper()
	if r.Header().Get("Content-Encoding") != "gzip" {
		return r.Body.String()
	}
	zip, err := gzip.NewReader(bytes.NewReader(r.Body.Bytes()))
	if err != nil {
		r.t.Fatal(err)
	}
	text, err := io.ReadAll(zip)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text)
}

func (r reply) all(selector string) []*html.Node {
	r.t.Helper()
	root, err := html.Parse(strings.NewReader(r.body()))
	if err != nil {
		r.t.Fatal(err)
	}
	s, err := cascadia.ParseGroup(selector)
	if err != nil {
		r.t.Fatalf("selector %s: %v", selector, err)
	}
	return cascadia.QueryAll(root, s)
}

// has fails the test unless exactly one element matches and its text contains say.
func (r reply) has(selector, say string) reply {
	r.t.Helper()
	found := r.all(selector)
	if len(found) != 1 {
		r.t.Errorf("%d elements match %s, want 1", len(found), selector)
	} else if got := textOf(found[0]); !strings.Contains(got, say) {
		r.t.Errorf("%s says %q, want it to contain %q", selector, got, say)
	}
	return r
}

// lacks fails the test when something matches.
func (r reply) lacks(selector string) reply {
	r.t.Helper()
	if found := r.all(selector); len(found) > 0 {
		r.t.Errorf("%d elements match %s, want none", len(found), selector)
	}
	return r
}

// attr returns the attribute of the one element that matches.
func (r reply) attr(selector, name string) string {
	r.t.Helper()
	found := r.all(selector)
	if len(found) != 1 {
		r.t.Fatalf("%d elements match %s, want 1", len(found), selector)
	}
	for _, a := range found[0].Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// fakeSignIn knows one person of each role; the password of all is "correct horse battery".
type fakeSignIn struct {
	mu       sync.Mutex
	clock    clock.Clock
	sessions map[string]people.Session
	err      error // of Session
	changed  []string
}

const goodPassword = "correct horse battery"

func newFakeSignIn(c clock.Clock) *fakeSignIn {
	f := &fakeSignIn{clock: c, sessions: map[string]people.Session{}}
	names := map[people.Role]string{people.Member: "Aisha Odhiambo", people.Support: "Liis Tamm", people.Lead: "Marika Oja", people.Admin: "Wanjiru Kamau"}
	for role, name := range names {
		id := strings.ToLower(strings.Fields(name)[0])
		p := people.Person{ID: id, Name: name, Email: id + "@verity.example", Role: role, Teams: []string{"techsupport"}, Zone: "Europe/Tallinn"}
		f.sessions[string(role)] = people.Session{ID: "s-" + string(role), Person: p, Made: c.Now().Add(-time.Hour), Seen: c.Now(), Until: c.Now().Add(12 * time.Hour)}
	}
	return f
}

func (f *fakeSignIn) SignIn(_ context.Context, email string, password secret.Text, _ string) (people.Session, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, token := range slices.Sorted(maps.Keys(f.sessions)) {
		if s := f.sessions[token]; s.Person.Email == email && password.Equal(goodPassword) {
			s.Token = secret.New(token)
			return s, nil
		}
	}
	return people.Session{}, fault.New(fault.Unauthenticated, "The e-mail or the password is not right. Try again, or ask an admin to renew it.")
}

func (f *fakeSignIn) Session(_ context.Context, token secret.Text) (people.Session, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return people.Session{}, f.err
	}
	s, ok := f.sessions[token.Reveal()]
	if !ok {
		return s, fault.New(fault.Unauthenticated, "Your session has ended. Sign in.")
	}
	return s, nil
}

func (f *fakeSignIn) SignOut(_ context.Context, token secret.Text) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.sessions, token.Reveal())
	return nil
}

func (f *fakeSignIn) SessionsOf(_ context.Context, a people.Actor) ([]people.Session, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []people.Session
	for _, token := range slices.Sorted(maps.Keys(f.sessions)) {
		if s := f.sessions[token]; s.Person.ID == a.ID {
			out = append(out, s)
		}
	}
	return out, f.err
}

func (f *fakeSignIn) EndSession(_ context.Context, a people.Actor, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for token, s := range f.sessions {
		if s.ID == id && s.Person.ID == a.ID {
			delete(f.sessions, token)
			return nil
		}
	}
	return fault.New(fault.NotFound, "You have no such session; it may have ended already. Look at the list again.")
}

func (f *fakeSignIn) NameDevice(_ context.Context, session people.Session, device string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for token, s := range f.sessions {
		if s.ID == session.ID {
			s.Device = device
			f.sessions[token] = s
		}
	}
	return nil
}

func (f *fakeSignIn) Confirm(ctx context.Context, token, password secret.Text, _ string) (people.Session, error) {
	s, err := f.Session(ctx, token)
	if err == nil && !password.Equal(goodPassword) {
		err = fault.Wrong(people.ConfirmField, "This is not your password. Type the one you signed in with.")
	}
	s.ConfirmedAt = f.clock.Now()
	return s, err
}

func (f *fakeSignIn) ChangePassword(_ context.Context, a people.Actor, old, password, _ secret.Text) error {
	switch {
	case !old.Equal(goodPassword):
		return fault.Wrong("old", "This is not your password. Type the one you signed in with.")
	case len(password.Reveal()) < people.PasswordMin:
		return fault.Wrong("password", "Use %d characters or more.", people.PasswordMin)
	}
	f.changed = append(f.changed, a.ID)
	return nil
}

// fakeSetUp has one good token, "first".
type fakeSetUp struct {
	signIn *fakeSignIn
	needed bool
	name   string
}

func (f *fakeSetUp) SetUpNeeded(context.Context) (bool, error) { return f.needed, nil }

func (f *fakeSetUp) CheckSetUp(_ context.Context, token secret.Text) error {
	if !token.Equal("first") {
		return fault.New(fault.NotFound, "This set-up link has been used or was never given. Sign in, or restart the server for a new one.")
	}
	return nil
}

func (f *fakeSetUp) SetUp(ctx context.Context, token secret.Text, name, email string, password secret.Text) (people.Session, error) {
	if err := f.CheckSetUp(ctx, token); err != nil {
		return people.Session{}, err
	}
	wrong := &fault.Error{Kind: fault.Invalid, Say: "Some of it is not right yet."}
	if name == "" {
		wrong.Fields = append(wrong.Fields, fault.Field{Name: "name", Say: "Enter your name."})
	}
	if len(password.Reveal()) < people.PasswordMin {
		wrong.Fields = append(wrong.Fields, fault.Field{Name: "password", Say: "Use 12 characters or more."})
	}
	if len(wrong.Fields) > 0 {
		return people.Session{}, wrong
	}
	f.name = name
	s := f.signIn.sessions["admin"]
	s.Token = secret.New("admin")
	return s, nil
}

// fakeTokens keeps tokens in memory.
type fakeTokens struct {
	clock  clock.Clock
	tokens []people.Token
	err    error
}

func (f *fakeTokens) TokensOf(context.Context, people.Actor) ([]people.Token, error) {
	return f.tokens, f.err
}

func (f *fakeTokens) MakeToken(_ context.Context, _ people.Actor, name string, until time.Time) (people.Token, secret.Text, error) {
	if name == "" {
		return people.Token{}, secret.Text{}, fault.Wrong("name", "Say what it is for.")
	}
	t := people.Token{ID: "t" + name, Name: name, Hint: "fl_9q2", Made: f.clock.Now(), Until: until}
	f.tokens = append([]people.Token{t}, f.tokens...)
	return t, secret.New("fl_9q2-the-whole-value"), nil
}

func (f *fakeTokens) RevokeToken(_ context.Context, _ people.Actor, id string) error {
	for i, t := range f.tokens {
		if t.ID == id {
			f.tokens = slices.Delete(f.tokens, i, i+1)
			return nil
		}
	}
	return fault.New(fault.NotFound, "You have no such token. Look at the list again.")
}

// fakeChanges tells every subscriber what a test changes.
type fakeChanges struct {
	mu   sync.Mutex
	subs map[chan []people.Subject]context.Context
}

func (f *fakeChanges) Subscribe(ctx context.Context) <-chan []people.Subject {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := make(chan []people.Subject)
	f.subs[c] = ctx
	return c
}

// tell returns how many have heard it.
func (f *fakeChanges) tell(changed ...people.Subject) (heard int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c, ctx := range f.subs {
		select {
		case c <- changed:
			heard++
		case <-ctx.Done():
			delete(f.subs, c)
		}
	}
	return heard
}

// leave closes every subscription, as for a reader that is too slow.
func (f *fakeChanges) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.subs {
		close(c)
	}
	clear(f.subs)
}

var (
	_ SignIn   = (*fakeSignIn)(nil)
	_ SetUp    = (*fakeSetUp)(nil)
	_ Tokens   = (*fakeTokens)(nil)
	_ Sessions = (*fakeSignIn)(nil)
	_ Changes  = (*fakeChanges)(nil)
)
