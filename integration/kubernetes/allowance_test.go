package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"frontline/action"
	"frontline/secret"
)

// allowed asks what the account of the token may do, for an action of the kind.
func (s *stage) allowed(name, token string, settings object) action.Allowance {
	s.t.Helper()
	call := s.call(settings, nil)
	call.Secrets = map[string]secret.Text{"token": secret.New(token)}
	said, err := kind(s.t, name).(action.Bounded).Allowed(s.t.Context(), call)
	must(s.t, err)
	return said
}

// give applies a manifest as a cluster's administrator does. What is not in a namespace is deleted with the test.
func (s *stage) give(manifest string) {
	s.t.Helper()
	for d := yaml.NewDecoder(strings.NewReader(manifest)); ; {
		var one map[string]any
		if err := d.Decode(&one); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			s.t.Fatalf("%v in\n%s", err, manifest)
		}
		s.Make(fmt.Sprint(one["apiVersion"]), strings.ToLower(fmt.Sprint(one["kind"]))+"s", one)
	}
}

// TestAllowance asks with an account that may do nothing, applies exactly the manifest that is offered, and asks again: nothing is missing, and the account
// may still not do anything else.
func TestAllowance(t *testing.T) {
	for _, name := range []string{"overview", "evict", "restart-rollout", "rollback", "scale"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			token := s.ServiceAccount("frontline")
			before := s.allowed(name, token, nil)
			if missing := before.Missing(); len(missing) == 0 || len(missing) != len(before.Rights) || before.Account != "system:serviceaccount:"+s.Namespace+":frontline" || !strings.HasPrefix(before.Version, "v1.") {
				t.Fatalf("of an account that may do nothing it says %+v", before)
			}
			if n, lines := strings.Count(before.Manifest, "# missing"), strings.Count(before.Manifest, "- {apiGroups"); n == 0 || n != lines {
				t.Errorf("%d of %d lines are marked as missing:\n%s", n, lines, before.Manifest)
			}
			s.give(before.Manifest)
			s.Until("the server knows the role", func(context.Context) bool { return len(s.allowed(name, token, nil).Missing()) == 0 })
			after := s.allowed(name, token, nil)
			if after.Manifest != "" || len(after.Rights) != len(before.Rights) {
				t.Errorf("with the role it says %+v", after)
			}
			if s.May("frontline", "delete", "", "pods") || s.May("frontline", "get", "", "secrets") {
				t.Error("the manifest gives more than the kind needs")
			}
		})
	}
}

// TestAllowanceOfNodes names a role for the whole cluster.
func TestAllowanceOfNodes(t *testing.T) {
	s := newStage(t)
	said := s.allowed("drain", s.ServiceAccount("frontline-nodes"), object{"namespace": nil})
	if !strings.Contains(said.Manifest, "kind: ClusterRoleBinding") || strings.Contains(said.Manifest, "kind: Role\n") || said.Rights[0].Where != "the cluster" {
		t.Errorf("it says %+v", said)
	}
	if said := s.allowed("access", s.Token, nil); len(said.Rights) != 0 || said.Version == "" {
		t.Errorf("of what asks for nothing it says %+v", said)
	}
}

// TestAllowanceTellsBudgets finds the budgets that will keep a pod from being evicted, and says nothing against what is right.
func TestAllowanceTellsBudgets(t *testing.T) {
	s := newStage(t)
	s.deploy(pipeline, 3)
	s.budget(pipeline, 2, func(spec object) { spec["unhealthyPodEvictionPolicy"] = "AlwaysAllow" })
	if said := s.allowed("evict", s.Token, nil); len(said.Blocks) != 0 || len(said.Missing()) != 0 {
		t.Errorf("of what is right it says %+v", said)
	}
	s.deploy("reports", 2)
	s.budget("reports", 2)
	s.Make("policy/v1", "poddisruptionbudgets", object{"kind": "PodDisruptionBudget", "metadata": object{"name": "twice"}, "spec": object{
		"maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow", "selector": object{"matchLabels": object{"app": pipeline}}}})
	s.Until("the budget has counted its pods", func(context.Context) bool {
		return !slices.ContainsFunc(s.allowed("evict", s.Token, nil).Blocks, func(b action.Block) bool { return strings.Contains(b.What, "guards no pod") })
	})
	var told []string
	for _, b := range s.allowed("evict", s.Token, nil).Blocks {
		told = append(told, b.Where+": "+b.What)
	}
	for _, wanted := range []string{"poddisruptionbudget/reports: The budget reports never lets a pod go: it needs 2 of 2", "poddisruptionbudget/reports: When too many pods fail", "decision-pipeline and twice: Several budgets guard"} {
		if !strings.Contains(strings.Join(told, "\n"), wanted) {
			t.Errorf("it does not tell %q: %q", wanted, told)
		}
	}
}

// TestNeighbour names what settings lead to, without a secret and without asking.
func TestNeighbour(t *testing.T) {
	for settings, want := range map[string]string{
		`{"server": "https://kubernetes.verity.example:6443/", "token": "env:T", "namespace": "decisions"}`: "https://kubernetes.verity.example:6443",
		`{"in_cluster": true, "max": 5}`:                          "the cluster that Frontline runs in",
		`{"kubeconfig": "file:/etc/frontline/kube"}`:              "the kubeconfig in file:/etc/frontline/kube",
		`{"kubeconfig": "env:KUBE", "context": "eu", "nodes":[]}`: "the context eu of the kubeconfig in env:KUBE",
	} {
		if got := kind(t, "evict").(action.Bounded).Neighbour(action.Call{Settings: []byte(settings)}); got != want {
			t.Errorf("%s leads to %q, want %q", settings, got, want)
		}
	}
}

// TestRoleOf names roles so that no other account's is replaced, and whom they are for.
func TestRoleOf(t *testing.T) {
	for account, want := range map[string][2]string{
		"system:serviceaccount:decisions:frontline-evict": {"frontline-evict", "{kind: ServiceAccount, name: frontline-evict, namespace: decisions}"},
		"system:serviceaccount:tools:frontline":           {"frontline-evict-for-frontline", "{kind: ServiceAccount, name: frontline, namespace: tools}"},
		"Liis Tamm":                                       {"frontline-evict-for-liis-tamm", `{kind: User, apiGroup: rbac.authorization.k8s.io, name: "Liis Tamm"}`},
		"":                                                {"frontline-evict", "{kind: ServiceAccount, name: ACCOUNT, namespace: ITS-NAMESPACE}"},
	} {
		r := role{kind: "kubernetes.evict", account: account}
		if r.name() != want[0] || r.subject() != want[1] {
			t.Errorf("%q has the role %s for %s", account, r.name(), r.subject())
		}
	}
}
