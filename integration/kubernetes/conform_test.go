package kubernetes

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"frontline/action"
	"frontline/action/actiontest"
	"frontline/secret"
)

// TestConformance has every kind that changes something pass the shared suite, against the real API server.
func TestConformance(t *testing.T) {
	for name, world := range map[string]func(*stage) actiontest.World{
		"evict": worldOfEvict, "restart-rollout": worldOfRestart, "rollback": worldOfRollback, "scale": worldOfScale,
		"cordon": worldOfCordon, "uncordon": worldOfUncordon, "drain": worldOfDrain,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				s := newStage(t)
				w := world(s)
				w.Kind = kind(t, name)
				w.Bad = badSettings(s, name)
				lost := w.Call
				lost.Secrets = map[string]secret.Text{"token": secret.New("not-a-token-4711")}
				w.Unreachable = &lost
				return w
			})
		})
	}
}

// badSettings are settings that the kind must refuse, with the name of the wrong one.
func badSettings(s *stage, name string) map[string]string {
	all := map[string]string{
		string(s.settings(object{"server": "http://kubernetes.verity.example:6443"})): "server",
		string(s.settings(object{"server": "https://marika:pw@verity.example"})):      "server",
		string(s.settings(object{"token": "eyJhbGciOi"})):                             "token",
		string(s.settings(object{"ca": "yes"})):                                       "ca",
		string(s.settings(object{"in_cluster": true})):                                "server",
		string(s.settings(object{"colour": "red"})):                                   "colour",
	}
	switch name {
	case "cordon", "uncordon", "drain":
		for _, change := range []object{{"nodes": []any{"../pods"}}, {"nodes": "all"}} {
			change["namespace"] = nil
			all[string(s.settings(change))] = "nodes"
		}
		for text, wrong := range all { // nodes have no namespace
			delete(all, text)
			all[strings.Replace(text, `"namespace":"`+s.Namespace+`",`, "", 1)] = wrong
		}
	default:
		all[string(s.settings(object{"namespace": nil}))] = "namespace"
		all[string(s.settings(object{"namespaces": []any{"a"}}))] = "namespaces"
		all[string(s.settings(object{"workloads": []any{"job/x"}}))] = "workloads"
	}
	if name == "scale" {
		all[string(s.settings(nil))] = "max"
		for text, wrong := range all {
			if wrong == "max" {
				continue
			}
			delete(all, text)
			all[strings.Replace(text, `{`, `{"max":5,`, 1)] = wrong
		}
	}
	return all
}

// uids of the pods, for seeing whether any was replaced.
func (s *stage) uids(app string) string {
	var all []string
	for _, p := range s.pods(app) {
		all = append(all, string(p.Metadata.UID))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func worldOfEvict(s *stage) actiontest.World {
	s.deploy(pipeline, 2)
	failing := s.pods(pipeline)[0]
	s.crash(failing.Metadata.Name)
	return actiontest.World{Call: s.call(quick(), object{"pod": failing.Metadata.Name}),
		Observe: func(testing.TB) string { return s.uids(pipeline) },
		Move: func(t testing.TB) {
			must(t, s.In("v1", "pods").Delete(t.Context(), failing.Metadata.Name, metav1.DeleteOptions{}))
			s.replaced(pipeline, 2, failing)
		}}
}

// generation is what changes whenever somebody changes a Deployment.
func (s *stage) generation(testing.TB) string {
	d := s.workload(context.Background(), "deployments", pipeline)
	return fmt.Sprintf("generation %d, %d replicas, %s", d.Metadata.Generation, d.desired(), d.images())
}

func worldOfRestart(s *stage) actiontest.World {
	s.deploy(pipeline, 2)
	return actiontest.World{Call: s.call(nil, object{"workload": pipeline}), Observe: s.generation, Move: func(testing.TB) {
		s.release("2")
		s.available(pipeline, 2)
	}}
}

// release rolls out another version.
func (s *stage) release(version string) {
	s.t.Helper()
	_, err := s.In("apps/v1", "deployments").Patch(s.t.Context(), pipeline, "application/strategic-merge-patch+json",
		[]byte(`{"spec":{"template":{"spec":{"containers":[{"name":"pipeline","image":"verity/decision-pipeline:`+version+`"}]}}}}`), metav1.PatchOptions{})
	must(s.t, err)
}

func worldOfRollback(s *stage) actiontest.World {
	s.deploy(pipeline, 1)
	s.release("2")
	s.available(pipeline, 1)
	return actiontest.World{Call: s.call(nil, object{"workload": pipeline}), Observe: s.generation, Move: func(testing.TB) {
		s.release("3")
		s.available(pipeline, 1)
	}}
}

func worldOfScale(s *stage) actiontest.World {
	s.deploy(pipeline, 1)
	return actiontest.World{Call: s.call(object{"max": 5}, object{"workload": pipeline, "replicas": 2}), Observe: s.generation, Move: func(testing.TB) {
		s.patch("apps/v1", "deployments", pipeline, `{"spec":{"replicas":3}}`)
	}}
}

// nodeCall is a use of a kind that is about nodes.
func (s *stage) nodeCall(name string, settings object) action.Call {
	return s.call(with(settings, "namespace", nil), object{"node": name})
}

// open describes the nodes of the namespace and its pods.
func (s *stage) open(name string) string {
	u, err := s.Client.Resource(nodes.gvr()).Get(context.WithoutCancel(s.t.Context()), name, metav1.GetOptions{})
	must(s.t, err)
	n, err := decode[node](u.Object)
	must(s.t, err)
	return fmt.Sprintf("%s, pods %s", state(n.Spec.Unschedulable), s.uids(pipeline))
}

func (s *stage) cordon(name string, closed bool) {
	s.t.Helper()
	_, err := s.Client.Resource(nodes.gvr()).Patch(s.t.Context(), name, "application/merge-patch+json", fmt.Appendf(nil, `{"spec":{"unschedulable":%v}}`, closed), metav1.PatchOptions{})
	must(s.t, err)
}

func worldOfCordon(s *stage) actiontest.World {
	name := s.Node("tartu")
	return actiontest.World{Call: s.nodeCall(name, object{}), Observe: func(testing.TB) string { return s.open(name) },
		Move: func(testing.TB) { s.cordon(name, true) }}
}

func worldOfUncordon(s *stage) actiontest.World {
	name := s.Node("tartu")
	s.cordon(name, true)
	return actiontest.World{Call: s.nodeCall(name, object{}), Observe: func(testing.TB) string { return s.open(name) },
		Move: func(testing.TB) { s.cordon(name, false) }}
}

func worldOfDrain(s *stage) actiontest.World {
	name := s.Node("tartu")
	s.deploy(pipeline, 1)
	return actiontest.World{Call: s.nodeCall(name, object{"patience": "30s"}), Observe: func(testing.TB) string { return s.open(name) },
		Move: func(testing.TB) { s.cordon(name, true) }}
}
