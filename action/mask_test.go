package action

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"frontline/fault"
	"frontline/secret"
)

func maskOf(values ...string) masker {
	all := map[string]secret.Text{}
	for i, v := range values {
		all[fmt.Sprint(i)] = secret.New(v)
	}
	return newMasker(all)
}

func TestMaskText(t *testing.T) {
	for name, c := range map[string]struct {
		secrets []string
		text    string
		want    string
	}{
		"none":                {nil, "nothing to hide", "nothing to hide"},
		"empty":               {[]string{""}, "nothing to hide", "nothing to hide"},
		"inside":              {[]string{"hunter2"}, "user:hunter2@host", "user:***@host"},
		"longest first":       {[]string{"abcd", "abcdef"}, "abcdef abcd", "*** ***"},
		"short":               {[]string{"x1"}, "x1x2", "***x2"},
		"trailing line break": {[]string{"hunter2\n"}, "hunter2", "***"},
		"line by line":        {[]string{"-----BEGIN-----\nMIIB4711\n-----END-----"}, "read MIIB4711", "read ***"},
		"password of a URL":   {[]string{"amqp://desk:s%2Fecret@rabbit:5672/v"}, "login desk s/ecret refused", "login desk *** refused"},
		"escaped in a URL":    {[]string{"a b/c"}, "?q=a+b%2Fc and a%20b%2Fc", "?q=*** and ***"},
		"in JSON":             {[]string{`say "hi" & go`}, `{"k":"say \"hi\" \u0026 go"} {"k":"say \"hi\" & go"}`, `{"k":"***"} {"k":"***"}`},
		"in base64":           {[]string{"hunter2!"}, base64.StdEncoding.EncodeToString([]byte("hunter2!")), "***"},
	} {
		if got := maskOf(c.secrets...).text(c.text); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestMaskLeavesNoSecret(t *testing.T) {
	word := rapid.StringMatching(`[a-z"/ ä%&]{1,12}`)
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(word, 1, 4).Draw(t, "secrets")
		var text strings.Builder
		for range rapid.IntRange(1, 6).Draw(t, "parts") {
			v := rapid.SampledFrom(values).Draw(t, "secret")
			form := rapid.SampledFrom([]string{v, url.QueryEscape(v), url.PathEscape(v), quoted(v, true), quoted(v, false)}).Draw(t, "form")
			text.WriteString(form + rapid.StringMatching(`[A-Z=\n]{0,5}`).Draw(t, "between"))
		}
		got := maskOf(values...).text(text.String())
		for _, v := range values {
			if strings.Contains(got, v) {
				t.Fatalf("%q masked of %q is %q", text.String(), values, got)
			}
		}
	})
}

func TestMaskedErrorKeepsItsKind(t *testing.T) {
	err := &fault.Error{Kind: fault.Unavailable, Say: "hunter2 was refused.", After: time.Minute, Cause: errors.New("dial hunter2"),
		Fields: []fault.Field{{Name: "password", Say: "not hunter2"}}}
	got := maskOf("hunter2").err(fmt.Errorf("wrapped with hunter2: %w", err))
	want := "*** was refused. [password: not ***]: wrapped with ***: *** was refused. [password: not ***]: dial ***"
	if got.Error() != want || fault.KindOf(got) != fault.Unavailable || !fault.Again(got) {
		t.Errorf("masked error = %q of kind %s, want %q", got.Error(), fault.KindOf(got), want)
	}
	if maskOf("x").err(nil) != nil {
		t.Error("no error became one")
	}
}

func TestMaskedKeepsDigits(t *testing.T) {
	p := Plan{Summary: "hunter2", Changes: []Change{{What: "a <b>", Count: 9007199254740993}},
		At: time.Date(2026, 11, 24, 0, 41, 0, 123000, time.UTC)}
	got, err := masked(maskOf("hunter2"), p)
	if err != nil {
		t.Fatal(err)
	}
	p.Summary = "***"
	if diff := cmp.Diff(p, got); diff != "" {
		t.Errorf("masked plan (-want +got):\n%s", diff)
	}
}

func TestPlainFacts(t *testing.T) {
	got := plainFacts(map[string]any{"n": 3, "f": 1.5, "ok": true, "id": "inc-31", "vhost": "eu/1", "words": "two words", "long": strings.Repeat("a", 65),
		"empty": "", "list": []int{1}, "a key": 1})
	want := map[string]any{"n": 3, "f": 1.5, "ok": true, "id": "inc-31", "vhost": "eu/1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

func TestPlanHashBindsEverythingSeen(t *testing.T) {
	p := Plan{Summary: "Takes one out.", At: time.Date(2026, 11, 24, 0, 41, 0, 0, time.UTC)}
	inputs := map[string]any{"queue": "decisions"}
	one := hashPlan("v1", inputs, p)
	if one != hashPlan("v1", map[string]any{"queue": "decisions"}, p) {
		t.Error("the same plan has two hashes")
	}
	later, moved := p, p
	later.At = p.At.Add(time.Microsecond)
	moved.Private = json.RawMessage(`{"head":2}`)
	for name, other := range map[string]string{"version": hashPlan("v2", inputs, p), "inputs": hashPlan("v1", nil, p), "time": hashPlan("v1", inputs, later), "private": hashPlan("v1", inputs, moved)} {
		if other == one {
			t.Errorf("another %s has the same hash", name)
		}
	}
}

func TestCutKeepsWholeCharacters(t *testing.T) {
	if got := cut("öööö", 3); got != "ö… (6 more bytes)" {
		t.Errorf("cut = %q", got)
	}
	if got := cut("abc", 3); got != "abc" {
		t.Errorf("cut = %q", got)
	}
}
