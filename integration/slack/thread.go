package slack

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	api "github.com/slack-go/slack"

	"frontline/chat"
	"frontline/desk"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/plain"
)

// Threads takes the desk's replies to the thread in which the question was asked.
type Threads struct{ *App }

var _ desk.Channel = Threads{}

// Name implements desk.Channel.
func (Threads) Name() string { return "slack" }

// Send implements desk.Channel. The receipt is where the message stands.
func (t Threads) Send(ctx context.Context, l desk.Letter) (string, error) {
	where, err := t.threadOf(ctx, l)
	if err != nil {
		return "", err
	}
	at, err := t.post(ctx, where.channel, replyMessage(l, where.ts))
	if err != nil {
		return "", err
	}
	if where.ts == "" { // what is answered to it belongs to the request
		if err := t.Store.PutPost(ctx, chat.Post{Place: at.channel, TS: at.ts, Purpose: chat.Thread, Subject: l.Request.Subject()}); err != nil {
			t.Log.Warn("a thread in Slack is not known as the request's", "request", l.Request.ID, "err", err)
		}
	}
	return at.String(), nil
}

// threadOf finds where a reply goes: the request's thread, the message that was its first question, or else its asker.
func (t Threads) threadOf(ctx context.Context, l desk.Letter) (place, error) {
	posts, err := t.Store.PostsOf(ctx, l.Request.Subject(), chat.Thread)
	if err != nil {
		return place{}, err
	}
	if len(posts) > 0 {
		return place{posts[0].Place, posts[0].TS}, nil
	}
	for _, ref := range l.Thread {
		if at, ok := placeOf(ref); ok && at.channel != "form" {
			return at, nil
		}
	}
	user, err := t.userFor(ctx, l.To)
	return place{user, ""}, err
}

// userFor is the Slack user of a party.
func (a *App) userFor(ctx context.Context, p desk.Party) (string, error) {
	address := p.Address
	if address == "" {
		book, err := a.Book(ctx)
		if err != nil {
			return "", err
		}
		person, _ := book.Person(p.Person)
		address = person.Email
	}
	if address == "" {
		return "", fault.New(fault.NotFound, "Whoever asked has no address by which Slack would know them. Tell them in another way.")
	}
	u, err := a.userOf(ctx, address)
	return u.id, err
}

// solvedButton is how whoever asked says that it is solved.
const solvedButton = "request.solved"

// replyMessage is a reply as it is said in the thread: what was written as a reply, and nothing else.
func replyMessage(l desk.Letter, thread string) said {
	out := said{text: fit(l.Text, mostText), thread: thread}
	for _, part := range sections(l.Text) {
		out.blocks = append(out.blocks, section(part))
	}
	small := line(l.Author, 100)
	if n := len(l.Files); n > 0 {
		small += fmt.Sprintf(" · %d files, see %s", n, l.Request.Name())
	}
	whose := link(l.Request.Name(), l.Link)
	out.blocks = append(out.blocks, api.NewContextBlock("", mrkdwn(strings.Trim(small+" · "+whose, " ·"))))
	if l.Request.Open() {
		out.blocks = append(out.blocks, api.NewActionBlock("", button(solvedButton, "Solved, thank you", l.Request.ID, api.StyleDefault)))
	}
	return out
}

const mostSections = 12

// sections parts a text into what fits into a section each. What goes beyond all of them is read on the screen.
func sections(body string) []string {
	var out []string
	part := ""
	for _, p := range strings.Split(plain.Prose(body), "\n\n") {
		if part != "" && utf8.RuneCountInString(markdown(part+"\n\n"+p, 1<<20)) > mostSection {
			out, part = append(out, markdown(part, mostSection)), ""
		}
		part = strings.TrimPrefix(part+"\n\n"+p, "\n\n")
	}
	out = append(out, markdown(part, mostSection))
	if len(out) > mostSections {
		out = append(out[:mostSections], "_The rest is on the screen._")
	}
	return out
}

// sayOnce says something about a subject in a place, once for what it is: a job that comes again finds that it was said.
func (a *App) sayOnce(ctx context.Context, about journal.Subject, once, channel string, m said) error {
	before, err := a.Store.PostsOf(ctx, about, chat.Mirror)
	if err != nil {
		return err
	}
	of := once + " " + channel + " " + m.thread
	for _, p := range before {
		if p.Of == of {
			return nil
		}
	}
	at, err := a.post(ctx, channel, m)
	if err != nil {
		return err
	}
	return a.Store.PutPost(ctx, chat.Post{Place: at.channel, TS: at.ts, Purpose: chat.Mirror, Subject: about, Of: of})
}

// Tell says something in a channel, once for what it is. The words are plain text, for they may hold what somebody from outside wrote.
func (a *App) Tell(ctx context.Context, channel string, about journal.Subject, once, text string) error {
	m := said{text: fit(text, mostText)}
	for _, part := range sections(text) {
		m.blocks = append(m.blocks, section(part))
	}
	return a.sayOnce(ctx, about, "rule "+once, channel, m)
}

