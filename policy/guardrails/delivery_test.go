package guardrails

import "testing"

// s3dest is a delivery stream that is right, with changes.
func s3dest(changes string) Resource {
	base := `"bucketArn":"arn:aws:s3:::lake","prefix":"logs/app/year=!{timestamp:yyyy}/","errorOutputPrefix":"errors/app/!{firehose:error-output-type}/","bufferingSize":64,"bufferingInterval":300,"compressionFormat":"GZIP"`
	if changes != "" {
		base += "," + changes // the last of two equal keys counts
	}
	return res(deliveryStream, "app", `{"destination":"extended_s3","extendedS3Configuration":{`+base+`}}`)
}

func TestGlue(t *testing.T) {
	lake := res(bucketTwo, "lake", `{}`).out(`{"bucket":"lake-1"}`)
	newLake := res(bucketTwo, "lake", `{}`).out(`{"bucket":"<unknown>","id":"<unknown>"}`)
	table := func(location string) Resource {
		return res(catalogTable, "app", `{"tableType":"EXTERNAL_TABLE","storageDescriptor":{"location":"`+location+`","serDeInfo":{"serializationLibrary":"org.openx.data.jsonserde.JsonSerDe"}}}`)
	}
	prefixes := "logs/"
	checkExamples(t, map[string][]example{
		"glue-no-crawler": {
			{what: "a database", stack: Stack{res(catalogDatabase, "d", `{}`)}},
			{what: "a crawler", stack: Stack{res("aws:glue/crawler:Crawler", "scan", `{}`)}, bad: []string{"scan: type is aws:glue/crawler:Crawler"}},
			{what: "a crawler of which nothing is known", stack: Stack{res("aws:glue/crawler:Crawler", "scan", `{"schedule":"<unknown>"}`)}, bad: []string{"no crawler"}},
			{what: "a native crawler", stack: Stack{res("aws-native:glue:Crawler", "scan", `{}`)}, bad: []string{"aws-native:glue:Crawler"}},
			{what: "a crawler behind Cloud Control", stack: Stack{res("aws:cloudcontrol/resource:Resource", "x", `{"typeName":"AWS::Glue::Crawler"}`)}, bad: []string{"no crawler"}},
			{what: "something else behind Cloud Control", stack: Stack{res("aws:cloudcontrol/resource:Resource", "x", `{"typeName":"AWS::SNS::Topic"}`)}},
			{what: "something not known behind Cloud Control", stack: Stack{res("aws:cloudcontrol/resource:Resource", "x", `{"typeName":"<unknown>"}`)}, waits: []string{"typeName"}},
		},
		"glue-no-stand-in": {
			{what: "a table", stack: Stack{table("s3://lake-1/logs/app/")}},
			{what: "a job", stack: Stack{res("aws:glue/job:Job", "etl", `{}`)}, bad: []string{"etl: type is aws:glue/job:Job"}},
			{what: "a trigger", stack: Stack{res("aws:glue/trigger:Trigger", "t", `{}`)}, bad: []string{"Trigger"}},
			{what: "a workflow", stack: Stack{res("aws:glue/workflow:Workflow", "w", `{}`)}, bad: []string{"Workflow"}},
			{what: "a development endpoint", stack: Stack{res("aws:glue/devEndpoint:DevEndpoint", "w", `{}`)}, bad: []string{"DevEndpoint"}},
			{what: "an ML transform", stack: Stack{res("aws:glue/mLTransform:MLTransform", "w", `{}`)}, bad: []string{"MLTransform"}},
			{what: "a native job", stack: Stack{res("aws-native:glue:Job", "w", `{}`)}, bad: []string{"aws-native:glue:Job"}},
			{what: "a job behind Cloud Control", stack: Stack{res("aws:cloudcontrol/resource:Resource", "x", `{"typeName":"AWS::Glue::Job"}`)}, bad: []string{"AWS::Glue::Job"}},
			{what: "not known behind Cloud Control", stack: Stack{res("aws:cloudcontrol/resource:Resource", "x", `{"typeName":"<unknown>"}`)}, waits: []string{"typeName"}},
		},
		"glue-table-in-lake": {
			{what: "below logs/ in the lake", stack: Stack{lake, table("s3://lake-1/logs/app/")}},
			{what: "another bucket", stack: Stack{lake, table("s3://other/logs/app/")}, bad: []string{"not a bucket of the stack"}},
			{what: "another bucket while ours has no name yet", stack: Stack{newLake, table("s3://other/logs/app/")}, waits: []string{"storageDescriptor.location"}},
			{what: "the whole bucket", stack: Stack{lake, table("s3://lake-1/")}, bad: []string{prefixes}},
			{what: "all logs", stack: Stack{lake, table("s3://lake-1/logs/")}, bad: []string{prefixes}},
			{what: "the errors", stack: Stack{lake, table("s3://lake-1/errors/app/")}, bad: []string{prefixes}},
			{what: "a location not known", stack: Stack{lake, table(unknown)}, waits: []string{"storageDescriptor.location"}},
			{what: "nothing known", stack: Stack{lake, res(catalogTable, "app", `{"storageDescriptor":"<unknown>"}`)}, waits: []string{"storageDescriptor"}},
			{what: "no SerDe", stack: Stack{lake, res(catalogTable, "app", `{"storageDescriptor":{"location":"s3://lake-1/logs/app/"}}`)}, bad: []string{"a SerDe"}},
			{what: "neither", stack: Stack{lake, res(catalogTable, "app", `{}`)}, bad: []string{"a SerDe", "location is not set"}},
			{what: "a view", stack: Stack{res(catalogTable, "v", `{"tableType":"VIRTUAL_VIEW"}`)}},
			{what: "an Iceberg table", stack: Stack{lake, res(catalogTable, "i", `{"openTableFormatInput":{"icebergInput":{"metadataOperation":"CREATE"}},"storageDescriptor":{"location":"s3://lake-1/logs/i/"}}`)}},
			{what: "another prefix by configuration", stack: Stack{lake, table("s3://lake-1/data/app/")}, config: `{"prefixes":["data/"]}`},
		},
	})
}

