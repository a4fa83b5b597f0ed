package athena_test

import (
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// TestRowsAreWritten has statements of the pages of Athena's manual on CREATE
// TABLE AS, INSERT INTO and UNLOAD:
// https://docs.aws.amazon.com/athena/latest/ug/ctas-examples.html
// https://docs.aws.amazon.com/athena/latest/ug/insert-into.html
// https://docs.aws.amazon.com/athena/latest/ug/unload.html
func TestRowsAreWritten(t *testing.T) {
	l := newLake(t)
	l.put("01", "bigint", `{"n":1,"S":"a","o":{"a":1.5,"l":["x"]}}`+"\n"+`{"n":2,"S":"b"}`+"\n")
	l.steps([]step{
		{"CREATE TABLE new_table AS SELECT * FROM logs", ""},
		{"SELECT n, s, o, hour FROM new_table ORDER BY n", "n|s|o|hour;1|a|{a=1.5, l=[x]}|01;2|b|NULL|01"},
		{"CREATE TABLE new_table AS SELECT 1 AS x", "!TABLE_ALREADY_EXISTS: line 1:1: Destination table 'awsdatacatalog.db.new_table' already exists"},
		{"CREATE TABLE IF NOT EXISTS new_table AS SELECT 1 AS x", ""},
		{"CREATE TABLE u AS SELECT uuid() AS myuuid", "!NOT_SUPPORTED: Unsupported Hive type: uuid"},
		{"CREATE TABLE u AS SELECT 1", "!MISSING_COLUMN_NAME: Column name not specified at position 1"},
		{"CREATE TABLE u WITH (external_location = 's3://lake/u/') AS SELECT 1 AS x", "!submitted with an 'external_location' property to an Athena Workgroup that enforces a centralized output location"},
		{"CREATE TABLE types WITH (format = 'PARQUET', write_compression = 'SNAPPY') AS SELECT TIMESTAMP '2026-01-02 03:04:05.678' AS t, DATE '2026-01-02' AS d, DECIMAL '1.50' AS c, nan() AS f, true AS b, ARRAY[1, NULL] AS a, MAP(ARRAY['k'], ARRAY[1.5e0]) AS m, CAST(NULL AS varchar) AS z", ""},
		{"SELECT * FROM types", "t|d|c|f|b|a|m|z;2026-01-02 03:04:05.678|2026-01-02|1.50|NaN|true|[1, null]|{k=1.5}|NULL"},
		{"CREATE TABLE parted WITH (format = 'JSON', partitioned_by = ARRAY['day', 'k']) AS SELECT n, s, DATE '2026-01-02' AS day, hour AS k FROM logs", ""},
		{"SHOW PARTITIONS parted", "day=2026-01-02/k=01"},
		{"SELECT n, day FROM parted WHERE day = DATE '2026-01-02' ORDER BY n", "n|day;1|2026-01-02;2|2026-01-02"},
		{"CREATE TABLE wrong WITH (partitioned_by = ARRAY['n']) AS SELECT n, s FROM logs", "!HIVE_COLUMN_ORDER_MISMATCH: Partition keys must be the last columns in the table and in the same order as the table properties: [n]"},
		{"CREATE TABLE wrong WITH (colour = 'red') AS SELECT 1 AS x", "!table property 'colour' does not exist"},
		{"CREATE TABLE zstd WITH (write_compression = 'ZSTD') AS SELECT 1 AS x", ""},
		{"CREATE TABLE lz4 WITH (parquet_compression = 'lz4') AS SELECT 2 AS x", ""},
		{"CREATE TABLE bare WITH (write_compression = 'NONE') AS SELECT 3 AS x", ""},
		{"SELECT x FROM zstd UNION ALL SELECT x FROM lz4 UNION ALL SELECT x FROM bare ORDER BY 1", "x;1;2;3"},
		{"CREATE TABLE wrong WITH (format = 'JSON', write_compression = 'SNAPPY') AS SELECT 1 AS x", "!does not implement the compression SNAPPY of the format JSON"},
		{"CREATE TABLE wrong WITH (bucketed_by = ARRAY['x'], bucket_count = 3) AS SELECT 1 AS x", "!does not implement the property bucket_count"},
		{"CREATE TABLE wrong WITH (write_compression = 'ZSTD', compression_level = 9) AS SELECT 1 AS x", "!does not implement the property compression_level"},
		{"CREATE TABLE wrong WITH (field_delimiter = ',') AS SELECT 1 AS x", "!does not implement the property field_delimiter with the format PARQUET"},
		{"UNLOAD (SELECT 1 AS x) TO 's3://lake/wrong/' WITH (format = 'JSON', colour = 'red')", "!table property 'colour' does not exist"},
		{"CREATE TABLE wrong WITH (table_type = 'ICEBERG') AS SELECT 1 AS x", "!does not implement Iceberg tables"},
		{"CREATE TABLE none AS SELECT n FROM logs WITH NO DATA", ""},
		{"SELECT count(*) AS c FROM none", "c;0"},
		{"INSERT INTO parted SELECT 3 AS n, 'c' AS s, DATE '2026-01-03', '07'", ""},
		{"INSERT INTO parted (k, day, n) VALUES ('07', DATE '2026-01-03', 4), ('01', DATE '2026-01-02', 5)", ""},
		{"SHOW PARTITIONS parted", "day=2026-01-02/k=01;day=2026-01-03/k=07"},
		{"SELECT n, s, k FROM parted WHERE n > 2 ORDER BY n", "n|s|k;3|c|07;4|NULL|07;5|NULL|01"},
		{"INSERT INTO parted VALUES (1, 2, 3, 4)", "!TYPE_MISMATCH: line 1:1: Insert query has mismatched column types: Table: [bigint, varchar, date, varchar], Query: [integer, integer, integer, integer]"},
		{"INSERT INTO parted (nope) VALUES (1)", "!COLUMN_NOT_FOUND: line 1:1: Insert column name does not exist in target table: nope"},
		{"CREATE EXTERNAL TABLE text (a int, b string) PARTITIONED BY (p int) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://lake/text/'", ""},
		{"INSERT INTO text VALUES (1, 'x', 7), (NULL, 'y', 8)", ""},
		{"SELECT a, b, p FROM text ORDER BY p", "a|b|p;1|x|7;NULL|y|8"},
		{"PREPARE my_insert FROM INSERT INTO text VALUES (?, ?, 9)", ""},
		{"EXECUTE my_insert USING 3, 'z'", ""},
		{"SELECT a, b FROM text WHERE p = 9", "a|b;3|z"},
		// FileUtils.escapePathName of Hive
		{"CREATE TABLE times WITH (format = 'JSON', partitioned_by = ARRAY['at']) AS SELECT 1 AS n, 'a/b 10:00' AS at", ""},
		{"SELECT n, at, regexp_extract(\"$path\", 'at=[^/]*') AS place FROM times WHERE at = 'a/b 10:00'", "n|at|place;1|a/b 10:00|at=a%2Fb 10%3A00"},
		{"UNLOAD (SELECT n, s FROM logs ORDER BY n) TO 's3://lake/unloaded/' WITH (format = 'TEXTFILE', field_delimiter = ';', compression = 'NONE')", ""},
		{"UNLOAD (SELECT n FROM logs) TO 's3://lake/unloaded/' WITH (format = 'JSON')", "!HIVE_PATH_ALREADY_EXISTS"},
		{"UNLOAD (SELECT n FROM logs) TO 's3://lake/orc/' WITH (format = 'ORC')", "!does not implement writing the format ORC"},
	})
	objects, err := l.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("lake"), Prefix: aws.String("unloaded/")})
	if err != nil || len(objects.Contents) != 1 {
		t.Fatalf("%v %v", objects, err)
	}
	if text := l.text("lake", *objects.Contents[0].Key); text != "1;a\n2;b\n" {
		t.Errorf("unloaded %q", text)
	}
	// What was written is listed, and counted.
	started, err := l.athena.StartQueryExecution(t.Context(), &athena.StartQueryExecutionInput{
		QueryString: aws.String("INSERT INTO text SELECT 1, 'x', 10"), WorkGroup: aws.String("w"), QueryExecutionContext: &types.QueryExecutionContext{Database: aws.String("db")},
	})
	l.must(started, err)
	l.must(nil, l.server.Clock.Idle(t.Context()))
	out, err := l.athena.GetQueryExecution(t.Context(), &athena.GetQueryExecutionInput{QueryExecutionId: started.QueryExecutionId})
	l.must(out, err)
	e := out.QueryExecution
	if e.StatementType != types.StatementTypeDml || aws.ToString(e.SubstatementType) != "INSERT" {
		t.Errorf("%s %s", e.StatementType, aws.ToString(e.SubstatementType))
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(aws.ToString(e.Statistics.DataManifestLocation), "s3://"), "/")
	if text := l.text(bucket, key); !strings.HasPrefix(text, "s3://lake/text/p=10/") || strings.Count(text, "\n") != 1 {
		t.Errorf("manifest %q", text)
	}
	results, err := l.athena.GetQueryResults(t.Context(), &athena.GetQueryResultsInput{QueryExecutionId: started.QueryExecutionId})
	if err != nil || aws.ToInt64(results.UpdateCount) != 1 {
		t.Errorf("%v %v", results, err)
	}
}

