package events

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"crawlerless/localaws/wire"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// maxTargets is the most targets of one rule.
const maxTargets = 5

// arn is the parts of an Amazon resource name that targets are told apart by.
type arn struct{ service, region, account, resource string }

func parseARN(text string) (arn, bool) {
	parts := strings.SplitN(text, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] == "" || parts[5] == "" {
		return arn{}, false
	}
	return arn{service: parts[2], region: parts[3], account: parts[4], resource: parts[5]}, true
}

// onPutTargets needs, beside the action itself, that the caller may pass the
// roles of the targets.
func (s *Service) onPutTargets(in *eventbridge.PutTargetsInput) []wire.Access {
	need := []wire.Access{{Action: "PutTargets", Resource: s.ruleARN(aws.ToString(in.Rule)), Conditions: map[string][]string{}}}
	for _, t := range in.Targets {
		need[0].Conditions["events:TargetArn"] = append(need[0].Conditions["events:TargetArn"], aws.ToString(t.Arn))
		if role := aws.ToString(t.RoleArn); role != "" {
			need = append(need, wire.Access{Action: "iam:PassRole", Resource: role, Conditions: map[string][]string{"iam:PassedToService": {principal}}})
		}
	}
	return need
}

func (s *Service) putTargets(ctx context.Context, in *eventbridge.PutTargetsInput) (*eventbridge.PutTargetsOutput, error) {
	r, err := s.find(in.Rule, in.EventBusName)
	if err != nil {
		return nil, err
	}
	ids := map[string]bool{}
	for i := range in.Targets {
		t := &in.Targets[i]
		if err := s.checkTarget(ctx, t, r.arn); err != nil {
			return nil, err
		}
		if ids[*t.Id] {
			return nil, invalid("Duplicate target ids are not allowed: " + *t.Id)
		}
		ids[*t.Id] = true
	}
	var full error
	err = s.change(in.Rule, in.EventBusName, func(r *rule) {
		targets := slices.Clone(r.targets)
		for _, t := range in.Targets {
			if i := slices.IndexFunc(targets, func(old types.Target) bool { return *old.Id == *t.Id }); i >= 0 {
				targets[i] = t
			} else {
				targets = append(targets, t)
			}
		}
		if len(targets) > maxTargets {
			full = &types.LimitExceededException{Message: aws.String("The requested resource exceeds the maximum number allowed.")}
			return
		}
		r.targets = targets
	})
	if err == nil {
		err = full
	}
	return &eventbridge.PutTargetsOutput{FailedEntries: []types.PutTargetsResultEntry{}}, err
}

// checkTarget judges a target as PutTargets does, and names what is not done.
func (s *Service) checkTarget(ctx context.Context, t *types.Target, ruleARN string) error {
	to, ok := parseARN(aws.ToString(t.Arn))
	if !ok {
		return invalid(fmt.Sprintf("Parameter %s is not valid. Reason: Provided Arn is not in correct format.", aws.ToString(t.Arn)))
	}
	for name, set := range map[string]bool{
		"AppSyncParameters": t.AppSyncParameters != nil, "BatchParameters": t.BatchParameters != nil, "EcsParameters": t.EcsParameters != nil,
		"HttpParameters": t.HttpParameters != nil, "KinesisParameters": t.KinesisParameters != nil,
		"RedshiftDataParameters": t.RedshiftDataParameters != nil, "RunCommandParameters": t.RunCommandParameters != nil,
		"SageMakerPipelineParameters": t.SageMakerPipelineParameters != nil,
	} {
		if set {
			return wire.NotImplemented("parameter Targets." + name + " of events:PutTargets")
		}
	}
	if err := s.checkKind(ctx, t, to, ruleARN); err != nil {
		return err
	}
	if d := t.DeadLetterConfig; d != nil && d.Arn != nil {
		queue, ok := parseARN(*d.Arn)
		if !ok || queue.service != "sqs" || strings.HasSuffix(queue.resource, ".fifo") || queue.region != s.env.Region {
			return invalid(fmt.Sprintf("Parameter DeadLetterConfig is not valid. Reason: %s must be the ARN of a standard SQS queue in this Region.", *d.Arn))
		}
	}
	return checkInput(t)
}

