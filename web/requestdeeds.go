package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"frontline/desk"
	"frontline/fault"
	"frontline/people"
)

// RequestFacts is what a request is about and whose it is. seen is the version that the person looked at.
type RequestFacts interface {
	Assign(ctx context.Context, a people.Actor, ref, person string, seen int64) (desk.Request, error)
	Retitle(ctx context.Context, a people.Actor, ref, title string, seen int64) (desk.Request, error)
	Change(ctx context.Context, a people.Actor, ref string, e desk.Edit, seen int64) (desk.Request, error)
	LinkTo(ctx context.Context, a people.Actor, ref, other string) (desk.Request, error)
	Unlink(ctx context.Context, a people.Actor, ref, other string) (desk.Request, error)
	HoldWords(ctx context.Context, a people.Actor, ref, reason string) (desk.Request, error)
	ReleaseWords(ctx context.Context, a people.Actor, ref string) (desk.Request, error)
	HangOn(ctx context.Context, a people.Actor, ref, problem string) (desk.Request, error)
	PartOf(ctx context.Context, a people.Actor, ref, incident string) (desk.Request, error)
	Watch(ctx context.Context, a people.Actor, ref, person string) (desk.Request, error)
	Unwatch(ctx context.Context, a people.Actor, ref, person string) (desk.Request, error)
}

// RequestEnds is how a request waits, ends and begins again.
type RequestEnds interface {
	WaitFor(ctx context.Context, a people.Actor, ref string, whom desk.Wait) (desk.Request, error)
	Resume(ctx context.Context, a people.Actor, ref string) (desk.Request, error)
	Close(ctx context.Context, a people.Actor, ref string, e desk.Ending) (desk.Request, error)
	Reopen(ctx context.Context, a people.Actor, ref string) (desk.Request, error)
	Code(ctx context.Context, a people.Actor, ref string, c desk.Coding) (desk.Request, error)
	Solved(ctx context.Context, a people.Actor, ref string) (desk.Request, error)
}

// editRequest makes one change of the request in the address. One that is refused shows the request as it is now, with what was chosen.
func (s *Server) editRequest(w http.ResponseWriter, r *http.Request, v *visit, say string, chose fact, do func(ref string, seen int64) (desk.Request, error)) error {
	seen, _ := strconv.ParseInt(r.PostForm.Get("seen"), 10, 64) // without one it is not compared
	req, err := do(r.PathValue("ref"), seen)
	if err == nil {
		return s.requestDone(w, r, req, say)
	}
	f, ok := form{}.refused(err)
	if !ok {
		return err
	}
	return s.request(w, r, v, formStatus(err), func(scr *requestScreen) {
		scr.Refused = &refusal{Say: f.Say, Kept: []fact{chose}}
	})
}

// assignRequest gives a request to somebody; "me" takes it, nothing gives it back.
func (s *Server) assignRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	person := r.PostForm.Get("person")
	say := "is with " + book.Name("person", person) + "."
	switch person {
	case "me":
		person, say = v.Actor.ID, "is yours."
	case "", "nobody":
		person, say = "", "is with nobody."
	}
	return s.editRequest(w, r, v, say, fact{Name: "With", Value: book.Name("person", person)}, func(ref string, seen int64) (desk.Request, error) {
		return s.deps.Requests.Assign(r.Context(), v.Actor, ref, person, seen)
	})
}

// changeRequest changes what a request is about: only what differs, so that another type brings its own team.
func (s *Server) changeRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	ctx, posted := r.Context(), r.PostForm
	return s.editRequest(w, r, v, "is changed.", fact{Name: "Title", Value: posted.Get("title")}, func(ref string, seen int64) (desk.Request, error) {
		req, err := s.deps.Requests.Request(ctx, v.Actor, ref)
		if err != nil {
			return req, err
		}
		if posted.Has("title") && posted.Get("title") != req.Title {
			if req, err = s.deps.Requests.Retitle(ctx, v.Actor, ref, posted.Get("title"), seen); err != nil {
				return req, err
			}
			seen = req.Version
		}
		return s.deps.Requests.Change(ctx, v.Actor, ref, editOf(posted, req), seen)
	})
}

