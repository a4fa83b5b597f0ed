package states

import (
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"crawlerless/localaws/states/asl"
)

func lambdaFamily() family { return family{"Lambda", "AWSLambdaException", "AWSLambda"} }

// invokeLambda is arn:aws:states:::lambda:invoke: it gives the whole answer of
// the API.
func invokeLambda(c *call) (any, *asl.Failure) {
	in := &lambda.InvokeInput{
		FunctionName: c.text("FunctionName"), Qualifier: c.text("Qualifier"), ClientContext: c.text("ClientContext"),
		InvocationType: types.InvocationType(aws.ToString(c.text("InvocationType"))), LogType: types.LogType(aws.ToString(c.text("LogType"))),
	}
	if in.FunctionName == nil {
		return nil, badParameter("FunctionName", nil)
	}
	if payload, ok := c.get("Payload"); ok {
		in.Payload = []byte(asl.Print(payload))
	}
	out, failure := c.invoke(in)
	if failure != nil {
		return nil, failure
	}
	if out.FunctionError != nil {
		return nil, functionFailure(out.Payload, true)
	}
	var result []any
	if out.ExecutedVersion != nil {
		result = append(result, "ExecutedVersion", *out.ExecutedVersion)
	}
	if out.LogResult != nil {
		result = append(result, "LogResult", *out.LogResult)
	}
	result = append(result, "Payload", payloadValue(out.Payload))
	result = append(metadata(result, out.ResultMetadata), "StatusCode", asl.Number(strconv.Itoa(int(out.StatusCode))))
	return asl.NewObject(result...), nil
}

// invokeDirectly is a Task whose resource is the function's ARN: it gives the
// function's own answer.
func invokeDirectly(c *call) (any, *asl.Failure) {
	out, failure := c.invoke(&lambda.InvokeInput{FunctionName: aws.String(c.task.Resource), Payload: []byte(asl.Print(c.parameters))})
	if failure != nil {
		return nil, failure
	}
	if out.FunctionError != nil {
		return nil, functionFailure(out.Payload, false)
	}
	return payloadValue(out.Payload), nil
}

func (c *call) invoke(in *lambda.InvokeInput) (*lambda.InvokeOutput, *asl.Failure) {
	out, err := lambda.NewFromConfig(c.cfg).Invoke(c.ctx, in)
	if err != nil {
		return nil, lambdaFamily().failure(err)
	}
	return out, nil
}

// payloadValue is what a function returned; something that is no JSON is a
// string.
func payloadValue(payload []byte) any {
	v, err := asl.Parse(string(payload))
	if err != nil {
		return string(payload)
	}
	return v
}

// functionFailure is the error that a function reported: its errorType is the
// error's name and the whole document its cause.
func functionFailure(payload []byte, compact bool) *asl.Failure {
	text := string(payload)
	v, err := asl.Parse(text)
	if err == nil && compact {
		text = asl.Print(v)
	}
	if o, ok := v.(*asl.Object); ok {
		if name, ok := o.Get("errorType"); ok {
			if s, ok := name.(string); ok && s != "" {
				return &asl.Failure{Error: s, Cause: text}
			}
		}
	}
	return &asl.Failure{
		Error: "Lambda.Unknown",
		Cause: "The cause could not be determined because Lambda did not return an error type. Returned payload: " + text,
	}
}
