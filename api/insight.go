package api

import (
	"bytes"
	"context"
	"math"
	"net/http"
	"strings"
	"time"

	"frontline/insight"
	"frontline/people"
	"frontline/wire"
)

// Insight answers questions about the desk's work.
type Insight interface {
	Report(ctx context.Context, a people.Actor, name string, q insight.Asked) (insight.Report, error)
}

var _ Insight = (*insight.Board)(nil)

func (s *server) insight() {
	add(s, route{Method: http.MethodGet, Path: "/insight", ID: "listReports", Verb: people.SeeInsight, Summary: "List the reports"}, s.listReports)
	add(s, route{Method: http.MethodGet, Path: "/insight/{report}", ID: "showReport", Verb: people.SeeInsight, Summary: "Answer one question from requests",
		Say: "Requests belong to when they arrived. Only demands that somebody confirmed are counted; no person is named."}, s.showReport)
	add(s, route{Method: http.MethodGet, Path: "/insight/{report}/table", ID: "reportTable", Verb: people.SeeInsight, Summary: "Answer one question as CSV",
		Say: "Each estimate has four columns: its value, the ends of its interval, and why it has none."}, s.reportTable)
}

func (s *server) listReports(_ context.Context, _ people.Actor, _ *struct{}) (wire.List[wire.Question], error) {
	return wire.List[wire.Question]{Items: every(insight.Questions(), func(q insight.Question) wire.Question {
		return wire.Question{Name: q.Name, Title: q.Title, Question: q.Question}
	})}, nil
}

// askReport is a question with its filter.
type askReport struct {
	Report   string    `path:"report" maxLength:"100" doc:"The report's name." example:"demand-hours"`
	Since    string    `query:"since" maxLength:"20" default:"2160h" doc:"How far to look back from until." example:"720h"`
	Until    time.Time `query:"until" doc:"Arrivals before this; now when absent." example:"2026-11-23T00:00:00Z"`
	Zone     string    `query:"zone" maxLength:"60" default:"UTC" doc:"In which days and weeks begin." example:"Europe/Tallinn"`
	Team     string    `query:"team" maxLength:"100" doc:"Requests of this team."`
	Type     string    `query:"type" maxLength:"100" doc:"Requests of this type."`
	Service  string    `query:"service" maxLength:"100" doc:"Requests about this service."`
	Customer string    `query:"customer" maxLength:"100" doc:"Requests about this customer."`
	Demand   string    `query:"demand" maxLength:"100" doc:"Requests of this demand." example:"D-12"`
	Coded    string    `query:"coded" enum:"now,then" default:"now" doc:"Whether merged demands count for what they became (now), or as they were coded (then)."`
}

func (in askReport) asked(now time.Time) (insight.Asked, error) {
	back, err := parseBack(in.Since)
	if err != nil {
		return insight.Asked{}, err
	}
	zone, err := insight.Zone(in.Zone)
	if in.Until.IsZero() {
		in.Until = now
	}
	return insight.Asked{From: in.Until.Add(-back), To: in.Until, Zone: zone, Team: in.Team, Type: in.Type, Service: in.Service, Customer: in.Customer, Demand: in.Demand, CodedThen: in.Coded == "then"}, err
}

func (s *server) reportAsked(ctx context.Context, by people.Actor, in *askReport) (insight.Report, error) {
	q, err := in.asked(s.deps.Clock.Now())
	if err != nil {
		return insight.Report{}, err
	}
	return s.deps.Insight.Report(ctx, by, in.Report, q)
}

func (s *server) reportTable(ctx context.Context, by people.Actor, in *askReport) (wire.ReportTable, error) {
	r, err := s.reportAsked(ctx, by, in)
	if err != nil {
		return wire.ReportTable{}, err
	}
	var text bytes.Buffer
	err = r.WriteCSV(&text)
	return wire.ReportTable{Name: r.Name + ".csv", CSV: text.String()}, err
}

func (s *server) showReport(ctx context.Context, by people.Actor, in *askReport) (wire.Report, error) {
	r, err := s.reportAsked(ctx, by, in)
	if err != nil {
		return wire.Report{}, err
	}
	out := wire.Report{Name: r.Name, Title: r.Title, Question: r.Question, Answer: r.Answer, N: r.N, Formula: r.Formula, Version: r.Version,
		From: r.From.UTC().Truncate(time.Second), To: r.To.UTC().Truncate(time.Second), AsOf: r.AsOf.UTC().Truncate(time.Second), Zone: r.Zone, Level: r.Level, Notes: append([]string{}, r.Notes...),
		Filter: every(r.Filter, func(c insight.Condition) wire.ReportCondition { return wire.ReportCondition(c) }),
		Columns: every(r.Columns, func(c insight.Column) wire.ReportColumn {
			return wire.ReportColumn{Name: c.Name, Title: c.Title, Unit: string(c.Unit)}
		})}
	out.Rows = [][]wire.ReportCell{}
	for _, row := range r.Rows {
		cells := make([]wire.ReportCell, len(row))
		for i, c := range row {
			cells[i] = reportCell(c, r.Columns[i].Unit)
		}
		out.Rows = append(out.Rows, cells)
	}
	out.Series = every(r.Series, func(x insight.Series) wire.ReportSeries {
		return wire.ReportSeries{Name: x.Name, Unit: string(x.Unit), Points: every(x.Points, func(p insight.Point) wire.ReportPoint {
			return wire.ReportPoint{At: p.At, Value: x.Unit.Round(p.Value), Low: x.Unit.Round(p.Low), High: x.Unit.Round(p.High), Marks: p.Marks}
		})}
	})
	return out, nil
}

func reportCell(c insight.Cell, u insight.Unit) wire.ReportCell {
	if u == insight.Text {
		return wire.ReportCell{Text: c.Text()}
	}
	e := c.Estimate()
	out := wire.ReportCell{Value: u.Round(e.Value)}
	if c.Counted() {
		return out
	}
	out.N, out.Open, out.Why = e.N, math.IsInf(e.Value, 1), e.Why
	if e.Known() {
		out.Low, out.High = u.Round(e.Low), u.Round(e.High)
	}
	return out
}

// demandName reads "d-12" as people type it.
func demandName(s string) string {
	if len(s) > 2 && strings.EqualFold(s[:2], "d-") {
		return strings.ToUpper(s)
	}
	return s
}
