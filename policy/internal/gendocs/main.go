// Command gendocs writes docs/guardrails.md from the rules:
//
//	go generate ./policy/...
package main

import (
	"fmt"
	"os"

	"crawlerless/policy/guardrails"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gendocs FILE")
		os.Exit(2)
	}
	if err := os.WriteFile(os.Args[1], guardrails.Document(), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "gendocs:", err)
		os.Exit(1)
	}
}
