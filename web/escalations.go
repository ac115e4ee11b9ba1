package web

import (
	"context"
	"net/http"
	"strings"

	"frontline/desk"
	"frontline/people"
)

// Developers is where the desk asks developers, and hears what they say.
type Developers interface {
	DeveloperAsking
	DeveloperLoops
}

// DeveloperAsking is how a request goes to developers.
type DeveloperAsking interface {
	Pack(ctx context.Context, a people.Actor, ref string) (desk.Pack, error)
	TrackersFor(ctx context.Context, a people.Actor, ref string) ([]desk.TrackerDefinition, error)
	Escalate(ctx context.Context, a people.Actor, ref string, k desk.Ask) (desk.Escalation, error)
	Join(ctx context.Context, a people.Actor, ref, escalation string) (desk.Escalation, error)
	Leave(ctx context.Context, a people.Actor, ref, escalation string) (desk.Escalation, error)
	WriteTo(ctx context.Context, a people.Actor, escalation, ref, text string) (desk.Escalation, error)
}

// DeveloperLoops is what comes back, and how askers are told.
type DeveloperLoops interface {
	View(ctx context.Context, a people.Actor, ref string) (desk.EscalationView, error)
	List(ctx context.Context, a people.Actor, f desk.EscalationFilter) ([]desk.Escalation, error)
	Judge(ctx context.Context, a people.Actor, escalation string, v desk.Verdict) (desk.Escalation, error)
	Again(ctx context.Context, a people.Actor, escalation, title, text string) (desk.Escalation, error)
	TellAsker(ctx context.Context, a people.Actor, escalation, ref, text string) (desk.Escalation, error)
	TellAll(ctx context.Context, a people.Actor, escalation, text string) (desk.ToldAll, error)
	SkipAsker(ctx context.Context, a people.Actor, escalation, ref, reason string) (desk.Escalation, error)
	Prepare(ctx context.Context, a people.Actor, escalation, ref, text string) (string, error)
}

// escalationRoutes are the routes of what developers were asked.
func (s *Server) escalationRoutes() []Route {
	return []Route{
		{"GET /escalations", needs(people.WorkRequests), s.showEscalations},
		{"GET /escalations/{ref}", needs(people.WorkRequests), s.showEscalation},
		{"POST /escalations/{ref}/judge", needs(people.WorkRequests), s.judgeEscalation},
		{"POST /escalations/{ref}/again", needs(people.WorkRequests), s.escalateAgain},
		{"POST /escalations/{ref}/write", needs(people.WorkRequests), s.writeToDevelopers},
		{"POST /escalations/{ref}/tell", needs(people.WorkRequests), s.tellAskers},
		{"POST /escalations/{ref}/skip", needs(people.WorkRequests), s.skipAsker},
		{"POST /escalations/{ref}/leave", needs(people.WorkRequests), s.leaveEscalation},
		{"GET /requests/{ref}/escalate", needs(people.WorkRequests), s.showEscalate},
		{"POST /requests/{ref}/escalate", needs(people.WorkRequests), s.escalateRequest},
		{"POST /requests/{ref}/join", needs(people.WorkRequests), s.joinEscalation},
	}
}

// escalationsScreen lists what developers were asked.
type escalationsScreen struct {
	head
	Tabs  []tab
	Rows  []escalationRow
	Blank blank
	Pager pager
}

// escalationRow is one escalation in a list, and beside a request.
type escalationRow struct {
	State    state
	Name     string
	Path     string
	Title    string
	Issue    link
	Verdict  string
	Version  string
	Requests string
	Untold   string
	At       moment
	Trouble  string // why it is not in the tracker
	Since    moment
}

func escalationRowOf(v *visit, book Book, e desk.Escalation) escalationRow {
	row := escalationRow{State: escalationState(e), Name: e.Name(), Path: "/escalations/" + e.Name(), Title: e.Title, Verdict: verdictWord(e.Verdict), Requests: plural(e.Requests, "request", "requests"),
		At: v.at(e.MadeAt), Trouble: e.Trouble, Since: v.at(e.TroubleAt), Issue: link{Word: e.Issue, Path: e.Address}}
	if e.Version != "" {
		row.Version = "in " + e.Version
		if !e.Out {
			row.Version += ", not out yet"
		}
	}
	if e.Loose() {
		row.Untold = plural(e.Untold, "asker to tell", "askers to tell")
	}
	if row.Issue.Word == "" {
		row.Issue.Word = book.Name("tracker", e.Tracker)
	}
	return row
}

