package rabbitmq

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"frontline/action"
	"frontline/action/actiontest"
	"frontline/clock"
	"frontline/e2e/neighbour"
	"frontline/secret"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(child())
	}
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	must(flag.Set("test.parallel", "5")) // they wait for the brokers more than they work
	neighbour.Main(m)
}

// queueName is the queue of Verity's decision pipeline.
const queueName = "decisions"

// stage is a broker with the queue "decisions" in it.
type stage struct {
	t  testing.TB
	b  *neighbour.Broker
	on neighbour.Release

	args amqp.Table // of the queue
}

func newStage(t testing.TB, on neighbour.Release, args amqp.Table) *stage {
	t.Helper()
	s := &stage{t, neighbour.RabbitMQOf(t, on), on, args}
	s.declare(args, false)
	return s
}

// both runs a test on each broker, beside each other and beside other tests.
func both(t *testing.T, test func(t *testing.T, on neighbour.Release)) {
	t.Parallel()
	alone(t, test)
}

// alone runs a test on each broker, beside each other and beside no other test.
func alone(t *testing.T, test func(t *testing.T, on neighbour.Release)) {
	for _, on := range []neighbour.Release{neighbour.RabbitMQ3, neighbour.RabbitMQ4} {
		t.Run(string(on), func(t *testing.T) {
			t.Parallel()
			test(t, on)
		})
	}
}

// everywhere runs a test on each broker with each type of queue, beside each other.
func everywhere(t *testing.T, test func(t *testing.T, s *stage)) {
	eachKind(t, func(t *testing.T, on neighbour.Release, args amqp.Table) { test(t, newStage(t, on, args)) })
}

// worlds runs the suite that every kind passes on each broker with each type of queue, beside each other.
func worlds(t *testing.T, open func(s *stage) actiontest.World) {
	eachKind(t, func(t *testing.T, on neighbour.Release, args amqp.Table) {
		actiontest.Run(t, func(t *testing.T) actiontest.World { return open(newStage(t, on, args)) })
	})
}

func eachKind(t *testing.T, test func(t *testing.T, on neighbour.Release, args amqp.Table)) {
	both(t, func(t *testing.T, on neighbour.Release) {
		for name, args := range map[string]amqp.Table{"classic": classic(), "quorum": quorum()} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, on, args)
			})
		}
	})
}

// blind says whether nothing may be held without a place for copies: looking costs a delivery, and the last one a message.
func (s *stage) blind() bool {
	return s.on == neighbour.RabbitMQ4 && s.args["x-queue-type"] == "quorum" && s.args["x-dead-letter-exchange"] == nil
}

func (s *stage) declare(args amqp.Table, autoDelete bool) {
	s.t.Helper()
	_, err := s.channel().QueueDeclare(queueName, true, autoDelete, false, false, args)
	must(s.t, err)
}

func classic() amqp.Table { return amqp.Table{"x-queue-type": "classic"} }
func quorum() amqp.Table  { return amqp.Table{"x-queue-type": "quorum"} }

// letters is a quorum queue that dead-letters what failed too often, so that it may be looked at where there is a limit by default.
func letters() amqp.Table { return with(quorum(), "x-dead-letter-exchange", "failed") }

