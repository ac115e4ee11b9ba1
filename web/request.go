package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"frontline/action"
	"frontline/desk"
	"frontline/journal"
	"frontline/people"
)

// requestScreen is one request: what was said, what happened, what can be done.
type requestScreen struct {
	head
	Ref     string
	Name    string // its title
	State   state
	Over    []fact // who asked, who has it
	Version int64
	Work    bool // the person works on requests
	Open    bool
	New     bool // in triage
	Mine    bool // the person asked it
	Yours   bool // the person has it
	Talk    []talk
	Said    int
	Here    []string // who else has it before them
	Box     replyBox
	Deeds   requestDeeds
	Side    requestSide
	Notes   []note
	Refused *refusal
	Macro   *macroView
	Add     form // where the asker writes
	Solved  bool // the asker may say that it is solved
	Thanks  thanked
	Due     state // its word is empty when nothing is due
}

func (s *Server) showRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.request(w, r, v, http.StatusOK, nil)
}

// request shows the request of the address; finish may change the screen before it is drawn.
func (s *Server) request(w http.ResponseWriter, r *http.Request, v *visit, status int, finish func(*requestScreen)) error {
	c, err := s.deps.Requests.Conversation(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	scr, err := s.requestScreen(r.Context(), v, c)
	if err != nil {
		return err
	}
	if scr.Work {
		if err := s.macroAsked(r, v, &scr); err != nil {
			return err
		}
		if err := s.answerAsked(r, v, &scr); err != nil {
			return err
		}
	}
	if finish != nil {
		finish(&scr)
	}
	if r.Method == http.MethodPost {
		scr.Topics = nil // this address cannot be fetched again, and what was typed must stay
	}
	return s.show(w, r, v, status, "request", scr)
}

func (s *Server) requestScreen(ctx context.Context, v *visit, c desk.Conversation) (requestScreen, error) {
	book, err := s.deps.Book(ctx)
	if err != nil {
		return requestScreen{}, err
	}
	r := c.Request
	scr := requestScreen{
		head: head{Title: r.Name() + " " + r.Title, Wing: "/requests", Trail: trail("Requests", "/requests", r.Name()), Topics: topics("request", r.ID)},
		Ref:  r.Name(), Name: r.Title, Version: r.Version, Open: r.Open(), New: r.State == desk.New, Said: r.Said,
		Work: people.May(v.Actor, people.WorkRequests, people.Subject{Kind: "request", ID: r.ID}) == nil,
		Mine: c.Parties[r.Asker].Person == v.Actor.ID, Yours: r.Assignee != "" && r.Assignee == v.Actor.ID,
	}
	scr.Over = overRequest(v, book, c)
	if scr.Thanks, err = s.thankedFor(ctx, v, book, r.Subject(), r.Name()); err != nil {
		return scr, err
	}
	scr.Notes = append(scr.Notes, wordsNotes(v, book, c)...)
	if !scr.Work {
		scr.forAsker(v, book, c)
		return scr, nil
	}
	scr.State, scr.Due = requestState(v, r), dueState(v, r)
	scr.Topics = append(scr.Topics, topics("presence", r.ID)...)
	runs, err := s.deps.Runs.List(ctx, v.Actor, action.RunFilter{For: r.Subject(), Limit: 50})
	if err != nil {
		return scr, err
	}
	why, err := s.whyRules(ctx, v, r)
	if err != nil {
		return scr, err
	}
	scr.Talk = becauseOf(book, talkOf(v, book, c, runs, true), c, why, v)
	for _, p := range c.Present {
		scr.Here = append(scr.Here, presenceWord(book, p))
	}
	scr.Box = replyBoxOf(book, c)
	if scr.Deeds, err = s.requestDeeds(ctx, v, book, c); err != nil {
		return scr, err
	}
	scr.Box.Offers = keyless(scr.Deeds.Offers)
	scr.notes(v, c)
	scr.Side, err = s.requestSide(ctx, v, book, c)
	return scr, err
}

// forAsker shows what whoever asked may read, in their words.
func (scr *requestScreen) forAsker(v *visit, book Book, c desk.Conversation) {
	r := c.Request
	scr.State = askedState(r)
	scr.Talk = talkOf(v, book, c, nil, false)
	scr.Add = addForm(r)
	scr.Solved = scr.Mine && (r.Open() && !r.FirstReplyAt.IsZero())
	scr.Side = requestSide{Facts: askedFacts(book, r), Watching: slices.Contains(r.Watchers, v.Actor.ID)}
	if r.Of != "" {
		scr.Notes = append(scr.Notes, newNote("", "link", "Somebody else asked the same", "You get every answer that they get, here and where you asked."))
	}
}

func presenceWord(book Book, p desk.Presence) string {
	if p.Typing {
		return book.Name("person", p.Person) + " is here, writing"
	}
	return book.Name("person", p.Person) + " is here"
}

// overRequest says in a line who asked, where, and who has it.
func overRequest(v *visit, book Book, c desk.Conversation) []fact {
	r := c.Request
	out := []fact{{Name: "asked by", Value: c.Parties[r.Asker].Shown()}}
	if c.Parties[r.Asker].Person == v.Actor.ID {
		out[0].Value = "you"
	}
	if by := channelSay(r.Channel); by != "" {
		out[0].Value += ", " + by
	}
	if r.Customer != "" {
		out = append(out, fact{Name: "for", Value: book.Name("customer", r.Customer)})
	}
	switch r.Assignee {
	case "":
		if r.Open() {
			out = append(out, fact{Name: "with", Value: "nobody"})
		}
	case v.Actor.ID:
		out = append(out, fact{Name: "with", Value: "you"})
	default:
		out = append(out, fact{Name: "with", Value: book.Name("person", r.Assignee)})
	}
	return out
}

// channelSay is where a question came from; the screen goes without saying.
func channelSay(channel string) string {
	switch channel {
	case "mail":
		return "by mail"
	case "slack":
		return "in Slack"
	case "api":
		return "from a program"
	case desk.FromHandover:
		return "from a morning hand-over"
	}
	return ""
}

// notes are what somebody should know before anything else.
func (scr *requestScreen) notes(v *visit, c desk.Conversation) {
	if c.Request.Wordless() {
		return // what did not arrive is gone too
	}
	for _, x := range c.Sends {
		if x.State == desk.Failed && c.Request.AskedAt.IsZero() {
			scr.Notes = append(scr.Notes, newNote("warning", "mail", "A reply did not arrive", "To "+c.Parties[x.Party].Shown()+": "+x.Error+" Tell them in another way, or send it again."))
			break
		}
	}
	if r := c.Request; r.Asleep(v.Now) {
		scr.Notes = append(scr.Notes, newNote("", "clock", "Out of sight until "+v.at(r.SnoozedUntil).Hour(), "It comes back earlier when whoever asked writes again."))
	}
}

// talk is one part of a conversation: what somebody said, or a line of what happened.
type talk struct {
	ID     string
	Kind   string // "question", "note", "reply", or "line"
	By     string
	To     string // who got a reply
	Where  string // "by mail", "in R-1040"
	At     moment
	Text   []word
	Gone   bool   // the text was removed
	Cut    string // quoted mail and signature
	Files  []fileView
	States []state // receipts
	Line   entry
	Run    state // of a line that is a run
}

// word is a piece of what somebody wrote: plain, or the address of something.
type word struct{ Text, Path string }

// fileView is something attached.
type fileView struct {
	Name, Path, Small string
	Image             bool
}

// talkOf puts what was said, what was run and what happened in the order in which it came about. Who is not of the desk is told only what was said.
func talkOf(v *visit, book Book, c desk.Conversation, runs []action.Run, inside bool) []talk {
	names := map[string]string{}
	for _, d := range c.Duplicates {
		names[d.ID] = d.Name()
	}
	var out []talk
	for _, m := range c.Messages {
		x := messageTalk(v, book, c, m, inside)
		if name := names[m.Request]; name != "" && inside {
			x.Where = strings.TrimPrefix(x.Where+", in "+name, ", ")
		}
		out = append(out, x)
	}
	told := toldAlready(c)
	for _, e := range c.Entries {
		if l, ok := requestLine(v, book, c, e); ok && !told(e) {
			out = append(out, talk{Kind: "line", At: l.At, Line: l})
		}
	}
	for _, r := range runs {
		out = append(out, runTalk(v, book, r))
	}
	slices.SortStableFunc(out, func(a, b talk) int { return a.At.T.Compare(b.At.T) })
	return out
}

// toldAlready leaves out what goes without saying: that a reply accepts, that a question wakes, that a mention lets somebody follow.
func toldAlready(c desk.Conversation) func(journal.Entry) bool {
	at := map[int64]bool{}
	for _, m := range c.Messages {
		at[m.At.UnixMicro()] = true
	}
	for _, e := range c.Entries {
		if e.Verb == "request.assigned" || e.Verb == "request.waits" || e.Verb == "request.closed" {
			at[e.At.UnixMicro()] = true
		}
	}
	return func(e journal.Entry) bool {
		switch e.Verb {
		case "request.accepted", "request.resumed", "request.watched":
			return at[e.At.UnixMicro()]
		}
		return false
	}
}

func messageTalk(v *visit, book Book, c desk.Conversation, m desk.Message, inside bool) talk {
	x := talk{ID: "m-" + m.ID, Kind: string(m.Kind), At: v.at(m.At), Text: linked(m.Text.Body), Cut: m.Cut}
	for _, f := range m.Files {
		x.Files = append(x.Files, fileViewOf(c.Request.Name(), f))
	}
	if m.Text.Body == "" && m.Text.Salt == "" {
		x.Gone = true
	}
	switch m.Kind {
	case desk.Question:
		x.By, x.Where = c.Parties[m.Party].Shown(), channelSay(m.Channel)
	case desk.Note:
		x.By = writer(book, m.By)
		if m.Channel == desk.FromTracker {
			x.By, x.Where = "Developers", "from their tracker"
		}
	case desk.Reply:
		x.By = writer(book, m.By)
		if inside {
			x.To, x.States = toWhom(c, m), receiptsOf(v, c, m)
		}
	}
	return x
}

// receiptsOf says for each party whether a reply reached it. Whoever asked on the screen reads it there.
func receiptsOf(v *visit, c desk.Conversation, m desk.Message) []state {
	var out []state
	many := len(c.Duplicates) > 0
	for _, x := range c.Sends {
		if x.Message != m.ID || m.Text.Salt == "" {
			continue
		}
		to := ""
		if many {
			to = " to " + c.Parties[x.Party].Shown()
		}
		switch x.State {
		case desk.Sent:
			out = append(out, newState("ok", "Delivered"+to+" "+v.at(x.EndedAt).Abs()))
		case desk.Failed:
			out = append(out, newState("warning", "Did not arrive"+to+": "+x.Error))
		default:
			say := "On its way" + to
			if x.Tries > 0 {
				say += ", tried " + plural(x.Tries, "time", "times") + ": " + x.Error
			}
			out = append(out, newState("calm", say, "clock"))
		}
	}
	if len(out) == 0 && m.Text.Salt != "" {
		out = append(out, newState("ok", firstName(c.Parties[c.Request.Asker].Shown())+" reads it here", "check"))
	}
	return out
}

// toWhom is who got a reply: the parties of its sends; without any, whoever asked.
func toWhom(c desk.Conversation, m desk.Message) string {
	all := []string{c.Parties[c.Request.Asker].Shown()}
	for _, x := range c.Sends {
		if name := c.Parties[x.Party].Shown(); x.Message == m.ID && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	if len(all) == 1 {
		return all[0]
	}
	return recipientsSay(all)
}

func firstName(name string) string {
	if strings.Contains(name, "@") {
		return name
	}
	first, _, _ := strings.Cut(name, " ")
	return first
}

// linked cuts a text at the web addresses in it, so that they can be followed.
func linked(text string) []word {
	var out []word
	for {
		at := strings.Index(text, "http")
		for at >= 0 && !strings.HasPrefix(text[at:], "http://") && !strings.HasPrefix(text[at:], "https://") {
			next := strings.Index(text[at+4:], "http")
			if next < 0 {
				at = -1
				break
			}
			at += 4 + next
		}
		if at < 0 {
			break
		}
		end := at + strings.IndexFunc(text[at:]+" ", func(r rune) bool { return strings.ContainsRune(" \n\t<>\"'", r) })
		address := strings.TrimRight(text[at:end], ".,;:!?)")
		if at > 0 {
			out = append(out, word{Text: text[:at]})
		}
		out = append(out, word{address, address})
		text = text[at+len(address):]
	}
	if text != "" {
		out = append(out, word{Text: text})
	}
	return out
}

func runTalk(v *visit, book Book, r action.Run) talk {
	at := r.PlannedAt
	who, did := book.Name("person", r.PlannedBy.ID), "planned"
	if !r.StartedAt.IsZero() {
		at, who, did = r.StartedAt, book.Name("person", r.StartedBy.ID), "ran"
	}
	e := entry{At: v.at(at), Icon: "action", Who: who, Lead: did, Link: link{Word: r.Ref(), Path: runPath(r)}, Words: r.Definition.Title, More: r.Result.Summary}
	return talk{Kind: "line", At: e.At, Line: e, Run: runState(r.State)}
}
