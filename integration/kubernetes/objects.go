package kubernetes

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// What we read of the cluster's objects; the rest of them stays unread.

type condition struct {
	Type, Status, Reason, Message string
	LastTransitionTime            metav1.Time
}

type pod struct {
	Metadata metav1.ObjectMeta
	Spec     struct {
		NodeName   string
		Containers []struct{ Name, Image string }
		Volumes    []struct {
			Name     string
			EmptyDir *json.RawMessage
		}
	}
	Status struct {
		Phase                 string
		Conditions            []condition
		InitContainerStatuses []containerStatus
		ContainerStatuses     []containerStatus
	}
}

type containerStatus struct {
	Name         string
	Ready        bool
	RestartCount int
	State        containerState
	LastState    containerState
}

type containerState struct {
	Waiting *struct{ Reason, Message string }
	Running *struct{ StartedAt metav1.Time }
	// Terminated is how it ended.
	Terminated *struct {
		ExitCode        int
		Signal          int
		Reason, Message string
		FinishedAt      metav1.Time
	}
}

// workload is a Deployment, StatefulSet, DaemonSet or ReplicaSet.
type workload struct {
	Kind     string
	Metadata metav1.ObjectMeta
	Spec     struct {
		Replicas       *int
		Paused         bool
		Selector       *metav1.LabelSelector
		Strategy       updating
		UpdateStrategy updating
		Template       json.RawMessage
	}
	Status struct {
		ObservedGeneration                                                     int64
		Replicas, UpdatedReplicas, ReadyReplicas, AvailableReplicas            int
		DesiredNumberScheduled, CurrentNumberScheduled, UpdatedNumberScheduled int
		NumberReady, NumberAvailable                                           int
		CurrentRevision, UpdateRevision                                        string
		Conditions                                                             []condition
	}
}

// updating is how a workload replaces its pods.
type updating struct {
	Type          string
	RollingUpdate struct{ MaxUnavailable *intstr.IntOrString }
}

type budget struct {
	Metadata metav1.ObjectMeta
	Spec     struct {
		MinAvailable, MaxUnavailable *intstr.IntOrString
		Selector                     *metav1.LabelSelector
		UnhealthyPodEvictionPolicy   string
	}
	Status struct {
		CurrentHealthy, DesiredHealthy, DisruptionsAllowed, ExpectedPods int
	}
}

type event struct {
	Metadata                      metav1.ObjectMeta
	InvolvedObject                struct{ Kind, Name, UID string }
	Type, Reason, Message         string
	Count                         int
	FirstTimestamp, LastTimestamp metav1.Time
	EventTime                     metav1.MicroTime
}

// at is when it was last seen.
func (e event) at() time.Time {
	if !e.LastTimestamp.IsZero() {
		return e.LastTimestamp.Time
	}
	if !e.EventTime.IsZero() {
		return e.EventTime.Time
	}
	return e.Metadata.CreationTimestamp.Time
}

type node struct {
	Metadata metav1.ObjectMeta
	Spec     struct{ Unschedulable bool }
	Status   struct{ Conditions []condition }
}

type autoscaler struct {
	Metadata metav1.ObjectMeta
	Spec     struct {
		ScaleTargetRef           struct{ Kind, Name string }
		MinReplicas, MaxReplicas int
	}
}

// controller is who replaces the object; nil when nobody does.
func controller(m metav1.ObjectMeta) *metav1.OwnerReference { return metav1.GetControllerOfNoCopy(&m) }

func (w workload) ref() workloadRef { return workloadRef{w.Kind, w.Metadata.Name} }

// desired is how many pods there shall be.
func (w workload) desired() int {
	if w.Kind == "DaemonSet" {
		return w.Status.DesiredNumberScheduled
	}
	if w.Spec.Replicas == nil {
		return 1
	}
	return *w.Spec.Replicas
}

// ready is how many pods are.
func (w workload) ready() int { return w.Status.ReadyReplicas + w.Status.NumberReady }

// rolling says whether a rollout is under way: not every pod is of the newest template yet, or old ones are still there.
func (w workload) rolling() bool {
	s := w.Status
	switch {
	case s.ObservedGeneration < w.Metadata.Generation:
		return true
	case w.Kind == "DaemonSet":
		return s.UpdatedNumberScheduled < s.DesiredNumberScheduled
	case w.Kind == "StatefulSet":
		return s.UpdateRevision != "" && s.CurrentRevision != s.UpdateRevision && s.UpdatedReplicas < w.desired()
	}
	return s.UpdatedReplicas < w.desired() || s.Replicas > s.UpdatedReplicas
}

