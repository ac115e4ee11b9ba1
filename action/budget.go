package action

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"frontline/define"
	"frontline/fault"
	"frontline/journal"
)

// Budget is how much one person, rule or program may change within a while, with one action ("20 evictions a night") or with all of them. Over it a
// run needs one approval more.
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

// ParseBudget reads a budget over all actions, such as "20/12h"; nil when the text is empty.
func ParseBudget(text string) (*Budget, error) {
	if text == "" {
		return nil, nil
	}
	most, per, _ := strings.Cut(text, "/")
	n, err := strconv.Atoi(most)
	if err != nil || n < 1 {
		return nil, errBudget
	}
	d, err := time.ParseDuration(per)
	if err != nil || d < leastPer || d > mostPer {
		return nil, errBudget
	}
	return &Budget{Most: n, Per: d}, nil
}

var errBudget = fault.New(fault.Invalid, "A budget is a number of changes and the while that they are counted in, between 10m and 744h, such as 20/12h.")

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
	All   bool          `json:"all,omitempty"` // over all actions, not this one alone
}

// Say tells people why one more approval is needed.
func (o Overdraft) Say() string {
	if o.All {
		return fmt.Sprintf("It is over the budget that one person has for all actions: %d of at most %d changes were made in the last %s, and this run makes %d.", o.Spent, o.Most, hours(o.Per), o.Adds)
	}
	return fmt.Sprintf("It is over the budget: %d of at most %d changes were made in the last %s, and this run makes %d.", o.Spent, o.Most, hours(o.Per), o.Adds)
}

// hours writes a while as people say it.
func hours(d time.Duration) string {
	if d%time.Hour == 0 {
		return fmt.Sprintf("%d hours", d/time.Hour)
	}
	return fmt.Sprintf("%d minutes", d/time.Minute)
}

// overdraft is nil when the run stays within the budget of its action and within the one over all actions; nil is no such budget. What takes a run
// back is never held up by one.
func (c Current) overdraft(all *Budget) *Overdraft {
	if c.Run.Undoes != "" {
		return nil
	}
	adds := c.Run.Plan.Cost()
	if b := c.Run.Definition.Limits.Budget; b != nil && c.Spent+adds > b.Most {
		return &Overdraft{Spent: c.Spent, Adds: adds, Most: b.Most, Per: b.Window()}
	}
	if all != nil && c.Run.Spends() && c.SpentAll+adds > all.Most {
		return &Overdraft{Spent: c.SpentAll, Adds: adds, Most: all.Most, Per: all.Window(), All: true}
	}
	return nil
}

// Spends says whether the run takes from its starter's budget over all actions. A flow does not: its steps do.
func (r Run) Spends() bool {
	return r.Definition.Risk != RiskRead && !r.Definition.Flow() && r.Undoes == ""
}

// purse is whose budget a start is taken from.
func purse(by journal.Actor) string { return string(by.Kind) + ":" + by.ID }

// charge takes the run from the budget of whoever asks for it. It is charged when it is asked for, so that runs that wait count as well.
func (r Run) charge(by journal.Actor, now time.Time) Run {
	if r.Spends() || r.Definition.Limits.Budget != nil && r.Undoes == "" {
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
