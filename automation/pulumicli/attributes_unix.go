//go:build unix && !linux

package pulumicli

import "syscall"

// attributes keep the terminal's signals from the child.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
