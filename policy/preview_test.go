package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kinesis"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func TestThePreviewOfABadProgramStopsAndNamesTheRules(t *testing.T) {
	t.Parallel()
	v := preview(t, func(ctx *pulumi.Context) error {
		crawler, err := glue.NewCrawler(ctx, "scan", &glue.CrawlerArgs{DatabaseName: pulumi.String("d"), Role: pulumi.String("r")})
		if err != nil {
			return err
		}
		if _, err := glue.NewTrigger(ctx, "hourly", &glue.TriggerArgs{
			Type: pulumi.String("SCHEDULED"), Schedule: pulumi.String("cron(0 * * * ? *)"),
			Actions: glue.TriggerActionArray{&glue.TriggerActionArgs{CrawlerName: crawler.Name}},
		}); err != nil {
			return err
		}
		_, err = kinesis.NewFirehoseDeliveryStream(ctx, "app", &kinesis.FirehoseDeliveryStreamArgs{
			Destination: pulumi.String("extended_s3"),
			ExtendedS3Configuration: &kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationArgs{
				BucketArn: pulumi.String("arn:aws:s3:::b"), RoleArn: pulumi.String("arn:aws:iam::1:role/r"),
				BufferingSize: pulumi.Int(1), BufferingInterval: pulumi.Int(60),
			},
		})
		return err
	}, "config/prod.json", nil)
	if v.err == nil {
		t.Fatal("the preview passed")
	}
	for _, rule := range []string{"firehose-buffer", "glue-no-crawler", "glue-no-stand-in", "firehose-compression", "tags"} {
		if !slices.Contains(v.broken(), rule) {
			t.Errorf("rules broken: %v, without %s", v.broken(), rule)
		}
	}
	for _, violation := range v.violations {
		if violation.PolicyName == "firehose-buffer" && !strings.Contains(violation.Message, "app: extendedS3Configuration.buffering") {
			t.Errorf("the message does not name the resource and the property: %s", violation.Message)
		}
	}
}
