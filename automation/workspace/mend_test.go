package workspace

import (
	"os"
	"path/filepath"
	"testing"
)

// What a killed CLI leaves half-written is mended, and nothing else is touched.
func TestHalfWrittenFilesAreMended(t *testing.T) {
	const gone = "\x00gone"
	for what, c := range map[string]struct {
		before, after map[string]string // file -> content
		fails         bool
	}{
		"what is known of the state is empty": {
			before: map[string]string{"e2e-a.json": `{"version":3}`, "e2e-a.json.attrs": "", "e2e-a.json.bak": "{}", "e2e-a.json.bak.attrs": `{"user.cache_control":""}`},
			after:  map[string]string{"e2e-a.json": `{"version":3}`, "e2e-a.json.attrs": gone, "e2e-a.json.bak": "{}", "e2e-a.json.bak.attrs": `{"user.cache_control":""}`},
		},
		"the state is cut": {
			before: map[string]string{"e2e-a.json": `{"vers`, "e2e-a.json.bak": `{"version":3}`},
			after:  map[string]string{"e2e-a.json": `{"version":3}`, "e2e-a.json.bak": `{"version":3}`, "e2e-a.json.mended": gone},
		},
		"the state and its copy are cut": {
			before: map[string]string{"e2e-a.json": `{"vers`, "e2e-a.json.bak": ``},
			after:  map[string]string{"e2e-a.json": `{"vers`, "e2e-a.json.bak": ``},
			fails:  true,
		},
		"the first state is cut": {
			before: map[string]string{"e2e-a.json": ``}, after: map[string]string{"e2e-a.json": ``}, fails: true,
		},
		"another stack's": {
			before: map[string]string{"e2e-ab.json.attrs": "", "prod.json": "{", "prod.json.bak": "{}"},
			after:  map[string]string{"e2e-ab.json.attrs": "", "prod.json": "{", "prod.json.bak": "{}"},
		},
	} {
		dir := t.TempDir()
		stacks := filepath.Join(dir, ".pulumi", "stacks", "crawlerless")
		if err := os.MkdirAll(stacks, 0o700); err != nil {
			t.Fatal(err)
		}
		for name, text := range c.before {
			if err := os.WriteFile(filepath.Join(stacks, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := mendFiles("file://"+filepath.ToSlash(dir)+"?no_tmp_dir=true", "e2e-a"); (err != nil) != c.fails {
			t.Errorf("%s: %v", what, err)
		}
		for name, want := range c.after {
			got, err := os.ReadFile(filepath.Join(stacks, name))
			if os.IsNotExist(err) {
				got = []byte(gone)
			} else if err != nil {
				t.Fatal(err)
			}
			if string(got) != want {
				t.Errorf("%s: %s holds %q, want %q", what, name, got, want)
			}
		}
	}
}
