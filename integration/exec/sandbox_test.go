package exec

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"frontline/action"
	"frontline/action/actiontest"
	"frontline/fault"
	"frontline/secret"
)

// on is the kind as it is on a host that gives that level and no better. What there is besides, it has nothing to do with.
func on(l Level) *Kind {
	k := desk()
	k.tried.Do(func() { k.host = Sandbox{Level: l, Why: []string{"the test says so"}, user: true} })
	return k
}

// doOn plans and runs on a host that gives the level.
func doOn(t *testing.T, l Level, settings map[string]any, secrets map[string]secret.Text) (action.Result, []string, error) {
	t.Helper()
	call := action.Call{Run: "RUN-7", Settings: settingsOf(t, settings), Secrets: secrets}
	plan, err := on(l).Plan(t.Context(), call)
	if err != nil {
		t.Fatalf("Plan: %v", err)
	}
	led := &actiontest.Ledger{}
	res, err := on(l).Do(t.Context(), call, plan, led)
	return res, led.Lines(), err
}

// confined are the levels that keep files and network apart. Full is what CI's host gives; the others are taken from it.
func confined() []Level { return []Level{Full, Namespaces, Landlock} }

// TestHost finds that this host gives everything. Where it does not, exec cannot be tested.
func TestHost(t *testing.T) {
	if s := desk().Sandbox(); s.Level != Full || len(s.Why) > 0 {
		t.Fatalf("the host gives %s: %s", s.Level, strings.Join(s.Why, "; "))
	}
	for _, l := range levels() {
		if !strings.HasSuffix(l.Say(), ".") {
			t.Errorf("%s says %q", l, l.Say())
		}
	}
}

// TestFiles reads and writes where the action may, and where it may not.
func TestFiles(t *testing.T) {
	for _, l := range confined() {
		t.Run(string(l), func(t *testing.T) {
			outside, readable, writable, dir := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
			for _, d := range []string{outside, readable, writable, dir} {
				write(t, filepath.Join(d, "file"), "text of "+filepath.Base(d))
			}
			socket, err := net.Listen("unix", filepath.Join(outside, "socket"))
			if err != nil {
				t.Fatal(err)
			}
			defer socket.Close()
			try := `try() { if eval "$2" >/dev/null 2>&1; then echo "$1 yes"; else echo "$1 no"; fi; }`
			lines := []string{try}
			for name, d := range map[string]string{"outside": outside, "read": readable, "write": writable, "dir": dir} {
				lines = append(lines, `try `+name+`-read "cat `+d+`/file"`, `try `+name+`-list "ls `+d+`"`,
					`try `+name+`-write "echo changed >> `+d+`/file"`, `try `+name+`-new "touch `+d+`/new"`, `try `+name+`-gone "rm -f `+d+`/new && mv `+d+`/file `+d+`/moved && mv `+d+`/moved `+d+`/file"`)
			}
			lines = append(lines, `try shadow "cat /etc/shadow"`, `try system "touch /usr/bin/frontline-test"`, `try home "touch $HOME/x && cat $HOME/x && rm $HOME/x"`,
				`try null "echo x > /dev/null"`, `try disk "head -c 1 /dev/vda"`, `try certificates "ls /etc/ssl/certs"`,
				`try socket "perl -MSocket -e 'socket(S,AF_UNIX,SOCK_STREAM,0); connect(S,sockaddr_un(qq{`+outside+`/socket})) or exit 1'"`)
			plan := script(t, append(lines, `echo '{"summary":"Nothing yet."}'`)...)
			settings := map[string]any{"command": []string{script(t, lines...)}, "read": []string{readable}, "write": []string{writable}, "dir": dir}
			want := map[string]string{"system": "no", "home": "yes", "null": "yes", "shadow": "no", "disk": "no", "certificates": "yes",
				"socket": map[bool]string{true: "no", false: "yes"}[l != Landlock]} // Landlock does not limit sockets in folders before Linux 7
			for _, what := range []string{"read", "list", "write", "new", "gone"} {
				reads := map[bool]string{true: "yes", false: "no"}[what == "read" || what == "list"]
				want["outside-"+what], want["read-"+what], want["write-"+what], want["dir-"+what] = "no", reads, "yes", "yes"
			}
			_, said, err := doOn(t, l, settings, nil)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, said, want)

			// The plan command sees the same, and changes nothing.
			for name := range want {
				if place, what, ok := strings.Cut(name, "-"); ok && (place == "write" || place == "dir") && what != "read" && what != "list" {
					want[name] = "no"
				}
			}
			k := on(l)
			s, err := parseSettings(settingsOf(t, settings))
			if err != nil {
				t.Fatal(err)
			}
			said = nil
			task := k.task(s, []string{plan}, action.Call{}, forPlan)
			task.line, task.take = func(line string) { said = append(said, line) }, func(string) bool { return false }
			if _, err := k.run(t.Context(), task); err != nil {
				t.Fatal(err)
			}
			compare(t, said, want)
		})
	}
}

