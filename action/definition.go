package action

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"frontline/define"
	"frontline/fault"
	"frontline/form"
	"frontline/people"
	"frontline/secret"
)

// Risk is what an action can do to the world; the least role that may run it follows from it.
type Risk string

// The risks.
const (
	RiskRead   Risk = "read"   // looks only
	RiskChange Risk = "change" // changes something that can be put right again
	RiskDanger Risk = "danger" // can hurt customers when it is used wrongly
)

// verb is what somebody needs to be allowed to run an action of the risk.
func (r Risk) verb() people.Verb {
	switch r {
	case RiskRead:
		return people.RunReadAction
	case RiskChange:
		return people.RunChangeAction
	}
	return people.RunDangerAction
}

// Definition is an action as its owners wrote it: which kind does the work, with which settings and inputs, and how carefully.
type Definition struct {
	ID         string                `json:"id" yaml:"id"` // "queue/park-message"
	Title      string                `json:"title" yaml:"title"`
	Purpose    string                `json:"purpose,omitempty" yaml:"purpose,omitempty"` // when to use it, in a few sentences
	Team       string                `json:"team" yaml:"team"`
	Services   []string              `json:"services,omitempty" yaml:"services,omitempty"`
	Visibility people.Visibility     `json:"visibility,omitempty" yaml:"visibility,omitempty"` // everyone when empty, or team
	Risk       Risk                  `json:"risk" yaml:"risk"`
	Kind       string                `json:"kind" yaml:"kind"`                             // a Kind's name
	Settings   map[string]any        `json:"settings,omitempty" yaml:"settings,omitempty"` // for the kind; a text env:NAME or file:/path is a reference to a secret
	Secrets    map[string]secret.Ref `json:"secrets,omitempty" yaml:"secrets,omitempty"`   // more secrets for the kind, by name
	Inputs     []form.Input          `json:"inputs,omitempty" yaml:"inputs,omitempty"`
	// Runner are the labels of the runners that may do the work: all must match. Empty: the server does it.
	Runner   map[string]string `json:"runner,omitempty" yaml:"runner,omitempty"`
	Limits   Limits            `json:"limits,omitzero" yaml:"limits,omitempty"`
	Allow    Allow             `json:"allow,omitzero" yaml:"allow,omitempty"`
	Approval *Approval         `json:"approval,omitempty" yaml:"approval,omitempty"` // whose yes a run needs; nil: one other's for danger, nobody's for the rest
	// Scripts are files that the work needs, from the folder "scripts" beside the definition; a run finds them by these names.
	Scripts []string          `json:"scripts,omitempty" yaml:"scripts,omitempty"`
	Texts   map[string]string `json:"texts,omitempty" yaml:"-"` // their contents
	// Proof looks after each run whether it helped, where the kind cannot say so itself; it only looks.
	Proof *Part `json:"check,omitempty" yaml:"check,omitempty"`
	// Reverse takes a run back, with the same inputs, where the kind offers nothing itself.
	Reverse *Part `json:"undo,omitempty" yaml:"undo,omitempty"`
	// Takes is how long the same work takes by hand; a run that succeeds saves so much.
	Takes time.Duration `json:"by_hand,omitempty" yaml:"by_hand,omitempty"`
	Tests []Test        `json:"tests,omitempty" yaml:"tests,omitempty"`
	// Undoes says that this is no action of its own: it was made to take one run back.
	Undoes bool `json:"undoes,omitempty" yaml:"-"`
}

// Part is work that belongs to an action's main work: the look afterwards, or the way back. It has the inputs and secrets of the action.
type Part struct {
	Kind     string         `json:"kind" yaml:"kind"`
	Settings map[string]any `json:"settings,omitempty" yaml:"settings,omitempty"`
	Say      string         `json:"say,omitempty" yaml:"say,omitempty"`       // what it does, one sentence
	Wait     time.Duration  `json:"wait,omitempty" yaml:"wait,omitempty"`     // a look: how long after the run it begins
	Within   time.Duration  `json:"within,omitempty" yaml:"within,omitempty"` // a look: until when it must have helped, 1 min when zero; an undo: how long it is offered, a day when zero
}

// Limits bounds the runs of an action.
type Limits struct {
	Timeout    time.Duration `json:"timeout,omitempty" yaml:"timeout,omitempty"`             // how long a run may take; 10 min when zero, 1 h at most
	OneAtATime bool          `json:"one_at_a_time,omitempty" yaml:"one_at_a_time,omitempty"` // a second run is refused while one runs
	PerInput   string        `json:"per_input,omitempty" yaml:"per_input,omitempty"`         // the same, but for each value of this input
	Keep       time.Duration `json:"keep,omitempty" yaml:"keep,omitempty"`                   // how long quarantined things are kept; 7 days when zero
	KeepOutput time.Duration `json:"keep_output,omitempty" yaml:"keep_output,omitempty"`     // how long the output of runs, their files and inputs are kept; as long as the installation says when zero
	Budget     *Budget       `json:"budget,omitempty" yaml:"budget,omitempty"`               // how much one person may change within a while
}

