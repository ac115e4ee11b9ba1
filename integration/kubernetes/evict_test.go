package kubernetes

import (
	"context"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"frontline/action"
	"frontline/action/actiontest"
	"frontline/e2e/neighbour"
	"frontline/fault"
)

// TestEvictAFailingPod is the headline: a pod crash-loops under a budget, is evicted with the server's own verdict as plan, and a new one is
// ready in its place. What developers need in the morning is kept, without the secrets in it.
func TestEvictAFailingPod(t *testing.T) {
	s, k := newStage(t), kind(t, "evict")
	s.deploy(pipeline, 3)
	s.budget(pipeline, 2)
	failing := s.pods(pipeline)[1]
	s.crash(failing.Metadata.Name)
	s.healthy(pipeline, 2)
	call := s.call(quick(), object{"workload": "deployment/" + pipeline})
	plan, res, led := s.run(k, call)
	if plan.Nothing || !strings.Contains(plan.Changes[0].Now, "CrashLoopBackOff, 7 restarts, exit code 2") || !strings.Contains(cells(plan.Tables), "at least 2 available") {
		t.Errorf("the plan is %+v", plan)
	}
	if !res.Done || res.Facts["pod"] != failing.Metadata.Name || res.Facts["uid"] != string(failing.Metadata.UID) {
		t.Errorf("the result is %+v", res)
	}
	if f := s.prove(k, call, plan, res); !f.Helped {
		t.Errorf("it did not help: %+v", f)
	}
	for _, p := range s.pods(pipeline) {
		if p.Metadata.UID == failing.Metadata.UID || !p.ready() {
			t.Errorf("the pod %s is there and ready: %v", p.Metadata.Name, p.ready())
		}
	}
	s.evidence(led, res, failing.Metadata.Name)
}

// evidence looks at what was kept of the pod.
func (s *stage) evidence(led *actiontest.Ledger, res action.Result, name string) {
	s.t.Helper()
	files := led.Files()
	manifest := files[name+".yaml"]
	if files[name+"-pipeline-previous.log"] != "panic: no decision for country \"XK\"\n" || len(res.Files) != 3 {
		s.t.Errorf("kept %v", files)
	}
	if text := cells(res.Tables); !strings.Contains(text, "BackOff") || !strings.Contains(text, "verity/decision-pipeline:1") {
		s.t.Errorf("events and revisions are\n%s", text)
	}
	for _, private := range []string{"nordpank-4711", "rabbit-4711", "AIza-careless", "hunter2"} {
		if strings.Contains(manifest, private) {
			s.t.Errorf("the manifest tells %s:\n%s", private, manifest)
		}
	}
	for _, wanted := range []string{"NORDPANK_API_TOKEN", "value: EE", "secretKeyRef", "key: api-key", "rabbit.verity.example"} {
		if !strings.Contains(manifest, wanted) {
			s.t.Errorf("the manifest does not say %s:\n%s", wanted, manifest)
		}
	}
}

// TestBudgetSpeaks has the API server refuse, with the words of the budget in the plan.
func TestBudgetSpeaks(t *testing.T) {
	s, k := newStage(t), kind(t, "evict")
	s.deploy(pipeline, 3)
	s.budget(pipeline, 2)
	all := s.pods(pipeline)
	s.crash(all[0].Metadata.Name)
	s.crash(all[1].Metadata.Name)
	s.healthy(pipeline, 1)
	call := s.call(quick(), object{"pod": all[0].Metadata.Name})
	plan, err := k.Plan(t.Context(), call)
	must(t, err)
	if !plan.Nothing || !strings.Contains(plan.Summary, "needs 2 healthy pods and has 1 currently") || !strings.Contains(plan.Summary, "unhealthyPodEvictionPolicy") {
		t.Errorf("the plan is %+v", plan)
	}
	_, err = k.Do(t.Context(), call, plan, &actiontest.Ledger{})
	refuses(t, err, fault.Conflict)
	s.patch("policy/v1", "poddisruptionbudgets", pipeline, `{"spec":{"unhealthyPodEvictionPolicy":"AlwaysAllow"}}`)
	plan, res, _ := s.run(k, call)
	if !strings.Contains(cells(plan.Tables), "failing pods may always go") || !res.Done {
		t.Errorf("with AlwaysAllow: %+v, %+v", plan, res)
	}
}

