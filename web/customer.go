package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"frontline/catalog"
	"frontline/desk"
	"frontline/fault"
	"frontline/incident"
)

// customerScreen is what one customer goes through.
type customerScreen struct {
	head
	Name      string
	Facts     []fact
	Figures   []figure
	Open      []requestRow
	Past      []requestRow
	Incidents []incidentRow
	All       string // the address of all their requests
}

// How much of a customer's and a service's past is shown.
const (
	shownOpen    = 50
	shownPast    = 20
	lookedAtInc  = 200 // incidents, the newest
	figuresSince = 90 * 24 * time.Hour
	mostFigured  = 2000 // requests
)

func (s *Server) showCustomer(w http.ResponseWriter, r *http.Request, v *visit) error {
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	at := slices.IndexFunc(book.Customers(), func(c catalog.Customer) bool { return c.ID == r.PathValue("id") })
	if at < 0 {
		return fault.New(fault.NotFound, "There is no customer %.60s. Search for the name.", r.PathValue("id"))
	}
	c := book.Customers()[at]
	scr := customerScreen{head: head{Title: c.Name, Wing: "/requests", Trail: trail("Customers", "", c.Name), Topics: topics("request", "")}, Name: c.Name, All: "/search?q=customer:" + c.ID}
	scr.Facts = customerFacts(book, c)
	if scr.Open, scr.Past, scr.Figures, err = s.requestsAbout(r.Context(), v, book, desk.Filter{Customer: c.ID}); err != nil {
		return err
	}
	scr.Incidents, err = s.incidentsWith(r.Context(), v, book, func(i incident.Incident) bool {
		return slices.ContainsFunc(i.Customers, func(x incident.Customer) bool { return x.ID == c.ID })
	})
	if err != nil {
		return err
	}
	return s.show(w, r, v, http.StatusOK, "customer", scr)
}

func customerFacts(book Book, c catalog.Customer) []fact {
	out := []fact{{Name: "Looked after by", Value: "nobody"}}
	if c.Owner != "" {
		out[0].Value = book.Name("person", c.Owner)
	}
	if c.Tier != "" {
		out = append(out, fact{Name: "Tier", Value: capital(c.Tier)})
	}
	if c.Email != "" {
		out = append(out, fact{Name: "Address", Value: c.Email})
	}
	var uses []string
	for _, id := range c.Components {
		uses = append(uses, book.Name("component", id))
	}
	if len(uses) > 0 {
		out = append(out, fact{Name: "Uses", Value: strings.Join(uses, ", ")})
	}
	return append(out, fact{Name: "Id", Value: c.ID, Mono: true})
}

// requestsAbout reads what is open and what was, and counts it.
func (s *Server) requestsAbout(ctx context.Context, v *visit, book Book, f desk.Filter) (open, past []requestRow, figures []figure, err error) {
	now := f
	now.States, now.Order, now.Limit = unfinished(), desk.ByDue, shownOpen
	list, err := s.deps.Requests.Requests(ctx, v.Actor, now)
	if err != nil {
		return nil, nil, nil, err
	}
	if open, err = s.rowsOf(ctx, v, book, list); err != nil {
		return nil, nil, nil, err
	}
	was := f
	was.States, was.Limit = []desk.State{desk.Closed}, shownPast
	if list, err = s.deps.Requests.Requests(ctx, v.Actor, was); err != nil {
		return nil, nil, nil, err
	}
	if past, err = s.rowsOf(ctx, v, book, list); err != nil {
		return nil, nil, nil, err
	}
	lately := f
	lately.Since, lately.Limit = v.Now.Add(-figuresSince), mostFigured
	if list, err = s.deps.Requests.Requests(ctx, v.Actor, lately); err != nil {
		return nil, nil, nil, err
	}
	return open, past, figuresOf(list), nil
}

// figuresOf counts requests of the last 90 days; each figure says of how many it is.
func figuresOf(list []desk.Request) []figure {
	var replied, closed []time.Duration
	for _, r := range list {
		if !r.FirstReplyAt.IsZero() {
			replied = append(replied, r.FirstReplyAt.Sub(r.ReceivedAt))
		}
		if !r.ClosedAt.IsZero() {
			closed = append(closed, r.ClosedAt.Sub(r.ReceivedAt))
		}
	}
	n := fmt.Sprint(len(list))
	if len(list) == mostFigured {
		n += "+"
	}
	out := []figure{{Name: "Asked in 90 days", Value: n}}
	if m, ok := middle(replied); ok {
		out = append(out, figure{Name: "Half had an answer within", Value: duration(m), Unit: fmt.Sprintf("n = %d answered", len(replied))})
	}
	if m, ok := middle(closed); ok {
		out = append(out, figure{Name: "Half were closed within", Value: duration(m), Unit: fmt.Sprintf("n = %d closed", len(closed))})
	}
	return out
}

// middle is the median; false when there is none.
func middle(all []time.Duration) (time.Duration, bool) {
	if len(all) == 0 {
		return 0, false
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2, true
}

// incidentsWith are the newest incidents that something is true of.
func (s *Server) incidentsWith(ctx context.Context, v *visit, book Book, of func(incident.Incident) bool) ([]incidentRow, error) {
	all, err := s.deps.Trouble.Incidents(ctx, v.Actor, incident.Filter{Limit: lookedAtInc})
	if err != nil {
		return nil, unseen(err)
	}
	var out []incidentRow
	for _, i := range all {
		if of(i) && len(out) < shownPast {
			out = append(out, incidentRowOf(v, book, i))
		}
	}
	return out, nil
}
