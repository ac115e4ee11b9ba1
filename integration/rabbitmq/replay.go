package rabbitmq

import (
	"context"
	"errors"

	amqp "github.com/rabbitmq/amqp091-go"

	"frontline/action"
	"frontline/fault"
)

// Replay is a message to be put back.
type Replay struct {
	Quarantine string // the copy's id; it travels as the header x-frontline-quarantine-id
	Envelope   []byte // as Quarantined.Envelope held it
	Exchange   bool   // publish to the exchange it came from, to whatever is bound there now, instead of to its queue alone
}

// Replay publishes a message from quarantine again and returns once the broker has confirmed that a queue took it. It joins the
// end of the queue. Call's settings, inputs and secrets are those of the action that took it out.
//
// Copies (CC, BCC) are not sent a second time, the broker's delivery count begins anew, and the original user-id, which the
// broker would refuse from anybody else, travels as the header x-frontline-user-id. A fault of kind Conflict means that no queue takes
// the message, so that it stays in quarantine; Unavailable may also mean that the confirmation was lost: look before
// trying again.
func (k *Back) Replay(ctx context.Context, call action.Call, r Replay) error {
	e, err := decodeEnvelope(r.Envelope)
	if err != nil {
		return fault.Wrap(err, fault.Internal, "The copy in quarantine cannot be read by this version of Frontline. Keep it, and report this.")
	}
	s, err := k.site(call)
	if err != nil {
		return err
	}
	if e.VHost != s.VHost || e.Queue != s.chosen.Queue {
		return fault.Wrong("queue", "The message came from %s in %s, which is not the queue of this call.", e.Queue, e.VHost)
	}
	h, err := s.open(ctx, s.label(call))
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.ch.Confirm(false); err != nil {
		return h.at.explain(ctx, err)
	}
	exchange, key := "", e.Queue
	if r.Exchange {
		exchange, key = e.Exchange, e.Key
	}
	return h.publish(ctx, exchange, key, e.publishing(r.Quarantine))
}

// publishing is the message as it is published again.
func (e envelope) publishing(id string) amqp.Publishing {
	p := e.Properties
	headers := without(p.Headers, append(counters(), "CC", "BCC")...)
	if headers == nil {
		headers = amqp.Table{}
	}
	headers["x-frontline-quarantine-id"] = id
	if p.UserID != "" {
		headers["x-frontline-user-id"] = p.UserID
	}
	return amqp.Publishing{
		Headers: headers, ContentType: p.ContentType, ContentEncoding: p.ContentEncoding, DeliveryMode: p.DeliveryMode,
		Priority: p.Priority, CorrelationId: p.CorrelationID, ReplyTo: p.ReplyTo, Expiration: p.Expiration,
		MessageId: p.MessageID, Timestamp: p.Timestamp, Type: p.Type, AppId: p.AppID, Body: e.Body,
	}
}

// publish returns once the broker has taken the message into a queue. A message that no queue takes is returned before it is
// confirmed (rabbitmq.com/docs/confirms, "When Will Published Messages Be Confirmed").
func (h *hands) publish(ctx context.Context, exchange, key string, m amqp.Publishing) error {
	returned := h.ch.NotifyReturn(make(chan amqp.Return, 1))
	sent, err := h.ch.PublishWithDeferredConfirm(exchange, key, true, false, m)
	if err != nil {
		return h.at.explain(ctx, err)
	}
	select {
	case <-sent.Done():
	case e := <-h.gone:
		if e == nil {
			e = amqp.ErrClosed
		}
		return h.at.explain(ctx, e)
	case <-ctx.Done():
		return fault.Wrap(context.Cause(ctx), fault.Unavailable, "The broker did not confirm in time. The message may be in the queue: look before you try again.")
	}
	select {
	case back := <-returned:
		return fault.Wrap(errors.New(back.ReplyText), fault.Conflict, "No queue takes the message, so it stays in quarantine. See whether %s still exists.", h.at.queue)
	default:
	}
	if !sent.Acked() {
		return fault.New(fault.Unavailable, "The broker refused to take the message now, so it stays in quarantine. See whether the queue is full, then try again.")
	}
	return nil
}
