package rule

import (
	"slices"
	"strings"
	"testing"
	"time"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

func tame() Rule {
	return Rule{ID: "desk/gold", Title: "Urgent from gold", Team: "support", On: []string{"request.received"}, If: `priority == "urgent" && tier == "gold" && lower(text) contains "pending"`,
		Do: []Deed{{Assign: &Assign{OnCall: "first-line"}}, {Tell: &Tell{To: []string{"lead", "team:support"}, Text: "{subject} is urgent: {title}"}}}}
}

func TestDeedsAreChecked(t *testing.T) {
	if wrong := tame().Check(); len(wrong) > 0 {
		t.Fatalf("a good rule is wrong: %v", wrong)
	}
	for name, c := range map[string]struct {
		change func(*Rule)
		field  string
		say    string
	}{
		"nothing to do":            {func(r *Rule) { r.Do = nil }, "run", "do"},
		"inputs without an action": {func(r *Rule) { r.With = map[string]any{"a": 1} }, "with", "run"},
		"two things in one":        {func(r *Rule) { r.Do[0].Close = "answered" }, "do[0]", "one thing"},
		"nothing in one":           {func(r *Rule) { r.Do = []Deed{{}} }, "do[0]", "one thing"},
		"about alerts":             {func(r *Rule) { r.On = []string{"alert.opened"} }, "do[0]", "request.received"},
		"a misspelt word":          {func(r *Rule) { r.On = []string{"request.recieved"} }, "on[0]", "request.received"},
		"a misspelt name":          {func(r *Rule) { r.Do[1].Tell.Text = "{subjet}" }, "do[1].tell.text", "subjet"},
		"nobody":                   {func(r *Rule) { r.Do[1].Tell.To = []string{"liis"} }, "do[1].tell.to", "person:liis"},
		"a page to a channel":      {func(r *Rule) { r.Do[1].Tell.To, r.Do[1].Tell.Page = []string{"chat:help"}, "high" }, "do[1].tell.page", "not paged"},
		"a loud page":              {func(r *Rule) { r.Do[1].Tell.Page = "loud" }, "do[1].tell.page", "low or high"},
		"nobody to assign":         {func(r *Rule) { r.Do[0].Assign = &Assign{} }, "do[0].assign", "person"},
		"two to assign":            {func(r *Rule) { r.Do[0].Assign.Person = "liis" }, "do[0].assign", "person"},
		"no way to assign":         {func(r *Rule) { r.Do[0].Assign = &Assign{How: "luck"} }, "do[0].assign.how", "round_robin"},
		"outside by accident":      {func(r *Rule) { r.Do = []Deed{{Answer: &Answer{Text: "x", Outside: true}}} }, "do[0].answer.outside", "to: asker"},
		"no words":                 {func(r *Rule) { r.Do = []Deed{{Answer: &Answer{To: "asker"}}} }, "do[0].answer", "one of them"},
		"a broken tag":             {func(r *Rule) { r.Do = []Deed{{Set: &Set{Tags: []string{"Not a tag"}}}} }, "do[0].set.tags", "lower-case"},
		"no request to hang on":    {func(r *Rule) { r.Do = []Deed{{HangOn: "1042"}} }, "do[0].hang_on", "R-1042"},
		"nobody works on it":       {func(r *Rule) { r.Do = []Deed{{Create: &Create{Title: "a", Text: "b"}}} }, "do[0].create.team", "type"},
		"too much":                 {func(r *Rule) { r.Do = slices.Repeat(r.Do[1:], 11) }, "do", "at most"},
		"after without on":         {func(r *Rule) { r.On, r.Every, r.After, r.Do = nil, time.Hour, time.Hour, r.Do[1:] }, "after", "goes with on"},
		"after for ever":           {func(r *Rule) { r.After = 100 * 24 * time.Hour }, "after", "2160h"},
	} {
		t.Run(name, func(t *testing.T) {
			r := tame()
			c.change(&r)
			wrong := r.Check()
			if !slices.ContainsFunc(wrong, func(f fault.Field) bool { return f.Name == c.field && strings.Contains(f.Say, c.say) }) {
				t.Errorf("%v, want %s with %q", wrong, c.field, c.say)
			}
		})
	}
}

func TestConditionsSeeRequests(t *testing.T) {
	e := Event{Kind: "request", Subject: "R-7", Title: "No webhooks", Type: "webhooks", Tier: "gold", Priority: "urgent", Text: "They stay PENDING", Tags: []string{"vip"}, Age: time.Hour,
		Fields: map[string]any{"session": "s-1"}, InQueue: func(id string) (bool, error) { return id == "nordpank", nil }}
	for condition, want := range map[string]bool{
		tame().If:                      true,
		`type == "webhooks"`:           true,
		`age > duration("30m")`:        true,
		`silent >= duration("168h")`:   false,
		`"vip" in tags`:                true,
		`in_queue("nordpank")`:         true,
		`in_queue("other")`:            false,
		`fields.session == "s-1"`:      true,
		`assignee == "" && !inside`:    true,
		`"pending" in split(text," ")`: false,
	} {
		r := Rule{ID: "x", If: condition}
		if got, err := r.Holds(e); err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", condition, got, err, want)
		}
	}
	again := Event{InQueue: func(string) (bool, error) { return false, fault.New(fault.Unavailable, "The database is busy.") }}
	if _, err := (Rule{If: `in_queue("a")`}).Holds(again); !fault.Again(err) {
		t.Errorf("what cannot be told now is %v, want it to be tried again", err)
	}
	if got, err := (Rule{If: `in_queue("a")`}).Holds(Event{}); err != nil || got {
		t.Errorf("an alert in a queue: %v, %v", got, err)
	}
}

