package kubernetes

import (
	"cmp"
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

// Drain is the kind "kubernetes.drain": it closes a node and evicts the pods that run there, as fast as their budgets allow.
type Drain struct{ base }

var _ action.Kind = (*Drain)(nil)

type drainSettings struct {
	nodeSettings
	Patience *action.Duration `json:"patience"` // how long budgets may make it wait; 5m
}

const usualPatience, mostPatience = 5 * time.Minute, 50 * time.Minute

func (s *drainSettings) check() error {
	return cmp.Or(span("patience", s.Patience, mostPatience), s.nodeSettings.check())
}

// Check implements action.Kind.
func (k *Drain) Check(raw json.RawMessage) error {
	_, err := parse[drainSettings](k.base, raw)
	return err
}

func (k *Drain) approach(call action.Call) (*site, drainSettings, string, error) {
	s, err := parse[drainSettings](k.base, call.Settings)
	if err != nil {
		return nil, s, "", err
	}
	name, err := s.choose(call.Inputs)
	if err != nil {
		return nil, s, "", err
	}
	at, err := k.open(s.cluster, call)
	return at, s, name, err
}

type drainMark struct {
	nodeMark
	Closed bool       `json:"closed"` // it was closed before
	Pods   []evicting `json:"pods"`   // that are to go
}

// stays says why a pod is left where it is; empty when it is to go.
func (p pod) stays() string {
	_, mirror := p.Metadata.Annotations["kubernetes.io/config.mirror"]
	o := controller(p.Metadata)
	switch {
	case mirror:
		return "static: belongs to the node"
	case p.Status.Phase == "Succeeded" || p.Status.Phase == "Failed":
		return "finished"
	case o != nil && o.Kind == "DaemonSet":
		return "DaemonSet: belongs on every node"
	case p.Metadata.DeletionTimestamp != nil:
		return "being deleted already"
	}
	return ""
}

// Plan implements action.Kind.
func (k *Drain) Plan(ctx context.Context, call action.Call) (action.Plan, error) {
	s, settings, name, err := k.approach(call)
	if err != nil {
		return action.Plan{}, err
	}
	n, err := get[node](ctx, s, nodes, "", name)
	if err != nil {
		return action.Plan{}, err
	}
	there, err := s.onNode(ctx, name)
	if err != nil {
		return action.Plan{}, err
	}
	m := drainMark{nodeMark: nodeMark{name, n.Metadata.UID}, Closed: n.Spec.Unschedulable}
	table, costs, err := s.judge(ctx, there, &m)
	if err != nil {
		return action.Plan{}, err
	}
	if err := s.cordon(ctx, m.nodeMark, true, true); err != nil {
		return action.Plan{}, err
	}
	plan := action.Plan{At: k.clock.Now(), Tables: []action.Table{table}, Undo: "Open the node again; its pods stay where they went.",
		Summary: fmt.Sprintf("Close the node %s and evict %s, waiting up to %s for their budgets.", name, counted(len(m.Pods), "pod", "pods"), lasted(given(settings.Patience, usualPatience))),
		Costs:   append([]string{"If a budget does not let a pod go in time, the node is opened again; what was evicted until then stays away."}, costs...),
		Changes: []action.Change{{What: "Node " + name, Now: state(n.Spec.Unschedulable), After: state(true), Count: 1, Undo: "Open it again."}}}
	if len(m.Pods) > 0 {
		plan.Changes = append(plan.Changes, action.Change{What: "Pods", Now: "on " + name, After: "evicted; their controllers make new ones elsewhere", Count: len(m.Pods)})
	}
	if m.Closed && len(m.Pods) == 0 {
		plan.Nothing, plan.Summary = true, fmt.Sprintf("The node %s is closed and empty already.", name)
	}
	return seal(call, plan, m)
}

// judge decides about each pod, and asks the server for its verdict about those that are to go.
func (s *site) judge(ctx context.Context, there []pod, m *drainMark) (action.Table, []string, error) {
	table := action.Table{Title: "Pods on " + m.Node, Columns: []string{"Namespace", "Pod", "What happens", "Budget says now"}}
	var costs []string
	for _, p := range there {
		row := []string{p.Metadata.Namespace, p.Metadata.Name, "stays (" + p.stays() + ")", ""}
		if p.stays() == "" {
			if controller(p.Metadata) == nil {
				return table, nil, fault.New(fault.Conflict, "%s in %s is a bare pod: nothing would make a new one elsewhere, so it would be lost. Ask its owners to move it first.", p.Metadata.Name, p.Metadata.Namespace)
			}
			v, err := s.evict(ctx, p.Metadata.Namespace, p.Metadata.Name, p.Metadata.UID, true)
			if err != nil && !fault.Is(err, fault.NotFound) {
				return table, nil, err
			}
			row[2], row[3] = "evicted", "allowed"
			if !v.allowed && err == nil {
				row[3] = v.words
			}
			m.Pods = append(m.Pods, evicting{p.Metadata.Namespace, p.Metadata.Name, p.Metadata.UID})
			costs = append(costs, p.losses()...)
		}
		table.Rows = append(table.Rows, row)
	}
	return table, costs, nil
}

// losses are what goes away with a pod.
func (p pod) losses() []string {
	for _, v := range p.Spec.Volumes {
		if v.EmptyDir != nil {
			return []string{fmt.Sprintf("What %s keeps in its volume %s (emptyDir) is lost.", p.Metadata.Name, v.Name)}
		}
	}
	return nil
}

// The steps of a drain, beside those of each eviction.
const (
	stepClosing   = "closing"
	stepClosed    = "closed"
	stepReopening = "reopening"
	stepReopened  = "reopened"
	stepDrained   = "drained"
)

// draining is one run of it.
type draining struct {
	*site
	mark     drainMark
	patience time.Duration
	led      action.Ledger
	evicted  int
	there    map[types.UID]bool // the pods that are on the node now
}

// Do implements action.Kind.
func (k *Drain) Do(ctx context.Context, call action.Call, plan action.Plan, led action.Ledger) (action.Result, error) {
	d, err := k.start(ctx, call, plan, led)
	if err != nil {
		return action.Result{}, err
	}
	if err := led.Commit(ctx, stepClosing, nil); err != nil {
		return action.Result{}, err
	}
	if err := d.cordon(ctx, d.mark.nodeMark, true, false); err != nil {
		return action.Result{}, err
	}
	if err := led.Commit(context.WithoutCancel(ctx), stepClosed, nil); err != nil {
		return action.Result{}, err
	}
	led.Printf("The node %s is closed to new pods.", d.mark.Node)
	if err := d.empty(ctx); err != nil {
		return d.giveUp(ctx, err)
	}
	if err := led.Commit(context.WithoutCancel(ctx), stepDrained, nil); err != nil {
		return action.Result{}, err
	}
	return k.drained(call, d.mark, fmt.Sprintf("The node %s is closed and %s evicted.", d.mark.Node, counted(len(d.mark.Pods), "pod was", "pods were")))
}

func (k *Drain) start(ctx context.Context, call action.Call, plan action.Plan, led action.Ledger) (*draining, error) {
	m, err := unseal[drainMark](k.base, call, plan)
	if err != nil {
		return nil, err
	}
	s, settings, name, err := k.approach(call)
	if err != nil {
		return nil, err
	}
	d := &draining{site: s, mark: m, patience: given(settings.Patience, usualPatience), led: led, there: map[types.UID]bool{}}
	n, err := get[node](ctx, s, nodes, "", name)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	if err != nil || n.Metadata.UID != m.UID || n.Spec.Unschedulable != m.Closed || plan.Nothing {
		return nil, fault.New(fault.Conflict, "The node %s is not as it was when the plan was made. Nothing was done; plan again.", name)
	}
	there, err := s.onNode(ctx, name)
	if err != nil {
		return nil, err
	}
	for _, p := range there {
		planned := slices.ContainsFunc(m.Pods, func(e evicting) bool { return e.UID == p.Metadata.UID })
		if p.stays() == "" && !planned {
			return nil, fault.New(fault.Conflict, "%s has come to the node %s since the plan was made. Nothing was done; plan again.", p.Metadata.Name, name)
		}
		d.there[p.Metadata.UID] = true
	}
	return d, nil
}

// empty evicts the pods. One whose budget says no is tried again after the others.
func (d *draining) empty(ctx context.Context) error {
	left := slices.DeleteFunc(slices.Clone(d.mark.Pods), func(e evicting) bool { return !d.there[e.UID] })
	began, pause := d.clock.Now(), time.Second
	for len(left) > 0 {
		var still []evicting
		said := ""
		for _, e := range left {
			d.led.Progress(d.evicted, len(d.mark.Pods), "evicting "+e.Pod)
			v, err := d.out(ctx, e)
			if err != nil {
				return err
			}
			if !v.allowed {
				still, said = append(still, e), v.words
			}
		}
		if len(still) > 0 && d.clock.Now().Sub(began) >= d.patience {
			return fault.New(fault.Unavailable, "%s could not be evicted within %s: %s", counted(len(still), "pod", "pods"), lasted(d.patience), said)
		}
		if len(still) == len(left) {
			if err := wait(ctx, d.clock, min(pause, d.patience)); err != nil {
				return err
			}
			pause = min(2*pause, 15*time.Second)
		}
		left = still
	}
	return nil
}

// out evicts one pod.
func (d *draining) out(ctx context.Context, e evicting) (verdict, error) {
	if v, err := d.evict(ctx, e.Namespace, e.Pod, e.UID, true); err == nil && !v.allowed {
		return v, nil // not worth a step
	}
	payload, err := json.Marshal(e)
	if err == nil {
		err = d.led.Commit(ctx, stepEvicting, payload)
	}
	if err != nil {
		return verdict{}, err
	}
	v, err := d.evict(ctx, e.Namespace, e.Pod, e.UID, false)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Conflict) { // it went by itself
		v, err = verdict{allowed: true}, nil
	}
	if err != nil || !v.allowed {
		return v, err
	}
	d.evicted++
	d.led.Printf("Evicted %s in %s.", e.Pod, e.Namespace)
	return v, d.led.Commit(context.WithoutCancel(ctx), stepEvicted, payload)
}

