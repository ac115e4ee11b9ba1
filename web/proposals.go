package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"frontline/desk"
	"frontline/fault"
	"frontline/insight"
	"frontline/people"
)

// Proposals are groups of requests that nobody could name, as the nights find them.
type Proposals interface {
	List(ctx context.Context, a people.Actor) (insight.Known, error)
	Show(ctx context.Context, a people.Actor, ref string) (insight.Proposal, []string, error)
	Promote(ctx context.Context, a people.Actor, ref string, draft desk.DemandDraft, into string) (desk.Demand, error)
	Dismiss(ctx context.Context, a people.Actor, ref, reason string) (insight.Proposal, error)
	CodeMembers(ctx context.Context, a people.Actor, ref string, requests []string) (int, error)
	Soon(ctx context.Context, a people.Actor) error
}

var _ Proposals = (*insight.Explorer)(nil)

// proposalRoutes are their part of the table.
func (s *Server) proposalRoutes() []Route {
	return []Route{
		{"GET /insight/proposals", needs(people.SeeRequests), s.showProposals},
		{"POST /insight/proposals", needs(people.ManageDemands), s.groupNow},
		{"GET /insight/proposals/{ref}", needs(people.SeeRequests), s.showProposal},
		{"POST /insight/proposals/{ref}/promote", needs(people.ManageDemands), s.promoteProposal},
		{"POST /insight/proposals/{ref}/dismiss", needs(people.ManageDemands), s.dismissProposal},
		{"POST /insight/proposals/{ref}/code", needs(people.WorkRequests), s.codeProposal},
	}
}

type proposalsScreen struct {
	head
	Looked  string
	At      moment
	Rows    []proposalRow
	Decided []proposalRow
	May     bool
	Never   bool // no night has been yet
}

// proposalRow is one proposal in the list.
type proposalRow struct {
	Name, Title, Path string
	State             state
	Words             []saidWord
	Members           int
	Bar               int // of a thousand, beside the largest
	Growth            string
	Who               string
	Examples          []linkedRow
	Back              string // why it is here again
}

// saidWord is a word with why it tells.
type saidWord struct{ Word, Why string }

func proposalState(register []desk.Demand, p insight.Proposal) state {
	switch p.State {
	case insight.Promoted:
		return newState("ok", "Now "+demandTitle(register, p.Demand))
	case insight.Dismissed:
		return newState("calm", "Dismissed", "stop")
	}
	return newState("calm", "Not confirmed")
}

func saidWords(p insight.Proposal) (out []saidWord) {
	for _, w := range p.Words {
		out = append(out, saidWord{w.Word, fmt.Sprintf("in %.0f %% of these, in %.0f %% of the others", 100*w.In, 100*w.Elsewhere)})
	}
	return out
}

// growthWord compares four weeks with those before. Whether a difference means something, it does not say.
func growthWord(p insight.Proposal) string {
	return fmt.Sprintf("%d in the last four weeks, %d in the four before", p.Lately, p.Before)
}

func (s *Server) showProposals(w http.ResponseWriter, r *http.Request, v *visit) error {
	ctx := r.Context()
	known, err := s.deps.Proposals.List(ctx, v.Actor)
	if err != nil {
		return err
	}
	register, err := s.deps.Demands.Demands(ctx, v.Actor)
	if err != nil {
		return err
	}
	scr := proposalsScreen{head: head{Title: "New and unexplained", Wing: "/insight", Trail: trail("Insight", "/insight", "New and unexplained"), Topics: topics("proposal", "")},
		May: people.May(v.Actor, people.ManageDemands, people.Subject{Kind: "request"}) == nil, Never: known.Night.At.IsZero(), Looked: lookedAt(known.Night)}
	if !scr.Never {
		scr.At = v.at(known.Night.At)
	}
	slices.SortStableFunc(known.Proposals, func(a, b insight.Proposal) int { return cmp.Compare(b.Members, a.Members) })
	largest := 1
	for _, p := range known.Proposals {
		row := proposalRow{Name: p.Name(), Title: p.Title(), Path: "/insight/proposals/" + p.Name(), State: proposalState(register, p), Words: saidWords(p), Members: p.Members, Growth: growthWord(p),
			Who: plural(p.Askers, "asker", "askers") + ", " + plural(p.Customers, "customer", "customers")}
		if p.State != insight.Proposed {
			scr.Decided = append(scr.Decided, row)
			continue
		}
		if p.Reason != "" {
			row.Back = "Dismissed before: " + p.Reason + " It has doubled since."
		}
		if len(scr.Rows) < shownExamples {
			if row.Examples, err = s.seen(ctx, v, p.Examples); err != nil {
				return err
			}
		}
		largest = max(largest, p.Members)
		row.Bar = p.Members
		scr.Rows = append(scr.Rows, row)
	}
	for i := range scr.Rows {
		scr.Rows[i].Bar = max(4, 1000*scr.Rows[i].Bar/largest)
	}
	return s.show(w, r, v, http.StatusOK, "proposals", scr)
}

