package athena_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crawlerless/localaws"
	"crawlerless/localaws/localawstest"
)

// lake is a server with a table of two partitions and a workgroup.
type lake struct {
	t      *testing.T
	server *localaws.Server
	athena *athena.Client
	glue   *glue.Client
	s3     *s3.Client
}

func newLake(t *testing.T) *lake {
	t.Helper()
	server := localawstest.Start(t, localaws.Options{})
	c := server.Config()
	l := &lake{t: t, server: server, athena: athena.NewFromConfig(c), glue: glue.NewFromConfig(c), s3: s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true })}
	for _, b := range []string{"lake", "results"} {
		l.must(l.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(b)}))
	}
	l.must(l.glue.CreateDatabase(t.Context(), &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: aws.String("db")}}))
	l.must(l.glue.CreateTable(t.Context(), &glue.CreateTableInput{DatabaseName: aws.String("db"), TableInput: &gluetypes.TableInput{
		Name: aws.String("logs"), PartitionKeys: []gluetypes.Column{{Name: aws.String("hour"), Type: aws.String("string")}},
		StorageDescriptor: descriptor("s3://lake/logs/", "bigint"),
	}}))
	l.must(l.athena.CreateWorkGroup(t.Context(), &athena.CreateWorkGroupInput{Name: aws.String("w"), Configuration: &types.WorkGroupConfiguration{
		EnforceWorkGroupConfiguration: aws.Bool(true), BytesScannedCutoffPerQuery: aws.Int64(10_000_000),
		ResultConfiguration: &types.ResultConfiguration{OutputLocation: aws.String("s3://results/r/")},
	}}))
	return l
}

func descriptor(location, n string) *gluetypes.StorageDescriptor {
	return &gluetypes.StorageDescriptor{
		Location: &location,
		Columns: []gluetypes.Column{
			{Name: aws.String("n"), Type: aws.String(n)},
			{Name: aws.String("s"), Type: aws.String("string")},
			{Name: aws.String("o"), Type: aws.String("struct<a:double,l:array<string>>")},
		},
		SerdeInfo: &gluetypes.SerDeInfo{
			SerializationLibrary: aws.String("org.openx.data.jsonserde.JsonSerDe"), Parameters: map[string]string{"ignore.malformed.json": "true", "mapping.s": "S"},
		},
	}
}

func (l *lake) must(_ any, err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// put writes a gzip object into an hour and registers its partition.
func (l *lake) put(hour, kind, text string) {
	l.t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	l.must(z.Write([]byte(text)))
	l.must(nil, z.Close())
	place := "logs/hour=" + hour + "/"
	l.must(l.s3.PutObject(l.t.Context(), &s3.PutObjectInput{Bucket: aws.String("lake"), Key: aws.String(place + "x.gz"), Body: bytes.NewReader(b.Bytes())}))
	l.must(l.glue.CreatePartition(l.t.Context(), &glue.CreatePartitionInput{DatabaseName: aws.String("db"), TableName: aws.String("logs"), PartitionInput: &gluetypes.PartitionInput{
		Values: []string{hour}, StorageDescriptor: descriptor("s3://lake/"+place, kind),
	}}))
}

// query answers the rows as text, or the reason of a failure.
func (l *lake) query(sql string) (rows []string, scanned int64, failure string) {
	l.t.Helper()
	ctx := context.Background()
	started, err := l.athena.StartQueryExecution(ctx, &athena.StartQueryExecutionInput{
		QueryString: &sql, WorkGroup: aws.String("w"), QueryExecutionContext: &types.QueryExecutionContext{Database: aws.String("db")},
	})
	if err != nil {
		l.t.Fatal(err)
	}
	l.must(nil, l.server.Clock.Idle(ctx))
	out, err := l.athena.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: started.QueryExecutionId})
	if err != nil {
		l.t.Fatal(err)
	}
	e := out.QueryExecution
	if e.Status.State != types.QueryExecutionStateSucceeded {
		return nil, *e.Statistics.DataScannedInBytes, string(e.Status.State) + " " + aws.ToString(e.Status.StateChangeReason)
	}
	results, err := l.athena.GetQueryResults(ctx, &athena.GetQueryResultsInput{QueryExecutionId: started.QueryExecutionId})
	if err != nil {
		l.t.Fatal(err)
	}
	for _, r := range results.ResultSet.Rows {
		words := make([]string, len(r.Data))
		for i, d := range r.Data {
			words[i] = "NULL"
			if d.VarCharValue != nil {
				words[i] = *d.VarCharValue
			}
		}
		rows = append(rows, strings.Join(words, "|"))
	}
	return rows, *e.Statistics.DataScannedInBytes, ""
}

