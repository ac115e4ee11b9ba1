package keeper

import (
	"bytes"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// process is a process as /proc shows it. Numbers are used again; a number with a start time is not.
type Process struct {
	pid, parent int
	start       string
}

// Descendants finds every process below root. Those that lost their parent count too: root has adopted them.
func Descendants(root int) []Process {
	children := map[int][]Process{}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			if p, ok := look(pid); ok {
				children[p.parent] = append(children[p.parent], p)
			}
		}
	}
	found := children[root]
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i].pid]...)
	}
	return found
}

// look reads /proc/PID/stat (proc_pid_stat(5)): the parent is field 4, the start time field 22. The name in field 2 may hold anything,
// so fields are counted from the last parenthesis.
func look(pid int) (Process, bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return Process{}, false
	}
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:]) // field 3 is fields[0]
	if len(fields) < 20 {
		return Process{}, false
	}
	parent, err := strconv.Atoi(string(fields[1]))
	return Process{pid, parent, string(fields[19])}, err == nil
}

// Signal signals exactly this process: a handle is taken first, and used when the number still means the same one.
func (p Process) Signal(sig syscall.Signal) {
	fd, err := unix.PidfdOpen(p.pid, 0)
	if err != nil {
		return // it is gone
	}
	defer func() { _ = unix.Close(fd) }()
	if now, ok := look(p.pid); ok && now.start == p.start {
		_ = unix.PidfdSendSignal(fd, sig, nil, 0)
	}
}