func (l *lake) text(bucket, key string) string {
	l.t.Helper()
	out, err := l.s3.GetObject(l.t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		l.t.Fatal(err)
	}
	defer func() { l.must(nil, out.Body.Close()) }()
	b, err := io.ReadAll(out.Body)
	l.must(nil, err)
	return string(b)
}

// A compression that is asked for is the one that is written.
func TestParquetIsCompressedAsAskedFor(t *testing.T) {
	const length = 20_000
	l := newLake(t)
	for codec, packed := range map[string]bool{"NONE": false, "GZIP": true, "SNAPPY": true, "ZSTD": true, "LZ4": true} {
		l.steps([]step{{"UNLOAD (SELECT rpad('', 20000, 'ab') AS x) TO 's3://lake/" + codec + "/' WITH (format = 'PARQUET', compression = '" + codec + "')", ""}})
		objects, err := l.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("lake"), Prefix: aws.String(codec + "/")})
		if err != nil || len(objects.Contents) != 1 {
			t.Fatalf("%s: %v %v", codec, objects, err)
		}
		if size := *objects.Contents[0].Size; size < length != packed {
			t.Errorf("%s: %d bytes", codec, size)
		}
	}
}

// TestStatementsOfToolsRun has the statements that dbt-athena (create_table_as.sql,
// incremental.sql and utils of dbt-labs/dbt-adapters), awswrangler (CTAS and
// UNLOAD of aws/aws-sdk-pandas) and the Athena plugin of Grafana (its macros
// $__timeGroup, $__timeFilter and $__parseTime) write.
func TestStatementsOfToolsRun(t *testing.T) {
	l := newLake(t)
	l.put("01", "bigint", `{"n":1,"S":"2026-01-02T03:04:05Z"}`+"\n")
	dbt := "-- /* {\"app\": \"dbt\", \"node_id\": \"model.it's\"} */\n\n    "
	l.steps([]step{
		{dbt + "create table \"awsdatacatalog\".\"db\".\"model__dbt_tmp\"\n    with (\n      table_type='hive',\n      is_external=true,\n    partitioned_by=ARRAY['hour'],\n      format='parquet'\n    )\n    as\n      -- it's a model\n      select n, lower(to_hex(md5(to_utf8(cast(n as varchar))))) as hash, cast(now() as timestamp) as at, hour from \"awsdatacatalog\".\"db\".\"logs\"", ""},
		{dbt + "alter table `db`.`model__dbt_tmp` set tblproperties ('classification' = 'parquet', 'compression_level' = 4)", ""},
		{dbt + "insert into \"awsdatacatalog\".\"db\".\"model__dbt_tmp\" (\"n\", \"hash\", \"at\", \"hour\")\n  (\n    select \"n\", \"hash\", \"at\", '02'\n    from \"awsdatacatalog\".\"db\".\"model__dbt_tmp\"\n  )", ""},
		{dbt + "select count(*) as failures, count(*) != 0 as should_warn, count(*) != 0 as should_error from (select hash from \"awsdatacatalog\".\"db\".\"model__dbt_tmp\" where hash is null) dbt_internal_test", "failures|should_warn|should_error;0|false|false"},
		{"SELECT hour, hash FROM model__dbt_tmp ORDER BY 1", "hour|hash;01|c4ca4238a0b923820dcc509a6f75849b;02|c4ca4238a0b923820dcc509a6f75849b"},
		{dbt + "create or replace view \"awsdatacatalog\".\"db\".\"v\" as select n from \"awsdatacatalog\".\"db\".\"logs\"", ""},
		{dbt + "drop view if exists \"awsdatacatalog\".\"db\".\"v\"", ""},
		{dbt + "select ((to_milliseconds((CAST(CAST('2026-01-03' AS TIMESTAMP) AS DATE) - CAST(CAST('2026-01-01' AS TIMESTAMP) AS DATE)))) / 86400000) as days", "days;2"},
		{"CREATE TABLE \"db\".\"temp_table_1\"\nWITH(\n    format = 'PARQUET')\nAS SELECT * FROM logs", ""},
		{"UNLOAD (SELECT * FROM logs) TO 's3://lake/w/' WITH (\n    format='PARQUET',\n    compression='snappy'\n)", ""},
		{"DESCRIBE `temp_table_1`;", "n                   \tbigint              \t                    ;s                   \tstring              \t                    ;o                   \tstruct<a:double,l:array<string>>\t                    ;hour                \tstring              \t                    "},
		{"DROP TABLE IF EXISTS `db`.`temp_table_1`;", ""},
		{"SELECT FROM_UNIXTIME(FLOOR(TO_UNIXTIME(parse_datetime(s, 'yyyy-MM-dd''T''HH:mm:ss''Z'''))/300)*300) AS t FROM logs WHERE parse_datetime(s, 'yyyy-MM-dd''T''HH:mm:ss''Z''') BETWEEN TIMESTAMP '2026-01-01 00:00:00' AND TIMESTAMP '2026-01-31 00:00:00'", "t;2026-01-02 03:00:00.000 UTC"},
	})
}
