package exec

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"frontline/action"
	"frontline/action/actiontest"
	"frontline/fault"
	"frontline/secret"
)

func collect(secrets map[string]secret.Text, text string) []string {
	var lines []string
	o := output{mask: newMasker(secrets), line: func(l string) { lines = append(lines, l) }}
	o.read(strings.NewReader(text), func(string) bool { return false })
	return lines
}

func TestMasking(t *testing.T) {
	const token, key = `p"ss wörd/+`, "-----BEGIN KEY-----\nline of the key\n-----END KEY-----\n"
	secrets := map[string]secret.Text{"token": secret.New(token), "key": secret.New(key), "none": secret.New("")}
	for _, spelled := range []string{
		token, url.QueryEscape(token), url.PathEscape(token), base64.StdEncoding.EncodeToString([]byte(token)),
		base64.RawURLEncoding.EncodeToString([]byte(token)), `p\"ss wörd/+`, "line of the key", "-----END KEY-----\r",
	} {
		got := collect(secrets, "before "+spelled+" after\n")
		if len(got) != 1 || got[0] != "before *** after" && got[0] != "before ***" {
			t.Errorf("%q was printed as %q", spelled, got)
		}
	}
	if got := collect(nil, "a\nb\r\n\nc"); fmt.Sprint(got) != "[a b  c]" {
		t.Errorf("lines came out as %q", got)
	}
}

// TestLongLines looks at secrets around the place where a long line is cut.
func TestLongLines(t *testing.T) {
	const token = "t0ken-of-verity"
	secrets := map[string]secret.Text{"token": secret.New(token)}
	for at := lineAtMost - 2*len(token); at < lineAtMost+2*len(token); at++ {
		got := collect(secrets, strings.Repeat("x", at)+token+strings.Repeat("y", 1000)+"\nnext\n")
		if len(got) != 2 || got[1] != "next" || !strings.HasSuffix(got[0], "(the line goes on)") || len(got[0]) > lineAtMost+100 {
			t.Fatalf("with a secret at %d the lines have %d and more bytes: %q", at, len(got[0]), got[1:])
		}
		for n := 4; n <= len(token); n++ {
			if strings.Contains(got[0], token[:n]) {
				t.Fatalf("a secret at byte %d shows its first %d letters", at, n)
			}
		}
	}
	many := strings.Repeat(token+" ", 2*lineAtMost/len(token)) // masked, it is much shorter than before
	if got := collect(secrets, many+"\n"); strings.Contains(got[0], "t0k") {
		t.Errorf("of many secrets some show: …%s", got[0][max(0, len(got[0])-80):])
	}
}

// TestMaskingHoldsEverywhere puts a secret anywhere into anything.
func TestMaskingHoldsEverywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		token := rapid.StringMatching(`[A-Z]{6,40}`).Draw(t, "token") // letters that the rest does not have
		text := rapid.StringMatching(`[a-z \n]{0,200}`)
		var b strings.Builder
		for range rapid.IntRange(1, 8).Draw(t, "times") {
			b.WriteString(text.Draw(t, "text"))
			b.WriteString(strings.Repeat("z", rapid.SampledFrom([]int{0, 10, lineAtMost - 30, lineAtMost}).Draw(t, "filler")))
			b.WriteString(token)
		}
		for _, line := range collect(map[string]secret.Text{"token": secret.New(token)}, b.String()) {
			if strings.ContainsAny(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
				t.Fatalf("a line shows a part of %s: …%q", token, line[max(0, len(line)-100):])
			}
		}
	})
}

func TestTooMuchOutput(t *testing.T) {
	line := strings.Repeat("x", 1023) + "\n"
	got := collect(nil, strings.Repeat(line, 11<<10))
	if len(got) != 10<<10+1 || !strings.Contains(got[len(got)-1], "not kept") {
		t.Errorf("%d lines were kept, the last is %q", len(got), got[len(got)-1])
	}
	if got := collect(nil, "bell \a and \x1b[31mred\x1b[0m \xff\tend\n"); got[0] != "bell  and [31mred[0m �\tend" {
		t.Errorf("control characters came out as %q", got)
	}
}

// TestEndings maps how a command ends to what is said about it.
func TestEndings(t *testing.T) {
	for name, c := range map[string]struct {
		last string
		say  string
		kind fault.Kind
	}{
		"success":           {`exit 0`, "status 0", ""},
		"failure":           {`echo '{"frontline":"result","summary":"Closed 1 of 2."}'; exit 3`, "Closed 1 of 2. The command ended with status 3.", ""},
		"ended by a signal": {`kill -SEGV $$`, "signal 11", fault.Unavailable},
	} {
		res, led, err := do(t, map[string]any{"command": []string{script(t, c.last)}}, nil, nil)
		if fault.KindOf(err) != c.kind || !strings.Contains(res.Summary, c.say) || res.Done != (name == "success") || res.Unknown != (c.kind != "") {
			t.Errorf("%s: %+v, %v", name, res, err)
		}
		if got := fmt.Sprint(led.Names()); got != "[starting ended]" {
			t.Errorf("%s: the steps are %s", name, got)
		}
		again, err := desk().Reconcile(t.Context(), action.Call{Settings: settingsOf(t, map[string]any{"command": []string{"/bin/true"}})}, action.Plan{}, led.Steps(), led)
		if err != nil || again.Done != res.Done || again.Unknown != res.Unknown {
			t.Errorf("%s: afterwards it is said to be %+v, %v", name, again, err)
		}
	}
}

