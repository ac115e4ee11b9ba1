package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"frontline/action"
	"frontline/fault"
)

// rolloutSettings are those of the kinds that make a rollout.
type rolloutSettings struct {
	cluster
	scope
	Wait *action.Duration `json:"wait"` // for the rollout to be complete; 4m
}

func (s *rolloutSettings) check() error {
	if err := s.cluster.check(); err != nil {
		return err
	}
	if err := s.scope.check(); err != nil {
		return err
	}
	return span("wait", s.Wait, mostWait)
}

// The steps of whatever changes one object.
const (
	stepChanging = "changing" // from here on the object may be changed; the payload is what is set
	stepChanged  = "changed"
)

// rollout is one use of a kind that makes one.
type rollout struct {
	*site
	namespace string
	ref       workloadRef
	revision  int // of a rollback; 0 is the one before
	wait      time.Duration
}

func (b base) rollout(call action.Call) (*rollout, error) {
	s, err := parse[rolloutSettings](b, call.Settings)
	if err != nil {
		return nil, err
	}
	in := &inputs{given: call.Inputs}
	r := &rollout{namespace: in.namespace(s.scope), ref: in.workload(s.scope, true), wait: given(s.Wait, mostWait)}
	r.revision, _ = in.whole("revision")
	if in.err != nil {
		return nil, in.err
	}
	r.site, err = b.open(s.cluster, call)
	return r, err
}

// rolloutMark is what a plan remembers.
type rolloutMark struct {
	Namespace  string      `json:"namespace"`
	Workload   workloadRef `json:"workload"`
	UID        types.UID   `json:"uid"`
	Generation int64       `json:"generation"`
	From       int         `json:"from,omitempty"`   // a rollback's: the revision now
	To         int         `json:"to,omitempty"`     // and the one to go back to
	Target     types.UID   `json:"target,omitempty"` // whose ReplicaSet is this
}

// unchanged are the tests that go along with a change: the object is the one that was planned for, and nobody changed what it says since.
// Its resource version would not do, because every report of a pod's health makes a new one.
func (m rolloutMark) unchanged() []op {
	return []op{test("/metadata/uid", m.UID), test("/metadata/generation", m.Generation)}
}

// steady refuses a workload that a rollout would hurt.
func (c crew) steady() error {
	ref, how := c.ref(), c.Spec.Strategy
	if c.Kind != "Deployment" {
		how = c.Spec.UpdateStrategy
	}
	n := c.desired()
	switch {
	case c.Spec.Paused:
		return fault.New(fault.Conflict, "Rollouts of %s are paused: somebody is at work there. Ask its owners.", ref)
	case c.rolling():
		return fault.New(fault.Conflict, "A rollout of %s is under way: %s. Wait until it is over, or roll it back.", ref, c.progress())
	case how.Type == "Recreate" && n > 0:
		return fault.New(fault.Conflict, "%s stops all its pods before it starts new ones (strategy Recreate), so a rollout is an outage. Ask its owners.", ref)
	case how.Type == "OnDelete":
		return fault.New(fault.Conflict, "%s replaces a pod only when somebody deletes it (strategy OnDelete), so a rollout changes nothing. Evict its pods one by one.", ref)
	case how.takesAll(n):
		return fault.New(fault.Conflict, "%s may stop all its pods at once (maxUnavailable %s), so a rollout may be an outage. Ask its owners.", ref, how.RollingUpdate.MaxUnavailable)
	}
	return nil
}

// takesAll says whether all n pods may be away at once.
func (u updating) takesAll(n int) bool {
	if u.RollingUpdate.MaxUnavailable == nil || n == 0 {
		return false
	}
	away, err := intstr.GetScaledValueFromIntOrPercent(u.RollingUpdate.MaxUnavailable, n, false)
	return err != nil || away >= n
}

// progress says how far a rollout is.
func (w workload) progress() string {
	updated := max(w.Status.UpdatedReplicas, w.Status.UpdatedNumberScheduled)
	say := fmt.Sprintf("%d of %d pods are new", updated, w.desired())
	i := slices.IndexFunc(w.Status.Conditions, func(c condition) bool { return c.Type == "Progressing" && c.Reason == "ProgressDeadlineExceeded" })
	if i >= 0 {
		say += ", and it makes no progress"
	}
	return say
}

// Restart is the kind "kubernetes.restart-rollout": it replaces all pods of a workload, a few at a time.
type Restart struct{ base }

var _ action.Prover = (*Restart)(nil)

// Check implements action.Kind.
func (k *Restart) Check(raw json.RawMessage) error {
	_, err := parse[rolloutSettings](k.base, raw)
	return err
}

