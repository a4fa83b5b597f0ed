package provider

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// invoke is a function of the provider (a data source).
type invoke func(ctx context.Context, s *session, args resource.PropertyMap) (resource.PropertyMap, error)

// invokes are the functions that this provider implements: all of them.
func invokes() map[string]invoke {
	return map[string]invoke{
		"aws:index/getCallerIdentity:getCallerIdentity": callerIdentity,
		"aws:index/getRegion:getRegion":                 getRegion,
		"aws:index/getPartition:getPartition":           getPartition,
	}
}

func (p *provider) Invoke(ctx context.Context, r *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	f, ok := p.invokes[r.Tok]
	if !ok {
		return nil, status.Errorf(codes.Unimplemented, "this provider does not implement the function %s (its list is invokes() in localaws/provider)", r.Tok)
	}
	args, _, err := unmarshal(r.Args)
	if err != nil {
		return nil, err
	}
	s, err := p.session(ctx)
	if err != nil {
		return nil, err
	}
	out, err := f(ctx, s, args)
	if err != nil {
		return nil, status.Error(codes.Unknown, explain("invoke", r.Tok, "", err).Error())
	}
	ret, err := marshal(out, nil)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.InvokeResponse{Return: ret}, nil
}

func callerIdentity(ctx context.Context, s *session, args resource.PropertyMap) (resource.PropertyMap, error) {
	if err := only(args, "id"); err != nil {
		return nil, err
	}
	out, err := s.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, err
	}
	return properties(map[string]any{
		"accountId": aws.ToString(out.Account), "arn": aws.ToString(out.Arn),
		"userId": aws.ToString(out.UserId), "id": aws.ToString(out.Account),
	}), nil
}

func getRegion(_ context.Context, s *session, args resource.PropertyMap) (resource.PropertyMap, error) {
	if err := only(args, "id", "name"); err != nil {
		return nil, err
	}
	name := s.region
	if v, ok := args["name"]; ok && v.IsString() {
		name = v.StringValue()
	}
	return properties(map[string]any{
		"name": name, "id": name, "endpoint": "ec2." + name + "." + dnsSuffix(partitionOf(name)), "description": regionNames[name],
	}), nil
}

func getPartition(_ context.Context, s *session, args resource.PropertyMap) (resource.PropertyMap, error) {
	if err := only(args, "id"); err != nil {
		return nil, err
	}
	suffix := dnsSuffix(s.partition)
	parts := strings.Split(suffix, ".")
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return properties(map[string]any{
		"partition": s.partition, "id": s.partition, "dnsSuffix": suffix, "reverseDnsPrefix": strings.Join(parts, "."),
	}), nil
}

func dnsSuffix(partition string) string {
	if partition == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

func properties(m map[string]any) resource.PropertyMap { return resource.NewPropertyMapFromMap(m) }

// only refuses arguments that a function does not act on.
func only(args resource.PropertyMap, known ...string) error {
	for k, v := range args {
		if internal(k) || v.IsNull() {
			continue
		}
		found := false
		for _, n := range known {
			found = found || n == string(k)
		}
		if !found {
			return status.Errorf(codes.InvalidArgument, "the argument %q is not handled", k)
		}
	}
	return nil
}

// regionNames are the descriptions that AWS gives its regions.
var regionNames = map[string]string{
	"us-east-1": "US East (N. Virginia)", "us-east-2": "US East (Ohio)",
	"us-west-1": "US West (N. California)", "us-west-2": "US West (Oregon)",
	"ca-central-1": "Canada (Central)", "eu-central-1": "Europe (Frankfurt)",
	"eu-west-1": "Europe (Ireland)", "eu-west-2": "Europe (London)", "eu-west-3": "Europe (Paris)",
	"eu-north-1": "Europe (Stockholm)", "ap-northeast-1": "Asia Pacific (Tokyo)",
	"ap-southeast-1": "Asia Pacific (Singapore)", "ap-southeast-2": "Asia Pacific (Sydney)",
	"ap-south-1": "Asia Pacific (Mumbai)", "sa-east-1": "South America (Sao Paulo)",
}
