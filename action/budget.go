package action

import (
	"fmt"
	"time"

	"frontline/define"
	"frontline/journal"
)

// Budget is how much one person, rule or program may change with the action within a while: "20 evictions a night". Over it a run needs one
// approval more.
type Budget struct {
	Most int           `json:"most" yaml:"most"`                   // changes, as the plans count them; a run counts 1 at least
	Per  time.Duration `json:"per,omitempty" yaml:"per,omitempty"` // the while that rolls along; 12 h when zero
}

// Bounds of budgets.
const (
	usualPer = 12 * time.Hour
	leastPer = 10 * time.Minute
	mostPer  = 31 * 24 * time.Hour
)

// Window is how far back a budget looks.
func (b Budget) Window() time.Duration {
	if b.Per == 0 {
		return usualPer
	}
	return b.Per
}

func (b *Budget) check(c *define.Checks) {
	if b == nil {
		return
	}
	c.Want(b.Most >= 1, "limits.budget.most", "Say how many changes one person may make, at least 1.")
	c.Want(b.Per == 0 || b.Per >= leastPer && b.Per <= mostPer, "limits.budget.per", "A budget looks back between 10m and 744h, which is 31 days.")
}

// Cost is what a run of the plan takes from a budget.
func (p Plan) Cost() int {
	sum := 0
	for _, c := range p.Changes {
		sum += max(c.Count, 0)
	}
	return max(sum, 1)
}

// Overdraft says by how much a run would go over its budget.
type Overdraft struct {
	Spent int           `json:"spent"` // before this run
	Adds  int           `json:"adds"`
	Most  int           `json:"most"`
	Per   time.Duration `json:"per"`
}

// Say tells people why one more approval is needed.
func (o Overdraft) Say() string {
	return fmt.Sprintf("It is over the budget: %d of at most %d changes were made in the last %s, and this run makes %d.", o.Spent, o.Most, hours(o.Per), o.Adds)
}

// hours writes a while as people say it.
func hours(d time.Duration) string {
	if d%time.Hour == 0 {
		return fmt.Sprintf("%d hours", d/time.Hour)
	}
	return fmt.Sprintf("%d minutes", d/time.Minute)
}

// overdraft is nil when the run stays within its budget. What takes a run back is never held up by one.
func (c Current) overdraft() *Overdraft {
	b := c.Run.Definition.Limits.Budget
	if b == nil || c.Run.Undoes != "" || c.Spent+c.Run.Plan.Cost() <= b.Most {
		return nil
	}
	return &Overdraft{Spent: c.Spent, Adds: c.Run.Plan.Cost(), Most: b.Most, Per: b.Window()}
}

// purse is whose budget a start is taken from.
func purse(by journal.Actor) string { return string(by.Kind) + ":" + by.ID }

// charge takes the run from the budget of whoever asks for it. It is charged when it is asked for, so that runs that wait count as well.
func (r Run) charge(by journal.Actor, now time.Time) Run {
	if r.Definition.Limits.Budget != nil && r.Undoes == "" {
		r.Charged, r.ChargedAt = purse(by), now
	}
	return r
}

// refund gives back what a run took that never began.
func (r Run) refund() Run {
	if r.BegunAt.IsZero() {
		r.Charged, r.ChargedAt = "", time.Time{}
	}
	return r
}
