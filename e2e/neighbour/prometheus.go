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
	"sync"
	"syscall"
	"testing"
	"time"

	"frontline/demo/program"
)

// Monitor is a running Prometheus or Alertmanager. It belongs to one test.
type Monitor struct {
	URL string // http://127.0.0.1:port

	mu      sync.Mutex
	process *program.Process
	program program.Program
	config  string // path
	t       testing.TB
}

// Alerts is a running Alertmanager.
type Alerts struct{ *Monitor }

// Alert is what Prometheus tells Alertmanager: POST /api/v2/alerts. An alert whose EndsAt has passed is resolved.
type Alert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	StartsAt     time.Time         `json:"startsAt,omitzero"`
	EndsAt       time.Time         `json:"endsAt,omitzero"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// Alertmanager starts an Alertmanager without a cluster, with the configuration as YAML. It listens on a free port.
func Alertmanager(t testing.TB, config string) *Alerts {
	t.Helper()
	Need(t)
	path, err := program.Find("prometheus-alertmanager", "prometheus-alertmanager", "alertmanager")
	must(t, err)
	return &Alerts{monitor(t, "alertmanager", path, config, nil, func(dir, address string) []string {
		return []string{"--storage.path=" + filepath.Join(dir, "data"), "--web.listen-address=" + address,
			"--cluster.listen-address=", "--log.level=warn"}
	})}
}

// Prometheus starts a Prometheus that also takes remote writes, with the configuration and rule files as YAML. The
// configuration names the rule files as "rules-*.yml".
func Prometheus(t testing.TB, config string, rules ...string) *Monitor {
	t.Helper()
	Need(t)
	path, err := program.Find("prometheus", "prometheus")
	must(t, err)
	return monitor(t, "prometheus", path, config, rules, func(dir, address string) []string {
		// Prometheus finds its Alertmanager five seconds after its start. What fired before then is sent again after
		// this delay, which is a minute unless set.
		return []string{"--rules.alert.resend-delay=1s", "--storage.tsdb.path=" + filepath.Join(dir, "data"),
			"--web.listen-address=" + address, "--web.enable-lifecycle", "--web.enable-remote-write-receiver",
			"--log.level=warn"}
	})
}

// monitor writes the files, starts the program and waits until it says that it is ready.
func monitor(t testing.TB, name, path, config string, rules []string, flags func(dir, address string) []string) *Monitor {
	t.Helper()
	dir, err := ours.folder(name)
	must(t, err)
	port, err := program.FreePort()
	must(t, err)
	m := &Monitor{URL: fmt.Sprintf("http://127.0.0.1:%d", port), config: filepath.Join(dir, name+".yml"), t: t}
	for i, text := range rules {
		must(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("rules-%d.yml", i+1)), []byte(text), 0o644))
	}
	must(t, os.WriteFile(m.config, []byte(config), 0o644))
	args := append([]string{"--config.file=" + m.config}, flags(dir, fmt.Sprintf("127.0.0.1:%d", port))...)
	m.program = program.Program{Name: name, Path: path, Args: args, Dir: dir}
	m.Start()
	t.Cleanup(func() {
		m.Kill()
		_ = os.RemoveAll(dir)
	})
	return m
}

// Start brings a stopped or killed monitor back with the same data and address.
func (m *Monitor) Start() {
	m.t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.process != nil && m.process.Alive() {
		return
	}
	p, err := m.program.Start()
	must(m.t, err)
	m.process = p
	if err := p.Until(context.Background(), 60*time.Second, program.Answering(m.URL+"/-/ready")); err != nil {
		p.Kill()
		m.t.Fatal(err)
	}
}

// Stop ends the monitor in order.
func (m *Monitor) Stop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.process.Stop(syscall.SIGTERM, 60*time.Second)
}

// Kill ends the monitor at once.
func (m *Monitor) Kill() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.process.Kill()
}

// Reload gives the running monitor another configuration. A configuration that it refuses fails the test.
func (m *Monitor) Reload(config string) {
	m.t.Helper()
	must(m.t, os.WriteFile(m.config, []byte(config), 0o644))
	must(m.t, post(m.t.Context(), m.URL+"/-/reload", nil))
}

// Send tells Alertmanager about alerts, as Prometheus does.
func (a *Alerts) Send(alerts ...Alert) {
	a.t.Helper()
	must(a.t, post(a.t.Context(), a.URL+"/api/v2/alerts", alerts))
}

// post sends the body as JSON and expects a 200.
func post(ctx context.Context, url string, body any) error {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	b, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("POST %s: %w", url, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(b))
	if err != nil {
		return fmt.Errorf("POST %s: %w", url, err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("POST %s: %w", url, err)
	}
	defer res.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(res.Body, 1<<10))
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("POST %s: %s: %s", url, res.Status, said)
	}
	return nil
}
