package exec

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"frontline/action"
	"frontline/fault"
)

// Limits of what a command may report.
const (
	tablesAtMost = 20
	rowsAtMost   = 1000
	chartsAtMost = 10
	seriesAtMost = 20
	filesAtMost  = 10
)

// said is one line of JSON on standard output that speaks to Frontline: {"frontline":"result","summary":"3 sessions closed"}.
type said struct {
	Frontline string            `json:"frontline"` // "result", "table", "chart", "file", "progress"
	Summary   string            `json:"summary"`
	Facts     map[string]any    `json:"facts"`
	Links     map[string]string `json:"links"`
	Title     string            `json:"title"`
	Columns   []string          `json:"columns"`
	Rows      [][]any           `json:"rows"`
	Done      int               `json:"done"`
	Total     int               `json:"total"`
	What      string            `json:"what"`
	Unit      string            `json:"unit"`   // of a chart
	Labels    []string          `json:"labels"` // of a chart
	Series    []action.Series   `json:"series"` // of a chart
	Bars      bool              `json:"bars"`   // of a chart
	Path      string            `json:"path"`   // of a file, below the command's home
	Name      string            `json:"name"`   // of a file; the last part of its path when empty
	Type      string            `json:"type"`   // of a file: its media type
}

// report is what a command has reported so far. Only the goroutine that reads standard output touches it.
type report struct {
	result   action.Result
	files    []said // that the command wants to be kept
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
	case "chart":
		return r.chart(s)
	case "file":
		return r.file(s)
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

// chart takes a chart whose series have one value for each label.
func (r *report) chart(s said) bool {
	odd := func(x action.Series) bool { return len(x.Values) != len(s.Labels) }
	if len(r.result.Charts) == chartsAtMost || len(s.Labels) == 0 || len(s.Labels) > rowsAtMost || len(s.Series) == 0 || len(s.Series) > seriesAtMost || slices.ContainsFunc(s.Series, odd) {
		return false
	}
	r.result.Charts = append(r.result.Charts, action.Chart{Title: s.Title, Unit: s.Unit, Labels: s.Labels, Series: s.Series, Bars: s.Bars})
	return true
}

// file notes a file that is to be kept. It is read when the command has ended.
func (r *report) file(s said) bool {
	if len(r.files) == filesAtMost || !filepath.IsLocal(s.Path) {
		return false
	}
	r.files = append(r.files, s)
	return true
}

// keep keeps the files that the command left in its home. Whatever there is in their place that is no plain file of that home is refused.
func (r *report) keep(ctx context.Context, home string, led action.Ledger) error {
	if len(r.files) == 0 {
		return nil
	}
	root, err := os.OpenRoot(home)
	if err != nil {
		return fault.Wrap(err, fault.Internal, "The run's folder is gone, and its files with it.")
	}
	defer func() { _ = root.Close() }()
	for _, s := range r.files {
		f, err := keepFile(ctx, root, s, led)
		if err != nil {
			return err
		}
		r.result.Files = append(r.result.Files, f)
	}
	return nil
}

func keepFile(ctx context.Context, root *os.Root, s said, led action.Ledger) (action.File, error) {
	no := func(err error) error {
		return fault.Wrap(err, fault.Invalid, "The command named %q as a file of its result, and left no such file in its folder.", clip(s.Path, 200))
	}
	if fi, err := root.Lstat(s.Path); err != nil || !fi.Mode().IsRegular() { // opening a pipe would wait for ever
		return action.File{}, no(err)
	}
	f, err := root.Open(s.Path)
	if err != nil {
		return action.File{}, no(err)
	}
	defer func() { _ = f.Close() }()
	return led.File(ctx, first(s.Name, filepath.Base(s.Path)), first(s.Type, "application/octet-stream"), f)
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
