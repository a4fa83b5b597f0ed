// Package localaws is an AWS in one process: the services that a log lake uses,
// behind one loopback port, spoken to with any AWS SDK or the aws CLI.
//
//	server, err := localaws.Start(ctx, localaws.Options{Addr: "127.0.0.1:4566"})
//	…
//	defer server.Close()
//
// What it guarantees: the protocols are AWS's (the SDK's clients are the test);
// every call, by a user, a function or a service, is decided by the IAM
// policies in force; services reach each other only through their APIs; time is
// one clock, which can be moved; Close leaves no goroutine, process or file.
//
// What it does not do, it says: an operation, parameter or value that is not
// there answers NotImplemented by name. Nothing survives Close.
//
// This package is the only place that knows all services. Each is a package
// that can be read alone: see README.md.
package localaws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"crawlerless/localaws/clock"
	"crawlerless/localaws/cloud"
	"crawlerless/localaws/iam"
	"crawlerless/localaws/wire"
)

// Options say how to start. The zero value is a server on a free port.
type Options struct {
	// Addr is where to listen: "127.0.0.1:4566". Empty: a free loopback port.
	Addr string
	// Account is the account played, twelve digits. Empty: "000000000000".
	Account string
	// Region is the region played. Empty: "us-east-1".
	Region string
	// Clock is the server's time; the caller may move it. Nil: the real time.
	Clock *clock.Clock
	// Log takes what goes wrong inside. Nil: nowhere.
	Log *slog.Logger
	// Dir is a directory for files, which Close leaves in place. Empty: a
	// temporary one, which Close removes.
	Dir string
	// Seed makes identifiers repeat from run to run. 0: different ones.
	Seed uint64
	// Interceptor stands around every operation, to inject faults.
	Interceptor wire.Interceptor
}

// Server is a running localaws.
type Server struct {
	// Clock is the time of the server.
	Clock *clock.Clock

	options  Options
	handler  *wire.Handler
	http     *http.Server
	client   *http.Client // of those who reach this server over TCP
	endpoint string
	served   chan error
	services *services
	tempDir  string
}

// Start listens and serves until Close. ctx bounds the start only.
func Start(ctx context.Context, o Options) (*Server, error) {
	o.Addr, o.Account, o.Region = cmp.Or(o.Addr, "127.0.0.1:0"), cmp.Or(o.Account, "000000000000"), cmp.Or(o.Region, "us-east-1")
	o.Seed = cmp.Or(o.Seed, rand.Uint64())
	if o.Clock == nil {
		o.Clock = clock.New(time.Now())
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{Clock: o.Clock, options: o, served: make(chan error, 1), client: wire.NewClient()}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", o.Addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("start localaws: %s is in use: stop what listens there or choose another port: %w", o.Addr, err)
	}
	if err != nil {
		return nil, fmt.Errorf("start localaws: %w", err)
	}
	s.endpoint = "http://" + listener.Addr().String()
	if err := s.build(); err != nil {
		return nil, errors.Join(fmt.Errorf("start localaws: %w", err), listener.Close())
	}
	s.http = &http.Server{Handler: s.handler, ReadHeaderTimeout: 30 * time.Second, ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelError)}
	go func() { s.served <- s.http.Serve(listener) }()
	return s, nil
}

// build makes the services and joins them.
func (s *Server) build() error {
	o := s.options
	dir := o.Dir
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "localaws-"); err != nil {
			return err
		}
		s.tempDir = dir
	}
	env := cloud.Env{
		Account: o.Account, Region: o.Region, Partition: "aws", Clock: o.Clock, Log: o.Log, IDs: newIDs(o.Seed), Dir: dir,
		Endpoint: func() string { return s.endpoint },
	}
	var err error
	if s.services, err = newServices(env, s.transport); err != nil {
		return errors.Join(err, s.removeDir())
	}
	options := []wire.Option{wire.WithLogger(o.Log), wire.WithRequestIDs(env.IDs.UUID)}
	if o.Interceptor != nil {
		options = append(options, wire.WithInterceptor(o.Interceptor))
	}
	s.handler = wire.NewHandler(s.services.iam, s.services.wire, options...)
	return nil
}

func (s *Server) transport() http.RoundTripper {
	if s.handler == nil {
		return nil
	}
	return s.handler.Transport()
}

// Endpoint is the base URL of all services: "http://127.0.0.1:4566".
func (s *Server) Endpoint() string { return s.endpoint }

// Handler is what serves the requests; it counts the calls.
func (s *Server) Handler() *wire.Handler { return s.handler }

// KillFunctions ends every process of the functions that run with a role, as a
// failing host would, and says how many there were.
func (s *Server) KillFunctions(role string) int { return s.services.lambda.KillRole(role) }

// Config is an SDK configuration for the account's root over TCP.
func (s *Server) Config() aws.Config {
	return aws.Config{
		Region: s.options.Region, BaseEndpoint: aws.String(s.endpoint),
		Credentials: credentials.NewStaticCredentialsProvider(iam.FixedKey, iam.FixedSecret, ""), HTTPClient: s.client,
	}
}

// Environment are the variables ("NAME=value") with which the aws CLI and every
// SDK reach this server as the account's root.
func (s *Server) Environment() []string {
	return []string{
		"AWS_ENDPOINT_URL=" + s.endpoint, "AWS_REGION=" + s.options.Region, "AWS_DEFAULT_REGION=" + s.options.Region,
		"AWS_ACCESS_KEY_ID=" + iam.FixedKey, "AWS_SECRET_ACCESS_KEY=" + iam.FixedSecret, "AWS_S3_USE_PATH_STYLE=true",
	}
}

// Close stops serving, ends all work and removes temporary files. Requests in
// flight are cut off.
func (s *Server) Close() error {
	s.client.CloseIdleConnections()
	err := s.http.Close()
	if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	s.services.close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if idle := s.Clock.Idle(ctx); idle != nil {
		err = errors.Join(err, fmt.Errorf("work in flight did not end: %w", idle))
	}
	err = errors.Join(err, s.removeDir())
	if err != nil {
		return fmt.Errorf("close localaws: %w", err)
	}
	return nil
}

func (s *Server) removeDir() error {
	if s.tempDir == "" {
		return nil
	}
	return os.RemoveAll(s.tempDir)
}
