package athena

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
)

var (
	showDatabases  = regexp.MustCompile(`(?is)^show\s+(databases|schemas)$`)
	showTables     = regexp.MustCompile(`(?is)^show\s+tables(?:\s+(?:in|from)\s+(\S+))?$`)
	showPartitions = regexp.MustCompile(`(?is)^show\s+partitions\s+(\S+)$`)
	showColumns    = regexp.MustCompile(`(?is)^(?:show\s+columns\s+(?:in|from)|describe|desc)\s+(\S+)$`)
)

// show answers SHOW and DESCRIBE from the catalog.
func (q *query) show(ctx context.Context, text string) (*result, error) {
	if showDatabases.MatchString(text) {
		return q.databases(ctx)
	}
	if m := showTables.FindStringSubmatch(text); m != nil {
		return q.tableNames(ctx, m[1])
	}
	if m := showPartitions.FindStringSubmatch(text); m != nil {
		return q.partitionNames(ctx, m[1])
	}
	if m := showColumns.FindStringSubmatch(text); m != nil {
		return q.describeTable(ctx, m[1])
	}
	return nil, fail("NotImplemented: localaws does not implement the statement " + text + " of athena")
}

func lines(name string, values []string) *result {
	r := &result{columns: []column{{name, "string"}}}
	for _, v := range values {
		r.rows = append(r.rows, []*string{aws.String(v)})
	}
	return r
}

func (q *query) databases(ctx context.Context) (*result, error) {
	var names []string
	pages := glue.NewGetDatabasesPaginator(q.glue(), &glue.GetDatabasesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fail(err.Error())
		}
		for _, d := range page.DatabaseList {
			names = append(names, aws.ToString(d.Name))
		}
	}
	slices.Sort(names)
	return lines("database_name", names), nil
}

func (q *query) tableNames(ctx context.Context, database string) (*result, error) {
	database = strings.ToLower(strings.Trim(database, "`\""))
	if database == "" {
		database = q.execution.database
	}
	var names []string
	pages := glue.NewGetTablesPaginator(q.glue(), &glue.GetTablesInput{DatabaseName: &database})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fail("FAILED: SemanticException [Error 10072]: Database does not exist or cannot be read: " + database + ": " + err.Error())
		}
		for _, t := range page.TableList {
			names = append(names, aws.ToString(t.Name))
		}
	}
	slices.Sort(names)
	return lines("tab_name", names), nil
}

// named finds the table that a statement names.
func (q *query) named(ctx context.Context, name string) (*gluetypes.Table, error) {
	name = strings.ToLower(strings.NewReplacer("`", "", `"`, "").Replace(name))
	database, table, ok := strings.Cut(name, ".")
	if !ok {
		database, table = q.execution.database, name
	}
	out, err := q.glue().GetTable(ctx, &glue.GetTableInput{DatabaseName: &database, Name: &table})
	var missing *gluetypes.EntityNotFoundException
	if errors.As(err, &missing) {
		return nil, fail("FAILED: SemanticException [Error 10001]: Table not found " + table)
	}
	if err != nil {
		return nil, fail(err.Error())
	}
	return out.Table, nil
}

func (q *query) partitionNames(ctx context.Context, name string) (*result, error) {
	t, err := q.named(ctx, name)
	if err != nil {
		return nil, err
	}
	if len(t.PartitionKeys) == 0 {
		return nil, fail("FAILED: SemanticException Table " + aws.ToString(t.Name) + " is not a partitioned table")
	}
	var names []string
	pages := glue.NewGetPartitionsPaginator(q.glue(), &glue.GetPartitionsInput{DatabaseName: t.DatabaseName, TableName: t.Name, ExcludeColumnSchema: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fail(err.Error())
		}
		for _, p := range page.Partitions {
			words := make([]string, len(p.Values))
			for i, v := range p.Values {
				words[i] = aws.ToString(t.PartitionKeys[i].Name) + "=" + v
			}
			names = append(names, strings.Join(words, "/"))
		}
	}
	slices.Sort(names)
	return lines("partition", names), nil
}

func (q *query) describeTable(ctx context.Context, name string) (*result, error) {
	t, err := q.named(ctx, name)
	if err != nil {
		return nil, err
	}
	r := &result{columns: []column{{"col_name", "string"}, {"data_type", "string"}, {"comment", "string"}}}
	add := func(c gluetypes.Column) {
		r.rows = append(r.rows, []*string{c.Name, c.Type, aws.String(aws.ToString(c.Comment))})
	}
	if t.StorageDescriptor != nil {
		for _, c := range t.StorageDescriptor.Columns {
			add(c)
		}
	}
	for _, c := range t.PartitionKeys {
		add(c)
	}
	return r, nil
}
