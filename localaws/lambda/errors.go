package lambda

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"crawlerless/localaws/wire"
)

// The errors of Lambda, in the words of AWS.

func notFound(format string, args ...any) error {
	return &types.ResourceNotFoundException{Message: aws.String(fmt.Sprintf(format, args...)), Type: aws.String("User")}
}

func invalid(format string, args ...any) error {
	return &types.InvalidParameterValueException{Message: aws.String(fmt.Sprintf(format, args...)), Type: aws.String("User")}
}

func conflict(format string, args ...any) error {
	return &types.ResourceConflictException{Message: aws.String(fmt.Sprintf(format, args...)), Type: aws.String("User")}
}

// validation is the answer to a value that the API's model forbids.
func validation(format string, args ...any) error {
	return &wire.Error{Code: "ValidationException", Message: "1 validation error detected: " + fmt.Sprintf(format, args...)}
}

// unsupported is the answer to a value that localaws does not do.
func unsupported(operation, format string, args ...any) error {
	return wire.NotImplemented(fmt.Sprintf(format, args...) + " of lambda:" + operation)
}

// checkRevision compares the revision that a request expects with the present
// one, which api tells.
func checkRevision(want *string, have, api string) error {
	if want == nil || *want == have {
		return nil
	}
	return &types.PreconditionFailedException{Type: aws.String("User"), Message: aws.String(
		"The Revision Id provided does not match the latest Revision Id. Call the " + api + " API to retrieve the latest Revision Id")}
}
