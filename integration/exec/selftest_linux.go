package exec

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"frontline/secret"
)

// selfTest finds out what this host gives, by its effect: a process is put into each sandbox, best first, and tries to read a file outside and
// to reach the host's network.
func (k *Kind) selfTest() Sandbox {
	var s Sandbox
	dir, err := os.MkdirTemp("", "frontline-outside-")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }()
		err = os.WriteFile(filepath.Join(dir, "file"), []byte(secret.Random(10)), 0o600)
	}
	if err != nil {
		return Sandbox{Level: Tree, Why: []string{"the self-test had no place for a file: " + err.Error()}}
	}
	users := []bool{true}
	if os.Geteuid() == 0 {
		users = append(users, false) // who is root can do without a user namespace where those are forbidden
	}
	for _, user := range users {
		t, err := k.try(Namespaces, user, filepath.Join(dir, "file"))
		why := ""
		switch {
		case err != nil:
			why = "namespaces cannot be made here: " + err.Error()
		case t.File || t.Network:
			why = "namespaces do not keep files and network apart here"
		case t.Landlock < ports:
			why = "the kernel cannot limit ports by Landlock: " + first(t.Cause, fmt.Sprintf("version %d of its interface, of at least %d", t.Landlock, ports))
		case !t.Proc:
			why = "the kernel permits no new /proc here, as in containers that hide parts of theirs"
		default:
			return Sandbox{Level: Full, user: user}
		}
		s.Why = append(s.Why, why)
		if err == nil && !t.File && !t.Network {
			s.Level, s.user = Namespaces, user
			return s
		}
	}
	return k.withoutNamespaces(s, filepath.Join(dir, "file"))
}

// ports is the version of Landlock's interface since when it limits TCP ports (Linux 6.7).
const ports = 4

func (k *Kind) withoutNamespaces(s Sandbox, file string) Sandbox {
	t, err := k.try(Landlock, false, file)
	switch {
	case err != nil:
		s.Why = append(s.Why, "Landlock cannot be tried here: "+err.Error())
	case t.Landlock == 0:
		s.Why = append(s.Why, "the kernel has no Landlock: "+t.Cause)
	case t.File || t.Network:
		s.Why = append(s.Why, "Landlock does not keep files and network apart here")
	default:
		s.Level = Landlock
		return s
	}
	s.Level = Tree
	return s
}

// try puts a process into a sandbox of the level and lets it try to get out.
func (k *Kind) try(l Level, user bool, file string) (tried, error) {
	kp, err := k.startKeeper(attributes(l, user, false))
	if err != nil {
		return tried{}, err
	}
	defer kp.release()
	defer func() { _ = kp.cmd.Wait() }()
	defer func() { _ = kp.orders.Close() }() // it ends with its orders
	b := box{Root: l.least(Namespaces), Lock: true, Probe: &probe{File: file}}
	if err := kp.order(order{Argv: []string{""}, Dir: "/", Box: b}); err != nil {
		return tried{}, err
	}
	switch n, err := kp.hear(); {
	case err != nil:
		return tried{}, err
	case n.Tried != nil:
		return *n.Tried, nil
	case n.Refused != nil:
		return tried{}, errors.New(n.Refused.Cause)
	}
	return tried{}, errors.New("the self-test did not answer")
}
