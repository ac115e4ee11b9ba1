package web

import (
	"cmp"
	"context"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"frontline/fault"
	"frontline/incident"
	"frontline/people"
)

// Papers is where post-mortems and what follows from them are read and written.
type Papers interface {
	PaperEdits
	Postmortem(ctx context.Context, a people.Actor, id string) (incident.Postmortem, error)
	Postmortems(ctx context.Context, a people.Actor, before int64, limit int) ([]incident.Postmortem, error)
	FollowUps(ctx context.Context, a people.Actor, f incident.FollowUpFilter) ([]incident.FollowUp, error)
}

// PaperEdits is what people change about them.
type PaperEdits interface {
	// EditPostmortem replaces the text of the version seen; with a Conflict it returns the newer one.
	EditPostmortem(ctx context.Context, a people.Actor, id, markdown string, seen int64) (incident.Postmortem, error)
	PublishPostmortem(ctx context.Context, a people.Actor, id string, seen int64) (incident.Postmortem, error)
	AddFollowUp(ctx context.Context, a people.Actor, id string, n incident.NewFollowUp) (incident.FollowUp, error)
	FinishFollowUp(ctx context.Context, a people.Actor, id string, done bool) (incident.FollowUp, error)
}

type papersScreen struct {
	head
	Tabs  []tab
	Rows  []paperRow
	Late  []followRow // follow-ups that are open, the one due first before the others; on the first page only
	Pager pager
}

type paperRow struct {
	Severity state
	Name     string
	Path     string
	Title    string
	State    state
	Open     string // follow-ups that are open
	At       moment
}

func (s *Server) showPapers(w http.ResponseWriter, r *http.Request, v *visit) error {
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64) // nonsense shows the newest
	papers, err := s.deps.Papers.Postmortems(r.Context(), v.Actor, before, pageSize+1)
	if err != nil {
		return err
	}
	open, err := s.deps.Papers.FollowUps(r.Context(), v.Actor, incident.FollowUpFilter{Open: true})
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	scr := papersScreen{head: head{Title: "Post-mortems", Wing: "/incidents", Trail: trail("Incidents", "/incidents", "Post-mortems"), Topics: topics("incident", "")}, Tabs: incidentTabs("papers")}
	scr.Tabs[len(scr.Tabs)-1].Here = true
	more := len(papers) > pageSize
	papers = papers[:min(len(papers), pageSize)]
	scr.Pager = pager{Of: "post-mortems", Say: plural(len(papers), "post-mortem", "post-mortems") + " shown"}
	if more {
		scr.Pager.Older = fmt.Sprintf("/postmortems?before=%d", papers[len(papers)-1].Number)
	}
	scr.Rows = paperRows(v, papers, open)
	if before > 0 {
		scr.Pager.Newer = "/postmortems"
	} else {
		scr.Late = lateRows(v, book, papers, open[:min(len(open), 20)])
	}
	return s.show(w, r, v, http.StatusOK, "postmortems", scr)
}

func paperRows(v *visit, papers []incident.Postmortem, open []incident.FollowUp) (out []paperRow) {
	todo := map[string]int{}
	for _, f := range open {
		todo[f.Incident]++
	}
	for _, p := range papers {
		row := paperRow{Severity: severityOf(p.Severity), Name: p.Name(), Path: paperPath(p), Title: p.Title, State: paperState(p), At: v.at(p.MadeAt)}
		if n := todo[p.Incident]; n > 0 {
			row.Open = plural(n, "follow-up is", "follow-ups are") + " open"
		}
		out = append(out, row)
	}
	return out
}

// lateRows are open follow-ups, each with the way to its post-mortem, which may be on a later page.
func lateRows(v *visit, book Book, papers []incident.Postmortem, open []incident.FollowUp) []followRow {
	names := map[string]string{}
	for _, p := range papers {
		names[p.Incident] = p.Name()
	}
	rows := followRows(v, book, open)
	for i, f := range open {
		rows[i].From = link{Word: cmp.Or(names[f.Incident], "post-mortem"), Path: "/incidents/" + cmp.Or(names[f.Incident], f.Incident) + "/postmortem"}
	}
	return rows
}

func paperPath(p incident.Postmortem) string { return "/incidents/" + p.Name() + "/postmortem" }

func paperState(p incident.Postmortem) state {
	if p.State == incident.PublishedPaper {
		return newState("ok", "Published")
	}
	return newState("warning", "Draft", "info")
}

type paperScreen struct {
	head
	Ref      string
	Name     string
	Severity state
	State    state
	Draft    bool
	Write    bool // the person may change it
	Figures  []figure
	HTML     template.HTML
	By       string
	At       moment
	Version  int64
	Follow   []followRow
	Form     form // of a new follow-up
	Refused  *refusal
}

func (s *Server) showPaper(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.paper(w, r, v, http.StatusOK, nil)
}

