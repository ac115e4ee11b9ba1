// Package rabbitmq takes a poisoned message out of a queue of a RabbitMQ broker, and nothing else.
//
// RabbitMQ has no command for that. A message has no identity in the broker and can be reached from the head of its queue only, and
// reading is not free: a quorum queue counts it as a failed delivery and deletes a message that has had too many. So
// the kind "rabbitmq.park" holds messages unacknowledged from the head on, keeps a durable copy of the one it looks
// for, acknowledges that one alone, and gives the rest back in their order. At no moment is a message only in our memory:
// whenever this process or the connection dies, the broker itself puts back what was held.
package rabbitmq

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
	"frontline/secret"
)

// Park is the kind "rabbitmq.park".
type Park struct{ base }

var _ action.Prover = (*Park)(nil)

// base is what all kinds that work on a queue share.
type base struct {
	clock clock.Clock
	http  *http.Client
}

// NewPark returns the kind.
func NewPark(c clock.Clock) *Park {
	return &Park{base{clock: c, http: &http.Client{Timeout: dialWithin}}}
}

// Kinds returns everything that Frontline can do with queues.
func Kinds(c clock.Clock) []action.Kind {
	p := NewPark(c)
	return []action.Kind{NewOverview(c), NewPeek(p), p, NewMatching(p), NewBack(p), NewDisconnect(p)}
}

// Name implements action.Kind.
func (*Park) Name() string { return "rabbitmq.park" }

// Check implements action.Kind.
func (*Park) Check(raw json.RawMessage) error {
	_, err := parseSettings((*Park)(nil).Name(), raw)
	return err
}

// site is one use of a kind: where the broker is, who we are there, and what a person chose.
type site struct {
	settings
	kind     string // its name
	chosen   inputs
	match    *matcher // what is to be taken, for rabbitmq.park-matching
	password secret.Text
	clock    clock.Clock
	api      management
}

func (k *Park) site(call action.Call) (site, error) { return k.siteAs(k.Name(), call) }

// siteAs reads a call of one of the kinds that share their settings.
func (k base) siteAs(kind string, call action.Call) (site, error) {
	s, err := parseSettings(kind, call.Settings)
	if err != nil {
		return site{}, err
	}
	chosen, err := parseInputs(s, call.Inputs)
	if err != nil {
		return site{}, err
	}
	return k.at(kind, call, s, chosen)
}

func (k base) at(kind string, call action.Call, s settings, chosen inputs) (site, error) {
	password := call.Secrets["password"]
	if password.Empty() {
		return site{}, fault.Wrong("password", "The password of the broker's user %s is empty. Put it where the setting password points to.", s.User)
	}
	api := management{base: s.Broker, user: s.User, password: password, http: k.http, clock: k.clock}
	return site{settings: s, kind: kind, chosen: chosen, password: password, clock: k.clock, api: api}, nil
}

// approach reads everything about the queue that can be had without holding a message, and connects.
func (s site) approach(ctx context.Context, call action.Call) (*hands, preflight, error) {
	p := preflight{hold: time.Duration(s.Hold)}
	var err error
	if p.version, err = s.api.version(ctx); err != nil {
		return nil, p, err
	}
	if p.queue, err = s.api.queue(ctx, s.VHost, s.chosen.Queue); err != nil {
		return nil, p, err
	}
	h, err := s.open(ctx, s.label(call))
	if err != nil {
		return nil, p, err
	}
	if p.queue.Type == "stream" { // counts of a stream mean something else
		return h, p, nil
	}
	if p.ready, p.consumers, err = h.look(ctx); err != nil {
		h.close()
		return nil, p, err
	}
	return h, p, nil
}

// label names our connection in the broker's log and management screen.
func (s site) label(call action.Call) string {
	words := []string{"frontline " + s.kind}
	if call.Run != "" {
		words = append(words, "run "+call.Run)
	}
	if call.Actor != "" {
		words = append(words, "by "+call.Actor)
	}
	return strings.Join(words, " ")
}

// wait lets d pass.
func wait(ctx context.Context, c clock.Clock, d time.Duration) error {
	over, stop := c.After(d)
	defer stop()
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return stopped(ctx)
	}
}

// reach says how many messages must be held to be sure to hold the wanted one. Consumers give back what they have in hand while we
// hold, so with consumers there must be room for all; without, what stands at a place stays there.
func (p preflight) reach(scan, place int) int {
	const room = 64
	n := p.ready + p.inHand() + room
	if p.consumers == 0 && place > 0 {
		n = min(n, place+room)
	}
	return max(1, min(n, scan))
}

// mark is what a plan remembers for Do to find the same world again.
type mark struct {
	Identity    string         `json:"identity"`              // of the queue: preflight.identity
	Call        string         `json:"call"`                  // digest of settings and inputs
	Fingerprint string         `json:"fingerprint,omitempty"` // of identical messages, or
	Prints      map[string]int `json:"prints,omitempty"`      // how many of each; neither: whichever is most suspect or matches when it is held
	Place       int            `json:"place,omitempty"`       // where the last of them stood; zero when they were not looked at
	Take        int            `json:"take"`                  // in all
}

// aim is what a run of the plan looks for, but for a condition.
func (m mark) aim() aim {
	return aim{prints: found{m.Fingerprint, m.Prints, m.Take}.prints(), take: m.Take}
}

func (s site) mark(call action.Call, p preflight) (mark, error) {
	identity, err := p.identity()
	if err != nil {
		return mark{}, err
	}
	digest, err := call.Digest()
	if err != nil {
		return mark{}, err
	}
	return mark{Identity: identity, Call: digest, Fingerprint: s.chosen.Fingerprint, Take: s.chosen.Twins}, nil
}

// markOf reads the mark of a plan.
func (s site) markOf(plan action.Plan) (mark, error) {
	var m mark
	if err := json.Unmarshal(plan.Private, &m); err != nil || m.Identity == "" || m.Take < 1 {
		return mark{}, fault.New(fault.Conflict, "This plan was not made by %s, or not completely. Plan again.", s.kind)
	}
	return m, nil
}

// same fails with a Conflict when the call or the queue is not the one that was planned for.
func (m mark) same(s site, call action.Call, p preflight) error {
	now, err := s.mark(call, p)
	if err != nil {
		return err
	}
	switch {
	case now.Call != m.Call:
		return fault.New(fault.Conflict, "The action's settings or inputs are not those that were planned with. Plan again.")
	case now.Identity != m.Identity:
		return fault.New(fault.Conflict, "The queue %s was declared anew or has another policy since the plan was made. Plan again.", s.chosen.Queue)
	}
	return nil
}
