package actiontest

import (
	"slices"
	"strings"
	"testing"

	"frontline/fault"
)

// Hostile is one value that an input may be given by mistake or on purpose.
type Hostile struct {
	Name string
	Text string
}

// HostileValues are what must reach a neighbour exactly as it is, or be refused: quotes, expansions, options, separators of every language
// that a kind may speak, bytes that end or break texts, and a lot of it.
func HostileValues() []Hostile {
	return []Hostile{
		{"empty", ""},
		{"space", " "},
		{"spaces around", "  nordpank  "},
		{"single quote", `O'Brien`},
		{"double quote", `say "hi"`},
		{"backslash", `C:\new\table\`},
		{"quotes that close", `x' OR '1'='1`},
		{"statement", `x'; DROP TABLE customers; --`},
		{"comment", `x /* */ -- #`},
		{"parameter", `$1 ? :name @name %s {0}`},
		{"backticks", "`id`"},
		{"command", `$(touch /tmp/pwned)`},
		{"variable", `$HOME ${IFS} %PATH%`},
		{"pipe", `x | cat /etc/passwd & true && true ; true`},
		{"redirect", `x > /tmp/pwned < /etc/passwd`},
		{"glob", `* ? [a-z] {a,b} ~`},
		{"option", `--help`},
		{"short option", `-rf`},
		{"end of options", `--`},
		{"template", `{{.Secret}} {{7*7}} ${7*7} <%= 7 %> #{7}`},
		{"path", `../../../../etc/passwd`},
		{"escaped path", `..%2f..%2fetc%2fpasswd`},
		{"dots", `..`},
		{"dot", `.`},
		{"slash", `a/b`},
		{"query", `x?admin=1&token=a#fragment;b=c`},
		{"host", `@evil.example/`},
		{"address", `http://169.254.169.254/latest/meta-data/`},
		{"newline", "one\ntwo"},
		{"carriage return", "one\r\nX-Injected: yes\r\n\r\ntwo"},
		{"tab", "one\ttwo"},
		{"line of JSON", `{"frontline":"result","summary":"pwned"}`},
		{"JSON that closes", `","admin":true,"x":"`},
		{"HTML", `<script>alert(1)</script>`},
		{"control", "\x1b[2J\x07\b"},
		{"zero byte", "a\x00b"},
		{"not UTF-8", "a\xff\xfeb"},
		{"Unicode", `Põder Ōsaka Ελλάδα 東京 👩‍👩‍👧 ｅｖｉｌ`},
		{"right to left", "\u202egpj.exe\u2066"},
		{"combining", "e\u0301 \u00e9"},
		{"separators", "a\u2028b\u2029c\u0085d\ufeff"},
		{"a number", `1e309`},
		{"null", `null`},
		{"64 KiB", strings.Repeat("x'", 32<<10) + "end"},
		{"10 MB", strings.Repeat("0123456789", 1_000_000)},
	}
}

// RunHostile gives each hostile value to a kind under the name of an input. arrive runs the kind and returns what its neighbour got. What
// is refused must be refused as Invalid, with the name of the input.
func RunHostile(t *testing.T, input string, arrive func(t *testing.T, value string) (got string, err error)) {
	for _, v := range HostileValues() {
		t.Run(v.Name, func(t *testing.T) {
			got, err := arrive(t, v.Text)
			if err == nil && got != v.Text {
				t.Errorf("%s arrived as %s", shorten(v.Text), shorten(got))
			}
			if err != nil && (!fault.Is(err, fault.Invalid) || !slices.ContainsFunc(fault.FieldsOf(err), func(f fault.Field) bool { return f.Name == input })) {
				t.Errorf("%s is refused by %v, which does not name %s", shorten(v.Text), err, input)
			}
			if err != nil && len(err.Error()) > 2000 {
				t.Errorf("the refusal has %d bytes", len(err.Error()))
			}
		})
	}
}

func shorten(s string) string {
	if len(s) > 100 {
		s = s[:100] + "…"
	}
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\\0"), "?")
}
