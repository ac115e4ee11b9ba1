package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"frontline/action"
	"frontline/fault"
)

// survey is everything about the workloads of one namespace.
type survey struct {
	namespace string
	crews     []crew
	bare      []pod // that no workload of these kinds owns
	budgets   []budget
}

// survey reads a namespace once.
func (s *site) survey(ctx context.Context, namespace string, allowed scope) (survey, error) {
	found := survey{namespace: namespace}
	everyone, err := list[pod](ctx, s, pods, namespace, all())
	if err != nil {
		return found, err
	}
	sets, err := list[workload](ctx, s, replicaSets, namespace, all())
	if err != nil {
		return found, err
	}
	if found.budgets, err = list[budget](ctx, s, budgets, namespace, all()); err != nil {
		return found, err
	}
	owned := map[string]bool{}
	for _, kind := range workloadKinds() {
		some, err := list[workload](ctx, s, resourceOf(kind), namespace, all())
		if err != nil {
			return found, err
		}
		for _, w := range some {
			w.Kind = kind
			c := muster(w, sets, everyone)
			for _, p := range c.pods {
				owned[string(p.Metadata.UID)] = true
			}
			if allowed.allow(w.ref()) == nil {
				found.crews = append(found.crews, c)
			}
		}
	}
	for _, p := range everyone {
		if !owned[string(p.Metadata.UID)] {
			found.bare = append(found.bare, p)
		}
	}
	return found, nil
}

// reader is what the kinds that only look have in common.
type reader struct {
	*site
	settings   readSettings
	namespaces []string
}

type readSettings struct {
	cluster
	scope
	Unready  *action.Duration `json:"unready"`
	Restarts int              `json:"restarts"`
	Offer    offers           `json:"offer"` // "evict": the id of an action of kind kubernetes.evict that the result links to
}

func (s *readSettings) check() error {
	if err := s.cluster.check(); err != nil {
		return err
	}
	if err := s.scope.check(); err != nil {
		return err
	}
	if s.Restarts == 0 {
		s.Restarts = usualRestarts
	}
	if s.Restarts < 0 {
		return fault.Wrong("restarts", "The setting restarts is at least 1.")
	}
	for kind, id := range s.Offer {
		switch kind {
		case "evict", "rollback", "restart-rollout":
		default:
			return fault.Wrong("offer", "The setting offer knows evict, rollback and restart-rollout; %.60q is none of them.", kind)
		}
		if id == "" || strings.ContainsAny(id, "?&# \n") {
			return fault.Wrong("offer", "Name the id of an action under offer.%s.", kind)
		}
	}
	return span("unready", s.Unready, mostUnready)
}

func (s readSettings) signs() signs { return signs{given(s.Unready, usualUnready), s.Restarts} }

func (b base) reader(call action.Call) (*reader, error) {
	s, err := parse[readSettings](b, call.Settings)
	if err != nil {
		return nil, err
	}
	in := &inputs{given: call.Inputs}
	r := &reader{settings: s, namespaces: s.names()}
	if v := call.Inputs["namespace"]; v != nil && v != "" {
		r.namespaces = []string{in.namespace(s.scope)}
	}
	if in.err != nil {
		return nil, in.err
	}
	r.site, err = b.open(s.cluster, call)
	return r, err
}

// planLook is the plan of a kind that only looks.
func (b base) planLook(ctx context.Context, call action.Call, what string) (action.Plan, error) {
	r, err := b.reader(call)
	if err != nil {
		return action.Plan{}, err
	}
	// A question that costs nothing says now rather than later that the cluster is not there or does not let us in.
	if _, err := r.allowed(ctx, question{verb: "list", on: pods, namespace: r.namespaces[0]}); err != nil {
		return action.Plan{}, err
	}
	where := strings.Join(r.namespaces, ", ")
	return seal(call, action.Plan{At: b.clock.Now(), Summary: fmt.Sprintf("Look at %s in %s.", what, where),
		Changes: []action.Change{{What: where, Now: "as it is", After: "unchanged: this only looks"}}}, struct{}{})
}

func (b base) readerAgain(call action.Call, plan action.Plan) (*reader, error) {
	if _, err := unseal[struct{}](b, call, plan); err != nil {
		return nil, err
	}
	return b.reader(call)
}

// reconcileLook is Reconcile of a kind that only looks.
func reconcileLook(steps []action.Step) (action.Result, error) {
	if len(steps) > 0 {
		return action.Result{Done: true, Summary: "It was looked at before the run broke off, and nothing was changed. Look again for what is so now."}, nil
	}
	return action.Result{Summary: "The run broke off while it looked. Nothing was changed; look again."}, nil
}

