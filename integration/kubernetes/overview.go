package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"frontline/action"
	"frontline/fault"
)

// Overview is the kind "kubernetes.overview": what fails, with the evidence that a developer asks for in the morning.
type Overview struct{ base }

var _ action.Kind = (*Overview)(nil)

// Check implements action.Kind.
func (k *Overview) Check(raw json.RawMessage) error {
	_, err := parse[readSettings](k.base, raw)
	return err
}

// Plan implements action.Kind.
func (k *Overview) Plan(ctx context.Context, call action.Call) (action.Plan, error) {
	return k.planLook(ctx, call, "what fails")
}

// Reconcile implements action.Kind.
func (*Overview) Reconcile(_ context.Context, _ action.Call, _ action.Plan, steps []action.Step, _ action.Ledger) (action.Result, error) {
	return reconcileLook(steps)
}

// mostTold is how many failing workloads are told about in full.
const mostTold = 10

// report is an overview while it is made.
type report struct {
	*reader
	led     action.Ledger
	table   action.Table // workloads that fail
	details []action.Table
	files   []action.File
	links   map[string]string
	failing int // pods
	seen    int // workloads
}

// Do implements action.Kind.
func (k *Overview) Do(ctx context.Context, call action.Call, plan action.Plan, led action.Ledger) (action.Result, error) {
	r, err := k.readerAgain(call, plan)
	if err != nil {
		return action.Result{}, err
	}
	rep := &report{reader: r, led: led, links: map[string]string{}, table: action.Table{Title: "What fails",
		Columns: []string{"Namespace", "Workload", "Ready", "Pod", "What", "Restarts", "Version", "Budget"}}}
	for i, namespace := range r.namespaces {
		led.Progress(i, len(r.namespaces), "looking at "+namespace)
		found, err := r.survey(ctx, namespace, r.settings.scope)
		if err == nil {
			err = rep.tell(ctx, found)
		}
		if err != nil {
			return action.Result{}, err
		}
	}
	if err := led.Commit(ctx, stepLooked, nil); err != nil {
		return action.Result{}, err
	}
	return rep.result(), nil
}

func (r *report) result() action.Result {
	res := action.Result{Done: true, Files: r.files, Links: r.links,
		Summary: fmt.Sprintf("Nothing fails: %s looked at.", counted(r.seen, "workload was", "workloads were")),
		Facts:   map[string]any{"workloads": r.seen, "failing_pods": r.failing, "failing_workloads": 0}}
	if len(r.table.Rows) == 0 {
		return res
	}
	worst := map[string]bool{}
	for _, row := range r.table.Rows {
		worst[row[0]+" "+row[1]] = true
	}
	res.Facts["failing_workloads"] = len(worst)
	res.Summary = fmt.Sprintf("%s of %d: %s.", counted(len(worst), "workload fails", "workloads fail"), r.seen, r.table.Rows[0][1]+": "+r.table.Rows[0][4])
	res.Tables = append([]action.Table{r.table}, r.details...)
	return res
}

// tell adds what fails in a namespace.
func (r *report) tell(ctx context.Context, found survey) error {
	by, now := r.settings.signs(), r.clock.Now()
	for _, c := range found.crews {
		r.seen++
		told := false
		for _, p := range c.pods {
			t, ok := p.trouble(now, by)
			if ok {
				continue
			}
			r.failing++
			r.row(found, c, p.Metadata.Name, p.now(t, ok), fmt.Sprint(t.restarts), budgetWords(over(found.budgets, p)))
			if !told && len(r.details) < 2*mostTold {
				if err := r.evidence(ctx, found.namespace, c, p); err != nil {
					return err
				}
			}
			told = true
		}
		if !told && c.stuck() {
			r.row(found, c, "", fmt.Sprintf("%d of %d pods, %s", c.Status.Replicas, c.desired(), c.progress()), "0", "")
		}
	}
	return nil
}

// stuck says whether a workload lacks pods that nobody makes.
func (c crew) stuck() bool {
	for _, cond := range c.Status.Conditions {
		if cond.Type == "Progressing" && cond.Reason == "ProgressDeadlineExceeded" || cond.Type == "ReplicaFailure" && cond.Status == "True" {
			return true
		}
	}
	return false
}

func (r *report) row(found survey, c crew, pod, what, restarts, budget string) {
	version := c.images()
	if c.revision() > 0 {
		version = fmt.Sprintf("revision %d: %s", c.revision(), version)
	}
	r.table.Rows = append(r.table.Rows, []string{found.namespace, c.ref().String(), fmt.Sprintf("%d of %d", c.ready(), c.desired()), pod, what, restarts, version, budget})
	if pod != "" {
		r.offer("evict", "Restart "+pod, found.namespace, url.Values{"pod": {pod}})
	}
	r.offer("restart-rollout", "Restart all of "+c.ref().String(), found.namespace, url.Values{"workload": {c.ref().String()}})
	if c.Kind == "Deployment" && len(c.sets) > 1 {
		r.offer("rollback", "Roll back "+c.ref().String(), found.namespace, url.Values{"workload": {c.ref().String()}})
	}
}

// offer links to another action with its inputs filled in.
func (r *report) offer(kind, say, namespace string, inputs url.Values) {
	id, offered := r.settings.Offer[kind]
	if !offered || len(r.links) >= 2*mostTold {
		return
	}
	if len(r.settings.names()) > 1 {
		inputs.Set("namespace", namespace)
	}
	r.links[say] = "action:" + id + "?" + inputs.Encode()
}

func budgetWords(guarding []budget) string {
	var all []string
	for _, b := range guarding {
		all = append(all, b.Metadata.Name+": "+b.rule()+" ("+b.now()+")")
	}
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, "; ")
}

// evidence adds events and revisions, and keeps the last words of the first failing pod of a workload.
func (r *report) evidence(ctx context.Context, namespace string, c crew, p pod) error {
	kept := evidence{}
	for _, container := range p.Spec.Containers {
		if err := r.keepLogs(ctx, &kept, r.led, p, container.Name); err != nil {
			return err
		}
	}
	r.files = append(r.files, kept.files...)
	about, err := r.eventsOf(ctx, namespace, string(p.Metadata.UID), string(c.Metadata.UID))
	switch {
	case missing(r.led, err):
	case fault.Is(err, fault.NotFound):
	case err != nil:
		return err
	case len(about) > 0:
		table := eventTable(r.clock.Now(), about)
		table.Title = "Events of " + c.ref().String()
		r.details = append(r.details, table)
	}
	if len(c.sets) > 1 {
		r.details = append(r.details, revisionTable(r.clock.Now(), c))
	}
	return nil
}
