package catalogmerge

import (
	"context"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// Namespace and names of the metrics, in CloudWatch's embedded metric format.
const (
	Namespace       = "crawlerless"
	MetricEvolution = "TableEvolutions"
	MetricAdded     = "ColumnsAdded"
	MetricWidened   = "ColumnsWidened"
)

// logEvolution writes one line: what the table was and what it is, and, by the
// embedded metric format, that there was an evolution.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func (u *update) logEvolution(ctx context.Context, before *types.Table, e evolution) {
	count := func(name string) map[string]string { return map[string]string{"Name": name, "Unit": "Count"} }
	object := ""
	if len(u.items) > 0 {
		object = u.items[0].Object
	}
	u.Log.LogAttrs(ctx, slog.LevelInfo, "table evolved",
		slog.String("database", u.Database), slog.String("table", u.table), slog.String("object", object),
		slog.String("version", aws.ToString(before.VersionId)),
		slog.Any("before", typesOf(e, true)), slog.Any("after", typesOf(e, false)),
		slog.Int("columns", len(e.columns)),
		slog.String("Table", u.table),
		slog.Int(MetricEvolution, 1), slog.Int(MetricAdded, len(e.added)), slog.Int(MetricWidened, len(e.widened)),
		slog.Any("_aws", map[string]any{
			"Timestamp": u.Now().UnixMilli(),
			"CloudWatchMetrics": []any{map[string]any{
				"Namespace": Namespace, "Dimensions": [][]string{{"Table"}},
				"Metrics": []any{count(MetricEvolution), count(MetricAdded), count(MetricWidened)},
			}},
		}))
}

// typesOf are the types of the columns that changed; a new one was nothing.
func typesOf(e evolution, before bool) map[string]string {
	m := map[string]string{}
	for _, c := range e.widened {
		if before {
			m[c.Name] = c.Before
		} else {
			m[c.Name] = c.After
		}
	}
	for _, c := range e.added {
		if !before {
			m[c.Name] = c.After
		}
	}
	return m
}
