package athena_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// start runs a statement to its end.
func (l *lake) start(sql string) *types.QueryExecution {
	l.t.Helper()
	ctx := l.t.Context()
	started, err := l.athena.StartQueryExecution(ctx, &athena.StartQueryExecutionInput{
		QueryString: &sql, WorkGroup: aws.String("w"), QueryExecutionContext: &types.QueryExecutionContext{Database: aws.String("db")},
	})
	l.must(started, err)
	l.must(nil, l.server.Clock.Idle(ctx))
	out, err := l.athena.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: started.QueryExecutionId})
	l.must(out, err)
	return out.QueryExecution
}

func (l *lake) body(url string) string {
	l.t.Helper()
	bucket, key, _ := strings.Cut(strings.TrimPrefix(url, "s3://"), "/")
	out, err := l.s3.GetObject(l.t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	l.must(out, err)
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	l.must(b, err)
	return string(b)
}

func TestAStatementThatCanNotBeParsedIsRefusedAtOnce(t *testing.T) {
	l := newLake(t)
	for sql, want := range map[string]string{
		"SELEC 1":             "line 1:1: mismatched input 'SELEC'. Expecting: 'ALTER', ",
		"SELECT FROM WHERE":   "line 1:8: mismatched input 'FROM'. Expecting: ",
		"SELECT 1,\n  FROM t": "line 2:3: mismatched input 'FROM'. Expecting: ",
		"SELECT `a` FROM t":   "line 1:8: backquoted identifiers are not supported; use double quotes to quote identifiers",
		"SELECT 'abc":         "line 1:8: ",
		"CREATE EXTERNAL TABLE t (a nosuch) LOCATION 's3://lake/x/'": "line 1:27 ",
		"DROP TABEL x": "line 1:5 ",
	} {
		_, err := l.athena.StartQueryExecution(t.Context(), &athena.StartQueryExecutionInput{QueryString: &sql, WorkGroup: aws.String("w")})
		var refused *types.InvalidRequestException
		if !errors.As(err, &refused) || !strings.HasPrefix(refused.ErrorMessage(), want) || aws.ToString(refused.AthenaErrorCode) != "MALFORMED_QUERY" {
			t.Errorf("%s: %v, want %s", sql, err, want)
		}
	}
}

func TestExecutionsSayWhatTheyWere(t *testing.T) {
	l := newLake(t)
	l.put("01", "bigint", `{"n":1,"S":"say \"hi\", ok","o":{"a":1.5,"l":["x",null]}}`+"\n"+`{"n":2}`+"\n")
	e := l.start("SELECT n, s, o, CAST(n AS decimal(10,2)) AS d, DATE '2026-01-02' AS day, TIMESTAMP '2026-01-02 03:04:05' AS at, n > 1 AS b, CAST(n AS double) AS f, MAP(ARRAY['k'], ARRAY[n]) AS m FROM logs ORDER BY n")
	if e.StatementType != types.StatementTypeDml || aws.ToString(e.SubstatementType) != "SELECT" || aws.ToInt64(e.Statistics.DataScannedInBytes) == 0 || !strings.HasSuffix(*e.ResultConfiguration.OutputLocation, *e.QueryExecutionId+".csv") {
		t.Errorf("%+v %+v", e, e.Statistics)
	}
	want := `"n","s","o","d","day","at","b","f","m"` + "\n" +
		`"1","say ""hi"", ok","{a=1.5, l=[x, null]}","1.00","2026-01-02","2026-01-02 03:04:05.000","false","1.0","{k=1}"` + "\n" +
		`"2",,,"2.00","2026-01-02","2026-01-02 03:04:05.000","true","2.0","{k=2}"` + "\n"
	if got := l.body(*e.ResultConfiguration.OutputLocation); got != want {
		t.Errorf("CSV\n%s\nwant\n%s", got, want)
	}
	if b := l.body(*e.ResultConfiguration.OutputLocation + ".metadata"); !strings.Contains(b, "decimal") {
		t.Errorf("metadata: %q", b)
	}
	out, err := l.athena.GetQueryResults(t.Context(), &athena.GetQueryResultsInput{QueryExecutionId: e.QueryExecutionId})
	l.must(out, err)
	var kinds []string
	for _, c := range out.ResultSet.ResultSetMetadata.ColumnInfo {
		kinds = append(kinds, aws.ToString(c.Type))
	}
	if got := strings.Join(kinds, " "); got != "bigint varchar row decimal date timestamp boolean double map" {
		t.Error(got)
	}
	if d := out.ResultSet.ResultSetMetadata.ColumnInfo[3]; d.Precision != 10 || d.Scale != 2 {
		t.Errorf("%+v", d)
	}
	for sql, want := range map[string]string{
		"SHOW TABLES":            "UTILITY SHOW_TABLES txt",
		"DESCRIBE logs":          "UTILITY DESCRIBE_TABLE txt",
		"CREATE DATABASE x":      "DDL CREATE_DATABASE txt",
		"MSCK REPAIR TABLE logs": "DDL MSCK_REPAIR_TABLE txt",
		"VALUES 1":               "DML SELECT csv",
	} {
		e := l.start(sql)
		at := *e.ResultConfiguration.OutputLocation
		if got := string(e.StatementType) + " " + aws.ToString(e.SubstatementType) + " " + at[strings.LastIndexByte(at, '.')+1:]; got != want || e.Status.State != types.QueryExecutionStateSucceeded {
			t.Errorf("%s: %s %v, want %s", sql, got, aws.ToString(e.Status.StateChangeReason), want)
		}
	}
	failed := l.start("SELECT nosuch FROM logs")
	if a := failed.Status.AthenaError; a == nil || aws.ToInt32(a.ErrorCategory) != 2 || !strings.HasPrefix(aws.ToString(a.ErrorMessage), "COLUMN_NOT_FOUND: line 1:8: ") {
		t.Errorf("%+v", a)
	}
}

func TestResultsComeInPages(t *testing.T) {
	l := newLake(t)
	e := l.start("SELECT x FROM UNNEST(sequence(1, 2500)) AS t(x)")
	pages := athena.NewGetQueryResultsPaginator(l.athena, &athena.GetQueryResultsInput{QueryExecutionId: e.QueryExecutionId})
	n, sizes := 0, []int{}
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		l.must(page, err)
		n += len(page.ResultSet.Rows)
		sizes = append(sizes, len(page.ResultSet.Rows))
	}
	if n != 2501 || len(sizes) != 3 || sizes[0] != 1000 {
		t.Errorf("%d rows with the header, pages of %v", n, sizes)
	}
}

