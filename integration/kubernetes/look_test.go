package kubernetes

import (
	"strings"
	"testing"

	"frontline/action"
)

// TestOverview finds what fails and brings the evidence; of a healthy namespace it says so.
func TestOverview(t *testing.T) {
	s, k := newStage(t), kind(t, "overview")
	s.deploy(pipeline, 3)
	s.deploy("resender", 1)
	call := s.call(object{"offer": object{"evict": "pods/restart", "rollback": "pods/roll-back"}}, nil)
	if _, res, _ := s.run(k, call); !res.Done || len(res.Tables) != 0 || !strings.Contains(res.Summary, "2 workloads were looked at") {
		t.Errorf("of a healthy namespace it says %+v", res)
	}
	s.release("2")
	s.available(pipeline, 3)
	s.budget(pipeline, 2)
	failing := s.pods(pipeline)[2].Metadata.Name
	s.crash(failing)
	s.healthy(pipeline, 2)
	plan, res, led := s.run(k, call)
	if !strings.Contains(plan.Changes[0].After, "only looks") {
		t.Errorf("the plan is %+v", plan)
	}
	told := cells(res.Tables)
	for _, wanted := range []string{"deployment/" + pipeline + " | 2 of 3 | " + failing + " | CrashLoopBackOff, 7 restarts, exit code 2", "revision 2: verity/decision-pipeline:2",
		"at least 2 available (2 of 3 healthy, 2 needed; 0 may go)", "BackOff", "1 | verity/decision-pipeline:1"} {
		if !strings.Contains(told, wanted) {
			t.Errorf("it does not tell %q:\n%s", wanted, told)
		}
	}
	if res.Links["Restart "+failing] != "action:pods/restart?pod="+failing || res.Links["Roll back deployment/"+pipeline] != "action:pods/roll-back?workload=deployment%2F"+pipeline {
		t.Errorf("it offers %v", res.Links)
	}
	if led.Files()[failing+"-pipeline-previous.log"] == "" || res.Facts["failing_workloads"] != 1 || res.Facts["failing_pods"] != 1 {
		t.Errorf("facts %v, files %v", res.Facts, led.Files())
	}
}

// TestLint finds what will hurt some night, and nothing in what is right.
func TestLint(t *testing.T) {
	s, k := newStage(t), kind(t, "lint")
	s.deploy(pipeline, 3)
	s.budget(pipeline, 2, func(spec object) { spec["unhealthyPodEvictionPolicy"] = "AlwaysAllow" })
	if _, res, _ := s.run(k, s.call(nil, nil)); !res.Done || res.Facts["findings"] != 0 {
		t.Errorf("of what is right it says %s\n%s", res.Summary, cells(res.Tables))
	}
	s.deploy("resender", 1)
	s.deploy("webhooks", 2)
	s.deploy("reports", 2, func(spec object) { spec["strategy"] = object{"type": "Recreate"} })
	s.budget("reports", 2)
	s.Make("v1", "pods", object{"kind": "Pod", "metadata": object{"name": "bare"}, "spec": object{"containers": []any{containerOf("verity/tools:1")}}})
	_, res, _ := s.run(k, s.call(nil, nil))
	told := cells(res.Tables)
	for _, wanted := range []string{"deployment/resender | It has one replica", "deployment/webhooks | No disruption budget", "The budget reports never lets a pod go: it needs 2 of 2",
		"deployment/reports | A rollout stops all pods at once", "poddisruptionbudget/reports | When too many pods fail", "pod/bare | Nothing makes a new one"} {
		if !strings.Contains(told, wanted) {
			t.Errorf("it does not tell %q:\n%s", wanted, told)
		}
	}
	if strings.Contains(told, pipeline) {
		t.Errorf("it complains about what is right:\n%s", told)
	}
}

// TestLooksReconcile says of a look that broke off that nothing was changed.
func TestLooksReconcile(t *testing.T) {
	for _, name := range []string{"overview", "lint", "access"} {
		for _, steps := range [][]action.Step{nil, {{Name: stepLooked}}} {
			res, err := kind(t, name).Reconcile(t.Context(), action.Call{}, action.Plan{}, steps, nil)
			if err != nil || res.Unknown || res.Done != (len(steps) > 0) || !strings.Contains(res.Summary, "othing was changed") {
				t.Errorf("%s after %d steps: %+v, %v", name, len(steps), res, err)
			}
		}
	}
}
