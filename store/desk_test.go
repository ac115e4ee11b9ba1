package store

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
	"frontline/desk"
	"frontline/fault"
	"frontline/job"
	"frontline/people"
)

const deskOfVerity = `
teams:
  - {id: frontline, name: Technical support}
  - {id: payments, name: Payments}
people:
  - {id: marika, name: Marika Oja, email: marika.oja@verity.example, role: admin}
  - {id: liis, name: Liis Tamm, email: liis.tamm@verity.example, role: support, teams: [frontline]}
  - {id: karl, name: Karl Sepp, email: karl.sepp@verity.example, role: support, teams: [frontline]}
  - {id: wanjiru, name: Wanjiru Kamau, email: wanjiru.kamau@verity.example, role: member}
  - {id: tonis, name: Tõnis Kask, email: tonis.kask@verity.example, role: member}
customers:
  - {id: nordpank, name: Nordpank}
request_types:
  - {id: question, title: A question, team: frontline}
  - {id: salary, title: About my pay, team: payments, visibility: team}
  - id: webhooks
    title: A customer gets no webhooks
    team: frontline
    assign: {how: round_robin}
    inputs:
      - {name: customer, type: customer, required: true}
      - {name: since, type: text}
macros:
  - {id: known, title: We know and work on it, reply: "Hello {asker}, we know, {me}.", wait_for: others, assign: me}
`

// frontdesk is technical support with its channels.
type frontdesk struct {
	*desk.Service
	*firm
	mu    sync.Mutex
	sent  []desk.Letter
	fail  error
	mails postbox
	jobs  *job.Runner
}

func (k *frontdesk) Name() string { return "mail" }

func (k *frontdesk) Send(_ context.Context, l desk.Letter) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fail != nil {
		return "", k.fail
	}
	k.sent = append(k.sent, l)
	return fmt.Sprintf("250 taken %d", len(k.sent)), nil
}

func newFrontdesk(t *testing.T, db *DB, c *clock.Moved) *frontdesk {
	k := &frontdesk{firm: newFirm(t, db, c)}
	k.apply(deskOfVerity)
	k.Service = &desk.Service{DB: db, Now: db.Now, Channels: map[string]desk.Channel{"mail": k},
		Book: func(ctx context.Context) (desk.Directory, error) { return k.conf.Book(ctx) },
		Link: func(r desk.Request) string { return "https://desk.verity.example/requests/" + r.Name() }}
	var err error
	k.jobs, err = job.NewRunner(db, c, slog.New(slog.DiscardHandler), k.Handlers()...)
	k.must(err)
	return k
}

// work does what is due.
func (k *frontdesk) work() {
	k.t.Helper()
	ctx, stop := context.WithCancel(k.t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); k.jobs.Run(ctx) }()
	limited, cancel := context.WithTimeout(k.t.Context(), time.Minute)
	defer cancel()
	k.must(k.jobs.Settle(limited))
	stop()
	<-ended
}

// mailed brings one mail in.
func (k *frontdesk) mailed(ref, from, title, body string, thread ...string) desk.Request {
	k.t.Helper()
	r, _, err := k.Receive(k.t.Context(), people.Actor{Kind: people.BySource, ID: "mail", Via: "mail"}, desk.Incoming{
		Arrival: desk.Arrival{Channel: "mail", Ref: ref, Thread: thread, From: desk.Party{Address: from, Name: "A Customer"}}, Team: "frontline", Title: title, Body: body})
	k.must(err)
	return r
}

// asked is a question on the screen.
func (k *frontdesk) asked(person, kind, title, body string, fields map[string]any) desk.Request {
	k.t.Helper()
	r, fresh, err := k.Ask(k.t.Context(), k.actor(person), desk.Incoming{Arrival: desk.Arrival{Channel: "screen"}, Type: kind, Title: title, Body: body, Fields: fields})
	k.must(err)
	if !fresh {
		k.t.Errorf("%q was known already", title)
	}
	return r
}

func (k *frontdesk) now(r desk.Request) desk.Request {
	k.t.Helper()
	r, err := k.Request(k.t.Context(), people.System("test"), r.ID)
	k.must(err)
	return r
}

func eachFrontdesk(t *testing.T, f func(t *testing.T, k *frontdesk)) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) { f(t, newFrontdesk(t, db, c)) })
}

