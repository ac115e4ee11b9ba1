package action

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

// Bounded is a Kind whose neighbour says beforehand what it allows: a Kubernetes API server knows which rights an account has.
type Bounded interface {
	Kind
	// Neighbour names what the settings lead to, without asking it: the address of an API server. Actions with the same one are shown together.
	Neighbour(call Call) string
	// Allowed asks the neighbour what it allows the call's own account. It changes nothing.
	Allowed(ctx context.Context, call Call) (Allowance, error)
}

// Allowance is what a neighbour allows an action, as it said at one moment.
type Allowance struct {
	Account  string  `json:"account,omitempty"`  // as the neighbour knows it; empty when it does not say
	Version  string  `json:"version,omitempty"`  // of the neighbour
	Rights   []Right `json:"rights,omitempty"`   // that the kind needs
	Manifest string  `json:"manifest,omitempty"` // what the neighbour's administrators apply so that nothing is missing; empty when nothing is
	Blocks   []Block `json:"blocks,omitempty"`   // what will get in the action's way though it is allowed
}

// Right is one thing that a kind needs to be allowed.
type Right struct {
	Where   string `json:"where"` // a namespace, or the whole cluster
	What    string `json:"what"`  // "create pods/eviction"
	Must    bool   `json:"must"`  // without it the action does not work; else only its evidence suffers
	Allowed bool   `json:"allowed"`
}

// Block is something that will get in an action's way some night.
type Block struct {
	Where string `json:"where"`
	What  string `json:"what"`
	Right string `json:"right"` // what would be right
}

// Verdict says whether an action may do its work.
type Verdict string

// The verdicts.
const (
	AllowedAll  Verdict = "yes"
	AllowedLess Verdict = "less" // it works, with less evidence
	AllowedNot  Verdict = "no"
	Unreached   Verdict = "unreached" // the neighbour was asked and did not answer
	NotAsked    Verdict = "unasked"   // nobody has looked since the action is as it is
)

// Missing are the rights that the account lacks.
func (a Allowance) Missing() []Right {
	return slices.DeleteFunc(slices.Clone(a.Rights), func(r Right) bool { return r.Allowed })
}

// Looked is what a look at an action's neighbour brought, as it is kept.
type Looked struct {
	Action    string // its id
	Version   string // of the definition
	At        time.Time
	By        journal.Actor
	Allowance Allowance
	Fault     string // the sentence when the neighbour could not be asked
}

// Allowances is where looks are kept, the last one of each action. store implements it.
type Allowances interface {
	// KeepAllowance replaces what was kept of the action, with what follows. It sets the time.
	KeepAllowance(ctx context.Context, l Looked, follows journal.Consequences) error
	// AllowanceList returns all that is kept.
	AllowanceList(ctx context.Context) ([]Looked, error)
}

// Bounds is an action with what its neighbour said last.
type Bounds struct {
	Definition
	Looked Looked // zero when nobody has looked
}

// Remote says that only a runner in another network reaches the neighbour.
func (b Bounds) Remote() bool { return len(b.Runner) > 0 }

// Verdict says whether the action may do its work, as far as is known.
func (b Bounds) Verdict() Verdict {
	switch missing := b.Looked.Allowance.Missing(); {
	case b.Looked.At.IsZero() || b.Looked.Version != b.Version():
		return NotAsked
	case b.Looked.Fault != "":
		return Unreached
	case slices.ContainsFunc(missing, func(r Right) bool { return r.Must }):
		return AllowedNot
	case len(missing) > 0:
		return AllowedLess
	}
	return AllowedAll
}

// Neighbour is something outside that actions reach, with what it allows each of them.
type Neighbour struct {
	ID      string // of the address and the labels; the same on every replica
	Address string
	Runner  map[string]string // the labels of the runners that reach it; empty: the server does
	Actions []Bounds
}

// LookedAt is when it was looked at last; zero when it never was.
func (n Neighbour) LookedAt() time.Time { return n.last().At }

// LookedBy is who looked last.
func (n Neighbour) LookedBy() journal.Actor { return n.last().By }

// Version is what the neighbour said it is; empty when it did not say.
func (n Neighbour) Version() string {
	last := Looked{}
	for _, b := range n.Actions {
		if b.Looked.Allowance.Version != "" && b.Looked.At.After(last.At) {
			last = b.Looked
		}
	}
	return last.Allowance.Version
}

// Fault is why it could not be asked at the last look; empty when it answered one action at least.
func (n Neighbour) Fault() string {
	fault := ""
	for _, b := range n.Actions {
		switch {
		case b.Looked.At.IsZero():
		case b.Looked.Fault == "":
			return ""
		default:
			fault = b.Looked.Fault
		}
	}
	return fault
}

// Blocks are what will get in the way of any of its actions, each once.
func (n Neighbour) Blocks() []Block {
	var all []Block
	for _, b := range n.Actions {
		for _, x := range b.Looked.Allowance.Blocks {
			if !slices.Contains(all, x) {
				all = append(all, x)
			}
		}
	}
	slices.SortFunc(all, func(a, b Block) int { return cmp.Or(cmp.Compare(a.Where, b.Where), cmp.Compare(a.What, b.What)) })
	return all
}

func (n Neighbour) last() Looked {
	last := Looked{}
	for _, b := range n.Actions {
		if b.Looked.At.After(last.At) {
			last = b.Looked
		}
	}
	return last
}

