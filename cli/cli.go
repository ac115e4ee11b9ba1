// Package cli is the commands that talk to a server that runs: what a person in a terminal sees, and what a script reads. It knows the
// server by package client alone.
package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"frontline/client"
	"frontline/clock"
	"frontline/fault"
	"frontline/secret"
	"frontline/wire"
)

// Env is what a command has around it.
type Env struct {
	Getenv  func(string) string
	In      io.Reader
	Out     io.Writer
	Err     io.Writer
	HTTP    *http.Client // nil: the usual one
	Clock   clock.Clock
	Zone    *time.Location // of the times that are shown and read
	Version string         // of this program
	// Workshop checks and tests actions without a server.
	Workshop Workshop
}

// Commands is the command line, for kong. Every command has Run(ctx, env).
type Commands struct {
	Alert      alertCommands      `cmd:"" help:"See and answer alerts."`
	Incident   incidentCommands   `cmd:"" help:"Coordinate on incidents, and say what is so."`
	Request    requestCommands    `cmd:"" help:"Ask technical support, and answer whoever asked."`
	Watch      watchCommands      `cmd:"" help:"See watches, and send them counts."`
	Finding    findingCommands    `cmd:"" help:"See what watches found, and say what it was."`
	Thanks     thanksCommands     `cmd:"" help:"Say thanks, and read what others are thankful for."`
	Escalation escalationCommands `cmd:"" help:"Ask developers, and tell who asked what became of it."`
	Answer     answerCommands     `cmd:"" help:"Read, write and judge what the desk knows."`
	Demand     demandCommands     `cmd:"" help:"Keep the register of what is asked for again and again."`
	Insight    askInsight         `cmd:"" help:"Answer a question about the desk's work, in figures with their certainty."`
	Action     actionCommands     `cmd:"" help:"Plan and run actions."`
	Run        runCommands        `cmd:"" help:"Look at runs of actions."`
	Quarantine quarantineCommands `cmd:"" help:"See what actions took out, and let go of it."`
	Handover   handoverCommands   `cmd:"" help:"Read what teams are told in the morning about their nights."`
	Cluster    clusterCommands    `cmd:"" help:"See what clusters allow the actions that reach them."`
	Rule       ruleCommands       `cmd:"" help:"Look at what happens by itself, and try it out."`
	Search     searchAll          `cmd:"" help:"Look for something in requests, incidents and all else."`
	Whoison    whoIsOn            `cmd:"" help:"Say who is on call."`
	Apply      apply              `cmd:"" help:"Apply a folder of configuration."`
	Export     export             `cmd:"" help:"Write back what is configured."`
	Privacy    privacyCommands    `cmd:"" help:"Say what is held about somebody, fetch it, erase it."`
	Secret     secretCommands     `cmd:"" help:"Keep secrets for actions: stored encrypted, never shown again."`
	Token      tokenCommands      `cmd:"" help:"Keep the API token of this machine."`
}

// remote is how every command finds its server.
type remote struct {
	Server    string `help:"Where Frontline runs ($$FRONTLINE_SERVER)." placeholder:"URL"`
	TokenFile string `help:"File with your API token; $$FRONTLINE_TOKEN gives the token itself. The usual file is ~/.config/frontline/token." placeholder:"FILE"`
	Output    string `help:"What is printed: ${enum}." short:"o" enum:"text,json" default:"text"`
}

const usualServer = "http://127.0.0.1:8080"

// open returns a client of the server.
func (r remote) open(env Env) (*client.Client, error) {
	token, err := r.token(env)
	if err != nil {
		return nil, err
	}
	return r.as(env, token)
}

func (r remote) as(env Env, token secret.Text) (*client.Client, error) {
	agent := wire.CLI
	if v := strings.Fields(env.Version); len(v) > 0 {
		agent += "/" + v[len(v)-1]
	}
	return client.New(cmp.Or(r.Server, env.Getenv("FRONTLINE_SERVER"), usualServer), client.Options{Token: token, Agent: agent, HTTP: env.HTTP, Clock: env.Clock})
}

