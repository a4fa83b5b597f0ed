package s3

import (
	"encoding/xml"
	"errors"
	"net/http"

	"crawlerless/localaws/wire"

	"github.com/aws/smithy-go"
)

// Error is an error of S3 with the members that its XML carries beside code and
// message.
type Error struct {
	Code    string
	Message string
	Status  int
	Details []Detail
	header  http.Header
}

// Detail is one further member of an error, such as BucketName.
type Detail struct{ Name, Value string }

func (e *Error) Error() string { return e.Code + ": " + e.Message }

func fail(status int, code, message string, details ...string) *Error {
	e := &Error{Code: code, Message: message, Status: status}
	for i := 0; i+1 < len(details); i += 2 {
		e.Details = append(e.Details, Detail{details[i], details[i+1]})
	}
	return e
}

// with adds a response header to the error.
func (e *Error) with(name, value string) *Error {
	if e.header == nil {
		e.header = http.Header{}
	}
	e.header.Set(name, value)
	return e
}

func notImplemented(what string) *Error {
	return fail(http.StatusNotImplemented, "NotImplemented", "localaws does not implement "+what)
}

func noSuchBucket(name string) *Error {
	return fail(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist", "BucketName", name)
}

func noSuchKey(key string) *Error {
	return fail(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.", "Key", key)
}

func noSuchVersion(key, version string) *Error {
	return fail(http.StatusNotFound, "NoSuchVersion", "The specified version does not exist.", "Key", key, "VersionId", version)
}

func noSuchUpload(id string) *Error {
	return fail(http.StatusNotFound, "NoSuchUpload",
		"The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.", "UploadId", id)
}

func invalidArgument(message, name, value string) *Error {
	return fail(http.StatusBadRequest, "InvalidArgument", message, "ArgumentName", name, "ArgumentValue", value)
}

// wrongArgument is an InvalidArgument that does not repeat the value.
func wrongArgument(message, name string) *Error {
	return fail(http.StatusBadRequest, "InvalidArgument", message, "ArgumentName", name)
}

func invalidRequest(message string) *Error {
	return fail(http.StatusBadRequest, "InvalidRequest", message)
}

// headerNotImplemented is S3's own NotImplemented, for headers that it knows but
// does not take in the call at hand.
func headerNotImplemented(header string, details ...string) *Error {
	return fail(http.StatusNotImplemented, "NotImplemented", "A header you provided implies functionality that is not implemented",
		append([]string{"Header", header}, details...)...)
}

func malformedXML() *Error {
	return fail(http.StatusBadRequest, "MalformedXML",
		"The XML you provided was not well-formed or did not validate against our published schema")
}

func methodNotAllowed(method, resource string) *Error {
	return fail(http.StatusMethodNotAllowed, "MethodNotAllowed",
		"The specified method is not allowed against this resource.", "Method", method, "ResourceType", resource)
}

func preconditionFailed(condition string) *Error {
	return fail(http.StatusPreconditionFailed, "PreconditionFailed",
		"At least one of the pre-conditions you specified did not hold", "Condition", condition)
}

func accessDenied() *Error {
	return fail(http.StatusForbidden, "AccessDenied", "Access Denied")
}

// asError turns whatever a handler returned into an error of S3. What is not
// known is an InternalError that tells its text: localaws hides nothing.
func asError(err error) *Error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	var theirs *wire.Error
	if errors.As(err, &theirs) {
		return &Error{Code: s3Code(theirs.Code), Message: theirs.Message, Status: statusOf(s3Code(theirs.Code), theirs.Status)}
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		code := s3Code(api.ErrorCode())
		return &Error{Code: code, Message: api.ErrorMessage(), Status: statusOf(code, 0)}
	}
	return fail(http.StatusInternalServerError, "InternalError", err.Error())
}

// s3Code gives the JSON protocols' name of a refusal the one that S3 uses.
func s3Code(code string) string {
	if code == "AccessDeniedException" {
		return "AccessDenied"
	}
	return code
}

func statusOf(code string, status int) int {
	switch {
	case code == "AccessDenied":
		return http.StatusForbidden
	case status != 0:
		return status
	}
	return http.StatusBadRequest
}

// errorDocument is the body of an error.
type errorDocument struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string
	Message   string
	Details   []Detail `xml:",any"`
	RequestID string   `xml:"RequestId"`
	HostID    string   `xml:"HostId"`
}

// MarshalXML writes a detail as an element of its own name.
func (d Detail) MarshalXML(e *xml.Encoder, _ xml.StartElement) error {
	return e.EncodeElement(d.Value, xml.StartElement{Name: xml.Name{Local: d.Name}})
}
