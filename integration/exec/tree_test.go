package exec

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"frontline/action"
	"frontline/action/actiontest"
	"frontline/clock"
	"frontline/fault"
)

// brood is a script that leaves processes everywhere: in its group, in sessions of their own, with nohup, orphaned twice over, deaf
// to SIGTERM. All of them sleep for the same odd number of seconds, by which they are found.
func brood(tag string) []string {
	return []string{
		`trap "" TERM`,
		`sleep ` + tag + ` &`,
		`setsid sh -c 'trap "" TERM; sleep ` + tag + ` & sleep ` + tag + `' >/dev/null 2>&1 &`,
		`(setsid nohup sleep ` + tag + ` >/dev/null 2>&1 &)`,
		`(setsid sh -c '(setsid sleep ` + tag + ` &) &' &)`,
	}
}

const broodSize = 5

func newTag() string { return strconv.Itoa(1_000_000 + rand.IntN(1_000_000_000)) }

// alive counts the processes that sleep for so long, wherever they are.
func alive(tag string) int {
	n := 0
	entries, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, e := range entries {
		b, _ := os.ReadFile(e)
		if strings.HasPrefix(string(b), "sleep\x00"+tag) {
			n++
		}
	}
	return n
}

// hatched waits until the whole brood is there.
func hatched(t *testing.T, tag string, n int) {
	t.Helper()
	for range 2400 {
		if alive(tag) >= n {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Errorf("%d of %d processes came to life", alive(tag), n)
}

// sandboxes are the two ways in which the host's processes are kept together: in a namespace, and by following the tree.
func sandboxes() []string { return []string{string(Full), noSandbox} }

// TestNothingSurvives ends commands in every way there is, and looks for what is left.
func TestNothingSurvives(t *testing.T) {
	for _, sandbox := range sandboxes() {
		for name, c := range map[string]struct {
			last   string // the script's last line
			late   bool
			cancel bool
			why    string // in the sentence
		}{
			"it ends by itself": {`until [ -e TAG ]; do sleep 0.02; done`, false, false, "left over"},
			"its time is up":    {`sleep TAG`, true, false, "time was up"},
			"it is cancelled":   {`sleep TAG`, false, true, "somebody asked"},
		} {
			t.Run(sandbox+"/"+name, func(t *testing.T) {
				tag, dir := newTag(), t.TempDir()
				command := script(t, append(brood(tag), strings.ReplaceAll(c.last, "TAG", tag))...)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				moved := clock.NewMoved(time.Now())
				k := New(moved, func(string) string { return "" }, Self())
				var watch sync.WaitGroup
				defer watch.Wait()
				watch.Go(func() {
					hatched(t, tag, broodSize)
					switch {
					case c.cancel:
						cancel()
						return
					case c.late:
						moved.Move(2 * time.Minute)
						return
					}
					_ = os.WriteFile(filepath.Join(dir, tag), nil, 0o600) // the sign to end
				})
				call := action.Call{Settings: settingsOf(t, map[string]any{"command": []string{command}, "dir": dir, "timeout": "1m", "grace": "200ms", "sandbox": sandbox})}
				plan, err := k.Plan(t.Context(), call)
				if err != nil {
					t.Fatal(err)
				}
				res, err := k.Do(ctx, call, plan, &actiontest.Ledger{})
				if n := alive(tag); n != 0 {
					t.Errorf("%d processes survived", n)
				}
				if !strings.Contains(res.Summary, c.why) {
					t.Errorf("the result says %q, want it to say %q", res.Summary, c.why)
				}
				if cut := c.why != "left over"; cut != fault.Is(err, fault.Unavailable) || cut != res.Unknown || cut == res.Done {
					t.Errorf("Do = %+v, %v", res, err)
				}
				if want := map[string]string{noSandbox: "tree"}[sandbox]; res.Facts["sandbox"] != first(want, sandbox) {
					t.Errorf("the sandbox was %v, want %s", res.Facts["sandbox"], sandbox)
				}
			})
		}
	}
}

// TestGrace lets a command that listens end in order.
func TestGrace(t *testing.T) {
	for _, sandbox := range sandboxes() {
		dir := t.TempDir()
		command := script(t, `trap 'echo tidy > tidied; exit 0' TERM`, `echo ready`, `while :; do sleep 0.05; done`)
		s, err := parseSettings(settingsOf(t, map[string]any{"command": []string{command}, "dir": dir, "grace": "1m", "sandbox": sandbox}))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		k := desk()
		task := k.task(s, s.Command, action.Call{}, forRun)
		task.take = func(line string) bool {
			if line == "ready" {
				cancel()
			}
			return true
		}
		task.line = func(string) {}
		if how, err := k.run(ctx, task); err != nil || how.why == nil {
			t.Errorf("%s: run = %+v, %v", sandbox, how, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "tidied")); err != nil {
			t.Errorf("%s: the command could not tidy up: %v", sandbox, err)
		}
		cancel()
	}
}

const serverEnv = "FRONTLINE_EXEC_SERVER"

// server is a process of the test binary that runs one command, as the real server does, until it is killed.
func server() int {
	call := action.Call{Settings: json.RawMessage(os.Getenv(serverEnv))}
	plan, err := desk().Plan(context.Background(), call)
	if err == nil {
		_, err = desk().Do(context.Background(), call, plan, &actiontest.Ledger{})
	}
	fmt.Println(err)
	return 1
}

// TestServerDies kills the server in the middle of a run: its command and everything that came of it go with it, and so does the folder that was made
// for it, whatever the command left there.
func TestServerDies(t *testing.T) {
	for _, sandbox := range sandboxes() {
		t.Run(sandbox, func(t *testing.T) {
			tag := newTag()
			command := script(t, append([]string{`mkdir -p deep/deeper`, `echo secret > deep/deeper/file`}, append(brood(tag), "sleep "+tag)...)...)
			settings := settingsOf(t, map[string]any{"command": []string{command}, "sandbox": sandbox})
			temp := t.TempDir()
			cmd := osexec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), serverEnv+"="+string(settings), "TMPDIR="+temp)
			err := cmd.Start()
			if err != nil {
				t.Fatal(err)
			}
			hatched(t, tag, broodSize+1)
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			var left int
			var folders []os.DirEntry
			for range 2400 { // the keeper notices the end of its pipe
				left = alive(tag)
				if folders, err = os.ReadDir(temp); err != nil {
					t.Fatal(err)
				}
				if left == 0 && len(folders) == 0 {
					return
				}
				time.Sleep(25 * time.Millisecond)
			}
			t.Errorf("%d processes survived the server, and %v was left", left, folders)
		})
	}
}

