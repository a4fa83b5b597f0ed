package athena_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// object writes a plain object into the lake.
func (l *lake) object(key, text string) {
	l.t.Helper()
	l.must(l.s3.PutObject(l.t.Context(), &s3.PutObjectInput{Bucket: aws.String("lake"), Key: &key, Body: strings.NewReader(text)}))
}

// step is a statement with its rows, joined by ;, or a part of its failure
// after an exclamation mark.
type step struct{ sql, want string }

func (l *lake) steps(steps []step) {
	l.t.Helper()
	for _, s := range steps {
		rows, _, failure := l.query(s.sql)
		if part, ok := strings.CutPrefix(s.want, "!"); ok {
			if !strings.Contains(failure, part) {
				l.t.Errorf("%s\ngot  %v %s\nwant a failure with %s", s.sql, rows, failure, part)
			}
			continue
		}
		if got := strings.Join(rows, ";"); failure != "" || got != s.want {
			l.t.Errorf("%s\ngot  %s %s\nwant %s", s.sql, got, failure, s.want)
		}
	}
}

func TestTablesAreDefinedRepairedChangedAndDropped(t *testing.T) {
	l := newLake(t)
	l.object("app/year=2026/month=01/a.json", `{"id":1,"user":{"name":"ann","tags":["x"]},"at":"2026-01-02T03:04:05Z"}`+"\n")
	l.object("app/year=2026/month=02/a.json", `{"id":2,"user":{"name":"bob","tags":[]}}`+"\n")
	l.object("elsewhere/a.json", `{"id":3}`)
	l.steps([]step{
		{"CREATE DATABASE shop COMMENT 'a shop'", ""},
		{"CREATE DATABASE shop", "!Database shop already exists"},
		{"CREATE DATABASE IF NOT EXISTS shop", ""},
		{"CREATE EXTERNAL TABLE IF NOT EXISTS shop.`App` (\n  `id` bigint COMMENT 'it\\'s',\n  `user` struct<name:string,tags:array<string>>,\n  `at` string -- when\n)\n" +
			"PARTITIONED BY (`year` string, month int)\nROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'\nWITH SERDEPROPERTIES ('ignore.malformed.json'='true')\n" +
			"STORED AS INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat'\nOUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'\n" +
			"LOCATION 's3://lake/app/'\nTBLPROPERTIES ('classification'='json');", ""},
		{"SELECT count(*) AS n FROM shop.app", "n;0"},
		{"MSCK REPAIR TABLE shop.app", "Partitions not in metastore:\tapp:year=2026/month=01\tapp:year=2026/month=02;Repair: Added partition to metastore app:year=2026/month=01;Repair: Added partition to metastore app:year=2026/month=02"},
		{"MSCK REPAIR TABLE shop.app", ""},
		{"SHOW PARTITIONS shop.app", "year=2026/month=01;year=2026/month=02"},
		{"SELECT id, user.name AS who, cardinality(user.tags) AS n, month FROM shop.app ORDER BY id", "id|who|n|month;1|ann|1|1;2|bob|0|2"},
		{"ALTER TABLE shop.app ADD IF NOT EXISTS PARTITION (year='2025', month=12) LOCATION 's3://lake/elsewhere/' PARTITION (year='2026', month=1)", ""},
		{"SELECT id FROM shop.app WHERE year = '2025'", "id;3"},
		{`SELECT "$path" FROM shop.app WHERE year < '2026'`, "$path;s3://lake/elsewhere/a.json"},
		{"ALTER TABLE shop.app DROP PARTITION (year='2025')", ""},
		{"ALTER TABLE shop.app DROP PARTITION (year='2025')", "!Partition not found"},
		{"ALTER TABLE shop.app DROP IF EXISTS PARTITION (year='2025')", ""},
		{"ALTER TABLE shop.app ADD COLUMNS (extra map<string,int>)", ""},
		{"ALTER TABLE shop.app ADD COLUMNS (id int)", "!Duplicate column name: id"},
		{"SELECT extra FROM shop.app LIMIT 1", "extra;NULL"},
		{"ALTER TABLE shop.app SET TBLPROPERTIES ('owner'='me')", ""},
		{"SHOW TBLPROPERTIES shop.app('owner')", "me"},
		{"SHOW COLUMNS IN shop.app", "id                  ;user                ;at                  ;extra               ;year                ;month               "},
		{"SHOW TABLES IN shop", "app"},
		{"SHOW TABLES IN shop 'a*'", "app"},
		{"SHOW TABLES IN shop LIKE 'b*'", ""},
		{"SHOW DATABASES", "db;shop"},
		{"SHOW TABLES IN nowhere", "!Database does not exist"},
	})
	rows, _, failure := l.query("DESCRIBE shop.app")
	if len(rows) != 12 || !strings.HasPrefix(rows[0], "id                  \tbigint") || rows[7] != "# Partition Information\t \t " {
		t.Errorf("DESCRIBE: %q %s", rows, failure)
	}
	rows, _, failure = l.query("SHOW CREATE TABLE shop.app")
	text := strings.Join(rows, "\n")
	for _, want := range []string{"CREATE EXTERNAL TABLE `shop.app`(", "  `user` struct<name:string,tags:array<string>>, ", "PARTITIONED BY ( ", "LOCATION\n  's3://lake/app/'", "  'owner'='me'"} {
		if !strings.Contains(text, want) {
			t.Errorf("SHOW CREATE TABLE lacks %q: %s %s", want, text, failure)
		}
	}
	// What SHOW CREATE TABLE answers makes the same table.
	l.must(l.glue.DeleteTable(t.Context(), &glue.DeleteTableInput{DatabaseName: aws.String("shop"), Name: aws.String("app")}))
	l.steps([]step{
		{text, ""},
		{"MSCK REPAIR TABLE shop.app", "Partitions not in metastore:\tapp:year=2026/month=01\tapp:year=2026/month=02;Repair: Added partition to metastore app:year=2026/month=01;Repair: Added partition to metastore app:year=2026/month=02"},
		{"SELECT count(*) AS n FROM shop.app WHERE month = 1", "n;1"},
		{"DROP DATABASE shop", "!Database shop is not empty"},
		{"DROP TABLE shop.app", ""},
		{"DROP TABLE shop.app", "!Table not found"},
		{"DROP TABLE IF EXISTS shop.app", ""},
		{"DROP DATABASE shop", ""},
		{"DROP DATABASE shop", "!Database does not exist"},
		{"DROP DATABASE IF EXISTS shop CASCADE", ""},
	})
}

