package remote_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"frontline/action"
	"frontline/clock"
	"frontline/e2e/database"
	"frontline/fault"
	"frontline/integration/remote"
	"frontline/people"
	"frontline/runner"
	"frontline/secret"
	"frontline/store"
)

// post is a server with the door, on the real store, behind TLS.
type post struct {
	t      *testing.T
	to     *runner.Dispatch
	db     *store.DB
	server *httptest.Server
	clock  clock.Clock
	mangle func(http.ResponseWriter, *http.Request, http.Handler) // stands in between
}

func open(t *testing.T) *post {
	t.Helper()
	p := &post{t: t, clock: clock.Real{}}
	log := slog.New(slog.DiscardHandler)
	var err error
	p.db, err = store.Open(t.Context(), database.SQLite(t), store.Options{Clock: p.clock, Log: log})
	p.must(err)
	t.Cleanup(func() { _ = p.db.Close() })
	p.to = &runner.Dispatch{Store: p.db, Runs: p.db, Queue: p.db, Uploads: p.db, Clock: p.clock, Log: log, Box: plainBox{}, Key: newKey(t), Lease: time.Minute, Since: p.clock.Now()}
	door := remote.NewDoor(p.to, p.db, p.clock, log)
	p.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.mangle != nil {
			p.mangle(w, r, door)
			return
		}
		door.ServeHTTP(w, r)
	}))
	t.Cleanup(p.server.Close)
	return p
}

// plainBox seals nothing: what is sealed is not what these tests are about.
type plainBox struct{}

func (plainBox) Seal(plain []byte) ([]byte, error)  { return plain, nil }
func (plainBox) Open(sealed []byte) ([]byte, error) { return sealed, nil }

func newKey(t *testing.T) ed25519.PrivateKey {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (p *post) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *post) address() *url.URL {
	u, err := remote.Address(p.server.URL)
	p.must(err)
	return u
}

func admin() people.Actor {
	return people.Actor{Kind: people.ByPerson, ID: "marika", Name: "Marika Oja", Role: people.Admin, Via: "test"}
}

func (p *post) token(name string) secret.Text {
	p.t.Helper()
	token, err := p.to.Add(p.t.Context(), admin(), name, nil)
	p.must(err)
	return token
}

// enrolled is a runner with its connection.
func (p *post) enrolled(name string, labels map[string]string) (*remote.Line, remote.Identity) {
	p.t.Helper()
	self, err := remote.Enrol(p.t.Context(), p.address(), p.token(name), name, labels, p.server.Client(), p.clock)
	p.must(err)
	return p.line(self), self
}

func (p *post) line(self remote.Identity) *remote.Line {
	p.t.Helper()
	l, err := remote.NewLine(p.address(), self, p.server.Client(), p.clock, func() string { return "boot-" + self.Name })
	p.must(err)
	return l
}

func hello(name string, labels map[string]string) runner.Hello {
	return runner.Hello{Boot: "boot-" + name, Version: "1", Sandbox: "full", Policy: "kinds exec", Labels: labels, Room: 4}
}

var berlin = map[string]string{"network": "berlin"}

func refused(t *testing.T, err error, kind fault.Kind, words string) {
	t.Helper()
	if !fault.Is(err, kind) || !strings.Contains(err.Error(), words) {
		t.Errorf("%v (%s), want %s with %q", err, fault.KindOf(err), kind, words)
	}
}

func TestEnrolmentServesOnce(t *testing.T) {
	p := open(t)
	token := p.token("berlin-1")
	enrol := func(token secret.Text, name string) error {
		_, err := remote.Enrol(t.Context(), p.address(), token, name, berlin, p.server.Client(), p.clock)
		return err
	}
	refused(t, enrol(token, "berlin-2"), fault.Invalid, "The token is for the runner berlin-1")
	p.must(enrol(token, "berlin-1")) // a refusal has not used it up
	refused(t, enrol(token, "berlin-1"), fault.Unauthenticated, "was used")
	refused(t, enrol(secret.New("flr_guess."+strings.Repeat("A", 43)), "berlin-1"), fault.Unauthenticated, "means a server")
	refused(t, enrol(secret.New("nothing"), "berlin-1"), fault.Invalid, "no enrolment token")

	_, err := p.to.Add(t.Context(), admin(), "berlin-1", nil)
	refused(t, err, fault.Conflict, "enrolled already")
	_, err = p.to.Add(t.Context(), people.Actor{Kind: people.ByPerson, ID: "liis", Role: people.Lead}, "paris-1", nil)
	refused(t, err, fault.Forbidden, "needs the role admin")

	narrow, err := p.to.Add(t.Context(), admin(), "berlin-3", map[string]string{"network": "berlin", "broker": "yes"})
	p.must(err)
	refused(t, enrol(narrow, "berlin-3"), fault.Invalid, "labels broker=yes, network=berlin, not network=berlin")
}

