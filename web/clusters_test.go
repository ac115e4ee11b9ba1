package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"frontline/action"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

// fakeClusters are what actions reach. Permission is people.May's, as with the real ones.
type fakeClusters struct {
	all  []action.Neighbour
	then func(*action.Neighbour) // what a look brings
}

func (f *fakeClusters) Neighbours(_ context.Context, by people.Actor) ([]action.Neighbour, error) {
	return f.all, people.May(by, people.SeeActions, people.Subject{Kind: "action"})
}

func (f *fakeClusters) Neighbour(_ context.Context, _ people.Actor, ref string) (action.Neighbour, error) {
	for _, n := range f.all {
		if n.ID == ref {
			return n, nil
		}
	}
	return action.Neighbour{}, fault.New(fault.NotFound, "No action reaches %q.", ref)
}

func (f *fakeClusters) LookAt(ctx context.Context, by people.Actor, ref string) (action.Neighbour, error) {
	for i := range f.all {
		if f.all[i].ID == ref {
			f.then(&f.all[i])
		}
	}
	return f.Neighbour(ctx, by, ref)
}

func bounds(id, title, kind string, l action.Looked) action.Bounds {
	b := action.Bounds{Definition: action.Definition{ID: id, Title: title, Kind: kind, Team: "support", Risk: action.RiskChange}, Looked: l}
	if !l.At.IsZero() {
		b.Looked.Version = b.Version()
	}
	return b
}

func lookedBy(person string, ago time.Duration, a action.Allowance, fault string) action.Looked {
	return action.Looked{At: night.Add(-ago), By: journal.Actor{Kind: people.ByPerson, ID: person}, Allowance: a, Fault: fault}
}

func rightsOf(missing ...string) action.Allowance {
	a := action.Allowance{Account: "system:serviceaccount:decisions:frontline-evict", Version: "v1.36.3"}
	for _, what := range []string{"create pods/eviction", "get pods", "get replicasets", "list poddisruptionbudgets", "list events", "get deployments", "get pods/log"} {
		a.Rights = append(a.Rights, action.Right{Where: "decisions", What: what, Must: what != "get pods/log", Allowed: !strings.Contains(strings.Join(missing, ","), what+"!")})
	}
	if len(missing) > 0 {
		a.Manifest = "# What kubernetes.evict needs; the lines that are missing now are marked.\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata:\n  name: frontline-evict\n  namespace: decisions\nrules:\n  - {apiGroups: [\"\"], resources: [\"pods/eviction\"], verbs: [\"create\"]} # missing\n"
	}
	return a
}

// manyClusters are one that lacks rights, one that does not answer, one that a runner reaches, one that is well, and one that nobody has looked at.
func manyClusters() []action.Neighbour {
	lacking := rightsOf("create pods/eviction!", "get pods/log!")
	lacking.Blocks = []action.Block{{Where: "decisions, poddisruptionbudget/reports", What: "The budget reports never lets a pod go: it needs 2 of 2.", Right: "Set maxUnavailable: 1, or add a replica."}}
	silent := "The cluster at kubernetes-nairobi.verity.example:6443 does not answer. Check that it is up and can be reached from here, then try again."
	return []action.Neighbour{
		{ID: "a1", Address: "https://kubernetes.verity.example:6443", Actions: []action.Bounds{bounds("pods/restart", "Restart a failing pod", "kubernetes.evict", lookedBy("liis", 4*time.Minute, lacking, "")),
			bounds("pods/overview", "What fails <now>", "kubernetes.overview", lookedBy("liis", 4*time.Minute, rightsOf("get pods/log!"), "")), bounds("pods/scale", "Scale", "kubernetes.scale", lookedBy("liis", 4*time.Minute, rightsOf(), ""))}},
		{ID: "b2", Address: "https://kubernetes-nairobi.verity.example:6443", Actions: []action.Bounds{bounds("nairobi/restart", "Restart in Nairobi", "kubernetes.evict", lookedBy("liis", 26*time.Hour, action.Allowance{}, silent))}},
		{ID: "c3", Address: "https://10.0.0.1:6443", Runner: map[string]string{"network": "berlin"}, Actions: []action.Bounds{bounds("berlin/restart", "Restart in Berlin", "kubernetes.evict", action.Looked{}), bounds("berlin/access", "What Berlin allows us", "kubernetes.access", action.Looked{})}},
		{ID: "d4", Address: "the cluster that Frontline runs in", Actions: []action.Bounds{bounds("own/restart", "Restart our own", "kubernetes.evict", lookedBy("liis", time.Minute, rightsOf(), ""))}},
		{ID: "e5", Address: "the kubeconfig in file:/etc/frontline/kube", Actions: []action.Bounds{bounds("new/restart", "Restart there", "kubernetes.evict", action.Looked{})}},
	}
}

