package rabbitmq

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
	"frontline/secret"
)

// Overview is the kind "rabbitmq.overview": it lists the queues of a virtual host and says what is wrong with them now, and what will be
// wrong on the night when a message is poisoned. It reads the management API only, and holds no message.
type Overview struct {
	clock clock.Clock
	http  *http.Client
}

var _ action.Kind = (*Overview)(nil)

// NewOverview returns the kind.
func NewOverview(c clock.Clock) *Overview {
	return &Overview{clock: c, http: &http.Client{Timeout: dialWithin}}
}

// Name implements action.Kind.
func (*Overview) Name() string { return "rabbitmq.overview" }

// overviewSettings are what a definition says about its broker.
type overviewSettings struct {
	Broker   string     `json:"broker"`
	User     string     `json:"user"` // needs the monitoring or management tag
	Password secret.Ref `json:"password"`
	VHost    string     `json:"vhost"`
	Queues   []string   `json:"queues"` // only these; all when empty
}

func parseOverview(raw json.RawMessage) (overviewSettings, error) {
	var o overviewSettings
	if err := action.ReadSettings((*Overview)(nil).Name(), raw, &o); err != nil {
		return o, err
	}
	s := settings{Broker: o.Broker, User: o.User, Password: o.Password, VHost: o.VHost}
	for _, check := range []func(*settings) error{checkBroker, checkUser} {
		if err := check(&s); err != nil {
			return o, err
		}
	}
	o.Broker, o.VHost = s.Broker, s.VHost
	if slices.Contains(o.Queues, "") {
		return o, fault.Wrong("queues", "One of the queues has no name.")
	}
	return o, nil
}

// Check implements action.Kind.
func (*Overview) Check(raw json.RawMessage) error {
	_, err := parseOverview(raw)
	return err
}

// Plan implements action.Kind.
func (k *Overview) Plan(ctx context.Context, call action.Call) (action.Plan, error) {
	o, m, err := k.site(call)
	if err != nil {
		return action.Plan{}, err
	}
	if _, err := m.version(ctx); err != nil {
		return action.Plan{}, err
	}
	what := "all queues of " + o.VHost
	if len(o.Queues) > 0 {
		what = strings.Join(o.Queues, ", ")
	}
	return action.Plan{Summary: "Look at " + what + ". No message is held or changed.", At: k.clock.Now(), Private: json.RawMessage(`{}`),
		Changes: []action.Change{{What: what, Now: "as it is", After: "looked at", Count: 1}}}, nil
}

func (k *Overview) site(call action.Call) (overviewSettings, management, error) {
	o, err := parseOverview(call.Settings)
	if err != nil {
		return o, management{}, err
	}
	return o, management{base: o.Broker, user: o.User, password: call.Secrets["password"], http: k.http, clock: k.clock}, nil
}

// listed is a queue in the broker's list, which has the number of consumers instead of their details.
type listed struct {
	queue
	Count int `json:"consumers"`
}

// Do implements action.Kind.
func (k *Overview) Do(ctx context.Context, call action.Call, _ action.Plan, led action.Ledger) (action.Result, error) {
	o, m, err := k.site(call)
	if err != nil {
		return action.Result{}, err
	}
	v, err := m.version(ctx)
	if err != nil {
		return action.Result{}, err
	}
	var all []listed
	if err := m.read(ctx, "/api/queues/"+url.PathEscape(o.VHost), &all); err != nil {
		return action.Result{}, err
	}
	if len(o.Queues) > 0 {
		all = slices.DeleteFunc(all, func(q listed) bool { return !slices.Contains(o.Queues, q.Name) })
	}
	led.Printf("RabbitMQ %d.%d, %s.", v.major, v.minor, counted(len(all), "queue", "queues"))
	return overviewOf(v, all), nil
}

// overviewOf lists the queues and what is wrong with them, the worst first.
func overviewOf(v version, all []listed) action.Result {
	slices.SortFunc(all, func(a, b listed) int { return strings.Compare(a.Name, b.Name) })
	queues := action.Table{Title: "Queues", Columns: []string{"Queue", "Type", "Ready", "In hand", "Consumers", "In/s", "Done/s", "Dies after", "Dead letters"}}
	wrong := action.Table{Title: "What to see to", Columns: []string{"Queue", "What", "Next step"}}
	now, tonight := 0, 0
	for _, q := range all {
		queues.Rows = append(queues.Rows, rowOf(v, q))
		for _, f := range findings(v, q) {
			wrong.Rows = append(wrong.Rows, []string{q.Name, f.what, f.next})
			if f.now {
				now++
			} else {
				tonight++
			}
		}
	}
	r := action.Result{Done: true, Facts: map[string]any{"queues": len(all), "wrong_now": now, "will_hurt": tonight}}
	switch {
	case now+tonight == 0:
		r.Summary, r.Tables = fmt.Sprintf("Nothing is wrong with %s.", counted(len(all), "queue", "queues")), []action.Table{queues}
		return r
	case now == 0:
		r.Summary = fmt.Sprintf("Nothing is wrong now; %s will hurt on a bad night.", counted(tonight, "thing", "things"))
	default:
		r.Summary = fmt.Sprintf("%s wrong now, and %d will hurt on a bad night.", isAre(now), tonight)
	}
	r.Tables = []action.Table{wrong, queues}
	return r
}

