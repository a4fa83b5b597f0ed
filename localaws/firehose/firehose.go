// Package firehose is Amazon Data Firehose with direct puts and S3: delivery
// streams that decompress and unwrap what CloudWatch Logs sends, buffer by size
// and time, evaluate custom prefixes and write gzip objects.
//
// A record that PutRecord has taken is delivered at least once, for as long as AWS
// keeps it: 24 hours of the environment's clock. Every delivery is made with the
// stream's role, so that a missing grant shows as it does on AWS: in the
// stream's error log and its metrics.
//
// What is not done answers NotImplemented by name: other sources and
// destinations, Lambda transformation, dynamic partitioning, record format
// conversion, source record backup, Snappy and ZIP, customer managed keys for
// server-side encryption.
package firehose

import (
	"context"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"

	"crawlerless/localaws/cloud"
	"crawlerless/localaws/wire"
)

// principal is the service that assumes a stream's role.
const principal = "firehose.amazonaws.com"

// Service is Firehose of one account and region.
type Service struct {
	env cloud.Env
	// ctx ends when the service closes; deliveries in flight end with it.
	ctx    context.Context
	cancel context.CancelFunc

	mu      sync.Mutex
	streams map[string]*stream
}

// New returns a service without streams; nothing runs until a record arrives.
func New(env cloud.Env) *Service {
	ctx, cancel := context.WithCancel(context.Background())
	return &Service{env: env, ctx: ctx, cancel: cancel, streams: map[string]*stream{}}
}

// Close ends the deliveries that are waiting for a retry; what they hold is lost.
func (s *Service) Close() { s.cancel() }

// Wire is the service's operations.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name: "firehose", Target: "Firehose_20150804", Protocol: wire.JSON11,
		Constraints: constraints,
		Operations: []wire.Operation{
			wire.Op("CreateDeliveryStream", s.createDeliveryStream, func(in *firehose.CreateDeliveryStreamInput) []wire.Access {
				need := s.on("CreateDeliveryStream", in.DeliveryStreamName)
				if in.ExtendedS3DestinationConfiguration != nil {
					need = append(need, passRole(in.ExtendedS3DestinationConfiguration.RoleARN)...)
				}
				if len(in.Tags) > 0 {
					need = append(need, s.on("TagDeliveryStream", in.DeliveryStreamName)...)
				}
				return need
			}, "DeliveryStreamName", "DeliveryStreamType", "ExtendedS3DestinationConfiguration", "DeliveryStreamEncryptionConfigurationInput", "Tags"),
			wire.Op("DescribeDeliveryStream", s.describeDeliveryStream, func(in *firehose.DescribeDeliveryStreamInput) []wire.Access {
				return s.on("DescribeDeliveryStream", in.DeliveryStreamName)
			}, "DeliveryStreamName", "Limit", "ExclusiveStartDestinationId"),
			wire.Op("ListDeliveryStreams", s.listDeliveryStreams, nil, "DeliveryStreamType", "ExclusiveStartDeliveryStreamName", "Limit"),
			wire.Op("DeleteDeliveryStream", s.deleteDeliveryStream, func(in *firehose.DeleteDeliveryStreamInput) []wire.Access {
				return s.on("DeleteDeliveryStream", in.DeliveryStreamName)
			}, "DeliveryStreamName", "AllowForceDelete"),
			wire.Op("UpdateDestination", s.updateDestination, func(in *firehose.UpdateDestinationInput) []wire.Access {
				need := s.on("UpdateDestination", in.DeliveryStreamName)
				if in.ExtendedS3DestinationUpdate != nil {
					need = append(need, passRole(in.ExtendedS3DestinationUpdate.RoleARN)...)
				}
				return need
			}, "DeliveryStreamName", "CurrentDeliveryStreamVersionId", "DestinationId", "ExtendedS3DestinationUpdate"),
			wire.Op("PutRecord", s.putRecord, func(in *firehose.PutRecordInput) []wire.Access {
				return s.on("PutRecord", in.DeliveryStreamName)
			}, "DeliveryStreamName", "Record"),
			wire.Op("PutRecordBatch", s.putRecordBatch, func(in *firehose.PutRecordBatchInput) []wire.Access {
				return s.on("PutRecordBatch", in.DeliveryStreamName)
			}, "DeliveryStreamName", "Records"),
			wire.Op("TagDeliveryStream", s.tagDeliveryStream, func(in *firehose.TagDeliveryStreamInput) []wire.Access {
				return s.on("TagDeliveryStream", in.DeliveryStreamName)
			}, "DeliveryStreamName", "Tags"),
			wire.Op("UntagDeliveryStream", s.untagDeliveryStream, func(in *firehose.UntagDeliveryStreamInput) []wire.Access {
				return s.on("UntagDeliveryStream", in.DeliveryStreamName)
			}, "DeliveryStreamName", "TagKeys"),
			wire.Op("ListTagsForDeliveryStream", s.listTagsForDeliveryStream, func(in *firehose.ListTagsForDeliveryStreamInput) []wire.Access {
				return s.on("ListTagsForDeliveryStream", in.DeliveryStreamName)
			}, "DeliveryStreamName", "ExclusiveStartTagKey", "Limit"),
			wire.Op("StartDeliveryStreamEncryption", s.startEncryption, func(in *firehose.StartDeliveryStreamEncryptionInput) []wire.Access {
				return s.on("StartDeliveryStreamEncryption", in.DeliveryStreamName)
			}, "DeliveryStreamName", "DeliveryStreamEncryptionConfigurationInput"),
			wire.Op("StopDeliveryStreamEncryption", s.stopEncryption, func(in *firehose.StopDeliveryStreamEncryptionInput) []wire.Access {
				return s.on("StopDeliveryStreamEncryption", in.DeliveryStreamName)
			}, "DeliveryStreamName"),
		},
	}
}

func (s *Service) arn(name string) string { return s.env.ARN("firehose", "deliverystream/"+name) }

func (s *Service) on(action string, name *string) []wire.Access {
	return []wire.Access{{Action: action, Resource: s.arn(aws.ToString(name))}}
}

func passRole(role *string) []wire.Access {
	if role == nil {
		return nil
	}
	return []wire.Access{{
		Action: "iam:PassRole", Resource: *role,
		Conditions: map[string][]string{"iam:PassedToService": {principal}},
	}}
}

// find returns a stream; s.mu is held.
func (s *Service) find(name *string) (*stream, error) {
	st, ok := s.streams[*name]
	if !ok {
		return nil, &types.ResourceNotFoundException{Message: aws.String(
			fmt.Sprintf("Firehose %s under account %s not found.", *name, s.env.Account))}
	}
	return st, nil
}

func invalid(format string, args ...any) error {
	return &types.InvalidArgumentException{Message: aws.String(fmt.Sprintf(format, args...))}
}