func with(t amqp.Table, key string, v any) amqp.Table {
	t[key] = v
	return t
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *stage) connection() *amqp.Connection {
	s.t.Helper()
	c, err := amqp.Dial(s.b.AMQP)
	must(s.t, err)
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

func (s *stage) channel() *amqp.Channel {
	s.t.Helper()
	ch, err := s.connection().Channel()
	must(s.t, err)
	return ch
}

// decision is the nth message: what it carries is the same in every test.
func decision(n int) amqp.Publishing {
	return amqp.Publishing{
		DeliveryMode: amqp.Persistent, MessageId: fmt.Sprintf("decision-%03d", n), Type: "decision.requested", AppId: "decision-pipeline",
		ContentType: "application/json", Timestamp: time.Unix(1795420800+int64(n), 0),
		Headers: amqp.Table{"customer": "nordpank", "attempt": int32(n)},
		Body:    []byte(fmt.Sprintf(`{"session":"s-%03d","country":"EE"}`, n)),
	}
}

// prints is the fingerprint of the nth decision.
func prints(t testing.TB, n int) string {
	t.Helper()
	p := decision(n)
	f, err := fingerprint(&amqp.Delivery{RoutingKey: queueName, MessageId: p.MessageId, Type: p.Type, AppId: p.AppId,
		ContentType: p.ContentType, Timestamp: p.Timestamp, Headers: p.Headers, Body: p.Body})
	must(t, err)
	return f
}

// publish puts the decisions from first to last into the queue.
func (s *stage) publish(first, last int) {
	s.t.Helper()
	var all []amqp.Publishing
	for n := first; n <= last; n++ {
		all = append(all, decision(n))
	}
	s.send(all...)
}

func (s *stage) send(all ...amqp.Publishing) {
	s.t.Helper()
	ch := s.channel()
	defer ch.Close()
	must(s.t, ch.Confirm(false))
	var sent []*amqp.DeferredConfirmation
	for _, m := range all {
		d, err := ch.PublishWithDeferredConfirm("", queueName, true, false, m)
		must(s.t, err)
		sent = append(sent, d)
	}
	for _, d := range sent {
		if ok, err := d.WaitContext(s.t.Context()); err != nil || !ok {
			s.t.Fatalf("the broker did not confirm: %v %v", ok, err)
		}
	}
}

// ready waits until one of these numbers of messages is ready, and returns it. What was given back a moment ago is on its way: the broker takes
// all that a channel held back in one step, so that a number that the test can expect is the last one.
func (s *stage) ready(n ...int) int {
	s.t.Helper()
	ch := s.channel()
	defer ch.Close()
	has := -1
	for range 2400 {
		q, err := ch.QueueDeclarePassive(queueName, true, false, false, false, nil)
		must(s.t, err)
		if has = q.Messages; slices.Contains(n, has) {
			return has
		}
		time.Sleep(25 * time.Millisecond)
	}
	s.t.Fatalf("%d messages are ready, want %v", has, n)
	return has
}

// holds compares the ready messages, in their order, with those that are wanted.
func (s *stage) holds(want []string) {
	s.t.Helper()
	if got := s.contents(len(want)); !slices.Equal(got, want) {
		s.t.Errorf("the queue holds\n%v, want\n%v", got, want)
	}
}

// contents waits until one of these numbers of messages is ready, lists their ids in their order, and leaves them there.
func (s *stage) contents(n ...int) []string {
	s.t.Helper()
	has := s.ready(n...)
	c := s.connection()
	defer c.Close()
	ch, err := c.Channel()
	must(s.t, err)
	must(s.t, ch.Qos(has+1, 0, false))
	in, err := ch.Consume(queueName, "", false, false, false, false, amqp.Table{"x-priority": int32(priority)})
	must(s.t, err)
	ids := []string{}
	for len(ids) < has {
		select {
		case d := <-in:
			ids = append(ids, d.MessageId)
		case <-time.After(60 * time.Second):
			s.t.Fatalf("got %d of %d messages: %v", len(ids), has, ids)
		}
	}
	must(s.t, ch.Close())
	s.ready(has)
	return ids
}

// ids names the decisions from first to last without those left out.
func ids(first, last int, without ...int) []string {
	all := []string{}
	for n := first; n <= last; n++ {
		if !slices.Contains(without, n) {
			all = append(all, decision(n).MessageId)
		}
	}
	return all
}

// remove takes one decision out, as an application that has finished with it would.
func (s *stage) remove(n int) {
	s.t.Helper()
	ch := s.channel()
	must(s.t, ch.Qos(1000, 0, false))
	in, err := ch.Consume(queueName, "", false, false, false, false, nil)
	must(s.t, err)
	for d := range in {
		if d.MessageId == decision(n).MessageId {
			must(s.t, d.Ack(false))
			break
		}
	}
	must(s.t, ch.Close())
}

// giveBack has a consumer give back the first messages that many times, by dying, as a crashing worker does.
func (s *stage) giveBack(messages, times int) {
	s.t.Helper()
	for range times {
		c := s.connection()
		ch, err := c.Channel()
		must(s.t, err)
		q, err := ch.QueueDeclarePassive(queueName, true, false, false, false, nil)
		must(s.t, err)
		must(s.t, ch.Qos(messages, 0, false))
		in, err := ch.Consume(queueName, "", false, false, false, false, nil)
		must(s.t, err)
		for range messages {
			<-in
		}
		must(s.t, c.Close())
		s.ready(q.Messages)
	}
}

// call is a use of the kind on this stage.
func (s *stage) call(inputs map[string]any) action.Call {
	s.t.Helper()
	return action.Call{
		Run: "R-7", Actor: "liis", Reason: "the decision queue stands still", Inputs: inputs, Settings: s.settings(nil),
		Secrets: map[string]secret.Text{"password": secret.New(s.b.Password)},
	}
}

func (s *stage) settings(change map[string]any) json.RawMessage {
	s.t.Helper()
	u, err := url.Parse(s.b.AMQP)
	must(s.t, err)
	all := map[string]any{
		"broker": s.b.Management, "amqp": "amqp://" + u.Host, "user": s.b.User, "password": "env:RABBITMQ_PASSWORD",
		"vhost": s.b.VHost, "queue": queueName,
	}
	for k, v := range change {
		all[k] = v
	}
	b, err := json.Marshal(all)
	must(s.t, err)
	return b
}

// api calls the broker's management API as its administrator.
func (s *stage) api(method, path string, body any) {
	s.t.Helper()
	b, err := json.Marshal(body)
	must(s.t, err)
	req, err := http.NewRequestWithContext(context.WithoutCancel(s.t.Context()), method, s.b.Management+path, bytes.NewReader(b))
	must(s.t, err)
	req.SetBasicAuth(s.b.User, s.b.Password)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	must(s.t, err)
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		s.t.Fatalf("%s %s: %s", method, path, res.Status)
	}
}

