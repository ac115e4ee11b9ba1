package oncall

import (
	"fmt"
	"strings"
	"time"
)

// message is what an attempt sends: what it is about, why this person gets it, and a link to answer.
func message(p Page, a Attempt, r Roster, link string) Message {
	body := []string{}
	if p.Body != "" {
		body = append(body, p.Body)
	}
	if p.Count > 1 {
		body = append(body, fmt.Sprintf("%d alerts so far.", p.Count))
	}
	rotation, _ := r.Rotation(a.Duty.Rotation)
	return Message{
		Attempt: a.ID, Title: p.Title, Body: strings.Join(append(body, reason(p, a, r)), "\n"), Urgency: p.Urgency, At: p.Began.In(r.zoneOf(a.Duty.Person, rotation)),
		Link: link, Buttons: []Button{{Label: "Acknowledge", URL: link, Post: true}}, Page: p.Short(),
	}
}

// reason tells the person why they are paged, in their own time zone.
func reason(p Page, a Attempt, r Roster) string {
	rotation, _ := r.Rotation(a.Duty.Rotation)
	until := ""
	if !a.Duty.Until.IsZero() {
		until = " until " + a.Duty.Until.In(r.zoneOf(a.Duty.Person, rotation)).Format("Mon 2 Jan, 15:04")
	}
	switch a.Duty.Reason {
	case OnCall:
		return fmt.Sprintf("You are on call for %s%s.", rotation.Name, until)
	case TookOver:
		return fmt.Sprintf("You took over %s%s.", rotation.Name, until)
	case LastResort:
		return "Nobody else answered or could be reached: you are the last resort."
	case Acknowledger:
		return "You acknowledged this, and it is still not resolved. Acknowledge again if you are on it, or escalate."
	case TestOfOwn:
		return "This is a test that you asked for. Acknowledge it to show that it arrived; nobody else is paged."
	}
	if p.Aim == AimPerson {
		return fmt.Sprintf("%s asks for you.", r.Name(p.AskedBy))
	}
	policy, _ := r.Policy(p.Policy)
	return fmt.Sprintf("The policy %s names you.", policy.Name)
}

// zoneOf is the person's time zone, or the rotation's, or UTC.
func (r Roster) zoneOf(person string, rotation Rotation) *time.Location {
	p, _ := r.Person(person)
	for _, name := range []string{p.Zone, rotation.Zone} {
		if loc, err := zone(name); err == nil {
			return loc
		}
	}
	return time.UTC
}
