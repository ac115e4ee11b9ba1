package api

import (
	"context"
	"net/http"
	"time"

	"frontline/desk"
	"frontline/fault"
	"frontline/people"
	"frontline/wire"
)

// Desk is the whole of the desk wing, in parts.
type Desk interface {
	RequestReading
	RequestTalk
	RequestTriage
	RequestEdits
	RequestMacros
}

var _ Desk = (*desk.Service)(nil)

// RequestReading is where requests are read.
type RequestReading interface {
	Requests(ctx context.Context, a people.Actor, f desk.Filter) ([]desk.Request, error)
	Request(ctx context.Context, a people.Actor, ref string) (desk.Request, error)
	Conversation(ctx context.Context, a people.Actor, ref string) (desk.Conversation, error)
	Parties(ctx context.Context, a people.Actor, ids []string) (map[string]desk.Party, error)
}

// RequestTalk is what is said.
type RequestTalk interface {
	Ask(ctx context.Context, a people.Actor, m desk.Incoming) (desk.Request, bool, error)
	Add(ctx context.Context, a people.Actor, ref string, m desk.Incoming) (desk.Request, error)
	Reply(ctx context.Context, a people.Actor, ref string, w desk.Words) (desk.Request, error)
	WriteNote(ctx context.Context, a people.Actor, ref string, w desk.Words) (desk.Request, error)
}

// RequestTriage is what becomes of a new request.
type RequestTriage interface {
	Accept(ctx context.Context, a people.Actor, ref string) (desk.Request, error)
	Decline(ctx context.Context, a people.Actor, ref, reason string) (desk.Request, error)
	Snooze(ctx context.Context, a people.Actor, ref string, until time.Time) (desk.Request, error)
	DuplicateOf(ctx context.Context, a people.Actor, ref, other string) (desk.Request, error)
	NotDuplicate(ctx context.Context, a people.Actor, ref string) (desk.Request, error)
	HangOn(ctx context.Context, a people.Actor, ref, problem string) (desk.Request, error)
}

// RequestMacros are usual answers with what goes with them.
type RequestMacros interface {
	Macro(ctx context.Context, a people.Actor, id string) (desk.Deed, error)
	Do(ctx context.Context, a people.Actor, ref string, d desk.Deed, bulk string) (desk.Request, error)
}

// RequestEdits is what is changed about a request.
type RequestEdits interface {
	Retitle(ctx context.Context, a people.Actor, ref, title string, seen int64) (desk.Request, error)
	Change(ctx context.Context, a people.Actor, ref string, e desk.Edit, seen int64) (desk.Request, error)
	Close(ctx context.Context, a people.Actor, ref string, e desk.Ending) (desk.Request, error)
	Reopen(ctx context.Context, a people.Actor, ref string) (desk.Request, error)
	WaitFor(ctx context.Context, a people.Actor, ref string, whom desk.Wait) (desk.Request, error)
	Resume(ctx context.Context, a people.Actor, ref string) (desk.Request, error)
}

// mostWithFiles is the most that a body with files may weigh, in bytes.
const mostWithFiles = 30 << 20

