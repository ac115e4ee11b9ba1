package web

import (
	"context"
	"net/http"
	"slices"

	"frontline/alert"
	"frontline/catalog"
	"frontline/desk"
	"frontline/fault"
	"frontline/incident"
	"frontline/oncall"
)

// serviceScreen is how one service does, and who looks after it.
type serviceScreen struct {
	head
	Name      string
	Facts     []fact
	Figures   []figure
	OnCall    []string // who would be reached first
	Alerts    []alertRow
	Incidents []incidentRow
	Open      []requestRow
	Past      []requestRow
	Actions   []link
	All       string
}

func (s *Server) showService(w http.ResponseWriter, r *http.Request, v *visit) error {
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	x, ok := book.Service(r.PathValue("id"))
	if !ok {
		return fault.New(fault.NotFound, "There is no service %.60s. Search for the name.", r.PathValue("id"))
	}
	scr := serviceScreen{head: head{Title: x.Name, Wing: "/alerts", Trail: trail("Services", "", x.Name), Topics: append(topics("request", ""), topics("group", "")...)}, Name: x.Name, All: "/search?q=service:" + x.ID}
	scr.Facts = serviceFacts(book, x)
	if scr.Open, scr.Past, scr.Figures, err = s.requestsAbout(r.Context(), v, book, desk.Filter{Service: x.ID}); err != nil {
		return err
	}
	if err := s.serviceNow(r.Context(), v, book, x, &scr); err != nil {
		return err
	}
	scr.Incidents, err = s.incidentsWith(r.Context(), v, book, func(i incident.Incident) bool { return slices.Contains(i.Services, x.ID) })
	if err != nil {
		return err
	}
	return s.show(w, r, v, http.StatusOK, "service", scr)
}

// serviceNow reads who is on call, what is open, and what can be run.
func (s *Server) serviceNow(ctx context.Context, v *visit, book Book, x catalog.Service, scr *serviceScreen) error {
	reached, err := s.deps.Rota.WhatIf(ctx, v.Actor, x.Policy, v.Now)
	if unseen(err) != nil {
		return err
	}
	scr.OnCall = firstReached(book, reached)
	groups, err := s.deps.Alerts.Groups(ctx, alert.Query{State: alert.Live, Service: x.ID, Limit: shownPast})
	if err != nil {
		return err
	}
	for _, g := range groups {
		scr.Alerts = append(scr.Alerts, alertRowOf(v, book, g))
	}
	actions, err := s.deps.Actions.Actions(ctx, v.Actor, x.ID)
	for _, d := range actions {
		scr.Actions = append(scr.Actions, link{Word: d.Title, Path: actionPath(d.ID, "")})
	}
	return unseen(err)
}

// firstReached are the people whom a page would reach at once.
func firstReached(book Book, all []oncall.Reach) []string {
	var out []string
	for _, r := range all {
		if name := book.Name("person", r.Duty.Person); r.At.Equal(all[0].At) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func serviceFacts(book Book, x catalog.Service) []fact {
	out := []fact{{Name: "Team", Value: book.Name("team", x.Team)}, {Name: "Policy", Value: book.Name("policy", x.Policy)}}
	if x.Runbook != "" {
		out = append(out, fact{Name: "Runbook", Value: x.Runbook, Path: x.Runbook})
	}
	for _, id := range x.Components {
		out = append(out, fact{Name: "Part of", Value: book.Name("component", id)})
	}
	return append(out, fact{Name: "Id", Value: x.ID, Mono: true})
}
