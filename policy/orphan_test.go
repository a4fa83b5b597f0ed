package main

import (
	"errors"
	"net"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

func TestAnOrphanNoticesAtTheSecondLook(t *testing.T) {
	ticks := make(chan time.Time)
	refused := errors.New("refused")
	answers := make(chan error, 5)
	for _, err := range []error{nil, refused, nil, refused, refused} {
		answers <- err
	}
	done := make(chan struct{})
	go func() {
		orphaned(func() error { return <-answers }, ticks)
		close(done)
	}()
	for range 5 {
		select {
		case <-done:
			t.Fatal("its engine is there")
		case ticks <- time.Time{}:
		}
	}
	<-done
}

// The pack as it is compiled lives as long as its engine.
func TestThePackEndsWithItsEngine(t *testing.T) {
	pack := filepath.Join(t.TempDir(), "guardrails")
	if out, err := exec.Command("go", "build", "-o", pack, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	engine, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	looks := make(chan struct{})
	go func() {
		defer close(looks)
		for {
			conn, err := engine.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
			looks <- struct{}{}
		}
	}()
	cmd := exec.Command(pack, engine.Addr().String())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for range 2 {
		select {
		case err := <-ended:
			t.Fatalf("the pack ended while its engine was there: %v", err)
		case <-looks:
		}
	}
	if err := engine.Close(); err != nil {
		t.Fatal(err)
	}
	go func() {
		for range looks { // what was still under way
		}
	}()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Error("the pack outlives its engine")
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		<-ended
	}
}
