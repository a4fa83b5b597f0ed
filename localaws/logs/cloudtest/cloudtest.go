// Package cloudtest is a small cloud for the tests of the logs and firehose
// packages: the wire with real SDK clients on it, a clock that stands still, roles
// that may be refused, an S3 that may fail, and a record of every metric and of
// every permission that was asked for.
package cloudtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"

	"crawlerless/localaws/clock"
	"crawlerless/localaws/cloud"
	"crawlerless/localaws/wire"
)

// Account is the account of every test.
const Account = "000000000000"

// Start is the time at which the clock of a test stands.
func Start() time.Time { return time.Date(2026, 3, 14, 10, 30, 0, 0, time.UTC) }

// Cloud is the surroundings of the services under test.
type Cloud struct {
	Env     cloud.Env
	Clock   *clock.Clock
	Metrics *Metrics
	S3      *S3
	// Handler is the server; nil until Serve.
	Handler *wire.Handler

	mu       sync.Mutex
	callers  map[string]wire.Caller // by access key
	refused  map[string]error       // by role
	deny     func(wire.Caller, wire.Access) error
	accesses []Asked
	assumed  []string
	lines    strings.Builder
	fault    func(service, operation string) error
}

// Asked is a permission that was asked for.
type Asked struct {
	Caller wire.Caller
	Access wire.Access
}

// New returns a cloud without services.
func New(t testing.TB) *Cloud {
	t.Helper()
	c := &Cloud{Clock: clock.NewFrozen(Start()), Metrics: &Metrics{}, S3: &S3{}, callers: map[string]wire.Caller{}, refused: map[string]error{}}
	c.Env = cloud.Env{
		Account: Account, Region: "us-east-1", Partition: "aws", Clock: c.Clock,
		Log: slog.New(slog.NewTextHandler(logWriter{c}, nil)), IDs: &ids{}, Roles: c, Metrics: c.Metrics, Events: noEvents{},
		Endpoint: func() string { return "http://localaws.test" },
	}
	t.Cleanup(c.Clock.Close)
	return c
}

// Serve mounts services beside the cloud's own S3.
func (c *Cloud) Serve(services ...wire.Service) {
	all := append([]wire.Service{{Name: "s3", Protocol: wire.Raw, HTTP: c.S3}}, services...)
	c.Handler = wire.NewHandler(identity{c}, all, wire.WithInterceptor(
		func(_ context.Context, service, operation string, _ wire.Caller, next func() error) error {
			c.mu.Lock()
			fault := c.fault
			c.mu.Unlock()
			if fault != nil {
				if err := fault(service, operation); err != nil {
					return err
				}
			}
			return next()
		}))
}

// Fault makes operations fail: f's error is the answer.
func (c *Cloud) Fault(f func(service, operation string) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fault = f
}

// Refuse makes a role one that no service can assume.
func (c *Cloud) Refuse(roleARN string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused[roleARN] = err
}

// Deny makes f decide about every access; nil allows.
func (c *Cloud) Deny(f func(wire.Caller, wire.Access) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deny = f
}

// Asked lists the permissions asked for so far.
func (c *Cloud) Asked() []Asked {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.accesses)
}

// Assumed lists "role as principal for source" of every role assumed.
func (c *Cloud) Assumed() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.assumed)
}

// Log is what the services logged.
func (c *Cloud) Log() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lines.String()
}

// Root configures SDK clients that may do everything and do not retry.
func (c *Cloud) Root() aws.Config { return c.config(wire.Caller{Account: Account, Root: true}) }

// As configures SDK clients that call as someone else.
func (c *Cloud) As(caller wire.Caller) aws.Config { return c.config(caller) }

