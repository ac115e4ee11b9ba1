package client

import (
	"context"
	"net/url"

	"frontline/wire"
)

// AnswerFilter narrows a list of answers. Empty parts do not narrow.
type AnswerFilter struct {
	State string // draft, published, retired or all
	Owner string // a person, or me
	Stale bool   // somebody should look at them
}

// Answers lists answers, the newest first.
func (c *Client) Answers(ctx context.Context, f AnswerFilter, p Page) (wire.List[wire.DeskAnswer], error) {
	v := p.into(url.Values{})
	set(v, "state", f.State)
	set(v, "owner", f.Owner)
	set(v, "stale", f.Stale)
	return ask[wire.List[wire.DeskAnswer]](ctx, c, read(v, "answers"))
}

// FindAnswers finds published answers to a question, the likest first.
func (c *Client) FindAnswers(ctx context.Context, question string, limit int) (wire.List[wire.AnswerFound], error) {
	v := url.Values{"q": {question}}
	set(v, "limit", limit)
	return ask[wire.List[wire.AnswerFound]](ctx, c, read(v, "answers", "like"))
}

// Answer shows one answer, such as K-7.
func (c *Client) Answer(ctx context.Context, id string) (wire.DeskAnswer, error) {
	return ask[wire.DeskAnswer](ctx, c, read(nil, "answers", id))
}

// WriteAnswer writes a draft.
func (c *Client) WriteAnswer(ctx context.Context, a wire.WriteAnswer) (wire.DeskAnswer, error) {
	return ask[wire.DeskAnswer](ctx, c, post(a, "answers"))
}

// AnswerFromRequest makes a draft of a request.
func (c *Client) AnswerFromRequest(ctx context.Context, request string) (wire.DeskAnswer, error) {
	return ask[wire.DeskAnswer](ctx, c, post(nil, "requests", request, "answer"))
}

// EditAnswer saves a new version.
func (c *Client) EditAnswer(ctx context.Context, id string, e wire.EditAnswer) (wire.DeskAnswer, error) {
	return ask[wire.DeskAnswer](ctx, c, put(e, "answers", id))
}

// PublishAnswer offers an answer to its audience.
func (c *Client) PublishAnswer(ctx context.Context, id string) (wire.DeskAnswer, error) {
	return ask[wire.DeskAnswer](ctx, c, post(nil, "answers", id, "publish"))
}

// RetireAnswer takes an answer out of use.
func (c *Client) RetireAnswer(ctx context.Context, id string) (wire.DeskAnswer, error) {
	return ask[wire.DeskAnswer](ctx, c, post(nil, "answers", id, "retire"))
}

// ReviewAnswer says that an answer is still right.
func (c *Client) ReviewAnswer(ctx context.Context, id string) (wire.DeskAnswer, error) {
	return ask[wire.DeskAnswer](ctx, c, post(nil, "answers", id, "review"))
}

// VoteAnswer says whether an answer helped.
func (c *Client) VoteAnswer(ctx context.Context, id string, v wire.VoteAnswer) (wire.DeskAnswer, error) {
	return ask[wire.DeskAnswer](ctx, c, post(v, "answers", id, "vote"))
}
