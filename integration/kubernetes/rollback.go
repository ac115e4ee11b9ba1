package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"frontline/action"
	"frontline/fault"
)

// Rollback is the kind "kubernetes.rollback": it gives a Deployment the template of an earlier revision.
type Rollback struct{ base }

var _ action.Prover = (*Rollback)(nil)

// Check implements action.Kind.
func (k *Rollback) Check(raw json.RawMessage) error {
	_, err := parse[rolloutSettings](k.base, raw)
	return err
}

// Plan implements action.Kind.
func (k *Rollback) Plan(ctx context.Context, call action.Call) (action.Plan, error) {
	r, err := k.rollout(call)
	if err != nil {
		return action.Plan{}, err
	}
	if r.ref.Kind != "Deployment" {
		return action.Plan{}, fault.Wrong("workload", "Only Deployments keep their earlier revisions as a whole. Ask the owners of %s to roll it back.", r.ref)
	}
	c, err := r.crewOf(ctx, r.namespace, r.ref)
	if err != nil {
		return action.Plan{}, err
	}
	if c.Spec.Paused {
		return action.Plan{}, fault.New(fault.Conflict, "Rollouts of %s are paused: somebody is at work there. Ask its owners.", r.ref)
	}
	to, err := r.earlier(c)
	if err != nil {
		return action.Plan{}, err
	}
	m := r.mark(c)
	m.From, m.To, m.Target = c.revision(), to.revision(), to.Metadata.UID
	now, after, err := templates(c.workload, to)
	if err != nil {
		return action.Plan{}, err
	}
	plan := action.Plan{At: k.clock.Now(), Changes: difference(now, after), Undo: fmt.Sprintf("Roll forward to revision %d again.", m.From),
		Tables: []action.Table{revisionTable(k.clock.Now(), c)}}
	if reflect.DeepEqual(now, after) {
		plan.Nothing, plan.Summary = true, fmt.Sprintf("%s is at revision %d already.", r.ref, m.To)
		return seal(call, plan, m)
	}
	plan.Summary = fmt.Sprintf("Roll %s back from revision %d (%s) to revision %d (%s).", r.ref, m.From, c.images(), m.To, to.images())
	plan.Costs = []string{"Settings and secrets that the pods read from elsewhere are as they are now, not as they were then."}
	if c.Spec.Strategy.Type == "Recreate" || c.Spec.Strategy.takesAll(c.desired()) {
		plan.Costs = append(plan.Costs, "All pods may be away at once while they are replaced.")
	}
	if _, err := r.roll(ctx, m, after, true); err != nil {
		return action.Plan{}, err
	}
	return seal(call, plan, m)
}

// earlier is the ReplicaSet with the revision that was chosen, or the one before the current one.
func (r *rollout) earlier(c crew) (workload, error) {
	var known []string
	for _, s := range c.sets {
		known = append(known, fmt.Sprint(s.revision()))
		if r.revision == s.revision() && r.revision > 0 || r.revision == 0 && s.revision() > 0 && s.revision() < c.revision() {
			return s, nil
		}
	}
	if r.revision == 0 {
		return workload{}, fault.New(fault.Conflict, "%s has no earlier revision to go back to. Escalate to its owners.", r.ref)
	}
	return workload{}, fault.Wrong("revision", "%s keeps no revision %d. Choose one of: %s.", r.ref, r.revision, strings.Join(known, ", "))
}

// hashLabel is the controller's own mark on the templates of its ReplicaSets.
const hashLabel = "pod-template-hash"

// templates are the Deployment's template now, and the ReplicaSet's without the controller's mark.
func templates(deployment, set workload) (now, after map[string]any, err error) {
	if err = json.Unmarshal(deployment.Spec.Template, &now); err == nil {
		err = json.Unmarshal(set.Spec.Template, &after)
	}
	if err != nil {
		return nil, nil, fault.Wrap(err, fault.Internal, "The templates of %s cannot be read. Look at them with kubectl.", deployment.ref())
	}
	for _, t := range []map[string]any{now, after} {
		if meta, ok := t["metadata"].(map[string]any); ok {
			delete(meta, "creationTimestamp")
			if labels, ok := meta["labels"].(map[string]any); ok {
				delete(labels, hashLabel)
			}
		}
	}
	return now, after, nil
}

// roll replaces the template, and returns the Deployment's new generation.
func (r *rollout) roll(ctx context.Context, m rolloutMark, template map[string]any, dry bool) (int64, error) {
	u, err := r.change(ctx, deployments, r.namespace, r.ref.Name, dry, append(m.unchanged(), replace("/spec/template", template))...)
	if err != nil {
		return 0, err
	}
	return u.GetGeneration(), nil
}

