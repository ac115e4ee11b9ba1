// Package consul sets a key in Consul's key-value store, such as a switch that a service reads.
package consul

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
	"frontline/secret"
)

// Set is the kind "consul.set".
type Set struct {
	clock  clock.Clock
	client *http.Client
}

var _ action.Kind = (*Set)(nil)

// NewSet returns the kind.
func NewSet(c clock.Clock) *Set { return &Set{c, &http.Client{Timeout: 10 * time.Second}} }

// Name implements action.Kind.
func (*Set) Name() string { return "consul.set" }

type settings struct {
	Address string     `json:"address"`
	Key     string     `json:"key"`
	Token   secret.Ref `json:"token"` // its value comes as Call.Secrets["token"]
}

func parse(raw json.RawMessage) (settings, error) {
	var s settings
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return s, fault.Wrap(err, fault.Invalid, "consul.set knows the settings address, key and token, all of them texts. Correct the action.")
	}
	u, err := url.Parse(s.Address)
	switch {
	case err != nil || u.Host == "" || u.User != nil || (u.Scheme != "http" && u.Scheme != "https"):
		return s, fault.Wrong("address", "The address is Consul's HTTP API without a user, such as http://consul.verity.example:8500.")
	case strings.Trim(s.Key, "/") == "":
		return s, fault.Wrong("key", "Say which key is set, such as decision-pipeline/degraded.")
	case s.Token.Check() != nil:
		return s, fault.Wrong("token", "The token is a reference, env:NAME or file:/path, never the token itself.")
	}
	return s, nil
}

// Check implements action.Kind.
func (*Set) Check(raw json.RawMessage) error {
	_, err := parse(raw)
	return err
}

// state is the key as it is. Consul gives it a new index at each change; 0 means that there is no such key.
type state struct {
	Value []byte
	Index uint64 `json:"ModifyIndex"`
}

// mark is what a plan remembers, so that Do can tell whether it is still right.
type mark struct {
	Key, Want string
	Index     uint64
}

// Plan implements action.Kind.
func (k *Set) Plan(ctx context.Context, call action.Call) (action.Plan, error) {
	s, want, now, err := k.look(ctx, call)
	if err != nil {
		return action.Plan{}, err
	}
	private, err := json.Marshal(mark{s.Key, want, now.Index})
	return action.Plan{
		Summary: fmt.Sprintf("Set %s to %q.", s.Key, want),
		Changes: []action.Change{{What: s.Key, Now: string(now.Value), After: want, Count: 1, Undo: "Set it back to what it is now."}},
		Nothing: now.Index > 0 && string(now.Value) == want, Private: private, At: k.clock.Now(),
	}, err
}

func (k *Set) look(ctx context.Context, call action.Call) (s settings, want string, now state, err error) {
	if s, err = parse(call.Settings); err != nil {
		return s, "", now, err
	}
	want, ok := call.Inputs["value"].(string)
	if !ok {
		return s, "", now, fault.Wrong("value", "Say which value the key gets.")
	}
	body, err := k.ask(ctx, s, call, http.MethodGet, "", nil)
	if fault.Is(err, fault.NotFound) {
		return s, want, now, nil
	}
	var all []state
	if err == nil && (json.Unmarshal(body, &all) != nil || len(all) != 1) {
		err = fault.New(fault.Internal, "What answers at the address is not Consul. Correct the action's setting address.")
	}
	if err != nil {
		return s, want, now, err
	}
	return s, want, all[0], nil
}

// The steps of a run.
const (
	stepSetting = "setting" // from here on the key may have changed
	stepSet     = "set"
)