// giveUp opens the node again, unless it was closed before, and says how far it came.
func (d *draining) giveUp(ctx context.Context, why error) (action.Result, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askWithin)
	defer cancel()
	say := fmt.Sprintf("%s %d of %s were evicted before.", sentence(fault.Sentence(why)), d.evicted, counted(len(d.mark.Pods), "pod", "pods"))
	facts := map[string]any{"node": d.mark.Node, "evicted": d.evicted, "planned": len(d.mark.Pods)}
	if d.mark.Closed {
		return action.Result{Unknown: true, Facts: facts, Summary: say + " The node stays closed, as it was. Look at it, and drain it again when its budgets allow."}, nil
	}
	err := d.led.Commit(ctx, stepReopening, nil)
	if err == nil {
		err = d.cordon(ctx, d.mark.nodeMark, false, false)
	}
	if err == nil {
		err = d.led.Commit(ctx, stepReopened, nil)
	}
	if err != nil {
		d.led.Printf("The node could not be opened again. %s", fault.Sentence(err))
		return action.Result{}, fault.Wrap(err, fault.Unavailable, "%s The node is still closed: open it with kubernetes.uncordon.", say)
	}
	if d.evicted == 0 {
		return action.Result{Facts: facts, Summary: say + " The node is open again."}, nil
	}
	return action.Result{Unknown: true, Facts: facts, Summary: say + " The node is open again. Look where its pods went."}, nil
}

