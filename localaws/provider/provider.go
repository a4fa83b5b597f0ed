package provider

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// version is the release of pulumi-aws whose resources are spoken.
const version = "6.83.2"

// provider answers the engine. The settings of a configuration belong to the
// connection over which they came: one engine may attach with several
// configurations (a default provider and an explicit one) at a time.
type provider struct {
	pulumirpc.UnimplementedResourceProviderServer
	options   Options
	resources map[string]handler
	invokes   map[string]invoke
	cancelled context.Context // when the server closes: ends all waits
	cancel    context.CancelFunc

	mu   sync.Mutex
	last *session // of a connection that was not configured itself
}

func newProvider(o Options) (*provider, error) {
	p := &provider{options: o, resources: map[string]handler{}, invokes: invokes()}
	p.cancelled, p.cancel = context.WithCancel(context.Background())
	for _, h := range resources() {
		if _, twice := p.resources[h.token()]; twice {
			return nil, fmt.Errorf("resource type %s is listed twice", h.token())
		}
		p.resources[h.token()] = h
	}
	return p, nil
}

func (p *provider) Handshake(context.Context, *pulumirpc.ProviderHandshakeRequest) (*pulumirpc.ProviderHandshakeResponse, error) {
	return &pulumirpc.ProviderHandshakeResponse{AcceptSecrets: true, SupportsAutonamingConfiguration: true}, nil
}

func (p *provider) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (p *provider) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version}, nil
}

// Cancel ends the waits that are under way for the engine that asks; calls that
// AWS is working on are let finish, so that their outcome is known.
func (p *provider) Cancel(ctx context.Context, _ *emptypb.Empty) (*emptypb.Empty, error) {
	if c, ok := ctx.Value(connectionKey{}).(*connection); ok {
		c.cancel()
	}
	return &emptypb.Empty{}, nil
}

func (p *provider) GetMapping(context.Context, *pulumirpc.GetMappingRequest) (*pulumirpc.GetMappingResponse, error) {
	return &pulumirpc.GetMappingResponse{}, nil
}

func (p *provider) GetMappings(context.Context, *pulumirpc.GetMappingsRequest) (*pulumirpc.GetMappingsResponse, error) {
	return &pulumirpc.GetMappingsResponse{}, nil
}

// find is the handler of the resource type in a URN.
func (p *provider) find(u string) (handler, error) {
	parsed, err := urn.Parse(u)
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "%v", err)
	}
	token := string(parsed.Type())
	h, ok := p.resources[token]
	if !ok {
		return nil, status.Errorf(codes.Unimplemented, "this provider does not implement the resource type %s (its list is resources() in localaws/provider)", token)
	}
	return h, nil
}

// refuse is an error that names the inputs that a resource's handler would
// drop.
func refuse(h handler, in resource.PropertyMap) error {
	paths := h.schema().unhandled(in, "")
	if len(paths) == 0 {
		return nil
	}
	return status.Errorf(codes.Unimplemented, "this provider does not handle %s of %s", strings.Join(paths, ", "), h.token())
}

func (p *provider) Check(ctx context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	h, err := p.find(r.Urn)
	if status.Code(err) == codes.Unimplemented {
		// Refused later: the policy packs are asked first.
		return &pulumirpc.CheckResponse{Inputs: r.News}, nil
	}
	if err != nil {
		return nil, err
	}
	s, err := p.session(ctx)
	if err != nil {
		return nil, err
	}
	news, secret, err := unmarshal(r.News)
	if err != nil {
		return nil, err
	}
	olds, _, err := unmarshal(r.Olds)
	if err != nil {
		return nil, err
	}
	o := h.schema()
	c := &checker{}
	in := c.object(o, news, "")
	name := r.Name
	if name == "" {
		name = resource.URN(r.Urn).Name()
	}
	c.name(o, in, olds, name, r.RandomSeed, r.Autonaming)
	if _, ok := o.byName["tagsAll"]; ok {
		in["tagsAll"] = tagsAll(s.defaultTags, in["tags"])
	}
	if v, ok := h.(validator); ok {
		v.validate(in, c)
	}
	out, err := marshal(in, secret)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CheckResponse{Inputs: out, Failures: c.failures}, nil
}

