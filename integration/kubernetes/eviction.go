package kubernetes

import (
	"context"
	"errors"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"frontline/fault"
)

// verdict is what the API server says about an eviction.
type verdict struct {
	allowed bool
	words   string // of the disruption budget that speaks against it
}

// evict asks the API server to evict exactly the pod with the UID; dry asks for the verdict alone. An eviction is a deletion that respects
// disruption budgets; a pod that was replaced meanwhile is left alone.
func (s *site) evict(ctx context.Context, namespace, name string, uid types.UID, dry bool) (verdict, error) {
	o := map[string]any{"preconditions": map[string]any{"uid": string(uid)}}
	if dry {
		o["dryRun"] = []any{metav1.DryRunAll}
	}
	_, err := s.in(pods, namespace).Create(ctx, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "policy/v1", "kind": "Eviction", "metadata": map[string]any{"name": name, "namespace": namespace}, "deleteOptions": o,
	}}, metav1.CreateOptions{}, "eviction")
	switch say, budgeted := refusal(err); {
	case err == nil:
		return verdict{allowed: true}, nil
	case budgeted:
		return verdict{words: say}, nil
	}
	return verdict{}, s.fault(ctx, err, "create", evictions, namespace, name)
}

// refusal is what a disruption budget says against an eviction, if it is one that speaks.
func refusal(err error) (string, bool) {
	var status apierrors.APIStatus
	if err == nil || !errors.As(err, &status) {
		return "", false
	}
	if apierrors.IsInternalError(err) && strings.Contains(status.Status().Message, "more than one PodDisruptionBudget") {
		return "Several disruption budgets guard the same pod, and the cluster refuses every eviction then.", true
	}
	if d := status.Status().Details; d != nil {
		for _, c := range d.Causes {
			if c.Type == "DisruptionBudget" {
				return sentence(c.Message), true
			}
		}
	}
	return "", false
}

// sentence ends a text as a sentence does.
func sentence(text string) string {
	text = strings.TrimSpace(text)
	if text != "" && !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

// gone says whether the pod with the UID is not there any more, or is being deleted.
func (s *site) gone(ctx context.Context, namespace, name string, uid types.UID) (bool, error) {
	p, err := get[pod](ctx, s, pods, namespace, name)
	if fault.Is(err, fault.NotFound) {
		return true, nil
	}
	return err == nil && (p.Metadata.UID != uid || p.Metadata.DeletionTimestamp != nil), err
}
