package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"frontline/clock"
	"frontline/fault"
)

const (
	priority     = 1000                   // above any consumer of an application
	quietTime    = 300 * time.Millisecond // nothing came for that long: what lay ready is held
	askAgain     = 20 * time.Millisecond  // between two basic.get on an empty queue
	settleWithin = 20 * time.Second       // to copy, acknowledge and give back after holding has ended
	closeWithin  = 3 * time.Second
	idleAtMost   = 10 // quiet times in a row, on a broker that has messages and does not send them
	dialWithin   = 10 * time.Second
)

// hands is one connection with one channel. Whatever it holds and has not acknowledged goes back to the queue when it closes, also
// when this process is killed: at no moment is a message in our memory alone.
type hands struct {
	at    place
	raw   net.Conn
	conn  *amqp.Connection
	ch    *amqp.Channel
	gone  chan *amqp.Error // the broker closed the channel or the connection
	clock clock.Clock
	done  context.CancelFunc
}

// place is where the queue is.
type place struct {
	settings
	queue string
	label string // names the connection in the broker's own log
}

// open connects. The connection ends by itself when the time for holding and settling is over, whatever hangs.
func (s site) open(ctx context.Context, label string) (*hands, error) {
	if ctx.Err() != nil {
		return nil, stopped(ctx)
	}
	life, done := context.WithTimeout(context.WithoutCancel(ctx), time.Duration(s.Hold)+2*settleWithin)
	h := &hands{at: place{s.settings, s.chosen.Queue, label}, clock: s.clock, done: done}
	if err := h.dial(ctx, life, s); err != nil {
		done()
		return nil, h.at.explain(ctx, err)
	}
	if err := h.channel(ctx); err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

// channel opens a channel; the one before is closed or of no use any more.
func (h *hands) channel(ctx context.Context) error {
	ch, err := h.conn.Channel()
	if err != nil {
		return h.at.explain(ctx, err)
	}
	h.ch = ch
	h.gone = ch.NotifyClose(make(chan *amqp.Error, 1))
	return nil
}

func (h *hands) dial(ctx, life context.Context, s site) error {
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	properties := amqp.NewConnectionProperties()
	properties["product"] = "Frontline"
	properties["connection_name"] = h.at.label
	var dialer net.Dialer
	unhang := func() bool { return false }
	conn, err := amqp.DialConfig(s.AMQP, amqp.Config{
		SASL:       []amqp.Authentication{&amqp.PlainAuth{Username: s.User, Password: s.password.Reveal()}},
		Vhost:      s.VHost,
		Properties: properties,
		Dial: func(network, address string) (net.Conn, error) {
			raw, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			h.raw = raw
			context.AfterFunc(life, func() { _ = raw.Close() })
			unhang = context.AfterFunc(ctx, func() { _ = raw.Close() }) // for the handshake only
			return raw, nil
		},
	})
	unhang()
	if err != nil {
		return err
	}
	h.conn = conn
	return nil
}

// look asks for the fresh number of ready messages and of consumers.
func (h *hands) look(ctx context.Context) (ready, consumers int, err error) {
	q, err := h.ch.QueueDeclarePassive(h.at.queue, true, false, false, false, nil)
	if err != nil {
		return 0, 0, h.at.explain(ctx, err)
	}
	return q.Messages, q.Consumers, nil
}

// grab is one way to hold: for what, until when.
type grab struct {
	mode   mode
	getToo bool // basic.get is as good where a consumer is refused
	reach  int
	room   int // how many our consumer may hold at least: what was given back before, as far as the broker tells
	hold   time.Duration
	pile   *pile
	// calm is asked whenever nothing has come for a while, with how long the hold has lasted: is it over?
	calm func(ctx context.Context, held time.Duration) (bool, error)
	// whole says that what was given back before is held to its last message. A quorum queue puts what it is given back behind
	// everything else that was given back, so holding only a part of that would move the part.
	whole bool
	// begun runs once our consumer waits in the queue, or before the first basic.get; nil when there is nothing to do.
	begun func(ctx context.Context) error
}

// hold takes messages from the head of the queue, without acknowledging any, until the pile has enough, the reach or the time is
// used up, or all is calm. Afterwards nothing more arrives, and everything that did is in the pile.
func (h *hands) hold(ctx context.Context, g grab) error {
	if g.mode == byGet {
		return h.holdByGet(ctx, g)
	}
	// The broker hands a consumer all that it has room for in one step of its log. So either everything that was given back before is ours, and comes
	// back in its order also when we are killed, or nothing is.
	first, err := h.consume(0, min(max(g.reach, g.room), mostScan))
	if beside := exclusiveUse(err); beside && g.getToo { // the broker had not reported that consumer yet
		if err := h.channel(ctx); err != nil {
			return err
		}
		return h.holdByGet(ctx, g)
	}
	if err != nil {
		return h.at.explain(ctx, err)
	}
	row := []intake{first}
	if g.begun != nil {
		err = g.begun(ctx)
	}
	if err == nil {
		err = h.collect(ctx, first.deliveries, g)
	}
	if g.whole && (err == nil || ctx.Err() != nil) { // whoever stops us does not mean the order of the queue
		var more error
		row, more = h.completeRow(context.WithoutCancel(ctx), row, g.pile)
		err = errors.Join(err, more)
	}
	for _, in := range row {
		if cancelled := h.ch.Cancel(in.tag, false); cancelled != nil {
			return errors.Join(err, h.at.explain(ctx, cancelled))
		}
		for d := range in.deliveries { // what was on its way
			err = errors.Join(err, g.pile.add(&d))
		}
	}
	return err
}

// intake is one of our consumers. The broker fixes how many messages a consumer may hold when it begins, so that more of them are needed
// when more must be held than was thought. Their names ascend: in that order a quorum queue gets back what they held, exactly as it was
// (72 of 72 times in 3.10 and 4.0, with up to 300 messages in three hands).
type intake struct {
	tag        string
	deliveries <-chan amqp.Delivery
	room       int // how many it may hold
}

func (h *hands) consume(n, prefetch int) (intake, error) {
	if err := h.ch.Qos(prefetch, 0, false); err != nil {
		return intake{}, err
	}
	in := intake{tag: fmt.Sprintf("frontline-%04d", n), room: prefetch}
	var err error
	in.deliveries, err = h.ch.Consume(h.at.queue, in.tag, false, false, false, false, amqp.Table{"x-priority": int32(priority)})
	return in, err
}

// completeRow goes on until everything is held that was given back before: a quorum queue puts what it is given back behind all else that was
// given back, so that a part of it would change its place. The first message that never was delivered is behind all of that.
func (h *hands) completeRow(ctx context.Context, row []intake, p *pile) ([]intake, error) {
	held, idle := len(p.messages), 0 // of the last intake
	for !p.fresh && len(p.messages) > 0 && idle < idleAtMost {
		last := row[len(row)-1]
		if held < last.room {
			quiet, stop := h.clock.After(quietTime)
			select {
			case d, open := <-last.deliveries:
				stop()
				if !open {
					return row, h.lost(ctx)
				}
				if err := p.add(&d); err != nil {
					return row, err
				}
				held, idle = held+1, 0
				continue
			case <-quiet:
				idle++
			}
		}
		ready, _, err := h.look(ctx)
		if err != nil || ready == 0 || len(p.messages) >= mostScan {
			return row, err
		}
		if held < last.room {
			continue // a slow broker
		}
		next, err := h.consume(len(row), min(mostScan-len(p.messages), max(last.room, 256)))
		if err != nil {
			return row, h.at.explain(ctx, err)
		}
		row, held = append(row, next), 0
	}
	return row, nil
}

// exclusiveUse says whether the broker refused a consumer because another one wants to be alone.
func exclusiveUse(err error) bool {
	var e *amqp.Error
	return errors.As(err, &e) && e.Code == amqp.AccessRefused && strings.Contains(e.Reason, "exclusive use")
}

func (h *hands) collect(ctx context.Context, deliveries <-chan amqp.Delivery, g grab) error {
	over, stop := h.clock.After(g.hold)
	defer stop()
	began := h.clock.Now()
	for !g.pile.enough() && len(g.pile.messages) < g.reach {
		quiet, stop := h.clock.After(quietTime)
		select {
		case d, open := <-deliveries:
			stop()
			if !open {
				return h.lost(ctx)
			}
			if err := g.pile.add(&d); err != nil {
				return err
			}
		case <-quiet:
			if calm, err := g.calm(ctx, h.clock.Now().Sub(began)); calm || err != nil {
				return err
			}
		case <-over:
			stop()
			return nil
		case <-ctx.Done():
			stop()
			return stopped(ctx)
		}
	}
	return nil
}

func (h *hands) holdByGet(ctx context.Context, g grab) error {
	if g.begun != nil {
		if err := g.begun(ctx); err != nil {
			return err
		}
	}
	began := h.clock.Now()
	asked := began
	for !g.pile.enough() && len(g.pile.messages) < g.reach && h.clock.Now().Sub(began) < g.hold {
		if ctx.Err() != nil {
			return stopped(ctx)
		}
		d, some, err := h.ch.Get(h.at.queue, false)
		if err != nil {
			return h.at.explain(ctx, err)
		}
		if some {
			asked = h.clock.Now()
			if err := g.pile.add(&d); err != nil {
				return err
			}
			continue
		}
		if now := h.clock.Now(); now.Sub(asked) >= quietTime {
			if calm, err := g.calm(ctx, now.Sub(began)); calm || err != nil {
				return err
			}
			asked = now
		}
		if err := wait(ctx, h.clock, askAgain); err != nil {
			return err
		}
	}
	return nil
}

// lost explains why the broker stopped delivering.
func (h *hands) lost(ctx context.Context) error {
	select {
	case e := <-h.gone:
		if e != nil {
			return h.at.explain(ctx, e)
		}
	default:
	}
	return fault.New(fault.Conflict, "The broker ended Frontline's hold on %s: the queue was deleted or moved. Everything that was held is back or gone with it; look at the queue, then plan again.", h.at.queue)
}

// The broker's channel has at most 32 commands under way to a quorum queue and keeps back what comes after them until some are applied. What it
// still keeps back when the channel closes is lost, and the message comes back. It tells nobody, so that we go slower than it can.
const (
	acksAtOnce = 16
	acksApart  = 250 * time.Millisecond
	acksOver   = time.Second // after many
)

// ack removes exactly these messages and returns once the broker has taken note.
func (h *hands) ack(ctx context.Context, cs []copied) error {
	for n, c := range cs {
		if n > 0 && n%acksAtOnce == 0 {
			if err := h.applied(ctx, acksApart); err != nil {
				return err
			}
		}
		if err := h.ch.Ack(c.DeliveryTag, false); err != nil {
			return h.at.explain(ctx, err)
		}
	}
	if len(cs) > acksAtOnce {
		return h.applied(ctx, acksOver)
	}
	_, _, err := h.look(ctx)
	return err
}

// applied lets the broker apply what it was sent.
func (h *hands) applied(ctx context.Context, within time.Duration) error {
	if _, _, err := h.look(ctx); err != nil {
		return err
	}
	if err := wait(ctx, h.clock, within); err != nil {
		return err
	}
	_, _, err := h.look(ctx)
	return err
}

// giveBack returns every held message but those to keep. Closing the channel is the path of a crash as well, and gives back in exact
// order; since 4.3 only basic.nack spares a quorum queue's count, and keeps the order when done one by one from the front.
func (h *hands) giveBack(ctx context.Context, p preflight, held []message, except []copied) error {
	if p.quorum() && !p.returnsCount() {
		for _, m := range held {
			if slices.ContainsFunc(except, func(c copied) bool { return c.DeliveryTag == m.tag }) {
				continue
			}
			if err := h.ch.Nack(m.tag, false, true); err != nil {
				return h.at.explain(ctx, err)
			}
		}
		if _, _, err := h.look(ctx); err != nil {
			return err
		}
	}
	if err := h.ch.Close(); err != nil {
		return h.at.explain(ctx, err)
	}
	return nil
}

// close ends the connection. It is safe to call twice.
func (h *hands) close() {
	defer h.done()
	if h.conn == nil {
		return
	}
	patience, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	defer context.AfterFunc(patience, func() { _ = h.raw.Close() })()
	_ = h.conn.Close()
}

// explain turns an error of the client library into a fault.
func (at place) explain(ctx context.Context, err error) error {
	var e *amqp.Error
	if ctx.Err() != nil && !errors.As(err, &e) {
		return stopped(ctx)
	}
	if !errors.As(err, &e) {
		return fault.Wrap(err, fault.Unavailable, "The broker at %s cannot be reached over AMQP. Check that it runs and that the address in the setting amqp is right, then try again.", at.AMQP)
	}
	cause := fmt.Errorf("amqp %d: %s", e.Code, e.Reason)
	switch {
	case errors.Is(err, amqp.ErrCredentials), errors.Is(err, amqp.ErrSASL):
		return fault.Wrap(cause, fault.Forbidden, "The broker does not let the user %s in. Check user and password.", at.User)
	case errors.Is(err, amqp.ErrVhost), e.Code == amqp.NotAllowed:
		return fault.Wrap(cause, fault.Forbidden, "The broker's user %s may not use the virtual host %s, or there is none. Check vhost, or grant the permission.", at.User, at.VHost)
	case exclusiveUse(err):
		return fault.Wrap(cause, fault.Conflict, "A consumer has %s for itself. Stop it, then plan again.", at.queue)
	case e.Code == amqp.AccessRefused:
		return fault.Wrap(cause, fault.Forbidden, "The broker's user %s may not do this with %s. It needs read permission on the queue, and write permission to put messages back.", at.User, at.queue)
	case e.Code == amqp.NotFound:
		return fault.Wrap(cause, fault.NotFound, "The broker has no queue %s in the virtual host %s. Check the names in the action's settings.", at.queue, at.VHost)
	case e.Code == amqp.ResourceLocked:
		return fault.Wrap(cause, fault.Conflict, "Another connection has %s for itself. Stop it, then plan again.", at.queue)
	case e.Code == amqp.NotImplemented, e.Code == amqp.PreconditionFailed:
		return fault.Wrap(cause, fault.Internal, "The broker refused to hand out messages of %s this way. Use the broker's own tools.", at.queue)
	}
	return fault.Wrap(cause, fault.Unavailable, "The connection to the broker broke. Everything that was held is back in the queue; try again.")
}
