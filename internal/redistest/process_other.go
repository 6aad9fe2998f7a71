//go:build !linux

package redistest

import "syscall"

// dieWithParent asks for nothing: only Linux has the means.
func dieWithParent() *syscall.SysProcAttr { return nil }
