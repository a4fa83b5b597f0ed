package pulumicli

import "syscall"

// attributes keep the terminal's signals from the child, and let it know when
// this process is killed.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT}
}
