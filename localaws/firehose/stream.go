package firehose

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"

	"crawlerless/localaws/wire"
)

// destinationID is the id of a stream's only destination.
const destinationID = "destinationId-000000000001"

// maxStreams is the quota of streams in an account and region.
const maxStreams = 5000

// stream is one delivery stream; Service.mu guards it.
type stream struct {
	name    string
	status  types.DeliveryStreamStatus
	version int
	created time.Time
	updated *time.Time
	config  *config
	tags    map[string]string
	keyType types.KeyType // of server-side encryption, or empty
	// buffers holds what waits for delivery: records under the empty error type,
	// failed ones under theirs.
	buffers map[string]*buffer
}

func (s *Service) createDeliveryStream(ctx context.Context, in *firehose.CreateDeliveryStreamInput) (*firehose.CreateDeliveryStreamOutput, error) {
	if kind := cmp.Or(in.DeliveryStreamType, types.DeliveryStreamTypeDirectPut); kind != types.DeliveryStreamTypeDirectPut {
		return nil, wire.NotImplemented("DeliveryStreamType " + string(kind) + " of firehose:CreateDeliveryStream")
	}
	if in.ExtendedS3DestinationConfiguration == nil {
		return nil, invalid("Exactly one destination configuration is supported for a Firehose")
	}
	c, err := newConfig(s.env.Partition, *in.ExtendedS3DestinationConfiguration)
	if err != nil {
		return nil, err
	}
	keyType, err := checkEncryption(in.DeliveryStreamEncryptionConfigurationInput)
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	if err := addTags(tags, in.Tags); err != nil {
		return nil, err
	}
	name := *in.DeliveryStreamName
	if err := s.checkRole(ctx, name, c); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, exists := s.streams[name]; exists {
		return nil, &types.ResourceInUseException{Message: aws.String(
			fmt.Sprintf("Firehose %s under accountId %s already exists", name, s.env.Account))}
	}
	if len(s.streams) >= maxStreams {
		return nil, &types.LimitExceededException{Message: aws.String(
			fmt.Sprintf("You have already consumed your firehose quota of %d hoses.", maxStreams))}
	}
	st := &stream{
		name: name, status: types.DeliveryStreamStatusCreating, version: 1, created: s.env.Clock.Now(),
		config: c, tags: tags, keyType: keyType, buffers: map[string]*buffer{},
	}
	s.streams[name] = st
	// The stream becomes active in the background, and at once: a clock that
	// stands still must not keep a deployment from going on.
	s.env.Clock.Go(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		st.status = types.DeliveryStreamStatusActive
	})
	return &firehose.CreateDeliveryStreamOutput{DeliveryStreamARN: aws.String(s.arn(name))}, nil
}

// checkRole refuses a role that Firehose cannot assume.
func (s *Service) checkRole(ctx context.Context, name string, c *config) error {
	if _, err := s.env.Roles.AssumeRole(ctx, c.roleARN, principal, s.arn(name)); err != nil {
		s.env.Log.Warn("delivery stream refused: its role can not be assumed", "stream", name, "role", c.roleARN, "error", err)
		return invalid("Firehose is unable to assume role %s. Please check the role provided.", c.roleARN)
	}
	return nil
}

func (s *Service) describeDeliveryStream(_ context.Context, in *firehose.DescribeDeliveryStreamInput) (*firehose.DescribeDeliveryStreamOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := s.find(in.DeliveryStreamName)
	if err != nil {
		return nil, err
	}
	d := &types.DeliveryStreamDescription{
		DeliveryStreamName:                    aws.String(st.name),
		DeliveryStreamARN:                     aws.String(s.arn(st.name)),
		DeliveryStreamStatus:                  st.status,
		DeliveryStreamType:                    types.DeliveryStreamTypeDirectPut,
		DeliveryStreamEncryptionConfiguration: st.encryption(),
		VersionId:                             aws.String(strconv.Itoa(st.version)),
		CreateTimestamp:                       aws.Time(st.created),
		LastUpdateTimestamp:                   st.updated,
		Destinations:                          []types.DestinationDescription{},
		HasMoreDestinations:                   aws.Bool(false),
	}
	if aws.ToString(in.ExclusiveStartDestinationId) < destinationID {
		d.Destinations = append(d.Destinations, st.config.describe())
	}
	return &firehose.DescribeDeliveryStreamOutput{DeliveryStreamDescription: d}, nil
}

