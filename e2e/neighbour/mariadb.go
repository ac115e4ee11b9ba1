package neighbour

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql" // the driver "mysql"

	"frontline/demo/program"
	"frontline/secret"
)

// MariaDB is a database in a MariaDB server, which speaks MySQL.
type MariaDB struct {
	Host     string // with its port
	User     string
	Password string
	Name     string // of the database
}

type mariaServer struct {
	process  *program.Process
	port     int
	password string
}

var sharedMariaDB = sync.OnceValues(func() (*mariaServer, error) {
	s, err := newMariaDB()
	if err == nil {
		ours.atEnd(func() { s.process.Stop(syscall.SIGTERM, 20*time.Second) })
	}
	return s, err
})

// OpenMariaDB makes an empty database in the MariaDB server that the tests of this process share. It is dropped when the test ends.
func OpenMariaDB(t testing.TB) MariaDB {
	t.Helper()
	Need(t)
	s, err := sharedMariaDB()
	if err != nil {
		t.Fatal(err)
	}
	m := MariaDB{Host: fmt.Sprintf("127.0.0.1:%d", s.port), User: "frontline", Password: s.password, Name: "test_" + secret.Random(10)}
	must(t, s.exec(t.Context(), "CREATE DATABASE "+m.Name))
	t.Cleanup(func() {
		if err := s.exec(context.WithoutCancel(t.Context()), "DROP DATABASE "+m.Name); err != nil {
			t.Error(err)
		}
	})
	return m
}

// DSN is the address as the Go driver takes it.
func (m MariaDB) DSN() string {
	return fmt.Sprintf("%s:%s@tcp(%s)/%s", m.User, m.Password, m.Host, m.Name)
}

func newMariaDB() (*mariaServer, error) {
	dir, err := ours.folder("mariadb")
	if err != nil {
		return nil, err
	}
	server, err := program.Find("mariadb-server", "/usr/sbin/mariadbd", "mariadbd")
	if err != nil {
		return nil, err
	}
	install, err := program.Find("mariadb-server", "/usr/bin/mariadb-install-db", "mariadb-install-db")
	if err != nil {
		return nil, err
	}
	s := &mariaServer{password: secret.Random(20)}
	if s.port, err = program.FreePort(); err != nil {
		return nil, err
	}
	first := filepath.Join(dir, "first.sql")
	text := fmt.Sprintf("CREATE USER IF NOT EXISTS 'frontline'@'127.0.0.1' IDENTIFIED BY '%s';\nGRANT ALL ON *.* TO 'frontline'@'127.0.0.1';\nDROP USER IF EXISTS 'root'@'localhost';\n", s.password)
	if err := os.WriteFile(first, []byte(text), 0o644); err != nil {
		return nil, err
	}
	owner, err := unprivileged(dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	p := program.Program{Name: "mariadb-install-db", Path: install, Dir: dir, User: owner,
		Args: []string{"--no-defaults", "--datadir=" + data, "--skip-test-db", "--auth-root-authentication-method=normal", "--innodb-flush-log-at-trx-commit=0"}}
	if err := p.Run(120 * time.Second); err != nil {
		return nil, err
	}
	// A crash of the machine is not part of these tests, so nothing is forced to the disk.
	p.Name, p.Path, p.End = "mariadb", server, syscall.SIGTERM
	p.Args = []string{"--no-defaults", "--datadir=" + data, "--bind-address=127.0.0.1", "--port=" + strconv.Itoa(s.port), "--socket=" + filepath.Join(dir, "socket"),
		"--pid-file=" + filepath.Join(dir, "pid"), "--init-file=" + first, "--skip-name-resolve", "--max-allowed-packet=64M", "--innodb-flush-log-at-trx-commit=0",
		"--character-set-server=utf8mb4"}
	if s.process, err = p.Start(); err != nil {
		return nil, err
	}
	return s, s.process.Until(context.Background(), 120*time.Second, func(ctx context.Context) error { return s.exec(ctx, "SELECT 1") })
}

// exec runs one statement.
func (s *mariaServer) exec(ctx context.Context, statement string) error {
	db, err := sql.Open("mysql", fmt.Sprintf("frontline:%s@tcp(127.0.0.1:%d)/mysql", s.password, s.port))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	if _, err := db.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}