// Neighbours lists what the actions that the actor may know of reach, as far as their kinds can say what is allowed there.
func (r *Runner) Neighbours(ctx context.Context, by people.Actor) ([]Neighbour, error) {
	all, err := r.Actions(ctx, by, "")
	if err != nil {
		return nil, err
	}
	kept, err := r.Allowances.AllowanceList(ctx)
	if err != nil {
		return nil, err
	}
	var out []Neighbour
	for _, d := range all {
		kind, ok := r.Kinds[d.Kind].(Bounded)
		if !ok {
			continue
		}
		n := Neighbour{Address: kind.Neighbour(Call{Settings: d.settings()}), Runner: d.Runner}
		n.ID = neighbourID(n)
		i := slices.IndexFunc(out, func(x Neighbour) bool { return x.ID == n.ID })
		if i < 0 {
			i, out = len(out), append(out, n)
		}
		b := Bounds{Definition: d}
		if j := slices.IndexFunc(kept, func(l Looked) bool { return l.Action == d.ID }); j >= 0 && kept[j].Version == d.Version() {
			b.Looked = kept[j]
		}
		out[i].Actions = append(out[i].Actions, b)
	}
	slices.SortFunc(out, func(a, b Neighbour) int { return cmp.Or(cmp.Compare(a.Address, b.Address), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

// neighbourID is short, the same on every replica, and may be a part of a path.
func neighbourID(n Neighbour) string {
	words := []string{n.Address}
	for name, value := range n.Runner {
		words = append(words, name+"="+value)
	}
	slices.Sort(words[1:])
	sum := sha256.Sum256([]byte(strings.Join(words, "\n")))
	return hex.EncodeToString(sum[:6])
}

// Neighbour returns one by its id or its address.
func (r *Runner) Neighbour(ctx context.Context, by people.Actor, ref string) (Neighbour, error) {
	all, err := r.Neighbours(ctx, by)
	if err != nil {
		return Neighbour{}, err
	}
	i := slices.IndexFunc(all, func(n Neighbour) bool { return n.ID == ref || n.Address == ref && len(n.Runner) == 0 })
	if i < 0 {
		i = slices.IndexFunc(all, func(n Neighbour) bool { return n.Address == ref })
	}
	if i < 0 {
		return Neighbour{}, fault.New(fault.NotFound, "No action reaches %q, or none that is open to you. Look at the list of clusters.", cut(ref, 80))
	}
	return all[i], nil
}

const (
	askAllowed = 15 * time.Second // one action
	askAll     = 45 * time.Second // all actions of one neighbour
)

// LookAt asks a neighbour now what it allows each action that the actor may know of, with that action's own account, and keeps what it says. What
// only a runner reaches is not asked from here. It needs the right to run what looks.
func (r *Runner) LookAt(ctx context.Context, by people.Actor, ref string) (Neighbour, error) {
	if err := people.May(by, people.RunReadAction, people.Subject{Kind: "action"}); err != nil {
		return Neighbour{}, err
	}
	n, err := r.Neighbour(ctx, by, ref)
	if err != nil {
		return n, err
	}
	if len(n.Runner) > 0 {
		return n, fault.New(fault.Invalid, "Only a runner reaches %s. Run the action of kind kubernetes.access there.", n.Address)
	}
	release, err := r.lists.enter(ctx)
	if err != nil {
		return n, err
	}
	defer release()
	limited, cancel := context.WithTimeout(ctx, askAll)
	defer cancel()
	silent := "" // what its silence was called: nobody waits for the others too
	for _, b := range n.Actions {
		l := Looked{Action: b.ID, Version: b.Version(), By: journal.By(by), Fault: silent}
		if silent == "" {
			l.Allowance, err = r.askAllowance(limited, by, b.Definition)
			if ctx.Err() != nil {
				return n, ctx.Err()
			}
			if err != nil {
				l.Fault = fault.Sentence(err)
			}
			if fault.Is(err, fault.Unavailable) {
				silent = l.Fault
			}
		}
		if err := r.Allowances.KeepAllowance(ctx, l, l.entry()); err != nil {
			return n, err
		}
	}
	return r.Neighbour(ctx, by, n.ID)
}

// entry is what the journal is told of a look: how many rights were asked for and are missing.
func (l Looked) entry() (cs journal.Consequences) {
	facts := map[string]any{"rights": len(l.Allowance.Rights), "missing": len(l.Allowance.Missing())}
	if l.Fault != "" {
		facts["answered"] = false
	}
	cs.Add(journal.Entry{Actor: l.By, Verb: "action.allowance", Subject: journal.Of("action", l.Action), Facts: facts})
	return cs
}

// askAllowance asks for one action, and masks what comes back.
func (r *Runner) askAllowance(ctx context.Context, by people.Actor, d Definition) (Allowance, error) {
	secrets, err := r.secrets(ctx, d, nil)
	if err != nil {
		return Allowance{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, askAllowed)
	defer cancel()
	call := r.call(d, nil, secrets)
	call.Actor = by.ID
	mask := newMasker(secrets)
	said, err := guard(func() (Allowance, error) { return r.Kinds[d.Kind].(Bounded).Allowed(ctx, call) })
	switch {
	case err == nil:
		return masked(mask, said)
	case ctx.Err() != nil && !fault.Is(err, fault.Unavailable):
		return Allowance{}, fault.Wrap(ctx.Err(), fault.Unavailable, "It took longer than %s to answer. Look again when it is well.", askAllowed)
	}
	return Allowance{}, mask.err(err)
}
