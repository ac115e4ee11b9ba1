package rule

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Words is what a rule says, in parts that make a sentence: "When an alert begins and …, run …".
type Words struct {
	When   string   // "When an alert begins, or becomes worse"
	If     string   // the condition as it is written; empty when there is none
	Then   string   // the action's title; empty when none runs
	Does   []string // what is done beside it: "assign it to whoever is on call in First line"
	With   []string
	Bounds string
}

// Words puts a rule into words; name tells how people call an action.
func (r Rule) Words(name func(kind, id string) string) Words {
	w := Words{When: r.when(), If: strings.TrimSpace(r.If), Does: saidDeeds(r.Do, name)}
	if r.Run != "" {
		w.Then = name("action", r.Run)
	}
	for _, in := range slices.Sorted(maps.Keys(r.With)) {
		value := fmt.Sprint(r.With[in])
		if text, ok := Formula(r.With[in]); ok {
			value = text
		}
		w.With = append(w.With, in+" = "+value)
	}
	if len(r.On) > 0 {
		what := "alert or incident"
		if !slices.ContainsFunc(r.On, func(v string) bool { return !strings.HasPrefix(v, "request.") }) {
			what = "request"
		}
		w.Bounds = fmt.Sprintf("Once in %s for the same %s, and at most %s an hour.", span(r.pause()), what, times(r.most()))
	}
	return w
}

func (r Rule) when() string {
	switch {
	case len(r.On) > 0:
		said := make([]string, len(r.On))
		for i, v := range r.On {
			said[i] = happens(v)
		}
		if r.After > 0 {
			return strings.ToUpper(span(r.After)[:1]) + span(r.After)[1:] + " after " + strings.Join(said, ", or ")
		}
		return "When " + strings.Join(said, ", or ")
	case r.Every > 0:
		return "Every " + strings.TrimPrefix(strings.TrimPrefix(span(r.Every), "an "), "a ")
	}
	days := "Every day"
	if len(r.Days) > 0 {
		days = "On " + list(r.Days, dayName)
	}
	zone := r.Zone
	if zone == "" {
		zone = "UTC"
	}
	return days + " at " + list(r.At, func(s string) string { return s }) + " (" + zone + ")"
}

func list(all []string, say func(string) string) string {
	said := make([]string, len(all))
	for i, x := range all {
		said[i] = say(x)
	}
	if n := len(said); n > 1 {
		return strings.Join(said[:n-1], ", ") + " and " + said[n-1]
	}
	return strings.Join(said, "")
}

func dayName(d string) string {
	if i := slices.Index(weekdays(), d); i >= 0 {
		return time.Weekday(i).String()
	}
	return d
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return strconv.Itoa(n) + " times"
}

// span writes a while as people say it: "10 minutes", "a day".
func span(d time.Duration) string {
	for _, u := range []struct {
		of       time.Duration
		one, all string
	}{{24 * time.Hour, "a day", "days"}, {time.Hour, "an hour", "hours"}, {time.Minute, "a minute", "minutes"}, {time.Second, "a second", "seconds"}} {
		if d == u.of {
			return u.one
		}
		if d > u.of && d%u.of == 0 {
			return fmt.Sprintf("%d %s", d/u.of, u.all)
		}
	}
	return d.String()
}

// happens puts a word of the journal into words.
func happens(verb string) string {
	switch verb {
	case "alert.opened":
		return "an alert begins"
	case "alert.worsened":
		return "an alert becomes worse"
	case "alert.resolved":
		return "an alert resolves"
	case "group.acknowledged":
		return "alerts are acknowledged"
	case "group.resolved":
		return "all alerts of a group are resolved"
	case "group.unrouted":
		return "alerts belong to no service"
	case "incident.opened":
		return "an incident is declared"
	case "incident.resolved":
		return "an incident is resolved"
	case "incident.reopened":
		return "an incident is reopened"
	case "incident.severity_set":
		return "the severity of an incident changes"
	case "incident.state_set":
		return "the state of an incident changes"
	case "promise.broken":
		return "a promised update is late"
	case "page.opened":
		return "somebody has to be reached"
	case "page.step_gap":
		return "nobody is on call for a page"
	case "page.exhausted":
		return "a page was in vain"
	}
	if said, ok := requestHappens()[verb]; ok {
		return said
	}
	return "the journal says " + verb
}

