package program

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"frontline/secret"
)

// RabbitMQ is a broker of our own, with its management plug-in. Its data lives in one folder.
type RabbitMQ struct {
	AMQPPort, ManagementPort int
	User, Password           string // an administrator

	usr     string // the folder that the broker sees as /usr; empty: this machine's
	mu      sync.Mutex
	program Program
	process *Process
	epmd    *Process
}

// startWithin is how long the broker may take to start: five seconds on a free machine; more than ninety were seen on one with a load of 38.
const startWithin = 4 * time.Minute

// StartRabbitMQ starts an epmd and a broker that uses it, and returns once it takes connections: after about five seconds. The private
// epmd matters: the one that Erlang would start listens on every address, is shared with whatever else runs here, and outlives us.
func StartRabbitMQ(ctx context.Context, dir string) (*RabbitMQ, error) {
	return StartRabbitMQUnder(ctx, "", dir)
}

// StartRabbitMQUnder is StartRabbitMQ for a broker that is not installed: it and all that it needs, down to the C library, are in usr, which
// its processes alone see as /usr.
func StartRabbitMQUnder(ctx context.Context, usr, dir string) (*RabbitMQ, error) {
	r := &RabbitMQ{User: "frontline", Password: secret.Random(20), usr: usr}
	var epmdPort, distPort int
	if err := FreePorts(&r.AMQPPort, &r.ManagementPort, &epmdPort, &distPort); err != nil {
		return nil, err
	}
	server, err := r.find("rabbitmq-server", "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server")
	if err != nil {
		return nil, err
	}
	if r.epmd, err = r.startEpmd(ctx, dir, epmdPort); err != nil {
		return nil, err
	}
	r.program = Program{Name: "rabbitmq", Path: server, Dir: dir, Env: brokerEnvironment(dir, epmdPort, distPort)}
	err = r.writeSettings(dir)
	if err == nil {
		err = r.Start(ctx)
	}
	if err != nil {
		r.epmd.Kill()
		return nil, err
	}
	return r, nil
}

// find finds a program of the broker's as the broker sees it.
func (r *RabbitMQ) find(debian, path string) (string, error) {
	if r.usr == "" {
		return Find(debian, path)
	}
	found, err := Find(debian, r.usr+strings.TrimPrefix(path, "/usr"))
	return "/usr" + strings.TrimPrefix(found, r.usr), err
}

// under is how to start a program of the broker's: it lays r.usr over /usr in a mount namespace of its own and then becomes the program, so
// that signals, ours and the kernel's, still reach it. Who is not root takes a user namespace for that.
func (r *RabbitMQ) under(p Program) Program {
	if r.usr == "" {
		return p
	}
	args := []string{"--mount"}
	if os.Geteuid() != 0 {
		args = append(args, "--map-root-user")
	}
	const lay = `mount --bind "$1" /usr && shift && exec "$@"`
	p.Args = slices.Concat(args, []string{"sh", "-c", lay, "sh", r.usr, p.Path}, p.Args)
	p.Path = "/usr/bin/unshare"
	return p
}

func (r *RabbitMQ) startEpmd(ctx context.Context, dir string, port int) (*Process, error) {
	path, err := r.find("erlang-base", "/usr/bin/epmd")
	if err != nil {
		return nil, err
	}
	p, err := r.under(Program{Name: "epmd", Path: path, Args: []string{"-address", "127.0.0.1", "-port", fmt.Sprint(port)}, Dir: dir}).Start()
	if err != nil {
		return nil, err
	}
	if err := p.Until(ctx, 60*time.Second, Listening(port)); err != nil {
		p.Kill()
		return nil, err
	}
	return p, nil
}

// brokerEnvironment keeps the broker out of /etc and /var. RUNNING_UNDER_SYSTEMD makes the start script become the Erlang
// machine instead of watching over it, so that signals, ours and the kernel's, reach the broker itself.
func brokerEnvironment(dir string, epmdPort, distPort int) []string {
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

func (r *RabbitMQ) writeSettings(dir string) error {
	settings := strings.Join([]string{
		fmt.Sprintf("listeners.tcp.default = 127.0.0.1:%d", r.AMQPPort),
		"management.tcp.ip = 127.0.0.1",
		fmt.Sprintf("management.tcp.port = %d", r.ManagementPort),
		"default_user = " + r.User,
		"default_pass = " + r.Password,
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

// Start starts the broker if it does not run, and waits until it takes connections and answers its management API. A broker that was
// stopped or killed comes back with the same data and the same addresses.
func (r *RabbitMQ) Start(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.process != nil && r.process.Alive() {
		return nil
	}
	p, err := r.under(r.program).Start()
	if err != nil {
		return err
	}
	r.process = p
	if err := p.Until(ctx, startWithin, r.ready); err != nil {
		p.Kill()
		return err
	}
	return nil
}

// WriteDown makes the broker write at once what it has been told exists: virtual hosts, permissions, queues. It keeps that in its memory for some
// seconds, and has told its clients "declared" by then; the messages are another thing, and durable before they are confirmed.
func (r *RabbitMQ) WriteDown() error {
	ctl, err := r.find("rabbitmq-server", "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmqctl")
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.program
	p.Name, p.Path, p.Args = "rabbitmqctl", ctl, []string{"eval", "ok = mnesia:sync_log()."}
	p.Env = append(slices.Clone(p.Env), "RABBITMQ_CTL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}")
	return r.under(p).Run(startWithin)
}

// Stop ends the broker in order, as a maintenance does. Its data stays.
func (r *RabbitMQ) Stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.process.Stop(syscall.SIGTERM, 60*time.Second)
}

// Kill ends the broker at once, as a power cut does. Its data stays.
func (r *RabbitMQ) Kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.process.Kill()
}

// Close ends the broker at once, and its epmd.
func (r *RabbitMQ) Close() {
	r.Kill()
	r.epmd.Kill()
}

func (r *RabbitMQ) ready(ctx context.Context) error {
	if err := Listening(r.ManagementPort)(ctx); err != nil {
		return err
	}
	if err := r.Call(ctx, http.MethodGet, "/api/overview", nil); err != nil {
		return err
	}
	c, err := amqp.Dial(r.URL("%2f"))
	if err != nil {
		return err
	}
	return c.Close()
}

// URL is how to connect to a virtual host, whose name is escaped as in a path.
func (r *RabbitMQ) URL(vhost string) string {
	return fmt.Sprintf("amqp://%s:%s@127.0.0.1:%d/%s", r.User, r.Password, r.AMQPPort, vhost)
}

// Management is the address of the management API, without user and password.
func (r *RabbitMQ) Management() string { return fmt.Sprintf("http://127.0.0.1:%d", r.ManagementPort) }

// Call makes one request to the management API and expects a 2xx.
func (r *RabbitMQ) Call(ctx context.Context, method, path string, body any) error {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	b, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("management API: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, method, r.Management()+path, bytes.NewReader(b))
	if err != nil {
		return fmt.Errorf("management API: %w", err)
	}
	req.SetBasicAuth(r.User, r.Password)
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
