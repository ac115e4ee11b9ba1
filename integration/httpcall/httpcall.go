// Package httpcall makes a request over HTTP as an action. Inputs become whole path segments, parameters or fields, escaped; never parts of a
// text. It is called once: what becomes of a request whose answer is lost, only a look can tell.
package httpcall

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
)

// Kind is the kind "http".
type Kind struct{ clock clock.Clock }

var _ action.Careful = (*Kind)(nil)

// New returns the kind.
func New(c clock.Clock) *Kind { return &Kind{c} }

// Name implements action.Kind.
func (*Kind) Name() string { return "http" }

// Check implements action.Kind.
func (*Kind) Check(raw json.RawMessage) error {
	_, err := parseSettings(raw)
	return err
}

// CheckRisk implements action.Careful.
func (*Kind) CheckRisk(risk action.Risk, raw json.RawMessage) error {
	s, err := parseSettings(raw)
	if err == nil && risk == action.RiskRead && !s.reads() {
		return fault.Wrong("method", "An action of risk read may only send GET and HEAD. Give it the risk change, or another method.")
	}
	return err
}

// The steps of a run.
const (
	stepSending  = "sending"  // from here on the server may have done something
	stepAnswered = "answered" // the payload says what
)

// prepared is a call understood.
type prepared struct {
	settings
	call  action.Call
	shown built // with stars for secrets
	sent  built
}

func (k *Kind) prepare(call action.Call) (prepared, error) {
	s, err := parseSettings(call.Settings)
	if err != nil {
		return prepared{}, err
	}
	if err := k.CheckRisk(call.Risk, call.Settings); err != nil {
		return prepared{}, err
	}
	p := prepared{settings: s, call: call}
	if p.shown, err = (filler{call, true}).build(s.request); err != nil {
		return prepared{}, err
	}
	p.sent, err = (filler{call, false}).build(s.request)
	return p, err
}

// mark is what a plan remembers.
type mark struct {
	Request string `json:"request"`
	World   string `json:"world"`
}

// Plan implements action.Kind. It says what would be sent, and shows what the GET under plan answers.
func (k *Kind) Plan(ctx context.Context, call action.Call) (action.Plan, error) {
	p, err := k.prepare(call)
	if err != nil {
		return action.Plan{}, err
	}
	if ctx.Err() != nil {
		return action.Plan{}, stopped(ctx)
	}
	m, tables, err := p.world(ctx)
	if err != nil {
		return action.Plan{}, err
	}
	private, err := json.Marshal(m)
	if err != nil {
		return action.Plan{}, fmt.Errorf("write the plan: %w", err)
	}
	plan := action.Plan{Summary: fmt.Sprintf("Send one %s to %s.", p.Method, hostOf(p.sent.url)), Tables: append(tables, p.shown.table("Request")), Private: private, At: k.clock.Now()}
	after := "sent once"
	if p.reads() {
		after = "asked; nothing is changed"
	} else if p.Look == nil {
		plan.Costs = append(plan.Costs, "If the answer is lost, nobody can tell whether it had its effect: the action has no look.")
	}
	plan.Changes = []action.Change{{What: p.shown.method + " " + clip(p.shown.url, 500), Now: "not sent", After: after, Count: 1}}
	return plan, nil
}

// world asks what there is, when the action says how.
func (p prepared) world(ctx context.Context) (mark, []action.Table, error) {
	m := mark{Request: digest(p.shown.method, p.shown.url, p.shown.header, p.shown.body)}
	if p.settings.Plan == nil {
		return m, nil, nil
	}
	a, err := p.look(ctx, p.settings.Plan)
	if err != nil {
		return mark{}, nil, err
	}
	if a.status < 200 || a.status > 299 {
		return mark{}, nil, fault.New(fault.Unavailable, "The look before the plan was answered with status %d, so nothing can be planned. Try again, or look at the server.", a.status)
	}
	if a.cut {
		return mark{}, nil, fault.New(fault.Internal, "The look before the plan was answered with more than %d bytes. Raise the setting most, or ask for less.", p.Most)
	}
	if m.World = digest("etag", a.etag); a.etag == "" {
		m.World = digest("body", a.body)
	}
	t, ok := p.settings.Plan.Result.table(a)
	if !ok {
		return m, nil, nil
	}
	return m, []action.Table{t}, nil
}

// look sends a GET.
func (p prepared) look(ctx context.Context, l *looking) (answer, error) {
	b, err := (filler{p.call, false}).build(request{Method: "GET", URL: l.URL, Query: l.Query, Headers: l.Headers})
	if err != nil {
		return answer{}, err
	}
	a, err := p.send(ctx, b)
	if err != nil {
		return answer{}, failed(err, hostOf(b.url))
	}
	return a, nil
}

// Do implements action.Kind.
func (k *Kind) Do(ctx context.Context, call action.Call, plan action.Plan, led action.Ledger) (action.Result, error) {
	p, err := k.prepare(call)
	if err != nil {
		return action.Result{}, err
	}
	var then mark
	if err := json.Unmarshal(plan.Private, &then); err != nil || then.Request == "" {
		return action.Result{}, fault.New(fault.Conflict, "This plan was not made by http, or not completely. Plan again.")
	}
	if ctx.Err() != nil {
		return action.Result{}, stopped(ctx)
	}
	now, _, err := p.world(ctx)
	switch {
	case err != nil:
		return action.Result{}, err
	case now.Request != then.Request:
		return action.Result{}, fault.New(fault.Conflict, "The action's settings or inputs are not those that were planned with. Plan again.")
	case now.World != then.World:
		return action.Result{}, fault.New(fault.Conflict, "The world has moved: the server shows something else than when it was planned. Nothing was sent; plan again.")
	}
	if err := led.Commit(ctx, stepSending, nil); err != nil {
		return action.Result{}, err
	}
	if !p.reads() && call.Run != "" {
		p.sent.header.Set("Idempotency-Key", `"`+call.Run+`"`)
	}
	led.Printf("%s %s", p.shown.method, p.shown.url)
	a, err := p.send(ctx, p.sent)
	if err != nil {
		return p.lost(err)
	}
	return p.answered(ctx, a, led)
}

