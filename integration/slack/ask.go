package slack

import (
	"context"
	"strings"
	"time"

	api "github.com/slack-go/slack"

	"frontline/chat"
	"frontline/desk"
	"frontline/fault"
	"frontline/people"
	"frontline/plain"
)

// command carries out a slash command. Its name in Slack may have a word before it ("/desk-ask"), for other apps may have taken the short one.
func (a *App) command(ctx context.Context, c command) {
	by, book, err := a.reaches(ctx, c.User)
	if err == nil {
		name := c.Command[strings.LastIndexAny(c.Command, "/-")+1:]
		switch name {
		case "ask":
			err = a.askCommand(ctx, by, book, c)
		case "incident":
			err = a.open(ctx, c.Trigger, incidentView(book, origin{Channel: c.Channel}, unmarked(c.Text, a.cached)))
		case "thanks":
			err = a.thanksCommand(ctx, by, book, c)
		default:
			err = fault.New(fault.Invalid, "Frontline knows /ask, /incident and /thanks. Compare the app's commands in Slack with docs/slack.md.")
		}
	}
	a.sorry(ctx, c.Channel, c.User, "", err)
}

// sorry tells somebody why what they did led to nothing. Nothing is tried again: they do it again.
func (a *App) sorry(ctx context.Context, channel, user, thread string, why error) {
	if why == nil {
		return
	}
	if fault.Is(why, fault.Internal) {
		a.Log.Error("something that was done in Slack failed", "err", why)
	}
	if err := a.whisper(ctx, channel, user, said{text: escaped(sentences(why)), thread: thread}); err != nil {
		a.Log.Warn("somebody in Slack cannot be told why something failed", "why", fault.Sentence(err))
	}
}

// cached is what a user is called, without asking Slack: a form opens within three seconds or not at all.
func (c *Client) cached(user string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if u := c.users[user]; u.name != "" {
		return u.name
	}
	return "somebody"
}

func (a *App) askCommand(ctx context.Context, by people.Actor, book Book, c command) error {
	if ch, ok := book.ChatOf(c.Channel); ok && !ch.Takes(chat.ByCommand) {
		return fault.New(fault.Forbidden, "Requests are not made by a command in this channel. Use the command in another channel or in a message to the app.")
	}
	text := unmarked(c.Text, a.cached)
	offers, err := a.offers(ctx, by, text, 2)
	if err != nil {
		return err
	}
	return a.open(ctx, c.Trigger, askView(book, asking{from: origin{Channel: c.Channel}, title: plain.Clip(plain.Line(text), 150), offers: offers}))
}

// shortcut opens a form for a message that somebody chose.
func (a *App) shortcut(ctx context.Context, c api.InteractionCallback) {
	by, book, err := a.reaches(ctx, c.User.ID)
	if err == nil {
		from := origin{Channel: c.Channel.ID, TS: c.Message.Timestamp, Thread: c.Message.ThreadTimestamp, Author: c.Message.User}
		if from.TS == "" {
			from.TS = c.MessageTs
		}
		text := unmarked(c.Message.Text, a.cached)
		switch c.CallbackID {
		case "make_request":
			err = a.makeRequest(ctx, by, book, c.TriggerID, from, text)
		case "declare_incident":
			err = a.open(ctx, c.TriggerID, incidentView(book, from, titleOf(text)))
		case "say_thanks":
			err = a.thanksShortcut(ctx, by, book, c.TriggerID, from)
		}
	}
	a.sorry(ctx, c.Channel.ID, c.User.ID, c.Message.ThreadTimestamp, err)
}

func (a *App) makeRequest(ctx context.Context, by people.Actor, book Book, trigger string, from origin, text string) error {
	ch, ok := book.ChatOf(from.Channel)
	if ok && !ch.Takes(chat.ByShortcut) {
		return fault.New(fault.Forbidden, "Requests are not made of messages in this channel. Use /ask.")
	}
	kind, _ := book.RequestType(ch.Type)
	offers, err := a.offers(ctx, by, text, 2)
	if err != nil {
		return err
	}
	return a.open(ctx, trigger, askView(book, asking{from: from, kind: kind, title: titleOf(text), text: text, offers: offers}))
}

// titleOf is the first line of a text, short enough for a title.
func titleOf(text string) string {
	for l := range strings.SplitSeq(text, "\n") {
		if !plain.Blank(l) {
			return plain.Clip(plain.Line(l), 150)
		}
	}
	return ""
}

// opensForm says whether a button opens a form, which has to be done at once.
func opensForm(action string) bool {
	return action == askButton || action == thanksButton || action == updateIncident || action == refuseRun
}

// opening opens the form of a button.
func (a *App) opening(ctx context.Context, c api.InteractionCallback, p press) {
	by, book, err := a.reaches(ctx, p.User)
	if err == nil {
		from := origin{Channel: p.Channel, Of: p.Value}
		switch p.Action {
		case thanksButton:
			err = a.openedThanks(ctx, by, book, c.TriggerID, p)
		case askButton:
			err = a.open(ctx, c.TriggerID, askView(book, asking{from: origin{Channel: p.Channel}, title: titleOf(p.Value), text: p.Value}))
		case updateIncident:
			err = a.open(ctx, c.TriggerID, modal(updateForm, from, "Internal update", "Send", written(fieldText, "text", "What is known, what is done, what comes next", "Stakeholders get it by mail. Customers are told on the screen.", "", true)))
		case refuseRun:
			from.TS = p.TS
			err = a.open(ctx, c.TriggerID, modal(refuseForm, from, "Refuse the run", "Refuse", written(fieldText, "text", "Why?", "Somebody waits for it.", "", true)))
		}
	}
	a.sorry(ctx, p.Channel, p.User, p.Thread, err)
}

