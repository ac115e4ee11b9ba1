package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"frontline/clock"
	"frontline/demo/program"
	requests "frontline/desk"
	"frontline/e2e/neighbour"
	"frontline/store"
)

func TestMain(m *testing.M) {
	neighbour.Main(m)
}

// heard is what the demo wrote so far. It may be read while the demo writes.
type heard struct {
	t  *testing.T
	mu sync.Mutex
	b  bytes.Buffer
	on chan struct{} // something was written
}

func hear(t *testing.T) *heard { return &heard{t: t, on: make(chan struct{}, 1)} }

func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case h.on <- struct{}{}:
	default:
	}
	return h.b.Write(p)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.b.String()
}

// until waits until the demo has written what is wanted.
func (h *heard) until(what string) {
	h.t.Helper()
	late := time.NewTimer(60 * time.Second)
	defer late.Stop()
	for !strings.Contains(h.String(), what) {
		select {
		case <-h.on:
		case <-late.C:
			h.t.Fatalf("the demo never says %q:\n%s", what, h)
		}
	}
}

func (h *heard) inOrder(t *testing.T, lines ...string) {
	t.Helper()
	rest := h.String()
	for _, l := range lines {
		_, after, ok := strings.Cut(rest, l)
		if !ok {
			t.Fatalf("the demo does not say %q, or not in this order:\n%s", l, h)
		}
		rest = after
	}
}

func options(out io.Writer) Options {
	return Options{Out: out, Listen: "127.0.0.1:0", Company: "127.0.0.1:0", Queue: "files", Alertmanager: "played", Brief: true}
}

// nothingLeft returns a function that fails the test when a process that was started since still runs.
func nothingLeft(t *testing.T) func() {
	before := program.Children(os.Getpid())
	return func() {
		t.Helper()
		for _, pid := range program.Children(os.Getpid()) {
			if !slices.Contains(before, pid) {
				name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
				t.Errorf("process %d is left: %s", pid, bytes.ReplaceAll(name, []byte{0}, []byte{' '}))
			}
		}
	}
}

// story is what the script says, whatever the queue is.
var story = []string{
	"Frontline is set up", "Sign in to Frontline as one of these", "liis@verity.example", "the decision queue stops", "Alertmanager tells Frontline",
	"Karl Sepp's phone rings: [P-3] The decision queue has stopped", "Liis Tamm's phone rings: [P-3] The decision queue has stopped",
	"Alert G-6 is acknowledged by Liis Tamm", "INC-3 is open. It names Decision pipeline, its 22 customers", "told by mail: marika, wanjiru",
	"Customers read on the status page: Verification decisions are delayed (investigating)", "RUN-2 succeeded", "Take the poisoned message out: Take",
	"RUN-3 succeeded", "The worker is past vs-", "alert G-6 resolves", "INC-3 is resolved", "The status page is green", "The post-mortem is there", "No developer was woken",
}

// The whole night on a queue of files, with what every machine has.
func TestNightWithFiles(t *testing.T) {
	left := nothingLeft(t)
	said := hear(t)
	o := options(said)
	o.Script, o.Dir, o.Brief = true, t.TempDir(), false
	if err := Run(t.Context(), o); err != nil {
		t.Fatalf("%v\nThe demo said:\n%s", err, said)
	}
	said.inOrder(t, story...)
	left()
	noSecrets(t, o.Dir, said.String())
	seeded(t, o.Dir)
}

