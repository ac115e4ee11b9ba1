package slack

import (
	"context"
	"strings"
	"time"

	api "github.com/slack-go/slack"

	"frontline/chat"
	"frontline/desk"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/plain"
	"frontline/thanks"
)

// Thanks is what we ask of the wall of thanks.
type Thanks interface {
	Give(ctx context.Context, a people.Actor, d thanks.Draft) (thanks.Thanks, bool, error)
	Thanks(ctx context.Context, a people.Actor, ref string) (thanks.Shown, error)
	Helpers(ctx context.Context, a people.Actor, ref string) (thanks.Matter, thanks.Helpers, error)
}

// thanksButton opens the form of thanks; its value is a Slack user, and the request that it is about.
const thanksButton = "thanks.open"

// thanksEmoji is the emoji by which somebody says that they want to thank: folded hands.
const thanksEmoji = "pray"

// Fields of the form of thanks.
const (
	fieldPeople  = "people"
	fieldTeams   = "teams"
	fieldActions = "actions"
	fieldAbout   = "about"
)

// thanksView is the form of thanks. users are whom it begins with, in Slack's ids.
func thanksView(by people.Actor, book Book, from origin, users []string, about, reason string) api.ModalViewRequest {
	whom := api.NewOptionsMultiSelectBlockElement(api.MultiOptTypeUser, words("Choose"), inputAction)
	whom.InitialUsers = users
	blocks := []api.Block{api.NewInputBlock(fieldPeople, words("Whom do you thank?"), nil, whom).WithOptional(true),
		written(fieldText, "text", "What for?", "Everybody reads it. Three words at least; there are no points.", reason, true)}
	request := written(fieldAbout, "about", "Which request or incident?", "Such as R-1042 or INC-31.", about, false)
	request.Optional = true
	blocks = append(blocks, request)
	var teams, tools []option
	for _, t := range book.Teams() {
		teams = append(teams, option{t.ID, t.Name})
	}
	for _, d := range book.Actions() {
		if people.May(by, people.SeeActions, d.Subject()) == nil {
			tools = append(tools, option{d.ID, d.Title})
		}
	}
	for _, x := range []struct {
		block, label string
		all          []option
	}{{fieldTeams, "A team?", teams}, {fieldActions, "A tool?", tools}} {
		if len(x.all) > 0 {
			some := api.NewOptionsMultiSelectBlockElement(api.MultiOptTypeStatic, words("Choose"), inputAction, objects(x.all)...)
			blocks = append(blocks, api.NewInputBlock(x.block, words(x.label), nil, some).WithOptional(true))
		}
	}
	return modal(thanksForm, from, "Say thanks", "Thank", blocks...)
}

// openThanks opens the form. Where a request is known, whoever helped with it is chosen already.
func (a *App) openThanks(ctx context.Context, by people.Actor, book Book, trigger string, from origin, users []string, request, reason string) error {
	about := ""
	if request != "" {
		m, helpers, err := a.Thanks.Helpers(ctx, by, request)
		if err != nil {
			return err
		}
		about = m.Name
		for _, id := range helpers.People[:min(len(helpers.People), 3)] {
			if p, ok := book.Person(id); ok && len(users) == 0 {
				if u, err := a.userOf(ctx, p.Email); err == nil {
					users = append(users, u.id)
				}
			}
		}
	}
	return a.open(ctx, trigger, thanksView(by, book, from, users, about, reason))
}

// thanksCommand is /thanks: whom the text mentions is chosen already, and the rest of it is the reason.
func (a *App) thanksCommand(ctx context.Context, by people.Actor, book Book, c command) error {
	var users []string
	reason := marked.ReplaceAllStringFunc(c.Text, func(m string) string {
		user, _, _ := strings.Cut(strings.Trim(m, "<>@"), "|")
		if strings.HasPrefix(m, "<@") {
			users = append(users, user)
			return ""
		}
		return m
	})
	reason = strings.TrimSpace(unmarked(reason, a.cached))
	return a.openThanks(ctx, by, book, c.Trigger, origin{Channel: c.Channel}, users, "", strings.TrimSpace(strings.TrimPrefix(reason, "for ")))
}

// thanksShortcut is the shortcut of a message: its writer is thanked, for the request whose thread it stands in.
func (a *App) thanksShortcut(ctx context.Context, by people.Actor, book Book, trigger string, from origin) error {
	root := place{from.Channel, from.TS}
	if from.Thread != "" {
		root.ts = from.Thread
	}
	about, ok, err := a.threadAt(ctx, root)
	if err != nil {
		return err
	}
	request := ""
	if ok && (about.Kind == "request" || about.Kind == "incident") {
		request = about.ID
	}
	from.Thread = root.ts
	return a.openThanks(ctx, by, book, trigger, from, usersOnly(from.Author), request, "")
}

// usersOnly is a list of the user, when there is one.
func usersOnly(user string) []string {
	if user == "" {
		return nil
	}
	return []string{user}
}

