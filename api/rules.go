package api

import (
	"context"
	"net/http"
	"time"

	"frontline/config"
	"frontline/fault"
	"frontline/people"
	"frontline/rule"
	"frontline/wire"
)

// Rules is what happens by itself.
type Rules interface {
	Rules(ctx context.Context, by people.Actor) ([]rule.Shown, error)
	Rule(ctx context.Context, by people.Actor, id string) (rule.Shown, []rule.Firing, error)
	Try(ctx context.Context, by people.Actor, r rule.Rule, since time.Time) (rule.Trial, error)
	Pause(ctx context.Context, by people.Actor, id, reason string) error
	Resume(ctx context.Context, by people.Actor, id, reason string) error
}

var _ Rules = (*rule.Board)(nil)

func (s *server) rules() {
	add(s, route{Method: http.MethodGet, Path: "/rules", ID: "listRules", Verb: people.SeeRules, Summary: "List rules", Say: "What happens by itself, and how often it did."}, s.listRules)
	add(s, route{Method: http.MethodGet, Path: "/rules/{rule}", ID: "showRule", Verb: people.SeeRules, Summary: "Show a rule",
		Say: "With what it did last, and why; also what held it back."}, s.showRule)
	add(s, route{Method: http.MethodGet, Path: "/rule-templates", ID: "listRuleTemplates", Verb: people.SeeRules, Summary: "List rules to start from",
		Say: "Each is a text that may be tried; names of teams, rotations and types are to be put in."}, s.ruleTemplates)
	add(s, route{Method: http.MethodPost, Path: "/rules/try", ID: "tryRule", Verb: people.TryRule, Summary: "Say what a rule would have done",
		Say: "One that is configured, or those of a text that is not applied yet, about what the journal says of the past. Nothing is done. Conditions see requests as they were, alerts and incidents as they are now."}, s.tryRule)
	add(s, route{Method: http.MethodPost, Path: "/rules/pause", ID: "pauseRule", Verb: people.SeeRules, Summary: "Stop a rule",
		Say: "Until somebody lets it go on; what happens meanwhile is not made up for. It takes a lead of the owning team, and a reason."}, s.pauseRule)
	add(s, route{Method: http.MethodPost, Path: "/rules/resume", ID: "resumeRule", Verb: people.SeeRules, Summary: "Let a rule go on",
		Say: "With what comes from now on. It takes a lead of the owning team, and a reason."}, s.resumeRule)
}

type listRules struct{ Paging }

func (s *server) listRules(ctx context.Context, by people.Actor, in *listRules) (wire.List[wire.Rule], error) {
	all, err := s.deps.Rules.Rules(ctx, by)
	if err != nil {
		return wire.List[wire.Rule]{}, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return wire.List[wire.Rule]{}, err
	}
	return slice(all, in.Paging, n.rule)
}

func (n names) rule(r rule.Shown) wire.Rule {
	w := r.Words(n.Name)
	out := wire.Rule{ID: r.ID, Title: r.Title, Team: n.ref("team", r.Team), When: w.When, If: w.If, Does: append([]string{}, w.Does...), Action: n.ref("action", r.Run), With: append([]string{}, w.With...), Bounds: w.Bounds,
		Off: r.Off, Fired: r.Lately, FiredAt: r.Last}
	if !r.Pause.At.IsZero() {
		out.Paused = &wire.RulePause{By: *n.person(r.Pause.By.ID), At: r.Pause.At, Reason: r.Pause.Reason.Body}
	}
	return out
}

func (s *server) ruleTemplates(_ context.Context, by people.Actor, _ *struct{}) (wire.RuleTemplates, error) {
	if err := people.May(by, people.SeeRules, people.Subject{Kind: "rule"}); err != nil {
		return wire.RuleTemplates{}, err
	}
	return wire.RuleTemplates{Templates: every(rule.Templates(), func(t rule.Template) wire.RuleTemplate {
		return wire.RuleTemplate{ID: t.ID, Title: t.Title, Why: t.Why, Text: t.Text}
	})}, nil
}

