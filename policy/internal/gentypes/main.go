// Command gentypes writes the list of resource types that pulumi-aws has, and
// which of them take tags. It reads the SDK's own sources, so the list is right
// for the version in go.mod:
//
//	go generate ./policy/...
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const module = "github.com/pulumi/pulumi-aws/sdk/v6"

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gentypes FILE")
		os.Exit(2)
	}
	list, err := types()
	if err == nil {
		err = os.WriteFile(os.Args[1], list, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gentypes:", err)
		os.Exit(1)
	}
}

// types is the content of the file: a comment with the version, then one token to
// a line, with " tags" behind those that take them.
func types() ([]byte, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}} {{.Dir}}", module).Output()
	if err != nil {
		return nil, fmt.Errorf("go list -m %s: %w", module, err)
	}
	version, dir, ok := strings.Cut(strings.TrimSpace(string(out)), " ")
	if !ok {
		return nil, fmt.Errorf("%s is not in the module cache: run go mod download", module)
	}
	registries, err := filepath.Glob(filepath.Join(dir, "go", "aws", "*", "init.go"))
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, registry := range registries {
		found, err := tokens(filepath.Dir(registry))
		if err != nil {
			return nil, err
		}
		lines = append(lines, found...)
	}
	if len(lines) < 1000 {
		return nil, fmt.Errorf("only %d types in %s: the SDK is written otherwise than it was", len(lines), dir)
	}
	slices.Sort(lines)
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Resource types of pulumi-aws %s; written by internal/gentypes.\n", version)
	for _, line := range lines {
		b.WriteString(line + "\n")
	}
	return b.Bytes(), nil
}

var (
	caseOf = regexp.MustCompile(`case "(aws:[^"]+)":\s+r = &([A-Za-z0-9]+)\{\}`)
	tagsOf = regexp.MustCompile(`(?m)^\s+Tags\s+pulumi\.StringMapOutput`)
)

// tokens reads the registrations of one package of the SDK.
func tokens(dir string) ([]string, error) {
	registry, err := os.ReadFile(filepath.Join(dir, "init.go"))
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	files := map[string]string{} // by name in lower case: MLTransform is in mltransform.go
	for _, e := range entries {
		files[strings.ToLower(e.Name())] = e.Name()
	}
	var lines []string
	for _, m := range caseOf.FindAllSubmatch(registry, -1) {
		token, kind := string(m[1]), string(m[2])
		file, ok := files[strings.ToLower(kind)+".go"]
		if !ok {
			return nil, fmt.Errorf("%s has no file for %s", dir, kind)
		}
		source, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			return nil, err
		}
		if tagsOf.Match(source) {
			token += " tags"
		}
		lines = append(lines, token)
	}
	return lines, nil
}