// TestBudgetSpeaksLate has the budget change its mind between plan and run: the run says so in its words, and does nothing.
func TestBudgetSpeaksLate(t *testing.T) {
	s, k := newStage(t), kind(t, "evict")
	s.deploy(pipeline, 2)
	s.crash(s.pods(pipeline)[0].Metadata.Name)
	call := s.call(quick(), object{"workload": pipeline})
	plan, err := k.Plan(t.Context(), call)
	must(t, err)
	s.Make("policy/v1", "poddisruptionbudgets", object{"kind": "PodDisruptionBudget", "metadata": object{"name": pipeline},
		"spec": object{"minAvailable": 2, "selector": object{"matchLabels": object{"app": pipeline}}}})
	s.healthy(pipeline, 1)
	led := &actiontest.Ledger{}
	_, err = k.Do(t.Context(), call, plan, led)
	refuses(t, err, fault.Conflict, "needs 2 healthy pods and has 1 currently", "Nothing was done")
	res, err := k.Reconcile(t.Context(), call, plan, led.Steps(), &actiontest.Ledger{})
	must(t, err)
	if res.Done || res.Unknown || len(s.pods(pipeline)) != 2 {
		t.Errorf("afterwards %+v", res)
	}
}

// TestEvictGuards refuses pods that a restart would hurt or not help.
func TestEvictGuards(t *testing.T) {
	s, k := newStage(t), kind(t, "evict")
	s.deploy(pipeline, 2)
	s.deploy("resender", 1)
	s.Make("v1", "pods", object{"kind": "Pod", "metadata": object{"name": "bare"}, "spec": object{"containers": []any{containerOf("verity/tools:1")}}})
	s.Make("v1", "pods", object{"kind": "Pod", "metadata": object{"name": "static", "annotations": object{"kubernetes.io/config.mirror": "x"}},
		"spec": object{"nodeName": "narva", "containers": []any{object{"name": "proxy", "image": "verity/proxy:1"}}}})
	healthy, only := s.pods(pipeline)[0].Metadata.Name, s.pods("resender")[0].Metadata.Name
	s.crash(only)
	for name, c := range map[string]struct {
		settings, inputs object
		want             fault.Kind
		words            []string
	}{
		"bare":             {quick(), object{"pod": "bare", "even_if_healthy": true}, fault.Conflict, []string{"bare pod", "lost for ever"}},
		"static":           {quick(), object{"pod": "static", "even_if_healthy": true}, fault.Conflict, []string{"static pod", "narva"}},
		"healthy":          {quick(), object{"pod": healthy}, fault.Conflict, []string{"not failing", "even_if_healthy"}},
		"single":           {quick(), object{"pod": only}, fault.Conflict, []string{"1 replica", "even_if_single"}},
		"too soon":         {object{"pause": "10m"}, object{"pod": healthy, "even_if_healthy": true}, fault.Conflict, []string{"10m0s apart"}},
		"another workload": {with(quick(), "workloads", []any{"resender"}), object{"pod": healthy, "even_if_healthy": true}, fault.Forbidden, []string{"deployment/resender"}},
		"no such pod":      {quick(), object{"pod": "gone"}, fault.NotFound, []string{"pod gone"}},
		"not its workload": {quick(), object{"pod": healthy, "workload": "resender"}, fault.Invalid, []string{"deployment/" + pipeline}},
	} {
		_, err := k.Plan(t.Context(), s.call(c.settings, c.inputs))
		t.Run(name, func(t *testing.T) { refuses(t, err, c.want, c.words...) })
	}
	for name, inputs := range map[string]object{"healthy, said so": {"pod": healthy, "even_if_healthy": true}, "single, said so": {"pod": only, "even_if_single": true}} {
		if plan, err := k.Plan(t.Context(), s.call(quick(), inputs)); err != nil || plan.Nothing {
			t.Errorf("%s: %+v, %v", name, plan, err)
		}
	}
	plan, err := k.Plan(t.Context(), s.call(quick(), object{"workload": pipeline}))
	if err != nil || !plan.Nothing {
		t.Errorf("nothing fails, and the plan is %+v, %v", plan, err)
	}
}

