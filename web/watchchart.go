package web

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"frontline/watch"
)

// The box that a chart is drawn in; its picture is stretched to the width there is.
const (
	rateWide = 600.0
	rateHigh = 200.0
)

// rateChart is a rate with what is usual around it, as paths in a box of 600 by 200. The table says the same.
type rateChart struct {
	Title       string
	Rate        string // broken where nothing was observed
	Usual       string
	Band        string
	Top, Low    string
	First, Last string
	Say         string // what the picture shows, for those who do not see it
	Marks       []rateMark
	Rows        []rateRow
	Short       string // the table joins what the picture tells apart

	from, until time.Time
}

// rateMark is a finding on the chart.
type rateMark struct{ X, W, Name, Title string }

// rateRow is one line of the table behind the chart.
type rateRow struct {
	At                              moment
	Errors, Requests, Rate, Between string
}

func newRateChart(d watch.Definition, points []watch.Point, from, until time.Time) *rateChart {
	top := chartTop(points)
	c := &rateChart{Title: "Share that fails", Top: amountWord(d, top), Low: "0", from: from, until: until}
	if d.Counted() {
		c.Title = "Counted in each bucket"
	}
	step := stepOf(points)
	place := func(at time.Time, v float64) string {
		return fmt.Sprintf("%.1f %.1f", c.across(at.Add(step/2)), rateHigh*(1-min(max(v, 0), top)/top))
	}
	var rate, usual, low []string
	var band strings.Builder
	flush := func() {
		if len(usual) > 0 && len(low) > 0 {
			slices.Reverse(low)
			band.WriteString("M" + strings.Join(usual, "L") + "L" + strings.Join(low, "L") + "Z")
		}
		usual, low = nil, nil
	}
	var line, middle strings.Builder
	for i, p := range points {
		move := "L"
		if i == 0 || p.At.Sub(points[i-1].At) > step*8/5 {
			move = "M"
			flush()
		}
		line.WriteString(move + place(p.At, p.Rate()))
		middle.WriteString(move + place(p.At, p.Usual))
		usual, low = append(usual, place(p.At, p.High)), append(low, place(p.At, p.Low))
		rate = append(rate, "")
	}
	flush()
	c.Rate, c.Usual, c.Band = line.String(), middle.String(), band.String()
	last := points[len(points)-1]
	c.Say = fmt.Sprintf("%s: %s at last, where %s is usual, over %s", c.Title, rateWord(d, last), amountWord(d, last.Usual), plural(len(rate), "point", "points"))
	return c
}

// stepOf is the time between two points where nothing is missing.
func stepOf(points []watch.Point) time.Duration {
	step := time.Duration(math.MaxInt64)
	for i := 1; i < len(points); i++ {
		step = min(step, points[i].At.Sub(points[i-1].At))
	}
	if len(points) < 2 {
		return time.Minute
	}
	return step
}

// chartTop fits every rate and most of the band: where there are hardly any requests, the band is of no help.
func chartTop(points []watch.Point) float64 {
	var most float64
	highs := make([]float64, len(points))
	for i, p := range points {
		most, highs[i] = max(most, p.Rate(), p.Usual), p.High
	}
	slices.Sort(highs)
	most = max(most, highs[len(highs)*9/10])
	if most <= 0 {
		return 0.01
	}
	return roundUp(most)
}

func (c *rateChart) across(at time.Time) float64 {
	long := c.until.Sub(c.from)
	return rateWide * min(max(float64(at.Sub(c.from))/float64(long), 0), 1)
}

// mark shows the findings of the series that lie within the chart.
func (c *rateChart) mark(v *visit, d watch.Definition, found []watch.Finding, values []string) {
	c.First, c.Last = v.at(c.from).Abs(), v.at(c.until).Abs()
	for _, f := range found {
		end := f.EndedAt
		if end.IsZero() {
			end = c.until
		}
		if slices.Compare(f.Series, values) != 0 || end.Before(c.from) || began(f).After(c.until) {
			continue
		}
		x := c.across(began(f))
		c.Marks = append(c.Marks, rateMark{X: thousandth(x), W: thousandth(max(c.across(end)-x, 2)), Name: f.Name(), Title: f.Title(d)})
	}
}

func thousandth(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

const mostRateRows = 96

// table says what the picture shows.
func (c *rateChart) table(v *visit, d watch.Definition, points []watch.Point) {
	few := watch.Joined(points, mostRateRows)
	if len(few) < len(points) {
		c.Short = "Each line joins several points of the picture. The CSV has them one by one."
	}
	for _, p := range slices.Backward(few) {
		c.Rows = append(c.Rows, rateRow{At: v.at(p.At), Errors: watch.Figure(p.Errors), Requests: watch.Figure(p.Requests), Rate: rateWord(d, p), Between: amountWord(d, p.Low) + " to " + amountWord(d, p.High)})
	}
}

func rateWord(d watch.Definition, p watch.Point) string { return amountWord(d, p.Rate()) }

// amountWord writes a rate as a share, and a count alone as a figure.
func amountWord(d watch.Definition, v float64) string {
	if d.Counted() {
		return watch.Figure(v)
	}
	return watch.Rate(v)
}
