package web

import (
	"context"
	"net/http"
	"slices"

	"frontline/action"
	"frontline/desk"
	"frontline/people"
)

// Mornings is where hand-overs are read.
type Mornings interface {
	List(ctx context.Context, by people.Actor, team string) ([]action.Handover, error)
	Show(ctx context.Context, by people.Actor, id string) (action.Handed, error)
}

var _ Mornings = (*action.Mornings)(nil)

// TakingUp makes requests of morning hand-overs.
type TakingUp interface {
	// TakeUp makes a hand-over a request to its team; fresh is false when it was one already.
	TakeUp(ctx context.Context, a people.Actor, h action.Handed) (r desk.Request, fresh bool, err error)
	// TakenUp is the request that it was made; false when it is none.
	TakenUp(ctx context.Context, a people.Actor, h action.Handover) (desk.Request, bool, error)
}

var _ TakingUp = (*desk.Service)(nil)

type handoversScreen struct {
	head
	Rows []handoverRow
}

type handoverRow struct {
	Title, Path, Small string
	State              state
	At                 moment
}

// showHandovers lists what teams were told about their nights.
func (s *Server) showHandovers(w http.ResponseWriter, r *http.Request, v *visit) error {
	all, err := s.deps.Mornings.List(r.Context(), v.Actor, "")
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	mine := func(h action.Handover) bool { return slices.Contains(v.Actor.Teams, h.Team) }
	slices.SortStableFunc(all, func(a, b action.Handover) int { // of a day, one's own teams first
		switch {
		case a.Night.Day != b.Night.Day || mine(a) == mine(b):
			return 0
		case mine(a):
			return -1
		}
		return 1
	})
	scr := handoversScreen{head: head{Title: "Morning hand-overs", Wing: "/actions", Trail: trail("Actions", "/actions", "Morning hand-overs"), Topics: topics("handover", "")}}
	for _, h := range all {
		row := handoverRow{Title: book.Name("team", h.Team), Path: "/handover/" + h.ID(), At: v.at(h.Night.Until), Small: plural(len(h.Runs), "run", "runs"), State: newState("warning", "To read", "book")}
		if n := len(h.Items); n > 0 {
			row.Small += ", " + number(n) + " in quarantine about to expire"
		}
		if h.Quiet() {
			row.Small, row.State = "nothing ran, nothing waits", newState("ok", "Quiet")
		}
		scr.Rows = append(scr.Rows, row)
	}
	return s.show(w, r, v, http.StatusOK, "handovers", scr)
}

type handoverScreen struct {
	head
	From, Until moment
	Runs        []handedRow
	Kept        []handedKept
	Hidden      int // what is not open to the person
	Team        string
	Request     link   // that it was made
	Ask         string // where one press makes it a request; empty for whoever may not, and for a quiet night
}

type handedRow struct {
	foundRun
	Needs    string
	Reason   string
	About    link
	Check    state
	Checked  string
	Evidence []link
	At       moment
}

type handedKept struct {
	What  string
	Run   link
	Until moment
}

// showHandover shows one hand-over: what happened, who did it and why, whether it helped, the evidence, and what is still open.
func (s *Server) showHandover(w http.ResponseWriter, r *http.Request, v *visit) error {
	h, err := s.deps.Mornings.Show(r.Context(), v.Actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	scr := handoverScreen{head: head{Title: "The night of " + book.Name("team", h.Team), Wing: "/actions", Trail: trail("Morning hand-overs", "/handover", h.ID()), Topics: topics("run", "", "request", "")},
		From: v.at(h.Night.From), Until: v.at(h.Night.Until), Hidden: len(h.Handover.Runs) - len(h.Runs)}
	for _, x := range h.Runs {
		row, err := s.handedRow(r.Context(), v, book, x)
		if err != nil {
			return err
		}
		scr.Runs = append(scr.Runs, row)
	}
	for _, k := range h.Expiring {
		scr.Kept = append(scr.Kept, handedKept{What: k.Kind + " from " + k.Origin, Run: link{Word: "the run", Path: "/runs/" + k.Run}, Until: v.at(k.ExpiresAt)})
	}
	scr.Team = book.Name("team", h.Team)
	switch req, ok, err := s.deps.TakingUp.TakenUp(r.Context(), v.Actor, h.Handover); {
	case err != nil:
		return err
	case ok:
		scr.Request = link{Word: req.Name(), Path: "/requests/" + req.Name()}
	case len(scr.Runs)+len(scr.Kept) > 0 && people.May(v.Actor, people.AskDesk, people.Subject{Kind: "request"}) == nil:
		scr.Ask = "/handover/" + h.ID() + "/request"
	}
	return s.show(w, r, v, http.StatusOK, "handover", scr)
}

// takeUpHandover makes a hand-over a request to its team, once.
func (s *Server) takeUpHandover(w http.ResponseWriter, r *http.Request, v *visit) error {
	h, err := s.deps.Mornings.Show(r.Context(), v.Actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	req, fresh, err := s.deps.TakingUp.TakeUp(r.Context(), v.Actor, h)
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	say := "The hand-over was made " + req.Name() + " before."
	if fresh {
		say = req.Name() + " is with " + teamName(book, req.Team) + ". You read the answer here."
	}
	return s.done(w, r, "/requests/"+req.Name(), say)
}

func (s *Server) handedRow(ctx context.Context, v *visit, book Book, x action.Run) (handedRow, error) {
	row := handedRow{foundRun: foundOf(v, book, x), Needs: x.Needs(), Reason: x.Reason, At: v.at(x.StartedAt)}
	if c := x.Result.Check; c != nil {
		row.Check, row.Checked = newState("warning", "It did not help"), c.Summary
		if c.Helped {
			row.Check = newState("ok", "It helped")
		}
	}
	for _, f := range x.Result.Files {
		row.Evidence = append(row.Evidence, link{Word: f.Name, Path: "/runs/" + x.Ref() + "/files/" + f.ID})
	}
	row.Evidence = append(row.Evidence, resultLinks(x.Result.Links, "")...)
	var err error
	row.About, err = s.maybeAbout(ctx, v, x.For)
	return row, err
}
