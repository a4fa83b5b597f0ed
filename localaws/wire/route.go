package wire

import (
	"net/http"
	"net/url"
	"strings"
)

// encoding is the format in which a request came and its answer goes.
type encoding int

const (
	encodingJSON encoding = iota
	encodingCBOR
	encodingQuery
	encodingREST
	encodingS3
)

// route is what a request asks for.
type route struct {
	encoding  encoding
	version   string // content type of the answer in encodingJSON
	service   *Service
	operation string // empty: none is named
	scope     string // signing name in the request's signature, if any
	form      url.Values
}

// SigningName is the service in the credential scope of a request's SigV4 or
// SigV4A signature, in the header or the query; empty for an unsigned request.
func SigningName(r *http.Request) string {
	credential := ""
	if auth := r.Header.Get("Authorization"); strings.HasPrefix(auth, "AWS4-") {
		_, credential, _ = strings.Cut(auth, "Credential=")
		credential, _, _ = strings.Cut(credential, ",")
	} else if strings.Contains(r.URL.RawQuery, "X-Amz-Credential") {
		credential = r.URL.Query().Get("X-Amz-Credential")
	}
	parts := strings.Split(strings.TrimSpace(credential), "/")
	if len(parts) < 4 || parts[len(parts)-1] != "aws4_request" {
		return ""
	}
	return parts[len(parts)-2]
}

// isS3 says that a request goes to S3 whatever else it shows: signed for it,
// or showing nothing at all.
func isS3(r *http.Request, scope string) bool {
	if strings.HasPrefix(scope, "s3") {
		return true
	}
	return scope == "" && r.Header.Get("X-Amz-Target") == "" && r.Header.Get("Smithy-Protocol") == "" && !isForm(r)
}

// isForm says whether a body may be of the Query protocol. Some clients send an
// object with the content type of a form, but none posts one.
func isForm(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

// find tells a request's service and operation. body is empty for S3.
func (h *Handler) find(r *http.Request, scope string, body []byte) route {
	out := route{scope: scope, service: h.byName[scope]}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		prefix, operation, _ := strings.Cut(target, ".")
		out.operation = operation
		if svc := h.byTarget[prefix]; svc != nil {
			out.service = svc
		}
		out.version = "application/x-amz-json-1.1"
		if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-amz-json-1.0") {
			out.version = "application/x-amz-json-1.0"
		}
		return out
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, "/service/"); ok && r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor" {
		name, operation, _ := strings.Cut(rest, "/operation/")
		out.encoding, out.operation = encodingCBOR, operation
		if svc := h.byTarget[name]; svc != nil {
			out.service = svc
		}
		return out
	}
	form := r.URL.Query()
	if isForm(r) {
		if values, err := url.ParseQuery(string(body)); err == nil {
			for key, value := range values {
				form[key] = value
			}
		}
	}
	if action := form.Get("Action"); action != "" && (out.service == nil || out.service.Protocol != RESTJSON) {
		out.encoding, out.operation, out.form = encodingQuery, action, form
		if scope == "" {
			out.service = h.byAction(action)
		}
		return out
	}
	out.encoding = encodingREST
	return out
}

// byAction is the Query service that has an operation of that name: for
// unsigned requests, which name no service.
func (h *Handler) byAction(action string) *Service {
	for _, svc := range h.services {
		if svc.Protocol == Query && svc.operation(action) != nil {
			return svc
		}
	}
	return nil
}

func (s *Service) operation(name string) *Operation {
	for i := range s.Operations {
		if s.Operations[i].Name == name {
			return &s.Operations[i]
		}
	}
	return nil
}

// prefix of the service's IAM actions.
func (s *Service) prefix() string {
	if s.Action != "" {
		return s.Action
	}
	return s.Name
}
