package email

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"frontline/clock"
	"frontline/e2e/neighbour"
	"frontline/fault"
	"frontline/secret"
)

func TestMain(m *testing.M) { neighbour.Main(m) }

// hall is a desk that mails come to.
type hall struct {
	mu    sync.Mutex
	got   []string // what was taken, each with the addresses that it came to
	fail  map[string]error
	comes chan struct{}
}

func (h *hall) take(_ context.Context, to []string, raw []byte) error {
	a := Read(raw)
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.fail[a.Subject]; err != nil {
		return err
	}
	h.got = append(h.got, a.Subject+" to "+strings.Join(to, " "))
	select {
	case h.comes <- struct{}{}:
	default:
	}
	return nil
}

func (h *hall) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.got)
}

func (h *hall) failing(subject string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fail[subject] = err
}

// until waits for something that another process brings about; pauses between tries pass at once when there is a clock to move.
func until(t *testing.T, c *clock.Moved, what string, ok func() bool) {
	t.Helper()
	limited, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	every := time.NewTicker(50 * time.Millisecond)
	defer every.Stop()
	for !ok() {
		select {
		case <-every.C:
			if c != nil {
				c.Move(time.Second)
			}
		case <-limited.Done():
			t.Fatalf("in 90 s this did not come: %s", what)
		}
	}
}

// read reads a mailbox until the test ends.
func read(t *testing.T, d *neighbour.Dovecot, h *hall, kind TLS) (*Mailbox, *clock.Moved) {
	t.Helper()
	port, c := d.Port, clock.NewMoved(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC))
	if kind == Implicit {
		port = d.TLSPort
	}
	m := &Mailbox{Settings: MailboxSettings{Host: d.Host, Port: port, TLS: kind, User: d.User, Password: secret.New(d.Password), Roots: d.CA}, Take: h.take,
		Addresses: func(context.Context) ([]string, error) { return []string{"support@verity.example"}, nil }, Clock: c, Log: slog.New(slog.DiscardHandler)}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); m.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	return m, c
}

func mailOf(n int, subject, to string) []string {
	return []string{"From: Kaisa Org <kaisa@nordpank.example>", "To: " + to, "Subject: " + subject, fmt.Sprintf("Message-ID: <%d@nordpank.example>", n), "", "Our agents see pending for everybody."}
}

// Mail that is there is taken and moved, new mail is taken as it comes, what cannot be taken now stays and comes again, and what can never be taken
// lies in a folder of its own. While the server is down nothing is lost, and somebody is told.
func TestMailboxOnDovecot(t *testing.T) {
	d := neighbour.OpenDovecot(t)
	h := &hall{fail: map[string]error{}, comes: make(chan struct{}, 1)}
	h.failing("Poison", fault.New(fault.Invalid, "This mail is not understood."))
	d.Deliver(mailOf(1, "No webhooks", "Support <Support@Verity.example>")...)
	d.Deliver(mailOf(2, "Poison", "support@verity.example")...)
	d.Deliver(append([]string{"Delivered-To: support@verity.example"}, mailOf(3, "Hidden copy", "undisclosed-recipients:;")...)...)
	m, c := read(t, d, h, StartTLS)
	until(t, c, "an empty inbox", func() bool { return d.Mails("") == 0 && m.Last().Taken == 3 })
	if got, want := h.all(), []string{"No webhooks to support@verity.example", "Hidden copy to support@verity.example"}; !slices.Equal(got, want) {
		t.Errorf("taken %q, want %q", got, want)
	}
	if done, refused := d.Mails("Frontline"), d.Mails("Frontline refused"); done != 2 || refused != 1 {
		t.Errorf("%d lie in Frontline and %d in Frontline refused, want 2 and 1", done, refused)
	}
	if last := m.Last(); last.Failed != nil || last.At.IsZero() {
		t.Errorf("the last look: %+v", last)
	}

	d.Deliver(mailOf(4, "While it looks", "support@verity.example")...) // IDLE tells of it: nobody waits for the next minute's look
	until(t, nil, "the mail that came meanwhile", func() bool { return len(h.all()) == 3 && d.Mails("") == 0 })

	d.Stop()
	until(t, c, "a failure that is told", func() bool { return m.Last().Failed != nil })
	if err := m.Last().Failed; !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Sentence(err), "Mail waits there") || m.Last().Since.IsZero() {
		t.Errorf("told: %v", err)
	}
	d.Deliver(mailOf(5, "While it is down", "support@verity.example")...)
	d.Start()
	until(t, c, "the mail that waited", func() bool { return len(h.all()) == 4 && d.Mails("") == 0 && m.Last().Failed == nil })
}

// A desk that cannot take mail now leaves it where it is, and gets it once it can; also over TLS from the first byte.
func TestMailboxKeepsWhatWasNotTaken(t *testing.T) {
	d := neighbour.OpenDovecot(t)
	h := &hall{fail: map[string]error{}, comes: make(chan struct{}, 1)}
	h.failing("No webhooks", fault.New(fault.Unavailable, "The database is down."))
	d.Deliver(mailOf(1, "No webhooks", "support@verity.example")...)
	m, c := read(t, d, h, Implicit)
	until(t, c, "a failure that is told", func() bool { return m.Last().Failed != nil })
	if d.Mails("") != 1 || len(h.all()) != 0 {
		t.Errorf("%d in the inbox, taken %q", d.Mails(""), h.all())
	}
	h.failing("No webhooks", nil)
	until(t, c, "the mail, once it can be taken", func() bool { return len(h.all()) == 1 && d.Mails("") == 0 })
}

// A wrong password is told as one, and never shown.
func TestMailboxWithAWrongPassword(t *testing.T) {
	d := neighbour.OpenDovecot(t)
	right := d.Password
	d.Password = "not the password at all"
	m, c := read(t, d, &hall{}, StartTLS)
	until(t, c, "a failure that is told", func() bool { return m.Last().Failed != nil })
	say := fault.Sentence(m.Last().Failed)
	if !strings.Contains(say, "does not let support in") || !strings.Contains(say, "FRONTLINE_MAILBOX_PASSWORD") || strings.Contains(m.Last().Failed.Error(), d.Password) || strings.Contains(say, right) {
		t.Errorf("told: %s", say)
	}
}

func TestRecipients(t *testing.T) {
	raw := strings.Join([]string{"To: A <A@b.example>, c@d.example", "Cc: E@f.example", "X-Original-To: g@h.example", "Delivered-To: i@j.example", "", "words"}, "\r\n")
	if got, want := recipients([]byte(raw)), []string{"i@j.example", "g@h.example", "a@b.example", "c@d.example", "e@f.example"}; !slices.Equal(got, want) {
		t.Errorf("recipients %q, want %q", got, want)
	}
	for _, odd := range []string{"", "no header at all", "To: ,,,\r\n\r\n"} {
		if got := recipients([]byte(odd)); len(got) != 0 {
			t.Errorf("recipients(%q) = %q", odd, got)
		}
	}
}
