package company

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"frontline/demo/program"
)

// Genuine is Prometheus' own Alertmanager, started for the company alone.
type Genuine struct {
	url     string
	process *program.Process
	client  *http.Client
}

var _ Alerts = (*Genuine)(nil)

// StartAlertmanager starts the Alertmanager that is installed on this machine, with a folder of its own, and has it send to webhook. It fails
// where none is installed; NewAlertmanager plays one there.
func StartAlertmanager(ctx context.Context, dir, webhook string, p AlertPace) (*Genuine, error) {
	path, err := program.Find("prometheus-alertmanager", "prometheus-alertmanager", "alertmanager")
	if err != nil {
		return nil, err
	}
	port, err := program.FreePort()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a folder for Alertmanager: %w", err)
	}
	config := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(config, alertmanagerConfig(webhook, p), 0o600); err != nil { // the address holds a token
		return nil, fmt.Errorf("write Alertmanager's configuration: %w", err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	process, err := program.Program{Name: "alertmanager", Path: path, Dir: dir, Args: []string{"--config.file=" + config,
		"--storage.path=" + filepath.Join(dir, "data"), "--web.listen-address=" + address, "--cluster.listen-address=", "--log.level=warn"}}.Start()
	if err != nil {
		return nil, err
	}
	g := &Genuine{url: "http://" + address, process: process, client: &http.Client{Timeout: 10 * time.Second}}
	if err := process.Until(ctx, 30*time.Second, program.Answering(g.url+"/-/ready")); err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

func alertmanagerConfig(webhook string, p AlertPace) []byte {
	return fmt.Appendf(nil, `route:
  receiver: %s
  group_by: [alertname, service]
  group_wait: %s
  group_interval: %s
  repeat_interval: %s
receivers:
  - name: %s
    webhook_configs:
      - url: %s
`, receiver, milliseconds(p.Wait), milliseconds(p.Interval), milliseconds(p.Repeat), receiver, webhook)
}

// milliseconds is a duration as Prometheus' configuration takes it: it knows no fractions.
func milliseconds(d time.Duration) string { return fmt.Sprintf("%dms", d.Milliseconds()) }

// URL is where people see what it holds.
func (g *Genuine) URL() string { return g.url }

// Send implements Alerts.
func (g *Genuine) Send(ctx context.Context, alerts []Alert) error {
	body, err := json.Marshal(alerts)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url+"/api/v2/alerts", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := g.client.Do(req)
	if err != nil {
		return err
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return errors.New("Alertmanager answered " + res.Status)
	}
	return nil
}

// Close ends it in order.
func (g *Genuine) Close() {
	g.client.CloseIdleConnections()
	g.process.Stop(syscall.SIGTERM, 10*time.Second)
}
