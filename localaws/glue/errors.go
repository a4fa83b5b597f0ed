package glue

import (
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/smithy-go"

	"crawlerless/localaws/wire"
)

func notFound(message string) error {
	return &types.EntityNotFoundException{Message: &message}
}

func alreadyExists(what string) error {
	message := what + " already exists."
	return &types.AlreadyExistsException{Message: &message}
}

func invalid(message string) error {
	return &types.InvalidInputException{Message: &message}
}

func concurrent(message string) error {
	return &types.ConcurrentModificationException{Message: &message}
}

// detail is err as an entry of a batch answer.
func detail(err error) *types.ErrorDetail {
	var api smithy.APIError
	if errors.As(err, &api) {
		code, message := api.ErrorCode(), api.ErrorMessage()
		return &types.ErrorDetail{ErrorCode: &code, ErrorMessage: &message}
	}
	var plain *wire.Error
	if errors.As(err, &plain) {
		return &types.ErrorDetail{ErrorCode: &plain.Code, ErrorMessage: &plain.Message}
	}
	code, message := "InternalServiceException", err.Error()
	return &types.ErrorDetail{ErrorCode: &code, ErrorMessage: &message}
}
