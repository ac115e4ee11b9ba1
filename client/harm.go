package client

import (
	"context"

	"frontline/wire"
)

// Harm shows whom an incident hurts.
func (c *Client) Harm(ctx context.Context, incident string) (wire.Harm, error) {
	return ask[wire.Harm](ctx, c, read(nil, "incidents", incident, "impact"))
}

// HarmTable shows whom an incident hurts as CSV.
func (c *Client) HarmTable(ctx context.Context, incident string) (wire.ReportTable, error) {
	return ask[wire.ReportTable](ctx, c, read(nil, "incidents", incident, "impact", "table"))
}

// SetMeasures changes how it is measured whom an incident hurts.
func (c *Client) SetMeasures(ctx context.Context, incident string, to wire.SetMeasures) (wire.Incident, error) {
	return ask[wire.Incident](ctx, c, put(to, "incidents", incident, "impact", "measures"))
}

// SetCustomers changes which customers are named as hurt.
func (c *Client) SetCustomers(ctx context.Context, incident string, to wire.SetCustomers) (wire.Incident, error) {
	return ask[wire.Incident](ctx, c, put(to, "incidents", incident, "impact", "customers"))
}
