//go:build unix && !linux

package program

import "syscall"

// attributes put the program into a process group of its own. Only Linux ends a program when we die without saying so.
func (s Program) attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: s.User}
}