// shownExamples is of how many proposals examples are read for the list; a proposal's own screen shows them always.
const shownExamples = 30

// lookedAt says what a night looked at, and what it left out.
func lookedAt(n insight.Night) string {
	said := fmt.Sprintf("%s that nobody could name", plural(n.Pile, "request", "requests"))
	if n.Looked < n.Pile {
		said += fmt.Sprintf("; %s of them were looked at: the newest that have words", number(n.Looked))
	}
	return said + fmt.Sprintf("; %s in a group. Requests that only a team may read are left out.", map[bool]string{true: "1 is", false: number(n.Grouped) + " are"}[n.Grouped == 1])
}

// seen reads requests as rows; what is not open to the person is left out.
func (s *Server) seen(ctx context.Context, v *visit, refs []string) (rows []linkedRow, err error) {
	for _, ref := range refs {
		r, err := s.deps.Requests.Request(ctx, v.Actor, ref)
		if unseen(err) != nil {
			return nil, err
		}
		if err == nil {
			rows = append(rows, linkedRowOf(v, r, ""))
		}
	}
	return rows, nil
}

func (s *Server) groupNow(w http.ResponseWriter, r *http.Request, v *visit) error {
	if err := s.deps.Proposals.Soon(r.Context(), v.Actor); err != nil {
		return err
	}
	return s.done(w, r, "/insight/proposals", "They are being grouped. Look again in a moment.")
}

type proposalScreen struct {
	head
	Ref, Title string
	State      state
	Words      []saidWord
	Figures    []figure
	Facts      []fact
	Examples   []linkedRow
	Members    []linkedRow
	More       int
	May, Work  bool
	Decide     bool // it may be promoted or dismissed
	Promoted   string
	Promote    form
	Dismiss    form
	Demands    []option
	Refused    string
}

func (s *Server) showProposal(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.proposalPage(w, r, v, http.StatusOK, nil)
}

// listedMembers is how many requests of a proposal are listed for coding.
const listedMembers = 40

