package neighbour

import (
	"context"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestKubernetesRunsPods has controllers, kubelet and server play together: a deployment gets its pods, one of them crashes, is deleted, and
// another one comes in its place that does not.
func TestKubernetesRunsPods(t *testing.T) {
	k := Kubernetes(t)
	labels := map[string]any{"app": "decision-pipeline"}
	k.Make("apps/v1", "deployments", map[string]any{"kind": "Deployment", "metadata": map[string]any{"name": "decision-pipeline"},
		"spec": map[string]any{"replicas": 2, "selector": map[string]any{"matchLabels": labels}, "template": map[string]any{
			"metadata": map[string]any{"labels": labels},
			"spec":     map[string]any{"containers": []any{map[string]any{"name": "pipeline", "image": "verity/decision-pipeline:1"}}}}}})
	available := func(want int64) {
		t.Helper()
		k.Until("the deployment has its pods", func(ctx context.Context) bool {
			d, err := k.In("apps/v1", "deployments").Get(ctx, "decision-pipeline", metav1.GetOptions{})
			must(t, err)
			n, _, _ := unstructured.NestedInt64(d.Object, "status", "availableReplicas")
			return n == want
		})
	}
	available(2)
	pods, err := k.In("v1", "pods").List(t.Context(), metav1.ListOptions{})
	must(t, err)
	k.Say(pods.Items[0].GetName(), Crashes, "panic: no such country")
	available(1)
	must(t, k.In("v1", "pods").Delete(t.Context(), pods.Items[0].GetName(), metav1.DeleteOptions{}))
	available(2)
}

// TestKubernetesTestsDoNotMeet shows that two tests on one server have the same names and different things.
func TestKubernetesTestsDoNotMeet(t *testing.T) {
	one, other := Kubernetes(t), Kubernetes(t)
	if one.Namespace == other.Namespace {
		t.Fatal("both tests have the namespace " + one.Namespace)
	}
	one.ServiceAccount("frontline")
	other.ServiceAccount("frontline")
}
