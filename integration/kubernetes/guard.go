package kubernetes

import (
	"context"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"frontline/action"
	"frontline/fault"
)

// all are the options of a list of everything.
func all() metav1.ListOptions { return metav1.ListOptions{} }

// guards are what must hold before a pod is evicted, beside the disruption budget's verdict. It returns what was checked, or the first that
// does not hold as a Conflict.
func (e *eviction) guards(ctx context.Context, t target) (action.Table, error) {
	done, err := e.restartsOf(ctx, t.crew)
	if err != nil {
		return action.Table{}, err
	}
	table := action.Table{Title: "What was checked", Columns: []string{"Guard", "Found"}}
	for _, guard := range []func(target, []event) (what, found string, err error){e.guardGoing, e.guardFailing, e.guardOthers, e.guardTries, e.guardPause} {
		what, found, err := guard(t, done)
		if err != nil {
			return table, err
		}
		table.Rows = append(table.Rows, []string{what, found})
	}
	return table, nil
}

func (e *eviction) guardGoing(t target, _ []event) (string, string, error) {
	if t.pod.Metadata.DeletionTimestamp != nil {
		return "", "", fault.New(fault.Conflict, "%s is being deleted already. Wait until it is gone.", t.pod.Metadata.Name)
	}
	return "Somebody replaces it", t.crew.ref().String(), nil
}

func (e *eviction) guardFailing(t target, _ []event) (string, string, error) {
	trouble, ok := t.pod.trouble(e.clock.Now(), e.settings.signs())
	switch {
	case !ok:
		return "It is failing", t.pod.now(trouble, ok), nil
	case e.chosen.Healthy:
		return "It is failing", "no, but that was said to be right", nil
	}
	return "", "", fault.New(fault.Conflict, "%s is not failing: it is %s. Say even_if_healthy if you know that a restart is right.", t.pod.Metadata.Name, t.pod.now(trouble, ok))
}

func (e *eviction) guardOthers(t target, _ []event) (string, string, error) {
	n := t.crew.desired()
	found := counted(n, "replica", "replicas")
	switch {
	case n >= 2:
		return "There are others", found, nil
	case e.chosen.Single:
		return "There are others", found + ", but that was said to be right", nil
	}
	return "", "", fault.New(fault.Conflict, "%s has %s, so nothing would serve until the new pod is ready. Say even_if_single if that is right, or scale up first.", t.crew.ref(), found)
}

func (e *eviction) guardTries(t target, done []event) (string, string, error) {
	n := len(done)
	if n >= e.settings.Tries {
		return "", "", fault.New(fault.Conflict, "%s was restarted %s within the last hour and fails still: a restart does not help. Escalate with the previous logs, or roll back the last rollout.",
			t.crew.ref(), counted(n, "time", "times"))
	}
	return "It was not tried too often", fmt.Sprintf("%d of %d restarts within the hour", n, e.settings.Tries), nil
}

func (e *eviction) guardPause(t target, done []event) (string, string, error) {
	pause := given(e.settings.Pause, usualPause)
	last := t.crew.youngest()
	for _, d := range done {
		if d.at().After(last) {
			last = d.at()
		}
	}
	ago := e.clock.Now().Sub(last)
	if ago < pause {
		return "", "", fault.New(fault.Conflict, "%s got a new pod %s ago, and restarts of it are %s apart. Wait until %s to see whether that helped.",
			t.crew.ref(), lasted(ago), pause, last.Add(pause).UTC().Format("15:04:05 MST"))
	}
	return "The last one was given time", "newest pod is " + lasted(ago) + " old", nil
}

// reason marks the events by which we remember in the cluster what we restarted, for everyone who looks at the workload, and for ourselves: a pod
// that is gone leaves no trace of its own.
const restartedReason = "RestartedByFrontline"

// restartsOf are our restarts of the workload, as far as the cluster remembers.
func (e *eviction) restartsOf(ctx context.Context, c crew) ([]event, error) {
	found, err := list[event](ctx, e.site, events, e.chosen.Namespace, metav1.ListOptions{FieldSelector: "reason=" + restartedReason + ",involvedObject.uid=" + string(c.Metadata.UID)})
	if err != nil {
		return nil, err
	}
	now := e.clock.Now()
	return slices.DeleteFunc(found, func(d event) bool { return now.Sub(d.at()) > triesWithin }), nil
}

// remember makes such an event. Without it the pause is still kept, by the age of the new pod.
func (e *eviction) remember(ctx context.Context, m evictMark, led action.Ledger) {
	now := e.clock.Now().Format(time.RFC3339)
	apiVersion := "apps/v1"
	_, err := e.in(events, m.Namespace).Create(ctx, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Event", "metadata": map[string]any{"generateName": m.Workload.Name + ".", "namespace": m.Namespace},
		"involvedObject": map[string]any{"apiVersion": apiVersion, "kind": m.Workload.Kind, "namespace": m.Namespace, "name": m.Workload.Name, "uid": string(m.Owner)},
		"related":        map[string]any{"apiVersion": "v1", "kind": "Pod", "namespace": m.Namespace, "name": m.Pod, "uid": string(m.UID)},
		"type":           "Normal", "reason": restartedReason, "message": e.says("Evicted " + m.Pod),
		"count": int64(1), "firstTimestamp": now, "lastTimestamp": now, "source": map[string]any{"component": "frontline"},
	}}, metav1.CreateOptions{})
	if err != nil {
		led.Printf("The cluster keeps no note of this restart. %s", fault.Sentence(e.fault(ctx, err, "create", events, m.Namespace, "")))
	}
}

// says is a note for those who look at the cluster: what, by whom, in which run. The reason stays with the run: it may name customers.
func (e *eviction) says(what string) string {
	if e.call.Run != "" {
		what += " in run " + e.call.Run
	}
	if e.call.Actor != "" {
		what += " for " + e.call.Actor
	}
	return what + "."
}
