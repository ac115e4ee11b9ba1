package neighbour

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"frontline/demo/program"
	"frontline/secret"
)

// Broker is a RabbitMQ server with its management plug-in, seen from one test: each test has a virtual host of its own.
type Broker struct {
	AMQP       string // amqp://user:password@host:port/vhost
	Management string // http://host:port, without a path and without user and password
	User       string // an administrator
	Password   string
	VHost      string

	node *program.RabbitMQ
	t    testing.TB
}

// Release is a release series of RabbitMQ. What a message costs and what becomes of it differs between them.
type Release string

// The brokers that there are: Debian 12's, which scripts/prepare installs, and Debian 13's, which it keeps beside.
const (
	RabbitMQ3 Release = "3.10"
	RabbitMQ4 Release = "4.0"
)

var (
	sharedNode3 = sync.OnceValues(func() (*program.RabbitMQ, error) { return sharedNode(RabbitMQ3) })
	sharedNode4 = sync.OnceValues(func() (*program.RabbitMQ, error) { return sharedNode(RabbitMQ4) })
)

func sharedNode(r Release) (*program.RabbitMQ, error) {
	n, err := newNode(r)
	if err == nil {
		ours.atEnd(n.Close)
	}
	return n, err
}

func newNode(r Release) (*program.RabbitMQ, error) {
	usr := ""
	if r == RabbitMQ4 {
		var err error
		if usr, err = prepared("rabbitmq"); err != nil {
			return nil, err
		}
	}
	dir, err := ours.folder("rabbitmq-" + string(r))
	if err != nil {
		return nil, err
	}
	return program.StartRabbitMQUnder(context.Background(), usr, dir)
}

// RabbitMQ returns the broker that the tests of this process share. The virtual host is the test's own and is deleted with
// everything in it when the test ends. A test that runs in parallel with others and stops the broker takes
// OwnRabbitMQ instead.
func RabbitMQ(t testing.TB) *Broker {
	t.Helper()
	return RabbitMQOf(t, RabbitMQ3)
}

// RabbitMQOf is RabbitMQ for a release. The tests share one broker of each.
func RabbitMQOf(t testing.TB, r Release) *Broker {
	t.Helper()
	Need(t)
	shared := sharedNode3
	if r == RabbitMQ4 {
		shared = sharedNode4
	}
	n, err := shared()
	must(t, err)
	return broker(t, n)
}

// OwnRabbitMQ starts a broker for this test alone. It takes about five seconds.
func OwnRabbitMQ(t testing.TB, r Release) *Broker {
	t.Helper()
	Need(t)
	n, err := newNode(r)
	must(t, err)
	t.Cleanup(n.Close)
	return broker(t, n)
}

// Stop ends the broker in order, as a maintenance does. Its data stays.
func (b *Broker) Stop() { b.node.Stop() }

// Kill ends the broker at once, as a power cut does. Its data stays, also the queues that were declared only just now: a broker that is killed in its
// first seconds with a queue forgets the queue, and that is not what our tests are about.
func (b *Broker) Kill() {
	b.t.Helper()
	must(b.t, b.node.WriteDown())
	b.node.Kill()
}

// Start brings a stopped or killed broker back, with the same data and the same addresses.
func (b *Broker) Start() {
	b.t.Helper()
	must(b.t, b.node.Start(context.Background()))
}

// broker makes a virtual host for the test and takes it away afterwards, bringing the broker back if the test left it down.
func broker(t testing.TB, n *program.RabbitMQ) *Broker {
	t.Helper()
	vhost := "test-" + secret.Random(10)
	must(t, n.Start(t.Context()))
	must(t, n.Call(t.Context(), http.MethodPut, "/api/vhosts/"+vhost, map[string]string{"description": t.Name()}))
	must(t, n.Call(t.Context(), http.MethodPut, "/api/permissions/"+vhost+"/"+n.User,
		map[string]string{"configure": ".*", "write": ".*", "read": ".*"}))
	b := &Broker{AMQP: n.URL(vhost), Management: n.Management(), User: n.User, Password: n.Password, VHost: vhost, node: n, t: t}
	t.Cleanup(func() {
		b.Start()
		if err := n.Call(context.WithoutCancel(t.Context()), http.MethodDelete, "/api/vhosts/"+vhost, nil); err != nil {
			t.Error(err)
		}
	})
	return b
}
