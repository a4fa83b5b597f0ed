package states

import (
	"encoding/json"
	"errors"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"crawlerless/localaws/states/asl"
)

// The integrations besides Lambda. A message that is not a string is sent as
// JSON.

func sendMessage(c *call) (any, *asl.Failure) {
	f := family{"SQS", "AmazonSQSException", "AmazonSQS"}
	in := &sqs.SendMessageInput{
		QueueUrl: c.text("QueueUrl"), MessageBody: c.text("MessageBody"),
		MessageDeduplicationId: c.text("MessageDeduplicationId"), MessageGroupId: c.text("MessageGroupId"),
	}
	if in.MessageBody == nil || in.QueueUrl == nil { // the SDK would not send it
		missing := "MessageBody"
		if in.QueueUrl == nil {
			missing = "QueueUrl"
		}
		return nil, &asl.Failure{Error: "SQS.AmazonSQSException", Cause: "The request must contain the parameter " + missing +
			". (Service: AmazonSQS; Status Code: 400; Error Code: MissingParameter; Request ID: " + c.host.UUID() + "; Proxy: null)"}
	}
	if v, ok := c.get("DelaySeconds"); ok {
		n, err := strconv.ParseInt(asl.Print(v), 10, 32)
		if err != nil {
			return nil, badParameter("DelaySeconds", v)
		}
		in.DelaySeconds = int32(n)
	}
	if o := c.object("MessageAttributes"); o != nil {
		in.MessageAttributes = make(map[string]sqstypes.MessageAttributeValue)
		for _, name := range o.Names() {
			var a sqstypes.MessageAttributeValue
			if failure := decode(o, name, &a); failure != nil {
				return nil, failure
			}
			in.MessageAttributes[name] = a
		}
	}
	out, err := sqs.NewFromConfig(c.cfg).SendMessage(c.ctx, in)
	if err != nil {
		return nil, f.failure(err)
	}
	var result []any
	if out.MD5OfMessageAttributes != nil {
		result = append(result, "MD5OfMessageAttributes", *out.MD5OfMessageAttributes)
	}
	result = append(result, "MD5OfMessageBody", aws.ToString(out.MD5OfMessageBody), "MessageId", aws.ToString(out.MessageId))
	result = metadata(result, out.ResultMetadata)
	if out.SequenceNumber != nil {
		result = append(result, "SequenceNumber", *out.SequenceNumber)
	}
	return asl.NewObject(result...), nil
}

// decode reads a member of o into a struct of the SDK.
func decode(o *asl.Object, name string, into any) *asl.Failure {
	v, _ := o.Get(name)
	if err := json.Unmarshal([]byte(asl.Print(v)), into); err != nil {
		return badParameter(name, v)
	}
	return nil
}

func badParameter(name string, v any) *asl.Failure {
	return &asl.Failure{Error: asl.RuntimeFailure, Cause: "The value for the field '" + name + "' is not valid: " + asl.Print(v)}
}

func publish(c *call) (any, *asl.Failure) {
	in := &sns.PublishInput{
		TopicArn: c.text("TopicArn"), TargetArn: c.text("TargetArn"), PhoneNumber: c.text("PhoneNumber"), Message: c.text("Message"),
		Subject: c.text("Subject"), MessageStructure: c.text("MessageStructure"),
		MessageDeduplicationId: c.text("MessageDeduplicationId"), MessageGroupId: c.text("MessageGroupId"),
	}
	if o := c.object("MessageAttributes"); o != nil {
		in.MessageAttributes = make(map[string]snstypes.MessageAttributeValue)
		for _, name := range o.Names() {
			var a snstypes.MessageAttributeValue
			if failure := decode(o, name, &a); failure != nil {
				return nil, failure
			}
			in.MessageAttributes[name] = a
		}
	}
	out, err := sns.NewFromConfig(c.cfg).Publish(c.ctx, in)
	if err != nil {
		return nil, family{"SNS", "AmazonSNSException", "AmazonSNS"}.failure(err)
	}
	return asl.NewObject(metadata([]any{"MessageId", aws.ToString(out.MessageId)}, out.ResultMetadata)...), nil
}

// putEvents adds the machine and the execution to the resources of each entry,
// and fails when one entry does.
// https://docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html
func putEvents(c *call) (any, *asl.Failure) {
	v, _ := c.get("Entries")
	list, ok := v.([]any)
	if !ok {
		return nil, badParameter("Entries", v)
	}
	in := &eventbridge.PutEventsInput{}
	for _, item := range list {
		o, ok := item.(*asl.Object)
		if !ok {
			return nil, badParameter("Entries", v)
		}
		var e eventtypes.PutEventsRequestEntry
		for _, name := range o.Names() {
			value, _ := o.Get(name)
			switch name {
			case "Detail":
				e.Detail = textOf(value)
			case "DetailType":
				e.DetailType = textOf(value)
			case "Source":
				e.Source = textOf(value)
			case "EventBusName":
				e.EventBusName = textOf(value)
			case "TraceHeader":
				e.TraceHeader = textOf(value)
			case "Resources", "Time":
				if failure := decode(asl.NewObject("Entry", asl.NewObject(name, value)), "Entry", &e); failure != nil {
					return nil, failure
				}
			default:
				return nil, badParameter("Entries", v)
			}
		}
		e.Resources = append(e.Resources, c.host.execution.machine.arn, c.host.execution.arn)
		in.Entries = append(in.Entries, e)
	}
	out, err := eventbridge.NewFromConfig(c.cfg).PutEvents(c.ctx, in)
	if err != nil {
		return nil, family{"EventBridge", "AmazonEventBridgeException", "AmazonEventBridge"}.failure(err)
	}
	entries := []any{}
	for _, e := range out.Entries {
		if e.ErrorCode != nil {
			entries = append(entries, asl.NewObject("ErrorCode", *e.ErrorCode, "ErrorMessage", aws.ToString(e.ErrorMessage)))
		} else {
			entries = append(entries, asl.NewObject("EventId", aws.ToString(e.EventId)))
		}
	}
	result := asl.NewObject("Entries", entries, "FailedEntryCount", asl.Number(strconv.Itoa(int(out.FailedEntryCount))))
	if out.FailedEntryCount > 0 {
		return nil, &asl.Failure{Error: "EventBridge.FailedEntry", Cause: asl.Print(result)}
	}
	return result, nil
}

func startNested(c *call) (any, *asl.Failure) {
	in := &sfn.StartExecutionInput{StateMachineArn: c.text("StateMachineArn"), Name: c.text("Name"), TraceHeader: c.text("TraceHeader"), Input: c.text("Input")}
	if in.StateMachineArn == nil {
		return nil, badParameter("StateMachineArn", nil)
	}
	out, err := sfn.NewFromConfig(c.cfg).StartExecution(c.ctx, in)
	if err != nil {
		return nil, family{"StepFunctions", "AWSStepFunctionsException", "AWSStepFunctions"}.failure(err)
	}
	result := metadata([]any{"ExecutionArn", aws.ToString(out.ExecutionArn)}, out.ResultMetadata)
	if out.StartDate == nil {
		return nil, family{"StepFunctions", "", ""}.failure(errors.New("no start date in the answer"))
	}
	return asl.NewObject(append(result, "StartDate", out.StartDate.UTC().Format("2006-01-02T15:04:05.000Z"))...), nil
}
