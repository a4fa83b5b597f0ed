package ddl

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"crawlerless/localaws/athena/hive"
)

func typ(t *testing.T, text string) hive.Type {
	t.Helper()
	parsed, err := hive.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestStatementsAreReadAsHiveReadsThem(t *testing.T) {
	for text, want := range map[string]Statement{
		"create schema if not exists `My`  location 's3://b/' with dbproperties ('a'='b')": &CreateDatabase{IfNotExists: true, Name: "my", Location: "s3://b/", Properties: map[string]string{"a": "b"}},
		"DROP DATABASE IF EXISTS x CASCADE;":                                               &DropDatabase{IfExists: true, Cascade: true, Name: "x"},
		"CREATE EXTERNAL TABLE awsdatacatalog.d.t (`a b` map<string,array<int>> COMMENT \"it's\", c decimal(10,2)) PARTITIONED BY (p date) STORED AS PARQUET LOCATION 's3://b/t/'": &CreateTable{
			Name: Name{"d", "t"}, Columns: []Column{{"a b", typ(t, "map<string,array<int>>"), "it's"}, {"c", typ(t, "decimal(10,2)"), ""}},
			Partitions: []Column{{"p", typ(t, "date"), ""}}, SerDe: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe", SerDeProperties: map[string]string{},
			InputFormat: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat", OutputFormat: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
			Location: "s3://b/t/", Properties: map[string]string{},
		},
		"CREATE EXTERNAL TABLE t (a string) ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' LOCATION 's3://b/t/'": &CreateTable{
			Name: Name{"", "t"}, Columns: []Column{{"a", typ(t, "string"), ""}}, SerDe: "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
			SerDeProperties: map[string]string{"field.delim": "\t", "serialization.format": "\t", "escape.delim": `\`, "line.delim": "\n"},
			InputFormat:     "org.apache.hadoop.mapred.TextInputFormat", OutputFormat: "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
			Location: "s3://b/t/", Properties: map[string]string{},
		},
		"DROP VIEW `d`.`v`":     &DropTable{View: true, Name: Name{"d", "v"}},
		"MSCK REPAIR TABLE d.t": &Repair{Name{"d", "t"}},
		"ALTER TABLE t ADD IF NOT EXISTS PARTITION (y = '2026', m = 1) LOCATION 's3://b/1/' PARTITION (y='2026', m=2)": &AddPartitions{
			Name: Name{"", "t"}, IfNotExists: true, Partitions: []Partition{
				{[]Condition{{"y", "=", "2026"}, {"m", "=", "1"}}, "s3://b/1/"}, {[]Condition{{"y", "=", "2026"}, {"m", "=", "2"}}, ""},
			},
		},
		"alter table t drop partition (d < '2026-01-01'), partition (d = '2027-01-01')": &DropPartitions{
			Name: Name{"", "t"}, Partitions: []Partition{{[]Condition{{"d", "<", "2026-01-01"}}, ""}, {[]Condition{{"d", "=", "2027-01-01"}}, ""}},
		},
		"ALTER TABLE t REPLACE COLUMNS (a int)": &AddColumns{Name: Name{"", "t"}, Replace: true, Columns: []Column{{"a", typ(t, "int"), ""}}},
		"ALTER TABLE t PARTITION (d = 'x') SET LOCATION 's3://b/'": &SetLocation{
			Name{"", "t"}, &Partition{[]Condition{{"d", "=", "x"}}, ""}, "s3://b/",
		},
		"SHOW TABLES IN d LIKE 'a*'":        &Show{What: "TABLES", Name: Name{"d", ""}, Like: "a*"},
		"SHOW COLUMNS FROM t IN d":          &Show{What: "COLUMNS", Name: Name{"d", "t"}},
		"/* c */ DESC -- x\n FORMATTED d.t": &Describe{Name: Name{"d", "t"}, Style: "FORMATTED"},
	} {
		got, err := Parse(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\ngot  %+v %v\nwant %+v", text, got, err, want)
		}
	}
}

func TestWhatIsNotHivesHasAPlaceOrAName(t *testing.T) {
	for text, want := range map[string]string{
		"CREATE EXTERNAL TABLE t (a int":            "line 1:30 missing , at '<EOF>'",
		"CREATE EXTERNAL TABLE t (a int, A string)": "line 1:0 Duplicate column name: a",
		"CREATE EXTERNAL TABLE t (a array<int)":     "line 1:27 ",
		"ALTER TABLE t\n ADD PARTITION (d < 'x')":   "line 2:24 only = is allowed",
		"SHOW NOTHING":       "line 1:5 ",
		"DROP TABLE t extra": "line 1:13 extraneous input at 'extra'",
		"CREATE TABLE t (a int) LOCATION 's3://b/' TBLPROPERTIES ('table_type'='ICEBERG')": "localaws does not implement tables of the type ICEBERG",
		"CREATE EXTERNAL TABLE t (a int) COMMENT 'x":                                       "line 1:40 ",
	} {
		_, err := Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// FuzzParse holds that no text makes the parser panic, and that every refusal
// has a place or names what is missing.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"CREATE EXTERNAL TABLE IF NOT EXISTS d.`t` (a struct<b:int,`c d`:array<map<string,double>>> COMMENT 'x\\'y') PARTITIONED BY (p string) ROW FORMAT SERDE 'x' WITH SERDEPROPERTIES ('a'='b') STORED AS INPUTFORMAT 'i' OUTPUTFORMAT 'o' LOCATION 's3://b/' TBLPROPERTIES ('c'='d');",
		"ALTER TABLE t ADD PARTITION (a='b', c=-1.5) LOCATION 'x'", "SHOW TBLPROPERTIES t('x')", "DESCRIBE t PARTITION (a='b') c.d", "/* */ -- \n DROP TABLE x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		var placed *Error
		var missing *Unsupported
		if err != nil && !errors.As(err, &missing) && (!errors.As(err, &placed) || placed.Line < 1 || placed.Col < 0) {
			t.Fatalf("%q: %v", text, err)
		}
		if err == nil && s == nil {
			t.Fatalf("%q: neither a statement nor an error", text)
		}
	})
}
