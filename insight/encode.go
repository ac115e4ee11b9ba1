package insight

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// number is v rounded for its unit, as JSON and CSV write it; empty where it is no number. It is the shortest form: 12.5, not 12.50.
func number(v float64, u Unit) string {
	if !finite(v) {
		return ""
	}
	scale := math.Pow(10, float64(u.digits()))
	if rounded := math.Round(v*scale) / scale; rounded != 0 && finite(rounded) {
		v = rounded
	} else if math.Abs(v) < 1 {
		v = 0
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// jsonNumber is number, or null.
func jsonNumber(v float64, u Unit) json.RawMessage {
	if s := number(v, u); s != "" {
		return json.RawMessage(s)
	}
	return json.RawMessage("null")
}

// figureJSON is a figure as others read it. Open is set where value or high is null because it has not been reached yet: then low is what it is
// at least.
type figureJSON struct {
	Value json.RawMessage `json:"value"`
	Low   json.RawMessage `json:"low,omitempty"`
	High  json.RawMessage `json:"high,omitempty"`
	N     int             `json:"n,omitempty"`
	Open  bool            `json:"not_yet_reached,omitempty"`
	Why   string          `json:"no_interval,omitempty"`
}

func (c Cell) json(u Unit) any {
	e := c.figure
	switch {
	case u == Text:
		return c.text
	case c.counted:
		return jsonNumber(e.Value, Count)
	}
	f := figureJSON{Value: jsonNumber(e.Value, u), N: e.N, Open: math.IsInf(e.Value, 1), Why: e.Why}
	if e.Known() {
		f.Low, f.High = jsonNumber(e.Low, u), jsonNumber(e.High, u)
	}
	return f
}

type reportJSON struct {
	Name     string       `json:"name"`
	Title    string       `json:"title"`
	Question string       `json:"question"`
	Answer   string       `json:"answer"`
	N        int          `json:"n"`
	Filter   []Condition  `json:"filter"`
	Formula  string       `json:"formula"`
	Version  int          `json:"definition_version"`
	From     string       `json:"from,omitempty"`
	To       string       `json:"to,omitempty"`
	AsOf     string       `json:"as_of"`
	Zone     string       `json:"zone"`
	Level    float64      `json:"interval_level"`
	Columns  []columnJSON `json:"columns"`
	Rows     [][]any      `json:"rows"`
	Series   []seriesJSON `json:"series"`
	Notes    []string     `json:"notes"`
}

type columnJSON struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Unit  Unit   `json:"unit"`
}

type seriesJSON struct {
	Name   string      `json:"name"`
	Unit   Unit        `json:"unit"`
	Points []pointJSON `json:"points"`
}

type pointJSON struct {
	At    string          `json:"at"`
	Value json.RawMessage `json:"value"`
	Low   json.RawMessage `json:"low"`
	High  json.RawMessage `json:"high"`
	Marks []string        `json:"marks,omitempty"`
}

// WriteJSON writes all of the report. The same report gives the same bytes. Errors: a report that lacks what it must have; those of w.
func (r Report) WriteJSON(w io.Writer) error {
	if err := r.check(); err != nil {
		return err
	}
	out := reportJSON{Name: r.Name, Title: r.Title, Question: r.Question, Answer: r.Answer, N: r.N, Filter: orEmpty(r.Filter), Formula: r.Formula,
		Version: r.Version, From: stamp(r.From), To: stamp(r.To), AsOf: stamp(r.AsOf), Zone: r.Zone, Level: r.Level,
		Columns: []columnJSON{}, Rows: [][]any{}, Series: []seriesJSON{}, Notes: orEmpty(r.Notes)}
	for _, c := range r.Columns {
		out.Columns = append(out.Columns, columnJSON(c))
	}
	for _, row := range r.Rows {
		cells := make([]any, len(row))
		for i, c := range row {
			cells[i] = c.json(r.Columns[i].Unit)
		}
		out.Rows = append(out.Rows, cells)
	}
	for _, s := range r.Series {
		points := []pointJSON{}
		for _, p := range s.Points {
			points = append(points, pointJSON{p.At, jsonNumber(p.Value, s.Unit), jsonNumber(p.Low, s.Unit), jsonNumber(p.High, s.Unit), p.Marks})
		}
		out.Series = append(out.Series, seriesJSON{s.Name, s.Unit, points})
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(out); err != nil {
		return err
	}
	_, err := w.Write(text.Bytes())
	return err
}

func orEmpty[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

// stamp is a time in UTC, to the second; of no time it is empty.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// WriteCSV writes the table (RFC 4180). Each column of figures has four: its value, its ends, and why it has no interval. What has not been
// reached yet is empty; the low end is then what it is at least. Text that a spreadsheet would take for a formula has an apostrophe before it.
// The rest of the report is in its JSON. Errors: as WriteJSON.
func (r Report) WriteCSV(w io.Writer) error {
	if err := r.check(); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	exact := r.exactColumns()
	var header []string
	for i, c := range r.Columns {
		header = append(header, c.Name)
		if !exact[i] {
			header = append(header, c.Name+"_low", c.Name+"_high", c.Name+"_no_interval")
		}
	}
	rows := [][]string{header}
	for _, row := range r.Rows {
		var fields []string
		for i, c := range row {
			fields = append(fields, c.csv(r.Columns[i].Unit, exact[i])...)
		}
		rows = append(rows, fields)
	}
	return out.WriteAll(rows)
}

// exactColumns says which columns hold only texts and counts.
func (r Report) exactColumns() []bool {
	exact := make([]bool, len(r.Columns))
	for i, c := range r.Columns {
		exact[i] = true
		for _, row := range r.Rows {
			exact[i] = exact[i] && (c.Unit == Text || row[i].counted)
		}
	}
	return exact
}

func (c Cell) csv(u Unit, exact bool) []string {
	if u == Text {
		return []string{harmless(c.text)}
	}
	if c.counted {
		u = Count
	}
	value := number(c.figure.Value, u)
	switch {
	case exact:
		return []string{value}
	case c.counted:
		return []string{value, "", "", "counted"}
	case !c.figure.Known():
		return []string{value, "", "", c.figure.Why}
	}
	return []string{value, number(c.figure.Low, u), number(c.figure.High, u), ""}
}

// harmless keeps a spreadsheet from computing what somebody wrote (OWASP, CSV injection).
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// Round is v as the unit writes it; nil where it is no number.
func (u Unit) Round(v float64) *float64 {
	text := number(v, u)
	if text == "" {
		return nil
	}
	rounded, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil
	}
	return &rounded
}
