package states

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"crawlerless/localaws/wire"
)

// The errors of Step Functions, in the words of AWS.

func invalidARN(why string) error {
	return &types.InvalidArn{Message: aws.String("Invalid Arn: '" + why + "'")}
}

func noMachine(arn string) error {
	return &types.StateMachineDoesNotExist{Message: aws.String("State Machine Does Not Exist: '" + arn + "'")}
}

func noExecution(arn string) error {
	return &types.ExecutionDoesNotExist{Message: aws.String("Execution Does Not Exist: '" + arn + "'")}
}

func validation(format string, args ...any) error {
	return &types.ValidationException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func unsupported(operation, format string, args ...any) error {
	return wire.NotImplemented(fmt.Sprintf(format, args...) + " of states:" + operation)
}

func typeNotSupported() error {
	return &types.StateMachineTypeNotSupported{Message: aws.String("This operation is not supported by this type of state machine")}
}

func checkName(name string) error {
	for _, r := range name {
		switch {
		case r < 0x20, r >= 0x7f && r <= 0x9f, r == ' ', containsRune("<>{}[]?*\"#%\\^|~`$&,;:/", r), r == '\t', r == '\n':
			return &types.InvalidName{Message: aws.String("Invalid Name: '" + name + "'")}
		}
	}
	return nil
}

func containsRune(set string, r rune) bool {
	for _, c := range set {
		if c == r {
			return true
		}
	}
	return false
}
