package infer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"crawlerless/automation/console"
	"crawlerless/lambdas/ndjson"
)

// document is the answer to --json. Its form is a promise: members are not
// added.
type document struct {
	Columns        []documentColumn  `json:"columns"`
	Records        int64             `json:"records"`
	Blank          int64             `json:"blank"`
	Malformed      int64             `json:"malformed"`
	Bytes          documentBytes     `json:"bytes"`
	FirstEventTime *time.Time        `json:"firstEventTime"`
	LastEventTime  *time.Time        `json:"lastEventTime"`
	Mapping        map[string]string `json:"mapping"`
	Fingerprint    string            `json:"fingerprint"`
}

type documentColumn struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Nulls int64  `json:"nulls"` // records that have the key, with null
}

type documentBytes struct {
	Compressed int64 `json:"compressed"`
	Raw        int64 `json:"raw"`
}

func (a answer) json(w io.Writer) error {
	r := a.result
	d := document{
		Columns: []documentColumn{}, Records: r.Records, Blank: r.Blank, Malformed: r.MalformedLines,
		Bytes:          documentBytes{r.CompressedBytes, r.RawBytes},
		FirstEventTime: r.FirstEventTime, LastEventTime: r.LastEventTime,
		Mapping: r.Schema.Mapping(),
		// As the Lambda has it: of what may be written to the catalog.
		Fingerprint: r.Schema.Settled().Fingerprint(),
	}
	for _, c := range a.columns() {
		d.Columns = append(d.Columns, documentColumn{c.Name, c.Type.Hive(), c.nulls})
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(d)
}

// people prints the answer for people.
func (a answer) people(con *console.Console) {
	r := a.result
	var rows [][]*string
	for _, c := range a.columns() {
		name, typ, nulls, drift := c.Name, c.Type.Hive(), strconv.FormatInt(c.nulls, 10), a.drift(c)
		if key := c.Key; key != c.Name {
			name += " ← " + strconv.Quote(key)
		}
		rows = append(rows, []*string{&name, &typ, &nulls, &drift})
	}
	con.Table([]string{"column", "type", "nulls", "drift"}, rows)
	con.Printf("%d records, %d blank lines, %d malformed lines in %d file(s); %s packed, %s unpacked\n",
		r.Records, r.Blank, r.MalformedLines, len(a.files), console.Bytes(r.CompressedBytes), console.Bytes(r.RawBytes))
	switch {
	case r.FirstEventTime != nil:
		con.Printf("events from %s to %s\n", r.FirstEventTime.Format(time.RFC3339Nano), r.LastEventTime.Format(time.RFC3339Nano))
	case r.Records > 0:
		con.Printf("no event has a time that can be read at the top of its record, under one of the keys looked at (--time-field names another)\n")
	}
}

// remarks are what a person should know besides the answer: where lines are
// malformed, and what is odd about the input.
func (a answer) remarks(print func(format string, args ...any)) {
	shown := 0
	for _, f := range a.files {
		for _, m := range f.malformed {
			if shown++; shown > ndjson.MaxReported {
				break
			}
			print("malformed: %s, line %d, byte %d: %s\n", f.name, m.Line, m.Offset, m.Reason)
		}
	}
	if more := a.result.MalformedLines - int64(min(shown, ndjson.MaxReported)); more > 0 {
		print("malformed: %d more lines\n", more)
	}
	for _, n := range a.result.Notes {
		print("note: %s\n", n)
	}
}

// drift says how a column differs between records and between files.
func (a answer) drift(c column) string {
	var parts []string
	if c.missing > 0 && a.result.Records > 0 {
		parts = append(parts, fmt.Sprintf("missing in %.3g%%", 100*float64(c.missing)/float64(a.result.Records)))
	}
	types := map[string]int{}
	for _, f := range a.files {
		if t, ok := f.types[c.Name]; ok {
			types[t]++
		}
	}
	if len(types) > 1 {
		var each []string
		for _, t := range slices.Sorted(maps.Keys(types)) {
			each = append(each, fmt.Sprintf("%s in %d", t, types[t]))
		}
		parts = append(parts, strings.Join(each, ", ")+" file(s)")
	}
	if len(c.Variants) > 0 {
		keys := make([]string, len(c.Variants))
		for i, v := range c.Variants {
			keys[i] = strconv.Quote(v.Key)
		}
		parts = append(parts, "keys "+strings.Join(keys, ", "))
	}
	return strings.Join(parts, "; ")
}

// ddl is a statement that Athena accepts. Every name is quoted, because some
// words are reserved in DDL only.
// https://docs.aws.amazon.com/athena/latest/ug/create-table.html
func (a answer) ddl(o Options) (string, error) {
	if len(a.result.Schema.Columns) == 0 {
		return "", errors.New("no record was found, so that there is no column to declare")
	}
	table := o.Table
	if table == "" {
		table = tableName(slices.Sorted(slices.Values(o.Paths)))
	}
	location := o.Location
	if location == "" {
		location = "s3://amzn-s3-demo-bucket/logs/" + table + "/"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE EXTERNAL TABLE IF NOT EXISTS %s (\n", quoteTable(table))
	for i, c := range a.result.Schema.Columns {
		fmt.Fprintf(&b, "  %s %s%s\n", quoteName(c.Name), c.Type.HiveQuoted(), comma(i, len(a.result.Schema.Columns)))
	}
	b.WriteString(")\n")
	if len(a.partitions) > 0 {
		b.WriteString("PARTITIONED BY (\n")
		for i, p := range a.partitions {
			fmt.Fprintf(&b, "  %s string%s\n", quoteName(p), comma(i, len(a.partitions)))
		}
		b.WriteString(")\n")
	}
	b.WriteString("ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'\nWITH SERDEPROPERTIES (\n")
	properties := a.result.Schema.SerDeParameters()
	properties["ignore.malformed.json"] = "true"
	names := slices.Sorted(maps.Keys(properties))
	for i, name := range names {
		fmt.Fprintf(&b, "  %s = %s%s\n", quoteText(name), quoteText(properties[name]), comma(i, len(names)))
	}
	b.WriteString(")\nSTORED AS INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat'\n" +
		"OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'\n")
	fmt.Fprintf(&b, "LOCATION %s\nTBLPROPERTIES ('classification' = 'json');\n", quoteText(location))
	return b.String(), nil
}

func comma(i, n int) string {
	if i < n-1 {
		return ","
	}
	return ""
}

func quoteName(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// quoteTable quotes database and table, each.
func quoteTable(name string) string {
	if database, table, ok := strings.Cut(name, "."); ok {
		return quoteName(database) + "." + quoteName(table)
	}
	return quoteName(name)
}

// quoteText is a string of Hive's DDL, which escapes with a backslash.
func quoteText(s string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range s {
		switch {
		case r == '\'' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('\'')
	return b.String()
}
