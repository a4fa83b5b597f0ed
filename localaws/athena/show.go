package athena

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"

	"crawlerless/localaws/athena/ddl"
	"crawlerless/localaws/athena/trino"
)

// lines is a result of one column of text.
func lines(name string, values []string) *result {
	r := &result{columns: []column{{name, trino.Varchar()}}, plain: true}
	for _, v := range values {
		r.rows = append(r.rows, []*string{aws.String(v)})
	}
	return r
}

// show answers SHOW from the catalog.
func (q *query) show(ctx context.Context, s *ddl.Show) (*result, error) {
	switch s.What {
	case "DATABASES":
		names, err := q.databases(ctx)
		return lines("database_name", like(names, s.Like)), err
	case "TABLES", "VIEWS":
		return q.tableNames(ctx, s)
	}
	t, err := q.named(ctx, s.Name)
	if err != nil {
		return nil, err
	}
	isView := aws.ToString(t.TableType) == "VIRTUAL_VIEW"
	switch s.What {
	case "COLUMNS":
		var names []string
		for _, c := range append(columnsOfTable(t), t.PartitionKeys...) {
			names = append(names, fmt.Sprintf("%-20s", aws.ToString(c.Name)))
		}
		return lines("field", names), nil
	case "PARTITIONS":
		return q.partitionNames(ctx, t)
	case "TBLPROPERTIES":
		return tableProperties(t, s.Property), nil
	case "CREATE VIEW":
		if !isView {
			return nil, fail("FAILED: SemanticException Table " + aws.ToString(t.DatabaseName) + "." + aws.ToString(t.Name) + " is not a view")
		}
	}
	if isView {
		v := &trino.Table{Database: aws.ToString(t.DatabaseName), Name: aws.ToString(t.Name)}
		if err := view(t, v); err != nil {
			return nil, err
		}
		return lines("Create View", strings.Split("CREATE VIEW "+v.Database+"."+v.Name+" AS\n"+v.View, "\n")), nil
	}
	return lines("createtab_stmt", strings.Split(createStatement(t), "\n")), nil
}

// like keeps the names that a pattern of Hive matches: * is any text, | or.
func like(names []string, pattern string) []string {
	if pattern == "" {
		return names
	}
	var kept []string
	for _, n := range names {
		for alternative := range strings.SplitSeq(pattern, "|") {
			if matches(strings.ToLower(n), strings.ToLower(alternative)) {
				kept = append(kept, n)
				break
			}
		}
	}
	return kept
}

// matches is a match of the whole name: * and % stand for any text, and
// nothing else stands for anything but itself.
func matches(name, pattern string) bool {
	parts := strings.FieldsFunc(strings.ReplaceAll(pattern, "%", "*"), func(r rune) bool { return r == '*' })
	if !strings.ContainsAny(pattern, "*%") {
		return name == pattern
	}
	if len(parts) == 0 {
		return true
	}
	if pattern[0] != '*' && pattern[0] != '%' && !strings.HasPrefix(name, parts[0]) {
		return false
	}
	last := parts[len(parts)-1]
	if end := pattern[len(pattern)-1]; end != '*' && end != '%' {
		if !strings.HasSuffix(name, last) {
			return false
		}
		name = name[:len(name)-len(last)]
		parts = parts[:len(parts)-1]
	}
	for _, p := range parts {
		i := strings.Index(name, p)
		if i < 0 {
			return false
		}
		name = name[i+len(p):]
	}
	return true
}

func (q *query) tableNames(ctx context.Context, s *ddl.Show) (*result, error) {
	database := s.Name.Database
	if database == "" {
		database = q.execution.database
	}
	tables, err := q.tablesOf(ctx, database)
	var missing *gluetypes.EntityNotFoundException
	if errors.As(err, &missing) {
		return nil, fail("FAILED: SemanticException [Error 10072]: Database does not exist: " + database)
	}
	if err != nil {
		return nil, fail("Insufficient permissions or failure while listing the tables of " + database + ": " + err.Error())
	}
	var names []string
	for _, t := range tables {
		if s.What == "TABLES" || aws.ToString(t.TableType) == "VIRTUAL_VIEW" {
			names = append(names, aws.ToString(t.Name))
		}
	}
	if s.What == "VIEWS" {
		return lines("views", like(names, s.Like)), nil
	}
	return lines("tab_name", like(names, s.Like)), nil
}

// within is a name with its database.
func (q *query) within(n ddl.Name) ddl.Name {
	if n.Database == "" {
		n.Database = q.execution.database
	}
	return n
}

// named finds the table that a statement names.
func (q *query) named(ctx context.Context, n ddl.Name) (*gluetypes.Table, error) {
	n = q.within(n)
	out, err := q.glue().GetTable(ctx, &glue.GetTableInput{DatabaseName: &n.Database, Name: &n.Table})
	var missing *gluetypes.EntityNotFoundException
	if errors.As(err, &missing) {
		return nil, fail("FAILED: SemanticException [Error 10001]: Table not found " + n.Database + "." + n.Table)
	}
	if err != nil {
		return nil, fail("Insufficient permissions or failure while reading table " + n.Database + "." + n.Table + ": " + err.Error())
	}
	return out.Table, nil
}

// partitionsOf are all registered partitions of a table.
func (q *query) partitionsOf(ctx context.Context, t *gluetypes.Table) ([]gluetypes.Partition, error) {
	var all []gluetypes.Partition
	pages := glue.NewGetPartitionsPaginator(q.glue(), &glue.GetPartitionsInput{DatabaseName: t.DatabaseName, TableName: t.Name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fail("Insufficient permissions or failure while reading the partitions of " + aws.ToString(t.Name) + ": " + err.Error())
		}
		all = append(all, page.Partitions...)
	}
	return all, nil
}

