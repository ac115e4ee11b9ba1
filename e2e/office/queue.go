package office

import (
	"context"
	"encoding/json"
	"fmt"

	"frontline/action"
	"frontline/fault"
)

var _ action.Kind = Queue{}

// Queue is a kind of action whose neighbour is a queue that holds every message "m-…". m-0 is not there, m-13 cannot be taken, and
// nobody can say what became of m-404.
type Queue struct{}

// Name implements action.Kind.
func (Queue) Name() string { return "desk.queue" }

// Check implements action.Kind.
func (Queue) Check(json.RawMessage) error { return nil }

// Plan implements action.Kind.
func (Queue) Plan(_ context.Context, c action.Call) (action.Plan, error) {
	id := fmt.Sprint(c.Inputs["message_id"])
	if id == "m-0" {
		return action.Plan{Summary: "There is no message m-0 in the queue. Nothing will be done.", Nothing: true}, nil
	}
	return action.Plan{
		Summary: "Message " + id + " will be taken out of the queue decisions and kept.",
		Changes: []action.Change{{What: "queue decisions", Now: "512 messages, consumer fails", After: "511 messages", Count: 1, Undo: "put it back within 7 days"}},
		Costs:   []string{"The consumer is held for about a second."}, Undo: "The message is kept for 7 days.",
	}, nil
}

// Do implements action.Kind.
func (q Queue) Do(ctx context.Context, c action.Call, _ action.Plan, led action.Ledger) (action.Result, error) {
	if string(c.Settings) == `{"list":true}` {
		return q.list(c), nil
	}
	id := fmt.Sprint(c.Inputs["message_id"])
	led.Printf("looking for %s", id)
	if id == "m-13" {
		return action.Result{}, fault.New(fault.Conflict, "Message m-13 is gone since the plan was made. Plan again.")
	}
	kept, err := led.Quarantine(ctx, "captured", action.Quarantined{Kind: "desk.message", Origin: "desk://verity/decisions", Fingerprint: id,
		Envelope: []byte(`{"decision":1}`), Facts: map[string]string{"message_id": id}})
	if err != nil {
		return action.Result{}, err
	}
	led.Progress(1, 2, "copied")
	if err := led.Removed(ctx, "taken", kept); err != nil {
		return action.Result{}, err
	}
	led.Printf("took %s out; the consumer goes on", id)
	return q.Reconcile(ctx, c, action.Plan{}, nil, led)
}

// list is what the queue holds of a customer.
func (Queue) list(c action.Call) action.Result {
	t := action.Table{Title: "Messages", Columns: []string{"message", "what"}}
	for i, of := range []string{"nordpank", "nordpank", "kivi"} {
		if of == c.Inputs["customer"] {
			t.Rows = append(t.Rows, []string{fmt.Sprintf("m-%d", i+1), "Decision of " + of})
		}
	}
	return action.Result{Done: true, Summary: "Looked.", Tables: []action.Table{t}}
}

// Reconcile implements action.Kind.
func (Queue) Reconcile(_ context.Context, c action.Call, _ action.Plan, _ []action.Step, _ action.Ledger) (action.Result, error) {
	id := fmt.Sprint(c.Inputs["message_id"])
	if id == "m-404" {
		return action.Result{Unknown: true, Summary: "The queue does not say whether m-404 is gone. Look."}, nil
	}
	return action.Result{Done: true, Summary: "Message " + id + " was taken out of the queue decisions.", Facts: map[string]any{"messages": 1},
		Tables: []action.Table{{Title: "Taken out", Columns: []string{"message", "size"}, Rows: [][]string{{id, "2 KB"}}}}}, nil
}

var _ action.Bounded = Queue{}

// Neighbour implements action.Bounded.
func (Queue) Neighbour(action.Call) string { return "https://queues.verity.example" }

// Allowed implements action.Bounded: what is dangerous lacks a right.
func (Queue) Allowed(_ context.Context, c action.Call) (action.Allowance, error) {
	said := action.Allowance{Account: "frontline", Version: "v3", Rights: []action.Right{{Where: "decisions", What: "take messages", Must: true, Allowed: c.Risk != action.RiskDanger}},
		Blocks: []action.Block{{Where: "decisions", What: "It drops its oldest message when it is full.", Right: "Set x-overflow."}}}
	if c.Risk == action.RiskDanger {
		said.Manifest = "allow: {frontline: [take messages]}\n"
	}
	return said, nil
}