func TestFirehose(t *testing.T) {
	checkExamples(t, map[string][]example{
		"firehose-buffer": {
			{what: "the limits themselves", stack: Stack{s3dest("")}},
			{what: "a small buffer", stack: Stack{s3dest(`"bufferingSize":5`)}, bad: []string{"extendedS3Configuration.bufferingSize is 5 MiB; allowed: at least 64 MiB (firehose-buffer.minMiB)"}},
			{what: "a short interval costs something", stack: Stack{s3dest(`"bufferingInterval":60`)}, bad: []string{"60 s; allowed: at least 300 s (firehose-buffer.minSeconds). Costs about $"}},
			{what: "nothing said is 5 MiB and 300 s", stack: Stack{res(deliveryStream, "app", `{"extendedS3Configuration":{"bucketArn":"b"}}`)}, bad: []string{"bufferingSize is 5 MiB"}},
			{what: "not known", stack: Stack{s3dest(`"bufferingSize":"<unknown>","bufferingInterval":"<unknown>"`)}, waits: []string{"extendedS3Configuration.bufferingInterval", "extendedS3Configuration.bufferingSize"}},
			{what: "the whole destination not known", stack: Stack{res(deliveryStream, "app", `{"extendedS3Configuration":"<unknown>"}`)}, waits: []string{"extendedS3Configuration.bufferingInterval", "extendedS3Configuration.bufferingSize"}},
			{what: "both below", stack: Stack{s3dest(`"bufferingSize":1,"bufferingInterval":0`)}, bad: []string{"1 MiB", "0 s"}},
			{
				what: "another destination", stack: Stack{res(deliveryStream, "app", `{"httpEndpointConfiguration":{"bufferingSize":1,"bufferingInterval":400,"s3Configuration":{"bufferingSize":64,"bufferingInterval":60}}}`)},
				bad: []string{"httpEndpointConfiguration.bufferingSize", "httpEndpointConfiguration.s3Configuration.bufferingInterval"},
			},
			{what: "a number as text", stack: Stack{s3dest(`"bufferingSize":"128"`)}},
			{what: "no number at all", stack: Stack{s3dest(`"bufferingSize":"large"`)}, bad: []string{"a number"}},
			{what: "the stage's own limits", stack: Stack{s3dest(`"bufferingSize":1,"bufferingInterval":60`)}, config: `{"minMiB":1,"minSeconds":60}`},
			{what: "another type", stack: Stack{res(logGroup, "g", `{"extendedS3Configuration":{"bufferingSize":1}}`)}},
		},
		"firehose-compression": {
			{what: "gzip", stack: Stack{s3dest("")}},
			{what: "none said", stack: Stack{res(deliveryStream, "app", `{"extendedS3Configuration":{"bucketArn":"b"}}`)}, bad: []string{"compressionFormat is UNCOMPRESSED; allowed: GZIP"}},
			{what: "another format", stack: Stack{s3dest(`"compressionFormat":"Snappy"`)}, bad: []string{"Snappy"}},
			{what: "another format that is allowed", stack: Stack{s3dest(`"compressionFormat":"Snappy"`)}, config: `{"formats":["GZIP","Snappy"]}`},
			{what: "Parquet, which compresses by itself", stack: Stack{s3dest(`"compressionFormat":"UNCOMPRESSED","dataFormatConversionConfiguration":{"enabled":true}`)}},
			{what: "a conversion that is off", stack: Stack{s3dest(`"compressionFormat":"UNCOMPRESSED","dataFormatConversionConfiguration":{"enabled":false}`)}, bad: []string{"UNCOMPRESSED"}},
			{what: "not known", stack: Stack{s3dest(`"compressionFormat":"<unknown>"`)}, waits: []string{"extendedS3Configuration.compressionFormat"}},
			{what: "a conversion not known", stack: Stack{s3dest(`"compressionFormat":"UNCOMPRESSED","dataFormatConversionConfiguration":"<unknown>"`)}, waits: []string{"extendedS3Configuration.dataFormatConversionConfiguration"}},
		},
		"firehose-no-dynamic-partitioning": {
			{what: "none", stack: Stack{s3dest("")}},
			{what: "off", stack: Stack{s3dest(`"dynamicPartitioningConfiguration":{"enabled":false}`)}},
			{what: "on", stack: Stack{s3dest(`"dynamicPartitioningConfiguration":{"enabled":true}`)}, bad: []string{"enabled; allowed: no dynamic partitioning"}},
			{what: "on, and what it costs at 20 GB a day", stack: Stack{s3dest(`"dynamicPartitioningConfiguration":{"enabled":true}`)}, bad: []string{"Costs about $12.17 a month more"}}, // 20 x 30.4167 x $0.02
			{what: "on where it is allowed", stack: Stack{s3dest(`"dynamicPartitioningConfiguration":{"enabled":true}`)}, config: `{"allowed":true}`},
			{what: "not known", stack: Stack{s3dest(`"dynamicPartitioningConfiguration":{"enabled":"<unknown>"}`)}, waits: []string{"extendedS3Configuration.dynamicPartitioningConfiguration.enabled"}},
		},
		"firehose-error-prefix": {
			{what: "outside", stack: Stack{s3dest("")}},
			{what: "not set", stack: Stack{res(deliveryStream, "app", `{"extendedS3Configuration":{"prefix":"logs/app/"}}`)}, bad: []string{"errors go below the prefix of the records"}},
			{what: "inside the table", stack: Stack{s3dest(`"errorOutputPrefix":"logs/app/errors/!{firehose:error-output-type}/"`)}, bad: []string{"outside logs/"}},
			{what: "inside another table", stack: Stack{s3dest(`"errorOutputPrefix":"logs/errors/!{firehose:error-output-type}/"`)}, bad: []string{"outside logs/"}},
			{what: "below the stream's own prefix elsewhere", stack: Stack{s3dest(`"prefix":"data/x/!{timestamp:yyyy}/","errorOutputPrefix":"data/x/errors/!{firehose:error-output-type}/"`)}, bad: []string{"data/x/"}},
			{what: "only an expression", stack: Stack{s3dest(`"errorOutputPrefix":"!{firehose:error-output-type}/"`)}, bad: []string{"begins with an expression"}},
			{what: "not known", stack: Stack{s3dest(`"errorOutputPrefix":"<unknown>"`)}, waits: []string{"extendedS3Configuration.errorOutputPrefix"}},
		},
		"firehose-no-small-conversion": {
			{what: "none", stack: Stack{s3dest("")}},
			{what: "below the volume", stack: Stack{s3dest(`"dataFormatConversionConfiguration":{"enabled":true}`)}, bad: []string{"enabled at 20 GB a day; allowed: conversion from 100 GB a day"}},
			{what: "the block alone turns it on", stack: Stack{s3dest(`"dataFormatConversionConfiguration":{"schemaConfiguration":{}}`)}, bad: []string{"enabled"}},
			{what: "above the volume", stack: Stack{s3dest(`"dataFormatConversionConfiguration":{"enabled":true}`)}, gb: 150},
			{what: "off", stack: Stack{s3dest(`"dataFormatConversionConfiguration":{"enabled":false}`)}},
			{what: "not known", stack: Stack{s3dest(`"dataFormatConversionConfiguration":{"enabled":"<unknown>"}`)}, waits: []string{"extendedS3Configuration.dataFormatConversionConfiguration.enabled"}},
		},
		"firehose-no-backup": {
			{what: "none", stack: Stack{s3dest("")}},
			{what: "disabled", stack: Stack{s3dest(`"s3BackupMode":"Disabled"`)}},
			{what: "enabled", stack: Stack{s3dest(`"s3BackupMode":"Enabled"`)}, bad: []string{"Enabled"}},
			{what: "failed records of another destination", stack: Stack{res(deliveryStream, "a", `{"httpEndpointConfiguration":{"s3BackupMode":"FailedDataOnly"}}`)}},
			{what: "all records of another destination", stack: Stack{res(deliveryStream, "a", `{"httpEndpointConfiguration":{"s3BackupMode":"AllData"}}`)}, bad: []string{"AllData"}},
			{what: "not known", stack: Stack{s3dest(`"s3BackupMode":"<unknown>"`)}, waits: []string{"extendedS3Configuration.s3BackupMode"}},
		},
	})
}

