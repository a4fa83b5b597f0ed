package runs

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// deathTime is how long the system may take to bury a killed process.
const deathTime = 10 * time.Second

// EndProcesses ends the processes that a dead run left. With patience they are
// interrupted first and may finish what they do: a CLI that works on a stack in
// AWS then writes its state. It answers how many there were.
func (f Found) EndProcesses(patience time.Duration) (int, error) {
	pids, err := f.processes()
	if err != nil || len(pids) == 0 {
		return 0, err
	}
	if patience > 0 {
		if err := f.signal(os.Interrupt); err != nil {
			return 0, err
		}
		if gone, err := f.gone(patience); err != nil || gone {
			return len(pids), err
		}
	}
	// Again, because a process may have started another one meanwhile.
	deadline := time.Now().Add(deathTime)
	for {
		if err := f.signal(os.Kill); err != nil {
			return 0, err
		}
		gone, err := f.gone(deathTime / 20)
		if err != nil || gone {
			return len(pids), err
		}
		if time.Now().After(deadline) {
			left, err := f.processes()
			return len(pids), errors.Join(fmt.Errorf("processes of the run %s do not end: %v", f.ID, left), err)
		}
	}
}

// signal sends a signal to every process of the run.
func (f Found) signal(sig os.Signal) error {
	pids, err := f.processes()
	if err != nil {
		return err
	}
	for _, pid := range pids {
		// The handle is taken before the second look, so that a process number
		// that was given away meanwhile is not mistaken for ours.
		p, err := os.FindProcess(pid)
		if err != nil {
			return err
		}
		if !f.owns(pid) {
			continue
		}
		if err := p.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("end the process %d of the run %s: %w", pid, f.ID, err)
		}
	}
	return nil
}

// gone waits until no process of the run is left.
func (f Found) gone(patience time.Duration) (bool, error) {
	deadline := time.Now().Add(patience)
	for {
		pids, err := f.processes()
		if err != nil || len(pids) == 0 {
			return err == nil, err
		}
		if time.Now().After(deadline) {
			return false, nil
		}
		time.Sleep(20 * time.Millisecond) // nobody tells of the end of another's child
	}
}