// partitionName is "year=2026/month=01".
func partitionName(t *gluetypes.Table, values []string) string {
	words := make([]string, len(values))
	for i, v := range values {
		key := ""
		if i < len(t.PartitionKeys) {
			key = aws.ToString(t.PartitionKeys[i].Name)
		}
		words[i] = key + "=" + v
	}
	return strings.Join(words, "/")
}

func (q *query) partitionNames(ctx context.Context, t *gluetypes.Table) (*result, error) {
	if len(t.PartitionKeys) == 0 {
		return nil, fail("FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. Table " + aws.ToString(t.Name) + " is not a partitioned table")
	}
	all, err := q.partitionsOf(ctx, t)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = partitionName(t, p.Values)
	}
	slices.Sort(names)
	return lines("partition", names), nil
}

func tableProperties(t *gluetypes.Table, only string) *result {
	if only != "" {
		value, ok := t.Parameters[only]
		if !ok {
			value = "Table " + aws.ToString(t.DatabaseName) + "." + aws.ToString(t.Name) + " does not have property: " + only
		}
		return lines("prpt_name", []string{value})
	}
	r := &result{columns: []column{{"prpt_name", trino.Varchar()}, {"prpt_value", trino.Varchar()}}, plain: true}
	for _, k := range slices.Sorted(maps.Keys(t.Parameters)) {
		r.rows = append(r.rows, []*string{aws.String(k + "\t" + t.Parameters[k])})
	}
	return r
}

func columnsOfTable(t *gluetypes.Table) []gluetypes.Column {
	if t.StorageDescriptor == nil {
		return nil
	}
	return slices.Clone(t.StorageDescriptor.Columns)
}

// describe answers DESCRIBE in Hive's form: each row is one text of three
// columns, padded and separated by tabs.
func (q *query) describe(ctx context.Context, s *ddl.Describe) (*result, error) {
	if s.Style != "" || s.Partition != nil || s.Column != "" {
		return nil, fail("NotImplemented: localaws does not implement DESCRIBE with EXTENDED, FORMATTED, a partition or a column of athena")
	}
	t, err := q.named(ctx, s.Name)
	if err != nil {
		return nil, err
	}
	r := &result{columns: []column{{"col_name", trino.Varchar()}, {"data_type", trino.Varchar()}, {"comment", trino.Varchar()}}, plain: true}
	add := func(texts ...any) {
		r.rows = append(r.rows, []*string{aws.String(fmt.Sprintf("%-20s\t%-20s\t%-20s", texts...))})
	}
	list := func(columns []gluetypes.Column) {
		for _, c := range columns {
			add(aws.ToString(c.Name), aws.ToString(c.Type), aws.ToString(c.Comment))
		}
	}
	list(append(columnsOfTable(t), t.PartitionKeys...))
	if len(t.PartitionKeys) > 0 {
		blank := []*string{aws.String("\t \t ")}
		r.rows = append(r.rows, blank, []*string{aws.String("# Partition Information\t \t ")})
		add("# col_name", "data_type", "comment")
		r.rows = append(r.rows, blank)
		list(t.PartitionKeys)
	}
	return r, nil
}

// createStatement is SHOW CREATE TABLE, laid out as Hive does.
func createStatement(t *gluetypes.Table) string {
	var b strings.Builder
	escape := func(s string) string { return strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) }
	columns := func(list []gluetypes.Column) {
		for i, c := range list {
			fmt.Fprintf(&b, "  `%s` %s", aws.ToString(c.Name), aws.ToString(c.Type))
			if comment := aws.ToString(c.Comment); comment != "" {
				fmt.Fprintf(&b, " COMMENT '%s'", escape(comment))
			}
			if i < len(list)-1 {
				b.WriteString(", \n")
			}
		}
		b.WriteString(")\n")
	}
	properties := func(all map[string]string) {
		keys := slices.Sorted(maps.Keys(all))
		for i, k := range keys {
			fmt.Fprintf(&b, "  '%s'='%s'", escape(k), escape(all[k]))
			if i < len(keys)-1 {
				b.WriteString(", \n")
			}
		}
		b.WriteString(")")
	}
	fmt.Fprintf(&b, "CREATE EXTERNAL TABLE `%s.%s`(\n", aws.ToString(t.DatabaseName), aws.ToString(t.Name))
	columns(columnsOfTable(t))
	if len(t.PartitionKeys) > 0 {
		b.WriteString("PARTITIONED BY ( \n")
		columns(t.PartitionKeys)
	}
	parameters := maps.Clone(t.Parameters)
	if comment := parameters["comment"]; comment != "" {
		fmt.Fprintf(&b, "COMMENT '%s'\n", escape(comment))
	}
	delete(parameters, "comment")
	delete(parameters, "EXTERNAL")
	if sd := t.StorageDescriptor; sd != nil {
		if sd.SerdeInfo != nil {
			fmt.Fprintf(&b, "ROW FORMAT SERDE \n  '%s' \n", escape(aws.ToString(sd.SerdeInfo.SerializationLibrary)))
			if len(sd.SerdeInfo.Parameters) > 0 {
				b.WriteString("WITH SERDEPROPERTIES ( \n")
				properties(sd.SerdeInfo.Parameters)
				b.WriteString(" \n")
			}
		}
		fmt.Fprintf(&b, "STORED AS INPUTFORMAT \n  '%s' \nOUTPUTFORMAT \n  '%s'\n", aws.ToString(sd.InputFormat), aws.ToString(sd.OutputFormat))
		fmt.Fprintf(&b, "LOCATION\n  '%s'\n", escape(aws.ToString(sd.Location)))
	}
	b.WriteString("TBLPROPERTIES (\n")
	properties(parameters)
	return b.String()
}
