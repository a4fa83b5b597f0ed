package provider

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

type stateMachine struct {
	Name       string             `prop:"name,auto=80,replace"`
	Definition string             `prop:"definition,required,json"`
	RoleARN    string             `prop:"roleArn,required"`
	Type       string             `prop:"type,default=STANDARD,replace"`
	Publish    bool               `prop:"publish,default=false,keep"`
	Logging    *machineLogging    `prop:"loggingConfiguration,computed"`
	Tracing    *machineTracing    `prop:"tracingConfiguration,computed"`
	Encryption *machineEncryption `prop:"encryptionConfiguration,computed"`
	tagged

	ARN                string `prop:"arn,out"`
	CreationDate       string `prop:"creationDate,out"`
	Description        string `prop:"description,out"`
	NamePrefix         string `prop:"namePrefix,out"`
	RevisionID         string `prop:"revisionId,out,changes"`
	VersionARN         string `prop:"stateMachineVersionArn,out,changes"`
	Status             string `prop:"status,out"`
	VersionDescription string `prop:"versionDescription,out"`
}

type machineLogging struct {
	Level                string `prop:"level,omitempty"`
	IncludeExecutionData bool   `prop:"includeExecutionData"`
	Destination          string `prop:"logDestination,omitempty"`
}

type machineTracing struct {
	Enabled bool `prop:"enabled"`
}

type machineEncryption struct {
	Type         string `prop:"type,computed"`
	KMSKeyID     string `prop:"kmsKeyId,omitempty"`
	ReuseSeconds int64  `prop:"kmsDataKeyReusePeriodSeconds,omitempty"`
}

func sfnStateMachine() handler {
	return of(typed[stateMachine]{
		Token: "aws:sfn/stateMachine:StateMachine",
		Create: func(ctx context.Context, s *session, in *stateMachine) (string, error) {
			arn, err := s.arn(ctx, "states", "stateMachine:"+in.Name)
			if err != nil {
				return "", err
			}
			req := &sfn.CreateStateMachineInput{
				Name: &in.Name, Definition: &in.Definition, RoleArn: &in.RoleARN, Type: types.StateMachineType(in.Type), Publish: in.Publish,
				LoggingConfiguration: in.Logging.sdk(), TracingConfiguration: in.Tracing.sdk(), EncryptionConfiguration: in.Encryption.sdk(),
			}
			for _, k := range sortedKeys(in.TagsAll) {
				req.Tags = append(req.Tags, types.Tag{Key: aws.String(k), Value: aws.String(in.TagsAll[k])})
			}
			err = s.retry(ctx, machineTemporary, func() error {
				_, err := s.sfn.CreateStateMachine(ctx, req) // again with the same contents is no error
				return err
			})
			return made(arn, err)
		},
		Read: func(ctx context.Context, s *session, id string, v *stateMachine) error {
			return s.readMachine(ctx, id, v)
		},
		Update: func(ctx context.Context, s *session, id string, _, in *stateMachine) error {
			req := &sfn.UpdateStateMachineInput{
				StateMachineArn: &id, Definition: &in.Definition, RoleArn: &in.RoleARN, Publish: in.Publish,
				LoggingConfiguration: in.Logging.sdk(), TracingConfiguration: in.Tracing.sdk(), EncryptionConfiguration: in.Encryption.sdk(),
			}
			err := s.retry(ctx, machineTemporary, func() error { _, err := s.sfn.UpdateStateMachine(ctx, req); return err })
			if err != nil {
				return err
			}
			now, err := s.machineTags(ctx, id)
			if err != nil {
				return err
			}
			set, remove := delta(now, in.TagsAll)
			if len(remove) > 0 {
				if _, err := s.sfn.UntagResource(ctx, &sfn.UntagResourceInput{ResourceArn: &id, TagKeys: remove}); err != nil {
					return err
				}
			}
			if len(set) > 0 {
				var tags []types.Tag
				for _, k := range sortedKeys(set) {
					tags = append(tags, types.Tag{Key: aws.String(k), Value: aws.String(set[k])})
				}
				if _, err := s.sfn.TagResource(ctx, &sfn.TagResourceInput{ResourceArn: &id, Tags: tags}); err != nil {
					return err
				}
			}
			return nil
		},
		Delete: func(ctx context.Context, s *session, id string, _ *stateMachine) error {
			if _, err := s.sfn.DeleteStateMachine(ctx, &sfn.DeleteStateMachineInput{StateMachineArn: &id}); err != nil {
				return err
			}
			return s.wait(ctx, "the state machine to be deleted", func() (bool, error) {
				_, err := s.sfn.DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: &id})
				return isGone(err), gone(err)
			})
		},
	})
}

