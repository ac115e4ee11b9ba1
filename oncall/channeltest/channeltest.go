// Package channeltest is the conformance suite of channels: what every way to reach a person does, whichever provider carries it.
//
// A channel says "sent" only with a receipt, tells what is worth another try from what is not, stops when it is told to, and never lets a
// secret into an error.
package channeltest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"frontline/fault"
	"frontline/oncall"
)

// Mood is how the provider behaves towards the next messages.
type Mood int

// The moods.
const (
	Takes   Mood = iota // takes them
	Limits              // takes no more for now: 429, or 450 in SMTP
	Fails               // has trouble of its own: 500, or 421 in SMTP
	Refuses             // refuses this message for good: 403, or 550 in SMTP. It tells everything it was told, secrets too
	Locks               // refuses our credentials: 401, or 535 in SMTP. It tells everything it was told, secrets too
	Hangs               // takes everything in and never answers
)

// Setup is a channel with its provider, which the test plays.
type Setup struct {
	Channel oncall.Channel
	Address string         // a contact's address at the provider
	Wrong   []string       // addresses that Check must refuse
	Secrets []string       // what no error may hold: tokens, passwords, addresses that are as good as a password
	Behave  func(Mood)     // sets the provider's mood
	Taken   func() []Taken // what it took so far
	Close   func()         // after it nothing listens any more
	Locked  bool           // the provider asks for credentials, so Locks makes sense
	After   time.Duration  // what the provider says with Limits about when to try again; zero when it has no words for it
}

// Taken is a message as the person sees it.
type Taken struct {
	Title string
	Body  string
	Links []string // everything in it that can be opened or pressed
}

// patience is how long the suite waits for what must not hang. It is not a measure of speed.
const patience = 60 * time.Second

// Run checks the channel. start makes a new channel with a new provider that takes messages, and cleans up with t.
func Run(t *testing.T, start func(t *testing.T) Setup) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Setup)
	}{
		{"name and addresses", names},
		{"receipt", receipt},
		{"bare message", bare},
		{"limited", limited},
		{"provider in trouble", inTrouble},
		{"refused for good", refused},
		{"wrong credentials", locked},
		{"nothing listens", unreachable},
		{"deadline", deadline},
		{"cancelled before", cancelledBefore},
		{"cancelled meanwhile", cancelledMeanwhile},
		{"more than fits", large},
		{"every script and no tricks", odd},
		{"at once", atOnce},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, start(t)) })
	}
}

// Page is a message as the pager sends it.
func Page() oncall.Message {
	return oncall.Message{
		Attempt: "0199b1c4-7e1a-7cc3-9d55-3f1c8a2b4d6e",
		Title:   "The decision queue has not moved for 6 minutes",
		Body:    "decision-pipeline at Verity\n1 message is redelivered again and again; 214 decisions wait.",
		Urgency: oncall.High,
		At:      time.Date(2026, 11, 23, 2, 14, 7, 0, time.UTC),
		Link:    "https://frontline.verity.example/p/" + LinkToken,
		Page:    "P-12",
		Buttons: []oncall.Button{
			{Label: "Acknowledge", URL: "https://frontline.verity.example/p/" + LinkToken + "/ack", Post: true},
			{Label: "Open", URL: "https://frontline.verity.example/alerts/A-7"},
		},
	}
}

// LinkToken is in the page's link: whoever has it may acknowledge.
const LinkToken = "ack-8f3kq0zv7m2x9w4c1b5n"

func names(t *testing.T, s Setup) {
	if n := s.Channel.Name(); n == "" || n != strings.ToLower(n) || strings.ContainsAny(n, " \t\n") {
		t.Errorf("name %q: a contact writes it, so it is one word in lower case", n)
	}
	if err := s.Channel.Check(s.Address); err != nil {
		t.Errorf("address %q is refused: %v", s.Address, err)
	}
	if len(s.Wrong) == 0 {
		t.Error("the suite needs addresses that must be refused")
	}
	for _, wrong := range append(s.Wrong, "", " ", s.Address+"\r\nBcc: everyone@verity.example", "\x00") {
		err := s.Channel.Check(wrong)
		if !fault.Is(err, fault.Invalid) || !finished(fault.Sentence(err)) {
			t.Errorf("address %q: %v, want a fault of kind Invalid that says what would be right", wrong, err)
		}
		if _, err := s.Channel.Send(t.Context(), wrong, Page()); err == nil || fault.Again(err) {
			t.Errorf("sending to %q: %v, want a final fault", wrong, err)
		}
	}
	if got := s.Taken(); len(got) > 0 {
		t.Errorf("something was sent to a wrong address: %+v", got)
	}
}

