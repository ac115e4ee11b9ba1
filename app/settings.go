// Package app builds the program: it is the only package that knows all the others. It binds job kinds to handlers, mounts the doors of the
// integrations, and answers whether Frontline is alive and ready.
package app

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"frontline/action"
	"frontline/fault"
	"frontline/integration/email"
	"frontline/integration/slack"
	"frontline/secret"
	"frontline/store"
)

// Settings are what the server is told at its start, by flag, environment (FRONTLINE_…) or file. Secrets come by environment or file
// only, because flags show in the list of processes.
type Settings struct {
	Database       string        `help:"Where everything is kept: sqlite:PATH or postgres://…. The default is a SQLite file in your data directory." env:"FRONTLINE_DATABASE" placeholder:"ADDRESS"`
	Listen         string        `help:"Address of the screens, the API and the doors for signals." default:"127.0.0.1:8080" env:"FRONTLINE_LISTEN" placeholder:"HOST:PORT"`
	StatusListen   string        `help:"Another address that serves the status page alone, for the internet." env:"FRONTLINE_STATUS_LISTEN" placeholder:"HOST:PORT"`
	URL            string        `help:"Where people reach Frontline; links in pages and mails begin with it. The default is the listening address." env:"FRONTLINE_URL" placeholder:"https://…"`
	StatusURL      string        `help:"Where customers reach the status page." env:"FRONTLINE_STATUS_URL" placeholder:"https://…"`
	Company        string        `help:"The company's name, shown on the status page and beside the mark." default:"Frontline" env:"FRONTLINE_COMPANY"`
	Zone           string        `help:"Time zone of people who chose none, and of the status page." default:"UTC" env:"FRONTLINE_ZONE" placeholder:"IANA"`
	KeyFile        string        `help:"File with the key that protects signing keys in the database. SQLite makes one beside the database; replicas on PostgreSQL share one. FRONTLINE_KEY gives the key itself." env:"FRONTLINE_KEY_FILE" placeholder:"PATH"`
	Mail           string        `help:"The mail server: smtp://USER@HOST:587 (STARTTLS), smtps://USER@HOST:465 (TLS) or smtp://HOST:25?tls=none. The password is FRONTLINE_MAIL_PASSWORD." env:"FRONTLINE_MAIL" placeholder:"ADDRESS"`
	MailFrom       string        `help:"The sender of mails, such as Frontline <frontline@example.com>." env:"FRONTLINE_MAIL_FROM" placeholder:"ADDRESS"`
	MailIn         string        `help:"Take mail for the desk here, from your own mail server: it forwards the desk's addresses to this one by SMTP." env:"FRONTLINE_MAIL_IN" placeholder:"HOST:PORT"`
	Mailbox        string        `help:"Take mail for the desk out of this mailbox instead: imaps://USER@HOST:993/INBOX (TLS) or imap://USER@HOST:143/INBOX (STARTTLS). The password is FRONTLINE_MAILBOX_PASSWORD." env:"FRONTLINE_MAILBOX" placeholder:"ADDRESS"`
	MailDesk       string        `help:"The desk's own mail address, such as support@example.com: mail to it becomes a request, and answers to replies go there." env:"FRONTLINE_MAIL_DESK" placeholder:"ADDRESS"`
	Heartbeat      string        `help:"An address outside that is called every minute while paging is healthy; whatever watches it raises the alarm when the calls stop." env:"FRONTLINE_HEARTBEAT" placeholder:"https://…"`
	HeartbeatEvery time.Duration `help:"How often that address is called." default:"1m" env:"FRONTLINE_HEARTBEAT_EVERY"`
	MailCA         string        `help:"File with certificates to trust of the mail server, besides the system's." env:"FRONTLINE_MAIL_CA" placeholder:"PATH"`
	LogLevel       string        `help:"What is logged: debug, info, warn or error." default:"info" env:"FRONTLINE_LOG_LEVEL" placeholder:"LEVEL"`
	LogFormat      string        `help:"How it is logged: text or json." default:"text" env:"FRONTLINE_LOG_FORMAT" placeholder:"FORMAT"`

	Sync      []string      `help:"Keep definitions as they are under git: NAME=PLACE, where the place is a folder on this machine or the address of a repository, with #BRANCH and //FOLDER behind it where needed. Repeat it for more. FRONTLINE_SYNC_TOKEN lets us read private ones." env:"FRONTLINE_SYNC" placeholder:"NAME=PLACE"`
	SyncEvery time.Duration `help:"How often those places are looked at." default:"30s" env:"FRONTLINE_SYNC_EVERY"`

	RunnerLease time.Duration `help:"How long a runner in another network may be silent before its runs are unknown." default:"1m" env:"FRONTLINE_RUNNER_LEASE"`

	RunsAtOnce int `help:"How many runs of actions this server carries out at once; others wait for their turn. Each may hold a few MB and the processes of its script." default:"200" env:"FRONTLINE_RUNS_AT_ONCE"`

	Budget string `help:"How many changes one person, rule or program may make within a while, with all actions together, such as 20/12h; over it a run needs one yes more. Nothing is no such budget; actions may have their own." env:"FRONTLINE_BUDGET" placeholder:"CHANGES/WHILE"`

	KeepPages time.Duration `help:"How long pages that ended are kept, counted from when they were opened, with who was reached when; 0 keeps them for ever. The journal keeps what became of them in any case." default:"9600h" env:"FRONTLINE_KEEP_PAGES"`

	KeepOutput time.Duration `help:"How long the output of runs, their files and inputs are kept after their end, where an action's limit keep_output says nothing; 0 keeps them for ever. What ran, who asked for it and what became of it stays in any case." default:"9600h" env:"FRONTLINE_KEEP_OUTPUT"`

	KeepRequests time.Duration `help:"How long the words of closed requests are kept, where their type says nothing; 0 keeps them for ever. What is counted of a request stays in any case." default:"0" env:"FRONTLINE_KEEP_REQUESTS"`

	SlackSettings

	Grace time.Duration `help:"How long open requests and sends may take to finish at the end." default:"10s" env:"FRONTLINE_GRACE"`
}

