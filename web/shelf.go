package web

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"frontline/desk"
	"frontline/fault"
	"frontline/insight/stat"
	"frontline/people"
)

// Knowledge is where answers are read, written and counted.
type Knowledge interface {
	KnowledgeReading
	KnowledgeEdits
}

// KnowledgeReading is where answers are looked up; what the actor may not know of is left out.
type KnowledgeReading interface {
	Answer(ctx context.Context, a people.Actor, ref string) (desk.Answer, error)
	Answers(ctx context.Context, a people.Actor, f desk.AnswerFilter) ([]desk.Answer, error)
	AnswerVersions(ctx context.Context, a people.Actor, ref string) ([]desk.AnswerVersion, error)
	Offer(ctx context.Context, a people.Actor, text string, n int) ([]desk.Offer, error)
	VoteAnswer(ctx context.Context, a people.Actor, ref string, helped, instead bool) (desk.Answer, error)
	UsedAnswer(ctx context.Context, a people.Actor, ref, request string) error
}

// KnowledgeEdits is what people change about answers.
type KnowledgeEdits interface {
	NewAnswer(ctx context.Context, a people.Actor, d desk.AnswerDraft) (desk.Answer, error)
	AnswerFrom(ctx context.Context, a people.Actor, ref string) (desk.Answer, error)
	// EditAnswer saves what was written on the version seen; with a Conflict it returns the newer answer.
	EditAnswer(ctx context.Context, a people.Actor, ref string, d desk.AnswerDraft, seen int64) (desk.Answer, error)
	PublishAnswer(ctx context.Context, a people.Actor, ref string, seen int64) (desk.Answer, error)
	RetireAnswer(ctx context.Context, a people.Actor, ref string) (desk.Answer, error)
	ReviewAnswer(ctx context.Context, a people.Actor, ref string) (desk.Answer, error)
}

func mayWriteAnswers(a people.Actor) bool {
	return people.May(a, people.WriteAnswers, people.Subject{Kind: "answer"}) == nil
}

// shelfRoutes are the routes of answers.
func (s *Server) shelfRoutes() []Route {
	return []Route{
		{"GET /answers", needs(people.ReadAnswers), s.showShelf},
		{"POST /answers", needs(people.WriteAnswers), s.writeAnswer},
		{"GET /answers/new", needs(people.WriteAnswers), s.showNewAnswer},
		{"GET /answers/{ref}", needs(people.ReadAnswers), s.showKnown},
		{"POST /answers/{ref}/vote", needs(people.ReadAnswers), s.voteAnswer},
		{"GET /answers/{ref}/edit", needs(people.WriteAnswers), s.showAnswerEdit},
		{"POST /answers/{ref}/edit", needs(people.WriteAnswers), s.editAnswer},
		{"GET /answers/{ref}/versions", needs(people.WriteAnswers), s.showAnswerVersions},
		{"POST /answers/{ref}/publish", needs(people.WriteAnswers), s.publishAnswer},
		{"POST /answers/{ref}/retire", needs(people.WriteAnswers), s.retireAnswer},
		{"POST /answers/{ref}/review", needs(people.WriteAnswers), s.reviewAnswer},
		{"POST /requests/{ref}/answer", needs(people.WriteAnswers), s.answerOfRequest},
	}
}

type shelfScreen struct {
	head
	Work  bool
	Tabs  []tab
	View  string
	Query string
	Rows  []knownRow
	Blank blank
}

// knownRow is one answer in a list.
type knownRow struct {
	State  state
	Name   string
	Path   string
	Title  string
	Small  string
	Helped string
	Owner  string
	At     moment
}

