package ndjson

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/go-json-experiment/json/jsontext"

	"crawlerless/lambdas/schema"
)

// The oracle reads a record with jsontext and gives its columns. It knows the
// rules of the package comment and nothing of how they are carried out.
func oracle(line []byte) (schema.Schema, error) {
	d := jsontext.NewDecoder(bytes.NewReader(line), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	caseSensitive := false
	t, _, err := oracleValue(d, 0, &caseSensitive)
	if err != nil {
		return schema.Schema{}, err
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return schema.Schema{}, errors.Join(errors.New("more than a value"), err)
	}
	var columns []schema.Column
	for _, m := range t.Members() {
		columns = append(columns, schema.Column{Key: m.Key, Name: m.Key, Type: m.Type})
	}
	s := schema.New(columns)
	s.CaseSensitive = caseSensitive
	return schema.Merge(s, schema.Schema{}), nil
}

var errLongKey = errors.New("a key that is cut")

// oracleValue also says whether the value is an object with keys that differ
// by case only, and sets caseSensitive where it or an object in it is, as far
// down as objects are looked at.
func oracleValue(d *jsontext.Decoder, depth int, caseSensitive *bool) (t schema.Type, collided bool, err error) {
	token, err := d.ReadToken()
	if err != nil {
		return t, false, err
	}
	switch token.Kind() {
	case 't', 'f':
		return schema.Of(schema.Boolean), false, nil
	case '"':
		return schema.Of(schema.String), false, nil
	case '0':
		return oracleNumber(token.String()), false, nil
	case '[':
		var elem schema.Type
		for d.PeekKind() != ']' {
			one, collided, err := oracleValue(d, depth+1, caseSensitive)
			if err != nil {
				return t, false, err
			}
			elem = schema.MergeTypes(elem, mapped(one, collided))
		}
		_, err = d.ReadToken()
		return schema.ArrayOf(elem), false, err
	case '{':
		var members []schema.Member
		folded := map[string]string{} // the first key of those that differ by case only
		for d.PeekKind() != '}' {
			name, err := d.ReadToken()
			if err != nil {
				return t, false, err
			}
			key := name.String()
			if len(key) > maxKey {
				return t, false, errLongKey
			}
			if first, ok := folded[strings.ToLower(key)]; !ok {
				folded[strings.ToLower(key)] = key
			} else if first != key {
				collided = true
				*caseSensitive = *caseSensitive || depth <= schema.MaxDepth
			}
			one, inner, err := oracleValue(d, depth+1, caseSensitive)
			if err != nil {
				return t, false, err
			}
			members = append(members, schema.Member{Key: key, Type: mapped(one, inner)})
		}
		_, err = d.ReadToken()
		return schema.StructOf(members...), collided, err
	}
	return t, false, nil
}

func mapped(t schema.Type, collided bool) schema.Type {
	if collided {
		return schema.MapOf(schema.Of(schema.String), schema.Of(schema.String))
	}
	return t
}

func oracleNumber(text string) schema.Type {
	if !strings.ContainsAny(text, ".eE") {
		if n, ok := new(big.Int).SetString(text, 10); ok && n.IsInt64() {
			return schema.Of(schema.BigInt)
		}
		return schema.Of(schema.String)
	}
	if mantissa, _, _ := strings.Cut(strings.ToLower(text), "e"); strings.Trim(mantissa, "-0.") == "" {
		return schema.Of(schema.Double)
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || value == 0 {
		return schema.Of(schema.String)
	}
	exact, ok1 := new(big.Rat).SetString(text)
	again, ok2 := new(big.Rat).SetString(strconv.FormatFloat(value, 'e', -1, 64))
	if ok1 && ok2 && exact.Cmp(again) == 0 {
		return schema.Of(schema.Double)
	}
	return schema.Of(schema.String)
}

// byMachine reads with the machine alone.
func byMachine(input []byte) Result {
	s := newScanner(Options{})
	s.started = true
	for line := range bytes.Lines(input) {
		s.line(bytes.TrimSuffix(line, []byte("\n")))
		s.offset += int64(len(line) - len(bytes.TrimSuffix(line, []byte("\n"))))
	}
	return s.result(Options{})
}

func text(r Result) string {
	s, err := json.Marshal(r.Schema)
	if err != nil {
		return err.Error()
	}
	r.Schema, r.CompressedBytes, r.Notes = schema.Schema{}, 0, nil
	rest, err := json.Marshal(r)
	if err != nil {
		return err.Error()
	}
	return string(s) + string(rest)
}

var seeds = []string{
	`{"a":1,"b":"x","c":true,"d":null,"e":[1,2.5,"x"],"f":{"g":{}}}`,
	`{"a": -0.5e-10, "b" : "\u00e9\n" , "c":[ ],"d":{ }}` + "\r\n" + `{"b":"y","a":1}`,
	`{"time":"2026-11-24T04:05:06.789+01:00","ts":1700000000123}`,
	"{\"a\":1}\n\n{\"a\":}\n{\"a\":1.5}\n[]\n{\"a\":\"\xff\"}\n{\"\xff\":1}",
	`{"URL":1,"url":2,"x":{"A":1,"a":2}}`, "{\"x\":{\"A\":1}}\n{\"x\":{\"B\":[{\"c\":1,\"C\":2}],\"b\":0}}", `{"a":1,"a":2.5,"a":"x"}`, `{"a":00}`, `{"a":1e400,"b":123456789012345678901234567890}`,
	`{"a":[[[{"b":[{"c":1},{"c":"x"}]}]]]}`, "\xef\xbb\xbf{\"a\":1}", `{"a":tru}`, `{"a":"\ud800"}`, `{"a":1}{"b":2}`, "{\"a\":1\x00}",
	"{\"a\":1,\"b\":2,\"c\":3}\n{\"a\":1,\"c\":3}\n{\"b\":1,\"c\":3}\n{\"c\":1,\"b\":2,\"a\":3}",
	`{"averyveryverylongkeythatisnotinlined":1,"averyveryverylongkeythatisnotinlinee":2}`,
	"{\"a\":null,\"b\":1}\n{\"a\":{\"c\":\"x\"},\"b\":1}\n{\"a\":null,\"b\":1}\n{\"a\":[{\"c\":\"y\"},{\"c\":\"z\"}],\"b\":1}",
	"{\"a\":\"1\",\"b\":1}\n{\"a\":1,\"b\":1}\n{\"a\":2\",\"b\":1}\n{}\n{\"a\":3,\"a\":4}\n{}",
	"{\"a\":1,\"b\":2}\n{\"a\":1,\"b\":2}\n{\"a\":1,\"b\":2}\n{\"a\":{\"c\":1},\"b\":2}\n{\"a\":[1],\"b\":2}",
	`{"":"","0":{}}`, "{\"0\":null,\"0\":0}\n{}",
	`{"a":{},"b":[],"c":[{}],"d":{"e":[1]},"f":123456789012345,"g":1234567890123456,"h":01}`,
	"{\"a\":\"x\\n\\\\\\u00e9\",\"b\":true}\n{\"a\":\"x\",\"b\":false}\n{\"a\":\"x\\q\",\"b\":falsy}\n{\"a\":\"x\",\"b\":1.50}",
	"{\"time\":\"2026-11-24T04:05:06.789Z\",\"ts\":1}\r\n{\"time\":\"2026-11-24T04:05:60.000Z\",\"ts\":2} \n{\"time\":\"2026-11-24T04:05:6x.000Z\"}",
}

// FuzzLines holds the verdict on every line to encoding/json.Valid, and the
// schema to the oracle; and the quick scanner to the machine, with every
// prediction right and wrong, and however the input is cut into pieces.
func FuzzLines(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		if len(input) > 5000 || bytes.HasPrefix(input, byteOrderMark) {
			t.Skip("not the oracle's")
		}
		var want schema.Schema
		var records, blank, malformed int64
		for line := range bytes.Lines(input) {
			line = bytes.TrimSuffix(line, []byte("\n"))
			trimmed := bytes.Trim(line, " \t\r")
			switch {
			case len(trimmed) == 0:
				blank++
			case trimmed[0] == '{' && json.Valid(line):
				s, err := oracle(line)
				if errors.Is(err, errLongKey) {
					t.Skip(err)
				}
				if err != nil {
					t.Fatalf("%q: the oracles disagree: %v", line, err)
				}
				want = schema.Merge(want, s)
				records++
			default:
				malformed++
			}
		}
		got, err := Infer(context.Background(), bytes.NewReader(input), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got.Records != records || got.Blank != blank || got.MalformedLines != malformed || got.RawBytes != int64(len(input)) {
			t.Fatalf("%d records, %d blank, %d malformed; want %d, %d, %d", got.Records, got.Blank, got.MalformedLines, records, blank, malformed)
		}
		if a, b := text(Result{Schema: got.Schema}), text(Result{Schema: want}); a != b {
			t.Fatalf("got  %s\nwant %s", a, b)
		}
		// What was learned from the first two is followed in those after them.
		again := bytes.Clone(input)
		if len(again) > 0 {
			sum := crc32.ChecksumIEEE(input)
			again[int(sum>>8)%len(again)] = "\"\\{}[],:0 \n1e.nu\x00"[sum&15]
		}
		repeated := bytes.Join([][]byte{input, input, input, again, input}, []byte("\n"))
		once, err := Infer(context.Background(), bytes.NewReader(repeated), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if a, b := text(once), text(byMachine(repeated)); a != b {
			t.Fatalf("got  %s\nthe machine alone has %s", a, b)
		}
		pieces, err := Infer(context.Background(), iotest.HalfReader(bytes.NewReader(repeated)), Options{})
		if err != nil || text(pieces) != text(once) {
			t.Fatalf("in pieces: %s, %v\nin one:    %s", text(pieces), err, text(once))
		}
	})
}

// FuzzSplit cuts the input at a line and wants the merge of both results to be
// that of the whole.
func FuzzSplit(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s+"\n"+seeds[0]+"\n"+s), 1)
	}
	f.Fuzz(func(t *testing.T, input []byte, at int) {
		lines := slices.Collect(bytes.Lines(input))
		if len(lines) == 0 || bytes.Contains(input, byteOrderMark) {
			t.Skip("nothing to cut, or not the same in another place")
		}
		at = int(uint(at) % uint(len(lines)))
		o := Options{Timestamps: true, Partitions: []string{"year"}}
		var results [3]Result
		for i, part := range [][]byte{bytes.Join(lines[:at], nil), bytes.Join(lines[at:], nil), input} {
			var err error
			if results[i], err = Infer(context.Background(), bytes.NewReader(part), o); err != nil {
				t.Skip(err)
			}
			results[i].FirstMalformed = nil // counted from the part's beginning
		}
		for _, merged := range []Result{results[0].Merge(results[1]), results[1].Merge(results[0])} {
			if a, b := text(merged), text(results[2]); a != b {
				t.Fatalf("merged %s\nwhole  %s", a, b)
			}
		}
	})
}

