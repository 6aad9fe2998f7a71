//go:build !linux

package chaos

import "syscall"

// attributes asks for nothing: only Linux can end a worker with its parent.
func attributes() *syscall.SysProcAttr { return nil }
