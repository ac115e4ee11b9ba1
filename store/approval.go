package store

import (
	"context"

	"frontline/action"
)

// starting adds to what a start sees. Its locks come after the run's and the lane's, always in this order, so that two starts cannot wait for each
// other.
func (t *tx) starting(ctx context.Context, who action.Starter, c *action.Current) (err error) {
	if c.Run.State != action.Planned && c.Run.State != action.Waiting {
		return nil // nothing starts
	}
	if b := c.Run.Definition.Limits.Budget; b != nil {
		if c.Spent, err = t.spent(ctx, who.Purse, *b, c.Run); err != nil {
			return err
		}
	}
	if who.Budget != nil && c.Run.Spends() {
		if c.SpentAll, err = t.spentAll(ctx, who, c.Run); err != nil {
			return err
		}
	}
	if who.Glass {
		c.Unreviewed, err = t.unreviewed(ctx, who.Person, c.Run)
	}
	return err
}

// spent is what the budget's other runs took from it within its window.
func (t *tx) spent(ctx context.Context, purse string, b action.Budget, r action.Run) (int, error) {
	if err := t.lockKey(ctx, "budget "+r.Definition.ID+" "+purse); err != nil {
		return 0, err
	}
	sum, _, err := row(ctx, t, value[int64], `SELECT CAST(COALESCE(SUM(cost), 0) AS BIGINT) FROM run WHERE action = $1 AND charged = $2 AND charged <> '' AND charged_at > $3 AND id <> $4`,
		r.Definition.ID, purse, micros(t.now.Add(-b.Window())), r.ID)
	return int(sum), err
}

// spentAll is what other runs, of whatever action, took from the starter's budget within its window. Its lock comes after that of an action's budget.
func (t *tx) spentAll(ctx context.Context, who action.Starter, r action.Run) (int, error) {
	if err := t.lockKey(ctx, "purse "+who.Purse); err != nil {
		return 0, err
	}
	sum, _, err := row(ctx, t, value[int64], `SELECT CAST(COALESCE(SUM(cost), 0) AS BIGINT) FROM run WHERE spends AND charged = $1 AND charged_at > $2 AND id <> $3`,
		who.Purse, micros(t.now.Add(-who.Budget.Window())), r.ID)
	return int(sum), err
}

// unreviewed is an earlier run by break-glass, of the action or the person, that nobody has reviewed.
func (t *tx) unreviewed(ctx context.Context, person string, r action.Run) (*action.Run, error) {
	for _, key := range []string{"glass action " + r.Definition.ID, "glass person " + person} {
		if err := t.lockKey(ctx, key); err != nil {
			return nil, err
		}
	}
	other, ok, err := row(ctx, t, scanRun, `SELECT `+runColumns+runFrom+` WHERE r.review_open AND (r.action = $1 OR r.glass_by = $2) ORDER BY r.number LIMIT 1`,
		r.Definition.ID, person)
	if err != nil || !ok {
		return nil, err
	}
	return &other, nil
}