func TestViewsAreQueriesKeptInTheCatalog(t *testing.T) {
	l := newLake(t)
	l.put("01", "bigint", `{"n":1,"S":"a"}`+"\n"+`{"n":2,"S":"b"}`+"\n")
	l.put("02", "bigint", `{"n":3,"S":"c"}`+"\n")
	l.steps([]step{
		{"CREATE VIEW big AS SELECT n, upper(s) AS name, hour FROM logs WHERE n > 1", ""},
		{"CREATE VIEW big AS SELECT 1 AS x", "!TABLE_ALREADY_EXISTS"},
		{"SELECT * FROM big ORDER BY n", "n|name|hour;2|B|01;3|C|02"},
		{"CREATE OR REPLACE VIEW big AS SELECT n, hour FROM db.logs", ""},
		{"SELECT b.n FROM big b WHERE b.hour = '02'", "n;3"},
		{"SHOW VIEWS", "big"},
		{"SHOW CREATE VIEW big", "CREATE VIEW db.big AS;SELECT n, hour FROM db.logs"},
		{"CREATE VIEW bad AS SELECT 1", "!MISSING_COLUMN_NAME"},
		{"DROP TABLE big", "!Cannot drop a view"},
		{"SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'db' ORDER BY 1", "table_name|table_type;big|VIEW;logs|BASE TABLE"},
		{
			"SELECT column_name, data_type, extra_info FROM information_schema.columns WHERE table_schema = 'db' AND table_name = 'logs' ORDER BY ordinal_position",
			"column_name|data_type|extra_info;n|bigint|NULL;s|varchar|NULL;o|row(a double, l array(varchar))|NULL;hour|varchar|partition key",
		},
		{"SELECT schema_name FROM information_schema.schemata ORDER BY 1", "schema_name;db;information_schema"},
		{"DROP VIEW big", ""},
		{"SELECT * FROM big", "!TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.db.big' does not exist"},
		{"SELECT * FROM nowhere.t", "!SCHEMA_NOT_FOUND: line 1:15: Schema 'nowhere' does not exist"},
	})
	// A view prunes through itself.
	l.steps([]step{{"CREATE VIEW v AS SELECT n, hour FROM logs", ""}})
	_, one, _ := l.query("SELECT sum(n) FROM v WHERE hour = '02'")
	_, all, _ := l.query("SELECT sum(n) FROM v")
	if one == 0 || one >= all {
		t.Errorf("a condition on a view scanned %d of %d bytes", one, all)
	}
}

