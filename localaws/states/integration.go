package states

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"crawlerless/localaws/states/asl"
)

// integration is a service that tasks can call.
type integration struct {
	parameters []string // that it takes
	required   []string
	call       func(*call) (any, *asl.Failure)
}

// call is one task on its way.
type call struct {
	ctx        context.Context
	host       *host
	cfg        aws.Config
	task       asl.Task
	parameters any
}

// integrationOf is the integration of a resource, or nil.
func integrationOf(t asl.Task) *integration {
	if t.Service == "" {
		return &integration{call: invokeDirectly}
	}
	switch t.Service + ":" + t.Action {
	case "lambda:invoke":
		return &integration{
			call: invokeLambda, required: []string{"FunctionName"},
			parameters: []string{"FunctionName", "Payload", "InvocationType", "LogType", "ClientContext", "Qualifier"},
		}
	case "sqs:sendMessage":
		return &integration{
			call: sendMessage, required: []string{"QueueUrl", "MessageBody"},
			parameters: []string{"QueueUrl", "MessageBody", "DelaySeconds", "MessageAttributes", "MessageDeduplicationId", "MessageGroupId"},
		}
	case "sns:publish":
		return &integration{
			call: publish, required: []string{"Message"},
			parameters: []string{"TopicArn", "TargetArn", "PhoneNumber", "Message", "Subject", "MessageStructure", "MessageAttributes", "MessageDeduplicationId", "MessageGroupId"},
		}
	case "events:putEvents":
		return &integration{call: putEvents, required: []string{"Entries"}, parameters: []string{"Entries"}}
	case "states:startExecution":
		return &integration{
			call: startNested, required: []string{"StateMachineArn"},
			parameters: []string{"StateMachineArn", "Name", "Input", "TraceHeader"},
		}
	}
	return nil
}

// checkTask judges a Task state when its machine is made.
func checkTask(t asl.Task, parameters []string) error {
	i := integrationOf(t)
	if i == nil {
		return &asl.Unsupported{What: "the service integration " + t.Resource}
	}
	if t.Service == "" {
		return nil
	}
	for _, p := range parameters {
		if p != "AWSStepFunctionsStartedByExecutionId" && !slices.Contains(i.parameters, p) {
			return fmt.Errorf("The field %q is not supported by Step Functions", p) //nolint:staticcheck // AWS's words
		}
	}
	for _, p := range i.required {
		if len(parameters) > 0 && !slices.Contains(parameters, p) {
			return fmt.Errorf("The field %q is required but was missing", p) //nolint:staticcheck // AWS's words
		}
	}
	return nil
}

// text is a parameter as a string: a string itself, or any other value as JSON.
func (c *call) text(name string) *string {
	v, ok := c.get(name)
	if !ok || v == nil {
		return nil
	}
	return textOf(v)
}

func textOf(v any) *string {
	if s, ok := v.(string); ok {
		return &s
	}
	return aws.String(asl.Print(v))
}

func (c *call) get(name string) (any, bool) {
	o, ok := c.parameters.(*asl.Object)
	if !ok {
		return nil, false
	}
	return o.Get(name)
}

func (c *call) object(name string) *asl.Object {
	v, _ := c.get(name)
	o, _ := v.(*asl.Object)
	return o
}

// family is how the errors of a service are called.
type family struct {
	prefix string // of error names: "Lambda"
	base   string // the name of an error that the service's model does not have
	title  string // in causes: "AWSLambda"
}

// failure names the error of a call as Step Functions does: the exception's name
// after the service's, or the service's own exception where the model has none.
func (f family) failure(err error) *asl.Failure {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return &asl.Failure{Error: f.prefix + ".SdkClientException", Cause: "Unable to execute HTTP request: " + err.Error()}
	}
	name := f.base
	if t := reflect.Indirect(reflect.ValueOf(api)).Type(); strings.Contains(t.PkgPath(), "/service/") {
		name = strings.TrimSuffix(t.Name(), "Exception") + "Exception"
	}
	status, request := http.StatusBadRequest, ""
	var response *awshttpError
	if errors.As(err, &response) {
		status = response.HTTPStatusCode()
	}
	var id interface{ ServiceRequestID() string }
	if errors.As(err, &id) {
		request = id.ServiceRequestID()
	}
	return &asl.Failure{Error: f.prefix + "." + name, Cause: fmt.Sprintf("%s (Service: %s; Status Code: %d; Error Code: %s; Request ID: %s; Proxy: null)",
		api.ErrorMessage(), f.title, status, api.ErrorCode(), request)}
}

type awshttpError = smithyhttp.ResponseError

// metadata adds to a result what Step Functions tells of the response.
func metadata(result []any, m middleware.Metadata) []any {
	request, _ := awsmiddleware.GetRequestIDMetadata(m)
	all, one := asl.NewObject(), asl.NewObject()
	var members, single []any
	status := http.StatusOK
	if r, ok := awsmiddleware.GetRawResponse(m).(*smithyhttp.Response); ok {
		status = r.StatusCode
		names := make([]string, 0, len(r.Header))
		for name := range r.Header {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			values := []any{}
			for _, v := range r.Header[name] {
				values = append(values, v)
			}
			members = append(members, name, values)
			single = append(single, name, r.Header.Get(name))
		}
		all, one = asl.NewObject(members...), asl.NewObject(single...)
	}
	return append(result,
		"SdkHttpMetadata", asl.NewObject("AllHttpHeaders", all, "HttpHeaders", one, "HttpStatusCode", asl.Number(strconv.Itoa(status))),
		"SdkResponseMetadata", asl.NewObject("RequestId", request))
}
