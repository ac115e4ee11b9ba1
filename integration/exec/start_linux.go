package exec

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"frontline/integration/exec/keeper"
	"io"
	"os"
	osexec "os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// started is a keeper as the server sees it.
type started struct {
	cmd     *osexec.Cmd
	init    bool // it is the first process of a PID namespace
	orders  *os.File
	news    *bufio.Reader
	newsEnd *os.File
	in      [2]*os.File // the server's ends: the command's standard input and its secrets
	out     [2]*os.File // standard output and standard error
}

const readyWithin = time.Minute // hundreds may be started at once

// attributes are what a keeper is started with. user says that namespaces need a user namespace; in it everybody keeps their own number.
func attributes(l Level, user, network bool) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if !l.least(Namespaces) {
		return attr
	}
	attr.Cloneflags = syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWIPC
	if !network {
		attr.Cloneflags |= syscall.CLONE_NEWNET
	}
	if user {
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}}
		attr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN} // within that namespace, to mount its files
	}
	return attr
}

// startKeeper starts a keeper and waits until it is ready for its order.
func (k *Kind) startKeeper(attr *syscall.SysProcAttr) (*started, error) {
	kp := &started{cmd: osexec.Command(k.keeper[0], k.keeper[1:]...)}
	kp.cmd.SysProcAttr = attr
	kp.cmd.Env = []string{} // our own environment is none of its business
	kp.cmd.Dir = "/"
	theirs, err := kp.pipes()
	if err == nil {
		err = kp.cmd.Start()
	}
	for _, f := range theirs {
		_ = f.Close()
	}
	if err != nil {
		kp.release()
		return nil, fmt.Errorf("start a keeper: %w", err)
	}
	if err := k.greet(kp); err != nil {
		kp.kill()
		_ = kp.cmd.Wait()
		kp.release()
		return nil, fmt.Errorf("the program is not a keeper: %w", err)
	}
	return kp, nil
}

// greet waits until the keeper is ready. A program that does not know keeper.Arg ends or says something else; one that says nothing is
// killed.
func (k *Kind) greet(kp *started) error {
	ready := make(chan struct{})
	defer close(ready)
	go func() {
		late, stop := k.clock.After(readyWithin)
		defer stop()
		select {
		case <-late:
			kp.kill()
		case <-ready:
		}
	}()
	n, err := kp.hear()
	if err == nil && !n.Ready {
		err = errors.New("it has no keeper in it")
	}
	kp.init = n.Init
	return err
}

// pipes connects the keeper, and returns the ends that are its.
func (kp *started) pipes() (theirs []*os.File, err error) {
	pipe := func(reads bool) (ours, their *os.File) {
		r, w, e := os.Pipe()
		if e != nil {
			err = e
			return nil, nil
		}
		if ours, their = r, w; reads {
			ours, their = w, r
		}
		theirs = append(theirs, their)
		return ours, their
	}
	var stdin, stdout, stderr, orders, said, secrets *os.File
	kp.in[0], stdin = pipe(true)
	kp.out[0], stdout = pipe(false)
	kp.out[1], stderr = pipe(false)
	kp.orders, orders = pipe(true)
	kp.newsEnd, said = pipe(false)
	kp.in[1], secrets = pipe(true)
	if err != nil {
		return theirs, fmt.Errorf("make a pipe: %w", err)
	}
	kp.news = bufio.NewReader(kp.newsEnd)
	kp.cmd.Stdin, kp.cmd.Stdout, kp.cmd.Stderr = stdin, stdout, stderr
	kp.cmd.ExtraFiles = []*os.File{orders, said, secrets} // files 3, 4 and 5
	return theirs, nil
}

// hear returns the keeper's next piece of news.
func (kp *started) hear() (news, error) {
	var n news
	line, err := kp.news.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &n)
	}
	return n, err
}

// order sends the order.
func (kp *started) order(o order) error {
	b, err := json.Marshal(o)
	if err != nil {
		return err
	}
	_, err = kp.orders.Write(append(b, '\n'))
	return err
}

// tell says one word to the keeper. A keeper that is gone does not hear it and needs not.
func (kp *started) tell(word byte) { _, _ = kp.orders.Write([]byte{word}) }

// kill ends the keeper itself, the last resort. In a namespace everything dies with it; what it has adopted elsewhere goes first.
func (kp *started) kill() {
	if !kp.init {
		for _, p := range keeper.Descendants(kp.cmd.Process.Pid) {
			p.Signal(syscall.SIGKILL)
		}
	}
	_ = kp.cmd.Process.Kill()
}

// unread is how many bytes of output wait in the pipes.
func (kp *started) unread() (n int) {
	for _, f := range kp.out {
		raw, err := f.SyscallConn()
		if err != nil {
			continue
		}
		_ = raw.Control(func(fd uintptr) {
			if waiting, err := unix.IoctlGetInt(int(fd), unix.TIOCINQ); err == nil {
				n += waiting
			}
		})
	}
	return n
}

// release closes what is left of the server's ends.
func (kp *started) release() {
	for _, f := range []*os.File{kp.in[0], kp.in[1], kp.out[0], kp.out[1], kp.orders, kp.newsEnd} {
		if f != nil {
			_ = f.Close()
		}
	}
}

// feed writes to the command and closes the pipe. A command that does not read its input is no mistake.
func feed(to *os.File, b []byte) {
	_, _ = io.Copy(to, bytes.NewReader(b))
	_ = to.Close()
}
