package neighbour

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"frontline/demo/program"
	"frontline/secret"
)

// Dovecot is a mailbox on an IMAP server that the test has for itself.
type Dovecot struct {
	Host           string // "localhost", as its certificate says
	Port, TLSPort  int    // with STARTTLS or none; and with TLS from the first byte
	User, Password string
	CA             *x509.CertPool
	CAFile         string // the same in PEM

	t       testing.TB
	mail    string // the Maildir of the user
	owner   *syscall.Credential
	server  program.Program
	process *program.Process
	n       int
}

// OpenDovecot starts an IMAP server with one empty mailbox. It ends with the test.
func OpenDovecot(t testing.TB) *Dovecot {
	t.Helper()
	Need(t)
	dir, err := ours.folder("dovecot")
	must(t, err)
	d := &Dovecot{Host: "localhost", User: "support", Password: secret.Random(16), t: t, mail: filepath.Join(dir, "mail")}
	d.owner, err = unprivileged(dir)
	must(t, err)
	ca, err := newAuthority(dir)
	must(t, err)
	d.CA, d.CAFile = ca.pool, ca.file
	must(t, writePair(dir, ca))
	d.Port, err = program.FreePort()
	must(t, err)
	d.TLSPort, err = program.FreePort()
	must(t, err)
	for _, sub := range []string{"tmp", "new", "cur"} {
		must(t, os.MkdirAll(filepath.Join(d.mail, sub), 0o777))
	}
	must(t, d.give(d.mail, dir))
	config, err := d.config(dir)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "dovecot.conf"), []byte(config), 0o644))
	path, err := program.Find("dovecot-imapd", "/usr/sbin/dovecot")
	must(t, err)
	d.server = program.Program{Name: "dovecot", Path: path, Args: []string{"-F", "-c", filepath.Join(dir, "dovecot.conf")}, Dir: dir, User: d.owner, End: syscall.SIGTERM}
	t.Cleanup(d.Stop)
	d.Start()
	return d
}

// writePair writes the server's certificate and key where Dovecot reads them.
func writePair(dir string, ca *authority) error {
	key, err := x509.MarshalECPrivateKey(ca.server.PrivateKey.(*ecdsa.PrivateKey))
	if err != nil {
		return err
	}
	var chain []byte
	for _, der := range ca.server.Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	if err := os.WriteFile(filepath.Join(dir, "cert.pem"), chain, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: key}), 0o644)
}

// give makes everything below the folders the server's own.
func (d *Dovecot) give(folders ...string) error {
	if d.owner == nil {
		return nil
	}
	for _, folder := range folders {
		err := filepath.Walk(folder, func(name string, _ os.FileInfo, err error) error {
			if err != nil {
				return err
			}
			return os.Chown(name, int(d.owner.Uid), int(d.owner.Gid))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// config lets Dovecot run without root, with one user.
func (d *Dovecot) config(dir string) (string, error) {
	uid, gid := os.Getuid(), os.Getgid()
	if d.owner != nil {
		uid, gid = int(d.owner.Uid), int(d.owner.Gid)
	}
	who, err := user.LookupId(strconv.Itoa(uid))
	if err != nil {
		return "", err
	}
	group, err := user.LookupGroupId(strconv.Itoa(gid))
	if err != nil {
		return "", err
	}
	return strings.NewReplacer("DIR", dir, "WHO", who.Username, "GROUP", group.Name, "UID", strconv.Itoa(uid), "GID", strconv.Itoa(gid), "MAIL", d.mail, "WORD", d.Password,
		"TLSPORT", strconv.Itoa(d.TLSPort), "PORT", strconv.Itoa(d.Port)).Replace(`
base_dir = DIR/run
state_dir = DIR/state
log_path = /dev/stderr
protocols = imap
listen = 127.0.0.1
default_internal_user = WHO
default_internal_group = GROUP
default_login_user = WHO
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:MAIL
mail_fsync = never
mailbox_idle_check_interval = 1 secs
disable_plaintext_auth = no
auth_mechanisms = plain login
ssl = yes
ssl_cert = <DIR/cert.pem
ssl_key = <DIR/key.pem
passdb {
  driver = static
  args = password=WORD
}
userdb {
  driver = static
  args = uid=UID gid=GID home=DIR/home
}
service anvil {
  chroot =
}
service imap-login {
  chroot =
  inet_listener imap {
    port = PORT
  }
  inet_listener imaps {
    port = TLSPORT
    ssl = yes
  }
}
`), nil
}

// Start brings the server back, with the same mails and the same addresses, and waits until it answers.
func (d *Dovecot) Start() {
	d.t.Helper()
	var err error
	d.process, err = d.server.Start()
	must(d.t, err)
	must(d.t, d.process.Until(context.Background(), 60*time.Second, func(ctx context.Context) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(d.Port)))
		if err != nil {
			return err
		}
		return conn.Close()
	}))
}

// Stop ends the server in order. Its mails stay.
func (d *Dovecot) Stop() {
	if d.process != nil {
		d.process.Stop(syscall.SIGTERM, 20*time.Second)
		d.process = nil
	}
}

// Deliver puts a mail into the mailbox, as a mail server does: also while the IMAP server is down.
func (d *Dovecot) Deliver(lines ...string) {
	d.t.Helper()
	d.n++
	name := fmt.Sprintf("%d.M%dP%d.test", time.Now().Unix(), d.n, os.Getpid())
	tmp := filepath.Join(d.mail, "tmp", name)
	must(d.t, os.WriteFile(tmp, []byte(strings.Join(lines, "\r\n")+"\r\n"), 0o600))
	must(d.t, d.give(tmp))
	must(d.t, os.Rename(tmp, filepath.Join(d.mail, "new", name)))
}

// Mails counts what lies in a folder; the empty one is the inbox.
func (d *Dovecot) Mails(folder string) int {
	d.t.Helper()
	if folder != "" {
		folder = "." + folder
	}
	n := 0
	for _, sub := range []string{"new", "cur"} {
		all, _ := os.ReadDir(filepath.Join(d.mail, folder, sub)) // a folder that nobody made yet holds nothing
		n += len(all)
	}
	return n
}
