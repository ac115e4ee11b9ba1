package rabbitmq

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"frontline/action"
	"frontline/action/actiontest"
	"frontline/clock"
	"frontline/e2e/neighbour"
)

var (
	kills    = flag.Int("kills", 20, "how many runs TestKills kills: 200 before a release, 1000 over night")
	killSeed = flag.Uint64("kill-seed", 1, "another seed kills at other random points")
)

// killing is one run that is killed, and what is known of it.
type killing struct {
	*stage
	t     *testing.T
	kind  string
	death death
	r     *rand.Rand
	sum   *tally

	initial []string // ids in their order
	call    action.Call
	plan    action.Plan
	steps   []action.Step
	copies  []action.Quarantined
	verdict action.Result
}

// tally is what all runs together came to.
type tally struct {
	mu              sync.Mutex
	kinds, verdicts map[string]int
	messages, kept  int
	most            int64 // deliveries of a message that was not wanted, besides the plan's and the verdict's looks
}

// TestKills kills processes of every kind at every step and at random points, on both brokers and both types of queue. After each run and its verdict the
// queue is emptied and every message accounted for: all that were not wanted in their exact order, each wanted one in the queue or in quarantine as
// the verdict says, no step twice.
func TestKills(t *testing.T) {
	t.Parallel()
	sum := &tally{verdicts: map[string]int{}, kinds: map[string]int{}}
	kinds := slices.Sorted(maps.Keys(deathsOf))
	t.Run("runs", func(t *testing.T) {
		for i := range *kills {
			kind, world, round := kinds[i%len(kinds)], i/len(kinds)%4, i/len(kinds)/4
			r := rand.New(rand.NewPCG(*killSeed, uint64(i)))
			on, args := neighbour.RabbitMQ3, classic()
			if world%2 == 1 {
				on = neighbour.RabbitMQ4
			}
			if world/2 == 1 {
				args = quorum()
			}
			d := deathAt(kind, round+world+i%len(kinds), r)
			t.Run(fmt.Sprintf("%04d %s %s %s %s", i, kind, on, args["x-queue-type"], d), func(t *testing.T) {
				t.Parallel()
				k := &killing{stage: newStage(t, on, args), t: t, kind: kind, death: d, r: r, sum: sum}
				k.run()
			})
		}
	})
	t.Logf("seed %d: %d runs: %v; verdicts %v; %d messages accounted for, %d of them by a copy; a message that was not wanted was delivered at most %d times more by a run",
		*killSeed, *kills, sum.kinds, sum.verdicts, sum.messages, sum.kept, sum.most)
}

// deathsOf are the steps of each kind at which it is killed.
var deathsOf = map[string][]string{
	"rabbitmq.park":          {stepHolding, stepFound, stepCaptured, stepRemoved, stepReturned},
	"rabbitmq.park-matching": {stepHolding, stepFound, stepCaptured, stepRemoved, stepReturned},
	"rabbitmq.peek":          {stepHolding, stepReturned},
	"rabbitmq.replay":        {stepReplaying, stepReplayed},
	"rabbitmq.disconnect":    {stepClosing},
}

// deathAt is the nth death of a kind: before and after each step, at a random message, and at a random time.
func deathAt(kind string, n int, r *rand.Rand) death {
	steps := deathsOf[kind]
	n %= 2*len(steps) + 2
	if n < 2*len(steps) {
		d := death{Die: []string{"before ", "after "}[n%2] + steps[n/2]}
		switch steps[n/2] {
		case stepCaptured, stepRemoved, stepReplaying, stepReplayed:
			if kind != "rabbitmq.park" {
				d.Nth = r.IntN(several)
			}
		}
		return d
	}
	if n%2 == 0 && len(steps) > 1 && kind != "rabbitmq.replay" {
		return death{Tick: 1 + r.IntN(waiters)}
	}
	return death{Delay: time.Duration(1+r.IntN(300)) * time.Millisecond}
}

const (
	waiters = 40 // messages in the queue
	several = 3  // are taken or put back at once
)

