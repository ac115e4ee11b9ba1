package store

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"frontline/action"
	"frontline/catalog"
	"frontline/clock"
	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
)

// postal is a book with people who read mail.
type postal struct{ book }

func (postal) People() []people.Person {
	return []people.Person{{ID: "liis", Email: "liis@verity.example", Teams: []string{"support"}}, {ID: "rasmus", Email: "rasmus@verity.example", Teams: []string{"pipeline"}}}
}
func (postal) Service(string) (catalog.Service, bool) {
	return catalog.Service{ID: "decision-pipeline", Team: "pipeline"}, true
}

// letters are mails that were sent, each once for its id.
type letters struct {
	mu   sync.Mutex
	sent map[string]string
}

func (l *letters) Mail(_ context.Context, to, subject, text, id string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent[id] = to + ": " + subject + "\n" + text
	return "250 queued", nil
}

func mornings(d *workplace, c clock.Clock, mail *letters) *action.Mornings {
	tallinn, err := time.LoadLocation("Europe/Tallinn")
	if err != nil {
		panic(err)
	}
	d.Mailer = mail
	d.Runner.Book = func(context.Context) (action.Directory, error) { return postal{d.book}, nil }
	return &action.Mornings{Nights: d.db, Runner: d.Runner, Enqueue: d.db.Enqueue, Zone: tallinn, Clock: c, Log: d.Log,
		Link: func(h action.Handover) string { return "https://frontline.verity.example/handover/" + h.ID() },
		Teams: func(context.Context) ([]people.Team, error) {
			return []people.Team{{ID: "support", Name: "Technical support"}, {ID: "pipeline", Name: "Decision pipeline", Email: "pipeline@verity.example", Hours: &people.Hours{From: "10:00"}}, {ID: "sales", Name: "Sales"}}, nil
		}}
}

// morning lets what is due happen.
func morning(t *testing.T, d *workplace, m *action.Mornings) {
	t.Helper()
	if err := m.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	jobs, err := job.NewRunner(d.db, d.clock, d.Log, append(d.Handlers(), m.Handlers()...)...)
	if err != nil {
		t.Fatal(err)
	}
	d.jobs = jobs
	d.working(t)()
}

// A team's night is told once, when its working day begins, to those who are to read it, with what needs somebody first. A quiet night is
// written down and mailed to nobody.
func TestNightIsHandedOver(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) { // Tuesday, 02:41 in Tallinn
		d := newDesk(t, db, c)
		x := takeMessage()
		x.Services = []string{"decision-pipeline"}
		x.Limits.Keep = 24 * time.Hour
		d.book["shelf/take"] = x
		mail := &letters{sent: map[string]string{}}
		m := mornings(d, c, mail)

		good := d.work(t, d.start(t, d.plan(t, map[string]any{"message": "m1"})))
		d.shelf.do = func(context.Context, action.Call, action.Ledger) (action.Result, error) {
			return action.Result{Unknown: true, Summary: "The shelf fell silent."}, nil
		}
		lost := d.work(t, d.start(t, d.plan(t, map[string]any{"message": "m2"})))
		if good.State != action.Succeeded || lost.State != action.Unknown {
			t.Fatalf("the night's runs are %s and %s", good.State, lost.State)
		}
		d.plan(t, map[string]any{"message": "m3"}) // a plan that nobody started is no news
		morning(t, d, m)
		if all, err := m.List(t.Context(), d.liis, ""); err != nil || len(all) != 0 {
			t.Fatalf("at night there are %d hand-overs, %v", len(all), err)
		}

		c.Move(6*time.Hour + 20*time.Minute) // 09:01
		morning(t, d, m)
		morning(t, d, m)
		if len(mail.sent) != 1 {
			t.Fatalf("mails: %v", mail.sent)
		}
		said := mail.sent["support-2026-11-24/liis@verity.example"]
		for _, want := range []string{"liis@verity.example: Hand-over of the night, Technical support: 2 runs, 1 to look at, 1 in quarantine about to expire", lost.Ref() + "  Take a message off the shelf: unknown\n    Nobody knows what became of it",
			good.Ref(), "/handover/support-2026-11-24"} {
			if !strings.Contains(said, want) {
				t.Errorf("the mail says %q, want %q in it", said, want)
			}
		}
		h, err := m.Show(t.Context(), d.liis, "support-2026-11-24")
		if err != nil || len(h.Runs) != 2 || h.Runs[0].ID != lost.ID || len(h.Expiring) != 1 || !h.Night.Until.Equal(time.Date(2026, 11, 24, 7, 0, 0, 0, time.UTC)) {
			t.Errorf("the hand-over is %+v, %v", h.Handover, err)
		}
		if q, err := m.Show(t.Context(), d.liis, "sales-2026-11-24"); err != nil || !q.Quiet() {
			t.Errorf("the quiet team's hand-over is %+v, %v", q.Handover, err)
		}

		c.Move(time.Hour) // 10:01: the owners of the service begin later
		morning(t, d, m)
		if said := mail.sent["pipeline-2026-11-24/pipeline@verity.example"]; len(mail.sent) != 2 || !strings.Contains(said, lost.Ref()) {
			t.Errorf("mails: %v", mail.sent)
		}

		c.Move(23 * time.Hour) // Wednesday: what is still unknown is told again, what is over is not
		morning(t, d, m)
		if h, err := m.Show(t.Context(), d.liis, "support-2026-11-25"); err != nil || len(h.Runs) != 1 || h.Runs[0].ID != lost.ID {
			t.Errorf("a day later: %+v, %v", h.Handover, err)
		}
		entries, err := db.JournalOf(t.Context(), []journal.Subject{journal.Of("team", "support")}, 10)
		if err != nil || len(entries) != 2 || entries[0].Verb != "handover.written" || fmt.Sprint(entries[0].Facts["runs"]) != "2" {
			t.Errorf("the journal says %+v, %v", entries, err)
		}
		for _, id := range []string{"", "x", "support-2026-01-01", "2026-11-24", "-2026-11-24"} {
			if _, err := m.Show(t.Context(), d.liis, id); !fault.Is(err, fault.NotFound) {
				t.Errorf("the hand-over %q: %v", id, err)
			}
		}
	})
}

// Replicas that wake at once write a hand-over once, and what is not open to somebody is not told to them.
func TestHandoverIsWrittenOnce(t *testing.T) {
	two(t, func(t *testing.T, a, b *DB) {
		h := action.Handover{Team: "support", Night: people.Night{Day: "2026-11-24", From: start, Until: start.Add(time.Hour)}, Runs: []string{"gone"}}
		var wg sync.WaitGroup
		added := make([]bool, 6)
		for i := range added {
			wg.Go(func() {
				var c journal.Consequences
				c.Add(journal.Note(people.System("job"), "handover.written", journal.Of("team", "support"), nil))
				var err error
				if added[i], err = []*DB{a, b}[i%2].AddHandover(t.Context(), h, c); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		n := 0
		for _, x := range added {
			if x {
				n++
			}
		}
		entries, err := a.JournalOf(t.Context(), []journal.Subject{journal.Of("team", "support")}, 10)
		if n != 1 || len(entries) != 1 || err != nil {
			t.Errorf("written %d times, with %d entries, %v", n, len(entries), err)
		}
	})
}