// inForm is a change within an open form: another type, a title to look for, or an answer that helped.
func (a *App) inForm(ctx context.Context, c api.InteractionCallback, b *api.BlockAction) {
	by, book, err := a.reaches(ctx, c.User.ID)
	if err != nil {
		a.Log.Warn("a form in Slack was touched by somebody who may not", "why", fault.Sentence(err))
		return
	}
	if b.ActionID == helpedInForm {
		x, err := a.Desk.VoteAnswer(ctx, by, b.Value, true, true)
		if err == nil {
			err = a.redraw(ctx, c.View.ID, "", modal("", origin{}, "Good", "", section("Glad that *"+line(x.Title, mostTitle)+"* helped. Nobody has to be asked.")))
		}
		a.sorry(ctx, "", c.User.ID, "", err)
		return
	}
	if c.View.CallbackID != askForm || b.ActionID != chooseType && b.ActionID != writeTitle {
		return
	}
	q := asking{from: originOf(c.View.PrivateMetadata), kind: chosenType(book, c.View.State), title: stated(c.View.State, fieldTitle), text: stated(c.View.State, fieldText)}
	if q.offers, err = a.offers(ctx, by, q.title+"\n"+q.text, 2); err == nil {
		err = a.redraw(ctx, c.View.ID, c.View.Hash, askView(book, q))
	}
	if err != nil && !fault.Is(err, fault.Invalid) { // a form that was closed, or changed again meanwhile, is none of ours any more
		a.Log.Warn("a form in Slack cannot be drawn anew", "why", fault.Sentence(err))
	}
}

// submitted takes a form that was sent. It is answered with the outcome, so what it asks for is done here, in one transaction that recognises the
// form when it comes again.
func (a *App) submitted(ctx context.Context, c api.InteractionCallback) (any, error) {
	by, book, err := a.reaches(ctx, c.User.ID)
	first := map[string]string{askForm: fieldTitle, incidentForm: fieldTitle}[c.View.CallbackID]
	if first == "" {
		first = fieldText
	}
	if err != nil {
		return wrongFields(err, first, nil), nil
	}
	var done api.ModalViewRequest
	there := map[string]string{"title": fieldTitle, "text": fieldText, "body": fieldText, "words": fieldText, "severity": fieldSeverity, "people": fieldPeople, "teams": fieldTeams, "actions": fieldActions, "about": fieldAbout, "reason": fieldText}
	switch c.View.CallbackID {
	case askForm:
		kind := chosenType(book, c.View.State)
		for _, in := range kind.Inputs {
			there[in.Name] = fieldInput + in.Name
		}
		done, err = a.asked(ctx, by, book, kind, c)
	case incidentForm:
		done, err = a.declared(ctx, by, c)
	case thanksForm:
		done, err = a.thanked(ctx, by, book, c)
	case updateForm:
		_, err = a.Incidents.WriteUpdate(ctx, by, originOf(c.View.PrivateMetadata).Of, updateDraft(c.View.State))
	case refuseForm:
		_, err = a.Runs.Refuse(ctx, by, originOf(c.View.PrivateMetadata).Of, stated(c.View.State, fieldText))
	default:
		return nil, nil
	}
	switch {
	case err != nil:
		return wrongFields(err, first, there), nil
	case done.Type == "":
		return api.NewClearViewSubmissionResponse(), nil
	}
	return api.NewUpdateViewSubmissionResponse(&done), nil
}

// asked makes a request of a form. The message that it was made of, or else the form itself, is what it is recognised by.
func (a *App) asked(ctx context.Context, by people.Actor, book Book, kind desk.Type, c api.InteractionCallback) (api.ModalViewRequest, error) {
	from := originOf(c.View.PrivateMetadata)
	in := desk.Incoming{Type: kind.ID, Title: stated(c.View.State, fieldTitle), Body: stated(c.View.State, fieldText), Fields: filled(book, kind.Inputs, c.View.State),
		Arrival: desk.Arrival{Channel: "slack", Ref: "form/" + c.View.ID, From: desk.Party{Person: by.ID}}}
	if plain.Blank(in.Body) {
		in.Body = in.Title
	}
	if ch, ok := book.ChatOf(from.Channel); ok {
		in.Team = ch.Team
	}
	where := place{from.Channel, ""}
	if from.TS != "" {
		where.ts = from.TS
		if from.Thread != "" {
			where.ts = from.Thread
		}
		in.Ref = place{from.Channel, from.TS}.String()
		if author, err := a.Person(ctx, book, from.Author); err == nil { // whoever wrote the message asks; a colleague only brought it
			in.From = desk.Party{Person: author.ID}
		}
		post, ok, err := a.Store.PostAt(ctx, where.channel, where.ts)
		if err != nil {
			return api.ModalViewRequest{}, err
		}
		if ok && post.Purpose == chat.Thread && post.Subject.Kind == "request" {
			in.Request = post.Subject.ID
		}
	}
	r, _, err := a.Desk.Receive(ctx, by, in)
	if err != nil {
		return api.ModalViewRequest{}, err
	}
	said := chat.JobSay().At(time.Time{}, "", chat.SayArgs{What: sayReceived, Kind: "request", ID: r.ID, Of: where.channel + "/" + where.ts, Once: c.View.ID})
	if _, err := a.Store.TakeCall(ctx, "form "+c.View.ID, said); err != nil {
		return api.ModalViewRequest{}, err
	}
	return modal("", origin{}, "Asked", "", section("*"+link(r.Name(), a.Link(r.Subject(), r.Name()))+"* "+line(r.Title, mostTitle)+"\nWe have it. You are answered here in Slack.")), nil
}
