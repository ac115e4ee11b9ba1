package client

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"frontline/fault"
	"frontline/wire"
)

// Actions lists actions; those of one service when it is not empty.
func (c *Client) Actions(ctx context.Context, service string, p Page) (wire.List[wire.Action], error) {
	v := p.into(url.Values{})
	set(v, "service", service)
	return ask[wire.List[wire.Action]](ctx, c, read(v, "actions"))
}

// Action shows an action with the JSON Schema of its inputs.
func (c *Client) Action(ctx context.Context, id string) (wire.ActionShown, error) {
	return ask[wire.ActionShown](ctx, c, read(nil, "actions", id))
}

// Savings says what actions saved; one of them when it is named. Since is how far to look back, a year when zero.
func (c *Client) Savings(ctx context.Context, action string, since time.Duration) (wire.Savings, error) {
	v := url.Values{}
	set(v, "action", action)
	if since != 0 {
		v.Set("since", since.String())
	}
	return ask[wire.Savings](ctx, c, read(v, "savings"))
}

// OptionQuery asks what an input may be.
type OptionQuery struct {
	Input  string
	Search string
	Given  map[string]any // what is filled in so far
}

// Options lists what an input of an action may be.
func (c *Client) Options(ctx context.Context, action string, q OptionQuery) (wire.Options, error) {
	v := url.Values{}
	set(v, "input", q.Input)
	set(v, "search", q.Search)
	if len(q.Given) > 0 {
		raw, err := json.Marshal(q.Given)
		if err != nil {
			return wire.Options{}, fault.Wrap(err, fault.Invalid, "The inputs cannot be written as JSON. Correct them.")
		}
		v.Set("given", string(raw))
	}
	return ask[wire.Options](ctx, c, read(v, "options", action))
}

// FileQuery says what a file is for.
type FileQuery struct {
	Action string
	Input  string
	Name   string
	Type   string // media type; empty when unknown
}

// UploadFile uploads a file for an input. However long it takes: end ctx to stop it.
func (c *Client) UploadFile(ctx context.Context, q FileQuery, body io.Reader) (wire.Upload, error) {
	v := url.Values{}
	set(v, "action", q.Action)
	set(v, "input", q.Input)
	set(v, "name", q.Name)
	if body == nil {
		body = strings.NewReader("")
	}
	return ask[wire.Upload](ctx, c, request{method: http.MethodPost, path: []string{"files"}, query: v, file: body, kind: q.Type})
}

// RunQuery narrows a list of runs.
type RunQuery struct {
	Action string
	State  string // all when empty
	For    string // an incident or alert
}

// Runs lists runs, newest first.
func (c *Client) Runs(ctx context.Context, q RunQuery, p Page) (wire.List[wire.Run], error) {
	v := p.into(url.Values{})
	set(v, "action", q.Action)
	set(v, "state", q.State)
	set(v, "for", q.For)
	return ask[wire.List[wire.Run]](ctx, c, read(v, "runs"))
}

// Run shows a run.
func (c *Client) Run(ctx context.Context, id string) (wire.Run, error) {
	return ask[wire.Run](ctx, c, read(nil, "runs", id))
}

// Output shows a run's output from a line on; 1 is the first.
func (c *Client) Output(ctx context.Context, id string, from int64) (wire.Output, error) {
	v := url.Values{}
	set(v, "from", from)
	return ask[wire.Output](ctx, c, read(v, "runs", id, "output"))
}

// PlanRun says what an action would do.
func (c *Client) PlanRun(ctx context.Context, p wire.PlanRun) (wire.Run, error) {
	return ask[wire.Run](ctx, c, post(p, "runs"))
}

// StartRun starts a planned run, once for each key however often it is sent.
func (c *Client) StartRun(ctx context.Context, id, key string, s wire.StartRun) (wire.Run, error) {
	r := post(s, "runs", id, "start")
	r.key, r.again = key, true
	return ask[wire.Run](ctx, c, r)
}

// UndoRun plans the way back from a run.
func (c *Client) UndoRun(ctx context.Context, id, reason string) (wire.Run, error) {
	return ask[wire.Run](ctx, c, post(wire.UndoRun{Reason: reason}, "runs", id, "undo"))
}

// ShowRunFile fetches a file that a run made.
func (c *Client) ShowRunFile(ctx context.Context, id, file string) (wire.RunFileContent, error) {
	return ask[wire.RunFileContent](ctx, c, read(nil, "runs", id, "files", file))
}

// CancelRun discards a plan, or asks a running run to stop.
func (c *Client) CancelRun(ctx context.Context, id string) (wire.Run, error) {
	return ask[wire.Run](ctx, c, post(nil, "runs", id, "cancel"))
}

// ApproveRun says yes to a run that waits.
func (c *Client) ApproveRun(ctx context.Context, id string, a wire.ApproveRun) (wire.Run, error) {
	return ask[wire.Run](ctx, c, post(a, "runs", id, "approve"))
}

// RefuseRun says no to a run that waits.
func (c *Client) RefuseRun(ctx context.Context, id string, r wire.RefuseRun) (wire.Run, error) {
	return ask[wire.Run](ctx, c, post(r, "runs", id, "refuse"))
}

// ReviewRun signs a run that was started by break-glass.
func (c *Client) ReviewRun(ctx context.Context, id string, r wire.ReviewRun) (wire.Run, error) {
	return ask[wire.Run](ctx, c, post(r, "runs", id, "review"))
}

// AnswerRun answers what a flow asks at a check point.
func (c *Client) AnswerRun(ctx context.Context, id string, a wire.AnswerRun) (wire.Run, error) {
	return ask[wire.Run](ctx, c, post(a, "runs", id, "answer"))
}

// LookAtRun asks again what became of an unknown run.
func (c *Client) LookAtRun(ctx context.Context, id string) (wire.Run, error) {
	return ask[wire.Run](ctx, c, post(nil, "runs", id, "look"))
}

// SettleRun says what became of an unknown run.
func (c *Client) SettleRun(ctx context.Context, id string, s wire.SettleRun) (wire.Run, error) {
	return ask[wire.Run](ctx, c, post(s, "runs", id, "settle"))
}

// QuarantineQuery narrows a list of what is kept.
type QuarantineQuery struct {
	Run   string
	Team  string
	State string // all when empty
	Soon  bool   // only what will be dropped within two days
}

// DropKept lets go of something in quarantine for good.
func (c *Client) DropKept(ctx context.Context, id string, d wire.DropKept) (wire.Kept, error) {
	return ask[wire.Kept](ctx, c, post(d, "quarantine", id, "drop"))
}

// Quarantine lists what was taken out and is kept, newest first.
func (c *Client) Quarantine(ctx context.Context, q QuarantineQuery, p Page) (wire.List[wire.Kept], error) {
	v := p.into(url.Values{})
	set(v, "run", q.Run)
	set(v, "team", q.Team)
	set(v, "state", q.State)
	if q.Soon {
		v.Set("soon", "true")
	}
	return ask[wire.List[wire.Kept]](ctx, c, read(v, "quarantine"))
}
