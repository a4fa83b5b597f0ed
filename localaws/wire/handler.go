package wire

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"reflect"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
)

// MaxBody is the largest request body in bytes that a service other than S3 is
// given: enough for a 50 MB function package in base64.
const MaxBody = 72 << 20

// ErrLostResponse, returned by an [Interceptor], breaks the connection without
// an answer: the client can not know whether the call took effect.
var ErrLostResponse = errors.New("response lost")

// Interceptor stands around every operation: it can refuse before (throttle),
// delay, or fail after the handler ran, when next has returned. service and
// operation are those of the call's IAM action ("glue", "UpdateTable"); for S3
// the operation is what its handler's method Operation(*http.Request) says, or
// else the HTTP method. The error may be any that a handler may return, or
// [ErrLostResponse].
type Interceptor func(ctx context.Context, service, operation string, caller Caller, next func() error) error

// Handler serves all services on one port. It is an http.Handler; see
// [Handler.Transport] for calls within the process.
type Handler struct {
	identity    Identity
	services    []*Service
	byName      map[string]*Service
	byTarget    map[string]*Service
	codecs      map[*Service]*shapes
	plain       *shapes
	log         *slog.Logger
	requestID   func() string
	interceptor Interceptor

	mu    sync.Mutex
	calls map[string]int64
}

// Option sets something about a Handler.
type Option func(*Handler)

// WithLogger sends what goes wrong inside localaws to log.
func WithLogger(log *slog.Logger) Option { return func(h *Handler) { h.log = log } }

// WithRequestIDs makes the handler take request identifiers from next.
func WithRequestIDs(next func() string) Option { return func(h *Handler) { h.requestID = next } }

// WithInterceptor puts an interceptor around every operation; the one given
// first is the outermost.
func WithInterceptor(i Interceptor) Option {
	return func(h *Handler) {
		outer := h.interceptor
		if outer == nil {
			h.interceptor = i
			return
		}
		h.interceptor = func(ctx context.Context, service, operation string, caller Caller, next func() error) error {
			return outer(ctx, service, operation, caller, func() error { return i(ctx, service, operation, caller, next) })
		}
	}
}

// NewHandler joins services into one handler. Two services of one name are a
// mistake of the program: it panics.
func NewHandler(id Identity, services []Service, opts ...Option) *Handler {
	h := &Handler{
		identity: id, byName: map[string]*Service{}, byTarget: map[string]*Service{},
		codecs: map[*Service]*shapes{}, plain: &shapes{}, log: slog.New(slog.DiscardHandler),
		requestID: randomID, calls: map[string]int64{},
	}
	for _, svc := range services {
		if h.byName[svc.Name] != nil || (svc.Target != "" && h.byTarget[svc.Target] != nil) {
			panic("wire: service " + svc.Name + " is mounted twice")
		}
		h.services = append(h.services, &svc)
		h.byName[svc.Name] = &svc
		if svc.Target != "" {
			h.byTarget[svc.Target] = &svc
		}
		h.codecs[&svc] = &shapes{lowerFirst: svc.LowerFirst}
	}
	for _, opt := range opts {
		opt(h)
	}
	return h
}

func randomID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, says its documentation
	x := hex.EncodeToString(b[:])
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}

// Calls counts the calls of each operation so far, refused ones included:
// "glue:UpdateTable" -> 3.
func (h *Handler) Calls() map[string]int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.calls)
}

func (h *Handler) count(key string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls[key]++
}

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

