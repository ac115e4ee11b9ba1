package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"frontline/action"
	"frontline/action/actiontest"
	"frontline/clock"
	"frontline/e2e/neighbour"
	"frontline/fault"
	"frontline/secret"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(child())
	}
	neighbour.Main(m)
}

// pipeline is the workload of Verity's decision pipeline.
const pipeline = "decision-pipeline"

// stage is a namespace of a real cluster.
type stage struct {
	*neighbour.Kube
	t testing.TB
}

func newStage(t testing.TB) *stage {
	t.Helper()
	return &stage{neighbour.Kubernetes(t), t}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type object = map[string]any

// container of the pipeline, with an environment as careless as real ones are.
func containerOf(image string) object {
	return object{"name": "pipeline", "image": image, "args": []any{"--listen=:8080", "--api-key=AIza-careless", "--db-password", "hunter2"}, "env": []any{
		object{"name": "COUNTRY", "value": "EE"}, object{"name": "NORDPANK_API_TOKEN", "value": "nordpank-4711"},
		object{"name": "BROKER", "value": "amqp://pipeline:rabbit-4711@rabbit.verity.example:5672"},
		object{"name": "PAYMENT_KEY", "valueFrom": object{"secretKeyRef": object{"name": "payments", "key": "api-key", "optional": true}}}}}
}

// template of a workload's pods.
func templateOf(app, image string, annotations object) object {
	return object{"metadata": object{"labels": object{"app": app}, "annotations": annotations},
		"spec": object{"containers": []any{containerOf(image)}, "tolerations": []any{object{"operator": "Exists"}}}}
}

// deploy makes a Deployment and waits until its pods are ready.
func (s *stage) deploy(name string, replicas int, change ...func(spec object)) {
	s.t.Helper()
	spec := object{"replicas": replicas, "selector": object{"matchLabels": object{"app": name}}, "template": templateOf(name, "verity/"+name+":1", object{})}
	for _, c := range change {
		c(spec)
	}
	s.Make("apps/v1", "deployments", object{"kind": "Deployment", "metadata": object{"name": name}, "spec": spec})
	s.available(name, replicas)
}

// available waits until so many pods of the Deployment are, and its rollout is over.
func (s *stage) available(name string, n int) {
	s.t.Helper()
	s.Until(fmt.Sprintf("%s has %d pods available", name, n), func(ctx context.Context) bool {
		d := s.workload(ctx, "deployments", name)
		return d.Status.ObservedGeneration >= d.Metadata.Generation && d.Status.AvailableReplicas == n && d.Status.Replicas == d.desired() && d.Status.UpdatedReplicas == d.desired()
	})
}

func (s *stage) workload(ctx context.Context, plural, name string) workload {
	s.t.Helper()
	u, err := s.In("apps/v1", plural).Get(ctx, name, metav1.GetOptions{})
	must(s.t, err)
	w, err := decode[workload](u.Object)
	must(s.t, err)
	w.Kind = u.GetKind()
	return w
}

// budget makes a disruption budget over the workload and waits until the cluster has counted its pods.
func (s *stage) budget(name string, minAvailable int, change ...func(spec object)) {
	s.t.Helper()
	spec := object{"minAvailable": minAvailable, "selector": object{"matchLabels": object{"app": name}}}
	for _, c := range change {
		c(spec)
	}
	s.Make("policy/v1", "poddisruptionbudgets", object{"kind": "PodDisruptionBudget", "metadata": object{"name": name}, "spec": spec})
	s.healthy(name, len(s.pods(name)))
}

// healthy waits until the budget counts so many healthy pods.
func (s *stage) healthy(name string, n int) {
	s.t.Helper()
	s.Until(fmt.Sprintf("the budget counts %d healthy pods", n), func(ctx context.Context) bool {
		u, err := s.In("policy/v1", "poddisruptionbudgets").Get(ctx, name, metav1.GetOptions{})
		must(s.t, err)
		b, err := decode[budget](u.Object)
		must(s.t, err)
		seen, _, _ := unstructured.NestedInt64(u.Object, "status", "observedGeneration")
		return seen >= u.GetGeneration() && b.Status.CurrentHealthy == n
	})
}

// pods of an application that are not going, in the order of their names.
func (s *stage) pods(app string) []pod {
	s.t.Helper()
	l, err := s.In("v1", "pods").List(context.WithoutCancel(s.t.Context()), metav1.ListOptions{LabelSelector: "app=" + app})
	must(s.t, err)
	var found []pod
	for i := range l.Items {
		p, err := decode[pod](l.Items[i].Object)
		must(s.t, err)
		if p.Metadata.DeletionTimestamp == nil {
			found = append(found, p)
		}
	}
	slices.SortFunc(found, func(a, b pod) int { return strings.Compare(a.Metadata.Name, b.Metadata.Name) })
	return found
}

// replaced waits until the application has n pods, all of them ready and none of them the one that was.
func (s *stage) replaced(app string, n int, was pod) {
	s.t.Helper()
	s.Until(was.Metadata.Name+" is replaced", func(context.Context) bool {
		now := s.pods(app)
		return len(now) == n && !slices.ContainsFunc(now, func(p pod) bool { return !p.ready() || p.Metadata.UID == was.Metadata.UID })
	})
}

// crash makes one pod crash-loop and waits until the cluster knows.
func (s *stage) crash(name string) {
	s.t.Helper()
	s.Say(name, neighbour.Crashes, "panic: no decision for country \"XK\"")
	s.Until(name+" crashes", func(ctx context.Context) bool {
		u, err := s.In("v1", "pods").Get(ctx, name, metav1.GetOptions{})
		must(s.t, err)
		p, err := decode[pod](u.Object)
		must(s.t, err)
		return !p.ready() && p.restarts() > 0
	})
}

// settings of a kind on this stage.
func (s *stage) settings(change object) json.RawMessage {
	s.t.Helper()
	all := object{"server": s.Server, "ca": s.CA, "token": "env:KUBERNETES_TOKEN", "namespace": s.Namespace}
	for k, v := range change {
		if all[k] = v; v == nil {
			delete(all, k)
		}
	}
	b, err := json.Marshal(all)
	must(s.t, err)
	return b
}

// quick are settings of an eviction that nobody has to wait for.
func quick() object { return object{"pause": "0s", "wait": "60s", "steady": "0s"} }

// call is a use of a kind on this stage.
func (s *stage) call(settings, inputs object) action.Call {
	s.t.Helper()
	return action.Call{Run: "R-7", Actor: "liis", Reason: "the pipeline falls over for XK", Inputs: inputs, Settings: s.settings(settings),
		Secrets: map[string]secret.Text{"token": secret.New(s.Token)}}
}

// kind finds a kind by its name.
func kind(t testing.TB, name string) action.Kind {
	t.Helper()
	for _, k := range Kinds(clock.Real{}) {
		if k.Name() == "kubernetes."+name {
			return k
		}
	}
	t.Fatalf("there is no kind kubernetes.%s", name)
	return nil
}

// run plans and does, and fails the test when it cannot.
func (s *stage) run(k action.Kind, call action.Call) (action.Plan, action.Result, *actiontest.Ledger) {
	s.t.Helper()
	plan, err := k.Plan(s.t.Context(), call)
	must(s.t, err)
	led := &actiontest.Ledger{}
	res, err := k.Do(s.t.Context(), call, plan, led)
	must(s.t, err)
	return plan, res, led
}

// prove looks whether it helped.
func (s *stage) prove(k action.Kind, call action.Call, plan action.Plan, res action.Result) action.Finding {
	s.t.Helper()
	f, err := k.(action.Prover).Prove(s.t.Context(), call, plan, res, &actiontest.Ledger{})
	must(s.t, err)
	return f
}

// undo does what the result offers.
func (s *stage) undo(res action.Result) {
	s.t.Helper()
	if res.Undo == nil {
		s.t.Fatalf("%+v offers no way back", res)
	}
	b, err := json.Marshal(res.Undo.Settings)
	must(s.t, err)
	call := s.call(nil, res.Undo.Inputs)
	call.Settings = b
	s.run(kind(s.t, strings.TrimPrefix(res.Undo.Kind, "kubernetes.")), call)
}

// refuses fails the test unless the error is of the kind and says all of the words.
func refuses(t testing.TB, err error, k fault.Kind, words ...string) {
	t.Helper()
	if !fault.Is(err, k) {
		t.Errorf("%v, want a fault of the kind %s", err, k)
		return
	}
	for _, w := range words {
		if !strings.Contains(fault.Sentence(err), w) {
			t.Errorf("%q does not say %q", fault.Sentence(err), w)
		}
	}
}

// cells joins a table, for looking into it.
func cells(tables []action.Table) string {
	var b strings.Builder
	for _, t := range tables {
		b.WriteString(t.Title + "\n")
		for _, r := range t.Rows {
			b.WriteString(strings.Join(r, " | ") + "\n")
		}
	}
	return b.String()
}

// patch changes an object of the namespace as somebody else does.
func (s *stage) patch(version, plural, name, patch string) {
	s.t.Helper()
	_, err := s.In(version, plural).Patch(s.t.Context(), name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	must(s.t, err)
}
