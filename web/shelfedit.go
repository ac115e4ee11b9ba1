package web

import (
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"frontline/desk"
	"frontline/fault"
)

// answerEditScreen is where an answer is written.
type answerEditScreen struct {
	head
	Ref     string // empty for a new one
	Action  string
	Form    form
	Version int64
	Preview template.HTML
	Theirs  []string // the newer text, line by line; empty when nobody else has saved
	Their   string   // and its title
	By      string
	At      moment
}

func answerForm(v *visit, book Book, d desk.AnswerDraft) form {
	owner := d.Owner
	if owner == "" {
		owner = v.Actor.ID
	}
	f := form{Fields: []field{
		{Name: "title", Label: "The question, as askers ask it", Value: d.Title, Autocomplete: "off"},
		{Name: "text", Label: "The answer", Hint: "Markdown. No names and no numbers of one customer: others read it.", Kind: "area", Value: d.Body},
		{Name: "audience", Label: "Who reads it", Kind: "radio", Value: string(d.Audience), Options: []option{{Value: string(desk.ForDesk), Label: "Only the desk", Hint: "offered to whoever answers"},
			{Value: string(desk.ForEveryone), Label: "Every employee", Hint: "offered before they ask"}}},
		{Name: "owner", Label: "Who keeps it right", Kind: "select", Value: owner},
		{Name: "review", Label: "Look at it again on", Kind: "date", Value: d.ReviewAt.Format(time.DateOnly)},
		{Name: "service", Label: "Service", Kind: "select", Optional: true, Value: d.Service, Options: append([]option{{Label: "None"}}, serviceOptions(book)...)},
		{Name: "type", Label: "Type of request", Kind: "select", Optional: true, Value: d.Type, Options: append([]option{{Label: "None"}}, typeOptions(book)...)},
	}}
	for _, p := range book.People() {
		f.Fields[3].Options = append(f.Fields[3].Options, option{Value: p.ID, Label: p.Name})
	}
	return f
}

// draftPosted is what was written, on top of what the form does not ask.
func draftPosted(posted url.Values, on desk.AnswerDraft) (desk.AnswerDraft, error) {
	on.Title, on.Body, on.Audience, on.Owner = posted.Get("title"), posted.Get("text"), desk.Audience(posted.Get("audience")), posted.Get("owner")
	on.Service, on.Type = posted.Get("service"), posted.Get("type")
	var err error
	on.ReviewAt, err = reviewDate(posted.Get("review"))
	return on, err
}

func answerEditScreenOf(v *visit, x desk.Answer, f form) answerEditScreen {
	scr := answerEditScreen{head: head{Title: "New answer", Wing: "/requests", Trail: trail("Requests", "/requests", "Answers", "/answers", "New")}, Action: "/answers", Form: f}
	if x.ID != "" {
		name := x.Name()
		scr.head = head{Title: "Write " + name, Wing: "/requests", Trail: trail("Requests", "/requests", "Answers", "/answers", name, "/answers/"+name, "Write")}
		scr.Ref, scr.Action, scr.Version, scr.At = name, "/answers/"+name+"/edit", x.Version, v.at(x.ChangedAt)
	}
	return scr
}

func (s *Server) showNewAnswer(w http.ResponseWriter, r *http.Request, v *visit) error {
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	d := desk.AnswerDraft{Audience: desk.ForDesk, ReviewAt: v.Now.AddDate(0, 6, 0), Title: r.URL.Query().Get("title")}
	return s.show(w, r, v, http.StatusOK, "shelf-edit", answerEditScreenOf(v, desk.Answer{}, answerForm(v, book, d)))
}

func (s *Server) writeAnswer(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.saveAnswer(w, r, v, desk.Answer{}, 0)
}

func (s *Server) showAnswerEdit(w http.ResponseWriter, r *http.Request, v *visit) error {
	x, err := s.deps.Requests.Answer(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	return s.show(w, r, v, http.StatusOK, "shelf-edit", answerEditScreenOf(v, x, answerForm(v, book, x.AnswerDraft)))
}

func (s *Server) editAnswer(w http.ResponseWriter, r *http.Request, v *visit) error {
	x, err := s.deps.Requests.Answer(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	seen, _ := strconv.ParseInt(r.PostForm.Get("seen"), 10, 64)
	return s.saveAnswer(w, r, v, x, seen)
}

// saveAnswer saves what was written, or shows it as it will look. When somebody else has changed the same lines meanwhile, both are shown.
func (s *Server) saveAnswer(w http.ResponseWriter, r *http.Request, v *visit, x desk.Answer, seen int64) error {
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	f := answerForm(v, book, x.AnswerDraft).typed(r.PostForm)
	if r.PostForm.Get("do") == "preview" {
		text, err := s.markdown.HTML(f.Field("text").Value)
		if err != nil {
			return err
		}
		scr := answerEditScreenOf(v, x, f)
		scr.Version, scr.Preview = seen, template.HTML(text) //nolint:gosec // sanitised by incident.Markdown
		return s.show(w, r, v, http.StatusOK, "shelf-edit", scr)
	}
	d, err := draftPosted(r.PostForm, x.AnswerDraft)
	saved := x
	if err == nil && x.ID == "" {
		saved, err = s.deps.Requests.NewAnswer(r.Context(), v.Actor, d)
	} else if err == nil {
		saved, err = s.deps.Requests.EditAnswer(r.Context(), v.Actor, x.ID, d, seen)
	}
	if err == nil {
		return s.done(w, r, "/answers/"+saved.Name(), "Version "+number(int(saved.Version))+" is saved.")
	}
	return s.again(w, r, v, "shelf-edit", f, err, func(f form) (screen, error) {
		scr := answerEditScreenOf(v, x, f)
		scr.Version = seen
		if fault.Is(err, fault.Conflict) {
			scr.Version, scr.Their, scr.Theirs, scr.By, scr.At = saved.Version, saved.Title, slices.Collect(strings.Lines(saved.Body)), book.Name("person", saved.ChangedBy), v.at(saved.ChangedAt)
		}
		return scr, nil
	})
}

type answerVersionsScreen struct {
	head
	Name string
	Rows []answerVersionRow
}

type answerVersionRow struct {
	Say   string
	Title string
	Body  string
	By    string
	At    moment
}

func (s *Server) showAnswerVersions(w http.ResponseWriter, r *http.Request, v *visit) error {
	x, err := s.deps.Requests.Answer(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	all, err := s.deps.Requests.AnswerVersions(r.Context(), v.Actor, x.ID)
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	name := x.Name()
	scr := answerVersionsScreen{head: head{Title: "What " + name + " once said", Wing: "/requests", Trail: trail("Requests", "/requests", "Answers", "/answers", name, "/answers/"+name, "Versions")}, Name: x.Title}
	for _, old := range all {
		scr.Rows = append(scr.Rows, answerVersionRow{Say: "Version " + number(int(old.Version)), Title: old.Title, Body: old.Body, By: book.Name("person", old.By), At: v.at(old.At)})
	}
	return s.show(w, r, v, http.StatusOK, "shelf-versions", scr)
}
