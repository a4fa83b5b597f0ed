package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// bench runs peers.
type bench struct {
	self    string
	pin     []string // the command that keeps another on one processor
	peers   []peer
	missing []string
}

func newBench(temp string, cpu int, only string) (*bench, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	b := &bench{self: self}
	if cpu >= 0 {
		if path, err := exec.LookPath("taskset"); err == nil {
			b.pin = []string{path, "-c", strconv.Itoa(cpu)}
		} else {
			b.missing = append(b.missing, "taskset: Debian's package util-linux; without it nothing is kept on one processor")
		}
	}
	b.find(temp)
	if only != "" {
		names := strings.Split(only, ",")
		b.peers = slices.DeleteFunc(b.peers, func(p peer) bool { return p.name != "crawlerless" && !slices.Contains(names, p.name) })
	}
	return b, nil
}

// run is one run of a peer.
type run struct {
	cpu    time.Duration // user and system
	memory int64         // the most that was resident, in bytes
	answer answer
}

func (b *bench) start(p peer) (run, error) {
	argv := slices.Concat(b.pin, p.command)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), p.env...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	var out bytes.Buffer
	if p.answers {
		cmd.Stdout = &out // of others, nothing: it goes to the null device
	}
	if err := cmd.Run(); err != nil {
		return run{}, fmt.Errorf("%w: %.300s", err, strings.TrimSpace(errs.String()))
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return run{}, errors.New("this system does not say what a process used")
	}
	// ru_maxrss is in kilobytes on Linux, and never below this process's own.
	r := run{cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), memory: usage.Maxrss << 10}
	if p.answers {
		if err := json.Unmarshal(out.Bytes(), &r.answer); err != nil {
			return r, fmt.Errorf("its answer: %w", err)
		}
	}
	return r, nil
}

// result is what all runs of a peer over a corpus say.
type result struct {
	peer
	cpu    []time.Duration
	memory int64
	err    error
}

func (r result) median() float64 {
	sorted := slices.Sorted(slices.Values(r.cpu))
	return sorted[len(sorted)/2].Seconds()
}

func (r result) quickest() float64 { return slices.Min(r.cpu).Seconds() }

// measure runs all peers over a corpus, round after round, and prints.
func (b *bench) measure(c corpus, rounds int) error {
	results := make([]result, len(b.peers))
	for i, p := range b.peers {
		results[i].peer = p
		results[i].command = slices.Clone(p.command)
		for j, arg := range p.command {
			results[i].command[j] = strings.NewReplacer("FILE", c.path, "TIME", c.timeField).Replace(arg)
		}
	}
	var ours answer
	for n := range rounds {
		for i := range results {
			r := &results[i]
			if r.err != nil {
				continue
			}
			one, err := b.start(r.peer)
			if r.err = err; err != nil {
				continue
			}
			r.cpu = append(r.cpu, one.cpu)
			r.memory = max(r.memory, one.memory)
			if i == 0 && n == 0 {
				ours = one.answer
			}
			if r.answers && one.answer != ours {
				return fmt.Errorf("%s says of %s %+v, and %s %+v", r.name, c.path, one.answer, results[0].name, ours)
			}
		}
	}
	if results[0].err != nil {
		return results[0].err
	}
	report(c, results, ours)
	return nil
}

func report(c corpus, results []result, ours answer) {
	fmt.Printf("\n%s, %d MB unpacked, %.1f MB packed, %d records, %d columns, %s to %s\n", c.kind, c.mb, float64(c.packed)/1e6,
		ours.Records, ours.Columns, ours.First.Format(time.RFC3339), ours.Last.Format(time.RFC3339))
	fmt.Printf("  %-18s %-24s %9s %7s %9s %7s  %s\n", "peer", "does", "raw MB/s", "ratio", "(best)", "MiB", "")
	for _, r := range results {
		if r.err != nil {
			fmt.Printf("  %-18s %-24s failed: %v\n", r.name, r.does, r.err)
			continue
		}
		verdict := ""
		ratio := r.median() / results[0].median()
		if r.goal > 0 {
			verdict = fmt.Sprintf("goal %.2f %s, aim %.2f %s", r.goal, met(ratio >= r.goal), r.aim, met(ratio >= r.aim))
		}
		if r.name == results[0].name {
			verdict = "goal below 32 MiB " + met(r.memory < 32<<20)
		}
		fmt.Printf("  %-18s %-24s %9.0f %7.2f %9.2f %7.1f  %s\n", r.name, r.does, float64(c.mb)/r.median(), ratio,
			r.quickest()/results[0].quickest(), float64(r.memory)/(1<<20), verdict)
	}
}

func met(ok bool) string {
	if ok {
		return "met"
	}
	return "missed"
}
