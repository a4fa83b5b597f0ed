package ndjson

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
)

func gzipped(parts ...string) string {
	var b bytes.Buffer
	for _, p := range parts {
		w := gzip.NewWriter(&b)
		_, _ = io.WriteString(w, p)
		_ = w.Close()
	}
	return b.String()
}

func zstandard(text string) string {
	var b bytes.Buffer
	w, _ := zstd.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}

// The corpus of awkward inputs, each with its expected answer.
func TestAwkwardInputs(t *testing.T) {
	deep := func(open, closing string, n int) string {
		return `{"a":` + strings.Repeat(open, n) + "1" + strings.Repeat(closing, n) + "}"
	}
	long := strings.Repeat("x", 3<<20)
	var ids strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&ids, "{\"id-%d\":1,\"level\":\"info\"}\n", i)
	}
	type answer struct {
		schema                    string
		records, blank, malformed int64
		reason                    string // of the first malformed line
		note                      string // part of the first note
		err                       error
	}
	for _, c := range []struct {
		rule, in string
		o        Options
		want     answer
	}{
		{"nothing at all", "", Options{}, answer{}},
		{"a byte-order mark at the beginning is skipped", "\xef\xbb\xbf{\"a\":1}\n", Options{}, answer{schema: "a:bigint", records: 1}},
		{"also one that is packed", gzipped("\xef\xbb\xbf{\"a\":1}\n"), Options{}, answer{schema: "a:bigint", records: 1}},
		{"anywhere else it is a stray byte", "{\"a\":1}\n\xef\xbb\xbf{\"a\":1}\n", Options{}, answer{schema: "a:bigint", records: 1, malformed: 1, reason: "byte 0xef instead of a JSON object"}},
		{"a byte-order mark alone", "\xef\xbb\xbf", Options{}, answer{}},
		{"CRLF, and a blank line of CR", "{\"a\":1}\r\n\r\n{\"a\":2}\r\n", Options{}, answer{schema: "a:bigint", records: 2, blank: 1}},
		{"no LF at the end", "{\"a\":1}\n{\"a\":2.5}", Options{}, answer{schema: "a:double", records: 2}},
		{"NUL between records", "{\"a\":1}\n\x00\x00\n", Options{}, answer{schema: "a:bigint", records: 1, malformed: 1, reason: "byte 0x00 instead of a JSON object"}},
		{"NUL behind a record", "{\"a\":1}\x00\n", Options{}, answer{malformed: 1, reason: "byte 0x00 after the value"}},
		{"NUL in a string", "{\"a\":\"\x00\"}\n", Options{}, answer{malformed: 1, reason: "byte 0x00 in a string"}},
		{"NUL that is escaped", `{"a":"\u0000"}`, Options{}, answer{schema: "a:string", records: 1}},
		{"invalid UTF-8 in a value is text, as for json.Valid", "{\"a\":\"\xff\xfe\"}\n", Options{}, answer{schema: "a:string", records: 1}},
		{"in a key it becomes U+FFFD", "{\"a\xff\":1}\n", Options{}, answer{schema: "a_:bigint", records: 1}},
		{"outside of a string it is malformed", "{\"a\":\xff}\n", Options{}, answer{malformed: 1, reason: "byte 0xff instead of a value"}},
		{"lone surrogates", `{"\ud800":"\udc00"}`, Options{}, answer{schema: "_:string", records: 1}},
		{"an escaped key is the key", `{"\u0061":1}` + "\n" + `{"a":2.5}`, Options{}, answer{schema: "a:double", records: 2}},
		{"keys that are there twice", `{"a":1,"a":null,"a":"x"}`, Options{}, answer{schema: "a:string", records: 1}},
		{"keys that differ by case, in one record", `{"A":1,"a":"x"}`, Options{}, answer{schema: "a:string a_559aead0:bigint", records: 1}},
		{"in objects below the top: a map", `{"x":{"A":1,"a":2}}`, Options{}, answer{schema: "x:map<string,string>", records: 1}},
		{"letters that are shorter in lower case", "{\"\u212a\":1,\"k\":2.5}", Options{}, answer{schema: "k:double k_2bc4fb87:bigint", records: 1}},
		{"the empty key", `{"":1}`, Options{}, answer{schema: "_:bigint", records: 1}},
		{"names that Athena reserves, or the partitions have", `{"order":1,"year":2,"a.b":3}`, Options{Partitions: []string{"year"}}, answer{schema: "a_b:bigint order_:bigint year_:bigint", records: 1}},
		{"nested as deep as encoding/json reads", deep("[", "]", 9_999), Options{}, answer{schema: "a:" + strings.Repeat("array<", 16) + "string" + strings.Repeat(">", 16), records: 1}},
		{"and deeper", deep("[", "]", 10_000), Options{}, answer{malformed: 1, reason: "nested deeper than 10000"}},
		{"objects, too", deep(`{"a":`, "}", 10_000), Options{}, answer{malformed: 1, reason: "nested deeper than 10000"}},
		{"a million brackets", `{"a":` + strings.Repeat("[", 1_000_000) + "\n{\"b\":1}", Options{}, answer{schema: "b:bigint", records: 1, malformed: 1, reason: "nested deeper than 10000"}},
		{"a line of megabytes", `{"a":"` + long + `","b":[` + strings.Repeat("1,", 1<<20) + "1]}\n{\"c\":1}", Options{}, answer{schema: "a:string b:array<bigint> c:bigint", records: 2}},
		{"one that is malformed at its end", `{"a":"` + long + "\"]\n{\"c\":1}", Options{}, answer{schema: "c:bigint", records: 1, malformed: 1, reason: "']' instead of '}' or a comma"}},
		{"a number of megabytes", `{"a":` + strings.Repeat("9", 1<<20) + "}", Options{}, answer{schema: "a:string", records: 1}},
		{"numbers", `{"a":1E400,"b":-0,"c":1.0,"d":9007199254740993,"e":0.1e1,"f":1e5,"g":-0.0,"h":0.1e-400,"i":100000000000000000000}`, Options{}, answer{schema: "a:string b:bigint c:double d:bigint e:double f:double g:double h:string i:string", records: 1}},
		{"numbers that are none", "{\"a\":01}\n{\"a\":+1}\n{\"a\":.5}\n{\"a\":1.}\n{\"a\":NaN}\n{\"a\":0x1}\n{\"a\":1e}\n{\"a\":-}", Options{}, answer{malformed: 8, reason: "'1' instead of '}' or a comma"}},
		{"JSON of other dialects", "{'a':1}\n{a:1}\n{\"a\":1,}\n{\"a\":1}//\n[1]\n\"x\"\n1\nnull", Options{}, answer{malformed: 8, reason: `'\'' instead of a key`}},
		{"keys that are identifiers", ids.String(), Options{}, answer{schema: "level:string", records: 20_000, note: "more keys at the top level"}},
		{"records without a delimiter between them", `{"a":1}{"a":2}` + "\n", Options{}, answer{malformed: 1, reason: "'{' after the value", note: "without a delimiter"}},
		{"CloudTrail's document, as lines", `{"Records":[{"a":1}]}`, Options{}, answer{schema: "records:array<struct<a:bigint>>", records: 1, note: "--records Records"}},
		{"as what it is", `{"Records":[{"a":1},{"a":2.5}]}`, Options{Records: "Records"}, answer{schema: "a:double", records: 2}},
		{"printed over many lines", "{\n \"Records\": [\n  {\"a\":1}\n ]\n}\n", Options{}, answer{schema: "a:bigint", records: 1, malformed: 4, reason: "the text ends within a value", note: "--records Records"}},
		{"an array", `[{"a":1}]`, Options{}, answer{malformed: 1, reason: "no JSON object", note: "--records ."}},
		{"a document that is cut", `{"Records":[{"a":1},{"a":`, Options{Records: "Records"}, answer{schema: "a:bigint", records: 1, err: ErrDocument}},
		{"one object over many lines", "{\n \"a\": 1\n}\n", Options{}, answer{malformed: 3, reason: "the text ends within a value", note: "spread over several lines"}},
		{"plain text", "10.0.0.1 - - [x] \"GET / HTTP/1.1\" 200\n", Options{}, answer{malformed: 1, reason: "no JSON object", note: "one JSON object on a line of its own"}},
		{"a zip archive", "PK\x03\x04\n", Options{}, answer{malformed: 1, reason: "'P' instead of a JSON object", note: "a zip archive, which is not read"}},
		{"bzip2", "BZh91AY&SY\x01\n", Options{}, answer{malformed: 1, reason: "'B' instead of a JSON object", note: "compressed with bzip2"}},
		{"an ORC file", "ORC\x01\x02\n", Options{}, answer{malformed: 1, reason: "'O' instead of a JSON object", note: "an ORC file"}},
		{"words that begin like ORC", "ORCHESTRATOR started\n", Options{}, answer{malformed: 1, reason: "'O' instead of a JSON object", note: "one JSON object on a line of its own"}},
		{"words that begin like bzip2", "BZh9 is a label\n", Options{}, answer{malformed: 1, reason: "'B' instead of a JSON object", note: "one JSON object on a line of its own"}},
		{"UTF-16", "\xff\xfe{\x00\"\x00", Options{}, answer{malformed: 1, reason: "byte 0xff instead of a JSON object", note: "UTF-16"}},
		{"gzip of several members", gzipped(`{"a":1}`, "\n{\"a\"", ":2.5}\n", ""), Options{}, answer{schema: "a:double", records: 2}},
		{"gzip that is cut", gzipped("{\"a\":1}\n{\"a\":2}\n")[:30], Options{}, answer{schema: "a:bigint", records: 2, err: ErrTruncated}},
		{"gzip that is damaged", gzipped("{\"a\":1}\n")[:24] + "\x00\x00\x00\x00\x00\x00\x00\x00", Options{}, answer{schema: "a:bigint", records: 1, err: ErrCorrupt}},
		{"gzip with something behind it", gzipped("{\"a\":1}\n") + "rubbish, and more of it", Options{}, answer{schema: "a:bigint", records: 1, err: ErrCorrupt}},
		{"a bomb", gzipped(strings.Repeat("{\"a\":1}\n", 1<<20)), Options{MaxRawBytes: 80}, answer{schema: "a:bigint", records: 10, err: ErrTooLarge}},
		{"exactly as large as allowed", "{\"a\":1}\n", Options{MaxRawBytes: 8}, answer{schema: "a:bigint", records: 1}},
		{"zstd", zstandard("{\"a\":1}\n"), Options{}, answer{schema: "a:bigint", records: 1}},
		{"zstd that is cut", zstandard(strings.Repeat("{\"a\":1}\n", 1<<15))[:20], Options{}, answer{err: ErrTruncated}},
	} {
		for way, wrap := range map[string]func(io.Reader) io.Reader{
			"whole": func(r io.Reader) io.Reader { return r }, "in pieces": iotest.HalfReader, "byte by byte": iotest.OneByteReader,
		} {
			if way == "byte by byte" && len(c.in) > 1<<16 {
				continue
			}
			r, err := Infer(context.Background(), wrap(strings.NewReader(c.in)), c.o)
			got := answer{schema: hive(r), records: r.Records, blank: r.Blank, malformed: r.MalformedLines, err: c.want.err}
			if len(r.FirstMalformed) > 0 {
				got.reason = r.FirstMalformed[0].Reason
			}
			if len(r.Notes) > 0 {
				got.note = r.Notes[0]
				if c.want.note != "" && strings.Contains(got.note, c.want.note) {
					got.note = c.want.note
				}
			}
			if !errors.Is(err, c.want.err) || (err == nil) != (c.want.err == nil) {
				t.Errorf("%s, %s: error %v, want %v", c.rule, way, err, c.want.err)
			}
			if got != c.want {
				t.Errorf("%s, %s:\ngot  %+v\nwant %+v", c.rule, way, got, c.want)
			}
		}
	}
}