// received answers a new request in the thread of the message that it was made of, and shows what may help at once.
func (a *App) received(ctx context.Context, r desk.Request, root place) error {
	if err := a.Store.PutPost(ctx, chat.Post{Place: root.channel, TS: root.ts, Purpose: chat.Thread, Subject: r.Subject()}); err != nil {
		return err
	}
	m, err := a.welcome(ctx, r, root.channel)
	if err != nil {
		return err
	}
	m.thread = root.ts
	return a.sayOnce(ctx, r.Subject(), "received", root.channel, m)
}

// begin shows a new request that was made by the command, as a message whose thread is its conversation: in the channel where requests are taken
// by command and everybody may read them, otherwise in a message to whoever asked.
func (a *App) begin(ctx context.Context, r desk.Request, channel string) error {
	posts, err := a.Store.PostsOf(ctx, r.Subject(), chat.Thread)
	if err != nil || len(posts) > 0 {
		return err
	}
	book, err := a.Book(ctx)
	if err != nil {
		return err
	}
	c, err := a.Desk.Conversation(ctx, people.System("job"), r.ID)
	if err != nil {
		return err
	}
	asker := c.Parties[r.Asker]
	ch, known := book.ChatOf(channel)
	kind, _ := book.RequestType(r.Type)
	if !known || !ch.Takes(chat.ByCommand) || kind.Visibility != "" && kind.Visibility != people.Everyone {
		if channel, err = a.userFor(ctx, asker); err != nil {
			return err
		}
	}
	m, err := a.welcome(ctx, r, channel)
	if err != nil {
		return err
	}
	head := []api.Block{section(fmt.Sprintf("*%s* asks: *%s*", line(asker.Shown(), 100), line(r.Title, mostTitle)))}
	if len(c.Messages) > 0 && strings.TrimSpace(c.Messages[0].Text.Body) != strings.TrimSpace(r.Title) {
		head = append(head, section(fit(c.Messages[0].Text.Body, mostSection)))
	}
	m.blocks = append(head, m.blocks...)
	m.text = r.Name() + " " + line(r.Title, mostTitle)
	at, err := a.post(ctx, channel, m)
	if err != nil {
		return err
	}
	return a.Store.PutPost(ctx, chat.Post{Place: at.channel, TS: at.ts, Purpose: chat.Thread, Subject: r.Subject()})
}

// Buttons under an answer that is offered, and of actions.
const (
	answerHelped = "answer.helped"
	needPerson   = "answer.person"
	planRun      = "run.plan"
)

// welcome says that we have a request, and offers what may help at once: answers for everybody, and actions that its asker may run.
func (a *App) welcome(ctx context.Context, r desk.Request, channel string) (said, error) {
	book, err := a.Book(ctx)
	if err != nil {
		return said{}, err
	}
	team := teamName(book, r.Team)
	if team == "" {
		team = "Somebody"
	}
	where := link(r.Name(), a.Link(r.Subject(), r.Name()))
	m := said{text: r.Name() + ": we have it", blocks: []api.Block{section("*" + where + "* · we have it. " + escaped(team) + " answers in this thread; add what you know, files too.")}}
	asker, ok, err := a.asker(ctx, book, r)
	if err != nil || !ok {
		return m, err
	}
	if ch, known := book.ChatOf(channel); !known || ch.Offers() {
		offers, err := a.offers(ctx, asker, r.Title, 2)
		if err != nil {
			return said{}, err
		}
		for _, o := range offers {
			value := o.Name() + " " + r.ID
			m.blocks = append(m.blocks, offerBlocks(o, button(answerHelped, "This helped", value, api.StylePrimary), button(needPerson, "I need a person", value, api.StyleDefault))...)
		}
	}
	kind, _ := book.RequestType(r.Type)
	var keys []api.BlockElement
	for _, id := range kind.Actions {
		d, err := a.Runs.Action(ctx, asker, id)
		if err != nil || people.May(asker, d.Verb(), d.Subject()) != nil || len(keys) == 5 {
			continue // not theirs to run
		}
		b := button(planRun, "Try: "+d.Title, d.ID+" "+r.ID, api.StyleDefault)
		b.ActionID = planRun + "." + fmt.Sprint(len(keys))
		keys = append(keys, b)
	}
	if len(keys) > 0 {
		m.blocks = append(m.blocks, api.NewActionBlock("", keys...))
	}
	return m, nil
}

// asker is whoever asked, as an actor; false when we do not know them.
func (a *App) asker(ctx context.Context, book Book, r desk.Request) (people.Actor, bool, error) {
	c, err := a.Desk.Conversation(ctx, people.System("job"), r.ID)
	if err != nil {
		return people.Actor{}, false, err
	}
	p, ok := book.Person(c.Parties[r.Asker].Person)
	return people.As(p, "slack"), ok, nil
}