// machineTemporary: the role cannot be assumed yet, may not write to the log
// group yet, or a deleted state machine of the same name is still there.
func machineTemporary(err error) bool {
	switch code(err) {
	case "AccessDeniedException":
		return propagating(err) || strings.Contains(message(err), "authorized to assume the provided role")
	case "InvalidLoggingConfiguration", "StateMachineDeleting", "ConflictException":
		return true
	}
	return false
}

func (l *machineLogging) sdk() *types.LoggingConfiguration {
	if l == nil {
		return nil
	}
	c := &types.LoggingConfiguration{Level: types.LogLevel(l.Level), IncludeExecutionData: l.IncludeExecutionData}
	if l.Destination != "" {
		c.Destinations = []types.LogDestination{{CloudWatchLogsLogGroup: &types.CloudWatchLogsLogGroup{LogGroupArn: &l.Destination}}}
	}
	return c
}

func (t *machineTracing) sdk() *types.TracingConfiguration {
	if t == nil {
		return nil
	}
	return &types.TracingConfiguration{Enabled: t.Enabled}
}

func (e *machineEncryption) sdk() *types.EncryptionConfiguration {
	if e == nil || e.Type == "" || e.Type == string(types.EncryptionTypeAwsOwnedKey) {
		return nil
	}
	return &types.EncryptionConfiguration{Type: types.EncryptionType(e.Type), KmsKeyId: str(e.KMSKeyID), KmsDataKeyReusePeriodSeconds: nonZero(e.ReuseSeconds)}
}

func (s *session) readMachine(ctx context.Context, id string, v *stateMachine) error {
	out, err := s.sfn.DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: &id})
	if err != nil {
		return err
	}
	if out.Status == types.StateMachineStatusDeleting {
		return errGone
	}
	v.Name, v.ARN, v.Definition, v.RoleARN = aws.ToString(out.Name), id, aws.ToString(out.Definition), aws.ToString(out.RoleArn)
	v.Type, v.Status, v.RevisionID, v.Description = string(out.Type), string(out.Status), aws.ToString(out.RevisionId), aws.ToString(out.Description)
	v.CreationDate = aws.ToTime(out.CreationDate).UTC().Format(time.RFC3339)
	v.Logging = &machineLogging{Level: string(types.LogLevelOff)}
	if l := out.LoggingConfiguration; l != nil {
		v.Logging = &machineLogging{Level: string(l.Level), IncludeExecutionData: l.IncludeExecutionData}
		if len(l.Destinations) > 0 && l.Destinations[0].CloudWatchLogsLogGroup != nil {
			v.Logging.Destination = aws.ToString(l.Destinations[0].CloudWatchLogsLogGroup.LogGroupArn)
		}
	}
	v.Tracing = &machineTracing{Enabled: out.TracingConfiguration != nil && out.TracingConfiguration.Enabled}
	v.Encryption = &machineEncryption{Type: string(types.EncryptionTypeAwsOwnedKey)}
	if e := out.EncryptionConfiguration; e != nil {
		v.Encryption = &machineEncryption{Type: string(e.Type), KMSKeyID: aws.ToString(e.KmsKeyId), ReuseSeconds: int64(aws.ToInt32(e.KmsDataKeyReusePeriodSeconds))}
	}
	v.VersionARN = ""
	if v.Publish {
		versions, err := s.sfn.ListStateMachineVersions(ctx, &sfn.ListStateMachineVersionsInput{StateMachineArn: &id, MaxResults: 1})
		if err != nil {
			return err
		}
		if len(versions.StateMachineVersions) > 0 { // the newest comes first
			v.VersionARN = aws.ToString(versions.StateMachineVersions[0].StateMachineVersionArn)
		}
	}
	v.TagsAll, err = s.machineTags(ctx, id)
	return err
}

func (s *session) machineTags(ctx context.Context, id string) (map[string]string, error) {
	out, err := s.sfn.ListTagsForResource(ctx, &sfn.ListTagsForResourceInput{ResourceArn: &id})
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	for _, t := range out.Tags {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags, nil
}
