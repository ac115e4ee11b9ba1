package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	api "github.com/slack-go/slack"

	"frontline/chat"
	"frontline/desk"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/plain"
)

// message is a message as Slack's events tell it.
type message struct {
	Type        string `json:"type"`
	Subtype     string `json:"subtype"`
	User        string `json:"user"`
	Bot         string `json:"bot_id"`
	Text        string `json:"text"`
	Channel     string `json:"channel"`
	ChannelType string `json:"channel_type"`
	TS          string `json:"ts"`
	Thread      string `json:"thread_ts"`
	EventTS     string `json:"event_ts"`
	Files       []file `json:"files"`

	Message  *message `json:"message"`          // of a change: as it is now
	Previous *message `json:"previous_message"` // as it was

	// Of a reaction.
	Reaction string `json:"reaction"`
	Item     struct {
		Type    string `json:"type"`
		Channel string `json:"channel"`
		TS      string `json:"ts"`
	} `json:"item"`
}

type file struct {
	Name      string `json:"name"`
	Size      int64  `json:"size"`
	Permalink string `json:"permalink"`
}

// root is the message that begins the thread.
func (m message) root() place {
	if m.Thread != "" {
		return place{m.Channel, m.Thread}
	}
	return place{m.Channel, m.TS}
}

func (m message) at() place      { return place{m.Channel, m.TS} }
func (m message) inThread() bool { return m.Thread != "" && m.Thread != m.TS }

// event carries out one event.
func (a *App) event(ctx context.Context, raw []byte) error {
	var m message
	if err := json.Unmarshal(raw, &m); err != nil {
		return broken()
	}
	self, err := a.myself(ctx)
	if err != nil {
		return err
	}
	if m.User == self.UserID && m.User != "" { // ours
		return nil
	}
	book, err := a.Book(ctx)
	if err != nil {
		return err
	}
	switch m.Type {
	case "reaction_added":
		return a.reacted(ctx, book, m)
	case "app_mention":
		return a.mentioned(ctx, book, m, self.UserID)
	}
	switch m.Subtype {
	case "message_changed", "message_deleted":
		return a.altered(ctx, book, m, self.UserID)
	case "", "file_share", "thread_broadcast":
	default:
		return nil
	}
	if m.Bot != "" || m.User == "" {
		return nil
	}
	return a.wrote(ctx, book, m, self.UserID)
}

// wrote is a message that somebody wrote.
func (a *App) wrote(ctx context.Context, book Book, m message, self string) error {
	if m.inThread() {
		about, ok, err := a.threadAt(ctx, m.root())
		if err != nil || !ok || about.Kind != "request" {
			return err
		}
		return a.refuse(ctx, m.Channel, m.User, m.Thread, a.added(ctx, book, m, about.ID))
	}
	if m.ChannelType == "im" {
		return a.direct(ctx, book, m)
	}
	ch, ok := book.ChatOf(m.Channel)
	if !ok || !ch.Takes(chat.ByMessage) {
		return nil
	}
	return a.refuse(ctx, m.Channel, m.User, "", a.ask(ctx, book, ch, m, m.User, self))
}

// threadAt is what a thread shows; false when it is none of ours.
func (a *App) threadAt(ctx context.Context, root place) (journal.Subject, bool, error) {
	p, ok, err := a.Store.PostAt(ctx, root.channel, root.ts)
	return p.Subject, ok && p.Purpose == chat.Thread, err
}

// mentioned is a message with our name in it.
func (a *App) mentioned(ctx context.Context, book Book, m message, self string) error {
	if m.Bot != "" || m.User == "" {
		return nil
	}
	about, ok, err := a.threadAt(ctx, m.root())
	if err != nil {
		return err
	}
	if ok && about.Kind == "request" {
		return a.refuse(ctx, m.Channel, m.User, m.Thread, a.added(ctx, book, m, about.ID))
	}
	ch, known := book.ChatOf(m.Channel)
	if !known || !ch.Takes(chat.ByMention) {
		return a.refuse(ctx, m.Channel, m.User, m.Thread, fault.New(fault.Forbidden, "Mentioning me makes no request in this channel. Use /ask, or “Make a request” among a message's shortcuts."))
	}
	return a.refuse(ctx, m.Channel, m.User, m.Thread, a.ask(ctx, book, ch, m, m.User, self))
}

// reacted is an emoji that somebody put to a message.
func (a *App) reacted(ctx context.Context, book Book, e message) error {
	emoji, _, _ := strings.Cut(e.Reaction, "::") // a tone of skin
	ch, ok := book.ChatOf(e.Item.Channel)
	if e.Item.Type == "message" && ok && ch.Thanking() && emoji == thanksEmoji && !slices.Contains(ch.Emoji, emoji) {
		return a.wantsToThank(ctx, book, e)
	}
	if e.Item.Type != "message" || !ok || !ch.Takes(chat.ByEmoji) || !slices.Contains(ch.Emoji, emoji) {
		return nil
	}
	m, ok, err := a.fetch(ctx, place{e.Item.Channel, e.Item.TS})
	if err != nil || !ok || m.Bot != "" {
		return err
	}
	self, err := a.myself(ctx)
	if err != nil {
		return err
	}
	return a.refuse(ctx, m.Channel, e.User, m.Thread, a.ask(ctx, book, ch, m, e.User, self.UserID))
}

