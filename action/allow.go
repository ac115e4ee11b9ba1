package action

import (
	"fmt"
	"time"

	"frontline/define"
	"frontline/fault"
	"frontline/people"
)

// Allow says who may do what with an action. A list that is not empty takes the place of the roles for its verb; an admin always may. Whoever
// may not see an action does not learn that it exists, whatever the other lists say.
type Allow struct {
	See     []people.Who `json:"see,omitempty" yaml:"see,omitempty"` // in place of the visibility
	Run     []people.Who `json:"run,omitempty" yaml:"run,omitempty"`
	Approve []people.Who `json:"approve,omitempty" yaml:"approve,omitempty"`
	Cancel  []people.Who `json:"cancel,omitempty" yaml:"cancel,omitempty"` // when empty and Run is not: who may run, and support
}

// Approval says how many others must say yes before a run starts.
type Approval struct {
	Count  int           `json:"count" yaml:"count"`                       // different people, none of them who planned or started it
	Within time.Duration `json:"within,omitempty" yaml:"within,omitempty"` // how long a run waits for them; 1 h when zero
}

// Bounds of approvals.
const (
	usualWithin   = time.Hour
	leastWithin   = 5 * time.Minute
	mostWithin    = 24 * time.Hour
	mostApprovals = 5
)

// approvals is how many others must say yes to any run of the action. What is dangerous needs one at least.
func (d Definition) approvals() int {
	switch {
	case d.Approval != nil:
		return d.Approval.Count
	case d.Risk == RiskDanger:
		return 1
	}
	return 0
}

// Approvals is how many others must say yes to a run of the action, and how long it waits for them.
func (d Definition) Approvals() (count int, within time.Duration) {
	if d.Approval != nil && d.Approval.Within > 0 {
		return d.approvals(), d.Approval.Within
	}
	return d.approvals(), usualWithin
}

// allowed are the lists that take the place of the table of roles. Whoever belongs to the owning team may review a run by break-glass, and so
// may every lead.
func (d Definition) allowed() map[people.Verb][]people.Who {
	all := map[people.Verb][]people.Who{people.ReviewRun: {people.Who("team:" + d.Team), people.Who("role:" + people.Lead)}}
	cancel := d.Allow.Cancel
	if len(cancel) == 0 && len(d.Allow.Run) > 0 {
		cancel = append([]people.Who{people.Who("role:" + people.Support)}, d.Allow.Run...)
	}
	for verb, list := range map[people.Verb][]people.Who{d.Verb(): d.Allow.Run, people.ApproveRun: d.Allow.Approve, people.CancelRun: cancel} {
		if len(list) > 0 {
			all[verb] = list
		}
	}
	return all
}

// Narrow is that of what runs take out and keep. It outlives the action, and a list of people does not follow it: then it is the owning
// team's alone.
func (d Definition) Narrow() people.Visibility {
	if len(d.Allow.See) > 0 {
		return people.TeamOnly
	}
	return d.Visibility
}

// lists are the lists by the name of their field.
func (a Allow) lists() []struct {
	field string
	list  []people.Who
} {
	return []struct {
		field string
		list  []people.Who
	}{{"allow.see", a.See}, {"allow.run", a.Run}, {"allow.approve", a.Approve}, {"allow.cancel", a.Cancel}}
}

func (a Allow) refs() []define.Ref {
	var out []define.Ref
	for _, l := range a.lists() {
		for i, w := range l.list {
			if ref, ok := w.Ref(fmt.Sprintf("%s[%d]", l.field, i)); ok {
				out = append(out, ref)
			}
		}
	}
	return out
}

// checkAllow sees to it that every list names somebody, and that what is asked for can be given.
func (d Definition) checkAllow(c *define.Checks) {
	for _, l := range d.Allow.lists() {
		for i, w := range l.list {
			if err := w.Check(); err != nil {
				c.Want(false, fmt.Sprintf("%s[%d]", l.field, i), "%s", fault.Sentence(err))
			}
		}
	}
	if a := d.Approval; a != nil {
		c.Want(a.Count >= 1 && a.Count <= mostApprovals, "approval.count",
			"Say how many others must say yes, from 1 to %d. Leave approval out when nobody must; what is dangerous always needs one.", mostApprovals)
		c.Want(a.Within == 0 || a.Within >= leastWithin && a.Within <= mostWithin, "approval.within", "A run waits for its approval between 5m and 24h.")
	}
	if n, certain := people.Count(d.Allow.Approve); certain {
		c.Want(n >= d.approvals(), "allow.approve", "Only %d may approve a run, and %d must. Name more people, or a team.", n, d.approvals())
	}
}
