package wire

import "time"

// Question is one report that can be asked for.
type Question struct {
	Name     string `json:"name" example:"demand-hours"`
	Title    string `json:"title" example:"Demand by hours"`
	Question string `json:"question" example:"Which demands take most of our time?"`
}

// Report is one question answered from requests. Each figure says where the truth lies, or why that is not known.
type Report struct {
	Name     string            `json:"name" example:"demand-hours"`
	Title    string            `json:"title" example:"Demand by hours"`
	Question string            `json:"question" example:"Which demands take most of our time?"`
	Answer   string            `json:"answer" doc:"One sentence with its uncertainty."`
	N        int               `json:"n" doc:"Requests that it stands on."`
	Filter   []ReportCondition `json:"filter"`
	Formula  string            `json:"formula"`
	Version  int               `json:"definition_version" doc:"Figures of different versions do not compare."`
	From     time.Time         `json:"from"`
	To       time.Time         `json:"to" doc:"Not part of it."`
	AsOf     time.Time         `json:"as_of" doc:"When the facts were read."`
	Zone     string            `json:"zone" doc:"In which days and weeks begin."`
	Level    float64           `json:"interval_level" example:"0.95"`
	Columns  []ReportColumn    `json:"columns"`
	Rows     [][]ReportCell    `json:"rows" doc:"A cell for each column."`
	Series   []ReportSeries    `json:"series" doc:"What a chart draws."`
	Notes    []string          `json:"notes"`
}

// ReportCondition is one part of a report's filter.
type ReportCondition struct {
	Field string `json:"field" example:"team"`
	Value string `json:"value" example:"support"`
}

// ReportColumn is one column of a report's table.
type ReportColumn struct {
	Name  string `json:"name" example:"hours"`
	Title string `json:"title" example:"Hours"`
	Unit  string `json:"unit" enum:"text,count,share,minutes,hours,score"`
}

// ReportCell is a text, a count or an estimate.
type ReportCell struct {
	Text  string   `json:"text,omitempty"`
	Value *float64 `json:"value,omitempty" doc:"Absent where there is no figure, or where it has not been reached yet."`
	Low   *float64 `json:"low,omitempty" doc:"The ends of the interval; absent for what was counted."`
	High  *float64 `json:"high,omitempty"`
	N     int      `json:"n,omitempty"`
	Open  bool     `json:"not_yet_reached,omitempty" doc:"The value is not reached yet; low is what it is at least."`
	Why   string   `json:"no_interval,omitempty" doc:"Why an estimate has no interval."`
}

// ReportSeries is one line of a chart.
type ReportSeries struct {
	Name   string        `json:"name"`
	Unit   string        `json:"unit"`
	Points []ReportPoint `json:"points"`
}

// ReportPoint is one place on a line.
type ReportPoint struct {
	At    string   `json:"at" example:"2026-W47"`
	Value *float64 `json:"value,omitempty"`
	Low   *float64 `json:"low,omitempty"`
	High  *float64 `json:"high,omitempty"`
	Marks []string `json:"marks,omitempty" doc:"Why it deserves a look."`
}

// ReportTable is a report's table as CSV (RFC 4180).
type ReportTable struct {
	Name string `json:"name" example:"demand-hours.csv"`
	CSV  string `json:"csv"`
}

// Demand is recurring requests of the same kind.
type Demand struct {
	ID          string     `json:"id" example:"D-12"`
	UID         string     `json:"uid" example:"0197f3c2-6a52-7c1e-9d3b-2f64c0a1b7e5"`
	Title       string     `json:"title" example:"Webhooks stopped or late"`
	Description string     `json:"description,omitempty"`
	Owner       *Ref       `json:"owner,omitempty"`
	Handling    string     `json:"handling" enum:"by_hand,runbook,building,self_service"`
	Examples    []string   `json:"examples,omitempty" doc:"Requests that show what is meant."`
	From        []string   `json:"from,omitempty" doc:"The demands that it came out of."`
	Into        []string   `json:"into,omitempty" doc:"What it became: one when merged, several when split."`
	BornAt      time.Time  `json:"born_at"`
	EndedAt     *time.Time `json:"ended_at,omitempty"`
	Version     int64      `json:"version"`
}

// WriteDemand is what people write about a demand.
type WriteDemand struct {
	Title       string   `json:"title" maxLength:"120" example:"Webhooks stopped or late"`
	Description string   `json:"description,omitempty" maxLength:"4000"`
	Owner       string   `json:"owner,omitempty" maxLength:"100" doc:"A person." example:"marika"`
	Handling    string   `json:"handling,omitempty" enum:"by_hand,runbook,building,self_service" doc:"by_hand when left out."`
	Examples    []string `json:"examples,omitempty" maxItems:"20" doc:"Requests." example:"[\"R-1042\"]"`
	Version     int64    `json:"version,omitempty" doc:"The version that you looked at; a newer one is refused with 409. Left out, nothing is compared."`
}

// MergeDemand says what a demand becomes.
type MergeDemand struct {
	Into string `json:"into" maxLength:"100" example:"D-7"`
}

// SplitDemand names what a demand becomes.
type SplitDemand struct {
	Titles []string `json:"titles" minItems:"2" maxItems:"10"`
}

// CodeRequest says what a request was about.
type CodeRequest struct {
	Demands []CodeShare `json:"demands,omitempty" maxItems:"5"`
	None    bool        `json:"none,omitempty" doc:"None of the demands that there are."`
}

// CodeShare is one demand of a request.
type CodeShare struct {
	Demand string `json:"demand" maxLength:"100" example:"D-12"`
	Share  int    `json:"share,omitempty" minimum:"0" maximum:"100" doc:"Per cent of the work; those of a request make 100. Left out everywhere: equal shares."`
}

// Coded is what a request was about, as somebody confirmed.
type Coded struct {
	Request string    `json:"request" example:"R-1042"`
	Demands []CodedAs `json:"demands"`
	None    bool      `json:"none,omitempty"`
}

// CodedAs is one demand of a request.
type CodedAs struct {
	Demand Ref       `json:"demand"`
	Share  int       `json:"share" doc:"Per cent."`
	By     *Ref      `json:"by,omitempty"`
	At     time.Time `json:"at"`
}
