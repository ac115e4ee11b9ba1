package action

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"frontline/define"
	"frontline/form"
)

// Bounds of the parts.
const (
	usualProof, mostProof = time.Minute, 10 * time.Minute
	usualUndo, mostUndo   = 24 * time.Hour, 30 * 24 * time.Hour
)

// with is the action with the work of a part in place of its own.
func (d Definition) with(p Part) Definition {
	d.Kind, d.Settings, d.Proof, d.Reverse = p.Kind, p.Settings, nil, nil
	return d
}

// proofTime is how long looking whether a run helped may take.
func (d Definition) proofTime() time.Duration {
	switch {
	case d.Proof == nil:
		return mostProof / 2 // a Prover's own bound
	case d.Proof.Within == 0:
		return d.Proof.Wait + usualProof
	}
	return d.Proof.Wait + d.Proof.Within
}

func (d Definition) checkParts(c *define.Checks) {
	if p := d.Proof; p != nil {
		c.Want(p.Kind != "", "check.kind", "Name the kind that looks whether it helped.")
		c.Want(p.Wait >= 0 && p.Within >= 0 && p.Wait+p.Within <= mostProof, "check.within", "Waiting and looking take at most 10m together.")
	}
	if p := d.Reverse; p != nil {
		c.Want(p.Kind != "", "undo.kind", "Name the kind that takes a run back.")
		c.Want(p.Wait == 0, "undo.wait", "An undo is started by a person and waits for nothing. Leave wait out.")
		c.Want(p.Within >= 0 && p.Within <= mostUndo, "undo.within", "An undo is offered for at most 720h, which is 30 days.")
		secret := slices.ContainsFunc(d.Inputs, func(in form.Input) bool { return in.Type == form.Secret })
		c.Want(!secret, "undo", "Secret inputs are forgotten when the run ends, so it cannot be undone with them. Use the definition's secrets instead.")
	}
	c.Want(d.Takes >= 0 && d.Takes <= 30*24*time.Hour, "by_hand", "Say how long the work takes by hand, such as 15m.")
}

// offer is the undo that a run which succeeded offers: its kind's own, or else the definition's.
func (d Definition) offer(r Result, inputs map[string]any) *Undo {
	if r.Undo != nil || d.Reverse == nil || !r.Done || d.Undoes {
		return r.Undo
	}
	say := d.Reverse.Say
	if say == "" {
		say = fmt.Sprintf("Take back what %s did.", d.Title)
	}
	return &Undo{Say: say, Kind: d.Reverse.Kind, Settings: d.Reverse.Settings, Inputs: inputs, Within: d.Reverse.Within}
}

// reversed is the definition of the run that takes one run of d back.
func (d Definition) reversed(u Undo) Definition {
	r := d.with(Part{Kind: u.Kind, Settings: u.Settings})
	r.Title, r.Purpose, r.Undoes, r.Inputs = cut("Undo: "+d.Title, 110), u.Say, true, nil
	for _, name := range slices.Sorted(maps.Keys(u.Inputs)) {
		r.Inputs = append(r.Inputs, d.declared(name, u.Inputs[name]))
	}
	return r
}

// declared is the declaration of an input by the value that a run was given.
func (d Definition) declared(name string, value any) form.Input {
	if i := slices.IndexFunc(d.Inputs, func(in form.Input) bool { return in.Name == name }); i >= 0 {
		in := d.Inputs[i]
		in.When, in.DefaultFrom = nil, "" // it was asked then
		return in
	}
	in := form.Input{Name: name, Type: form.Text, Multiline: true}
	switch value.(type) {
	case bool:
		in.Type, in.Multiline = form.Boolean, false
	case float64, int:
		in.Type, in.Multiline = form.Number, false
	}
	return in
}

// checkScripts wants plain names. That each script is there, and what it says, is config's part.
func (d Definition) checkScripts(c *define.Checks) {
	size := 0
	for i, name := range d.Scripts {
		field := fmt.Sprintf("scripts[%d]", i)
		c.Want(fs.ValidPath(name) && name != ".", field, "%q is no file in the folder scripts. Write its name, such as reset.py.", name)
		c.Want(!slices.Contains(d.Scripts[:i], name), field, "%s is named twice. Leave one out.", name)
		size += len(d.Texts[name])
	}
	c.Want(size <= 1<<20, "scripts", "The scripts of an action have at most 1 MB together. Make a program of your own of them.")
}