// restartedAt is the annotation by which kubectl restarts a rollout too.
const restartedAt = "kubectl.kubernetes.io/restartedAt"

// Plan implements action.Kind.
func (k *Restart) Plan(ctx context.Context, call action.Call) (action.Plan, error) {
	r, err := k.rollout(call)
	if err != nil {
		return action.Plan{}, err
	}
	c, err := r.crewOf(ctx, r.namespace, r.ref)
	if err == nil {
		err = c.steady()
	}
	if err != nil {
		return action.Plan{}, err
	}
	m := r.mark(c)
	if err := r.restart(ctx, c, m, k.clock.Now().Format(time.RFC3339), true); err != nil {
		return action.Plan{}, err
	}
	now := k.clock.Now()
	plan := action.Plan{At: now, Summary: fmt.Sprintf("Restart %s: replace its %s, a few at a time.", r.ref, counted(c.desired(), "pod", "pods")),
		Changes: []action.Change{{What: r.ref.String(), Now: fmt.Sprintf("%d of %d ready, oldest pod %s old", c.ready(), c.desired(), lasted(now.Sub(c.oldest()))),
			After: "every pod new, of the same images", Count: c.desired()}},
		Costs:  []string{"What the pods hold in memory is lost, and open requests end when their pod does."},
		Tables: []action.Table{target{crew: c}.podsTable(now, signs{usualUnready, usualRestarts})}}
	plan.Nothing = c.desired() == 0
	return seal(call, plan, m)
}

func (c crew) oldest() time.Time {
	var at time.Time
	for _, p := range c.pods {
		if made := p.Metadata.CreationTimestamp.Time; at.IsZero() || made.Before(at) {
			at = made
		}
	}
	return at
}

func (r *rollout) mark(c crew) rolloutMark {
	return rolloutMark{Namespace: r.namespace, Workload: r.ref, UID: c.Metadata.UID, Generation: c.Metadata.Generation}
}

// template is the part of a template that we look at.
type template struct {
	Metadata struct{ Annotations map[string]string }
}

// restart sets the annotation of the template. It never takes others away.
func (r *rollout) restart(ctx context.Context, c crew, m rolloutMark, at string, dry bool) error {
	t, err := c.template()
	if err != nil {
		return err
	}
	change := set("/spec/template/metadata/annotations/"+pointer(restartedAt), at)
	if t.Metadata.Annotations == nil {
		change = set("/spec/template/metadata/annotations", map[string]string{restartedAt: at})
	}
	_, err = r.change(ctx, resourceOf(r.ref.Kind), r.namespace, r.ref.Name, dry, append(m.unchanged(), change)...)
	return err
}

func (w workload) template() (template, error) {
	var t template
	if err := json.Unmarshal(w.Spec.Template, &t); err != nil {
		return t, fault.Wrap(err, fault.Internal, "The template of %s cannot be read. Look at it with kubectl.", w.ref())
	}
	return t, nil
}

// Do implements action.Kind.
func (k *Restart) Do(ctx context.Context, call action.Call, plan action.Plan, led action.Ledger) (action.Result, error) {
	r, m, c, err := k.rolloutAgain(ctx, call, plan)
	if err != nil {
		return action.Result{}, err
	}
	at := k.clock.Now().Format(time.RFC3339Nano)
	if err := led.Commit(ctx, stepChanging, []byte(at)); err != nil {
		return action.Result{}, err
	}
	if err := r.restart(ctx, c, m, at, false); err != nil {
		return action.Result{}, err
	}
	if err := led.Commit(context.WithoutCancel(ctx), stepChanged, []byte(at)); err != nil {
		return action.Result{}, err
	}
	led.Printf("The rollout of %s has begun.", r.ref)
	return action.Result{Done: true, Summary: fmt.Sprintf("Restarted %s: its %s are being replaced.", r.ref, counted(c.desired(), "pod", "pods")),
		Facts: map[string]any{"namespace": m.Namespace, "workload": r.ref.String(), "pods": c.desired(), "restarted_at": at}}, nil
}

// rolloutAgain looks whether the world is still the one that was planned for.
func (b base) rolloutAgain(ctx context.Context, call action.Call, plan action.Plan) (*rollout, rolloutMark, crew, error) {
	m, err := unseal[rolloutMark](b, call, plan)
	if err != nil {
		return nil, m, crew{}, err
	}
	r, err := b.rollout(call)
	if err != nil {
		return nil, m, crew{}, err
	}
	c, err := r.crewOf(ctx, r.namespace, r.ref)
	switch {
	case fault.Is(err, fault.NotFound), err == nil && c.Metadata.UID != m.UID:
		err = fault.New(fault.Conflict, "%s was deleted or made anew since the plan was made. Nothing was done; plan again.", r.ref)
	case err == nil && c.Metadata.Generation != m.Generation:
		err = fault.New(fault.Conflict, "%s was changed since the plan was made. Nothing was done; plan again.", r.ref)
	case err == nil && plan.Nothing:
		err = fault.New(fault.Conflict, "This plan found nothing to do. Plan again.")
	}
	return r, m, c, err
}

