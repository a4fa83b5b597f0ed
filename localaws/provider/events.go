package provider

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	events "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

type eventRule struct {
	Name         string `prop:"name,auto=64,replace"`
	Bus          string `prop:"eventBusName,default=default,replace"`
	Description  string `prop:"description,omitempty"`
	Pattern      string `prop:"eventPattern,json,omitempty"`
	Schedule     string `prop:"scheduleExpression,omitempty"`
	RoleARN      string `prop:"roleArn,omitempty"`
	State        string `prop:"state,default=ENABLED"`
	ForceDestroy bool   `prop:"forceDestroy,default=false,keep"`
	tagged

	ARN        string `prop:"arn,out"`
	IsEnabled  bool   `prop:"isEnabled,out,changes"`
	NamePrefix string `prop:"namePrefix,out"`
}

const defaultBus = "default"

func eventsRule() handler {
	put := func(ctx context.Context, s *session, in *eventRule, tags []types.Tag) error {
		return s.retry(ctx, func(err error) bool { return code(err) == "ValidationException" && propagating(err) }, func() error {
			_, err := s.events.PutRule(ctx, &events.PutRuleInput{
				Name: &in.Name, EventBusName: &in.Bus, Description: str(in.Description), EventPattern: str(in.Pattern),
				ScheduleExpression: str(in.Schedule), RoleArn: str(in.RoleARN), State: types.RuleState(in.State), Tags: tags,
			})
			return err
		})
	}
	split := func(id string) (bus, name string) {
		if i := strings.LastIndexByte(id, '/'); i >= 0 {
			return id[:i], id[i+1:]
		}
		return defaultBus, id
	}
	return of(typed[eventRule]{
		Token: "aws:cloudwatch/eventRule:EventRule",
		Check: func(in resource.PropertyMap, c *checker) {
			if absent(in["eventPattern"]) && absent(in["scheduleExpression"]) {
				c.fail("eventPattern", "one of eventPattern and scheduleExpression must be given")
			}
		},
		Create: func(ctx context.Context, s *session, in *eventRule) (string, error) {
			id := in.Name
			if in.Bus != defaultBus {
				id = in.Bus + "/" + in.Name
			}
			return made(id, put(ctx, s, in, eventTags(in.TagsAll)))
		},
		Read: func(ctx context.Context, s *session, id string, v *eventRule) error {
			bus, name := split(id)
			r, err := s.events.DescribeRule(ctx, &events.DescribeRuleInput{Name: &name, EventBusName: &bus})
			if err != nil {
				return err
			}
			v.Name, v.Bus, v.ARN = name, bus, aws.ToString(r.Arn)
			v.Description, v.Pattern, v.Schedule = aws.ToString(r.Description), aws.ToString(r.EventPattern), aws.ToString(r.ScheduleExpression)
			v.RoleARN, v.State, v.IsEnabled = aws.ToString(r.RoleArn), string(r.State), r.State != types.RuleStateDisabled
			tags, err := s.events.ListTagsForResource(ctx, &events.ListTagsForResourceInput{ResourceARN: r.Arn})
			if err != nil {
				return err
			}
			v.TagsAll = fromEventTags(tags.Tags)
			return nil
		},
		Update: func(ctx context.Context, s *session, _ string, _, in *eventRule) error {
			if err := put(ctx, s, in, nil); err != nil { // tags of a rule that is there are not taken by PutRule
				return err
			}
			r, err := s.events.DescribeRule(ctx, &events.DescribeRuleInput{Name: &in.Name, EventBusName: &in.Bus})
			if err != nil {
				return err
			}
			now, err := s.events.ListTagsForResource(ctx, &events.ListTagsForResourceInput{ResourceARN: r.Arn})
			if err != nil {
				return err
			}
			set, remove := delta(fromEventTags(now.Tags), in.TagsAll)
			if len(remove) > 0 {
				if _, err := s.events.UntagResource(ctx, &events.UntagResourceInput{ResourceARN: r.Arn, TagKeys: remove}); err != nil {
					return err
				}
			}
			if len(set) > 0 {
				if _, err := s.events.TagResource(ctx, &events.TagResourceInput{ResourceARN: r.Arn, Tags: eventTags(set)}); err != nil {
					return err
				}
			}
			return nil
		},
		Delete: func(ctx context.Context, s *session, id string, v *eventRule) error {
			bus, name := split(id)
			// Targets deleted a moment ago may still be seen.
			has := func(err error) bool {
				return code(err) == "ValidationException" && strings.Contains(message(err), "targets")
			}
			return s.retry(ctx, has, func() error {
				_, err := s.events.DeleteRule(ctx, &events.DeleteRuleInput{Name: &name, EventBusName: &bus, Force: v.ForceDestroy})
				return err
			})
		},
	})
}

