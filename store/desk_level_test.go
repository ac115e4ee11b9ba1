package store

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"frontline/desk"
)

// Nobody answers: whoever leads the team is reminded when it is soon and when it is late, once each, and the journal says so.
func TestServiceLevelReminds(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		k.apply(strings.Replace(deskOfVerity, "name: Technical support}", "name: Technical support, lead: marika}", 1) + `
calendars:
  - {id: office, name: Office hours, zone: Europe/Tallinn, hours: {tue: ["09:00-17:00"]}}
service_levels:
  - {id: all, title: Everybody, calendar: office, goals: [{kind: first_reply, within: 1h}]}
`)
		k.Mailer = &k.mails
		r := k.asked("wanjiru", "question", "Which passports have a chip?", "Kenyan ones.", nil) // 02:41 on Tuesday
		if want := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC); !r.DueAt.Equal(want) {
			t.Fatalf("due at %s, want %s", r.DueAt, want)
		}
		k.clock.Move(r.DueAt.Add(-15 * time.Minute).Sub(k.clock.Now()))
		k.work()
		k.clock.Move(15 * time.Minute)
		k.work()
		k.clock.Move(time.Hour)
		k.work()
		if want := []string{"marika.oja@verity.example [R-1] due Tue 24 Nov 08:00 UTC: Which passports have a chip?", "marika.oja@verity.example [R-1] late: Which passports have a chip?"}; !slices.Equal(k.mails.all, want) {
			t.Errorf("mails: %q", k.mails.all)
		}
		due, err := k.Requests(t.Context(), k.actor("liis"), desk.Filter{Order: desk.ByDue})
		k.must(err)
		if len(due) != 1 || due[0].Clocks[0].BrokenAt.IsZero() {
			t.Errorf("%+v", due)
		}
	})
}

// postbox keeps what is mailed to colleagues.
type postbox struct{ all []string }

func (p *postbox) Mail(_ context.Context, to, subject, _, _ string) (string, error) {
	p.all = append(p.all, to+" "+subject)
	return "250", nil
}

func replaceOnce(s, old, by string) string {
	if !strings.Contains(s, old) {
		panic("there is no " + old)
	}
	return strings.Replace(s, old, by, 1)
}
