package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// The headers of the Runtime API.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
const (
	headerRequestID     = "Lambda-Runtime-Aws-Request-Id"
	headerDeadline      = "Lambda-Runtime-Deadline-Ms"
	headerTraceID       = "Lambda-Runtime-Trace-Id"
	headerClientContext = "Lambda-Runtime-Client-Context"
	headerFunctionARN   = "Lambda-Runtime-Invoked-Function-Arn"
	headerErrorType     = "Lambda-Runtime-Function-Error-Type"
	trailerErrorBody    = "Lambda-Runtime-Function-Error-Body"
)

// call is an invocation on its way through the process.
type call struct {
	Invocation
	deadline time.Time
	// answer and answered are guarded by the sandbox's mutex until done is closed.
	answer   Answer
	answered bool
	done     chan struct{} // closed when the runtime has answered and asks for more
}

func (s *Sandbox) runtimeAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", s.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", s.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", s.functionError)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", s.initFailed)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		apiError(w, http.StatusNotFound, "NotImplemented",
			"localaws does not implement "+r.Method+" "+r.URL.Path+" of the Lambda APIs for processes")
	})
	return mux
}

// next answers with the next event, when there is one.
func (s *Sandbox) next(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if !s.isReady {
		s.isReady = true
		close(s.ready)
	}
	if c := s.current; c != nil && c.answered {
		s.current = nil
		close(c.done)
	}
	s.mu.Unlock()
	select {
	case c := <-s.work:
		s.mu.Lock()
		s.current = c
		s.mu.Unlock()
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set(headerRequestID, c.RequestID)
		h.Set(headerDeadline, strconv.FormatInt(c.deadline.UnixMilli(), 10))
		h.Set(headerFunctionARN, c.FunctionARN)
		h.Set(headerTraceID, c.TraceID)
		if c.ClientContext != "" {
			h.Set(headerClientContext, c.ClientContext)
		}
		h.Set("Content-Length", strconv.Itoa(len(c.Payload)))
		// A process that does not read its event is killed at its deadline.
		_, _ = w.Write(c.Payload)
	case <-r.Context().Done():
	case <-s.exited:
	}
}

func (s *Sandbox) response(w http.ResponseWriter, r *http.Request) {
	body, err := readAll(r)
	switch {
	case errors.Is(err, errTooLarge):
		s.settle(w, r, http.StatusRequestEntityTooLarge, Answer{
			Error: true, ErrorType: "Function.ResponseSizeTooLarge",
			Payload: errorDocument("Function.ResponseSizeTooLarge",
				"Response payload size exceeded maximum allowed payload size ("+strconv.Itoa(6*1024*1024+100)+" bytes)."),
		})
		return
	case err != nil:
		apiError(w, http.StatusBadRequest, "InvalidRequest", "read the response: "+err.Error())
		return
	}
	// A response that broke off while it was streamed says so in its trailer.
	if t := r.Trailer.Get(headerErrorType); t != "" {
		doc, err := base64.StdEncoding.DecodeString(r.Trailer.Get(trailerErrorBody))
		if err != nil || len(doc) == 0 {
			doc = errorDocument(t, "the response ended early")
		}
		s.settle(w, r, http.StatusAccepted, Answer{Payload: doc, Error: true, ErrorType: t})
		return
	}
	s.settle(w, r, http.StatusAccepted, Answer{Payload: body})
}

var errTooLarge = errors.New("the body is too large")

// readAll reads a body to its end, also when that is too far: a connection
// that is cut off would tell the process less than the answer does.
func readAll(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxResponse+1))
	if err != nil || len(body) <= MaxResponse {
		return body, err
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	return nil, errTooLarge
}

func (s *Sandbox) functionError(w http.ResponseWriter, r *http.Request) {
	body, err := readAll(r)
	if err != nil {
		apiError(w, http.StatusBadRequest, "InvalidRequest", "read the error: "+err.Error())
		return
	}
	s.settle(w, r, http.StatusAccepted, Answer{Payload: body, Error: true, ErrorType: r.Header.Get(headerErrorType)})
}

// settle records the answer to the current invocation.
func (s *Sandbox) settle(w http.ResponseWriter, r *http.Request, status int, a Answer) {
	s.mu.Lock()
	c := s.current
	known := c != nil && c.RequestID == r.PathValue("id") && !c.answered
	if known {
		c.answer, c.answered = a, true
	}
	s.mu.Unlock()
	switch {
	case !known:
		apiError(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
	case status != http.StatusAccepted:
		apiError(w, status, a.ErrorType, "Exceeded maximum allowed payload size (6291556 bytes).")
	default:
		accepted(w)
	}
}

func (s *Sandbox) initFailed(w http.ResponseWriter, r *http.Request) {
	body, err := readAll(r)
	if err != nil {
		apiError(w, http.StatusBadRequest, "InvalidRequest", "read the error: "+err.Error())
		return
	}
	e := initError{errorType: r.Header.Get(headerErrorType), body: body}
	if e.errorType == "" {
		e.errorType = "Runtime.Unknown"
	}
	select {
	case s.initError <- e:
		accepted(w)
	default:
		apiError(w, http.StatusForbidden, "InvalidStateTransition", "Transition from InitError to InitError is not allowed.")
	}
}

func accepted(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	// A process that has gone does not need to know.
	_, _ = io.WriteString(w, `{"status":"OK"}`+"\n")
}

func apiError(w http.ResponseWriter, status int, errorType, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(errorDocument(errorType, message))
}

func errorDocument(errorType, message string) []byte {
	// Two strings always marshal.
	doc, _ := json.Marshal(struct {
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}{message, errorType})
	return doc
}
