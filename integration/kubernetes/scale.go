package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"frontline/action"
	"frontline/fault"
)

// Scale is the kind "kubernetes.scale": it changes how many pods a workload has, within bounds.
type Scale struct{ base }

var _ action.Prover = (*Scale)(nil)

type scaleSettings struct {
	cluster
	scope
	Min  *int             `json:"min"`  // 1 when left out
	Max  int              `json:"max"`  // required
	Wait *action.Duration `json:"wait"` // for the new pods to be ready; 2m
}

const mostReplicas = 1000

func (s *scaleSettings) check() error {
	if err := s.cluster.check(); err != nil {
		return err
	}
	if err := s.scope.check(); err != nil {
		return err
	}
	switch {
	case s.Max < 1 || s.Max > mostReplicas:
		return fault.Wrong("max", "The setting max says how many pods the workload may have at most, 1 to %d.", mostReplicas)
	case s.least() < 0 || s.least() > s.Max:
		return fault.Wrong("min", "The setting min is between 0 and max.")
	}
	return span("wait", s.Wait, mostWait)
}

func (s *scaleSettings) least() int {
	if s.Min == nil {
		return 1
	}
	return *s.Min
}

// Check implements action.Kind.
func (k *Scale) Check(raw json.RawMessage) error {
	_, err := parse[scaleSettings](k.base, raw)
	return err
}

// scaling is one use of the kind.
type scaling struct {
	*site
	settings  scaleSettings
	namespace string
	ref       workloadRef
	want      int
}

func (k *Scale) approach(call action.Call) (*scaling, error) {
	s, err := parse[scaleSettings](k.base, call.Settings)
	if err != nil {
		return nil, err
	}
	in := &inputs{given: call.Inputs}
	r := &scaling{settings: s, namespace: in.namespace(s.scope), ref: in.workload(s.scope, true)}
	want, given := in.whole("replicas")
	switch {
	case in.err != nil:
		return nil, in.err
	case !given:
		return nil, fault.Wrong("replicas", "Say how many pods there shall be, %d to %d.", s.least(), s.Max)
	case want < s.least() || want > s.Max:
		return nil, fault.Wrong("replicas", "This action allows %d to %d pods. Choose again, or ask its owners.", s.least(), s.Max)
	case r.ref.Kind == "DaemonSet":
		return nil, fault.Wrong("workload", "A DaemonSet has one pod on every node; it has no number to change.")
	}
	r.want = want
	r.site, err = k.open(s.cluster, call)
	return r, err
}

// size is what the scale subresource says.
type size struct {
	Metadata metav1.ObjectMeta
	Spec     struct{ Replicas int }
	Status   struct{ Replicas int }
}

func (r *scaling) resource() resource { return resourceOf(r.ref.Kind).with("scale") }

func (r *scaling) size(ctx context.Context) (size, error) {
	return get[size](ctx, r.site, r.resource(), r.namespace, r.ref.Name)
}

// owner refuses a workload whose number an autoscaler decides about: it would change it back.
func (r *scaling) owner(ctx context.Context) error {
	found, err := list[autoscaler](ctx, r.site, autoscalers, r.namespace, all())
	if err != nil {
		return err
	}
	for _, a := range found {
		if t := a.Spec.ScaleTargetRef; t.Kind == r.ref.Kind && t.Name == r.ref.Name {
			return fault.New(fault.Conflict, "The autoscaler %s decides how many pods %s has (%d to %d) and would change it back. Ask its owners to raise its bounds.",
				a.Metadata.Name, r.ref, a.Spec.MinReplicas, a.Spec.MaxReplicas)
		}
	}
	return nil
}

type scaleMark struct {
	Namespace string      `json:"namespace"`
	Workload  workloadRef `json:"workload"`
	UID       types.UID   `json:"uid"`
	From      int         `json:"from"`
	To        int         `json:"to"`
}

// Plan implements action.Kind.
func (k *Scale) Plan(ctx context.Context, call action.Call) (action.Plan, error) {
	r, err := k.approach(call)
	if err != nil {
		return action.Plan{}, err
	}
	now, err := r.size(ctx)
	if err == nil {
		err = r.owner(ctx)
	}
	if err != nil {
		return action.Plan{}, err
	}
	m := scaleMark{r.namespace, r.ref, now.Metadata.UID, now.Spec.Replicas, r.want}
	plan := action.Plan{At: k.clock.Now(), Undo: fmt.Sprintf("Scale to %d again.", m.From),
		Summary: fmt.Sprintf("Scale %s from %d to %s.", r.ref, m.From, counted(m.To, "pod", "pods")),
		Changes: []action.Change{{What: r.ref.String(), Now: counted(m.From, "pod", "pods"), After: counted(m.To, "pod", "pods"), Count: abs(m.To - m.From), Undo: fmt.Sprintf("Scale to %d again.", m.From)}}}
	switch {
	case m.From == m.To:
		plan.Nothing, plan.Summary = true, fmt.Sprintf("%s has %s already.", r.ref, counted(m.To, "pod", "pods"))
		return seal(call, plan, m)
	case m.To < m.From:
		plan.Costs = []string{fmt.Sprintf("%s are stopped, whichever the cluster chooses; disruption budgets do not guard against scaling.", counted(m.From-m.To, "pod", "pods"))}
	}
	if m.To == 0 {
		plan.Costs = append(plan.Costs, "Nothing serves any more.")
	}
	if err := r.scale(ctx, m, true); err != nil {
		return action.Plan{}, err
	}
	return seal(call, plan, m)
}

func abs(n int) int { return max(n, -n) }

