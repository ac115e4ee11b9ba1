package neighbour

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// spec is how one program is started.
type spec struct {
	name string   // for messages and the log's file name
	path string   // the executable
	args []string // without the name
	env  []string // added to PATH, LANG, and HOME and TMPDIR, which are dir
	dir  string   // working directory; the log is kept here
	user *syscall.Credential
	end  syscall.Signal // sent by the kernel when the test process dies; 0 is SIGKILL
}

// process is a running program.
type process struct {
	spec
	cmd  *exec.Cmd
	gone chan struct{} // closed when it has ended
	err  error         // how it ended; read after gone
}

// starter starts every program from one thread that lives as long as the test process. The kernel sends the parent-
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

// start runs the program and returns at once; wait for readiness with until.
func (s spec) start() (*process, error) {
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", s.name, err)
	}
	defer log.Close()
	p := &process{spec: s, cmd: exec.Command(s.path, s.args...), gone: make(chan struct{})}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = s.dir, log, log
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "HOME=" + s.dir, "TMPDIR=" + s.dir}, s.env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: s.deathSignal(), Credential: s.user}
	started := make(chan error)
	starter() <- func() { started <- p.cmd.Start() }
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", s.name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.gone)
	}()
	return p, nil
}

func (s spec) deathSignal() syscall.Signal {
	if s.end == 0 {
		return syscall.SIGKILL
	}
	return s.end
}

func (s spec) logFile() string { return filepath.Join(s.dir, s.name+".log") }

// signal sends sig to the program itself and waits until it has ended; after patience it is killed.
func (p *process) signal(sig syscall.Signal, patience time.Duration) {
	_ = p.cmd.Process.Signal(sig)
	select {
	case <-p.gone:
	case <-time.After(patience):
	}
	p.kill()
}

// kill ends the program and all that it started at once, as a power cut would. It is stopped first so that it starts
// nothing between the look at its children and the end.
func (p *process) kill() {
	if !p.alive() {
		return
	}
	pid := p.cmd.Process.Pid
	_ = syscall.Kill(pid, syscall.SIGSTOP)
	for _, child := range children(pid) {
		_ = syscall.Kill(child, syscall.SIGKILL)
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
	<-p.gone
}

// children returns the processes below pid, nearest first.
func children(pid int) []int {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	var all []int
	for _, list := range lists {
		b, _ := os.ReadFile(list)
		for _, field := range strings.Fields(string(b)) {
			if child, err := strconv.Atoi(field); err == nil {
				all = append(append(all, child), children(child)...)
			}
		}
	}
	return all
}

// alive says whether the program still runs.
func (p *process) alive() bool {
	select {
	case <-p.gone:
		return false
	default:
		return true
	}
}

// until asks ready every few milliseconds until it answers nil. It gives up when patience is over or when the program
// has ended, and then shows the end of the program's log.
func (p *process) until(patience time.Duration, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
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
			return fmt.Errorf("%s ended before it was ready (%v); its log ends with:\n%s", p.name, p.err, p.tail())
		case <-ctx.Done():
			return fmt.Errorf("%s was not ready after %v (%w); its log ends with:\n%s", p.name, patience, err, p.tail())
		case <-pause.C:
		}
	}
}

// tail returns the last lines of the program's log.
func (s spec) tail() []byte {
	b, err := os.ReadFile(s.logFile())
	if err != nil {
		return []byte(err.Error())
	}
	lines := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
	return bytes.Join(lines[max(0, len(lines)-25):], []byte("\n"))
}

// run runs the program to its end.
func (s spec) run(patience time.Duration) error {
	p, err := s.start()
	if err != nil {
		return err
	}
	select {
	case <-p.gone:
	case <-time.After(patience):
		p.kill()
		return fmt.Errorf("%s did not end within %v", s.name, patience)
	}
	if p.err != nil {
		return errors.Join(fmt.Errorf("%s: %w", s.name, p.err), errors.New(string(s.tail())))
	}
	return nil
}