func TestPartitionsArePrunedExactly(t *testing.T) {
	l := newLake(t)
	sizes := map[string]int64{}
	for i, hour := range []string{"01", "02", "03", "10"} {
		l.put(hour, "bigint", strings.Repeat(`{"n":1,"S":"`+strings.Repeat(string(rune('a'+i)), 10*(i+1)*(i+1))+`"}`+"\n", i+1))
		_, sizes[hour], _ = l.query("SELECT count(*) FROM logs WHERE hour = '" + hour + "'")
	}
	for where, hours := range map[string]string{
		"hour <> '01'":                           "02 03 10",
		"hour > '02'":                            "03 10",
		"'02' >= hour":                           "01 02",
		"hour IN ('01', '10')":                   "01 10",
		"hour NOT IN ('01', '10')":               "02 03",
		"hour BETWEEN '02' AND '03'":             "02 03",
		"hour LIKE '0%'":                         "01 02 03",
		"hour = '01' OR hour = '03'":             "01 03",
		"hour = '01' OR (hour = '02' AND n > 0)": "01 02",
		"NOT (hour = '01')":                      "02 03 10",
		"CAST(hour AS integer) > 2":              "03 10",
		"hour || ':00' = '02:00'":                "02",
		"hour = '01' OR n = 5":                   "01 02 03 10",
		"hour IS NULL":                           "",
		"coalesce(hour, 'x') = '03'":             "03",
		"lower(hour) = '03' AND s LIKE '%c%'":    "03",
		"hour = date_format(timestamp '2026-01-01 10:00:00', '%H')": "10",
	} {
		want := int64(0)
		for _, h := range strings.Fields(hours) {
			want += sizes[h]
		}
		for _, sql := range []string{
			"SELECT count(*) FROM logs WHERE " + where,
			"WITH q AS (SELECT * FROM logs) SELECT count(*) FROM q WHERE " + where,
			"SELECT count(*) FROM (SELECT n, s, hour FROM logs) WHERE " + where,
			"SELECT count(*) FROM logs l JOIN (VALUES 1) v(one) ON l.n = v.one WHERE " + where,
		} {
			_, scanned, failure := l.query(sql)
			if scanned != want || failure != "" {
				t.Errorf("%s: scanned %d bytes, want %d (%s) %s", sql, scanned, want, hours, failure)
			}
		}
	}
	// A LEFT JOIN's right side is not pruned by WHERE, but by ON.
	_, scanned, _ := l.query("SELECT count(*) FROM (VALUES 1) v(one) LEFT JOIN logs l ON l.n = v.one AND l.hour = '02'")
	if scanned != sizes["02"] {
		t.Errorf("ON scanned %d, want %d", scanned, sizes["02"])
	}
}

