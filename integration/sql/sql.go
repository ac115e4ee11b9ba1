// Package sql runs one SQL statement as an action, on PostgreSQL, MySQL or SQLite. Inputs are parameters of the driver and never text. A read runs in
// a read-only transaction; a change is planned by doing it in a transaction that is rolled back, and done only when it concerns as many rows
// as were planned.
package sql

import (
	"context"
	"crypto/sha256"
	stdsql "database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
)

// Kind is the kind "sql".
type Kind struct{ clock clock.Clock }

var _ action.Careful = (*Kind)(nil)

// New returns the kind.
func New(c clock.Clock) *Kind { return &Kind{c} }

// Name implements action.Kind.
func (*Kind) Name() string { return "sql" }

// Check implements action.Kind.
func (*Kind) Check(raw json.RawMessage) error {
	_, err := parseSettings(raw)
	return err
}

// CheckRisk implements action.Careful.
func (*Kind) CheckRisk(risk action.Risk, raw json.RawMessage) error {
	p, err := parseSettings(raw)
	if err != nil {
		return err
	}
	return p.checkRisk(risk)
}

// The steps of a change.
const (
	stepCommitting = "committing" // from here on the change may be there
	stepCommitted  = "committed"  // the payload is how many rows it concerned
)

func prepare(call action.Call) (parsed, error) {
	p, err := parseSettings(call.Settings)
	if err == nil {
		err = p.checkRisk(call.Risk)
	}
	return p, err
}

// mark is what a plan remembers: a digest of the call, of the preview, and how many rows are concerned.
type mark struct {
	Call string `json:"call"`
	Rows string `json:"rows"`
	N    int64  `json:"n"`
}

// Plan implements action.Kind. A read only says what it will ask.
func (k *Kind) Plan(ctx context.Context, call action.Call) (action.Plan, error) {
	p, err := prepare(call)
	if err != nil {
		return action.Plan{}, err
	}
	plan := action.Plan{At: k.clock.Now()}
	m := mark{Call: p.digest(call)}
	if p.statement.only() {
		if _, err := p.arguments(call, p.statement); err != nil {
			return action.Plan{}, err
		}
		plan.Summary = fmt.Sprintf("Ask %s; nothing is changed.", p.name())
		plan.Changes = []action.Change{{What: "Query", Now: "not asked", After: "at most " + strconv.Itoa(p.Rows) + " rows shown", Count: 1}}
	} else {
		err = p.within(ctx, call, false, func(ctx context.Context, tx *stdsql.Tx) error { // rolled back
			var table *action.Table
			if m, table, err = p.seen(ctx, tx, call); table != nil {
				plan.Tables = append(plan.Tables, *table)
			}
			return err
		})
		if err != nil {
			return action.Plan{}, err
		}
		plan.Summary, plan.Nothing = fmt.Sprintf("Change %s in %s.", rowsOf(m.N), p.name()), m.N == 0
		plan.Changes = []action.Change{{What: "Rows that the statement concerns", Now: "as they are", After: "changed", Count: int(m.N)}}
		plan.Costs = []string{"To plan, the change was made and rolled back: its rows were locked for a moment."}
		if p.Look == "" {
			plan.Costs = append(plan.Costs, "If the connection breaks while it is committed, nobody can tell whether it was: the action has no look.")
		}
	}
	plan.Tables = append(plan.Tables, action.Table{Title: "Statement", Columns: []string{"sql"}, Rows: [][]string{{p.Statement}}})
	plan.Private, err = json.Marshal(m)
	return plan, err
}

// seen shows the rows before the change, and makes it. It is up to the caller whether it stays.
func (p parsed) seen(ctx context.Context, tx *stdsql.Tx, call action.Call) (mark, *action.Table, error) {
	m := mark{Call: p.digest(call)}
	var table *action.Table
	if p.Preview != "" {
		t, err := p.query(ctx, tx, call, p.preview, first(p.Title, "Rows before"))
		if err != nil {
			return mark{}, nil, err
		}
		table = &t
		m.Rows = hash(t)
	}
	var err error
	m.N, err = p.change(ctx, tx, call)
	return m, table, err
}

func rowsOf(n int64) string {
	if n == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", n)
}

// name is what people know the database by.
func (p parsed) name() string {
	if p.dialect == sqliteDialect {
		return p.address.Path
	}
	return p.address.Hostname() + p.address.Path
}

// digest is of everything but the secrets.
func (p parsed) digest(call action.Call) string { return hash([]any{p.settings, call.Inputs}) }

