package sqs

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"crawlerless/localaws/wire"
)

func noQueue() error {
	return &types.QueueDoesNotExist{Message: aws.String("The specified queue does not exist.")}
}

func missing(parameter string) error {
	return &wire.Error{Code: "MissingParameter", Message: "The request must contain the parameter " + parameter + "."}
}

func invalidParameter(format string, args ...any) error {
	return &wire.Error{Code: "InvalidParameterValue", Message: fmt.Sprintf(format, args...)}
}

func unknownAttribute(name string) error {
	return &types.InvalidAttributeName{Message: aws.String("Unknown Attribute " + name + ".")}
}

// invalidAttribute refuses the value of a queue attribute.
func invalidAttribute(name string) error {
	return &types.InvalidAttributeValue{Message: aws.String("Invalid value for the parameter " + name + ".")}
}

func invalidAttributeReason(name, value, reason string) error {
	return invalidParameter("Value %s for parameter %s is invalid. Reason: %s", value, name, reason)
}

func invalidHandle(handle string) error {
	return &types.ReceiptHandleIsInvalid{Message: aws.String(fmt.Sprintf("The input receipt handle %q is not a valid receipt handle.", handle))}
}
