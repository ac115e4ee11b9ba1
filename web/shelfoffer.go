package web

import (
	"context"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"frontline/desk"
)

// mostOffered is how many answers are offered: more are not read.
const mostOffered = 3

// offered is an answer that may be what somebody asks for.
type offered struct {
	Name, Title, Path string
	Because           string
	HTML              template.HTML
	Use               string // puts it into the reply
}

func offeredOf(o desk.Offer) offered {
	return offered{Name: o.Name(), Title: o.Title, Path: "/answers/" + o.Name(), Because: strings.Join(o.Because, ", ")}
}

// offerScreen stands between the question and its sending.
type offerScreen struct {
	head
	Offers []offered
	Hidden []hidden // what was typed, to be sent after all
}

type hidden struct{ Name, Value string }

// offerAnswers shows published answers before a question is sent. It says false when there is none, or when the person has read them: "yes", or the
// names of those that they opened while they wrote.
func (s *Server) offerAnswers(w http.ResponseWriter, r *http.Request, v *visit, posted url.Values) (bool, error) {
	seen := strings.Fields(posted.Get("seen-answers"))
	if slices.Contains(seen, "yes") || strings.TrimSpace(posted.Get("title")) == "" {
		return false, nil
	}
	found, err := s.offersLike(r.Context(), v, posted.Get("title")+"\n"+posted.Get("text"))
	unread := slices.ContainsFunc(found, func(o offered) bool { return !slices.Contains(seen, o.Name) })
	if err != nil || !unread {
		return false, err
	}
	scr := offerScreen{head: head{Title: "Does one of these answer it?", Wing: "/requests", Trail: trail("Requests", "/requests", "Ask", "/requests/new", "Answers")}, Offers: found}
	posted.Del("seen-answers")
	for _, name := range slices.Sorted(maps.Keys(posted)) {
		for _, value := range posted[name] {
			scr.Hidden = append(scr.Hidden, hidden{name, value})
		}
	}
	scr.Hidden = append(scr.Hidden, hidden{"seen-answers", "yes"})
	return true, s.show(w, r, v, http.StatusOK, "shelf-offer", scr)
}

// sideAnswers are the answers that are like a request, for whoever replies.
func (s *Server) sideAnswers(ctx context.Context, v *visit, c desk.Conversation) ([]offered, error) {
	text := c.Request.Title
	for _, m := range c.Messages {
		if m.Kind == desk.Question {
			text += "\n" + m.Text.Body
			break
		}
	}
	found, err := s.deps.Requests.Offer(ctx, v.Actor, text, mostOffered)
	var out []offered
	for _, o := range found {
		x := offeredOf(o)
		if c.Request.Open() {
			x.Use = "/requests/" + c.Request.Name() + "?" + url.Values{"answer": {o.Name()}}.Encode() + "#write"
		}
		out = append(out, x)
	}
	return out, err
}

// answerAsked puts the answer of the address into the reply box, below what was written there. It is counted when the reply is sent.
func (s *Server) answerAsked(r *http.Request, v *visit, scr *requestScreen) error {
	ref := r.URL.Query().Get("answer")
	if ref == "" || scr.Box.Closed {
		return nil
	}
	x, err := s.deps.Requests.Answer(r.Context(), v.Actor, ref)
	if err != nil {
		return err
	}
	body := x.Body
	if before := strings.TrimSpace(scr.Box.Form.Field("text").Value); before != "" && !strings.Contains(before, body) {
		body = before + "\n\n" + body
	}
	scr.Box.Form = scr.Box.Form.with("text", body)
	scr.Box.Reply, scr.Box.Draft, scr.Box.Answer = true, false, x.Name()
	scr.Topics = nil // what is in the box now is theirs
	return nil
}
