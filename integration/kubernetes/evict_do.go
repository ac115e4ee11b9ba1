package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"frontline/action"
	"frontline/fault"
)

// The steps of an eviction.
const (
	stepEvicting = "evicting" // from here on the pod may be gone
	stepEvicted  = "evicted"  // the API server has taken the eviction
)

// evicting is the payload of both steps.
type evicting struct {
	Namespace string    `json:"namespace"`
	Pod       string    `json:"pod"`
	UID       types.UID `json:"uid"`
}

// Do implements action.Kind. The request carries the pod's UID, so that the API server itself refuses a second one.
func (k *Evict) Do(ctx context.Context, call action.Call, plan action.Plan, led action.Ledger) (action.Result, error) {
	e, m, t, err := k.again(ctx, call, plan)
	if err != nil {
		return action.Result{}, err
	}
	if _, err := e.guards(ctx, t); err != nil {
		return action.Result{}, err
	}
	led.Progress(1, 3, "keeping what developers will ask for")
	kept, err := e.snapshot(ctx, t.pod, t.crew, led)
	if err != nil {
		return action.Result{}, err
	}
	step, err := json.Marshal(evicting{m.Namespace, m.Pod, m.UID})
	if err == nil {
		err = led.Commit(ctx, stepEvicting, step)
	}
	if err != nil {
		return action.Result{}, err
	}
	led.Progress(2, 3, "evicting "+m.Pod)
	v, err := e.evict(ctx, m.Namespace, m.Pod, m.UID, false)
	switch {
	case fault.Is(err, fault.NotFound):
		return action.Result{}, fault.Wrap(err, fault.Conflict, "%s was gone before it could be evicted. Nothing was done; plan again.", m.Pod)
	case err != nil:
		return action.Result{}, err
	case !v.allowed:
		return action.Result{}, fault.New(fault.Conflict, "The disruption budget did not let %s go: %s Nothing was done; plan again.", m.Pod, v.words)
	}
	settled := context.WithoutCancel(ctx)
	if err := led.Commit(settled, stepEvicted, step); err != nil {
		return action.Result{}, err
	}
	e.remember(settled, m, led)
	led.Progress(3, 3, "evicted; waiting for the new pod")
	res := e.result(m, t)
	res.Tables, res.Files = kept.tables, kept.files
	return res, nil
}

// again looks whether the world is still the one that was planned for.
func (k *Evict) again(ctx context.Context, call action.Call, plan action.Plan) (*eviction, evictMark, target, error) {
	m, err := unseal[evictMark](k.base, call, plan)
	if err != nil {
		return nil, m, target{}, err
	}
	if m.UID == "" {
		return nil, m, target{}, fault.New(fault.Conflict, "This plan found nothing to restart. Plan again.")
	}
	e, err := k.approach(call)
	if err != nil {
		return nil, m, target{}, err
	}
	p, err := get[pod](ctx, e.site, pods, m.Namespace, m.Pod)
	switch {
	case fault.Is(err, fault.NotFound), err == nil && p.Metadata.UID != m.UID:
		return nil, m, target{}, fault.New(fault.Conflict, "%s has been replaced since the plan was made. Nothing was done; plan again.", m.Pod)
	case err == nil && p.Metadata.DeletionTimestamp != nil:
		return nil, m, target{}, fault.New(fault.Conflict, "%s is being deleted already. Nothing was done; plan again.", m.Pod)
	case err != nil:
		return nil, m, target{}, err
	}
	t, err := e.targetOf(ctx, p)
	if err == nil && t.crew.Metadata.UID != m.Owner {
		err = fault.New(fault.Conflict, "%s was made anew since the plan was made. Nothing was done; plan again.", m.Workload)
	}
	return e, m, t, err
}

func (e *eviction) result(m evictMark, t target) action.Result {
	trouble, _ := t.pod.trouble(e.clock.Now(), e.settings.signs())
	return action.Result{
		Done: true, Summary: fmt.Sprintf("Evicted %s of %s; a new pod takes its place.", m.Pod, m.Workload),
		Facts: map[string]any{"namespace": m.Namespace, "pod": m.Pod, "uid": string(m.UID), "workload": m.Workload.String(), "restarts": trouble.restarts},
	}
}

// settleFor is how long a request that was on its way when we died may take to have its effect.
const settleFor = 2 * time.Second

// Reconcile implements action.Kind. The pod's UID tells: as long as it is there and not going, it was not evicted.
func (k *Evict) Reconcile(ctx context.Context, call action.Call, plan action.Plan, steps []action.Step, _ action.Ledger) (action.Result, error) {
	i := slices.IndexFunc(steps, func(s action.Step) bool { return s.Name == stepEvicting })
	if i < 0 {
		return action.Result{Summary: "The run broke off before the pod was evicted."}, nil
	}
	var was evicting
	if err := json.Unmarshal(steps[i].Payload, &was); err != nil {
		return action.Result{}, fault.Wrap(err, fault.Internal, "The record of this run cannot be read. Look at the pod yourself.")
	}
	facts := map[string]any{"namespace": was.Namespace, "pod": was.Pod, "uid": string(was.UID)}
	if steps[len(steps)-1].Name == stepEvicted {
		return action.Result{Done: true, Facts: facts, Summary: fmt.Sprintf("%s was evicted before the run broke off.", was.Pod)}, nil
	}
	e, err := k.approach(call)
	if err != nil {
		return action.Result{}, err
	}
	gone := false
	err = e.settled(ctx, steps[i].At, func() (err error) {
		gone, err = e.gone(ctx, was.Namespace, was.Pod, was.UID)
		return err
	})
	switch {
	case err != nil:
		return action.Result{}, err
	case gone:
		return action.Result{Done: true, Facts: facts, Summary: fmt.Sprintf("%s is gone: it was evicted before the run broke off, or somebody else took it away just then.", was.Pod)}, nil
	}
	return action.Result{Facts: facts, Summary: fmt.Sprintf("%s is still there: the run broke off before it was evicted. Plan again.", was.Pod)}, nil
}

