package localaws

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

func started(t *testing.T) *Server {
	t.Helper()
	s, err := Start(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// What a table of constraints names exists, and its patterns can be matched: a
// typo in one fails here.
func TestEveryConstraintIsOfAnInputThatIsServed(t *testing.T) {
	s := started(t)
	for _, service := range s.services.wire {
		if service.HTTP != nil {
			continue // S3 looks at its requests itself
		}
		if service.Constraints == "" {
			t.Errorf("%s says no constraints", service.Name)
		}
		if err := service.CheckConstraints(); err != nil {
			t.Error(err)
		}
	}
}

// What breaks a constraint is refused with the code and in the words of the
// service, before anybody asks whether the caller may or the thing is there.
func TestEachServiceRefusesInItsOwnWords(t *testing.T) {
	s := started(t)
	ctx, cfg, none := context.Background(), s.Config(), aws.String("")
	calls := map[string]func() error{
		"athena": func() error {
			_, err := athena.NewFromConfig(cfg).GetWorkGroup(ctx, &athena.GetWorkGroupInput{WorkGroup: none})
			return err
		},
		"budgets": func() error {
			_, err := budgets.NewFromConfig(cfg).DescribeBudgets(ctx, &budgets.DescribeBudgetsInput{AccountId: aws.String("1")})
			return err
		},
		"cloudwatch alarms": func() error {
			_, err := cloudwatch.NewFromConfig(cfg).SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("a"), StateReason: none, StateValue: "INVALID"})
			return err
		},
		"cloudwatch metrics": func() error {
			eleven := make([]cwtypes.DimensionFilter, 11)
			for i := range eleven {
				eleven[i].Name = aws.String("d")
			}
			_, err := cloudwatch.NewFromConfig(cfg).ListMetrics(ctx, &cloudwatch.ListMetricsInput{Dimensions: eleven})
			return err
		},
		"logs": func() error {
			_, err := cloudwatchlogs.NewFromConfig(cfg).DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String("a b")})
			return err
		},
		"events": func() error {
			_, err := eventbridge.NewFromConfig(cfg).DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: aws.String("a b")})
			return err
		},
		"firehose": func() error {
			_, err := firehose.NewFromConfig(cfg).DescribeDeliveryStream(ctx, &firehose.DescribeDeliveryStreamInput{DeliveryStreamName: aws.String("a b")})
			return err
		},
		"glue": func() error {
			_, err := glue.NewFromConfig(cfg).GetTables(ctx, &glue.GetTablesInput{DatabaseName: aws.String("d"), MaxResults: aws.Int32(101)})
			return err
		},
		"iam": func() error {
			_, err := iam.NewFromConfig(cfg).GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(strings.Repeat("r", 65))})
			return err
		},
		"iam, the characters of a name": func() error {
			_, err := iam.NewFromConfig(cfg).GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("a b")})
			return err
		},
		"lambda": func() error {
			_, err := lambda.NewFromConfig(cfg).Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("f"), InvocationType: "Sometimes"})
			return err
		},
		"states": func() error {
			_, err := sfn.NewFromConfig(cfg).ListStateMachines(ctx, &sfn.ListStateMachinesInput{MaxResults: 1001})
			return err
		},
		"sqs": func() error {
			_, err := sqs.NewFromConfig(cfg).GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: aws.String("q"), AttributeNames: []sqstypes.QueueAttributeName{"Colour"}})
			return err
		},
		"sts": func() error {
			_, err := sts.NewFromConfig(cfg).GetSessionToken(ctx, &sts.GetSessionTokenInput{DurationSeconds: aws.Int32(899)})
			return err
		},
		"tagging": func() error {
			_, err := resourcegroupstaggingapi.NewFromConfig(cfg).GetTagValues(ctx, &resourcegroupstaggingapi.GetTagValuesInput{Key: none})
			return err
		},
	}
	for name, want := range map[string][2]string{
		"athena":                        {"InvalidRequestException", "1 validation error detected: Value at 'workGroup' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9._-]{1,128}"},
		"budgets":                       {"ValidationException", "at 'accountId' failed to satisfy constraint: Member must satisfy regular expression pattern: \\d{12}"},
		"cloudwatch alarms":             {"ValidationError", "1 validation error detected: Value 'INVALID' at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]"},
		"cloudwatch metrics":            {"InvalidParameterValue", "The collection Dimensions must not have a size greater than 10."},
		"logs":                          {"InvalidParameterException", "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+"},
		"events":                        {"ValidationException", "1 validation error detected: Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+"},
		"firehose":                      {"ValidationException", "1 validation error detected: Value 'a b' at 'deliveryStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"},
		"glue":                          {"ValidationException", "1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100"},
		"iam":                           {"ValidationError", "at 'roleName' failed to satisfy constraint: Member must have length less than or equal to 64"},
		"iam, the characters of a name": {"ValidationError", "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"},
		"lambda":                        {"ValidationException", "1 validation error detected: Value 'Sometimes' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: ["},
		"states":                        {"ValidationException", "1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000"},
		"sqs":                           {"InvalidAttributeName", "Unknown Attribute Colour."},
		"sts":                           {"ValidationError", "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"},
		"tagging":                       {"ValidationException", "1 validation error detected: Value '' at 'key' failed to satisfy constraint: Member must have length greater than or equal to 1"},
	} {
		t.Run(name, func(t *testing.T) {
			var api smithy.APIError
			if err := calls[name](); !errors.As(err, &api) || api.ErrorCode() != want[0] || !strings.Contains(api.ErrorMessage(), want[1]) {
				t.Errorf("got %v, want %s with %s", err, want[0], want[1])
			}
		})
	}
}