func TestLogs(t *testing.T) {
	group := func(name, text string) Resource { return res(logGroup, name, text) }
	extract := res(function, "extract", `{"name":"extract","loggingConfig":{"logGroup":"/aws/lambda/extract"}}`)
	machine := res(stateMachine, "catalogue", `{"definition":"<unknown>","loggingConfiguration":{"logDestination":"arn:aws:logs:us-east-1:1:log-group:/states/own:*"}}`).refers("definition", extract)
	subscribe := func(group string) Resource { return res(subscriptionFilter, "s", `{"logGroup":"`+group+`"}`) }
	own := group("states", `{"name":"<unknown>"}`)
	checkExamples(t, map[string][]example{
		"logs-retention": {
			{what: "within", stack: Stack{group("g", `{"retentionInDays":30}`)}},
			{what: "above", stack: Stack{group("g", `{"retentionInDays":31}`)}, bad: []string{"31 days; allowed: 1 to 30 days (logs-retention.maxDays)"}},
			{what: "none", stack: Stack{group("g", `{}`)}, bad: []string{"kept for ever"}},
			{what: "zero is never", stack: Stack{group("g", `{"retentionInDays":0}`)}, bad: []string{"kept for ever"}},
			{what: "not known", stack: Stack{group("g", `{"retentionInDays":"<unknown>"}`)}, waits: []string{"retentionInDays"}},
			{what: "by configuration", stack: Stack{group("g", `{"retentionInDays":365}`)}, config: `{"maxDays":365}`},
		},
		"logs-no-feedback": {
			{what: "an application", stack: Stack{machine, extract, subscribe("/app")}},
			{what: "the extract function", stack: Stack{machine, extract, subscribe("/aws/lambda/extract")}, bad: []string{"the function extract"}},
			{what: "a function outside the workflow", stack: Stack{extract, subscribe("/aws/lambda/extract")}},
			{what: "the state machine", stack: Stack{machine, extract, subscribe("/states/own")}, bad: []string{"the state machine catalogue"}},
			{what: "a vended group", stack: Stack{subscribe("/aws/vendedlogs/states/other")}, bad: []string{"the pipeline"}},
			{what: "the delivery stream", stack: Stack{res(deliveryStream, "d", `{"extendedS3Configuration":{"cloudwatchLoggingOptions":{"logGroupName":"/fh"}}}`), subscribe("/fh")}, bad: []string{"the delivery stream d"}},
			{what: "a group not known that is an application's", stack: Stack{machine, extract, subscribe(unknown)}, waits: []string{"logGroup"}},
			{what: "a group whose name is not known, but where it comes from is", stack: Stack{res(stateMachine, "m", `{}`).refers("loggingConfiguration", own), own, subscribe(unknown).refers("logGroup", own)}, bad: []string{"the state machine m"}},
			{what: "every group", stack: Stack{res(logAccountPolicy, "p", `{"policyType":"SUBSCRIPTION_FILTER_POLICY"}`)}, bad: []string{"every group of the account"}},
			{what: "an account policy of another kind", stack: Stack{res(logAccountPolicy, "p", `{"policyType":"DATA_PROTECTION_POLICY"}`)}},
			{what: "an account policy not known", stack: Stack{res(logAccountPolicy, "p", `{"policyType":"<unknown>"}`)}, waits: []string{"policyType"}},
		},
		"logs-class": {
			{what: "nothing said", stack: Stack{group("g", `{}`)}},
			{what: "infrequent where not allowed", stack: Stack{group("g", `{"logGroupClass":"INFREQUENT_ACCESS"}`)}, bad: []string{"logs-class.allowInfrequent"}},
			{what: "infrequent where allowed", stack: Stack{group("g", `{"logGroupClass":"INFREQUENT_ACCESS"}`)}, config: `{"allowInfrequent":true}`},
			{what: "infrequent and subscribed, by name", stack: Stack{group("g", `{"name":"/g","logGroupClass":"INFREQUENT_ACCESS"}`), subscribe("/g")}, config: `{"allowInfrequent":true}`, bad: []string{"since the group is subscribed"}},
			{what: "infrequent and subscribed, by reference", stack: Stack{group("g", `{"logGroupClass":"INFREQUENT_ACCESS"}`), subscribe(unknown).refers("logGroup", group("g", `{}`))}, config: `{"allowInfrequent":true}`, bad: []string{"subscribed"}},
			{what: "standard where infrequent is demanded", stack: Stack{group("g", `{}`)}, config: `{"demandInfrequent":true}`, bad: []string{"INFREQUENT_ACCESS"}},
			{what: "standard and subscribed where infrequent is demanded", stack: Stack{group("g", `{"name":"/g"}`), subscribe("/g")}, config: `{"demandInfrequent":true}`},
			{what: "no class at all", stack: Stack{group("g", `{"logGroupClass":"CHEAP"}`)}, bad: []string{"CHEAP"}},
			{what: "not known", stack: Stack{group("g", `{"logGroupClass":"<unknown>"}`)}, waits: []string{"logGroupClass"}},
		},
		"logs-filter-pattern": {
			{what: "none where none is demanded", stack: Stack{subscribe("/app")}},
			{what: "none where one is demanded", stack: Stack{subscribe("/app")}, config: `{"demanded":true}`, bad: []string{"every event is sent"}},
			{what: "one", stack: Stack{res(subscriptionFilter, "s", `{"filterPattern":"ERROR"}`)}, config: `{"demanded":true}`},
			{what: "blanks", stack: Stack{res(subscriptionFilter, "s", `{"filterPattern":"  "}`)}, config: `{"demanded":true}`, bad: []string{"every event"}},
			{what: "not known", stack: Stack{res(subscriptionFilter, "s", `{"filterPattern":"<unknown>"}`)}, config: `{"demanded":true}`, waits: []string{"filterPattern"}},
		},
	})
}
