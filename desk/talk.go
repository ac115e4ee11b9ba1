package desk

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

// incoming is a message that has been made ready for a decision: its words are salted, its files hashed.
type incoming struct {
	kind      Type // the empty one when none was chosen
	title     journal.Text
	text      journal.Text
	cut       string
	fields    map[string]any
	service   string
	customer  string
	team      string
	channel   string
	ref       string
	files     []File
	pick      string // who gets a new request; empty for nobody
	person    string // the employee who sent it, if it was one
	automatic bool   // a program wrote it
	spoken    bool   // its readers have it already
}

// receive takes a message from outside the desk in: as a new request, or as more about one that there is.
func (t *turn) receive(in incoming) error {
	if err := checkText("text", in.text.Body); err != nil {
		return err
	}
	if to, ok := t.spokenTo(in); ok {
		t.spoke(in, to)
		return nil
	}
	if t.cur.New {
		if err := t.begin(in); err != nil {
			return err
		}
	} else {
		t.more(in)
	}
	t.say(Message{Kind: Question, Party: t.cur.Party.ID, By: in.person, Text: in.text, Cut: in.cut, Channel: in.channel, Ref: in.ref, Files: in.files})
	if t.req.AskedAt.IsZero() && t.req.Open() && !in.automatic {
		t.req.AskedAt = t.cur.Now
	}
	return nil
}

// begin is a new request.
func (t *turn) begin(in incoming) error {
	if err := checkTitle(in.title.Body); err != nil {
		return err
	}
	r := &t.req
	r.Title, r.Fields, r.Type, r.Channel, r.Asker = in.title.Body, in.fields, in.kind.ID, in.channel, t.cur.Party.ID
	r.State, r.Priority, r.ReceivedAt, r.AskedAt, r.Version = New, in.kind.priority(), t.cur.Now, t.cur.Now, 1
	r.Service, r.Customer = first(in.service, in.kind.Service), in.customer
	r.Team = first(in.kind.Team, in.team)
	if s, ok := t.book.Service(r.Service); ok && r.Team == "" {
		r.Team = s.Team
	}
	if in.person != "" {
		r.Watchers = []string{in.person}
	}
	facts := map[string]any{"number": r.Number, "channel": in.channel, "type": r.Type, "team": r.Team, "service": r.Service, "customer": r.Customer, "asker": r.Asker, "priority": string(r.Priority)}
	if in.automatic {
		facts["automatic"] = true
	}
	t.note("request.received", facts).Text = in.title.Hash()
	if in.kind.Trusted {
		r.State = Open
	}
	if in.pick != "" {
		r.Assignee, r.State, t.out.Got = in.pick, Open, in.pick
		t.noteOn("request.assigned", "person", in.pick, map[string]any{"how": string(in.kind.Assign.How)})
	}
	return nil
}

func first(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}

// more is another message of the asker about a request that there is. It is our move again, unless developers have it; thanks reopen nothing.
func (t *turn) more(in incoming) {
	facts := map[string]any{"channel": in.channel}
	if in.automatic {
		facts["automatic"] = true
	}
	t.note("request.added", facts).Text = in.text.Hash()
	switch {
	case in.automatic, t.req.State == Closed && onlyThanks(in.text.Body):
		return
	case t.req.State == Closed:
		t.openAgain()
	case t.req.State == Waiting && t.req.WaitsFor == Asker:
		t.req.State, t.req.WaitsFor, t.req.WaitingSince = Open, "", time.Time{}
		t.note("request.resumed", nil)
	}
	t.wake()
}

// spokenTo says whether somebody of the desk spoke to whoever asked, and to whom.
func (t *turn) spokenTo(in incoming) (Recipient, bool) {
	person, ok := t.book.Person(in.person)
	if !in.spoken || t.cur.New || !ok || people.May(people.As(person, in.channel), people.WorkRequests, t.topic()) != nil {
		return Recipient{}, false
	}
	said := first(t.cur.Said, t.req.ID)
	at := slices.IndexFunc(t.cur.To, func(to Recipient) bool { return to.Request == said })
	return t.recipient(at), at >= 0 && t.cur.To[at].Party.ID != t.cur.Party.ID
}

func (t *turn) recipient(at int) Recipient {
	if at < 0 {
		return Recipient{}
	}
	return t.cur.To[at]
}

// spoke keeps a reply that its asker has read where it was said. It is not sent to anybody: whoever asked the same elsewhere gets what is written as
// a reply at the desk.
func (t *turn) spoke(in incoming, to Recipient) {
	if t.req.Open() {
		t.accept()
	}
	m := t.say(Message{Kind: Reply, By: in.person, Text: in.text, Channel: in.channel, Ref: in.ref, Files: in.files})
	t.note("request.replied", map[string]any{"first": t.req.FirstReplyAt.IsZero(), "to": 1, "spoken": true}).Text = in.text.Hash()
	if t.req.FirstReplyAt.IsZero() {
		t.req.FirstReplyAt = t.cur.Now
	}
	t.req.AskedAt = time.Time{}
	t.out.Sends = append(t.out.Sends, Send{ID: t.cur.NewID(), Request: to.Request, Message: m.ID, Party: to.Party.ID, Channel: in.channel, State: Sent, MadeAt: t.cur.Now, EndedAt: t.cur.Now, Receipt: in.ref})
}

