package sandbox

import (
	"errors"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// Spawner starts processes from one operating system thread that lives as long
// as the Spawner. Linux sends a child its parent-death signal when the *thread*
// that forked it ends, so a thread that the Go runtime may end would kill
// children at random.
type Spawner struct {
	jobs chan func()
	stop sync.Once
}

// NewSpawner starts the thread. Close ends it, and with it, on Linux, every
// process that is still there.
func NewSpawner() *Spawner {
	s := &Spawner{jobs: make(chan func())}
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with this goroutine
		for job := range s.jobs {
			job()
		}
	}()
	return s
}

// Close ends the thread. No process may be started afterwards.
func (s *Spawner) Close() { s.stop.Do(func() { close(s.jobs) }) }

func (s *Spawner) start(cmd *exec.Cmd) error {
	result := make(chan error, 1)
	s.jobs <- func() {
		err := cmd.Start()
		// Another thread that forks just now can hold the freshly written
		// bootstrap open for writing until it executes (golang.org/issue/22315).
		for i := 0; i < 20 && errors.Is(err, syscall.ETXTBSY); i++ {
			time.Sleep(5 * time.Millisecond)
			err = cmd.Start()
		}
		result <- err
	}
	return <-result
}