func (s *Service) checkKind(ctx context.Context, t *types.Target, to arn, ruleARN string) error {
	fifo := to.service == "sqs" && strings.HasSuffix(to.resource, ".fifo")
	if t.SqsParameters != nil && !fifo {
		return invalid(fmt.Sprintf("Parameter(s) SqsParameters not valid for target: %s.", aws.ToString(t.Arn)))
	}
	role := aws.ToString(t.RoleArn)
	switch {
	case to.service == "states" && strings.HasPrefix(to.resource, "stateMachine:"):
		if role == "" {
			return invalid(fmt.Sprintf("RoleArn is required for target %s.", *t.Arn))
		}
	case to.service == "sqs":
		if fifo && (t.SqsParameters == nil || aws.ToString(t.SqsParameters.MessageGroupId) == "") {
			return invalid(fmt.Sprintf("Parameter(s) SqsParameters must be specified for target: %s.", *t.Id))
		}
	case to.service == "lambda" && strings.HasPrefix(to.resource, "function:"):
		if role != "" {
			return invalid(fmt.Sprintf("RoleArn is not supported for target %s.", *t.Arn))
		}
	default:
		kind, _, _ := strings.Cut(to.resource, ":")
		return wire.NotImplemented(fmt.Sprintf("targets of type %s:%s (events:PutTargets)", to.service, kind))
	}
	if role == "" {
		return nil
	}
	if _, err := s.env.Roles.AssumeRole(ctx, role, principal, ruleARN); err != nil {
		return invalid(fmt.Sprintf("Provided role '%s' cannot be assumed by principal '%s'.", role, principal))
	}
	return nil
}

// checkInput judges how a target's input is made.
func checkInput(t *types.Target) error {
	given := 0
	for _, set := range []bool{t.Input != nil, t.InputPath != nil, t.InputTransformer != nil} {
		if set {
			given++
		}
	}
	if given > 1 {
		return invalid(fmt.Sprintf("Only one of Input, InputPath, or InputTransformer must be provided for target %s.", *t.Id))
	}
	if t.Input != nil && !json.Valid([]byte(*t.Input)) {
		return invalid(fmt.Sprintf("Parameter Input is not valid. Reason: Provided Input for target %s is not valid JSON.", *t.Id))
	}
	if t.InputPath != nil {
		if _, err := parsePath(*t.InputPath); err != nil {
			return invalid("Parameter InputPath is not valid. Reason: " + err.Error())
		}
	}
	if t.InputTransformer != nil {
		return checkTransformer(*t.Id, t.InputTransformer)
	}
	return nil
}

func (s *Service) listTargetsByRule(_ context.Context, in *eventbridge.ListTargetsByRuleInput) (*eventbridge.ListTargetsByRuleOutput, error) {
	r, err := s.find(in.Rule, in.EventBusName)
	if err != nil {
		return nil, err
	}
	sorted := slices.SortedFunc(slices.Values(r.targets), func(x, y types.Target) int { return strings.Compare(*x.Id, *y.Id) })
	page, next, err := paged(append([]types.Target{}, sorted...), func(t types.Target) string { return *t.Id }, in.NextToken, in.Limit)
	return &eventbridge.ListTargetsByRuleOutput{Targets: page, NextToken: next}, err
}

func (s *Service) removeTargets(_ context.Context, in *eventbridge.RemoveTargetsInput) (*eventbridge.RemoveTargetsOutput, error) {
	return &eventbridge.RemoveTargetsOutput{FailedEntries: []types.RemoveTargetsResultEntry{}}, s.change(in.Rule, in.EventBusName, func(r *rule) {
		r.targets = slices.DeleteFunc(slices.Clone(r.targets), func(t types.Target) bool { return slices.Contains(in.Ids, *t.Id) })
	})
}

func (s *Service) listRuleNamesByTarget(_ context.Context, in *eventbridge.ListRuleNamesByTargetInput) (*eventbridge.ListRuleNamesByTargetOutput, error) {
	if err := s.bus(in.EventBusName); err != nil {
		return nil, err
	}
	names := []string{}
	for _, r := range s.sorted() {
		if slices.ContainsFunc(r.targets, func(t types.Target) bool { return *t.Arn == aws.ToString(in.TargetArn) }) {
			names = append(names, r.name)
		}
	}
	page, next, err := paged(names, func(name string) string { return name }, in.NextToken, in.Limit)
	return &eventbridge.ListRuleNamesByTargetOutput{RuleNames: page, NextToken: next}, err
}