func TestTheCatalogIsListedAsDriversDo(t *testing.T) {
	l := newLake(t)
	ctx := t.Context()
	catalogs, err := l.athena.ListDataCatalogs(ctx, &athena.ListDataCatalogsInput{})
	if err != nil || len(catalogs.DataCatalogsSummary) != 1 || aws.ToString(catalogs.DataCatalogsSummary[0].CatalogName) != "AwsDataCatalog" {
		t.Errorf("%v %v", catalogs, err)
	}
	databases, err := l.athena.ListDatabases(ctx, &athena.ListDatabasesInput{CatalogName: aws.String("AwsDataCatalog")})
	if err != nil || len(databases.DatabaseList) != 1 {
		t.Errorf("%v %v", databases, err)
	}
	table, err := l.athena.GetTableMetadata(ctx, &athena.GetTableMetadataInput{CatalogName: aws.String("AwsDataCatalog"), DatabaseName: aws.String("db"), TableName: aws.String("logs")})
	if err != nil {
		t.Fatal(err)
	}
	m := table.TableMetadata
	if len(m.Columns) != 3 || len(m.PartitionKeys) != 1 || m.Parameters["serde.serialization.lib"] != "org.openx.data.jsonserde.JsonSerDe" || m.Parameters["location"] != "s3://lake/logs/" {
		t.Errorf("%+v", m)
	}
	tables, err := l.athena.ListTableMetadata(ctx, &athena.ListTableMetadataInput{CatalogName: aws.String("AwsDataCatalog"), DatabaseName: aws.String("db"), Expression: aws.String("l.*")})
	if err != nil || len(tables.TableMetadataList) != 1 {
		t.Errorf("%v %v", tables, err)
	}
	var missing *types.MetadataException
	if _, err := l.athena.GetTableMetadata(ctx, &athena.GetTableMetadataInput{CatalogName: aws.String("AwsDataCatalog"), DatabaseName: aws.String("db"), TableName: aws.String("x")}); !errors.As(err, &missing) {
		t.Errorf("%v", err)
	}
}
