package ndjson

import (
	"bytes"
	"fmt"
)

// shape recognises inputs that are not lines, so that a person is told.
type shape struct {
	beginning []byte
}

const shapeBytes = 512

// anotherObject is the reason of a line that goes on with a second object.
var anotherObject = show('{') + afterValue

// look is shown every window, which begins at offset, and keeps the beginning
// of the input however small the pieces are in which it comes.
func (s *shape) look(p []byte, offset int64) {
	have := len(s.beginning)
	if have == shapeBytes || offset > int64(have) || have-int(offset) >= len(p) {
		return
	}
	p = p[have-int(offset):]
	s.beginning = append(s.beginning, p[:min(len(p), shapeBytes-have)]...)
}

func (s *shape) notes(sc *scanner, o Options) []string {
	if o.Records != "" {
		return nil
	}
	var notes []string
	b := bytes.TrimLeft(bytes.TrimPrefix(s.beginning, byteOrderMark), " \t\r\n")
	key, array := arrayUnderKey(b)
	whole := sc.t.records <= 1
	switch {
	case looksLikeUTF16(s.beginning):
		notes = append(notes, "the input looks like UTF-16; JSON in S3 must be UTF-8 to be read")
	case packed(b) != "":
		notes = append(notes, "the input is "+packed(b)+", which is not read: unpack it first, or write its rows as JSON lines")
	case array && whole && key != "":
		notes = append(notes, fmt.Sprintf("the input is one JSON document with its records in an array under %[1]q instead of lines: write each on a line of its own (jq -c '.[%[1]q][]'), or look into it with infer --records %[1]s; Athena's JSON SerDe reads one record per line", key))
	case len(b) > 0 && b[0] == '[' && sc.t.records == 0:
		notes = append(notes, "the input is one JSON array instead of lines: write each element on a line of its own (jq -c '.[]'), or look into it with infer --records .; Athena's JSON SerDe reads one record per line")
	case len(b) > 0 && b[0] == '{' && sc.t.records == 0 && sc.malforms > 1 && sc.first[0].Reason == endsWithin:
		notes = append(notes, "the input looks like JSON documents spread over several lines: write each on a line of its own (jq -c .); Athena's JSON SerDe reads one record per line")
	case len(b) > 0 && b[0] != '{' && b[0] != '[' && sc.t.records == 0 && sc.malforms > 0:
		notes = append(notes, "the input is no JSON: have each event written as one JSON object on a line of its own; of other text Athena's JSON SerDe makes rows of NULLs")
	}
	for _, m := range sc.first {
		if m.Reason == anotherObject {
			notes = append(notes, "several JSON objects stand on one line, as Firehose writes them without a delimiter; Athena's JSON SerDe reads one record per line")
			break
		}
	}
	if sc.t.overflow {
		notes = append(notes, "there are more keys at the top level than a table can have columns; those that look like identifiers were left out")
	}
	return notes
}

// packed names what the bytes begin like, of what people have logs in and that
// holds no lines as it is.
func packed(b []byte) string {
	for _, known := range [...]struct{ magic, name string }{
		{"PK\x03\x04", "a zip archive"},
		{"\xfd7zXZ", "compressed with xz"},
		{"PAR1", "a Parquet file"},
		{"Obj\x01", "an Avro file"},
	} {
		if bytes.HasPrefix(b, []byte(known.magic)) {
			return known.name
		}
	}
	switch { // a word may begin like these
	case len(b) > 9 && string(b[:3]) == "BZh" && string(b[4:10]) == "1AY&SY":
		return "compressed with bzip2"
	case len(b) > 3 && string(b[:3]) == "ORC" && b[3] < ' ' && b[3] != '\t' && b[3] != '\n' && b[3] != '\r':
		return "an ORC file"
	}
	return ""
}

func looksLikeUTF16(b []byte) bool {
	return bytes.HasPrefix(b, []byte{0xff, 0xfe}) || bytes.HasPrefix(b, []byte{0xfe, 0xff}) ||
		len(b) >= 4 && (b[0] == '{' && b[1] == 0 || b[0] == 0 && b[1] == '{')
}

// arrayUnderKey recognises {"Records":[{ at the beginning.
func arrayUnderKey(b []byte) (key string, ok bool) {
	skip := func() { b = bytes.TrimLeft(b, " \t\r\n") }
	accept := func(c byte) bool {
		skip()
		if len(b) == 0 || b[0] != c {
			return false
		}
		b = b[1:]
		return true
	}
	if !accept('{') || !accept('"') {
		return "", false
	}
	end := bytes.IndexByte(b, '"')
	if end <= 0 || bytes.IndexByte(b[:end], '\\') >= 0 {
		return "", false
	}
	key, b = string(b[:end]), b[end+1:]
	return key, accept(':') && accept('[') && accept('{')
}
