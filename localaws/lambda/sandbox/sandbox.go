// Package sandbox runs one execution environment of a Lambda function: a real
// `bootstrap` process that is served by its own Runtime API on loopback.
//
// A Sandbox goes through AWS's life cycle. Start spawns the process; Init waits
// until it asks for its first event; Invoke hands it one event at a time and
// waits until it has answered and asked for the next one; Kill ends it. The
// process gets exactly the environment it is given, a process group of its own,
// and a parent whose death it does not survive (Linux). What it writes to
// standard output and standard error reaches Config.Output line by line, and
// when Invoke returns every line that the process had written is there.
//
// It knows nothing of functions, roles or log groups: package lambda does. It
// does not freeze the process between invocations, nor does it enforce the
// memory and disk that a function is given.
//
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// MaxResponse is the largest response of an invocation in bytes; 6 MiB as for
// requests, and a little for the envelope.
const MaxResponse = 6*1024*1024 + 100

// Config is what one execution environment is made of.
type Config struct {
	// TaskRoot is the directory of the function's code; it holds `bootstrap`.
	TaskRoot string
	// Env are the process's environment variables ("NAME=value"), to which Start
	// adds AWS_LAMBDA_RUNTIME_API. Nothing is inherited.
	Env []string
	// Output is called with every line that the process writes, without its line
	// end, from one goroutine at a time.
	Output func(line []byte)
	// Marker is a string that no process writes by accident. It separates the
	// output of one invocation from that of the next.
	Marker string
}

// Sandbox is one running execution environment. Init and Invoke must not be
// called concurrently; Kill and Alive may.
type Sandbox struct {
	cmd    *exec.Cmd
	server *http.Server
	output *output

	ready     chan struct{}  // closed at the first request for an event
	initError chan initError // what the runtime reported before that
	work      chan *call
	exited    chan struct{} // closed when the process is gone and its output read
	exit      error         // of the process; read after exited

	mu      sync.Mutex
	isReady bool
	current *call
}

type initError struct {
	errorType string
	body      []byte
}

// StartError is a process that could not be started: no bootstrap in the code,
// or one that this machine cannot execute.
type StartError struct{ Err error }

func (e *StartError) Error() string { return e.Err.Error() }
func (e *StartError) Unwrap() error { return e.Err }

// Start spawns the process. The error is a *StartError when the code is to
// blame.
func Start(spawn *Spawner, cfg Config) (*Sandbox, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the runtime API: %w", err)
	}
	out, err := newOutput(cfg.Marker, cfg.Output)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	s := &Sandbox{
		output:    out,
		ready:     make(chan struct{}),
		initError: make(chan initError, 1),
		work:      make(chan *call),
		exited:    make(chan struct{}),
	}
	s.server = &http.Server{Handler: s.runtimeAPI(), ReadHeaderTimeout: time.Minute}
	path := filepath.Join(cfg.TaskRoot, "bootstrap")
	s.cmd = &exec.Cmd{
		Path:        path,
		Args:        []string{path},
		Dir:         cfg.TaskRoot,
		Env:         append(append([]string{}, cfg.Env...), "AWS_LAMBDA_RUNTIME_API="+listener.Addr().String()),
		Stdout:      out.writer,
		Stderr:      out.writer,
		SysProcAttr: processAttributes(),
	}
	if err := spawn.start(s.cmd); err != nil {
		out.close()
		var pathError *os.PathError
		if errors.As(err, &pathError) {
			pathError.Path = "/var/task/bootstrap"
		}
		return nil, errors.Join(&StartError{Err: err}, listener.Close())
	}
	go func() {
		// Serve returns ErrServerClosed when the process is gone.
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.Kill()
		}
	}()
	go s.reap()
	return s, nil
}

// reap waits for the end of the process and of everything that it left behind.
func (s *Sandbox) reap() {
	s.exit = s.cmd.Wait()
	killGroup(s.cmd.Process.Pid)
	s.output.sync()
	s.output.close()
	close(s.exited)
	// The process is the server's only client and is gone: nothing can be lost,
	// and closing an already closed listener says nothing of use.
	_ = s.server.Close()
}

// Kill ends the process and its group at once and waits until it is gone.
func (s *Sandbox) Kill() {
	select {
	case <-s.exited:
	default:
		killGroup(s.cmd.Process.Pid)
		<-s.exited
	}
}

