// Package insight says what should be built or fixed next, in figures that one can defend: each with how many requests it stands on, its
// filter, its formula, its interval, and the table behind every chart.
//
// Facts go in and Reports come out; nothing here reads a database or a clock. The arithmetic is in stat, the grouping of texts in group.
package insight

import (
	"math"
	"time"

	"frontline/fault"
	"frontline/insight/stat"
)

// Report is one question answered from requests. All reports have this shape, whatever they are about.
type Report struct {
	Name     string      // "demand-hours": stable, for addresses and files
	Title    string      // in people's words
	Question string      // what it answers
	Answer   string      // one sentence with its uncertainty
	N        int         // requests that it stands on
	Filter   []Condition // what was asked for, in the order in which it was
	Formula  string      // how the figures come about
	Version  int         // of the definition: figures of different versions do not compare
	From, To time.Time   // the time it covers; To is not part of it
	AsOf     time.Time   // when it was computed: open requests are as old as then
	Zone     string      // in which days and weeks begin
	Level    float64     // of every interval
	Columns  []Column
	Rows     [][]Cell
	Series   []Series // what a chart draws; all of it is in the table as well or explained by it
	Notes    []string // what a careful reader must know
}

// Condition is one part of a filter: a field and what it must be.
type Condition struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

// Unit is what a column or series is in. It decides how figures are rounded. The words are part of the JSON.
type Unit string

// The units.
const (
	Text    Unit = "text"
	Count   Unit = "count"
	Share   Unit = "share" // 0 to 1
	Minutes Unit = "minutes"
	Hours   Unit = "hours"
	Score   Unit = "score" // without a unit: a rank, κ, a ratio
)

// digits is after how many decimals a figure of the unit is rounded; more would claim to know more.
func (u Unit) digits() int {
	switch u {
	case Share:
		return 4
	case Score:
		return 3
	case Hours:
		return 2
	}
	return 1
}

// Column is one column of a report's table.
type Column struct {
	Name  string // "hours_low" is made from "hours": stable, lower case
	Title string
	Unit  Unit
}

// Cell is a text, a count, or a figure with its interval. Make it by Word, Counted, Figure or Plain, so that no figure is without one.
type Cell struct {
	text    string
	figure  stat.Estimate
	counted bool
}

// Word is a cell of text.
func Word(s string) Cell { return Cell{text: s} }

// Counted is a cell with a whole number that was counted and has no error.
func Counted(n int) Cell { return Cell{figure: stat.Estimate{Value: float64(n)}, counted: true} }

// Figure is a cell with an estimate: with its interval, or with why it has none.
func Figure(e stat.Estimate) Cell { return Cell{figure: e} }

// Plain is a figure that has no interval by its nature, and why.
func Plain(v float64, why string) Cell { return Cell{figure: stat.Estimate{Value: v, Why: why}} }

// Estimate is the cell's figure; of a text it is zero.
func (c Cell) Estimate() stat.Estimate { return c.figure }

// Text is the cell's text; of a figure it is empty.
func (c Cell) Text() string { return c.text }

// Series is one line of a chart.
type Series struct {
	Name   string
	Unit   Unit
	Points []Point
}

// Point is one place on a line. Low and High are its interval, or on a control chart its limits; NaN where there is none.
type Point struct {
	At               string // a day, a week, a demand; or a number of the series' own axis
	Value, Low, High float64
	Marks            []string // why it deserves a look
}

// check finds what a report must not lack. A report is made by code: what is missing is a defect.
func (r Report) check() error {
	defect := func(what string) error {
		return fault.New(fault.Internal, "Report %q has no %s; tell those who run Frontline.", r.Name, what)
	}
	switch {
	case r.Name == "" || r.Title == "" || r.Question == "" || r.Answer == "":
		return defect("title, question or answer")
	case r.Formula == "" || r.Version == 0:
		return defect("formula or version")
	case r.Zone == "" || r.AsOf.IsZero() || !(r.Level > 0 && r.Level < 1):
		return defect("zone, time or level")
	}
	for _, row := range r.Rows {
		if len(row) != len(r.Columns) {
			return defect("cell for each column")
		}
		for i, c := range row {
			if text := r.Columns[i].Unit == Text; text && c != Word(c.text) || !text && c.text != "" {
				return defect("cell that fits " + r.Columns[i].Name)
			}
			if bare := !c.counted && c.figure.Known() && c.figure.Interval == (stat.Interval{}) && c.figure.Value != 0; bare && r.Columns[i].Unit != Text {
				return defect("interval for " + r.Columns[i].Name)
			}
		}
	}
	return nil
}

// finite says whether v can be written as a number.
func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// Counted says whether the cell is a whole number that was counted, and so has no error.
func (c Cell) Counted() bool { return c.counted }
