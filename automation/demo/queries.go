package demo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"

	"crawlerless/automation/console"
	"crawlerless/automation/observe"
	"crawlerless/stack/pipeline"
)

// shown is how many rows of an answer are printed.
const shown = 12

// question is one query with what it is about.
type question struct{ title, sql string }

// queries asks and prints. What the generator writes is known, so the questions
// are to the point; of the user's own logs the catalog says what there is.
func (d *Demo) queries(ctx context.Context) error {
	table := d.out.Tables[d.summary.source]
	var list []question
	t, err := observe.Open(d.local.AWS(), d.out).Table(ctx, d.summary.source)
	if err != nil {
		return err
	}
	if d.inputs == nil {
		list = generatorQuestions(table, d.summary.From, t)
	} else {
		d.printColumns(t)
		if list, err = d.inputQuestions(ctx, t); err != nil {
			return err
		}
	}
	for _, q := range list {
		r, err := d.athena().Query(ctx, q.sql, shown)
		if err != nil {
			return fmt.Errorf("%s: %w", q.sql, err)
		}
		d.summary.Queries++
		d.summary.ScannedBytes += r.ScannedBytes
		d.console.Printf("\n%s\n  %s\n", d.console.Bold(q.title), q.sql)
		d.console.Table(r.Columns, r.Rows)
		more := ""
		if r.Truncated {
			more = fmt.Sprintf(" (the first %d rows)", shown)
		}
		d.console.Printf("%s scanned%s\n", console.Bytes(r.ScannedBytes), more)
	}
	return nil
}

// generatorQuestions leave out what needs a column that so few events may not
// have brought.
func generatorQuestions(table string, from time.Time, t observe.Table) []question {
	has := func(name string) bool {
		return slices.ContainsFunc(t.Columns, func(c gluetypes.Column) bool { return aws.ToString(c.Name) == name })
	}
	hour := from.UTC().Format("year = '2006' AND month = '01' AND day = '02' AND hour = '15'")
	list := []question{
		{"Events by partition", fmt.Sprintf(`SELECT year, month, day, hour, count(*) AS events FROM "%s" GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`, table)},
		{"One hour only: the partitions keep the scan small", fmt.Sprintf(`SELECT level, count(*) AS events FROM "%s" WHERE %s GROUP BY level ORDER BY events DESC`, table, hour)},
	}
	if has("request") {
		list = append(list, question{"How long calls take", fmt.Sprintf(`SELECT service, count(*) AS calls, round(avg(request.latency_ms), 1) AS avg_ms, round(approx_percentile(request.latency_ms, 0.95), 1) AS p95_ms, count_if(request.status >= 500) AS failed FROM "%s" WHERE request IS NOT NULL GROUP BY service ORDER BY calls DESC`, table)})
	}
	if !has("request") || !has("error") {
		list = append(list, question{"Events by service", fmt.Sprintf(`SELECT service, count(*) AS events FROM "%s" GROUP BY 1 ORDER BY 2 DESC, 1`, table)})
	}
	if has("error") {
		list = append(list, question{"What fails", fmt.Sprintf(`SELECT error.kind, error.retryable, count(*) AS events, max(timestamp) AS last FROM "%s" WHERE level = 'ERROR' GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2`, table)})
	}
	return list
}