func receipt(t *testing.T, s Setup) {
	m := Page()
	r, err := s.Channel.Send(t.Context(), s.Address, m)
	if err != nil {
		t.Fatal(err)
	}
	if r.Detail == "" {
		t.Errorf("receipt %+v does not say what the provider answered", r)
	}
	mute(t, s, r.ID+r.Detail)
	got := one(t, s)
	if !strings.Contains(got.Title, m.Title) || !strings.Contains(got.Title+got.Body, m.Page) {
		t.Errorf("the title %q or the page %s is missing in %+v", m.Title, m.Page, got)
	}
	for l := range strings.SplitSeq(m.Body, "\n") {
		if !strings.Contains(got.Body, l) {
			t.Errorf("the line %q is missing in %q", l, got.Body)
		}
	}
	if !strings.Contains(got.Body, "2026-11-23 02:14 UTC") {
		t.Errorf("when it began is missing in %q", got.Body)
	}
	for _, want := range []string{m.Link, m.Buttons[1].URL} {
		if !strings.Contains(strings.Join(got.Links, "\n"), want) {
			t.Errorf("the link %s is missing in %q", want, got.Links)
		}
	}
}

func bare(t *testing.T, s Setup) {
	if _, err := s.Channel.Send(t.Context(), s.Address, oncall.Message{Attempt: "a", Title: "A test", Urgency: oncall.Low}); err != nil {
		t.Fatal(err)
	}
	if got := one(t, s); !strings.Contains(got.Title, "A test") || strings.Contains(got.Body, "0001-01-01") {
		t.Errorf("a message with only a title became %+v", got)
	}
}

func limited(t *testing.T, s Setup) {
	err := failing(t, s, Limits, true)
	if e, ok := errors.AsType[*fault.Error](err); !ok || e.After != s.After {
		t.Errorf("the provider said %s, the fault says otherwise: %+v", s.After, err)
	}
	s.Behave(Takes)
	if _, err := s.Channel.Send(t.Context(), s.Address, Page()); err != nil {
		t.Errorf("after the limit: %v", err)
	}
	one(t, s)
}

func inTrouble(t *testing.T, s Setup) { failing(t, s, Fails, true) }

func refused(t *testing.T, s Setup) { failing(t, s, Refuses, false) }

func locked(t *testing.T, s Setup) {
	if s.Locked {
		failing(t, s, Locks, false)
	}
}

// failing sends in a bad mood and returns the error. again says whether it must be worth another try.
func failing(t *testing.T, s Setup, mood Mood, again bool) error {
	t.Helper()
	s.Behave(mood)
	r, err := s.Channel.Send(t.Context(), s.Address, Page())
	wantFault(t, s, r, err, again)
	return err
}

func wantFault(t *testing.T, s Setup, r oncall.Receipt, err error, again bool) {
	t.Helper()
	if err == nil || r != (oncall.Receipt{}) {
		t.Fatalf("receipt %+v and error %v, want an error alone", r, err)
	}
	if fault.Again(err) != again {
		t.Errorf("worth another try: %t, want %t: %v", fault.Again(err), again, err)
	}
	if _, ok := errors.AsType[*fault.Error](err); !ok || !finished(fault.Sentence(err)) {
		t.Errorf("no sentence for people: %q", fault.Sentence(err))
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		mute(t, s, fmt.Sprintf("%s %+v %#v", e, e, e))
	}
}

// mute fails when text holds a secret.
func mute(t *testing.T, s Setup, text string) {
	t.Helper()
	for _, secret := range append(s.Secrets, LinkToken) {
		if strings.Contains(text, secret) {
			t.Errorf("the secret %q is in %q", secret, text)
		}
	}
}

func unreachable(t *testing.T, s Setup) {
	s.Close()
	r, err := s.Channel.Send(t.Context(), s.Address, Page())
	wantFault(t, s, r, err, true)
}

func deadline(t *testing.T, s Setup) {
	s.Behave(Hangs)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	r, err := within(t, func() (oncall.Receipt, error) { return s.Channel.Send(ctx, s.Address, Page()) })
	wantFault(t, s, r, err, true)
}

