package exec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"frontline/action"
	"frontline/fault"
)

// Limits of what a command may report.
const (
	tablesAtMost = 20
	rowsAtMost   = 1000
)

// said is one line of JSON on standard output that speaks to Frontline: {"frontline":"result","summary":"3 sessions closed"}.
type said struct {
	Frontline string            `json:"frontline"` // "result", "table", "progress"
	Summary   string            `json:"summary"`
	Facts     map[string]any    `json:"facts"`
	Links     map[string]string `json:"links"`
	Title     string            `json:"title"`
	Columns   []string          `json:"columns"`
	Rows      [][]any           `json:"rows"`
	Done      int               `json:"done"`
	Total     int               `json:"total"`
	What      string            `json:"what"`
}

// report is what a command has reported so far. Only the goroutine that reads standard output touches it.
type report struct {
	result   action.Result
	progress func(done, total int, what string)
}

// take notes a line that speaks to Frontline. Any other line is output, also one that tries and fails.
func (r *report) take(line string) bool {
	if !strings.HasPrefix(line, "{") || !strings.Contains(line, `"frontline"`) {
		return false
	}
	var s said
	if err := json.Unmarshal([]byte(line), &s); err != nil {
		return false
	}
	switch s.Frontline {
	case "progress":
		r.progress(s.Done, s.Total, s.What)
	case "table":
		return r.table(s)
	case "result":
		r.note(s)
	default:
		return false
	}
	return true
}

// note merges a result into those before it; the last summary stands.
func (r *report) note(s said) {
	if s.Summary != "" {
		r.result.Summary = s.Summary
	}
	for name, v := range s.Facts {
		if r.result.Facts == nil {
			r.result.Facts = map[string]any{}
		}
		r.result.Facts[name] = v
	}
	for name, v := range s.Links {
		if r.result.Links == nil {
			r.result.Links = map[string]string{}
		}
		r.result.Links[name] = v
	}
}

func (r *report) table(s said) bool {
	if len(r.result.Tables) == tablesAtMost {
		return false
	}
	t := action.Table{Title: s.Title, Columns: s.Columns}
	for _, row := range s.Rows[:min(rowsAtMost, len(s.Rows))] {
		cells := make([]string, len(s.Columns)) // every row as wide as the head
		for i := range min(len(cells), len(row)) {
			cells[i] = cell(row[i])
		}
		t.Rows = append(t.Rows, cells)
	}
	r.result.Tables = append(r.result.Tables, t)
	return true
}

func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case map[string]any, []any:
		b, _ := json.Marshal(v) // came from JSON, goes back to JSON
		return string(b)
	}
	return fmt.Sprint(v)
}

// planned is the one line of JSON that the plan command prints.
type planned struct {
	Summary string          `json:"summary"`
	Changes []action.Change `json:"changes"`
	Costs   []string        `json:"costs"`
	Undo    string          `json:"undo"`
	Nothing bool            `json:"nothing"`
}

// parsePlan reads what the plan command printed.
func parsePlan(line string) (planned, error) {
	var p planned
	d := json.NewDecoder(bytes.NewReader([]byte(line)))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil || p.Summary == "" || d.More() {
		return planned{}, fault.Wrap(err, fault.Internal, `The plan command must print one line of JSON with a summary and changes, such as {"summary":"…","changes":[{"what":"…","now":"…","after":"…"}]}. Whoever owns the action can mend that.`)
	}
	return p, nil
}
