// Package logline makes log lines as a small shop's services write them:
// levels, services, latencies, nested request and user, errors with a stack,
// and fields that only some services have. A request always gives the same
// lines: its seed decides every choice.
package logline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// Request asks for Events lines whose timestamps spread over [From, To), in
// order.
type Request struct {
	Events int       `json:"events"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Seed   uint64    `json:"seed"`
}

// MaxEvents is the most that one request may ask for: what a function writes
// well within its minute.
const MaxEvents = 100_000

// check says what is wrong with a request.
func (r Request) check() error {
	switch {
	case r.Events < 0 || r.Events > MaxEvents:
		return fmt.Errorf("events is %d: must be 0 to %d", r.Events, MaxEvents)
	case r.From.IsZero() || r.To.IsZero():
		return errors.New("from and to must be given as RFC 3339 times")
	case !r.From.Before(r.To):
		return fmt.Errorf("from (%s) is not before to (%s)", r.From.Format(time.RFC3339), r.To.Format(time.RFC3339))
	}
	return nil
}

// Line is one log line.
type Line struct {
	Timestamp string   `json:"timestamp"`
	Level     string   `json:"level"`
	Service   string   `json:"service"`
	Message   string   `json:"message"`
	TraceID   string   `json:"trace_id"`
	Region    string   `json:"region"`
	Request   *Call    `json:"request,omitempty"`
	User      *User    `json:"user,omitempty"`
	Error     *Failure `json:"error,omitempty"`
	Order     *Order   `json:"order,omitempty"`
	Tags      []string `json:"tags,omitempty"`
}

// Call is the HTTP request that a line is about.
type Call struct {
	Method    string  `json:"method"`
	Path      string  `json:"path"`
	Status    int     `json:"status"`
	LatencyMs float64 `json:"latency_ms"`
	Bytes     int     `json:"bytes"`
}

// User is who called.
type User struct {
	ID   int    `json:"id"`
	Plan string `json:"plan"`
	Beta bool   `json:"beta"`
}

// Failure is what went wrong.
type Failure struct {
	Kind      string   `json:"kind"`
	Stack     []string `json:"stack"`
	Retryable bool     `json:"retryable"`
}

// Order is what the checkout logs beside the call.
type Order struct {
	ID    string `json:"id"`
	Total string `json:"total"`
	Items []Item `json:"items"`
}

// Item is one line of an order.
type Item struct {
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
}

// Write writes the lines of a request, each ended by a newline, and answers how
// many it wrote.
func Write(w io.Writer, r Request) (int, error) {
	if err := r.check(); err != nil {
		return 0, err
	}
	rng := rand.New(rand.NewPCG(r.Seed, 0x6372776c73))
	var buf bytes.Buffer
	encoder := json.NewEncoder(&buf)
	encoder.SetEscapeHTML(false)
	span := r.To.Sub(r.From)
	for i := range r.Events {
		buf.Reset()
		at := r.From.Add(time.Duration(float64(span) * (float64(i) + rng.Float64()) / float64(r.Events)))
		if err := encoder.Encode(line(rng, at)); err != nil {
			return i, err
		}
		if _, err := w.Write(buf.Bytes()); err != nil {
			return i, err
		}
	}
	return r.Events, nil
}

func line(rng *rand.Rand, at time.Time) Line {
	service := pick(rng, "frontend", "frontend", "frontend", "catalogue", "checkout", "checkout", "payment", "worker")
	l := Line{
		Timestamp: at.UTC().Format("2006-01-02T15:04:05.000Z"), Level: "INFO", Service: service,
		TraceID: fmt.Sprintf("%016x%016x", rng.Uint64(), rng.Uint64()),
		Region:  pick(rng, "eu-central-1", "us-east-1"),
	}
	if service == "worker" {
		l.Message = "job done"
		l.Tags = []string{"batch", pick(rng, "mail", "invoice", "thumbnail")}
		return l
	}
	l.Request = call(rng, service)
	l.Message = l.Request.Method + " " + l.Request.Path
	if rng.IntN(4) != 0 {
		l.User = &User{ID: 1 + rng.IntN(5000), Plan: pick(rng, "free", "free", "pro", "team"), Beta: rng.IntN(10) == 0}
	}
	if service == "checkout" && l.Request.Method == "POST" {
		l.Order = order(rng)
	}
	switch {
	case l.Request.Status >= 500:
		l.Level = "ERROR"
		l.Error = &Failure{
			Kind:      pick(rng, "Timeout", "ConnectionReset", "Deadlock"),
			Stack:     []string{service + "/handler.go:88", service + "/store.go:" + fmt.Sprint(20+rng.IntN(300))},
			Retryable: rng.IntN(2) == 0,
		}
	case l.Request.Status >= 400 || l.Request.LatencyMs > 1500:
		// No line is below INFO: Lambda drops JSON lines below the function's
		// level, also those of a custom runtime.
		l.Level = "WARN"
	}
	return l
}

func call(rng *rand.Rand, service string) *Call {
	c := &Call{Method: "GET", Status: 200, Bytes: 200 + rng.IntN(20_000)}
	// Latencies have a long tail: most are quick, some wait.
	c.LatencyMs = float64(int((5+rng.ExpFloat64()*60)*100)) / 100
	if rng.IntN(50) == 0 {
		c.LatencyMs *= 20
	}
	switch service {
	case "frontend":
		c.Path = pick(rng, "/", "/search", "/product/"+fmt.Sprint(rng.IntN(400)), "/cart")
	case "catalogue":
		c.Path = "/api/items/" + fmt.Sprint(rng.IntN(400))
	case "checkout":
		c.Path, c.Method = "/api/orders", pick(rng, "POST", "GET")
	case "payment":
		c.Path, c.Method = "/api/charge", "POST"
	}
	switch n := rng.IntN(100); {
	case n < 2:
		c.Status = 500 + rng.IntN(4)
	case n < 8:
		c.Status = pick(rng, 400, 401, 404, 404, 429)
	case c.Method == "POST":
		c.Status = 201
	}
	return c
}

func order(rng *rand.Rand) *Order {
	o := &Order{ID: fmt.Sprintf("o-%08d", rng.IntN(100_000_000)), Total: fmt.Sprintf("%d.%02d", 1+rng.IntN(300), rng.IntN(100))}
	for range 1 + rng.IntN(4) {
		o.Items = append(o.Items, Item{SKU: fmt.Sprintf("sku-%04d", rng.IntN(400)), Quantity: 1 + rng.IntN(3)})
	}
	return o
}

func pick[T any](rng *rand.Rand, from ...T) T { return from[rng.IntN(len(from))] }