// TestNotStarted names the setting when there is nothing to start.
func TestNotStarted(t *testing.T) {
	for name, settings := range map[string]map[string]any{
		"command": {"command": []string{"/no/such/program"}},
		"dir":     {"command": []string{"/bin/true"}, "dir": "/no/such/folder"},
	} {
		_, _, err := do(t, settings, nil, nil)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Sentence(err), "setting "+name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, inputs := range map[string]map[string]any{"the same name": {"a-b": 1, "a_b": 2}, "a zero byte": {"a": "x\x00"}, "no UTF-8": {"a": "x\xff"}} {
		if _, _, err := do(t, map[string]any{"command": []string{"/bin/true"}}, inputs, nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v, want Invalid", name, err)
		}
	}
}

// TestLongInput is on standard input alone: the environment has no room for it.
func TestLongInput(t *testing.T) {
	long := strings.Repeat("7", 3<<20)
	_, led, err := do(t, map[string]any{"command": []string{script(t, `wc -c`, `echo "${FL_LIST-unset}"`)}}, map[string]any{"list": long}, nil)
	if err != nil || fmt.Sprint(led.Lines()) != fmt.Sprintf("[%d unset]", len(long)+len(`{"list":""}`)+1) {
		t.Errorf("got %.100q, %v", led.Lines(), err)
	}
	if _, _, err := do(t, map[string]any{"command": []string{"/bin/true"}}, map[string]any{"list": long}, nil); err != nil {
		t.Errorf("a command that does not read its input: %v", err)
	}
}

// TestPlanCommand says what is wrong with one.
func TestPlanCommand(t *testing.T) {
	for name, c := range map[string]struct {
		last string
		kind fault.Kind
		say  string
	}{
		"good":           {`echo looking; echo '{"summary":"Close 2 sessions.","changes":[{"what":"sessions","now":"2","after":"0"}],"costs":["Two people sign in again."]}'`, "", ""},
		"silent":         {`:`, fault.Internal, "0 lines"},
		"two plans":      {`echo '{"summary":"a"}'; echo '{"summary":"b"}'`, fault.Internal, "2 lines"},
		"another format": {`echo '{"plan":"a"}'`, fault.Internal, "summary"},
		"no summary":     {`echo '{"changes":[]}'`, fault.Internal, "summary"},
		"failed":         {`echo "no route to the database" >&2; exit 2`, fault.Internal, "no route to the database"},
		"slow":           {`sleep 60`, fault.Unavailable, "too long"},
	} {
		call := action.Call{Settings: settingsOf(t, map[string]any{"command": []string{"/bin/true"}, "plan": []string{script(t, c.last)}, "timeout": map[bool]string{true: "200ms", false: "1m"}[name == "slow"], "grace": "1ms"})}
		plan, err := desk().Plan(t.Context(), call)
		if fault.KindOf(err) != c.kind || !strings.Contains(fault.Sentence(err), c.say) && c.say != "" {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && (plan.Summary != "Close 2 sessions." || len(plan.Changes) != 1 || len(plan.Costs) != 1) {
			t.Errorf("%s: %+v", name, plan)
		}
	}
}

// TestCheckCommand lets one decide what became of a command that was cut off.
func TestCheckCommand(t *testing.T) {
	cut := []action.Step{{Name: stepStarting}}
	for name, c := range map[string]struct {
		last          string
		done, unknown bool
		say           string
		kind          fault.Kind
	}{
		"done":        {`echo '{"frontline":"result","summary":"All sessions are closed."}'`, true, false, "All sessions are closed.", ""},
		"not done":    {`exit 1`, false, false, "not done", ""},
		"cannot tell": {`exit 2`, false, true, "cannot say", ""},
		"crashed":     {`kill -9 $$`, false, true, "cannot say", ""},
		"slow":        {`sleep 60`, false, false, "", fault.Unavailable},
	} {
		call := action.Call{Settings: settingsOf(t, map[string]any{"command": []string{"/bin/false"}, "check": []string{script(t, `test "$FRONTLINE_STEP" = check || exit 9`, c.last)}, "timeout": map[bool]string{true: "200ms", false: "1m"}[name == "slow"], "grace": "1ms"})}
		res, err := desk().Reconcile(t.Context(), call, action.Plan{}, cut, &actiontest.Ledger{})
		if fault.KindOf(err) != c.kind || res.Done != c.done || res.Unknown != c.unknown || !strings.Contains(res.Summary, c.say) {
			t.Errorf("%s: %+v, %v", name, res, err)
		}
	}
}

// FuzzSpeech reads lines that any program may print.
func FuzzSpeech(f *testing.F) {
	for _, line := range []string{
		`{"frontline":"result","summary":"Closed 2.","facts":{"closed":2},"links":{"log":"https://logs.verity.example/7"}}`,
		`{"frontline":"table","title":"Closed","columns":["customer","sessions"],"rows":[["nordpank",2],[null,{"a":[1]}]]}`,
		`{"frontline":"progress","done":1,"total":2,"what":"closing"}`,
		`{"summary":"Close 2.","changes":[{"what":"sessions","now":"2","after":"0","count":2}],"nothing":false}`,
		`{"frontline":`,
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		r := &report{progress: func(int, int, string) {}}
		r.take(line)
		for _, table := range r.result.Tables {
			for _, row := range table.Rows {
				if len(row) != len(table.Columns) {
					t.Fatalf("a row of %d cells in a table of %d columns", len(row), len(table.Columns))
				}
			}
		}
		if p, err := parsePlan(line); err == nil && p.Summary == "" {
			t.Fatal("took a plan without a summary")
		}
	})
}
