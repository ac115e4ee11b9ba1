// Package remote is the proof of runners in other networks: the real program as server and as runners, in processes of their own.
package remote

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"frontline/app"
	"frontline/client"
	"frontline/clock"
	"frontline/config"
	"frontline/demo/program"
	"frontline/e2e/neighbour"
	"frontline/e2e/verity"
	"frontline/people"
	"frontline/secret"
	"frontline/store"
	"frontline/wire"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"
)

func TestMain(m *testing.M) { neighbour.Main(m) }

// patience is when something that has to happen counts as missing. Nothing is measured with it.
const patience = 90 * time.Second

// company has actions that run in Berlin. Each start of the command appends a line to a file, which is how starts are counted.
const company = `teams:
  - {id: support, name: Technical support, lead: liis}
people:
  - {id: liis, name: Liis Tamm, email: liis@verity.example, role: admin, teams: [support]}
actions:
  - id: berlin/settle
    title: Settle a stuck decision
    team: support
    risk: change
    kind: exec
    runner: {network: berlin}
    inputs:
      - {name: id, type: text, required: true}
      - {name: seconds, type: text, default: "0.3"}
    secrets: {broker: env:BROKER_PASSWORD}
    settings:
      command: [/bin/sh, DIR/settle.sh]
      sandbox: none
      grace: 1s
  - id: berlin/told
    title: Settle with a word that a person gives
    team: support
    risk: change
    kind: exec
    runner: {network: berlin}
    inputs:
      - {name: id, type: text, required: true}
      - {name: seconds, type: text, default: "0"}
      - {name: word, type: secret, required: true}
    settings: {command: [/bin/sh, DIR/settle.sh], sandbox: none}
  - id: berlin/checked
    title: Settle, and be able to say whether it was
    team: support
    risk: change
    kind: exec
    runner: {network: berlin}
    inputs:
      - {name: id, type: text, required: true}
      - {name: seconds, type: text, default: "0.3"}
    settings:
      command: [/bin/sh, DIR/settle.sh]
      check: [/bin/sh, -c, 'grep -qx "$FL_ID" DIR/ends']
      sandbox: none
  - id: berlin/danger
    title: Drop all decisions
    team: support
    risk: danger
    approval: {count: 1}
    kind: exec
    runner: {network: berlin}
    settings: {command: [/bin/true], sandbox: none}
  - id: here/settle
    title: Settle on the server, with a stored secret
    team: support
    risk: change
    kind: exec
    inputs:
      - {name: id, type: text, required: true}
      - {name: seconds, type: text, default: "0"}
    secrets: {broker: stored:broker-password}
    settings: {command: [/bin/sh, DIR/settle.sh], sandbox: none}
  - id: paris/settle
    title: Settle in Paris
    team: support
    risk: change
    kind: exec
    runner: {network: paris}
    settings: {command: [/bin/true], sandbox: none}
`

const settle = `echo "$FL_ID" >> DIR/starts
echo "settling $FL_ID with $(cat <&3)"
sleep "$FL_SECONDS"
echo "$FL_ID" >> DIR/ends
echo '{"frontline":"result","summary":"Settled."}'
`

const policy = `allow:
  - {kinds: [exec], actions: ["berlin/*"], risks: [read, change]}
  - {kinds: ["rabbitmq.*"], actions: ["berlin/*"], risks: [read, change]}
secrets: ["env:BROKER_*"]
`

// The secrets of the story. Neither may be found where it does not belong.
const (
	brokerPassword = "swordfish-of-berlin-1928"
	givenWord      = "a-word-for-one-run-only-77"
	storedValue    = "kept-by-the-server-alone-4711"
)

// site is a server and what runners there are.
type site struct {
	t        testing.TB
	database string
	binary   string
	dir      string
	port     int
	env      []string
	token    string
	more     string // actions beside the company's
	rabbit   string // the password of the broker in Berlin; empty when there is none
	server   *program.Process
	runners  map[string]*program.Process
	client   *client.Client
}

func sqlite(t testing.TB) string   { return "sqlite:" + filepath.Join(t.TempDir(), "frontline.db") }
func postgres(t testing.TB) string { return neighbour.OwnPostgres(t).Database(t) }

// open configures a site and starts its server. A runner may be silent for the lease.
func open(t testing.TB, database, lease string, more ...string) *site {
	t.Helper()
	s := &site{t: t, database: database, more: strings.Join(more, ""), binary: neighbour.Frontline(t), dir: t.TempDir(), runners: map[string]*program.Process{}}
	s.file("settle.sh", strings.ReplaceAll(settle, "DIR", s.dir))
	s.file("policy.yaml", policy)
	s.file("ends", "") // the check looks into it
	s.env = []string{"FRONTLINE_DATABASE=" + database, "FRONTLINE_KEY=" + verity.Key, "FRONTLINE_RUNNER_LEASE=" + lease, "FRONTLINE_GRACE=5s"}
	s.configure()
	s.must(program.FreePorts(&s.port))
	s.start()
	var err error
	s.client, err = client.New(s.url(), client.Options{Token: secret.New(s.token)})
	s.must(err)
	return s
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) url() string { return fmt.Sprintf("http://127.0.0.1:%d", s.port) }

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