// lost is a request without an answer.
func (p prepared) lost(err error) (action.Result, error) {
	host := hostOf(p.sent.url)
	if p.reads() || errors.As(err, new(unsent)) {
		say := fault.Sentence(failed(err, host))
		return action.Result{Summary: strings.TrimSpace("Nothing was changed: " + say)}, nil
	}
	return action.Result{}, fault.Wrap(err, fault.Unavailable, "The answer of %s was lost. Whether the request had its effect, its look may tell.", host)
}

// after is the payload of stepAnswered.
type after struct {
	Done    bool   `json:"done"`
	Summary string `json:"summary"`
}

const recordWithin = 10 * time.Second

// answered reads an answer and records what it means. A server that failed with 5xx may have done the work.
func (p prepared) answered(ctx context.Context, a answer, led action.Ledger) (action.Result, error) {
	if !p.expected(a.status) && a.status >= 500 && !p.reads() {
		return action.Result{}, fault.New(fault.Unavailable, "%s failed with status %d. Whether the request had its effect, its look may tell.", hostOf(p.sent.url), a.status)
	}
	res := p.Result.result(a)
	res.Done = p.expected(a.status)
	switch {
	case !res.Done:
		res.Summary = strings.TrimSpace(fmt.Sprintf("%s answered with status %d, which is not what was expected. %s", hostOf(p.sent.url), a.status, res.Summary))
	case res.Summary == "":
		res.Summary = fmt.Sprintf("%s answered with status %d.", hostOf(p.sent.url), a.status)
	}
	if a.cut {
		res.Summary += fmt.Sprintf(" The answer has more than %d bytes and was not read.", p.Most)
	} else if len(res.Tables) == 0 {
		for line := range strings.Lines(clip(string(a.body), 16<<10)) {
			led.Printf("%s", strings.TrimRight(line, "\r\n"))
		}
	}
	// What the server says may hold anything, and is not for the record.
	payload, err := json.Marshal(after{res.Done, fmt.Sprintf("%s answered with status %d.", hostOf(p.sent.url), a.status)})
	if err != nil {
		return action.Result{}, fmt.Errorf("record the answer: %w", err)
	}
	if p.reads() && res.Done && p.Look != nil {
		if res, err = p.asItShouldBe(ctx, res); err != nil {
			return action.Result{}, err
		}
	}
	settled, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	return res, led.Commit(settled, stepAnswered, payload)
}

// asItShouldBe asks the look of a read: so a read serves as another action's check.
func (p prepared) asItShouldBe(ctx context.Context, res action.Result) (action.Result, error) {
	a, err := p.look(ctx, p.Look)
	if err != nil {
		return res, err
	}
	if said := p.found(a); !said.Done {
		res.Done, res.Summary = false, strings.TrimSpace("It is not as it should be. "+res.Summary)
	}
	return res, nil
}

// Reconcile implements action.Kind. Only a look can tell what became of a change whose answer was lost.
func (k *Kind) Reconcile(ctx context.Context, call action.Call, _ action.Plan, steps []action.Step, _ action.Ledger) (action.Result, error) {
	sending := false
	for _, step := range steps {
		switch step.Name {
		case stepSending:
			sending = true
		case stepAnswered:
			var a after
			if err := json.Unmarshal(step.Payload, &a); err != nil {
				return action.Result{}, fault.Wrap(err, fault.Internal, "The record of this run cannot be read. Look yourself what became of it.")
			}
			return action.Result{Done: a.Done, Summary: a.Summary}, nil
		}
	}
	if !sending {
		return action.Result{Summary: "The run broke off before the request was sent."}, nil
	}
	p, err := k.prepare(call)
	switch {
	case err != nil:
		return action.Result{}, err
	case p.reads():
		return action.Result{Summary: "The request was cut off. It only reads, so nothing was changed."}, nil
	case p.Look == nil:
		return action.Result{Unknown: true, Summary: "The answer was lost, and the action has no look that could tell whether the request had its effect. Look before it is sent again."}, nil
	}
	a, err := p.look(ctx, p.Look)
	if err != nil {
		return action.Result{}, err
	}
	return p.found(a), nil
}

// found is what a look means.
func (p prepared) found(a answer) action.Result {
	res := p.Look.Result.result(a)
	switch {
	case a.status < 200 || a.status > 299 || a.cut:
		res.Unknown, res.Summary = true, fmt.Sprintf("The look was answered with status %d, which does not tell. Look yourself before it is sent again.", a.status)
	case p.Look.Done.holds(a):
		res.Done = true
		res.Summary = strings.TrimSpace("The look says that the work was done. " + res.Summary)
	default:
		res.Summary = strings.TrimSpace("The look says that the work was not done. " + res.Summary)
	}
	return res
}

func stopped(ctx context.Context) error {
	return fault.Wrap(context.Cause(ctx), fault.Unavailable, "This was stopped before anything was sent. Start it again when you want it.")
}
