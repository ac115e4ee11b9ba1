package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"frontline/action"
)

var (
	_ action.Bounded = (*Evict)(nil)
	_ action.Bounded = (*Access)(nil)
	_ action.Bounded = (*Drain)(nil)
)

// ground is what the settings of every kind say of where it works.
type ground struct {
	cluster
	scope
}

// groundOf reads where an action works; the settings were checked when they were applied.
func groundOf(call action.Call) (g ground) {
	_ = json.Unmarshal(call.Settings, &g) // what cannot be read leads nowhere, and open says so
	return g
}

// Neighbour implements action.Bounded.
func (b base) Neighbour(call action.Call) string {
	switch c := groundOf(call).cluster; {
	case c.InCluster:
		return "the cluster that Frontline runs in"
	case c.Kubeconfig != "" && c.Context != "":
		return fmt.Sprintf("the context %s of the kubeconfig in %s", c.Context, c.Kubeconfig)
	case c.Kubeconfig != "":
		return fmt.Sprintf("the kubeconfig in %s", c.Kubeconfig)
	default:
		return strings.TrimSuffix(c.Server, "/")
	}
}

// Allowed implements action.Bounded: it asks the API server about each right that the kind needs (SelfSubjectAccessReview), with the action's own token.
func (b base) Allowed(ctx context.Context, call action.Call) (action.Allowance, error) {
	g := groundOf(call)
	s, err := b.open(g.cluster, call)
	if err != nil {
		return action.Allowance{}, err
	}
	where := g.names()
	if clusterWide(b.name) {
		where = []string{""}
	}
	var out action.Allowance
	must, should := b.needs()
	lacking := map[need]bool{}
	var short []string // namespaces that lack something
	for _, namespace := range where {
		missing := false
		for i, n := range append(slices.Clone(must), should...) {
			yes, err := s.allowed(ctx, question{n.verb, n.on, namespace})
			if err != nil {
				return action.Allowance{}, err
			}
			out.Rights = append(out.Rights, action.Right{Where: place(namespace), What: n.verb + " " + n.on.named(), Must: i < len(must), Allowed: yes})
			if !yes {
				missing, lacking[n] = true, true
			}
		}
		if missing {
			short = append(short, namespace)
		}
		blocks, err := s.blocks(ctx, namespace)
		if err != nil {
			return action.Allowance{}, err
		}
		out.Blocks = append(out.Blocks, blocks...)
	}
	out.Account, out.Version = s.whoami(ctx), s.version(ctx)
	if len(short) > 0 {
		out.Manifest = role{kind: b.name, account: out.Account, needs: append(slices.Clone(must), should...), lacking: lacking}.manifest(short)
	}
	return out, nil
}

// needs are those of the kind; asking what is allowed needs nothing that not every account has.
func (b base) needs() (must, should []need) {
	if b.name == "kubernetes.access" {
		return nil, nil
	}
	return needs(b.name)
}

// whoami is the account's name, as the API server knows it (SelfSubjectReview, since 1.28); empty when it does not say.
func (s *site) whoami(ctx context.Context) string {
	u, err := s.in(resource{"authentication.k8s.io", "v1", "selfsubjectreviews", ""}, "").Create(ctx, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}}, metav1.CreateOptions{})
	if err != nil {
		return ""
	}
	name, _, _ := unstructured.NestedString(u.Object, "status", "userInfo", "username")
	return name
}

// version is what the API server calls itself; empty when it does not say.
func (s *site) version(ctx context.Context) string {
	u := *s.base
	u.Path, u.RawQuery = path.Join(u.Path, "/version"), ""
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return ""
	}
	res, err := s.http.Do(req)
	if err != nil {
		return ""
	}
	defer func() { _ = res.Body.Close() }()
	var said struct {
		GitVersion string `json:"gitVersion"`
	}
	if res.StatusCode != http.StatusOK || json.NewDecoder(io.LimitReader(res.Body, 1<<16)).Decode(&said) != nil {
		return ""
	}
	return said.GitVersion
}