// The limits of limits.
const (
	usualTimeout = 10 * time.Minute
	mostTimeout  = time.Hour
	usualKeep    = 7 * 24 * time.Hour
	mostKeep     = 366 * 24 * time.Hour
)

func (l Limits) timeout() time.Duration {
	if l.Timeout == 0 {
		return usualTimeout
	}
	return l.Timeout
}

func (l Limits) keep() time.Duration {
	if l.Keep == 0 {
		return usualKeep
	}
	return l.Keep
}

// RunsFor is how long a run may take.
func (l Limits) RunsFor() time.Duration { return l.timeout() }

// Verb is what an actor needs to be allowed to run it.
func (d Definition) Verb() people.Verb { return d.Risk.verb() }

// Subject is what people.May is asked about.
func (d Definition) Subject() people.Subject {
	return people.Subject{Kind: "action", ID: d.ID, Team: d.Team, Visibility: d.Visibility, SeenBy: d.Allow.See, Allow: d.allowed()}
}

// Version is the hash of the content: two definitions that say the same have the same version, wherever they come from.
func (d Definition) Version() string {
	raw, err := json.Marshal(d)
	if err != nil { // settings come from YAML or JSON and can be written as JSON again
		panic("action " + d.ID + ": " + err.Error())
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// settings are the settings as a kind takes them.
func (d Definition) settings() json.RawMessage {
	raw, err := json.Marshal(d.Settings)
	if err != nil {
		panic("action " + d.ID + ": " + err.Error())
	}
	if d.Settings == nil {
		return json.RawMessage(`{}`)
	}
	return raw
}

// references are all references to secrets by the name under which a kind finds the value: "password", "broker.password". Only
// settings in tables are looked at, not those in lists.
func (d Definition) references() map[string]secret.Ref {
	refs := maps.Clone(d.Secrets)
	if refs == nil {
		refs = map[string]secret.Ref{}
	}
	var walk func(prefix string, table map[string]any)
	walk = func(prefix string, table map[string]any) {
		for name, v := range table {
			switch v := v.(type) {
			case string:
				if isRef(v) {
					refs[prefix+name] = secret.Ref(v)
				}
			case map[string]any:
				walk(prefix+name+".", v)
			}
		}
	}
	walk("", d.Settings)
	return refs
}

func isRef(v string) bool { return secret.Ref(v).Check() == nil }

// Check returns what is wrong with the definition by itself. Whether its kind takes the settings is Kinds.Check's question.
func (d Definition) Check() []fault.Field {
	var c define.Checks
	c.ID("id", d.ID)
	c.Want(d.Title != "" && len(d.Title) <= 120 && !strings.ContainsAny(d.Title, "\r\n"), "title",
		"A title is one line of at most 120 characters that says what the action does.")
	c.Want(d.Team != "", "team", "Name the team that owns the action.")
	c.Want(slices.Contains([]people.Visibility{"", people.Everyone, people.TeamOnly}, d.Visibility), "visibility",
		"The visibility is everyone or team; %q is neither.", d.Visibility)
	c.Want(slices.Contains([]Risk{RiskRead, RiskChange, RiskDanger}, d.Risk), "risk",
		"The risk is read (it only looks), change or danger; %q is none of them.", d.Risk)
	c.Want(d.Kind != "", "kind", "Name the kind that does the work, such as exec or rabbitmq.park.")
	c.Fields = append(c.Fields, form.CheckInputs(d.Inputs)...)
	d.checkSecrets(&c)
	d.checkRunner(&c)
	d.checkLimits(&c)
	d.checkParts(&c)
	d.checkScripts(&c)
	if d.Flow() {
		c.Fields = append(c.Fields, d.checkFlow()...)
	}
	d.checkAllow(&c)
	d.Limits.Budget.check(&c)
	return c.Fields
}

// Refs names what the definition refers to.
func (d Definition) Refs() []define.Ref {
	refs := append(define.Refs("services", "service", d.Services), define.Ref{Field: "team", Kind: "team", ID: d.Team})
	for i, in := range d.Inputs {
		if in.From != nil {
			refs = append(refs, define.Ref{Field: fmt.Sprintf("inputs[%d].from.action", i), Kind: "action", ID: in.From.Action})
		}
	}
	return slices.Concat(refs, d.flowRefs(), d.Allow.refs())
}

// checkSecrets sees to it that every secret is a reference, and that each name means one secret.
func (d Definition) checkSecrets(c *define.Checks) {
	for _, name := range slices.Sorted(maps.Keys(d.Secrets)) {
		err := d.Secrets[name].Check()
		c.Want(err == nil, "secrets."+name, "%s", fault.Sentence(err))
		v, _ := d.Settings[name].(string)
		c.Want(!isRef(v), "secrets."+name, "The setting %s is a secret of the same name. Rename one of them.", name)
	}
	refs := d.references()
	for i, in := range d.Inputs {
		_, taken := refs[in.Name]
		c.Want(!taken || in.Type != form.Secret, fmt.Sprintf("inputs[%d].name", i), "A secret of the definition is called %s as well. Rename one of them.", in.Name)
	}
}

func (d Definition) checkLimits(c *define.Checks) {
	l := d.Limits
	c.Want(l.Timeout == 0 || l.Timeout >= time.Second && l.Timeout <= mostTimeout, "limits.timeout",
		"A run takes between 1s and 1h. Write the time with its unit, such as 90s.")
	c.Want(l.Keep == 0 || l.Keep >= time.Hour && l.Keep <= mostKeep, "limits.keep",
		"What was taken out is kept between 1h and 8784h, which is a year.")
	l.checkOutput(c)
	i := slices.IndexFunc(d.Inputs, func(in form.Input) bool { return in.Name == l.PerInput })
	c.Want(l.PerInput == "" || i >= 0 && d.Inputs[i].Type != form.Secret && d.Inputs[i].Type != form.File, "limits.per_input",
		"per_input names one of the inputs, and no secret or file; %q is not.", l.PerInput)
	c.Want(l.PerInput == "" || !l.OneAtATime, "limits.one_at_a_time", "Give either one_at_a_time or per_input, not both.")
}

// lane is what runs exclude each other on: two runs in one lane never run at once. Empty when the action has no such limit.
func (d Definition) lane(inputs map[string]any) string {
	switch {
	case d.Limits.OneAtATime:
		return d.ID
	case d.Limits.PerInput != "":
		raw, err := json.Marshal(inputs[d.Limits.PerInput])
		if err != nil { // checked inputs are strings, numbers and booleans
			panic("action " + d.ID + ": " + err.Error())
		}
		return d.ID + " " + secret.Hash(string(raw))
	}
	return ""
}

// Kinds are the kinds of action that app knows, by name.
type Kinds map[string]Kind

// NewKinds returns the kinds by name; it reports a name that is used twice.
func NewKinds(kinds ...Kind) (Kinds, error) {
	all := Kinds{}
	for _, k := range kinds {
		if _, twice := all[k.Name()]; twice {
			return nil, fmt.Errorf("two action kinds are called %s", k.Name())
		}
		all[k.Name()] = k
	}
	return all, nil
}

// Names lists the kinds in order.
func (k Kinds) Names() []string {
	names := make([]string, 0, len(k))
	for name := range k {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Check returns what is wrong with the definition, by itself and as its kind sees its settings: "settings.NAME".
func (k Kinds) Check(d Definition) []fault.Field {
	if d.Flow() {
		return d.Check()
	}
	wrong := append(d.Check(), k.checkSettings(d, "")...)
	if d.Proof != nil {
		wrong = append(wrong, k.checkSettings(d.with(*d.Proof), "check.")...)
	}
	if d.Reverse != nil {
		wrong = append(wrong, k.checkSettings(d.with(*d.Reverse), "undo.")...)
	}
	return wrong
}

// checkSettings returns what the kind says of the settings; at is where they stand: "check." for example.
func (k Kinds) checkSettings(d Definition, at string) (wrong []fault.Field) {
	kind, ok := k[d.Kind]
	switch {
	case d.Flow():
		return []fault.Field{{Name: at + "kind", Say: "Only an action itself is a flow. Make this a step of one."}}
	case !ok:
		return []fault.Field{{Name: at + "kind", Say: fmt.Sprintf("There is no kind %q. Known are %s.", d.Kind, strings.Join(append(k.Names(), FlowKind), ", "))}}
	}
	err := kind.Check(d.settings())
	if careful, ok := kind.(Careful); ok && err == nil {
		err = careful.CheckRisk(d.Risk, d.settings())
	}
	if err == nil {
		return nil
	}
	named := fault.FieldsOf(err)
	if len(named) == 0 {
		return []fault.Field{{Name: at + "settings", Say: fault.Sentence(err)}}
	}
	for _, f := range named {
		wrong = append(wrong, fault.Field{Name: at + "settings." + strings.TrimPrefix(f.Name, "settings."), Say: f.Say})
	}
	return wrong
}