// checked is the settings, read.
type checked struct {
	Settings
	base      *url.URL
	status    *url.URL
	zone      *time.Location
	key       secret.Text
	oldKey    secret.Text // that the database was started with before; empty when the key has not changed
	mail      *mailSettings
	mailbox   *email.MailboxSettings
	heartbeat secret.Text
	sync      []synced
	budget    *action.Budget
	slack     *slack.Settings // nil without Slack
}

type mailSettings struct {
	host     string
	port     int
	user     string
	password secret.Text
	tls      string // "starttls", "tls", "none"
	from     string
	roots    *x509.CertPool
}

// wrong is a fault about one setting: its name, what was given, what is expected.
func wrong(flag, given, expected string) error {
	return fault.Wrong(flag, "--%s (FRONTLINE_%s) is %q; expected is %s.", flag, strings.ToUpper(strings.ReplaceAll(flag, "-", "_")), given, expected)
}

// keptLong refuses a time after which things are deleted that somebody may have meant in another unit.
func keptLong(flag string, given, least time.Duration) error {
	if given == 0 || given >= least {
		return nil
	}
	return wrong(flag, given.String(), fmt.Sprintf("0 for ever, or a time such as 9600h (400 days), and no less than %dh (%d days)", least/time.Hour, least/(24*time.Hour)))
}

func (c *checked) readBudget() (err error) {
	if c.budget, err = action.ParseBudget(c.Budget); err != nil {
		return wrong("budget", c.Budget, "a number of changes and the while that they are counted in, from 10m to 744h, such as 20/12h")
	}
	return nil
}