// say adds a message to the conversation.
func (t *turn) say(m Message) *Message {
	m.ID, m.Request, m.At = t.cur.NewID(), first(t.cur.Said, t.req.ID), t.cur.Now
	m.Files = slices.Clone(m.Files)
	for i := range m.Files {
		m.Files[i].ID, m.Files[i].Request = t.cur.NewID(), m.Request
	}
	t.req.Said++
	t.wordsAgain()
	t.out.Messages = append(t.out.Messages, m)
	return &t.out.Messages[len(t.out.Messages)-1]
}

// writing is what a supporter writes.
type writing struct {
	text  journal.Text
	files []File
	said  int  // how many messages they had seen; 0 skips the check
	then  Then // what becomes of the request
}

// Then is what becomes of a request with a reply.
type Then struct {
	WaitFor Wait
	Close   *Ending
	All     bool // with Close: whatever hangs on the request gets the same words and the same end
}

// reply writes to whoever asked, over the channels that they asked on.
func (t *turn) reply(w writing) error {
	if err := checkText("text", w.text.Body); err != nil {
		return err
	}
	if err := t.notOvertaken(w.said); err != nil {
		return err
	}
	if err := t.mustBeOpen(); err != nil {
		return err
	}
	t.accept()
	m := t.say(Message{Kind: Reply, By: t.author(), Text: w.text, Channel: t.actor.Via, Files: w.files})
	e := t.note("request.replied", map[string]any{"first": t.req.FirstReplyAt.IsZero(), "to": len(t.cur.To)})
	e.Text = w.text.Hash()
	if t.req.FirstReplyAt.IsZero() {
		t.req.FirstReplyAt = t.cur.Now
	}
	t.req.AskedAt = time.Time{}
	t.sendTo(m.ID)
	switch {
	case w.then.Close != nil:
		if w.then.All {
			t.solveHanging(m.ID, w.then.Close.Outcome)
		}
		return t.close(*w.then.Close)
	case w.then.WaitFor != "":
		return t.waitFor(w.then.WaitFor)
	}
	return nil
}

// solveHanging gives whatever hangs on the request its answer, each by a job of its own: a hundred of them are no single transaction.
func (t *turn) solveHanging(message string, o Outcome) {
	for _, id := range t.cur.Hanging {
		t.out.Do(JobSolve().At(t.cur.Now, id, SolveArgs{Request: id, Problem: t.req.ID, Message: message, Outcome: o}))
	}
}

// sendTo writes a row of the ledger and its job for each party that can be reached outside our screens.
func (t *turn) sendTo(message string) {
	for _, to := range t.cur.To {
		channel := to.Channel
		if channel == "screen" || channel == "api" || channel == "rule" || channel == FromHandover {
			if channel = "mail"; !t.mail || to.Party.Address == "" {
				continue // they read it on the screen
			}
		}
		s := Send{ID: t.cur.NewID(), Request: to.Request, Message: message, Party: to.Party.ID, Channel: channel, State: Sending, MadeAt: t.cur.Now}
		t.out.Sends = append(t.out.Sends, s)
		t.out.Do(JobSend().At(t.cur.Now, s.ID, SendArgs{s.ID}))
	}
}

// notOvertaken refuses words that were written before others came in: two people answered at once, or the asker wrote again.
func (t *turn) notOvertaken(said int) error {
	if said != 0 && said != t.req.Said {
		return fault.New(fault.Conflict, "Something new was said in %s while you were writing. Read it, then send yours; your draft is kept.", t.req.Name())
	}
	return nil
}

// write puts a note among ourselves. Whoever it mentions follows from now on.
func (t *turn) write(w writing) error {
	if err := checkText("text", w.text.Body); err != nil {
		return err
	}
	t.worked()
	t.say(Message{Kind: Note, By: t.author(), Text: w.text, Channel: t.actor.Via, Files: w.files})
	t.note("request.noted", nil).Text = w.text.Hash()
	if t.actor.Kind == people.ByRule { // its words may hold an asker's: they call nobody
		return nil
	}
	for _, person := range mentioned(t.book, w.text.Body) {
		if err := t.watch(person); err != nil {
			return err
		}
		t.noteOn("request.mentioned", "person", person, nil)
	}
	return nil
}

// thanks are words that ask for nothing.
func thanks() []string {
	return []string{"thanks", "thank", "you", "thx", "great", "perfect", "cheers", "super", "ok", "okay", "works", "it", "now", "very", "much", "so", "a", "lot", "all", "good", "for", "the", "help", "your", "quick",
		"aitäh", "tänan", "gracias", "asante", "danke", "merci", "tack", "kiitos"}
}

// onlyThanks says whether a message thanks and asks for nothing, so that it does not reopen a request.
func onlyThanks(body string) bool {
	words := strings.FieldsFunc(strings.ToLower(body), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	if len(words) > 12 || strings.Contains(body, "?") {
		return false
	}
	for _, w := range words {
		if !slices.Contains(thanks(), w) {
			return false
		}
	}
	return true
}
