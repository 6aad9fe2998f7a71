//go:build !linux

package child

import "syscall"

// dieWithParent asks for nothing: only Linux can end a child with its parent.
func dieWithParent() *syscall.SysProcAttr { return nil }
