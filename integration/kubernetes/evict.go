package kubernetes

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"frontline/action"
	"frontline/fault"
)

// Evict is the kind "kubernetes.evict": it restarts a failing pod by having its controller make a new one.
type Evict struct{ base }

var _ action.Prover = (*Evict)(nil)

type evictSettings struct {
	cluster
	scope
	Pause    *action.Duration `json:"pause"`    // between two restarts of one workload; 5m
	Tries    int              `json:"tries"`    // restarts of one workload within an hour, until people must look; 2
	Unready  *action.Duration `json:"unready"`  // not ready for so long is failing; 5m
	Restarts int              `json:"restarts"` // so many restarts, the last within 10 minutes, are failing; 5
	Wait     *action.Duration `json:"wait"`     // for the new pod to become ready; 2m
	Steady   *action.Duration `json:"steady"`   // how long it must stay ready; 10s
}

const (
	usualPause, mostPause   = 5 * time.Minute, 24 * time.Hour
	usualTries, mostTries   = 2, 20
	usualWait, mostWait     = 2 * time.Minute, 4 * time.Minute // the Runner waits five
	usualSteady, mostSteady = 10 * time.Second, time.Minute
	triesWithin             = time.Hour // the cluster forgets its events after that
)

func (s *evictSettings) check() error {
	if err := s.cluster.check(); err != nil {
		return err
	}
	if err := s.scope.check(); err != nil {
		return err
	}
	if s.Tries == 0 {
		s.Tries = usualTries
	}
	if s.Restarts == 0 {
		s.Restarts = usualRestarts
	}
	switch {
	case s.Tries < 1 || s.Tries > mostTries:
		return fault.Wrong("tries", "The setting tries is between 1 and %d.", mostTries)
	case s.Restarts < 1:
		return fault.Wrong("restarts", "The setting restarts is at least 1.")
	}
	return cmp.Or(span("pause", s.Pause, mostPause), span("unready", s.Unready, mostUnready), span("wait", s.Wait, mostWait), span("steady", s.Steady, mostSteady))
}

func (s evictSettings) signs() signs { return signs{given(s.Unready, usualUnready), s.Restarts} }

// Check implements action.Kind.
func (k *Evict) Check(raw json.RawMessage) error {
	_, err := parse[evictSettings](k.base, raw)
	return err
}

// choice is what a person chose.
type choice struct {
	Namespace, Pod  string
	Workload        workloadRef
	Healthy, Single bool // although it is healthy; although it is the only one
}

// eviction is one use of the kind.
type eviction struct {
	*site
	settings evictSettings
	chosen   choice
	call     action.Call
}

func (k *Evict) approach(call action.Call) (*eviction, error) {
	s, err := parse[evictSettings](k.base, call.Settings)
	if err != nil {
		return nil, err
	}
	in := &inputs{given: call.Inputs}
	e := &eviction{settings: s, call: call, chosen: choice{Namespace: in.namespace(s.scope), Pod: in.name("pod"),
		Healthy: in.yes("even_if_healthy"), Single: in.yes("even_if_single")}}
	e.chosen.Workload = in.workload(s.scope, e.chosen.Pod == "")
	if in.err != nil {
		return nil, in.err
	}
	e.site, err = k.open(s.cluster, call)
	return e, err
}

// evictMark is what a plan remembers.
type evictMark struct {
	Namespace string      `json:"namespace"`
	Pod       string      `json:"pod"`
	UID       types.UID   `json:"uid"`
	Workload  workloadRef `json:"workload"`
	Owner     types.UID   `json:"owner"`
	Known     []types.UID `json:"known"` // the workload's pods, so that a new one is recognised
}

// Plan implements action.Kind. Nobody but the API server knows whether an eviction is allowed, so it is asked with a dry run.
func (k *Evict) Plan(ctx context.Context, call action.Call) (action.Plan, error) {
	e, err := k.approach(call)
	if err != nil {
		return action.Plan{}, err
	}
	t, err := e.target(ctx)
	if err != nil {
		return action.Plan{}, err
	}
	if t.pod.Metadata.Name == "" {
		return seal(call, action.Plan{Nothing: true, At: k.clock.Now(), Tables: []action.Table{t.podsTable(e.clock.Now(), e.settings.signs())},
			Summary: fmt.Sprintf("No pod of %s is failing: there is nothing to restart.", t.crew.ref())}, evictMark{})
	}
	seen, err := e.guards(ctx, t)
	if err != nil {
		return action.Plan{}, err
	}
	v, err := e.evict(ctx, e.chosen.Namespace, t.pod.Metadata.Name, t.pod.Metadata.UID, true)
	if err != nil {
		return action.Plan{}, err
	}
	guarding, err := list[budget](ctx, e.site, budgets, e.chosen.Namespace, all())
	if err != nil {
		return action.Plan{}, err
	}
	return seal(call, e.describe(t, v, over(guarding, t.pod), seen), t.mark(e.chosen.Namespace))
}

// target is the pod that is to go, and its workload.
type target struct {
	pod  pod
	crew crew
}

func (t target) mark(namespace string) evictMark {
	m := evictMark{Namespace: namespace, Pod: t.pod.Metadata.Name, UID: t.pod.Metadata.UID, Workload: t.crew.ref(), Owner: t.crew.Metadata.UID}
	for _, p := range t.crew.pods {
		m.Known = append(m.Known, p.Metadata.UID)
	}
	return m
}

