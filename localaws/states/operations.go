package states

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"crawlerless/localaws/wire"
)

func (s *Service) operations() []wire.Operation {
	return []wire.Operation{
		wire.Op("CreateStateMachine", s.createStateMachine, func(in *sfn.CreateStateMachineInput) []wire.Access {
			return []wire.Access{{Action: "CreateStateMachine", Resource: s.machineARN(aws.ToString(in.Name))}, passRole(aws.ToString(in.RoleArn))}
		}, "Definition", "Name", "RoleArn", "LoggingConfiguration", "Publish", "Tags", "TracingConfiguration", "Type", "VersionDescription"),
		wire.Op("UpdateStateMachine", s.updateStateMachine, func(in *sfn.UpdateStateMachineInput) []wire.Access {
			need := []wire.Access{{Action: "UpdateStateMachine", Resource: aws.ToString(in.StateMachineArn)}}
			if in.RoleArn != nil {
				need = append(need, passRole(*in.RoleArn))
			}
			return need
		}, "StateMachineArn", "Definition", "LoggingConfiguration", "Publish", "RoleArn", "TracingConfiguration", "VersionDescription"),
		wire.Op("DescribeStateMachine", s.describeStateMachine,
			wire.On("DescribeStateMachine", func(in *sfn.DescribeStateMachineInput) string { return aws.ToString(in.StateMachineArn) }), "StateMachineArn", "IncludedData"),
		wire.Op("DeleteStateMachine", s.deleteStateMachine,
			wire.On("DeleteStateMachine", func(in *sfn.DeleteStateMachineInput) string { return aws.ToString(in.StateMachineArn) }), "StateMachineArn"),
		wire.Op("ListStateMachines", s.listStateMachines, nil, "MaxResults", "NextToken"),
		wire.Op("ListStateMachineVersions", s.listVersions,
			wire.On("ListStateMachineVersions", func(in *sfn.ListStateMachineVersionsInput) string { return aws.ToString(in.StateMachineArn) }), "StateMachineArn", "MaxResults", "NextToken"),
		wire.Op("ListStateMachineAliases", s.listAliases,
			wire.On("ListStateMachineAliases", func(in *sfn.ListStateMachineAliasesInput) string { return aws.ToString(in.StateMachineArn) }), "StateMachineArn", "MaxResults", "NextToken"),
		wire.Op("ValidateStateMachineDefinition", s.validateDefinition, nil, "Definition", "MaxResults", "Severity", "Type"),

		wire.Op("StartExecution", s.startExecution,
			wire.On("StartExecution", func(in *sfn.StartExecutionInput) string { return aws.ToString(in.StateMachineArn) }), "StateMachineArn", "Input", "Name", "TraceHeader"),
		wire.Op("StartSyncExecution", s.startSyncExecution,
			wire.On("StartSyncExecution", func(in *sfn.StartSyncExecutionInput) string { return aws.ToString(in.StateMachineArn) }),
			"StateMachineArn", "Input", "Name", "TraceHeader", "IncludedData"),
		wire.Op("StopExecution", s.stopExecution,
			wire.On("StopExecution", func(in *sfn.StopExecutionInput) string { return aws.ToString(in.ExecutionArn) }), "ExecutionArn", "Error", "Cause"),
		wire.Op("DescribeExecution", s.describeExecution,
			wire.On("DescribeExecution", func(in *sfn.DescribeExecutionInput) string { return aws.ToString(in.ExecutionArn) }), "ExecutionArn", "IncludedData"),
		wire.Op("DescribeStateMachineForExecution", s.describeMachineForExecution,
			wire.On("DescribeStateMachineForExecution", func(in *sfn.DescribeStateMachineForExecutionInput) string { return aws.ToString(in.ExecutionArn) }),
			"ExecutionArn", "IncludedData"),
		wire.Op("ListExecutions", s.listExecutions,
			wire.On("ListExecutions", func(in *sfn.ListExecutionsInput) string { return aws.ToString(in.StateMachineArn) }),
			"StateMachineArn", "StatusFilter", "MaxResults", "NextToken"),
		wire.Op("GetExecutionHistory", s.getExecutionHistory,
			wire.On("GetExecutionHistory", func(in *sfn.GetExecutionHistoryInput) string { return aws.ToString(in.ExecutionArn) }),
			"ExecutionArn", "IncludeExecutionData", "MaxResults", "NextToken", "ReverseOrder"),

		wire.Op("ListTagsForResource", s.listTags,
			wire.On("ListTagsForResource", func(in *sfn.ListTagsForResourceInput) string { return aws.ToString(in.ResourceArn) }), "ResourceArn"),
		wire.Op("TagResource", s.tagResource,
			wire.On("TagResource", func(in *sfn.TagResourceInput) string { return aws.ToString(in.ResourceArn) }), "ResourceArn", "Tags"),
		wire.Op("UntagResource", s.untagResource,
			wire.On("UntagResource", func(in *sfn.UntagResourceInput) string { return aws.ToString(in.ResourceArn) }), "ResourceArn", "TagKeys"),
	}
}

// passRole is the permission to hand a role to Step Functions.
func passRole(role string) wire.Access {
	return wire.Access{Action: "iam:PassRole", Resource: role, Conditions: map[string][]string{"iam:PassedToService": {servicePrincipal}}}
}

func (s *Service) machineARN(name string) string { return s.env.ARN("states", "stateMachine:"+name) }

// machineName is the name in the ARN of a state machine of this account.
func (s *Service) machineName(arn string) (string, error) {
	if !strings.HasPrefix(arn, "arn:") {
		return "", invalidARN("Invalid ARN prefix: " + arn)
	}
	name, ok := strings.CutPrefix(arn, s.machineARN(""))
	if !ok || name == "" {
		parts := strings.Split(arn, ":")
		if len(parts) >= 7 && parts[2] == "states" && parts[5] != "stateMachine" {
			return "", invalidARN("Resource type not valid in this context: " + parts[5])
		}
		return "", noMachine(arn)
	}
	return name, nil
}
