package kubernetes

import (
	"crypto/x509"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"frontline/action"
	"frontline/fault"
	"frontline/secret"
)

// cluster is how to reach the API server: server with token and ca, or a kubeconfig, or the account of the pod that Frontline runs in.
type cluster struct {
	Server     string     `json:"server"`     // https://host:6443
	CA         string     `json:"ca"`         // PEM, or where it is kept: env:NAME, file:/path; the system's authorities when empty
	Token      secret.Ref `json:"token"`      // of a service account
	Kubeconfig secret.Ref `json:"kubeconfig"` // env:NAME or file:/path; without programs to run and without other files
	Context    string     `json:"context"`    // of the kubeconfig; its current one when empty
	InCluster  bool       `json:"in_cluster"` // the account of Frontline's own pod
}

func (c *cluster) check() error {
	ways := 0
	for _, given := range []bool{c.Server != "", c.Kubeconfig != "", c.InCluster} {
		if given {
			ways++
		}
	}
	switch {
	case ways != 1:
		return fault.Wrong("server", "Give one of server (with token and ca), kubeconfig (as env:NAME or file:/path) and in_cluster: true.")
	case c.Server != "":
		return c.checkServer()
	case c.Token != "" || c.CA != "":
		return fault.Wrong("token", "The settings token and ca belong to server. Leave them out.")
	case c.Kubeconfig != "" && c.Kubeconfig.Check() != nil:
		return fault.Wrong("kubeconfig", "The setting kubeconfig says where the file is kept, env:NAME or file:/path.")
	case c.Context != "" && c.InCluster:
		return fault.Wrong("context", "The setting context chooses from a kubeconfig. Leave it out.")
	}
	return nil
}

func (c *cluster) checkServer() error {
	u, err := url.Parse(c.Server)
	switch {
	case err != nil || u.Scheme != "https" || u.Host == "":
		return fault.Wrong("server", "The setting server is the address of the API server, such as https://kubernetes.verity.example:6443.")
	case u.User != nil:
		return fault.Wrong("server", "The setting server carries a user or a password. Give the token of a service account instead, as env:NAME or file:/path.")
	case u.RawQuery != "" || u.Fragment != "":
		return fault.Wrong("server", "The setting server ends with the port or a path, without ? and #.")
	case c.Token.Check() != nil:
		return fault.Wrong("token", "The setting token is a reference, env:NAME or file:/path, never the token itself.")
	case c.Context != "":
		return fault.Wrong("context", "The setting context chooses from a kubeconfig. Leave it out.")
	case c.CA != "" && secret.Ref(c.CA).Check() != nil && !x509.NewCertPool().AppendCertsFromPEM([]byte(c.CA)):
		return fault.Wrong("ca", "The setting ca is a certificate in PEM, or where it is kept: env:NAME or file:/path.")
	}
	return nil
}

// scope is what a definition lets people touch.
type scope struct {
	Namespace  string   `json:"namespace"`  // the only namespace, or
	Namespaces []string `json:"namespaces"` // those that the input "namespace" may choose from
	Workloads  []string `json:"workloads"`  // "deployment/decision-pipeline"; every workload of the namespaces when empty
}

func (s *scope) check() error {
	switch {
	case s.Namespace == "" && len(s.Namespaces) == 0:
		return fault.Wrong("namespace", "The setting namespace is missing. Name one, or several under namespaces for the input namespace to choose from.")
	case s.Namespace != "" && len(s.Namespaces) > 0:
		return fault.Wrong("namespaces", "Give either namespace or namespaces, not both.")
	}
	for _, n := range s.names() {
		if !plainName.MatchString(n) {
			return fault.Wrong("namespace", "%.60q is no name of a namespace.", n)
		}
	}
	for i, w := range s.Workloads {
		ref, err := parseWorkload(w)
		if err != nil {
			return fault.Wrong("workloads", "%.60q is no workload. Write it as deployment/NAME, statefulset/NAME or daemonset/NAME.", w)
		}
		s.Workloads[i] = ref.String()
	}
	return nil
}

func (s scope) names() []string {
	if s.Namespace != "" {
		return []string{s.Namespace}
	}
	return s.Namespaces
}

// allow refuses a workload that the definition is not for.
func (s scope) allow(w workloadRef) error {
	if len(s.Workloads) == 0 || slices.Contains(s.Workloads, w.String()) {
		return nil
	}
	return fault.New(fault.Forbidden, "This action is not for %s. It is for %s.", w, strings.Join(s.Workloads, ", "))
}

// offers name the actions that an overview offers for what it finds: "evict" to the id of an action of kind kubernetes.evict.
type offers map[string]string

// given is the duration, or the usual one when none was given.
func given(d *action.Duration, usual time.Duration) time.Duration {
	if d == nil {
		return usual
	}
	return time.Duration(*d)
}

// span checks a duration that may be left out.
func span(setting string, d *action.Duration, most time.Duration) error {
	if t := given(d, 0); t < 0 || t > most {
		return fault.Wrong(setting, "The setting %s is a duration of at most %s, such as 90s or 5m.", setting, most)
	}
	return nil
}

// checked are settings that know what is wrong with them.
type checked[T any] interface {
	*T
	check() error
}

// parse reads and checks settings. The faults name the setting; no value that may be a secret is repeated.
func parse[T any, P checked[T]](b base, raw json.RawMessage) (T, error) {
	var s T
	if err := action.ReadSettings(b.name, raw, &s); err != nil {
		return s, err
	}
	return s, P(&s).check()
}