// Whoever asks writes what they like: it is a value, and never an expression.
func TestTextsAreFilledInOnce(t *testing.T) {
	d := Deed{Answer: &Answer{Text: "{subject}: {title} ({fields.session})"}}
	got, err := d.filled(Event{Subject: "R-7", Title: "{labels.password} {asker}", Fields: map[string]any{"session": "{1/0}"}})
	if err != nil || got.Answer.Text != "R-7: {labels.password} {asker} ({1/0})" {
		t.Errorf("%q, %v", got.Answer.Text, err)
	}
	if d.Answer.Text != "{subject}: {title} ({fields.session})" {
		t.Error("filling in changed the rule")
	}
	got, err = Deed{Tell: &Tell{Text: "{nothing.here}"}}.filled(Event{})
	if err == nil {
		t.Errorf("an unknown name is filled in as %q", got.Tell.Text)
	}
}

func TestARuleDoesNotFollowItsEcho(t *testing.T) {
	r := tame()
	r.On = []string{"request.received", "request.added"}
	for name, c := range map[string]struct {
		e    journal.Entry
		want bool
	}{
		"a question":       {journal.Entry{Verb: "request.received", Actor: journal.Actor{Kind: people.ByPerson}}, true},
		"a program's":      {journal.Entry{Verb: "request.received", Actor: journal.Actor{Kind: people.BySource}, Facts: map[string]any{"automatic": true}}, true},
		"a program's echo": {journal.Entry{Verb: "request.added", Actor: journal.Actor{Kind: people.BySource}, Facts: map[string]any{"automatic": true}}, false},
		"a rule's":         {journal.Entry{Verb: "request.received", Actor: journal.Actor{Kind: people.ByRule}}, false},
	} {
		if got := r.follows(c.e); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestWordsOfDeeds(t *testing.T) {
	r := tame()
	r.After = 30 * time.Minute
	w := r.Words(func(_, id string) string { return strings.ToUpper(id) })
	if w.When != "30 minutes after a request comes in" || w.Then != "" || w.Bounds != "Once in 10 minutes for the same request, and at most 100 times an hour." {
		t.Errorf("%+v", w)
	}
	want := []string{"give it to whoever is on call in FIRST-LINE", "tell the lead and SUPPORT: “{subject} is urgent: {title}”"}
	if !slices.Equal(w.Does, want) {
		t.Errorf("does %q, want %q", w.Does, want)
	}
}
