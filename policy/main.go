// Command policy is the policy pack of crawlerless: the rules of package
// guardrails, served to Pulumi's engine.
//
//	pulumi preview --policy-pack policy --policy-pack-config policy/config/prod.json
//	go build -o bin/guardrails ./policy && pulumi preview --policy-pack bin/guardrails
//
// The first form needs the Go language host of a normal Pulumi installation; the
// second needs nothing but the CLI. What the rules are, and why, is written in
// docs/guardrails.md, which is generated from them.
package main

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"crawlerless/policy/guardrails"
)

func main() {
	spare()
	if len(os.Args) > 1 { // the engine's address, as policyx takes it
		if _, port, err := net.SplitHostPort(os.Args[1]); err == nil && port != "" {
			go func() {
				orphaned(engineAt(os.Args[1]), time.Tick(time.Second))
				os.Exit(1)
			}()
		}
	}
	err := policyx.Main(func(ctx *pulumi.Context) (policyx.PolicyPack, error) {
		stage, err := stageOf(ctx, os.Getenv)
		if err != nil {
			return nil, err
		}
		return newPack(guardrails.All(), stage, time.Now, logTo(ctx))
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "guardrails:", err)
		os.Exit(1)
	}
}

// spare makes the pack answer sooner. It lives for one preview or update, and the
// engine waits for each answer before it asks again: a second processor only costs
// the handing over between threads, and garbage is not worth collecting below the
// limit.
func spare() {
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(256 << 20)
}
