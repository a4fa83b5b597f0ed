package feed

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func packed(t *testing.T, text string) (gz, zst []byte) {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	return buf.Bytes(), z.EncodeAll([]byte(text), nil)
}

func file(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLinesComeWithoutTheirEndingsHoweverTheyArePacked(t *testing.T) {
	gz, zst := packed(t, "a\r\nb\n\nc")
	for name, c := range map[string]struct {
		content []byte
		want    []string
	}{
		"plain":             {[]byte("a\nb\n"), []string{"a", "b"}},
		"no last newline":   {[]byte("a\nb"), []string{"a", "b"}},
		"byte-order mark":   {[]byte("\xef\xbb\xbfa\nb"), []string{"a", "b"}},
		"gzip, CRLF":        {gz, []string{"a", "b", "", "c"}},
		"two gzip members":  {append(slices.Clone(gz), gz...), []string{"a", "b", "", "ca", "b", "", "c"}},
		"zstd":              {zst, []string{"a", "b", "", "c"}},
		"empty":             {nil, nil},
		"carriage return":   {[]byte("a\rb\n"), []string{"a\rb"}},
		"longer than a buf": {[]byte(strings.Repeat("x", 1<<20) + "\ny"), []string{strings.Repeat("x", 1<<20), "y"}},
	} {
		t.Run(name, func(t *testing.T) {
			inputs, err := Inputs([]string{file(t, "in", c.content)}, nil)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			if err := inputs[0].lines(t.Context(), func(n int, line string) error {
				got = append(got, line)
				if n != len(got) {
					t.Errorf("line %d is counted as %d", len(got), n)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %.60q, want %.60q", got, c.want)
			}
		})
	}
}

func TestWhatIsNoTextIsRefusedBeforeAnythingIsSent(t *testing.T) {
	for content, want := range map[string]string{
		"PK\x03\x04rest": "zip archive", "\xfd7zXZ\x00": "xz", "PAR1....": "Parquet", "\xff\xfea\x00": "UTF-16", "\x1f\x8bno": "gzip",
	} {
		path := file(t, "in", []byte(content))
		if _, err := Inputs([]string{path}, nil); err == nil || !strings.Contains(err.Error(), path) || (want != "gzip" && !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: got %v", content, err)
		}
	}
}

func TestWhatAnInputIsInsteadOfLinesIsSaidOnce(t *testing.T) {
	s := &Sender{}
	for _, in := range []string{
		"{\n  \"a\": 1\n}", "{\n  \"b\": 1\n}", `{"Records":[{"a":"` + strings.Repeat("x", lookedAt) + `"}]}`,
		"Nov 24 04:05:06 host app: started", `{"a":1}`, "\x1f\x8b", "",
	} {
		var look beginning
		for line := range strings.SplitSeq(in, "\n") {
			look.add(line)
		}
		s.note(t.Context(), look)
	}
	for _, want := range []string{"spread over several lines", "jq -c '.[\"Records\"][]'", "one JSON object on a line of its own", "could not be told from its beginning"} {
		if !slices.ContainsFunc(s.sent.Notes, func(n string) bool { return strings.Contains(n, want) }) {
			t.Errorf("nothing of %s", want)
		}
	}
	if len(s.sent.Notes) != 4 {
		t.Errorf("notes %q", s.sent.Notes)
	}
}

func TestAFolderIsReadWithoutWhatIsHidden(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b/2.log", "a.ndjson", ".git/config", ".hidden"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	inputs, err := Inputs([]string{dir, "-"}, strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, in := range inputs {
		got = append(got, strings.TrimPrefix(in.String(), dir+"/"))
	}
	if !slices.Equal(got, []string{"a.ndjson", "b/2.log", "standard input"}) {
		t.Errorf("got %q", got)
	}
}