// FuzzDocument wants the records of a document to say what they say as lines.
func FuzzDocument(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		var records, lines bytes.Buffer
		for line := range bytes.Lines(input) {
			line = bytes.Trim(line, " \t\r\n")
			if len(line) == 0 || line[0] != '{' || !json.Valid(line) || bytes.HasPrefix(line, byteOrderMark) {
				continue
			}
			if records.Len() > 0 {
				records.WriteString(" ,\n")
			}
			records.Write(line)
			lines.Write(line)
			lines.WriteByte('\n')
		}
		doc := ` {"before":[1,{"Records":[{"no":1}]}],"Records": [` + records.String() + `],"after":{"Records":[]}} `
		got, err := Infer(context.Background(), iotest.HalfReader(strings.NewReader(doc)), Options{Records: "Records"})
		if err != nil {
			if errors.Is(err, ErrDocument) && strings.Contains(err.Error(), "nested deeper") {
				t.Skip(err)
			}
			t.Fatal(err)
		}
		want, err := Infer(context.Background(), bytes.NewReader(lines.Bytes()), Options{})
		if err != nil {
			t.Fatal(err)
		}
		got.RawBytes, want.RawBytes = 0, 0
		if a, b := text(got), text(want); a != b {
			t.Fatalf("as a document %s\nas lines      %s", a, b)
		}
	})
}
