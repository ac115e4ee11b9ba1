package app

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"frontline/action"
	"frontline/clock"
	"frontline/config"
	"frontline/fault"
	"frontline/integration/exec"
	"frontline/integration/remote"
	"frontline/runner"
	"frontline/secret"
)

// wireRunners makes the desk to which runners in other networks come.
func (a *App) wireRunners(ctx context.Context) error {
	signs, err := a.db.Key(ctx, "runner signing", a.settings.key)
	if err != nil {
		return err
	}
	seals, err := a.db.Key(ctx, "runner orders", a.settings.key)
	if err != nil {
		return err
	}
	a.runners = &runner.Dispatch{Store: a.db, Runs: a.db, Queue: a.db, Uploads: a.db, Clock: a.clock, Log: a.log, Box: box{seals, "runner orders"},
		Key: ed25519.NewKeyFromSeed([]byte(signs.Reveal())), Lease: a.settings.RunnerLease, Since: a.clock.Now(), Announce: a.db.Announce}
	a.actions.Elsewhere = a.runners
	a.loops = append(a.loops, a.runners.Tend, a.runners.Listen)
	return nil
}

// advise says which actions no enrolled runner can carry out. Looking for runners is only worth it when an action asks for one.
func (a *App) advise(ctx context.Context, actions []action.Definition) ([]config.Warning, error) {
	if !slices.ContainsFunc(actions, func(d action.Definition) bool { return len(d.Runner) > 0 }) {
		return nil, nil
	}
	all, err := a.db.Runners(ctx)
	return warnings(all, actions), err
}

func warnings(all []runner.Runner, actions []action.Definition) (out []config.Warning) {
	for _, d := range actions {
		if say := runner.Advice(all, d); say != "" {
			out = append(out, config.Warning{Action: d.ID, Say: say})
		}
	}
	return out
}

// RunnerSettings are what a runner is told at its start, by flag, environment or file.
type RunnerSettings struct {
	Server    string        `help:"Where the Frontline server is." env:"FRONTLINE_SERVER" placeholder:"https://…" required:""`
	Name      string        `help:"What the runner is called, such as berlin-1." env:"FRONTLINE_RUNNER_NAME" placeholder:"NAME" required:""`
	Labels    string        `help:"What it carries, such as network=berlin,broker=yes. Actions name the labels that they need." env:"FRONTLINE_RUNNER_LABELS" placeholder:"A=B,…"`
	Policy    string        `help:"YAML file that says what it runs, and which secrets it gives." env:"FRONTLINE_RUNNER_POLICY" placeholder:"FILE" required:""`
	KeyFile   string        `help:"File with its key, made at the enrolment. Nobody else may read it." env:"FRONTLINE_RUNNER_KEY_FILE" placeholder:"FILE" required:""`
	TokenFile string        `help:"File with the enrolment token, for the first start; $$FRONTLINE_RUNNER_TOKEN gives the token itself." placeholder:"FILE"`
	CAFile    string        `name:"ca-file" help:"File with certificates to trust of the server, besides the system's." env:"FRONTLINE_RUNNER_CA_FILE" placeholder:"FILE"`
	AtOnce    int           `help:"How many orders it carries out at the same time." default:"8" env:"FRONTLINE_RUNNER_AT_ONCE"`
	Poll      time.Duration `help:"How long one request waits for news; the server may answer sooner." default:"20s" env:"FRONTLINE_RUNNER_POLL"`
	Retry     time.Duration `help:"The longest pause before a server that does not answer is asked again." default:"5s" env:"FRONTLINE_RUNNER_RETRY"`
	Grace     time.Duration `help:"How long orders may take to finish at the end." default:"10s" env:"FRONTLINE_GRACE"`
	LogLevel  string        `help:"What is logged: debug, info, warn or error." default:"info" env:"FRONTLINE_LOG_LEVEL" placeholder:"LEVEL"`
	LogFormat string        `help:"How it is logged: text or json." default:"text" env:"FRONTLINE_LOG_FORMAT" placeholder:"FORMAT"`
}

// RunnerOptions are what RunRunner needs besides the settings.
type RunnerOptions struct {
	Clock   clock.Clock
	Log     *slog.Logger
	Getenv  func(string) string
	Version string
}

// RunRunner is `frontline runner`: it enrols when it has no key yet, and works until ctx ends or the server does not want it any more.
func RunRunner(ctx context.Context, s RunnerSettings, o RunnerOptions) error {
	agent, err := newRunner(ctx, s, o)
	if err != nil {
		return err
	}
	return agent.Run(ctx)
}