// token finds the API token: in the file of the flag, in the environment, or in the usual file. It is never a flag itself, because flags show
// in the list of processes.
func (r remote) token(env Env) (secret.Text, error) {
	if r.TokenFile == "" {
		if t := env.Getenv("FRONTLINE_TOKEN"); t != "" {
			return secret.New(t), nil
		}
	}
	path, err := r.tokenPath(env)
	if err != nil {
		return secret.Text{}, err
	}
	raw, err := os.ReadFile(path)
	switch {
	case os.IsNotExist(err) && r.TokenFile == "":
		return secret.Text{}, nil // the client says where to make one
	case err != nil:
		return secret.Text{}, fault.Wrap(err, fault.Invalid, "The token file %s cannot be read. Check its path, and that it is readable for you.", path)
	case r.TokenFile == "" && open(path):
		return secret.Text{}, fault.New(fault.Invalid, "The token file %s is readable for others. Run: chmod 600 %s", path, path)
	}
	return secret.New(strings.TrimSpace(string(raw))), nil
}

// open says whether others than its owner can read the file.
func open(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().Perm()&0o077 != 0
}

func (r remote) tokenPath(env Env) (string, error) {
	if r.TokenFile != "" {
		return r.TokenFile, nil
	}
	if dir := env.Getenv("XDG_CONFIG_HOME"); dir != "" {
		return filepath.Join(dir, "frontline", "token"), nil
	}
	home := env.Getenv("HOME")
	if home == "" {
		return "", fault.New(fault.Unauthenticated, "There is no API token. Set FRONTLINE_TOKEN, or give --token-file.")
	}
	return filepath.Join(home, ".config", "frontline", "token"), nil
}

// show prints the answer: as JSON when that is wanted, and otherwise as text says it.
func (r remote) show(env Env, answer any, text func(*paper)) error {
	if r.Output == "json" {
		e := json.NewEncoder(env.Out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(answer)
	}
	p := &paper{env: env}
	text(p)
	return p.flush(env.Out)
}

// some reads at most limit items of a list.
func some[T any](ctx context.Context, limit int, list func(context.Context, client.Page) (wire.List[T], error)) ([]T, error) {
	out := []T{}
	for x, err := range client.All(ctx, func(ctx context.Context, p client.Page) (wire.List[T], error) {
		p.Limit = min(limit, p.Limit)
		return list(ctx, p)
	}) {
		if err != nil {
			return nil, err
		}
		if out = append(out, x); len(out) == limit {
			break
		}
	}
	return out, nil
}

// words returns what the person wrote: the arguments, or what comes in when there are none or a dash.
func words(env Env, args []string) (string, error) {
	if len(args) > 0 && !(len(args) == 1 && args[0] == "-") {
		return strings.Join(args, " "), nil
	}
	if f, ok := env.In.(*os.File); ok && terminal(f) {
		_, _ = fmt.Fprintln(env.Err, "Write it here; Ctrl-D on a line of its own ends it.")
	}
	raw, err := io.ReadAll(io.LimitReader(env.In, 1<<20))
	if err != nil {
		return "", fault.Wrap(err, fault.Invalid, "What came in cannot be read. Write the text as an argument.")
	}
	return strings.TrimSpace(string(raw)), nil
}

func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Ended is how a command ends that did what it should, and whose exit code says what came of it.
type Ended struct {
	Code int
	Say  string
}

var _ error = Ended{}

// Error implements error.
func (e Ended) Error() string { return e.Say }

// parseTime reads a time as people write it: with a zone, or in the zone of the terminal.
func parseTime(env Env, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, s, env.Zone); err == nil {
			return t, nil
		}
	}
	if t, err := time.ParseInLocation("15:04", s, env.Zone); err == nil {
		y, m, d := env.Clock.Now().In(env.Zone).Date()
		return time.Date(y, m, d, t.Hour(), t.Minute(), 0, 0, env.Zone), nil
	}
	return time.Time{}, fault.Wrong("at", "%q is no time. Write it as %s, as 03:12 for today, or as 2026-11-24T03:12:00Z.", s, `"2026-11-24 03:12"`)
}

func print(env Env, format string, args ...any) error {
	_, err := fmt.Fprintf(env.Out, format, args...)
	return err
}
