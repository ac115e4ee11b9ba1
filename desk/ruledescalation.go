package desk

import (
	"context"

	"frontline/people"
	"frontline/rule"
)

// Obey asks the developers of the tracker that a rule names, with the evidence, once for what the rule fired for.
func (d *Escalations) Obey(ctx context.Context, by people.Actor, o rule.Order) error {
	has, err := d.DB.Escalations(ctx, EscalationFilter{Tracker: o.Deed.Escalate, Request: o.Event.About.ID})
	if err != nil {
		return err
	}
	for _, e := range has {
		if e.By == by.ID && !e.MadeAt.Before(o.Event.At) { // an earlier try made it
			return nil
		}
	}
	pack, err := d.Pack(ctx, by, o.Event.About.ID)
	if err != nil {
		return err
	}
	_, err = d.Escalate(ctx, by, o.Event.About.ID, Ask{Tracker: o.Deed.Escalate, Title: pack.Title, Text: pack.Text})
	return err
}