func (s *Service) listDeliveryStreams(_ context.Context, in *firehose.ListDeliveryStreamsInput) (*firehose.ListDeliveryStreamsOutput, error) {
	size := 10
	if in.Limit != nil {
		size = int(*in.Limit)
	}
	out := &firehose.ListDeliveryStreamsOutput{DeliveryStreamNames: []string{}, HasMoreDeliveryStreams: aws.Bool(false)}
	if in.DeliveryStreamType != "" && in.DeliveryStreamType != types.DeliveryStreamTypeDirectPut {
		return out, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(s.streams)) {
		if name <= aws.ToString(in.ExclusiveStartDeliveryStreamName) {
			continue
		}
		if len(out.DeliveryStreamNames) == size {
			out.HasMoreDeliveryStreams = aws.Bool(true)
			break
		}
		out.DeliveryStreamNames = append(out.DeliveryStreamNames, name)
	}
	return out, nil
}

// deleteDeliveryStream drops the stream and what it still buffers: AWS guarantees
// nothing for records that a stream holds when it is deleted.
func (s *Service) deleteDeliveryStream(_ context.Context, in *firehose.DeleteDeliveryStreamInput) (*firehose.DeleteDeliveryStreamOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := s.find(in.DeliveryStreamName)
	if err != nil {
		return nil, err
	}
	// AllowForceDelete concerns grants on a customer managed key, which no stream
	// here has.
	st.status = types.DeliveryStreamStatusDeleting
	for _, b := range st.buffers {
		b.timer.Stop()
	}
	st.buffers = map[string]*buffer{}
	delete(s.streams, st.name)
	return &firehose.DeleteDeliveryStreamOutput{}, nil
}

func (s *Service) updateDestination(ctx context.Context, in *firehose.UpdateDestinationInput) (*firehose.UpdateDestinationOutput, error) {
	if in.ExtendedS3DestinationUpdate == nil {
		return nil, invalid("Exactly one destination update is supported for a Firehose")
	}
	check := func() (*stream, error) {
		st, err := s.find(in.DeliveryStreamName)
		if err != nil {
			return nil, err
		}
		switch current := strconv.Itoa(st.version); {
		case st.status != types.DeliveryStreamStatusActive:
			return nil, &types.ResourceInUseException{Message: aws.String(fmt.Sprintf(
				"Firehose %s under accountId %s is not in ACTIVE state", st.name, s.env.Account))}
		case *in.DestinationId != destinationID:
			return nil, invalid("Destination Id %s not found", *in.DestinationId)
		case *in.CurrentDeliveryStreamVersionId != current:
			return nil, &types.ConcurrentModificationException{Message: aws.String(fmt.Sprintf(
				"Cannot update firehose: %s since the current version id: %s and specified version id: %s do not match",
				st.name, current, *in.CurrentDeliveryStreamVersionId))}
		}
		return st, nil
	}
	s.mu.Lock()
	st, err := check()
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	old := st.config
	s.mu.Unlock()
	c, err := old.update(s.env.Partition, *in.ExtendedS3DestinationUpdate)
	if err != nil {
		return nil, err
	}
	if err := s.checkRole(ctx, aws.ToString(in.DeliveryStreamName), c); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if st, err = check(); err != nil { // again: the lock was released
		return nil, err
	}
	now := s.env.Clock.Now()
	st.config, st.updated = c, &now
	st.version++
	return &firehose.UpdateDestinationOutput{}, nil
}