func (s *server) requests() {
	add(s, route{Method: http.MethodGet, Path: "/requests", ID: "listRequests", Verb: people.SeeRequests, Summary: "List requests", Say: "Newest first."}, s.listRequests)
	add(s, route{Method: http.MethodGet, Path: "/requests/{id}", ID: "showRequest", Verb: people.SeeRequests, Summary: "Show a request with its conversation",
		Say: "Notes are only for whoever works on requests."}, s.showRequest)
	add(s, route{Method: http.MethodGet, Path: "/request-types", ID: "listRequestTypes", Verb: people.SeeRequests, Summary: "List the types of requests with their forms"}, s.listRequestTypes)
	add(s, route{Method: http.MethodPost, Path: "/requests", ID: "ask", Verb: people.AskDesk, Status: http.StatusCreated, Limit: mostWithFiles, Summary: "Ask technical support",
		Say: "Everybody may. The same key again is the same request."}, s.ask)
	add(s, aboutRequest(http.MethodPost, "/messages", "addToRequest", people.AskDesk, "Say more about a request", "Whoever may see it may. Its asker's words reopen it."), s.addToRequest)
	add(s, aboutRequest(http.MethodPost, "/replies", "reply", people.WorkRequests, "Reply to whoever asked", "The only way in which words leave the desk."), s.reply)
	add(s, aboutRequest(http.MethodPost, "/notes", "writeRequestNote", people.WorkRequests, "Write something that only the desk reads", ""), s.writeRequestNote)
	add(s, aboutRequest(http.MethodPost, "/accept", "acceptRequest", people.WorkRequests, "Take a request up", ""), s.acceptRequest)
	add(s, aboutRequest(http.MethodPost, "/decline", "declineRequest", people.WorkRequests, "Refuse a request, with the reason", ""), s.declineRequest)
	add(s, aboutRequest(http.MethodPost, "/duplicate", "duplicateRequest", people.WorkRequests, "Say that another request asks the same", "Its answers reach both askers."), s.duplicateRequest)
	add(s, aboutRequest(http.MethodDelete, "/duplicate", "notDuplicate", people.WorkRequests, "Take back that it is a duplicate", ""), s.notDuplicate)
	add(s, aboutRequest(http.MethodPut, "/problem", "hangOnProblem", people.WorkRequests, "Say that a problem's solution answers this too", "An empty request takes that back."), s.hangOnProblem)
	add(s, aboutRequest(http.MethodPost, "/snooze", "snoozeRequest", people.WorkRequests, "Take a request out of sight until a time", "It comes back by itself, or when the asker writes."), s.snoozeRequest)
	add(s, aboutRequest(http.MethodPatch, "", "changeRequest", people.WorkRequests, "Change what a request is about, and whose it is", ""), s.changeRequest)
	add(s, aboutRequest(http.MethodPost, "/close", "closeRequest", people.WorkRequests, "Close a request without another word", ""), s.closeRequest)
	add(s, aboutRequest(http.MethodPost, "/reopen", "reopenRequest", people.WorkRequests, "Take a closed request up again", ""), s.reopenRequest)
	add(s, aboutRequest(http.MethodPost, "/wait", "waitRequest", people.WorkRequests, "Say that the next move is somebody else's", ""), s.waitRequest)
	add(s, route{Method: http.MethodGet, Path: "/macros", ID: "listMacros", Verb: people.WorkRequests, Summary: "List the macros", Say: "Usual answers, and what goes with them."}, s.listMacros)
	add(s, aboutRequest(http.MethodPost, "/macro", "useMacro", people.WorkRequests, "Do what a macro says", "A reply of it leaves the desk."), s.useMacro)
	add(s, aboutRequest(http.MethodPost, "/resume", "resumeRequest", people.WorkRequests, "Say that the next move is ours again", ""), s.resumeRequest)
}

func aboutRequest(method, path, id string, v people.Verb, summary, say string) route {
	return route{Method: method, Path: "/requests/{id}" + path, ID: id, Verb: v, Summary: summary, Say: say, Limit: mostWithFiles}
}

// byRequest names a request.
type byRequest struct {
	ID string `path:"id" maxLength:"100" doc:"The request's id." example:"R-1042"`
}

// forRequest is a command about a request with a body.
type forRequest[T any] struct {
	ID   string `path:"id" maxLength:"100" doc:"The request's id." example:"R-1042"`
	Body T
}

type listRequests struct {
	Paging
	State    string `query:"state" enum:"new,open,waiting,closed,live,all" default:"live" doc:"live is everything that is not closed."`
	Type     string `query:"type" maxLength:"100" doc:"Of this type."`
	Team     string `query:"team" maxLength:"100" doc:"Of this team."`
	Service  string `query:"service" maxLength:"100" doc:"About this service."`
	Customer string `query:"customer" maxLength:"100" doc:"About this customer."`
	Assignee string `query:"assignee" maxLength:"100" doc:"A person, me or nobody."`
	Mine     bool   `query:"mine" doc:"Only those that you asked or follow."`
}

func (in listRequests) filter(by people.Actor, at place) desk.Filter {
	f := desk.Filter{Type: in.Type, Team: in.Team, Service: in.Service, Customer: in.Customer, Assignee: in.Assignee, Limit: in.Limit + 1, After: desk.Place{Number: at.Below}}
	switch in.State {
	case "all":
	case "live":
		f.States = []desk.State{desk.New, desk.Open, desk.Waiting}
	default:
		f.States = []desk.State{desk.State(in.State)}
	}
	if in.Assignee == "me" {
		f.Assignee = by.ID
	}
	if in.Mine {
		f.Follows = by.ID
	}
	return f
}

