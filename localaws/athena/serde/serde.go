// Package serde turns lines of text into rows as Athena's SerDes do: separated
// fields (lazy.go), a regular expression (regex.go), CSV with quotes (csv.go) and
// the two of JSON:
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
	Lazy    = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
	Regex   = "org.apache.hadoop.hive.serde2.RegexSerDe"
	Contrib = "org.apache.hadoop.hive.contrib.serde2.RegexSerDe"
	CSV     = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
	// Trail reads the objects of CloudTrail; it is JSON's with records to find.
	Trail = "com.amazon.emr.hive.serde.CloudTrailSerde"
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
	decode  func(line []byte, row []any) error
	openx   openx
	lazy    lazy
	regex   groups
	csv     quotes
	formats []*javatime.Pattern
}

// Supported reports whether class is one of the SerDes that are here.
func Supported(class string) bool {
	switch class {
	case OpenX, HCat, HiveOwn, Lazy, Regex, Contrib, CSV, Trail:
		return true
	}
	return false
}

// Text reports whether class reads plain text, whose first lines may be a header
// (skip.header.line.count).
func Text(class string) bool {
	return class == Lazy || class == Regex || class == Contrib || class == CSV
}

// New makes a decoder for a SerDe class and its parameters.
func New(class string, parameters map[string]string, columns []Column) (*Decoder, error) {
	if !Supported(class) {
		return nil, fmt.Errorf("SerDe %s is not supported by localaws", class)
	}
	d := &Decoder{columns: columns, names: make(map[string]int, len(columns))}
	for i, c := range columns {
		name := strings.ToLower(c.Name)
		if _, ok := d.names[name]; ok {
			return nil, &Error{"HIVE_INVALID_METADATA", "Hive metadata for table is invalid: Table descriptor contains duplicate columns: " + name}
		}
		d.names[name] = i
	}
	dialect := javatime.Joda
	var err error
	switch class {
	case OpenX:
		dialect = javatime.JavaTime
		d.openx, d.decode = newOpenX(parameters), d.decodeOpenX
	case Lazy:
		d.lazy, d.decode = newLazy(parameters), d.decodeLazy
	case Regex, Contrib:
		d.decode = d.decodeRegex
		d.regex, err = newRegex(parameters)
	case CSV:
		d.decode = d.decodeCSV
		d.csv, err = newCSV(parameters)
	default:
		d.decode = d.decodeHive
	}
	if err != nil {
		return nil, err
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
	return d.decode(line, row)
}

func badData(err error) *Error {
	return &Error{"HIVE_BAD_DATA", "Error Parsing a column in the table: " + err.Error()}
}
