//go:build linux

package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"crawlerless/lambdas/ndjson/sample"
)

// maxResident is what the process may take, whatever it reads, in bytes.
const maxResident = 32 << 20

// long says whether the tests that take a minute run in full, as
//
//	EXTRACT_LONG=1 go test -v ./lambdas/extract
//
// does. Otherwise the inputs are a tenth as large.
func long() bool { return os.Getenv("EXTRACT_LONG") != "" }

// cloud is what the function meets: the Lambda Runtime API, S3 and Glue. It
// streams objects that are far larger than the function may become.
type cloud struct {
	started time.Time
	asked   chan time.Duration // from start to the first request for an event
	once    sync.Once
	events  chan string
	answers chan string
	objects map[string]io.WriterTo
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/invocation/next"):
		c.once.Do(func() { c.asked <- time.Since(c.started) })
		select {
		case e := <-c.events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "1")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(time.Hour).UnixMilli(), 10))
			_, _ = io.WriteString(w, e)
		case <-r.Context().Done():
		}
	case strings.Contains(r.URL.Path, "/runtime/"):
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		c.answers <- string(body)
	case r.Header.Get("X-Amz-Target") != "":
		w.Header().Set("X-Amzn-Errortype", "EntityNotFoundException")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"EntityNotFoundException"}`)
	default:
		content := c.objects[r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]]
		if content == nil || r.Method == http.MethodPut {
			_, _ = io.Copy(io.Discard, r.Body)
			return
		}
		var n counter
		_, _ = content.WriteTo(&n)
		w.Header().Set("Content-Length", strconv.FormatInt(int64(n), 10))
		w.Header().Set("ETag", `"e"`)
		_, _ = content.WriteTo(w)
	}
}

type counter int64

func (n *counter) Write(p []byte) (int, error) { *n += counter(len(p)); return len(p), nil }

// stream writes an object piece by piece.
type stream func(io.Writer)

func (s stream) WriteTo(w io.Writer) (int64, error) {
	var n counter
	s(io.MultiWriter(&n, w))
	return int64(n), nil
}

func repeat(piece string, n int) stream {
	block := strings.Repeat(piece, max(1, min(n, 64<<10/len(piece))))
	return func(w io.Writer) {
		for left := n * len(piece); left > 0; {
			k, err := io.WriteString(w, block[:min(left, len(block))])
			if left -= k; err != nil {
				return
			}
		}
	}
}

func then(parts ...stream) stream {
	return func(w io.Writer) {
		for _, p := range parts {
			p(w)
		}
	}
}

// each writes n pieces that a pattern makes of their numbers.
func each(pattern string, n int) stream {
	return func(w io.Writer) {
		var b bytes.Buffer
		for i := range n {
			fmt.Fprintf(&b, pattern, i)
			if b.Len() > 64<<10 || i == n-1 {
				if _, err := b.WriteTo(w); err != nil {
					return
				}
			}
		}
	}
}

func hostile(t *testing.T) map[string]io.WriterTo {
	t.Helper()
	million, mb := 1_000_000, 1<<20
	if !long() {
		million, mb = million/10, mb/10
	}
	var member bytes.Buffer
	z := gzip.NewWriter(&member)
	if _, err := sample.Write(z, sample.Flat, int64(8*mb), 1); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	var far bytes.Buffer // a window of 8 MiB, the largest that is read
	zs, err := zstd.NewWriter(&far, zstd.WithWindowSize(8<<20), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sample.Write(zs, sample.Nested, int64(32*mb), 1); err != nil {
		t.Fatal(err)
	}
	if err := zs.Close(); err != nil {
		t.Fatal(err)
	}
	members := func(n int) stream {
		return func(w io.Writer) {
			for i := range n {
				fmt.Fprintf(w, `%c"%x":1`, "{,"[min(i, 1)], i)
			}
			_, _ = io.WriteString(w, "}")
		}
	}
	var fields []stream
	for i := range 83 {
		fields = append(fields, repeat(fmt.Sprintf(`{"column%c%c":`, 'a'+i/26, 'a'+i%26), 1), members(190), repeat("}\n", 1))
	}
	return map[string]io.WriterTo{
		"512-MB-of-gzip":       repeat(member.String(), 64),
		"zstd-window-of-8-MiB": repeat(far.String(), 1),
		"line-of-200-MB":       then(repeat(`{"a":"`, 1), repeat("x", 200*mb), repeat("\"}\n{\"b\":1}\n", 1)),
		"million-keys":         then(repeat(`{"a":1`, 1), each(`,"key%d":1`, million), repeat("}\n", 1)),
		"million-names":        then(repeat(`{"a":1`, 1), func(w io.Writer) { names(w, `,"%s":1`, million) }, repeat("}\n", 1)),
		"million-records":      stream(func(w io.Writer) { names(w, "{\"%s\":1}\n", million) }),
		"million-members":      then(repeat(`{"a":{"b":1`, 1), each(`,"key%d":{"c":1}`, million), repeat("}}\n", 1)),
		"million-deep":         then(repeat(`{"a":`, 1), repeat(`[`, million), repeat("\n{\"b\":1}\n", 1)),
		"objects-deep":         then(repeat(`{"a":`, 9_999), repeat(`{}`, 1), repeat(`}`, 9_999), repeat("\n", 1)),
		"fields-at-the-limit":  then(fields...),
		"keys-of-1-MB":         then(repeat(`{"`, 1), repeat("k", 1<<20), repeat(`":1,"`, 1), repeat(`\u00e9`, 1<<20), repeat("\":2}\n", 1)),
	}
}

