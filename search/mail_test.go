package search

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The mails in testdata/mail are written as the mail programs named by the files write them. What belongs to "=== kept" is expected to be kept.
func TestMail(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "mail", "*.txt"))
	if err != nil || len(files) < 15 {
		t.Fatalf("%d mails, %v", len(files), err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		mail, want, ok := strings.Cut(string(text), "=== kept\n")
		if !ok {
			t.Fatalf("%s: no line === kept", name)
		}
		got := Mail(mail)
		if diff := cmp.Diff(strings.TrimSpace(want), got.Kept()); diff != "" {
			t.Errorf("%s (-want +kept):\n%s", name, diff)
		}
		joined(t, mail, got)
	}
}

func joined(t interface{ Fatalf(string, ...any) }, whole string, p Parts) {
	at := 0
	for i, part := range p.Parts {
		if part.From != at || part.To <= part.From || i > 0 && p.Parts[i-1].Kind == part.Kind {
			t.Fatalf("part %d of %v does not follow in %q", i, p.Parts, whole)
		}
		at = part.To
	}
	if at != len(whole) || p.Whole != whole {
		t.Fatalf("the parts %v end at %d of %d", p.Parts, at, len(whole))
	}
}

// TestWritten holds what must never be cut.
func TestWritten(t *testing.T) {
	for _, s := range []string{
		"Thanks!\n\nIt works now, but one session still hangs.",
		"On the phone the customer wrote: nothing arrived.\nWhat shall we answer?",
		"On Monday the log of the pipeline wrote:\nERROR timeout after 12:30\nWhat is it?",
		"From: the first of May\nthe price changes. Is that known?",
		"I compared 5 > 3 and a -- b.\nBoth fail.",
		"Best effort was promised.\nDanke für die Mühe, aber es geht nicht.",
		"Gracias\n¿Pueden repetir la decisión de esta sesión? El cliente espera.",
		"Thank you\nOne more question about the invoice: why is it twice the usual amount this month?",
		"",
		"   ",
	} {
		if got := Mail(s).Kept(); got != strings.TrimSpace(s) {
			t.Errorf("%q: kept only %q", s, got)
		}
	}
}

func TestTraces(t *testing.T) {
	for name, c := range map[string]struct{ text, kept string }{
		"java": {"It fails:\njava.lang.IllegalStateException: no result for session\n\tat io.verity.Pipeline.run(Pipeline.java:88)\n\tat java.base/java.lang.Thread.run(Thread.java:840)\n" +
			"Caused by: io.verity.DocumentTimeoutException: OCR\n\tat io.verity.Ocr.read(Ocr.java:12)\n\t... 2 more\nWhat now?",
			"It fails:\njava.lang.IllegalStateException: no result for session\nCaused by: io.verity.DocumentTimeoutException: OCR\nWhat now?"},
		"python": {"Traceback (most recent call last):\n  File \"app.py\", line 3, in <module>\n    run(x)\n    ^^^^^^\nValueError: bad amount", "ValueError: bad amount"},
		"go":     {"panic: runtime error: index out of range [3]\n\ngoroutine 1 [running]:\nmain.run(0x12)\n\t/home/liis/main.go:12 +0x1d\nexit status 2", "panic: runtime error: index out of range [3]"},
		"js":     {"TypeError: x is undefined\n    at decide (/srv/app/decide.js:10:4)\n    at async Server.handle (node:http:12:1)", "TypeError: x is undefined"},
		"net":    {"System.NullReferenceException: Object reference\n   at Verity.Decide.Run(Session s) in C:\\src\\Decide.cs:line 12\n--- End of inner exception stack trace ---\nhelp", "System.NullReferenceException: Object reference\nhelp"},
		"php":    {"PHP Fatal error: Uncaught Error\nStack trace:\n#0 /var/www/a.php(3): f()\n#1 {main}\nthen", "PHP Fatal error: Uncaught Error\nthen"},
		"none":   {"Please meet me at the office (room 3)\nfrom 12:30 on\n#1 priority: the queue", "Please meet me at the office (room 3)\nfrom 12:30 on\n#1 priority: the queue"},
	} {
		got := Traces(c.text)
		joined(t, c.text, got)
		squeezed := strings.ReplaceAll(got.Kept(), "\n\n", "\n")
		if diff := cmp.Diff(c.kept, squeezed); diff != "" {
			t.Errorf("%s (-want +kept):\n%s", name, diff)
		}
	}
}

