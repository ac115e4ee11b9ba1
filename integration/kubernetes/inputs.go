package kubernetes

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strings"

	"frontline/fault"
)

// plainName is a name as Kubernetes gives them (RFC 1123). Nothing else ever reaches the API server as a name, so that no input can be a path, a
// flag or a second request.
var plainName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$`)

// workloadRef names a workload in its namespace.
type workloadRef struct {
	Kind string // "Deployment", "StatefulSet", "DaemonSet"
	Name string
}

// String is how people write it: "deployment/decision-pipeline".
func (w workloadRef) String() string { return strings.ToLower(w.Kind) + "/" + w.Name }

// parseWorkload reads "deployment/NAME"; a name alone is a deployment's.
func parseWorkload(text string) (workloadRef, error) {
	kind, name, two := strings.Cut(text, "/")
	if !two {
		kind, name = "deployment", text
	}
	i := slices.IndexFunc(workloadKinds(), func(k string) bool { return strings.EqualFold(k, kind) })
	if i < 0 || !plainName.MatchString(name) {
		return workloadRef{}, fault.Wrong("workload", "A workload is written as deployment/NAME, statefulset/NAME or daemonset/NAME.")
	}
	return workloadRef{workloadKinds()[i], name}, nil
}

func workloadKinds() []string { return []string{"Deployment", "StatefulSet", "DaemonSet"} }

// inputs are what a person chose, read one by one. The first wrong one is kept.
type inputs struct {
	given map[string]any
	err   error
}

func (in *inputs) wrong(name, say string, args ...any) {
	if in.err == nil {
		in.err = fault.Wrong(name, say, args...)
	}
}

// name reads a name of Kubernetes; empty when it was not given.
func (in *inputs) name(input string) string {
	v, given := in.given[input]
	if !given || v == nil || v == "" {
		return ""
	}
	text, _ := v.(string)
	if !plainName.MatchString(text) {
		in.wrong(input, "The input %s is a name as Kubernetes gives them: small letters, digits, dots and dashes. Choose it again.", input)
		return ""
	}
	return text
}

// namespace is the one that was chosen, or the only one there is.
func (in *inputs) namespace(s scope) string {
	chosen := in.name("namespace")
	switch {
	case chosen == "" && len(s.names()) == 1:
		return s.names()[0]
	case chosen == "":
		in.wrong("namespace", "Choose the namespace: %s.", strings.Join(s.names(), ", "))
	case !slices.Contains(s.names(), chosen):
		in.wrong("namespace", "This action is not for that namespace. Choose one of: %s.", strings.Join(s.names(), ", "))
	}
	return chosen
}

// workload reads a workload that the definition is for; the only one of it when none was chosen.
func (in *inputs) workload(s scope, required bool) workloadRef {
	v := in.given["workload"]
	text, isText := v.(string)
	if v == nil || text == "" && isText {
		if len(s.Workloads) == 1 && required {
			text = s.Workloads[0]
		} else if required {
			in.wrong("workload", "Choose the workload, such as deployment/decision-pipeline.")
			return workloadRef{}
		} else {
			return workloadRef{}
		}
	}
	w, err := parseWorkload(text)
	if err == nil {
		err = s.allow(w)
	}
	if err != nil && in.err == nil {
		in.err = err
	}
	return w
}

// yes reads whether a person said so.
func (in *inputs) yes(input string) bool {
	v, given := in.given[input]
	if !given || v == nil {
		return false
	}
	said, ok := v.(bool)
	if !ok {
		in.wrong(input, "The input %s is true or false.", input)
	}
	return said
}

// whole reads a whole number as JSON, YAML or a form may have left it; ok is false when there was none.
func (in *inputs) whole(input string) (n int, ok bool) {
	v, given := in.given[input]
	if !given || v == nil || v == "" {
		return 0, false
	}
	switch v := v.(type) {
	case int:
		n, ok = v, true
	case int64:
		n, ok = int(v), true
	case float64:
		n, ok = int(v), v == math.Trunc(v) && math.Abs(v) < 1<<31
	case json.Number:
		i, err := v.Int64()
		n, ok = int(i), err == nil && i < 1<<31
	}
	if !ok || n < 0 {
		in.wrong(input, "The input %s is a whole number.", input)
		return 0, false
	}
	return n, true
}

// pointer writes a name as a part of a JSON pointer (RFC 6901).
func pointer(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
