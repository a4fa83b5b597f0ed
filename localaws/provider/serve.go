package provider

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// Options says which AWS the provider talks to.
type Options struct {
	// Endpoint is the base URL of every service ("http://127.0.0.1:4566").
	// Empty: the SDK's own endpoints. The setting `endpoints` of a Pulumi
	// program overrides it by service.
	Endpoint string
	// Region where the program configures none (`aws:region`). Empty: that of
	// Config.
	Region string
	// Config carries the credentials, the HTTP client and the retryer.
	Config aws.Config
	// Dir is what relative paths of assets and archives are relative to: the
	// project's directory. Empty: the process's working directory.
	Dir string
	// Patience bounds how long a call is repeated that AWS refuses because
	// something made a moment ago (a role, a policy) has not propagated yet.
	// 0: two minutes, as the real provider has it.
	Patience time.Duration
	// Log takes what the provider does, at debug level. nil: nothing.
	Log *slog.Logger
}

// maxMessage is how large a message of the engine may be: what Pulumi itself
// allows (assets travel in messages).
const maxMessage = 400 << 20

// Server is a running provider.
type Server struct {
	port     int
	grpc     *grpc.Server
	provider *provider
	close    sync.Once
	served   chan error
	closeErr error
}

// Serve starts the provider on a free port of the loopback interface. It runs
// until Close is called or ctx ends.
func Serve(ctx context.Context, o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Patience == 0 {
		o.Patience = 2 * time.Minute
	}
	if o.Region == "" {
		o.Region = o.Config.Region
	}
	if o.Dir == "" {
		wd, err := os.Getwd()
		if err != nil {
			return nil, fmt.Errorf("find the base of relative asset paths: %w", err)
		}
		o.Dir = wd
	}
	p, err := newProvider(o)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the Pulumi engine: %w", err)
	}
	s := &Server{
		port:     listener.Addr().(*net.TCPAddr).Port,
		grpc:     grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage), grpc.StatsHandler(connections{p.cancelled})),
		provider: p,
		served:   make(chan error, 1),
	}
	pulumirpc.RegisterResourceProviderServer(s.grpc, p)
	go func() { s.served <- s.grpc.Serve(listener) }()
	context.AfterFunc(ctx, func() { _ = s.Close() }) // whoever calls Close is given its error
	return s, nil
}

// Port is the provider's port on 127.0.0.1, for
// PULUMI_DEBUG_PROVIDERS=aws:<port>.
func (s *Server) Port() int { return s.port }

// Close ends waits that are under way, lets running calls return, and stops
// the server.
func (s *Server) Close() error {
	s.close.Do(func() {
		s.provider.cancel()
		s.grpc.GracefulStop()
		if err := <-s.served; err != nil {
			s.closeErr = fmt.Errorf("serve the Pulumi engine: %w", err)
		}
	})
	return s.closeErr
}