func TestPlaceholders(t *testing.T) {
	for in, want := range map[string]string{
		"mail marta.põld@arco-movil.example please":                       "mail <email> please",
		"session 0195f3a2-1111-7abc-8def-001122334455 hangs":              "session <uuid> hangs",
		"since 2026-11-23T09:12:33Z and 23.11.2026 until 14:05":           "since <time> and <time> until <time>",
		"from 10.2.33.4:8080":                                             "from <ip>",
		`see C:\Users\liis\log.txt or /var/log/pipeline/out.log`:          "see <path> or <path>",
		"in src/decide/run.go:12 it panics":                               "in <path> it panics",
		"POST /v1/decisions/8812345/retry gives 502":                      "POST /v1/decisions/<id>/retry gives 502",
		"GET https://api.verity.example/v2/sessions?id=12&x=9 is slow":    "GET https://api.verity.example/v2/sessions is slow",
		"NullPointerException in DecisionService":                         "NullPointerException in DecisionService",
		"customer cus_9f3k2m1q8 and sess-AB12CD34EF":                      "customer cus <id> and sess <id>",
		"hash 3fa85f64a1 but deadbeef and authentication stay":            "hash <id> but deadbeef and authentication stay",
		"call +372 5123 4567 or pay 120 EUR for 3 checks, error 40312345": "call <id> or pay 120 EUR for 3 checks, error <id>",
		"Kundennummer 4711, Straße 12":                                    "Kundennummer 4711, Straße 12",
		"":                                                                "",
	} {
		if got := Placeholders(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

// TestHintsHideNothing compares with what is found when every expression is tried.
func TestHintsHideNothing(t *testing.T) {
	plainly := func(text string) string {
		text = address.ReplaceAllString(text, "<email>")
		text = uuid.ReplaceAllString(text, "<uuid>")
		text = query.ReplaceAllString(text, "$1")
		text = network.ReplaceAllString(text, "<ip>")
		text = instant.ReplaceAllString(text, "<time>")
		text = windows.ReplaceAllString(text, "<path>")
		text = unix.ReplaceAllString(text, "$1<path>")
		text = file.ReplaceAllString(text, "$1<path>")
		text = prefixed.ReplaceAllStringFunc(text, prefixedID)
		text = hexadec.ReplaceAllStringFunc(text, idWithDigits(1))
		text = mixed.ReplaceAllStringFunc(text, idWithDigits(2))
		return digits.ReplaceAllString(text, "$1<id>")
	}
	pieces := []string{"liis@verity.example", "0xdeadbeef", "deadbeef-dead-beef-dead-beefdeadbeef", "https://a.example/b?c=1#d", "10.0.0.1", "2026-11-23T10:00", "9:05", "1.2.26",
		`C:\logs\x`, "/var/log/x", "~/a", "./a/b.go:12", "sess_9f3k2m1q", "a1b2c3d4e5f6", "12 34 56", "+4930123456", "deadbeef1", "refund", " ", " ", " ", "\n", "-", ".", "/", "@", "_", "1", "ä"}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(pieces), rapid.StringMatching(`[a-z0-9@./_: -]{0,14}`)), 1, 12).Draw(t, "text"), "")
		if got, want := Placeholders(text), plainly(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	})
}

func TestNormalKeepsSomething(t *testing.T) {
	quote := "On Mon, 23 Nov 2026 at 09:12, Liis Tamm <liis@nordpank.example> wrote:\n> It hangs."
	if got := Normal(quote); !strings.Contains(got, "It hangs") {
		t.Errorf("of a mail that is only a quotation %q is left", got)
	}
	if got := Normal("still broken\n\n" + quote); got != "still broken" {
		t.Errorf("got %q", got)
	}
}

// Whatever comes in, the parts are the whole, and normalising stays valid and short.
func FuzzMail(f *testing.F) {
	files, _ := filepath.Glob(filepath.Join("testdata", "mail", "*.txt"))
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("--\n\n> \n>\n-----Original Message-----\r\n\tat x.y(z)\n\xff")
	f.Fuzz(func(t *testing.T, s string) {
		joined(t, s, Mail(s))
		joined(t, s, Traces(s))
		if p := Mail(s); len(strings.TrimSpace(p.Kept()))+len(p.Cut()) > len(s) {
			t.Fatalf("%q: more than the whole", s)
		}
		n := Normal(s)
		if strings.TrimSpace(s) != "" && strings.TrimSpace(n) == "" {
			t.Fatalf("%q: nothing is left", s)
		}
		if n != strings.ToValidUTF8(n, "") {
			t.Fatalf("%q: %q is not valid", s, n)
		}
	})
}

func TestPartsOfAnything(t *testing.T) {
	pieces := []string{"> quoted\n", "Hello there\n", "On Mon, 23 Nov 2026 at 09:12, A <a@b.example> wrote:\n", "-- \n", "Liis Tamm\n", "\n", "Best regards,\n",
		"From: A\n", "Sent: today\n", "To: B\n", "Subject: C\n", "-----Original Message-----\n", "Sent from my iPhone\n", "---------- Forwarded message ---------\n", "\tat a.b(C.java:1)\n"}
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 12).Draw(t, "lines"), "")
		joined(t, s, Mail(s))
		if again := Mail(Mail(s).Kept()); strings.Contains(again.Kept(), "> quoted") && !strings.Contains(s, "Forwarded") {
			t.Fatalf("a quotation was kept of %q", s)
		}
	})
}
