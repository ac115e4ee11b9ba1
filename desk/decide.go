package desk

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/plain"
)

// turn is one decision: who asks, what is so, and what it leaves. Its methods are the rules; they only compute.
type turn struct {
	actor people.Actor
	book  Directory
	mail  bool // replies can be sent by mail
	cur   Current
	req   Request // the new state
	out   Change
}

func (s *Service) newTurn(a people.Actor, book Directory, cur Current) *turn {
	_, mail := s.Channels["mail"]
	return &turn{actor: a, book: book, mail: mail, cur: cur, req: cur.Request}
}

// note adds an entry about the request to the journal and returns it, so that more can be said of it.
func (t *turn) note(verb string, facts map[string]any) *journal.Entry {
	t.out.Add(journal.Note(t.actor, verb, t.req.Subject(), facts))
	return &t.out.Entries[len(t.out.Entries)-1]
}

// noteOn is note with a second subject.
func (t *turn) noteOn(verb, kind, id string, facts map[string]any) *journal.Entry {
	e := t.note(verb, facts)
	e.About = journal.Of(kind, id)
	return e
}

func (t *turn) done() Change {
	t.clocks()
	if len(t.out.Entries) > 0 {
		t.req.ChangedAt = t.cur.Now
	}
	t.out.Request = t.req
	return t.out
}

// worked marks that somebody of the desk did something.
func (t *turn) worked() {
	if t.req.FirstTouchAt.IsZero() && t.actor.Kind != people.ByRule {
		t.req.FirstTouchAt = t.cur.Now
	}
}

// unmoved refuses an edit that was begun on an older version; 0 skips the check.
func (t *turn) unmoved(seen int64) error {
	if seen != 0 && seen != t.req.Version {
		return fault.New(fault.Conflict, "Somebody changed %s while you were looking. See what is new, then do it again; nothing of yours is lost.", t.req.Name())
	}
	return nil
}

func (t *turn) mustBeOpen() error {
	if !t.req.Open() {
		return fault.New(fault.Conflict, "%s is closed. Reopen it first.", t.req.Name())
	}
	return nil
}

// edit changes one thing that two people might change at once, and says so in the journal.
func (t *turn) edit(what, to string, field *string) {
	if *field == to {
		return
	}
	*field = to
	t.req.Version++
	t.worked()
	t.note("request.changed", map[string]any{"what": what, "to": to})
}

func checkTitle(title string) error {
	switch {
	case plain.Blank(title):
		return fault.Wrong("title", "Say in one line what you need.")
	case utf8.RuneCountInString(title) > longestTitle:
		return fault.Wrong("title", "A title has at most %d characters. Write the rest below it.", longestTitle)
	}
	return nil
}

func checkText(field, body string) error {
	switch {
	case plain.Blank(body):
		return fault.Wrong(field, "Write something first.")
	case utf8.RuneCountInString(body) > longestText:
		return fault.Wrong(field, "A message has at most %d characters. Attach what is longer as a file.", longestText)
	}
	return nil
}

func (t *turn) retitle(title journal.Text) error {
	if err := checkTitle(title.Body); err != nil {
		return err
	}
	if t.req.Title == title.Body {
		return nil
	}
	t.req.Title = title.Body
	t.wordsAgain()
	t.req.Version++
	t.worked()
	t.note("request.retitled", nil).Text = title.Hash()
	return nil
}

func (t *turn) setPriority(p Priority) error {
	if !slices.Contains(Priorities(), p) {
		return fault.Wrong("priority", "The priority is low, normal, high or urgent; %q is none of them.", p)
	}
	to := string(t.req.Priority)
	t.edit("priority", string(p), &to)
	t.req.Priority = Priority(to)
	return nil
}

func (t *turn) setService(id string) error {
	if _, ok := t.book.Service(id); !ok && id != "" {
		return fault.Wrong("service", "There is no service %s. Choose one of the list.", id)
	}
	t.edit("service", id, &t.req.Service)
	return nil
}

func (t *turn) setCustomer(id string) error {
	if _, ok := t.book.Customer(id); !ok && id != "" {
		return fault.Wrong("customer", "There is no customer %s. Choose one of the list.", id)
	}
	t.edit("customer", id, &t.req.Customer)
	return nil
}

// setType gives the request another type, and with it the team that works on such requests. What the old form asked for is kept.
func (t *turn) setType(id string) error {
	kind, ok := t.book.RequestType(id)
	if !ok {
		return fault.Wrong("type", "There is no type of request %s. Choose one of the list.", id)
	}
	t.edit("type", id, &t.req.Type)
	t.edit("team", kind.Team, &t.req.Team)
	return nil
}