func (p *provider) Diff(ctx context.Context, r *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	h, err := p.find(r.Urn)
	if err != nil {
		return nil, err
	}
	olds, _, err := unmarshal(r.Olds)
	if err != nil {
		return nil, err
	}
	news, _, err := unmarshal(r.News)
	if err != nil {
		return nil, err
	}
	if err := refuse(h, news); err != nil {
		return nil, err
	}
	d := newDiffer()
	d.object(h.schema(), olds, news, nil, false)
	d.ignore(r.IgnoreChanges)
	response := d.response(h.schema(), olds, news)
	response.Stables = h.schema().stables()
	return response, nil
}

func (p *provider) Create(ctx context.Context, r *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	h, err := p.find(r.Urn)
	if err != nil {
		return nil, err
	}
	news, secret, err := unmarshal(r.Properties)
	if err != nil {
		return nil, err
	}
	s, err := p.session(ctx)
	if err != nil {
		return nil, err
	}
	if err := refuse(h, news); err != nil {
		return nil, err
	}
	withTagsAll(h.schema(), news, s.defaultTags)
	if r.Preview {
		out, err := marshal(h.schema().planned(news, nil), secret)
		return &pulumirpc.CreateResponse{Properties: out}, err
	}
	ctx, end := p.operation(ctx, r.Timeout)
	defer end()
	id, outs, err := h.create(ctx, s, news)
	s.log.Debug("create", "type", h.token(), "name", r.Name, "id", id, "err", err)
	if err != nil {
		err = explain("create", h.token(), nameOf(r.Urn), err)
		if id == "" {
			return nil, status.Error(codes.Unknown, err.Error())
		}
		return nil, initFailed(id, outs, news, secret, err)
	}
	out, err := marshal(outs, secret)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CreateResponse{Id: id, Properties: out}, nil
}

func (p *provider) Read(ctx context.Context, r *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	h, err := p.find(r.Urn)
	if err != nil {
		return nil, err
	}
	olds, secret, err := unmarshal(r.Properties)
	if err != nil {
		return nil, err
	}
	inputs, inputSecret, err := unmarshal(r.Inputs)
	if err != nil {
		return nil, err
	}
	s, err := p.session(ctx)
	if err != nil {
		return nil, err
	}
	ctx, end := p.operation(ctx, r.Timeout)
	defer end()
	outs, err := h.read(ctx, s, r.Id, olds)
	s.log.Debug("read", "type", h.token(), "id", r.Id, "err", err)
	if isGone(err) {
		return &pulumirpc.ReadResponse{}, nil
	}
	if err != nil {
		return nil, status.Error(codes.Unknown, explain("read", h.token(), r.Id, err).Error())
	}
	out, err := marshal(outs, secret)
	if err != nil {
		return nil, err
	}
	in, err := marshal(h.schema().inputsFrom(outs, inputs, len(inputs) == 0), inputSecret)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.ReadResponse{Id: r.Id, Properties: out, Inputs: in}, nil
}