// TestCrashLoopSurvives restarts twice what crashes again each time: it says that it did not help, and there is no third time.
func TestCrashLoopSurvives(t *testing.T) {
	s, k := newStage(t), kind(t, "evict")
	s.deploy(pipeline, 2)
	s.patch("apps/v1", "deployments", pipeline, `{"spec":{"template":{"metadata":{"annotations":{"`+neighbour.Crashes+`":"panic: no licence"}}}}}`)
	s.Until("the new version crashes", func(context.Context) bool {
		for _, p := range s.pods(pipeline) {
			if p.restarts() > 0 {
				return true
			}
		}
		return false
	})
	call := s.call(with(quick(), "wait", "2s"), object{"workload": pipeline})
	for range usualTries {
		plan, res, _ := s.run(k, call)
		f := s.prove(k, call, plan, res)
		if f.Helped || !strings.Contains(f.Summary, "did not help") || !strings.Contains(f.Summary, "Escalate") {
			t.Errorf("the look afterwards says %+v", f)
		}
		s.Until("the next one crashes", func(context.Context) bool {
			for _, p := range s.pods(pipeline) {
				if p.restarts() > 0 && string(p.Metadata.UID) != res.Facts["uid"] {
					return true
				}
			}
			return false
		})
	}
	_, err := k.Plan(t.Context(), call)
	refuses(t, err, fault.Conflict, "restarted 2 times", "roll back")
}

// TestEvictMeetsTheUnexpected has the pod replaced behind the plan's back, and by the same name.
func TestEvictMeetsTheUnexpected(t *testing.T) {
	s, k := newStage(t), kind(t, "evict")
	s.Make("apps/v1", "statefulsets", object{"kind": "StatefulSet", "metadata": object{"name": "ledger"}, "spec": object{"replicas": 2, "serviceName": "ledger",
		"podManagementPolicy": "Parallel", "selector": object{"matchLabels": object{"app": "ledger"}}, "template": templateOf("ledger", "verity/ledger:1", object{})}})
	s.Until("the ledger runs", func(ctx context.Context) bool {
		return s.workload(ctx, "statefulsets", "ledger").Status.ReadyReplicas == 2
	})
	s.crash("ledger-1")
	call := s.call(quick(), object{"workload": "statefulset/ledger"})
	plan, err := k.Plan(t.Context(), call)
	must(t, err)
	was := s.pods("ledger")[1].Metadata.UID
	must(t, s.In("v1", "pods").Delete(t.Context(), "ledger-1", metav1.DeleteOptions{}))
	s.Until("there is another ledger-1", func(context.Context) bool {
		now := s.pods("ledger")
		return len(now) == 2 && now[1].Metadata.UID != was && now[1].ready()
	})
	_, err = k.Do(t.Context(), call, plan, &actiontest.Ledger{})
	refuses(t, err, fault.Conflict, "has been replaced")
	s.crash("ledger-1")
	plan, res, _ := s.run(k, call)
	if f := s.prove(k, call, plan, res); !f.Helped {
		t.Errorf("a StatefulSet's pod comes again by its name, and the look says %+v", f)
	}
}

func with(o object, key string, v any) object {
	o[key] = v
	return o
}