type eventTarget struct {
	Rule             string            `prop:"rule,required,replace"`
	Bus              string            `prop:"eventBusName,default=default,replace"`
	TargetID         string            `prop:"targetId,computed,replace"`
	ARN              string            `prop:"arn,required"`
	RoleARN          string            `prop:"roleArn,omitempty"`
	Input            string            `prop:"input,omitempty"`
	InputPath        string            `prop:"inputPath,omitempty"`
	InputTransformer *inputTransformer `prop:"inputTransformer"`
	DeadLetter       *targetDeadLetter `prop:"deadLetterConfig"`
	Retry            *targetRetry      `prop:"retryPolicy"`
	SQS              *sqsTarget        `prop:"sqsTarget"`
	ForceDestroy     bool              `prop:"forceDestroy,default=false,keep"`
}

type inputTransformer struct {
	Paths    map[string]string `prop:"inputPaths"`
	Template string            `prop:"inputTemplate,required"`
}

type targetDeadLetter struct {
	ARN string `prop:"arn,omitempty"`
}

type targetRetry struct {
	MaximumAge      int64  `prop:"maximumEventAgeInSeconds,default=86400"`
	MaximumAttempts *int64 `prop:"maximumRetryAttempts,default=185"`
}

type sqsTarget struct {
	Group string `prop:"messageGroupId,omitempty"`
}

func eventsTarget() handler {
	put := func(ctx context.Context, s *session, in *eventTarget) error {
		temporary := func(err error) bool { return code(err) == "ValidationException" && propagating(err) }
		return s.retry(ctx, temporary, func() error {
			out, err := s.events.PutTargets(ctx, &events.PutTargetsInput{Rule: &in.Rule, EventBusName: &in.Bus, Targets: []types.Target{in.sdk()}})
			if err != nil {
				return err
			}
			for _, f := range out.FailedEntries {
				return fmt.Errorf("target %s of rule %s: %s: %s", aws.ToString(f.TargetId), in.Rule, aws.ToString(f.ErrorCode), aws.ToString(f.ErrorMessage))
			}
			return nil
		})
	}
	return of(typed[eventTarget]{
		Token: "aws:cloudwatch/eventTarget:EventTarget",
		Create: func(ctx context.Context, s *session, in *eventTarget) (string, error) {
			if in.TargetID == "" {
				random := make([]byte, 13)
				if _, err := rand.Read(random); err != nil {
					return "", err
				}
				in.TargetID = "terraform-" + hex.EncodeToString(random)
			}
			id := in.Rule + "-" + in.TargetID
			if in.Bus != defaultBus {
				id = in.Bus + "-" + id
			}
			return made(id, put(ctx, s, in))
		},
		Read: func(ctx context.Context, s *session, id string, v *eventTarget) error {
			if v.Rule == "" { // of an import: [bus/]rule/target
				parts := strings.Split(id, "/")
				if len(parts) < 2 {
					return fmt.Errorf("%q is no id to import a target by: it is rule/target or bus/rule/target", id)
				}
				v.TargetID, v.Rule, v.Bus = parts[len(parts)-1], parts[len(parts)-2], defaultBus
				if len(parts) > 2 {
					v.Bus = strings.Join(parts[:len(parts)-2], "/")
				}
			}
			var token *string
			for {
				page, err := s.events.ListTargetsByRule(ctx, &events.ListTargetsByRuleInput{Rule: &v.Rule, EventBusName: &v.Bus, NextToken: token})
				if err != nil {
					return err
				}
				for _, t := range page.Targets {
					if aws.ToString(t.Id) == v.TargetID {
						v.set(t)
						return nil
					}
				}
				if token = page.NextToken; token == nil {
					return errGone
				}
			}
		},
		Update: func(ctx context.Context, s *session, _ string, old, in *eventTarget) error {
			if in.TargetID == "" {
				in.TargetID = old.TargetID
			}
			return put(ctx, s, in)
		},
		Delete: func(ctx context.Context, s *session, _ string, v *eventTarget) error {
			out, err := s.events.RemoveTargets(ctx, &events.RemoveTargetsInput{
				Rule: &v.Rule, EventBusName: &v.Bus, Ids: []string{v.TargetID}, Force: v.ForceDestroy,
			})
			if err != nil {
				return err
			}
			for _, f := range out.FailedEntries {
				if aws.ToString(f.ErrorCode) != "ResourceNotFoundException" {
					return fmt.Errorf("target %s of rule %s: %s: %s", v.TargetID, v.Rule, aws.ToString(f.ErrorCode), aws.ToString(f.ErrorMessage))
				}
			}
			return nil
		},
	})
}

