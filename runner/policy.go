package runner

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"frontline/action"
	"frontline/fault"
	"frontline/secret"
)

// Policy is what a runner does for its server, in the words of whoever runs it: what no rule allows is refused.
type Policy struct {
	Allow []Rule `yaml:"allow"`
	// Secrets are patterns of what orders may refer to and scripts may be given of the environment: "env:BROKER_*", "file:/etc/frontline/*".
	Secrets []string `yaml:"secrets"`
}

// Rule allows what matches each of its lists that is not empty. Patterns are those of path.Match: * stands for anything but a slash.
type Rule struct {
	Kinds    []string      `yaml:"kinds"`
	Actions  []string      `yaml:"actions"`
	Teams    []string      `yaml:"teams"`
	Risks    []action.Risk `yaml:"risks"`
	Versions []string      `yaml:"versions"` // of definitions, as the action's screen shows them; at least the first 12 letters
}

// leastVersion is how many letters of a version name one.
const leastVersion = 12

// ParsePolicy reads a policy file. One that allows nothing is wrong: it was not meant.
func ParsePolicy(name string, text []byte) (Policy, error) {
	var p Policy
	if err := yaml.UnmarshalWithOptions(text, &p, yaml.Strict()); err != nil {
		return p, fault.Wrap(err, fault.Invalid, "The policy %s cannot be read. %s", name, strings.TrimSpace(yaml.FormatError(err, false, true)))
	}
	if len(p.Allow) == 0 {
		return p, fault.New(fault.Invalid, "The policy %s allows nothing. Say under allow what the runner does, such as: - kinds: [http]", name)
	}
	for i, r := range p.Allow {
		if err := r.check(); err != nil {
			return p, fault.New(fault.Invalid, "The policy %s: allow[%d] %s", name, i, fault.Sentence(err))
		}
	}
	for i, s := range p.Secrets {
		if _, err := path.Match(s, ""); err != nil || secret.Ref(s).Check() != nil || strings.HasPrefix(s, "stored:") {
			return p, fault.New(fault.Invalid, "The policy %s: secrets[%d] is %q. Write a pattern of references, such as env:BROKER_* or file:/etc/frontline/*.", name, i, s)
		}
	}
	return p, nil
}

func (r Rule) check() error {
	if len(r.Kinds)+len(r.Actions)+len(r.Teams)+len(r.Versions) == 0 {
		return fault.New(fault.Invalid, "allows everything. Name kinds, actions, teams or versions; actions: [\"*\", \"*/*\"] are all there are.")
	}
	for _, p := range slices.Concat(r.Kinds, r.Actions, r.Teams) {
		if _, err := path.Match(p, ""); err != nil || p == "" {
			return fault.New(fault.Invalid, "has the pattern %q, which cannot match. Close its brackets.", p)
		}
	}
	for _, x := range r.Risks {
		if !slices.Contains([]action.Risk{action.RiskRead, action.RiskChange, action.RiskDanger}, x) {
			return fault.New(fault.Invalid, "has the risk %q. The risks are read, change and danger.", x)
		}
	}
	for _, v := range r.Versions {
		if len(v) < leastVersion {
			return fault.New(fault.Invalid, "has the version %q. Give %d letters of it at least.", v, leastVersion)
		}
	}
	return nil
}

// Refuses says why the runner does not carry the order out; nil when it does. The version is computed from the definition that came, not taken
// from anybody's word.
func (p Policy) Refuses(name string, o action.Order) error {
	d := o.Asked()
	if !slices.ContainsFunc(p.Allow, func(r Rule) bool { return r.allows(o.Definition, d.Kind) }) {
		return fault.New(fault.Forbidden, "The runner %s refuses this: its policy does not allow %s, version %.12s (kind %s, team %s, risk %s). Ask whoever runs it to allow it.",
			name, d.ID, o.Definition.Version(), d.Kind, d.Team, d.Risk)
	}
	for _, ref := range o.References() {
		if !p.gives(string(ref)) {
			return fault.New(fault.Forbidden, "The runner %s refuses this: its policy does not give %s away. Ask whoever runs it to list it under secrets.", name, ref)
		}
	}
	return nil
}

func (r Rule) allows(d action.Definition, kind string) bool {
	pinned := slices.ContainsFunc(r.Versions, func(v string) bool { return strings.HasPrefix(d.Version(), v) })
	return matches(r.Kinds, kind) && matches(r.Actions, d.ID) && matches(r.Teams, d.Team) &&
		(len(r.Risks) == 0 || slices.Contains(r.Risks, d.Risk)) && (len(r.Versions) == 0 || pinned)
}

// matches says whether one of the patterns does; none at all match everything.
func matches(patterns []string, text string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, text)
		return ok && err == nil
	})
}

// gives says whether the policy lets go of what a reference means.
func (p Policy) gives(ref string) bool { return len(p.Secrets) > 0 && matches(p.Secrets, ref) }

// Getenv is the environment as the policy shows it to kinds and their commands. What every program needs is always there.
func (p Policy) Getenv(getenv func(string) string) func(string) string {
	return func(name string) string {
		if slices.Contains([]string{"PATH", "HOME", "LANG", "TZ", "TMPDIR"}, name) || p.gives("env:"+name) {
			return getenv(name)
		}
		return ""
	}
}

// Say is the policy in plain words, for the list of runners; a semicolon parts its rules.
func (p Policy) Say() string {
	var parts []string
	for _, r := range p.Allow {
		parts = append(parts, r.say())
	}
	return cmp.Or(strings.Join(parts, "; "), "nothing")
}

// say is the rule in plain words: "any action of kind rabbitmq.*, of team platform, with risk read or change".
func (r Rule) say() string {
	words := []string{"any action"}
	if len(r.Actions) > 0 {
		words[0] = strings.Join(r.Actions, " or ")
	}
	for _, l := range []struct {
		name string
		list []string
	}{{"of kind", r.Kinds}, {"of team", r.Teams}, {"with risk", risks(r.Risks)}} {
		if len(l.list) > 0 {
			words = append(words, l.name+" "+strings.Join(l.list, " or "))
		}
	}
	switch n := len(r.Versions); n {
	case 0:
	case 1:
		words = append(words, "in one pinned version")
	default:
		words = append(words, fmt.Sprintf("in %d pinned versions", n))
	}
	if len(words) == 1 {
		return words[0]
	}
	return words[0] + " " + strings.Join(words[1:], ", ")
}

func risks(all []action.Risk) []string {
	out := make([]string, len(all))
	for i, r := range all {
		out[i] = string(r)
	}
	return out
}