func (s *Server) showShelf(w http.ResponseWriter, r *http.Request, v *visit) error {
	q := r.URL.Query()
	scr := shelfScreen{head: head{Title: "Answers", Wing: "/requests", Trail: trail("Requests", "/requests", "Answers"), Topics: topics("answer", "")}, Work: mayWriteAnswers(v.Actor), Query: q.Get("q"), View: q.Get("view"),
		Blank: newBlank("There is no answer yet", "What was answered once need not be written again: open a request and make an answer of it.", "See requests", "/requests")}
	filters := []struct {
		word, label string
		filter      desk.AnswerFilter
	}{
		{"", "Published", desk.AnswerFilter{States: []desk.AnswerState{desk.PublishedAnswer}}}, {"review", "Needs review", desk.AnswerFilter{Stale: true}},
		{"mine", "Mine", desk.AnswerFilter{Owner: v.Actor.ID}}, {"drafts", "Drafts", desk.AnswerFilter{States: []desk.AnswerState{desk.DraftAnswer}}},
		{"retired", "Retired", desk.AnswerFilter{States: []desk.AnswerState{desk.RetiredAnswer}}},
	}
	var all []desk.Answer
	for i, f := range filters {
		if i > 0 && !scr.Work {
			break
		}
		found, err := s.deps.Requests.Answers(r.Context(), v.Actor, f.filter)
		if err != nil {
			return err
		}
		path := "/answers"
		if f.word != "" {
			path += "?view=" + f.word
		}
		scr.Tabs = append(scr.Tabs, tab{link: link{Word: f.label, Path: path}, N: len(found), Here: f.word == scr.View})
		if f.word == scr.View {
			all = found
		}
	}
	if strings.TrimSpace(scr.Query) != "" {
		all = holding(all, scr.Query)
		scr.Blank = newBlank("No answer holds these words", "Take a word out, or ask: somebody knows.", "Ask", "/requests/new?"+url.Values{"type": {otherType}, "title": {scr.Query}}.Encode())
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	for _, x := range all {
		scr.Rows = append(scr.Rows, knownRowOf(v, book, x))
	}
	return s.show(w, r, v, http.StatusOK, "shelf", scr)
}

// holding are the answers that hold every word.
func holding(all []desk.Answer, words string) (out []desk.Answer) {
	for _, x := range all {
		text, has := strings.ToLower(x.Name()+" "+x.Title+" "+x.Body), true
		for _, word := range strings.Fields(strings.ToLower(words)) {
			has = has && strings.Contains(text, word)
		}
		if has {
			out = append(out, x)
		}
	}
	return out
}

func knownRowOf(v *visit, book Book, x desk.Answer) knownRow {
	row := knownRow{State: answerState(x), Name: x.Name(), Path: "/answers/" + x.Name(), Title: x.Title, Helped: helpedWord(x), Owner: book.Name("person", x.Owner), At: v.at(x.ReviewAt)}
	if x.Audience == desk.ForDesk {
		row.Small = "only the desk reads it"
	}
	if why := staleWords(x); len(why) > 0 {
		row.Small = strings.Join(why, ", ")
	}
	return row
}

func answerState(x desk.Answer) state {
	switch {
	case x.State == desk.DraftAnswer:
		return newState("warning", "Draft", "info")
	case x.State == desk.RetiredAnswer:
		return newState("calm", "Retired", "stop")
	case len(x.Stale) > 0:
		return newState("warning", "Needs review")
	}
	return newState("ok", "Published")
}

func staleWords(x desk.Answer) (out []string) {
	for _, why := range x.Stale {
		out = append(out, map[desk.Staleness]string{desk.ReviewDue: "its review is due", desk.OwnerGone: "its owner is gone", desk.Doubted: "most people say that it did not help"}[why])
	}
	return out
}

// helpedWord is how many it helped; empty when nobody said.
func helpedWord(x desk.Answer) string {
	if n := x.Helped + x.Not; n > 0 {
		return fmt.Sprintf("%d of %d", x.Helped, n)
	}
	return ""
}

type knownScreen struct {
	head
	Ref       string
	Name      string
	State     state
	Version   int64
	Work      bool
	Draft     bool
	Published bool
	Stale     string
	HTML      template.HTML
	Figures   []figure
	Facts     []fact
	By        string
	At        moment
	From      link
}

func (s *Server) showKnown(w http.ResponseWriter, r *http.Request, v *visit) error {
	x, err := s.deps.Requests.Answer(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	text, err := s.markdown.HTML(x.Body)
	if err != nil {
		return err
	}
	scr := knownScreen{head: head{Title: x.Title, Wing: "/requests", Trail: trail("Requests", "/requests", "Answers", "/answers", x.Name()), Topics: topics("answer", x.ID)},
		Ref: x.Name(), Name: x.Title, State: answerState(x), Version: x.Version, Draft: x.State == desk.DraftAnswer, Published: x.State == desk.PublishedAnswer, Work: mayWriteAnswers(v.Actor),
		HTML: template.HTML(text), //nolint:gosec // sanitised by incident.Markdown, which drops scripts, images and raw HTML
		By:   book.Name("person", x.ChangedBy), At: v.at(x.ChangedAt), Facts: answerFacts(book, x)}
	if !scr.Work {
		return s.show(w, r, v, http.StatusOK, "shelf-answer", scr)
	}
	scr.Stale = capital(strings.Join(staleWords(x), ", and "))
	if scr.Figures, err = answerFigures(x); err != nil {
		return err
	}
	if x.From != "" {
		from, err := s.deps.Requests.Request(r.Context(), v.Actor, x.From)
		if err = unseen(err); err != nil {
			return err
		}
		if from.ID != "" {
			scr.From = link{Word: from.Name() + " " + from.Title, Path: "/requests/" + from.Name()}
		}
	}
	return s.show(w, r, v, http.StatusOK, "shelf-answer", scr)
}

func answerFacts(book Book, x desk.Answer) []fact {
	out := []fact{{Name: "Kept right by", Value: book.Name("person", x.Owner)}, {Name: "Looked at again", Value: x.ReviewAt.Format("2 Jan 2006")}, {Name: "Who reads it", Value: audienceWord(x.Audience)}}
	for _, f := range []struct{ name, kind, id string }{{"Team", "team", x.Team}, {"Service", "service", x.Service}} {
		if f.id != "" {
			out = append(out, fact{Name: f.name, Value: book.Name(f.kind, f.id)})
		}
	}
	if kind, ok := book.RequestType(x.Type); ok {
		out = append(out, fact{Name: "Answers", Value: kind.Title})
	}
	return out
}

func audienceWord(a desk.Audience) string {
	if a == desk.ForEveryone {
		return "Every employee"
	}
	return "Only the desk"
}

// answerFigures are what became of an answer; the share has its Wilson interval, for a few voices say little.
func answerFigures(x desk.Answer) ([]figure, error) {
	helped := figure{Name: "Helped", Value: "nobody said"}
	if n := x.Helped + x.Not; n > 0 {
		share, err := stat.Share(x.Helped, n, 0.95)
		if err != nil {
			return nil, err
		}
		helped = figure{Name: "Helped", Value: fmt.Sprintf("%d of %d", x.Helped, n), Unit: fmt.Sprintf("%.0f to %.0f %% of people", 100*share.Low, 100*share.High)}
	}
	return []figure{helped, {Name: "Put into replies", Value: number(x.Replies)}, {Name: "Questions not sent", Value: number(x.Instead)}}, nil
}

func (s *Server) voteAnswer(w http.ResponseWriter, r *http.Request, v *visit) error {
	helped := r.PostForm.Get("helped") == "yes"
	instead := r.PostForm.Get("instead") == "yes"
	x, err := s.deps.Requests.VoteAnswer(r.Context(), v.Actor, r.PathValue("ref"), helped, instead)
	if err != nil {
		return err
	}
	say := "Thank you. Its owner sees that it did not help; ask, and somebody answers."
	switch {
	case helped && instead:
		say = "Good. Nothing was sent."
	case helped:
		say = "Thank you for saying that it helped."
	}
	return s.done(w, r, "/answers/"+x.Name(), say)
}

func (s *Server) publishAnswer(w http.ResponseWriter, r *http.Request, v *visit) error {
	seen, _ := strconv.ParseInt(r.PostForm.Get("seen"), 10, 64)
	x, err := s.deps.Requests.PublishAnswer(r.Context(), v.Actor, r.PathValue("ref"), seen)
	if err != nil {
		return err
	}
	say := x.Name() + " is published. The desk is offered it."
	if x.Audience == desk.ForEveryone {
		say = x.Name() + " is published. It is offered to whoever asks something like it."
	}
	return s.done(w, r, "/answers/"+x.Name(), say)
}

func (s *Server) retireAnswer(w http.ResponseWriter, r *http.Request, v *visit) error {
	x, err := s.deps.Requests.RetireAnswer(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	return s.done(w, r, "/answers/"+x.Name(), x.Name()+" is retired. It is not offered any more.")
}

func (s *Server) reviewAnswer(w http.ResponseWriter, r *http.Request, v *visit) error {
	x, err := s.deps.Requests.ReviewAnswer(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	return s.done(w, r, "/answers/"+x.Name(), x.Name()+" is still right. It is looked at again on "+x.ReviewAt.Format("2 Jan 2006")+".")
}

func (s *Server) answerOfRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	x, err := s.deps.Requests.AnswerFrom(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	return s.done(w, r, "/answers/"+x.Name()+"/edit", x.Name()+" is a draft. Write it for whoever asks next, then publish it.")
}

// waitingShelf are the person's answers that somebody should look at.
func (s *Server) waitingShelf(ctx context.Context, v *visit, _ homeNow) ([]wait, error) {
	if !mayWriteAnswers(v.Actor) {
		return nil, nil
	}
	all, err := s.deps.Requests.Answers(ctx, v.Actor, desk.AnswerFilter{Owner: v.Actor.ID, Stale: true, States: []desk.AnswerState{desk.PublishedAnswer}})
	if err != nil {
		return nil, err
	}
	var out []wait
	for _, x := range all {
		out = append(out, wait{State: newState("calm", "Answer", "book"), Title: x.Title, Small: x.Name() + ", " + strings.Join(staleWords(x), ", "), Path: "/answers/" + x.Name(), When: "due", At: v.at(x.ReviewAt), rank: rankDue})
	}
	return out, nil
}

// reviewDate reads the day of a form.
func reviewDate(typed string) (time.Time, error) {
	if typed == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, typed)
	if err != nil {
		return t, fault.Wrong("review", "%.20s is no day. Write it as 2027-05-24.", typed)
	}
	return t, nil
}
