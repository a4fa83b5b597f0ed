package cli_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"crawlerless/automation/cli"
	"crawlerless/automation/leftovers"
	"crawlerless/automation/target"
)

// Behaviour under fire. Plain `go test` takes a short sample; the whole of it:
//
//	go test ./automation/cli -fire -timeout 60m -v
//
// -fire.seed repeats a run's moments.
var (
	fire     = flag.Bool("fire", false, "kill the driver at twenty moments and its CLI at ten, run four side by side")
	fireSeed = flag.Uint64("fire.seed", 1, "the seed of the moments")
)

// started is a driver that runs.
type started struct {
	cmd      *exec.Cmd
	progress *progress
	done     chan struct{}
	err      error
}

// progress takes what the driver writes on standard error, and tells whoever
// waits for a text.
type progress struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func (p *progress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text.Write(b)
	close(p.more)
	p.more = make(chan struct{})
	return len(b), nil
}

func (p *progress) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

func (w *world) start(t *testing.T, args ...string) *started {
	t.Helper()
	s := &started{cmd: w.driver(args...), progress: &progress{more: make(chan struct{})}, done: make(chan struct{})}
	s.cmd.Stderr = s.progress
	// A group of its own, so that a signal to the group is a Ctrl-C.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// What a killed driver leaves may hold its standard error open.
	s.cmd.WaitDelay = time.Second
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.done)
	}()
	return s
}

// until waits for a text on standard error, and answers whether it came before
// the driver's end.
func (s *started) until(text string) bool {
	for {
		s.progress.mu.Lock()
		found, more := strings.Contains(s.progress.text.String(), text), s.progress.more
		s.progress.mu.Unlock()
		if found {
			return true
		}
		select {
		case <-more:
		case <-s.done:
			return strings.Contains(s.progress.String(), text)
		}
	}
}

// after waits until a while has passed, or the driver has ended.
func (s *started) after(d time.Duration) (running bool) {
	select {
	case <-time.After(d): // the moment is the test's subject
		return true
	case <-s.done:
		return false
	}
}

// moment is when a shot falls: some time after a step was reported.
type moment struct {
	step  string
	delay time.Duration
}

func (m moment) String() string {
	return fmt.Sprintf("%v after %q", m.delay.Round(time.Millisecond), m.step)
}

// moments are spread over the whole of a run, from a seed: each step is hit,
// and any time within it.
func moments(t *testing.T, w *world, n int) []moment {
	t.Helper()
	t.Logf("seed %d", *fireSeed)
	rng := rand.New(rand.NewPCG(*fireSeed, 0))
	steps := []string{"crawlerless e2e", "  tools ", "  preview ", "  up ", "  feed ", "  tests "}
	// How long each step takes here and now.
	took := map[string]time.Duration{}
	s := w.start(t, "e2e")
	last := time.Now()
	for i, step := range steps {
		if !s.until(step) {
			t.Fatalf("the run to take the times from ended early:\n%s", s.progress)
		}
		if i > 0 {
			took[steps[i-1]] = time.Since(last)
		}
		last = time.Now()
	}
	<-s.done
	took[steps[len(steps)-1]] = time.Since(last)
	if s.err != nil {
		t.Fatalf("%v\n%s", s.err, s.progress)
	}
	list := make([]moment, n)
	for i := range list {
		step := steps[i%len(steps)]
		list[i] = moment{step, time.Duration(rng.Float64() * float64(took[step]))}
	}
	return list
}

func TestAKilledDriverLeavesNothingThatSweepDoesNotFind(t *testing.T) {
	linuxOnly(t)
	w := newWorld(t)
	checkout := w.checkout(t)
	shots := []moment{{"  up ", 300 * time.Millisecond}}
	if *fire {
		shots = moments(t, w, 20)
	}
	for _, m := range shots {
		s := w.start(t, "e2e")
		if !s.until(m.step) {
			t.Fatalf("%s: the driver ended before: %v\n%s", m, s.err, s.progress)
		}
		if !s.after(m.delay) {
			t.Logf("%s: it had ended already", m)
		}
		// One that has just ended is as good as killed: nothing may be left.
		if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Fatal(err)
		}
		<-s.done
		before := len(w.processes())
		out, said, exit := w.run(t, "sweep", "--json")
		if exit != 0 {
			t.Errorf("%s: sweep exits with %d\n%s", m, exit, said)
		}
		t.Logf("%s: %d processes were left; sweep: %s", m, before, strings.Join(strings.Fields(out), " "))
		w.clean(t, m.String())
	}
	if now := w.checkout(t); now != checkout {
		t.Errorf("the checkout changed:\n%s\nbefore:\n%s", now, checkout)
	}
}

// linuxOnly: what is left of a process is told by /proc.
func linuxOnly(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		t.Skip("processes of others can only be looked into on Linux")
	}
}

