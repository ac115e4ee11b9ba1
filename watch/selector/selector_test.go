package selector

import (
	"testing"

	"frontline/fault"
)

func TestSelectorsChoose(t *testing.T) {
	errors := map[string]string{Name: "decisions_total", "outcome": "error", "env": "live", "odd.label": "a\"b\nc"}
	for text, want := range map[string]bool{
		`decisions_total`: true, `decisions`: false, ` decisions_total { } `: true, `job:decisions:rate`: false,
		`decisions_total{outcome="error"}`: true, `decisions_total{outcome='error',}`: true, "decisions_total{outcome=`error`}": true,
		`decisions_total{outcome!="error"}`: false, `decisions_total{absent=""}`: true, `decisions_total{absent!=""}`: false,
		`decisions_total{outcome=~"err|timeout"}`: false, `decisions_total{outcome=~"err.*|timeout", env!~"test.*"}`: true, `decisions_total{outcome!~"e.+"}`: false,
		`{__name__=~"decisions_.+", outcome = "error"}`: true, `{"decisions_total", "odd.label"="a\"b\nc"}`: true, `{outcome="error"}`: true,
		`decisions_total{"odd.label"=~"a.*c"}`: true, `decisions_total{absent=~".*"}`: true,
	} {
		s, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := s.Matches(func(l string) string { return errors[l] }); got != want {
			t.Errorf("%s chooses %t", text, got)
		}
	}
}

func TestWhatIsNoSelector(t *testing.T) {
	for _, text := range []string{``, `{}`, `{a=""}`, `{a=~".*"}`, `sum(x)`, `rate(x[1m])`, `x{`, `x{a}`, `x{a=}`, `x{a="b"`, `x{a="b}`, `x{a="b" c="d"}`, `x{a=~"("}`, `x{a="\q"}`, `x offset 5m`, `1x`, `x{="b"}`, "x{a=`b}"} {
		if _, err := Parse(text); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s is taken: %v", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`decisions_total{outcome=~"err.*|timeout", env!~'test', "odd"!="x"}`)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err == nil && s.Matches(func(string) string { return "" }) {
			t.Errorf("%q chooses a series without labels", text)
		}
	})
}
