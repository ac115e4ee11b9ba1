package neighbour

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"frontline/demo/program"
	"frontline/secret"
)

// Cluster is one PostgreSQL server with its data folder. Its databases are made and dropped test by test.
type Cluster struct {
	mu       sync.Mutex
	process  *program.Process
	program  program.Program
	port     int
	password string
	t        testing.TB // nil for the one that tests share
}

var sharedCluster = sync.OnceValues(func() (*Cluster, error) {
	// A crash of the machine is not part of these tests, so nothing is forced to the disk.
	c, err := newCluster("-c", "fsync=off", "-c", "full_page_writes=off")
	if err == nil {
		ours.atEnd(c.end)
	}
	return c, err
})

// Postgres returns the URL of a new, empty database in the cluster that the tests of this process share. It is dropped
// when the test ends. The cluster does not force writes to the disk; measure and cut the power with OwnPostgres.
func Postgres(t testing.TB) string {
	t.Helper()
	Need(t)
	c, err := sharedCluster()
	if err != nil {
		t.Fatal(err)
	}
	return c.Database(t)
}

// OwnPostgres starts a cluster for this test alone that forces every commit to the disk, as a real one does.
func OwnPostgres(t testing.TB) *Cluster {
	t.Helper()
	Need(t)
	c, err := newCluster()
	if err != nil {
		t.Fatal(err)
	}
	c.t = t
	t.Cleanup(c.end)
	return c
}

// Database makes an empty database for the test and returns its URL. It is dropped when the test ends, whoever is still
// connected.
func (c *Cluster) Database(t testing.TB) string {
	t.Helper()
	return c.copy(t, "template1")
}

// copy makes a database for the test that holds what the other one does, to which nobody is connected.
func (c *Cluster) copy(t testing.TB, model string) string {
	t.Helper()
	name := "test_" + secret.Random(10)
	must(t, c.exec(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+model))
	t.Cleanup(func() {
		if !c.process.Alive() {
			return // the test left it down, and its data goes with it
		}
		if err := c.exec(context.WithoutCancel(t.Context()), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return c.url(name)
}

// Stop shuts the server down in order; connections are cut. Its data stays.
func (c *Cluster) Stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.process.Stop(syscall.SIGINT, 30*time.Second) // a "fast" shutdown
}

// Kill ends the server and its backends at once. Its data stays.
func (c *Cluster) Kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.process.Kill()
}

// Start brings a stopped or killed server back at the same address, with what was committed.
func (c *Cluster) Start() {
	if err := c.start(); err != nil {
		c.t.Helper()
		c.t.Fatal(err)
	}
}

func newCluster(settings ...string) (*Cluster, error) {
	dir, err := ours.folder("postgresql")
	if err != nil {
		return nil, err
	}
	server, err := program.Find("postgresql", "/usr/lib/postgresql/*/bin/postgres", "postgres")
	if err != nil {
		return nil, err
	}
	c := &Cluster{password: secret.Random(20)}
	if c.port, err = program.FreePort(); err != nil {
		return nil, err
	}
	owner, err := unprivileged(dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	c.program = program.Program{Name: "postgresql", Path: server, Dir: dir, User: owner, End: syscall.SIGQUIT,
		Args: append([]string{"-D", data, "-h", "127.0.0.1", "-p", strconv.Itoa(c.port), "-c", "unix_socket_directories=",
			"-c", "dynamic_shared_memory_type=mmap", "-c", "max_connections=200"}, settings...)}
	if err := c.initialise(data); err != nil {
		return nil, err
	}
	return c, c.start()
}

// initialise makes the data folder. Its superuser is "frontline" with a password of its own, so that nobody else on this
// machine gets in.
func (c *Cluster) initialise(data string) error {
	passwordFile := filepath.Join(c.program.Dir, "password")
	if err := os.WriteFile(passwordFile, []byte(c.password), 0o644); err != nil {
		return fmt.Errorf("write the database's password: %w", err)
	}
	defer os.Remove(passwordFile)
	init := c.program
	init.Name, init.Path = "initdb", filepath.Join(filepath.Dir(c.program.Path), "initdb")
	init.Args = []string{"-D", data, "--username=frontline", "--pwfile=" + passwordFile, "--auth=scram-sha-256",
		"--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"}
	return init.Run(60 * time.Second)
}

// unprivileged gives the folder to the user that shall run the server, because PostgreSQL refuses root. Other users
// run it as themselves.
func unprivileged(dir string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	found, err := user.Lookup("postgres")
	if err != nil {
		found, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, fmt.Errorf("find a user for PostgreSQL: %w", err)
	}
	uid, err := strconv.ParseUint(found.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user %s: %w", found.Username, err)
	}
	gid, err := strconv.ParseUint(found.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user %s: %w", found.Username, err)
	}
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		return nil, fmt.Errorf("give %s to %s: %w", dir, found.Username, err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func (c *Cluster) start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.process != nil && c.process.Alive() {
		return nil
	}
	p, err := c.program.Start()
	if err != nil {
		return err
	}
	c.process = p
	return p.Until(context.Background(), 60*time.Second, func(ctx context.Context) error { return c.exec(ctx, "SELECT 1") })
}

// end shuts the server down at once but lets it free its shared memory.
func (c *Cluster) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.process.Stop(syscall.SIGQUIT, 10*time.Second)
}

func (c *Cluster) url(database string) string {
	return fmt.Sprintf("postgres://frontline:%s@127.0.0.1:%d/%s?sslmode=disable", c.password, c.port, database)
}

// exec runs one statement as the superuser.
func (c *Cluster) exec(ctx context.Context, statement string) error {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.url("postgres"))
	if err != nil {
		return fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}