// longOnly leaves what takes minutes to the long mode.
func longOnly(t *testing.T) {
	t.Helper()
	if !*fire {
		t.Skip("takes minutes: go test -fire")
	}
}

func TestTheDriverRecoversWhenItsCLIIsKilled(t *testing.T) {
	linuxOnly(t)
	w := newWorld(t)
	shots := []moment{{"  preview ", 500 * time.Millisecond}}
	if *fire {
		shots = moments(t, w, 12)
	}
	for _, m := range shots {
		s := w.start(t, "e2e")
		if !s.until(m.step) {
			t.Fatalf("%s: the driver ended before: %v\n%s", m, s.err, s.progress)
		}
		s.after(m.delay)
		killed := 0
		for killed == 0 { // the next CLI that runs
			select {
			case <-s.done:
			default:
				killed = w.killCLI(t)
				time.Sleep(time.Millisecond) // nobody tells of another's child
				continue
			}
			break
		}
		<-s.done
		exit := s.cmd.ProcessState.ExitCode()
		text := s.progress.String()
		switch {
		case exit != 0 && exit != 1:
			t.Errorf("%s: exit code %d\n%s", m, exit, text)
		case exit == 1 && !strings.Contains(text, "killed"):
			t.Errorf("%s: the message does not name the cause\n%s", m, text)
		case exit == 0 && killed > 0 && m.step == "  preview ":
			t.Errorf("%s: up cannot have succeeded\n%s", m, text)
		}
		t.Logf("%s: killed %d, exit code %d", m, killed, exit)
		w.clean(t, m.String())
	}
}

// killCLI kills the Pulumi CLIs of this world.
func (w *world) killCLI(t *testing.T) (killed int) {
	t.Helper()
	for _, line := range w.processes() {
		pid, command, _ := strings.Cut(line, " ")
		program, _, _ := strings.Cut(command, " ")
		if filepath.Base(program) != "pulumi" {
			continue
		}
		n, err := strconv.Atoi(pid)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(n, syscall.SIGKILL); err == nil { // else it has ended
			killed++
		}
	}
	return killed
}

