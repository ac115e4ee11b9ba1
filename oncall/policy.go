package oncall

import (
	"fmt"
	"time"

	"frontline/define"
	"frontline/fault"
)

// What a policy does where it says nothing.
const (
	DefaultRepage = 30 * time.Minute // an acknowledged page whose subject lives on pages again
	DefaultPause  = 5 * time.Minute  // the last step of a round has this long, when no step waits
)

// Limits of what a policy may say.
const (
	longestWait = 24 * time.Hour
	mostRepeats = 20
	mostSteps   = 20
)

// Policy says who is reached about a page, in which order, until somebody acknowledges.
//
// The steps are fired one after the other; a step that reaches nobody is passed over at once. After the last step of a round there
// is a pause, and then the next round begins at its first step. After the last round the last resort is paged, and paged
// again after each pause, until somebody acknowledges or the subject resolves.
type Policy struct {
	ID         string        `json:"id" yaml:"id"`
	Name       string        `json:"name" yaml:"name"`
	Team       string        `json:"team" yaml:"team"`
	Steps      []Step        `json:"steps" yaml:"steps"`
	Repeat     int           `json:"repeat,omitempty" yaml:"repeat,omitempty"` // how many times the steps are gone through again
	Pause      time.Duration `json:"pause,omitempty" yaml:"pause,omitempty"`   // after the last step of a round; 0: the longest wait of a step, or 5m
	LastResort string        `json:"last_resort" yaml:"last_resort"`           // a person; required
	Repage     time.Duration `json:"repage,omitempty" yaml:"repage,omitempty"` // 0: 30m. It cannot be switched off: an acknowledgement is easily forgotten
}

// Step is people who are paged together.
type Step struct {
	After   time.Duration `json:"after,omitempty" yaml:"after,omitempty"` // wait after the step before; for the first step, after the page opened
	Targets []Target      `json:"targets" yaml:"targets"`
}

// Target is one person, or whoever is on call in one rotation.
type Target struct {
	Person   string `json:"person,omitempty" yaml:"person,omitempty"`
	Rotation string `json:"rotation,omitempty" yaml:"rotation,omitempty"`
}

// Check returns what is wrong with the definition by itself; whether its people and rotations exist is for who knows them.
func (p Policy) Check() []fault.Field {
	var c define.Checks
	c.ID("id", p.ID)
	c.Name("name", p.Name)
	c.Want(p.Team != "", "team", "Name the team that this policy belongs to.")
	c.Want(len(p.Steps) > 0, "steps", "Name at least one step with somebody to page.")
	c.Want(len(p.Steps) <= mostSteps, "steps", "A policy has at most %d steps. Use repeat to go through them again.", mostSteps)
	for i, s := range p.Steps {
		s.check(&c, indexed("steps", i))
	}
	c.Want(p.Repeat >= 0 && p.Repeat <= mostRepeats, "repeat", "Say how many times the steps are gone through again, from 0 to %d.", mostRepeats)
	c.Want(p.Pause == 0 || wait(p.Pause, time.Second), "pause", "Say how long the last step of a round has, from 1s to 24h, such as 5m.")
	c.Want(p.LastResort != "", "last_resort", "Name the person who is paged when nobody else answers. It is required, so that no page goes nowhere.")
	c.Want(p.Repage == 0 || wait(p.Repage, time.Second), "repage", "Say after how long an acknowledged page pages again, from 1s to 24h, such as 30m.")
	return c.Fields
}

func (s Step) check(c *define.Checks, at string) {
	c.Want(wait(s.After, 0), at+".after", "Say how long after the step before, from 0s to 24h in whole seconds, such as 5m or 30s.")
	c.Want(len(s.Targets) > 0, at+".targets", "Name at least one person or rotation.")
	for i, t := range s.Targets {
		c.Want((t.Person == "") != (t.Rotation == ""), indexed(at+".targets", i), "Write either person or rotation.")
	}
}

// wait says whether d is a whole number of seconds between least and a day.
func wait(d, least time.Duration) bool {
	return d >= least && d <= longestWait && d%time.Second == 0
}

// Refs names what the definition refers to.
func (p Policy) Refs() []define.Ref {
	refs := []define.Ref{{Field: "team", Kind: "team", ID: p.Team}, {Field: "last_resort", Kind: "person", ID: p.LastResort}}
	for i, s := range p.Steps {
		for j, t := range s.Targets {
			at := indexed(indexed("steps", i)+".targets", j)
			if t.Person != "" {
				refs = append(refs, define.Ref{Field: at + ".person", Kind: "person", ID: t.Person})
			}
			if t.Rotation != "" {
				refs = append(refs, define.Ref{Field: at + ".rotation", Kind: "rotation", ID: t.Rotation})
			}
		}
	}
	return refs
}

// PauseAfterRound is how long the last step of a round, and each page to the last resort, has before it goes on.
func (p Policy) PauseAfterRound() time.Duration {
	pause := p.Pause
	for _, s := range p.Steps {
		if p.Pause == 0 {
			pause = max(pause, s.After)
		}
	}
	if pause <= 0 {
		return DefaultPause
	}
	return pause
}

// RepageAfter is how long an acknowledgement holds while the subject is not resolved.
func (p Policy) RepageAfter() time.Duration {
	if p.Repage <= 0 {
		return DefaultRepage
	}
	return p.Repage
}

func indexed(field string, i int) string { return fmt.Sprintf("%s[%d]", field, i) }