func (c *checked) checkLease() error {
	if c.RunnerLease == 0 {
		c.RunnerLease = time.Minute
	}
	if c.RunnerLease >= 500*time.Millisecond && c.RunnerLease <= time.Hour {
		return nil
	}
	return wrong("runner-lease", c.RunnerLease.String(), "a time from 500ms to 1h, such as 1m")
}

func (c *checked) checkRuns() error {
	if c.RunsAtOnce == 0 {
		c.RunsAtOnce = 200
	}
	if c.RunsAtOnce >= 1 && c.RunsAtOnce <= 2000 {
		return nil
	}
	return wrong("runs-at-once", strconv.Itoa(c.RunsAtOnce), "a number from 1 to 2000, such as 200")
}

// check reads every setting before anything starts, and reports the first that is wrong.
func (s Settings) check(getenv func(string) string) (c checked, err error) {
	if s.Database == "" {
		if s.Database, err = defaultDatabase(getenv); err != nil {
			return c, err
		}
	}
	c.Settings = s
	for _, step := range []func() error{
		func() error { return c.readDatabase() },
		func() error { return address("listen", s.Listen) },
		func() error { return c.readURLs() },
		func() error { return c.readZone() },
		func() error { return c.readKey(getenv) },
		func() error { return c.readMail(getenv) },
		func() error { return c.readHeartbeat() },
		func() error { return c.readSync(getenv) },
		func() error { return c.readSlack(getenv) },
		func() error { return c.checkLease() },
		func() error { return c.checkRuns() },
		func() error { return keptLong("keep-pages", s.KeepPages, 30*24*time.Hour) },
		func() error { return c.readBudget() },
		func() error { return keptLong("keep-output", s.KeepOutput, 24*time.Hour) },
		func() error { return keptLong("keep-requests", s.KeepRequests, 24*time.Hour) },
		func() error { return oneOf("log-level", s.LogLevel, "debug", "info", "warn", "error") },
		func() error { return oneOf("log-format", s.LogFormat, "text", "json") },
	} {
		if err := step(); err != nil {
			return c, err
		}
	}
	return c, nil
}

func defaultDatabase(getenv func(string) string) (string, error) {
	dir := getenv("XDG_DATA_HOME")
	if dir == "" {
		home := getenv("HOME")
		if home == "" {
			return "", wrong("database", "", "sqlite:PATH or postgres://…, because there is no home directory to choose a place in")
		}
		dir = filepath.Join(home, ".local", "share")
	}
	return "sqlite:" + filepath.Join(dir, "frontline", "frontline.db"), nil
}

// readDatabase refuses what is neither of the two databases, before anything that depends on which one it is.
func (c *checked) readDatabase() error {
	file, isSQLite := strings.CutPrefix(c.Database, "sqlite:")
	if isSQLite && file != "" || strings.HasPrefix(c.Database, "postgres://") || strings.HasPrefix(c.Database, "postgresql://") {
		return nil
	}
	return wrong("database", store.Masked(c.Database), "sqlite:PATH, such as sqlite:/var/lib/frontline/frontline.db, or postgres://USER:PASSWORD@HOST:5432/NAME")
}

func address(flag, given string) error {
	_, port, err := net.SplitHostPort(given)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return wrong(flag, given, "HOST:PORT, such as 127.0.0.1:8080 or :8080")
	}
	return nil
}

func oneOf(flag, given string, known ...string) error {
	for _, k := range known {
		if given == k {
			return nil
		}
	}
	return wrong(flag, given, "one of "+strings.Join(known, ", "))
}

func (c *checked) readURLs() error {
	if c.StatusListen != "" {
		if err := address("status-listen", c.StatusListen); err != nil {
			return err
		}
	}
	var err error
	if c.base, err = readURL("url", cmp.Or(c.URL, localURL(c.Listen))); err != nil {
		return err
	}
	status := cmp.Or(c.StatusURL, c.base.JoinPath("status").String())
	if c.StatusURL == "" && c.StatusListen != "" {
		status = localURL(c.StatusListen)
	}
	c.status, err = readURL("status-url", status)
	return err
}