// thanked reads the form of thanks and gives them, once for the form.
func (a *App) thanked(ctx context.Context, by people.Actor, book Book, c api.InteractionCallback) (api.ModalViewRequest, error) {
	from, state := originOf(c.View.PrivateMetadata), c.View.State
	d := thanks.Draft{Reason: stated(state, fieldText), About: stated(state, fieldAbout), Ref: "slack/form/" + c.View.ID}
	for _, user := range state.Values[fieldPeople][inputAction].SelectedUsers {
		p, err := a.Person(ctx, book, user)
		if err != nil && again(ctx, err) {
			return api.ModalViewRequest{}, err
		}
		if err != nil {
			return api.ModalViewRequest{}, fault.Wrong("people", "Frontline does not know %s. Thank somebody who is in its directory, or their team.", a.cached(user))
		}
		d.People = append(d.People, p.ID)
	}
	for _, o := range state.Values[fieldTeams][inputAction].SelectedOptions {
		d.Teams = append(d.Teams, o.Value)
	}
	for _, o := range state.Values[fieldActions][inputAction].SelectedOptions {
		d.Actions = append(d.Actions, o.Value)
	}
	x, _, err := a.Thanks.Give(ctx, by, d)
	if err != nil {
		return api.ModalViewRequest{}, err
	}
	say := chat.JobSay().At(time.Time{}, "", chat.SayArgs{What: sayThanks, Kind: "thanks", ID: x.ID, Of: from.Channel + "/" + from.Thread, Once: c.View.ID})
	if _, err := a.Store.TakeCall(ctx, "form "+c.View.ID, say); err != nil {
		return api.ModalViewRequest{}, err
	}
	where := link(x.Name(), a.Link(x.Subject(), x.Name()))
	return modal("", origin{}, "Thank you", "", section("*"+where+"* hangs on the wall. For ten minutes you can change it or take it back there.")), nil
}

// sayThankYou says a thanks in the channel where it was given, when everybody may read it and the channel is one of ours.
func (a *App) sayThankYou(ctx context.Context, args chat.SayArgs) error {
	channel, thread, _ := strings.Cut(args.Of, "/")
	book, err := a.Book(ctx)
	if err != nil {
		return err
	}
	if ch, ok := book.ChatOf(channel); !ok || !ch.Thanking() {
		return nil
	}
	x, err := a.Thanks.Thanks(ctx, people.Actor{Kind: people.ByPerson, Role: people.Member, Via: "slack"}, args.ID) // whoever reads the channel
	if err != nil {
		return err
	}
	m := a.thanksMessage(book, x)
	m.thread = thread
	return a.sayOnce(ctx, x.Subject(), "given", channel, m)
}

// thanksMessage is a thanks as everybody reads it.
func (a *App) thanksMessage(book Book, x thanks.Shown) said {
	var whom []string
	for _, to := range x.To {
		whom = append(whom, thankedName(book, to))
	}
	who := line(personName(book)(x.By), 100)
	return said{text: who + " says thanks", blocks: []api.Block{section(":pray: *" + who + "* thanks " + strings.Join(whom, ", ") + "\n>" + strings.ReplaceAll(fit(x.Text.Body, 2000), "\n", "\n>")),
		small(link(x.Name(), a.Link(x.Subject(), x.Name())))}}
}

func thankedName(book Book, to thanks.To) string {
	name := to.ID
	switch to.Kind {
	case thanks.Person:
		name = personName(book)(to.ID)
	case thanks.Team:
		if t, ok := book.Team(to.ID); ok {
			name = t.Name
		}
	case thanks.Action:
		for _, d := range book.Actions() {
			if n := d.Narrow(); d.ID == to.ID && (n == "" || n == people.Everyone) {
				name = d.Title
			}
		}
	}
	return "*" + line(name, 100) + "*"
}

// thanksAltered brings what was said about a thanks up to date: its words were changed, or it was taken off the wall.
func (a *App) thanksAltered(ctx context.Context, id string) error {
	posts, err := a.Store.PostsOf(ctx, journal.Of("thanks", id), chat.Mirror)
	if err != nil || len(posts) == 0 {
		return err
	}
	book, err := a.Book(ctx)
	if err != nil {
		return err
	}
	words := said{text: "_A thanks was taken back._"}
	x, err := a.Thanks.Thanks(ctx, people.Actor{Kind: people.ByPerson, Role: people.Member, Via: "slack"}, id)
	if err == nil {
		words = a.thanksMessage(book, x)
	} else if !fault.Is(err, fault.NotFound) {
		return err
	}
	var failed error
	for _, p := range posts {
		failed = firstError(failed, a.rewrite(ctx, place{p.Place, p.TS}, words))
	}
	return failed
}

// wantsToThank offers whoever put folded hands to a message to say what for: a thanks has a reason.
func (a *App) wantsToThank(ctx context.Context, book Book, e message) error {
	if _, err := a.Person(ctx, book, e.User); err != nil {
		return a.refuse(ctx, e.Item.Channel, e.User, "", err)
	}
	m, ok, err := a.fetch(ctx, place{e.Item.Channel, e.Item.TS})
	if err != nil || !ok || m.User == e.User {
		return err
	}
	about, ok, err := a.threadAt(ctx, m.root())
	if err != nil {
		return err
	}
	value := m.User + " "
	if m.Bot != "" {
		value = " "
	}
	if ok && (about.Kind == "request" || about.Kind == "incident") {
		value += about.ID
	} else if m.Bot != "" {
		return nil // nobody to thank
	}
	return a.whisper(ctx, m.Channel, e.User, said{text: "Say what for?", thread: m.Thread, blocks: []api.Block{section("Do you want to say what for? It hangs on the wall then."),
		api.NewActionBlock("", button(thanksButton, "Say thanks", value, api.StylePrimary))}})
}

// thankful is a line that offers to say thanks for a request.
func thankful(r desk.Request) api.Block {
	return api.NewActionBlock("", button(thanksButton, "Say thanks", " "+r.ID, api.StyleDefault))
}

// openedThanks opens the form for the button.
func (a *App) openedThanks(ctx context.Context, by people.Actor, book Book, trigger string, p press) error {
	user, about, _ := strings.Cut(p.Value, " ")
	return a.openThanks(ctx, by, book, trigger, origin{Channel: p.Channel, Thread: p.Thread}, usersOnly(plain.Line(user)), about, "")
}
