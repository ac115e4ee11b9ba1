package kubernetes

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"frontline/action"
	"frontline/action/actiontest"
	"frontline/fault"
	"frontline/secret"
)

// apply makes what a manifest of docs/kubernetes says and returns a token of its account.
func (s *stage) apply(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "kubernetes", name+".yaml"))
	must(s.t, err)
	return s.Grant(text)
}

// TestRoles applies every manifest of docs/kubernetes to the real server and has its account try everything: the kinds that it is for work, all
// others are refused with the line that is missing, and what no manifest may allow is forbidden.
func TestRoles(t *testing.T) {
	for name, may := range map[string][]string{
		"read-only": {"overview", "lint"}, "evict": {"evict"}, "scale": {"scale"}, "rollout": {"restart-rollout", "rollback"},
		"nodes": {"cordon", "uncordon", "drain"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			node := s.Node("tartu")
			s.deploy(pipeline, 2)
			s.release("2")
			s.available(pipeline, 2)
			failing := s.pods(pipeline)[0].Metadata.Name
			s.crash(failing)
			as := secret.New(s.apply(name))
			for kindName, c := range map[string]action.Call{
				"overview": s.call(nil, nil), "lint": s.call(nil, nil), "evict": s.call(quick(), object{"pod": failing}),
				"scale":    s.call(object{"max": 5}, object{"workload": pipeline, "replicas": 3}),
				"rollback": s.call(nil, object{"workload": pipeline}), "restart-rollout": s.call(nil, object{"workload": pipeline}),
				"cordon": s.nodeCall(node, object{}), "uncordon": s.nodeCall(node, object{}), "drain": s.nodeCall(node, object{"patience": "30s"}),
			} {
				c.Secrets = map[string]secret.Text{"token": as}
				err := s.plannedAndLooked(kind(t, kindName), c)
				if slices.Contains(may, kindName) && err != nil {
					t.Errorf("%s with %s.yaml: %v", kindName, name, err)
				}
				if !slices.Contains(may, kindName) {
					refuses(t, err, fault.Forbidden, "apiGroups", "Ask its administrators")
				}
			}
			s.access(t, as, may)
			s.forbidden(t, as, name)
		})
	}
}

// plannedAndLooked plans, and does what only looks; what changes something is proved by the server's dry run in the plan.
func (s *stage) plannedAndLooked(k action.Kind, c action.Call) error {
	plan, err := k.Plan(s.t.Context(), c)
	if err != nil {
		return err
	}
	switch k.(type) {
	case *Overview, *Lint:
		_, err = k.Do(s.t.Context(), c, plan, &actiontest.Ledger{})
	}
	return err
}

// access holds the table of kubernetes.access against what the manifest is for.
func (s *stage) access(t *testing.T, as secret.Text, may []string) {
	t.Helper()
	call := s.call(nil, nil)
	call.Secrets = map[string]secret.Text{"token": as}
	_, res, _ := s.run(kind(t, "access"), call)
	for _, row := range res.Tables[0].Rows {
		allowed := slices.Contains(may, strings.TrimPrefix(row[1], "kubernetes."))
		if (row[2] == "yes") != allowed || allowed == (row[3] != "") {
			t.Errorf("access says %v, and the manifest is for %v", row, may)
		}
	}
	if !strings.Contains(cells(res.Tables[1:]), `- {apiGroups: [`) {
		t.Errorf("no missing line is named: %s", cells(res.Tables))
	}
}

// forbidden tries what nobody is given.
func (s *stage) forbidden(t *testing.T, as secret.Text, name string) {
	t.Helper()
	k := base{name: "kubernetes.test", clock: kind(t, "evict").(*Evict).clock}
	var c cluster
	must(t, json.Unmarshal(s.settings(object{"namespace": nil}), &c))
	at, err := k.open(c, action.Call{Secrets: map[string]secret.Text{"token": as}})
	must(t, err)
	secrets := resource{"", "v1", "secrets", ""}
	for _, q := range []question{{"list", secrets, s.Namespace}, {"get", secrets, s.Namespace}, {"delete", pods, s.Namespace}, {"create", pods, s.Namespace},
		{"create", pods.with("exec"), s.Namespace}, {"delete", deployments, s.Namespace}, {"list", pods, "kube-system"}, {"delete", nodes, ""},
		{"escalate", resource{"rbac.authorization.k8s.io", "v1", "roles", ""}, s.Namespace}} {
		yes, err := at.allowed(t.Context(), q)
		if err != nil || yes && (name != "nodes" || q.namespace != "kube-system") { // a drain sees the pods of every namespace
			t.Errorf("%s.yaml allows to %s %s: %v, %v", name, q.verb, q.on.named(), yes, err)
		}
	}
	err = at.in(pods, s.Namespace).Delete(t.Context(), s.pods(pipeline)[0].Metadata.Name, metav1.DeleteOptions{})
	refuses(t, at.fault(t.Context(), err, "delete", pods, s.Namespace, ""), fault.Forbidden, `resources: ["pods"], verbs: ["delete"]`)
	_, err = list[pod](t.Context(), at, secrets, s.Namespace, all())
	refuses(t, err, fault.Forbidden, "secrets")
}

// TestMissingRights names the line of the role that is missing, also when only the evidence suffers.
func TestMissingRights(t *testing.T) {
	s, k := newStage(t), kind(t, "evict")
	s.deploy(pipeline, 2)
	failing := s.pods(pipeline)[0].Metadata.Name
	s.crash(failing)
	call := s.call(quick(), object{"pod": failing})
	call.Secrets = map[string]secret.Text{"token": secret.New(s.ServiceAccount("nobody"))}
	_, err := k.Plan(t.Context(), call)
	refuses(t, err, fault.Forbidden, `get pods in `+s.Namespace, `- {apiGroups: [""], resources: ["pods"], verbs: ["get"]}`)

	token := s.apply("evict")
	role := s.In("rbac.authorization.k8s.io/v1", "roles")
	_, err = role.Patch(t.Context(), "frontline-evict", "application/json-patch+json", []byte(`[{"op":"remove","path":"/rules/3"},{"op":"remove","path":"/rules/1"}]`), metav1.PatchOptions{})
	must(t, err)
	s.Until("the server knows the smaller role", func(context.Context) bool {
		return !s.May("frontline-evict", "get", "", "pods/log") && !s.May("frontline-evict", "create", "", "events")
	})
	call.Secrets = map[string]secret.Text{"token": secret.New(token)}
	_, res, led := s.run(k, call)
	if said := strings.Join(led.Lines(), "\n"); !res.Done || !strings.Contains(said, `"pods/log"`) || !strings.Contains(said, `resources: ["events"], verbs: ["create"]`) {
		t.Errorf("done %v, and it said\n%s", res.Done, said)
	}
}
