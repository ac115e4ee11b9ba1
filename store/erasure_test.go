package store

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"frontline/clock"
	"frontline/desk"
	"frontline/fault"
	"frontline/insight"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
	"frontline/privacy"
)

// bureau is a front desk that can erase people.
type bureau struct {
	*frontdesk
	privacy *privacy.Service
}

func newBureau(t *testing.T, db *DB, c *clock.Moved) *bureau {
	b := &bureau{frontdesk: newFrontdesk(t, db, c)}
	b.privacy = &privacy.Service{DB: db, Copies: db, Now: db.Now, Forget: b.Service.Forget}
	var err error
	b.jobs, err = job.NewRunner(db, c, slog.New(slog.DiscardHandler), append(b.Handlers(), b.privacy.Handlers()...)...)
	b.must(err)
	return b
}

// eachBureau also tells where the database is.
func eachBureau(t *testing.T, f func(t *testing.T, b *bureau, address string)) {
	for name, address := range databases {
		t.Run(name, func(t *testing.T) {
			c, where := clock.NewMoved(start), address(t)
			f(t, newBureau(t, openTest(t, where, c), c), where)
		})
	}
}

// admin is Marika, who has typed her password just now.
func (b *bureau) admin() people.Actor {
	a := b.actor("marika")
	a.ConfirmedAt = b.clock.Now()
	return a
}

func (b *bureau) erase(whom string) privacy.Erasure {
	b.t.Helper()
	e, err := b.privacy.Erase(b.t.Context(), b.admin(), privacy.Order{Whom: whom, Confirm: whom})
	b.must(err)
	b.work()
	e, err = b.privacy.Erasure(b.t.Context(), b.admin(), e.Name())
	b.must(err)
	if e.State != privacy.Ended {
		b.t.Fatalf("the erasure has not ended: %+v", e)
	}
	return e
}

// reports are all that insight says, as CSV and as JSON.
func (b *bureau) reports() string {
	b.t.Helper()
	all, err := b.figures().Overview(b.t.Context(), b.actor("marika"), insight.Asked{From: b.clock.Now().Add(-60 * 24 * time.Hour)})
	b.must(err)
	var out bytes.Buffer
	for _, r := range all {
		b.must(r.WriteCSV(&out))
		b.must(r.WriteJSON(&out))
	}
	if len(all) != len(insight.Questions()) {
		b.t.Fatalf("%d reports", len(all))
	}
	return out.String()
}

// wrote is somebody's mail with words that nobody else uses, and a file.
func (b *bureau) wrote(n int, address, name, word string, thread ...string) desk.Request {
	b.t.Helper()
	r, _, err := b.Receive(b.t.Context(), people.Actor{Kind: people.BySource, ID: "mail", Via: "mail"}, desk.Incoming{Team: "frontline", Title: fmt.Sprintf("The %s is late %d", word, n),
		Body: fmt.Sprintf("Our %s waits since %d:40. Regards, %s", word, n%24, name), Cut: "> " + name + " wrote", Fields: nil,
		Files:   []desk.File{{Name: word + ".txt", Body: []byte("A log with a " + word + " of " + address)}},
		Arrival: desk.Arrival{Channel: "mail", Ref: fmt.Sprintf("<%s-%d@mail>", word, n), Thread: thread, From: desk.Party{Address: address, Name: name}}})
	b.must(err)
	return r
}