func park() *Park { return NewPark(clock.Real{}) }

// worker is Verity's decision worker: it finishes every message but the poisoned one, which it gives back again and again.
type worker struct {
	poisoned string

	mu       sync.Mutex
	finished []string
	failed   int
	failing  chan struct{} // closed at the first failure
}

func newWorker(poisoned int) *worker {
	return &worker{poisoned: decision(poisoned).MessageId, failing: make(chan struct{})}
}

// work consumes until the connection ends.
func (w *worker) work(s *stage, prefetch int, pace time.Duration) *amqp.Connection {
	s.t.Helper()
	c := s.connection()
	ch, err := c.Channel()
	must(s.t, err)
	must(s.t, ch.Qos(prefetch, 0, false))
	in, err := ch.Consume(queueName, "", false, false, false, false, nil)
	must(s.t, err)
	go func() {
		for d := range in {
			w.handle(d, pace)
		}
	}()
	return c
}

func (w *worker) handle(d amqp.Delivery, pace time.Duration) {
	time.Sleep(pace)
	if d.MessageId == w.poisoned {
		w.mu.Lock()
		if w.failed++; w.failed == 1 {
			close(w.failing)
		}
		w.mu.Unlock()
		_ = d.Nack(false, true)
		return
	}
	if d.Ack(false) == nil {
		w.mu.Lock()
		w.finished = append(w.finished, d.MessageId)
		w.mu.Unlock()
	}
}

func (w *worker) done() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.finished)
}

// all waits until the worker has finished n messages.
func (w *worker) all(t testing.TB, n int) []string {
	t.Helper()
	for range 2400 {
		if len(w.done()) >= n {
			break
		}
		time.Sleep(25 * time.Millisecond)
	}
	return w.done()
}

func short(ids []string) string { return strings.Join(ids, " ") }

func secrets(password string) map[string]secret.Text {
	return map[string]secret.Text{"password": secret.New(password)}
}

// lightning is a ledger that lets something happen right after a step is durable.
type lightning struct {
	actiontest.Ledger
	after  string
	strike func()
}

func (l *lightning) Commit(ctx context.Context, step string, payload []byte) error {
	err := l.Ledger.Commit(ctx, step, payload)
	l.maybe(step)
	return err
}

func (l *lightning) Quarantine(ctx context.Context, step string, q action.Quarantined) (string, error) {
	id, err := l.Ledger.Quarantine(ctx, step, q)
	l.maybe(step)
	return id, err
}

func (l *lightning) maybe(step string) {
	if step == l.after {
		l.strike()
	}
}
