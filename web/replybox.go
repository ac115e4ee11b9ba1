package web

import (
	"cmp"
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

// RequestWords is what people say in a request.
type RequestWords interface {
	Ask(ctx context.Context, a people.Actor, m desk.Incoming) (desk.Request, bool, error)
	Add(ctx context.Context, a people.Actor, ref string, m desk.Incoming) (desk.Request, error)
	Reply(ctx context.Context, a people.Actor, ref string, w desk.Words) (desk.Request, error)
	WriteNote(ctx context.Context, a people.Actor, ref string, w desk.Words) (desk.Request, error)
	SaveDraft(ctx context.Context, a people.Actor, ref string, kind desk.MessageKind, body string, said int) error
	Touch(ctx context.Context, a people.Actor, ref string, typing bool, seconds int) error
}

// replyBox is where a supporter writes. It begins as an internal note; choosing the reply frames the whole box and names who gets it.
type replyBox struct {
	Form   form
	Reply  bool // the reply is chosen
	To     string
	All    []string // everybody who gets it, when there are several
	Said   int
	Theirs []talk  // what was said meanwhile
	Draft  bool    // its words were kept from before
	Answer string  // that was put into it, to be counted when it is sent
	Closed bool    // a closed request takes notes, and no reply
	Offers []offer // what it was about, for a reply that closes it
}

func replyForm() form {
	return form{Fields: []field{
		{Name: "text", Label: "What do you write?", Kind: "area"},
		{Name: "then", Label: "Then", Kind: "select", Options: thenOptions()},
		{Name: "demand", Label: "What was this about?"},
		{Name: "files", Label: "Files"},
	}}
}

// thenOptions are what becomes of a request with a reply.
func thenOptions() []option {
	out := []option{{Value: "", Label: "and nothing else"}}
	for _, x := range waitOptions() {
		out = append(out, option{Value: "wait " + x.Value, Label: "and wait for " + waitWord(desk.Wait(x.Value))})
	}
	for _, o := range desk.Outcomes() {
		out = append(out, option{Value: "close " + string(o), Label: "and close it: " + strings.ToLower(outcomeWord(o))})
	}
	return out
}

// replyBoxOf is the box as it stands in the request, with the draft that the person left.
func replyBoxOf(book Book, c desk.Conversation) replyBox {
	all := recipients(c)
	box := replyBox{Form: replyForm().with("then", "wait "+string(desk.Asker)), To: recipientsSay(all), Said: c.Request.Said, Closed: !c.Request.Open()}
	if len(all) > 1 {
		box.All = all
	}
	if c.Draft.Body != "" {
		box.Form = box.Form.with("text", c.Draft.Body)
		box.Reply, box.Draft = c.Draft.Kind == desk.Reply && !box.Closed, true
		if c.Draft.Said < c.Request.Said && box.Reply {
			box.Said = c.Draft.Said
		}
	}
	return box
}

// recipients are who gets a reply: whoever asked, and whoever asked the same.
func recipients(c desk.Conversation) []string {
	out := []string{c.Parties[c.Request.Asker].Shown()}
	for _, d := range c.Duplicates {
		if name := c.Parties[d.Asker].Shown(); !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// recipientsSay is who gets a reply, as it stands on the button: "Grace and 2 more".
func recipientsSay(all []string) string {
	if len(all) == 1 {
		return firstName(all[0])
	}
	return firstName(all[0]) + " and " + strconv.Itoa(len(all)-1) + " more"
}

// thenOf reads what shall become of the request.
func thenOf(posted url.Values) desk.Then {
	what, value, _ := strings.Cut(posted.Get("then"), " ")
	switch what {
	case "wait":
		return desk.Then{WaitFor: desk.Wait(value)}
	case "close":
		return desk.Then{Close: &desk.Ending{Outcome: desk.Outcome(value), Coding: codingOf(posted)}}
	}
	return desk.Then{}
}

// sayInRequest sends what was written: to whoever asked only when that was chosen.
func (s *Server) sayInRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	posted, files, err := wordsPosted(w, r)
	if err != nil {
		return err
	}
	said, _ := strconv.Atoi(posted.Get("said")) // one who does not say has seen all
	words := desk.Words{Body: posted.Get("text"), Files: files, Said: said}
	ref := r.PathValue("ref")
	var req desk.Request
	var say string
	switch posted.Get("kind") {
	case "reply":
		words.Then = thenOf(posted)
		req, err = s.deps.Requests.Reply(r.Context(), v.Actor, ref, words)
		say = "is answered."
		if words.Then.Close != nil {
			say = "is answered and closed."
		}
	default:
		req, err = s.deps.Requests.WriteNote(r.Context(), v.Actor, ref, words)
		say = "has your note. Only the desk reads it."
	}
	if err != nil {
		return s.replyAgain(w, r, v, posted, err)
	}
	if used := posted.Get("answer"); used != "" && posted.Get("kind") == "reply" {
		if err := s.deps.Requests.UsedAnswer(r.Context(), v.Actor, used, ref); err != nil {
			return err
		}
	}
	if err := s.deps.Requests.SaveDraft(r.Context(), v.Actor, ref, desk.Note, "", 0); err != nil {
		return err
	}
	return s.requestDone(w, r, req, say)
}

// replyAgain shows the request with the box as it was written, and above it what somebody else said meanwhile. The words are kept as a draft too.
func (s *Server) replyAgain(w http.ResponseWriter, r *http.Request, v *visit, posted url.Values, err error) error {
	f, ok := replyForm().typed(posted).refused(err)
	if !ok {
		return err
	}
	said, _ := strconv.Atoi(posted.Get("said"))
	kind := desk.Note
	if posted.Get("kind") == "reply" {
		kind = desk.Reply
	}
	if failed := s.deps.Requests.SaveDraft(r.Context(), v.Actor, r.PathValue("ref"), kind, posted.Get("text"), said); failed != nil {
		return failed
	}
	return s.request(w, r, v, formStatus(err), func(scr *requestScreen) {
		scr.Box.Answer = posted.Get("answer")
		scr.Box.Form, scr.Box.Reply, scr.Box.Draft = f, kind == desk.Reply && !scr.Box.Closed, false
		scr.Box.Said, scr.Box.Offers = scr.Said, chosen(scr.Box.Offers, posted)
		if fault.Is(err, fault.Conflict) {
			scr.Box.Theirs = newest(scr.Talk, scr.Said-said)
		}
	})
}

// newest are the last n things that were said.
func newest(all []talk, n int) []talk {
	var out []talk
	for _, x := range slices.Backward(all) {
		if x.Kind != "line" && len(out) < n {
			x.ID = "" // it stands above too
			out = append(out, x)
		}
	}
	slices.Reverse(out)
	return out
}

// keepDraft keeps what somebody has begun to write, for the script that sends it while they write.
func (s *Server) keepDraft(w http.ResponseWriter, r *http.Request, v *visit) error {
	kind := desk.Note
	if r.PostForm.Get("kind") == "reply" {
		kind = desk.Reply
	}
	said, _ := strconv.Atoi(r.PostForm.Get("said"))
	if err := s.deps.Requests.SaveDraft(r.Context(), v.Actor, r.PathValue("ref"), kind, r.PostForm.Get("text"), said); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// mostSeconds is how long one touch may count: the script sends one each 15 seconds.
const mostSeconds = 60

// touchRequest notes that the person has the request before them, and answers who else has, and how many messages there are by now.
func (s *Server) touchRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	seconds, _ := strconv.Atoi(r.PostForm.Get("seconds"))
	ref := r.PathValue("ref")
	if err := s.deps.Requests.Touch(r.Context(), v.Actor, ref, r.PostForm.Get("typing") == "yes", min(seconds, mostSeconds)); err != nil {
		return err
	}
	here, said, err := s.deps.Requests.Present(r.Context(), v.Actor, ref)
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	answer := struct {
		Here []string `json:"here"`
		Said int      `json:"said"`
	}{Here: []string{}, Said: said}
	for _, p := range here {
		answer.Here = append(answer.Here, presenceWord(book, p))
	}
	return answerJSON(w, http.StatusOK, answer)
}

// macroAsked shows what the macro of the address would do; with "edit", its words stand in the box instead.
func (s *Server) macroAsked(r *http.Request, v *visit, scr *requestScreen) error {
	id := cmp.Or(r.URL.Query().Get("macro"), r.PostForm.Get("macro")) // in a form that was refused
	if id == "" {
		return nil
	}
	d, err := s.deps.Requests.Preview(r.Context(), v.Actor, scr.Ref, id)
	if err != nil {
		return err
	}
	if r.URL.Query().Has("edit") {
		body, reply := d.Reply, true
		if body == "" {
			body, reply = d.Note, false
		}
		scr.Box.Form = scr.Box.Form.with("text", body).with("then", thenWord(d))
		scr.Box.Reply, scr.Box.Draft = reply && !scr.Box.Closed, false
		scr.Topics = nil // what is in the box now is theirs
		scr.Box.Offers, err = s.counting(r.Context(), v, scr.Box.Offers, d.Close)
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	m := &macroView{Ref: scr.Ref, ID: id, Title: macroTitle(book, id), Reply: linked(d.Reply), Note: linked(d.Note), To: scr.Box.To, Does: deedWords(book, v, d)}
	if d.Reply != "" || d.Note != "" {
		m.Edit = "/requests/" + scr.Ref + "?" + url.Values{"macro": {id}, "edit": {""}}.Encode() + "#write"
	}
	if d.Close != nil {
		m.Offers, err = s.counting(r.Context(), v, scr.Box.Offers, d.Close)
		if r.PostForm.Has("offered") {
			m.Offers = chosen(m.Offers, r.PostForm)
		}
	}
	scr.Macro = m
	return err
}

func thenWord(d desk.Deed) string {
	switch {
	case d.Close != nil:
		return "close " + string(d.Close.Outcome)
	case d.WaitFor != "":
		return "wait " + string(d.WaitFor)
	}
	return ""
}

func macroTitle(book Book, id string) string {
	for _, m := range book.Macros() {
		if m.ID == id {
			return m.Title
		}
	}
	return id
}

// useMacro does what a macro does.
func (s *Server) useMacro(w http.ResponseWriter, r *http.Request, v *visit) error {
	d, err := s.deps.Requests.Macro(r.Context(), v.Actor, r.PostForm.Get("macro"))
	if err != nil {
		return err
	}
	if coding := codingOf(r.PostForm); d.Close != nil && (len(coding.Codes) > 0 || coding.None || r.PostForm.Has("offered")) {
		d.Close.Coding = coding // what was chosen before their eyes stands over the macro
	}
	req, err := s.deps.Requests.Do(r.Context(), v.Actor, r.PathValue("ref"), d, "")
	if err != nil {
		return s.refusedDeed(w, r, v, "macro", form{}, err)
	}
	return s.requestDone(w, r, req, "has been done to as the macro says.")
}
