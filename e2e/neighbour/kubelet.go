package neighbour

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Annotations by which a test says how its pods do. On one pod they make that pod fail, and the one that follows it is well; in a
// template they make all of them fail.
const (
	Crashes = "verity.test/crashes" // the container crash-loops; the value is its last words
	Starts  = "verity.test/starts"  // the value "never": the container runs but does not become ready
)

// Restarts is how often a crashing container of the kubelet's has been restarted.
const Restarts = 7

// kubelet plays scheduler and kubelet for every pod: it gives it a node, says that it runs and is ready, takes it away when it is
// deleted, and serves its logs. There are no containers.
type kubelet struct {
	client dynamic.Interface
	port   int // of its log server
	logs   *http.Server
	stop   context.CancelFunc
	work   sync.WaitGroup
}

// sharedNode is where pods of namespaces without nodes of their own run.
const sharedNodeName = "narva"

// ownNode is the label of nodes that only the pods of one namespace come to.
const ownNode = "verity.test/namespace"

func node(name, namespace string, port int) map[string]any {
	m := map[string]any{"kind": "Node", "metadata": map[string]any{"name": name, "labels": map[string]any{ownNode: namespace}}}
	m["status"] = map[string]any{"addresses": []any{map[string]any{"type": "InternalIP", "address": "127.0.0.1"}},
		"daemonEndpoints": map[string]any{"kubeletEndpoint": map[string]any{"Port": port}},
		"conditions":      []any{map[string]any{"type": "Ready", "status": "True"}}}
	return m
}

func startKubelet(ctx context.Context, client dynamic.Interface, ca *authority) (*kubelet, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the kubelet: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	k := &kubelet{client: client, port: l.Addr().(*net.TCPAddr).Port, stop: stop}
	k.logs = &http.Server{Handler: http.HandlerFunc(k.log)}
	k.work.Go(func() { _ = k.logs.Serve(tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{ca.server}})) })
	shared := node(sharedNodeName, "", k.port)
	shared["apiVersion"] = "v1"
	shared["status"].(map[string]any)["daemonEndpoints"] = map[string]any{"kubeletEndpoint": map[string]any{"Port": int64(k.port)}}
	_, err = client.Resource(resource("v1", "nodes")).Create(ctx, &unstructured.Unstructured{Object: shared}, metav1.CreateOptions{})
	if err != nil {
		k.end()
		return nil, fmt.Errorf("add the node: %w", err)
	}
	k.work.Go(func() { k.round(ctx) })
	return k, nil
}

func (k *kubelet) end() {
	k.stop()
	_ = k.logs.Close()
	k.work.Wait()
}

// round sees to all pods again and again.
func (k *kubelet) round(ctx context.Context) {
	pause := time.NewTicker(50 * time.Millisecond)
	defer pause.Stop()
	for ctx.Err() == nil {
		pods, err := k.client.Resource(resource("v1", "pods")).List(ctx, metav1.ListOptions{ResourceVersion: "0"})
		if err == nil {
			for i := range pods.Items {
				k.see(ctx, &pods.Items[i])
			}
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
	}
}

// see brings one pod one step further. An error means that somebody was quicker; the next round looks again.
func (k *kubelet) see(ctx context.Context, pod *unstructured.Unstructured) {
	in := k.client.Resource(resource("v1", "pods")).Namespace(pod.GetNamespace())
	on, _, _ := unstructured.NestedString(pod.Object, "spec", "nodeName")
	said, _, _ := unstructured.NestedString(pod.Object, "status", "reason")
	switch state, words := wanted(pod); {
	case on == "":
		k.bind(ctx, in, pod)
	case pod.GetDeletionTimestamp() != nil:
		now, uid := int64(0), pod.GetUID()
		_ = in.Delete(ctx, pod.GetName(), metav1.DeleteOptions{GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &uid}})
	case said != state:
		report(pod, state, words)
		if _, err := in.UpdateStatus(ctx, pod, metav1.UpdateOptions{}); err == nil && state == crashing {
			k.complain(ctx, pod)
		}
	}
}

// States of a pod. The kubelet keeps them in status.reason, where nothing else looks for a running pod.
const serving, idle, crashing = "Serving", "Idle", "Crashing"

// wanted is how the pod shall do, and its last words.
func wanted(pod *unstructured.Unstructured) (state, words string) {
	if words, crashes := pod.GetAnnotations()[Crashes]; crashes {
		return crashing, words
	}
	if pod.GetAnnotations()[Starts] == "never" {
		return idle, ""
	}
	return serving, ""
}

