package kubernetes

import (
	"context"
	"slices"
	"strings"
	"testing"

	"frontline/action/actiontest"
	"frontline/e2e/neighbour"
	"frontline/fault"
)

// TestRestartRollout replaces every pod, and the look afterwards waits until the last one is available.
func TestRestartRollout(t *testing.T) {
	s, k := newStage(t), kind(t, "restart-rollout")
	s.deploy(pipeline, 3)
	before := s.uids(pipeline)
	call := s.call(nil, object{"workload": pipeline})
	plan, res, _ := s.run(k, call)
	if f := s.prove(k, call, plan, res); !f.Helped {
		t.Errorf("it did not help: %+v", f)
	}
	for _, p := range s.pods(pipeline) {
		if strings.Contains(before, string(p.Metadata.UID)) {
			t.Errorf("%s was not replaced", p.Metadata.Name)
		}
	}
	plan, _, _ = s.run(k, call) // now there is an annotation to replace
	_, err := k.Do(t.Context(), call, plan, &actiontest.Ledger{})
	refuses(t, err, fault.Conflict, "was changed since")
}

// TestRolloutRefusals refuses workloads that a rollout would hurt or would not reach.
func TestRolloutRefusals(t *testing.T) {
	s, k := newStage(t), kind(t, "restart-rollout")
	s.deploy("paused", 1, func(spec object) {})
	s.patch("apps/v1", "deployments", "paused", `{"spec":{"paused":true}}`)
	s.deploy("recreated", 1, func(spec object) { spec["strategy"] = object{"type": "Recreate"} })
	s.deploy("all-at-once", 2, func(spec object) {
		spec["strategy"] = object{"type": "RollingUpdate", "rollingUpdate": object{"maxUnavailable": "100%", "maxSurge": 0}}
	})
	s.deploy("moving", 2)
	s.patch("apps/v1", "deployments", "moving", `{"spec":{"template":{"metadata":{"annotations":{"`+neighbour.Starts+`":"never"}}}}}`)
	s.Until("the rollout has begun", func(ctx context.Context) bool {
		d := s.workload(ctx, "deployments", "moving")
		return d.Status.ObservedGeneration == d.Metadata.Generation && d.Status.UpdatedReplicas > 0
	})
	s.Make("apps/v1", "statefulsets", object{"kind": "StatefulSet", "metadata": object{"name": "by-hand"}, "spec": object{"replicas": 1, "serviceName": "by-hand",
		"updateStrategy": object{"type": "OnDelete"}, "selector": object{"matchLabels": object{"app": "by-hand"}}, "template": templateOf("by-hand", "verity/ledger:1", object{})}})
	s.Until("it runs", func(ctx context.Context) bool {
		w := s.workload(ctx, "statefulsets", "by-hand")
		return w.Status.ObservedGeneration == w.Metadata.Generation && w.Status.ReadyReplicas == 1
	})
	for workload, words := range map[string]string{"paused": "are paused", "recreated": "Recreate", "all-at-once": "100%", "moving": "under way", "statefulset/by-hand": "OnDelete"} {
		_, err := k.Plan(t.Context(), s.call(nil, object{"workload": workload}))
		refuses(t, err, fault.Conflict, words)
	}
	_, err := k.Plan(t.Context(), s.call(nil, object{"workload": "nowhere"}))
	refuses(t, err, fault.NotFound, "deployment nowhere")
}