func cancelledBefore(t *testing.T, s Setup) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := s.Channel.Send(ctx, s.Address, Page())
	wantFault(t, s, r, err, true)
	if got := s.Taken(); len(got) > 0 {
		t.Errorf("sent although cancelled: %+v", got)
	}
}

func cancelledMeanwhile(t *testing.T, s Setup) {
	s.Behave(Hangs)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	r, err := within(t, func() (oncall.Receipt, error) { return s.Channel.Send(ctx, s.Address, Page()) })
	wantFault(t, s, r, err, true)
}

// within fails when a send does not come back.
func within(t *testing.T, send func() (oncall.Receipt, error)) (oncall.Receipt, error) {
	t.Helper()
	type result struct {
		r   oncall.Receipt
		err error
	}
	done := make(chan result, 1)
	go func() {
		r, err := send()
		done <- result{r, err}
	}()
	select {
	case x := <-done:
		return x.r, x.err
	case <-time.After(patience):
		t.Fatal("the channel does not stop when it is told to")
		return oncall.Receipt{}, nil
	}
}

// large is a page that grew beyond what a provider takes: what fits is sent.
func large(t *testing.T, s Setup) {
	m := Page()
	m.Title = strings.Repeat("Otsustusjärjekord seisab. ", 400)
	m.Body = strings.Repeat("\"Tõrge\" \\ & <viga>\n", 5000)
	for i := range 9 {
		m.Buttons = append(m.Buttons, oncall.Button{Label: strings.Repeat("Ava ", 100), URL: fmt.Sprintf("https://frontline.verity.example/alerts/A-%d", i)})
	}
	if _, err := s.Channel.Send(t.Context(), s.Address, m); err != nil {
		t.Fatal(err)
	}
	got := one(t, s)
	if !strings.Contains(got.Title, "Otsustusjärjekord seisab.") || !strings.Contains(got.Body, "\"Tõrge\" \\ & <viga>") {
		t.Errorf("neither title nor body came through: %.200q, %.200q", got.Title, got.Body)
	}
	if !strings.Contains(strings.Join(got.Links, "\n"), m.Link) {
		t.Errorf("the link is missing in %q", got.Links)
	}
	if !utf8.ValidString(got.Title) || !utf8.ValidString(got.Body) {
		t.Error("cut in the middle of a character")
	}
}

// odd is what arrives when monitoring systems write titles: every script, and bytes that end headers elsewhere.
func odd(t *testing.T, s Setup) {
	m := Page()
	m.Title = "Vead 📈 مرحبا 検証\r\nBcc: everyone@verity.example\x00\x1b[2J"
	m.Body = "«Arco Móvil»: 12 / 350\x00\r\n.\r\nQUIT\r\n<script>alert(1)</script>"
	m.Page = "P-1\r\nX-Injected: yes"
	if _, err := s.Channel.Send(t.Context(), s.Address, m); err != nil {
		t.Fatal(err)
	}
	got := one(t, s)
	if !strings.Contains(got.Title, "Vead 📈 مرحبا 検証") || strings.ContainsAny(got.Title, "\r\n\x00\x1b") {
		t.Errorf("the title became %q", got.Title)
	}
	for _, want := range []string{"«Arco Móvil»: 12 / 350", "<script>alert(1)</script>"} {
		if !strings.Contains(got.Body, want) {
			t.Errorf("the body lost %q: %q", want, got.Body)
		}
	}
	if strings.ContainsAny(got.Body, "\x00\x1b") {
		t.Errorf("control characters came through: %q", got.Body)
	}
}

func atOnce(t *testing.T, s Setup) {
	const n = 12
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			m := Page()
			m.Attempt, m.Title = fmt.Sprintf("attempt-%02d", i), fmt.Sprintf("message number %02d", i)
			if _, err := s.Channel.Send(t.Context(), s.Address, m); err != nil {
				t.Errorf("message %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	all := ""
	for _, m := range s.Taken() {
		all += m.Title + "\n"
	}
	for i := range n {
		if title := fmt.Sprintf("message number %02d", i); strings.Count(all, title) != 1 {
			t.Errorf("%q came %d times", title, strings.Count(all, title))
		}
	}
}

func one(t *testing.T, s Setup) Taken {
	t.Helper()
	got := s.Taken()
	if len(got) != 1 {
		t.Fatalf("the provider took %d messages, want 1: %+v", len(got), got)
	}
	return got[0]
}

// finished says whether s is a sentence that ends.
func finished(s string) bool { return len(s) > 20 && strings.HasSuffix(strings.TrimSpace(s), ".") }