// Alive reports whether the process runs.
func (s *Sandbox) Alive() bool {
	select {
	case <-s.exited:
		return false
	default:
		return true
	}
}

// PID is the process's id.
func (s *Sandbox) PID() int { return s.cmd.Process.Pid }

// MaxMemory is the most resident memory that the process has had so far, in
// bytes; 0 where the system does not tell.
func (s *Sandbox) MaxMemory() int64 {
	if s.Alive() {
		return residentPeak(s.cmd.Process.Pid)
	}
	return exitedPeak(s.cmd.ProcessState)
}

// exitMessage words the end of the process as Lambda does.
func (s *Sandbox) exitMessage() string {
	if s.exit == nil {
		return "Runtime exited without providing a reason"
	}
	return "Runtime exited with error: " + s.exit.Error()
}

// Failure is an execution environment that did not answer.
type Failure struct {
	// Type is Lambda's error type: "Runtime.ExitError", "Sandbox.Timedout", or
	// what the runtime reported of its initialization.
	Type string
	// Message without the request id: "Error: Runtime exited with error: exit
	// status 1".
	Message string
	// Body is the error document that the runtime posted itself, if it did.
	Body []byte
	// Timeout says that the time was up.
	Timeout bool
}

func (f *Failure) Error() string { return f.Type + ": " + f.Message }

// Init waits until the runtime asks for its first event. Any failure is a
// *Failure and leaves a dead process; the error of ctx when that ends.
func (s *Sandbox) Init(ctx context.Context, timeout time.Duration) error {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-s.ready:
		return nil
	case e := <-s.initError:
		s.Kill()
		return &Failure{Type: e.errorType, Message: s.exitMessage(), Body: e.body}
	case <-s.exited:
		select {
		case e := <-s.initError:
			return &Failure{Type: e.errorType, Message: s.exitMessage(), Body: e.body}
		default:
			return &Failure{Type: "Runtime.ExitError", Message: s.exitMessage()}
		}
	case <-timer.C:
		s.Kill()
		return &Failure{
			Type: "Sandbox.Timedout", Timeout: true,
			Message: fmt.Sprintf("Task timed out after %.2f seconds", timeout.Seconds()),
		}
	case <-ctx.Done():
		s.Kill()
		return ctx.Err()
	}
}

// Invocation is one event for the function.
type Invocation struct {
	RequestID     string
	FunctionARN   string
	TraceID       string
	ClientContext string // JSON, or empty
	Payload       []byte
	Timeout       time.Duration
}

// Answer is what the function said.
type Answer struct {
	Payload []byte
	// Error says that Payload is the function's error document.
	Error bool
	// ErrorType is what the runtime named in its header, if it did.
	ErrorType string
}

// Invoke hands the process one event and waits for its answer and until it
// asks for the next event. It returns a *Failure when the process exits or does
// not answer within the timeout, after which it is dead; or ctx's error. An
// environment may also be dead after an answer: see Alive.
func (s *Sandbox) Invoke(ctx context.Context, inv Invocation) (Answer, error) {
	c := &call{Invocation: inv, deadline: time.Now().Add(inv.Timeout), done: make(chan struct{})}
	timer := time.NewTimer(inv.Timeout)
	defer timer.Stop()
	answer, err := s.wait(ctx, c, timer.C)
	s.output.sync()
	return answer, err
}

func (s *Sandbox) wait(ctx context.Context, c *call, timeUp <-chan time.Time) (Answer, error) {
	work := s.work
	for {
		select {
		case work <- c:
			work = nil
		case <-c.done:
			return c.answer, nil
		case <-s.exited:
			if answer, ok := s.answerTo(c); ok {
				return answer, nil
			}
			return Answer{}, &Failure{Type: "Runtime.ExitError", Message: s.exitMessage()}
		case <-timeUp:
			s.Kill()
			if answer, ok := s.answerTo(c); ok {
				return answer, nil
			}
			return Answer{}, &Failure{
				Type: "Sandbox.Timedout", Timeout: true,
				Message: fmt.Sprintf("Task timed out after %.2f seconds", c.Timeout.Seconds()),
			}
		case <-ctx.Done():
			s.Kill()
			return Answer{}, ctx.Err()
		}
	}
}

// answerTo is what the runtime has answered so far.
func (s *Sandbox) answerTo(c *call) (Answer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return c.answer, c.answered
}