// target finds the pod that was chosen, or the worst one of the workload that was.
func (e *eviction) target(ctx context.Context) (target, error) {
	if e.chosen.Pod == "" {
		c, err := e.crewOf(ctx, e.chosen.Namespace, e.chosen.Workload)
		return target{c.worst(e.clock.Now(), e.settings.signs()), c}, err
	}
	p, err := get[pod](ctx, e.site, pods, e.chosen.Namespace, e.chosen.Pod)
	if err != nil {
		return target{}, err
	}
	return e.targetOf(ctx, p)
}

// targetOf finds the workload of a pod, and refuses pods that nobody would replace.
func (e *eviction) targetOf(ctx context.Context, p pod) (target, error) {
	ref, err := e.ownerOf(ctx, p)
	if err == nil {
		err = e.settings.allow(ref)
	}
	if err == nil && e.chosen.Workload.Name != "" && e.chosen.Workload != ref {
		err = fault.Wrong("pod", "The pod %s belongs to %s, not to %s. Choose again.", p.Metadata.Name, ref, e.chosen.Workload)
	}
	if err != nil {
		return target{}, err
	}
	c, err := e.crewOf(ctx, e.chosen.Namespace, ref)
	return target{p, c}, err
}

// ownerOf is the workload that would replace the pod.
func (s *site) ownerOf(ctx context.Context, p pod) (workloadRef, error) {
	o := controller(p.Metadata)
	_, mirror := p.Metadata.Annotations["kubernetes.io/config.mirror"]
	switch {
	case mirror:
		return workloadRef{}, fault.New(fault.Conflict, "%s is a static pod: its node makes it from a file, and deleting it here restarts nothing. Restart it on the node %s.", p.Metadata.Name, p.Spec.NodeName)
	case o == nil:
		return workloadRef{}, fault.New(fault.Conflict, "%s is a bare pod: nothing would make a new one, so it would be lost for ever. Ask its owners to start it anew.", p.Metadata.Name)
	case o.Kind == "StatefulSet" || o.Kind == "DaemonSet":
		return workloadRef{o.Kind, o.Name}, nil
	case o.Kind != "ReplicaSet":
		return workloadRef{}, fault.New(fault.Conflict, "%s belongs to a %s, whose work might begin anew. This action restarts pods of Deployments, StatefulSets and DaemonSets; ask the owners of %s.", p.Metadata.Name, o.Kind, o.Name)
	}
	set, err := get[workload](ctx, s, replicaSets, p.Metadata.Namespace, o.Name)
	if err != nil {
		return workloadRef{}, err
	}
	if above := controller(set.Metadata); above != nil && above.Kind == "Deployment" {
		return workloadRef{"Deployment", above.Name}, nil
	}
	return workloadRef{"ReplicaSet", o.Name}, nil
}

// worst is the failing pod that a restart may help most: the one with the most restarts.
func (c crew) worst(now time.Time, by signs) pod {
	var worst pod
	most := -1
	for _, p := range c.pods {
		if t, ok := p.trouble(now, by); !ok && t.helps && p.restarts() > most {
			worst, most = p, p.restarts()
		}
	}
	return worst
}

// describe is the plan for people.
func (e *eviction) describe(t target, v verdict, guarding []budget, seen action.Table) action.Plan {
	now := e.clock.Now()
	name := t.pod.Metadata.Name
	plan := action.Plan{At: now, Tables: []action.Table{seen, t.podsTable(now, e.settings.signs()), budgetTable(guarding, v)}}
	trouble, ok := t.pod.trouble(now, e.settings.signs())
	if !v.allowed {
		plan.Nothing = true
		plan.Summary = fmt.Sprintf("The disruption budget does not let %s go now: %s %s", name, v.words, advice(guarding))
		return plan
	}
	plan.Summary = fmt.Sprintf("Restart %s of %s: evict it, and have a new pod take its place.", name, t.crew.ref())
	plan.Changes = []action.Change{{What: "Pod " + name, Now: t.pod.now(trouble, ok), After: "deleted; " + t.crew.ref().String() + " makes a new one", Count: 1}}
	plan.Costs = []string{fmt.Sprintf("Until the new pod is ready, %s has %d of %d.", t.crew.ref(), t.readyWithout(), t.crew.desired())}
	if len(guarding) == 0 {
		plan.Costs = append(plan.Costs, "No disruption budget guards this pod: the cluster would allow it at any time.")
	}
	if !trouble.helps && !ok {
		plan.Costs = append(plan.Costs, fmt.Sprintf("%s rarely goes away with a new pod: look at the image or the settings it names.", trouble.reason))
	}
	return plan
}

// readyWithout is how many of the other pods are ready.
func (t target) readyWithout() int {
	n := 0
	for _, p := range t.crew.pods {
		if p.ready() && p.Metadata.UID != t.pod.Metadata.UID {
			n++
		}
	}
	return n
}

// advice is what can be done about budgets that refuse.
func advice(guarding []budget) string {
	for _, b := range guarding {
		if b.Spec.UnhealthyPodEvictionPolicy != "AlwaysAllow" {
			return fmt.Sprintf("Wait until the other pods are ready, or ask the owners of the budget %s to set unhealthyPodEvictionPolicy: AlwaysAllow.", b.Metadata.Name)
		}
	}
	return "Wait until the other pods are ready."
}
