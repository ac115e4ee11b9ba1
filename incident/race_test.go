package incident_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/alert"
	"frontline/fault"
	"frontline/incident"
)

var (
	unavailable = fault.New(fault.Unavailable, "The mail server does not answer.")
	refused     = fault.New(fault.Invalid, "The mail server knows no such address.")
)

// together calls f n times at once, every second time in the other process, and returns the errors.
func (r *room) together(n int, f func(s *incident.Service, i int) error) []error {
	errs := make([]error, n)
	begin := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		s := r.Service
		if i%2 == 1 {
			s = r.other
		}
		wg.Go(func() {
			<-begin
			errs[i] = f(s, i)
		})
	}
	close(begin)
	wg.Wait()
	return errs
}

// TestTwoPressesOpenOneIncident lets two people open an incident from the same alerts at once.
func TestTwoPressesOpenOneIncident(t *testing.T) {
	each(t, func(r *room) {
		ctx := r.t.Context()
		r.groups["g1"] = alert.Group{ID: "g1", Number: 7, Title: "Queue stands", Service: "decision-pipeline", Severity: alert.Critical, OpenedAt: night}
		ids := make([]string, 8)
		for _, err := range r.together(8, func(s *incident.Service, i int) error {
			inc, err := s.OpenFromGroup(ctx, r.as([]string{"liis", "karl"}[i%2]), "g1")
			ids[i] = inc.ID
			return err
		}) {
			r.ok(err)
		}
		if len(slices.Compact(ids)) != 1 {
			r.t.Errorf("opened %v, want one incident", ids)
		}
		all, err := r.Incidents(ctx, r.as("liis"), incident.Filter{})
		r.ok(err)
		notices, err := r.DB.Notices(ctx, ids[0])
		r.ok(err)
		if len(all) != 1 || len(notices) != 2 {
			r.t.Errorf("%d incidents and %d mails, want 1 and 2", len(all), len(notices))
		}
	})
}

// TestTwoPublishAtOnce lets several people publish without having seen each other's update: one is published.
func TestTwoPublishAtOnce(t *testing.T) {
	each(t, func(r *room) {
		ctx, liis := r.t.Context(), r.as("liis")
		inc := r.inc(r.Declare(ctx, liis, incident.Declaration{Title: "Checks fail", Severity: incident.Major}))
		published := 0
		for _, err := range r.together(6, func(s *incident.Service, i int) error {
			_, err := s.Publish(ctx, liis, inc.ID, incident.Draft{Title: "Checks fail", Body: fmt.Sprintf("We look into it (%d).", i), State: incident.WordInvestigating})
			return err
		}) {
			switch {
			case err == nil:
				published++
			case !fault.Is(err, fault.Conflict):
				r.t.Errorf("refused with %v, want a conflict", err)
			}
		}
		seen, err := r.DB.Published(ctx, night)
		r.ok(err)
		if published != 1 || len(seen.Incidents[0].Updates) != 1 {
			r.t.Errorf("%d were published and %d are seen, want 1", published, len(seen.Incidents[0].Updates))
		}
	})
}

// TestManyPublishAboutManyIncidents leaves each component as bad as the worst unresolved incident says.
func TestManyPublishAboutManyIncidents(t *testing.T) {
	each(t, func(r *room) {
		ctx, liis := r.t.Context(), r.as("liis")
		var ids []string
		for i := range 6 {
			ids = append(ids, r.inc(r.Declare(ctx, liis, incident.Declaration{Title: fmt.Sprint("Trouble ", i), Severity: incident.Major})).ID)
		}
		say := func(s *incident.Service, i int, d incident.Draft) error {
			d.Body, d.Title, d.Seen = "We look into it.", "Trouble", -1
			_, err := s.Publish(ctx, liis, ids[i], d)
			return err
		}
		status := []incident.Status{incident.Degraded, incident.MajorOutage, incident.PartialOutage}
		for _, err := range r.together(len(ids), func(s *incident.Service, i int) error {
			return say(s, i, incident.Draft{State: incident.WordIdentified, Components: []incident.Affected{{Component: "checks", Status: status[i%3]}}})
		}) {
			r.ok(err)
		}
		if got := r.status("Document checks"); got != incident.MajorOutage {
			r.t.Errorf("with all open it is %s", got)
		}
		for _, err := range r.together(len(ids), func(s *incident.Service, i int) error { return say(s, i, incident.Draft{State: incident.WordResolved}) }) {
			r.ok(err)
		}
		if got := r.status("Document checks"); got != incident.Operational {
			r.t.Errorf("with all resolved it is %s", got)
		}
	})
}

