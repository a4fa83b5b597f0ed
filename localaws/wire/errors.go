package wire

import (
	"errors"
	"log/slog"
	"net/http"
	"reflect"
	"strings"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/traits"
)

// failure is an error as it goes onto the wire.
type failure struct {
	code      string // __type: the exception's shape
	queryCode string // Code of the Query protocol, where it differs
	message   string
	status    int
	members   map[string]any // further members of an SDK exception
}

func (f failure) sender() string {
	if f.status >= 500 {
		return "Receiver"
	}
	return "Sender"
}

// failureOf makes any error one that AWS could send. What is neither an *Error
// nor an exception of the SDK is a mistake of localaws: logged, and answered as
// InternalFailure without its text being lost to the caller.
func (h *Handler) failureOf(s *shapes, protocol Protocol, operation string, err error) failure {
	var own *Error
	if errors.As(err, &own) {
		status := own.Status
		if status == 0 {
			status = http.StatusBadRequest
		}
		return failure{code: own.Code, queryCode: own.Code, message: own.Message, status: status}
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		return exception(s, protocol, api)
	}
	h.log.Error("handler failed", slog.String("operation", operation), slog.Any("error", err))
	return failure{code: "InternalFailure", queryCode: "InternalFailure", message: err.Error(), status: http.StatusInternalServerError}
}

// exception is one of the SDK's own: its shape's name, status and members come
// from its type and schema.
func exception(s *shapes, protocol Protocol, api smithy.APIError) failure {
	f := failure{code: api.ErrorCode(), queryCode: api.ErrorCode(), message: api.ErrorMessage(), status: http.StatusBadRequest}
	if api.ErrorFault() == smithy.FaultServer {
		f.status = http.StatusInternalServerError
	}
	v := reflect.Indirect(reflect.ValueOf(api))
	if v.Kind() != reflect.Struct || !strings.Contains(v.Type().PkgPath(), "/service/") {
		return f
	}
	f.code = v.Type().Name()
	schema := s.schemaOf(v.Type())
	if t, ok := smithy.SchemaTrait[*traits.AWSQueryError](schema); ok {
		f.queryCode = t.ErrorCode
	}
	switch t, ok := smithy.SchemaTrait[*traits.HTTPError](schema); {
	case ok: // also of SQS and CloudWatch: LocalStack recorded PurgeQueueInProgress with 403, ResourceNotFound with 404
		f.status = t.Code
	case protocol == Query:
		f.status = queryStatus(f.queryCode, f.status)
	}
	if node, ok, err := s.encode(v, schema); err == nil && ok {
		f.members, _ = node.(map[string]any)
	}
	return f
}

// queryStatus is the HTTP status of IAM's errors, which its API reference
// lists; the SDK does not know it.
func queryStatus(code string, fallback int) int {
	switch {
	case strings.HasPrefix(code, "NoSuchEntity"):
		return http.StatusNotFound
	case strings.HasPrefix(code, "EntityAlreadyExists"), strings.HasPrefix(code, "DeleteConflict"),
		strings.HasPrefix(code, "LimitExceeded"), strings.HasPrefix(code, "ConcurrentModification"),
		strings.HasPrefix(code, "EntityTemporarilyUnmodifiable"):
		return http.StatusConflict
	}
	return fallback
}

// tree is the body of an error in JSON and CBOR.
func (f failure) tree(typ string) map[string]any {
	out := map[string]any{"__type": typ}
	hasMessage := false
	for name, node := range f.members {
		out[name] = node
		hasMessage = hasMessage || strings.EqualFold(name, "message")
	}
	if !hasMessage {
		out["message"] = f.message
	}
	return out
}

// xml is an error of the Query protocol.
func (f failure) xml(namespace, requestID string) []byte {
	xmlns := ""
	if namespace != "" {
		xmlns = ` xmlns="` + escapeXML(namespace) + `"`
	}
	return []byte("<ErrorResponse" + xmlns + "><Error><Type>" + f.sender() + "</Type><Code>" + escapeXML(f.queryCode) +
		"</Code><Message>" + escapeXML(f.message) + "</Message></Error><RequestId>" + requestID + "</RequestId></ErrorResponse>")
}

// s3XML is an error in the shape of S3.
func (f failure) s3XML(requestID string) []byte {
	return []byte(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<Error><Code>" + escapeXML(f.code) + "</Code><Message>" +
		escapeXML(f.message) + "</Message><RequestId>" + requestID + "</RequestId></Error>")
}
