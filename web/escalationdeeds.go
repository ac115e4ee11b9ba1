package web

import (
	"context"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"frontline/desk"
	"frontline/fault"
	"frontline/people"
)

// deedDone ends a change of an escalation; one that is refused shows the escalation as it is now, with what is wrong and what was typed.
func (s *Server) deedDone(w http.ResponseWriter, r *http.Request, v *visit, err error, say string) error {
	ref := r.PathValue("ref")
	if err == nil {
		return s.done(w, r, "/escalations/"+ref, say)
	}
	if _, ok := (form{}).refused(err); !ok {
		return err
	}
	return s.escalation(w, r, v, formStatus(err), func(scr *escalationScreen) {
		scr.Wrong = &refusal{Say: fault.Sentence(err)}
		if words := r.PostForm.Get("text"); words != "" {
			scr.Write, scr.Prepared, scr.Mend = scr.Write.typed(r.PostForm), scr.Prepared.typed(r.PostForm), scr.Mend.typed(r.PostForm)
		}
	})
}

func (s *Server) judgeEscalation(w http.ResponseWriter, r *http.Request, v *visit) error {
	verdict := desk.Verdict(r.PostForm.Get("verdict"))
	_, err := s.deps.Developers.Judge(r.Context(), v.Actor, r.PathValue("ref"), verdict)
	say := "The verdict is kept: " + strings.ToLower(verdictWord(verdict)) + "."
	if verdict == "" {
		say = "The verdict is the tracker’s again."
	}
	return s.deedDone(w, r, v, err, say)
}

func (s *Server) escalateAgain(w http.ResponseWriter, r *http.Request, v *visit) error {
	_, err := s.deps.Developers.Again(r.Context(), v.Actor, r.PathValue("ref"), r.PostForm.Get("title"), r.PostForm.Get("text"))
	return s.deedDone(w, r, v, err, "It is on its way again.")
}

func (s *Server) writeToDevelopers(w http.ResponseWriter, r *http.Request, v *visit) error {
	_, err := s.deps.Developers.WriteTo(r.Context(), v.Actor, r.PathValue("ref"), r.PostForm.Get("request"), r.PostForm.Get("text"))
	return s.deedDone(w, r, v, err, "Developers get it below their issue.")
}

// tellAskers tells one asker, or all of them when no request is named.
func (s *Server) tellAskers(w http.ResponseWriter, r *http.Request, v *visit) error {
	ref, request, text := r.PathValue("ref"), r.PostForm.Get("request"), r.PostForm.Get("text")
	if request != "" {
		_, err := s.deps.Developers.TellAsker(r.Context(), v.Actor, ref, request, text)
		return s.deedDone(w, r, v, err, "Whoever asked "+request+" is being told.")
	}
	all, err := s.deps.Developers.TellAll(r.Context(), v.Actor, ref, text)
	say := plural(all.Told, "asker is", "askers are") + " being told."
	for _, name := range sortedErrors(all.Not) {
		say += " Not in " + name + ": " + fault.Sentence(all.Not[name])
	}
	return s.deedDone(w, r, v, err, say)
}

func (s *Server) skipAsker(w http.ResponseWriter, r *http.Request, v *visit) error {
	request := r.PostForm.Get("request")
	_, err := s.deps.Developers.SkipAsker(r.Context(), v.Actor, r.PathValue("ref"), request, r.PostForm.Get("reason"))
	return s.deedDone(w, r, v, err, "Whoever asked "+request+" is not told.")
}

func (s *Server) leaveEscalation(w http.ResponseWriter, r *http.Request, v *visit) error {
	request := r.PostForm.Get("request")
	_, err := s.deps.Developers.Leave(r.Context(), v.Actor, request, r.PathValue("ref"))
	return s.deedDone(w, r, v, err, request+" has nothing to do with it any more.")
}

// escalateScreen is what developers would get, before they get it.
type escalateScreen struct {
	head
	Ref     string
	Name    string
	Form    form
	Shown   template.HTML // as developers read it
	Live    []escalationRow
	Nowhere bool // no tracker takes it
}

