package api_test

import (
	"testing"
	"time"

	"frontline/e2e/office"
	"frontline/journal"
	"frontline/rule"
	"frontline/wire"
)

const lookRule = "pipeline/look-when-it-stops"

func TestRulesAreListedShownAndPaused(t *testing.T) {
	w := office.Open(t)
	w.Signal("firing", "DecisionQueueStuck")
	liis, wanjiru, tonis := as(t, w, "liis"), as(t, w, "wanjiru"), as(t, w, "tonis")
	at, _, err := w.DB.RuleCursor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fired := []rule.Firing{{Rule: lookRule, Key: "entry 1", Why: "alert.opened on G-1", At: w.Clock.Now().Add(-time.Hour), Action: "queue/look", Outcome: rule.Nothing},
		{Rule: lookRule, Key: "held", Why: "alert.opened on G-1", At: w.Clock.Now(), Action: "queue/look", Outcome: rule.Held, Say: "It fired 10 times within an hour, which is as often as it may."}}
	if err := w.DB.AddFirings(t.Context(), at, 1, fired, func(rule.Firing) journal.Consequences { return journal.Consequences{} }); err != nil {
		t.Fatal(err)
	}
	all := ok[wire.List[wire.Rule]](tonis, "GET", "/rules", nil)
	if len(all.Items) != 1 || all.Items[0].When != "When an alert begins" || all.Items[0].Fired != 1 || all.Items[0].Action.Name != "Look at the decision queue" {
		t.Fatalf("rules: %+v", all.Items)
	}
	shown := ok[wire.RuleShown](liis, "GET", "/rules/"+lookRule, nil)
	if len(shown.Firings) != 2 || shown.Firings[0].Outcome != "held" || shown.Firings[0].Say == "" || shown.Firings[1].Run != "" {
		t.Errorf("firings: %+v", shown.Firings)
	}
	refused(liis, 403, "POST", "/rules/pause", wire.PauseRule{Rule: lookRule, Reason: "It floods the queue"})
	if p := refused(wanjiru, 422, "POST", "/rules/pause", wire.PauseRule{Rule: lookRule}); p.Errors[0].Field != "reason" {
		t.Errorf("refused with %+v", p)
	}
	paused := ok[wire.RuleShown](wanjiru, "POST", "/rules/pause", wire.PauseRule{Rule: lookRule, Reason: "It floods the queue"})
	if paused.Paused == nil || paused.Paused.By.ID != "wanjiru" || paused.Paused.Reason != "It floods the queue" {
		t.Errorf("paused: %+v", paused.Paused)
	}
	refused(wanjiru, 409, "POST", "/rules/pause", wire.PauseRule{Rule: lookRule, Reason: "Twice"})
	if r := ok[wire.RuleShown](wanjiru, "POST", "/rules/resume", wire.PauseRule{Rule: lookRule, Reason: "Mended"}); r.Paused != nil {
		t.Errorf("resumed: %+v", r.Paused)
	}
	refused(wanjiru, 404, "POST", "/rules/pause", wire.PauseRule{Rule: "none", Reason: "Why"})
}

func TestRulesToStartFrom(t *testing.T) {
	got := ok[wire.RuleTemplates](as(t, office.Open(t), "tonis"), "GET", "/rule-templates", nil)
	if len(got.Templates) < 8 || got.Templates[0].Text == "" || got.Templates[0].Why == "" {
		t.Errorf("%+v", got.Templates)
	}
}

func TestRulesAreTriedBeforeTheyAreApplied(t *testing.T) {
	w := office.Open(t)
	w.Signal("firing", "DecisionQueueStuck")
	if _, err := w.DB.Seal(t.Context(), 1000); err != nil {
		t.Fatal(err)
	}
	liis := as(t, w, "liis")
	for name, q := range map[string]wire.TryRule{
		"configured": {Rule: lookRule, Since: wire.Duration(24 * time.Hour)},
		"a text": {Since: wire.Duration(24 * time.Hour), Text: `rules:
  - {id: draft, title: Draft, team: support, on: [alert.opened], if: 'severity == "critical"', run: queue/look, with: {queue: "{labels.queue}"}}
`},
	} {
		got := ok[wire.Trials](liis, "POST", "/rules/try", q)
		if len(got.Trials) != 1 || got.Trials[0].Fires != 1 || got.Trials[0].Seen[0].Subject != "G-1" || got.Trials[0].Seen[0].Outcome != "fires" {
			t.Errorf("%s: %+v", name, got.Trials)
		}
	}
	if p := refused(liis, 422, "POST", "/rules/try", wire.TryRule{Since: wire.Duration(time.Hour), Text: "rules:\n  - {id: draft, title: Draft, team: support, on: [alert.opened], if: sevrity, run: queue/look}\n"}); len(p.Errors) == 0 || p.Errors[0].Field != "rules.yaml:2:70" {
		t.Errorf("a wrong text is refused with %+v", p)
	}
	refused(liis, 422, "POST", "/rules/try", wire.TryRule{Since: wire.Duration(time.Hour)})
	refused(as(t, w, "tonis"), 403, "POST", "/rules/try", wire.TryRule{Rule: lookRule, Since: wire.Duration(time.Hour)})
}