func localURL(listen string) string {
	host, port, _ := net.SplitHostPort(listen)
	if host == "" || host == "0.0.0.0" || host == "::" {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

func readURL(flag, given string) (*url.URL, error) {
	u, err := url.Parse(given)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, wrong(flag, given, "a web address such as https://frontline.example.com")
	}
	return u, nil
}

func (c *checked) readZone() (err error) {
	if c.zone, err = time.LoadLocation(c.Zone); err != nil || c.Zone == "Local" {
		return wrong("zone", c.Zone, "an IANA time zone such as Europe/Tallinn")
	}
	return nil
}

// readKey finds the key that protects signing keys. On SQLite it is made once, beside the database.
func (c *checked) readKey(getenv func(string) string) error {
	c.oldKey = secret.New(getenv("FRONTLINE_KEY_OLD")) // it is asked for nothing but what it sealed
	if k := getenv("FRONTLINE_KEY"); k != "" {
		c.key = secret.New(k)
		return longEnough("FRONTLINE_KEY", c.key)
	}
	path, own := c.KeyFile, false
	if file, isSQLite := strings.CutPrefix(c.Database, "sqlite:"); path == "" && isSQLite && file != "" {
		path, own = file+".key", true
	}
	if path == "" {
		return fault.Wrong("key-file", "With PostgreSQL the replicas share a key: give FRONTLINE_KEY or --key-file (FRONTLINE_KEY_FILE). Any random text of 32 letters or more serves, such as the output of: openssl rand -hex 32.")
	}
	raw, err := os.ReadFile(path)
	if os.IsNotExist(err) && own {
		raw, err = makeKey(path)
	}
	if err != nil && own {
		return fault.Wrap(err, fault.Invalid, "The folder %s cannot keep the database and its key. Make it writable for the Frontline server, or choose another place with --database (FRONTLINE_DATABASE).", filepath.Dir(path))
	}
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "--key-file (FRONTLINE_KEY_FILE) is %q, which cannot be read. Make the file readable for the Frontline server.", path)
	}
	c.key = secret.New(strings.TrimSpace(string(raw)))
	return longEnough(path, c.key)
}

func makeKey(path string) ([]byte, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	key := []byte(secret.Random(48) + "\n")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(key)
	return key, cmp.Or(err, f.Sync(), f.Close())
}

func longEnough(where string, key secret.Text) error {
	if len(key.Reveal()) < 32 {
		return fault.Wrong("key", "The key in %s is too short to protect anything. Use 32 random letters or more, such as the output of: openssl rand -hex 32.", where)
	}
	return nil
}

// readMail reads the address of the mail server; without one there is no mail channel.
func (c *checked) readMail(getenv func(string) string) error {
	if err := errors.Join(c.readMailIn(), c.readMailbox(getenv)); err != nil || c.Mail == "" {
		return err
	}
	u, err := url.Parse(c.Mail)
	expected := "smtp://USER@HOST:587, smtps://USER@HOST:465 or smtp://HOST:25?tls=none"
	if err != nil || (u.Scheme != "smtp" && u.Scheme != "smtps") || u.Hostname() == "" {
		return wrong("mail", store.Masked(c.Mail), expected)
	}
	if _, has := u.User.Password(); has {
		return fault.Wrong("mail", "--mail (FRONTLINE_MAIL) holds a password. Put it into FRONTLINE_MAIL_PASSWORD and leave it out of the address.")
	}
	m := &mailSettings{host: u.Hostname(), user: u.User.Username(), password: secret.New(getenv("FRONTLINE_MAIL_PASSWORD")), tls: "starttls", port: 587, from: c.MailFrom}
	if u.Scheme == "smtps" {
		m.tls, m.port = "tls", 465
	}
	if t := u.Query().Get("tls"); t != "" {
		m.tls = t
		if err := oneOf("mail", t, "starttls", "tls", "none"); err != nil {
			return wrong("mail", c.Mail, expected)
		}
	}
	if p := u.Port(); p != "" {
		if m.port, err = strconv.Atoi(p); err != nil {
			return wrong("mail", c.Mail, expected)
		}
	}
	if m.roots, err = certificates(c.MailCA); err != nil {
		return err
	}
	if _, err := mail.ParseAddress(c.MailFrom); err != nil {
		return wrong("mail-from", c.MailFrom, "the sender's address, such as Frontline <frontline@example.com>")
	}
	c.mail = m
	return nil
}

