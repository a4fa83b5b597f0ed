//go:build tools

// Package tools pins the programs that the project is built and checked with:
// the Pulumi CLI and the linters. It is a module of its own, because their
// requirements are many and none of the project's.
package tools

import (
	_ "github.com/golangci/golangci-lint/v2/cmd/golangci-lint"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
	_ "mvdan.cc/gofumpt"
)