// Reconcile implements action.Kind. The annotation carries the moment of this run, so that it tells.
func (k *Restart) Reconcile(ctx context.Context, call action.Call, plan action.Plan, steps []action.Step, _ action.Ledger) (action.Result, error) {
	if len(steps) == 0 {
		return action.Result{Summary: "The run broke off before anything was changed."}, nil
	}
	m, err := unseal[rolloutMark](k.base, call, plan)
	if err != nil {
		return action.Result{}, err
	}
	at := string(steps[0].Payload)
	facts := map[string]any{"namespace": m.Namespace, "workload": m.Workload.String(), "restarted_at": at}
	if steps[len(steps)-1].Name == stepChanged {
		return action.Result{Done: true, Facts: facts, Summary: fmt.Sprintf("%s was restarted before the run broke off.", m.Workload)}, nil
	}
	r, c, err := k.look(ctx, call, steps[0].At)
	switch {
	case fault.Is(err, fault.NotFound), err == nil && c.Metadata.UID != m.UID:
		return action.Result{Unknown: true, Facts: facts, Summary: fmt.Sprintf("%s was deleted or made anew meanwhile. Look whether its pods are new.", m.Workload)}, nil
	case err != nil:
		return action.Result{}, err
	}
	for _, w := range append([]workload{c.workload}, c.sets...) {
		if t, err := w.template(); err == nil && t.Metadata.Annotations[restartedAt] == at {
			return action.Result{Done: true, Facts: facts, Summary: fmt.Sprintf("%s was restarted before the run broke off.", r.ref)}, nil
		}
	}
	if c.Metadata.Generation == m.Generation {
		return action.Result{Facts: facts, Summary: fmt.Sprintf("%s was not touched: the run broke off before. Plan again.", r.ref)}, nil
	}
	return action.Result{Unknown: true, Facts: facts, Summary: fmt.Sprintf("%s was changed by somebody else meanwhile, so nobody can say whether this run restarted it. Look at the age of its pods.", r.ref)}, nil
}

// look reads the workload once no request of the step can be on its way any more.
func (b base) look(ctx context.Context, call action.Call, at time.Time) (r *rollout, c crew, err error) {
	if r, err = b.rollout(call); err != nil {
		return nil, c, err
	}
	err = r.settled(ctx, at, func() (err error) {
		c, err = r.crewOf(ctx, r.namespace, r.ref)
		return err
	})
	return r, c, err
}

// Prove implements action.Prover: it helped when the rollout is complete and every pod available.
func (k *Restart) Prove(ctx context.Context, call action.Call, plan action.Plan, _ action.Result, led action.Ledger) (action.Finding, error) {
	return k.proveRollout(ctx, call, plan, led)
}

func (b base) proveRollout(ctx context.Context, call action.Call, plan action.Plan, led action.Ledger) (action.Finding, error) {
	m, err := unseal[rolloutMark](b, call, plan)
	if err != nil {
		return action.Finding{}, err
	}
	r, err := b.rollout(call)
	if err != nil {
		return action.Finding{}, err
	}
	var c crew
	done, err := until(ctx, b.clock, r.wait, func() (bool, error) {
		if c, err = r.crewOf(ctx, r.namespace, r.ref); err != nil {
			return false, err
		}
		led.Progress(min(c.Status.AvailableReplicas+c.Status.NumberAvailable, c.desired()), c.desired(), "new pods of "+r.ref.String())
		return c.complete(m.Generation + 1), nil
	})
	if err != nil {
		return action.Finding{}, err
	}
	facts := map[string]any{"ready": c.ready(), "desired": c.desired()}
	if done {
		return action.Finding{Helped: true, Facts: facts, Summary: fmt.Sprintf("The rollout of %s is complete: %d of %d ready.", r.ref, c.ready(), c.desired())}, nil
	}
	return action.Finding{Facts: facts, Tables: []action.Table{target{crew: c}.podsTable(b.clock.Now(), signs{usualUnready, usualRestarts})},
		Summary: fmt.Sprintf("It did not help: the rollout of %s is not complete after %s (%s, %d ready). Escalate, or roll it back.", r.ref, lasted(r.wait), c.progress(), c.ready())}, nil
}
