package neighbour

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"frontline/secret"
)

// Broker is a RabbitMQ server with its management plug-in, seen from one test: each test has a virtual host of its own.
type Broker struct {
	AMQP       string // amqp://user:password@host:port/vhost
	Management string // http://host:port, without a path and without user and password
	User       string // an administrator
	Password   string
	VHost      string

	node *node
	t    testing.TB
}

// node is the server process and what it takes to start it again with the same data and ports.
type node struct {
	mu             sync.Mutex
	process        *process
	spec           spec
	amqp, api      int
	user, password string
}

var sharedNode = sync.OnceValues(func() (*node, error) {
	n, stop, err := newNode()
	if err == nil {
		ours.atEnd(stop)
	}
	return n, err
})

// RabbitMQ returns the broker that the tests of this process share. The virtual host is the test's own and is deleted with
// everything in it when the test ends. A test that runs in parallel with others and stops the broker takes
// OwnRabbitMQ instead.
func RabbitMQ(t testing.TB) *Broker {
	t.Helper()
	Need(t)
	n, err := sharedNode()
	if err != nil {
		t.Fatal(err)
	}
	return n.broker(t)
}

// OwnRabbitMQ starts a broker for this test alone. It takes about five seconds.
func OwnRabbitMQ(t testing.TB) *Broker {
	t.Helper()
	Need(t)
	n, stop, err := newNode()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return n.broker(t)
}

// Stop ends the broker in order, as a maintenance does. Its data stays.
func (b *Broker) Stop() {
	b.t.Helper()
	b.node.mu.Lock()
	defer b.node.mu.Unlock()
	b.node.process.signal(syscall.SIGTERM, 60*time.Second)
}

// Kill ends the broker at once, as a power cut does. Its data stays.
func (b *Broker) Kill() {
	b.t.Helper()
	b.node.mu.Lock()
	defer b.node.mu.Unlock()
	b.node.process.kill()
}

// Start brings a stopped or killed broker back, with the same data and the same addresses.
func (b *Broker) Start() {
	b.t.Helper()
	if err := b.node.start(); err != nil {
		b.t.Fatal(err)
	}
}

// newNode starts an epmd and a broker that uses it. The private epmd matters: the one that Erlang would start listens
// on every address, is shared with whatever else runs here, and outlives the tests.
func newNode() (*node, func(), error) {
	dir, err := ours.folder("rabbitmq")
	if err != nil {
		return nil, nil, err
	}
	n := &node{user: "frontline", password: secret.Random(20)}
	var epmdPort, distPort int
	if err := freePorts(&n.amqp, &n.api, &epmdPort, &distPort); err != nil {
		return nil, nil, err
	}
	server, err := program("rabbitmq-server", "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server")
	if err != nil {
		return nil, nil, err
	}
	epmd, err := startEpmd(dir, epmdPort)
	if err != nil {
		return nil, nil, err
	}
	n.spec = spec{name: "rabbitmq", path: server, dir: dir, env: nodeEnvironment(dir, epmdPort, distPort)}
	err = n.writeSettings(dir)
	if err == nil {
		err = n.start()
	}
	if err != nil {
		epmd.kill()
		return nil, nil, err
	}
	return n, func() { n.process.kill(); epmd.kill() }, nil
}

func startEpmd(dir string, port int) (*process, error) {
	path, err := program("erlang-base", "epmd")
	if err != nil {
		return nil, err
	}
	s := spec{name: "epmd", path: path, args: []string{"-address", "127.0.0.1", "-port", fmt.Sprint(port)}, dir: dir}
	p, err := s.start()
	if err != nil {
		return nil, err
	}
	return p, p.until(10*time.Second, listening(port))
}

