package client

import (
	"context"
	"net/url"
	"time"

	"frontline/wire"
)

// ReportFilter narrows a report. Empty parts do not.
type ReportFilter struct {
	Since    time.Duration // how far to look back from Until; 90 days when zero
	Until    time.Time     // now when zero
	Zone     string        // in which days and weeks begin; UTC when empty
	Team     string
	Type     string
	Service  string
	Customer string
	Demand   string
	Coded    string // "now" or "then"
}

func (f ReportFilter) into() url.Values {
	v := url.Values{}
	if f.Since > 0 {
		set(v, "since", f.Since.String())
	}
	if !f.Until.IsZero() {
		set(v, "until", f.Until.UTC().Format(time.RFC3339))
	}
	for name, value := range map[string]string{"zone": f.Zone, "team": f.Team, "type": f.Type, "service": f.Service, "customer": f.Customer, "demand": f.Demand, "coded": f.Coded} {
		set(v, name, value)
	}
	return v
}

// Reports lists the questions that can be asked.
func (c *Client) Reports(ctx context.Context) (wire.List[wire.Question], error) {
	return ask[wire.List[wire.Question]](ctx, c, read(nil, "insight"))
}

// Report answers one question from requests.
func (c *Client) Report(ctx context.Context, name string, f ReportFilter) (wire.Report, error) {
	return ask[wire.Report](ctx, c, read(f.into(), "insight", name))
}

// ReportTable answers one question as CSV.
func (c *Client) ReportTable(ctx context.Context, name string, f ReportFilter) (wire.ReportTable, error) {
	return ask[wire.ReportTable](ctx, c, read(f.into(), "insight", name, "table"))
}

// Demands lists the register by title; the ended ones too when all is set.
func (c *Client) Demands(ctx context.Context, all bool, p Page) (wire.List[wire.Demand], error) {
	v := p.into(url.Values{})
	set(v, "all", all)
	return ask[wire.List[wire.Demand]](ctx, c, read(v, "demands"))
}

// Demand shows a demand, such as D-12.
func (c *Client) Demand(ctx context.Context, id string) (wire.Demand, error) {
	return ask[wire.Demand](ctx, c, read(nil, "demands", id))
}

// NewDemand adds a demand to the register.
func (c *Client) NewDemand(ctx context.Context, d wire.WriteDemand) (wire.Demand, error) {
	return ask[wire.Demand](ctx, c, post(d, "demands"))
}

// ChangeDemand changes what is written about a demand.
func (c *Client) ChangeDemand(ctx context.Context, id string, d wire.WriteDemand) (wire.Demand, error) {
	return ask[wire.Demand](ctx, c, put(d, "demands", id))
}

// MergeDemand says that a demand is another one.
func (c *Client) MergeDemand(ctx context.Context, id, into string) (wire.Demand, error) {
	return ask[wire.Demand](ctx, c, post(wire.MergeDemand{Into: into}, "demands", id, "merge"))
}

// SplitDemand says that a demand is several, and returns them.
func (c *Client) SplitDemand(ctx context.Context, id string, titles []string) (wire.List[wire.Demand], error) {
	return ask[wire.List[wire.Demand]](ctx, c, post(wire.SplitDemand{Titles: titles}, "demands", id, "split"))
}

// RetireDemand ends a demand that is no longer asked for.
func (c *Client) RetireDemand(ctx context.Context, id string) (wire.Demand, error) {
	return ask[wire.Demand](ctx, c, post(nil, "demands", id, "retire"))
}

// CodeRequest says what a request was about.
func (c *Client) CodeRequest(ctx context.Context, id string, code wire.CodeRequest) (wire.Coded, error) {
	return ask[wire.Coded](ctx, c, put(code, "requests", id, "demands"))
}
