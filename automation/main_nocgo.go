//go:build !cgo

// Without a C compiler the go command turns cgo off, and DuckDB, behind the
// local Athena, cannot be compiled: this is then the whole program, so that a
// person reads a sentence instead of the compiler's.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "automation: there is no C compiler, which DuckDB (behind the local Athena) needs: install one (Debian: apt-get install gcc), and do not set CGO_ENABLED=0")
	os.Exit(1)
}