// nodeEnvironment keeps the broker out of /etc and /var. RUNNING_UNDER_SYSTEMD makes the start script become the Erlang
// machine instead of watching over it, so that signals, ours and the kernel's, reach the broker itself.
func nodeEnvironment(dir string, epmdPort, distPort int) []string {
	in := func(name string) string { return filepath.Join(dir, name) }
	return []string{
		"RUNNING_UNDER_SYSTEMD=true",
		"ERL_EPMD_ADDRESS=127.0.0.1",
		fmt.Sprintf("ERL_EPMD_PORT=%d", epmdPort),
		fmt.Sprintf("RABBITMQ_DIST_PORT=%d", distPort),
		"RABBITMQ_NODENAME=frontline@localhost",
		"RABBITMQ_MNESIA_BASE=" + in("mnesia"),
		"RABBITMQ_LOG_BASE=" + in("log"),
		"RABBITMQ_LOGS=-",
		"RABBITMQ_CONFIG_FILE=" + in("rabbitmq.conf"),
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + in("enabled_plugins"),
		"RABBITMQ_CONF_ENV_FILE=" + in("no-such-file"),
		"RABBITMQ_PID_FILE=" + in("pid"),
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}",
	}
}

func (n *node) writeSettings(dir string) error {
	settings := strings.Join([]string{
		fmt.Sprintf("listeners.tcp.default = 127.0.0.1:%d", n.amqp),
		"management.tcp.ip = 127.0.0.1",
		fmt.Sprintf("management.tcp.port = %d", n.api),
		"default_user = " + n.user,
		"default_pass = " + n.password,
		"collect_statistics_interval = 1000", // ms; the default of 5000 makes queue depths lag
		"log.console.level = warning",
		"log.file = false",
	}, "\n") + "\n"
	for name, text := range map[string]string{
		"rabbitmq.conf":   settings,
		"enabled_plugins": "[rabbitmq_management,rabbitmq_shovel,rabbitmq_shovel_management].\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("write the broker's settings: %w", err)
		}
	}
	return nil
}

// start starts the broker if it does not run, and waits until it takes connections and answers its management API.
func (n *node) start() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.process != nil && n.process.alive() {
		return nil
	}
	p, err := n.spec.start()
	if err != nil {
		return err
	}
	n.process = p
	if err := p.until(90*time.Second, n.ready); err != nil {
		p.kill()
		return err
	}
	return nil
}

func (n *node) ready(ctx context.Context) error {
	if err := listening(n.api)(ctx); err != nil {
		return err
	}
	if err := n.call(ctx, http.MethodGet, "/api/overview", nil); err != nil {
		return err
	}
	c, err := amqp.Dial(n.url("%2f"))
	if err != nil {
		return err
	}
	return c.Close()
}

func (n *node) url(vhost string) string {
	return fmt.Sprintf("amqp://%s:%s@127.0.0.1:%d/%s", n.user, n.password, n.amqp, vhost)
}

func (n *node) base() string { return fmt.Sprintf("http://127.0.0.1:%d", n.api) }

// broker makes a virtual host for the test and takes it away afterwards, bringing the broker back if the test left it down.
func (n *node) broker(t testing.TB) *Broker {
	t.Helper()
	vhost := "test-" + secret.Random(10)
	if err := n.start(); err != nil {
		t.Fatal(err)
	}
	must(t, n.call(t.Context(), http.MethodPut, "/api/vhosts/"+vhost, map[string]string{"description": t.Name()}))
	must(t, n.call(t.Context(), http.MethodPut, "/api/permissions/"+vhost+"/"+n.user,
		map[string]string{"configure": ".*", "write": ".*", "read": ".*"}))
	b := &Broker{AMQP: n.url(vhost), Management: n.base(), User: n.user, Password: n.password, VHost: vhost, node: n, t: t}
	t.Cleanup(func() {
		b.Start()
		if err := n.call(context.WithoutCancel(t.Context()), http.MethodDelete, "/api/vhosts/"+vhost, nil); err != nil {
			t.Error(err)
		}
	})
	return b
}

// call makes one request to the management API and expects a 2xx.
func (n *node) call(ctx context.Context, method, path string, body any) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	b, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("management API: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, method, n.base()+path, bytes.NewReader(b))
	if err != nil {
		return fmt.Errorf("management API: %w", err)
	}
	req.SetBasicAuth(n.user, n.password)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("management API: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode/100 == 2 {
		return nil
	}
	said, _ := io.ReadAll(io.LimitReader(res.Body, 1<<10))
	return fmt.Errorf("management API: %s %s: %s: %s", method, path, res.Status, said)
}
