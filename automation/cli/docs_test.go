package cli

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

// parse understands a command line without running it.
func parse(t *testing.T, line string) error {
	t.Helper()
	var cmds commands
	parser, err := newParser(&cmds, kong.Writers(io.Discard, io.Discard), kong.Exit(func(int) {}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(words(line))
	return err
}

// words splits as a shell does, up to what is not the command's any more.
func words(line string) (list []string) {
	for _, m := range regexp.MustCompile(`'([^']*)'|"([^"]*)"|([^\s'"]+)`).FindAllStringSubmatch(line, -1) {
		if m[3] != "" && strings.ContainsAny(m[3][:1], "#|&;>)]") {
			break
		}
		word := m[1] + m[2] + strings.TrimRight(m[3], "`,;.)]")
		if strings.HasPrefix(word, "--") && strings.HasSuffix(word, "=") {
			continue
		}
		list = append(list, word)
		if m[3] != "" && strings.ContainsAny(m[3][len(m[3])-1:], "`;)]") {
			break
		}
	}
	return list
}

// Every command line in the documents is one that the parser takes.
func TestTheCommandsInTheDocumentsExist(t *testing.T) {
	// "go run ./automation …" anywhere, and "automation …" in a code span or at
	// the beginning of a line of a code block.
	command := regexp.MustCompile("(?m)go run \\./automation ([a-z0-9].*)$|`automation ([a-z0-9][^`]*)`|^automation ([a-z0-9].*)$")
	found := 0
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/ci/*"} {
		files, err := filepath.Glob(filepath.Join("../..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if filepath.Base(file) == "CHANGELOG.md" {
				continue // of its time, with placeholders
			}
			for _, m := range command.FindAllStringSubmatch(string(b), -1) {
				// What follows after a gap is a remark.
				line, _, _ := strings.Cut(m[1]+m[2]+m[3], "  ")
				found++
				if err := parse(t, line); err != nil {
					t.Errorf("%s: automation %s: %v", filepath.Base(file), line, err)
				}
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d command lines found", found)
	}
}

func TestThePipelinesAreWholeAndHoldNoKey(t *testing.T) {
	for file, wants := range map[string][]string{
		"github-actions.yml": {"id-token: write", "role-to-assume", "schedule:", "github.event_name == 'pull_request'", "preview --stage", "e2e --target local", "e2e --target aws", "sweep --target aws"},
		"gitlab-ci.yml":      {"id_tokens:", "AWS_WEB_IDENTITY_TOKEN_FILE", `$CI_PIPELINE_SOURCE == "schedule"`, "merge_request_event", "preview --stage", "e2e --target local", "e2e --target aws", "sweep --target aws", "junit: report/junit.xml"},
	} {
		b, err := os.ReadFile(filepath.Join("../../docs/ci", file))
		if err != nil {
			t.Fatal(err)
		}
		var doc map[string]any
		if err := yaml.Unmarshal(b, &doc); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		jobs := doc
		if all, ok := doc["jobs"].(map[string]any); ok {
			jobs = all
		}
		for _, job := range []string{"local", "preview", "e2e", "sweep"} {
			if _, ok := jobs[job].(map[string]any); !ok {
				t.Errorf("%s has no job %s", file, job)
			}
		}
		for _, want := range wants {
			if !strings.Contains(string(b), want) {
				t.Errorf("%s has no %q", file, want)
			}
		}
		for _, never := range []string{"AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "aws-access-key-id"} {
			if strings.Contains(string(b), never) {
				t.Errorf("%s speaks of a long-lived key: %s", file, never)
			}
		}
	}
}