func (s *Server) showEscalate(w http.ResponseWriter, r *http.Request, v *visit) error {
	p, err := s.deps.Developers.Pack(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	return s.escalate(w, r, v, http.StatusOK, escalateForm().with("title", p.Title).with("text", p.Text))
}

func escalateForm() form {
	return form{Fields: []field{
		{Name: "tracker", Label: "Where", Kind: "select"},
		{Name: "title", Label: "Title of the issue"},
		{Name: "text", Label: "What developers read", Hint: "Prepared from the request. Names and addresses of askers are left out; take out what else does not belong there.", Kind: "area"},
		{Name: "issue", Label: "They have an issue already", Hint: "Its number or key, such as 128 or PIPE-42. Then this becomes a comment there.", Optional: true, Autocomplete: "off"},
	}}
}

// escalate shows what would be sent, as it is written and as it is read.
func (s *Server) escalate(w http.ResponseWriter, r *http.Request, v *visit, status int, f form) error {
	ctx, ref := r.Context(), r.PathValue("ref")
	req, err := s.deps.Requests.Request(ctx, v.Actor, ref)
	if err != nil {
		return err
	}
	book, err := s.deps.Book(ctx)
	if err != nil {
		return err
	}
	trackers, err := s.deps.Developers.TrackersFor(ctx, v.Actor, ref)
	if err != nil {
		return err
	}
	for _, t := range trackers {
		f.Fields[0].Options = append(f.Fields[0].Options, option{Value: t.ID, Label: t.Name + ": " + t.Project})
	}
	text, err := s.markdown.HTML(f.Field("text").Value)
	if err != nil {
		return err
	}
	name := req.Name()
	scr := escalateScreen{head: head{Title: "Escalate " + name, Wing: "/requests", Trail: trail("Requests", "/requests", name, "/requests/"+name, "Escalate")}, Ref: name, Name: req.Title, Form: f, Nowhere: len(trackers) == 0,
		Shown: template.HTML(text)} //nolint:gosec // sanitised by incident.Markdown, which drops scripts, images and raw HTML
	live, err := s.deps.Developers.List(ctx, v.Actor, desk.EscalationFilter{States: []desk.EscalationState{desk.ToBeOpened, desk.IssueOpen}, Limit: 30})
	if err != nil {
		return err
	}
	for _, e := range live {
		if slices.ContainsFunc(trackers, func(t desk.TrackerDefinition) bool { return t.ID == e.Tracker }) {
			scr.Live = append(scr.Live, escalationRowOf(v, book, e))
		}
	}
	return s.show(w, r, v, status, "escalate", scr)
}

// escalateRequest sends what was written, or shows it once more as developers would read it.
func (s *Server) escalateRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	posted := r.PostForm
	f := escalateForm().typed(posted)
	if posted.Get("do") == "preview" {
		return s.escalate(w, r, v, http.StatusOK, f)
	}
	e, err := s.deps.Developers.Escalate(r.Context(), v.Actor, r.PathValue("ref"), desk.Ask{Tracker: posted.Get("tracker"), Title: posted.Get("title"), Text: posted.Get("text"), Issue: posted.Get("issue")})
	if err != nil {
		f, ok := f.refused(err)
		if !ok {
			return err
		}
		return s.escalate(w, r, v, formStatus(err), f)
	}
	return s.done(w, r, "/requests/"+r.PathValue("ref"), "It is with developers: "+e.Name()+".")
}

func (s *Server) joinEscalation(w http.ResponseWriter, r *http.Request, v *visit) error {
	e, err := s.deps.Developers.Join(r.Context(), v.Actor, r.PathValue("ref"), r.PostForm.Get("escalation"))
	if err != nil {
		return s.refusedDeed(w, r, v, "escalate", form{}, err)
	}
	return s.done(w, r, "/requests/"+r.PathValue("ref"), "It has joined "+e.Name()+". Developers read how many there are by now.")
}

// escalationsOf are the escalations that a request hangs on.
func (s *Server) escalationsOf(ctx context.Context, v *visit, book Book, r desk.Request) ([]escalationRow, error) {
	if s.deps.Developers == nil || people.May(v.Actor, people.WorkRequests, people.Subject{Kind: "request"}) != nil {
		return nil, nil
	}
	all, err := s.deps.Developers.List(ctx, v.Actor, desk.EscalationFilter{Request: r.ID, Limit: 20})
	if err != nil {
		return nil, err
	}
	var out []escalationRow
	for _, e := range all {
		out = append(out, escalationRowOf(v, book, e))
	}
	return out, nil
}