func (k *killing) run() {
	k.publish(1, waiters)
	k.initial = ids(1, waiters)
	targets := map[string]bool{}
	o := order{Kind: k.kind, Password: k.b.Password, death: k.death}
	check := k.takes
	switch k.kind {
	case "rabbitmq.park":
		n := 1 + k.r.IntN(waiters)
		targets[decision(n).MessageId] = true
		k.call = k.stage.call(map[string]any{"fingerprint": prints(k.t, n)})
	case "rabbitmq.park-matching":
		listed := ""
		for len(targets) < several {
			id := decision(1 + k.r.IntN(waiters)).MessageId
			targets[id] = true
		}
		for id := range targets {
			listed += fmt.Sprintf(" || id == %q", id)
		}
		k.call = k.stage.call(map[string]any{"matching": listed[4:], "most": several})
	case "rabbitmq.peek":
		k.call = k.stage.call(map[string]any{"count": 6})
	case "rabbitmq.replay":
		o.Kept = k.shelf()
		k.call = k.stage.call(map[string]any{"quarantine": "Q-1 Q-2 Q-3"})
		k.call.Kept = o.Kept.kept
		check = k.putsBack
	case "rabbitmq.disconnect":
		k.disconnects(o)
		return
	}
	k.dies(o)
	check(targets)
	k.noStepTwice(max(1, len(targets)))
}

// dies plans, has a process do it and die, and asks for the verdict.
func (k *killing) dies(o order) {
	kind := kindOf(k.kind, clock.Real{})
	var err error
	if len(k.plan.Changes) == 0 {
		k.plan = patiently(k.t, func() (action.Plan, error) { return kind.Plan(k.t.Context(), k.call) })
	}
	o.Call, o.Plan = k.call, k.plan
	k.steps, k.copies = killed(k.t, o)
	led := &actiontest.Ledger{}
	k.verdict, err = kind.Reconcile(k.t.Context(), k.call, k.plan, k.steps, led)
	must(k.t, err)
	k.steps = append(k.steps, led.Steps()...)
	k.sum.mu.Lock()
	defer k.sum.mu.Unlock()
	k.sum.kinds[k.kind]++
	switch {
	case k.verdict.Unknown:
		k.sum.verdicts["unknown"]++
	case k.verdict.Done:
		k.sum.verdicts["done"]++
	default:
		k.sum.verdicts["not done"]++
	}
}

// drained takes everything out of the queue and returns the ids, once one of these numbers of messages is ready.
func (k *killing) drained(n ...int) (got []string, counts map[string]int64) {
	has := k.ready(n...)
	ch := k.channel()
	in, err := ch.Consume(queueName, "", false, false, false, false, nil)
	must(k.t, err)
	counts = map[string]int64{}
	for len(got) < has {
		select {
		case d, open := <-in:
			if !open {
				k.t.Fatalf("the broker closed the channel after %v", got)
			}
			got = append(got, d.MessageId)
			counts[d.MessageId] = deliveries(&d)
			if len(got) == has {
				must(k.t, d.Ack(true)) // one acknowledgement of all: a quorum queue may lose one of many when the channel closes behind it
			}
		case <-time.After(60 * time.Second):
			k.t.Fatalf("got %d of %d messages: %v", len(got), has, got)
		}
	}
	must(k.t, ch.Close())
	k.ready(0)
	return got, counts
}

// takes accounts for every message after a run that takes some out, or only looks.
func (k *killing) takes(targets map[string]bool) {
	total := []int{waiters}
	looks := k.kind == "rabbitmq.peek"
	switch {
	case looks:
	case k.verdict.Unknown:
		total = nil
		for n := range len(targets) - 1 { // some of them and not all
			total = append(total, waiters-1-n)
		}
	case k.verdict.Done:
		total = []int{waiters - len(targets)}
	}
	got, counts := k.drained(total...)
	want := slices.DeleteFunc(slices.Clone(k.initial), func(id string) bool { return targets[id] && !slices.Contains(got, id) })
	if !slices.Equal(got, want) {
		k.t.Errorf("the queue held\n%v, want\n%v", got, want)
	}
	copies := map[string]bool{}
	for _, q := range k.copies {
		e, err := decodeEnvelope(q.Envelope)
		must(k.t, err)
		id := e.Properties.MessageID
		if copies[id] || !targets[id] {
			k.t.Errorf("%s is in quarantine twice, or was not wanted", id)
		}
		copies[id] = true
	}
	for id := range targets {
		if !copies[id] && !slices.Contains(got, id) {
			k.t.Errorf("%s is neither in the queue nor in quarantine", id)
		}
	}
	k.account(counts, targets, len(k.initial)-len(got))
}