func (v *eventTarget) sdk() types.Target {
	t := types.Target{Id: &v.TargetID, Arn: &v.ARN, RoleArn: str(v.RoleARN), Input: str(v.Input), InputPath: str(v.InputPath)}
	if i := v.InputTransformer; i != nil {
		t.InputTransformer = &types.InputTransformer{InputPathsMap: i.Paths, InputTemplate: &i.Template}
	}
	if d := v.DeadLetter; d != nil {
		t.DeadLetterConfig = &types.DeadLetterConfig{Arn: str(d.ARN)}
	}
	if r := v.Retry; r != nil {
		t.RetryPolicy = &types.RetryPolicy{MaximumEventAgeInSeconds: nonZero(r.MaximumAge), MaximumRetryAttempts: int32p(r.MaximumAttempts)}
	}
	if q := v.SQS; q != nil {
		t.SqsParameters = &types.SqsParameters{MessageGroupId: str(q.Group)}
	}
	return t
}

func (v *eventTarget) set(t types.Target) {
	v.ARN, v.RoleARN, v.Input, v.InputPath = aws.ToString(t.Arn), aws.ToString(t.RoleArn), aws.ToString(t.Input), aws.ToString(t.InputPath)
	v.InputTransformer, v.DeadLetter, v.Retry, v.SQS = nil, nil, nil, nil
	if i := t.InputTransformer; i != nil {
		v.InputTransformer = &inputTransformer{Template: aws.ToString(i.InputTemplate)}
		if len(i.InputPathsMap) > 0 {
			v.InputTransformer.Paths = i.InputPathsMap
		}
	}
	if d := t.DeadLetterConfig; d != nil {
		v.DeadLetter = &targetDeadLetter{ARN: aws.ToString(d.Arn)}
	}
	if r := t.RetryPolicy; r != nil {
		v.Retry = &targetRetry{MaximumAge: int64(aws.ToInt32(r.MaximumEventAgeInSeconds)), MaximumAttempts: int64p(r.MaximumRetryAttempts)}
		if v.Retry.MaximumAge == 0 {
			v.Retry.MaximumAge = 86400
		}
	}
	if q := t.SqsParameters; q != nil {
		v.SQS = &sqsTarget{Group: aws.ToString(q.MessageGroupId)}
	}
}

func eventTags(tags map[string]string) []types.Tag {
	var list []types.Tag
	for _, k := range sortedKeys(tags) {
		list = append(list, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	return list
}

func fromEventTags(list []types.Tag) map[string]string {
	tags := map[string]string{}
	for _, t := range list {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags
}
