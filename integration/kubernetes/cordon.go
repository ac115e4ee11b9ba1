package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"frontline/action"
	"frontline/fault"
)

// Cordon is the kinds "kubernetes.cordon", which keeps new pods away from a node, and "kubernetes.uncordon", which lets them come again.
type Cordon struct {
	base
	closed bool
}

var _ action.Kind = (*Cordon)(nil)

type nodeSettings struct {
	cluster
	Nodes []string `json:"nodes"` // which ones; every node when empty
}

func (s *nodeSettings) check() error {
	if err := s.cluster.check(); err != nil {
		return err
	}
	for _, n := range s.Nodes {
		if !plainName.MatchString(n) {
			return fault.Wrong("nodes", "%.60q is no name of a node.", n)
		}
	}
	return nil
}

// choose reads the node that a person chose.
func (s *nodeSettings) choose(given map[string]any) (string, error) {
	in := &inputs{given: given}
	name := in.name("node")
	switch {
	case in.err != nil:
		return "", in.err
	case name == "" && len(s.Nodes) == 1:
		return s.Nodes[0], nil
	case name == "":
		return "", fault.Wrong("node", "Choose the node.")
	case len(s.Nodes) > 0 && !slices.Contains(s.Nodes, name):
		return "", fault.Wrong("node", "This action is not for that node. Choose one of: %s.", strings.Join(s.Nodes, ", "))
	}
	return name, nil
}

// Check implements action.Kind.
func (k *Cordon) Check(raw json.RawMessage) error {
	_, err := parse[nodeSettings](k.base, raw)
	return err
}

func (k *Cordon) approach(call action.Call) (*site, string, error) {
	s, err := parse[nodeSettings](k.base, call.Settings)
	if err != nil {
		return nil, "", err
	}
	name, err := s.choose(call.Inputs)
	if err != nil {
		return nil, "", err
	}
	at, err := k.open(s.cluster, call)
	return at, name, err
}

type nodeMark struct {
	Node string    `json:"node"`
	UID  types.UID `json:"uid"`
}

func state(closed bool) string {
	if closed {
		return "closed to new pods"
	}
	return "open to new pods"
}

// Plan implements action.Kind.
func (k *Cordon) Plan(ctx context.Context, call action.Call) (action.Plan, error) {
	s, name, err := k.approach(call)
	if err != nil {
		return action.Plan{}, err
	}
	n, err := get[node](ctx, s, nodes, "", name)
	if err != nil {
		return action.Plan{}, err
	}
	m := nodeMark{name, n.Metadata.UID}
	undo := fmt.Sprintf("Make it %s again.", state(!k.closed))
	plan := action.Plan{At: k.clock.Now(), Summary: fmt.Sprintf("Make the node %s %s.", name, state(k.closed)), Undo: undo,
		Changes: []action.Change{{What: "Node " + name, Now: state(n.Spec.Unschedulable), After: state(k.closed), Count: 1, Undo: undo}}}
	if k.closed {
		plan.Costs = []string{"The pods that run there stay; the others have less room."}
	}
	if n.Spec.Unschedulable == k.closed {
		plan.Nothing, plan.Summary = true, fmt.Sprintf("The node %s is %s already.", name, state(k.closed))
		return seal(call, plan, m)
	}
	if err := s.cordon(ctx, m, k.closed, true); err != nil {
		return action.Plan{}, err
	}
	return seal(call, plan, m)
}

// cordon closes or opens a node, if it is still the same one. Doing it twice changes nothing more.
func (s *site) cordon(ctx context.Context, m nodeMark, closed, dry bool) error {
	_, err := s.change(ctx, nodes, "", m.Node, dry, test("/metadata/uid", m.UID), set("/spec/unschedulable", closed))
	return err
}

// Do implements action.Kind.
func (k *Cordon) Do(ctx context.Context, call action.Call, plan action.Plan, led action.Ledger) (action.Result, error) {
	m, err := unseal[nodeMark](k.base, call, plan)
	if err != nil {
		return action.Result{}, err
	}
	s, name, err := k.approach(call)
	if err != nil {
		return action.Result{}, err
	}
	n, err := get[node](ctx, s, nodes, "", name)
	switch {
	case fault.Is(err, fault.NotFound), err == nil && n.Metadata.UID != m.UID:
		return action.Result{}, fault.New(fault.Conflict, "The node %s was removed or added anew since the plan was made. Nothing was done; plan again.", name)
	case err != nil:
		return action.Result{}, err
	case n.Spec.Unschedulable == k.closed:
		return action.Result{}, fault.New(fault.Conflict, "The node %s is %s already: somebody else was quicker. Nothing was done.", name, state(k.closed))
	}
	if err := led.Commit(ctx, stepChanging, nil); err != nil {
		return action.Result{}, err
	}
	if err := s.cordon(ctx, m, k.closed, false); err != nil {
		return action.Result{}, err
	}
	if err := led.Commit(context.WithoutCancel(ctx), stepChanged, nil); err != nil {
		return action.Result{}, err
	}
	return k.result(call, m, fmt.Sprintf("The node %s is %s.", name, state(k.closed)))
}

func (k *Cordon) result(call action.Call, m nodeMark, say string) (action.Result, error) {
	settings, err := settingsOf(call)
	other := "kubernetes.uncordon"
	if !k.closed {
		other = "kubernetes.cordon"
	}
	return action.Result{Done: true, Summary: say, Facts: map[string]any{"node": m.Node},
		Undo: &action.Undo{Say: fmt.Sprintf("Make the node %s %s again.", m.Node, state(!k.closed)), Kind: other, Settings: settings,
			Inputs: map[string]any{"node": m.Node}}}, err
}

// Reconcile implements action.Kind.
func (k *Cordon) Reconcile(ctx context.Context, call action.Call, plan action.Plan, steps []action.Step, _ action.Ledger) (action.Result, error) {
	if len(steps) == 0 {
		return action.Result{Summary: "The run broke off before anything was changed."}, nil
	}
	m, err := unseal[nodeMark](k.base, call, plan)
	if err != nil {
		return action.Result{}, err
	}
	done := fmt.Sprintf("The node %s became %s before the run broke off.", m.Node, state(k.closed))
	if steps[len(steps)-1].Name == stepChanged {
		return k.result(call, m, done)
	}
	s, name, err := k.approach(call)
	if err != nil {
		return action.Result{}, err
	}
	var n node
	err = s.settled(ctx, steps[0].At, func() (err error) {
		n, err = get[node](ctx, s, nodes, "", name)
		return err
	})
	switch {
	case fault.Is(err, fault.NotFound), err == nil && n.Metadata.UID != m.UID:
		return action.Result{Unknown: true, Summary: fmt.Sprintf("The node %s was removed or added anew meanwhile. Look at it.", name)}, nil
	case err != nil:
		return action.Result{}, err
	case n.Spec.Unschedulable == k.closed:
		return k.result(call, m, done)
	}
	return action.Result{Summary: fmt.Sprintf("The node %s is %s as before: the run broke off before. Plan again.", name, state(!k.closed))}, nil
}

// onNode are the pods that run on a node.
func (s *site) onNode(ctx context.Context, name string) ([]pod, error) {
	return list[pod](ctx, s, pods, "", metav1.ListOptions{FieldSelector: "spec.nodeName=" + name})
}