func (r *room) status(component string) incident.Status {
	r.t.Helper()
	p, err := r.DB.Published(r.t.Context(), night)
	r.ok(err)
	i := slices.IndexFunc(p.Components, func(c incident.PublishedComponent) bool { return c.Name == component })
	if i < 0 {
		r.t.Fatalf("the page has no %s", component)
	}
	return p.Components[i].Status
}

// TestLostUpdate lets two people edit what both have looked at: the second is refused and loses nothing.
func TestLostUpdate(t *testing.T) {
	each(t, func(r *room) {
		ctx, liis, karl := r.t.Context(), r.as("liis"), r.as("karl")
		inc := r.inc(r.Declare(ctx, liis, incident.Declaration{Title: "Checks fail", Severity: incident.Major}))
		changed := 0
		for _, err := range r.together(6, func(s *incident.Service, i int) error {
			_, err := s.Rename(ctx, karl, inc.ID, fmt.Sprint("Checks fail, ", i), inc.Version)
			return err
		}) {
			switch {
			case err == nil:
				changed++
			case !fault.Is(err, fault.Conflict):
				r.t.Errorf("refused with %v, want a conflict", err)
			}
		}
		if changed != 1 {
			r.t.Errorf("%d edits of one version went through, want 1", changed)
		}
		r.inc(r.Join(ctx, karl, inc.ID, "", incident.Fixer)) // not an edit that could be lost
		now := r.inc(r.Incident(ctx, karl, inc.ID))
		r.inc(r.SetSeverity(ctx, karl, inc.ID, incident.Critical, now.Version))

		r.inc(r.Resolve(ctx, liis, inc.ID, nil))
		r.pass(time.Second)
		saved := 0
		for _, err := range r.together(6, func(s *incident.Service, i int) error {
			p, err := s.EditPostmortem(ctx, karl, inc.ID, fmt.Sprint("Text ", i), 1)
			if fault.Is(err, fault.Conflict) && (p.Version != 2 || !strings.HasPrefix(p.Text.Body, "Text ")) {
				r.t.Errorf("a refused editor gets %+v, want the newer text beside their own", p)
			}
			return err
		}) {
			if err == nil {
				saved++
			}
		}
		if saved != 1 {
			r.t.Errorf("%d edits of one version of the post-mortem were saved, want 1", saved)
		}
	})
}

// TestAlertsAreWorkedOnInOneIncident lets several incidents take the same alerts at once.
func TestAlertsAreWorkedOnInOneIncident(t *testing.T) {
	each(t, func(r *room) {
		ctx, liis := r.t.Context(), r.as("liis")
		r.groups["g1"] = alert.Group{ID: "g1", Number: 7, Title: "Queue stands", OpenedAt: night}
		var ids []string
		for range 4 {
			ids = append(ids, r.inc(r.Declare(ctx, liis, incident.Declaration{Title: "Checks fail", Severity: incident.Major})).ID)
		}
		errs := r.together(4, func(s *incident.Service, i int) error { _, err := s.LinkGroup(ctx, liis, ids[i], "g1"); return err })
		if n := len(slices.DeleteFunc(slices.Clone(errs), func(err error) bool { return err != nil })); n != 1 {
			r.t.Fatalf("%d incidents have the alerts (%v), want 1", n, errs)
		}
		first := slices.IndexFunc(errs, func(err error) bool { return err == nil })
		next := (first + 1) % 4
		r.inc(r.Resolve(ctx, liis, ids[first], nil))
		r.inc(r.LinkGroup(ctx, liis, ids[next], "g1"))
		if inc := r.inc(r.Reopen(ctx, liis, ids[first])); len(inc.Groups) != 0 {
			r.t.Errorf("reopened with %v, which another incident has", inc.Groups)
		}
		of, ok, err := r.IncidentOf(ctx, liis, "g1")
		if err != nil || !ok || of.ID != ids[next] {
			r.t.Errorf("the alerts belong to %s %v %v, want %s", of.ID, ok, err, ids[next])
		}
	})
}

