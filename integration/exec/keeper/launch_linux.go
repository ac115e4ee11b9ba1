package keeper

import (
	"cmp"
	"encoding/json"
	"errors"
	"math"
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/landlock-lsm/go-landlock/landlock"
	llsys "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// The files that a launcher is started with, after the command's three and its secrets.
const (
	launchOrders = 4 // in: the order
	launchNews   = 5 // out: why it could not become the command; closed when it did
)

// launch is the launcher's main. It becomes the command, or says why not.
func launch() int {
	unix.CloseOnExec(launchOrders)
	unix.CloseOnExec(launchNews)
	said := json.NewEncoder(os.NewFile(launchNews, "news"))
	var o Order
	if err := json.NewDecoder(os.NewFile(launchOrders, "orders")).Decode(&o); err != nil {
		return 1
	}
	if w := o.become(said); w != nil {
		_ = said.Encode(News{Refused: w})
	}
	return 1
}

// become puts this process under everything that the order says, and runs the program in its place.
func (o Order) become(said *json.Encoder) *Wrong {
	if err := os.Chdir(o.Dir); err != nil && o.Box.Probe == nil {
		return &Wrong{"dir", err.Error()}
	}
	program, err := osexec.LookPath(cmp.Or(o.Argv[0], "/"))
	if err != nil && o.Box.Probe == nil {
		return &Wrong{"command", err.Error()}
	}
	// Before the server, the kernel shall end us when memory runs out.
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("800"), 0)
	if o.Box.Lock {
		if w := o.Box.lock(); w != nil {
			return w
		}
	}
	if o.Box.Probe != nil {
		_ = said.Encode(News{Tried: o.Box.Probe.try()})
		return nil
	}
	if err := o.Box.Limits.set(o.Box.Root); err != nil {
		return &Wrong{"limits", err.Error()}
	}
	return &Wrong{"command", syscall.Exec(program, o.Argv, o.Env).Error()}
}

// lock gives up, for this process and all that come of it: new privileges, capabilities, and whatever the box does not name.
func (b Box) lock() *Wrong {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return &Wrong{"sandbox", err.Error()}
	}
	rules, w := b.rules()
	if w != nil {
		return w
	}
	if err := landlock.V11.BestEffort().Restrict(rules...); err != nil {
		return &Wrong{"sandbox", err.Error()}
	}
	for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
		_ = unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0) // whoever may not drop it has no way to use it: no new privileges
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if err := unix.Capset(&header, &none[0]); err != nil {
		return &Wrong{"sandbox", err.Error()}
	}
	return nil
}

// rules are what Landlock lets through.
func (b Box) rules() ([]landlock.Rule, *Wrong) {
	rules := []landlock.Rule{
		landlock.RODirs("/proc").IgnoreIfMissing(),
		landlock.RWFiles(devices()...).WithIoctlDev().IgnoreIfMissing(),
	}
	if b.Root {
		rules = append(rules, landlock.RODirs("/"), landlock.RWDirs("/tmp", "/dev/shm").WithRefer())
	} else {
		for _, p := range slices.Concat(systemFolders(), systemFiles(), []string{b.Program}) {
			if filepath.IsAbs(p) {
				rules = append(rules, rule(p, false)...)
			}
		}
	}
	for _, p := range b.Places {
		r := rule(p.Path, p.Write)
		if r == nil {
			return nil, &Wrong{p.Setting, p.Path + " is not there"}
		}
		rules = append(rules, r...)
	}
	if len(b.Network) > 0 { // names are looked up over UDP, which newer kernels can limit too
		rules = append(rules, landlock.BindUDP(0), landlock.ConnectSendUDP(53))
	}
	for _, port := range b.Network {
		rules = append(rules, landlock.ConnectTCP(uint16(port)))
	}
	return rules, nil
}

// rule lets one file or folder through; nil when it is not there.
func rule(path string, write bool) []landlock.Rule {
	fi, err := os.Stat(path)
	switch {
	case err != nil:
		return nil
	case fi.IsDir() && write:
		return []landlock.Rule{landlock.RWDirs(path).WithRefer()}
	case fi.IsDir():
		return []landlock.Rule{landlock.RODirs(path)}
	case write:
		return []landlock.Rule{landlock.RWFiles(path)}
	}
	return []landlock.Rule{landlock.ROFiles(path)}
}

// set puts this process under the limits, as far as it was allowed so much itself. own says that the kernel counts our user's processes in
// this run alone; otherwise the keeper counts.
func (l Limits) set(own bool) error {
	const keepers = 16 // threads of the keeper, which count too
	processes := uint64(math.MaxUint64)
	if own {
		processes = uint64(l.Processes) + keepers
	}
	for _, r := range []struct {
		what int
		most uint64
	}{
		{unix.RLIMIT_DATA, uint64(l.Memory)}, {unix.RLIMIT_NPROC, processes}, {unix.RLIMIT_NOFILE, uint64(l.Files)},
		{unix.RLIMIT_FSIZE, uint64(l.FileSize)}, {unix.RLIMIT_CPU, uint64((l.CPU + time.Second - 1) / time.Second)}, {unix.RLIMIT_CORE, 0},
	} {
		var now syscall.Rlimit
		if err := syscall.Getrlimit(r.what, &now); err != nil {
			return err
		}
		most := min(r.most, now.Max)
		if err := syscall.Setrlimit(r.what, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
			return err
		}
	}
	return nil
}

// try tries to get out.
func (p Probe) try() *Tried {
	var t Tried
	if b, err := os.ReadFile(p.File); err == nil {
		t.File = len(b) > 0
	}
	err := reach()
	t.Network = err == nil || errors.Is(err, syscall.ECONNREFUSED)
	if t.Landlock, err = llsys.LandlockGetABIVersion(); err != nil {
		t.Landlock, t.Cause = 0, strings.TrimSpace(err.Error())
	}
	return &t
}

// reach connects to the loopback, at a port where nobody listens: a refusal is an answer. Without the package net, for which a keeper would have to wait.
func reach() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	return unix.Connect(fd, &unix.SockaddrInet4{Port: 1, Addr: [4]byte{127, 0, 0, 1}})
}