func requestHappens() map[string]string {
	return map[string]string{
		"request.received": "a request comes in", "request.added": "whoever asked writes again", "request.accepted": "a request is accepted", "request.assigned": "a request is given to somebody",
		"request.changed": "a request is changed", "request.replied": "a request is answered", "request.noted": "a note is written in a request", "request.waits": "a request begins to wait",
		"request.resumed": "a request waits no more", "request.snoozed": "a request is snoozed", "request.woke": "a snoozed request comes back", "request.goal_soon": "a service level will soon be broken",
		"request.goal_missed": "a service level is broken", "request.closed": "a request is closed", "request.solved": "whoever asked says that it is solved", "request.declined": "a request is declined",
		"request.reopened": "a request is reopened", "request.duplicate": "a request is found to be a duplicate", "request.hangs_on": "a request is hung on a problem",
		"request.part_of": "a request becomes a part of an incident", "request.not_delivered": "a reply does not arrive",
	}
}

// saidDeeds puts what a rule does beside running an action into words.
func saidDeeds(all []Deed, name func(kind, id string) string) []string {
	var out []string
	for _, d := range all {
		out = append(out, d.said(name))
	}
	return out
}

func (d Deed) said(name func(kind, id string) string) string {
	switch {
	case d.Assign != nil:
		return d.Assign.said(name)
	case d.Answer != nil:
		return d.Answer.said(name)
	case d.Set != nil:
		return d.Set.said(name)
	case d.WaitFor != "":
		return "let it wait for " + d.WaitFor
	case d.Close != "":
		return "close it as " + strings.ReplaceAll(d.Close, "_", " ")
	case d.HangOn != "":
		return "hang it on the problem " + d.HangOn
	case d.Link != "":
		return "link it with " + d.Link
	case d.Offer != "":
		return "offer the action " + name("action", d.Offer)
	case d.Escalate != "":
		return "ask the developers of " + name("tracker", d.Escalate)
	case d.Create != nil:
		return "make the request “" + d.Create.Title + "”"
	case d.Tell != nil:
		return d.Tell.said(name)
	}
	return "nothing"
}

func (a Assign) said(name func(kind, id string) string) string {
	among := ""
	if a.Team != "" {
		among = " of " + name("team", a.Team)
	}
	switch {
	case a.Person != "":
		return "give it to " + name("person", a.Person)
	case a.OnCall != "":
		return "give it to whoever is on call in " + name("rotation", a.OnCall)
	case a.How == "load":
		return "give it to whoever" + among + " has the fewest"
	case a.How != "":
		return "give it to the next one" + among
	}
	return "give it to " + name("team", a.Team)
}

func (a Answer) said(name func(kind, id string) string) string {
	words := "“" + a.Text + "”"
	switch {
	case a.Macro != "":
		words = "the words of the macro " + name("macro", a.Macro)
	case a.Answer != "":
		words = "the answer " + a.Answer
	}
	switch {
	case a.To != ToAsker:
		return "note " + words
	case a.Outside:
		return "reply " + words + " to whoever asked, also outside"
	}
	return "reply " + words + " to a colleague who asked"
}

func (s Set) said(name func(kind, id string) string) string {
	var out []string
	for _, p := range []struct{ what, to string }{{"priority", s.Priority}, {"type", name("request_type", s.Type)}, {"service", name("service", s.Service)}, {"customer", name("customer", s.Customer)}} {
		if p.to != "" {
			out = append(out, "set the "+p.what+" to "+p.to)
		}
	}
	for _, t := range s.Tags {
		out = append(out, "tag it "+t)
	}
	for _, t := range s.Untag {
		out = append(out, "take the tag "+t+" away")
	}
	return strings.Join(out, ", ")
}

func (t Tell) said(name func(kind, id string) string) string {
	to := make([]string, len(t.To))
	for i, w := range t.To {
		kind, id, named := strings.Cut(w, ":")
		switch {
		case !named:
			to[i] = "the " + w
		case kind == "on_call":
			to[i] = "whoever is on call in " + name("rotation", id)
		default:
			to[i] = name(kind, id)
		}
	}
	how := "tell "
	if t.Page != "" {
		how = "page "
	}
	return how + list(to, func(s string) string { return s }) + ": “" + t.Text + "”"
}
