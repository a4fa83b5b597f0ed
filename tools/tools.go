//go:build tools

// Package tools pins the programs the project is built and checked with.
package tools

import (
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
)
