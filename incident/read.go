package incident

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"frontline/action"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

// Incident returns one incident, by its id or its name ("INC-31"), with the customers it affects.
func (s *Service) Incident(ctx context.Context, a people.Actor, id string) (Incident, error) {
	if err := people.May(a, people.SeeIncidents, topic(id)); err != nil {
		return Incident{}, err
	}
	inc, err := s.DB.Incident(ctx, id)
	if err != nil {
		return Incident{}, err
	}
	book, err := s.Book(ctx)
	return withCustomers(book, inc), err
}

// Incidents returns those that the filter names, newest first, without customers.
func (s *Service) Incidents(ctx context.Context, a people.Actor, f Filter) ([]Incident, error) {
	if err := people.May(a, people.SeeIncidents, topic("")); err != nil {
		return nil, err
	}
	return s.DB.Incidents(ctx, f)
}

// IncidentOf returns the open incident that an alert group belongs to, otherwise its last one; false when there is none.
func (s *Service) IncidentOf(ctx context.Context, a people.Actor, group string) (Incident, bool, error) {
	if err := people.May(a, people.SeeIncidents, topic("")); err != nil {
		return Incident{}, false, err
	}
	return s.DB.IncidentOf(ctx, group)
}

// withCustomers fills in the customers of an incident that is open; those of a resolved one are kept as they were.
func withCustomers(book Directory, inc Incident) Incident {
	if book != nil && inc.Open() {
		inc.Customers = affectedCustomers(book, inc.Components)
	}
	return inc
}

// Room is all that the incident's room shows.
type Room struct {
	Incident   Incident
	Updates    []Update // oldest first
	Told       []Told   // the stakeholders' mails, one line for each thing that was told
	Notices    []Notice
	Timeline   []Line       // oldest first
	Runs       []action.Run // in the order in which they were planned
	FollowUps  []FollowUp
	Postmortem *Postmortem // nil while there is none
	Harm       Harm
}

// Room returns an incident's room.
func (s *Service) Room(ctx context.Context, a people.Actor, id string) (Room, error) {
	inc, err := s.Incident(ctx, a, id)
	if err != nil {
		return Room{}, err
	}
	r, err := s.gather(ctx, a, inc)
	if err != nil {
		return Room{}, err
	}
	if r.FollowUps, err = s.DB.FollowUps(ctx, FollowUpFilter{Incident: inc.ID}); err != nil {
		return Room{}, err
	}
	paper, ok, err := s.DB.Postmortem(ctx, inc.ID)
	if ok {
		r.Postmortem = &paper
	}
	return r, err
}

// gather reads what was written down about the incident and tells it as a timeline.
func (s *Service) gather(ctx context.Context, a people.Actor, inc Incident) (r Room, err error) {
	r.Incident = inc
	notes, err := s.DB.Notes(ctx, inc.ID)
	if err == nil {
		r.Updates, err = s.DB.Updates(ctx, inc.ID)
	}
	if err == nil {
		r.Notices, err = s.DB.Notices(ctx, inc.ID)
	}
	if err == nil {
		r.Runs, err = s.runs(ctx, a, inc)
	}
	if err != nil {
		return Room{}, err
	}
	if r.Harm, _, err = s.harm(ctx, a, inc); err != nil {
		return Room{}, err
	}
	r.Told = Count(r.Notices)
	r.Timeline, err = s.timeline(ctx, inc, words{notes, r.Updates, r.Runs})
	return r, err
}

// runs returns the runs for the incident and its alert groups, and those that were linked, as far as the actor may know of them.
func (s *Service) runs(ctx context.Context, a people.Actor, inc Incident) ([]action.Run, error) {
	about := []journal.Subject{inc.subject()}
	for _, g := range inc.Groups {
		about = append(about, journal.Of("group", g))
	}
	var all []action.Run
	for _, subject := range about {
		some, err := s.Runs.RunsFor(ctx, a, subject)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	for _, id := range inc.Runs {
		switch one, err := s.Runs.Run(ctx, a, id); {
		case err == nil:
			all = append(all, one)
		case !fault.Is(err, fault.NotFound):
			return nil, err
		}
	}
	slices.SortFunc(all, func(x, y action.Run) int {
		return cmp.Or(x.PlannedAt.Compare(y.PlannedAt), strings.Compare(x.ID, y.ID))
	})
	return slices.CompactFunc(all, func(x, y action.Run) bool { return x.ID == y.ID }), nil
}
