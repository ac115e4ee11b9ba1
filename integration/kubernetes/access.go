package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"frontline/action"
)

// Access is the kind "kubernetes.access": what this cluster allows Frontline's account, and which lines its roles lack.
type Access struct{ base }

var _ action.Kind = (*Access)(nil)

// Check implements action.Kind.
func (k *Access) Check(raw json.RawMessage) error {
	_, err := parse[readSettings](k.base, raw)
	return err
}

// Plan implements action.Kind.
func (k *Access) Plan(ctx context.Context, call action.Call) (action.Plan, error) {
	return k.planLook(ctx, call, "what the cluster allows us")
}

// Reconcile implements action.Kind.
func (*Access) Reconcile(_ context.Context, _ action.Call, _ action.Plan, steps []action.Step, _ action.Ledger) (action.Result, error) {
	return reconcileLook(steps)
}

// question is one thing that the account may be allowed; without a namespace it is about the whole cluster.
type question struct {
	verb      string
	on        resource
	namespace string
}

// allowed asks the API server (SelfSubjectAccessReview). Every account may ask about itself.
func (s *site) allowed(ctx context.Context, q question) (bool, error) {
	about := map[string]any{"verb": q.verb, "group": q.on.group, "resource": q.on.plural}
	if q.namespace != "" {
		about["namespace"] = q.namespace
	}
	if q.on.sub != "" {
		about["subresource"] = q.on.sub
	}
	u, err := s.in(reviews, "").Create(ctx, &unstructured.Unstructured{Object: map[string]any{"apiVersion": "authorization.k8s.io/v1",
		"kind": "SelfSubjectAccessReview", "spec": map[string]any{"resourceAttributes": about}}}, metav1.CreateOptions{})
	if err != nil {
		return false, s.fault(ctx, err, "create", reviews, "", "")
	}
	yes, _, _ := unstructured.NestedBool(u.Object, "status", "allowed")
	return yes, nil
}

// need is what a kind must be allowed.
type need struct {
	verb string
	on   resource
}

// needs are what each kind must be allowed, and what it should be allowed to do its work well.
func needs(kind string) (must, should []need) {
	read := []need{{"list", pods}, {"list", deployments}, {"list", statefulSets}, {"list", daemonSets}, {"list", replicaSets}, {"list", budgets}}
	workloads := []need{{"get", deployments}, {"get", statefulSets}, {"get", daemonSets}, {"list", replicaSets}, {"list", pods}}
	switch kind {
	case "kubernetes.overview":
		return read, []need{{"get", podLogs}, {"list", events}}
	case "kubernetes.lint":
		return read, nil
	case "kubernetes.evict":
		return append([]need{{"create", evictions}, {"get", pods}, {"get", replicaSets}, {"list", budgets}, {"list", events}}, workloads...),
			[]need{{"get", podLogs}, {"create", events}}
	case "kubernetes.restart-rollout":
		return append([]need{{"patch", deployments}, {"patch", statefulSets}, {"patch", daemonSets}}, workloads...), nil
	case "kubernetes.rollback":
		return []need{{"patch", deployments}, {"get", deployments}, {"list", replicaSets}, {"list", pods}}, nil
	case "kubernetes.scale":
		return []need{{"get", deployments.with("scale")}, {"patch", deployments.with("scale")}, {"get", statefulSets.with("scale")}, {"patch", statefulSets.with("scale")},
			{"list", autoscalers}, {"get", deployments}, {"get", statefulSets}}, nil
	case "kubernetes.cordon", "kubernetes.uncordon":
		return []need{{"get", nodes}, {"patch", nodes}}, nil
	}
	return []need{{"get", nodes}, {"patch", nodes}, {"list", pods}, {"get", pods}, {"create", evictions}}, nil
}

// clusterWide says whether the kind's needs are about the whole cluster.
func clusterWide(kind string) bool {
	return kind == "kubernetes.cordon" || kind == "kubernetes.uncordon" || kind == "kubernetes.drain"
}

// accessed is the table while it is made. Each question is asked once.
type accessed struct {
	*reader
	known map[question]bool
	table action.Table
	lacks action.Table
	whole int
}

// Do implements action.Kind.
func (k *Access) Do(ctx context.Context, call action.Call, plan action.Plan, led action.Ledger) (action.Result, error) {
	r, err := k.readerAgain(call, plan)
	if err != nil {
		return action.Result{}, err
	}
	a := &accessed{reader: r, known: map[question]bool{},
		table: action.Table{Title: "What this cluster allows us", Columns: []string{"Namespace", "Action kind", "Allowed", "What is missing"}},
		lacks: action.Table{Title: "Lines that the roles lack", Columns: []string{"Namespace", "Line", "For"}}}
	for i, namespace := range r.namespaces {
		led.Progress(i, len(r.namespaces), "asking about "+namespace)
		for _, kind := range Kinds(k.clock) {
			if kind.Name() == k.name || clusterWide(kind.Name()) && i > 0 {
				continue
			}
			if err := a.ask(ctx, kind.Name(), namespace); err != nil {
				return action.Result{}, err
			}
		}
	}
	if err := led.Commit(ctx, stepLooked, nil); err != nil {
		return action.Result{}, err
	}
	res := action.Result{Done: true, Tables: []action.Table{a.table}, Facts: map[string]any{"allowed": a.whole, "asked": len(a.table.Rows), "missing": len(a.lacks.Rows)},
		Summary: fmt.Sprintf("The cluster allows us %d of %d kinds of action.", a.whole, len(a.table.Rows))}
	if len(a.lacks.Rows) > 0 {
		res.Tables = append(res.Tables, a.lacks)
	}
	return res, nil
}

// ask adds the row of one kind.
func (a *accessed) ask(ctx context.Context, kind, namespace string) error {
	if clusterWide(kind) {
		namespace = ""
	}
	must, should := needs(kind)
	missing, less, first := 0, 0, ""
	for i, n := range append(must, should...) {
		yes, err := a.may(ctx, question{n.verb, n.on, namespace}, kind)
		if err != nil {
			return err
		}
		if yes {
			continue
		}
		if first == "" {
			first = n.verb + " " + n.on.named()
		}
		if i < len(must) {
			missing++
		} else {
			less++
		}
	}
	says := "yes"
	switch {
	case missing > 0:
		says = "no"
	case less > 0:
		says = "yes, with less evidence"
	}
	if missing == 0 {
		a.whole++
	}
	if missing+less > 1 {
		first = fmt.Sprintf("%s and %d more", first, missing+less-1)
	}
	a.table.Rows = append(a.table.Rows, []string{place(namespace), kind, says, first})
	return nil
}

// may asks once, and lists the line that is missing.
func (a *accessed) may(ctx context.Context, q question, kind string) (bool, error) {
	if yes, asked := a.known[q]; asked {
		return yes, nil
	}
	yes, err := a.allowed(ctx, q)
	if err != nil {
		return false, err
	}
	a.known[q] = yes
	if !yes {
		a.lacks.Rows = append(a.lacks.Rows, []string{place(q.namespace), q.on.rule(q.verb), kind})
	}
	return yes, nil
}