// TestDaemonSet restarts the pods of a DaemonSet on its nodes.
func TestDaemonSet(t *testing.T) {
	s, k := newStage(t), kind(t, "restart-rollout")
	name := s.Node("tartu")
	s.Node("valga")
	s.Make("apps/v1", "daemonsets", object{"kind": "DaemonSet", "metadata": object{"name": "collector"}, "spec": object{"selector": object{"matchLabels": object{"app": "collector"}},
		"template": func() object {
			t := templateOf("collector", "verity/collector:1", object{})
			t["spec"].(object)["nodeSelector"] = object{"verity.test/namespace": s.Namespace}
			return t
		}()}})
	s.Until("it runs", func(ctx context.Context) bool {
		w := s.workload(ctx, "daemonsets", "collector")
		return w.Status.ObservedGeneration == w.Metadata.Generation && w.Status.DesiredNumberScheduled == 2 && w.Status.NumberAvailable == 2
	})
	call := s.call(object{"wait": "90s"}, object{"workload": "daemonset/collector"})
	plan, res, _ := s.run(k, call)
	if f := s.prove(k, call, plan, res); !f.Helped {
		t.Errorf("it did not help: %+v", f)
	}
	s.crash(s.pods("collector")[0].Metadata.Name)
	s.run(kind(t, "evict"), s.call(quick(), object{"workload": "daemonset/collector"}))
	drain, err := kind(t, "drain").Plan(t.Context(), s.nodeCall(name, object{}))
	must(t, err)
	if text := cells(drain.Tables); strings.Contains(text, "collector") && !strings.Contains(text, "stays (DaemonSet") || len(drain.Changes) != 1 {
		t.Errorf("a drain would take a DaemonSet's pod:\n%s", text)
	}
}

// TestRollback goes back to the version before a bad one, with its difference as plan, and forward again.
func TestRollback(t *testing.T) {
	s, k := newStage(t), kind(t, "rollback")
	s.deploy(pipeline, 2)
	s.patch("apps/v1", "deployments", pipeline, `{"spec":{"template":{"metadata":{"annotations":{"`+neighbour.Crashes+`":"panic"}},
		"spec":{"containers":[{"name":"pipeline","image":"verity/decision-pipeline:2","env":[{"name":"NORDPANK_API_TOKEN","value":"another-4711"}]}]}}}}`)
	s.Until("the bad version is known", func(ctx context.Context) bool {
		return s.workload(ctx, "deployments", pipeline).revision() == 2
	})
	call := s.call(object{"wait": "90s"}, object{"workload": pipeline})
	plan, res, _ := s.run(k, call)
	told := plan.Summary
	for _, c := range plan.Changes {
		told += "\n" + c.What + ": " + c.Now + " -> " + c.After
	}
	for _, wanted := range []string{"from revision 2 (verity/decision-pipeline:2) to revision 1", "spec.containers[pipeline].image: verity/decision-pipeline:2 -> verity/decision-pipeline:1",
		"env[NORDPANK_API_TOKEN].value: *** -> ***", "env[COUNTRY].value: — -> EE"} {
		if !strings.Contains(told, wanted) {
			t.Errorf("the plan does not say %q:\n%s", wanted, told)
		}
	}
	if strings.Contains(told, "4711") {
		t.Errorf("the plan tells a secret:\n%s", told)
	}
	if f := s.prove(k, call, plan, res); !f.Helped {
		t.Errorf("it did not help: %+v", f)
	}
	s.Until("the revisions are numbered", func(ctx context.Context) bool {
		return s.workload(ctx, "deployments", pipeline).revision() == 3
	})
	_, err := k.Plan(t.Context(), s.call(nil, object{"workload": pipeline, "revision": 9}))
	refuses(t, err, fault.Invalid, "keeps no revision 9", "2")
	s.undo(res)
	if got := s.workload(t.Context(), "deployments", pipeline).images(); got != "verity/decision-pipeline:2" {
		t.Errorf("after the undo it runs %s", got)
	}
}

// TestRollbackWithoutPast says that there is nothing to go back to.
func TestRollbackWithoutPast(t *testing.T) {
	s, k := newStage(t), kind(t, "rollback")
	s.deploy(pipeline, 1)
	_, err := k.Plan(t.Context(), s.call(nil, object{"workload": pipeline}))
	refuses(t, err, fault.Conflict, "no earlier revision")
	plan, err := k.Plan(t.Context(), s.call(nil, object{"workload": pipeline, "revision": 1}))
	if err != nil || !plan.Nothing {
		t.Errorf("to go where it is: %+v, %v", plan, err)
	}
}

