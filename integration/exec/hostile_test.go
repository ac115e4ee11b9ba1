package exec

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"frontline/action"
	"frontline/action/actiontest"
	"frontline/fault"
)

// TestHostileInputs gives commands what nobody would want to type, on both ways that an input takes.
func TestHostileInputs(t *testing.T) {
	dir := t.TempDir()
	command := script(t, `cat > stdin`, `printf %s "${FL_CUSTOMER-unset}" > variable`, `printf '%s\n' "$0" "$@" > arguments`)
	actiontest.RunHostile(t, "customer", func(t *testing.T, value string) (string, error) {
		call := action.Call{Settings: settingsOf(t, map[string]any{"command": []string{command, "fixed"}, "dir": dir}), Inputs: map[string]any{"customer": value}}
		k := desk()
		plan, err := k.Plan(t.Context(), call)
		if err != nil {
			return "", err
		}
		if _, err := k.Do(t.Context(), call, plan, &actiontest.Ledger{}); err != nil {
			return "", err
		}
		var in struct{ Customer string }
		if err := json.Unmarshal([]byte(read(t, filepath.Join(dir, "stdin"))), &in); err != nil {
			t.Fatal(err)
		}
		variable := read(t, filepath.Join(dir, "variable"))
		if want := value; len(value) <= inEnv && variable != want || len(value) > inEnv && variable != "unset" {
			t.Errorf("the variable is %.100q", variable)
		}
		if got := read(t, filepath.Join(dir, "arguments")); got != command+"\nfixed\n" {
			t.Errorf("the arguments are %.100q", got)
		}
		return in.Customer, nil
	})
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestScriptsAndFiles runs a script of the definition, which finds another one, and a file that was given: by its variable and on standard input.
func TestScriptsAndFiles(t *testing.T) {
	content := "customer,sessions\nnordpank,2\n"
	call := action.Call{
		Settings: settingsOf(t, map[string]any{"command": []string{"count.sh", "x"}}),
		Scripts: map[string]string{"count.sh": "#!/bin/sh\nset -e\n. ./lib/say.sh\nsay \"$FL_LIST_NAME: $(wc -l < \"$FL_LIST\")\"\n" +
			"grep -q \"\\\"list\\\":\\\"$FL_LIST\\\"\" && echo the same on standard input\n[ \"$FL_LIST\" = \"$HOME/files/list\" ] && echo at home\n",
			"lib/say.sh": "say() { echo \"said $1\"; }\n"},
		Inputs: map[string]any{"list": "list.csv"},
		Files:  map[string]action.InputFile{"list": {File: action.File{Name: "list.csv"}, Open: openText(content)}},
	}
	plan, err := desk().Plan(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	led := &actiontest.Ledger{}
	res, err := desk().Do(t.Context(), call, plan, led)
	if err != nil || !res.Done || strings.Join(led.Lines(), "\n") != "said list.csv: 2\nthe same on standard input\nat home" {
		t.Errorf("Do = %+v, %v: %q", res, err, led.Lines())
	}
	gone := fault.New(fault.NotFound, "The file is gone. Give it again.")
	call.Files["list"] = action.InputFile{Open: func(context.Context) (io.ReadCloser, error) { return nil, gone }}
	if _, err := desk().Do(t.Context(), call, plan, &actiontest.Ledger{}); !fault.Is(err, fault.NotFound) {
		t.Errorf("without the file: %v", err)
	}
}

func openText(s string) func(context.Context) (io.ReadCloser, error) {
	return func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader([]byte(s))), nil }
}

// TestResultsOfACommand keeps what a command leaves behind as its result: a chart, and a file of its own folder.
func TestResultsOfACommand(t *testing.T) {
	good := script(t, `printf 'country,declined\nPT,31\n' > rates.csv`,
		`echo '{"frontline":"chart","title":"Declined","unit":"%","labels":["ES","PT"],"series":[{"name":"Arco","values":[4,31.5]}],"bars":true}'`,
		`echo '{"frontline":"chart","title":"Torn","labels":["ES","PT"],"series":[{"name":"Arco","values":[4]}]}'`,
		`echo '{"frontline":"file","path":"rates.csv","name":"arco-rates.csv","type":"text/csv"}'`)
	res, led, err := do(t, map[string]any{"command": []string{good}}, nil, nil)
	if err != nil || !res.Done || len(res.Charts) != 1 || len(res.Files) != 1 {
		t.Fatalf("Do = %+v, %v: %q", res, err, led.Lines())
	}
	want := action.Chart{Title: "Declined", Unit: "%", Labels: []string{"ES", "PT"}, Series: []action.Series{{Name: "Arco", Values: []float64{4, 31.5}}}, Bars: true}
	if diff := cmp.Diff(want, res.Charts[0]); diff != "" {
		t.Error(diff)
	}
	if f := res.Files[0]; f.Name != "arco-rates.csv" || f.Type != "text/csv" || led.Files()["arco-rates.csv"] != "country,declined\nPT,31\n" {
		t.Errorf("file %+v: %q", f, led.Files())
	}
	if lines := led.Lines(); len(lines) != 1 || !strings.Contains(lines[0], "Torn") {
		t.Errorf("a chart that cannot be drawn is output: %q", lines)
	}
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("not yours"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, make := range map[string]string{"missing": "true", "link": "ln -s " + outside + " it", "link to a folder": "ln -s / it", "pipe": "mkfifo it", "folder": "mkdir it"} {
		t.Run(name, func(t *testing.T) {
			res, led, err := do(t, map[string]any{"command": []string{script(t, make, `echo '{"frontline":"file","path":"it"}'`)}}, nil, nil)
			if err != nil || res.Done || len(res.Files) > 0 || len(led.Files()) > 0 || !strings.Contains(res.Summary, "left no such file") {
				t.Errorf("Do = %+v, %v, %q", res, err, led.Files())
			}
		})
	}
	for _, path := range []string{"../it", outside, ""} {
		res, _, err := do(t, map[string]any{"command": []string{script(t, `echo '{"frontline":"file","path":"`+path+`"}'`)}}, nil, nil)
		if err != nil || len(res.Files) > 0 {
			t.Errorf("%s: Do = %+v, %v", path, res, err)
		}
	}
}
