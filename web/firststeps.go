package web

import (
	"context"
	"fmt"
	"strings"
	"time"

	"frontline/people"
	"frontline/secret"
)

// firstStep is one thing to do before Frontline can page anybody.
type firstStep struct {
	Done  bool
	Title string
	Text  string
	Code  string // to copy
	Next  link
}

// homeFirst tells an admin what to do next, with the exact commands, as long as nobody can be paged.
func (s *Server) homeFirst(ctx context.Context, v *visit, now homeNow, scr *homeScreen) error {
	b := now.Book
	ready := len(b.Rotations()) > 0 && len(b.Policies()) > 0 && len(b.Sources()) > 0
	if ready || people.May(v.Actor, people.Configure, people.Subject{}) != nil {
		return nil
	}
	tokens, err := s.deps.Tokens.TokensOf(ctx, v.Actor)
	if err != nil {
		return err
	}
	base := strings.TrimSuffix(s.deps.Base.String(), "/")
	scr.First = []firstStep{
		{Title: "Make an API token", Text: "The command line acts with it as you.", Done: len(tokens) > 0, Next: link{"API tokens", "/me/tokens"}},
		{Title: "Describe your company in a folder", Done: len(b.Rotations()) > 0 && len(b.Policies()) > 0, Code: firstFolder(v),
			Text: "Keep it under git: who is on call, who is paged when, what sends alerts. This is enough to begin with; to be paged on a phone, subscribe to the topic in the ntfy app."},
		{Title: "Apply the folder", Text: "All or nothing. Add --dry-run to see what would change.", Done: len(b.Sources()) > 0,
			Code: "export FRONTLINE_SERVER=" + base + "\nexport FRONTLINE_TOKEN=fl_…  # the token of the first step\nfrontline apply -f ops --adopt"},
		{Title: "Point your monitoring system here", Text: "Its address here ends with the token that applying the folder printed.", Next: link{"Sources", "/sources"}},
		{Title: "See that a page arrives", Text: "Send yourself a test page and acknowledge it on your phone.", Next: link{"On call", "/oncall"}},
	}
	return nil
}

// firstFolder is the smallest configuration that pages the person who reads it.
func firstFolder(v *visit) string {
	p, zone := v.Person, v.Zone.String()
	today := v.Now.In(v.Zone)
	monday := today.AddDate(0, 0, -(int(today.Weekday())+6)%7).Format(time.DateOnly)
	topic := "frontline-" + p.ID + "-" + secret.Hash("first topic " + p.ID + p.Email)[:8]
	return fmt.Sprintf(`mkdir -p ops
cat > ops/company.yaml <<'END'
teams:
  - {id: support, name: Technical support}
people:
  - id: %[1]s
    name: %[2]q
    email: %[3]s
    role: admin
    teams: [support]
    zone: %[4]s
    contacts:
      - {channel: ntfy, address: https://ntfy.sh/%[5]s}
services:
  - {id: product, name: Our product, team: support, policy: critical}
rotations:
  - id: first-line
    name: First line
    team: support
    zone: %[4]s
    handoff_day: monday
    handoff_time: "08:00"
    start: %[6]s
    members: [%[1]s]
policies:
  - id: critical
    name: Critical
    team: support
    steps:
      - targets: [{rotation: first-line}]
    last_resort: %[1]s
sources:
  - {id: alertmanager, name: Alertmanager, kind: alertmanager, service: product}
END`, p.ID, p.Name, p.Email, zone, topic, monday)
}
