package program

import "syscall"

// attributes put the program into a process group of its own and have the kernel end it when we die.
func (s Program) attributes() *syscall.SysProcAttr {
	end := s.End
	if end == 0 {
		end = syscall.SIGKILL
	}
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: end, Credential: s.User}
}