func (s *site) file(name, text string) {
	s.t.Helper()
	s.must(os.WriteFile(s.path(name), []byte(text), 0o600))
}

// configure applies the company before the server starts, and makes its admin an API token.
func (s *site) configure() {
	s.t.Helper()
	getenv := func(name string) string { return map[string]string{"FRONTLINE_KEY": verity.Key}[name] }
	settings := app.Settings{Database: s.database, Listen: "127.0.0.1:0", Zone: "UTC", LogLevel: "info", LogFormat: "text"}
	a, err := app.New(s.t.Context(), settings, app.Options{Clock: clock.Real{}, Log: slog.New(slog.DiscardHandler), Getenv: getenv})
	s.must(err)
	done, err := a.Config().Apply(s.t.Context(), verity.Marika(), config.Apply{Folder: "verity", Files: []config.File{verity.File("verity.yaml", strings.ReplaceAll(company+s.more, "DIR", s.dir))}})
	s.must(err)
	warned := func(id string) bool {
		return slices.ContainsFunc(done.Warnings, func(w config.Warning) bool {
			return w.Action == id && strings.Contains(w.Say, "No enrolled runner carries")
		})
	}
	if !warned("paris/settle") || warned("here/settle") {
		s.t.Errorf("applying before there are runners warns of %+v", done.Warnings)
	}
	s.must(a.Close())

	db, err := store.Open(s.t.Context(), s.database, store.Options{Clock: clock.Real{}, Log: slog.New(slog.DiscardHandler)})
	s.must(err)
	book := config.New(db, clock.Real{}, getenv, config.Known{})
	signIn := people.NewSignIn(db, func(ctx context.Context) (people.Directory, error) { return book.Book(ctx) }, clock.Real{})
	liis := people.Actor{Kind: people.ByPerson, ID: "liis", Name: "Liis Tamm", Role: people.Admin, Teams: []string{"support"}, Via: "screen"}
	_, token, err := signIn.MakeCappedToken(s.t.Context(), liis, "test", "", time.Time{})
	s.must(err)
	s.token = token.Reveal()
	s.must(db.Close())
}

// start starts the server, at the address that it always has.
func (s *site) start() {
	s.t.Helper()
	env := append([]string{fmt.Sprintf("FRONTLINE_LISTEN=127.0.0.1:%d", s.port)}, s.env...)
	p, err := program.Program{Name: "server", Path: s.binary, Args: []string{"serve"}, Env: env, Dir: s.dir}.Start()
	s.must(err)
	s.t.Cleanup(p.Kill)
	s.server = p
	s.must(p.Until(s.t.Context(), patience, program.Answering(s.url()+"/readyz")))
}

// enrol makes a token for a runner and starts it. Later it starts without.
func (s *site) enrol(name, labels string) {
	s.t.Helper()
	token, err := s.client.AddRunner(s.t.Context(), wire.NewRunner{Name: name})
	s.must(err)
	s.run(name, labels, "FRONTLINE_RUNNER_TOKEN="+token.Token)
}

// run starts a runner, and waits until it is there.
func (s *site) run(name, labels string, env ...string) {
	s.t.Helper()
	env = append(env, "FRONTLINE_SERVER="+s.url(), "FRONTLINE_RUNNER_POLL=500ms", "FRONTLINE_RUNNER_RETRY=200ms", "FRONTLINE_GRACE=2s",
		"BROKER_PASSWORD="+brokerPassword, "BROKER_RABBIT="+s.rabbit, "BROKER_LABELS="+labels, "TMPDIR="+s.dir)
	p, err := program.Program{Name: name, Path: s.binary, Env: env, Dir: s.dir,
		Args: []string{"runner", "--name", name, "--labels", labels, "--policy", s.path("policy.yaml"), "--key-file", s.path(name + ".key")}}.Start()
	s.must(err)
	s.t.Cleanup(p.Kill)
	began := time.Now()
	s.until(name+" is there", func() bool {
		r, ok := s.runner(name)
		return ok && r.State == "there" && r.Seen != nil && r.Seen.After(began)
	})
	s.runners[name] = p
}

