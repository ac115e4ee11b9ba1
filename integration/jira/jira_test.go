package jira

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"frontline/desk"
	"frontline/desk/trackertest"
	"frontline/e2e/played"
)

func TestConforms(t *testing.T) {
	for name, version := range map[string]string{"Cloud": "3", "Data Center": "2"} {
		t.Run(name, func(t *testing.T) {
			trackertest.Run(t, func(t *testing.T) (desk.Tracker, trackertest.Played) { return New(), played.OpenJira(t, version) })
		})
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		d    desk.TrackerDefinition
		want int
	}{
		{desk.TrackerDefinition{Project: "PIPE", Address: "https://jira.verity.example"}, 0},
		{desk.TrackerDefinition{Project: "PIPE", Address: "https://verity.atlassian.net", User: "support@verity.example"}, 0},
		{desk.TrackerDefinition{Project: "PIPE", Address: "https://verity.atlassian.net"}, 1},
		{desk.TrackerDefinition{Project: `PIPE" OR 1=1`, Address: "https://jira.verity.example", API: "4", Labels: []string{"two words"}}, 3},
	} {
		if wrong := Check(c.d); len(wrong) != c.want {
			t.Errorf("%+v: %v, want %d", c.d, wrong, c.want)
		}
	}
}

const sample = "## What happens\n\n> It **breaks**.\n> Twice.\n\n- one\n- `two`\n  - three\n\nSee [the log](https://logs.example/1) or https://x.example/2.\n\n```\ncode {here}\n```\n\n---\n\n1. first\n"

func TestWiki(t *testing.T) {
	want := "h2. What happens\n\n{quote}\nIt *breaks*.\nTwice.\n{quote}\n\n* one\n* {{two}}\n** three\n\nSee [the log|https://logs.example/1] or https://x.example/2.\n\n{noformat}\ncode {here}\n{noformat}\n\n----\n\n# first"
	if d := cmp.Diff(want, wiki(sample)); d != "" {
		t.Error(d)
	}
}

// A document has only what its format allows, no empty text, and says the same words.
func TestDocument(t *testing.T) {
	raw, err := json.Marshal(document(sample))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"type":"heading"`, `"type":"blockquote"`, `"type":"strong"`, `"type":"bulletList"`, `"href":"https://logs.example/1"`, `"href":"https://x.example/2"`, `"type":"codeBlock"`, `"type":"rule"`, `"type":"orderedList"`} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("no %s in %s", want, raw)
		}
	}
	if strings.Contains(string(raw), `"text":""`) {
		t.Error("an empty text, which Jira refuses")
	}
	for _, want := range []string{"What happens", "It breaks.", "- three", "the log", "code {here}"} {
		if said := plainText(raw); !strings.Contains(said, want) {
			t.Errorf("%q is lost in %q", want, said)
		}
	}
}

func FuzzWords(f *testing.F) {
	f.Add(sample)
	f.Add("<b>x</b> ![a](b) ***a** b*\n\n<!-- c -->\n> # h\n> > q")
	f.Fuzz(func(t *testing.T, s string) {
		_ = wiki(s)
		raw, err := json.Marshal(document(s))
		if err != nil || strings.Contains(string(raw), `"text":""`) {
			t.Errorf("%q becomes %s, %v", s, raw, err)
		}
		_ = plainText(raw)
	})
}