// busy is three weeks of a desk: twelve people ask, things are answered, declined, duplicated, escalated, coded and left open.
func (b *bureau) busy() {
	b.t.Helper()
	ctx, liis := b.t.Context(), b.actor("liis")
	hooks, err := b.NewDemand(ctx, liis, desk.DemandDraft{Title: "Webhooks late"})
	b.must(err)
	reviews, err := b.NewDemand(ctx, liis, desk.DemandDraft{Title: "Sessions stay in review"})
	b.must(err)
	var first desk.Request
	for n := range 96 {
		b.clock.Move(5 * time.Hour)
		r := b.from(n)
		end := &desk.Ending{Outcome: desk.Answered, Size: desk.Sizes()[n%4], Coding: desk.Coding{Codes: []desk.Code{{Demand: hooks.ID}}}}
		if n%3 == 0 {
			end.Coding.Codes = []desk.Code{{Demand: hooks.ID, Share: 30}, {Demand: reviews.ID, Share: 70}}
		}
		b.must(b.Touch(ctx, liis, r.ID, false, 30+n))
		b.clock.Move(time.Duration(n) * time.Minute)
		switch n % 8 {
		case 0:
			first = r
			_, err = b.WaitFor(ctx, liis, r.ID, desk.Developers)
		case 1:
			_, err = b.DuplicateOf(ctx, liis, r.ID, first.ID)
		case 2: // left open
		case 3:
			end.Outcome = desk.Fixed
			_, err = b.Close(ctx, liis, r.ID, *end)
		default:
			_, err = b.Reply(ctx, liis, r.ID, desk.Words{Body: "Hello, it is repaired since noon.", Then: desk.Then{Close: end}})
		}
		b.must(err)
	}
	b.work()
}

// from is the n-th question: every sixth is Kaisa's, every sixth Tõnis', the others are ten more people's.
func (b *bureau) from(n int) desk.Request {
	switch {
	case n%6 == 0:
		return b.wrote(n, "kaisa.roosileht@nordpank.example", "Kaisa Roosileht", "zebrafish")
	case n%6 == 1:
		return b.asked("tonis", "webhooks", fmt.Sprintf("The wolverine is late %d", n), "No wolverine since noon.", map[string]any{"customer": "nordpank", "since": "wolverine o'clock"})
	}
	return b.wrote(n, fmt.Sprintf("ops%d@lumo.example", n%10), "Ops of Lumo", "endpoint")
}

// named leaves Kaisa's words and name in every corner of the desk that is not hers.
func (b *bureau) named() {
	b.t.Helper()
	ctx, liis := b.t.Context(), b.actor("liis")
	other := b.wrote(200, "boss@nordpank.example", "The boss", "endpoint")
	more := b.wrote(201, "Kaisa.Roosileht@nordpank.example", "Kaisa Roosileht", "zebrafish", fmt.Sprintf("<endpoint-%d@mail>", 200))
	if more.ID != other.ID {
		b.t.Fatalf("her answer became %s", more.Name())
	}
	_, err := b.WriteNote(ctx, liis, other.ID, desk.Words{Body: "I called KAISA ROOSILEHT, see kaisa.roosileht@nordpank.example."})
	b.must(err)
	b.must(b.SaveDraft(ctx, liis, other.ID, desk.Reply, "Dear Kaisa Roosileht,", 1))
	own := b.wrote(202, "kaisa.roosileht@nordpank.example", "Kaisa Roosileht", "zebrafish")
	b.must(b.SaveDraft(ctx, liis, own.ID, desk.Reply, "The zebrafish swims", 1))
	b.mu.Lock()
	b.fail = fault.New(fault.Unavailable, "kaisa.roosileht@nordpank.example is busy. Try again.")
	b.mu.Unlock()
	_, err = b.Reply(ctx, liis, own.ID, desk.Words{Body: "The zebrafish swims again, Kaisa.", Files: []desk.File{{Name: "zebrafish.png", Body: []byte("zebrafish")}}, Then: desk.Then{Close: &desk.Ending{Outcome: desk.Answered}}})
	b.must(err)
	b.work()
	b.mu.Lock()
	b.fail = nil
	b.mu.Unlock()
	_, err = b.AnswerFrom(ctx, liis, own.ID)
	b.must(err)
	b.must(b.db.write(ctx, func(t *tx) error {
		_, err := t.exec(ctx, `INSERT INTO action_version (action, version, body, first_at) VALUES ('resend', '1', '{}', 1)`)
		if err == nil {
			_, err = t.exec(ctx, `INSERT INTO run (id, action, version, inputs, reason, salt, for_kind, for_id, state, lane, plan, plan_hash, planned_by, planned_at, ended_at, saved, counts, own)
				VALUES ('run-1', 'resend', '1', '{"who":"zebrafish"}', 'zebrafish', 'salt', 'request', $1, 'succeeded', '', '{"summary":"Resend the zebrafish"}', 'hash', '{}', 1, 2, 60, TRUE, 90)`, own.ID)
		}
		if err == nil {
			_, err = t.exec(ctx, `INSERT INTO run_output (run, last, first, body) VALUES ('run-1', 1, 1, 'the zebrafish was sent')`)
		}
		return err
	}))
	b.followed()
	b.find("liis", "zebrafish") // what is known by heart knows her words now
}