// scale sets the number, if it is still the one that was planned from.
func (r *scaling) scale(ctx context.Context, m scaleMark, dry bool) error {
	_, err := r.change(ctx, r.resource(), m.Namespace, m.Workload.Name, dry,
		test("/metadata/uid", m.UID), test("/spec/replicas", m.From), replace("/spec/replicas", m.To))
	return err
}

// Do implements action.Kind.
func (k *Scale) Do(ctx context.Context, call action.Call, plan action.Plan, led action.Ledger) (action.Result, error) {
	m, err := unseal[scaleMark](k.base, call, plan)
	if err != nil {
		return action.Result{}, err
	}
	r, err := k.approach(call)
	if err != nil {
		return action.Result{}, err
	}
	now, err := r.size(ctx)
	switch {
	case fault.Is(err, fault.NotFound), err == nil && now.Metadata.UID != m.UID:
		err = fault.New(fault.Conflict, "%s was deleted or made anew since the plan was made. Nothing was done; plan again.", r.ref)
	case err == nil && (now.Spec.Replicas != m.From || plan.Nothing):
		err = fault.New(fault.Conflict, "%s has %s now, not %d as when the plan was made. Nothing was done; plan again.", r.ref, counted(now.Spec.Replicas, "pod", "pods"), m.From)
	case err == nil:
		err = r.owner(ctx)
	}
	if err == nil {
		err = led.Commit(ctx, stepChanging, fmt.Append(nil, m.To))
	}
	if err != nil {
		return action.Result{}, err
	}
	if err := r.scale(ctx, m, false); err != nil {
		return action.Result{}, err
	}
	if err := led.Commit(context.WithoutCancel(ctx), stepChanged, fmt.Append(nil, m.To)); err != nil {
		return action.Result{}, err
	}
	return k.scaled(call, m, fmt.Sprintf("Scaled %s from %d to %s.", r.ref, m.From, counted(m.To, "pod", "pods")))
}

func (k *Scale) scaled(call action.Call, m scaleMark, say string) (action.Result, error) {
	settings, err := settingsOf(call)
	return action.Result{Done: true, Summary: say,
		Facts: map[string]any{"namespace": m.Namespace, "workload": m.Workload.String(), "from": m.From, "to": m.To},
		Undo: &action.Undo{Say: fmt.Sprintf("Scale %s to %d again.", m.Workload, m.From), Kind: k.name, Settings: settings,
			Inputs: map[string]any{"namespace": m.Namespace, "workload": m.Workload.String(), "replicas": m.From}}}, err
}

// Reconcile implements action.Kind.
func (k *Scale) Reconcile(ctx context.Context, call action.Call, plan action.Plan, steps []action.Step, _ action.Ledger) (action.Result, error) {
	if len(steps) == 0 {
		return action.Result{Summary: "The run broke off before anything was changed."}, nil
	}
	m, err := unseal[scaleMark](k.base, call, plan)
	if err != nil {
		return action.Result{}, err
	}
	done := fmt.Sprintf("%s was scaled from %d to %d before the run broke off.", m.Workload, m.From, m.To)
	if steps[len(steps)-1].Name == stepChanged {
		return k.scaled(call, m, done)
	}
	r, err := k.approach(call)
	if err != nil {
		return action.Result{}, err
	}
	var now size
	err = r.settled(ctx, steps[0].At, func() (err error) {
		now, err = r.size(ctx)
		return err
	})
	switch {
	case fault.Is(err, fault.NotFound), err == nil && now.Metadata.UID != m.UID:
		return action.Result{Unknown: true, Summary: fmt.Sprintf("%s was deleted or made anew meanwhile. Look how many pods it has.", m.Workload)}, nil
	case err != nil:
		return action.Result{}, err
	case now.Spec.Replicas == m.To:
		return k.scaled(call, m, done)
	case now.Spec.Replicas == m.From:
		return action.Result{Summary: fmt.Sprintf("%s has %s as before: the run broke off before it was scaled. Plan again.", m.Workload, counted(m.From, "pod", "pods"))}, nil
	}
	return action.Result{Unknown: true, Summary: fmt.Sprintf("%s has %s, which is neither what it had nor what was asked for. Ask who else scales it.", m.Workload, counted(now.Spec.Replicas, "pod", "pods"))}, nil
}

// Prove implements action.Prover: it helped when all pods that shall be there are ready.
func (k *Scale) Prove(ctx context.Context, call action.Call, plan action.Plan, _ action.Result, led action.Ledger) (action.Finding, error) {
	m, err := unseal[scaleMark](k.base, call, plan)
	if err != nil {
		return action.Finding{}, err
	}
	r, err := k.approach(call)
	if err != nil {
		return action.Finding{}, err
	}
	var w workload
	done, err := until(ctx, k.clock, given(r.settings.Wait, usualWait), func() (bool, error) {
		w, err = get[workload](ctx, r.site, resourceOf(m.Workload.Kind), m.Namespace, m.Workload.Name)
		if err != nil {
			return false, err
		}
		led.Progress(min(w.Status.ReadyReplicas, m.To), m.To, "ready pods of "+m.Workload.String())
		return w.Status.ReadyReplicas == m.To && w.Status.Replicas == m.To, nil
	})
	if err != nil {
		return action.Finding{}, err
	}
	facts := map[string]any{"ready": w.Status.ReadyReplicas, "desired": m.To}
	if done {
		return action.Finding{Helped: true, Facts: facts, Summary: fmt.Sprintf("%s has %s, all of them ready.", m.Workload, counted(m.To, "pod", "pods"))}, nil
	}
	return action.Finding{Facts: facts, Summary: fmt.Sprintf("%s has %d of %d pods ready after %s. Look whether the cluster has room for them, or escalate.",
		m.Workload, w.Status.ReadyReplicas, m.To, lasted(given(r.settings.Wait, usualWait)))}, nil
}
