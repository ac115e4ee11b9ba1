package api_test

import (
	"strings"
	"testing"

	"frontline/e2e/office"
	"frontline/wire"
)

func TestConfigurationIsTriedAppliedAndExported(t *testing.T) {
	w := office.Open(t)
	marika := as(t, w, "marika")
	folder := wire.Apply{Folder: "night", Files: []wire.File{{Name: "sources/old.yaml", Content: "sources:\n  - {id: old, name: Old monitors, kind: pagerduty, service: decision-pipeline}\n"}}, DryRun: true}
	tried := ok[wire.Applied](marika, "POST", "/config/apply", folder)
	if !tried.DryRun || len(tried.Changes) != 1 || tried.Changes[0].What != "added" || tried.Changes[0].Token != "" {
		t.Fatalf("tried: %+v", tried)
	}
	folder.DryRun = false
	applied := ok[wire.Applied](marika, "POST", "/config/apply", folder)
	if len(applied.Changes) != 1 || len(applied.Changes[0].Token) != 32 {
		t.Fatalf("applied: %+v, want a new source with its token", applied)
	}
	again := ok[wire.Applied](marika, "POST", "/config/apply", folder)
	if len(again.Changes) != 0 || again.Unchanged != 1 {
		t.Errorf("applied again: %+v", again)
	}
	out := ok[wire.Exported](marika, "GET", "/config/export?folder=night", nil)
	if len(out.Files) != 1 || out.Files[0].Name != "sources.yaml" || !strings.Contains(out.Files[0].Content, "Old monitors") || strings.Contains(out.Files[0].Content, applied.Changes[0].Token) {
		t.Errorf("exported: %+v", out)
	}
	if all := ok[wire.Exported](marika, "GET", "/config/export", nil); len(all.Files) < 6 {
		t.Errorf("everything is %d files", len(all.Files))
	}
	if none := ok[wire.Exported](marika, "GET", "/config/export?folder=screens", nil); len(none.Files) != 0 {
		t.Errorf("the screens own %+v", none)
	}
}

func TestWrongConfigurationNamesItsPlace(t *testing.T) {
	w := office.Open(t)
	p := refused(as(t, w, "marika"), 422, "POST", "/config/apply", wire.Apply{Folder: "night", Files: []wire.File{
		{Name: "a.yaml", Content: "people:\n  - id: aisha\n    nmae: Aisha Odhiambo\n"}, {Name: "b.yaml", Content: "services:\n  - {id: kyc, name: KYC, team: nobody, policy: critical}\n"}}})
	if len(p.Errors) < 1 || p.Errors[0].Field != "a.yaml:3:5" || !strings.Contains(p.Errors[0].Say, `"name"`) {
		t.Errorf("refused with %+v", p)
	}
}