func (c *Cloud) config(caller wire.Caller) aws.Config {
	c.mu.Lock()
	key := fmt.Sprintf("AKIATEST%d", len(c.callers))
	c.callers[key] = caller
	c.mu.Unlock()
	return aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider(key, "secret", ""),
		BaseEndpoint: aws.String(c.Env.Endpoint()), HTTPClient: &http.Client{Transport: transport{c}},
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// AssumeRole implements cloud.Roles.
func (c *Cloud) AssumeRole(_ context.Context, roleARN, servicePrincipal, sourceARN string) (aws.Config, error) {
	c.mu.Lock()
	err := c.refused[roleARN]
	c.assumed = append(c.assumed, roleARN+" as "+servicePrincipal+" for "+sourceARN)
	c.mu.Unlock()
	if err != nil {
		return aws.Config{}, err
	}
	service, _, _ := strings.Cut(servicePrincipal, ".")
	name := roleARN[strings.LastIndex(roleARN, "/")+1:]
	return c.config(wire.Caller{
		Account: Account, Role: roleARN, ARN: "arn:aws:sts::" + Account + ":assumed-role/" + name + "/" + service + "-0123456789ab",
	}), nil
}

// Service implements cloud.Roles.
func (c *Cloud) Service(servicePrincipal, sourceARN string) aws.Config {
	return c.config(wire.Caller{Account: Account, Service: servicePrincipal, SourceARN: sourceARN})
}

// Advance moves the clock and waits until all work has come to rest.
func (c *Cloud) Advance(t testing.TB, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := c.Clock.Advance(ctx, d); err != nil {
		t.Fatalf("advance by %s: %v", d, err)
	}
}

// Code is the error code of an SDK error, or "".
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Message is the message of an SDK error, or err's text.
func Message(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorMessage()
	}
	return fmt.Sprint(err)
}

type transport struct{ cloud *Cloud }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	return t.cloud.Handler.Transport().RoundTrip(r)
}

type identity struct{ cloud *Cloud }

func (i identity) Authenticate(r *http.Request) (wire.Caller, error) {
	_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ := strings.Cut(rest, "/")
	i.cloud.mu.Lock()
	defer i.cloud.mu.Unlock()
	return i.cloud.callers[key], nil
}

func (i identity) Authorize(_ context.Context, caller wire.Caller, a wire.Access) error {
	i.cloud.mu.Lock()
	i.cloud.accesses = append(i.cloud.accesses, Asked{caller, a})
	deny := i.cloud.deny
	i.cloud.mu.Unlock()
	if deny == nil {
		return nil
	}
	return deny(caller, a)
}

type logWriter struct{ cloud *Cloud }

func (w logWriter) Write(p []byte) (int, error) {
	w.cloud.mu.Lock()
	defer w.cloud.mu.Unlock()
	return w.cloud.lines.Write(p)
}

type noEvents struct{}

func (noEvents) Emit(context.Context, cloud.Event) {}

// ids counts.
type ids struct {
	mu sync.Mutex
	n  int
}

func (i *ids) Hex(n int) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.n++
	return fmt.Sprintf("%0*x", n, i.n)
}

func (i *ids) UUID() string { return "00000000-0000-4000-8000-" + i.Hex(12) }

// Metrics records what is put.
type Metrics struct {
	mu   sync.Mutex
	data []Datum
}

// Datum is one metric value.
type Datum struct {
	Namespace, Name, Unit string
	Value                 float64
	Dimensions            string // "name=value,name=value"
}

// Put implements cloud.Metrics.
func (m *Metrics) Put(namespace, name string, value float64, unit string, dimensions ...string) {
	var pairs []string
	for i := 0; i+1 < len(dimensions); i += 2 {
		pairs = append(pairs, dimensions[i]+"="+dimensions[i+1])
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.data = append(m.data, Datum{namespace, name, unit, value, strings.Join(pairs, ",")})
}

// Of lists the values of a metric in the order in which they were put.
func (m *Metrics) Of(namespace, name, dimensions string) []float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	var values []float64
	for _, d := range m.data {
		if d.Namespace == namespace && d.Name == name && d.Dimensions == dimensions {
			values = append(values, d.Value)
		}
	}
	return values
}

// Sum adds them up.
func (m *Metrics) Sum(namespace, name, dimensions string) float64 {
	sum := 0.0
	for _, v := range m.Of(namespace, name, dimensions) {
		sum += v
	}
	return sum
}

// Object is what S3 was given.
type Object struct {
	Bucket, Key string
	Header      http.Header
	Body        []byte
	Caller      wire.Caller
}

// S3 takes objects by PUT.
type S3 struct {
	mu      sync.Mutex
	objects []Object
}

func (s *S3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPut {
		w.WriteHeader(http.StatusNotImplemented)
		return
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects = append(s.objects, Object{bucket, key, r.Header.Clone(), body, wire.CallerFrom(r.Context())})
}

// Objects lists what was put, in order.
func (s *S3) Objects() []Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.objects)
}
