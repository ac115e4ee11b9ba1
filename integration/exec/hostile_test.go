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

// TestScriptsAndFiles runs a script of the definition, which finds another one, and a file that was given.
func TestScriptsAndFiles(t *testing.T) {
	content := "customer,sessions\nnordpank,2\n"
	call := action.Call{
		Settings: settingsOf(t, map[string]any{"command": []string{"count.sh", "x"}}),
		Scripts:  map[string]string{"count.sh": "#!/bin/sh\nset -e\n. ./lib/say.sh\nsay \"$FL_LIST: $(wc -l < \"$HOME/files/list\")\"\n", "lib/say.sh": "say() { echo \"said $1\"; }\n"},
		Inputs:   map[string]any{"list": "list.csv"},
		Files:    map[string]action.InputFile{"list": {File: action.File{Name: "list.csv"}, Open: openText(content)}},
	}
	plan, err := desk().Plan(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	led := &actiontest.Ledger{}
	res, err := desk().Do(t.Context(), call, plan, led)
	if err != nil || !res.Done || strings.Join(led.Lines(), "\n") != "said list.csv: 2" {
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