// serveRaw hands the request to S3, streaming.
func (h *Handler) serveRaw(w http.ResponseWriter, r *http.Request, id string) {
	svc := h.byName["s3"]
	rt := route{encoding: encodingS3, service: svc}
	if svc == nil || svc.HTTP == nil {
		h.fail(w, id, rt, NotImplemented("s3: the service is not mounted"))
		return
	}
	caller, err := h.identity.Authenticate(r)
	if err != nil {
		h.fail(w, id, rt, err)
		return
	}
	operation := r.Method
	if named, ok := svc.HTTP.(interface{ Operation(*http.Request) string }); ok {
		operation = named.Operation(r)
	}
	h.count(svc.prefix() + ":" + operation)
	ctx := WithCaller(r.Context(), caller, h.identity)
	r = r.WithContext(ctx)
	if h.interceptor == nil {
		svc.HTTP.ServeHTTP(w, r)
		return
	}
	// The answer is kept back until the interceptor has agreed to it, and the
	// body is kept because it may let the operation happen twice.
	body, err := io.ReadAll(r.Body)
	if err != nil {
		h.fail(w, id, rt, &Error{Code: "IncompleteBody", Message: "reading the request: " + err.Error()})
		return
	}
	var kept *keptResponse
	err = h.interceptor(ctx, svc.prefix(), operation, caller, func() error {
		kept = &keptResponse{header: w.Header().Clone()}
		again := r.Clone(ctx)
		again.Body = io.NopCloser(bytes.NewReader(body))
		svc.HTTP.ServeHTTP(kept, again)
		return nil
	})
	if err == nil && kept == nil {
		err = fmt.Errorf("%s was swallowed by an interceptor", operation)
	}
	if err != nil {
		h.fail(w, id, rt, err)
		return
	}
	kept.send(w)
}

// keptResponse is an answer in memory.
type keptResponse struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *keptResponse) Header() http.Header { return k.header }

func (k *keptResponse) WriteHeader(status int) {
	if k.status == 0 && status >= 200 {
		k.status = status
	}
}

func (k *keptResponse) Write(p []byte) (int, error) {
	k.WriteHeader(http.StatusOK)
	return k.body.Write(p)
}