// TestScale scales within bounds and back, and leaves to an autoscaler what is its own.
func TestScale(t *testing.T) {
	s, k := newStage(t), kind(t, "scale")
	s.deploy(pipeline, 2)
	call := s.call(object{"max": 4, "wait": "90s"}, object{"workload": pipeline, "replicas": 4})
	plan, res, _ := s.run(k, call)
	if f := s.prove(k, call, plan, res); !f.Helped {
		t.Errorf("it did not help: %+v", f)
	}
	s.undo(res)
	if got := s.workload(t.Context(), "deployments", pipeline).desired(); got != 2 {
		t.Errorf("after the undo it has %d replicas", got)
	}
	for n, words := range map[any]string{5: "1 to 4", 0: "1 to 4", nil: "how many", "many": "whole number", 2.5: "whole number", -1: "whole number"} {
		_, err := k.Plan(t.Context(), s.call(object{"max": 4}, object{"workload": pipeline, "replicas": n}))
		refuses(t, err, fault.Invalid, words)
	}
	s.Make("autoscaling/v2", "horizontalpodautoscalers", object{"kind": "HorizontalPodAutoscaler", "metadata": object{"name": "pipeline"}, "spec": object{
		"minReplicas": 2, "maxReplicas": 6, "scaleTargetRef": object{"apiVersion": "apps/v1", "kind": "Deployment", "name": pipeline}}})
	_, err := k.Plan(t.Context(), s.call(object{"max": 4}, object{"workload": pipeline, "replicas": 3}))
	refuses(t, err, fault.Conflict, "autoscaler pipeline", "2 to 6")
}

// TestCordonAndDrain empties a node: static and DaemonSet pods stay, and the way back opens it again.
func TestCordonAndDrain(t *testing.T) {
	s, k := newStage(t), kind(t, "drain")
	name := s.Node("tartu")
	s.deploy(pipeline, 3)
	s.budget(pipeline, 2)
	s.Make("v1", "pods", object{"kind": "Pod", "metadata": object{"name": "static", "annotations": object{"kubernetes.io/config.mirror": "x"}},
		"spec": object{"nodeName": name, "containers": []any{object{"name": "proxy", "image": "verity/proxy:1"}}}})
	other := s.Node("valga")
	plan, res, _ := s.run(k, s.nodeCall(name, object{"patience": "3m"}))
	if text := cells(plan.Tables); !strings.Contains(text, "static | stays (static") || !res.Done {
		t.Errorf("the plan is\n%s\nand the result %+v", text, res)
	}
	s.Until("its pods run on the other node", func(context.Context) bool {
		now := s.pods(pipeline)
		return len(now) == 3 && !slices.ContainsFunc(now, func(p pod) bool { return p.Spec.NodeName != other || !p.ready() })
	})
	s.undo(res)
	if now := s.open(name); !strings.HasPrefix(now, "open") {
		t.Errorf("after the undo the node is %s", now)
	}
}

// TestDrainGivesUp has a budget that never lets a pod go: the node is opened again.
func TestDrainGivesUp(t *testing.T) {
	s, k := newStage(t), kind(t, "drain")
	name := s.Node("tartu")
	s.deploy(pipeline, 1)
	s.budget(pipeline, 1)
	plan, err := k.Plan(t.Context(), s.nodeCall(name, object{"patience": "1s"}))
	must(t, err)
	if !strings.Contains(cells(plan.Tables), "needs 1 healthy pods and has 1 currently") {
		t.Errorf("the plan is\n%s", cells(plan.Tables))
	}
	res, err := k.Do(t.Context(), s.nodeCall(name, object{"patience": "1s"}), plan, &actiontest.Ledger{})
	must(t, err)
	if res.Done || res.Unknown || !strings.Contains(res.Summary, "open again") || !strings.HasPrefix(s.open(name), "open") {
		t.Errorf("it says %+v, and the node is %s", res, s.open(name))
	}
	s.Make("v1", "pods", object{"kind": "Pod", "metadata": object{"name": "bare"}, "spec": object{"nodeName": name, "containers": []any{containerOf("verity/tools:1")}}})
	_, err = k.Plan(t.Context(), s.nodeCall(name, object{}))
	refuses(t, err, fault.Conflict, "bare pod")
}
