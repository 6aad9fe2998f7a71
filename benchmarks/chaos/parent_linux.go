package chaos

import "syscall"

// attributes keep a worker from outliving its parent, however that ends, and
// keep from it what a terminal sends to the parent.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
