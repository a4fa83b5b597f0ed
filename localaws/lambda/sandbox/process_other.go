//go:build unix && !linux

package sandbox

import (
	"os"
	"syscall"
)

// processAttributes gives a process a group of its own. Only Linux can make it
// die with its parent.
func processAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func residentPeak(int) int64 { return 0 }

func exitedPeak(state *os.ProcessState) int64 {
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		return usage.Maxrss // macOS counts in bytes
	}
	return 0
}
