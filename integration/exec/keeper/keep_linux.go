package keeper

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// killAgain is the time between two rounds of killing: a process may have forked while the one before was on its way.
const killAgain = 5 * time.Millisecond

// countAgain is the time between two counts of processes, where the kernel does not limit them for us.
const countAgain = 25 * time.Millisecond

// Keep is the keeper's main. It returns the exit code.
func Keep() int {
	runtime.LockOSThread() // the parent-death signal follows the thread that started the command; capabilities are a thread's
	if len(os.Args) > 2 && os.Args[2] == launchArg {
		return launch()
	}
	k := &kept{orders: os.NewFile(ordersFile, "orders"), news: json.NewEncoder(os.NewFile(newsFile, "news")), init: os.Getpid() == 1}
	for fd := ordersFile; fd <= secretsFile; fd++ {
		unix.CloseOnExec(fd)
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return 1
	}
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) // what the command starts may not look into us
	if err := k.news.Encode(News{Ready: true, Init: k.init}); err != nil {
		return 1
	}
	in := bufio.NewReader(k.orders)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return 0 // the server has thought better of it
	}
	var o Order
	if json.Unmarshal(line, &o) != nil {
		return 1
	}
	return k.run(o, in)
}

// kept is a command and everything that came of it.
type kept struct {
	orders *os.File
	news   *json.Encoder
	init   bool // we are the first process of a namespace
	proc   bool // it has a /proc of its own
	pid    int  // of the command
	told   bool
	gone   bool     // the server is no more
	homes  *os.Root // where the home lies on the host, opened before the command's root is entered
}

// run runs the command and stays until nothing of it is left.
func (k *kept) run(o Order, in *bufio.Reader) int {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	if w := k.start(o); w != nil {
		_ = k.news.Encode(News{Refused: w})
		return 0
	}
	detach()
	said := listen(in)
	deaths := reap()
	var end Ending
	var over, again, count <-chan time.Time // the grace, the next round of killing, the next count of processes
	if o.Box.Watch {
		count = time.After(countAgain)
	}
	kill := func() {
		k.signal(syscall.SIGKILL)
		again, count = time.After(killAgain), nil
	}
	for {
		select {
		case d, more := <-deaths:
			if !more {
				return k.ended(end, o.Home)
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
			k.told, k.gone = true, !open
			if open && word == SayStop {
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
		case <-count:
			if count = time.After(countAgain); k.many(o.Box.Limits.Processes) {
				end.Many = true
				kill()
			}
		}
	}
}

// ended tells the server how the command ended, and takes the home away in its place when it is gone. It returns the exit code.
func (k *kept) ended(end Ending, home string) int {
	end.Told = k.told
	if k.news.Encode(News{Ended: &end}) != nil || k.gone {
		if k.homes != nil {
			_ = k.homes.RemoveAll(filepath.Base(home))
		}
	}
	return 0
}

// start makes the command's surroundings and starts a process in them that becomes the command, in a process group of its own. Its
// files are the three that we were given, and the secrets.
func (k *kept) start(o Order) *Wrong {
	if o.Home != "" {
		k.homes, _ = os.OpenRoot(filepath.Dir(o.Home)) // without it a folder may be left, which is no reason not to run
	}
	if o.Box.Root {
		if w := k.enter(o.Box); w != nil {
			return w
		}
	}
	_ = unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) // mounting is done
	orders, ours, err := pipe()
	if err != nil {
		return &Wrong{"sandbox", err.Error()}
	}
	news, theirs, err := pipe()
	if err != nil {
		return &Wrong{"sandbox", err.Error()}
	}
	k.pid, err = syscall.ForkExec("/proc/self/exe", []string{"frontline", Arg, launchArg}, &syscall.ProcAttr{
		Dir: "/", Env: []string{"PATH=" + value(o.Env, "PATH"), "GOGC=off"}, Files: []uintptr{0, 1, 2, secretsFile, orders.Fd(), theirs.Fd()},
		Sys: &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL},
	})
	_, _ = orders.Close(), theirs.Close()
	if err != nil {
		return &Wrong{"sandbox", err.Error()}
	}
	_ = json.NewEncoder(ours).Encode(o)
	_ = ours.Close()
	return k.launched(news)
}

// launched waits until the process has become the command, which closes the pipe, or says why it did not.
func (k *kept) launched(said *os.File) *Wrong {
	b, err := io.ReadAll(said)
	_ = said.Close()
	if len(b) == 0 && err == nil {
		return nil
	}
	var n News
	if json.Unmarshal(b, &n) != nil || n.Refused == nil && n.Tried == nil {
		n.Refused = &Wrong{"sandbox", "the launcher broke"}
	}
	if n.Tried == nil {
		return n.Refused
	}
	n.Tried.Proc = k.proc
	_ = k.news.Encode(n)
	return nil
}

// pipe is os.Pipe for files that are handed on or used once: nothing polls them.
func pipe() (r, w *os.File, err error) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return nil, nil, err
	}
	return os.NewFile(uintptr(p[0]), "pipe"), os.NewFile(uintptr(p[1]), "pipe"), nil
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
	for _, p := range Descendants(os.Getpid()) {
		p.Signal(sig)
	}
}

// many says whether there are more processes than that.
func (k *kept) many(most int) bool {
	if !k.init || !k.proc {
		return len(Descendants(os.Getpid())) > most
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return false
	}
	n := 0
	for _, e := range entries {
		if c := e.Name()[0]; '0' <= c && c <= '9' {
			n++
		}
	}
	return n > most+1 // we are one of them
}

func value(env []string, name string) string {
	for _, e := range env {
		if len(e) > len(name) && e[:len(name)] == name && e[len(name)] == '=' {
			return e[len(name)+1:]
		}
	}
	return ""
}
