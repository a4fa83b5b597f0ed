package infer

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	data := []byte(text)
	if strings.Contains(name, ".gz") {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		data = b.Bytes()
	}
	if strings.HasSuffix(name, ".cut") {
		data = data[:len(data)-6]
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func run(o Options, stdin string) (exit int, stdout string, err error) {
	var out, errs bytes.Buffer
	exit, err = Run(context.Background(), o, strings.NewReader(stdin), &out, &errs)
	return exit, out.String(), err
}

func TestJSONHasTheDocumentedMembers(t *testing.T) {
	exit, out, err := run(Options{Paths: []string{"-"}, JSON: true},
		`{"userId":1,"time":"2026-11-24T04:05:06Z","year":null}`+"\n\n{\n{\"userId\":2.5}\n")
	if exit != 0 || err != nil {
		t.Fatal(exit, err)
	}
	var got, want any
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	doc := got.(map[string]any)
	if f, ok := doc["fingerprint"].(string); !ok || len(f) != 64 {
		t.Errorf("fingerprint %v", doc["fingerprint"])
	}
	delete(doc, "fingerprint")
	if err := json.Unmarshal([]byte(`{"columns":[{"name":"time","type":"string","nulls":0},
		{"name":"userid","type":"double","nulls":0},{"name":"year_","type":"string","nulls":1}],
		"records":2,"blank":1,"malformed":1,
		"bytes":{"compressed":73,"raw":73},"firstEventTime":"2026-11-24T04:05:06Z","lastEventTime":"2026-11-24T04:05:06Z",
		"mapping":{"userid":"userId","year_":"year"}}`), &want); err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(want)
	if !bytes.Equal(a, b) {
		t.Errorf("got  %s\nwant %s", a, b)
	}
}

func TestSeveralFilesGiveOneAnswerInAnyOrder(t *testing.T) {
	dir := t.TempDir()
	a := write(t, dir, "a.json", "{\"x\":1,\"u\":\"2026-01-01T00:00:00Z\"}\n"+strings.Repeat("x\n", 8))
	b := write(t, dir, "b.json.gz", "{\"x\":1.5,\"y\":{\"z\":[]}}\n"+strings.Repeat("y\n", 8))
	c := write(t, dir, "sub/c", "{\"y\":{\"z\":[true]}}")
	write(t, dir, ".hidden", "{\"hidden\":1}")
	var first, said string
	for _, paths := range [][]string{{a, b, c}, {c, b, a}, {dir}, {filepath.Join(dir, "*"), a}, {b, dir}} {
		var stdout, stderr bytes.Buffer
		exit, err := Run(context.Background(), Options{Paths: paths, JSON: true}, nil, &stdout, &stderr)
		out, remarks := stdout.String(), malformedLines(stderr.String())
		if exit != 0 || err != nil {
			t.Fatal(exit, err)
		}
		if first == "" {
			first, said = out, remarks
		}
		if out != first || remarks != said {
			t.Errorf("%v: %s%s\nis not\n%s%s", paths, out, remarks, first, said)
		}
	}
	if !strings.Contains(first, `"struct<z:array<boolean>>"`) || strings.Contains(first, "hidden") {
		t.Error(first)
	}
}

// malformedLines are the remarks about malformed lines.
func malformedLines(stderr string) string {
	var b strings.Builder
	for line := range strings.Lines(stderr) {
		if strings.HasPrefix(line, "malformed: ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

func TestWhatCannotBeReadToItsEndExitsWithOneAndHidesNothing(t *testing.T) {
	dir := t.TempDir()
	whole := write(t, dir, "whole", "{\"a\":1}\n")
	cut := write(t, dir, "x.gz.cut", "{\"b\":1}\n")
	exit, out, err := run(Options{Paths: []string{cut, whole}, JSON: true}, "")
	if exit != 1 || err == nil || !strings.Contains(err.Error(), cut) || !strings.Contains(out, `"a"`) {
		t.Error(exit, err, out)
	}
	if exit, _, err := run(Options{Paths: []string{filepath.Join(dir, "none")}}, ""); exit != 1 || err == nil {
		t.Error(exit, err)
	}
	if exit, _, err := run(Options{Paths: []string{filepath.Join(dir, "none*")}}, ""); exit != 1 || err == nil {
		t.Error(exit, err)
	}
	if exit, _, err := run(Options{}, ""); exit != 2 || err == nil {
		t.Error(exit, err)
	}
	if exit, _, err := run(Options{Paths: []string{whole}, JSON: true, DDL: true}, ""); exit != 2 || err == nil {
		t.Error(exit, err)
	}
}

func TestDDL(t *testing.T) {
	exit, out, err := run(Options{Paths: []string{"-"}, DDL: true, Table: "db.my-table"},
		`{"it's":1,"day":2,"group":{"order":1,"b-c":[]},"timestamp":"x"}`)
	if exit != 0 || err != nil {
		t.Fatal(exit, err)
	}
	want := "CREATE EXTERNAL TABLE IF NOT EXISTS `db`.`my-table` (\n" +
		"  `day_` bigint,\n  `group_` struct<`b_c`:array<string>,`order`:bigint>,\n  `it_s` bigint,\n  `timestamp` string\n)\n" +
		"PARTITIONED BY (\n  `year` string,\n  `month` string,\n  `day` string,\n  `hour` string\n)\n" +
		"ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'\nWITH SERDEPROPERTIES (\n  'ignore.malformed.json' = 'true',\n" +
		"  'mapping.b_c' = 'b-c',\n  'mapping.day_' = 'day',\n  'mapping.group_' = 'group',\n  'mapping.it_s' = 'it\\'s'\n)\n" +
		"STORED AS INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat'\n" +
		"OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'\n" +
		"LOCATION 's3://amzn-s3-demo-bucket/logs/db.my-table/'\nTBLPROPERTIES ('classification' = 'json');\n"
	if out != want {
		t.Errorf("got %s\nwant %s", out, want)
	}
}

func TestPartitionsComeFromThePaths(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "dt=2026-01-01/a", `{"dt":1,"year":2}`)
	_, out, err := run(Options{Paths: []string{dir}, DDL: true, Table: "t"}, "")
	if err != nil || !strings.Contains(out, "PARTITIONED BY (\n  `dt` string\n)") || !strings.Contains(out, "'mapping.dt_' = 'dt'") || !strings.Contains(out, "`year` bigint") {
		t.Error(out, err)
	}
}

func TestTableForPeopleShowsDrift(t *testing.T) {
	dir := t.TempDir()
	a := write(t, dir, "a", "{\"x\":1,\"Y\":null}\n{\"x\":1}\n{\"x\":\n")
	b := write(t, dir, "b", "{\"x\":1.5}\n")
	_, out, err := run(Options{Paths: []string{a, b}}, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`y ← "Y"`, "bigint in 1, double in 1 file(s)", "missing in 66.7%", "3 records, 0 blank lines, 1 malformed lines in 2 file(s)", "malformed: " + a + ", line 3"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}