// stepLooked ends a look.
const stepLooked = "looked"

// Lint is the kind "kubernetes.lint": it finds what will hurt some night, before that night.
type Lint struct{ base }

var _ action.Kind = (*Lint)(nil)

// Check implements action.Kind.
func (k *Lint) Check(raw json.RawMessage) error {
	_, err := parse[readSettings](k.base, raw)
	return err
}

// Plan implements action.Kind.
func (k *Lint) Plan(ctx context.Context, call action.Call) (action.Plan, error) {
	return k.planLook(ctx, call, "what will hurt some night")
}

// Do implements action.Kind.
func (k *Lint) Do(ctx context.Context, call action.Call, plan action.Plan, led action.Ledger) (action.Result, error) {
	r, err := k.readerAgain(call, plan)
	if err != nil {
		return action.Result{}, err
	}
	table := action.Table{Title: "What will hurt some night", Columns: []string{"Namespace", "Where", "What", "What would be right"}}
	for i, namespace := range r.namespaces {
		led.Progress(i, len(r.namespaces), "looking at "+namespace)
		found, err := r.survey(ctx, namespace, r.settings.scope)
		if err != nil {
			return action.Result{}, err
		}
		table.Rows = append(table.Rows, found.lint()...)
	}
	if err := led.Commit(ctx, stepLooked, nil); err != nil {
		return action.Result{}, err
	}
	res := action.Result{Done: true, Summary: "Nothing was found that would hurt some night.", Facts: map[string]any{"findings": len(table.Rows)}}
	if len(table.Rows) > 0 {
		res.Summary = fmt.Sprintf("%s that will hurt some night.", counted(len(table.Rows), "thing was found", "things were found"))
		res.Tables = []action.Table{table}
	}
	return res, nil
}

// Reconcile implements action.Kind.
func (*Lint) Reconcile(_ context.Context, _ action.Call, _ action.Plan, steps []action.Step, _ action.Ledger) (action.Result, error) {
	return reconcileLook(steps)
}

// lint is what is wrong in a namespace, one row each.
func (s survey) lint() [][]string {
	var rows [][]string
	add := func(where, what, right string) { rows = append(rows, []string{s.namespace, where, what, right}) }
	for _, c := range s.crews {
		for _, f := range c.lint(s.budgets) {
			add(c.ref().String(), f[0], f[1])
		}
	}
	for _, b := range s.budgets {
		for _, f := range b.lint() {
			add(b.name(), f[0], f[1])
		}
	}
	for _, p := range s.bare {
		if controller(p.Metadata) == nil && p.stays() == "" {
			add("pod/"+p.Metadata.Name, "Nothing makes a new one when it is lost.", "Make it part of a Deployment.")
		}
	}
	return rows
}

// lint is what is wrong with one workload: what, and what would be right.
func (c crew) lint(known []budget) [][2]string {
	var found [][2]string
	n := c.desired()
	if c.Kind == "DaemonSet" || n == 0 {
		return nil
	}
	guarding := guarding(known, c)
	how := c.Spec.Strategy
	if c.Kind == "StatefulSet" {
		how = c.Spec.UpdateStrategy
	}
	switch {
	case n == 1:
		found = append(found, [2]string{"It has one replica: every restart is an outage.", "Run two, with a budget of maxUnavailable: 1."})
	case len(guarding) == 0:
		found = append(found, [2]string{"No disruption budget: a drain may take all its pods at once.", "Add a PodDisruptionBudget with maxUnavailable: 1."})
	case len(guarding) > 1:
		found = append(found, [2]string{"Several budgets guard its pods: the cluster refuses every eviction.", "Keep one of them."})
	}
	for _, b := range guarding {
		found = append(found, b.stuck(n)...)
	}
	if how.Type == "Recreate" || n > 1 && how.takesAll(n) {
		found = append(found, [2]string{"A rollout stops all pods at once.", "Use RollingUpdate with maxUnavailable below 100 %."})
	}
	if c.Kind == "Deployment" && len(c.sets) == 1 && c.revision() > 1 {
		found = append(found, [2]string{"It keeps no earlier revision: there is nothing to roll back to.", "Raise revisionHistoryLimit."})
	}
	return found
}

// guarding are the budgets over the workload's pods: over its template's labels, so that one without pods counts too.
func guarding(known []budget, c crew) []budget {
	var t struct {
		Metadata struct{ Labels map[string]string }
	}
	if json.Unmarshal(c.Spec.Template, &t) != nil {
		return nil
	}
	p := pod{}
	p.Metadata.Labels = t.Metadata.Labels
	return over(known, p)
}