func (k *keptResponse) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), k.header)
	if k.status != 0 {
		w.WriteHeader(k.status)
	}
	_, _ = w.Write(k.body.Bytes()) // the client has gone: nobody to tell
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
		if op, labels = findREST(rt.service, r.Method, r.URL.EscapedPath()); op == nil {
			rt.operation = r.Method + " " + r.URL.Path
		} else {
			rt.operation = op.Name
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
	in := op.input()
	members, err := h.decode(r, rt, op, labels, plain, in)
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

// decode fills the input, refuses what the operation does not support, and says
// which members the body named.
func (h *Handler) decode(r *http.Request, rt route, op *Operation, labels map[string]string, body []byte, in any) (members map[string]bool, err error) {
	members = map[string]bool{}
	codec := h.codecs[rt.service]
	v := reflect.ValueOf(in).Elem()
	switch rt.encoding {
	case encodingQuery:
		for key := range rt.form {
			name, _, _ := strings.Cut(key, ".")
			members[strings.ToLower(name)] = true
		}
		err = codec.decodeQuery(form{rt.form, map[string]bool{}}, v)
	case encodingREST:
		err = codec.decodeREST(r, op, labels, body, v)
	default:
		var tree any
		if rt.encoding == encodingCBOR {
			tree, err = parseCBOR(body)
		} else {
			tree, err = parseJSON(body)
		}
		if object, ok := tree.(map[string]any); ok {
			for name, value := range object {
				members[strings.ToLower(name)] = value != nil
			}
		}
		if err == nil {
			err = codec.decode(v, tree, codec.schemaOf(v.Type()), "")
		}
	}
	where := " of " + rt.service.prefix() + ":" + op.Name
	var unknown *unknownMember
	if errors.As(err, &unknown) {
		return nil, NotImplemented("parameter " + unknown.name + where)
	}
	if err != nil {
		return nil, err
	}
	for _, f := range codec.fieldsOf(v.Type(), codec.schemaOf(v.Type())) {
		if isSet(v.Field(f.index)) && !supported(op, f) {
			return nil, NotImplemented("parameter " + f.name + where)
		}
	}
	return members, nil
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

// call checks that the caller may and runs the handler, all within the
// interceptor.
func (h *Handler) call(ctx context.Context, rt route, op *Operation, caller Caller, in any) (out any, err error) {
	run := func() error {
		for _, access := range op.access(in) {
			if !strings.Contains(access.Action, ":") {
				access.Action = rt.service.prefix() + ":" + access.Action
			}
			if err := h.identity.Authorize(ctx, caller, access); err != nil {
				return err
			}
		}
		var err error
		out, err = op.handle(ctx, in)
		return err
	}
	if h.interceptor == nil {
		err = run()
	} else {
		err = h.interceptor(ctx, rt.service.prefix(), op.Name, caller, run)
	}
	if err == nil && out == nil {
		err = fmt.Errorf("%s was swallowed by an interceptor", op.Name)
	}
	return out, err
}

// answer writes a success.
func (h *Handler) answer(w http.ResponseWriter, id string, rt route, op *Operation, out any) {
	codec := h.codecs[rt.service]
	if v := reflect.ValueOf(out); v.Kind() == reflect.Pointer && v.IsNil() {
		out = reflect.New(v.Type().Elem()).Interface() // a handler may say nothing
	}
	status, body := http.StatusOK, []byte(nil)
	var err error
	switch rt.encoding {
	case encodingQuery:
		w.Header().Set("Content-Type", "text/xml")
		body, err = codec.printXML(op.Name, rt.service.Namespace, id, out)
	case encodingREST:
		w.Header().Set("Content-Type", "application/json")
		status, body, err = codec.encodeREST(w.Header(), op, out)
	default:
		var tree any
		tree, _, err = codec.encode(reflect.ValueOf(out), nil)
		if err == nil {
			body, err = h.printTree(w.Header(), rt, tree)
		}
	}
	if err != nil {
		h.fail(w, id, rt, fmt.Errorf("answer of %s: %w", op.Name, err))
		return
	}
	send(w, status, body)
}

func (h *Handler) printTree(header http.Header, rt route, tree any) ([]byte, error) {
	if rt.encoding == encodingCBOR {
		header.Set("Content-Type", "application/cbor")
		header.Set("Smithy-Protocol", "rpc-v2-cbor")
		return printCBOR(tree)
	}
	header.Set("Content-Type", rt.version)
	return printJSON(tree)
}

// fail writes an error in the shape of the request's protocol.
func (h *Handler) fail(w http.ResponseWriter, id string, rt route, err error) {
	if errors.Is(err, ErrLostResponse) {
		panic(http.ErrAbortHandler)
	}
	codec, namespace, protocol, name := h.plain, "", JSON11, rt.scope
	if rt.service != nil {
		namespace, protocol, name = rt.service.Namespace, rt.service.Protocol, rt.service.prefix()
		if c := h.codecs[rt.service]; c != nil {
			codec = c
		}
	}
	f := h.failureOf(codec, protocol, name+":"+rt.operation, err)
	switch rt.encoding {
	case encodingS3:
		w.Header().Set("Content-Type", "application/xml")
		w.Header().Set("X-Amz-Request-Id", id)
		send(w, f.status, f.s3XML(id))
	case encodingQuery:
		w.Header().Set("Content-Type", "text/xml")
		send(w, f.status, f.xml(namespace, id))
	default:
		w.Header().Set("X-Amzn-Errortype", f.code)
		if f.queryCode != f.code {
			w.Header().Set("X-Amzn-Query-Error", f.queryCode+";"+f.sender())
		}
		if rt.encoding == encodingREST {
			rt.version = "application/json"
		}
		body, err := h.printTree(w.Header(), rt, f.tree(f.code))
		if err != nil {
			h.log.Error("writing an error failed", slog.Any("error", err))
		}
		send(w, f.status, body)
	}
}

func send(w http.ResponseWriter, status int, body []byte) {
	if status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client has gone: nobody to tell
}
