package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// provider stands in for the `aws` plugin: it checks nothing and creates nothing.
// As with the real one, what AWS assigns (id, arn, url) is not known in a preview.
type provider struct {
	pulumirpc.UnimplementedResourceProviderServer
}

// startProvider serves the provider until the process ends, and returns its port.
func startProvider() (string, error) {
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{Init: func(s *grpc.Server) error {
		pulumirpc.RegisterResourceProviderServer(s, provider{})
		return nil
	}})
	return strconv.Itoa(handle.Port), err
}

func (provider) Handshake(context.Context, *pulumirpc.ProviderHandshakeRequest) (*pulumirpc.ProviderHandshakeResponse, error) {
	return &pulumirpc.ProviderHandshakeResponse{AcceptSecrets: true, AcceptOutputs: false}, nil
}

func (provider) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (provider) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "6.83.2"}, nil
}

func (provider) CheckConfig(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: r.News}, nil
}

func (provider) DiffConfig(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{}, nil
}

func (provider) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{SupportsPreview: true, AcceptSecrets: true}, nil
}

func (provider) Check(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: r.News}, nil
}

func (provider) Diff(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{}, nil
}

func (provider) Create(_ context.Context, r *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	options := plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true}
	properties, err := plugin.UnmarshalProperties(r.Properties, options)
	if err != nil {
		return nil, err
	}
	id := ""
	assigned := func(name resource.PropertyKey) resource.PropertyValue {
		if r.Preview {
			return resource.MakeComputed(resource.NewProperty(""))
		}
		assigned := resource.URN(r.Urn).Name()
		switch {
		case name == "arn" && strings.Contains(r.Urn, "aws:s3/bucket"):
			assigned = "arn:aws:s3:::" + assigned
		case name == "arn":
			assigned = "arn:aws:some:us-east-1:123456789012:" + assigned
		}
		return resource.NewProperty(assigned)
	}
	if !r.Preview {
		id = resource.URN(r.Urn).Name()
	}
	names := []resource.PropertyKey{"arn", "url"}
	if strings.Contains(r.Urn, "aws:s3/bucket") {
		names = append(names, "bucket")
	}
	for _, name := range names {
		if _, set := properties[name]; !set {
			properties[name] = assigned(name)
		}
	}
	outputs, err := plugin.MarshalProperties(properties, options)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CreateResponse{Id: id, Properties: outputs}, nil
}

// Invoke answers the few functions that the pipeline calls.
func (provider) Invoke(_ context.Context, r *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	answer, err := structpb.NewStruct(map[string]any{
		"accountId": "123456789012", "arn": "arn:aws:iam::123456789012:root", "userId": "test", "id": "test",
		"name": "us-east-1", "region": "us-east-1", "partition": "aws", "dnsSuffix": "amazonaws.com",
	})
	return &pulumirpc.InvokeResponse{Return: answer}, err
}

func (provider) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}
