package gitlab

import (
	"testing"
	"time"

	"frontline/desk"
	"frontline/desk/trackertest"
	"frontline/e2e/played"
	"frontline/fault"
	"frontline/secret"
)

func TestConforms(t *testing.T) {
	for name, signs := range map[string]bool{"with a secret token": false, "with a signing token": true} {
		t.Run(name, func(t *testing.T) {
			trackertest.Run(t, func(t *testing.T) (desk.Tracker, trackertest.Played) {
				s := played.OpenGitLab(t)
				s.Signs = signs
				return New(), s
			})
		})
	}
}

// A signed call is worth nothing five minutes later, and nothing with another body.
func TestSignedCallsAreFresh(t *testing.T) {
	s := played.OpenGitLab(t)
	s.Signs = true
	i, err := New().Open(t.Context(), s.Target(), desk.NewIssue{Mark: "frontline:0", Title: "x", Text: "y"})
	if err != nil {
		t.Fatal(err)
	}
	h, body := s.Call(i.Key)
	shared := secret.New(trackertest.Shared)
	if _, err := New().Hear(h.Get, body, shared, trackertest.Start.Add(6*time.Minute)); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("six minutes later: %v", err)
	}
	if _, err := New().Hear(h.Get, append(body, ' '), shared, trackertest.Start); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("one byte more: %v", err)
	}
}

func TestCheck(t *testing.T) {
	for project, fine := range map[string]bool{"verity/decision-pipeline": true, "verity/core/pipeline": true, "4711": true, "pipeline": false} {
		if wrong := Check(desk.TrackerDefinition{Project: project}); (len(wrong) == 0) != fine {
			t.Errorf("project %q: %v", project, wrong)
		}
	}
}