// blocks are the disruption budgets of a namespace that will keep a failing pod from being evicted; none where the account may not list them.
func (s *site) blocks(ctx context.Context, namespace string) ([]action.Block, error) {
	if namespace == "" {
		return nil, nil
	}
	for _, on := range []resource{budgets, pods} {
		if yes, err := s.allowed(ctx, question{"list", on, namespace}); err != nil || !yes {
			return nil, err
		}
	}
	known, err := list[budget](ctx, s, budgets, namespace, all())
	if err != nil {
		return nil, err
	}
	everyone, err := list[pod](ctx, s, pods, namespace, all())
	if err != nil {
		return nil, err
	}
	var out []action.Block
	for _, b := range known {
		for _, f := range append(b.stuck(b.Status.ExpectedPods), b.lint()...) {
			out = append(out, action.Block{Where: namespace + ", " + b.name(), What: f[0], Right: f[1]})
		}
	}
	for _, p := range everyone {
		over := over(known, p)
		if len(over) < 2 {
			continue
		}
		names := make([]string, len(over))
		for i, b := range over {
			names[i] = b.Metadata.Name
		}
		x := action.Block{Where: namespace + ", " + strings.Join(names, " and "), What: "Several budgets guard the same pods: the cluster refuses every eviction.", Right: "Keep one of them."}
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out, nil
}

// name is how people write it.
func (b budget) name() string { return "poddisruptionbudget/" + b.Metadata.Name }

// lint is what is wrong with a budget by itself: what, and what would be right.
func (b budget) lint() (found [][2]string) {
	switch {
	case b.Status.ExpectedPods == 0:
		found = append(found, [2]string{"It guards no pod.", "Correct its selector, or delete it."})
	case b.Spec.UnhealthyPodEvictionPolicy != "AlwaysAllow":
		found = append(found, [2]string{"When too many pods fail, it keeps the failing ones from being evicted too.", "Set unhealthyPodEvictionPolicy: AlwaysAllow."})
	}
	return found
}

// stuck is what is wrong with a budget over n pods that never lets one go.
func (b budget) stuck(n int) (found [][2]string) {
	if n > 0 && b.Status.DesiredHealthy >= n {
		found = append(found, [2]string{fmt.Sprintf("The budget %s never lets a pod go: it needs %d of %d.", b.Metadata.Name, b.Status.DesiredHealthy, n), "Set maxUnavailable: 1, or add a replica."})
	}
	return found
}

// role is what an account needs for a kind, as a manifest says it.
type role struct {
	kind    string // "kubernetes.evict"
	account string // "system:serviceaccount:decisions:frontline-evict", a user's name, or empty
	needs   []need
	lacking map[need]bool
}

// manifest is the whole role of the kind and its binding, for the cluster when a namespace is empty: applied over a smaller role of the name it takes
// nothing away, and applied twice it changes nothing.
func (r role) manifest(namespaces []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# What %s needs; the lines that are missing now are marked. Apply it with: kubectl apply -f FILE\n", r.kind)
	if r.account == "" {
		b.WriteString("# The cluster does not say which account this is: put its name in place of ACCOUNT.\n")
	}
	for i, namespace := range namespaces {
		if i > 0 {
			b.WriteString("---\n")
		}
		r.write(&b, namespace)
	}
	return b.String()
}

func (r role) write(b *strings.Builder, namespace string) {
	sort, within := "Role", fmt.Sprintf("\n  namespace: %s", namespace)
	if namespace == "" {
		sort, within = "ClusterRole", ""
	}
	fmt.Fprintf(b, "apiVersion: rbac.authorization.k8s.io/v1\nkind: %s\nmetadata:\n  name: %s%s\nrules:\n", sort, r.name(), within)
	for _, line := range r.rules() {
		fmt.Fprintf(b, "  %s\n", line)
	}
	fmt.Fprintf(b, "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: %sBinding\nmetadata:\n  name: %s%s\n", sort, r.name(), within)
	fmt.Fprintf(b, "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: %s, name: %s}\nsubjects:\n  - %s\n", sort, r.name(), r.subject())
}

// rules are one line for each resource.
func (r role) rules() (lines []string) {
	var seen []resource
	for _, n := range r.needs {
		if slices.Contains(seen, n.on) {
			continue
		}
		seen = append(seen, n.on)
		var verbs []string
		missing := ""
		for _, m := range r.needs {
			if m.on == n.on && !slices.Contains(verbs, fmt.Sprintf("%q", m.verb)) {
				verbs = append(verbs, fmt.Sprintf("%q", m.verb))
				if r.lacking[m] {
					missing = " # missing"
				}
			}
		}
		lines = append(lines, fmt.Sprintf("- {apiGroups: [%q], resources: [%q], verbs: [%s]}%s", n.on.group, n.on.named(), strings.Join(verbs, ", "), missing))
	}
	return lines
}

const serviceAccount = "system:serviceaccount:"

// name is that of docs/kubernetes where the account is that one's, and else one that no other account's role has.
func (r role) name() string {
	name := "frontline-" + strings.TrimPrefix(r.kind, "kubernetes.")
	short := r.account[strings.LastIndex(r.account, ":")+1:]
	if short == "" || short == name {
		return name
	}
	return name + "-for-" + strings.Trim(strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return '-'
	}, strings.ToLower(short)), "-")
}

func (r role) subject() string {
	space, name, ok := strings.Cut(strings.TrimPrefix(r.account, serviceAccount), ":")
	switch {
	case r.account == "":
		return "{kind: ServiceAccount, name: ACCOUNT, namespace: ITS-NAMESPACE}"
	case ok && strings.HasPrefix(r.account, serviceAccount):
		return fmt.Sprintf("{kind: ServiceAccount, name: %s, namespace: %s}", name, space)
	}
	return fmt.Sprintf("{kind: User, apiGroup: rbac.authorization.k8s.io, name: %q}", r.account)
}