// editOf is what was chosen and differs from what is.
func editOf(posted url.Values, now desk.Request) (e desk.Edit) {
	differs := func(name, is string) *string {
		if to := posted.Get(name); posted.Has(name) && to != is {
			return &to
		}
		return nil
	}
	if p := differs("priority", string(now.Priority)); p != nil {
		to := desk.Priority(*p)
		e.Priority = &to
	}
	e.Type, e.Team = differs("type", now.Type), differs("team", now.Team)
	e.Customer, e.Service = differs("customer", now.Customer), differs("service", now.Service)
	if tags := strings.FieldsFunc(posted.Get("tags"), func(r rune) bool { return r == ' ' || r == ',' }); posted.Has("tags") && !slices.Equal(tags, now.Tags) {
		e.Tags = &tags
	}
	return e
}

func (s *Server) waitRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	whom := desk.Wait(r.PostForm.Get("for"))
	return s.editRequest(w, r, v, "waits for "+waitWord(whom)+".", fact{Name: "Waits for", Value: waitWord(whom)}, func(ref string, _ int64) (desk.Request, error) {
		return s.deps.Requests.WaitFor(r.Context(), v.Actor, ref, whom)
	})
}

func (s *Server) resumeRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.editRequest(w, r, v, "waits for nobody any more: the next move is ours.", fact{}, func(ref string, _ int64) (desk.Request, error) {
		return s.deps.Requests.Resume(r.Context(), v.Actor, ref)
	})
}

func (s *Server) closeRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	e := desk.Ending{Outcome: desk.Outcome(r.PostForm.Get("outcome")), Size: desk.Size(r.PostForm.Get("size")), Coding: codingOf(r.PostForm)}
	return s.editRequest(w, r, v, "is closed.", fact{Name: "Close as", Value: outcomeWord(e.Outcome)}, func(ref string, _ int64) (desk.Request, error) {
		return s.deps.Requests.Close(r.Context(), v.Actor, ref, e)
	})
}

// codeRequest says what a request was about that is closed already, such as by telling its asker that a bug is fixed.
func (s *Server) codeRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	c := codingOf(r.PostForm)
	return s.editRequest(w, r, v, "counts for what you chose.", fact{}, func(ref string, _ int64) (desk.Request, error) {
		if len(c.Codes) == 0 && !c.None {
			return desk.Request{}, fault.Wrong("demand", "Choose what it was about, or say that it is none of these.")
		}
		return s.deps.Requests.Code(r.Context(), v.Actor, ref, c)
	})
}

func (s *Server) reopenRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.editRequest(w, r, v, "is open again.", fact{}, func(ref string, _ int64) (desk.Request, error) {
		return s.deps.Requests.Reopen(r.Context(), v.Actor, ref)
	})
}

func otherForm(name, label string) form {
	return form{Fields: []field{{Name: name, Label: label, Hint: "Its number, such as R-1042.", Autocomplete: "off"}}}
}

// hangRequest says that another request's solution answers this one too; nothing takes that back.
func (s *Server) hangRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	problem := firstOf(r.PostForm["problem"])
	req, err := s.deps.Requests.HangOn(r.Context(), v.Actor, r.PathValue("ref"), problem)
	if err != nil {
		return s.refusedDeed(w, r, v, "problem", otherForm("problem", "On which request?"), err)
	}
	if problem == "" {
		return s.requestDone(w, r, req, "stands for itself again.")
	}
	return s.requestDone(w, r, req, "is answered when "+problem+" is solved.")
}

func (s *Server) linkRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	other := firstOf(r.PostForm["other"])
	req, err := s.deps.Requests.LinkTo(r.Context(), v.Actor, r.PathValue("ref"), other)
	if err != nil {
		return s.refusedDeed(w, r, v, "link", otherForm("other", "With which request?"), err)
	}
	return s.requestDone(w, r, req, "is linked with "+other+".")
}

func (s *Server) unlinkRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	req, err := s.deps.Requests.Unlink(r.Context(), v.Actor, r.PathValue("ref"), r.PostForm.Get("other"))
	if err != nil {
		return err
	}
	return s.requestDone(w, r, req, "is not linked with it any more.")
}