func TestRowsAreWhatTheCatalogSaysOfTheObjects(t *testing.T) {
	l := newLake(t)
	l.put("01", "bigint", `{"n":1,"S":"a","o":{"a":1,"l":["x","y"]}}`+"\n"+`{"n":2`+"\n"+`{"n":null,"S":"quote \"q\""}`+"\n")
	l.put("02", "bigint", `{"n":9223372036854775807,"S":"b","o":{"a":1e7}}`)
	for sql, want := range map[string]string{
		`SELECT count(*) AS c, count(n) AS n FROM logs`:                       "c|n;4|2",
		`SELECT n, s, o FROM logs WHERE hour = '01' ORDER BY s NULLS LAST, n`: `n|s|o;1|a|{a=1.0, l=[x, y]};NULL|quote "q"|NULL;NULL|NULL|NULL`,
		`SELECT "n", o.a, hour FROM "db"."logs" WHERE s = 'b'`:                "n|a|hour;9223372036854775807|1.0E7|02",
		`SELECT sum(n) AS total FROM logs WHERE n < 5`:                        "total;1",
		`WITH q AS (SELECT s FROM logs) SELECT s FROM q WHERE s = 'a'`:        "s;a",
		`SELECT count(*) + 1 FROM logs -- a comment; with a semicolon`:        "_col0;5",
		`SELECT n, count_if(n > 0) AS c FROM logs WHERE n = 1 GROUP BY n`:     "n|c;1|1",
		`SELECT approx_distinct(hour) AS hours FROM awsdatacatalog.db.logs`:   "hours;2",
		`SHOW TABLES`:          "logs",
		`SHOW PARTITIONS logs`: "hour=01;hour=02",
		`SELECT 7 / 2 AS q`:    "q;3",
	} {
		rows, _, failure := l.query(sql)
		if got := strings.Join(rows, ";"); got != want {
			t.Errorf("%s\ngot  %s %s\nwant %s", sql, got, failure, want)
		}
	}
}

func TestOnlyThePartitionsThatAQueryCanSelectAreScanned(t *testing.T) {
	l := newLake(t)
	l.put("01", "bigint", strings.Repeat(`{"n":1}`+"\n", 10))
	l.put("02", "bigint", strings.Repeat(`{"n":2,"S":"long enough to be another size"}`+"\n", 100))
	_, all, _ := l.query(`SELECT count(*) FROM logs`)
	rows, one, _ := l.query(`SELECT count(*) AS c FROM logs WHERE hour = '01'`)
	_, from, _ := l.query(`SELECT count(*) AS c FROM logs WHERE hour >= '02' AND n > 0`)
	if strings.Join(rows, ";") != "c;10" || one <= 0 || one+from != all {
		t.Errorf("%v: scanned %d and %d of %d bytes", rows, one, from, all)
	}
	rows, both, _ := l.query(`SELECT count(*) AS c FROM logs WHERE hour = '01' OR n = 2`)
	if strings.Join(rows, ";") != "c;110" || both != all {
		t.Errorf("a condition that decides nothing: %v, %d of %d bytes", rows, both, all)
	}
}

