//go:build !unix

package pulumicli

import "syscall"

// attributes are none where there are no process groups.
func attributes() *syscall.SysProcAttr { return nil }