// A mail that comes twice is one message; an answer to it is more about the same request, and only whoever takes part is believed a number.
func TestOneMailIsOneMessage(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		first := k.mailed("<1@lumo>", "ops@lumo.example", "No webhooks", "Since 10:40 nothing comes.")
		if again := k.mailed("<1@lumo>", "ops@lumo.example", "No webhooks", "Since 10:40 nothing comes."); again.ID != first.ID || again.Said != 1 {
			t.Errorf("the same mail again: %s with %d messages, want %s with 1", again.Name(), again.Said, first.Name())
		}
		if more := k.mailed("<2@lumo>", "boss@lumo.example", "Re: No webhooks", "Any news?", "<0@x>", "<1@lumo>"); more.ID != first.ID || more.Said != 2 {
			t.Errorf("an answer: %s with %d messages, want %s with 2", more.Name(), more.Said, first.Name())
		}
		named := func(ref, from string) desk.Request {
			r, _, err := k.Receive(t.Context(), people.Actor{Kind: people.BySource, ID: "mail"}, desk.Incoming{Title: "Re", Body: "More.",
				Arrival: desk.Arrival{Channel: "mail", Ref: ref, Number: first.Number, From: desk.Party{Address: from}}})
			k.must(err)
			return r
		}
		if r := named("<3@lumo>", "Boss@Lumo.example "); r.ID != first.ID {
			t.Errorf("somebody who takes part names the number: %s, want %s", r.Name(), first.Name())
		}
		if r := named("<4@evil>", "mallory@evil.example"); r.ID == first.ID {
			t.Error("a stranger got into the conversation by naming its number")
		}
	})
}

// Many replicas that take in the same mail at once make one request of it.
func TestOneMailManyReplicas(t *testing.T) {
	two(t, func(t *testing.T, a, b *DB) {
		c := a.clock.(*clock.Moved)
		k := newFrontdesk(t, a, c)
		l := &desk.Service{DB: b, Book: k.Book, Now: b.Now, Channels: k.Channels, Link: k.Link}
		var wg sync.WaitGroup
		ids, fresh := make([]string, 16), make([]bool, 16)
		for i := range ids {
			wg.Go(func() {
				s := []*desk.Service{k.Service, l}[i%2]
				r, first, err := s.Receive(t.Context(), people.Actor{Kind: people.BySource, ID: "mail"}, desk.Incoming{Title: "No webhooks", Body: "Since 10:40.",
					Arrival: desk.Arrival{Channel: "mail", Ref: "<1@lumo>", From: desk.Party{Address: "ops@lumo.example"}}})
				if err != nil {
					t.Error(err)
				}
				ids[i], fresh[i] = r.ID, first
			})
		}
		wg.Wait()
		news := 0
		for _, f := range fresh {
			if f {
				news++
			}
		}
		if slices.Sort(ids); len(slices.Compact(ids)) != 1 || news != 1 {
			t.Errorf("16 deliveries of one mail made %d requests, %d of them new", len(slices.Compact(ids)), news)
		}
	})
}

// A reply reaches whoever asked on their channel, in their thread, and the ledger keeps the receipt; a note goes nowhere.
func TestReplyGoesBackAndNoteStays(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		ctx, liis := t.Context(), k.actor("liis")
		r := k.mailed("<1@lumo>", "ops@lumo.example", "No webhooks", "Since 10:40 nothing comes.")
		_, err := k.WriteNote(ctx, liis, r.Name(), desk.Words{Body: "Same picture as last week, @karl look."})
		k.must(err)
		k.work()
		if len(k.sent) != 0 {
			t.Fatalf("a note left the desk: %+v", k.sent)
		}
		r, err = k.Reply(ctx, liis, r.ID, desk.Words{Body: "Found it.", Said: 2, Then: desk.Then{WaitFor: desk.Asker}, Files: []desk.File{{Name: "../../log.txt", Body: []byte("line\n")}}})
		k.must(err)
		k.work()
		if r.State != desk.Waiting || r.WaitsFor != desk.Asker || !r.AskedAt.IsZero() || r.FirstReplyAt.IsZero() || !slices.Equal(r.Watchers, []string{"karl"}) {
			t.Errorf("after the reply: %+v", r)
		}
		if len(k.sent) != 1 || k.sent[0].To.Address != "ops@lumo.example" || k.sent[0].Text != "Found it." || !slices.Equal(k.sent[0].Thread, []string{"<1@lumo>"}) ||
			k.sent[0].Author != "Liis Tamm" || len(k.sent[0].Files) != 1 || k.sent[0].Files[0].Name != ".._.._log.txt" || string(k.sent[0].Files[0].Body) != "line\n" {
			t.Errorf("sent: %+v", k.sent)
		}
		c, err := k.Conversation(ctx, liis, r.ID)
		k.must(err)
		if len(c.Messages) != 3 || len(c.Sends) != 1 || c.Sends[0].State != desk.Sent || c.Sends[0].Receipt != "250 taken 1" || c.Parties[r.Asker].Name != "A Customer" {
			t.Errorf("conversation: %+v", c)
		}
		outside, err := k.Conversation(ctx, k.actor("wanjiru"), r.ID)
		k.must(err)
		if len(outside.Messages) != 2 || slices.ContainsFunc(outside.Messages, func(m desk.Message) bool { return m.Kind == desk.Note }) {
			t.Errorf("a member of another team reads the note: %+v", outside.Messages)
		}
	})
}

