package kubernetes

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"frontline/action"
	"frontline/action/actiontest"
	"frontline/clock"
	"frontline/fault"
	"frontline/secret"
)

// hostile are inputs that somebody may try: what every kind is given, and what means something to Kubernetes alone. None of them is a name there, and none may
// become a path, a flag or a second request.
func hostile(t *testing.T) map[string]any {
	t.Helper()
	all := map[string]any{"subresource": "a/exec", "query of a request": "a?dryRun=All", "escape": "a%2fexec", "fragment": "a#b", "selector": "a,b=c", "unicode": "tõrge", "homograph": "аdmin",
		"large": strings.Repeat("a", 10<<20), "upper": "Pipeline", "number": 7.0, "list": []any{"a"}, "table": map[string]any{"a": "b"}}
	var names []string
	for _, v := range actiontest.HostileValues() {
		if v.Text == "" || plainName.MatchString(v.Text) {
			names = append(names, v.Text) // not given, or a name like any other
			continue
		}
		all[v.Name] = v.Text
	}
	if want := []string{"", "1e309", "null"}; !slices.Equal(names, want) {
		t.Errorf("taken for names are %q, want %q", names, want)
	}
	return all
}

// offline are settings of a cluster that must never be asked.
func offline(t testing.TB, kind string, server string) json.RawMessage {
	t.Helper()
	all := object{"server": server, "token": "env:TOKEN", "namespaces": []any{"decisions", "payments"}}
	switch kind {
	case "cordon", "uncordon", "drain":
		delete(all, "namespaces")
	case "scale":
		all["max"] = 5
	}
	b, err := json.Marshal(all)
	must(t, err)
	return b
}

// TestHostileInputs has every kind refuse each of them by its name, before anything is asked of a cluster.
func TestHostileInputs(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("it asked %s", r.URL) }))
	defer server.Close()
	fields := map[string][]string{"evict": {"namespace", "pod", "workload"}, "restart-rollout": {"namespace", "workload"}, "rollback": {"namespace", "workload", "revision"},
		"scale": {"namespace", "workload", "replicas"}, "cordon": {"node"}, "uncordon": {"node"}, "drain": {"node"}, "overview": {"namespace"}, "lint": {"namespace"}, "access": {"namespace"}}
	for _, k := range Kinds(clock.Real{}) {
		name := strings.TrimPrefix(k.Name(), "kubernetes.")
		if len(fields[name]) == 0 {
			t.Errorf("no inputs of %s are tried", k.Name())
		}
		for _, field := range fields[name] {
			for what, value := range hostile(t) {
				good := object{"namespace": "decisions", "workload": "deployment/decision-pipeline", "node": "narva", "replicas": 2}
				if _, isNumber := value.(float64); isNumber && (field == "replicas" || field == "revision") {
					continue
				}
				good[field] = value
				_, err := k.Plan(t.Context(), action.Call{Settings: offline(t, name, server.URL), Inputs: good, Secrets: map[string]secret.Text{"token": secret.New("x")}})
				if f := fault.FieldsOf(err); !fault.Is(err, fault.Invalid) || len(f) != 1 || f[0].Name != field || len(err.Error()) > 1000 {
					t.Errorf("%s with %s as %s: %.300v", k.Name(), what, field, err)
				}
			}
		}
	}
}

// TestHostileWords has what people write freely go to the cluster literally.
func TestHostileWords(t *testing.T) {
	s, k := newStage(t), kind(t, "evict")
	s.deploy(pipeline, 2)
	s.crash(s.pods(pipeline)[0].Metadata.Name)
	call := s.call(quick(), object{"workload": pipeline})
	call.Actor, call.Run = `liis"},"type":"$(reboot)`, "R-7\n--all"
	s.run(k, call)
	found, err := s.In("v1", "events").List(t.Context(), metav1.ListOptions{FieldSelector: "reason=" + restartedReason})
	must(t, err)
	if len(found.Items) != 1 || found.Items[0].Object["type"] != "Normal" || !strings.Contains(found.Items[0].Object["message"].(string), call.Run+" for "+call.Actor+".") {
		t.Errorf("the cluster's note is %v", found.Items)
	}
}