func (t *turn) setTeam(id string) error {
	if _, ok := t.book.Team(id); !ok {
		return fault.Wrong("team", "There is no team %s. Choose one of the list.", id)
	}
	t.edit("team", id, &t.req.Team)
	return nil
}

// assign gives the request to a person; to nobody when empty. Whoever gets a request out of triage has taken it up.
func (t *turn) assign(person string) error {
	if err := t.mustBeOpen(); err != nil {
		return err
	}
	if person != "" {
		p, ok := t.book.Person(person)
		if !ok || people.May(people.As(p, "screen"), people.WorkRequests, t.topic()) != nil {
			return fault.Wrong("assignee", "%s does not work on such requests. Give it to somebody of technical support.", t.name(person))
		}
	}
	if person == t.req.Assignee {
		return nil
	}
	t.req.Assignee = person
	t.req.Version++
	t.noteOn("request.assigned", "person", person, nil)
	t.out.Got = person
	if person != "" {
		t.accept()
	}
	return nil
}

func (t *turn) name(person string) string {
	if p, ok := t.book.Person(person); ok {
		return p.Name
	}
	return person
}

// topic is the request for the gate, as its type says.
func (t *turn) topic() people.Subject {
	kind, _ := t.book.RequestType(t.req.Type)
	return t.req.Topic(kind)
}

// accept takes a request up that was in triage.
func (t *turn) accept() {
	t.worked()
	t.wake()
	if t.req.State == New {
		t.req.State = Open
		t.note("request.accepted", nil)
	}
}

// wake brings it back into sight.
func (t *turn) wake() { t.req.SnoozedUntil = time.Time{} }

// longestSnooze is how long a request may be out of sight.
const longestSnooze = 90 * 24 * time.Hour

func (t *turn) snooze(until time.Time) error {
	if err := t.mustBeOpen(); err != nil {
		return err
	}
	if !until.After(t.cur.Now) || until.Sub(t.cur.Now) > longestSnooze {
		return fault.Wrong("until", "Choose a time in the next 90 days.")
	}
	t.worked()
	t.req.SnoozedUntil = until
	t.note("request.snoozed", map[string]any{"until": until.Unix()})
	t.out.Do(JobWake().At(until, t.req.ID, RequestArgs{t.req.ID}))
	return nil
}

// waitFor says that the next move is somebody else's.
func (t *turn) waitFor(whom Wait) error {
	if err := t.mustBeOpen(); err != nil {
		return err
	}
	if !slices.Contains(Waits(), whom) {
		return fault.Wrong("wait_for", "A request waits for asker, developers or others; %q is none of them.", whom)
	}
	t.accept()
	if t.req.State == Waiting && t.req.WaitsFor == whom {
		return nil
	}
	t.req.State, t.req.WaitsFor, t.req.WaitingSince = Waiting, whom, t.cur.Now
	t.note("request.waits", map[string]any{"for": string(whom)})
	return nil
}

// resume says that the next move is ours again.
func (t *turn) resume() error {
	if err := t.mustBeOpen(); err != nil {
		return err
	}
	t.accept()
	if t.req.State == Waiting {
		t.req.State, t.req.WaitsFor, t.req.WaitingSince = Open, "", time.Time{}
		t.note("request.resumed", nil)
	}
	return nil
}

func (t *turn) watch(person string) error {
	if _, ok := t.book.Person(person); !ok {
		return fault.Wrong("person", "There is nobody called %s. Choose somebody of the list.", person)
	}
	if !t.req.follows(person) {
		t.req.Watchers = append(slices.Clone(t.req.Watchers), person)
		t.noteOn("request.watched", "person", person, nil)
	}
	return nil
}

func (t *turn) unwatch(person string) {
	if i := slices.Index(t.req.Watchers, person); i >= 0 {
		t.req.Watchers = slices.Delete(slices.Clone(t.req.Watchers), i, i+1)
		t.noteOn("request.unwatched", "person", person, nil)
	}
}

// mentioned returns the people whom a text calls by "@" and their id, each once.
func mentioned(book Directory, text string) (out []string) {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\n' || r == '\t' || r == ',' || r == ';' || r == '(' }) {
		id, ok := strings.CutPrefix(word, "@")
		if !ok {
			continue
		}
		id = strings.TrimRight(id, ".:!?)")
		if _, known := book.Person(id); known && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}
