package api

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/fault"
	"frontline/watch"
)

func TestCountsAreReadAsJSONAndCSV(t *testing.T) {
	want := []watch.Count{{At: time.Date(2026, 11, 23, 14, 7, 0, 0, time.UTC), Labels: map[string]string{"customer": "nordpank", "country": "EE"}, Errors: 2, Total: 130}}
	for kind, body := range map[string]string{
		"application/json":         `{"counts":[{"at":"2026-11-23T14:07:00Z","labels":{"customer":"nordpank","country":"EE"},"errors":2,"total":130}]}`,
		"text/csv; charset=utf-8":  "\ufeffat,customer,country,errors,total\n2026-11-23T14:07:00Z,nordpank,EE,2,130\n",
		"application/octet-stream": `{"counts":[{"at":"2026-11-23T14:07:00Z","labels":{"customer":"nordpank","country":"EE"},"errors":2,"total":130}]}`,
	} {
		got, err := readCounts(kind, []byte(body))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", kind, err, diff)
		}
	}
	for body, say := range map[string]string{
		"at,total\n":                            "names the columns",
		"at,errors\nyesterday,2\n":              `Line 2 has "yesterday" in the column at`,
		"at,errors\n2026-11-23T14:07:00Z,few\n": `Line 2 has "few" in the column errors`,
		"at,errors\n2026-11-23T14:07:00Z\n":     "cannot be read",
	} {
		if _, err := readCounts("text/csv", []byte(body)); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Sentence(err), say) {
			t.Errorf("%q: %v", body, err)
		}
	}
	if _, err := readCounts("application/json", []byte(`{"counts":[{"when":1}]}`)); !fault.Is(err, fault.Invalid) {
		t.Errorf("an unknown field: %v", err)
	}
}

func FuzzCounts(f *testing.F) {
	f.Add("text/csv", "at,errors,total\n2026-11-23T14:07:00Z,2,130\n")
	f.Add("application/json", `{"counts":[{"at":"2026-11-23T14:07:00Z","errors":2}]}`)
	f.Fuzz(func(t *testing.T, kind, body string) {
		if _, err := readCounts(kind, []byte(body)); err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
	})
}
