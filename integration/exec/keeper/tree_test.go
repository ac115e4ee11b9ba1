package keeper

import (
	"bufio"
	"os"
	osexec "os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestDescendants reads the tree of this very process.
func TestDescendants(t *testing.T) {
	cmd := osexec.Command("/bin/sh", "-c", "echo ready; sleep 60 & wait")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	seen := map[int]Process{}
	for range 6000 {
		for _, p := range Descendants(os.Getpid()) {
			seen[p.pid] = p
		}
		if len(seen) >= 2 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	shell, ok := seen[cmd.Process.Pid]
	if !ok || shell.parent != os.Getpid() || len(seen) != 2 {
		t.Errorf("found %v", seen)
	}
	stranger := shell
	stranger.start = "1" // the number now means another process
	stranger.Signal(syscall.SIGKILL)
	if _, ok := look(shell.pid); !ok {
		t.Error("a process was killed for the number of another")
	}
	for _, p := range seen {
		p.Signal(syscall.SIGKILL)
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("the shell ended with %v", err)
	}
}