// readMailIn reads where mail for the desk comes in.
func (c *checked) readMailIn() error {
	if c.MailIn != "" {
		if err := address("mail-in", c.MailIn); err != nil {
			return err
		}
	}
	if c.MailDesk == "" {
		return nil
	}
	if a, err := mail.ParseAddress(c.MailDesk); err != nil || a.Address != c.MailDesk {
		return wrong("mail-desk", c.MailDesk, "the desk's mail address alone, such as support@example.com")
	}
	return nil
}

// readMailbox reads where mail for the desk is fetched.
func (c *checked) readMailbox(getenv func(string) string) error {
	if c.Mailbox == "" {
		return nil
	}
	u, err := url.Parse(c.Mailbox)
	expected := "imaps://USER@HOST:993/INBOX or imap://USER@HOST:143/INBOX"
	if err != nil || (u.Scheme != "imap" && u.Scheme != "imaps") || u.Hostname() == "" || u.User.Username() == "" {
		return wrong("mailbox", store.Masked(c.Mailbox), expected)
	}
	if _, has := u.User.Password(); has {
		return fault.Wrong("mailbox", "--mailbox (FRONTLINE_MAILBOX) holds a password. Put it into FRONTLINE_MAILBOX_PASSWORD and leave it out of the address.")
	}
	m := &email.MailboxSettings{Host: u.Hostname(), Port: 143, TLS: email.StartTLS, User: u.User.Username(), Password: secret.New(getenv("FRONTLINE_MAILBOX_PASSWORD")), Folder: strings.Trim(u.Path, "/")}
	if u.Scheme == "imaps" {
		m.TLS, m.Port = email.Implicit, 993
	}
	switch t := u.Query().Get("tls"); {
	case t == "none" && u.Scheme == "imap":
		m.TLS = email.None
	case t != "":
		return wrong("mailbox", c.Mailbox, expected)
	}
	if p := u.Port(); p != "" {
		if m.Port, err = strconv.Atoi(p); err != nil {
			return wrong("mailbox", c.Mailbox, expected)
		}
	}
	if m.Password.Empty() {
		return fault.Wrong("mailbox", "--mailbox (FRONTLINE_MAILBOX) needs a password. Put it into FRONTLINE_MAILBOX_PASSWORD.")
	}
	m.Roots, err = certificates(c.MailCA)
	c.mailbox = m
	return err
}

// certificates adds a file's certificates to the system's; nil stands for the system's alone.
func certificates(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, wrong("mail-ca", path, "a readable file with certificates in PEM")
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, wrong("mail-ca", path, "a readable file with certificates in PEM")
	}
	return pool, nil
}

func (c *checked) readHeartbeat() error {
	if c.Heartbeat == "" {
		return nil
	}
	u, err := url.Parse(c.Heartbeat)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return wrong("heartbeat", "***", "a web address such as https://hc.example.com/ping/…")
	}
	c.heartbeat = secret.New(c.Heartbeat)
	return nil
}

// String names the settings for the log, without secrets.
func (c checked) String() string {
	return fmt.Sprintf("database=%s listen=%s url=%s", store.Masked(c.Database), c.Listen, c.base)
}
