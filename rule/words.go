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
	When   string // "When an alert begins, or becomes worse"
	If     string // the condition as it is written; empty when there is none
	Then   string // the action's title
	With   []string
	Bounds string
}

// Words puts a rule into words; name tells how people call an action.
func (r Rule) Words(name func(kind, id string) string) Words {
	w := Words{When: r.when(), If: strings.TrimSpace(r.If), Then: name("action", r.Run)}
	for _, in := range slices.Sorted(maps.Keys(r.With)) {
		value := fmt.Sprint(r.With[in])
		if text, ok := Formula(r.With[in]); ok {
			value = text
		}
		w.With = append(w.With, in+" = "+value)
	}
	if len(r.On) > 0 {
		w.Bounds = fmt.Sprintf("Once in %s for the same alert or incident, and at most %s an hour.", span(r.pause()), times(r.most()))
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
	return "the journal says " + verb
}