func write(t testing.TB, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// compare compares lines "name yes" with what is wanted.
func compare(t *testing.T, said []string, want map[string]string) {
	t.Helper()
	got := map[string]string{}
	for _, line := range said {
		if name, answer, ok := strings.Cut(line, " "); ok {
			got[name] = answer
		}
	}
	for name, answer := range want {
		if got[name] != answer {
			t.Errorf("%s: %q, want %q", name, got[name], answer)
		}
	}
}

// listen opens a port on the loopback that somebody answers.
func listen4(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

// TestNetwork connects to a port that the action names, to one that it does not, and without naming any.
func TestNetwork(t *testing.T) {
	named, other := listen4(t), listen4(t)
	try := func(port int) string {
		return fmt.Sprintf(`perl -MSocket -e 'socket(S,AF_INET,SOCK_STREAM,0); print connect(S,sockaddr_in(%[1]d,inet_aton("127.0.0.1"))) ? "%[2]s yes\n" : "%[2]s no\n"'`, port, map[int]string{named: "named", other: "other"}[port])
	}
	command := script(t, try(named), try(other))
	for _, l := range confined() {
		t.Run(string(l), func(t *testing.T) {
			res, said, err := doOn(t, l, map[string]any{"command": []string{command}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, said, map[string]string{"named": "no", "other": "no"})
			if loud := strings.Contains(strings.Join(said, "\n"), "not full"); loud != (l == Landlock) || res.Facts["sandbox"] != string(l) {
				t.Errorf("without a port, a run on %s says %q, and its facts are %v", l, said, res.Facts)
			}
			_, said, err = doOn(t, l, map[string]any{"command": []string{command}, "network": []int{named}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, said, map[string]string{"named": "yes", "other": "no"})
			if loud := strings.Contains(strings.Join(said, "\n"), "not full"); loud != (l != Full) {
				t.Errorf("with a port, a run on %s says %q", l, said)
			}
		})
	}
}

// TestLimits lets commands want more than they may have.
func TestLimits(t *testing.T) {
	for name, c := range map[string]struct {
		limits map[string]any
		script string
		good   string // a script that stays within
	}{
		"memory":    {map[string]any{"memory": "64MiB"}, `perl -e '$x = "a" x (200 << 20)'`, `perl -e '$x = "a" x (20 << 20)'`},
		"files":     {map[string]any{"files": 16}, `perl -e 'for (1..20) { open($f[$_], "/dev/null") or exit 1 }'`, `perl -e 'for (1..5) { open($f[$_], "/dev/null") or exit 1 }'`},
		"file size": {map[string]any{"file_size": "1MB"}, `head -c 2000000 /dev/zero > "$HOME/x"`, `head -c 900000 /dev/zero > "$HOME/x"`},
		"cpu":       {map[string]any{"cpu": "1s"}, `while :; do :; done`, `:`},
		"core":      {nil, `[ "$(ulimit -c)" != 0 ]`, `[ "$(ulimit -c)" = 0 ]`},
	} {
		t.Run(name, func(t *testing.T) {
			settings := map[string]any{"command": []string{script(t, c.script)}, "limits": c.limits}
			if res, _, err := do(t, settings, nil, nil); err == nil && res.Done {
				t.Errorf("what wants too much ended well: %+v", res)
			}
			settings["command"] = []string{script(t, c.good)}
			if res, _, err := do(t, settings, nil, nil); err != nil || !res.Done {
				t.Errorf("what wants little enough: %+v, %v", res, err)
			}
		})
	}
}

// TestBomb lets a command start processes without end.
func TestBomb(t *testing.T) {
	for _, sandbox := range sandboxes() {
		t.Run(sandbox, func(t *testing.T) {
			tag := newTag()
			bomb := script(t, `n=0`, `while :; do sleep `+tag+` & n=$((n+1)); echo $n; done`)
			res, led, err := do(t, map[string]any{"command": []string{bomb}, "limits": map[string]any{"processes": 16}, "sandbox": sandbox}, nil, nil)
			if err == nil && res.Done {
				t.Errorf("a bomb ended well: %+v", res)
			}
			if n := alive(tag); n != 0 {
				t.Errorf("%d processes survived", n)
			}
			if n := len(led.Lines()); n < 10 || sandbox == string(Full) && n > 400 {
				t.Errorf("the bomb had %d processes", n)
			}
		})
	}
}

// TestSecretsAreNotSeen looks at every process there is, from outside and as the command sees them, while a command holds a secret.
func TestSecretsAreNotSeen(t *testing.T) {
	for _, sandbox := range sandboxes() {
		dir, tag := t.TempDir(), newTag()
		token := "t0ken-" + tag
		command := script(t, `read -r secrets <&3`, `cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\0' '\n' | grep -c "[t]0ken-`+tag[:3]+`" > found`,
			`case $secrets in *`+tag[3:]+`*) echo has it;; esac`, `: > ready`, `until [ -e go ]; do sleep 0.02; done`)
		seen, done := make(chan string, 1), make(chan struct{})
		go func() {
			defer close(done)
			for range 3000 {
				if _, err := os.Stat(filepath.Join(dir, "ready")); err == nil {
					break
				}
				time.Sleep(20 * time.Millisecond)
			}
			seen <- whereSeen(token)
			_ = os.WriteFile(filepath.Join(dir, "go"), nil, 0o600)
		}()
		_, led, err := do(t, map[string]any{"command": []string{command}, "dir": dir, "sandbox": sandbox}, nil, map[string]secret.Text{"token": secret.New(token)})
		<-done
		if err != nil || !strings.Contains(strings.Join(led.Lines(), "\n"), "has it") {
			t.Errorf("%s: %q, %v", sandbox, led.Lines(), err)
		}
		if where := <-seen; where != "" {
			t.Errorf("%s: the secret can be seen in %s", sandbox, where)
		}
		if b, err := os.ReadFile(filepath.Join(dir, "found")); err != nil || string(b) != "0\n" {
			t.Errorf("%s: the command sees the secret in %s processes: %v", sandbox, b, err)
		}
	}
}

// whereSeen names the files of /proc that hold the text, but for those of this process.
func whereSeen(text string) string {
	for _, pattern := range []string{"cmdline", "environ"} {
		files, _ := filepath.Glob("/proc/[0-9]*/" + pattern)
		for _, f := range files {
			if b, _ := os.ReadFile(f); strings.Contains(string(b), text) {
				return f
			}
		}
	}
	return ""
}

// TestDemand refuses an action that demands more than the host gives, and says why.
func TestDemand(t *testing.T) {
	for have, demands := range map[Level]map[string]bool{
		Full:       {"": true, "full": true, "namespaces": true, "landlock": true, "none": true},
		Namespaces: {"": true, "full": false, "namespaces": true, "landlock": true, "none": true},
		Landlock:   {"": true, "full": false, "namespaces": false, "landlock": true, "none": true},
		Tree:       {"": true, "full": false, "namespaces": false, "landlock": false, "none": true},
	} {
		for demand, ok := range demands {
			s, err := parseSettings(settingsOf(t, map[string]any{"command": []string{"true"}, "sandbox": demand}))
			if err != nil {
				t.Fatal(err)
			}
			switch l, err := on(have).level(s); {
			case ok && (err != nil || demand != noSandbox && l != have || demand == noSandbox && l != Tree):
				t.Errorf("%s on %s = %s, %v", demand, have, l, err)
			case !ok && (!fault.Is(err, fault.Invalid) || !strings.Contains(fault.Sentence(err), "the test says so")):
				t.Errorf("%s on %s = %v, want a refusal with the reason", demand, have, err)
			}
		}
	}
}

const forbiddenEnv = "FRONTLINE_EXEC_FORBIDDEN"

// TestNamespacesForbidden runs on a host that forbids namespaces to us, as many containers do: the level is lower, is told, and holds.
func TestNamespacesForbidden(t *testing.T) {
	if os.Getenv(forbiddenEnv) != "" {
		return
	}
	cmd := osexec.Command(os.Args[0], "-test.v", "-test.timeout=5m", "-test.run=^TestForbidden$")
	cmd.Env = append(os.Environ(), forbiddenEnv+"=1")
	id := []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
	gid := []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, UidMappings: id, GidMappings: gid,
		AmbientCaps: []uintptr{unix.CAP_SYS_RESOURCE, unix.CAP_SETPCAP}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "\n--- PASS: TestForbidden") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestForbidden is what TestNamespacesForbidden runs in there.
func TestForbidden(t *testing.T) {
	if os.Getenv(forbiddenEnv) == "" {
		return
	}
	s := desk().Sandbox()
	if s.Level != Landlock || len(s.Why) == 0 || !strings.Contains(s.Why[0], "namespaces cannot be made") {
		t.Fatalf("the host gives %+v", s)
	}
	tag := newTag()
	dir := t.TempDir()
	command := script(t, append(brood(tag), `until [ -e go ]; do sleep 0.02; done`, `cat /etc/shadow`)...)
	var watch sync.WaitGroup
	defer watch.Wait()
	watch.Go(func() {
		hatched(t, tag, broodSize)
		_ = os.WriteFile(filepath.Join(dir, "go"), nil, 0o600)
	})
	call := action.Call{Settings: settingsOf(t, map[string]any{"command": []string{command}, "dir": dir})}
	plan, err := desk().Plan(t.Context(), call)
	if err != nil || len(plan.Costs) == 0 || !strings.Contains(fmt.Sprint(plan.Costs), "not full") {
		t.Fatalf("the plan is %+v, %v", plan, err)
	}
	led := &actiontest.Ledger{}
	res, err := desk().Do(t.Context(), call, plan, led)
	if err != nil || res.Done || res.Facts["sandbox"] != "landlock" || !strings.Contains(led.Lines()[0], "not full") {
		t.Errorf("Do = %+v, %v, and said %q", res, err, led.Lines())
	}
	if n := alive(tag); n != 0 {
		t.Errorf("%d processes survived", n)
	}
	call.Settings = settingsOf(t, map[string]any{"command": []string{command}, "sandbox": "full"})
	if _, err := desk().Do(t.Context(), call, plan, led); err == nil {
		t.Error("a full sandbox was promised")
	}
}

// forbidNamespaces makes this process one that may make none, and takes the privileges that it was given for that.
func forbidNamespaces() error {
	if err := os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_SECUREBITS, 1, 0, 0, 0); err != nil { // no root: number 0 means nothing
		return err
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if err := unix.Capset(&header, &none[0]); err != nil {
		return err
	}
	if err := os.Setenv(forbiddenEnv, "2"); err != nil {
		return err
	}
	return syscall.Exec(os.Args[0], os.Args, os.Environ())
}

// TestLimitsAreOrders sends limits to a keeper and back.
func TestLimitsAreOrders(t *testing.T) {
	s, err := parseSettings(json.RawMessage(`{"command":["a"],"limits":{"memory":"3GB","file_size":"12KiB","cpu":"90s"}}`))
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(s.Limits)
	var back limits
	if err != nil || json.Unmarshal(b, &back) != nil || back != s.Limits || back.Memory != 3e9 || back.FileSize != 12<<10 {
		t.Errorf("%+v came back as %+v: %v", s.Limits, back, err)
	}
}
