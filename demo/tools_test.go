package demo

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// heap is a queue of files as the scripts see it.
type heap struct {
	t   *testing.T
	dir string
}

func newHeap(t *testing.T) heap {
	h := heap{t, t.TempDir()}
	for _, folder := range []string{"ready", "hand", "tries", "parked"} {
		if err := os.Mkdir(filepath.Join(h.dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func (h heap) put(folder, name, text string) {
	h.t.Helper()
	if err := os.WriteFile(filepath.Join(h.dir, folder, name), []byte(text), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

func (h heap) has(folder string) string {
	h.t.Helper()
	entries, err := os.ReadDir(filepath.Join(h.dir, folder))
	if err != nil {
		h.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// run runs a script for a step as Frontline does, and returns its lines of JSON by what they are.
func (h heap) run(script, step string) (lines []map[string]any, status int) {
	h.t.Helper()
	cmd := exec.CommandContext(h.t.Context(), "/bin/sh", filepath.Join("verity", "tools", script), h.dir)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "FRONTLINE_STEP=" + step, "FRONTLINE_RUN=RUN-1", "FL_MESSAGES=2"}
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if _, failed := err.(*exec.ExitError); err != nil && !failed {
		h.t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "{") {
			continue
		}
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			h.t.Fatalf("%q: %v", line, err)
		}
		lines = append(lines, m)
	}
	return lines, cmd.ProcessState.ExitCode()
}

// The script takes the message that came back most often and is still there, and no other; what it plans is what it does.
func TestParkTakesOneMessage(t *testing.T) {
	h := newHeap(t)
	for _, name := range []string{"000000001-vs-a.json", "000000002-vs-b.json", "000000003-vs-c.json"} {
		h.put("ready", name, "{}")
	}
	h.put("tries", "000000000-vs-old.json", strings.Repeat("failed\n", 40)) // decided in the end
	h.put("tries", "000000001-vs-a.json", "failed\n")
	if plan, status := h.run("park.sh", "plan"); status != 0 || len(plan) != 1 || plan[0]["nothing"] != true {
		t.Errorf("with nothing poisoned the plan is %v, status %d", plan, status)
	}
	if _, status := h.run("park.sh", "check"); status == 0 {
		t.Error("before the work the check says that it was done")
	}
	h.put("tries", "000000002-vs-b.json", strings.Repeat("failed\n", 14))
	plan, status := h.run("park.sh", "plan")
	if status != 0 || len(plan) != 1 || !strings.Contains(plan[0]["summary"].(string), "Take vs-b out") {
		t.Fatalf("the plan is %v, status %d", plan, status)
	}
	h.put("tries", "000000002-vs-b.json", strings.Repeat("failed\n", 15))
	if again, _ := h.run("park.sh", "plan"); again[0]["summary"] != plan[0]["summary"] {
		t.Errorf("one more failure makes another plan: %v", again)
	}

	// The worker has it in hand and gives it back while the script waits.
	if err := os.Rename(filepath.Join(h.dir, "ready", "000000002-vs-b.json"), filepath.Join(h.dir, "hand", "000000002-vs-b.json")); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(200*time.Millisecond, func() {
		_ = os.Rename(filepath.Join(h.dir, "hand", "000000002-vs-b.json"), filepath.Join(h.dir, "ready", "000000002-vs-b.json"))
	})
	result, status := h.run("park.sh", "run")
	if status != 0 || len(result) != 1 || result[0]["frontline"] != "result" || !strings.Contains(result[0]["summary"].(string), "vs-b is out") {
		t.Errorf("the result is %v, status %d", result, status)
	}
	if ready, parked := h.has("ready"), h.has("parked"); ready != "000000001-vs-a.json 000000003-vs-c.json" || parked != "000000002-vs-b.json run-RUN-1" {
		t.Errorf("ready: %s; parked: %s", ready, parked)
	}
	if _, status := h.run("park.sh", "check"); status != 0 {
		t.Error("after the work the check says that it was not done")
	}
}

// Looking shows the front of the queue and changes nothing.
func TestLookAtFiles(t *testing.T) {
	h := newHeap(t)
	for _, name := range []string{"000000002-vs-b.json", "000000003-vs-c.json", "000000004-vs-d.json"} {
		h.put("ready", name, "{}")
	}
	h.put("hand", "000000001-vs-a.json", "{}")
	h.put("tries", "000000001-vs-a.json", strings.Repeat("failed\n", 9))
	before := h.has("ready") + h.has("hand")
	got, status := h.run("look-at-files.sh", "run")
	if status != 0 || len(got) != 2 {
		t.Fatalf("it says %v, status %d", got, status)
	}
	rows, err := json.Marshal(got[0]["rows"])
	if want := `[["000000001","vs-a",9],["000000002","vs-b",0]]`; string(rows) != want || err != nil {
		t.Errorf("rows %s %v, want %s", rows, err, want)
	}
	if say := got[1]["summary"]; say != "4 sessions wait; the worst of the first was given back 9 times; 0 are parked." {
		t.Errorf("it says %q", say)
	}
	if h.has("ready")+h.has("hand") != before {
		t.Error("looking moved something")
	}
}
