package store

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"frontline/desk"
	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
	"frontline/rule"
)

// order is what a rule of technical support says about a request.
func order(key string, r desk.Request, d rule.Deed) rule.Order {
	return rule.Order{Key: key, Rule: rule.Rule{ID: "desk/first", Title: "First look", Team: "frontline"}, Deed: d, Event: rule.Event{About: r.Subject(), Subject: r.Name()}}
}

func obeyed(o rule.Order) people.Actor { return o.Rule.Actor() }

// Each deed is done once for its key, however often and by however many replicas at once; it counts for no service level, and is the rule's.
func TestARuleDoesEachThingOnce(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		r := k.asked("wanjiru", "question", "No webhooks at Nordpank", "Since 10:40 nothing comes.", nil)
		deeds := []rule.Deed{
			{Set: &rule.Set{Priority: "high", Customer: "nordpank", Tags: []string{"pending", "first-look"}}},
			{Assign: &rule.Assign{How: "round_robin"}},
			{Answer: &rule.Answer{Text: "Look at the sender first, @tonis."}},
			{Answer: &rule.Answer{Macro: "known", To: rule.ToAsker}},
			{Offer: "webhooks/resend"},
			{Create: &rule.Create{Title: "Weekly check", Text: "Look at what waits.", Team: "frontline", Priority: "low"}},
		}
		var all sync.WaitGroup
		for range 3 {
			for i, d := range deeds {
				all.Add(1)
				go func() {
					defer all.Done()
					o := order(fmt.Sprintf("firing %d", i), r, d)
					if err := k.Obey(context.WithoutCancel(t.Context()), obeyed(o), o); err != nil {
						t.Errorf("deed %d: %v", i, err)
					}
				}()
			}
		}
		all.Wait()
		c, err := k.Conversation(t.Context(), k.actor("liis"), r.ID)
		k.must(err)
		got := c.Request
		if got.Priority != desk.High || got.Customer != "nordpank" || got.Assignee == "" || got.State != desk.Open || strings.Join(got.Tags, " ") != "first-look pending" || strings.Join(got.Offers, " ") != "webhooks/resend" {
			t.Errorf("became %+v", got)
		}
		if len(c.Messages) != 3 || !got.FirstReplyAt.IsZero() || got.AskedAt.IsZero() || !got.FirstTouchAt.IsZero() {
			t.Errorf("%d messages, first reply %v, asked %v, touched %v; want 3, and a rule's words to count for nothing", len(c.Messages), got.FirstReplyAt, got.AskedAt, got.FirstTouchAt)
		}
		for _, m := range c.Messages[1:] {
			if m.By != desk.ByRule+"desk/first" {
				t.Errorf("%s was written by %q", m.Kind, m.By)
			}
			if m.Kind == desk.Reply && !strings.Contains(m.Text.Body, "Hello Wanjiru Kamau, we know, First look.") {
				t.Errorf("the asker reads %q", m.Text.Body)
			}
		}
		for _, w := range got.Watchers {
			if w == "tonis" {
				t.Error("a rule's words let somebody follow")
			}
		}
		made, err := k.Requests(t.Context(), k.actor("liis"), desk.Filter{Team: "frontline", Limit: 10})
		k.must(err)
		n := 0
		for _, x := range made {
			if x.Title == "Weekly check" && x.Priority == desk.Low && x.Channel == "rule" {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d requests were made, want 1", n)
		}
		k.work()
		k.mu.Lock()
		defer k.mu.Unlock()
		if len(k.sent) != 1 || !k.sent[0].Rule || k.sent[0].Author != "" {
			t.Errorf("sent %+v, want one mail that says that no person wrote it", k.sent)
		}
	})
}

