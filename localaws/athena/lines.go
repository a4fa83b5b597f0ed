package athena

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"

	"crawlerless/localaws/athena/serde"
)

// trailInput is the input format of CloudTrail's objects.
const trailInput = "com.amazon.emr.cloudtrail.CloudTrailInputFormat"

// lineReader answers the lines of an object that are rows, without their ends.
type lineReader interface {
	// next is nil, nil after the last line.
	next() ([]byte, error)
}

const byteOrderMark = "\xef\xbb\xbf"

// linesOf reads an object as the SerDe, the input format and the table's
// properties want.
func linesOf(raw io.Reader, p part) lineReader {
	plain := &plainLines{r: bufio.NewReaderSize(raw, 256<<10)}
	// Trino's line reader skips a byte-order mark at the beginning of an object.
	if mark, err := plain.r.Peek(len(byteOrderMark)); err == nil && string(mark) == byteOrderMark {
		_, _ = plain.r.Discard(len(byteOrderMark)) // it is in the buffer
	}
	if p.trail {
		return &trailLines{documents: plain}
	}
	if serde.Text(p.serde) && (p.header > 0 || p.footer > 0) {
		return &bodyLines{lines: plain, header: p.header, footer: p.footer}
	}
	return plain
}

// lineCount is a property that counts lines; what is no number counts none.
func lineCount(properties map[string]string, name string) int {
	n, err := strconv.Atoi(properties[name])
	if err != nil {
		return 0
	}
	return max(0, n)
}

type plainLines struct {
	r    *bufio.Reader
	done bool
}

func (l *plainLines) next() ([]byte, error) {
	if l.done {
		return nil, nil
	}
	line, err := l.r.ReadBytes('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if l.done = err != nil; l.done && len(line) == 0 {
		return nil, nil
	}
	line = bytes.TrimRight(line, "\r\n")
	if line == nil {
		line = []byte{}
	}
	return line, nil
}

// bodyLines leaves out the first and the last lines.
type bodyLines struct {
	lines          lineReader
	header, footer int
	held           [][]byte
}

func (l *bodyLines) next() ([]byte, error) {
	for ; l.header > 0; l.header-- {
		if line, err := l.lines.next(); line == nil || err != nil {
			return nil, err
		}
	}
	for len(l.held) <= l.footer {
		line, err := l.lines.next()
		if line == nil || err != nil {
			return nil, err
		}
		l.held = append(l.held, line)
	}
	line := l.held[0]
	l.held = l.held[1:]
	return line, nil
}

// trailLines answers each of the Records of CloudTrail's documents. What has no
// records is left out; members that have a form of their own in each service
// become texts. CloudTrailLineReader of trinodb/trino.
type trailLines struct {
	documents lineReader
	records   []map[string]json.RawMessage
}

func (l *trailLines) next() ([]byte, error) {
	for len(l.records) == 0 {
		line, err := l.documents.next()
		if line == nil || err != nil {
			return nil, err
		}
		var document struct{ Records []map[string]json.RawMessage }
		if json.Unmarshal(line, &document) == nil {
			l.records = document.Records
		}
	}
	record := l.records[0]
	l.records = l.records[1:]
	asText := func(from, to string) error {
		value, ok := record[from]
		if !ok {
			return nil
		}
		if string(value) == "null" {
			delete(record, from)
			return nil
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, value); err != nil {
			return err
		}
		text, err := json.Marshal(compact.String())
		record[to] = text
		return err
	}
	for _, name := range []string{"requestParameters", "responseElements", "additionalEventData", "serviceEventDetails"} {
		if err := asText(name, name); err != nil {
			return nil, err
		}
	}
	if err := asText("userIdentity", "userIdentity_as_string"); err != nil {
		return nil, err
	}
	return json.Marshal(record)
}