// inputQuestions are questions that every table answers, and the most telling
// column of this one.
func (d *Demo) inputQuestions(ctx context.Context, t observe.Table) ([]question, error) {
	byPartition := question{"Events by partition", fmt.Sprintf(`SELECT year, month, day, hour, count(*) AS events FROM "%s" GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`, t.Name)}
	columns, err := d.filled(ctx, t)
	if err != nil {
		return nil, err
	}
	if len(columns) == 0 {
		return []question{byPartition, {"How many events", fmt.Sprintf(`SELECT count(*) AS events FROM "%s"`, t.Name)}, {"The first events", fmt.Sprintf(`SELECT * FROM "%s" LIMIT 5`, t.Name)}}, nil
	}
	title := "The first events"
	if len(t.Columns) > shownColumns {
		title = fmt.Sprintf("The first events: %d of the %d columns", min(shownColumns, len(columns)), len(t.Columns))
	}
	var names, set []string
	for _, c := range columns[:min(shownColumns, len(columns))] {
		names = append(names, identifier(c.name))
		set = append(set, identifier(c.name)+" IS NOT NULL")
	}
	list := []question{byPartition, {title, fmt.Sprintf(`SELECT %s FROM "%s" WHERE %s LIMIT 5`, strings.Join(names, ", "), t.Name, strings.Join(set, " OR "))}}
	if c, ok := telling(columns); ok {
		return append(list, question{
			fmt.Sprintf("Events by %s (%d values)", c.name, c.distinct),
			fmt.Sprintf(`SELECT %s, count(*) AS events FROM "%s" GROUP BY 1 ORDER BY 2 DESC LIMIT %d`, identifier(c.name), t.Name, shown),
		}), nil
	}
	return append(list, question{"How many events", fmt.Sprintf(`SELECT count(*) AS events FROM "%s"`, t.Name)}), nil
}

// A table may have hundreds of columns: so many are looked at, and so many of
// the fullest are shown.
const (
	lookedAtColumns = 60
	shownColumns    = 8
)

// column is how well a column is filled.
type column struct {
	name             string
	values, distinct int // distinct is 0 of what has members
}

// filled counts the values of the first columns, the fullest first, without
// the empty ones.
func (d *Demo) filled(ctx context.Context, t observe.Table) ([]column, error) {
	var columns []column
	var counts []string
	for _, c := range t.Columns[:min(lookedAtColumns, len(t.Columns))] {
		name := aws.ToString(c.Name)
		distinct := "0"
		switch aws.ToString(c.Type) {
		case "string", "boolean", "bigint":
			distinct = fmt.Sprintf("count(DISTINCT %s)", identifier(name))
		}
		columns = append(columns, column{name: name})
		counts = append(counts, fmt.Sprintf("count(%s), %s", identifier(name), distinct))
	}
	if len(columns) == 0 {
		return nil, nil
	}
	r, err := d.athena().Query(ctx, fmt.Sprintf(`SELECT %s FROM "%s"`, strings.Join(counts, ", "), t.Name), 1)
	if err != nil {
		return nil, err
	}
	d.summary.Queries++
	d.summary.ScannedBytes += r.ScannedBytes
	for i := range columns {
		for j, to := range []*int{&columns[i].values, &columns[i].distinct} {
			if _, err := fmt.Sscan(aws.ToString(r.Rows[0][2*i+j]), to); err != nil {
				return nil, fmt.Errorf("count of %s: %w", columns[i].name, err)
			}
		}
	}
	columns = slices.DeleteFunc(columns, func(c column) bool { return c.values == 0 })
	slices.SortStableFunc(columns, func(a, b column) int { return cmp.Compare(b.values, a.values) })
	return columns, nil
}

// telling is the column with the fewest values, but more than one, of those
// that at least half as many events have as the fullest.
func telling(columns []column) (best column, ok bool) {
	for _, c := range columns {
		if c.distinct > 1 && c.values*2 >= columns[0].values && (!ok || c.distinct < best.distinct) {
			best, ok = c, true
		}
	}
	return best, ok
}

// identifier quotes a column for SQL.
func identifier(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// printColumns shows what the catalog learned of the user's logs.
func (d *Demo) printColumns(t observe.Table) {
	rows := make([][]*string, 0, len(t.Columns)+len(pipeline.PartitionColumns))
	for _, c := range t.Columns {
		rows = append(rows, []*string{c.Name, c.Type})
	}
	for _, name := range pipeline.PartitionColumns {
		rows = append(rows, []*string{aws.String(name), aws.String("string (partition)")})
	}
	d.console.Printf("\n%s\n", d.console.Bold(fmt.Sprintf("Columns of %s.%s, as the catalog has learned them", d.out.Database, t.Name)))
	d.console.Table([]string{"column", "type"}, rows)
}