// forEverybody are the tests of what depends on who the server is.
const forEverybody = "TestNothingSurvives|TestServerDies|TestWhatACommandGets|TestOwnProcesses|TestFiles|TestNetwork|TestBomb|TestSecretsAreNotSeen"

// TestWithoutPrivileges does the same as an ordinary user, for whom a PID namespace needs a user namespace.
func TestWithoutPrivileges(t *testing.T) {
	if os.Getuid() != 0 {
		return // then every other test here has done so
	}
	dir, err := os.MkdirTemp("", "frontline-exec-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	binary, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "exec.test")
	if err := os.WriteFile(name, binary, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	cmd := osexec.Command(name, "-test.v", "-test.run=^("+forEverybody+")$")
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + usualPath, "TMPDIR=" + dir}
	const nobody = 65534
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if passed := strings.Count(string(out), "\n--- PASS: Test"); err != nil || passed != 1+strings.Count(forEverybody, "|") {
		t.Errorf("as nobody %d tests passed: %v\n%s", passed, err, out)
	}
}

// TestOwnProcesses shows that a command in a namespace sees no process but its own, keeps its user and has no privilege of the namespace.
func TestOwnProcesses(t *testing.T) {
	look := script(t, `echo "me: $(id -u)"`, `ls /proc | grep -c '^[0-9]*$'`, `grep CapEff /proc/self/status`)
	_, led, err := do(t, map[string]any{"command": []string{look}, "sandbox": Full}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	lines := led.Lines()
	if len(lines) != 3 || lines[0] != fmt.Sprintf("me: %d", os.Getuid()) {
		t.Fatalf("the command says %q", lines)
	}
	if n, _ := strconv.Atoi(lines[1]); n > 5 { // the keeper, the shell, ls, grep, a subshell
		t.Errorf("the command sees %d processes", n)
	}
	if os.Getuid() != 0 && !strings.HasSuffix(lines[2], "0000000000000000") {
		t.Errorf("the command has capabilities: %s", lines[2])
	}
}

// TestKeeperKilled lets the command kill its own keeper where it can. Nobody knows then what it did.
func TestKeeperKilled(t *testing.T) {
	command := script(t, `kill -9 $PPID`, `sleep 60`)
	res, _, err := do(t, map[string]any{"command": []string{command}, "sandbox": noSandbox}, nil, nil)
	if !fault.Is(err, fault.Unavailable) || !res.Unknown {
		t.Errorf("Do = %+v, %v, want unknown", res, err)
	}
}

// TestForkRace kills a command that forks as fast as it can.
func TestForkRace(t *testing.T) {
	for _, sandbox := range sandboxes() {
		tag := newTag()
		command := script(t, `spawn() { n=$1; while [ $n -gt 0 ]; do n=$((n-1)); (setsid sleep `+tag+` &) ; done; }`, `spawn 40 & spawn 40 & spawn 40 & wait`, `sleep `+tag)
		call := action.Call{Settings: settingsOf(t, map[string]any{"command": []string{command}, "timeout": "150ms", "grace": "1ms", "sandbox": sandbox})}
		plan, err := desk().Plan(t.Context(), call)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := desk().Do(t.Context(), call, plan, &actiontest.Ledger{}); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: Do = %v, want Unavailable", sandbox, err)
		}
		if n := alive(tag); n > 0 {
			t.Errorf("%s: %d processes survived", sandbox, n)
		}
	}
}

// TestNotAKeeper names the mistake of a program that has no keeper in it, and does not hang on one that says nothing.
func TestNotAKeeper(t *testing.T) {
	k := desk()
	k.keeper = []string{"/bin/echo", "hello"}
	call := action.Call{Settings: settingsOf(t, map[string]any{"command": []string{"/bin/true"}, "plan": []string{"/bin/true"}})}
	if _, err := k.Plan(t.Context(), call); !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "not a keeper") {
		t.Errorf("Plan = %v, want that it is not a keeper", err)
	}
}
