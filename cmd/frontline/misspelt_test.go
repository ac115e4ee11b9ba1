package main

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func TestMisspelt(t *testing.T) {
	var c commands
	parser, err := kong.New(&c, kong.Vars{"version": "test"})
	if err != nil {
		t.Fatal(err)
	}
	names := known(parser.Model.Node)
	for env, want := range map[string]string{
		"FRONTLINE_DATABSE=sqlite:x":           "FRONTLINE_DATABSE is set and means nothing here. Is FRONTLINE_DATABASE meant?",
		"FRONTLINE_LSITEN=:8080":               "Is FRONTLINE_LISTEN meant?",
		"FRONTLINE_KEYS=x":                     "Is FRONTLINE_KEY meant?",
		"FRONTLINE_RUNNER_LABEL=network=berln": "Is FRONTLINE_RUNNER_LABELS meant?",
		"FRONTLINE_DATABASE=sqlite:x":          "", "FRONTLINE_KEY_OLD=x": "", "FRONTLINE_SYNC_TOKEN=x": "", "FRONTLINE_MAIL_PASSWORD=x": "",
		"FRONTLINE_BROKER_PASSWORD=x": "", "DATABSE=x": "", "": "",
	} {
		got := strings.Join(misspelt([]string{"PATH=/bin", env}, names), " ")
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("of %s it says %q, want %q", env, got, want)
		}
		if strings.Contains(got, "sqlite:x") {
			t.Errorf("it says the value: %q", got)
		}
	}
}
