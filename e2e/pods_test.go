package e2e

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"frontline/e2e/neighbour"
	"frontline/e2e/verity"
)

// TestFailingPod is the other known fix: a pod of the decision pipeline crash-loops under its disruption budget. Marika sees what fails, follows the
// offer to restart it, and reads what the API server says about that. The world moves before she starts it: the budget refuses, and nothing is done.
// When it has calmed down she plans again, starts it, and is told that the new pod is ready. Frontline's account may do what docs/kubernetes
// grants it, and nothing else.
func TestFailingPod(t *testing.T) {
	p := openPods(t)
	failing := p.crash()
	desk := verity.Open(t, verity.Options{Real: true, Config: p.actions(),
		Getenv: map[string]string{"VERITY_CA": p.CA, "VERITY_LOOK": p.grant("read-only"), "VERITY_EVICT": p.grant("evict")}})
	marika := desk.SignIn(neighbour.Chromium(t))
	marika.Open(desk.URL + "/actions/pods/overview")
	marika.Click("main form.fields .buttons button.first")
	marika.SeeText("this only looks")
	marika.Click("form[action$='/start'] button")
	for _, text := range []string{"CrashLoopBackOff", failing, "verity/decision-pipeline:1", "at least 2 available", "2 of 3"} {
		marika.SeeText(text)
	}
	marika.Click("a[href*='/actions/pods/restart?']") // the pod is filled in
	marika.SeeText("What it needs to know")
	marika.Click("main form.fields .buttons button.first")
	for _, text := range []string{"Restart " + failing + " of deployment/decision-pipeline", "CrashLoopBackOff", "7 restarts", "at least 2 available", "allowed"} {
		marika.SeeText(text)
	}
	p.worldMoves(marika, failing)
	marika.Open(desk.URL + "/actions/pods/restart?in.pod=" + failing)
	marika.Click("main form.fields .buttons button.first")
	marika.SeeText("Restart " + failing + " of deployment/decision-pipeline")
	marika.Click("form[action$='/start'] button")
	marika.SeeText("Evicted " + failing)
	marika.SeeText("is ready in the place of " + failing)
	marika.SeeText(failing + "-pipeline-previous.log")
	if now := p.names(); len(now) != 3 || strings.Contains(strings.Join(now, " "), failing) {
		t.Errorf("the pipeline has the pods %v, and %s was to go", now, failing)
	}
	for _, c := range marika.Complaints() {
		t.Errorf("a browser says %s", c)
	}
}

// worldMoves starts a plan that was right a moment ago: meanwhile a second pod stopped answering, so that its budget lets none go any more. The
// second pod answers again afterwards.
func (p *pods) worldMoves(marika *neighbour.Browser, failing string) {
	p.t.Helper()
	before := p.names()
	other := before[0]
	if other == failing {
		other = before[1]
	}
	p.Say(other, neighbour.Starts, "never")
	p.healthy(1)
	marika.Click("form[action$='/start'] button")
	for _, text := range []string{"The disruption budget did not let " + failing + " go", "needs 2 healthy pods and has 1 currently", "Nothing was done; plan again."} {
		marika.SeeText(text)
	}
	if now := p.names(); !slices.Equal(now, before) {
		p.t.Errorf("the pipeline has the pods %v after a run that was refused, and had %v", now, before)
	}
	p.Say(other, neighbour.Starts, "again")
	p.healthy(2)
}

// pods are the company's decision pipeline in Kubernetes: three of them, of which two must work.
type pods struct {
	*neighbour.Kube
	t testing.TB
}

func openPods(t testing.TB) *pods {
	t.Helper()
	p := &pods{neighbour.Kubernetes(t), t}
	labels := map[string]any{"app": "decision-pipeline"}
	p.Make("apps/v1", "deployments", map[string]any{"kind": "Deployment", "metadata": map[string]any{"name": "decision-pipeline"},
		"spec": map[string]any{"replicas": 3, "selector": map[string]any{"matchLabels": labels}, "template": map[string]any{
			"metadata": map[string]any{"labels": labels},
			"spec":     map[string]any{"containers": []any{map[string]any{"name": "pipeline", "image": "verity/decision-pipeline:1"}}}}}})
	p.Make("policy/v1", "poddisruptionbudgets", map[string]any{"kind": "PodDisruptionBudget", "metadata": map[string]any{"name": "decision-pipeline"},
		"spec": map[string]any{"minAvailable": 2, "selector": map[string]any{"matchLabels": labels}}})
	p.healthy(3)
	return p
}

// healthy waits until the budget and the deployment count so many healthy pods.
func (p *pods) healthy(n int64) {
	p.t.Helper()
	p.Until("the pods are counted", func(ctx context.Context) bool {
		budget, err := p.In("policy/v1", "poddisruptionbudgets").Get(ctx, "decision-pipeline", metav1.GetOptions{})
		p.must(err)
		deployment, err := p.In("apps/v1", "deployments").Get(ctx, "decision-pipeline", metav1.GetOptions{})
		p.must(err)
		healthy, _, _ := unstructured.NestedInt64(budget.Object, "status", "currentHealthy")
		ready, _, _ := unstructured.NestedInt64(deployment.Object, "status", "readyReplicas")
		return healthy == n && ready == n
	})
}

// crash makes one of the pods crash-loop.
func (p *pods) crash() string {
	p.t.Helper()
	name := p.names()[0]
	p.Say(name, neighbour.Crashes, "panic: no decision for country XK")
	p.healthy(2)
	return name
}

// names of the pods that are not going.
func (p *pods) names() []string {
	p.t.Helper()
	all, err := p.In("v1", "pods").List(p.t.Context(), metav1.ListOptions{})
	p.must(err)
	var names []string
	for _, one := range all.Items {
		if one.GetDeletionTimestamp() == nil {
			names = append(names, one.GetName())
		}
	}
	return names
}

// grant gives a manifest of docs/kubernetes to an account, and returns its token.
func (p *pods) grant(role string) string {
	p.t.Helper()
	manifest, err := os.ReadFile("../docs/kubernetes/" + role + ".yaml")
	p.must(err)
	return p.Grant(manifest)
}

func (p *pods) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatalf("decision pipeline: %v", err)
	}
}

// actions are the definitions of what looks at the pods, and restarts one.
func (p *pods) actions() string {
	return strings.NewReplacer("SERVER", p.Server, "NAMESPACE", p.Namespace).Replace(`actions:
  - id: pods/overview
    title: What fails in the decision pipeline
    team: support
    risk: read
    kind: kubernetes.overview
    settings: {server: "SERVER", ca: "env:VERITY_CA", token: "env:VERITY_LOOK", namespace: NAMESPACE, offer: {evict: pods/restart}}
  - id: pods/restart
    title: Restart a failing pod of the decision pipeline
    team: support
    risk: change
    kind: kubernetes.evict
    settings: {server: "SERVER", ca: "env:VERITY_CA", token: "env:VERITY_EVICT", namespace: NAMESPACE, pause: 0s, steady: 1s}
    inputs:
      - {name: pod, label: Pod, type: text}
`)
}