// Do implements action.Kind. Consul itself compares: it sets the key only if its index is still the one that was planned with.
func (k *Set) Do(ctx context.Context, call action.Call, plan action.Plan, led action.Ledger) (action.Result, error) {
	s, want, _, err := k.look(ctx, call)
	if err != nil {
		return action.Result{}, err
	}
	var then mark
	if err := json.Unmarshal(plan.Private, &then); err != nil || then.Key != s.Key || then.Want != want {
		return action.Result{}, fault.New(fault.Conflict, "This plan is for something else. Plan again.")
	}
	if err := led.Commit(ctx, stepSetting, nil); err != nil {
		return action.Result{}, err
	}
	body, err := k.ask(ctx, s, call, http.MethodPut, "?cas="+strconv.FormatUint(then.Index, 10), []byte(want))
	if err != nil {
		return action.Result{}, err
	}
	if strings.TrimSpace(string(body)) != "true" {
		return action.Result{}, fault.New(fault.Conflict, "Somebody else has changed %s since the plan was made. Nothing was set; plan again.", s.Key)
	}
	if err := led.Commit(context.WithoutCancel(ctx), stepSet, nil); err != nil {
		return action.Result{}, err
	}
	led.Printf("%s is %q now.", s.Key, want)
	return action.Result{Done: true, Summary: fmt.Sprintf("Set %s to %q.", s.Key, want)}, nil
}

// Reconcile implements action.Kind.
func (k *Set) Reconcile(ctx context.Context, call action.Call, plan action.Plan, steps []action.Step, _ action.Ledger) (action.Result, error) {
	if len(steps) == 0 {
		return action.Result{Summary: "The run broke off before it set anything."}, nil
	}
	if steps[len(steps)-1].Name == stepSet {
		return action.Result{Done: true, Summary: "The key was set before the run broke off."}, nil
	}
	s, want, now, err := k.look(ctx, call)
	var then mark
	if err == nil {
		err = json.Unmarshal(plan.Private, &then)
	}
	switch {
	case err != nil:
		return action.Result{}, err
	case now.Index == then.Index:
		return action.Result{Summary: s.Key + " was not touched."}, nil
	case string(now.Value) == want:
		return action.Result{Done: true, Summary: fmt.Sprintf("%s is %q.", s.Key, want)}, nil
	}
	return action.Result{Unknown: true, Summary: s.Key + " has changed, but to something else. Ask who else sets it."}, nil
}

// ask calls Consul. What it answered stays out of the fault: it may repeat the token.
func (k *Set) ask(ctx context.Context, s settings, call action.Call, method, query string, body []byte) ([]byte, error) {
	u, err := url.Parse(s.Address)
	if err != nil {
		return nil, fault.New(fault.Invalid, "The address cannot be used. Correct the action's setting address.")
	}
	req, err := http.NewRequestWithContext(ctx, method, u.JoinPath("v1/kv", s.Key).String()+query, bytes.NewReader(body))
	if err != nil {
		return nil, fault.New(fault.Invalid, "The address or the key cannot be used. Correct the action's settings.")
	}
	req.Header.Set("X-Consul-Token", call.Secrets["token"].Reveal())
	res, err := k.client.Do(req)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "Consul at %s does not answer. Check that it runs, then try again.", u.Host)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	cause := fmt.Errorf("%s answered HTTP %d", u.Host, res.StatusCode)
	switch {
	case err != nil || res.StatusCode >= 500:
		return nil, fault.Wrap(cause, fault.Unavailable, "Consul at %s has trouble of its own. Try again in a moment.", u.Host)
	case res.StatusCode == http.StatusForbidden:
		return nil, fault.Wrap(cause, fault.Forbidden, "Consul at %s does not accept the token. Correct the secret that the setting token points to.", u.Host)
	case res.StatusCode == http.StatusNotFound:
		return nil, fault.Wrap(cause, fault.NotFound, "Consul has no key %s. Correct the action's setting key.", s.Key)
	case res.StatusCode != http.StatusOK:
		return nil, fault.Wrap(cause, fault.Internal, "What answers at %s is not Consul. Correct the action's setting address.", u.Host)
	}
	return answer, nil
}
