package exec

import (
	"bufio"
	"encoding/json"
	"os"
	osexec "os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// killAgain is the time between two rounds of killing: a process may have forked while the one before was on its way.
const killAgain = 5 * time.Millisecond

// Keep is the keeper's main. It returns the exit code.
func Keep() int {
	runtime.LockOSThread() // the parent-death signal follows the thread that started the command
	k := &kept{orders: os.NewFile(ordersFile, "orders"), news: json.NewEncoder(os.NewFile(newsFile, "news")), init: os.Getpid() == 1}
	for fd := ordersFile; fd <= secretsFile; fd++ {
		unix.CloseOnExec(fd)
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return 1
	}
	level := processTree
	if k.init {
		level = pidNamespace
		ownProc()
	}
	if err := k.news.Encode(news{Ready: level}); err != nil {
		return 1
	}
	in := bufio.NewReader(k.orders)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return 0 // the server has thought better of it
	}
	var o order
	if json.Unmarshal(line, &o) != nil {
		return 1
	}
	return k.run(o, in)
}

// ownProc shows the command the processes of its own namespace only. Where the system refuses, it sees all of them, which does no
// harm. The capability that mounting takes is given up at once.
func ownProc() {
	if unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "") == nil {
		_ = unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	}
	_ = unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
}

// kept is a command and everything that came of it.
type kept struct {
	orders *os.File
	news   *json.Encoder
	init   bool // we are the first process of a namespace
	pid    int  // of the command
	told   bool
}

// run runs the command and stays until nothing of it is left.
func (k *kept) run(o order, in *bufio.Reader) int {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	if w := k.start(o); w != nil {
		_ = k.news.Encode(news{Refused: w})
		return 0
	}
	detach()
	said := listen(in)
	deaths := reap()
	var end ending
	var over <-chan time.Time  // the grace
	var again <-chan time.Time // the next round of killing
	kill := func() {
		k.signal(syscall.SIGKILL)
		again = time.After(killAgain)
	}
	for {
		select {
		case d, more := <-deaths:
			if !more {
				end.Told = k.told
				_ = k.news.Encode(news{Ended: &end})
				return 0
			}
			if d.pid != k.pid {
				if again != nil && d.status.Signal() == syscall.SIGKILL {
					end.Left++
				}
				continue
			}
			end.Status, end.Signal = d.status.ExitStatus(), max(0, int(d.status.Signal()))
			kill()
		case word, open := <-said:
			k.told = true
			if open && word == sayStop {
				k.signal(syscall.SIGTERM)
				over = time.After(o.Grace)
				continue
			}
			said = nil
			kill()
		case <-signals:
			k.told = true
			kill()
		case <-over:
			kill()
		case <-again:
			kill()
		}
	}
}

// start starts the command in a process group of its own. Its files are the three that we were given, and the secrets.
func (k *kept) start(o order) *wrong {
	if fi, err := os.Stat(o.Dir); err != nil || !fi.IsDir() {
		return &wrong{"dir", "it is not a folder that can be entered"}
	}
	program, err := osexec.LookPath(o.Argv[0])
	if err != nil {
		return &wrong{"command", err.Error()}
	}
	k.pid, err = syscall.ForkExec(program, o.Argv, &syscall.ProcAttr{
		Dir: o.Dir, Env: o.Env, Files: []uintptr{0, 1, 2, secretsFile},
		Sys: &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return &wrong{"command", err.Error()}
	}
	return nil
}

// detach lets go of the command's files, so that their other ends see when the command has closed them.
func detach() {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return
	}
	for fd := range 3 {
		_ = unix.Dup3(int(null.Fd()), fd, 0)
	}
	_ = unix.Close(secretsFile)
}

// listen passes on what the server says; the channel is closed when the server is gone.
func listen(in *bufio.Reader) <-chan byte {
	said := make(chan byte)
	go func() {
		defer close(said)
		for {
			word, err := in.ReadByte()
			if err != nil {
				return
			}
			said <- word
		}
	}()
	return said
}

type death struct {
	pid    int
	status syscall.WaitStatus
}

// reap collects our children, those that we adopted too, until there are none.
func reap() <-chan death {
	deaths := make(chan death)
	go func() {
		defer close(deaths)
		for {
			var status syscall.WaitStatus
			pid, err := syscall.Wait4(-1, &status, 0, nil)
			if err == syscall.EINTR {
				continue
			}
			if err != nil {
				return
			}
			deaths <- death{pid, status}
		}
	}()
	return deaths
}

// signal reaches everything that came of the command.
func (k *kept) signal(sig syscall.Signal) {
	if k.init {
		_ = syscall.Kill(-1, sig) // everybody in the namespace but ourselves
		return
	}
	for _, p := range descendants(os.Getpid()) {
		p.signal(sig)
	}
}
