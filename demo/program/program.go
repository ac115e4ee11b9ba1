// Package program starts other people's programs on this machine, privately, and sees to it that they end: on free ports of the loopback
// address, with a folder of their own, stopped by the kernel when we die. The demo's broker and the tests' neighbours run in it.
package program

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Program is how one program is started.
type Program struct {
	Name string     // for messages and the log's file name
	Path string     // the executable
	Args []string   // without the name
	Env  []string   // added to PATH, LANG, and HOME and TMPDIR, which are Dir
	Dir  string     // working directory; the log is kept here
	Pass []*os.File // handed over to the program, as its file descriptors from 3 on
	User *syscall.Credential
	End  syscall.Signal // sent by the kernel when our process dies (on Linux); 0 is SIGKILL
}

// Process is a running program.
type Process struct {
	Program
	cmd  *exec.Cmd
	gone chan struct{} // closed when it has ended
	err  error         // how it ended; read after gone
}

// Find finds an executable by name or by absolute patterns. The error says which Debian package brings it.
func Find(debian string, names ...string) (string, error) {
	for _, name := range names {
		if found, err := exec.LookPath(name); err == nil {
			return found, nil
		}
		if found, _ := filepath.Glob(name); len(found) > 0 {
			return found[len(found)-1], nil
		}
	}
	return "", fmt.Errorf("%s is not installed: run `scripts/prepare` or `apt-get install %s`", names[0], debian)
}

// starter starts every program from one thread that lives as long as the process. The kernel sends the parent-
// death signal when the starting *thread* ends, so a thread of the scheduler's choice will not do.
var starter = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})

// Start runs the program and returns at once; wait for readiness with Until.
func (s Program) Start() (*Process, error) {
	log, err := os.OpenFile(s.LogFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", s.Name, err)
	}
	defer log.Close()
	p := &Process{Program: s, cmd: exec.Command(s.Path, s.Args...), gone: make(chan struct{})}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = s.Dir, log, log
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "HOME=" + s.Dir, "TMPDIR=" + s.Dir}, s.Env...)
	p.cmd.ExtraFiles = s.Pass
	p.cmd.SysProcAttr = s.attributes()
	started := make(chan error)
	starter() <- func() { started <- p.cmd.Start() }
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", s.Name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.gone)
	}()
	return p, nil
}

// LogFile is where the program's output is kept.
func (s Program) LogFile() string { return filepath.Join(s.Dir, s.Name+".log") }

// PID is the number of the running process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Stop sends sig to the program itself and waits until it has ended; after patience it is killed.
func (p *Process) Stop(sig syscall.Signal, patience time.Duration) {
	_ = p.cmd.Process.Signal(sig)
	select {
	case <-p.gone:
	case <-time.After(patience):
	}
	p.Kill()
}

// Kill ends the program and all that it started at once, as a power cut would. It returns once all of them have ended, so that what they held
// (ports, locks, shared memory) is free.
func (p *Process) Kill() {
	if !p.Alive() {
		return
	}
	pid := p.cmd.Process.Pid
	family := freeze(pid)
	for _, member := range family {
		_ = syscall.Kill(member, syscall.SIGKILL)
	}
	_ = syscall.Kill(-pid, syscall.SIGKILL) // its group, for systems without /proc
	<-p.gone
	for _, member := range family {
		await(member, "ZX")
	}
}

// freeze stops a process and all below it, and returns them. A list of children may lack one while another is born or ends, so it looks until
// it finds no more among processes that all stand still.
func freeze(pid int) []int {
	family := []int{pid}
	for grown := true; grown; {
		grown = false
		for i := 0; i < len(family); i++ {
			_ = syscall.Kill(family[i], syscall.SIGSTOP)
			await(family[i], "TtZX")
			for _, child := range children(family[i]) {
				if !slices.Contains(family, child) {
					family, grown = append(family, child), true
				}
			}
		}
	}
	return family
}

// await waits until a process has one of the states, or is gone. A process that got a signal obeys soon but not at once: on a busy machine
// taking its memory down takes a while. One that the kernel holds for longer is left to it.
func await(pid int, states string) {
	patience := time.After(30 * time.Second)
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for s := state(pid); s != "" && !strings.Contains(states, s); s = state(pid) {
		select {
		case <-look.C:
		case <-patience:
			return
		}
	}
}

// state is the letter that Linux has for the state of a process (T stopped, Z ended but not yet asked after); empty when there is none.
func state(pid int) string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	name := bytes.LastIndexByte(b, ')') // the program's name, in parentheses, may hold anything
	letter, _, _ := strings.Cut(strings.TrimSpace(string(b[name+1:])), " ")
	return letter
}

// Children returns the processes below pid, nearest first. Without /proc it finds none.
func Children(pid int) []int {
	var all []int
	for _, child := range children(pid) {
		all = append(append(all, child), Children(child)...)
	}
	return all
}

// children returns those that the process started itself.
func children(pid int) []int {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	var all []int
	for _, list := range lists {
		b, _ := os.ReadFile(list)
		for _, field := range strings.Fields(string(b)) {
			if child, err := strconv.Atoi(field); err == nil {
				all = append(all, child)
			}
		}
	}
	return all
}

// Alive says whether the program still runs.
func (p *Process) Alive() bool {
	select {
	case <-p.gone:
		return false
	default:
		return true
	}
}

// Until asks ready every few milliseconds until it answers nil. It gives up when patience or ctx is over or when the program
// has ended, and then shows the end of the program's log.
func (p *Process) Until(ctx context.Context, patience time.Duration, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	pause := time.NewTicker(20 * time.Millisecond)
	defer pause.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.gone:
			return fmt.Errorf("%s ended before it was ready (%v); its log ends with:\n%s", p.Name, p.err, p.Tail())
		case <-ctx.Done():
			return fmt.Errorf("%s was not ready after %v (%w); its log ends with:\n%s", p.Name, patience, err, p.Tail())
		case <-pause.C:
		}
	}
}

// Tail returns the last lines of the program's log.
func (s Program) Tail() []byte {
	b, err := os.ReadFile(s.LogFile())
	if err != nil {
		return []byte(err.Error())
	}
	lines := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
	return bytes.Join(lines[max(0, len(lines)-25):], []byte("\n"))
}

// Run runs the program to its end.
func (s Program) Run(patience time.Duration) error {
	p, err := s.Start()
	if err != nil {
		return err
	}
	select {
	case <-p.gone:
	case <-time.After(patience):
		p.Kill()
		return fmt.Errorf("%s did not end within %v", s.Name, patience)
	}
	if p.err != nil {
		return errors.Join(fmt.Errorf("%s: %w", s.Name, p.err), errors.New(string(s.Tail())))
	}
	return nil
}
