// Package trackertest is what every kind of tracker must do. A kind's test plays the tracker's API from its documentation and lets Run hold the kind
// against it.
package trackertest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"frontline/desk"
	"frontline/fault"
	"frontline/secret"
)

// Start is the time at which played trackers begin.
var Start = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// Shared is the secret with which played trackers sign.
const Shared = "a shared secret of played trackers"

// Played is a tracker that a test plays.
type Played interface {
	// Target is how it is reached.
	Target() desk.Target
	// Issues returns the keys of the issues that there are.
	Issues() []string
	// Shown returns an issue's title, its text and its labels, as the tracker keeps them.
	Shown(key string) (title, text string, labels []string)
	// Comments returns what stands below an issue, as the tracker keeps it.
	Comments(key string) []string
	// Says lets a developer write below an issue, or a program.
	Says(key, author, text string, program bool)
	// Settle closes an issue as the tracker's people do; Version may be empty.
	Settle(key string, v desk.Verdict, version string, released bool)
	// Reopen opens it again.
	Reopen(key string)
	// Weather is what goes wrong.
	Weather() *Weather
	// Call is a call of the tracker about an issue, signed.
	Call(key string) (header http.Header, body []byte)
}

// Weather stands before a played API and lets things go wrong.
type Weather struct {
	mu     sync.Mutex
	fails  []failure
	vanish bool
	calls  int
}

type failure struct {
	status int
	header http.Header
	body   string
}

// Fail answers the next call with the status instead.
func (w *Weather) Fail(status int, header http.Header, body string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fails = append(w.fails, failure{status, header, body})
}

// Vanish lets the next write be done and its answer be lost.
func (w *Weather) Vanish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.vanish = true
}

// Clear ends all of it.
func (w *Weather) Clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fails, w.vanish = nil, false
}

// Calls is how many calls came.
func (w *Weather) Calls() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls
}

func (w *Weather) next(method string) (f failure, fails, vanish bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	if len(w.fails) > 0 {
		f, w.fails = w.fails[0], w.fails[1:]
		return f, true, false
	}
	if w.vanish && (method == http.MethodPost || method == http.MethodPut) {
		w.vanish = false
		return f, false, true
	}
	return f, false, false
}

// Over puts the weather before a handler.
func (w *Weather) Over(h http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		f, fails, vanish := w.next(r.Method)
		switch {
		case fails:
			for name, v := range f.header {
				rw.Header()[name] = v
			}
			rw.WriteHeader(f.status)
			_, _ = rw.Write([]byte(f.body))
		case vanish:
			h.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler) // the connection breaks
		default:
			h.ServeHTTP(rw, r)
		}
	})
}

const mark = "frontline:0198c0de-0000-7000-8000-000000000001"

// Run holds a kind against what it must do. open returns it with a tracker that is empty.
func Run(t *testing.T, open func(t *testing.T) (desk.Tracker, Played)) {
	for name, f := range map[string]func(*testing.T, desk.Tracker, Played){
		"opens":     opens,
		"once":      once,
		"comments":  comments,
		"reads":     reads,
		"verdicts":  verdicts,
		"changed":   changed,
		"refusals":  refusals,
		"lost":      lost,
		"signature": signature,
		"pages":     pages,
		"stops":     stops,
	} {
		t.Run(name, func(t *testing.T) {
			k, p := open(t)
			f(t, k, p)
		})
	}
}

const report = "## What happens\n\n> Sessions stay **pending**.\n\n- Customers: Nordpank (gold)\n- Session: `vs_7hK2m9Qx`\n\nSee https://desk.verity.example/requests/R-1.\n\n```\npanic: no decision\n```"

func made(t *testing.T, k desk.Tracker, p Played) desk.Issue {
	t.Helper()
	i, err := k.Open(t.Context(), p.Target(), desk.NewIssue{Mark: mark, Title: "Sessions stay pending", Text: report})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// An issue is opened with its words, labels and mark, and people can find it.
func opens(t *testing.T, k desk.Tracker, p Played) {
	i := made(t, k, p)
	if i.Key == "" || !strings.HasPrefix(i.Address, "http") || i.Name == "" || !i.Open {
		t.Errorf("opened %+v", i)
	}
	title, text, labels := p.Shown(i.Key)
	if title != "Sessions stay pending" || !slices.Contains(labels, "from-support") {
		t.Errorf("title %q, labels %q", title, labels)
	}
	for _, want := range []string{"What happens", "pending", "Nordpank (gold)", "vs_7hK2m9Qx", "https://desk.verity.example/requests/R-1", "panic: no decision", mark} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q: %s", want, text)
		}
	}
}