func TestProjectedPartitionsFollowTheirProperties(t *testing.T) {
	l := newLake(t)
	for _, day := range []string{"2026/01/01", "2026/01/02", "2026/01/03", "2027/01/01"} {
		l.object("p/eu/"+day+"/x.json", `{"n":1}`+"\n")
		l.object("p/us/"+day+"/x.json", `{"n":10}`+"\n")
		l.object("p/mars/"+day+"/x.json", `{"n":100}`+"\n")
	}
	create := func(name, region string) string {
		return "CREATE EXTERNAL TABLE " + name + " (n int) PARTITIONED BY (region string, day string) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://lake/p/' " +
			"TBLPROPERTIES ('projection.enabled'='true', " + region + ", 'projection.day.type'='date', 'projection.day.format'='yyyy/MM/dd', " +
			"'projection.day.range'='2026/01/01,2026/12/31', 'storage.location.template'='s3://lake/p/${region}/${day}')"
	}
	l.steps([]step{
		{create("e", "'projection.region.type'='enum', 'projection.region.values'='eu,us'"), ""},
		{"SELECT sum(n) AS n FROM e", "n;33"},
		{"SELECT sum(n) AS n FROM e WHERE region = 'eu' AND day >= '2026/01/02'", "n;2"},
		{"SELECT region, day FROM e WHERE day = '2026/01/03' ORDER BY 1", "region|day;eu|2026/01/03;us|2026/01/03"},
		{create("i", "'projection.region.type'='injected'"), ""},
		{"SELECT sum(n) AS n FROM i WHERE region = 'mars'", "n;300"},
		{"SELECT sum(n) AS n FROM i WHERE region IN ('mars', 'eu') AND day < '2026/01/02'", "n;101"},
		{"SELECT sum(n) AS n FROM i", "!CONSTRAINT_VIOLATION: For the injected projected partition column region"},
		{"SELECT sum(n) AS n FROM i WHERE region > 'a'", "!CONSTRAINT_VIOLATION"},
		{"CREATE EXTERNAL TABLE bad (n int) PARTITIONED BY (h int) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://lake/p/' TBLPROPERTIES ('projection.enabled'='true')", ""},
		{"SELECT * FROM bad", "!missing projection configuration: [h]"},
	})
	for _, h := range []string{"00", "05", "06", "12", "24", "7"} {
		l.object("h/h="+h+"/x.json", `{"n":1}`+"\n")
	}
	l.steps([]step{
		{"CREATE EXTERNAL TABLE h (n int) PARTITIONED BY (h int) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://lake/h/' " +
			"TBLPROPERTIES ('projection.enabled'='true', 'projection.h.type'='integer', 'projection.h.range'='0,23', 'projection.h.digits'='2', 'projection.h.interval'='6')", ""},
		{"SELECT h FROM h ORDER BY h", "h;0;6;12"},
		{"SELECT count(*) AS n FROM h WHERE h > 6", "n;1"},
	})
}

func TestPreparedStatementsTakeParameters(t *testing.T) {
	l := newLake(t)
	l.put("01", "bigint", `{"n":1,"S":"a"}`+"\n"+`{"n":2,"S":"it's"}`+"\n")
	ctx := t.Context()
	l.steps([]step{
		{"PREPARE mine FROM SELECT s FROM logs WHERE n = ? AND hour = ?", ""},
		{"EXECUTE mine USING 2, '01'", "s;it's"},
		{"EXECUTE mine USING 2", "!INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters: expected 2 but found 1"},
		{"EXECUTE other", "!Prepared statement not found: other"},
	})
	l.must(l.athena.CreatePreparedStatement(ctx, &athena.CreatePreparedStatementInput{StatementName: aws.String("api"), WorkGroup: aws.String("w"), QueryStatement: aws.String("SELECT n FROM logs WHERE s = ?")}))
	started, err := l.athena.StartQueryExecution(ctx, &athena.StartQueryExecutionInput{
		QueryString: aws.String("EXECUTE api"), WorkGroup: aws.String("w"), ExecutionParameters: []string{"'it''s'"},
		QueryExecutionContext: &types.QueryExecutionContext{Database: aws.String("db")},
	})
	l.must(started, err)
	l.must(nil, l.server.Clock.Idle(ctx))
	out, err := l.athena.GetQueryResults(ctx, &athena.GetQueryResultsInput{QueryExecutionId: started.QueryExecutionId})
	if err != nil || len(out.ResultSet.Rows) != 2 || aws.ToString(out.ResultSet.Rows[1].Data[0].VarCharValue) != "2" {
		t.Errorf("EXECUTE with execution parameters: %v %v", out, err)
	}
	list, err := l.athena.ListPreparedStatements(ctx, &athena.ListPreparedStatementsInput{WorkGroup: aws.String("w")})
	if err != nil || len(list.PreparedStatements) != 2 {
		t.Errorf("%v %v", list, err)
	}
	l.steps([]step{{"DEALLOCATE PREPARE mine", ""}})
	if _, err := l.athena.GetPreparedStatement(ctx, &athena.GetPreparedStatementInput{StatementName: aws.String("mine"), WorkGroup: aws.String("w")}); err == nil {
		t.Error("a deallocated statement is still there")
	}
}