// escalationState is where an escalation stands, in people's words.
func escalationState(e desk.Escalation) state {
	switch {
	case e.State == desk.ToBeOpened && e.Trouble != "":
		return newState("warning", "Waits for the tracker", "clock")
	case e.State == desk.ToBeOpened:
		return newState("calm", "On its way", "clock")
	case e.State == desk.IssueNever:
		return newState("warning", "Refused")
	case e.Loose():
		return newState("warning", "Close the loop", "talk")
	case e.State == desk.IssueEnded:
		return newState("ok", "Ended")
	case e.Ours():
		return newState("warning", "Developers wrote", "talk")
	}
	return newState("calm", "With developers", "up")
}

func verdictWord(v desk.Verdict) string {
	switch v {
	case desk.ConfirmedBug:
		return "Confirmed"
	case desk.FixedBug:
		return "Fixed"
	case desk.NotABug:
		return "Not a bug"
	case desk.DuplicateIssue:
		return "Known already"
	}
	return "Not said"
}

func (s *Server) showEscalations(w http.ResponseWriter, r *http.Request, v *visit) error {
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	here := r.URL.Query().Get("view")
	scr := escalationsScreen{head: head{Title: "Escalations", Wing: "/requests", Trail: trail("Requests", "/requests", "Escalations"), Topics: topics("escalation", "")},
		Blank: newBlank("Nothing is with developers", "Open a request that support cannot solve, and choose Escalate: developers get what they need, and what they say comes back here.", "See requests", "/requests")}
	for _, x := range []struct {
		word, label string
		f           desk.EscalationFilter
	}{
		{"", "Live", desk.EscalationFilter{States: []desk.EscalationState{desk.ToBeOpened, desk.IssueOpen, desk.IssueNever}}}, {"loop", "Close the loop", desk.EscalationFilter{Loose: true}},
		{"ended", "Ended", desk.EscalationFilter{States: []desk.EscalationState{desk.IssueEnded}}},
	} {
		x.f.Limit = mostCounted
		all, err := s.deps.Developers.List(r.Context(), v.Actor, x.f)
		if err != nil {
			return err
		}
		path := "/escalations"
		if x.word != "" {
			path += "?view=" + x.word
		}
		scr.Tabs = append(scr.Tabs, tab{link: link{Word: x.label, Path: path}, N: len(all), Here: x.word == here})
		if x.word != here {
			continue
		}
		for _, e := range all {
			scr.Rows = append(scr.Rows, escalationRowOf(v, book, e))
		}
		if x.word == "loop" {
			scr.Blank = newBlank("Every asker knows", "When developers close an issue, everybody who asked stands here until somebody has told them.", "See escalations", "/escalations")
		}
	}
	return s.show(w, r, v, http.StatusOK, "escalations", scr)
}

// escalationScreen is one escalation: its issue, its requests, what was said, and who is to be told.
type escalationScreen struct {
	head
	Row      escalationRow
	Live     bool // developers may still say something
	Refused  bool
	Facts    []fact
	Said     []talk
	Out      []outgoingRow
	Links    []askerRow
	Hidden   string
	Loop     bool
	Untolds  int
	Prepared form // one answer for all
	Write    form
	Mend     form
	Judges   []choice
	Wrong    *refusal
}

// outgoingRow is something of ours that is not below the issue.
type outgoingRow struct {
	State state
	Say   string
}

// askerRow is one request of an escalation, and whether its asker knows.
type askerRow struct {
	linkedRow
	Asker string
	Told  state // its word is empty while nobody has told them
	Say   string
	Words string // what would be said
	ID    string // of the form's field
}

func (s *Server) showEscalation(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.escalation(w, r, v, http.StatusOK, nil)
}