// What a rule may not do is refused: words to somebody outside, to a program, to another team's closed type, or what the desk refuses to everybody.
func TestARuleIsHeldToItsBounds(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		outside := k.mailed("<1@lumo>", "ops@lumo.example", "No webhooks", "Since 10:40 nothing comes.")
		inside := k.asked("wanjiru", "question", "How long do we keep selfies?", "A customer asks.", nil)
		salary := k.asked("wanjiru", "salary", "My pay", "It is late.", nil)
		say := rule.Deed{Answer: &rule.Answer{Text: "We look at it.", To: rule.ToAsker}}
		loud := rule.Deed{Answer: &rule.Answer{Text: "We look at it.", To: rule.ToAsker, Outside: true}}
		program := order("program", outside, loud)
		program.Event.Automatic = true
		for name, c := range map[string]struct {
			order rule.Order
			kind  fault.Kind
		}{
			"outside":           {order("outside", outside, say), fault.Forbidden},
			"a program":         {program, fault.Conflict},
			"another team's":    {order("salary", salary, say), fault.NotFound},
			"nobody such":       {order("nobody", inside, rule.Deed{Assign: &rule.Assign{Person: "tonis"}}), fault.Invalid},
			"no such customer":  {order("customer", inside, rule.Deed{Set: &rule.Set{Customer: "none"}}), fault.Invalid},
			"no such request":   {order("link", inside, rule.Deed{Link: "R-999"}), fault.Invalid},
			"no such answer":    {order("answer", inside, rule.Deed{Answer: &rule.Answer{Answer: "K-9", To: rule.ToAsker}}), fault.NotFound},
			"too many tags":     {order("tags", inside, rule.Deed{Set: &rule.Set{Tags: strings.Fields("a b c d e f g h i j k l m n o p q r s t u")}}), fault.Invalid},
			"nothing that fits": {order("nothing", inside, rule.Deed{}), fault.Invalid},
		} {
			err := k.Obey(t.Context(), obeyed(c.order), c.order)
			if !fault.Is(err, c.kind) {
				t.Errorf("%s: %v, want %s", name, err, c.kind)
			}
			if err := k.Obey(t.Context(), obeyed(c.order), c.order); err == nil {
				t.Errorf("%s: what was refused counts as done", name)
			}
		}
		o := order("allowed", outside, loud)
		k.must(k.Obey(t.Context(), obeyed(o), o))
		if got := k.now(outside); got.Said != 2 || got.State != desk.New {
			t.Errorf("%d said, %s; want 2 and still in triage", got.Said, got.State)
		}
	})
}

// A request is told as it was, so that a rule can be tried about the past.
func TestARequestIsRecalled(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		liis := k.actor("liis")
		r := k.asked("wanjiru", "question", "How long do we keep selfies?", "A customer asks.", nil)
		begin := k.clock.Now()
		do := func(err error) time.Time {
			k.must(err)
			k.clock.Move(time.Hour)
			return k.clock.Now().Add(-time.Minute)
		}
		k.clock.Move(time.Hour)
		high := desk.High
		_, err := k.Change(t.Context(), liis, r.ID, desk.Edit{Priority: &high}, 0)
		raised := do(err)
		_, err = k.Assign(t.Context(), liis, r.ID, "karl", 0)
		given := do(err)
		_, err = k.WaitFor(t.Context(), liis, r.ID, desk.Asker)
		waits := do(err)
		_, err = k.Close(t.Context(), liis, r.ID, desk.Ending{Outcome: desk.Answered})
		closed := do(err)
		entries, err := k.DB.JournalOf(t.Context(), []journal.Subject{r.Subject()}, 100)
		k.must(err)
		now := k.now(r)
		for name, c := range map[string]struct {
			at   time.Time
			want string
		}{
			"at first": {begin, "new normal   "}, "raised": {raised, "new high   "}, "given": {given, "open high karl  "}, "waiting": {waits, "waiting high karl asker "}, "closed": {closed, "closed high karl  answered"},
		} {
			x := now.AsOf(entries, c.at)
			if got := fmt.Sprintf("%s %s %s %s %s", x.State, x.Priority, x.Assignee, x.WaitsFor, x.Outcome); got != c.want {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
		}
	})
}

// ruledDesk is a desk whose rules follow its journal.
func ruledDesk(t *testing.T, k *frontdesk, rules ...rule.Rule) *rule.Engine {
	t.Helper()
	book := rulebook{}
	for _, r := range rules {
		if wrong := r.Check(); len(wrong) > 0 {
			t.Fatalf("%s: %v", r.ID, wrong)
		}
		book[r.ID] = r
	}
	e := &rule.Engine{Store: k.db, Clock: k.clock, Log: slog.New(slog.DiscardHandler), Deeds: obedient{k.Service},
		Book: func(context.Context) (rule.Directory, error) { return book, nil },
		Knows: func(ctx context.Context, by people.Actor, about journal.Subject) error {
			_, err := k.Request(ctx, by, about.ID)
			return err
		},
		Describe: func(ctx context.Context, e journal.Entry) (rule.Event, error) {
			r, err := k.DB.Request(ctx, e.Subject.ID)
			return rule.Event{Verb: e.Verb, Kind: "request", Subject: r.Name(), About: r.Subject(), Title: r.Title, Type: r.Type, Assignee: r.Assignee, State: string(r.State), At: e.At, Facts: e.Facts}, err
		}}
	var err error
	k.jobs, err = job.NewRunner(k.db, k.clock, e.Log, append(k.Handlers(), e.Handlers()...)...)
	k.must(err)
	k.step(e)
	return e
}

type obedient struct{ desk *desk.Service }