// When the answer is lost after the issue was opened, the next try finds it.
func once(t *testing.T, k desk.Tracker, p Played) {
	n := desk.NewIssue{Mark: mark, Title: "Sessions stay pending", Text: report, Before: Start}
	p.Weather().Vanish()
	if _, err := k.Open(t.Context(), p.Target(), n); !fault.Again(err) {
		t.Fatalf("a lost answer: %v, want something that is tried again", err)
	}
	n.Again = true
	i, err := k.Open(t.Context(), p.Target(), n)
	if err != nil {
		t.Fatal(err)
	}
	if all := p.Issues(); len(all) != 1 || all[0] != i.Key {
		t.Errorf("issues %v, found %q; want one", all, i.Key)
	}
	n.Mark = "frontline:0198c0de-0000-7000-8000-000000000002"
	if other, err := k.Open(t.Context(), p.Target(), n); err != nil || other.Key == i.Key {
		t.Errorf("another mark: %+v %v, want an issue of its own", other, err)
	}
}

func comments(t *testing.T, k desk.Tracker, p Played) {
	i := made(t, k, p)
	n := desk.NewComment{Mark: mark, Text: "One more: **2** by now.", Before: Start}
	p.Weather().Vanish()
	if _, err := k.Comment(t.Context(), p.Target(), i.Key, n); !fault.Again(err) {
		t.Fatalf("a lost answer: %v", err)
	}
	n.Again = true
	id, err := k.Comment(t.Context(), p.Target(), i.Key, n)
	if err != nil || id == "" {
		t.Fatalf("Comment = %q, %v", id, err)
	}
	if all := p.Comments(i.Key); len(all) != 1 || !strings.Contains(all[0], "by now") || !strings.Contains(all[0], mark) {
		t.Errorf("comments %q, want one", all)
	}
	if _, err := k.Comment(t.Context(), p.Target(), "9999999", n); !fault.Is(err, fault.NotFound) {
		t.Errorf("below an issue that there is not: %v, want NotFound", err)
	}
}

