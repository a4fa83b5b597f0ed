package sandbox_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"crawlerless/localaws/lambda/sandbox"
)

// The test binary plays two other parts: a bootstrap that does what PROBE says,
// and a parent that is killed.
func TestMain(m *testing.M) {
	switch {
	case os.Getenv("PROBE") != "":
		probe(os.Getenv("PROBE"))
		return
	case os.Getenv("PARENT") != "":
		parent(os.Getenv("PARENT"))
		return
	}
	goleak.VerifyTestMain(m)
}

// probe speaks the Runtime API without any library, one way or another.
func probe(how string) {
	api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/"
	post := func(path, body string, header ...string) int {
		req, err := http.NewRequest(http.MethodPost, api+path, strings.NewReader(body))
		if err != nil {
			panic(err)
		}
		for i := 0; i+1 < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			panic(err)
		}
		if err := resp.Body.Close(); err != nil {
			panic(err)
		}
		return resp.StatusCode
	}
	if how == "initerror" {
		fmt.Println("status", post("init/error", `{"errorMessage":"bad","errorType":"Init.Bad"}`, "Lambda-Runtime-Function-Error-Type", "Init.Bad"))
		os.Exit(1)
	}
	if how == "silent" {
		time.Sleep(time.Hour)
	}
	for {
		resp, err := http.Get(api + "invocation/next")
		if err != nil {
			panic(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err = errors.Join(err, resp.Body.Close()); err != nil {
			panic(err)
		}
		id := resp.Header.Get("Lambda-Runtime-Aws-Request-Id")
		switch how {
		case "wrongid":
			fmt.Println("status", post("invocation/other/response", "x"))
			post("invocation/"+id+"/response", "right")
		case "twice":
			post("invocation/"+id+"/response", "first")
			fmt.Println("status", post("invocation/"+id+"/response", "second"))
		case "named":
			post("invocation/"+id+"/error", `{"errorMessage":"m"}`, "Lambda-Runtime-Function-Error-Type", "Runtime.Odd")
		case "answerandexit":
			post("invocation/"+id+"/response", "last words")
			os.Exit(4)
		case "lines":
			for i := range 5000 {
				fmt.Println("line", i)
			}
			fmt.Print("no end")
			post("invocation/"+id+"/response", string(body))
		case "longline":
			fmt.Println(strings.Repeat("x", 3*sandbox.MaxLine/2))
			post("invocation/"+id+"/response", string(body))
		default:
			post("invocation/"+id+"/response", string(body))
		}
	}
}

// parent starts a sandbox and waits to be killed.
func parent(dir string) {
	s, err := start(dir, "echo", nil)
	if err == nil {
		err = s.Init(context.Background(), 10*time.Second)
	}
	if err != nil {
		panic(err)
	}
	fmt.Println(s.PID())
	time.Sleep(time.Hour)
}

type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) add(b []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, string(b))
}

func start(dir, how string, out *lines) (*sandbox.Sandbox, error) {
	if out == nil {
		out = &lines{}
	}
	return sandbox.Start(sandbox.NewSpawner(), sandbox.Config{TaskRoot: dir, Env: []string{"PROBE=" + how}, Output: out.add, Marker: "0123456789abcdef"})
}

// taskRoot holds the test binary as bootstrap.
func taskRoot(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(self, filepath.Join(dir, "bootstrap")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func begin(t *testing.T, how string) (*sandbox.Sandbox, *lines) {
	t.Helper()
	out := &lines{}
	spawner := sandbox.NewSpawner()
	s, err := sandbox.Start(spawner, sandbox.Config{TaskRoot: taskRoot(t), Env: []string{"PROBE=" + how}, Output: out.add, Marker: "0123456789abcdef"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Kill()
		spawner.Close()
	})
	return s, out
}

func invoke(t *testing.T, s *sandbox.Sandbox, payload string) (sandbox.Answer, error) {
	t.Helper()
	return s.Invoke(context.Background(), sandbox.Invocation{RequestID: "r1", Payload: []byte(payload), Timeout: 10 * time.Second})
}

func TestRuntimesOfEveryKind(t *testing.T) {
	tests := []struct {
		how, payload string
		errorType    string
		isError      bool
		line         string
		alive        bool
	}{
		{how: "echo", payload: `{"a":1}`, alive: true},
		{how: "wrongid", payload: "right", line: "status 400", alive: true},
		{how: "twice", payload: "first", line: "status 400", alive: true},
		{how: "named", payload: `{"errorMessage":"m"}`, errorType: "Runtime.Odd", isError: true, alive: true},
		{how: "answerandexit", payload: "last words"},
	}
	for _, tt := range tests {
		t.Run(tt.how, func(t *testing.T) {
			s, out := begin(t, tt.how)
			if err := s.Init(context.Background(), 10*time.Second); err != nil {
				t.Fatal(err)
			}
			in := tt.payload
			got, err := invoke(t, s, in)
			if err != nil || string(got.Payload) != tt.payload || got.Error != tt.isError || got.ErrorType != tt.errorType {
				t.Errorf("got %+v, %v", got, err)
			}
			if tt.line != "" && (len(out.all) != 1 || out.all[0] != tt.line) {
				t.Errorf("lines %q", out.all)
			}
			if s.Alive() != tt.alive {
				t.Errorf("alive: %v", s.Alive())
			}
		})
	}
}

func TestInitializations(t *testing.T) {
	s, _ := begin(t, "initerror")
	err := s.Init(context.Background(), 10*time.Second)
	var f *sandbox.Failure
	if !errors.As(err, &f) || f.Type != "Init.Bad" || string(f.Body) != `{"errorMessage":"bad","errorType":"Init.Bad"}` || s.Alive() {
		t.Errorf("got %v", err)
	}
	s, _ = begin(t, "silent")
	err = s.Init(context.Background(), 50*time.Millisecond)
	if !errors.As(err, &f) || !f.Timeout || s.Alive() {
		t.Errorf("got %v", err)
	}
	s, _ = begin(t, "silent")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Init(ctx, time.Hour); !errors.Is(err, context.Canceled) || s.Alive() {
		t.Errorf("got %v", err)
	}
}

func TestAllLinesAreThereAfterEachInvocation(t *testing.T) {
	s, out := begin(t, "lines")
	if err := s.Init(context.Background(), 10*time.Second); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 3; n++ {
		if _, err := invoke(t, s, "x"); err != nil {
			t.Fatal(err)
		}
		if len(out.all) != n*5001 || out.all[len(out.all)-1] != "no end" || out.all[len(out.all)-2] != "line 4999" {
			t.Fatalf("after %d: %d lines, the last %q", n, len(out.all), out.all[len(out.all)-1])
		}
	}
}

func TestALongLineIsCut(t *testing.T) {
	s, out := begin(t, "longline")
	if err := s.Init(context.Background(), 10*time.Second); err != nil {
		t.Fatal(err)
	}
	if _, err := invoke(t, s, "x"); err != nil {
		t.Fatal(err)
	}
	if len(out.all) != 2 || len(out.all[0]) != sandbox.MaxLine || len(out.all[0])+len(out.all[1]) != 3*sandbox.MaxLine/2 {
		t.Errorf("%d lines", len(out.all))
	}
}

func TestAKilledParentLeavesNoProcess(t *testing.T) {
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Skip("only Linux ends a process with its parent")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "PARENT="+taskRoot(t))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || syscall.Kill(pid, 0) != nil {
		t.Fatalf("process %q: %v", line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the parent was not killed")
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %d outlived its parent", pid)
		}
	}
}
