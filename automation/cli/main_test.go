package cli_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"crawlerless/automation/cli"
	"crawlerless/stack/build"
)

// The test's own program is the driver, too: as `automation` on PATH.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"automation": func() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv)) },
	})
}

// world is a place of its own for processes of the driver: temporary folder,
// home and cache are below one folder, and everything that runs there carries a
// mark. What is compiled is shared with the user's own cache.
type world struct {
	root, dir, mark string
	env             []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{root: root, dir: t.TempDir(), mark: "CRAWLERLESS_TEST_WORLD=" + t.Name() + strconv.Itoa(os.Getpid())}
	for _, d := range []string{"tmp", "home", "cache/crawlerless"} {
		if err := os.MkdirAll(filepath.Join(w.dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := shareCompiled(filepath.Join(w.dir, "cache", "crawlerless")); err != nil {
		t.Fatal(err)
	}
	w.env = append(os.Environ(), w.mark, "TMPDIR="+w.path("tmp"), "HOME="+w.path("home"), "XDG_CACHE_HOME="+w.path("cache"),
		"XDG_CONFIG_HOME="+w.path("config")) // the go command counts its calls there
	compiler, err := goEnv("GOCACHE", "GOMODCACHE", "GOPATH")
	if err != nil {
		t.Fatal(err)
	}
	w.env = append(w.env, compiler...)
	return w
}

// goEnv are the compiler's folders, which otherwise follow the home.
func goEnv(names ...string) ([]string, error) {
	out, err := exec.Command("go", append([]string{"env"}, names...)...).Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	values := strings.Split(strings.TrimSpace(string(out)), "\n")
	for i, name := range names {
		values[i] = name + "=" + values[i]
	}
	return values, nil
}

// shareCompiled links what is compiled into another cache.
func shareCompiled(cache string) error {
	user, err := build.DefaultCache()
	if err != nil {
		return err
	}
	for _, d := range []string{"pulumi", "lambda", "policy"} {
		if err := os.MkdirAll(filepath.Join(user, d), 0o755); err != nil {
			return err
		}
		if err := os.Symlink(filepath.Join(user, d), filepath.Join(cache, d)); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

// driver is a command line of the driver in this world.
func (w *world) driver(args ...string) *exec.Cmd {
	cmd := exec.Command("automation", args...)
	cmd.Dir, cmd.Env = w.root, w.env
	return cmd
}

// run runs a command line to its end.
func (w *world) run(t *testing.T, args ...string) (stdout, stderr string, exit int) {
	t.Helper()
	cmd := w.driver(args...)
	var out, progress bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &progress
	err := cmd.Run()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return out.String(), progress.String(), cmd.ProcessState.ExitCode()
}

// clean fails the test for everything that is left: processes, files below the
// temporary folder, in the home and in the cache, records of runs.
func (w *world) clean(t *testing.T, after string) {
	t.Helper()
	if list := w.processes(); len(list) > 0 {
		t.Errorf("%s: processes are left: %s", after, strings.Join(list, "; "))
	}
	for _, d := range []string{"tmp", "home", "cache"} {
		err := filepath.WalkDir(w.path(d), func(path string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() && e.Type()&fs.ModeSymlink == 0 {
				t.Errorf("%s: a file is left: %s", after, path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	folders, err := os.ReadDir(w.path("tmp"))
	if err != nil || len(folders) > 0 {
		t.Errorf("%s: in the temporary folder: %v %v", after, folders, err)
	}
	half, err := filepath.Glob(filepath.Join(w.path("cache"), "crawlerless", "*", "*", "*.new"))
	if err != nil || len(half) > 0 {
		t.Errorf("%s: half-compiled: %v %v", after, half, err)
	}
}

// processes are the living ones of this world, other than this test.
func (w *world) processes() []string {
	var list []string
	entries, _ := os.ReadDir("/proc") // where there is none, nothing can be told
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() || !w.owns(pid) {
			continue
		}
		line, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline")) // it may end just now
		list = append(list, e.Name()+" "+string(bytes.ReplaceAll(line, []byte{0}, []byte(" "))))
	}
	return list
}

func (w *world) owns(pid int) bool {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	for _, link := range []string{"cwd", "exe"} {
		if to, err := os.Readlink(filepath.Join(proc, link)); err == nil && strings.HasPrefix(to, w.dir+"/") {
			return true
		}
	}
	environ, err := os.ReadFile(filepath.Join(proc, "environ"))
	return err == nil && bytes.Contains(environ, []byte(w.mark+"\x00"))
}

// checkout is what git says of the checkout.
func (w *world) checkout(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("git", "-C", w.root, "status", "--porcelain").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
