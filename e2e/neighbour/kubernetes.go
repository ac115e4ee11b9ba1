package neighbour

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"frontline/demo/program"
	"frontline/secret"
)

// Kube is a Kubernetes API server with etcd and the controllers of Deployments, StatefulSets, DaemonSets, budgets, namespaces and service
// accounts, seen from one test: each test has a namespace of its own. There are no containers: a kubelet of ours (see Kubelet)
// says of every pod that it runs.
type Kube struct {
	Server    string // https://127.0.0.1:port
	CA        string // its certificate authority, in PEM
	Token     string // of an administrator
	Namespace string // the test's own
	Client    dynamic.Interface

	server *apiServer
	t      testing.TB
}

// apiServer is what the tests of this process share.
type apiServer struct {
	dir, url, token string
	ca              *authority
	etcd, api       *program.Process
	controllers     *program.Process
	kubelet         *kubelet
	client          dynamic.Interface
}

var sharedKube = sync.OnceValues(func() (*apiServer, error) {
	dir, err := ours.folder("kubernetes")
	if err != nil {
		return nil, err
	}
	s := &apiServer{dir: dir, token: secret.Random(20)}
	ours.atEnd(s.end)
	return s, s.start(context.Background())
})

// Kubernetes returns the API server that the tests of this process share; it takes some seconds to start. The namespace is the test's own and is
// deleted when the test ends. Nodes and everything else outside of namespaces are shared. scripts/prepare builds the programs; when
// they are missing they are built here, which takes minutes.
func Kubernetes(t testing.TB) *Kube {
	t.Helper()
	Need(t)
	s, err := sharedKube()
	must(t, err)
	ca, err := os.ReadFile(s.ca.file)
	must(t, err)
	k := &Kube{Server: s.url, CA: string(ca), Token: s.token, Namespace: "verity-" + secret.Random(8), Client: s.client, server: s, t: t}
	k.Make("v1", "namespaces", map[string]any{"kind": "Namespace", "metadata": map[string]any{"name": k.Namespace}})
	t.Cleanup(func() {
		err := s.client.Resource(resource("v1", "namespaces")).Delete(context.WithoutCancel(t.Context()), k.Namespace, metav1.DeleteOptions{})
		if err != nil {
			t.Error(err)
		}
	})
	k.Until("the namespace has its service account", func(ctx context.Context) bool {
		_, err := k.In("v1", "serviceaccounts").Get(ctx, "default", metav1.GetOptions{})
		return err == nil
	})
	return k
}

// resource names a resource by its version as manifests write it ("apps/v1") and its plural.
func resource(version, plural string) schema.GroupVersionResource {
	gv, err := schema.ParseGroupVersion(version)
	if err != nil {
		panic(err) // the tests write it
	}
	return gv.WithResource(plural)
}

// In is a kind of resource in the test's namespace, for the administrator.
func (k *Kube) In(version, plural string) dynamic.ResourceInterface {
	return k.Client.Resource(resource(version, plural)).Namespace(k.Namespace)
}

// Make creates what the manifest says; its apiVersion is filled in. Namespaced resources come into the test's namespace.
func (k *Kube) Make(version, plural string, manifest map[string]any) *unstructured.Unstructured {
	k.t.Helper()
	b, err := json.Marshal(manifest) // numbers must be as JSON has them
	must(k.t, err)
	u := &unstructured.Unstructured{}
	must(k.t, json.Unmarshal(b, &u.Object))
	u.SetAPIVersion(version)
	var in dynamic.ResourceInterface = k.Client.Resource(resource(version, plural))
	switch plural {
	case "namespaces", "nodes", "clusterroles", "clusterrolebindings", "subjectaccessreviews":
	default:
		in = k.In(version, plural)
	}
	made, err := in.Create(k.t.Context(), u, metav1.CreateOptions{})
	must(k.t, err)
	return made
}

// Until waits for a state that others bring about. It is patient, because other tests run beside it.
func (k *Kube) Until(what string, so func(context.Context) bool) {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), 2*time.Minute)
	defer cancel()
	pause := time.NewTicker(25 * time.Millisecond)
	defer pause.Stop()
	for !so(ctx) {
		select {
		case <-ctx.Done():
			k.t.Fatalf("waited in vain until %s", what)
		case <-pause.C:
		}
	}
}