// proposalPage shows the proposal of the address; finish may change the screen before it is drawn.
func (s *Server) proposalPage(w http.ResponseWriter, r *http.Request, v *visit, status int, finish func(*proposalScreen)) error {
	ctx := r.Context()
	p, members, err := s.deps.Proposals.Show(ctx, v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	book, err := s.deps.Book(ctx)
	if err != nil {
		return err
	}
	register, err := s.deps.Demands.Demands(ctx, v.Actor)
	if err != nil {
		return err
	}
	scr := proposalScreen{head: head{Title: p.Title(), Wing: "/insight", Trail: trail("Insight", "/insight", "New and unexplained", "/insight/proposals", p.Name()), Topics: topics("proposal", p.Name())},
		Ref: p.Name(), Title: p.Title(), State: proposalState(register, p), Words: saidWords(p), Facts: proposalFacts(v, book, register, p),
		May: people.May(v.Actor, people.ManageDemands, people.Subject{Kind: "request"}) == nil, Work: people.May(v.Actor, people.WorkRequests, people.Subject{Kind: "request"}) == nil}
	scr.Figures = []figure{{Name: "Requests", Value: number(p.Members)}, {Name: "In the last four weeks", Value: number(p.Lately)}, {Name: "In the four before", Value: number(p.Before)},
		{Name: "Askers", Value: number(p.Askers)}, {Name: "Customers", Value: number(p.Customers)}}
	scr.Decide = scr.May && p.State != insight.Promoted
	if p.State == insight.Promoted {
		scr.Promoted = demandTitle(register, p.Demand)
	}
	if scr.Examples, err = s.seen(ctx, v, p.Examples); err != nil {
		return err
	}
	scr.More = max(0, len(members)-listedMembers)
	if scr.Members, err = s.seen(ctx, v, members[:min(len(members), listedMembers)]); err != nil {
		return err
	}
	draft := p.Draft()
	var examples []string
	for _, x := range scr.Examples {
		examples = append(examples, x.Name)
	}
	scr.Promote = demandForm(book, desk.Demand{Title: draft.Title, Description: draft.Description, Handling: draft.Handling, Examples: examples})
	scr.Dismiss = form{Fields: []field{{Name: "reason", Label: "Why it is no demand", Hint: "It comes back when it has twice as many requests.", Autocomplete: "off"}}}
	for _, d := range register {
		if d.Live() {
			scr.Demands = append(scr.Demands, option{Value: d.ID, Label: d.Title})
		}
	}
	if finish != nil {
		finish(&scr)
	}
	return s.show(w, r, v, status, "proposal", scr)
}

func proposalFacts(v *visit, book Book, register []desk.Demand, p insight.Proposal) []fact {
	out := []fact{{Name: "Found first", Value: v.at(p.FoundAt).Abs()}, {Name: "Found last", Value: v.at(p.SeenAt).Abs()},
		{Name: "How alike they are", Value: fmt.Sprintf("%.0f of 100", 100*p.Tightness)}}
	if p.By != "" {
		out = append(out, fact{Name: "Decided by", Value: book.Name("person", p.By)}, fact{Name: "Decided", Value: v.at(p.DecidedAt).Abs()})
	}
	if p.Reason != "" {
		out = append(out, fact{Name: "Dismissed because", Value: p.Reason})
	}
	for _, d := range register {
		if d.ID == p.Demand {
			out = append(out, fact{Name: "Became", Value: d.Title, Path: "/insight/demands/" + d.Name()})
		}
	}
	return out
}

// refusedProposal shows the proposal again with what was wrong; what is no mistake of a form is the error it is.
func (s *Server) refusedProposal(w http.ResponseWriter, r *http.Request, v *visit, err error, put func(*proposalScreen)) error {
	f, ok := form{}.refused(err)
	if !ok {
		return err
	}
	say := f.Say
	for _, x := range fault.FieldsOf(err) {
		say = strings.TrimSpace(say + " " + x.Say)
	}
	return s.proposalPage(w, r, v, formStatus(err), func(scr *proposalScreen) {
		scr.Refused = say
		put(scr)
	})
}

func (s *Server) promoteProposal(w http.ResponseWriter, r *http.Request, v *visit) error {
	ref := r.PathValue("ref")
	d, err := s.deps.Proposals.Promote(r.Context(), v.Actor, ref, draftOf(r), r.PostForm.Get("into"))
	if err == nil {
		return s.done(w, r, "/insight/proposals/"+ref, d.Title+" is in the register. Say which of these requests are of it.")
	}
	return s.refusedProposal(w, r, v, err, func(scr *proposalScreen) {
		if r.PostForm.Has("title") {
			scr.Promote, _ = scr.Promote.typed(r.PostForm).refused(err)
			scr.Refused = "" // the form says it
		}
	})
}

func (s *Server) dismissProposal(w http.ResponseWriter, r *http.Request, v *visit) error {
	_, err := s.deps.Proposals.Dismiss(r.Context(), v.Actor, r.PathValue("ref"), r.PostForm.Get("reason"))
	if err == nil {
		return s.done(w, r, "/insight/proposals", r.PathValue("ref")+" is dismissed until it has doubled.")
	}
	return s.refusedProposal(w, r, v, err, func(scr *proposalScreen) {
		scr.Dismiss, _ = scr.Dismiss.typed(r.PostForm).refused(err)
		scr.Refused = "" // the form says it
	})
}

func (s *Server) codeProposal(w http.ResponseWriter, r *http.Request, v *visit) error {
	ref := r.PathValue("ref")
	n, err := s.deps.Proposals.CodeMembers(r.Context(), v.Actor, ref, r.PostForm["request"])
	if err == nil {
		return s.done(w, r, "/insight/proposals/"+ref, plural(n, "request is", "requests are")+" coded.")
	}
	return s.refusedProposal(w, r, v, err, func(*proposalScreen) {})
}