func newRunner(ctx context.Context, s RunnerSettings, o RunnerOptions) (*runner.Agent, error) {
	server, err := remote.Address(s.Server)
	if err != nil {
		return nil, err
	}
	labels, err := runner.ParseLabels(s.Labels)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(s.Policy)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "The policy %s cannot be read. Write one: docs/runners.md shows how.", s.Policy)
	}
	policy, err := runner.ParsePolicy(s.Policy, text)
	if err != nil {
		return nil, err
	}
	client, err := runnerClient(s.CAFile)
	if err != nil {
		return nil, err
	}
	self, err := identity(ctx, s, o, client, labels)
	if err != nil {
		return nil, err
	}
	if self.Name != s.Name {
		return nil, fault.Wrong("name", "The key in %s is that of the runner %s, not of %s. Start it with --name %s, or enrol another key.", s.KeyFile, self.Name, s.Name, self.Name)
	}
	getenv := policy.Getenv(o.Getenv)
	kinds, err := kindsOf(o.Clock, getenv)
	if err != nil {
		return nil, err
	}
	a := &runner.Agent{Policy: policy, Name: s.Name, AtOnce: max(1, s.AtOnce), Grace: s.Grace, Pause: max(100*time.Millisecond, s.Retry), Clock: o.Clock, Log: o.Log,
		Bench: action.Bench{Kinds: kinds, Clock: o.Clock, Log: o.Log, Getenv: getenv},
		Hello: runner.Hello{Version: o.Version, Sandbox: sandboxOf(kinds), Policy: policy.Say(), Labels: labels, Wait: s.Poll}}
	line, err := remote.NewLine(server, self, client, o.Clock, func() string { return a.Hello.Boot })
	if err != nil {
		return nil, err
	}
	a.Server = line
	o.Log.Info("runner is ready", "name", s.Name, "labels", runner.LabelText(labels), "server", server.String(), "key", runner.Fingerprint(self.Key().Public().(ed25519.PublicKey)),
		"trusts", runner.Fingerprint(self.Trusts), "policy", policy.Say(), "sandbox", a.Hello.Sandbox)
	return a, nil
}

// sandboxOf is the level that this host gives to commands.
func sandboxOf(kinds action.Kinds) string {
	k, ok := kinds["exec"].(*exec.Kind)
	if !ok {
		return ""
	}
	return string(k.Sandbox().Level)
}

// identity reads the key file, or enrols and makes it.
func identity(ctx context.Context, s RunnerSettings, o RunnerOptions, client *http.Client, labels map[string]string) (self remote.Identity, err error) {
	raw, err := os.ReadFile(s.KeyFile)
	switch {
	case err == nil:
		if info, err := os.Stat(s.KeyFile); err == nil && info.Mode().Perm()&0o077 != 0 {
			return self, fault.Wrong("key-file", "The key file %s is readable for others. Run: chmod 600 %s", s.KeyFile, s.KeyFile)
		}
		if err := json.Unmarshal(raw, &self); err != nil {
			return self, fault.Wrong("key-file", "The key file %s cannot be understood. Restore it, or remove it and enrol anew.", s.KeyFile)
		}
		return self, self.Check()
	case !errors.Is(err, fs.ErrNotExist):
		return self, fault.Wrap(err, fault.Invalid, "The key file %s cannot be read. Make it readable for the runner.", s.KeyFile)
	}
	token, err := enrolmentToken(s, o.Getenv)
	if err != nil {
		return self, err
	}
	server, err := remote.Address(s.Server)
	if err != nil {
		return self, err
	}
	if err := writable(s.KeyFile); err != nil { // a token serves once: it is not wasted on a key that cannot be kept
		return self, err
	}
	if self, err = remote.Enrol(ctx, server, token, s.Name, labels, client, o.Clock); err != nil {
		return self, err
	}
	return self, keepIdentity(s.KeyFile, self)
}

func enrolmentToken(s RunnerSettings, getenv func(string) string) (secret.Text, error) {
	if s.TokenFile != "" {
		return secret.Ref("file:" + s.TokenFile).Resolve(getenv)
	}
	if t := getenv("FRONTLINE_RUNNER_TOKEN"); t != "" {
		return secret.New(t), nil
	}
	return secret.Text{}, fault.New(fault.Invalid, "The runner has no key in %s yet. Have an administrator run `frontline runner add %s`, and start it once with the token in FRONTLINE_RUNNER_TOKEN.", s.KeyFile, s.Name)
}

func writable(path string) error {
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	var f *os.File
	if err == nil {
		f, err = os.OpenFile(path+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "The key file %s cannot be made. Choose a place with --key-file that the runner may write to.", path)
	}
	return nil
}

func keepIdentity(path string, self remote.Identity) error {
	raw, err := json.Marshal(self)
	if err == nil {
		err = os.WriteFile(path+".new", append(raw, '\n'), 0o600)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "The key file %s cannot be written. Mend that, revoke the runner, and enrol it anew.", path)
	}
	return nil
}

// runnerClient is how a runner reaches its server: the system's proxy settings and certificates, and those of the file.
func runnerClient(caFile string) (*http.Client, error) {
	roots, err := certificates(caFile)
	if err != nil {
		return nil, fault.Wrong("ca-file", "--ca-file is %q; expected is a readable file with certificates in PEM.", caFile)
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	t.MaxIdleConnsPerHost = 16
	return &http.Client{Transport: t}, nil
}
