package exec

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"frontline/action"
	"frontline/action/actiontest"
	"frontline/clock"
	"frontline/secret"
)

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(forbiddenEnv) == "1":
		runtime.LockOSThread() // what is given up is a thread's
		fmt.Println(forbidNamespaces())
		os.Exit(1)
	case os.Getenv(serverEnv) != "":
		os.Exit(server())
	}
	m.Run()
}

// desk is the kind as the tests use it. The server's environment holds a key that no command may see.
func desk() *Kind {
	env := map[string]string{"REGION": "eu-north-1", "FRONTLINE_KEY": "the-key-of-the-installation"}
	return New(clock.Real{}, func(name string) string { return env[name] }, Self())
}

// script writes an executable file and returns its path. Actions have no shell; the tests' programs are written in one.
func script(t testing.TB, lines ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(name, []byte("#!/bin/sh\n"+strings.Join(lines, "\n")+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return name
}

func settingsOf(t testing.TB, s map[string]any) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// do plans and runs.
func do(t *testing.T, settings map[string]any, inputs map[string]any, secrets map[string]secret.Text) (action.Result, *actiontest.Ledger, error) {
	t.Helper()
	call := action.Call{Run: "RUN-7", Settings: settingsOf(t, settings), Inputs: inputs, Secrets: secrets, Actor: "liis", Reason: "a customer waits"}
	plan, err := desk().Plan(t.Context(), call)
	if err != nil {
		t.Fatalf("Plan: %v", err)
	}
	led := &actiontest.Ledger{}
	res, err := desk().Do(t.Context(), call, plan, led)
	return res, led, err
}

// TestConformance runs the suite that every kind passes: a script that closes the open sessions of a customer, in a file.
func TestConformance(t *testing.T) {
	for _, sandbox := range sandboxes() {
		t.Run(sandbox, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World { return sessions(t, sandbox) })
		})
	}
}

func sessions(t *testing.T, sandbox string) actiontest.World {
	dir := t.TempDir()
	file := filepath.Join(dir, "sessions")
	write := func(t testing.TB, text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(t, "nordpank open\nnordpank open\nlumo open\n")
	plan := script(t, `n=$(grep -c "^$FL_CUSTOMER open" sessions)`,
		`printf '{"summary":"Close %s sessions of %s.","changes":[{"what":"open sessions","now":"%s","after":"0","count":%s}]}\n' "$n" "$FL_CUSTOMER" "$n" "$n"`)
	command := script(t, `sed -i "s/^$FL_CUSTOMER open/$FL_CUSTOMER closed/" sessions`, `cat <&3`,
		`echo '{"frontline":"result","summary":"Closed the sessions.","facts":{"closed":2}}'`)
	return actiontest.World{
		Kind: desk(),
		Call: action.Call{
			Run: "RUN-7", Inputs: map[string]any{"customer": "nordpank"}, Secrets: map[string]secret.Text{"token": secret.New("t0ken-of-verity")},
			Settings: settingsOf(t, map[string]any{"command": []string{command}, "plan": []string{plan}, "dir": dir, "sandbox": sandbox}),
		},
		Bad: map[string]string{
			`{}`:                                             "command",
			`{"command":[]}`:                                 "command",
			`{"command":"rm -rf"}`:                           "command",
			`{"command":["./here"]}`:                         "command",
			`{"command":["a"],"plan":["b/c"]}`:               "plan",
			`{"command":["a"],"check":[""]}`:                 "check",
			`{"command":["a"],"dir":"here"}`:                 "dir",
			`{"command":["a"],"env":["A=t0ken"]}`:            "env",
			`{"command":["a"],"env":["FRONTLINE_KEY"]}`:      "env",
			`{"command":["a"],"timeout":"2h"}`:               "timeout",
			`{"command":["a"],"grace":"2h"}`:                 "grace",
			`{"command":["a"],"sandbox":"docker"}`:           "sandbox",
			`{"command":["a"],"sandbox":"tree"}`:             "sandbox",
			`{"command":["a"],"isolation":"auto"}`:           "isolation",
			`{"command":["a"],"read":["../etc"]}`:            "read",
			`{"command":["a"],"read":["/"]}`:                 "read",
			`{"command":["a"],"write":["/srv/../etc"]}`:      "write",
			`{"command":["a"],"network":[0]}`:                "network",
			`{"command":["a"],"network":[65536]}`:            "network",
			`{"command":["a"],"network":["all"]}`:            "network",
			`{"command":["a"],"limits":{"memory":"lots"}}`:   "limits.memory",
			`{"command":["a"],"limits":{"processes":-1}}`:    "limits.processes",
			`{"command":["a"],"limits":{"files":1}}`:         "limits.files",
			`{"command":["a"],"limits":{"file_size":"5mb"}}`: "limits.file_size",
			`{"command":["a"],"limits":{"cpu":"1ms"}}`:       "limits.cpu",
			`{"command":["a"],"limits":{"threads":1}}`:       "threads",
			`{"command":["a"],"timeout":"soon"}`:             "timeout",
			`{"command":["a"],"shell":true}`:                 "shell",
		},
		Observe: func(t testing.TB) string {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		},
		Move:  func(t testing.TB) { write(t, "nordpank open\n") },
		Blind: true,
	}
}

// TestWhatACommandGets shows the command's surroundings, all of them.
func TestWhatACommandGets(t *testing.T) {
	show := script(t, `env | sort`, `echo "input: $(cat)"`, `echo "secrets: $(tr -d '"' <&3 | sed 's/-of-/ OF /')"`, `echo "folder: $(ls -a | tr '\n' ' ')"`)
	inputs := map[string]any{"customer": "Arco Móvil; rm -rf $HOME `id`", "how many": 3.0, "urgent": true, "ids": []any{"a", 1.0}}
	res, led, err := do(t, map[string]any{"command": []string{show, "two words"}, "env": []string{"REGION", "UNSET"}}, inputs,
		map[string]secret.Text{"token": secret.New("t0ken-of-verity")})
	if err != nil || !res.Done {
		t.Fatalf("Do = %+v, %v", res, err)
	}
	got := strings.Join(led.Lines(), "\n")
	for _, want := range []string{
		"REGION=eu-north-1", "FL_CUSTOMER=Arco Móvil; rm -rf $HOME `id`", "FL_HOW_MANY=3", "FL_URGENT=true", `FL_IDS=["a",1]`,
		"FRONTLINE_STEP=run", "FRONTLINE_RUN=RUN-7", "FRONTLINE_ACTOR=liis", "FRONTLINE_REASON=a customer waits", "PATH=" + usualPath,
		`input: {"customer":"Arco Móvil; rm -rf $HOME` + " `id`" + `","how many":3,"ids":["a",1],"urgent":true}`,
		"secrets: {token:t0ken OF verity}", "folder: . .. ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the command did not get %q:\n%s", want, got)
		}
	}
	for _, hidden := range []string{"the-key-of-the-installation", "UNSET", "t0ken-of-verity"} {
		if strings.Contains(got, hidden) {
			t.Errorf("the command got %q:\n%s", hidden, got)
		}
	}
	vars := 0
	for _, line := range led.Lines() {
		if name, _, ok := strings.Cut(line, "="); ok && variable.MatchString(name) && name != "PWD" && name != "OLDPWD" && name != "_" && name != "SHLVL" {
			vars++
		}
	}
	if vars != 4+1+4+4 { // PATH, LANG, HOME, TMPDIR; REGION; the inputs; the run
		t.Errorf("the command got %d variables:\n%s", vars, got)
	}
}