// account notes how often what was not wanted was delivered: once by the plan's look, once by the run, and once when the verdict had to look.
func (k *killing) account(counts map[string]int64, targets map[string]bool, kept int) {
	looks := int64(0)
	if k.kind != "rabbitmq.peek" && !k.blind() {
		looks++
	}
	names := k.names()
	if slices.Contains(names, stepCaptured) && !slices.Contains(names, stepRemoved) {
		looks++
	}
	k.sum.mu.Lock()
	defer k.sum.mu.Unlock()
	k.sum.messages += len(k.initial)
	k.sum.kept += kept
	for id, n := range counts {
		if !targets[id] {
			k.sum.most = max(k.sum.most, n-looks)
			if n > looks+1 {
				k.t.Errorf("%s was delivered %d times, want %d at most", id, n, looks+1)
			}
		}
	}
}

func (k *killing) names() (names []string) {
	for _, s := range k.steps {
		names = append(names, s.Name)
	}
	return names
}

// noStepTwice wants each step once, and those of single messages once for each.
func (k *killing) noStepTwice(messages int) {
	seen := map[string]int{}
	for _, s := range k.steps {
		key, most := s.Name, 1
		switch s.Name {
		case stepRemoved, stepReplaying, stepReplayed:
			key += " " + string(s.Payload)
		case stepCaptured:
			most = messages
		}
		if seen[key]++; seen[key] > most {
			k.t.Errorf("the step %s was taken twice: %v", key, k.names())
		}
	}
}

// shelf is a quarantine with the next decisions in it.
func (k *killing) shelf() shelf {
	all := shelf{}
	for i := range several {
		p := decision(waiters + 1 + i)
		b, err := envelope{Key: queueName, VHost: k.b.VHost, Queue: queueName, Body: p.Body, Properties: propertiesOf(&amqp.Delivery{
			MessageId: p.MessageId, Type: p.Type, AppId: p.AppId, ContentType: p.ContentType, Timestamp: p.Timestamp, Headers: p.Headers, DeliveryMode: p.DeliveryMode})}.encode()
		must(k.t, err)
		id := fmt.Sprintf("Q-%d", 1+i)
		all[id] = &action.Kept{ID: id, State: action.Removed, Quarantined: action.Quarantined{Kind: kindOfMessage, Fingerprint: prints(k.t, waiters+1+i), Envelope: b}}
	}
	return all
}

// putsBack accounts for every message after a run that puts three back: those that the verdict counts are at the end of the queue, once, and no other.
func (k *killing) putsBack(map[string]bool) {
	back := 0
	if n, told := k.verdict.Facts["replayed"].(int); told {
		back = n
	}
	got, counts := k.drained(waiters + back)
	if want := ids(1, waiters+back); !slices.Equal(got, want) {
		k.t.Errorf("the queue held\n%v, want\n%v", got, want)
	}
	recorded := 0
	for _, name := range k.names() {
		if name == stepReplayed {
			recorded++
		}
	}
	if k.verdict.Done != (back == several) || recorded != back {
		k.t.Errorf("the verdict is %+v, and %d were recorded as put back", k.verdict, recorded)
	}
	k.initial = ids(1, waiters+several)
	k.sum.mu.Lock()
	defer k.sum.mu.Unlock()
	k.sum.messages += len(k.initial)
	k.sum.kept += several - back
	for id, n := range counts {
		if k.sum.most = max(k.sum.most, n-1); n > 1 { // the verdict's look
			k.t.Errorf("%s was delivered %d times", id, n)
		}
	}
}

// disconnects has hanging consumers hold messages, and closes them.
func (k *killing) disconnects(o order) {
	hanging := 2
	if k.args["x-queue-type"] == "quorum" {
		hanging = 1 // what several held comes back to a quorum queue in the order in which they go, whoever closes them
	}
	over := make(chan string, hanging)
	var conns []*amqp.Connection
	for range hanging {
		c := k.connection()
		conns = append(conns, c)
		gone := c.NotifyClose(make(chan *amqp.Error, 1))
		go func() {
			if e := <-gone; e != nil {
				over <- e.Reason
			}
		}()
		ch, err := c.Channel()
		must(k.t, err)
		must(k.t, ch.Qos(several, 0, false))
		in, err := ch.Consume(queueName, "", false, false, false, false, nil)
		must(k.t, err)
		for range several {
			<-in
		}
	}
	k.call = k.stage.call(map[string]any{})
	k.call.Settings = k.settings(map[string]any{"disconnect": true})
	kind := kindOf(k.kind, clock.Real{})
	for range 240 { // until the broker has reported them
		k.plan = patiently(k.t, func() (action.Plan, error) { return kind.Plan(k.t.Context(), k.call) })
		if len(k.plan.Changes) == hanging {
			break
		}
		time.Sleep(250 * time.Millisecond)
	}
	k.dies(o)
	said, _ := k.verdict.Facts["closed"].(int)
	for range said { // as many must hear it
		select {
		case <-over:
		case <-time.After(time.Minute):
			k.t.Errorf("the verdict is %+v, but fewer connections were closed", k.verdict)
		}
	}
	if len(over) > 0 || k.verdict.Unknown || k.verdict.Done != (said > 0) {
		k.t.Errorf("the verdict is %+v, and %d more connections were closed", k.verdict, len(over))
	}
	for _, c := range conns {
		_ = c.Close()
	}
	k.noStepTwice(1)
	got, counts := k.drained(waiters)
	if !slices.Equal(got, k.initial) {
		k.t.Errorf("the queue held\n%v, want\n%v", got, k.initial)
	}
	k.sum.mu.Lock()
	defer k.sum.mu.Unlock()
	k.sum.messages += waiters
	for id, n := range counts {
		if n > 1 {
			k.t.Errorf("%s was delivered %d times", id, n)
		}
	}
}

