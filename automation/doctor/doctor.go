// Package doctor says what is missing on this machine, and what for.
package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"

	"crawlerless/automation/console"
	"crawlerless/automation/pulumicli"
)

// Finding is one thing looked at.
type Finding struct {
	Name   string `json:"name"`
	State  string `json:"state"` // "ok", "missing", "optional"
	Found  string `json:"found"`
	Remedy string `json:"remedy,omitempty"`
}

// The states of a finding: optional is missing, but only some commands need it.
const (
	ok       = "ok"
	missing  = "missing"
	optional = "optional"
)

// ErrMissing says that something is missing that every command needs.
var ErrMissing = errors.New("something is missing that the driver needs")

// Run looks, prints, and fails when something needed is missing.
func Run(ctx context.Context, c *console.Console, root, cache string, asJSON bool) error {
	findings := []Finding{
		program(ctx, "go", "version", "go1.26", "install Go 1.26 or newer: it compiles the Lambdas and the policy pack"),
		program(ctx, compiler(), "--version", "", "install a C compiler (Debian: apt-get install gcc): DuckDB, behind the local Athena, needs cgo"),
		cgo(ctx),
		program(ctx, "git", "--version", "", "install git"),
		pulumi(ctx, root, cache),
		writable(cache),
		port(),
		awsCLI(ctx),
		credentials(ctx),
	}
	failed := false
	for _, f := range findings {
		failed = failed || f.State == missing
	}
	if asJSON {
		b, err := json.MarshalIndent(findings, "", "  ")
		if err != nil {
			return err
		}
		c.Printf("%s\n", b)
	} else {
		for _, f := range findings {
			c.Printf("  %-9s %-16s %s\n", f.State, f.Name, f.Found)
			if f.State != ok {
				c.Printf("  %-9s %-16s → %s\n", "", "", f.Remedy)
			}
		}
	}
	if failed {
		return ErrMissing
	}
	return nil
}

func compiler() string {
	if cc := os.Getenv("CC"); cc != "" {
		return strings.Fields(cc)[0]
	}
	return "gcc"
}

// program asks a program for its version; want, if any, must be part of it or
// older than it.
func program(ctx context.Context, name, flag, want, remedy string) Finding {
	f := Finding{Name: name, State: missing, Remedy: remedy}
	out, err := exec.CommandContext(ctx, name, flag).Output()
	if err != nil {
		f.Found = "not found"
		return f
	}
	f.Found, _, _ = strings.Cut(strings.TrimSpace(string(out)), "\n")
	if want != "" && older(f.Found, want) {
		f.Remedy = remedy + " (this one is too old)"
		return f
	}
	f.State, f.Remedy = ok, ""
	return f
}

// older compares "go version go1.26.8 linux/amd64" with "go1.26".
func older(found, want string) bool {
	for _, word := range strings.Fields(found) {
		var major, minor, wantMajor, wantMinor int
		if n, _ := fmt.Sscanf(word, "go%d.%d", &major, &minor); n == 2 {
			if n, _ := fmt.Sscanf(want, "go%d.%d", &wantMajor, &wantMinor); n == 2 {
				return major < wantMajor || major == wantMajor && minor < wantMinor
			}
		}
	}
	return false // a development version
}

func cgo(ctx context.Context) Finding {
	f := Finding{Name: "cgo", State: ok, Found: "enabled"}
	out, err := exec.CommandContext(ctx, "go", "env", "CGO_ENABLED").Output()
	if err != nil || strings.TrimSpace(string(out)) != "1" {
		f.State, f.Found, f.Remedy = missing, "disabled", "unset CGO_ENABLED, and install a C compiler"
	}
	return f
}

func pulumi(ctx context.Context, root, cache string) Finding {
	source, found := pulumicli.Locate(ctx, root, cache)
	if found {
		return Finding{Name: "pulumi", State: ok, Found: source}
	}
	return Finding{
		Name: "pulumi", State: optional, Found: source,
		Remedy: "nothing to do: the first command that needs it builds it once, in some minutes; or install Pulumi " + pulumicli.Minimum.String() + " or newer",
	}
}

func writable(cache string) Finding {
	f := Finding{Name: "cache", State: ok, Found: cache}
	err := os.MkdirAll(cache, 0o755)
	if err == nil {
		var probe *os.File
		if probe, err = os.CreateTemp(cache, "doctor-"); err == nil {
			err = errors.Join(probe.Close(), os.Remove(probe.Name()))
		}
	}
	if err != nil {
		f.State, f.Found, f.Remedy = missing, err.Error(), "make "+filepath.Dir(cache)+" writable, or set XDG_CACHE_HOME"
	}
	return f
}

func port() Finding {
	f := Finding{Name: "port 4566", State: ok, Found: "free"}
	l, err := net.Listen("tcp", "127.0.0.1:4566")
	if err != nil {
		f.State, f.Found, f.Remedy = optional, "in use", "`local` needs another one: --port"
		return f
	}
	if err := l.Close(); err != nil {
		f.Found = err.Error()
	}
	return f
}

func awsCLI(ctx context.Context) Finding {
	f := program(ctx, "aws", "--version", "", "only to look around by hand: install the aws CLI")
	if f.State == missing {
		f.State = optional
	}
	return f
}

// credentials looks whether there are any; it calls nobody.
func credentials(ctx context.Context) Finding {
	f := Finding{Name: "AWS credentials", State: optional, Found: "none", Remedy: "only for --target aws: sign in, or set AWS_PROFILE"}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	c, err := config.LoadDefaultConfig(ctx, config.WithEC2IMDSClientEnableState(imds.ClientDisabled))
	if err != nil {
		f.Found = err.Error()
		return f
	}
	who, err := c.Credentials.Retrieve(ctx)
	if err != nil {
		return f
	}
	return Finding{Name: f.Name, State: ok, Found: "from " + who.Source + " on " + runtime.GOOS}
}
