package stage

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"crawlerless/automation/workspace"
)

// tally is "3 to create, 1 to update, 60 unchanged".
func tally(changes map[string]int) string {
	if len(changes) == 0 {
		return "no resources"
	}
	var words []string
	for _, op := range slices.Sorted(maps.Keys(changes)) {
		if op != "same" {
			words = append(words, fmt.Sprintf("%d %s", changes[op], op))
		}
	}
	if n := changes["same"]; n > 0 {
		words = append(words, fmt.Sprintf("%d same", n))
	}
	return strings.Join(words, ", ")
}

func unchanged(changes map[string]int) bool {
	for op, n := range changes {
		if op != "same" && n > 0 {
			return false
		}
	}
	return true
}

// sign is how a step is shown: as diffs are.
func sign(op string) string {
	switch op {
	case "create", "import":
		return "+"
	case "delete":
		return "-"
	case "update", "refresh":
		return "~"
	case "replace", "create-replacement", "delete-replaced":
		return "±"
	}
	return " "
}

// tree prints the changes by service, leaving out what stays the same: on
// standard output, or, where that is for a document, beside it.
func (s *Stage) tree(seen workspace.Seen) {
	byService := map[string][]string{}
	for _, op := range seen.Steps {
		if op.Op == "same" || op.Op == "read" || strings.HasPrefix(op.Type, "pulumi:") {
			continue
		}
		service, kind := split(op.Type)
		byService[service] = append(byService[service], "    "+s.console.Change(sign(op.Op), fmt.Sprintf("%s %-42s %s", sign(op.Op), kind, op.Name)))
	}
	for _, service := range slices.Sorted(maps.Keys(byService)) {
		lines := byService[service]
		slices.Sort(lines)
		s.print("  %s\n%s\n", s.console.Bold(service), strings.Join(lines, "\n"))
	}
}

// print prints for a person.
func (s *Stage) print(format string, args ...any) {
	if s.o.JSON {
		s.console.Progress(format, args...)
		return
	}
	s.console.Printf(format, args...)
}

// split takes "aws:s3/bucketV2:BucketV2" apart into "s3" and "BucketV2".
func split(token string) (service, kind string) {
	parts := strings.Split(token, ":")
	if len(parts) != 3 {
		return "other", token
	}
	service, _, _ = strings.Cut(parts[1], "/")
	if parts[0] != "aws" {
		service = parts[0]
	}
	return service, parts[2]
}

func (s *Stage) violations(seen workspace.Seen) {
	for _, notice := range seen.Notices {
		s.print("  %s %s\n", s.console.Bold("guardrails:"), strings.ReplaceAll(notice, "\n", "\n    "))
	}
	for _, v := range seen.Violations {
		if v.Mandatory() {
			continue // the error that ends the command says it
		}
		s.print("  %s %s: %s\n      %s\n", v.Level, s.console.Bold(v.Policy), v.Resource[strings.LastIndex(v.Resource, ":")+1:],
			strings.ReplaceAll(strings.TrimSpace(v.Message), "\n", "\n      "))
	}
}

func (s *Stage) json(v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	s.console.Printf("%s\n", b)
	return nil
}

// outputs prints the stack's outputs, one to a line, or as JSON.
func (s *Stage) outputs(out workspace.Outputs) error {
	if s.o.JSON {
		return s.json(out)
	}
	b, err := json.Marshal(out)
	if err != nil {
		return err
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		switch v := m[name].(type) {
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				s.console.Printf("  %-24s %v\n", name+"."+k, v[k])
			}
		default:
			s.console.Printf("  %-24s %v\n", name, v)
		}
	}
	return nil
}