// Two people are erased, one outside and one who has left: every report says the same to the last digit, nothing of theirs is found, read or left in the
// files, the journal still verifies, and the receipt names nobody.
func TestErasedPeopleLeaveTheirFigures(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau, address string) {
		b.busy()
		b.named()
		b.join("tonis", good)
		b.in("tonis.kask@verity.example", good, home)
		b.must(b.SaveDraft(t.Context(), b.actor("tonis"), "R-3", desk.Question, "What of my wolverine?", 1))
		b.apply(strings.Replace(deskOfVerity, "  - {id: tonis, name: Tõnis Kask, email: tonis.kask@verity.example, role: member}\n", "", 1))
		b.followed()
		before := b.reports()

		w, n, err := b.privacy.Preview(t.Context(), b.admin(), "Kaisa.Roosileht@nordpank.example ")
		b.must(err)
		if w.Person != "" || n.Requests != 17 || n.Files != 19 || n.Runs != 1 || n.Answers != 1 || n.Drafts != 1 {
			t.Errorf("the preview says %+v of %+v", n, w)
		}
		e := b.erase("kaisa.roosileht@nordpank.example")
		if e.Counts.Requests != n.Requests || e.Counts.Messages != n.Messages || e.Counts.Files != n.Files || e.Counts.Runs != n.Runs || e.Counts.Mentions < 3 {
			t.Errorf("the receipt says %+v, the preview %+v", e.Counts, n)
		}
		if again := b.reports(); again != before {
			t.Errorf("a report changed: %s", firstDifference(before, again))
		}
		b.erase("tonis")
		if again := b.reports(); again != before {
			t.Errorf("a report changed: %s", firstDifference(before, again))
		}
		b.followed()
		b.finds("liis", "zebrafish", "")
		b.finds("liis", "wolverine", "")
		r, err := b.Conversation(t.Context(), b.actor("liis"), "R-1")
		b.must(err)
		if r.Request.Title != desk.ErasedTitle || !r.Request.Wordless() || len(r.Messages) == 0 || r.Messages[0].Text.Body != "" || r.Parties[r.Request.Asker].Shown() != "somebody who was erased" {
			t.Errorf("what is left of R-1: %+v", r)
		}
		if broken, err := b.db.VerifyJournal(t.Context()); err != nil || broken != 0 {
			t.Errorf("the journal does not verify: entry %d, %v", broken, err)
		}
		if _, err := b.privacy.Erase(t.Context(), b.admin(), privacy.Order{Whom: "kaisa.roosileht@nordpank.example", Confirm: "kaisa.roosileht@nordpank.example"}); !fault.Is(err, fault.Invalid) {
			t.Errorf("somebody who was erased is still known: %v", err)
		}
		nowhere(t, allBytes(t, b.db, address), "zebrafish", "kaisa", "roosileht", "wolverine", "tõnis", "tonis.kask", "Kask")
	})
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("line %d was %.200q, is %.200q", i, x[i], y[i])
		}
	}
	return fmt.Sprintf("%d lines were, %d are", len(x), len(y))
}

