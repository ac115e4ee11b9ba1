package action

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"frontline/fault"
)

type place struct {
	Server string `json:"server"`
}

type someSettings struct {
	place
	Wait   Duration `json:"wait"`
	Limits struct {
		Files int `json:"files"`
	} `json:"limits"`
}

func TestReadSettings(t *testing.T) {
	var s someSettings
	if err := ReadSettings("exec", json.RawMessage(`{"server":"x","wait":"90s","limits":{"files":7}}`), &s); err != nil || s.Server != "x" || time.Duration(s.Wait) != 90*time.Second || s.Limits.Files != 7 {
		t.Errorf("%+v, %v", s, err)
	}
	for raw, want := range map[string]struct{ field, say string }{
		`{"sever":"hunter2"}`:          {"sever", "exec knows server, wait, limits"},
		`{"server":["hunter2"]}`:       {"server", "does not take a JSON array"},
		`{"limits":{"files":"seven"}}`: {"limits.files", "does not take a JSON string"},
		`{"wait":7}`:                   {"wait", "does not take a JSON number"},
		`["hunter2"]`:                  {"", "a table of names and values"},
		`{`:                            {"", "a table of names and values"},
	} {
		err := ReadSettings("exec", json.RawMessage(raw), &someSettings{})
		var field, say string
		if f := fault.FieldsOf(err); len(f) > 0 {
			field, say = f[0].Name, f[0].Say
		} else {
			say = fault.Sentence(err)
		}
		if !fault.Is(err, fault.Invalid) || field != want.field || !strings.Contains(say, want.say) || strings.Contains(say, "hunter2") {
			t.Errorf("%s: %q %q, want %q with %q", raw, field, say, want.field, want.say)
		}
	}
	if err := ReadSettings("exec", json.RawMessage(`{"wait":"soon"}`), &s); err != nil || s.Wait >= 0 {
		t.Errorf("a duration that cannot be read is %s, %v", time.Duration(s.Wait), err)
	}
}

func TestDigestIsOfWhatWasAsked(t *testing.T) {
	digest := func(settings string, inputs map[string]any) string {
		d, err := Call{Settings: json.RawMessage(settings), Inputs: inputs}.Digest()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	first := digest(`{"a":1,"b":9007199254740993}`, map[string]any{"x": "y"})
	if digest(`{ "b": 9007199254740993, "a": 1 }`, map[string]any{"x": "y"}) != first {
		t.Error("the layout matters")
	}
	for _, other := range []string{digest(`{"a":1,"b":9007199254740992}`, map[string]any{"x": "y"}), digest(`{"a":1,"b":9007199254740993}`, map[string]any{"x": "z"})} {
		if other == first {
			t.Error("another call has the same digest")
		}
	}
}
