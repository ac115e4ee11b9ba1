package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"frontline/insight"
)

// barRow is one bar of a ranking: what was confirmed is filled, what is only suggested outlined, and the interval is a line across the end. Places
// are thousandths of the axis.
type barRow struct {
	Name               string
	Filled, Guess      string // widths
	GuessAt            string
	Low, High          string // the interval; empty when there is none
	Value, Span, Small string
	Together           string
}

// barsShown is how many bars a ranking has; the others are one.
const barsShown = 12

// draw makes the picture of a report, where there is one.
func (scr *reportScreen) draw(x insight.Report) {
	if hours, ok := seriesOf(x, "hours"); ok && x.Name == "demand-hours" {
		scr.bars(x, hours)
		return
	}
	for _, name := range []string{"escalated", "still waiting"} {
		if s, ok := seriesOf(x, name); ok && len(s.Points) > 1 {
			scr.Line = lineOf(x, s)
		}
	}
}

func (scr *reportScreen) bars(x insight.Report, hours insight.Series) {
	together, _ := seriesOf(x, "cumulated")
	guessed, _ := seriesOf(x, "suggested")
	guess := map[string]float64{}
	for _, p := range guessed.Points {
		guess[p.At] = p.Value
	}
	scr.Guessed = len(guess) > 0
	top := 0.0
	for _, p := range hours.Points {
		top = max(top, p.Value+guess[p.At])
		if !math.IsNaN(p.High) && !math.IsInf(p.High, 0) {
			top = max(top, p.High)
		}
	}
	if top == 0 {
		return
	}
	top = roundUp(top)
	scr.Top = strconv.FormatFloat(top, 'f', -1, 64)
	place := func(v float64) string {
		return strconv.FormatFloat(math.Round(1000*min(max(v/top, 0), 1)), 'f', -1, 64)
	}
	for i, p := range hours.Points[:min(barsShown, len(hours.Points))] {
		b := barRow{Name: p.At, Filled: place(p.Value), GuessAt: place(p.Value), Value: figureWord(p.Value, insight.Hours), Together: figureWord(together.Points[i].Value, insight.Share)}
		if g := guess[p.At]; g > 0 {
			b.Guess = place(g)
			b.Small = figureWord(g, insight.Hours) + " h suggested"
		}
		if !math.IsNaN(p.Low) {
			b.Low, b.High, b.Span = place(p.Low), place(p.High), figureWord(p.Low, insight.Hours)+"–"+figureWord(p.High, insight.Hours)
		}
		scr.Bars = append(scr.Bars, b)
	}
	if more := len(hours.Points) - barsShown; more > 0 {
		rest := 0.0
		for _, p := range hours.Points[barsShown:] {
			rest += p.Value
		}
		scr.Bars = append(scr.Bars, barRow{Name: "All " + number(more) + " others", Filled: place(rest), Value: figureWord(rest, insight.Hours), Together: "100 %"})
	}
}

// roundUp is the next of 1, 2, 5, 10, 20, 50, … that a figure fits under.
func roundUp(v float64) float64 {
	step := math.Pow(10, math.Floor(math.Log10(v)))
	for _, n := range []float64{1, 1.5, 2, 3, 4, 5, 6, 8, 10} {
		if v <= n*step {
			return n * step
		}
	}
	return v
}

// reportLine is a line with what lies around it: its interval, or its control limits. The table beside it says the same.
type reportLine struct {
	Title       string
	Points      string
	Band        string // a polygon
	Marks       []lineMark
	Top, Low    string
	First, Last string
	Around      string // what the band is
}

type lineMark struct{ X, Y, Say string }

// lineOf places a line in a box of 600 by 200. The y axis is a share and begins at zero.
func lineOf(x insight.Report, s insight.Series) *reportLine {
	out := &reportLine{Title: x.Title, Low: "0 %", First: s.Points[0].At, Last: s.Points[len(s.Points)-1].At, Around: "limits that chance alone rarely leaves"}
	across := func(i int) float64 { return float64(i) / float64(len(s.Points)-1) }
	top := 0.0
	if s.Name == "still waiting" {
		out.Around, top = x.Columns[0].Title, 1
		out.Around = "where the truth lies"
		end, _ := strconv.ParseFloat(out.Last, 64)
		across = func(i int) float64 {
			at, _ := strconv.ParseFloat(s.Points[i].At, 64)
			return at / max(end, 1e-9)
		}
		out.First, out.Last = "0 h", out.Last+" h after arrival"
	}
	for _, p := range s.Points {
		for _, v := range []float64{p.Value, p.High} {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				top = max(top, v)
			}
		}
	}
	if top == 0 {
		top = 0.01
	}
	top = min(1, roundUp(top))
	out.Top = figureWord(top, insight.Share)
	at := func(i int, v float64) string {
		return fmt.Sprintf("%.1f,%.1f", chartWide*across(i), chartHigh*(1-min(max(v, 0), top)/top))
	}
	var line, high, low []string
	for i, p := range s.Points {
		line = append(line, at(i, p.Value))
		if !math.IsNaN(p.Low) && !math.IsNaN(p.High) {
			high, low = append(high, at(i, p.High)), append([]string{at(i, p.Low)}, low...)
		}
		if len(p.Marks) > 0 {
			px, py, _ := strings.Cut(at(i, p.Value), ",")
			out.Marks = append(out.Marks, lineMark{px, py, p.At + ": " + strings.Join(p.Marks, ", ")})
		}
	}
	out.Points, out.Band = strings.Join(line, " "), strings.Join(append(high, low...), " ")
	return out
}
