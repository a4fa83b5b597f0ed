package wire

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
)

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
	h.countRole(caller, svc.prefix()+":"+operation)
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