func TestInterruptedTwiceTheDriverStillCleansUp(t *testing.T) {
	linuxOnly(t)
	w := newWorld(t)
	shots := map[string][]syscall.Signal{"Ctrl-C twice": {syscall.SIGINT, syscall.SIGINT}}
	if *fire {
		shots["a cancelled job"] = []syscall.Signal{syscall.SIGTERM}
	}
	for name, signals := range shots {
		s := w.start(t, "e2e")
		if !s.until("  preview ") {
			t.Fatalf("the driver ended before: %v\n%s", s.err, s.progress)
		}
		for _, sig := range signals {
			s.after(200 * time.Millisecond)
			if err := syscall.Kill(-s.cmd.Process.Pid, sig); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		<-s.done
		if exit := s.cmd.ProcessState.ExitCode(); exit != cli.ExitFailed || !strings.Contains(s.progress.String(), "interrupted") {
			t.Errorf("%s: exit code %d\n%s", name, exit, s.progress)
		}
		w.clean(t, name)
	}
}

func TestRunsSideBySideDoNotMeet(t *testing.T) {
	linuxOnly(t)
	longOnly(t)
	w := newWorld(t)
	checkout := w.checkout(t)
	const n = 4
	all := make([]*started, n)
	for i := range all {
		all[i] = w.start(t, "e2e")
	}
	for i, s := range all {
		<-s.done
		if s.err != nil {
			t.Errorf("run %d of %d: %v\n%s", i+1, n, s.err, s.progress)
		}
	}
	w.clean(t, "side by side")
	if now := w.checkout(t); now != checkout {
		t.Errorf("the checkout changed:\n%s\nbefore:\n%s", now, checkout)
	}
}

// A stack on AWS outlives its driver. The account is localaws in another
// process; the backend is the user's own.
func TestTheStackOfAKilledDriverIsSweptFromTheAccount(t *testing.T) {
	linuxOnly(t)
	longOnly(t)
	w := newWorld(t)
	local := w.start(t, "local", "--empty", "--port", "0")
	defer func() {
		if err := local.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		<-local.done
		w.clean(t, "on AWS")
	}()
	if !local.until("  localaws ") {
		t.Fatalf("no local target: %v\n%s", local.err, local.progress)
	}
	var n notice
	for ok := false; !ok; { // it is written right after that line
		var err error
		if n, ok, err = readNotice(w.path("cache")); err != nil {
			t.Fatal(err)
		}
	}
	backend := w.path("backend")
	if err := os.Mkdir(backend, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, value := range n.environment(backend) {
		w.env = append(w.env, name+"="+value)
	}
	account := target.LocalConfig(n.Endpoint)
	shots := []moment{
		{"  tools ", time.Second},
		{"  preview ", 300 * time.Millisecond},
		{"  preview ", 1500 * time.Millisecond},
		{"  preview ", 4 * time.Second},
		{"  up ", 0},
		{"  up ", 2 * time.Second},
	}
	for _, m := range shots {
		s := w.start(t, "e2e", "--target", "aws", "--only", "nothing-public", "--events", "3")
		if !s.until(m.step) {
			t.Fatalf("%s: the driver ended before: %v\n%s", m, s.err, s.progress)
		}
		s.after(m.delay)
		if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Fatal(err)
		}
		<-s.done
		there, err := leftovers.Find(t.Context(), account, nil)
		if err != nil {
			t.Fatal(err)
		}
		out, said, exit := w.run(t, "sweep", "--target", "aws", "--json")
		if exit != 0 {
			t.Errorf("%s: sweep exits with %d\n%s", m, exit, said)
		}
		t.Logf("%s: %d tagged resources were there; sweep: %s", m, len(there), strings.Join(strings.Fields(out), " "))
		if left, err := leftovers.Find(t.Context(), account, nil); err != nil || len(left) > 0 {
			t.Errorf("%s: left in the account: %v, %v", m, leftovers.ARNs(left), err)
		}
		err = filepath.WalkDir(backend, func(path string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() && strings.Contains(path, "e2e-") {
				t.Errorf("%s: left in the backend: %s", m, path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// narrow runs the driver with a limit or in a namespace of the shell's making.
func (w *world) narrow(t *testing.T, shell string, args ...string) (said string, exit int) {
	t.Helper()
	program, err := exec.LookPath("automation")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", append([]string{"-c", shell + ` && exec "$0" "$@"`, program}, args...)...)
	cmd.Dir, cmd.Env = w.root, w.env
	out, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// namespace is a shell's prefix for mounts that only its children see.
func namespace(t *testing.T) []string {
	t.Helper()
	prefix := []string{"unshare", "--user", "--map-root-user", "--mount"}
	if out, err := exec.Command(prefix[0], append(prefix[1:], "true")...).CombinedOutput(); err != nil {
		t.Skipf("this machine lets nobody mount anything: %v %s", err, out)
	}
	return prefix
}

func (w *world) mounted(t *testing.T, mount string, args ...string) (said string, exit int) {
	t.Helper()
	prefix := namespace(t)
	program, err := exec.LookPath("automation")
	if err != nil {
		t.Fatal(err)
	}
	all := append(append(prefix[1:], "sh", "-c", mount+` && exec "$0" "$@"`, program), args...)
	cmd := exec.Command(prefix[0], all...)
	cmd.Dir, cmd.Env = w.root, append(w.env, "ROOT="+w.root)
	out, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func TestAFullDiskIsSaidAndNothingIsLeft(t *testing.T) {
	linuxOnly(t)
	longOnly(t)
	w := newWorld(t)
	said, exit := w.mounted(t, `mount -t tmpfs -o size=4m none "$TMPDIR"`, "e2e", "--only", "nothing-public")
	if exit != cli.ExitFailed && exit != cli.ExitLeft || !strings.Contains(said, "no space left on device") {
		t.Errorf("exit code %d\n%s", exit, said)
	}
	w.clean(t, "a full disk")
}

func TestAFileThatMayNotGrowIsSaidAndNothingIsLeft(t *testing.T) {
	linuxOnly(t)
	longOnly(t)
	w := newWorld(t)
	// 2,000 blocks of 512 bytes: less than a Lambda's code.
	said, exit := w.narrow(t, `ulimit -f 2000`, "e2e", "--only", "nothing-public")
	if exit != cli.ExitFailed || !strings.Contains(said, "file too large") {
		t.Errorf("exit code %d\n%s", exit, said)
	}
	w.clean(t, "a limit for files")
}

func TestAReadOnlyCheckoutIsEnough(t *testing.T) {
	linuxOnly(t)
	longOnly(t)
	w := newWorld(t)
	readOnly := `mount --bind "$ROOT" "$ROOT" && mount -o remount,ro,bind "$ROOT" && cd "$ROOT" && ! touch probe 2>/dev/null`
	said, exit := w.mounted(t, readOnly, "e2e", "--only", "nothing-public")
	if exit != cli.ExitDone {
		t.Errorf("exit code %d\n%s", exit, said)
	}
	w.clean(t, "a read-only checkout")
}

func TestAFolderThatCannotBeWrittenIsNamed(t *testing.T) {
	linuxOnly(t)
	w := newWorld(t)
	for variable, hint := range map[string]string{"TMPDIR": "set TMPDIR", "XDG_CACHE_HOME": "set XDG_CACHE_HOME"} {
		cmd := w.driver("e2e")
		cmd.Env = append(cmd.Env, variable+"=/proc/nowhere") // where nobody, not even root, can make a folder
		out, err := cmd.CombinedOutput()
		if err == nil || cmd.ProcessState.ExitCode() != cli.ExitFailed || !strings.Contains(string(out), hint) {
			t.Errorf("%s: %v\n%s", variable, err, out)
		}
	}
	w.clean(t, "folders that cannot be written")
}