// fetch reads one message.
func (a *App) fetch(ctx context.Context, at place) (message, bool, error) {
	limited, cancel := a.limited(ctx)
	defer cancel()
	got, _, _, err := a.api.GetConversationRepliesContext(limited, &api.GetConversationRepliesParameters{ChannelID: at.channel, Timestamp: at.ts, Inclusive: true, Oldest: at.ts, Limit: 2})
	if err != nil {
		return message{}, false, failure(err)
	}
	for _, m := range got {
		if m.Timestamp == at.ts {
			out := message{User: m.User, Bot: m.BotID, Text: m.Text, Channel: at.channel, TS: m.Timestamp, Thread: m.ThreadTimestamp}
			for _, f := range m.Files {
				out.Files = append(out.Files, file{Name: f.Name, Size: int64(f.Size), Permalink: f.Permalink})
			}
			return out, true, nil
		}
	}
	return message{}, false, nil
}

// ask makes a request of a message. by did it; whoever wrote the message asks, when we know them.
func (a *App) ask(ctx context.Context, book Book, ch chat.Channel, m message, by, self string) error {
	actor, err := a.Person(ctx, book, by)
	if err != nil {
		return err
	}
	asker := actor
	if m.User != by {
		if p, err := a.Person(ctx, book, m.User); err == nil {
			asker = p
		} else if again(ctx, err) {
			return err
		}
	}
	text := a.text(ctx, m, self)
	if plain.Blank(text) {
		return fault.New(fault.Invalid, "Write what you need in the same message.")
	}
	title := titleOf(text)
	if m.inThread() {
		if first, ok, err := a.fetch(ctx, m.root()); err != nil && again(ctx, err) {
			return err
		} else if err == nil && ok {
			text += "\n\nThe thread began with:\n> " + strings.ReplaceAll(a.text(ctx, first, self), "\n", "\n> ")
		}
	}
	in := desk.Incoming{Title: title, Body: text, Type: ch.Type, Team: ch.Team, Formless: true,
		Arrival: desk.Arrival{Channel: "slack", Ref: m.at().String(), From: desk.Party{Person: asker.ID}}}
	if about, ok, err := a.threadAt(ctx, m.root()); err != nil {
		return err
	} else if ok && about.Kind == "request" {
		in.Request = about.ID
	}
	r, _, err := a.Desk.Receive(ctx, people.As(actor, "slack"), in)
	if err != nil {
		return err
	}
	return a.received(ctx, r, m.root())
}

// text is what a message says, as plain text without our name, with its files named.
func (a *App) text(ctx context.Context, m message, self string) string {
	raw := m.Text
	if self != "" {
		raw = strings.ReplaceAll(raw, "<@"+self+">", "")
	}
	out := strings.TrimSpace(unmarked(raw, a.name(ctx)))
	for _, f := range m.Files {
		out += fmt.Sprintf("\n[File in Slack: %s, %d kB, %s]", plain.Clip(plain.Line(f.Name), 120), (f.Size+1023)/1024, f.Permalink)
	}
	return strings.TrimSpace(out)
}

// added is more in the thread of a request. What somebody of the desk says there, the asker has read: it is their reply, in that thread alone.
func (a *App) added(ctx context.Context, book Book, m message, request string) error {
	p, err := a.Person(ctx, book, m.User)
	if err != nil {
		return err
	}
	self, err := a.myself(ctx)
	if err != nil {
		return err
	}
	text := a.text(ctx, m, self.UserID)
	if plain.Blank(text) {
		return nil
	}
	_, _, err = a.Desk.Receive(ctx, people.As(p, "slack"), desk.Incoming{Title: titleOf(text), Body: text, Formless: true, Spoken: true,
		Arrival: desk.Arrival{Channel: "slack", Ref: m.at().String(), Request: request, From: desk.Party{Person: p.ID}}})
	return err
}

// altered is a message that was changed or deleted afterwards. What was said stays; that it was altered is kept beside it and wakes nobody.
func (a *App) altered(ctx context.Context, book Book, m message, self string) error {
	was := m.Previous
	if was == nil || was.User == "" || was.Bot != "" || was.User == self {
		return nil
	}
	was.Channel = m.Channel
	about, ok, err := a.threadAt(ctx, was.root())
	if err != nil || !ok || about.Kind != "request" {
		return err
	}
	p, err := a.Person(ctx, book, was.User)
	if err != nil {
		return a.refuse(ctx, m.Channel, was.User, was.Thread, err)
	}
	text, ref := "[They deleted a message of theirs in Slack.]", was.at().String()+"/deleted"
	if m.Subtype == "message_changed" {
		if m.Message == nil || m.Message.Text == was.Text {
			return nil // a preview of a link, or a new answer in its thread
		}
		text, ref = "[They changed it to:]\n"+a.text(ctx, *m.Message, self), was.at().String()+"/changed/"+m.EventTS
	}
	_, _, err = a.Desk.Receive(ctx, people.As(p, "slack"), desk.Incoming{Title: titleOf(text), Body: text, Formless: true, Automatic: true,
		Arrival: desk.Arrival{Channel: "slack", Ref: ref, Request: about.ID, From: desk.Party{Person: p.ID}}})
	return err
}

// askButton opens the form of /ask with what somebody wrote.
const askButton = "ask.open"

// direct is what somebody writes to the app itself: it is offered as a request, and nothing is made of it by itself.
func (a *App) direct(ctx context.Context, book Book, m message) error {
	_, err := a.Person(ctx, book, m.User)
	if err != nil {
		return a.refuse(ctx, m.Channel, m.User, "", err)
	}
	text := a.text(ctx, m, "")
	once := "direct " + m.at().String()
	return a.sayOnce(ctx, journal.Of("chat", m.at().String()), once, m.Channel, said{text: "Do you want to ask this?", thread: m.TS, blocks: []api.Block{
		section("Shall I bring this to the desk? You are answered here."),
		api.NewActionBlock("", button(askButton, "Make a request", plain.Clip(text, 1900), api.StylePrimary)),
		small("`/ask` makes a request anywhere, `/incident` declares an incident."),
	}})
}
