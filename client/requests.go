package client

import (
	"context"
	"net/http"
	"net/url"

	"frontline/wire"
)

// Requests are which requests are listed. Empty parts do not narrow.
type Requests struct {
	State    string // new, open, waiting, closed, live (not closed) or all
	Type     string
	Team     string
	Service  string
	Customer string
	Assignee string // a person, me or nobody
	Mine     bool   // only those that you asked or follow
}

// Requests lists requests, newest first.
func (c *Client) Requests(ctx context.Context, f Requests, p Page) (wire.List[wire.Request], error) {
	v := p.into(url.Values{})
	for name, value := range map[string]string{"state": f.State, "type": f.Type, "team": f.Team, "service": f.Service, "customer": f.Customer, "assignee": f.Assignee} {
		set(v, name, value)
	}
	if f.Mine {
		v.Set("mine", "true")
	}
	return ask[wire.List[wire.Request]](ctx, c, read(v, "requests"))
}

// Request shows a request with its conversation.
func (c *Client) Request(ctx context.Context, id string) (wire.RequestShown, error) {
	return ask[wire.RequestShown](ctx, c, read(nil, "requests", id))
}

// RequestTypes lists the types of requests with their forms.
func (c *Client) RequestTypes(ctx context.Context) (wire.List[wire.RequestType], error) {
	return ask[wire.List[wire.RequestType]](ctx, c, read(nil, "request-types"))
}

// Ask asks technical support. With a key, the same question sent twice is one request.
func (c *Client) Ask(ctx context.Context, q wire.Ask) (wire.Request, error) {
	r := post(q, "requests")
	r.again = q.Key != ""
	return ask[wire.Request](ctx, c, r)
}

// AddToRequest says more about a request.
func (c *Client) AddToRequest(ctx context.Context, id string, a wire.Add) (wire.Request, error) {
	r := post(a, "requests", id, "messages")
	r.again = a.Key != ""
	return ask[wire.Request](ctx, c, r)
}

// Reply answers whoever asked.
func (c *Client) Reply(ctx context.Context, id string, r wire.ReplyTo) (wire.Request, error) {
	return ask[wire.Request](ctx, c, post(r, "requests", id, "replies"))
}

// WriteRequestNote writes something that only the desk reads.
func (c *Client) WriteRequestNote(ctx context.Context, id string, n wire.NoteOn) (wire.Request, error) {
	return ask[wire.Request](ctx, c, post(n, "requests", id, "notes"))
}

// AcceptRequest takes a request up.
func (c *Client) AcceptRequest(ctx context.Context, id string) (wire.Request, error) {
	return ask[wire.Request](ctx, c, post(nil, "requests", id, "accept"))
}

// DeclineRequest refuses a request, with the reason that the asker reads.
func (c *Client) DeclineRequest(ctx context.Context, id string, d wire.Decline) (wire.Request, error) {
	return ask[wire.Request](ctx, c, post(d, "requests", id, "decline"))
}

// SnoozeRequest takes a request out of sight.
func (c *Client) SnoozeRequest(ctx context.Context, id string, u wire.SnoozeUntil) (wire.Request, error) {
	return ask[wire.Request](ctx, c, post(u, "requests", id, "snooze"))
}

// DuplicateRequest says that another request asks the same.
func (c *Client) DuplicateRequest(ctx context.Context, id string, of wire.Other) (wire.Request, error) {
	return ask[wire.Request](ctx, c, post(of, "requests", id, "duplicate"))
}

// NotDuplicate takes that back.
func (c *Client) NotDuplicate(ctx context.Context, id string) (wire.Request, error) {
	return ask[wire.Request](ctx, c, request{method: http.MethodDelete, path: []string{"requests", id, "duplicate"}})
}

// HangOnProblem says that a problem's solution answers this request too; an empty one takes that back.
func (c *Client) HangOnProblem(ctx context.Context, id string, problem wire.Other) (wire.Request, error) {
	return ask[wire.Request](ctx, c, put(problem, "requests", id, "problem"))
}

// ChangeRequest changes what a request is about, and whose it is.
func (c *Client) ChangeRequest(ctx context.Context, id string, to wire.ChangeRequest) (wire.Request, error) {
	return ask[wire.Request](ctx, c, request{method: http.MethodPatch, path: []string{"requests", id}, body: to})
}

// CloseRequest ends the work without another word.
func (c *Client) CloseRequest(ctx context.Context, id string, e wire.CloseRequest) (wire.Request, error) {
	return ask[wire.Request](ctx, c, post(e, "requests", id, "close"))
}

// Macros lists usual answers and what goes with them.
func (c *Client) Macros(ctx context.Context) (wire.List[wire.Macro], error) {
	return ask[wire.List[wire.Macro]](ctx, c, read(nil, "macros"))
}

// UseMacro does what a macro says.
func (c *Client) UseMacro(ctx context.Context, id string, m wire.UseMacro) (wire.Request, error) {
	return ask[wire.Request](ctx, c, post(m, "requests", id, "macro"))
}

// ReopenRequest takes a closed request up again.
func (c *Client) ReopenRequest(ctx context.Context, id string) (wire.Request, error) {
	return ask[wire.Request](ctx, c, post(nil, "requests", id, "reopen"))
}

// WaitRequest says that the next move is somebody else's.
func (c *Client) WaitRequest(ctx context.Context, id string, w wire.WaitFor) (wire.Request, error) {
	return ask[wire.Request](ctx, c, post(w, "requests", id, "wait"))
}

// ResumeRequest says that the next move is ours again.
func (c *Client) ResumeRequest(ctx context.Context, id string) (wire.Request, error) {
	return ask[wire.Request](ctx, c, post(nil, "requests", id, "resume"))
}
