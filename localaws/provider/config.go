package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
)

// settings are the provider's configuration (`aws:region` and so on).
type settings struct {
	Region            string              `prop:"region"`
	Endpoints         []map[string]string `prop:"endpoints"`
	DefaultTags       *defaultTags        `prop:"defaultTags"`
	AllowedAccountIDs []string            `prop:"allowedAccountIds,set"`

	// Checks that this provider does not make: skipping them is what it does.
	// (The Go SDK sets skipRegionValidation on every explicit provider.)
	SkipCredentialsValidation bool `prop:"skipCredentialsValidation"`
	SkipMetadataAPICheck      bool `prop:"skipMetadataApiCheck"`
	SkipRegionValidation      bool `prop:"skipRegionValidation"`
	SkipRequestingAccountID   bool `prop:"skipRequestingAccountId"`
}

type defaultTags struct {
	Tags map[string]string `prop:"tags"`
}

// CheckConfig refuses every setting that this provider does not act on.
func (p *provider) CheckConfig(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	news, secret, err := unmarshal(r.News)
	if err != nil {
		return nil, err
	}
	c := &checker{}
	o := objectOf(typeOf[settings]())
	in := resource.PropertyMap{}
	for k, v := range news {
		// The engine's own: which plugin to load.
		if k == "version" || k == "pluginDownloadURL" {
			continue
		}
		in[k] = fromJSON(o.byName[string(k)], v)
	}
	c.settings(o, in)
	checked := c.object(o, in, "")
	delete(checked, defaultsKey)
	if r, ok := checked["region"]; (!ok || r.IsString() && r.StringValue() == "") && p.options.Region == "" {
		c.fail("region", "no region: set aws:region, for example with `pulumi config set aws:region us-east-1`")
	}
	// A nested setting of a default provider travels as JSON text, and the
	// engine's state keeps it as it came.
	out, err := marshal(news, secret)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CheckResponse{Inputs: out, Failures: c.failures}, nil
}

// settings refuses what the provider does not know, by name.
func (c *checker) settings(o *object, in resource.PropertyMap) {
	for _, path := range o.unhandled(in, "") {
		if v := in[resource.PropertyKey(path)]; v.IsBool() && !v.BoolValue() {
			delete(in, resource.PropertyKey(path)) // what it is without being set
			continue
		}
		c.fail(path, "this provider does not know the setting %q", path)
	}
}

// DiffConfig: another region is another provider, and everything in it is made
// anew; other changes are taken on.
func (p *provider) DiffConfig(_ context.Context, r *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	olds, _, err := unmarshal(r.Olds)
	if err != nil {
		return nil, err
	}
	news, _, err := unmarshal(r.News)
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	for k := range union(olds, news) {
		if old, new := olds[k], news[k]; k != "version" && !old.DeepEquals(new) {
			response.Changes = pulumirpc.DiffResponse_DIFF_SOME
			response.Diffs = append(response.Diffs, string(k))
			if k == "region" && !absent(old) && !absent(new) {
				response.Replaces = append(response.Replaces, "region")
			}
		}
	}
	slices.Sort(response.Diffs)
	return response, nil
}

func union(a, b resource.PropertyMap) map[resource.PropertyKey]bool {
	keys := map[resource.PropertyKey]bool{}
	for k := range a {
		keys[k] = true
	}
	for k := range b {
		keys[k] = true
	}
	return keys
}

// fromJSON reads a setting that travels as JSON text: the engine sends those of
// a default provider so when they are lists or objects.
func fromJSON(f *field, v resource.PropertyValue) resource.PropertyValue {
	if f == nil || f.kind == kString || !v.IsString() {
		return v
	}
	var parsed any
	if err := json.Unmarshal([]byte(v.StringValue()), &parsed); err != nil {
		return v
	}
	return resource.NewPropertyValue(parsed)
}

