package slack

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	api "github.com/slack-go/slack"

	"frontline/chat"
	"frontline/fault"
	"frontline/incident"
	"frontline/journal"
	"frontline/people"
	"frontline/plain"
)

// Buttons of incidents, and the fields of their form.
const (
	joinIncident    = "incident.join"
	updateIncident  = "incident.update.write" // opens a form
	resolveIncident = "incident.resolve"

	fieldSeverity = "severity"
	fieldServices = "services"
)

// incidentView is the form of /incident.
func incidentView(book Book, from origin, title string) api.ModalViewRequest {
	what := written(fieldTitle, "title", "What is broken?", "One line, as you would say it to a colleague.", plain.Clip(title, 150), false)
	levels := []option{{string(incident.Critical), "Critical: customers cannot use a part of the product"}, {string(incident.Major), "Major: it fails often, or is slow"}, {string(incident.Minor), "Minor: a few notice, or nobody yet"}}
	pick := api.NewOptionsSelectBlockElement(api.OptTypeStatic, words("Choose"), inputAction, objects(levels)...)
	pick.InitialOption = pick.Options[1]
	blocks := []api.Block{what, api.NewInputBlock(fieldSeverity, words("How bad is it?"), words("It can be changed at any time."), pick)}
	if all := services(book); len(all) > 0 {
		some := api.NewOptionsMultiSelectBlockElement(api.MultiOptTypeStatic, words("Choose"), inputAction, objects(all)...)
		blocks = append(blocks, api.NewInputBlock(fieldServices, words("Which services?"), words("Their stakeholders are told."), some).WithOptional(true))
	}
	return modal(incidentForm, from, "Declare an incident", "Declare", blocks...)
}

// declared opens an incident from its form. A form that comes again is recognised, and declares nothing.
func (a *App) declared(ctx context.Context, by people.Actor, c api.InteractionCallback) (api.ModalViewRequest, error) {
	from := originOf(c.View.PrivateMetadata)
	state := c.View.State.Values
	d := incident.Declaration{Title: stated(c.View.State, fieldTitle), Severity: incident.Severity(state[fieldSeverity][inputAction].SelectedOption.Value)}
	for _, o := range state[fieldServices][inputAction].SelectedOptions {
		d.Services = append(d.Services, o.Value)
	}
	if err := people.May(by, people.DeclareIncident, people.Subject{Kind: "incident"}); err != nil {
		return api.ModalViewRequest{}, err
	}
	if plain.Blank(d.Title) { // it is refused, and may be sent again
		_, err := a.Incidents.Declare(ctx, by, d)
		return api.ModalViewRequest{}, err
	}
	fresh, err := a.Store.TakeCall(ctx, "form "+c.View.ID)
	if err != nil {
		return api.ModalViewRequest{}, err
	}
	if !fresh {
		return modal("", origin{}, "Declared", "", section("It is declared already.")), nil
	}
	inc, err := a.Incidents.Declare(ctx, by, d)
	if err != nil {
		return api.ModalViewRequest{}, err
	}
	at := place{from.Channel, from.TS}
	if from.Thread != "" {
		at.ts = from.Thread
	}
	job := chat.JobSay().At(time.Time{}, "", chat.SayArgs{What: sayDeclared, Kind: "incident", ID: inc.ID, Of: at.channel + "/" + at.ts, Once: c.View.ID})
	if _, err := a.Store.TakeCall(ctx, "declared "+inc.ID, job); err != nil {
		return api.ModalViewRequest{}, err
	}
	return modal("", origin{}, "Declared", "", section("*"+a.incidentLink(inc)+"* "+line(inc.Title, mostTitle)+"\nIts stakeholders are told. What is said about it comes to the channel.")), nil
}

func updateDraft(state *api.ViewState) incident.Draft {
	return incident.Draft{Body: stated(state, fieldText), Seen: -1}
}

func (a *App) incidentLink(i incident.Incident) string {
	return link(i.Name(), a.Link(incident.Subject(i.ID), i.Name()))
}

