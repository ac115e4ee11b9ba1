package incident

import (
	"strings"
	"time"
)

// Suggest returns a public update that fits the incident as it is, for a form to begin with. It is made of public words only (the components'
// names and fixed sentences): a person reads it before it goes out.
func Suggest(inc Incident, page Published, now time.Time) Draft {
	d := Draft{Seen: inc.Public.Said, Title: inc.Public.Title, State: wordFor(inc.State)}
	var names []string
	for _, id := range inc.Components {
		c, ok := page.component(PublicID("component", id))
		if !ok || c.Retired {
			continue
		}
		names = append(names, c.Name)
		d.Components = append(d.Components, Affected{id, suggestedStatus(inc, id)})
	}
	what := "our service"
	if len(names) > 0 {
		what = strings.Join(names, ", ")
	}
	if d.Title == "" {
		d.Title = "Disturbance: " + what
	}
	d.Body = suggestedBody(d.State, what)
	if d.State != WordResolved {
		d.NextBy = now.Add(suggestedPause(inc.Severity)).Truncate(5 * time.Minute)
	}
	return d
}

func wordFor(s State) Word {
	switch s {
	case Identified, Fixing:
		return WordIdentified
	case Monitoring:
		return WordMonitoring
	case Resolved:
		return WordResolved
	}
	return WordInvestigating
}

// suggestedStatus keeps what customers were told, and otherwise follows the severity.
func suggestedStatus(inc Incident, component string) Status {
	if inc.State == Resolved || inc.State == Monitoring {
		return Operational
	}
	for _, a := range inc.Public.Components {
		if a.Component == component && a.Status != Operational {
			return a.Status
		}
	}
	switch inc.Severity {
	case Critical:
		return MajorOutage
	case Major:
		return PartialOutage
	}
	return Degraded
}

func suggestedBody(w Word, what string) string {
	switch w {
	case WordIdentified:
		return "We have found the cause of the disturbance and are working on it. Affected: " + what + "."
	case WordMonitoring:
		return "The disturbance has stopped. We are watching whether it stays so."
	case WordResolved:
		return "The disturbance is over. Affected were: " + what + "."
	}
	return "We are looking into a disturbance. Affected: " + what + "."
}

// suggestedPause is how long customers wait for the next update: half an hour when it is critical, otherwise an hour.
func suggestedPause(s Severity) time.Duration {
	if s == Critical {
		return 30 * time.Minute
	}
	return time.Hour
}
