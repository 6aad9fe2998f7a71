package child

import "syscall"

// dieWithParent ends a child with a parent that is killed, or panics, and so never runs
// its cleanup. In a process group of its own the child also outlives the Ctrl-C of a
// terminal until that cleanup, which may need it.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
