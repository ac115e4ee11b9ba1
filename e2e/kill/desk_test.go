package kill

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"frontline/app"
	"frontline/clock"
	"frontline/config"
	"frontline/demo/program"
	"frontline/e2e/neighbour"
	"frontline/e2e/verity"
)

// company is the part of Verity that these tests need: two people with a phone each, of whom the second is paged when the first did not answer
// in time.
const company = `teams:
  - {id: support, name: Technical support, lead: liis}
people:
  - {id: liis, name: Liis Tamm, email: liis@verity.example, role: admin, teams: [support], contacts: [{channel: ntfy, address: PHONES/verity-liis}]}
  - {id: karl, name: Karl Sepp, email: karl@verity.example, role: support, teams: [support], contacts: [{channel: ntfy, address: PHONES/verity-karl}]}
services:
  - {id: decision-pipeline, name: Decision pipeline, team: support, policy: critical}
policies:
  - id: critical
    name: Critical
    team: support
    steps:
      - {targets: [{person: liis}]}
      - {after: PATIENCE, targets: [{person: karl}]}
    pause: 10m
    last_resort: karl
sources:
  - {id: alertmanager, name: Alertmanager, kind: alertmanager, token: "env:VERITY_ALERTMANAGER"}
`

// desk is the company's Frontline: the real program, as processes of its own on one database.
type desk struct {
	t        testing.TB
	phones   *phones
	database string // its address
	file     string // of SQLite; empty on PostgreSQL
	binary   string
	dir      string
	env      []string
	replicas []*replica
}

// replica is one process of the program. Its successor takes over its address.
type replica struct {
	*program.Process
	port int
	url  string
}

// sqlite and postgres say where a desk keeps everything.
func sqlite(t testing.TB) string   { return "sqlite:" + filepath.Join(t.TempDir(), "frontline.db") }
func postgres(t testing.TB) string { return neighbour.OwnPostgres(t).Database(t) }

// open configures a desk whose second phone rings after the patience. No replica runs yet.
func open(t testing.TB, database, patience string, env ...string) *desk {
	t.Helper()
	d := &desk{t: t, phones: newPhones(t), database: database, binary: neighbour.Frontline(t), dir: t.TempDir()}
	d.file, _ = strings.CutPrefix(database, "sqlite:")
	if d.file == database {
		d.file = ""
	}
	d.env = append([]string{"FRONTLINE_DATABASE=" + database, "FRONTLINE_KEY=" + verity.Key, "VERITY_ALERTMANAGER=" + verity.Token}, env...)
	d.configure(strings.NewReplacer("PHONES", d.phones.url, "PATIENCE", patience).Replace(company))
	return d
}

// configure applies the company before the first replica starts.
func (d *desk) configure(files string) {
	d.t.Helper()
	getenv := func(name string) string {
		return map[string]string{"FRONTLINE_KEY": verity.Key, "VERITY_ALERTMANAGER": verity.Token}[name]
	}
	s := app.Settings{Database: d.database, Listen: "127.0.0.1:0", Zone: "UTC", LogLevel: "info", LogFormat: "text"}
	a, err := app.New(d.t.Context(), s, app.Options{Clock: clock.Real{}, Log: slog.New(slog.DiscardHandler), Getenv: getenv})
	must(d.t, err)
	_, err = a.Config().Apply(d.t.Context(), verity.Marika(), config.Apply{Folder: "verity", Files: []config.File{verity.File("verity.yaml", files)}})
	must(d.t, err)
	must(d.t, a.Close())
}

// start starts a replica at a port, which is free when 0, or on the sockets that are handed over.
func (d *desk) start(port int, sockets ...*os.File) *replica {
	d.t.Helper()
	if port == 0 {
		must(d.t, program.FreePorts(&port))
	}
	env := append([]string{fmt.Sprintf("FRONTLINE_LISTEN=127.0.0.1:%d", port), fmt.Sprintf("LISTEN_FDS=%d", len(sockets))}, d.env...)
	p, err := program.Program{Name: fmt.Sprintf("frontline-%d", port), Path: d.binary, Args: []string{"serve"}, Env: env, Dir: d.dir, Pass: sockets}.Start()
	must(d.t, err)
	d.t.Cleanup(p.Kill)
	return &replica{Process: p, port: port, url: fmt.Sprintf("http://127.0.0.1:%d", port)}
}

// ready waits until the replica takes signals.
func (d *desk) ready(r *replica) *replica {
	d.t.Helper()
	must(d.t, r.Until(d.t.Context(), 90*time.Second, program.Answering(r.url+"/readyz")))
	return r
}

// kill ends the replica as kill -9 does.
func (r *replica) kill() { r.Stop(syscall.SIGKILL, 10*time.Second) }

// stop ends the replica in order.
func (r *replica) stop() { r.Stop(syscall.SIGTERM, 30*time.Second) }

// view opens the database beside the server.
func (d *desk) view(file string) *sql.DB {
	d.t.Helper()
	driver, dsn := "pgx", d.database
	if d.file != "" {
		driver, dsn = "sqlite", "file:"+file+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, dsn)
	must(d.t, err)
	return db
}

// wreck opens the database as a killed server left it. Of SQLite it is a copy: whoever opens the file first repairs it, and that is to be
// the next server.
func (d *desk) wreck() (db *sql.DB, away func()) {
	d.t.Helper()
	if d.file == "" {
		db = d.view("")
		return db, func() { _ = db.Close() }
	}
	dir, err := os.MkdirTemp(d.dir, "wreck-")
	must(d.t, err)
	for _, end := range []string{"", "-wal"} {
		must(d.t, copyFile(filepath.Join(dir, "copy.db"+end), d.file+end))
	}
	db = d.view(filepath.Join(dir, "copy.db"))
	return db, func() { _, _ = db.Close(), os.RemoveAll(dir) }
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	_, err = io.Copy(out, in)
	return err
}

// ledger reads the state of the first attempt about each alert whose name begins with the prefix: empty while there is none.
func ledger(ctx context.Context, db *sql.DB, prefix string) (map[string]string, error) {
	rows, err := db.QueryContext(ctx, `SELECT a.title, COALESCE(x.state, '') FROM alert a
		LEFT JOIN page p ON p.subject = a.grp LEFT JOIN attempt x ON x.page = p.id AND x.n = 1 WHERE a.title LIKE $1`, prefix+"%")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	states := map[string]string{}
	for rows.Next() {
		var title, state string
		if err := rows.Scan(&title, &state); err != nil {
			return nil, err
		}
		states[title] = state
	}
	return states, rows.Err()
}

// complaints are the errors in the replicas' logs.
func (d *desk) complaints() []string {
	d.t.Helper()
	logs, err := filepath.Glob(filepath.Join(d.dir, "*.log"))
	must(d.t, err)
	var found []string
	for _, name := range logs {
		b, err := os.ReadFile(name)
		must(d.t, err)
		for line := range strings.Lines(string(b)) {
			if strings.Contains(line, "level=ERROR") || strings.Contains(line, "panic:") {
				found = append(found, strings.TrimSpace(line))
			}
		}
	}
	return found
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