func isAre(n int) string {
	if n == 1 {
		return "1 thing is"
	}
	return strconv.Itoa(n) + " things are"
}

func rowOf(v version, q listed) []string {
	p := preflight{version: v, queue: q.queue}
	dies := "never"
	if n, ok := p.limit(); ok {
		dies = strconv.Itoa(n) + " failures"
	}
	letters := p.text("dead-letter-exchange")
	switch {
	case letters != "":
	case p.hasDeadLetters():
		letters = "the default exchange"
	default:
		letters = "nowhere"
	}
	if q.Type == "stream" {
		dies, letters = "", ""
	}
	perSecond := func(r rate) string { return strconv.FormatFloat(r.PerSecond, 'f', 1, 64) }
	return []string{q.Name, q.Type, strconv.Itoa(q.Ready), strconv.Itoa(q.Unacked), strconv.Itoa(q.Count), perSecond(q.Rates.Publish), perSecond(q.Rates.Ack), dies, letters}
}

// hasDeadLetters says whether a dead-letter exchange is set at all; the default exchange has an empty name.
func (p preflight) hasDeadLetters() bool {
	_, argument := p.queue.Arguments["x-dead-letter-exchange"]
	_, policy := p.queue.Policy["dead-letter-exchange"]
	return argument || policy
}

// finding is one thing about a queue.
type finding struct {
	what, next string
	now        bool // it hurts now, and not only on a bad night
}

// much is how many waiting messages are worth a word.
const much = 100

// findings says what is wrong with a queue. Rates are averages over some seconds.
func findings(v version, q listed) (out []finding) {
	p := preflight{version: v, queue: q.queue}
	if q.Type == "stream" {
		return nil
	}
	waits := counted(q.Ready, "message waits", "messages wait")
	switch {
	case q.Count == 0 && q.Ready > 0:
		out = append(out, finding{now: true, what: "No consumer, and " + waits + ".", next: "See whether the service runs, and start it."})
	case q.Rates.Redeliver.PerSecond > 1 && q.Rates.Redeliver.PerSecond > q.Rates.Ack.PerSecond:
		out = append(out, finding{now: true, what: fmt.Sprintf("The same messages are given back again and again, %.0f times a second.", q.Rates.Redeliver.PerSecond), next: "Look for a poisoned message, and take it out with rabbitmq.park."})
	case q.Count > 0 && q.Unacked > 0 && q.Ready > 0 && q.Rates.Ack.PerSecond == 0 && q.Rates.Redeliver.PerSecond == 0:
		out = append(out, finding{now: true, what: fmt.Sprintf("Consumers hold %s and finish none, while %s.", counted(q.Unacked, "message", "messages"), waits),
			next: "A consumer may hang. See what it does; rabbitmq.disconnect gives its messages back to the others."})
	case q.Ready > much && q.Rates.Publish.PerSecond > 1.1*q.Rates.Ack.PerSecond+.1:
		out = append(out, finding{now: true, what: fmt.Sprintf("It grows: %.1f come in a second and %.1f are done; %s.", q.Rates.Publish.PerSecond, q.Rates.Ack.PerSecond, waits), next: "Add consumers, or find what makes them slow."})
	}
	limit, dies := p.limit()
	if dies && !p.hasDeadLetters() {
		out = append(out, finding{what: fmt.Sprintf("A message that fails %d times is deleted: there is no dead-letter exchange.", limit), next: "Set a dead-letter exchange by a policy, so that nothing is lost."})
	}
	if !q.Durable {
		out = append(out, finding{what: "It is gone when the broker restarts.", next: "Declare it durable."})
	}
	return out
}

// Reconcile implements action.Kind. Looking can be done again.
func (*Overview) Reconcile(context.Context, action.Call, action.Plan, []action.Step, action.Ledger) (action.Result, error) {
	return action.Result{Summary: "The look was broken off. Look again: nothing was changed."}, nil
}