// TestArgumentsAreNotInterpreted passes on what a shell would expand.
func TestArgumentsAreNotInterpreted(t *testing.T) {
	_, led, err := do(t, map[string]any{"command": []string{"/bin/echo", "$HOME", "`id`", "a  b", "*", "{{.customer}}"}}, nil, nil)
	if err != nil || strings.Join(led.Lines(), "\n") != "$HOME `id` a  b * {{.customer}}" {
		t.Errorf("got %q, %v", led.Lines(), err)
	}
}

// TestResults reads what a command reports.
func TestResults(t *testing.T) {
	report := script(t,
		`echo starting`,
		`echo '{"frontline":"progress","done":1,"total":2,"what":"closing"}'`,
		`echo '{"frontline":"table","title":"Closed","columns":["customer","sessions"],"rows":[["nordpank",2],["lumo",null],[{"a":1},1.5,"too many"]]}'`,
		`echo '{"frontline":"result","summary":"Closed 2.","facts":{"closed":2},"links":{"log":"https://logs.verity.example/7"}}'`,
		`echo '{"frontline":"result","facts":{"customers":1}}'`,
		`echo '{"frontline":"riddle"}'`, `echo '{"frontline":"result"'`, `echo '{"level":"info"}'`,
		`echo '{"frontline":"result","summary":"only standard output speaks"}' >&2`)
	res, led, err := do(t, map[string]any{"command": []string{report}}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.Summary != "Closed 2." || res.Facts["closed"] != 2.0 || res.Facts["customers"] != 1.0 || res.Links["log"] != "https://logs.verity.example/7" {
		t.Errorf("the result is %+v", res)
	}
	if got, want := fmt.Sprint(res.Tables), `[{Closed [customer sessions] [[nordpank 2] [lumo ] [{"a":1} 1.5]]}]`; got != want {
		t.Errorf("the tables are\n%s, want\n%s", got, want)
	}
	if got, want := fmt.Sprint(led.Progressed()), "[1/2 closing]"; got != want {
		t.Errorf("the progress is %s, want %s", got, want)
	}
	if n := len(led.Lines()); n != 5 {
		t.Errorf("%d lines were printed: %q", n, led.Lines())
	}
}
