// Command bootstrap is a Lambda function that does what its event says: the
// tests' window into an execution environment.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do    string `json:"do"`
	Text  string `json:"text"`
	Count int    `json:"count"`
}

type answer struct {
	PID       int               `json:"pid"`
	Child     int               `json:"child,omitempty"`
	RequestID string            `json:"requestId"`
	ARN       string            `json:"arn"`
	Left      int64             `json:"left"` // milliseconds until the deadline
	Env       map[string]string `json:"env,omitempty"`
	Text      string            `json:"text,omitempty"`
	Calls     int               `json:"calls"`
	Client    map[string]string `json:"client,omitempty"`
}

type customError struct{ text string }

func (e customError) Error() string { return e.text }

var calls int

func handle(ctx context.Context, in event) (answer, error) {
	calls++
	lc, _ := lambdacontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	out := answer{PID: os.Getpid(), RequestID: lc.AwsRequestID, ARN: lc.InvokedFunctionArn, Left: time.Until(deadline).Milliseconds(), Calls: calls, Client: lc.ClientContext.Custom}
	switch in.Do {
	case "", "echo":
		out.Text = in.Text
	case "env":
		out.Env = map[string]string{}
		for _, v := range os.Environ() {
			name, value, _ := strings.Cut(v, "=")
			out.Env[name] = value
		}
	case "print":
		for i := range max(in.Count, 1) {
			if in.Count > 1 {
				fmt.Printf("%s %d\n", in.Text, i)
			} else {
				fmt.Println(in.Text)
			}
		}
	case "partial":
		fmt.Fprint(os.Stderr, in.Text)
	case "error":
		return out, errors.New(in.Text)
	case "custom":
		return out, customError{in.Text}
	case "panic":
		panic(in.Text)
	case "exit":
		fmt.Println("about to exit")
		os.Exit(in.Count)
	case "hang":
		time.Sleep(time.Hour)
	case "sleep":
		time.Sleep(time.Duration(in.Count) * time.Millisecond)
	case "stubborn":
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT)
		time.Sleep(time.Hour)
	case "child":
		cmd := exec.Command("/bin/sleep", "3600")
		if err := cmd.Start(); err != nil {
			return out, err
		}
		out.Child = cmd.Process.Pid
	case "big":
		out.Text = strings.Repeat("x", in.Count)
	case "file":
		f, err := os.CreateTemp("", "probe")
		if err != nil {
			return out, err
		}
		out.Text = f.Name()
		return out, f.Close()
	}
	return out, nil
}

func main() {
	switch os.Getenv("PROBE_INIT") {
	case "exit":
		fmt.Println("no way")
		os.Exit(3)
	case "once": // fails the first time only
		if err := os.Mkdir(os.TempDir()+"/seen", 0o700); err == nil {
			os.Exit(1)
		}
	}
	lambda.Start(handle)
}
