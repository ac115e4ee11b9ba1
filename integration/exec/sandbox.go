package exec

import (
	"slices"

	"frontline/fault"
)

// Level is how well a host keeps a command from what is not its business.
type Level string

// The levels, from the best to the least.
const (
	// Full is namespaces and Landlock: no files but the system's programs and what the action names, no network but the ports that it names,
	// no sight of other processes.
	Full Level = "full"
	// Namespaces is the same by namespaces alone: what the action names of the network is not limited to ports.
	Namespaces Level = "namespaces"
	// Landlock limits files and TCP ports. The command sees other processes, and could send datagrams.
	Landlock Level = "landlock"
	// Tree limits nothing but what a command uses, and leaves nothing of it behind.
	Tree Level = "tree"
)

func levels() []Level { return []Level{Tree, Landlock, Namespaces, Full} }

// least says whether the level is as good as the other one, or better.
func (l Level) least(other Level) bool {
	return slices.Index(levels(), l) >= slices.Index(levels(), other)
}

// Say is a sentence for people.
func (l Level) Say() string {
	switch l {
	case Full:
		return "Scripts run in namespaces of their own and under Landlock: they reach the files and ports that their action names, and nothing else."
	case Namespaces:
		return "Scripts run in namespaces of their own: they reach the files that their action names. Without Landlock, one that names a port reaches the whole network."
	case Landlock:
		return "Scripts run under Landlock: they reach the files and TCP ports that their action names. Without namespaces they see other processes, and UDP is open."
	}
	return "Scripts run without a sandbox: they can read, write and reach what the Frontline server can. Permit user namespaces or Landlock on this host."
}

// Sandbox is what a host gives, as the self-test found out.
type Sandbox struct {
	Level Level
	Why   []string // why it is not better: one reason each, for an administrator
	// user says that namespaces need a user namespace, which they do but for a root to whom it is forbidden.
	user bool
}

// Mend is what an administrator can do for a better level.
func (s Sandbox) Mend() []string {
	namespaces := "Permit user namespaces to the user that Frontline runs as: sysctl user.max_user_namespaces above 0, and kernel.unprivileged_userns_clone=1 and kernel.apparmor_restrict_unprivileged_userns=0 where the system has them. In a container, allow clone, unshare, mount and pivot_root in its seccomp profile."
	landlock := "Run Linux 6.7 or later with landlock among the security modules: cat /sys/kernel/security/lsm names them, and the boot parameter lsm= sets them."
	switch s.Level {
	case Full:
		return nil
	case Namespaces:
		return []string{landlock, "In a container that hides parts of /proc, run Frontline with an unmasked /proc, or on the host itself."}
	case Landlock:
		return []string{namespaces}
	}
	return []string{namespaces, landlock}
}

// Sandbox tells what this host gives. The first call finds out, by trying to get out; that takes a moment.
func (k *Kind) Sandbox() Sandbox {
	k.tried.Do(func() { k.host = k.selfTest() })
	return k.host
}

// level is what the command will get, or why it cannot be run at all.
func (k *Kind) level(s settings) (Level, error) {
	if s.Sandbox == noSandbox {
		return Tree, nil
	}
	host := k.Sandbox()
	if want := Level(s.Sandbox); s.Sandbox != "" && !host.Level.least(want) {
		why := "Permit user namespaces and Landlock there"
		if len(host.Why) > 0 {
			why = host.Why[0]
		}
		return "", fault.New(fault.Invalid, "The action demands the sandbox %s, and this host gives only %s: %s. Mend that, or let the action accept less.", want, host.Level, why)
	}
	return host.Level, nil
}

// Beside returns the kind for a test of an action whose neighbour is played at that TCP port: an action that names any port may connect to this one
// as well.
func (k *Kind) Beside(port int) *Kind {
	beside := New(k.clock, k.getenv, k.keeper)
	beside.played = port
	beside.tried.Do(func() { beside.host = k.Sandbox() })
	return beside
}

func (k *Kind) network(s settings) []int {
	if k.played == 0 || len(s.Network) == 0 {
		return s.Network
	}
	return append(slices.Clone(s.Network), k.played)
}

// lacks is what people must know about a run in this level, or nothing.
func (s settings) lacks(l Level) string {
	switch {
	case s.Sandbox == noSandbox:
		return "The action wants no sandbox: its command can do what the Frontline server can."
	case l == Full, l == Namespaces && len(s.Network) == 0:
		return ""
	}
	return "The sandbox of this host is not full. " + l.Say()
}

// box is what surrounds a command of the step in the level. Only the command itself may change something: planning and checking see the
// same files, but cannot write to them.
func (t task) box(l Level, home string, root bool) box {
	b := box{Root: l.least(Namespaces), Lock: t.Sandbox != noSandbox, Program: t.argv[0], Network: t.Network, Limits: t.settings.Limits.bounds(), Watch: root || !l.least(Namespaces),
		Places: []place{{Setting: "home", Path: home, Write: true}}}
	for _, p := range t.Read {
		b.Places = append(b.Places, place{Setting: "read", Path: p, Write: false})
	}
	for _, p := range t.Write {
		b.Places = append(b.Places, place{Setting: "write", Path: p, Write: t.step == forRun})
	}
	if t.Dir != "" {
		b.Places = append(b.Places, place{Setting: "dir", Path: t.Dir, Write: t.step == forRun})
	}
	return b
}