// What cannot be delivered comes back to us, even when the request was closed with it.
func TestReplyThatDoesNotArrive(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		r := k.mailed("<1@lumo>", "ops@lumo.example", "No webhooks", "Since 10:40.")
		k.fail = fault.New(fault.Invalid, "The mail server does not know ops@lumo.example.")
		_, err := k.Reply(t.Context(), k.actor("liis"), r.ID, desk.Words{Body: "Done.", Then: desk.Then{Close: &desk.Ending{Outcome: desk.Answered}}})
		k.must(err)
		k.work()
		if r = k.now(r); r.State != desk.Open || r.Reopened != 1 {
			t.Errorf("after the failure: %s, reopened %d times, want open, 1", r.State, r.Reopened)
		}
		sends, err := k.DB.Sends(t.Context(), []string{r.ID})
		k.must(err)
		if len(sends) != 1 || sends[0].State != desk.Failed || !strings.Contains(sends[0].Error, "does not know") {
			t.Errorf("ledger: %+v", sends)
		}
	})
}

// Two people who answer at once do not both answer: the second sees what the first said.
func TestTwoAnswersAtOnce(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		r := k.mailed("<1@lumo>", "ops@lumo.example", "No webhooks", "Since 10:40.")
		_, err := k.Reply(t.Context(), k.actor("liis"), r.ID, desk.Words{Body: "I am at it.", Said: r.Said})
		k.must(err)
		if _, err = k.Reply(t.Context(), k.actor("karl"), r.ID, desk.Words{Body: "Me too.", Said: r.Said}); !fault.Is(err, fault.Conflict) {
			t.Errorf("the second answer: %v, want a conflict", err)
		}
		k.must(k.SaveDraft(t.Context(), k.actor("karl"), r.ID, desk.Reply, "Me too.", r.Said))
		c, err := k.Conversation(t.Context(), k.actor("karl"), r.ID)
		k.must(err)
		if c.Draft.Body != "Me too." || c.Draft.Kind != desk.Reply {
			t.Errorf("Karl's draft: %+v", c.Draft)
		}
	})
}

// A duplicate's asker gets the answers too, its later messages are read at the original, and it can be taken back whole.
func TestDuplicateAndBack(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		ctx, liis := t.Context(), k.actor("liis")
		one := k.mailed("<1@lumo>", "ops@lumo.example", "No webhooks", "Since 10:40.")
		other := k.mailed("<1@kivi>", "it@kivi.example", "Webhooks are late", "Very late.")
		_, err := k.DuplicateOf(ctx, liis, other.Name(), one.Name())
		k.must(err)
		_, err = k.Reply(ctx, liis, one.ID, desk.Words{Body: "It works again."})
		k.must(err)
		k.work()
		var to []string
		for _, l := range k.sent {
			to = append(to, l.To.Address+" about "+l.Request.Name())
		}
		if slices.Sort(to); !slices.Equal(to, []string{"it@kivi.example about " + other.Name(), "ops@lumo.example about " + one.Name()}) {
			t.Errorf("sent to %v", to)
		}
		if more := k.mailed("<2@kivi>", "it@kivi.example", "Re: Webhooks", "Not for us.", "<1@kivi>"); more.ID != one.ID || more.AskedAt.IsZero() {
			t.Errorf("the duplicate's asker wrote into %s, asked at %v", more.Name(), more.AskedAt)
		}
		if _, err := k.DuplicateOf(ctx, liis, one.Name(), other.Name()); !fault.Is(err, fault.Invalid) {
			t.Errorf("a duplicate of a duplicate: %v", err)
		}
		back, err := k.NotDuplicate(ctx, liis, other.ID)
		k.must(err)
		if back.State != desk.New || back.Of != "" || back.Outcome != "" {
			t.Errorf("taken back: %+v", back)
		}
		c, err := k.Conversation(ctx, liis, other.ID)
		k.must(err)
		if len(c.Messages) != 2 {
			t.Errorf("its own conversation has %d messages, want its 2", len(c.Messages))
		}
		if c, err = k.Conversation(ctx, liis, one.ID); err != nil || len(c.Messages) != 2 {
			t.Errorf("the original has %d messages, want 2: %v", len(c.Messages), err)
		}
	})
}