// inIncident is a button of an incident.
func (a *App) inIncident(ctx context.Context, by people.Actor, p press) error {
	var err error
	if p.Action == joinIncident {
		_, err = a.Incidents.Join(ctx, by, p.Value, "", incident.Fixer)
	} else {
		_, err = a.Incidents.Resolve(ctx, by, p.Value, nil)
	}
	return a.thenShow(ctx, err, "incident", p.Value)
}

// incidentMessage is an incident as it stands.
func (a *App) incidentMessage(book Book, i incident.Incident) said {
	icon := map[incident.Severity]string{incident.Critical: ":red_circle:", incident.Major: ":large_orange_circle:", incident.Minor: ":large_yellow_circle:"}[i.Severity]
	if !i.Open() {
		icon = ":white_check_mark:"
	}
	name := func(id string) string {
		if p, ok := book.Person(id); ok {
			return p.Name
		}
		return "nobody yet"
	}
	var on []string
	for _, id := range i.Services {
		if s, ok := book.Service(id); ok {
			on = append(on, s.Name)
		}
	}
	facts := fmt.Sprintf("%s · *%s* · led by %s", capital(string(i.Severity)), capital(string(i.State)), line(name(i.Lead), 100))
	if len(on) > 0 {
		facts += " · " + line(strings.Join(on, ", "), 300)
	}
	facts += " · since " + moment(i.DetectedAt)
	out := said{text: i.Name() + " " + line(i.Title, mostTitle), blocks: []api.Block{section(icon + " *" + a.incidentLink(i) + "* *" + line(i.Title, mostTitle) + "*"), small(facts)}}
	if i.Open() {
		end := button(resolveIncident, "Resolve", i.ID, api.StyleDefault)
		end.Confirm = sure("Resolve it?", "Stakeholders are told, and the post-mortem is drafted. Customers are told on the screen.", "Resolve")
		out.blocks = append(out.blocks, api.NewActionBlock("", button(joinIncident, "I am on it", i.ID, api.StylePrimary), button(updateIncident, "Write an update", i.ID, api.StyleDefault), end))
	}
	return out
}

func capital(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// declare shows an incident in its channels: where it was declared, and wherever incidents are told.
func (a *App) declare(ctx context.Context, id string, from place) error {
	room, err := a.Incidents.Room(ctx, people.System("job"), id)
	if err != nil {
		return err
	}
	book, err := a.Book(ctx)
	if err != nil {
		return err
	}
	posts, err := a.Store.PostsOf(ctx, incident.Subject(id), chat.Thread)
	if err != nil {
		return err
	}
	var all []place
	if from.channel != "" && !strings.HasPrefix(from.channel, "D") {
		all = append(all, from)
	}
	for _, c := range book.Chats() {
		if c.Incidents && c.Channel != from.channel {
			all = append(all, place{c.Channel, ""})
		}
	}
	var failed error
	for _, to := range all {
		if slices.ContainsFunc(posts, func(p chat.Post) bool { return p.Place == to.channel }) {
			continue
		}
		m := a.incidentMessage(book, room.Incident)
		m.thread, m.loud = to.ts, to.ts != ""
		at, err := a.post(ctx, to.channel, m)
		if err == nil {
			// The thread that it was declared in may be a request's: the message is ours, and its thread stands beside it.
			err = a.Store.PutPost(ctx, chat.Post{Place: at.channel, TS: at.ts, Purpose: chat.Thread, Subject: incident.Subject(id), Of: to.ts})
		}
		if err != nil && !again(ctx, err) {
			a.Log.Warn("an incident cannot be told in a channel of Slack", "incident", id, "why", fault.Sentence(err))
			continue
		}
		failed = firstError(failed, err)
	}
	return failed
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// inThreads says something in each thread of a subject.
func (a *App) inThreads(ctx context.Context, about journal.Subject, once string, m said) error {
	posts, err := a.Store.PostsOf(ctx, about, chat.Thread)
	if err != nil {
		return err
	}
	var failed error
	for _, p := range posts {
		m.thread = p.TS
		if p.Of != "" {
			m.thread = p.Of
		}
		if err := a.sayOnce(ctx, about, once, p.Place, m); again(ctx, err) {
			failed = firstError(failed, err)
		} else if err != nil {
			a.Log.Warn("something cannot be said in a thread of Slack", "about", about.Kind, "why", fault.Sentence(err))
		}
	}
	return failed
}
