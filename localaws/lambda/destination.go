package lambda

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	events "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// toDeadLetter sends the event itself, with what went wrong in attributes, by
// the function's role.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
func (s *Service) toDeadLetter(ctx context.Context, role string, e *event, target, code, message string) error {
	cfg, err := s.env.Roles.AssumeRole(ctx, role, servicePrincipal, e.f.arn)
	if err != nil {
		return err
	}
	attributes := map[string]string{"RequestID": e.requestID, "ErrorCode": code, "ErrorMessage": message}
	kinds := map[string]string{"RequestID": "String", "ErrorCode": "Number", "ErrorMessage": "String"}
	if message == "" {
		delete(attributes, "ErrorMessage") // an attribute has no empty value
	}
	if strings.Contains(target, ":sns:") {
		in := &sns.PublishInput{TopicArn: &target, Message: aws.String(string(e.payload)), MessageAttributes: map[string]snstypes.MessageAttributeValue{}}
		for k, v := range attributes {
			in.MessageAttributes[k] = snstypes.MessageAttributeValue{DataType: aws.String(kinds[k]), StringValue: aws.String(v)}
		}
		_, err := sns.NewFromConfig(cfg).Publish(ctx, in)
		return err
	}
	url, err := s.queueURL(target)
	if err != nil {
		return err
	}
	in := &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String(string(e.payload)), MessageAttributes: map[string]sqstypes.MessageAttributeValue{}}
	for k, v := range attributes {
		in.MessageAttributes[k] = sqstypes.MessageAttributeValue{DataType: aws.String(kinds[k]), StringValue: aws.String(v)}
	}
	_, err = sqs.NewFromConfig(cfg).SendMessage(ctx, in)
	return err
}

// toDestination sends an invocation record by the function's role.
func (s *Service) toDestination(ctx context.Context, role string, f *function, destination, condition string, record []byte) error {
	cfg, err := s.env.Roles.AssumeRole(ctx, role, servicePrincipal, f.arn)
	if err != nil {
		return err
	}
	body := aws.String(string(record))
	switch destinationKind(destination) {
	case "sqs":
		url, err := s.queueURL(destination)
		if err != nil {
			return err
		}
		_, err = sqs.NewFromConfig(cfg).SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: body})
		return err
	case "sns":
		_, err = sns.NewFromConfig(cfg).Publish(ctx, &sns.PublishInput{TopicArn: &destination, Message: body})
		return err
	case "lambda":
		_, err = sdk.NewFromConfig(cfg).Invoke(ctx, &sdk.InvokeInput{FunctionName: &destination, InvocationType: types.InvocationTypeEvent, Payload: record})
		return err
	case "events":
		kind := "Lambda Function Invocation Result - Failure"
		if condition == "Success" {
			kind = "Lambda Function Invocation Result - Success"
		}
		out, err := eventbridge.NewFromConfig(cfg).PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []events.PutEventsRequestEntry{{
			EventBusName: &destination, Source: aws.String("lambda"), DetailType: &kind, Detail: body, Resources: []string{destination, qualified(f.arn)},
		}}})
		if err == nil && out.FailedEntryCount > 0 {
			err = fmt.Errorf("%s: %s", aws.ToString(out.Entries[0].ErrorCode), aws.ToString(out.Entries[0].ErrorMessage))
		}
		return err
	}
	return fmt.Errorf("localaws does not deliver to %s", destination)
}

// queueURL is the URL of a queue by its ARN, as SQS of localaws makes it.
func (s *Service) queueURL(arn string) (string, error) {
	parts := strings.Split(arn, ":")
	if len(parts) != 6 {
		return "", fmt.Errorf("%q is no ARN of a queue", arn)
	}
	return s.env.Endpoint() + "/" + parts[4] + "/" + parts[5], nil
}