func TestAnotherServerIsNotEnrolledWith(t *testing.T) {
	p, stranger := open(t), open(t)
	token := p.token("berlin-1")
	u, err := remote.Address(stranger.server.URL)
	p.must(err)
	_, err = remote.Enrol(t.Context(), u, token, "berlin-1", berlin, stranger.server.Client(), p.clock)
	refused(t, err, fault.Unauthenticated, "means a server with the key "+p.to.Fingerprint())
	stranger.mangle = func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { // one that only says yes
		_ = json.NewEncoder(w).Encode(map[string]any{"id": "x", "server": stranger.to.PublicKey()})
	}
	_, err = remote.Enrol(t.Context(), u, token, "berlin-1", berlin, stranger.server.Client(), p.clock)
	refused(t, err, fault.Forbidden, "is not the server that made the token")
	_, err = remote.Enrol(t.Context(), p.address(), token, "berlin-1", berlin, http.DefaultClient, p.clock)
	refused(t, err, fault.Unavailable, "certificate") // TLS is verified besides
}

func TestEveryRequestIsSignedAndComesOnce(t *testing.T) {
	p := open(t)
	l, self := p.enrolled("berlin-1", berlin)
	_, err := l.Poll(t.Context(), hello("berlin-1", berlin))
	p.must(err)

	var path string
	var header http.Header
	var body []byte
	p.mangle = func(w http.ResponseWriter, r *http.Request, next http.Handler) { // listens
		path, header = r.URL.Path, r.Header.Clone()
		body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	}
	_, err = l.Poll(t.Context(), hello("berlin-1", berlin))
	p.must(err)
	p.mangle = nil
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.server.URL+path, bytes.NewReader(body))
	p.must(err)
	req.Header = header
	res, err := p.server.Client().Do(req)
	p.must(err)
	said, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized || !strings.Contains(string(said), "This request came before") {
		t.Errorf("repeated: %s %s", res.Status, said)
	}

	other := self
	other.Seed = bytes.Repeat([]byte{7}, ed25519.SeedSize)
	_, err = p.line(other).Poll(t.Context(), hello("berlin-1", berlin))
	refused(t, err, fault.Unauthenticated, "signature is not that of the runner")
	other = self
	other.ID = "nobody"
	_, err = p.line(other).Poll(t.Context(), hello("berlin-1", berlin))
	refused(t, err, fault.Unauthenticated, "knows no such runner")
	other = self
	other.Trusts = newKey(t).Public().(ed25519.PublicKey)
	_, err = p.line(other).Poll(t.Context(), hello("berlin-1", berlin))
	refused(t, err, fault.Unavailable, "WARNING")
	_, err = l.Poll(t.Context(), hello("berlin-1", map[string]string{"network": "paris"}))
	refused(t, err, fault.Forbidden, "enrolled with the labels network=berlin and now carries network=paris")
}

// TestNothingInBetweenIsBelieved lets somebody who ends TLS alter what the server says.
func TestNothingInBetweenIsBelieved(t *testing.T) {
	p := open(t)
	l, _ := p.enrolled("berlin-1", berlin)
	for name, alter := range map[string]func(http.ResponseWriter, *httptest.ResponseRecorder){
		"a word more": func(w http.ResponseWriter, r *httptest.ResponseRecorder) {
			_, _ = w.Write(bytes.Replace(r.Body.Bytes(), []byte(`"lease"`), []byte(`"stop":["7"],"lease"`), 1))
		},
		"another status": func(w http.ResponseWriter, r *httptest.ResponseRecorder) {
			w.WriteHeader(403)
			_, _ = w.Write(r.Body.Bytes())
		},
		"no signature": func(w http.ResponseWriter, r *httptest.ResponseRecorder) {
			w.Header().Del("Signature")
			_, _ = w.Write(r.Body.Bytes())
		},
		"a proxy's page": func(w http.ResponseWriter, _ *httptest.ResponseRecorder) { clear(w.Header()); w.WriteHeader(502) },
	} {
		t.Run(name, func(t *testing.T) {
			p.mangle = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				said := httptest.NewRecorder()
				next.ServeHTTP(said, r)
				for k, v := range said.Header() {
					w.Header()[k] = v
				}
				alter(w, said)
			}
			_, err := l.Poll(t.Context(), hello("berlin-1", berlin))
			refused(t, err, fault.Unavailable, "elieved")
		})
	}
}

func TestRevokedAtOnce(t *testing.T) {
	p := open(t)
	l, _ := p.enrolled("berlin-1", berlin)
	a := p.assigned(l, "berlin-1", "run-1")
	if _, err := p.to.Revoke(t.Context(), people.Actor{Kind: people.ByPerson, ID: "liis", Role: people.Lead}, "berlin-1"); !fault.Is(err, fault.Forbidden) {
		t.Fatalf("a lead revokes: %v", err)
	}
	_, err := p.to.Revoke(t.Context(), admin(), "berlin-1")
	p.must(err)
	_, err = l.Poll(t.Context(), hello("berlin-1", berlin))
	refused(t, err, fault.Forbidden, "was revoked at")
	refused(t, l.Answer(t.Context(), a.ID, action.Reply{}), fault.Forbidden, "was revoked at")
	if now, err := p.db.Assignment(t.Context(), a.ID); err != nil || now.State != runner.Lost {
		t.Errorf("what it held is %s %v", now.State, err)
	}
	p.token("berlin-1") // the name is free again
}