// TestSettingsAreForTheirKind refuses a setting that another kind has.
func TestSettingsAreForTheirKind(t *testing.T) {
	for _, c := range []struct{ kind, settings, wrong, knows string }{
		{"evict", `{"server":"https://k","token":"env:T","namespace":"a","max":3}`, "max", "pause, tries"},
		{"scale", `{"server":"https://k","token":"env:T","namespace":"a","max":3,"pause":"1m"}`, "pause", "min, max"},
		{"scale", `{"server":"https://k","token":"env:T","namespace":"a","max":3,"min":4}`, "min", ""},
		{"drain", `{"server":"https://k","token":"env:T","namespace":"a"}`, "namespace", "nodes, patience"},
		{"drain", `{"server":"https://k","token":"env:T","patience":"10h"}`, "patience", ""},
		{"evict", `{"server":"https://k","token":"env:T","namespace":"a","wait":"soon"}`, "wait", ""},
		{"evict", `{"server":"https://k","token":"env:T","namespace":"a","tries":50}`, "tries", ""},
		{"evict", `{"server":"https://k","token":"env:T","namespace":"A B"}`, "namespace", ""},
		{"evict", `{"server":["x"]}`, "server", ""},
		{"overview", `{"server":"https://k","token":"env:T","namespace":"a","offer":{"delete":"x"}}`, "offer", ""},
		{"overview", `{"in_cluster":true,"context":"x","namespace":"a"}`, "context", ""},
		{"overview", `{"kubeconfig":"/home/liis/.kube/config","namespace":"a"}`, "kubeconfig", ""},
		{"overview", `{"kubeconfig":"file:/x","token":"env:T","namespace":"a"}`, "token", ""},
	} {
		err := kind(t, c.kind).Check(json.RawMessage(c.settings))
		if f := fault.FieldsOf(err); len(f) != 1 || f[0].Name != c.wrong || !strings.Contains(f[0].Say, c.knows) {
			t.Errorf("%s with %s: %v", c.kind, c.settings, err)
		}
	}
	if err := kind(t, "evict").Check(json.RawMessage(`[]`)); !fault.Is(err, fault.Invalid) {
		t.Errorf("a list of settings: %v", err)
	}
}

// TestKubeconfig takes what is in the file itself, and refuses what would have Frontline's machine do something else.
func TestKubeconfig(t *testing.T) {
	s := newStage(t)
	s.deploy(pipeline, 1)
	config := func(user, cluster object, context string) secret.Text {
		b, err := json.Marshal(object{"apiVersion": "v1", "kind": "Config", "current-context": "night", "contexts": []any{object{"name": context, "context": object{"cluster": "verity", "user": "frontline"}}},
			"clusters": []any{object{"name": "verity", "cluster": cluster}}, "users": []any{object{"name": "frontline", "user": user}}})
		must(t, err)
		return secret.New(string(b))
	}
	good, at := object{"token": s.Token}, object{"server": s.Server, "certificate-authority-data": []byte(s.CA)}
	try := func(text secret.Text, context string) error {
		settings := s.settings(object{"server": nil, "ca": nil, "token": nil, "kubeconfig": "file:/etc/frontline/kubeconfig", "context": context})
		_, err := kind(t, "lint").Plan(t.Context(), action.Call{Settings: settings, Secrets: map[string]secret.Text{"kubeconfig": text}})
		return err
	}
	must(t, try(config(good, at, "night"), ""))
	must(t, try(config(good, at, "day"), "day"))
	for words, text := range map[string]secret.Text{
		"runs a program":         config(object{"exec": object{"apiVersion": "client.authentication.k8s.io/v1", "command": "reboot", "interactiveMode": "Never"}}, at, "night"),
		"points to other files":  config(object{"tokenFile": "/etc/passwd"}, at, "night"),
		"does not check who":     config(good, object{"server": s.Server, "insecure-skip-tls-verify": true}, "night"),
		"no context":             config(good, at, "day"),
		"cannot be read":         secret.New("{"),
		"certificates and token": config(good, object{"server": s.Server, "certificate-authority": "/etc/passwd"}, "night"),
	} {
		refuses(t, try(text, ""), fault.Invalid, words)
	}
	_, err := kind(t, "lint").Plan(t.Context(), action.Call{Settings: json.RawMessage(`{"in_cluster":true,"namespace":"decisions"}`)})
	refuses(t, err, fault.Invalid, "does not run in a pod")
}

