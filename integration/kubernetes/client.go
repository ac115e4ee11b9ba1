package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
	"frontline/secret"
)

// site is the API server, as one use of a kind sees it.
type site struct {
	client dynamic.Interface
	http   *http.Client
	base   *url.URL
	clock  clock.Clock
}

const (
	askWithin = 30 * time.Second // one request
	pageOf    = 500              // objects in one answer
	mostPages = 40
)

// open makes what talks to the API server; it does not ask it anything yet.
func (b base) open(c cluster, call action.Call) (*site, error) {
	config, err := c.config(call)
	if err != nil {
		return nil, err
	}
	config.UserAgent = "frontline/" + b.name
	config.Timeout = askWithin
	config.QPS = -1 // the server has its own flow control
	config.WarningHandler = rest.NoWarnings{}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return once{next} })
	s := &site{clock: b.clock}
	if s.http, err = rest.HTTPClientFor(config); err == nil {
		s.client, err = dynamic.NewForConfigAndClient(config, s.http)
	}
	if err == nil {
		s.base, _, err = rest.DefaultServerURL(config.Host, "", schema.GroupVersion{}, true)
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "The cluster cannot be reached with these settings. Correct server, ca, token or kubeconfig.")
	}
	return s, nil
}

// once hides from the client library that a request may be sent again: whether it is, is our decision.
type once struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (o once) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := o.next.RoundTrip(r)
	if err == nil && r.Method != http.MethodGet {
		res.Header.Del("Retry-After")
	}
	return res, err
}

func (c cluster) config(call action.Call) (*rest.Config, error) {
	switch {
	case c.InCluster:
		config, err := rest.InClusterConfig()
		if err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "Frontline does not run in a pod with a service account. Give server and token, or a kubeconfig.")
		}
		return config, nil
	case c.Kubeconfig != "":
		return fromKubeconfig(call.Secrets["kubeconfig"], c.Context)
	}
	token, ca := call.Secrets["token"], c.CA
	if secret.Ref(ca).Check() == nil {
		ca = call.Secrets["ca"].Reveal()
	}
	if token.Empty() {
		return nil, fault.Wrong("token", "The token is empty. Put the service account's token where the setting token points to.")
	}
	return &rest.Config{Host: c.Server, BearerToken: token.Reveal(), TLSClientConfig: rest.TLSClientConfig{CAData: []byte(ca)}}, nil
}

// fromKubeconfig reads a kubeconfig that holds everything itself. A program that would be run for a token, and files beside it, are refused: what
// Frontline may do on its machine is not for a kubeconfig to say.
func fromKubeconfig(text secret.Text, context string) (*rest.Config, error) {
	wrong := func(say string) error { return fault.Wrong("kubeconfig", "%s", say) }
	all, err := clientcmd.Load([]byte(text.Reveal()))
	if err != nil {
		return nil, wrong("What the setting kubeconfig points to cannot be read as a kubeconfig. Write it anew.") // the cause may repeat a token
	}
	if context == "" {
		context = all.CurrentContext
	}
	chosen, ok := all.Contexts[context]
	if !ok {
		return nil, fault.Wrong("context", "The kubeconfig has no context %.60q. Choose another one.", context)
	}
	user, cluster := all.AuthInfos[chosen.AuthInfo], all.Clusters[chosen.Cluster]
	switch {
	case user == nil || cluster == nil:
		return nil, wrong("The kubeconfig's context names a user or a cluster that is not in it. Complete it.")
	case user.Exec != nil || user.AuthProvider != nil:
		return nil, wrong("The kubeconfig runs a program to sign in. Use one with the token of a service account.")
	case user.ClientCertificate != "" || user.ClientKey != "" || user.TokenFile != "" || cluster.CertificateAuthority != "":
		return nil, wrong("The kubeconfig points to other files. Write certificates and token into it (kubectl config view --flatten does).")
	case cluster.InsecureSkipTLSVerify || !strings.HasPrefix(cluster.Server, "https://"):
		return nil, wrong("The kubeconfig does not check who the server is. Give it https and a certificate authority.")
	}
	config, err := clientcmd.NewNonInteractiveClientConfig(*all, context, nil, nil).ClientConfig()
	if err != nil {
		return nil, wrong("The kubeconfig cannot be used. Try it with kubectl.")
	}
	return config, nil
}

// resource is a sort of object, and how it is asked for.
type resource struct {
	group, version, plural string
	sub                    string // "eviction", "scale", "log"
}

func (r resource) gvr() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: r.group, Version: r.version, Resource: r.plural}
}

// named is how a role names it.
func (r resource) named() string {
	if r.sub == "" {
		return r.plural
	}
	return r.plural + "/" + r.sub
}

// rule is the line of a role that allows the verb on it.
func (r resource) rule(verb string) string {
	return fmt.Sprintf(`- {apiGroups: [%q], resources: [%q], verbs: [%q]}`, r.group, r.named(), verb)
}

