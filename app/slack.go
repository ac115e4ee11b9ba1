package app

import (
	"context"
	"net/http"
	"strings"

	"frontline/config"
	"frontline/fault"
	"frontline/integration/slack"
	"frontline/job"
	"frontline/journal"
	"frontline/secret"
	"frontline/web"
)

// SlackSettings are how Slack is reached. Each secret is a reference: env:NAME or file:PATH.
type SlackSettings struct {
	Slack        string `help:"Where the Slack app's bot token (xoxb-…) is: env:NAME or file:PATH." env:"FRONTLINE_SLACK" placeholder:"REF"`
	SlackSigning string `help:"Where the Slack app's signing secret is, for calls over HTTP: env:NAME or file:PATH. Slack calls /in/slack." env:"FRONTLINE_SLACK_SIGNING" placeholder:"REF"`
	SlackApp     string `help:"Where the Slack app's own token (xapp-…) is, for Socket Mode: env:NAME or file:PATH. Then Slack needs no way in from the internet." env:"FRONTLINE_SLACK_APP" placeholder:"REF"`
	SlackGuests  bool   `help:"Let guests of the Slack workspace in whose confirmed address belongs to somebody in people." env:"FRONTLINE_SLACK_GUESTS"`
	SlackAPI     string `help:"Another address of Slack's Web API, such as that of a proxy." env:"FRONTLINE_SLACK_API" placeholder:"https://…"`
}

// readSlack finds Slack's secrets; without a bot's token there is no Slack.
func (c *checked) readSlack(getenv func(string) string) error {
	s := c.SlackSettings
	if s.Slack == "" {
		if s.SlackSigning != "" || s.SlackApp != "" {
			return fault.Wrong("slack", "Slack is set up by halves: give the bot's token too, with --slack (FRONTLINE_SLACK).")
		}
		return nil
	}
	out := slack.Settings{Guests: s.SlackGuests, API: s.SlackAPI}
	for _, x := range []struct {
		flag, ref string
		to        *secret.Text
	}{{"slack", s.Slack, &out.Token}, {"slack-signing", s.SlackSigning, &out.Signing}, {"slack-app", s.SlackApp, &out.App}} {
		if x.ref == "" {
			continue
		}
		if !strings.HasPrefix(x.ref, "env:") && !strings.HasPrefix(x.ref, "file:") {
			return wrong(x.flag, "***", "a reference such as env:SLACK_BOT_TOKEN or file:/run/secrets/slack, not the secret itself")
		}
		value, err := secret.Ref(x.ref).Resolve(getenv)
		if err != nil || value.Empty() {
			return wrong(x.flag, x.ref, "a reference to a secret that is there")
		}
		*x.to = secret.New(strings.TrimSpace(value.Reveal()))
	}
	if out.Signing.Empty() && out.App.Empty() {
		return fault.Wrong("slack-signing", "Slack cannot reach us: give the signing secret with --slack-signing (FRONTLINE_SLACK_SIGNING) for calls over HTTP, or the app's token with --slack-app (FRONTLINE_SLACK_APP) for Socket Mode.")
	}
	if s.SlackAPI != "" {
		u, err := readURL("slack-api", s.SlackAPI)
		if err != nil {
			return err
		}
		out.API = strings.TrimRight(u.String(), "/") + "/"
	}
	c.slack = &out
	return nil
}

// wireSlack makes what calls Slack; the rest of it is wired once there is what it works with.
func (a *App) wireSlack(context.Context) error {
	if a.settings.slack != nil {
		a.slack = &slack.App{Client: slack.New(*a.settings.slack, a.clock), Log: a.log}
		a.closers = append(a.closers, a.slack.Close)
	}
	return nil
}

// wireSlackDeeds lets people in Slack do what they may.
func (a *App) wireSlackDeeds(context.Context) error {
	s := a.slack
	if s == nil {
		return nil
	}
	s.Store, s.Follows, s.Book = a.db, a.db, bookAs[slack.Book](a)
	s.Desk, s.Pager, s.Groups, s.Incidents, s.Runs, s.Link = a.desk, a.pager, a.handling, a.incidents, a.actions, a.slackLink
	s.Thanks = a.thanks
	a.desk.Channels["slack"] = slack.Threads{App: s}
	a.loops = append(a.loops, s.Follow)
	if !a.settings.slack.App.Empty() {
		a.loops = append(a.loops, s.Listen)
	}
	return nil
}

func (a *App) slackHandlers() []job.Handler {
	if a.slack == nil {
		return nil
	}
	return a.slack.Handlers()
}

// slackDoor is where Slack calls us over HTTP.
func (a *App) slackDoor(mux *http.ServeMux) {
	if a.slack != nil && !a.settings.slack.Signing.Empty() {
		mux.Handle(slack.Path, a.slack)
	}
}

// slackLink is where a subject is looked at, for people in Slack.
func (a *App) slackLink(s journal.Subject, name string) string {
	if name == "" || strings.HasPrefix(name, "P-") {
		name = s.ID
	}
	folder := map[string]string{"request": "requests", "incident": "incidents", "run": "runs", "group": "alerts", "action": "actions", "thanks": "thanks"}[s.Kind]
	if folder == "" {
		return a.settings.base.String()
	}
	return a.settings.base.JoinPath(folder, name).String()
}

// chatState tells the System screen how Slack does; nil without it.
func (a *App) chatState() func() web.ChatState {
	if a.slack == nil {
		return nil
	}
	return func() web.ChatState {
		s := a.slack.Status()
		return web.ChatState{Name: "Slack", Heard: s.Heard, Refused: s.Refuse, Socket: s.Socket, Since: s.Since}
	}
}

var _ slack.Book = (*config.Book)(nil)
