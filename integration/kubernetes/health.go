package kubernetes

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// trouble is what is wrong with a pod.
type trouble struct {
	reason    string // "CrashLoopBackOff", "not ready for 12m"
	container string // empty: the pod as a whole
	restarts  int
	last      string    // how the container ended last
	since     time.Time // not ready since; zero when unknown
	helps     bool      // a new pod in its place may help
}

// signs says from when on a pod counts as failing.
type signs struct {
	unready  time.Duration // not ready for so long
	restarts int           // so many restarts, the last one within lately
}

const (
	usualUnready  = 5 * time.Minute
	mostUnready   = 24 * time.Hour
	usualRestarts = 5
	lately        = 10 * time.Minute
)

// waits are the reasons why a container that waits will not start by itself soon, and whether a new pod may help.
func waits(reason string) (failing, helps bool) {
	switch reason {
	case "CrashLoopBackOff", "RunContainerError", "CreateContainerError":
		return true, true
	case "ImagePullBackOff", "ErrImagePull", "InvalidImageName", "CreateContainerConfigError", "ErrImageNeverPull":
		return true, false
	}
	return false, false
}

// trouble says what is wrong with the pod; ok is true when it is not failing. A pod that is finished or going is neither.
func (p pod) trouble(now time.Time, by signs) (t trouble, ok bool) {
	if p.Metadata.DeletionTimestamp != nil || p.Status.Phase == "Succeeded" || p.Status.Phase == "Failed" {
		return trouble{}, true
	}
	all := slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses)
	slices.SortStableFunc(all, func(a, b containerStatus) int { return cmp.Compare(b.RestartCount, a.RestartCount) })
	ready := p.condition("Ready")
	for _, c := range all {
		t = trouble{container: c.Name, restarts: c.RestartCount, last: c.ended()}
		if ready != nil && ready.Status != "True" {
			t.since = ready.LastTransitionTime.Time
		}
		if c.State.Waiting != nil {
			if failing, helps := waits(c.State.Waiting.Reason); failing {
				t.reason, t.helps = c.State.Waiting.Reason, helps
				return t, false
			}
		}
		if ended := c.LastState.Terminated; c.RestartCount >= by.restarts && ended != nil && now.Sub(ended.FinishedAt.Time) < lately {
			t.reason, t.helps = fmt.Sprintf("restarted %d times, last %s ago", c.RestartCount, lasted(now.Sub(ended.FinishedAt.Time))), true
			return t, false
		}
	}
	return p.unready(now, by, ready)
}

// unready says whether the pod has not been ready for too long.
func (p pod) unready(now time.Time, by signs, ready *condition) (trouble, bool) {
	since, why := p.Metadata.CreationTimestamp.Time, ""
	if ready != nil {
		since = ready.LastTransitionTime.Time
	}
	if scheduled := p.condition("PodScheduled"); p.Spec.NodeName == "" && scheduled != nil && scheduled.Message != "" {
		why = " (no node takes it: " + scheduled.Message + ")"
	}
	if ready != nil && ready.Status == "True" || now.Sub(since) < by.unready {
		return trouble{}, true
	}
	t := trouble{reason: "not ready for " + lasted(now.Sub(since)) + why, since: since, helps: p.Spec.NodeName != ""}
	for _, c := range p.Status.ContainerStatuses {
		t.restarts = max(t.restarts, c.RestartCount)
	}
	return t, false
}

func (p pod) condition(kind string) *condition {
	i := slices.IndexFunc(p.Status.Conditions, func(c condition) bool { return c.Type == kind })
	if i < 0 {
		return nil
	}
	return &p.Status.Conditions[i]
}

func (p pod) ready() bool {
	c := p.condition("Ready")
	return c != nil && c.Status == "True" && p.Metadata.DeletionTimestamp == nil
}

// restarts of all its containers.
func (p pod) restarts() int {
	n := 0
	for _, c := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		n += c.RestartCount
	}
	return n
}

// ended is how the container's last life ended.
func (c containerStatus) ended() string {
	e := c.LastState.Terminated
	if e == nil {
		return ""
	}
	say := fmt.Sprintf("exit code %d", e.ExitCode)
	if e.Signal != 0 {
		say = fmt.Sprintf("signal %d", e.Signal)
	}
	if e.Reason != "" && e.Reason != "Error" {
		say = e.Reason + ", " + say
	}
	return say
}

// now is the pod's state in a line of a plan.
func (p pod) now(t trouble, ok bool) string {
	if ok {
		if p.ready() {
			return "ready"
		}
		return "not ready yet"
	}
	say := t.reason
	if t.restarts > 0 {
		say += ", " + counted(t.restarts, "restart", "restarts")
	}
	if t.last != "" {
		say += ", " + t.last
	}
	return say
}
