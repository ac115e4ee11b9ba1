package client

import (
	"context"
	"net/url"

	"frontline/wire"
)

// Rules lists rules.
func (c *Client) Rules(ctx context.Context, p Page) (wire.List[wire.Rule], error) {
	return ask[wire.List[wire.Rule]](ctx, c, read(p.into(url.Values{}), "rules"))
}

// Rule shows a rule with what it did last.
func (c *Client) Rule(ctx context.Context, id string) (wire.RuleShown, error) {
	return ask[wire.RuleShown](ctx, c, read(nil, "rules", id))
}

// RuleTemplates lists the rules to start from.
func (c *Client) RuleTemplates(ctx context.Context) (wire.RuleTemplates, error) {
	return ask[wire.RuleTemplates](ctx, c, read(nil, "rule-templates"))
}

// TryRule says what a rule would have done.
func (c *Client) TryRule(ctx context.Context, t wire.TryRule) (wire.Trials, error) {
	return ask[wire.Trials](ctx, c, post(t, "rules", "try"))
}

// PauseRule stops a rule.
func (c *Client) PauseRule(ctx context.Context, p wire.PauseRule) (wire.RuleShown, error) {
	return ask[wire.RuleShown](ctx, c, post(p, "rules", "pause"))
}

// ResumeRule lets a rule go on.
func (c *Client) ResumeRule(ctx context.Context, p wire.PauseRule) (wire.RuleShown, error) {
	return ask[wire.RuleShown](ctx, c, post(p, "rules", "resume"))
}