func (o obedient) Do(ctx context.Context, by people.Actor, x rule.Order) error {
	return o.desk.Obey(ctx, by, x)
}

// step follows all that happened, and does what is due.
func (k *frontdesk) step(e *rule.Engine) {
	k.t.Helper()
	_, err := k.db.Seal(k.t.Context(), 1000)
	k.must(err)
	for more := true; more; {
		more, err = e.Step(k.t.Context())
		if !fault.Is(err, fault.Conflict) {
			k.must(err)
		}
	}
	k.work()
}

// A rule with after looks when its time has come: at what is so then. What it made is not followed by rules, and what people wrote is not kept beside the
// firing.
func TestARuleLooksLater(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		lonely := rule.Rule{ID: "lonely", Title: "Nobody took it", Team: "frontline", On: []string{"request.received"}, After: 30 * time.Minute, If: `assignee == ""`,
			Do: []rule.Deed{{Answer: &rule.Answer{Text: "{subject} waits: {title}"}}}}
		echo := rule.Rule{ID: "echo", Title: "Echo", Team: "frontline", On: []string{"request.noted", "request.received"}, If: `kind == "request"`,
			Do: []rule.Deed{{Create: &rule.Create{Title: "Echo of {subject}", Text: "{title}", Team: "frontline"}}}}
		e := ruledDesk(t, k, lonely, echo)
		left := k.asked("wanjiru", "question", "About selfies of Mari Maasikas", "A customer asks.", nil)
		taken := k.asked("wanjiru", "question", "About webhooks", "A customer asks.", nil)
		shut := k.asked("wanjiru", "salary", "My pay", "It is late.", nil)
		k.step(e)
		_, err := k.Assign(t.Context(), k.actor("liis"), taken.ID, "karl", 0)
		k.must(err)
		k.clock.Move(31 * time.Minute)
		k.step(e)
		k.step(e)
		for name, c := range map[string]struct {
			r    desk.Request
			said int
		}{"left alone": {left, 2}, "taken meanwhile": {taken, 1}, "of another team": {shut, 1}} {
			if got := k.now(c.r); got.Said != c.said {
				t.Errorf("%s: %d said, want %d", name, got.Said, c.said)
			}
		}
		fs, err := k.db.Firings(t.Context(), "lonely", time.Time{}, 10)
		k.must(err)
		if len(fs) != 1 || fs[0].Outcome != rule.Done || fs[0].For != left.Subject() {
			t.Errorf("fired %+v", fs)
		}
		made, err := k.Requests(t.Context(), k.actor("marika"), desk.Filter{Limit: 50})
		k.must(err)
		echoes := 0
		for _, x := range made {
			if strings.HasPrefix(x.Title, "Echo of") {
				echoes++
			}
		}
		if echoes != 2 { // of the two that the team may know of; not of the rules' own note and requests
			t.Errorf("%d echoes, want 2", echoes)
		}
		kept, err := rows(t.Context(), k.db.read, value[string], `SELECT why || inputs || say FROM rule_firing`)
		k.must(err)
		if all := strings.Join(kept, "\n"); strings.Contains(all, "Maasikas") {
			t.Errorf("firings keep what people wrote: %s", all)
		}
	})
}

// A rule asks developers once for what it fired for; who asks again by hand is told that they have it.
func TestARuleEscalatesOnce(t *testing.T) {
	eachWorkbench(t, func(t *testing.T, w *workbench) {
		r := w.asked("wanjiru", "question", "No webhooks at Nordpank", "Since 10:40 nothing comes.", nil)
		o := order("escalate", r, rule.Deed{Escalate: "pipeline"})
		o.Event.At = w.clock.Now()
		for range 3 {
			if err := w.esc.Obey(t.Context(), obeyed(o), o); err != nil {
				t.Fatal(err)
			}
		}
		all, err := w.db.Escalations(t.Context(), desk.EscalationFilter{Request: r.ID})
		w.must(err)
		if got := w.now(r); len(all) != 1 || got.State != desk.Waiting || got.WaitsFor != desk.Developers {
			t.Errorf("%d escalations, %s for %s", len(all), got.State, got.WaitsFor)
		}
		none := order("none", r, rule.Deed{Escalate: "nowhere"})
		if err := w.esc.Obey(t.Context(), obeyed(none), none); !fault.Is(err, fault.Invalid) {
			t.Errorf("a tracker that is not: %v", err)
		}
		later := o
		later.Event.At = w.clock.Now().Add(time.Hour)
		if err := w.esc.Obey(t.Context(), obeyed(later), later); !fault.Is(err, fault.Conflict) {
			t.Errorf("what developers have already: %v", err)
		}
	})
}