// The solution of a problem answers whatever hangs on it, once each.
func TestProblemSolvedForAll(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		ctx, liis := t.Context(), k.actor("liis")
		root := k.asked("karl", "question", "Webhooks stand still", "One broken message holds them.", nil)
		for i := range 3 {
			r := k.mailed(fmt.Sprintf("<%d@c>", i), fmt.Sprintf("ops%d@c.example", i), "No webhooks", "Since 10:40.")
			_, err := k.HangOn(ctx, liis, r.ID, root.Name())
			k.must(err)
		}
		_, err := k.Reply(ctx, liis, root.ID, desk.Words{Body: "All webhooks came.", Then: desk.Then{Close: &desk.Ending{Outcome: desk.ByAction}, All: true}})
		k.must(err)
		k.work()
		k.work()
		c, err := k.Conversation(ctx, liis, root.ID)
		k.must(err)
		if len(c.Hanging) != 3 || len(k.sent) != 4 { // Karl asked on the screen, and reads it by mail too
			t.Fatalf("%d hang on it, %d letters", len(c.Hanging), len(k.sent))
		}
		for _, h := range c.Hanging {
			if h.State != desk.Closed || h.Outcome != desk.ByAction || h.Said != 2 {
				t.Errorf("%s is %s %s with %d messages", h.Name(), h.State, h.Outcome, h.Said)
			}
		}
	})
}

// What only its team and who takes part may read is in nobody else's lists, and is not there for them.
func TestWhoSeesARequest(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		ctx := t.Context()
		secretOne := k.asked("wanjiru", "salary", "My pay", "It is late.", nil)
		k.asked("wanjiru", "question", "Which passports have a chip?", "Kenyan ones.", nil)
		for who, want := range map[string]int{"wanjiru": 2, "tonis": 1, "liis": 1, "marika": 2} {
			got, err := k.Requests(ctx, k.actor(who), desk.Filter{})
			k.must(err)
			if len(got) != want {
				t.Errorf("%s sees %d requests, want %d", who, len(got), want)
			}
			if n, err := k.Count(ctx, k.actor(who), desk.Filter{}); err != nil || n != want {
				t.Errorf("%s counts %d, want %d: %v", who, n, want, err)
			}
			_, err = k.Request(ctx, k.actor(who), secretOne.Name())
			if seen := err == nil; seen != (want == 2) || !seen && !fault.Is(err, fault.NotFound) {
				t.Errorf("%s opens it: %v", who, err)
			}
		}
		if _, err := k.Reply(ctx, k.actor("wanjiru"), secretOne.ID, desk.Words{Body: "Me."}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a member replies: %v", err)
		}
	})
}

// The form is checked, the request is its customer's, and the team's people get such requests in turn.
func TestFormAndRoundRobin(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		_, _, err := k.Ask(t.Context(), k.actor("wanjiru"), desk.Incoming{Arrival: desk.Arrival{Channel: "screen"}, Type: "webhooks", Title: "No webhooks", Body: "None."})
		if f := fault.FieldsOf(err); len(f) != 1 || f[0].Name != "customer" {
			t.Errorf("without a customer: %v", err)
		}
		got := map[string]int{}
		for range 6 {
			k.clock.Move(time.Minute)
			r := k.asked("wanjiru", "webhooks", "No webhooks", "None.", map[string]any{"customer": "nordpank"})
			got[r.Assignee]++
			if r.Customer != "nordpank" || r.State != desk.Open {
				t.Errorf("%+v", r)
			}
		}
		if got["liis"] != 3 || got["karl"] != 3 {
			t.Errorf("in turn: %v", got)
		}
	})
}

