package app

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"frontline/fault"
)

// hidden stands for the passwords that settings may hold.
const hidden = "correct-horse-7f3"

// FuzzSettingsFile gives a settings file of any form. What is refused is refused as a fault, which never shows what another line holds.
func FuzzSettingsFile(f *testing.F) {
	f.Add("listen: 127.0.0.1:8080\nurl: https://frontline.verity.example\nzone: Europe/Tallinn\n")
	f.Add("mail: smtps://frontline@mail.verity.example\nmail-from: Frontline <frontline@verity.example>\n")
	f.Add("listen: [\n")
	f.Add("\tlisten: :8080\n")
	f.Add("listen: &a [*a]\n<<: *a\n")
	f.Add("color: red\n? [a]\n: b\n")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := SettingsFile(strings.NewReader("database: postgres://frontline:" + hidden + "@db.verity.example/frontline\n" + text))
		if err == nil {
			err = file.Validate(&kong.Application{Node: &kong.Node{}})
		}
		if err != nil && (!fault.Is(err, fault.Invalid) || fault.Sentence(err) == "" || strings.Contains(err.Error(), hidden)) {
			t.Errorf("refused as %s: %v", fault.KindOf(err), err)
		}
	})
}

// FuzzSettings gives the settings that are addresses any text. A refusal names a setting and shows no password.
func FuzzSettings(f *testing.F) {
	f.Add("127.0.0.1:8080", "https://frontline.verity.example", "Europe/Tallinn", "smtp://frontline@mail.verity.example:587", "Frontline <frontline@verity.example>", "https://hc.verity.example/ping/1")
	f.Add(":0", "http://localhost", "UTC", "smtp://mail.verity.example:25?tls=none", "f@verity.example", "")
	f.Add("[::1]:8080", "https://frontline.verity.example/desk", "Local", "smtps://a%zz@b", "f", "ftp://x")
	f.Add("[::", "http://[::1", "../etc/passwd", "smtp://[", "\r\nBcc: x@y", "http://%41:8080/")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, listen, base, zone, mail, from, beat string) {
		s := valid(t)
		s.Database = "sqlite:" + filepath.Join(dir, "f.db")
		s.Listen, s.URL, s.Zone, s.Mail, s.MailFrom, s.Heartbeat = listen, base, zone, strings.Replace(mail, "@", ":"+hidden+"@", 1), from, beat
		c, err := s.check(none)
		switch {
		case err == nil && (c.base == nil || c.zone == nil || c.mail != nil && (c.mail.port < 1 || c.mail.port > 65535)):
			t.Errorf("taken as %+v", c)
		case err != nil && (!fault.Is(err, fault.Invalid) || len(fault.FieldsOf(err)) == 0 || strings.Contains(err.Error(), hidden)):
			t.Errorf("refused as %s: %v", fault.KindOf(err), err)
		}
	})
}