var (
	pods         = resource{"", "v1", "pods", ""}
	evictions    = resource{"", "v1", "pods", "eviction"}
	podLogs      = resource{"", "v1", "pods", "log"}
	nodes        = resource{"", "v1", "nodes", ""}
	events       = resource{"", "v1", "events", ""}
	deployments  = resource{"apps", "v1", "deployments", ""}
	statefulSets = resource{"apps", "v1", "statefulsets", ""}
	daemonSets   = resource{"apps", "v1", "daemonsets", ""}
	replicaSets  = resource{"apps", "v1", "replicasets", ""}
	budgets      = resource{"policy", "v1", "poddisruptionbudgets", ""}
	autoscalers  = resource{"autoscaling", "v2", "horizontalpodautoscalers", ""}
	reviews      = resource{"authorization.k8s.io", "v1", "selfsubjectaccessreviews", ""}
)

func resourceOf(kind string) resource {
	switch kind {
	case "StatefulSet":
		return statefulSets
	case "DaemonSet":
		return daemonSets
	case "ReplicaSet":
		return replicaSets
	}
	return deployments
}

// with is the resource's subresource.
func (r resource) with(sub string) resource {
	r.sub = sub
	return r
}

func (s *site) in(r resource, namespace string) dynamic.ResourceInterface {
	if namespace == "" {
		return s.client.Resource(r.gvr())
	}
	return s.client.Resource(r.gvr()).Namespace(namespace)
}

// get reads one object.
func get[T any](ctx context.Context, s *site, r resource, namespace, name string) (T, error) {
	u, err := s.raw(ctx, r, namespace, name)
	if err != nil {
		var none T
		return none, err
	}
	return decode[T](u.Object)
}

// raw reads one object as it is.
func (s *site) raw(ctx context.Context, r resource, namespace, name string) (*unstructured.Unstructured, error) {
	var sub []string
	if r.sub != "" {
		sub = []string{r.sub}
	}
	u, err := s.in(r, namespace).Get(ctx, name, metav1.GetOptions{}, sub...)
	if err != nil {
		return nil, s.fault(ctx, err, "get", r, namespace, name)
	}
	return u, nil
}

// list reads all objects that match, up to a number that no namespace of ours has.
func list[T any](ctx context.Context, s *site, r resource, namespace string, o metav1.ListOptions) ([]T, error) {
	var all []T
	o.Limit = pageOf
	for range mostPages {
		page, err := s.in(r, namespace).List(ctx, o)
		if err != nil {
			return nil, s.fault(ctx, err, "list", r, namespace, "")
		}
		for i := range page.Items {
			one, err := decode[T](page.Items[i].Object)
			if err != nil {
				return nil, err
			}
			all = append(all, one)
		}
		if o.Continue = page.GetContinue(); o.Continue == "" {
			return all, nil
		}
	}
	return nil, fault.New(fault.TooLarge, "There are more than %d %s in %s. Give the action a smaller namespace.", pageOf*mostPages, r.plural, place(namespace))
}

// decode reads what we need of an object.
func decode[T any](object map[string]any) (T, error) {
	var out T
	b, err := json.Marshal(object)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		return out, fault.Wrap(err, fault.Internal, "The cluster answered something that cannot be read. Check that server is a Kubernetes API server.")
	}
	return out, nil
}

// op is one operation of a JSON patch (RFC 6902). A "test" makes the server refuse the whole patch when the world has moved.
type op struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

func test(path string, v any) op    { return op{"test", path, v} }
func set(path string, v any) op     { return op{"add", path, v} } // add replaces what is there
func replace(path string, v any) op { return op{"replace", path, v} }

// change patches an object; dry asks for the server's verdict alone.
func (s *site) change(ctx context.Context, r resource, namespace, name string, dry bool, ops ...op) (*unstructured.Unstructured, error) {
	b, err := json.Marshal(ops)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "The change could not be written down. Nothing was done.")
	}
	o := metav1.PatchOptions{FieldManager: "frontline"}
	if dry {
		o.DryRun = []string{metav1.DryRunAll}
	}
	var sub []string
	if r.sub != "" {
		sub = []string{r.sub}
	}
	u, err := s.in(r, namespace).Patch(ctx, name, types.JSONPatchType, b, o, sub...)
	if err != nil {
		return nil, s.fault(ctx, err, "patch", r, namespace, name)
	}
	return u, nil
}

// mostLog is how much of a log is kept.
const (
	mostLog  = 256 << 10
	logLines = 200
)

// log reads the end of what a container said; previous is the one before its last restart. ok is false when there is no such log.
func (s *site) log(ctx context.Context, namespace, pod, container string, previous bool) (text string, ok bool, err error) {
	u := *s.base
	u.Path = path.Join(u.Path, "/api/v1/namespaces", namespace, "pods", pod, "log")
	u.RawQuery = url.Values{"container": {container}, "previous": {fmt.Sprint(previous)}, "tailLines": {fmt.Sprint(logLines)},
		"limitBytes": {fmt.Sprint(mostLog)}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return "", false, fault.Wrap(err, fault.Internal, "The log's address could not be made. Read it with kubectl.")
	}
	res, err := s.http.Do(req)
	if err != nil {
		return "", false, s.fault(ctx, err, "get", podLogs, namespace, pod)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(res.Body, mostLog))
	switch {
	case err != nil:
		return "", false, s.fault(ctx, err, "get", podLogs, namespace, pod)
	case res.StatusCode == http.StatusOK:
		return string(b), true, nil
	case res.StatusCode == http.StatusForbidden:
		return "", false, forbidden(errors.New(res.Status), "get", podLogs, namespace)
	}
	return "", false, nil // no such container, or its node does not answer: the log is missing, not the cluster
}