func TestFailuresAreWordedAsAthenaDoes(t *testing.T) {
	l := newLake(t)
	l.put("01", "bigint", `{"n":"not a number","S":"a"}`+"\n")
	for sql, want := range map[string]string{
		`SELECT missing FROM logs`:                 "COLUMN_NOT_FOUND: line 1:8: Column 'missing' cannot be resolved",
		`SELECT * FROM nowhere`:                    "TABLE_NOT_FOUND",
		`SELECT n FROM logs`:                       "HIVE_BAD_DATA",
		`INSERT INTO logs VALUES (1)`:              "TYPE_MISMATCH: line 1:1: Insert query has mismatched column types: Table: [bigint, varchar, row(a double, l array(varchar)), varchar], Query: [integer]",
		`SELECT * FROM read_text('/etc/hostname')`: "FAILED",
	} {
		if _, _, failure := l.query(sql); !strings.HasPrefix(failure, "FAILED") || !strings.Contains(failure, want) {
			t.Errorf("%s: %q, want %q", sql, failure, want)
		}
	}
	for _, sql := range []string{
		`SELECT s FROM logs`, `SELECT s FROM (SELECT * FROM logs)`, `WITH q AS (SELECT n, s FROM logs) SELECT q.s FROM q`,
		`SELECT s FROM (SELECT n + 1 AS m, s FROM logs UNION ALL SELECT n, s FROM logs WHERE false)`, `SELECT 'a' AS s WHERE EXISTS (SELECT * FROM logs)`,
		`SELECT s FROM (SELECT s, max(n) FROM logs GROUP BY s)`,
	} {
		if rows, _, failure := l.query(sql); strings.Join(rows, ";") != "s;a" {
			t.Errorf("a bad value in a column that is not read: %s: %v %s", sql, rows, failure)
		}
	}
	for _, sql := range []string{
		`SELECT n FROM (SELECT * FROM logs)`, `SELECT s FROM (SELECT * FROM logs) WHERE n > 0`, `SELECT count(*) FROM (SELECT DISTINCT n FROM logs)`,
		`SELECT s FROM (SELECT n, s FROM logs) ORDER BY n`, `SELECT s FROM logs GROUP BY n, s`, `SELECT 1 FROM (SELECT n AS k, count(*) FROM logs GROUP BY 1)`,
		`SELECT s, (SELECT max(n) FROM logs) FROM logs`, `SELECT a.s FROM logs a JOIN logs b USING (n)`, `SELECT s FROM (SELECT n, s FROM logs UNION SELECT n, s FROM logs)`,
	} {
		if rows, _, failure := l.query(sql); !strings.Contains(failure, "HIVE_BAD_DATA") {
			t.Errorf("a bad value in a column that is read: %s: %v %s", sql, rows, failure)
		}
	}
}

func TestAPartitionOfAnotherTypeIsCoercedOrRefused(t *testing.T) {
	l := newLake(t)
	l.put("01", "int", `{"n":1}`)
	if rows, _, failure := l.query(`SELECT n FROM logs`); strings.Join(rows, ";") != "n;1" {
		t.Errorf("int to bigint: %v %s", rows, failure)
	}
	l.put("02", "boolean", `{"n":true}`)
	if _, _, failure := l.query(`SELECT n FROM logs`); !strings.Contains(failure, "HIVE_PARTITION_SCHEMA_MISMATCH") {
		t.Errorf("boolean to bigint: %q", failure)
	}
}

func TestAQueryBeyondTheLimitIsCancelled(t *testing.T) {
	l := newLake(t)
	body := strings.Repeat(fmt.Sprintf("{\"S\":%q}\n", strings.Repeat("x", 1000)), 11_000)
	l.put("01", "bigint", "")
	l.must(l.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("lake"), Key: aws.String("logs/hour=01/plain"), Body: strings.NewReader(body)}))
	if _, _, failure := l.query(`SELECT max(s) FROM logs`); failure != "CANCELLED Bytes scanned limit was exceeded" {
		t.Errorf("got %q", failure)
	}
}

func TestAByteOrderMarkAtTheBeginningIsNoPartOfTheFirstLine(t *testing.T) {
	l := newLake(t)
	l.put("01", "bigint", "\ufeff"+`{"n":1}`+"\r\n\ufeff"+`{"n":2}`+"\n")
	l.put("02", "bigint", "\ufeff")
	rows, _, failure := l.query(`SELECT n FROM logs ORDER BY n`)
	if got := strings.Join(rows, ";"); got != "n;1;NULL" {
		t.Errorf("got %s %s", got, failure)
	}
}

func TestAStructOfHundredsOfMembersIsShown(t *testing.T) {
	const members = 340
	l := newLake(t)
	values, types := make([]string, members), make([]string, members)
	shown, asJSON := make([]string, members), make([]string, members)
	for i := range members {
		values[i], types[i] = fmt.Sprint(i), fmt.Sprintf("f%d bigint", i)
		shown[i], asJSON[i] = fmt.Sprintf("f%d=%d", i, i), fmt.Sprintf(`"f%d":%d`, i, i)
	}
	row := "CAST(ROW(" + strings.Join(values, ", ") + ") AS ROW(" + strings.Join(types, ", ") + "))"
	rows, _, failure := l.query("SELECT r, json_format(CAST(r AS JSON)) FROM (VALUES " + row + ") AS t (r)")
	want := "{" + strings.Join(shown, ", ") + "}|{" + strings.Join(asJSON, ",") + "}"
	if failure != "" || len(rows) != 2 || rows[1] != want {
		t.Errorf("%q %s\nwant %s", rows, failure, want)
	}
}