// What developers wrote is read with who and when; our own bears its mark, and what a program wrote is said to be a program's.
func reads(t *testing.T, k desk.Tracker, p Played) {
	i := made(t, k, p)
	if _, err := k.Comment(t.Context(), p.Target(), i.Key, desk.NewComment{Mark: mark, Text: "Ours."}); err != nil {
		t.Fatal(err)
	}
	p.Says(i.Key, "rasmus-p", "Which version is it?\n\nAnd since when?", false)
	p.Says(i.Key, "ci-robot", "Build 812 passed.", true)
	got, err := k.Read(t.Context(), p.Target(), i.Key, Start.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if got.Key != i.Key || !got.Open || got.Status == "" || len(got.Comments) != 3 {
		t.Fatalf("read %+v", got)
	}
	ours, theirs, robot := 0, 0, 0
	for _, c := range got.Comments {
		if c.ID == "" || c.At.IsZero() {
			t.Errorf("a comment without id or time: %+v", c)
		}
		switch {
		case strings.Contains(c.Text, mark):
			ours++
		case c.Program:
			robot++
		case strings.Contains(c.Text, "Which version is it?") && strings.Contains(c.Text, "And since when?") && c.Author == "rasmus-p":
			theirs++
		}
	}
	if ours != 1 || theirs != 1 || robot != 1 {
		t.Errorf("ours %d, theirs %d, programs %d: %+v", ours, theirs, robot, got.Comments)
	}
	if _, err := k.Read(t.Context(), p.Target(), "9999999", Start); !fault.Is(err, fault.NotFound) {
		t.Errorf("an issue that there is not: %v, want NotFound", err)
	}
}

// Closing, its reason and the version come back.
func verdicts(t *testing.T, k desk.Tracker, p Played) {
	for _, c := range []struct {
		v        desk.Verdict
		version  string
		released bool
	}{{desk.FixedBug, "2.14.0", true}, {desk.FixedBug, "2.15.0", false}, {desk.NotABug, "", false}, {desk.DuplicateIssue, "", false}} {
		i := made(t, k, p)
		p.Settle(i.Key, c.v, c.version, c.released)
		got, err := k.Read(t.Context(), p.Target(), i.Key, Start)
		if err != nil {
			t.Fatal(err)
		}
		if v := got.Verdict(desk.Verdicts{}); got.Open || v != c.v || got.Version != c.version || got.Released != c.released {
			t.Errorf("settled as %s %s: %+v, verdict %q", c.v, c.version, got, v)
		}
		p.Reopen(i.Key)
		if got, err = k.Read(t.Context(), p.Target(), i.Key, Start); err != nil || !got.Open {
			t.Errorf("reopened: %+v %v", got, err)
		}
	}
}

func changed(t *testing.T, k desk.Tracker, p Played) {
	i := made(t, k, p)
	keys, err := k.Changed(t.Context(), p.Target(), Start.Add(-time.Hour))
	if err != nil || !slices.Contains(keys, i.Key) {
		t.Errorf("changed %v, %v; want %s in it", keys, err, i.Key)
	}
	keys, err = k.Changed(t.Context(), p.Target(), Start.AddDate(10, 0, 0))
	if err != nil || len(keys) != 0 {
		t.Errorf("changed in the future: %v, %v", keys, err)
	}
}

// Each refusal of the API is the fault that says whether to come again, and when.
func refusals(t *testing.T, k desk.Tracker, p Played) {
	date := http.Header{"Date": {Start.Format(http.TimeFormat)}}
	with := func(more ...string) http.Header {
		h := date.Clone()
		for i := 0; i < len(more); i += 2 {
			h.Set(more[i], more[i+1])
		}
		return h
	}
	for _, c := range []struct {
		status int
		header http.Header
		want   fault.Kind
		after  time.Duration
	}{
		{401, date, fault.Unauthenticated, 0},
		{403, date, fault.Forbidden, 0},
		{403, with("Retry-After", "90"), fault.TooMany, 90 * time.Second},
		{404, date, fault.NotFound, 0},
		{410, date, fault.NotFound, 0},
		{422, date, fault.Invalid, 0},
		{400, date, fault.Invalid, 0},
		{429, with("Retry-After", "30"), fault.TooMany, 30 * time.Second},
		{429, date, fault.TooMany, time.Minute},
		{500, date, fault.Unavailable, 0},
		{502, date, fault.Unavailable, 0},
		{503, with("Retry-After", Start.Add(2*time.Minute).Format(http.TimeFormat)), fault.Unavailable, 2 * time.Minute},
		{302, with("Location", "https://elsewhere.example/"), fault.NotFound, 0},
	} {
		p.Weather().Fail(c.status, c.header, `{"message":"Validation Failed"}`)
		_, err := k.Open(t.Context(), p.Target(), desk.NewIssue{Mark: mark, Title: "x", Text: "y"})
		if !fault.Is(err, c.want) || after(err) != c.after {
			t.Errorf("%d %v: %v after %v, want %s after %v", c.status, c.header, err, after(err), c.want, c.after)
		}
		if err != nil && strings.Contains(err.Error(), p.Target().Secret.Reveal()) {
			t.Errorf("the token is in %v", err)
		}
	}
	if len(p.Issues()) != 0 {
		t.Error("a refused call opened an issue")
	}
}

func after(err error) time.Duration {
	if e, ok := err.(*fault.Error); ok {
		return e.After
	}
	return 0
}

// A tracker that is down, or something else that answers in its place, is tried again and believed nothing.
func lost(t *testing.T, k desk.Tracker, p Played) {
	to := p.Target()
	p.Weather().Fail(200, nil, "<html>Welcome to the proxy</html>")
	if _, err := k.Open(t.Context(), to, desk.NewIssue{Mark: mark, Title: "x", Text: "y"}); !fault.Again(err) {
		t.Errorf("a page instead of JSON: %v", err)
	}
	p.Weather().Fail(200, nil, "{}")
	if _, err := k.Open(t.Context(), to, desk.NewIssue{Mark: mark, Title: "x", Text: "y"}); !fault.Again(err) {
		t.Errorf("no issue in the answer: %v", err)
	}
	to.Address = "http://127.0.0.1:1"
	if _, err := k.Read(t.Context(), to, "1", Start); !fault.Is(err, fault.Unavailable) {
		t.Errorf("nobody there: %v", err)
	}
}

// Only what bears the right signature is believed, and a call that comes twice has one id.
func signature(t *testing.T, k desk.Tracker, p Played) {
	i := made(t, k, p)
	h, body := p.Call(i.Key)
	shared := secret.New(Shared)
	first, err := k.Hear(h.Get, body, shared, Start)
	if err != nil || first.Key != i.Key || first.Delivery == "" {
		t.Fatalf("heard %+v %v, want %s", first, err, i.Key)
	}
	if again, err := k.Hear(h.Get, body, shared, Start); err != nil || again != first {
		t.Errorf("again: %+v %v", again, err)
	}
	for name, hear := range map[string]func() (desk.Heard, error){
		"another secret": func() (desk.Heard, error) { return k.Hear(h.Get, body, secret.New("guessed"), Start) },
		"no secret":      func() (desk.Heard, error) { return k.Hear(h.Get, body, secret.Text{}, Start) },
		"no header":      func() (desk.Heard, error) { return k.Hear(func(string) string { return "" }, body, shared, Start) },
	} {
		if got, err := hear(); !fault.Is(err, fault.Unauthenticated) || got.Key != "" {
			t.Errorf("%s: %+v %v, want Unauthenticated", name, got, err)
		}
	}
	other, _ := p.Call(i.Key)
	if got, err := k.Hear(other.Get, body, shared, Start); err == nil && got.Delivery == first.Delivery {
		t.Error("two calls have one id")
	}
}

// More than one page of comments is read whole.
func pages(t *testing.T, k desk.Tracker, p Played) {
	i := made(t, k, p)
	for range 230 {
		p.Says(i.Key, "rasmus-p", "Still looking.", false)
	}
	got, err := k.Read(t.Context(), p.Target(), i.Key, Start.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, c := range got.Comments {
		ids[c.ID] = true
	}
	if len(ids) != 230 {
		t.Errorf("read %d comments, want 230", len(ids))
	}
}

// A call ends with its context.
func stops(t *testing.T, k desk.Tracker, p Played) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := k.Open(ctx, p.Target(), desk.NewIssue{Mark: mark, Title: "x", Text: "y"}); !fault.Again(err) {
		t.Errorf("stopped: %v, want something that is tried again", err)
	}
	if len(p.Issues()) != 0 {
		t.Error("a stopped call opened an issue")
	}
}
