package neighbour

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"frontline/demo/program"
)

// holding makes this test binary a process that starts neighbours and waits to be killed.
const holding = "FRONTLINE_HOLD_NEIGHBOURS"

func TestMain(m *testing.M) {
	if os.Getenv(holding) != "" {
		hold()
		return
	}
	Main(m)
}

// hold starts a PostgreSQL with its backends and prints its process's number and those of its children.
func hold() {
	c, err := newCluster()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.process.PID())
	for _, child := range program.Children(c.process.PID()) {
		fmt.Println(child)
	}
	fmt.Println("ready")
	select {}
}

// TestNothingOutlivesAKilledTest kills a test process that holds neighbours, and finds none of them alive soon after. The
// next process that needs a folder removes the dead one's.
func TestNothingOutlivesAKilledTest(t *testing.T) {
	Need(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), holding+"=yes")
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	var held []int
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "ready"; {
		pid, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatalf("the holding process says: %s", lines.Text())
		}
		held = append(held, pid)
	}
	ends := watch(t, held)
	if len(ends) < 2 {
		t.Fatalf("only %d neighbours are held", len(ends))
	}
	must(t, cmd.Process.Signal(syscall.SIGKILL))
	_ = cmd.Wait()
	for pid, end := range ends {
		if n, err := poll(end); n != 1 {
			t.Errorf("process %d outlives its test (%v)", pid, err)
		}
	}
	sweep()
	left, err := os.ReadDir(os.TempDir())
	must(t, err)
	for _, e := range left {
		if strings.HasPrefix(e.Name(), fmt.Sprintf("%s%d-", homePrefix, cmd.Process.Pid)) {
			t.Errorf("its folder %s stays", e.Name())
		}
	}
}

// watch opens a descriptor for each process that becomes readable when it ends, see pidfd_open(2). A backend that has ended
// by itself, with its connection, is left out.
func watch(t *testing.T, pids []int) map[int]int {
	t.Helper()
	ends := map[int]int{}
	for _, pid := range pids {
		end, err := unix.PidfdOpen(pid, 0)
		if errors.Is(err, unix.ESRCH) {
			continue
		}
		must(t, err)
		t.Cleanup(func() { _ = unix.Close(end) })
		ends[pid] = end
	}
	return ends
}

// poll waits up to 20 s for a descriptor to become readable, and again when a signal to this process cuts the wait short.
func poll(fd int) (int, error) {
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 20_000)
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}