// A server that is killed between two batches goes on where it was, and counts nothing twice.
func TestErasureGoesOnAfterACrash(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau, address string) {
		for n := range 35 {
			b.wrote(n, "kaisa.roosileht@nordpank.example", "Kaisa Roosileht", "zebrafish")
		}
		b.followed()
		const whom = "kaisa.roosileht@nordpank.example"
		e, err := b.privacy.Erase(t.Context(), b.admin(), privacy.Order{Whom: whom, Confirm: whom})
		b.must(err)
		for range 2 {
			more, err := b.db.StepErasure(t.Context(), e.ID, nil)
			if b.must(err); !more {
				t.Fatal("35 requests are more than two batches")
			}
		}
		half, err := b.db.Erasure(t.Context(), e.ID)
		if b.must(err); half.Counts.Requests != 20 || half.State != privacy.Running {
			t.Errorf("after two batches: %+v", half)
		}
		b.must(b.db.Close())

		again := newBureau(t, openTest(t, address, b.clock), b.clock)
		again.work()
		whole, err := again.db.Erasure(t.Context(), e.ID)
		if again.must(err); whole.State != privacy.Ended || whole.Counts.Requests != 35 || whole.Counts.Messages != 35 || whole.Counts.Files != 35 {
			t.Errorf("at the end: %+v", whole)
		}
		nowhere(t, allBytes(t, again.db, address), "zebrafish", "kaisa", "roosileht")
	})
}

// Who may erase, and what it takes; somebody who still works here keeps their name and may go on.
func TestEraseIsGuarded(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau, _ string) {
		ctx := t.Context()
		b.asked("wanjiru", "question", "Where is the wolverine?", "It is gone.", nil)
		order := privacy.Order{Whom: "wanjiru", Confirm: "wanjiru"}
		_, err := b.privacy.Erase(ctx, b.actor("karl"), order)
		b.want(err, fault.Forbidden)
		_, _, err = b.privacy.Preview(ctx, b.actor("karl"), "wanjiru")
		b.want(err, fault.Forbidden)
		_, err = b.privacy.Erase(ctx, b.actor("marika"), order)
		b.wantField(err, people.ConfirmField)
		_, err = b.privacy.Erase(ctx, b.admin(), privacy.Order{Whom: "wanjiru", Confirm: "liis"})
		b.wantField(err, "again")
		_, err = b.privacy.Erase(ctx, b.admin(), privacy.Order{Whom: "nobody@nowhere.example", Confirm: "nobody@nowhere.example"})
		b.wantField(err, "whom")
		w, n, err := b.privacy.Preview(ctx, b.admin(), "WANJIRU.Kamau@verity.example")
		if b.must(err); !w.Here || w.Person != "wanjiru" || n.Requests != 1 || n.Messages != 1 {
			t.Errorf("%+v %+v", w, n)
		}
		e := b.erase("wanjiru")
		if e.Leaves || e.Counts.Requests != 1 {
			t.Errorf("%+v", e)
		}
		r := b.asked("wanjiru", "question", "Where is the quokka?", "It is gone too.", nil)
		c, err := b.Conversation(ctx, b.actor("wanjiru"), r.ID)
		if b.must(err); c.Parties[r.Asker].Shown() != "Wanjiru Kamau" {
			t.Errorf("she still works here, and is %q", c.Parties[r.Asker].Shown())
		}
	})
}

