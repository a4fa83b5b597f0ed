package wire

import (
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"maps"
	"sync"
)

// Handler serves all services on one port. It is an http.Handler; see
// [Handler.Transport] for calls within the process.
type Handler struct {
	identity    Identity
	services    []*Service
	byName      map[string]*Service
	byTarget    map[string]*Service
	codecs      map[*Service]*shapes
	rules       map[*Service]*constraints
	plain       *shapes
	log         *slog.Logger
	requestID   func() string
	interceptor Interceptor

	mu        sync.Mutex
	calls     map[string]int64
	roleCalls map[string]int64
}

// Option sets something about a Handler.
type Option func(*Handler)

// WithLogger sends what goes wrong inside localaws to log.
func WithLogger(log *slog.Logger) Option { return func(h *Handler) { h.log = log } }

// WithRequestIDs makes the handler take request identifiers from next.
func WithRequestIDs(next func() string) Option { return func(h *Handler) { h.requestID = next } }

// NewHandler joins services into one handler. Two services of one name, or
// constraints that can not be read, are a mistake of the program: it panics.
func NewHandler(id Identity, services []Service, opts ...Option) *Handler {
	h := &Handler{
		identity: id, byName: map[string]*Service{}, byTarget: map[string]*Service{},
		codecs: map[*Service]*shapes{}, rules: map[*Service]*constraints{}, plain: &shapes{}, log: slog.New(slog.DiscardHandler),
		requestID: randomID, calls: map[string]int64{}, roleCalls: map[string]int64{},
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
		if svc.Constraints == "" {
			continue
		}
		rules, err := parseConstraints(svc.Constraints)
		if err != nil {
			panic("wire: " + svc.Name + ": " + err.Error())
		}
		h.rules[&svc] = rules
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

// RoleCalls are those of the calls that were made with the credentials of a role:
// by functions and services, not by the account's own users.
func (h *Handler) RoleCalls() map[string]int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.roleCalls)
}

func (h *Handler) count(key string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls[key]++
}

func (h *Handler) countRole(caller Caller, key string) {
	if caller.Role == "" {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.roleCalls[key]++
}