// A bulk edit is one press, and one press takes it back where nobody changed the request since.
func TestBulkAndBack(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		ctx, liis := t.Context(), k.actor("liis")
		var refs []string
		for i := range 4 {
			refs = append(refs, k.mailed(fmt.Sprintf("<%d@c>", i), "ops@c.example", "No webhooks", "None.").Name())
		}
		high := desk.High
		did, err := k.Bulk(ctx, liis, append(refs, "R-999"), desk.Deed{Edit: desk.Edit{Priority: &high}, Close: &desk.Ending{Outcome: desk.Done}})
		k.must(err)
		if len(did.Done) != 4 || !fault.Is(did.Not["R-999"], fault.NotFound) {
			t.Fatalf("did %d, not %v", len(did.Done), did.Not)
		}
		_, err = k.Reopen(ctx, k.actor("karl"), refs[0])
		k.must(err)
		back, err := k.TakeBack(ctx, liis, did.Bulk)
		k.must(err)
		if len(back.Done) != 3 || len(back.Not) != 1 {
			t.Errorf("took back %d, not %v", len(back.Done), back.Not)
		}
		for _, r := range back.Done {
			if r.State != desk.New || r.Priority != desk.Normal || r.Outcome != "" || r.AskedAt.IsZero() {
				t.Errorf("taken back: %+v", r)
			}
		}
		if _, err := k.TakeBack(ctx, k.actor("karl"), did.Bulk); !fault.Is(err, fault.NotFound) {
			t.Errorf("somebody else takes it back: %v", err)
		}
	})
}

// A snoozed request is out of sight until its time, or until the asker writes.
func TestSnooze(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		ctx, liis, awake := t.Context(), k.actor("liis"), false
		a := k.mailed("<1@a>", "ops@a.example", "One", "Text.")
		b := k.mailed("<1@b>", "ops@b.example", "Two", "Text.")
		for _, r := range []desk.Request{a, b} {
			_, err := k.Snooze(ctx, liis, r.ID, k.clock.Now().Add(2*time.Hour))
			k.must(err)
		}
		seen := func() int {
			all, err := k.Requests(ctx, liis, desk.Filter{States: []desk.State{desk.New, desk.Open, desk.Waiting}, Asleep: &awake, Order: desk.ByDue})
			k.must(err)
			return len(all)
		}
		if n := seen(); n != 0 {
			t.Errorf("%d in sight, want none", n)
		}
		k.mailed("<2@a>", "ops@a.example", "Re: One", "Hello?", "<1@a>")
		if n := seen(); n != 1 {
			t.Errorf("%d in sight after the asker wrote, want 1", n)
		}
		k.clock.Move(2*time.Hour + time.Second)
		k.work()
		if n := seen(); n != 2 || !k.now(b).SnoozedUntil.IsZero() {
			t.Errorf("%d in sight after its time, want 2", n)
		}
	})
}

// Lists go on where they stopped, in both orders.
func TestRequestLists(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		for i := range 7 {
			k.mailed(fmt.Sprintf("<%d@c>", i), fmt.Sprintf("ops%d@c.example", i%2), "No webhooks", "None.")
		}
		for _, order := range []desk.Order{desk.ByNewest, desk.ByDue} {
			var got []int64
			f := desk.Filter{States: []desk.State{desk.New}, Order: order, Limit: 3}
			for {
				page, err := k.Requests(t.Context(), k.actor("liis"), f)
				k.must(err)
				for _, r := range page {
					got = append(got, r.Number)
					f.After = desk.Place{DueAt: r.DueAt, Number: r.Number}
				}
				if len(page) < 3 {
					break
				}
			}
			want := slices.Sorted(slices.Values(got))
			if order == desk.ByNewest {
				slices.Reverse(want)
			}
			if len(got) != 7 || !slices.Equal(got, want) {
				t.Errorf("by %s: %v", order, got)
			}
		}
		deed, err := k.Macro(t.Context(), k.actor("liis"), "known")
		k.must(err)
		r, err := k.Do(t.Context(), k.actor("liis"), "R-1", deed, "")
		k.must(err)
		k.work()
		if r.Assignee != "liis" || r.WaitsFor != desk.Others || len(k.sent) != 1 || k.sent[0].Text != "Hello A Customer, we know, Liis Tamm." {
			t.Errorf("macro: %+v, %+v", r, k.sent)
		}
		k.must(k.Touch(t.Context(), k.actor("liis"), "R-1", true, 15))
		k.must(k.Touch(t.Context(), k.actor("liis"), "R-1", false, 500))
		c, err := k.Conversation(t.Context(), k.actor("karl"), "R-1")
		k.must(err)
		if len(c.Present) != 1 || c.Present[0].Person != "liis" {
			t.Errorf("present: %+v", c.Present)
		}
	})
}
