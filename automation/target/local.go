package target

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"crawlerless/localaws"
	"crawlerless/localaws/clock"
	"crawlerless/localaws/faults"
	"crawlerless/localaws/provider"
	"crawlerless/localaws/wire"
)

// LocalOptions says how to start the local target.
type LocalOptions struct {
	Port  int       // 0 is any free one
	Start time.Time // of its clock; zero is now
	Log   *slog.Logger
	// Faults, where not nil, stand around every operation of localaws.
	Faults *faults.Injector
	// Dir is a folder for everything that the target writes, the state backend
	// included; empty is a temporary one. Close removes what it wrote.
	Dir string
	// Interceptor, where not nil, stands around every operation, to inject faults.
	Interceptor wire.Interceptor
}

// Local is localaws in this process, with the stand-in provider beside it.
type Local struct {
	Server   *localaws.Server
	Provider *provider.Server
	Clock    *clock.Clock
	config   aws.Config
	dir      string
	state    string
}

// The credentials and region of the local target. Any key would do: see the
// iam package. They are printed for the aws CLI.
const (
	LocalKey, LocalSecret = "test", "test"
	LocalRegion           = "us-east-1"
)

// StartLocal starts the local target.
func StartLocal(ctx context.Context, o LocalOptions) (_ *Local, err error) {
	if o.Start.IsZero() {
		o.Start = time.Now()
	}
	dir, err := os.MkdirTemp(o.Dir, "crawlerless-local-")
	if err != nil {
		return nil, err
	}
	l := &Local{dir: dir, state: filepath.Join(dir, "state"), Clock: clock.New(o.Start)}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
		}
	}()
	for _, d := range []string{l.state, filepath.Join(dir, "localaws")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
	}
	server := localaws.Options{
		Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(o.Port)), Region: LocalRegion,
		Clock: l.Clock, Log: o.Log, Dir: filepath.Join(dir, "localaws"), Interceptor: o.Interceptor,
	}
	if o.Faults != nil && o.Interceptor != nil {
		return nil, errors.New("start localaws: faults and an interceptor at once")
	}
	if o.Faults != nil {
		server.Interceptor = o.Faults.Intercept
		// It is asked only once the server serves.
		o.Faults.OnKill(func(caller wire.Caller) { l.Server.KillFunctions(caller.Role) })
	}
	l.Server, err = localaws.Start(ctx, server)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("port %d is in use: stop what listens there, or choose another with --port", o.Port)
	}
	if err != nil {
		return nil, fmt.Errorf("start localaws: %w", err)
	}
	l.config = l.Server.Config()
	// The provider must outlive an interruption: the destroy that follows needs it.
	l.Provider, err = provider.Serve(context.WithoutCancel(ctx), provider.Options{Endpoint: l.Server.Endpoint(), Region: LocalRegion, Config: l.config, Log: o.Log})
	if err != nil {
		return nil, fmt.Errorf("start the stand-in provider: %w", err)
	}
	return l, nil
}

// Name is "local".
func (l *Local) Name() string { return "local" }

// AWS calls localaws as the account's root.
func (l *Local) AWS() aws.Config { return l.config.Copy() }

// Env attaches the stand-in provider in place of the aws plugin.
func (l *Local) Env() map[string]string {
	return localEnv(l.Server.Endpoint(), l.Provider.Port())
}

// Architecture is this machine's, in Lambda's words.
func Architecture() string {
	if runtime.GOARCH == "arm64" {
		return "arm64"
	}
	return "x86_64"
}

// Overrides are what a local stack must be like.
func (l *Local) Overrides() map[string]any { return localOverrides() }

// Backend is a folder.
func (l *Local) Backend() string { return "file://" + filepath.ToSlash(l.state) }

// Now is the time of the local clock.
func (l *Local) Now() time.Time { return l.Clock.Now() }

// Pass moves the local clock and waits until everything has come to rest.
func (l *Local) Pass(ctx context.Context, d time.Duration) error { return l.Clock.Advance(ctx, d) }

// Close stops the provider and localaws and removes their files.
func (l *Local) Close() error {
	var errs []error
	if l.Provider != nil {
		errs = append(errs, l.Provider.Close())
	}
	if l.Server != nil {
		errs = append(errs, l.Server.Close())
	}
	l.Clock.Close()
	return errors.Join(append(errs, os.RemoveAll(l.dir))...)
}

// Paste is what to paste into a shell so that the aws CLI and Pulumi work
// against the local target.
func (l *Local) Paste() string {
	return fmt.Sprintf(`export AWS_ENDPOINT_URL=%[1]s AWS_REGION=%[2]s AWS_DEFAULT_REGION=%[2]s AWS_ACCESS_KEY_ID=%[3]s AWS_SECRET_ACCESS_KEY=%[4]s
alias aws='aws --endpoint-url "$AWS_ENDPOINT_URL"'   # version 1 of the CLI ignores the variable for some services
export PULUMI_BACKEND_URL=%[5]s PULUMI_CONFIG_PASSPHRASE=local
export PULUMI_DEBUG_PROVIDERS=aws:%[6]d PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true
export AWS_DISABLE_HOST_PREFIX_INJECTION=true        # else start-sync-execution asks for sync-127.0.0.1
`, l.Server.Endpoint(), LocalRegion, LocalKey, LocalSecret, l.Backend(), l.Provider.Port())
}