func (s *server) listRequests(ctx context.Context, by people.Actor, in *listRequests) (wire.List[wire.Request], error) {
	at, err := in.place()
	if err != nil {
		return wire.List[wire.Request]{}, err
	}
	all, err := s.deps.Desk.Requests(ctx, by, in.filter(by, at))
	if err != nil {
		return wire.List[wire.Request]{}, err
	}
	shown, err := s.requestWords(ctx, by, all...)
	if err != nil {
		return wire.List[wire.Request]{}, err
	}
	return page(all, in.Limit, shown, func(r desk.Request) place { return place{Below: r.Number} }), nil
}

// requestWords returns how requests are shown: with the names of what they are about, and of who asked.
func (s *server) requestWords(ctx context.Context, by people.Actor, all ...desk.Request) (func(desk.Request) wire.Request, error) {
	n, err := s.names(ctx)
	if err != nil {
		return nil, err
	}
	parties, err := s.deps.Desk.Parties(ctx, by, every(all, func(r desk.Request) string { return r.Asker }))
	return func(r desk.Request) wire.Request { return n.request(r, parties) }, err
}

func (s *server) showRequest(ctx context.Context, by people.Actor, in *byRequest) (out wire.RequestShown, err error) {
	c, err := s.deps.Desk.Conversation(ctx, by, in.ID)
	if err != nil {
		return out, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return out, err
	}
	one := func(r desk.Request) wire.Request { return n.request(r, c.Parties) }
	return wire.RequestShown{Request: one(c.Request), Duplicates: every(c.Duplicates, one), Hanging: every(c.Hanging, one),
		Said:  every(c.Messages, func(m desk.Message) wire.Message { return n.message(m, c.Parties) }),
		Sends: every(c.Sends, func(x desk.Send) wire.Send { return sendOf(x, c.Parties) })}, nil
}

func (s *server) listRequestTypes(ctx context.Context, _ people.Actor, _ *struct{}) (wire.List[wire.RequestType], error) {
	n, err := s.names(ctx)
	if err != nil {
		return wire.List[wire.RequestType]{}, err
	}
	return wire.List[wire.RequestType]{Items: every(n.RequestTypes(), func(t desk.Type) wire.RequestType {
		return wire.RequestType{ID: t.ID, Title: t.Title, Help: t.Help, Team: n.ref("team", t.Team), Inputs: every(t.Inputs, inputOf)}
	})}, nil
}

type askRequest struct{ Body wire.Ask }

func (s *server) ask(ctx context.Context, by people.Actor, in *askRequest) (wire.Request, error) {
	b := in.Body
	r, _, err := s.deps.Desk.Ask(ctx, by, desk.Incoming{Arrival: arrival(by, b.Key), Type: b.Type, Title: b.Title, Body: b.Body, Fields: b.Fields, Service: b.Service, Customer: b.Customer, Files: newFiles(b.Files)})
	return s.answered(ctx, by, r, err)
}

// arrival is a message by the API. A key is its owner's alone.
func arrival(by people.Actor, key string) desk.Arrival {
	if key != "" {
		key = by.ID + " " + key
	}
	return desk.Arrival{Channel: "api", Ref: key}
}

func newFiles(all []wire.NewFile) []desk.File {
	return every(all, func(f wire.NewFile) desk.File { return desk.File{Name: f.Name, Body: f.Body} })
}

func (s *server) addToRequest(ctx context.Context, by people.Actor, in *forRequest[wire.Add]) (wire.Request, error) {
	r, err := s.deps.Desk.Add(ctx, by, in.ID, desk.Incoming{Arrival: arrival(by, in.Body.Key), Body: in.Body.Body, Files: newFiles(in.Body.Files)})
	return s.answered(ctx, by, r, err)
}