// names writes n names without digits, each smaller than the one before.
func names(w io.Writer, pattern string, n int) {
	var b bytes.Buffer
	for i := n - 1; i >= 0; i-- {
		text := fmt.Appendf(nil, "%06d", i)
		for j := range text {
			text[j] += 'a' - '0'
		}
		fmt.Fprintf(&b, pattern, text)
		if b.Len() > 64<<10 || i == 0 {
			if _, err := b.WriteTo(w); err != nil {
				return
			}
		}
	}
}

// build compiles the function as it is deployed.
func build(t *testing.T, env ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "bootstrap")
	cmd := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", out, ".")
	cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0"), env...)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return out
}

func (c *cloud) run(t *testing.T, bootstrap string) *exec.Cmd {
	t.Helper()
	c.started = time.Now() // before the goroutines that read it
	h := httptest.NewServer(c)
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, bootstrap)
	cmd.Env = []string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(h.URL, "http://"), "AWS_ENDPOINT_URL=" + h.URL, "AWS_S3_USE_PATH_STYLE=true",
		"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=secret", "HOME=" + t.TempDir(),
		"LAKE_BUCKET=lake", "LAKE_PREFIX=logs/", "DATABASE=db", "SCRATCH_PREFIX=schemas/", `TABLES={"app":"app"}`,
	}
	cmd.Stdout, cmd.Stderr = io.Discard, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was killed
		h.CloseClientConnections()
		h.Close()
	})
	return cmd
}

func newCloud(objects map[string]io.WriterTo) *cloud {
	return &cloud{asked: make(chan time.Duration, 1), events: make(chan string), answers: make(chan string, 1), objects: objects}
}

func TestMemoryOfTheProcessIsBoundedWhateverItReads(t *testing.T) {
	bootstrap := build(t)
	objects := hostile(t)
	for name := range objects {
		t.Run(name, func(t *testing.T) {
			c := newCloud(objects)
			cmd := c.run(t, bootstrap)
			e, err := json.Marshal(map[string]any{"detail": map[string]any{
				"bucket": map[string]any{"name": "lake"},
				"object": map[string]any{"key": "logs/app/year=2026/month=11/day=24/hour=04/" + name},
			}})
			if err != nil {
				t.Fatal(err)
			}
			c.events <- string(e)
			answer := <-c.answers
			if !strings.Contains(answer, `"records"`) {
				t.Errorf("answered %.300s", answer)
			}
			peak := highWater(t, cmd.Process.Pid)
			t.Logf("%.1f MiB; %.200s", float64(peak)/(1<<20), answer)
			if peak > maxResident {
				t.Errorf("the process took %.1f MiB", float64(peak)/(1<<20))
			}
		})
	}
}

// The function has to be quick to start, because a lake that is quiet starts
// it anew for every object. What is held to is processor time: the time on the
// wall is also that of everything else that runs on the machine.
func TestStartToTheFirstRequest(t *testing.T) {
	bootstrap := build(t)
	var wall, cpu []time.Duration
	for range 11 {
		c := newCloud(nil)
		cmd := c.run(t, bootstrap)
		wall = append(wall, <-c.asked)
		cpu = append(cpu, processorTime(t, cmd.Process.Pid))
	}
	slices.Sort(wall)
	slices.Sort(cpu)
	t.Logf("quickest %v, median %v; processor time: quickest %v, median %v", wall[0], wall[len(wall)/2], cpu[0], cpu[len(cpu)/2])
	if long() && cpu[0] > 10*time.Millisecond { // else the machine may be busy
		t.Errorf("the quickest of %d starts took %v of processor time", len(cpu), cpu[0])
	}
}

// processorTime is how long the threads of a process have run.
func processorTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(files) == 0 {
		t.Fatal("the kernel tells no processor time of threads", err)
	}
	var sum time.Duration
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		ns, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += time.Duration(ns)
	}
	return sum
}

func TestArchiveForArm64IsBelow5MB(t *testing.T) {
	if !long() {
		t.Skip("compiles for another architecture: EXTRACT_LONG=1 runs it")
	}
	program, err := os.ReadFile(build(t, "GOOS=linux", "GOARCH=arm64"))
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	w, err := z.Create("bootstrap")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(program); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes, unpacked %d", archive.Len(), len(program))
	if archive.Len() > 5_000_000 {
		t.Errorf("%d bytes", archive.Len())
	}
}

// highWater is the most that was resident of a process, in bytes.
func highWater(t *testing.T, pid int) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if text, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(text)[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kb << 10
		}
	}
	t.Fatal("the kernel tells no VmHWM")
	return 0
}