// paper shows the post-mortem of the address; finish may change the screen before it is drawn.
func (s *Server) paper(w http.ResponseWriter, r *http.Request, v *visit, status int, finish func(*paperScreen)) error {
	p, err := s.deps.Papers.Postmortem(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	inc, err := s.deps.Rooms.Incident(r.Context(), v.Actor, p.Incident)
	if err != nil {
		return err
	}
	follow, err := s.deps.Papers.FollowUps(r.Context(), v.Actor, incident.FollowUpFilter{Incident: p.Incident})
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	title, body := titled(p)
	text, err := s.markdown.HTML(body)
	if err != nil {
		return err
	}
	name := p.Name()
	scr := paperScreen{
		head: head{Title: "Post-mortem of " + name, Wing: "/incidents", Trail: trail("Incidents", "/incidents", name, "/incidents/"+name, "Post-mortem"), Topics: topics("incident", p.Incident)},
		Ref:  name, Name: title, Severity: severityOf(p.Severity), State: paperState(p), Draft: p.State == incident.DraftPaper,
		Write:   people.May(v.Actor, people.WritePostmortem, people.Subject{Kind: "incident", ID: p.Incident}) == nil,
		Figures: paperFigures(inc),
		HTML:    template.HTML(text), //nolint:gosec // sanitised by incident.Markdown, which drops scripts, images and raw HTML
		By:      writerOf(book, p), At: v.at(p.ChangedAt), Version: p.Version, Follow: followRows(v, book, follow), Form: followForm(v, book),
	}
	if finish != nil {
		finish(&scr)
	}
	if r.Method == http.MethodPost {
		scr.Topics = nil // this address cannot be fetched again, and what was typed must stay
	}
	return s.show(w, r, v, status, "postmortem", scr)
}

// titled takes the heading off the text, for the screen has one: it is what people wrote there, otherwise the incident's title.
func titled(p incident.Postmortem) (title, body string) {
	first, rest, _ := strings.Cut(p.Text.Body, "\n")
	if heading, ok := strings.CutPrefix(first, "# "); ok {
		return unescaped(heading), rest
	}
	return p.Title, p.Text.Body
}

// unescaped drops the backslashes that let signs stand for themselves in Markdown.
func unescaped(line string) string {
	var b strings.Builder
	for i := 0; i < len(line); i++ {
		if line[i] == '\\' && i+1 < len(line) && strings.IndexByte("\\`*_{}[]<>#|~&!", line[i+1]) >= 0 {
			i++
		}
		b.WriteByte(line[i])
	}
	return strings.TrimSpace(b.String())
}

func writerOf(book Book, p incident.Postmortem) string {
	if p.ByHand {
		return book.Name("person", p.ChangedBy)
	}
	return "Frontline"
}

// paperFigures are how long each step took, counted from the moment of detection.
func paperFigures(i incident.Incident) []figure {
	return []figure{
		{Name: "Detected", Value: tookFrom(i.BeganAt, i.DetectedAt), Unit: "after it began"}, {Name: "Acknowledged", Value: tookFrom(i.DetectedAt, i.AcknowledgedAt)},
		{Name: "Mitigated", Value: tookFrom(i.DetectedAt, i.MitigatedAt)}, {Name: "Resolved", Value: tookFrom(i.DetectedAt, i.ResolvedAt), Unit: "after detection"},
		{Name: "Customers", Value: number(len(i.Customers))},
	}
}

// tookFrom is how long it was from one moment to another.
func tookFrom(from, to time.Time) string {
	if from.IsZero() || to.IsZero() {
		return "not known"
	}
	d := to.Sub(from).Truncate(time.Second)
	if d < time.Second {
		return "at once"
	}
	return duration(d)
}

func followForm(v *visit, book Book) form {
	f := form{Fields: []field{
		{Name: "body", Label: "What is to be done?", Kind: "area"},
		{Name: "owner", Label: "By whom", Kind: "select", Value: v.Person.ID},
		{Name: "due", Label: "Until", Kind: "date", Value: string(incident.DateOf(v.Now.In(v.Zone).AddDate(0, 0, 14)))},
	}}
	for _, p := range book.People() {
		f.Fields[1].Options = append(f.Fields[1].Options, option{Value: p.ID, Label: p.Name})
	}
	return f
}

func (s *Server) publishPaper(w http.ResponseWriter, r *http.Request, v *visit) error {
	seen, _ := strconv.ParseInt(r.PostForm.Get("seen"), 10, 64)
	p, err := s.deps.Papers.PublishPostmortem(r.Context(), v.Actor, r.PathValue("ref"), seen)
	if err == nil {
		return s.done(w, r, paperPath(p), "The post-mortem of "+p.Name()+" is published. Everybody in the company can read it.")
	}
	return s.paperRefused(w, r, v, err)
}

// paperRefused shows the post-mortem as it is now, and why nothing was changed.
func (s *Server) paperRefused(w http.ResponseWriter, r *http.Request, v *visit, err error) error {
	f, ok := form{}.refused(err)
	if !ok {
		return err
	}
	if fault.Is(err, fault.Conflict) {
		f.Say = "Somebody saved a newer version while you were reading; it is shown below. Read it, then publish it."
	}
	return s.paper(w, r, v, formStatus(err), func(scr *paperScreen) { scr.Refused = &refusal{Say: f.Say} })
}

func (s *Server) addFollowUp(w http.ResponseWriter, r *http.Request, v *visit) error {
	n := incident.NewFollowUp{Text: r.PostForm.Get("body"), Owner: r.PostForm.Get("owner"), Due: incident.Date(r.PostForm.Get("due"))}
	_, err := s.deps.Papers.AddFollowUp(r.Context(), v.Actor, r.PathValue("ref"), n)
	if err == nil {
		return s.done(w, r, "/incidents/"+r.PathValue("ref")+"/postmortem", "The follow-up is written down.")
	}
	if _, ok := (form{}).refused(err); !ok {
		return err
	}
	return s.paper(w, r, v, formStatus(err), func(scr *paperScreen) { scr.Form, _ = scr.Form.typed(r.PostForm).refused(err) })
}

// finishFollowUp says that one is done, or that it is not after all. Everybody in the company may.
func (s *Server) finishFollowUp(w http.ResponseWriter, r *http.Request, v *visit) error {
	done := r.PostForm.Get("done") != "no"
	if _, err := s.deps.Papers.FinishFollowUp(r.Context(), v.Actor, r.PathValue("id"), done); err != nil {
		return err
	}
	say := "The follow-up is done."
	if !done {
		say = "The follow-up is open again."
	}
	inc, err := s.deps.Rooms.Incident(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	return s.done(w, r, "/incidents/"+inc.Name()+"/postmortem", say)
}

// paperEditScreen is where the text is written.
type paperEditScreen struct {
	head
	Ref     string
	Form    form
	Version int64
	Preview template.HTML
	Theirs  []string // the newer text, line by line; empty when nobody else has saved
	By      string   // who saved it
	At      moment
}

func paperForm(text string) form {
	return form{Fields: []field{{Name: "text", Label: "Post-mortem", Hint: "Markdown. Timeline and figures are a draft: say in your own words what happened, why, and what you will change.", Kind: "area", Value: text}}}
}

func (s *Server) showPaperEdit(w http.ResponseWriter, r *http.Request, v *visit) error {
	p, err := s.deps.Papers.Postmortem(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	return s.show(w, r, v, http.StatusOK, "postmortem-edit", paperEditScreenOf(v, p, paperForm(p.Text.Body)))
}

func paperEditScreenOf(v *visit, p incident.Postmortem, f form) paperEditScreen {
	name := p.Name()
	return paperEditScreen{
		head: head{Title: "Write the post-mortem of " + name, Wing: "/incidents", Trail: trail("Incidents", "/incidents", name, "/incidents/"+name, "Post-mortem", paperPath(p), "Write")},
		Ref:  name, Form: f, Version: p.Version, At: v.at(p.ChangedAt),
	}
}

// editPaper saves the text, or shows it as it will look. When somebody else has saved meanwhile, both texts are shown, and saving again puts
// this one in place of theirs.
func (s *Server) editPaper(w http.ResponseWriter, r *http.Request, v *visit) error {
	f := paperForm(r.PostForm.Get("text"))
	text := f.Field("text").Value
	seen, _ := strconv.ParseInt(r.PostForm.Get("seen"), 10, 64)
	if r.PostForm.Get("do") == "preview" {
		return s.previewPaper(w, r, v, f, seen)
	}
	p, err := s.deps.Papers.EditPostmortem(r.Context(), v.Actor, r.PathValue("ref"), text, seen)
	if err == nil {
		return s.done(w, r, paperPath(p), "Version "+number(int(p.Version))+" is saved.")
	}
	newer := p
	return s.again(w, r, v, "postmortem-edit", f, err, func(f form) (screen, error) {
		book, failed := s.deps.Book(r.Context())
		if failed != nil {
			return nil, failed
		}
		if !fault.Is(err, fault.Conflict) {
			if newer, failed = s.deps.Papers.Postmortem(r.Context(), v.Actor, r.PathValue("ref")); failed != nil {
				return nil, failed
			}
		}
		scr := paperEditScreenOf(v, newer, f)
		if fault.Is(err, fault.Conflict) {
			scr.Theirs, scr.By = slices.Collect(strings.Lines(newer.Text.Body)), writerOf(book, newer)
		} else {
			scr.Version = seen
		}
		return scr, nil
	})
}

func (s *Server) previewPaper(w http.ResponseWriter, r *http.Request, v *visit, f form, seen int64) error {
	p, err := s.deps.Papers.Postmortem(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	text, err := s.markdown.HTML(f.Field("text").Value)
	if err != nil {
		return err
	}
	scr := paperEditScreenOf(v, p, f)
	scr.Version, scr.Preview = seen, template.HTML(text) //nolint:gosec // sanitised by incident.Markdown
	return s.show(w, r, v, http.StatusOK, "postmortem-edit", scr)
}

// dayWord is a day as people say it: "Fri 4 Dec 2026".
func dayWord(d incident.Date) string {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return string(d)
	}
	return t.Format("Mon 2 Jan 2006")
}