func (s *server) reply(ctx context.Context, by people.Actor, in *forRequest[wire.ReplyTo]) (wire.Request, error) {
	b := in.Body
	then := desk.Then{WaitFor: desk.Wait(b.WaitFor), All: b.All}
	if b.Close != nil {
		then.Close = endingOf(*b.Close)
	}
	r, err := s.deps.Desk.Reply(ctx, by, in.ID, desk.Words{Body: b.Body, Files: newFiles(b.Files), Said: b.Messages, Then: then})
	return s.answered(ctx, by, r, err)
}

func (s *server) writeRequestNote(ctx context.Context, by people.Actor, in *forRequest[wire.NoteOn]) (wire.Request, error) {
	r, err := s.deps.Desk.WriteNote(ctx, by, in.ID, desk.Words{Body: in.Body.Body, Files: newFiles(in.Body.Files)})
	return s.answered(ctx, by, r, err)
}

func (s *server) acceptRequest(ctx context.Context, by people.Actor, in *byRequest) (wire.Request, error) {
	r, err := s.deps.Desk.Accept(ctx, by, in.ID)
	return s.answered(ctx, by, r, err)
}

func (s *server) declineRequest(ctx context.Context, by people.Actor, in *forRequest[wire.Decline]) (wire.Request, error) {
	r, err := s.deps.Desk.Decline(ctx, by, in.ID, in.Body.Reason)
	return s.answered(ctx, by, r, err)
}

func (s *server) duplicateRequest(ctx context.Context, by people.Actor, in *forRequest[wire.Other]) (wire.Request, error) {
	r, err := s.deps.Desk.DuplicateOf(ctx, by, in.ID, in.Body.Request)
	return s.answered(ctx, by, r, err)
}

func (s *server) notDuplicate(ctx context.Context, by people.Actor, in *byRequest) (wire.Request, error) {
	r, err := s.deps.Desk.NotDuplicate(ctx, by, in.ID)
	return s.answered(ctx, by, r, err)
}

func (s *server) hangOnProblem(ctx context.Context, by people.Actor, in *forRequest[wire.Other]) (wire.Request, error) {
	r, err := s.deps.Desk.HangOn(ctx, by, in.ID, in.Body.Request)
	return s.answered(ctx, by, r, err)
}

func (s *server) snoozeRequest(ctx context.Context, by people.Actor, in *forRequest[wire.SnoozeUntil]) (wire.Request, error) {
	r, err := s.deps.Desk.Snooze(ctx, by, in.ID, in.Body.Until)
	return s.answered(ctx, by, r, err)
}

func (s *server) changeRequest(ctx context.Context, by people.Actor, in *forRequest[wire.ChangeRequest]) (wire.Request, error) {
	b, seen := in.Body, in.Body.Version
	e := desk.Edit{Type: b.Type, Team: b.Team, Service: b.Service, Customer: b.Customer, Assignee: b.Assignee}
	if b.Priority != nil {
		p := desk.Priority(*b.Priority)
		e.Priority = &p
	}
	if e.Assignee != nil && *e.Assignee == "me" {
		e.Assignee = &by.ID
	}
	if b.Title != nil {
		r, err := s.deps.Desk.Retitle(ctx, by, in.ID, *b.Title, seen)
		if err != nil {
			return wire.Request{}, err
		}
		seen = r.Version
	}
	r, err := s.deps.Desk.Change(ctx, by, in.ID, e, seen)
	return s.answered(ctx, by, r, err)
}

func (s *server) closeRequest(ctx context.Context, by people.Actor, in *forRequest[wire.CloseRequest]) (wire.Request, error) {
	r, err := s.deps.Desk.Close(ctx, by, in.ID, *endingOf(in.Body))
	return s.answered(ctx, by, r, err)
}

func endingOf(b wire.CloseRequest) *desk.Ending {
	return &desk.Ending{Outcome: desk.Outcome(b.Outcome), Size: desk.Size(b.Size), Coding: codingOf(b.CodeRequest)}
}

func (s *server) reopenRequest(ctx context.Context, by people.Actor, in *byRequest) (wire.Request, error) {
	r, err := s.deps.Desk.Reopen(ctx, by, in.ID)
	return s.answered(ctx, by, r, err)
}

func (s *server) waitRequest(ctx context.Context, by people.Actor, in *forRequest[wire.WaitFor]) (wire.Request, error) {
	r, err := s.deps.Desk.WaitFor(ctx, by, in.ID, desk.Wait(in.Body.Whom))
	return s.answered(ctx, by, r, err)
}

