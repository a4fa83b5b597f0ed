//go:build cgo

// Command automation is the driver of crawlerless: it brings a stage up, feeds
// it, tests it and takes it down again, on AWS or on the local target.
package main

import (
	"os"

	"crawlerless/automation/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv)) }