func (p *provider) Configure(ctx context.Context, r *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	in, _, err := unmarshal(r.Args)
	if err != nil {
		return nil, err
	}
	for k, v := range r.Variables { // how the engine says it to old providers
		key := resource.PropertyKey(strings.TrimPrefix(k, "aws:config:"))
		if _, ok := in[key]; !ok {
			in[key] = resource.NewStringProperty(v)
		}
	}
	o := objectOf(typeOf[settings]())
	c := &checker{}
	known := resource.PropertyMap{}
	for k, v := range in {
		if k == "version" || k == "pluginDownloadURL" {
			continue
		}
		if v.ContainsUnknowns() {
			return nil, status.Errorf(codes.InvalidArgument, "provider setting %q is not known yet", k)
		}
		known[k] = fromJSON(o.byName[string(k)], v)
	}
	c.settings(o, known)
	known = c.object(o, known, "")
	if len(c.failures) > 0 {
		f := c.failures[0]
		return nil, status.Errorf(codes.InvalidArgument, "provider setting %s: %s", f.Property, f.Reason)
	}
	set := &settings{}
	if err := decodeInto(o, known, set); err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "provider setting %v", err)
	}
	s, err := newSession(p, set)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	if len(set.AllowedAccountIDs) > 0 {
		account, err := s.account(ctx)
		if err != nil {
			return nil, status.Errorf(codes.Unknown, "allowedAccountIds: %v", err)
		}
		if !slices.Contains(set.AllowedAccountIDs, account) {
			return nil, status.Errorf(codes.FailedPrecondition, "the credentials are those of account %s, which is not in allowedAccountIds %v", account, set.AllowedAccountIDs)
		}
	}
	if c, ok := ctx.Value(connectionKey{}).(*connection); ok {
		c.configure(s)
	}
	p.mu.Lock()
	p.last = s
	p.mu.Unlock()
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true, SupportsAutonamingConfiguration: true}, nil
}

// session is the configuration of the connection over which a call came.
func (p *provider) session(ctx context.Context) (*session, error) {
	if c, ok := ctx.Value(connectionKey{}).(*connection); ok {
		if s := c.configured(); s != nil {
			return s, nil
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == nil { // the engine checks inputs of resources of an unconfigured provider
		s, err := newSession(p, &settings{})
		if err != nil {
			return nil, status.Error(codes.FailedPrecondition, err.Error())
		}
		return s, nil
	}
	return p.last, nil
}

// operation bounds one create, read, update or delete. Calls to AWS run to
// their end even when the engine goes away, so that no half-made resource is
// lost; waits end with the timeout, with Cancel and with the server.
func (p *provider) operation(ctx context.Context, seconds float64) (context.Context, func()) {
	timeout := defaultTimeout
	if seconds > 0 {
		timeout = time.Duration(seconds * float64(time.Second))
	}
	alive := p.cancelled
	if c, ok := ctx.Value(connectionKey{}).(*connection); ok {
		alive = c.alive
	}
	waits, cancel := context.WithTimeoutCause(alive, timeout, fmt.Errorf("not done after %s", timeout))
	return context.WithValue(context.WithoutCancel(ctx), waitKey{}, waits), cancel
}

// defaultTimeout of an operation for which the program sets no customTimeouts.
const defaultTimeout = 10 * time.Minute

type (
	waitKey       struct{}
	connectionKey struct{}
)

// connections gives every gRPC connection a place of its own: an engine that
// ends, or cancels, says nothing about the others.
type connections struct{ cancelled context.Context }

type connection struct {
	alive  context.Context // until the engine cancels or is gone
	cancel context.CancelFunc

	mu sync.Mutex
	s  *session
}

func (c *connection) configure(s *session) { c.mu.Lock(); defer c.mu.Unlock(); c.s = s }
func (c *connection) configured() *session { c.mu.Lock(); defer c.mu.Unlock(); return c.s }

func (c connections) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	one := &connection{}
	one.alive, one.cancel = context.WithCancel(c.cancelled)
	return context.WithValue(ctx, connectionKey{}, one)
}

func (connections) HandleConn(ctx context.Context, s stats.ConnStats) {
	if _, ended := s.(*stats.ConnEnd); ended {
		if c, ok := ctx.Value(connectionKey{}).(*connection); ok {
			c.cancel()
		}
	}
}

func (connections) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }
func (connections) HandleRPC(context.Context, stats.RPCStats)                       {}