// TestUnreachable says which way to the cluster is closed, and never what the token is.
func TestUnreachable(t *testing.T) {
	s, k := newStage(t), kind(t, "evict")
	answer := func(status int, body string) string {
		server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	for name, c := range map[string]struct {
		settings object
		token    string
		want     fault.Kind
		words    string
	}{
		"nobody there":  {object{"server": "https://127.0.0.1:1"}, s.Token, fault.Unavailable, "does not answer"},
		"wrong token":   {nil, "not-a-token-4711", fault.Forbidden, "does not accept the token"},
		"no token":      {nil, "", fault.Invalid, "token is empty"},
		"somebody else": {object{"server": answer(200, "{}")}, "not-a-token-4711", fault.Unavailable, "vouches for"},
	} {
		call := s.call(c.settings, object{"workload": pipeline})
		call.Secrets = map[string]secret.Text{"token": secret.New(c.token)}
		_, err := k.Plan(t.Context(), call)
		if err != nil && c.token != "" && strings.Contains(err.Error(), c.token) {
			t.Errorf("%s: the token shows in %v", name, err)
		}
		t.Run(name, func(t *testing.T) { refuses(t, err, c.want, c.words) })
	}
}

// TestDiscreet masks what telling names hold, wherever a manifest has it, and nothing that developers need.
func TestDiscreet(t *testing.T) {
	var manifest any
	must(t, json.Unmarshal([]byte(`{"metadata":{"name":"web","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{pw-1}","note":"x","vault.token":"pw-2"},"managedFields":[{"v":"pw-3"}]},
		"spec":{"imagePullSecrets":[{"name":"registry"}],"containers":[{"name":"web","command":["run","--token","pw-4","--port","80"],"args":["--password=pw-5","DB_AUTH=pw-6","--verbose"],
		"env":[{"name":"DSN","value":"pw-7"},{"name":"URL","value":"https://u:pw-8@db:5432/x"},{"name":"MODE","value":"fast"},{"name":"API_KEY","valueFrom":{"secretKeyRef":{"name":"api","key":"id"}}}]}],
		"volumes":[{"name":"v","secret":{"secretName":"tls"}}]}}`), &manifest))
	b, err := json.Marshal(discreet(manifest))
	must(t, err)
	if strings.Contains(string(b), "pw-") {
		t.Errorf("it tells %s", b)
	}
	for _, wanted := range []string{`"fast"`, `"--verbose"`, `"80"`, `"secretName":"tls"`, `"registry"`, `{"key":"id","name":"api"}`, `https://***@db:5432/x`, `"note":"x"`, `"--password=***"`} {
		if !strings.Contains(string(b), wanted) {
			t.Errorf("it hides %s: %s", wanted, b)
		}
	}
}

// TestTrouble decides which pods are failing.
func TestTrouble(t *testing.T) {
	now := time.Date(2026, 11, 23, 3, 12, 0, 0, time.UTC)
	by := signs{5 * time.Minute, 5}
	for name, c := range map[string]struct{ status, reason string }{
		"ready":           {`{"phase":"Running","conditions":[{"type":"Ready","status":"True"}],"containerStatuses":[{"name":"c","ready":true,"restartCount":900}]}`, ""},
		"crash loop":      {`{"phase":"Running","containerStatuses":[{"name":"c","restartCount":3,"state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}`, "CrashLoopBackOff"},
		"in its init":     {`{"phase":"Pending","initContainerStatuses":[{"name":"i","restartCount":3,"state":{"waiting":{"reason":"CrashLoopBackOff"}}}],"containerStatuses":[{"name":"c","state":{"waiting":{"reason":"PodInitializing"}}}]}`, "CrashLoopBackOff"},
		"no image":        {`{"phase":"Pending","containerStatuses":[{"name":"c","state":{"waiting":{"reason":"ImagePullBackOff"}}}]}`, "ImagePullBackOff"},
		"often and now":   {`{"phase":"Running","conditions":[{"type":"Ready","status":"True"}],"containerStatuses":[{"name":"c","ready":true,"restartCount":5,"lastState":{"terminated":{"exitCode":137,"reason":"OOMKilled","finishedAt":"2026-11-23T03:10:00Z"}}}]}`, "restarted 5 times, last 2m ago"},
		"often, long ago": {`{"phase":"Running","conditions":[{"type":"Ready","status":"True"}],"containerStatuses":[{"name":"c","ready":true,"restartCount":5,"lastState":{"terminated":{"exitCode":137,"finishedAt":"2026-11-22T03:10:00Z"}}}]}`, ""},
		"not ready, new":  {`{"phase":"Running","conditions":[{"type":"Ready","status":"False","lastTransitionTime":"2026-11-23T03:11:00Z"}]}`, ""},
		"not ready, long": {`{"phase":"Running","conditions":[{"type":"Ready","status":"False","lastTransitionTime":"2026-11-23T03:00:00Z"}]}`, "not ready for 12m (no node takes it"},
		"finished":        {`{"phase":"Succeeded","conditions":[{"type":"Ready","status":"False","lastTransitionTime":"2026-11-23T03:00:00Z"}]}`, ""},
	} {
		var p pod
		must(t, json.Unmarshal([]byte(`{"metadata":{"creationTimestamp":"2026-11-01T00:00:00Z"},"status":`+c.status+`}`), &p))
		if strings.Contains(c.reason, "node") {
			p.Status.Conditions = append(p.Status.Conditions, condition{Type: "PodScheduled", Status: "False", Message: "0/3 nodes are available"})
		}
		got, ok := p.trouble(now, by)
		if ok != (c.reason == "") || !strings.HasPrefix(got.reason, c.reason) {
			t.Errorf("%s: %+v, ok %v", name, got, ok)
		}
	}
}

// TestStopped ends a call whose caller went away while the cluster is silent.
func TestStopped(t *testing.T) {
	over := make(chan struct{})
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }))
	defer server.Close()
	defer close(over)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	settings, err := json.Marshal(object{"server": server.URL, "ca": string(authority), "token": "env:TOKEN", "namespace": "decisions"})
	must(t, err)
	_, err = kind(t, "lint").Plan(ctx, action.Call{Settings: settings, Secrets: map[string]secret.Text{"token": secret.New("x")}})
	refuses(t, err, fault.Unavailable, "took too long")
}