// seeded looks that the company has a desk's past worth looking at: answers of which some are stale, demands dealt with in every way, requests that
// somebody coded, escalations in every state, and thanks.
func seeded(t *testing.T, dir string) {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "frontline.db"), store.Options{Clock: clock.Real{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	answers, err := db.Answers(t.Context(), requests.AnswerFilter{States: []requests.AnswerState{requests.PublishedAnswer}})
	if err != nil {
		t.Fatal(err)
	}
	stale := 0
	for _, x := range answers {
		if x.ReviewAt.Before(time.Now()) {
			stale++
		}
	}
	if len(answers) != len(knownAnswers()) || stale == 0 || stale == len(answers) {
		t.Errorf("%d answers, of which %d are stale", len(answers), stale)
	}
	register, err := db.Demands(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dealt := map[requests.Handling]int{}
	for _, d := range register {
		dealt[d.Handling]++
	}
	if len(dealt) != 4 {
		t.Errorf("demands are dealt with as %v, want every way", dealt)
	}
	states := map[requests.EscalationState]int{}
	all, err := db.Escalations(t.Context(), requests.EscalationFilter{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	loose := 0
	for _, e := range all {
		if states[e.State]++; e.Loose() {
			loose++
		}
	}
	if len(states) != 4 || loose == 0 {
		t.Errorf("escalations are %v with %d loops to close, want every state", states, loose)
	}
	facts, err := db.Facts(t.Context(), time.Now().AddDate(0, 0, -30), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	by := 0
	for _, f := range facts {
		if f.Confirmed {
			by++
		}
	}
	if by < 40 {
		t.Errorf("%d of %d requests are coded", by, len(facts))
	}
}

// noSecrets looks that Frontline's log has no password of anybody, no topic of a phone and no link that lets people in.
func noSecrets(t *testing.T, dir, said string) {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(dir, "frontline.log"))
	if err != nil {
		t.Fatal(err)
	}
	passwords := regexp.MustCompile(`(?m)@verity\.example\s+(\S+)`).FindAllStringSubmatch(said, -1)
	if len(passwords) != 7 {
		t.Errorf("%d passwords are told, want 7", len(passwords))
	}
	secrets := []string{"verity-karl-", "verity-liis-", "/setup/", "/invite/", "/in/alertmanager/"}
	for _, p := range passwords {
		secrets = append(secrets, p[1])
	}
	for _, s := range secrets {
		if bytes.Contains(log, []byte(s)) {
			t.Errorf("the log has %s", s)
		}
	}
}

// The whole night with a real RabbitMQ and the genuine Alertmanager.
func TestNightWithRabbitMQ(t *testing.T) {
	neighbour.Need(t)
	left := nothingLeft(t)
	said := hear(t)
	o := options(said)
	o.Script, o.Queue, o.Alertmanager = true, "rabbitmq", "genuine"
	if err := Run(t.Context(), o); err != nil {
		t.Fatalf("%v\nThe demo said:\n%s", err, said)
	}
	said.inOrder(t, append([]string{"A RabbitMQ of its own runs"}, story...)...)
	said.inOrder(t, "Prometheus' own Alertmanager sends its alerts")
	left()
}

// Without the script the reader plays. It goes on until it is told to end; then nothing is left, neither processes nor files nor sockets.
func TestEndsWhenTold(t *testing.T) {
	neighbour.Need(t)
	left := nothingLeft(t)
	said := hear(t)
	o := options(said)
	o.Alertmanager, o.Pace = "genuine", ScriptPace()
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, o) }()
	said.until("the decision queue stops")
	text := said.String()
	urls := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindAllString(text, -1)
	files := regexp.MustCompile(`(?m)^  Files +(.+)$`).FindStringSubmatch(text)
	if len(urls) < 2 || files == nil {
		t.Fatalf("it does not say where to click:\n%s", text)
	}
	for _, u := range urls[:2] {
		res, err := http.Get(u)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s answers %s", u, res.Status)
		}
	}
	end()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	left()
	if _, err := os.Stat(files[1]); !os.IsNotExist(err) {
		t.Errorf("%s is still there (%v)", files[1], err)
	}
	for _, u := range urls[:2] {
		if c, err := net.Dial("tcp", strings.TrimPrefix(u, "http://")); err == nil {
			_ = c.Close()
			t.Errorf("somebody still listens at %s", u)
		}
	}
}

// Told to end while it still opens, it ends, wherever it is.
func TestEndsWhileOpening(t *testing.T) {
	neighbour.Need(t)
	left := nothingLeft(t)
	for _, line := range []string{"Looking for RabbitMQ", "A RabbitMQ of its own runs", "Frontline is set up"} {
		said := hear(t)
		o := options(said)
		o.Queue, o.Alertmanager = "auto", "genuine"
		ctx, end := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- Run(ctx, o) }()
		said.until(line)
		end()
		if err := <-ended; err != nil {
			t.Errorf("told to end after %q it says %v", line, err)
		}
		left()
	}
}

// What cannot be opened is said, and nothing is left.
func TestWhatCannotBeOpenedIsSaid(t *testing.T) {
	left := nothingLeft(t)
	taken := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(taken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Options){
		"folder":  func(o *Options) { o.Dir = taken },
		"address": func(o *Options) { o.Company = "192.0.2.1:80" }, // TEST-NET-1 is no address of this machine
	} {
		o := options(hear(t))
		change(&o)
		if err := Run(t.Context(), o); err == nil || errors.Is(err, context.Canceled) {
			t.Errorf("%s: Run = %v, want a reason", name, err)
		}
	}
	left()
}
