// Package kubernetes sees what fails in a Kubernetes cluster and applies the known fixes: restart a failing pod, restart or roll back a
// rollout, scale, and take a node out of service.
//
// Its kinds ask the cluster before they promise anything: the plan of an eviction is the API server's own verdict on a dry run, with the
// words of the disruption budget that speaks against it. Whatever changes something carries, in the same request, what must
// still be true (the pod's UID, the workload's generation), so that a plan of yesterday and a request that is sent twice are refused by the
// server itself. Secrets are never read, and what environment variables with telling names hold is masked in all that is kept.
package kubernetes

import (
	"context"
	"encoding/json"
	"time"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
)

// Kinds are the kinds of this package.
func Kinds(c clock.Clock) []action.Kind {
	of := func(name string) base { return base{name: "kubernetes." + name, clock: c} }
	return []action.Kind{
		&Overview{of("overview")}, &Lint{of("lint")}, &Access{of("access")},
		&Evict{of("evict")}, &Restart{of("restart-rollout")}, &Rollback{of("rollback")}, &Scale{of("scale")},
		&Cordon{of("cordon"), true}, &Cordon{of("uncordon"), false}, &Drain{of("drain")},
	}
}

// base is what every kind of this package has.
type base struct {
	name  string
	clock clock.Clock
}

// Name implements action.Kind.
func (b base) Name() string { return b.name }

// unseal reads a plan's mark, which says for which call it was made.
func unseal[T any](b base, call action.Call, plan action.Plan) (T, error) {
	var sealed struct {
		Call string `json:"call"`
		Mark T      `json:"mark"`
	}
	digest, err := call.Digest()
	if err != nil {
		return sealed.Mark, err
	}
	switch err := json.Unmarshal(plan.Private, &sealed); {
	case err != nil || sealed.Call == "":
		return sealed.Mark, fault.New(fault.Conflict, "This plan was not made by %s, or not completely. Plan again.", b.name)
	case sealed.Call != digest:
		return sealed.Mark, fault.New(fault.Conflict, "The action's settings or inputs are not those that were planned with. Plan again.")
	}
	return sealed.Mark, nil
}

// seal puts what Do needs to find the same world again into the plan, and the digest of the call, which unseal holds against it.
func seal(call action.Call, plan action.Plan, mark any) (action.Plan, error) {
	digest, err := call.Digest()
	if err != nil {
		return action.Plan{}, err
	}
	private, err := json.Marshal(map[string]any{"call": digest, "mark": mark})
	if err != nil {
		return action.Plan{}, fault.Wrap(err, fault.Internal, "The plan could not be written down. Plan again.")
	}
	plan.Private = private
	return plan, nil
}

// wait lets d pass.
func wait(ctx context.Context, c clock.Clock, d time.Duration) error {
	over, stop := c.After(d)
	defer stop()
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return stopped(ctx)
	}
}

// pollTime is how often a state that the cluster brings about is looked at.
const pollTime = 500 * time.Millisecond

// until looks again and again until look says yes, or patience is over: then it returns false.
func until(ctx context.Context, c clock.Clock, patience time.Duration, look func() (bool, error)) (bool, error) {
	for began := c.Now(); ; {
		yes, err := look()
		if yes || err != nil && !fault.Again(err) {
			return yes, err
		}
		if c.Now().Sub(began) >= patience {
			return false, err
		}
		if err := wait(ctx, c, min(pollTime, patience)); err != nil {
			return false, err
		}
	}
}
