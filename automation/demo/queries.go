package demo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

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
	if d.inputs == nil {
		list = generatorQuestions(table, d.summary.From)
	} else {
		t, err := observe.Open(d.local.AWS(), d.out).Table(ctx, d.summary.source)
		if err != nil {
			return err
		}
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

func generatorQuestions(table string, from time.Time) []question {
	hour := from.UTC().Format("year = '2006' AND month = '01' AND day = '02' AND hour = '15'")
	return []question{
		{"Events by partition", fmt.Sprintf(`SELECT year, month, day, hour, count(*) AS events FROM "%s" GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`, table)},
		{"How long calls take", fmt.Sprintf(`SELECT service, count(*) AS calls, round(avg(request.latency_ms), 1) AS avg_ms, round(approx_percentile(request.latency_ms, 0.95), 1) AS p95_ms, count_if(request.status >= 500) AS failed FROM "%s" WHERE request IS NOT NULL GROUP BY service ORDER BY calls DESC`, table)},
		{"What fails", fmt.Sprintf(`SELECT error.kind, error.retryable, count(*) AS events, max(timestamp) AS last FROM "%s" WHERE level = 'ERROR' GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2`, table)},
		{"One hour only: the partitions keep the scan small", fmt.Sprintf(`SELECT level, count(*) AS events FROM "%s" WHERE %s GROUP BY level ORDER BY events DESC`, table, hour)},
	}
}

// inputQuestions are questions that every table answers, and the most telling
// column of this one.
func (d *Demo) inputQuestions(ctx context.Context, t observe.Table) ([]question, error) {
	list := []question{
		{"Events by partition", fmt.Sprintf(`SELECT year, month, day, hour, count(*) AS events FROM "%s" GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`, t.Name)},
		{"The first events", fmt.Sprintf(`SELECT * FROM "%s" LIMIT 5`, t.Name)},
	}
	column, distinct, err := d.telling(ctx, t)
	if err != nil {
		return nil, err
	}
	if column == "" {
		return append(list, question{"How many events", fmt.Sprintf(`SELECT count(*) AS events FROM "%s"`, t.Name)}), nil
	}
	return append(list, question{
		fmt.Sprintf("Events by %s (%d values)", column, distinct),
		fmt.Sprintf(`SELECT %s, count(*) AS events FROM "%s" GROUP BY 1 ORDER BY 2 DESC LIMIT %d`, identifier(column), t.Name, shown),
	}), nil
}

// telling is the scalar column with the fewest values but more than one, among
// the first forty.
func (d *Demo) telling(ctx context.Context, t observe.Table) (string, int, error) {
	var names, counts []string
	for _, c := range t.Columns {
		switch aws.ToString(c.Type) {
		case "string", "boolean", "bigint":
			if len(names) < 40 {
				names = append(names, aws.ToString(c.Name))
				counts = append(counts, fmt.Sprintf("count(DISTINCT %s)", identifier(aws.ToString(c.Name))))
			}
		}
	}
	if len(names) == 0 {
		return "", 0, nil
	}
	r, err := d.athena().Query(ctx, fmt.Sprintf(`SELECT %s FROM "%s"`, strings.Join(counts, ", "), t.Name), 1)
	if err != nil {
		return "", 0, err
	}
	d.summary.Queries++
	d.summary.ScannedBytes += r.ScannedBytes
	best, least := "", 0
	for i, v := range r.Rows[0] {
		var n int
		if v == nil {
			continue
		}
		if _, err := fmt.Sscan(*v, &n); err != nil {
			return "", 0, fmt.Errorf("count of %s: %w", names[i], err)
		}
		if n > 1 && (best == "" || n < least) {
			best, least = names[i], n
		}
	}
	return best, least, nil
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