func (p *provider) Update(ctx context.Context, r *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	h, err := p.find(r.Urn)
	if err != nil {
		return nil, err
	}
	olds, _, err := unmarshal(r.Olds)
	if err != nil {
		return nil, err
	}
	news, secret, err := unmarshal(r.News)
	if err != nil {
		return nil, err
	}
	s, err := p.session(ctx)
	if err != nil {
		return nil, err
	}
	if err := refuse(h, news); err != nil {
		return nil, err
	}
	withTagsAll(h.schema(), news, s.defaultTags)
	if r.Preview {
		out, err := marshal(h.schema().planned(news, olds), secret)
		return &pulumirpc.UpdateResponse{Properties: out}, err
	}
	ctx, end := p.operation(ctx, r.Timeout)
	defer end()
	if news, err = withIgnored(ctx, h, s, r, olds, news); err != nil {
		return nil, status.Error(codes.Unknown, explain("update", h.token(), r.Id, err).Error())
	}
	outs, err := h.update(ctx, s, r.Id, olds, news)
	s.log.Debug("update", "type", h.token(), "id", r.Id, "err", err)
	if err != nil {
		err = explain("update", h.token(), r.Id, err)
		if outs == nil {
			return nil, status.Error(codes.Unknown, err.Error())
		}
		return nil, initFailed(r.Id, outs, news, secret, err)
	}
	out, err := marshal(outs, secret)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.UpdateResponse{Properties: out}, nil
}

func (p *provider) Delete(ctx context.Context, r *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	h, err := p.find(r.Urn)
	if err != nil {
		return nil, err
	}
	olds, _, err := unmarshal(r.Properties)
	if err != nil {
		return nil, err
	}
	s, err := p.session(ctx)
	if err != nil {
		return nil, err
	}
	ctx, end := p.operation(ctx, r.Timeout)
	defer end()
	err = h.delete(ctx, s, r.Id, olds)
	s.log.Debug("delete", "type", h.token(), "id", r.Id, "err", err)
	if err != nil && !isGone(err) {
		return nil, status.Error(codes.Unknown, explain("delete", h.token(), r.Id, err).Error())
	}
	return &emptypb.Empty{}, nil
}

// withIgnored are the inputs with what the program ignores changes of
// (ignoreChanges) as it is in AWS now, so that writing the whole of a resource
// does not undo what others did to that part: the columns that a table has
// grown since the last refresh.
func withIgnored(ctx context.Context, h handler, s *session, r *pulumirpc.UpdateRequest, olds, news resource.PropertyMap) (resource.PropertyMap, error) {
	if len(r.IgnoreChanges) == 0 {
		return news, nil
	}
	now, err := h.read(ctx, s, r.Id, olds)
	if err != nil {
		return nil, err
	}
	live, target := resource.NewObjectProperty(now), resource.NewObjectProperty(news.Copy())
	for _, ignored := range r.IgnoreChanges {
		path, err := resource.ParsePropertyPath(ignored)
		if err != nil {
			return nil, fmt.Errorf("ignoreChanges: %w", err)
		}
		if v, ok := path.Get(live); ok {
			if t, ok := path.Add(target, v); ok {
				target = t
			}
		}
	}
	return target.ObjectValue(), nil
}

func nameOf(u string) string { return resource.URN(u).Name() }

// initFailed is the error that carries a resource that is there although the
// operation failed: the engine keeps it in its state.
func initFailed(id string, outs, inputs resource.PropertyMap, secret secrets, cause error) error {
	detail := &pulumirpc.ErrorResourceInitFailed{Id: id, Reasons: []string{cause.Error()}}
	st := status.New(codes.Unknown, cause.Error())
	var err error
	if detail.Properties, err = marshal(outs, secret); err != nil {
		return st.Err()
	}
	if detail.Inputs, err = marshal(inputs, secret); err != nil {
		return st.Err()
	}
	with, err := st.WithDetails(detail)
	if err != nil {
		return st.Err()
	}
	return with.Err()
}

// unmarshal reads properties and takes the secrecy off them; secrets remembers
// it.
func unmarshal(s *structpb.Struct) (resource.PropertyMap, secrets, error) {
	m, err := plugin.UnmarshalProperties(s, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	if err != nil {
		return nil, nil, status.Errorf(codes.InvalidArgument, "%v", err)
	}
	return unwrap(m), secrets(m), nil
}

func marshal(m resource.PropertyMap, secret secrets) (*structpb.Struct, error) {
	s, err := plugin.MarshalProperties(secret.wrap(m), plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	if err != nil {
		return nil, status.Errorf(codes.Internal, "%v", err)
	}
	return s, nil
}
