package slack

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"frontline/action"
	"frontline/alert"
	"frontline/catalog"
	"frontline/chat"
	"frontline/desk"
	"frontline/fault"
	"frontline/incident"
	"frontline/job"
	"frontline/journal"
	"frontline/oncall"
	"frontline/people"
)

// Book is what is configured, as one moment saw it.
type Book interface {
	Directory
	Service(id string) (catalog.Service, bool)
	Services() []catalog.Service
	Customers() []catalog.Customer
	Team(id string) (people.Team, bool)
	Teams() []people.Team
	Actions() []action.Definition
	RequestType(id string) (desk.Type, bool)
	RequestTypes() []desk.Type
	Chats() []chat.Channel
	ChatOf(place string) (chat.Channel, bool)
}

// Desk is what we ask the desk for.
type Desk interface {
	Receive(ctx context.Context, a people.Actor, m desk.Incoming) (desk.Request, bool, error)
	Solved(ctx context.Context, a people.Actor, ref string) (desk.Request, error)
	Request(ctx context.Context, a people.Actor, ref string) (desk.Request, error)
	Conversation(ctx context.Context, a people.Actor, ref string) (desk.Conversation, error)
	Offer(ctx context.Context, a people.Actor, text string, n int) ([]desk.Offer, error)
	VoteAnswer(ctx context.Context, a people.Actor, ref string, helped, instead bool) (desk.Answer, error)
}

// Pager is what we ask of pages.
type Pager interface {
	Page(ctx context.Context, a people.Actor, ref string) (oncall.Page, []oncall.Attempt, error)
	Acknowledge(ctx context.Context, a people.Actor, ref string) (oncall.Page, error)
	Escalate(ctx context.Context, a people.Actor, ref string) (oncall.Page, error)
}

// Groups ends alert groups.
type Groups interface {
	Resolve(ctx context.Context, a people.Actor, group string) (alert.Group, error)
}

// Incidents is what we ask of incidents.
type Incidents interface {
	Declare(ctx context.Context, a people.Actor, d incident.Declaration) (incident.Incident, error)
	WriteUpdate(ctx context.Context, a people.Actor, id string, d incident.Draft) (incident.Incident, error)
	Join(ctx context.Context, a people.Actor, id, person string, part incident.Part) (incident.Incident, error)
	Resolve(ctx context.Context, a people.Actor, id string, say *incident.Draft) (incident.Incident, error)
	Room(ctx context.Context, a people.Actor, id string) (incident.Room, error)
}

// Runs is what we ask of actions.
type Runs interface {
	Run(ctx context.Context, a people.Actor, ref string) (action.Run, error)
	Action(ctx context.Context, a people.Actor, id string) (action.Definition, error)
	Plan(ctx context.Context, a people.Actor, q action.PlanRequest) (action.Run, error)
	Start(ctx context.Context, a people.Actor, q action.StartRequest) (action.Run, error)
	Approve(ctx context.Context, a people.Actor, ref, planHash, words string) (action.Run, error)
	Refuse(ctx context.Context, a people.Actor, ref, words string) (action.Run, error)
	Approvers(ctx context.Context, run action.Run, asks people.Actor, need int) ([]people.Person, error)
}

// App is what Slack's people see of Frontline. All fields are required.
type App struct {
	*Client
	Store     chat.Store
	Follows   chat.Follow
	Book      func(context.Context) (Book, error)
	Desk      Desk
	Pager     Pager
	Groups    Groups
	Incidents Incidents
	Runs      Runs
	Thanks    Thanks
	Link      func(s journal.Subject, name string) string // where a subject is looked at; name is what people call it
	Log       *slog.Logger

	state stateOf
}

// Handlers binds the kinds of jobs.
func (a *App) Handlers() []job.Handler {
	return []job.Handler{chat.JobCall().Handle(a.work), chat.JobShow().Handle(a.show), chat.JobSay().Handle(a.say)}
}

// reaches is who somebody in Slack is for our commands.
func (a *App) reaches(ctx context.Context, user string) (people.Actor, Book, error) {
	book, err := a.Book(ctx)
	if err != nil {
		return people.Actor{}, nil, err
	}
	p, err := a.Person(ctx, book, user)
	if err != nil {
		return people.Actor{}, nil, err
	}
	return people.As(p, "slack"), book, nil
}

// work carries out one call of Slack's. What is refused is told to whoever did it; what may pass later comes again.
func (a *App) work(ctx context.Context, args chat.CallArgs) error {
	var err error
	switch args.Kind {
	case callEvent:
		err = a.event(ctx, args.Body)
	case callPress:
		err = a.pressed(ctx, args.Body)
	}
	if again(ctx, err) {
		return err
	}
	if err != nil { // whoever did it was told where that was possible
		a.Log.Warn("a call of Slack's led to nothing", "kind", args.Kind, "why", fault.Sentence(err))
	}
	return nil
}

// again says whether an error is worth another try of the job.
func again(ctx context.Context, err error) bool {
	return err != nil && (ctx.Err() != nil || fault.Again(err) || fault.Is(err, fault.Internal))
}

// refuse tells somebody why what they did led to nothing. An error that may pass is returned, so that it is tried again.
func (a *App) refuse(ctx context.Context, channel, user, thread string, why error) error {
	if why == nil || again(ctx, why) {
		return why
	}
	err := a.whisper(ctx, channel, user, said{text: escaped(sentences(why)), thread: thread})
	if again(ctx, err) {
		return err
	}
	return nil
}

// sentences is what a fault says, with its fields.
func sentences(err error) string {
	var out []string
	for _, f := range fault.FieldsOf(err) {
		out = append(out, f.Say)
	}
	if len(out) == 0 {
		return fault.Sentence(err)
	}
	return strings.Join(out, "\n")
}

// name is what a Slack user is called in what we keep: the person's name, or what Slack calls them.
func (a *App) name(ctx context.Context) func(string) string {
	return func(user string) string {
		if u, err := a.user(ctx, user); err == nil && u.name != "" {
			return u.name
		}
		return "somebody"
	}
}

// Status is how the ways in do, for the System screen.
type Status struct {
	Heard  time.Time // when Slack last called us; zero when never since the start
	Refuse time.Time // when a call was last refused because of its signature
	Socket string    // "connected", "connecting", "refused"; empty when Socket Mode is not used
	Since  time.Time // of the socket's state
}

type stateOf struct {
	mu sync.Mutex
	Status
}

// Status is how the ways in do.
func (a *App) Status() Status {
	a.state.mu.Lock()
	defer a.state.mu.Unlock()
	return a.state.Status
}

func (a *App) note(change func(*Status)) {
	a.state.mu.Lock()
	defer a.state.mu.Unlock()
	change(&a.state.Status)
}

func (a *App) now() time.Time { return a.Client.clock.Now() }
