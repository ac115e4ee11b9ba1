package rabbitmq

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
	amqp "github.com/rabbitmq/amqp091-go"

	"frontline/fault"
)

// Bounds of a condition: it is evaluated for every message that is held, while their consumers wait.
const (
	longestCondition = 2000
	nodesAtMost      = 200
	bodyAtMost       = 1 << 20 // of a body that is read as JSON
)

// subject is a message as a condition sees it.
type subject struct {
	Queue       string         `expr:"queue"`
	Exchange    string         `expr:"exchange"`
	Key         string         `expr:"key"` // the routing key
	ID          string         `expr:"id"`
	Type        string         `expr:"type"`
	App         string         `expr:"app"`
	Correlation string         `expr:"correlation"`
	ContentType string         `expr:"content_type"`
	Priority    int            `expr:"priority"`
	Size        int            `expr:"size"` // of the body, in bytes
	At          time.Time      `expr:"at"`   // when it was published, as its publisher says; zero when he does not
	Redelivered bool           `expr:"redelivered"`
	GivenBack   int            `expr:"given_back"` // how often, as a quorum queue counts
	Place       int            `expr:"place"`      // 1 is the head of the queue
	Headers     map[string]any `expr:"headers"`
	Body        any            `expr:"body"` // what JSON says; nil when the body is none
	Text        string         `expr:"text"` // the body as text; empty when it is none
	Inputs      map[string]any `expr:"inputs"`
}

// matcher holds messages against a condition. One that cannot be evaluated does not match, and is counted.
type matcher struct {
	program *vm.Program
	queue   string
	inputs  map[string]any

	failed int
	first  string // why the first one failed
}

// newMatcher compiles a condition. Faults name it.
func newMatcher(name, condition string, inputs map[string]any) (*matcher, error) {
	if len(condition) > longestCondition {
		return nil, fault.Wrong(name, "The condition has %d bytes; at most %d are read.", len(condition), longestCondition)
	}
	if strings.TrimSpace(condition) == "" {
		return nil, fault.Wrong(name, "Say which messages: a condition such as headers.customer == \"nordpank\".")
	}
	once := &nesting{}
	program, err := expr.Compile(condition, expr.Env(subject{}), expr.AsBool(), expr.MaxNodes(nodesAtMost), expr.Patch(once))
	if err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return nil, fault.Wrong(name, "The condition is not understood: %.200s.", clip(first, 200))
	}
	if once.found {
		return nil, fault.Wrong(name, "The condition has a loop in a loop, which could take longer than a queue may be held. Write it without.")
	}
	return &matcher{program: program, inputs: inputs}, nil
}

// nesting finds loops in loops, such as any(body.items, any(.tags, …)).
type nesting struct{ found bool }

// Visit implements ast.Visitor.
func (n *nesting) Visit(node *ast.Node) {
	outer, loop := (*node).(*ast.PredicateNode)
	if !loop {
		return
	}
	inside := &loops{}
	ast.Walk(&outer.Node, inside)
	n.found = n.found || inside.n > 0
}

type loops struct{ n int }

// Visit implements ast.Visitor.
func (l *loops) Visit(node *ast.Node) {
	if _, loop := (*node).(*ast.PredicateNode); loop {
		l.n++
	}
}

// holds says whether the condition holds for the message.
func (m *matcher) holds(d *amqp.Delivery, seen message) bool {
	out, err := expr.Run(m.program, m.subject(d, seen))
	if err != nil {
		if m.failed++; m.failed == 1 {
			first, _, _ := strings.Cut(err.Error(), "\n")
			m.first = clip(first, 160)
		}
		return false
	}
	yes, _ := out.(bool)
	return yes
}

func (m *matcher) subject(d *amqp.Delivery, seen message) subject {
	s := subject{
		Queue: m.queue, Exchange: d.Exchange, Key: d.RoutingKey, ID: d.MessageId, Type: d.Type, App: d.AppId, Correlation: d.CorrelationId,
		ContentType: d.ContentType, Priority: int(d.Priority), Size: len(d.Body), At: d.Timestamp, Redelivered: d.Redelivered,
		GivenBack: int(seen.deliveries), Place: seen.place, Headers: map[string]any{}, Inputs: m.inputs,
	}
	for name, v := range d.Headers {
		s.Headers[name] = plainValue(v)
	}
	if len(d.Body) <= bodyAtMost {
		if utf8.Valid(d.Body) {
			s.Text = string(d.Body)
		}
		_ = json.Unmarshal(d.Body, &s.Body) // what is not JSON stays nil
	}
	return s
}

// plainValue is a header's value as a condition compares it: numbers, texts, lists and tables.
func plainValue(v any) any {
	switch v := v.(type) {
	case amqp.Table:
		t := make(map[string]any, len(v))
		for name, inner := range v {
			t[name] = plainValue(inner)
		}
		return t
	case []any:
		all := make([]any, len(v))
		for i, inner := range v {
			all[i] = plainValue(inner)
		}
		return all
	case []byte:
		return string(v)
	case amqp.Decimal:
		n := float64(v.Value)
		for range v.Scale {
			n /= 10
		}
		return n
	}
	return v
}

// unread says how many messages could not be held against the condition; empty when there was none.
func (m *matcher) unread() string {
	if m.failed == 0 {
		return ""
	}
	return fmt.Sprintf("The condition could not be evaluated for %s, which stay: %s", counted(m.failed, "message", "messages"), m.first)
}
