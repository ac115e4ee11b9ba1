package github

import (
	"strings"
	"testing"

	"frontline/desk"
	"frontline/desk/trackertest"
	"frontline/e2e/played"
	"frontline/fault"
	"frontline/secret"
)

func TestConforms(t *testing.T) {
	trackertest.Run(t, func(t *testing.T) (desk.Tracker, trackertest.Played) { return New(), played.OpenGitHub(t) })
}

func TestCheck(t *testing.T) {
	for project, fine := range map[string]bool{"verity/decision-pipeline": true, "verity": false, "verity/a/b": false, "verity/../x": false, "https://github.com/verity/x": false} {
		if wrong := Check(desk.TrackerDefinition{Project: project}); (len(wrong) == 0) != fine {
			t.Errorf("project %q: %v", project, wrong)
		}
	}
	if wrong := Check(desk.TrackerDefinition{Project: "verity/x", User: "a", API: "3"}); len(wrong) != 2 {
		t.Errorf("user and api: %v", wrong)
	}
}

// A change of one byte in the body is noticed, also where it means nothing.
func TestEveryByteIsSigned(t *testing.T) {
	s := played.OpenGitHub(t)
	k := New()
	i, err := k.Open(t.Context(), s.Target(), desk.NewIssue{Mark: "frontline:0", Title: "x", Text: "y"})
	if err != nil {
		t.Fatal(err)
	}
	h, body := s.Call(i.Key)
	if _, err := k.Hear(h.Get, append(body, '\n'), secret.New(trackertest.Shared), trackertest.Start); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("one byte more: %v", err)
	}
	h.Set("X-Hub-Signature-256", strings.TrimPrefix(h.Get("X-Hub-Signature-256"), "sha256="))
	if _, err := k.Hear(h.Get, body, secret.New(trackertest.Shared), trackertest.Start); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("without its name: %v", err)
	}
}

// A ping is taken, and is about nothing.
func TestPing(t *testing.T) {
	s := played.OpenGitHub(t)
	k := New()
	i, err := k.Open(t.Context(), s.Target(), desk.NewIssue{Mark: "frontline:0", Title: "x", Text: "y"})
	if err != nil {
		t.Fatal(err)
	}
	h, body := s.Call(i.Key)
	h.Set("X-GitHub-Event", "ping")
	if got, err := k.Hear(h.Get, body, secret.New(trackertest.Shared), trackertest.Start); err != nil || got.Key != "" {
		t.Errorf("a ping: %+v %v", got, err)
	}
}