// Grant makes what a manifest of docs/kubernetes says, in the test's namespace instead of "decisions", and returns a token for its account. What
// is not in a namespace gets a name of its own.
func (k *Kube) Grant(manifest []byte) string {
	k.t.Helper()
	manifest = bytes.ReplaceAll(manifest, []byte("namespace: decisions"), []byte("namespace: "+k.Namespace))
	if bytes.Contains(manifest, []byte("kind: ClusterRole")) {
		manifest = bytes.ReplaceAll(manifest, []byte("name: frontline-"), []byte("name: "+k.Namespace+"-"))
	}
	account := ""
	var rule map[string]any
	for d := yaml.NewDecoder(bytes.NewReader(manifest)); ; {
		var one map[string]any
		if err := d.Decode(&one); errors.Is(err, io.EOF) {
			k.granted(account, rule)
			return k.TokenOf(account)
		} else if err != nil {
			k.t.Fatal(err)
		}
		if rules, ok := one["rules"].([]any); ok {
			rule, _ = rules[0].(map[string]any)
		}
		version, plural := fmt.Sprint(one["apiVersion"]), strings.ToLower(fmt.Sprint(one["kind"]))+"s"
		made := k.Make(version, plural, one)
		switch plural {
		case "serviceaccounts":
			account = made.GetName()
		case "clusterroles", "clusterrolebindings":
			k.t.Cleanup(func() {
				err := k.Client.Resource(resource(version, plural)).Delete(context.WithoutCancel(k.t.Context()), made.GetName(), metav1.DeleteOptions{})
				if err != nil {
					k.t.Error(err)
				}
			})
		}
	}
}

// granted waits until the server, which keeps roles in memory, knows that the rule is the account's.
func (k *Kube) granted(account string, rule map[string]any) {
	k.t.Helper()
	first := func(list string) string { return fmt.Sprint(rule[list].([]any)[0]) }
	k.Until(account+" has its role", func(context.Context) bool {
		return k.May(account, first("verbs"), first("apiGroups"), first("resources"))
	})
}

// May says whether an account of the test's namespace may do something there with a resource, such as "get" with "pods/log" of the group "".
func (k *Kube) May(account, verb, group, named string) bool {
	k.t.Helper()
	plural, sub, _ := strings.Cut(named, "/")
	in := k.Namespace
	if plural == "nodes" {
		in = ""
	}
	answer := k.Make("authorization.k8s.io/v1", "subjectaccessreviews", map[string]any{"kind": "SubjectAccessReview", "spec": map[string]any{
		"user": "system:serviceaccount:" + k.Namespace + ":" + account, "resourceAttributes": map[string]any{
			"namespace": in, "verb": verb, "group": group, "resource": plural, "subresource": sub}}})
	yes, _, _ := unstructured.NestedBool(answer.Object, "status", "allowed")
	return yes
}

// ServiceAccount makes an account in the test's namespace and returns a token for it, as a cluster's administrator does for Frontline.
// It may do nothing until a binding says otherwise.
func (k *Kube) ServiceAccount(name string) string {
	k.t.Helper()
	k.Make("v1", "serviceaccounts", map[string]any{"kind": "ServiceAccount", "metadata": map[string]any{"name": name}})
	return k.TokenOf(name)
}

// TokenOf returns a token for an account of the test's namespace.
func (k *Kube) TokenOf(account string) string {
	k.t.Helper()
	ask := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
		"metadata": map[string]any{"name": account, "namespace": k.Namespace}, "spec": map[string]any{"expirationSeconds": int64(3600)}}}
	made, err := k.In("v1", "serviceaccounts").Create(k.t.Context(), ask, metav1.CreateOptions{}, "token")
	must(k.t, err)
	token, _, _ := unstructured.NestedString(made.Object, "status", "token")
	if token == "" {
		k.t.Fatal("the server gave no token")
	}
	return token
}

// Node adds a node that only pods of the test's namespace come to; as long as a namespace has nodes of its own, its pods go nowhere else.
func (k *Kube) Node(name string) string {
	k.t.Helper()
	name = k.Namespace + "-" + name
	k.Make("v1", "nodes", node(name, k.Namespace, k.server.kubelet.port))
	k.t.Cleanup(func() {
		err := k.Client.Resource(resource("v1", "nodes")).Delete(context.WithoutCancel(k.t.Context()), name, metav1.DeleteOptions{})
		if err != nil {
			k.t.Error(err)
		}
	})
	return name
}

// start starts etcd, the API server, the controllers and the kubelet, and returns once a pod could run.
func (s *apiServer) start(ctx context.Context) error {
	bin, err := prepared("kubernetes")
	if err != nil {
		return err
	}
	if s.ca, err = newAuthority(s.dir); err != nil {
		return err
	}
	if err := s.startServer(ctx, bin); err != nil {
		return err
	}
	config := &rest.Config{Host: s.url, BearerToken: s.token, QPS: -1, TLSClientConfig: rest.TLSClientConfig{CAFile: s.ca.file}}
	if s.client, err = dynamic.NewForConfig(config); err != nil {
		return fmt.Errorf("connect to the API server: %w", err)
	}
	ready := func(ctx context.Context) error {
		_, err := s.client.Resource(resource("v1", "namespaces")).Get(ctx, "kube-system", metav1.GetOptions{})
		return err
	}
	if err := s.api.Until(ctx, 3*time.Minute, ready); err != nil {
		return err
	}
	if s.kubelet, err = startKubelet(ctx, s.client, s.ca); err != nil {
		return err
	}
	return s.startControllers(bin)
}