// Do implements action.Kind.
func (k *Rollback) Do(ctx context.Context, call action.Call, plan action.Plan, led action.Ledger) (action.Result, error) {
	r, m, c, err := k.rolloutAgain(ctx, call, plan)
	if err != nil {
		return action.Result{}, err
	}
	i := slices.IndexFunc(c.sets, func(s workload) bool { return s.Metadata.UID == m.Target })
	if i < 0 {
		return action.Result{}, fault.New(fault.Conflict, "Revision %d of %s is not kept any more. Nothing was done; plan again.", m.To, r.ref)
	}
	_, after, err := templates(c.workload, c.sets[i])
	if err != nil {
		return action.Result{}, err
	}
	if err := led.Commit(ctx, stepChanging, fmt.Append(nil, m.To)); err != nil {
		return action.Result{}, err
	}
	if _, err := r.roll(ctx, m, after, false); err != nil {
		return action.Result{}, err
	}
	if err := led.Commit(context.WithoutCancel(ctx), stepChanged, fmt.Append(nil, m.To)); err != nil {
		return action.Result{}, err
	}
	led.Printf("The rollout of %s has begun.", r.ref)
	return k.rolledBack(call, m, fmt.Sprintf("Rolled %s back from revision %d to revision %d (%s).", r.ref, m.From, m.To, c.sets[i].images()))
}

// rolledBack is the result of a rollback, with the way forward again: a rollback to the revision that it came from.
func (k *Rollback) rolledBack(call action.Call, m rolloutMark, say string) (action.Result, error) {
	settings, err := settingsOf(call)
	return action.Result{Done: true, Summary: say,
		Facts: map[string]any{"namespace": m.Namespace, "workload": m.Workload.String(), "from_revision": m.From, "to_revision": m.To},
		Undo: &action.Undo{Say: fmt.Sprintf("Roll %s forward to revision %d again.", m.Workload, m.From), Kind: k.name, Settings: settings,
			Inputs: map[string]any{"namespace": m.Namespace, "workload": m.Workload.String(), "revision": m.From}}}, err
}

// settingsOf are the settings of the call, for the run that takes it back. Secrets are references in them.
func settingsOf(call action.Call) (map[string]any, error) {
	var s map[string]any
	if err := json.Unmarshal(call.Settings, &s); err != nil {
		return nil, fault.Wrap(err, fault.Internal, "The settings cannot be read. Report this to the action's owner.")
	}
	return s, nil
}

// Reconcile implements action.Kind. A Deployment that goes back to a template gives its old ReplicaSet a new, higher revision, which tells.
func (k *Rollback) Reconcile(ctx context.Context, call action.Call, plan action.Plan, steps []action.Step, _ action.Ledger) (action.Result, error) {
	if len(steps) == 0 {
		return action.Result{Summary: "The run broke off before anything was changed."}, nil
	}
	m, err := unseal[rolloutMark](k.base, call, plan)
	if err != nil {
		return action.Result{}, err
	}
	done := fmt.Sprintf("%s was rolled back to revision %d before the run broke off.", m.Workload, m.To)
	if steps[len(steps)-1].Name == stepChanged {
		return k.rolledBack(call, m, done)
	}
	r, c, err := k.look(ctx, call, steps[0].At)
	switch {
	case fault.Is(err, fault.NotFound), err == nil && c.Metadata.UID != m.UID:
		return action.Result{Unknown: true, Summary: fmt.Sprintf("%s was deleted or made anew meanwhile. Look which version runs.", m.Workload)}, nil
	case err != nil:
		return action.Result{}, err
	case c.Metadata.Generation == m.Generation:
		return action.Result{Summary: fmt.Sprintf("%s was not touched: the run broke off before. Plan again.", r.ref)}, nil
	}
	i := slices.IndexFunc(c.sets, func(s workload) bool { return s.Metadata.UID == m.Target })
	if i >= 0 {
		now, after, err := templates(c.workload, c.sets[i])
		if err == nil && reflect.DeepEqual(now, after) || c.sets[i].revision() > m.To {
			return k.rolledBack(call, m, done)
		}
	}
	return action.Result{Unknown: true, Summary: fmt.Sprintf("%s was changed meanwhile, so nobody can say whether this run rolled it back. Look which version runs.", r.ref)}, nil
}

// Prove implements action.Prover: it helped when the rollout is complete and every pod available.
func (k *Rollback) Prove(ctx context.Context, call action.Call, plan action.Plan, _ action.Result, led action.Ledger) (action.Finding, error) {
	return k.proveRollout(ctx, call, plan, led)
}