// bind gives the pod a node: the one that a DaemonSet asks for, else one of its namespace's, else the shared one. A cordoned node takes none.
func (k *kubelet) bind(ctx context.Context, in dynamic.ResourceInterface, pod *unstructured.Unstructured) {
	nodes, err := k.client.Resource(resource("v1", "nodes")).List(ctx, metav1.ListOptions{LabelSelector: ownNode + "=" + pod.GetNamespace()})
	if err != nil {
		return
	}
	target := ""
	if len(nodes.Items) == 0 {
		target = sharedNodeName
	}
	for _, n := range nodes.Items {
		if cordoned, _, _ := unstructured.NestedBool(n.Object, "spec", "unschedulable"); !cordoned {
			target = n.GetName()
		}
	}
	if chosen := daemonNode(pod); chosen != "" {
		target = chosen
	}
	if target == "" {
		return
	}
	_, _ = in.Create(ctx, &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Binding",
		"metadata": map[string]any{"name": pod.GetName(), "namespace": pod.GetNamespace()},
		"target":   map[string]any{"kind": "Node", "name": target}}}, metav1.CreateOptions{}, "binding")
}

// daemonNode is the node that the DaemonSet controller made the pod for.
func daemonNode(pod *unstructured.Unstructured) string {
	terms, _, _ := unstructured.NestedSlice(pod.Object, "spec", "affinity", "nodeAffinity",
		"requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
	for _, term := range terms {
		fields, _, _ := unstructured.NestedSlice(term.(map[string]any), "matchFields")
		for _, f := range fields {
			if values, _, _ := unstructured.NestedStringSlice(f.(map[string]any), "values"); len(values) == 1 {
				return values[0]
			}
		}
	}
	return ""
}

// report writes the state into the pod's status, as a kubelet would.
func report(pod *unstructured.Unstructured, state, words string) {
	now := time.Now().UTC().Format(time.RFC3339)
	ready := "False"
	if state == serving {
		ready = "True"
	}
	var containers []any
	specs, _, _ := unstructured.NestedSlice(pod.Object, "spec", "containers")
	for _, c := range specs {
		spec := c.(map[string]any)
		status := map[string]any{"name": spec["name"], "image": spec["image"], "imageID": "", "ready": state == serving, "restartCount": int64(0),
			"state": map[string]any{"running": map[string]any{"startedAt": now}}}
		if state == crashing {
			status["restartCount"] = int64(Restarts)
			status["state"] = map[string]any{"waiting": map[string]any{"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}}
			status["lastState"] = map[string]any{"terminated": map[string]any{"exitCode": int64(2), "reason": "Error", "message": words, "startedAt": now, "finishedAt": now}}
		}
		containers = append(containers, status)
	}
	condition := func(kind string) any {
		return map[string]any{"type": kind, "status": ready, "lastTransitionTime": now}
	}
	pod.Object["status"] = map[string]any{"phase": "Running", "reason": state, "startTime": now, "containerStatuses": containers,
		"conditions": []any{condition("Ready"), condition("ContainersReady")}}
}

// complain makes the event that a kubelet makes about a crash loop.
func (k *kubelet) complain(ctx context.Context, pod *unstructured.Unstructured) {
	now := time.Now().UTC().Format(time.RFC3339)
	_, _ = k.client.Resource(resource("v1", "events")).Namespace(pod.GetNamespace()).Create(ctx, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Event", "metadata": map[string]any{"generateName": pod.GetName() + "."},
		"involvedObject": map[string]any{"apiVersion": "v1", "kind": "Pod", "namespace": pod.GetNamespace(), "name": pod.GetName(), "uid": string(pod.GetUID())},
		"type":           "Warning", "reason": "BackOff", "message": "Back-off restarting failed container", "count": int64(Restarts),
		"firstTimestamp": now, "lastTimestamp": now, "source": map[string]any{"component": "kubelet"}}}, metav1.CreateOptions{})
}

// log answers GET /containerLogs/NAMESPACE/POD/CONTAINER as a kubelet does.
func (k *kubelet) log(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(r.URL.Path, "/")
	if len(parts) != 5 || parts[1] != "containerLogs" {
		http.NotFound(w, r)
		return
	}
	pod, err := k.client.Resource(resource("v1", "pods")).Namespace(parts[2]).Get(r.Context(), parts[3], metav1.GetOptions{})
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	state, words := wanted(pod)
	switch {
	case state != crashing && r.URL.Query().Get("previous") == "true":
		http.Error(w, "previous terminated container not found", http.StatusBadRequest)
	case state == crashing:
		fmt.Fprintln(w, words)
	default:
		fmt.Fprintln(w, "listening on :8080")
	}
}

// Say annotates a pod of the test's namespace: see Crashes and Starts.
func (k *Kube) Say(pod, annotation, value string) {
	k.t.Helper()
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, annotation, value)
	_, err := k.In("v1", "pods").Patch(k.t.Context(), pod, types.MergePatchType, patch, metav1.PatchOptions{})
	must(k.t, err)
}