// What a column's type reads of a number is the number: the SerDe hands on its
// text, and Athena parses it by the column's type.
func TestTypesReadNumbersWithoutLoss(t *testing.T) {
	for _, number := range []string{
		"0", "1", "-1", "9007199254740993", "-9223372036854775808", "9223372036854775807", "9223372036854775808", "1e400", "-1e-400",
		"0.1", "1.0", "0.1e1", "123456789.123456789", "0.1234567890123456789", "1e22", "1e23", "4.9e-324", "2.5e-324", "100000000000000000000.5", "1E+2",
	} {
		r := infer(t, `{"a":`+number+`}`, Options{})
		var exact, read json.Number = json.Number(number), ""
		switch got := r.Schema.Columns[0].Type.Hive(); got {
		case "bigint":
			n, err := exact.Int64()
			if err != nil {
				t.Errorf("%s is no bigint", number)
			}
			read = json.Number(fmt.Sprint(n))
		case "double":
			f, err := exact.Float64()
			if err != nil {
				t.Errorf("%s is no double", number)
			}
			read = json.Number(fmt.Sprintf("%.17g", f))
			if shortest, _ := json.Marshal(f); !sameDecimal(string(shortest), number) {
				t.Errorf("%s reads back as %s, %s", number, shortest, read)
			}
			continue
		case "string":
			read = exact
		default:
			t.Errorf("%s is %s", number, got)
		}
		if !sameDecimal(string(read), number) {
			t.Errorf("%s reads back as %s", number, read)
		}
	}
}

// sameDecimal compares exactly, by big.Rat.
func sameDecimal(a, b string) bool {
	if a == b {
		return true // also of numbers that are too long to be made
	}
	x, ok1 := new(big.Rat).SetString(a)
	y, ok2 := new(big.Rat).SetString(b)
	return ok1 && ok2 && x.Cmp(y) == 0
}
