// Package neighbour gives a test the real programs that Frontline lives beside: a broker, a database, monitoring,
// a mail server, a browser. It is imported by tests only.
//
// Each neighbour starts when a test first asks for it, on free ports of the loopback address and with a data
// folder that is thrown away. It is gone when the test (or, for those that tests share, the test process) ends, and the
// kernel ends it when the test process is killed. A program that is not installed fails the test with the name of
// the Debian package to install; only -short skips.
//
// A package whose tests use neighbours has one line for it:
//
//	func TestMain(m *testing.M) { neighbour.Main(m) }
package neighbour

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// house remembers what the tests of this process share, so that Main can put it away.
type house struct {
	mu   sync.Mutex
	open bool // Main runs
	home string
	end  []func()
}

var ours = &house{}

// Main runs the tests of a package and then stops every neighbour that they shared. TestMain calls it.
func Main(m *testing.M) {
	ours.mu.Lock()
	ours.open = true
	ours.mu.Unlock()
	defer ours.putAway()
	m.Run()
}

// Need says that the test needs programs of its own: -short skips it, which is the only skip there is.
func Need(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a real neighbour: run without -short")
	}
	ours.mu.Lock()
	defer ours.mu.Unlock()
	if !ours.open {
		t.Fatal("neighbour: this package needs `func TestMain(m *testing.M) { neighbour.Main(m) }` to put neighbours away")
	}
}

// atEnd has Main call f after the last test; the last one registered is called first.
func (h *house) atEnd(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.end = append(h.end, f)
}

func (h *house) putAway() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := len(h.end) - 1; i >= 0; i-- {
		h.end[i]()
	}
	if h.home != "" {
		_ = os.RemoveAll(h.home)
	}
}

const homePrefix = "frontline-neighbours-"

// folder makes a data folder that lives as long as the test process. Other users may pass through its parents,
// because PostgreSQL refuses to run as root.
func (h *house) folder(name string) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.home == "" {
		sweep()
		home, err := os.MkdirTemp("", homePrefix+strconv.Itoa(os.Getpid())+"-")
		if err != nil {
			return "", fmt.Errorf("make a folder for neighbours: %w", err)
		}
		if err := os.Chmod(home, 0o711); err != nil {
			return "", fmt.Errorf("open %s to other users: %w", home, err)
		}
		h.home = home
	}
	dir, err := os.MkdirTemp(h.home, name+"-")
	if err != nil {
		return "", fmt.Errorf("make a folder for %s: %w", name, err)
	}
	return dir, nil
}

// prepared is the folder of a neighbour that no package of this machine brings. A script of that name under scripts finds it, or makes it, which
// may take minutes; scripts/prepare runs the same.
func prepared(name string) (string, error) {
	_, here, _, _ := runtime.Caller(0)
	var said bytes.Buffer
	cmd := exec.Command(filepath.Join(filepath.Dir(here), "..", "..", "scripts", name))
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("scripts/%s: %w\n%s", name, err, said.Bytes())
	}
	return strings.TrimSpace(string(out)), nil
}

// sweep removes what test processes left behind that were killed before they could.
func sweep() {
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), homePrefix+"*"))
	for _, dir := range left {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), homePrefix), "-")
		n, err := strconv.Atoi(pid)
		if err == nil && syscall.Kill(n, 0) == syscall.ESRCH {
			_ = os.RemoveAll(dir)
		}
	}
}