func TestLists(t *testing.T) {
	each(t, func(r *room) {
		ctx, liis := r.t.Context(), r.as("liis")
		for i := range 5 {
			r.inc(r.Declare(ctx, liis, incident.Declaration{Title: fmt.Sprint("Trouble ", i+1), Severity: incident.Minor}))
		}
		for _, n := range []string{"INC-2", "inc-4"} {
			r.inc(r.Resolve(ctx, liis, n, nil))
		}
		for _, c := range []struct {
			f    incident.Filter
			want []string
		}{
			{incident.Filter{}, []string{"INC-5", "INC-4", "INC-3", "INC-2", "INC-1"}},
			{incident.Filter{State: "open"}, []string{"INC-5", "INC-3", "INC-1"}},
			{incident.Filter{State: "resolved"}, []string{"INC-4", "INC-2"}},
			{incident.Filter{Before: 4, Limit: 2}, []string{"INC-3", "INC-2"}},
		} {
			all, err := r.Incidents(ctx, liis, c.f)
			r.ok(err)
			var names []string
			for _, i := range all {
				names = append(names, i.Name())
			}
			if diff := cmp.Diff(c.want, names); diff != "" {
				r.t.Errorf("%+v: %s", c.f, diff)
			}
		}
		if _, err := r.Incident(ctx, liis, "INC-99"); !fault.Is(err, fault.NotFound) {
			r.t.Errorf("INC-99: %v", err)
		}
		if _, err := r.SetState(ctx, liis, "INC-99", incident.Fixing, 0); !fault.Is(err, fault.NotFound) {
			r.t.Errorf("changing INC-99: %v", err)
		}
	})
}

// TestWhatIsReadIsWhatWasWritten reads an incident with everything in it back.
func TestWhatIsReadIsWhatWasWritten(t *testing.T) {
	each(t, func(r *room) {
		ctx, liis := r.t.Context(), r.as("liis")
		inc := r.inc(r.Declare(ctx, liis, incident.Declaration{Title: "Checks fail 🙁", Severity: incident.Major, Services: []string{"webhooks"}}))
		r.inc(r.SetImpact(ctx, liis, inc.ID, incident.Impact{Services: []string{"webhooks", "decision-pipeline"}, Components: []string{"webhooks", "faces"}}, inc.Version))
		r.inc(r.Join(ctx, liis, inc.ID, "rasmus", incident.Fixer))
		r.inc(r.PromiseNext(ctx, liis, inc.ID, night.Add(time.Hour)))
		r.inc(r.Publish(ctx, liis, inc.ID, incident.Draft{Title: "Checks fail", Body: "We look into it.", State: incident.WordInvestigating, NextBy: night.Add(30 * time.Minute),
			Components: []incident.Affected{{Component: "faces", Status: incident.Degraded}}}))
		want := r.inc(r.Resolve(ctx, liis, inc.ID, nil))
		got := r.inc(r.Incident(ctx, liis, want.Name()))
		if diff := cmp.Diff(want, got); diff != "" {
			r.t.Errorf("incident (-written +read): %s", diff)
		}
		f := must[incident.FollowUp](r.t)(r.AddFollowUp(ctx, liis, inc.ID, incident.NewFollowUp{Text: "Drop a message after five tries", Owner: "rasmus", Due: "2026-12-04"}))
		f = must[incident.FollowUp](r.t)(r.EditFollowUp(ctx, liis, f.ID, incident.NewFollowUp{Text: "Drop a message after three tries", Owner: "rasmus", Due: "2026-12-11"}, f.Version))
		if _, err := r.EditFollowUp(ctx, liis, f.ID, incident.NewFollowUp{Text: "x", Owner: "karl", Due: "2026-12-04"}, 1); !fault.Is(err, fault.Conflict) {
			r.t.Errorf("editing an older version of a follow-up: %v", err)
		}
		f = must[incident.FollowUp](r.t)(r.FinishFollowUp(ctx, r.as("rasmus"), f.ID, true))
		all, err := r.FollowUps(ctx, liis, incident.FollowUpFilter{Owner: "rasmus"})
		r.ok(err)
		if diff := cmp.Diff([]incident.FollowUp{f}, all); diff != "" {
			r.t.Errorf("follow-ups: %s", diff)
		}
		if left, err := r.FollowUps(ctx, liis, incident.FollowUpFilter{Incident: inc.ID, Open: true}); err != nil || len(left) != 0 {
			r.t.Errorf("open follow-ups %v %v", left, err)
		}
	})
}
