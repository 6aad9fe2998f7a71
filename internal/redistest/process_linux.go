package redistest

import "syscall"

// dieWithParent lets no server outlive a test binary that panics on a timeout
// or is killed, and so never runs its cleanup.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
