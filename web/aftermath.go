package web

import (
	"cmp"
	"fmt"
	"math"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"frontline/action"
	"frontline/people"
)

// aftermath is what a run left: whether it helped, what it made, and how it can be taken back.
type aftermath struct {
	Short  string
	Check  state // the look afterwards; empty when nobody looked
	Found  string
	Tables []action.Table
	Charts []chart
	Files  []fileRow
	Undo   string // what the way back does; empty when there is none
	Until  moment
	Reason bool // the way back asks for one
	By     link // the run that took this one back, or that this one takes back
}

type fileRow struct {
	Name, Path, Size string
}

func (s *Server) aftermath(v *visit, x action.Run) aftermath {
	a := aftermath{Short: x.Ref()}
	if c := x.Result.Check; c != nil {
		a.Check, a.Found, a.Tables = newState("warning", "It did not help"), c.Summary, c.Tables
		if c.Helped {
			a.Check = newState("ok", "It helped")
		}
	}
	for _, c := range x.Result.Charts {
		a.Charts = append(a.Charts, drawn(c))
	}
	for _, f := range x.Result.Files {
		a.Files = append(a.Files, fileRow{Name: f.Name, Path: "/runs/" + x.Ref() + "/files/" + f.ID, Size: bytesWords(f.Size)})
	}
	until := x.UndoUntil()
	switch {
	case x.UndoneBy != "":
		a.By = link{Word: "It was taken back by another run", Path: "/runs/" + url.PathEscape(x.UndoneBy)}
	case x.Undoes != "":
		a.By = link{Word: "It takes back an earlier run", Path: "/runs/" + url.PathEscape(x.Undoes)}
	case !until.IsZero() && until.After(v.Now) && people.May(v.Actor, x.Definition.Verb(), x.Subject()) == nil:
		a.Undo, a.Until, a.Reason = x.Result.Undo.Say, v.at(until), x.Definition.Risk == action.RiskDanger
	}
	return a
}

// bytesWords is a size for people.
func bytesWords(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d bytes", n)
	case n < 1_000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// undoRun plans the way back and shows the plan.
func (s *Server) undoRun(w http.ResponseWriter, r *http.Request, v *visit) error {
	x, err := s.deps.Actions.Undo(r.Context(), v.Actor, r.PathValue("ref"), r.PostForm.Get("reason"))
	if err != nil {
		return err
	}
	return s.done(w, r, "/runs/"+x.Ref(), "")
}

// runFile sends a file that a run made, always as a download: a browser must not run what an action wrote.
func (s *Server) runFile(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, body, err := s.deps.Actions.File(r.Context(), v.Actor, r.PathValue("ref"), r.PathValue("file"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, err = w.Write(body)
	return err
}

// resultLinks are the links of a result. "action:ID?input=value" leads to that action's form, filled in; of others only web addresses are
// links.
func resultLinks(links map[string]string, about string) (out []link) {
	for _, word := range sortedKeys(links) {
		at := links[word]
		if rest, ok := strings.CutPrefix(at, "action:"); ok {
			id, query, _ := strings.Cut(rest, "?")
			path := actionPath(id, about)
			path = withInputs(path, query)
			out = append(out, link{Word: word, Path: path})
			continue
		}
		if u, err := url.Parse(at); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
			out = append(out, link{Word: word, Path: at})
		}
	}
	return out
}

// withInputs adds the inputs that a link of a result gives to the address of an action's form.
func withInputs(path, query string) string {
	given, err := url.ParseQuery(query)
	if err != nil || len(given) == 0 {
		return path
	}
	named := url.Values{}
	for name, values := range given {
		named[inputPrefix+name] = values
	}
	if strings.Contains(path, "?") {
		return path + "&" + named.Encode()
	}
	return path + "?" + named.Encode()
}

// chart is a drawn chart, in a box of 600 by 200, with the table behind it.
type chart struct {
	Title, Unit string
	Lines       []chartLine
	Bars        []chartBar
	Top, Low    string // the y axis
	First, Last string // the x axis
	Table       action.Table
}

type chartLine struct {
	Name, Points string
	Look         int // 0 to 3
}

type chartBar struct {
	X, Y, W, H string
	Look       int
	Say        string
}

const chartWide, chartHigh = 600.0, 200.0

// drawn places the values of a chart. The y axis begins at zero, unless values are below it.
func drawn(c action.Chart) chart {
	out := chart{Title: c.Title, Unit: c.Unit, Table: behind(c)}
	low, top := 0.0, 0.0
	for _, s := range c.Series {
		for _, y := range s.Values {
			if !math.IsNaN(y) && !math.IsInf(y, 0) {
				low, top = min(low, y), max(top, y)
			}
		}
	}
	if top == low {
		top = low + 1
	}
	out.Top, out.Low = decimal(top), decimal(low)
	if n := len(c.Labels); n > 0 {
		out.First, out.Last = c.Labels[0], c.Labels[n-1]
	}
	at := func(y float64) float64 { return chartHigh * (top - y) / (top - low) }
	for i, s := range c.Series {
		if c.Bars {
			out.Bars = append(out.Bars, bars(c, i, at)...)
			continue
		}
		out.Lines = append(out.Lines, chartLine{Name: s.Name, Points: points(s.Values, at), Look: i % 4})
	}
	return out
}

func points(values []float64, at func(float64) float64) string {
	var b strings.Builder
	step := chartWide / float64(max(1, len(values)-1))
	for i, y := range values {
		if !math.IsNaN(y) && !math.IsInf(y, 0) {
			fmt.Fprintf(&b, "%.1f,%.1f ", float64(i)*step, at(y))
		}
	}
	return strings.TrimSpace(b.String())
}

func bars(c action.Chart, series int, at func(float64) float64) (out []chartBar) {
	slot := chartWide / float64(max(1, len(c.Labels)))
	wide := slot * .8 / float64(len(c.Series))
	for i, y := range c.Series[series].Values {
		if math.IsNaN(y) || math.IsInf(y, 0) {
			continue
		}
		a, b := at(max(0, y)), at(min(0, y))
		label := ""
		if i < len(c.Labels) {
			label = c.Labels[i]
		}
		out = append(out, chartBar{X: fmt.Sprintf("%.1f", float64(i)*slot+slot*.1+float64(series)*wide), Y: fmt.Sprintf("%.1f", a), W: fmt.Sprintf("%.1f", wide),
			H: fmt.Sprintf("%.1f", b-a), Look: series % 4, Say: strings.TrimSpace(c.Series[series].Name + " " + label + ": " + decimal(y))})
	}
	return out
}

// behind is the chart as a table.
func behind(c action.Chart) action.Table {
	t := action.Table{Title: cmp.Or(c.Title, "Values"), Columns: []string{""}}
	for _, s := range c.Series {
		t.Columns = append(t.Columns, strings.TrimSpace(s.Name+" "+c.Unit))
	}
	for i, label := range c.Labels {
		row := []string{label}
		for _, s := range c.Series {
			cell := ""
			if i < len(s.Values) {
				cell = decimal(s.Values[i])
			}
			row = append(row, cell)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func decimal(y float64) string { return strconv.FormatFloat(math.Round(y*1000)/1000, 'f', -1, 64) }

// prefilled fills the fields that an address names, such as that of a link in a result. Secrets are never taken from an address.
func prefilled(f form, q url.Values) form {
	for i, x := range f.Fields {
		if given := q.Get(x.Name); given != "" && x.Kind != "password" {
			f.Fields[i].Value = given
		}
	}
	return f
}