// complete says whether the rollout of the generation is over and all pods are available.
func (w workload) complete(generation int64) bool {
	if w.Status.ObservedGeneration < generation || w.rolling() {
		return false
	}
	if w.Kind == "DaemonSet" {
		return w.Status.NumberAvailable >= w.Status.DesiredNumberScheduled
	}
	return w.Status.AvailableReplicas >= w.desired() && w.Status.Replicas == w.desired()
}

// revision is the number that the Deployment's controller gave to the template.
func (w workload) revision() int {
	n, _ := strconv.Atoi(w.Metadata.Annotations["deployment.kubernetes.io/revision"])
	return n
}

// images of the template, as people recognise a version.
func (w workload) images() string {
	var t struct {
		Spec struct{ Containers []struct{ Image string } }
	}
	if json.Unmarshal(w.Spec.Template, &t) != nil {
		return ""
	}
	var all []string
	for _, c := range t.Spec.Containers {
		all = append(all, c.Image)
	}
	return strings.Join(all, ", ")
}

// selects says whether the selector matches the labels. One that is missing or broken matches nothing.
func selects(s *metav1.LabelSelector, of map[string]string) bool {
	if s == nil {
		return false
	}
	sel, err := metav1.LabelSelectorAsSelector(s)
	return err == nil && sel.Matches(labels.Set(of))
}

// over are the budgets that guard a pod.
func over(all []budget, p pod) []budget {
	var found []budget
	for _, b := range all {
		if selects(b.Spec.Selector, p.Metadata.Labels) {
			found = append(found, b)
		}
	}
	return found
}

// rule is what the budget demands.
func (b budget) rule() string {
	var say string
	switch {
	case b.Spec.MinAvailable != nil:
		say = "at least " + b.Spec.MinAvailable.String() + " available"
	case b.Spec.MaxUnavailable != nil:
		say = "at most " + b.Spec.MaxUnavailable.String() + " unavailable"
	}
	if b.Spec.UnhealthyPodEvictionPolicy == "AlwaysAllow" {
		say += ", but failing pods may always go"
	}
	return say
}

// now is how much of it is used up.
func (b budget) now() string {
	return fmt.Sprintf("%d of %d healthy, %d needed; %d may go", b.Status.CurrentHealthy, b.Status.ExpectedPods, b.Status.DesiredHealthy, b.Status.DisruptionsAllowed)
}

// crew is a workload with its pods.
type crew struct {
	workload
	sets []workload // ReplicaSets of a Deployment, newest revision first
	pods []pod
}

// crewOf reads a workload and its pods.
func (s *site) crewOf(ctx context.Context, namespace string, ref workloadRef) (crew, error) {
	w, err := get[workload](ctx, s, resourceOf(ref.Kind), namespace, ref.Name)
	if err != nil {
		return crew{}, err
	}
	w.Kind = ref.Kind
	selector := metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(w.Spec.Selector)}
	all, err := list[pod](ctx, s, pods, namespace, selector)
	if err != nil {
		return crew{}, err
	}
	var sets []workload
	if ref.Kind == "Deployment" {
		if sets, err = list[workload](ctx, s, replicaSets, namespace, selector); err != nil {
			return crew{}, err
		}
	}
	return muster(w, sets, all), nil
}

// muster finds out which of the ReplicaSets and pods belong to the workload: by owner, because labels may be anybody's.
func muster(w workload, sets []workload, all []pod) crew {
	c := crew{workload: w}
	owners := []string{string(w.Metadata.UID)}
	for _, set := range sets {
		if o := controller(set.Metadata); o != nil && o.UID == w.Metadata.UID {
			set.Kind = "ReplicaSet"
			c.sets, owners = append(c.sets, set), append(owners, string(set.Metadata.UID))
		}
	}
	slices.SortFunc(c.sets, func(a, b workload) int { return cmp.Compare(b.revision(), a.revision()) })
	for _, p := range all {
		if o := controller(p.Metadata); o != nil && slices.Contains(owners, string(o.UID)) {
			c.pods = append(c.pods, p)
		}
	}
	return c
}

// youngest is when the newest of the pods was made.
func (c crew) youngest() time.Time {
	var at time.Time
	for _, p := range c.pods {
		if made := p.Metadata.CreationTimestamp.Time; made.After(at) {
			at = made
		}
	}
	return at
}

// counted writes a number with its word.
func counted(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + more
}

// lasted writes how long ago something was, as roughly as people say it.
func lasted(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < 2*time.Minute:
		return d.Round(time.Second).String()
	case d < 2*time.Hour:
		return strconv.Itoa(int(d.Minutes())) + "m"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Hours())) + "h"
	}
	return strconv.Itoa(int(d.Hours()/24)) + "d"
}