type byRule struct {
	Rule string `path:"rule" maxLength:"100" doc:"The rule's id. Its slashes may be written as they are." example:"pipeline/look-when-it-stops"`
}

func (s *server) showRule(ctx context.Context, by people.Actor, in *byRule) (wire.RuleShown, error) {
	r, fs, err := s.deps.Rules.Rule(ctx, by, in.Rule)
	if err != nil {
		return wire.RuleShown{}, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return wire.RuleShown{}, err
	}
	out := wire.RuleShown{Rule: n.rule(r), Firings: []wire.Firing{}}
	for _, f := range fs {
		x := wire.Firing{At: f.At, Why: f.Why, For: subject(f.For), Outcome: f.Outcome, Say: f.Say}
		if f.Run != "" {
			run, err := s.deps.Actions.Run(ctx, by, f.Run)
			if err == nil {
				x.Run = run.Ref()
			} else if !fault.Is(err, fault.NotFound) {
				return wire.RuleShown{}, err
			}
		}
		out.Firings = append(out.Firings, x)
	}
	return out, nil
}

type tryRule struct{ Body wire.TryRule }

func (s *server) tryRule(ctx context.Context, by people.Actor, in *tryRule) (wire.Trials, error) {
	out := wire.Trials{Trials: []wire.Trial{}}
	rules, err := s.toTry(ctx, by, in.Body)
	if err != nil {
		return out, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return out, err
	}
	since := s.deps.Clock.Now().Add(-time.Duration(in.Body.Since))
	for _, r := range rules {
		t, err := s.deps.Rules.Try(ctx, by, r, since)
		if err != nil {
			return out, err
		}
		out.Trials = append(out.Trials, n.trial(t))
	}
	return out, nil
}

// toTry are the rules that are meant: the configured one, or those of the text.
func (s *server) toTry(ctx context.Context, by people.Actor, q wire.TryRule) ([]rule.Rule, error) {
	switch {
	case (q.Rule == "") == (q.Text == ""):
		return nil, fault.Wrong("rule", "Name a rule, or send the text of one; not both.")
	case q.Text != "":
		return config.ReadRules(config.File{Name: "rules.yaml", Content: q.Text})
	}
	r, _, err := s.deps.Rules.Rule(ctx, by, q.Rule)
	return []rule.Rule{r.Rule}, err
}

func (n names) trial(t rule.Trial) wire.Trial {
	return wire.Trial{Rule: n.rule(rule.Shown{Rule: t.Rule}), Since: t.Since, Fires: t.Fires(), Cut: t.Cut, Seen: every(t.Seen, func(f rule.Foreseen) wire.Foreseen {
		x := wire.Foreseen{At: f.Event.At, Verb: f.Event.Verb, Subject: f.Event.Subject, Title: f.Event.Title, Outcome: "no"}
		switch {
		case f.Wrong != "":
			x.Outcome, x.Say = "wrong", f.Wrong
		case f.Restrained != "":
			x.Outcome, x.Say = "held", f.Restrained
		case f.Fires:
			x.Outcome, x.Inputs, x.Does = "fires", f.Firing.Inputs, f.Does
		}
		return x
	})}
}

type pauseRule struct{ Body wire.PauseRule }

func (s *server) pauseRule(ctx context.Context, by people.Actor, in *pauseRule) (wire.RuleShown, error) {
	if err := s.deps.Rules.Pause(ctx, by, in.Body.Rule, in.Body.Reason); err != nil {
		return wire.RuleShown{}, err
	}
	return s.showRule(ctx, by, &byRule{in.Body.Rule})
}

func (s *server) resumeRule(ctx context.Context, by people.Actor, in *pauseRule) (wire.RuleShown, error) {
	if err := s.deps.Rules.Resume(ctx, by, in.Body.Rule, in.Body.Reason); err != nil {
		return wire.RuleShown{}, err
	}
	return s.showRule(ctx, by, &byRule{in.Body.Rule})
}
