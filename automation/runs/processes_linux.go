package runs

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// processes are those that carry the run's ID in their environment, or work in
// or run from its folder: Lambda functions inherit no environment.
func (f Found) processes() ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("look for processes: %w", err)
	}
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil && pid != os.Getpid() && f.owns(pid) {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// owns tells whether a process belongs to the run. One that is gone, or of
// another user, does not.
func (f Found) owns(pid int) bool {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	for _, link := range []string{"cwd", "exe"} {
		to, err := os.Readlink(filepath.Join(proc, link))
		if errors.Is(err, fs.ErrNotExist) || err == nil && to == "" {
			continue
		}
		if f.Dir != "" && strings.HasPrefix(to+"/", f.Dir+"/") {
			return true
		}
	}
	environ, err := os.ReadFile(filepath.Join(proc, "environ"))
	if err != nil {
		return false
	}
	mark := []byte(Variable + "=" + f.ID)
	for v := range bytes.SplitSeq(environ, []byte{0}) {
		if bytes.Equal(v, mark) {
			return true
		}
	}
	return false
}