// Words of closed requests go when their type has kept them long enough, unless somebody holds them; they come again when somebody writes again.
func TestWordsAreKeptAsLongAsTheTypeSays(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau, address string) {
		b.apply(strings.Replace(deskOfVerity, "title: A question, team: frontline}", "title: A question, team: frontline, keep: 720h}", 1))
		ctx, liis := t.Context(), b.actor("liis")
		closed := func(kind, word string) desk.Request {
			var fields map[string]any
			if kind == "webhooks" {
				fields = map[string]any{"customer": "nordpank", "since": word}
			}
			r := b.asked("wanjiru", kind, "The "+word, "About the "+word+".", fields)
			r, err := b.Close(ctx, liis, r.ID, desk.Ending{Outcome: desk.Answered})
			b.must(err)
			return r
		}
		old, held, other := closed("question", "zebrafish"), closed("question", "quokka"), closed("webhooks", "wolverine")
		_, err := b.HoldWords(ctx, b.actor("liis"), held.ID, "A court wants it.")
		b.want(err, fault.Forbidden)
		_, err = b.HoldWords(ctx, b.actor("marika"), held.ID, "A court wants it.")
		b.must(err)
		_, _, err = b.Receive(ctx, people.Actor{Kind: people.BySource, ID: "mail"}, desk.Incoming{Type: "question", Formless: true, Title: "The numbat", Body: "A numbat.",
			Arrival: desk.Arrival{Channel: "mail", Ref: "<numbat@x>", From: desk.Party{Address: "numbat@lumo.example", Name: "N."}}})
		b.must(err)
		_, err = b.Close(ctx, liis, "R-4", desk.Ending{Outcome: desk.Answered})
		b.must(err)
		b.clock.Move(20 * 24 * time.Hour)
		young := closed("question", "okapi")
		open := b.asked("wanjiru", "question", "The tapir", "About the tapir.", nil)
		b.clock.Move(11 * 24 * time.Hour)
		b.followed()
		before := b.reports()

		forget := desk.Retention{Memory: b.db, Book: b.Book, Now: b.db.Now, Forget: b.Service.Forget}
		b.must(forget.Run(ctx, desk.ForgetWordsArgs{}))
		b.must(forget.Run(ctx, desk.ForgetWordsArgs{}))
		b.followed()
		if again := b.reports(); again != before {
			t.Errorf("a report changed: %s", firstDifference(before, again))
		}
		for _, x := range []struct {
			desk.Request
			gone bool
		}{{old, true}, {held, false}, {other, false}, {young, false}, {open, false}} {
			if r := b.now(x.Request); r.Wordless() != x.gone || (r.Title == desk.ErasedTitle) != x.gone || x.gone && r.Erased.Kept != 720*time.Hour {
				t.Errorf("%s: %+v", x.Name(), r.Erased)
			}
		}
		if verbs := b.said(old); verbs["request.text_removed"] != 1 {
			t.Errorf("the journal says %v", verbs)
		}
		b.finds("liis", "zebrafish", "")
		b.finds("liis", "okapi", young.Name())

		_, err = b.ReleaseWords(ctx, b.actor("marika"), held.ID)
		b.must(err)
		_, err = b.Reopen(ctx, liis, old.ID)
		b.must(err)
		_, err = b.WriteNote(ctx, liis, old.ID, desk.Words{Body: "The zebrafish is back."})
		b.must(err)
		_, err = b.Close(ctx, liis, old.ID, desk.Ending{Outcome: desk.Answered})
		b.must(err)
		b.must(forget.Run(ctx, desk.ForgetWordsArgs{}))
		if b.now(old).Wordless() || !b.now(held).Wordless() {
			t.Errorf("new words %+v, released %+v", b.now(old).Erased, b.now(held).Erased)
		}
		b.clock.Move(31 * 24 * time.Hour)
		b.must(forget.Run(ctx, desk.ForgetWordsArgs{}))
		b.followed()
		if broken, err := b.db.VerifyJournal(ctx); err != nil || broken != 0 {
			t.Errorf("the journal does not verify: entry %d, %v", broken, err)
		}
		nowhere(t, allBytes(t, b.db, address), "zebrafish", "quokka", "okapi", "numbat", "court")
	})
}

// said counts the verbs of a request's journal.
func (b *bureau) said(r desk.Request) map[string]int {
	b.t.Helper()
	entries, err := b.db.JournalOf(b.t.Context(), []journal.Subject{r.Subject()}, 100)
	b.must(err)
	out := map[string]int{}
	for _, e := range entries {
		out[e.Verb]++
	}
	return out
}
