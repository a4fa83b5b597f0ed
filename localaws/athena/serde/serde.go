// Package serde turns lines of JSON into rows as Athena's two JSON SerDes do:
// org.openx.data.jsonserde.JsonSerDe and Hive's own
// (org.apache.hive.hcatalog.data.JsonSerDe, also known as
// org.apache.hadoop.hive.serde2.JsonSerDe).
//
// The rules are those of Trino's implementations, which Athena engine version 3
// builds on, where AWS's documentation does not say otherwise. A field that is
// missing or null is NULL. A value that its column's type can not hold fails
// the query with HIVE_BAD_DATA, but only a query that reads this column, unless
// the OpenX SerDe is told use.null.for.invalid.data. A line that is no JSON
// fails it with HIVE_CURSOR_ERROR, or is a row of NULLs with
// ignore.malformed.json, which only the OpenX SerDe has.
//
// The two differ in what they forgive. OpenX takes "5" for a bigint, 5 for a
// string, an object for a string (as JSON text), a scalar for an array of one,
// refuses duplicate keys, and reads a line that is no object or array at all
// (plain text, a blank line) as a row of NULLs. Hive's wants JSON of the right
// type, and an object on every line.
package serde

import (
	"fmt"
	"strings"

	"crawlerless/localaws/athena/hive"
	"crawlerless/localaws/athena/javatime"
)

// The SerDe classes.
const (
	OpenX   = "org.openx.data.jsonserde.JsonSerDe"
	HCat    = "org.apache.hive.hcatalog.data.JsonSerDe"
	HiveOwn = "org.apache.hadoop.hive.serde2.JsonSerDe"
)

// Column is a column as the table or partition declares it.
type Column struct {
	Name string
	Type hive.Type
}

// Error is a failure of the query, in Athena's words.
type Error struct {
	Code    string // HIVE_BAD_DATA, HIVE_CURSOR_ERROR
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Decoder reads lines into rows of one list of columns. It may be used by one
// goroutine at a time.
type Decoder struct {
	columns []Column
	names   map[string]int // lower-case column name -> its place
	hive    bool
	openx   openx
	formats []*javatime.Pattern
}

// Supported reports whether class is one of the JSON SerDes.
func Supported(class string) bool { return class == OpenX || class == HCat || class == HiveOwn }

// New makes a decoder for a SerDe class and its parameters.
func New(class string, parameters map[string]string, columns []Column) (*Decoder, error) {
	if !Supported(class) {
		return nil, fmt.Errorf("SerDe %s is not supported: localaws reads %s and %s", class, OpenX, HCat)
	}
	d := &Decoder{columns: columns, hive: class != OpenX, names: make(map[string]int, len(columns))}
	for i, c := range columns {
		name := strings.ToLower(c.Name)
		if _, ok := d.names[name]; ok {
			return nil, &Error{"HIVE_INVALID_METADATA", "Hive metadata for table is invalid: Table descriptor contains duplicate columns: " + name}
		}
		d.names[name] = i
	}
	dialect := javatime.JavaTime
	if d.hive {
		dialect = javatime.Joda
	} else {
		d.openx = newOpenX(parameters)
	}
	for format := range strings.SplitSeq(parameters["timestamp.formats"], ",") {
		if format = strings.TrimSpace(format); format == "" {
			continue
		}
		if strings.EqualFold(format, "millis") {
			format = "" // marks milliseconds
		}
		p, err := javatime.Compile(format, dialect)
		if err != nil {
			return nil, &Error{"HIVE_INVALID_METADATA", "timestamp.formats: " + err.Error()}
		}
		d.formats = append(d.formats, p)
	}
	return d, nil
}

// Decode reads one line, without its end, into row, which has a place for each
// column. A place gets the value, or an *Error where the value can not be had.
// The error that Decode returns is that of the whole line; row is all NULL then.
func (d *Decoder) Decode(line []byte, row []any) error {
	clear(row)
	if d.hive {
		return d.decodeHive(line, row)
	}
	return d.decodeOpenX(line, row)
}

func badData(err error) *Error {
	return &Error{"HIVE_BAD_DATA", "Error Parsing a column in the table: " + err.Error()}
}