func (s *Server) escalation(w http.ResponseWriter, r *http.Request, v *visit, status int, finish func(*escalationScreen)) error {
	e, err := s.deps.Developers.View(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	scr := escalationScreen{Row: escalationRowOf(v, book, e.Escalation), Live: e.Key != "", Refused: e.State == desk.IssueNever, Loop: e.Loose(), Untolds: e.Untold,
		head: head{Title: e.Name() + " " + e.Title, Wing: "/requests", Trail: trail("Requests", "/requests", "Escalations", "/escalations", e.Name()), Topics: topics("escalation", e.ID)}}
	scr.Facts = escalationFacts(v, book, e)
	for _, m := range e.Said {
		scr.Said = append(scr.Said, talk{Kind: "note", By: m.Author, Where: "in " + scr.Row.Issue.Word, At: v.at(m.At), Text: linked(m.Text.Body)})
	}
	for _, o := range e.Out {
		scr.Out = append(scr.Out, outgoingRowOf(o))
	}
	if e.Hidden > 0 {
		scr.Hidden = plural(e.Hidden, "more request", "more requests") + " that you may not see"
	}
	if err := s.askers(r.Context(), v, book, e, &scr); err != nil {
		return err
	}
	scr.Prepared = form{Fields: []field{{Name: "text", Label: "What do they all read?", Hint: "{asker} and {request} become each one’s own.", Kind: "area", Value: e.Prepared()}}}
	scr.Write = writeForm(scr.Links)
	scr.Mend = form{Fields: []field{{Name: "title", Label: "Title", Value: e.Title}, {Name: "text", Label: "What developers read", Kind: "area", Value: e.Text}}}
	for _, j := range desk.VerdictsAll() {
		scr.Judges = append(scr.Judges, choice{Value: string(j), Label: verdictWord(j), Here: j == e.Verdict})
	}
	if finish != nil {
		finish(&scr)
	}
	if r.Method == http.MethodPost {
		scr.Topics = nil
	}
	return s.show(w, r, v, status, "escalation", scr)
}

func writeForm(links []askerRow) form {
	f := form{Fields: []field{{Name: "request", Label: "About", Kind: "select"}, {Name: "text", Label: "Tell the developers", Hint: "It goes below their issue, and stands in the request as a note.", Kind: "area"}}}
	for _, l := range links {
		f.Fields[0].Options = append(f.Fields[0].Options, option{Value: l.Name, Label: l.Name + " " + l.Title})
	}
	return f
}

func outgoingRowOf(o desk.Outgoing) outgoingRow {
	say := "Our note"
	if o.Kind == desk.JoinedIssue {
		say = "How many requests there are by now"
	}
	if o.State == desk.Failed {
		return outgoingRow{newState("warning", "Refused"), say + ". " + o.Error}
	}
	return outgoingRow{newState("calm", "On its way", "clock"), say}
}

func escalationFacts(v *visit, book Book, e desk.EscalationView) []fact {
	out := []fact{{Name: "Tracker", Value: book.Name("tracker", e.Escalation.Tracker)}}
	if e.Issue != "" {
		out = append(out, fact{Name: "Issue", Value: e.Issue, Path: e.Address})
	}
	if e.Status != "" {
		out = append(out, fact{Name: "There it is", Value: e.Status})
	}
	verdict := verdictWord(e.Verdict)
	if e.ByHand {
		verdict += ", said here"
	}
	out = append(out, fact{Name: "Verdict", Value: verdict})
	if e.Version != "" {
		out = append(out, fact{Name: "Version", Value: strings.TrimPrefix(escalationRowOf(v, book, e.Escalation).Version, "in ")})
	}
	out = append(out, fact{Name: "Escalated", Value: v.at(e.MadeAt).Abs() + " by " + book.Name("person", e.By)})
	if !e.ReadAt.IsZero() {
		out = append(out, fact{Name: "Last read", Value: v.at(e.ReadAt).Abs()})
	}
	if e.Reach.Trouble != "" {
		out = append(out, fact{Name: "Not reached", Value: "since " + v.at(e.Reach.TroubleAt).Abs() + ": " + e.Reach.Trouble})
	}
	return out
}

// askers fills in who asked, and what each would be told.
func (s *Server) askers(ctx context.Context, v *visit, book Book, e desk.EscalationView, scr *escalationScreen) error {
	for _, l := range e.Links {
		row := askerRow{linkedRow: linkedRowOf(v, l.Now, ""), Asker: e.Parties[l.Now.Asker].Shown(), ID: "f-words-" + l.Now.Name()}
		switch l.Told {
		case desk.WasTold:
			row.Told, row.Say = newState("ok", "Told"), book.Name("person", l.ToldBy)+", "+v.at(l.ToldAt).Abs()
		case desk.WasSkipped:
			row.Told, row.Say = newState("calm", "Not told", "stop"), l.Reason
		default:
			if e.Loose() {
				words, err := s.deps.Developers.Prepare(ctx, v.Actor, e.ID, l.Request, "")
				if err != nil {
					return err
				}
				row.Words = words
			}
		}
		scr.Links = append(scr.Links, row)
	}
	return nil
}