func withClusters(all ...action.Neighbour) (*fakeClusters, func(*Deps)) {
	f := &fakeClusters{all: all}
	return f, func(d *Deps) { d.Clusters = f }
}

func TestClustersAreShown(t *testing.T) {
	fake, with := withClusters()
	f := newFirm(t, with)
	support := f.as(people.Support, "liis")
	f.desk.to("/system/clusters", ask{as: support}).is(http.StatusOK).has("main .blank .name", "No action reaches a cluster")
	f.desk.to("/system", ask{as: support}).is(http.StatusOK).has(`main a[href="/system/clusters"]`, "Clusters")
	fake.all = manyClusters()
	f.desk.to("/system/clusters", ask{as: support}).is(http.StatusOK).
		has("main li:nth-child(1) .state.critical", "1 action not allowed").has("main li:nth-child(2) .state.critical", "Not reached").has("main li:nth-child(3) .state.calm", "Looked at by its runner").
		has("main li:nth-child(3) small", "through a runner with network=berlin").has("main li:nth-child(4) .state.ok", "Allows all of them").has("main li:nth-child(5) .state.calm", "Not looked at yet")
	one := f.desk.to("/system/clusters/a1", ask{as: support}).is(http.StatusOK).has(`form[action="/system/clusters/a1/look"] button`, "Look now").
		has("[aria-labelledby=asked] .facts", "by Liis Tamm").has("[aria-labelledby=asked] .facts", "v1.36.3").
		has("[aria-label='Restart a failing pod'] > .head .state", "Not allowed").has("[aria-label='Restart a failing pod'] summary", "2 of 7 rights missing").
		has("[aria-label='Restart a failing pod'] textarea", `resources: ["pods/eviction"], verbs: ["create"]`).has("[aria-label='What fails <now>'] > .head .state", "less evidence").
		has("[aria-label='Scale'] summary", "7 rights, all there").lacks("[aria-label='Scale'] textarea").has("[aria-labelledby=blocks] td:nth-child(2)", "never lets a pod go")
	if strings.Contains(one.body(), "<now>") {
		t.Error("a title is not escaped")
	}
	f.desk.to("/system/clusters/a1", ask{as: f.as(people.Member, "aisha")}).is(http.StatusOK).lacks("main form button.first")
	f.desk.to("/system/clusters/b2", ask{as: support}).is(http.StatusOK).has(".note.critical", "does not answer").has("[aria-label='Restart in Nairobi'] > .head .state", "no answer")
	f.desk.to("/system/clusters/c3", ask{as: support}).is(http.StatusOK).has("[aria-labelledby=asked] p", "Only a runner with network=berlin").has(`[aria-labelledby=asked] a[href="/actions/berlin/access"]`, "What Berlin allows us").
		lacks("main form button.first").lacks("[aria-labelledby=blocks]")
	f.desk.to("/system/clusters/e5", ask{as: support}).is(http.StatusOK).has("[aria-labelledby=blocks]", "Nobody has looked yet")
	f.desk.to("/system/clusters/nowhere", ask{as: support}).is(http.StatusNotFound)
}

func TestClusterIsLookedAt(t *testing.T) {
	fake, with := withClusters(manyClusters()...)
	fake.then = func(n *action.Neighbour) { n.Actions[0] = manyClusters()[3].Actions[0] }
	f := newFirm(t, with)
	support := f.as(people.Support, "liis")
	f.desk.to("/system/clusters/e5/look", ask{as: support, form: url.Values{}}).leadsTo("/system/clusters/e5")
	f.desk.to("/system/clusters/e5", ask{as: support}).has("#asked .state.ok", "Allows all of them")
	f.desk.to("/system/clusters/e5/look", ask{as: f.as(people.Member, "aisha"), form: url.Values{}}).is(http.StatusForbidden)
}

// TestClustersLook opens the screens in Chromium.
func TestClustersLook(t *testing.T) {
	fake, with := withClusters()
	st, _ := walk(t, people.Support, "liis", func(f *firm) { with(&f.desk.s.deps) })
	st.lookAll("none", "/system/clusters")
	fake.all = manyClusters()
	st.lookAll("many", "/system/clusters", "/system/clusters/a1", "/system/clusters/b2", "/system/clusters/c3", "/system/clusters/e5")
}
