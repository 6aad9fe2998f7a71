package redistest

import "syscall"

// dieWithParent lets no server outlive a test binary that panics on a timeout
// or is killed, and so never runs its cleanup. In a process group of its own the server
// also outlives the Ctrl-C of a terminal until that cleanup, which may need it.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
