package athena_test

import (
	"strings"
	"testing"
)

// TestLogsOfServicesAreReadAsTheManualDefinesTheirTables has tables of Athena's
// manual, shortened to the columns that are asked for, over the sample records of
// the manuals of the services:
// https://docs.aws.amazon.com/athena/latest/ug/querying-aws-service-logs.html
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
func TestLogsOfServicesAreReadAsTheManualDefinesTheirTables(t *testing.T) {
	l := newLake(t)
	l.object("vpc/2026/a.log", "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"+
		"2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK\n"+
		"2 123456789010 eni-1235b8ca123456789 172.31.9.69 172.31.9.12 49761 3389 6 20 4249 1418530010 1418530070 REJECT OK\n"+
		"2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - NODATA\n")
	l.object("alb/a.log", `http 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.46.0" - - arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "Root=1-58337262-36d228ad5d99923122bbe354" "-" "-" 0 2018-07-02T22:22:48.364000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-"`+"\nnot a record\n")
	l.object("trail/a.json", `{"Records":[{"eventVersion":"1.08","userIdentity":{"type":"IAMUser","userName":"Alice","sessionContext":{"attributes":{"mfaAuthenticated":"false"}}},"eventTime":"2026-01-02T03:04:05Z","eventName":"RunInstances","requestParameters":{"instanceType":"m1.small","tags":[1]},"responseElements":null,"resources":[{"ARN":"arn:aws:s3:::b","type":"AWS::S3::Bucket"}]},{"eventName":"Other"}]}`)
	l.object("csv/a.csv", "name,n,day,at\n\"a \"\"b\"\", c\",1,18276,1579059880000\n\"plain\",2,18276,1579059880000\n")
	l.object("bad/a.csv", "x,\n")
	l.object("lazy/a.txt", "1|2.9|true|2026-01-02|2026-01-02 03:04:05.678|x;y|k=1;l=2|\\N\nz|0.5|yes|never|nothing||k|a\\|b\n")
	l.steps([]step{
		{"CREATE EXTERNAL TABLE IF NOT EXISTS `vpc_flow_logs` (version int, account_id string, interface_id string, srcaddr string, dstaddr string, srcport int, dstport int, protocol bigint, packets bigint, bytes bigint, start bigint, `end` bigint, action string, log_status string)\n" +
			"ROW FORMAT DELIMITED FIELDS TERMINATED BY ' ' LOCATION 's3://lake/vpc/' TBLPROPERTIES (\"skip.header.line.count\"=\"1\")", ""},
		{"SELECT srcaddr, dstport, bytes, \"end\" FROM vpc_flow_logs WHERE action = 'REJECT' AND protocol = 6", "srcaddr|dstport|bytes|end;172.31.9.69|3389|4249|1418530070"},
		{"SELECT count(*) AS n, count(bytes) AS b FROM vpc_flow_logs", "n|b;3|2"},
		{"SELECT srcaddr FROM vpc_flow_logs WHERE contains('172.31.16.0/24', TRY_CAST(srcaddr AS ipaddress))", "srcaddr;172.31.16.139"},
		{"CREATE EXTERNAL TABLE alb (type string, time string, elb string, client_ip string, client_port int, target_ip string, target_port int, request_processing_time double, target_processing_time double, response_processing_time double, elb_status_code int, target_status_code string, received_bytes bigint, sent_bytes bigint, request_verb string, request_url string, request_proto string, user_agent string)\n" +
			"ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe' WITH SERDEPROPERTIES ('serialization.format' = '1', 'input.regex' = \n" +
			`'([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*):([0-9]*) ([^ ]*)[:-]([0-9]*) ([-.0-9]*) ([-.0-9]*) ([-.0-9]*) (|[-0-9]*) (-|[-0-9]*) ([-0-9]*) ([-0-9]*) \"([^ ]*) (.*) (- |[^ ]*)\" \"([^\"]*)\" ([A-Z0-9-_]+) ([A-Za-z0-9.-]*) ([^ ]*) \"([^\"]*)\" \"([^\"]*)\" \"([^\"]*)\" ([-.0-9]*) ([^ ]*) \"([^\"]*)\" \"([^\"]*)\" \"([^ ]*)\" \"([^\s]+?)\" \"([^\s]+)\" \"([^ ]*)\" \"([^ ]*)\"')` +
			" LOCATION 's3://lake/alb/'", ""},
		{
			"SELECT client_ip, client_port, target_processing_time, elb_status_code, sent_bytes, request_verb, request_url, user_agent FROM alb WHERE type IS NOT NULL",
			"client_ip|client_port|target_processing_time|elb_status_code|sent_bytes|request_verb|request_url|user_agent;192.168.131.39|2817|0.001|200|366|GET|http://www.example.com:80/|curl/7.46.0",
		},
		{"SELECT count(*) AS n, count(type) AS typed FROM alb", "n|typed;2|1"},
		{"CREATE EXTERNAL TABLE trail (eventversion string, useridentity struct<type:string,username:string,sessioncontext:struct<attributes:struct<mfaauthenticated:string>>>, eventtime string, eventname string, requestparameters string, responseelements string, resources array<struct<arn:string,accountid:string,type:string>>)\n" +
			"ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe' STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat' OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat' LOCATION 's3://lake/trail/'", ""},
		{
			"SELECT useridentity.username, useridentity.sessioncontext.attributes.mfaauthenticated AS mfa, json_extract_scalar(requestparameters, '$.instanceType') AS kind, responseelements FROM trail WHERE eventname = 'RunInstances'",
			"username|mfa|kind|responseelements;Alice|false|m1.small|NULL",
		},
		{"SELECT unnested.resources_entry.arn FROM trail t, UNNEST(t.resources) unnested (resources_entry)", "arn;arn:aws:s3:::b"},
		{"CREATE EXTERNAL TABLE c (name string, n int, day date, at timestamp) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' LOCATION 's3://lake/csv/' TBLPROPERTIES ('skip.header.line.count'='1')", ""},
		{"SELECT * FROM c ORDER BY n", `name|n|day|at;a "b", c|1|2020-01-15|2020-01-15 03:44:40.000;plain|2|2020-01-15|2020-01-15 03:44:40.000`},
		{"CREATE EXTERNAL TABLE bad (name string, n int) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' LOCATION 's3://lake/bad/'", ""},
		{"SELECT name FROM bad", "name;x"},
		{"SELECT n FROM bad", `!HIVE_BAD_DATA: Error parsing field value '' for field 1: For input string: ""`},
		// What a type can not hold is NULL: LongEncoding, BooleanEncoding and TimestampEncoding of trinodb/trino.
		{`CREATE EXTERNAL TABLE z (i int, d double, b boolean, day date, at timestamp, l array<string>, m map<string,int>, s string) ROW FORMAT DELIMITED FIELDS TERMINATED BY '|' ESCAPED BY '\\' COLLECTION ITEMS TERMINATED BY ';' MAP KEYS TERMINATED BY '=' LOCATION 's3://lake/lazy/'`, ""},
		{"SELECT * FROM z ORDER BY d DESC", "i|d|b|day|at|l|m|s;1|2.9|true|2026-01-02|2026-01-02 03:04:05.678|[x, y]|{k=1, l=2}|NULL;NULL|0.5|NULL|NULL|NULL|[]|{k=null}|a|b"},
	})
	rows, _, failure := l.query("SELECT count(*) AS n FROM vpc_flow_logs, trail")
	if strings.Join(rows, ";") != "n;6" {
		t.Errorf("tables of two formats: %v %s", rows, failure)
	}
}