func (k *Drain) drained(call action.Call, m drainMark, say string) (action.Result, error) {
	res := action.Result{Done: true, Summary: say, Facts: map[string]any{"node": m.Node, "evicted": len(m.Pods)}}
	if m.Closed {
		return res, nil
	}
	settings, err := settingsOf(call)
	delete(settings, "patience")
	res.Undo = &action.Undo{Say: fmt.Sprintf("Open the node %s again. Its pods stay where they went.", m.Node), Kind: "kubernetes.uncordon",
		Settings: settings, Inputs: map[string]any{"node": m.Node}}
	return res, err
}

// Reconcile implements action.Kind. It counts which pods are gone, and says whether the node is closed.
func (k *Drain) Reconcile(ctx context.Context, call action.Call, plan action.Plan, steps []action.Step, _ action.Ledger) (action.Result, error) {
	if len(steps) == 0 {
		return action.Result{Summary: "The run broke off before anything was changed."}, nil
	}
	m, err := unseal[drainMark](k.base, call, plan)
	if err != nil {
		return action.Result{}, err
	}
	if steps[len(steps)-1].Name == stepDrained {
		return k.drained(call, m, fmt.Sprintf("The node %s was drained before the run broke off.", m.Node))
	}
	s, _, name, err := k.approach(call)
	if err != nil {
		return action.Result{}, err
	}
	var n node
	var left []string
	err = s.settled(ctx, steps[len(steps)-1].At, func() (err error) {
		if n, err = get[node](ctx, s, nodes, "", name); err == nil {
			left, err = s.left(ctx, m)
		}
		return err
	})
	facts := map[string]any{"node": name, "left": len(left), "planned": len(m.Pods)}
	begun := slices.ContainsFunc(steps, func(s action.Step) bool { return s.Name == stepEvicting })
	switch {
	case fault.Is(err, fault.NotFound), err == nil && n.Metadata.UID != m.UID:
		return action.Result{Unknown: true, Facts: facts, Summary: fmt.Sprintf("The node %s was removed or added anew meanwhile. Look at it.", name)}, nil
	case err != nil:
		return action.Result{}, err
	case n.Spec.Unschedulable && len(left) == 0:
		return k.drained(call, m, fmt.Sprintf("The node %s is closed and none of the pods is left there: it was drained before the run broke off.", name))
	case n.Spec.Unschedulable == m.Closed && (!begun || len(left) == len(m.Pods)):
		return action.Result{Facts: facts, Summary: fmt.Sprintf("The node %s is %s as before, and all its pods are there. Plan again.", name, state(m.Closed))}, nil
	}
	return action.Result{Unknown: true, Facts: facts, Summary: fmt.Sprintf("The run broke off in the middle: the node %s is %s, and %d of %s left there%s. Drain it again, or open it with kubernetes.uncordon.",
		name, state(n.Spec.Unschedulable), len(left), counted(len(m.Pods), "pod is", "pods are"), named(left))}, nil
}

// left are the pods of the plan that are still on their node and not going.
func (s *site) left(ctx context.Context, m drainMark) ([]string, error) {
	there, err := s.onNode(ctx, m.Node)
	var left []string
	for _, p := range there {
		if p.Metadata.DeletionTimestamp == nil && slices.ContainsFunc(m.Pods, func(e evicting) bool { return e.UID == p.Metadata.UID }) {
			left = append(left, p.Metadata.Name)
		}
	}
	return left, err
}

func named(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return " (" + strings.Join(names[:min(len(names), 5)], ", ") + ")"
}