func (s *server) resumeRequest(ctx context.Context, by people.Actor, in *byRequest) (wire.Request, error) {
	r, err := s.deps.Desk.Resume(ctx, by, in.ID)
	return s.answered(ctx, by, r, err)
}

func (s *server) listMacros(ctx context.Context, _ people.Actor, _ *struct{}) (wire.List[wire.Macro], error) {
	n, err := s.names(ctx)
	if err != nil {
		return wire.List[wire.Macro]{}, err
	}
	return wire.List[wire.Macro]{Items: every(n.Macros(), func(m desk.Macro) wire.Macro {
		out := wire.Macro{ID: m.ID, Title: m.Title, Team: n.ref("team", m.Team), Reply: m.Reply, Note: m.Note, WaitFor: string(m.WaitFor), Close: string(m.Close)}
		for _, x := range m.Demands {
			out.Demands = append(out.Demands, wire.CodeShare{Demand: x.Demand, Share: x.Share})
		}
		return out
	})}, nil
}

func (s *server) useMacro(ctx context.Context, by people.Actor, in *forRequest[wire.UseMacro]) (wire.Request, error) {
	d, err := s.deps.Desk.Macro(ctx, by, in.Body.Macro)
	if err != nil {
		return wire.Request{}, err
	}
	if about := codingOf(in.Body.CodeRequest); len(about.Codes) > 0 || about.None {
		if d.Close == nil {
			return wire.Request{}, fault.Wrong("demands", "The macro closes nothing. Say what the request was about when it is closed.")
		}
		d.Close.Coding = about
	}
	r, err := s.deps.Desk.Do(ctx, by, in.ID, d, "")
	return s.answered(ctx, by, r, err)
}

// answered is the answer to every command about a request.
func (s *server) answered(ctx context.Context, by people.Actor, r desk.Request, err error) (wire.Request, error) {
	if err != nil {
		return wire.Request{}, err
	}
	shown, err := s.requestWords(ctx, by, r)
	if err != nil {
		return wire.Request{}, err
	}
	return shown(r), nil
}

func (n names) request(r desk.Request, parties map[string]desk.Party) wire.Request {
	return wire.Request{
		ID: r.Name(), UID: r.ID, Title: r.Title, State: string(r.State), WaitsFor: string(r.WaitsFor), Outcome: string(r.Outcome), Priority: string(r.Priority), Size: string(r.Size),
		Type: n.ref("request_type", r.Type), Team: n.ref("team", r.Team), Service: n.ref("service", r.Service), Customer: n.ref("customer", r.Customer), Fields: r.Fields,
		Asker: partyOf(parties[r.Asker]), Assignee: n.person(r.Assignee), Watchers: n.refs("person", r.Watchers), Channel: r.Channel, DuplicateOf: r.Of, Problem: r.Problem,
		ReceivedAt: r.ReceivedAt, FirstReplyAt: r.FirstReplyAt, AskedAt: r.AskedAt, SnoozedUntil: r.SnoozedUntil, DueAt: r.DueAt, ClosedAt: r.ClosedAt, Messages: r.Said, Version: r.Version,
	}
}

func partyOf(p desk.Party) wire.Party {
	return wire.Party{Person: p.Person, Name: p.Shown(), Mail: p.Address}
}

func (n names) message(m desk.Message, parties map[string]desk.Party) wire.Message {
	out := wire.Message{UID: m.ID, Kind: string(m.Kind), By: n.writer(m.By), At: m.At, Body: m.Text.Body, Cut: m.Cut, Channel: m.Channel,
		Files: every(m.Files, func(f desk.File) wire.Attachment {
			return wire.Attachment{UID: f.ID, Name: f.Name, Type: f.Type, Size: f.Size}
		})}
	if m.Party != "" {
		from := partyOf(parties[m.Party])
		out.From = &from
	}
	return out
}

func sendOf(x desk.Send, parties map[string]desk.Party) wire.Send {
	return wire.Send{Message: x.Message, To: partyOf(parties[x.Party]), Channel: x.Channel, State: string(x.State), Receipt: x.Receipt, Error: x.Error, At: x.MadeAt}
}
