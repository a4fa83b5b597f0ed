//go:build unix

package pulumicli

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps the terminal's signals from the child.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