// settled looks once no request of the step can be on its way any more.
func (s *site) settled(ctx context.Context, at time.Time, look func() error) error {
	if rest := settleFor - s.clock.Now().Sub(at); !at.IsZero() && rest > 0 {
		if err := wait(ctx, s.clock, min(rest, settleFor)); err != nil {
			return err
		}
	}
	return look()
}

// Prove implements action.Prover: it helped when a new pod became ready in the place of the old one, and stays so for a while.
func (k *Evict) Prove(ctx context.Context, call action.Call, plan action.Plan, _ action.Result, led action.Ledger) (action.Finding, error) {
	m, err := unseal[evictMark](k.base, call, plan)
	if err != nil {
		return action.Finding{}, err
	}
	e, err := k.approach(call)
	if err != nil {
		return action.Finding{}, err
	}
	began := k.clock.Now()
	var now crew
	helped, err := until(ctx, k.clock, given(e.settings.Wait, usualWait), func() (bool, error) {
		if now, err = e.crewOf(ctx, m.Namespace, m.Workload); err != nil {
			return false, err
		}
		return now.replaced(m) != nil, nil
	})
	if err != nil {
		return action.Finding{}, err
	}
	if !helped {
		return e.noHelp(m, now, "no new pod of %s became ready within "+lasted(given(e.settings.Wait, usualWait))), nil
	}
	fresh := now.replaced(m)
	led.Printf("%s is ready after %s; looking whether it stays so.", fresh.Metadata.Name, lasted(k.clock.Now().Sub(began)))
	if err := wait(ctx, k.clock, given(e.settings.Steady, usualSteady)); err != nil {
		return action.Finding{}, err
	}
	if now, err = e.crewOf(ctx, m.Namespace, m.Workload); err != nil {
		return action.Finding{}, err
	}
	if still := now.replaced(m); still == nil || still.restarts() > fresh.restarts() {
		return e.noHelp(m, now, "the new pod of %s became ready and fell again"), nil
	}
	return action.Finding{Helped: true,
		Summary: fmt.Sprintf("%s is ready in the place of %s; %s has %d of %d ready.", fresh.Metadata.Name, m.Pod, m.Workload, now.ready(), now.desired()),
		Facts:   map[string]any{"new_pod": fresh.Metadata.Name, "new_uid": string(fresh.Metadata.UID), "ready": now.ready(), "desired": now.desired()}}, nil
}

// replaced is a pod that came after the plan and is ready, once the old one is not there any more.
func (c crew) replaced(m evictMark) *pod {
	if slices.ContainsFunc(c.pods, func(p pod) bool { return p.Metadata.UID == m.UID && p.Metadata.DeletionTimestamp == nil }) {
		return nil
	}
	i := slices.IndexFunc(c.pods, func(p pod) bool { return p.ready() && !slices.Contains(m.Known, p.Metadata.UID) })
	if i < 0 {
		return nil
	}
	return &c.pods[i]
}

func (e *eviction) noHelp(m evictMark, now crew, why string) action.Finding {
	say := fmt.Sprintf(why, m.Workload)
	return action.Finding{
		Summary: fmt.Sprintf("It did not help: %s. Escalate with the previous logs, and look whether the last rollout can be rolled back.", say),
		Facts:   map[string]any{"ready": now.ready(), "desired": now.desired()},
		Tables:  []action.Table{target{crew: now}.podsTable(e.clock.Now(), e.settings.signs())},
	}
}

// podsTable lists the pods of the workload.
func (t target) podsTable(now time.Time, by signs) action.Table {
	table := action.Table{Title: "Pods of " + t.crew.ref().String(), Columns: []string{"Pod", "State", "Restarts", "Age", "Node"}}
	for _, p := range t.crew.pods {
		trouble, ok := p.trouble(now, by)
		state := p.now(trouble, ok)
		if p.Metadata.DeletionTimestamp != nil {
			state = "being deleted"
		}
		table.Rows = append(table.Rows, []string{p.Metadata.Name, state, fmt.Sprint(p.restarts()), lasted(now.Sub(p.Metadata.CreationTimestamp.Time)), p.Spec.NodeName})
	}
	return table
}

// budgetTable says what the budgets demand, and what the server said.
func budgetTable(guarding []budget, v verdict) action.Table {
	table := action.Table{Title: "Disruption budgets", Columns: []string{"Budget", "Demands", "Now", "Says"}}
	says := "allowed"
	if !v.allowed {
		says = strings.TrimSpace(v.words)
	}
	for _, b := range guarding {
		table.Rows = append(table.Rows, []string{b.Metadata.Name, b.rule(), b.now(), says})
	}
	if len(guarding) == 0 {
		table.Rows = [][]string{{"none", "nothing", "", says}}
	}
	return table
}