func hash(v any) string {
	b, err := json.Marshal(v)
	if err != nil { // settings and inputs came from JSON
		panic("sql: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// Do implements action.Kind.
func (k *Kind) Do(ctx context.Context, call action.Call, plan action.Plan, led action.Ledger) (action.Result, error) {
	p, err := prepare(call)
	if err != nil {
		return action.Result{}, err
	}
	var then mark
	switch err := json.Unmarshal(plan.Private, &then); {
	case err != nil || then.Call == "":
		return action.Result{}, fault.New(fault.Conflict, "This plan was not made by sql, or not completely. Plan again.")
	case then.Call != p.digest(call):
		return action.Result{}, fault.New(fault.Conflict, "The action's settings or inputs are not those that were planned with. Plan again.")
	}
	if p.statement.only() {
		return p.read(ctx, call)
	}
	err = p.within(ctx, call, false, func(ctx context.Context, tx *stdsql.Tx) error {
		now, _, err := p.seen(ctx, tx, call)
		switch {
		case err != nil:
			return err
		case now.N != then.N:
			return fault.New(fault.Conflict, "The world has moved: the change concerns %s now, not %s. It was rolled back; plan again.", rowsOf(now.N), rowsOf(then.N))
		case now.Rows != then.Rows:
			return fault.New(fault.Conflict, "The world has moved: the rows are not those that the plan shows. The change was rolled back; plan again.")
		}
		return p.commit(ctx, tx, now.N, led)
	})
	if err != nil {
		return action.Result{}, err
	}
	return action.Result{Done: true, Summary: fmt.Sprintf("Changed %s in %s.", rowsOf(then.N), p.name()), Facts: map[string]any{"rows": then.N}}, nil
}

const recordWithin = 10 * time.Second

// commit commits the transaction between two steps.
func (p parsed) commit(ctx context.Context, tx *stdsql.Tx, n int64, led action.Ledger) error {
	if err := led.Commit(ctx, stepCommitting, []byte(strconv.FormatInt(n, 10))); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fault.Wrap(err, fault.Unavailable, "The connection broke while the change was committed. Its look may tell whether it was.")
	}
	settled, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	return led.Commit(settled, stepCommitted, []byte(strconv.FormatInt(n, 10)))
}

// read asks. With a look it also says whether what is there is as it should be: so a read serves as another action's check.
func (p parsed) read(ctx context.Context, call action.Call) (action.Result, error) {
	var res action.Result
	err := p.within(ctx, call, true, func(ctx context.Context, tx *stdsql.Tx) error {
		t, err := p.query(ctx, tx, call, p.statement, first(p.Title, "Rows"))
		res = action.Result{Done: true, Tables: []action.Table{t}, Facts: map[string]any{"rows": len(t.Rows)}}
		res.Summary = fmt.Sprintf("%s has %s.", p.name(), rowsOf(int64(len(t.Rows))))
		if len(t.Rows) == p.Rows && t.Title != first(p.Title, "Rows") {
			res.Summary = fmt.Sprintf("%s has more than %s; the first are shown.", p.name(), rowsOf(int64(p.Rows)))
		}
		if err != nil || p.Look == "" {
			return err
		}
		said, err := p.query(ctx, tx, call, p.look, "")
		switch is := found(said); {
		case err == nil && is.Unknown:
			res.Done, res.Summary = false, res.Summary+" "+is.Summary
		case err == nil && !is.Done:
			res.Done, res.Summary = false, res.Summary+" It is not as it should be: the look says no."
		}
		return err
	})
	if err != nil {
		return action.Result{}, err
	}
	return res, nil
}

// Reconcile implements action.Kind. Only a look can tell whether a commit whose answer is lost took place.
func (k *Kind) Reconcile(ctx context.Context, call action.Call, _ action.Plan, steps []action.Step, _ action.Ledger) (action.Result, error) {
	p, err := prepare(call)
	if err != nil {
		return action.Result{}, err
	}
	committing := false
	for _, step := range steps {
		switch step.Name {
		case stepCommitting:
			committing = true
		case stepCommitted:
			return action.Result{Done: true, Summary: fmt.Sprintf("Changed %s rows in %s.", step.Payload, p.name())}, nil
		}
	}
	switch {
	case !committing:
		return action.Result{Summary: "The run broke off before the change was committed; the database rolled it back."}, nil
	case p.Look == "":
		return action.Result{Unknown: true, Summary: "The run broke off while the change was committed, and the action has no look that could tell whether it was. Look before it is run again."}, nil
	}
	var t action.Table
	err = p.within(ctx, call, true, func(ctx context.Context, tx *stdsql.Tx) error {
		t, err = p.query(ctx, tx, call, p.look, "")
		return err
	})
	if err != nil {
		return action.Result{}, err
	}
	return found(t), nil
}

// found is what a look means: one value that is true or not.
func found(t action.Table) action.Result {
	if len(t.Rows) == 1 && len(t.Rows[0]) == 1 {
		switch t.Rows[0][0] {
		case "true", "1", "t":
			return action.Result{Done: true, Summary: "The look says that the change was committed."}
		case "false", "0", "f":
			return action.Result{Summary: "The look says that the change was not committed."}
		}
	}
	return action.Result{Unknown: true, Summary: "The look has not one value that is true or false, so it does not tell. Look yourself before it is run again."}
}
