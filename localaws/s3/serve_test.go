package s3

import (
	"net"
	"net/http"
	"os"
	"testing"

	"crawlerless/localaws/wire"
)

// TestServe keeps an S3 up for a try with other clients:
//
//	S3_SERVE=127.0.0.1:4577 go test ./localaws/s3 -run TestServe -timeout 1h
func TestServe(t *testing.T) {
	at := os.Getenv("S3_SERVE")
	if at == "" {
		t.Skip("S3_SERVE is not set")
	}
	w := newWorld(t)
	l, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(http.Serve(l, wire.NewHandler(w.identity, []wire.Service{w.service.Wire()})))
}