// watchRequest lets somebody follow: the person themselves when nobody is named.
func (s *Server) watchRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	req, err := s.deps.Requests.Watch(r.Context(), v.Actor, r.PathValue("ref"), r.PostForm.Get("person"))
	if err != nil {
		return s.refusedDeed(w, r, v, "watch", form{}, err)
	}
	return s.requestDone(w, r, req, "has one more who follows it.")
}

func (s *Server) unwatchRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	req, err := s.deps.Requests.Unwatch(r.Context(), v.Actor, r.PathValue("ref"), r.PostForm.Get("person"))
	if err != nil {
		return err
	}
	return s.requestDone(w, r, req, "has one less who follows it.")
}

// leaveIncident takes a request out of the incident that it was a part of.
func (s *Server) leaveIncident(w http.ResponseWriter, r *http.Request, v *visit) error {
	req, err := s.deps.Requests.PartOf(r.Context(), v.Actor, r.PathValue("ref"), "")
	if err != nil {
		return err
	}
	return s.requestDone(w, r, req, "is no part of an incident any more.")
}

// solveScreen is a problem's answer, with everybody who gets it.
type solveScreen struct {
	head
	Ref   string
	Name  string
	Form  form
	Said  int
	Gets  []linkedRow
	Count string

	Offers []offer // what it was about
}

func solveForm() form {
	f := form{Fields: []field{
		{Name: "text", Label: "What do they all read?", Hint: "Each gets it in their own request, over the channel that they asked on.", Kind: "area", Focus: true},
		{Name: "outcome", Label: "What became of it", Kind: "select", Options: outcomeOptions(), Value: string(desk.Fixed)},
		{Name: "size", Label: "How much work it was", Kind: "select", Options: []option{{Label: "Not said"}}, Optional: true},
	}}
	for _, size := range desk.Sizes() {
		f.Fields[2].Options = append(f.Fields[2].Options, option{Value: string(size), Label: string(size)})
	}
	return f
}

func (s *Server) showSolve(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.solve(w, r, v, http.StatusOK, solveForm(), nil)
}

// solve shows who gets the answer, before it is given.
func (s *Server) solve(w http.ResponseWriter, r *http.Request, v *visit, status int, f form, posted url.Values) error {
	c, err := s.deps.Requests.Conversation(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	req := c.Request
	scr := solveScreen{head: head{Title: "Solve " + req.Name(), Wing: "/requests", Trail: trail("Requests", "/requests", req.Name(), "/requests/"+req.Name(), "Solve")},
		Ref: req.Name(), Name: req.Title, Form: f, Said: req.Said}
	scr.Gets = append(scr.Gets, linkedRowOf(v, req, c.Parties[req.Asker].Shown()))
	for _, d := range c.Duplicates {
		scr.Gets = append(scr.Gets, linkedRowOf(v, d, c.Parties[d.Asker].Shown()))
	}
	for _, h := range stillOpen(c.Hanging) {
		scr.Gets = append(scr.Gets, linkedRowOf(v, h, c.Parties[h.Asker].Shown()))
	}
	scr.Count = plural(len(scr.Gets), "asker", "askers")
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	if scr.Offers, err = s.offers(r.Context(), v, book, req); err != nil {
		return err
	}
	scr.Offers = chosen(scr.Offers, posted)
	return s.show(w, r, v, status, "requestsolve", scr)
}

// solveRequest answers and closes a problem together with all that hangs on it.
func (s *Server) solveRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	posted := r.PostForm
	said, _ := strconv.Atoi(posted.Get("said"))
	end := desk.Ending{Outcome: desk.Outcome(posted.Get("outcome")), Size: desk.Size(posted.Get("size")), Coding: codingOf(posted)}
	req, err := s.deps.Requests.Reply(r.Context(), v.Actor, r.PathValue("ref"), desk.Words{Body: posted.Get("text"), Said: said, Then: desk.Then{Close: &end, All: true}})
	if err != nil {
		f, ok := solveForm().typed(posted).refused(err)
		if !ok {
			return err
		}
		return s.solve(w, r, v, formStatus(err), f, posted)
	}
	return s.requestDone(w, r, req, "is solved. Everybody whose request hangs on it is being answered.")
}
