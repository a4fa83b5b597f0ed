package wire

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"runtime/debug"
	"strconv"
	"strings"
)

// MaxBody is the largest request body in bytes that a service other than S3 is
// given: enough for a 50 MB function package in base64.
const MaxBody = 72 << 20

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := h.requestID()
	w.Header().Set("X-Amzn-Requestid", id)
	sent := &sentWriter{ResponseWriter: w}
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p == http.ErrAbortHandler { //nolint:errorlint // the panic value itself
			panic(p)
		}
		h.log.Error("panic in a handler", slog.Any("panic", p), slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.String("stack", string(debug.Stack())))
		if !sent.sent {
			h.fail(sent, id, route{encoding: encodingJSON, version: "application/x-amz-json-1.1"}, &Error{Code: "InternalFailure", Message: fmt.Sprintf("panic in localaws: %v", p), Status: http.StatusInternalServerError})
		}
	}()
	scope := SigningName(r)
	if isS3(r, scope) {
		h.serveRaw(sent, r, id)
		return
	}
	h.serveOperation(sent, r, id, scope)
}

// sentWriter remembers whether an answer has begun.
type sentWriter struct {
	http.ResponseWriter
	sent bool
}

func (w *sentWriter) WriteHeader(status int) {
	w.sent = true
	w.ResponseWriter.WriteHeader(status)
}

func (w *sentWriter) Write(p []byte) (int, error) {
	w.sent = true
	return w.ResponseWriter.Write(p)
}

func (w *sentWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush passes on what a streaming handler asks for.
func (w *sentWriter) Flush() {
	if f, ok := w.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// serveOperation answers for every service but S3.
func (h *Handler) serveOperation(w http.ResponseWriter, r *http.Request, id, scope string) {
	raw, plain, err := readBody(r)
	rt := h.find(r, scope, plain)
	if err != nil {
		h.fail(w, id, rt, err)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw)), nil }

	if rt.service == nil {
		name := rt.scope
		if name == "" {
			name, _, _ = strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		}
		h.fail(w, id, rt, NotImplemented(strings.Trim(name+":"+rt.operation, ":")+": there is no such service"))
		return
	}
	var op *Operation
	var labels map[string]string
	if rt.encoding == encodingREST {
		op, labels = findREST(rt.service.Operations, r.Method, r.URL.EscapedPath(), r.URL.Query())
		rt.operation = r.Method + " " + r.URL.Path
		if op != nil {
			rt.operation = op.Name
		} else if other, _ := findREST(rt.service.Unserved, r.Method, r.URL.EscapedPath(), r.URL.Query()); other != nil {
			rt.operation = other.Name
		}
	} else {
		op = rt.service.operation(rt.operation)
	}
	if op == nil {
		h.fail(w, id, rt, NotImplemented(rt.service.prefix()+":"+rt.operation))
		return
	}
	h.count(rt.service.prefix() + ":" + op.Name)
	caller, err := h.identity.Authenticate(r)
	if err != nil {
		h.fail(w, id, rt, err)
		return
	}
	h.countRole(caller, rt.service.prefix()+":"+op.Name)
	in := op.input()
	members, err := h.read(r, rt, op, labels, plain, in)
	if err != nil {
		h.fail(w, id, rt, err)
		return
	}
	ctx := context.WithValue(WithCaller(r.Context(), caller, h.identity), membersKey, members)
	out, err := h.call(ctx, rt, op, caller, in)
	if err != nil {
		h.fail(w, id, rt, err)
		return
	}
	h.answer(w, id, rt, op, out)
}

// readBody reads a capped body; plain is what it says without its
// Content-Encoding (PutMetricData comes gzipped).
func readBody(r *http.Request) (raw, plain []byte, err error) {
	tooLarge := &Error{Code: "RequestEntityTooLargeException", Message: "a request body may have " + strconv.Itoa(MaxBody) + " bytes", Status: http.StatusRequestEntityTooLarge}
	raw, err = io.ReadAll(io.LimitReader(r.Body, MaxBody+1))
	if err != nil {
		return nil, nil, &Error{Code: "IncompleteBody", Message: "reading the request: " + err.Error()}
	}
	if len(raw) > MaxBody {
		return nil, nil, tooLarge
	}
	if r.Header.Get("Content-Encoding") != "gzip" {
		return raw, raw, nil
	}
	zip, err := gzip.NewReader(bytes.NewReader(raw))
	if err == nil {
		plain, err = io.ReadAll(io.LimitReader(zip, MaxBody+1))
	}
	if err != nil {
		return nil, nil, &Error{Code: "SerializationException", Message: "no gzip: " + err.Error()}
	}
	if len(plain) > MaxBody {
		return nil, nil, tooLarge
	}
	return raw, plain, nil
}

// read fills the input, refuses what the API's model does not allow and what
// the operation does not support, and says which members the body named. All of
// it comes before authorization, as it does on AWS.
func (h *Handler) read(r *http.Request, rt route, op *Operation, labels map[string]string, body []byte, in any) (members map[string]bool, err error) {
	codec := h.codecs[rt.service]
	v := reflect.ValueOf(in).Elem()
	where := " of " + rt.service.prefix() + ":" + op.Name
	tree, members, err := h.decode(r, rt, op, labels, body, v)
	var unknown *unknownMember
	if errors.As(err, &unknown) {
		return nil, NotImplemented("parameter " + unknown.name + where)
	}
	if err != nil {
		return nil, err
	}
	if rules := h.rules[rt.service]; rules != nil {
		wrong, err := codec.validate(rules, v, tree)
		if err != nil {
			return nil, err
		}
		if len(wrong) > 0 {
			return nil, rt.service.refuse(op.Name, wrong)
		}
	}
	for _, f := range codec.fieldsOf(v.Type(), codec.schemaOf(v.Type())) {
		if isSet(v.Field(f.index)) && !supported(op, f) {
			return nil, NotImplemented("parameter " + f.name + where)
		}
	}
	return members, nil
}

// decode sets the input from the request. tree is the body where it is one; of a
// form its first level, as far as it goes.
func (h *Handler) decode(r *http.Request, rt route, op *Operation, labels map[string]string, body []byte, v reflect.Value) (tree any, members map[string]bool, err error) {
	members = map[string]bool{}
	codec := h.codecs[rt.service]
	switch rt.encoding {
	case encodingQuery:
		named := map[string]any{}
		for key := range rt.form {
			name, _, _ := strings.Cut(key, ".")
			members[strings.ToLower(name)], named[name] = true, rt.form.Get(key)
		}
		return named, members, codec.decodeQuery(form{rt.form, map[string]bool{}}, v)
	case encodingREST:
		return nil, members, codec.decodeREST(r, op, labels, body, v)
	case encodingCBOR:
		tree, err = parseCBOR(body)
	default:
		tree, err = parseJSON(body)
	}
	if err != nil {
		return nil, nil, err
	}
	if object, ok := tree.(map[string]any); ok {
		for name, value := range object {
			members[strings.ToLower(name)] = value != nil
		}
	}
	return tree, members, codec.decode(v, tree, codec.schemaOf(v.Type()), "")
}

// isSet says whether a request asks for something with this member. A pointer
// to false or 0 does; an empty string, list or map does not.
func isSet(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() > 0
	case reflect.Pointer:
		return !v.IsNil() && (v.Elem().Kind() != reflect.String || v.Elem().Len() > 0)
	}
	return !v.IsZero()
}

func supported(op *Operation, f field) bool {
	for _, name := range op.supports {
		if strings.EqualFold(name, f.goName) {
			return true
		}
	}
	return false
}