// TestKilledBetweenConsumers kills a look at less than what was given back before: at messages that it wants, right behind them, and in the middle of the
// others. Since 4.0 the broker tells how many were given back, so that one consumer of ours takes all of them at once: a kill leaves the order as it was. 3.10
// tells nothing, so that several consumers hold them one after the other; nothing is lost or doubled there, but the part that was held comes to stand
// behind the rest, which nobody is left to prevent (docs/adr/0008).
func TestKilledBetweenConsumers(t *testing.T) {
	const messages, first, next = 400, 6, 256
	both(t, func(t *testing.T, on neighbour.Release) { // of classic queues we hold with basic.get
		s := newStage(t, on, quorum())
		s.publish(1, messages)
		s.contents(messages) // everything was given back once
		for _, tick := range []int{first - 1, first + 1, first + next/2, first + next + 1, first + next + 40} {
			call := s.call(map[string]any{"count": first})
			plan := patiently(t, func() (action.Plan, error) { return peek().Plan(t.Context(), call) })
			tells := s.told(messages)
			killed(t, order{Kind: "rabbitmq.peek", Call: call, Password: s.b.Password, Plan: plan, death: death{Tick: tick}})
			if on == neighbour.RabbitMQ4 && !tells {
				t.Fatal("the broker does not tell how many were given back")
			}
			if got := s.contents(messages); tells && !slices.Equal(got, ids(1, messages)) {
				t.Errorf("killed at message %d the queue holds\n%v", tick, got)
			} else if slices.Sort(got); !slices.Equal(got, ids(1, messages)) {
				t.Errorf("killed at message %d the queue holds\n%v", tick, got)
			}
		}
		call := s.matching(`id == "decision-009"`, nil)
		plan := patiently(t, func() (action.Plan, error) { return matching().Plan(t.Context(), call) })
		killed(t, order{Kind: "rabbitmq.park-matching", Call: call, Password: s.b.Password, Plan: plan, death: death{Tick: first}})
		s.holdsAfterAKill(ids(1, messages)) // it dies before it has taken the message out
	})
}

// holdsAfterAKill compares the messages with those that are wanted, in whatever order.
func (s *stage) holdsAfterAKill(want []string) {
	s.t.Helper()
	got := slices.Sorted(slices.Values(s.contents(len(want))))
	if !slices.Equal(got, want) {
		s.t.Errorf("the queue holds\n%v, want\n%v", got, want)
	}
}

// told waits until the broker tells that n of the messages were given back. false when it does not tell such things.
func (s *stage) told(n int) bool {
	s.t.Helper()
	for range 2400 {
		var q struct {
			Returned *int `json:"messages_ready_returned"`
			Ready    int  `json:"messages_ready"`
		}
		req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.b.Management+"/api/queues/"+url.PathEscape(s.b.VHost)+"/"+queueName, nil)
		must(s.t, err)
		req.SetBasicAuth(s.b.User, s.b.Password)
		res, err := http.DefaultClient.Do(req)
		must(s.t, err)
		err = json.NewDecoder(res.Body).Decode(&q)
		must(s.t, errors.Join(err, res.Body.Close()))
		switch {
		case q.Returned != nil && *q.Returned == n:
			return true
		case q.Returned == nil && q.Ready == n:
			return false
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.t.Fatalf("the broker does not tell about %d messages", n)
	return false
}