// startServer starts etcd and the API server. The data is thrown away, so nothing is forced to the disk.
func (s *apiServer) startServer(ctx context.Context, bin string) error {
	var clients, peers, api int
	if err := program.FreePorts(&clients, &peers, &api); err != nil {
		return err
	}
	store, peer := fmt.Sprintf("http://127.0.0.1:%d", clients), fmt.Sprintf("http://127.0.0.1:%d", peers)
	var err error
	s.etcd, err = program.Program{Name: "etcd", Path: filepath.Join(bin, "etcd"), Dir: s.dir, Args: []string{
		"--data-dir=" + filepath.Join(s.dir, "etcd"), "--unsafe-no-fsync", "--log-level=warn",
		"--listen-client-urls=" + store, "--advertise-client-urls=" + store,
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer, "--initial-cluster=default=" + peer}}.Start()
	if err != nil {
		return err
	}
	if err := s.etcd.Until(ctx, 2*time.Minute, program.Answering(store+"/readyz")); err != nil {
		return err
	}
	if err := s.writeKeys(); err != nil {
		return err
	}
	in := func(name string) string { return filepath.Join(s.dir, name) }
	s.url = fmt.Sprintf("https://127.0.0.1:%d", api)
	s.api, err = program.Program{Name: "kube-apiserver", Path: filepath.Join(bin, "kube-apiserver"), Dir: s.dir, Args: []string{
		"--etcd-servers=" + store, "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--secure-port=" + strconv.Itoa(api),
		"--tls-cert-file=" + in("server.pem"), "--tls-private-key-file=" + in("server-key.pem"),
		"--service-account-issuer=https://verity.test", "--service-account-key-file=" + in("accounts.pem"),
		"--service-account-signing-key-file=" + in("accounts.pem"), "--authorization-mode=RBAC",
		"--token-auth-file=" + in("tokens.csv"), "--service-cluster-ip-range=10.0.0.0/24", "--endpoint-reconciler-type=none"}}.Start()
	return err
}

// writeKeys writes the server's certificate, the key that signs tokens of service accounts, and the tokens of administrator and controllers.
func (s *apiServer) writeKeys() error {
	accounts, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	var chain []byte
	for _, der := range s.ca.server.Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	files := map[string][]byte{"server.pem": chain, "tokens.csv": fmt.Appendf(nil,
		"%s,marika,1,system:masters\n%s-controllers,system:kube-controller-manager,2,\n", s.token, s.token)}
	for name, key := range map[string]crypto.PrivateKey{"server-key.pem": s.ca.server.PrivateKey, "accounts.pem": accounts} {
		ec, ok := key.(*ecdsa.PrivateKey)
		if !ok {
			return fmt.Errorf("the authority's key is a %T", key)
		}
		der, err := x509.MarshalECPrivateKey(ec)
		if err != nil {
			return fmt.Errorf("write a key: %w", err)
		}
		files[name] = pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(s.dir, name), text, 0o600); err != nil {
			return fmt.Errorf("write the API server's files: %w", err)
		}
	}
	return nil
}

func (s *apiServer) startControllers(bin string) error {
	var port int
	if err := program.FreePorts(&port); err != nil {
		return err
	}
	config := filepath.Join(s.dir, "controllers.json")
	text := fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","current-context":"x","contexts":[{"name":"x","context":{"cluster":"x","user":"x"}}],
		"clusters":[{"name":"x","cluster":{"server":%q,"certificate-authority":%q}}],"users":[{"name":"x","user":{"token":"%s-controllers"}}]}`, s.url, s.ca.file, s.token)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write the controllers' settings: %w", err)
	}
	var err error
	s.controllers, err = program.Program{Name: "kube-controller-manager", Path: filepath.Join(bin, "kube-controller-manager"), Dir: s.dir, Args: []string{
		"--kubeconfig=" + config, "--bind-address=127.0.0.1", "--secure-port=" + strconv.Itoa(port), "--cert-dir=" + s.dir, "--leader-elect=false",
		"--use-service-account-credentials=true", "--service-account-private-key-file=" + filepath.Join(s.dir, "accounts.pem"),
		"--controllers=deployment-controller,replicaset-controller,statefulset-controller,daemonset-controller,disruption-controller," +
			"serviceaccount-controller,namespace-controller,garbage-collector-controller"}}.Start()
	return err
}

// end stops what was started, in the order in which nobody complains.
func (s *apiServer) end() {
	if s.kubelet != nil {
		s.kubelet.end()
	}
	for _, p := range []*program.Process{s.controllers, s.api, s.etcd} {
		if p != nil {
			p.Kill()
		}
	}
}
