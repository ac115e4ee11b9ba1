package httpcall

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"frontline/action"
)

const rowsAtMost = 1000

// at follows a path into an answer.
func at(tree any, path string) (any, bool) {
	if path == "" {
		return tree, tree != nil
	}
	for _, name := range strings.Split(path, ".") {
		switch t := tree.(type) {
		case map[string]any:
			v, ok := t[name]
			if !ok {
				return nil, false
			}
			tree = v
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(t) {
				return nil, false
			}
			tree = t[i]
		default:
			return nil, false
		}
	}
	return tree, true
}

// result reads an answer.
func (r reading) result(a answer) action.Result {
	res := action.Result{Facts: map[string]any{"status": a.status}}
	if r.Summary != "" {
		if v, ok := at(a.tree, r.Summary); ok {
			res.Summary = clip(plainText(v), 500)
		}
	}
	for name, path := range r.Facts {
		if v, ok := at(a.tree, path); ok {
			res.Facts[name] = v
		}
	}
	if t, ok := r.table(a); ok {
		res.Tables = append(res.Tables, t)
	}
	return res
}

// table makes the table that is asked for; an object is a table of one row.
func (r reading) table(a answer) (action.Table, bool) {
	v, ok := at(a.tree, r.Rows)
	if len(r.Columns) == 0 || !ok {
		return action.Table{}, false
	}
	rows, many := v.([]any)
	if !many {
		rows = []any{v}
	}
	t := action.Table{Title: r.Title}
	if t.Title == "" {
		t.Title = "Answer"
	}
	if len(rows) > rowsAtMost {
		t.Title += fmt.Sprintf(" (the first %d of %d)", rowsAtMost, len(rows))
		rows = rows[:rowsAtMost]
	}
	for _, c := range r.Columns {
		title := c.Title
		if title == "" {
			title = c.Path
		}
		t.Columns = append(t.Columns, title)
	}
	for _, row := range rows {
		cells := make([]string, len(r.Columns))
		for i, c := range r.Columns {
			v, _ := at(row, c.Path)
			cells[i] = clip(plainText(v), 1000)
		}
		t.Rows = append(t.Rows, cells)
	}
	return t, true
}

// holds says whether the answer says that the work was done.
func (c condition) holds(a answer) bool {
	v, ok := at(a.tree, c.Path)
	if !ok {
		return false
	}
	is, err := json.Marshal(c.Is)
	now, other := json.Marshal(v)
	return err == nil && other == nil && string(is) == string(now)
}