// assigned puts an assignment up, and lets the runner take it.
func (p *post) assigned(l *remote.Line, name, run string) runner.Handed {
	p.t.Helper()
	order, err := json.Marshal(action.Order{Step: action.OrderPlan, Definition: action.Definition{ID: "berlin/settle", Team: "support", Kind: "exec"}, Limit: time.Minute})
	p.must(err)
	_, err = p.db.Assign(p.t.Context(), runner.Assignment{Step: action.OrderPlan, Action: "berlin/settle", Labels: berlin, State: runner.Waiting, Order: order})
	p.must(err)
	told, err := l.Poll(p.t.Context(), hello(name, berlin))
	p.must(err)
	if len(told.New) != 1 || told.New[0].Order.Definition.ID != "berlin/settle" {
		p.t.Fatalf("told %+v", told)
	}
	return told.New[0]
}

func TestOnlyTheHolderWrites(t *testing.T) {
	p := open(t)
	one, _ := p.enrolled("berlin-1", berlin)
	two, self := p.enrolled("berlin-2", berlin)
	a := p.assigned(one, "berlin-1", "run-1")
	ctx := t.Context()
	later, err := remote.NewLine(p.address(), self, p.server.Client(), p.clock, func() string { return "boot-berlin-1" })
	p.must(err)
	for name, l := range map[string]*remote.Line{"another runner": two, "another runner that says it is the process": later} {
		_, err := l.Step(ctx, a.ID, 1, runner.Entry{Name: "starting"})
		refused(t, err, fault.Conflict, "not yours")
		_, err = l.Kept(ctx, a.ID, "x")
		refused(t, err, fault.Conflict, "not yours")
		_, err = l.Input(ctx, a.ID, "x", action.File{})
		refused(t, err, fault.Conflict, "not yours")
		_, err = l.File(ctx, a.ID, 1, action.File{Name: "a"}, []byte("x"))
		refused(t, err, fault.Conflict, "not yours")
		refused(t, l.Output(ctx, a.ID, 0, []action.Line{{Text: "x"}}, action.Progress{}), fault.Conflict, "not yours")
		refused(t, l.Answer(ctx, a.ID, action.Reply{}), fault.Conflict, "not yours")
		if t.Failed() {
			t.Fatal(name)
		}
	}
	_, err = one.Step(ctx, a.ID, 1, runner.Entry{Name: "starting"})
	refused(t, err, fault.Forbidden, "A look commits nothing")
	p.must(one.Answer(ctx, a.ID, action.Reply{Plan: &action.Plan{Summary: "Settle."}}))
	p.must(one.Answer(ctx, a.ID, action.Reply{Plan: &action.Plan{Summary: "Settle."}})) // its answer was lost
	if told, err := two.Poll(ctx, hello("berlin-2", berlin)); err != nil || len(told.New) > 0 {
		t.Errorf("another runner is told %+v %v", told, err)
	}
	if told, err := one.Poll(ctx, runner.Hello{Boot: "boot-berlin-1", Labels: berlin, Known: []string{a.ID}}); err != nil || len(told.Drop) != 1 {
		t.Errorf("what is answered is dropped: %+v %v", told, err)
	}
}

// TestWhatTheAnswerLostIsToldAgain polls twice as if the first answer had not arrived.
func TestWhatTheAnswerLostIsToldAgain(t *testing.T) {
	p := open(t)
	l, _ := p.enrolled("berlin-1", berlin)
	a := p.assigned(l, "berlin-1", "run-1")
	told, err := l.Poll(t.Context(), hello("berlin-1", berlin))
	if err != nil || len(told.New) != 1 || told.New[0].ID != a.ID {
		t.Errorf("told %+v %v", told, err)
	}
	h := hello("berlin-1", berlin)
	h.Known = []string{a.ID}
	if told, err = l.Poll(t.Context(), h); err != nil || len(told.New)+len(told.Drop)+len(told.Stop) > 0 {
		t.Errorf("told %+v %v", told, err)
	}
}

// TestAPollEndsWithTheServer stops the dispatch while a runner waits.
func TestAPollEndsWithTheServer(t *testing.T) {
	p := open(t)
	l, _ := p.enrolled("berlin-1", berlin)
	h := hello("berlin-1", berlin)
	h.Wait = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	p.to.Stop()
	if _, err := l.Poll(ctx, h); err != nil {
		t.Error(err)
	}
}
