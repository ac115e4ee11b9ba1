package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"frontline/fault"
	"frontline/integration/email"
)

func valid(t *testing.T) Settings {
	return Settings{Database: "sqlite:" + filepath.Join(t.TempDir(), "f.db"), Listen: "127.0.0.1:8080", Zone: "Europe/Tallinn", LogLevel: "info", LogFormat: "text"}
}

func none(string) string { return "" }

func TestWrongSettingsNameThemselves(t *testing.T) {
	tests := map[string]struct {
		spoil func(*Settings)
		says  []string
	}{
		"database":    {func(s *Settings) { s.Database = "mysql://liis:hunter2@db/frontline" }, []string{"--database", "FRONTLINE_DATABASE", "mysql://", "sqlite:PATH", "postgres://"}},
		"no path":     {func(s *Settings) { s.Database = "sqlite:" }, []string{"--database", `"sqlite:"`, "sqlite:PATH"}},
		"bare path":   {func(s *Settings) { s.Database = "/var/lib/frontline.db" }, []string{"--database", `"/var/lib/frontline.db"`, "sqlite:PATH"}},
		"no folder":   {func(s *Settings) { s.Database = "sqlite:/proc/nowhere/f.db" }, []string{"/proc/nowhere", "--database", "writable"}},
		"listen":      {func(s *Settings) { s.Listen = "8080" }, []string{"--listen", "FRONTLINE_LISTEN", `"8080"`, "HOST:PORT"}},
		"zone":        {func(s *Settings) { s.Zone = "Tallinn" }, []string{"--zone", `"Tallinn"`, "Europe/Tallinn"}},
		"url":         {func(s *Settings) { s.URL = "frontline.verity.example" }, []string{"--url", "https://"}},
		"status":      {func(s *Settings) { s.StatusListen = "x" }, []string{"--status-listen", "FRONTLINE_STATUS_LISTEN"}},
		"mail":        {func(s *Settings) { s.Mail = "mail.verity.example" }, []string{"--mail", "smtp://"}},
		"mail from":   {func(s *Settings) { s.Mail = "smtp://mail.verity.example" }, []string{"--mail-from"}},
		"mailbox":     {func(s *Settings) { s.Mailbox = "mail.verity.example" }, []string{"--mailbox", "imaps://USER@HOST:993/INBOX"}},
		"whose":       {func(s *Settings) { s.Mailbox = "imaps://mail.verity.example" }, []string{"--mailbox", "USER@HOST"}},
		"its secret":  {func(s *Settings) { s.Mailbox = "imaps://support@mail.verity.example" }, []string{"--mailbox", "FRONTLINE_MAILBOX_PASSWORD"}},
		"open tls":    {func(s *Settings) { s.Mailbox = "imaps://support@mail.verity.example?tls=none" }, []string{"--mailbox"}},
		"in address":  {func(s *Settings) { s.Mailbox = "imaps://support:hunter2@mail.verity.example" }, []string{"--mailbox", "FRONTLINE_MAILBOX_PASSWORD"}},
		"heartbeat":   {func(s *Settings) { s.Heartbeat = "hc/ping" }, []string{"--heartbeat"}},
		"log level":   {func(s *Settings) { s.LogLevel = "loud" }, []string{"--log-level", `"loud"`, "debug, info, warn, error"}},
		"log format":  {func(s *Settings) { s.LogFormat = "xml" }, []string{"--log-format", "text, json"}},
		"keep output": {func(s *Settings) { s.KeepOutput = 400 * time.Minute }, []string{"--keep-output", "FRONTLINE_KEEP_OUTPUT", `"6h40m0s"`, "9600h", "24h"}},
		"runs":        {func(s *Settings) { s.RunsAtOnce = -1 }, []string{"--runs-at-once", "FRONTLINE_RUNS_AT_ONCE", `"-1"`, "2000"}},
		"budget":      {func(s *Settings) { s.Budget = "20" }, []string{"--budget", "FRONTLINE_BUDGET", `"20"`, "20/12h"}},
		"keep pages":  {func(s *Settings) { s.KeepPages = 400 * time.Minute }, []string{"--keep-pages", "FRONTLINE_KEEP_PAGES", `"6h40m0s"`, "9600h", "720h"}},
		"no key":      {func(s *Settings) { s.Database = "postgres://u@h/d" }, []string{"FRONTLINE_KEY", "openssl rand"}},
		"missing key": {func(s *Settings) { s.KeyFile = "/nowhere/key" }, []string{"--key-file", "/nowhere/key"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := valid(t)
			tt.spoil(&s)
			_, err := s.check(none)
			if !fault.Is(err, fault.Invalid) || len(fault.FieldsOf(err)) == 0 && name != "missing key" && name != "no folder" {
				t.Fatalf("check = %v, want a fault that names the setting", err)
			}
			for _, w := range tt.says {
				if !strings.Contains(fault.Sentence(err), w) {
					t.Errorf("%q does not say %q", fault.Sentence(err), w)
				}
			}
			if strings.Contains(fault.Sentence(err), "hunter2") {
				t.Errorf("%q shows the password", fault.Sentence(err))
			}
		})
	}
}

func TestPasswordsInAddressesAreRefusedAndNeverShown(t *testing.T) {
	s := valid(t)
	s.Mail, s.MailFrom = "smtp://liis:hunter2@mail.verity.example", "f@verity.example"
	_, err := s.check(none)
	if !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("check = %v, want a refusal without the password", err)
	}
}

func TestSQLiteMakesItsKeyOnce(t *testing.T) {
	s := valid(t)
	first, err := s.check(none)
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.check(none)
	if err != nil || !second.key.Equal(first.key.Reveal()) {
		t.Errorf("the second start has another key: %v", err)
	}
	info, err := os.Stat(strings.TrimPrefix(s.Database, "sqlite:") + ".key")
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v %v, want mode 600", info, err)
	}
}

func TestDefaultsComeFromTheEnvironment(t *testing.T) {
	dir := t.TempDir()
	s := valid(t)
	s.Database = ""
	c, err := s.check(func(name string) string { return map[string]string{"HOME": dir}[name] })
	if err != nil || c.Database != "sqlite:"+dir+"/.local/share/frontline/frontline.db" {
		t.Errorf("database = %q %v", c.Database, err)
	}
	if c.base.String() != "http://127.0.0.1:8080" || c.status.String() != "http://127.0.0.1:8080/status" {
		t.Errorf("url = %s, status = %s", c.base, c.status)
	}
}

func TestMailboxSettings(t *testing.T) {
	for address, want := range map[string]email.MailboxSettings{
		"imaps://support@mail.verity.example":             {Host: "mail.verity.example", Port: 993, TLS: email.Implicit, User: "support"},
		"imap://support@mail.verity.example:1143/Desk/In": {Host: "mail.verity.example", Port: 1143, TLS: email.StartTLS, User: "support", Folder: "Desk/In"},
		"imap://a%40b.example@localhost?tls=none":         {Host: "localhost", Port: 143, TLS: email.None, User: "a@b.example"},
	} {
		s := valid(t)
		s.Mailbox = address
		c, err := s.check(func(name string) string { return map[string]string{"FRONTLINE_MAILBOX_PASSWORD": "hunter2"}[name] })
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		got := *c.mailbox
		if !got.Password.Equal("hunter2") {
			t.Errorf("%s: the password is another one", address)
		}
		got.Password = want.Password
		if got != want {
			t.Errorf("%s: %+v, want %+v", address, got, want)
		}
	}
}
