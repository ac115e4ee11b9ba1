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

var sharedNode = sync.OnceValues(func() (*program.RabbitMQ, error) {
	n, err := newNode()
	if err == nil {
		ours.atEnd(n.Close)
	}
	return n, err
})

func newNode() (*program.RabbitMQ, error) {
	dir, err := ours.folder("rabbitmq")
	if err != nil {
		return nil, err
	}
	return program.StartRabbitMQ(context.Background(), dir)
}

// RabbitMQ returns the broker that the tests of this process share. The virtual host is the test's own and is deleted with
// everything in it when the test ends. A test that runs in parallel with others and stops the broker takes
// OwnRabbitMQ instead.
func RabbitMQ(t testing.TB) *Broker {
	t.Helper()
	Need(t)
	n, err := sharedNode()
	must(t, err)
	return broker(t, n)
}

// OwnRabbitMQ starts a broker for this test alone. It takes about five seconds.
func OwnRabbitMQ(t testing.TB) *Broker {
	t.Helper()
	Need(t)
	n, err := newNode()
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