// runner is what the server says of a runner.
func (s *site) runner(name string) (wire.Runner, bool) {
	all, err := s.client.Runners(s.t.Context(), client.Page{})
	if err != nil {
		return wire.Runner{}, false
	}
	for _, r := range all.Items {
		if r.Name == name && r.State != "revoked" {
			return r, true
		}
	}
	return wire.Runner{}, false
}

func (s *site) until(what string, done func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("it did not happen: %s\n%s", what, s.logs())
		}
	}
}

// logs are the last lines of everybody.
func (s *site) logs() string {
	var b strings.Builder
	all, _ := filepath.Glob(s.path("*.log"))
	for _, name := range all {
		raw, _ := os.ReadFile(name)
		lines := strings.Split(string(raw), "\n")
		fmt.Fprintf(&b, "— %s\n%s\n", filepath.Base(name), strings.Join(lines[max(0, len(lines)-25):], "\n"))
	}
	return b.String()
}

func kill(p *program.Process) { p.Stop(syscall.SIGKILL, 10*time.Second) }

// plan plans an action. The server may be away for a moment.
func (s *site) plan(action string, inputs map[string]any) wire.Run {
	s.t.Helper()
	var run wire.Run
	s.until("the plan of "+action, func() (ok bool) {
		var err error
		run, err = s.client.PlanRun(s.t.Context(), wire.PlanRun{Action: action, Inputs: inputs})
		if err != nil {
			s.t.Log("planning: ", err)
		}
		return err == nil
	})
	return run
}

// begin plans and starts a run.
func (s *site) begin(action string, inputs map[string]any) wire.Run {
	s.t.Helper()
	run := s.plan(action, inputs)
	run, err := s.client.StartRun(s.t.Context(), run.ID, run.UID, wire.StartRun{Plan: run.Plan.Hash})
	s.must(err)
	return run
}

// ended waits for the end of a run.
func (s *site) ended(id string) wire.Run {
	s.t.Helper()
	var run wire.Run
	s.until(id+" ends", func() bool {
		var err error
		run, err = s.client.Run(s.t.Context(), id)
		return err == nil && run.Ended()
	})
	return run
}

// output is all that a run printed.
func (s *site) output(id string) string {
	s.t.Helper()
	out, err := s.client.Output(s.t.Context(), id, 1)
	s.must(err)
	var b strings.Builder
	for _, l := range out.Lines {
		b.WriteString(l.Text + "\n")
	}
	return b.String()
}

var reading sync.Mutex

// count is how often the line stands in the file.
func (s *site) count(file, line string) int {
	reading.Lock()
	defer reading.Unlock()
	raw, err := os.ReadFile(s.path(file))
	if err != nil && !os.IsNotExist(err) {
		s.t.Fatal(err)
	}
	n := 0
	for got := range bytes.Lines(raw) {
		if strings.TrimSpace(string(got)) == line {
			n++
		}
	}
	return n
}

// view opens the database beside the server.
func (s *site) view() *sql.DB {
	s.t.Helper()
	driver, dsn := "pgx", s.database
	if file, ok := strings.CutPrefix(s.database, "sqlite:"); ok {
		driver, dsn = "sqlite", "file:"+file+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, dsn)
	s.must(err)
	s.t.Cleanup(func() { _ = db.Close() })
	return db
}

// dump is every text and every byte that the database holds.
func (s *site) dump() string {
	s.t.Helper()
	db := s.view()
	tables := `SELECT name FROM sqlite_master WHERE type = 'table'`
	if !strings.HasPrefix(s.database, "sqlite:") {
		tables = `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()`
	}
	var b strings.Builder
	for _, table := range s.texts(db, tables) {
		rows, err := db.QueryContext(s.t.Context(), `SELECT * FROM `+table)
		s.must(err)
		columns, err := rows.Columns()
		s.must(err)
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(sql.RawBytes)
		}
		for rows.Next() {
			s.must(rows.Scan(values...))
			for _, v := range values {
				b.Write(*v.(*sql.RawBytes))
				b.WriteByte('\n')
			}
		}
		s.must(rows.Err())
		s.must(rows.Close())
	}
	if file, ok := strings.CutPrefix(s.database, "sqlite:"); ok { // also what is deleted and not overwritten
		for _, end := range []string{"", "-wal"} {
			raw, err := os.ReadFile(file + end)
			if err == nil {
				b.Write(raw)
			}
		}
	}
	if !strings.Contains(b.String(), "liis@verity.example") {
		s.t.Fatal("the dump does not hold what it must")
	}
	return b.String()
}

func (s *site) texts(db *sql.DB, query string) (out []string) {
	s.t.Helper()
	rows, err := db.QueryContext(s.t.Context(), query)
	s.must(err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var text string
		s.must(rows.Scan(&text))
		out = append(out, text)
	}
	s.must(rows.Err())
	return out
}
