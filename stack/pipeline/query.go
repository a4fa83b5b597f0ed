package pipeline

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/athena"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// query is the Athena workgroup and the bucket for its results.
type query struct {
	workgroup *athena.Workgroup
	results   *s3.BucketV2
}

// query makes a workgroup whose settings nobody can override: results go to
// their own bucket and expire, and a query that reads too much is cancelled.
func (p *program) query(lake *lake) (*query, error) {
	results, ready, err := p.bucket("results", s3.BucketLifecycleConfigurationV2RuleArray{
		expire("results", "results/", p.config.ResultsExpiryDays),
	})
	if err != nil {
		return nil, err
	}
	name := p.names.of("queries")
	workgroup, err := athena.NewWorkgroup(p.ctx, name, &athena.WorkgroupArgs{
		Name:         pulumi.String(name),
		Description:  pulumi.String("Queries of the log lake of " + p.names.stage),
		ForceDestroy: pulumi.Bool(p.config.ForceDestroy),
		Configuration: &athena.WorkgroupConfigurationArgs{
			EnforceWorkgroupConfiguration:   pulumi.Bool(true),
			PublishCloudwatchMetricsEnabled: pulumi.Bool(true),
			BytesScannedCutoffPerQuery:      pulumi.Int(p.config.QueryScanLimitMiB << 20),
			EngineVersion: &athena.WorkgroupConfigurationEngineVersionArgs{
				SelectedEngineVersion: pulumi.String("Athena engine version 3"),
			},
			ResultConfiguration: &athena.WorkgroupConfigurationResultConfigurationArgs{
				OutputLocation: pulumi.Sprintf("s3://%s/results/", results.Bucket),
				EncryptionConfiguration: &athena.WorkgroupConfigurationResultConfigurationEncryptionConfigurationArgs{
					EncryptionOption: pulumi.String("SSE_S3"),
				},
			},
		},
		Tags: p.tags(),
	}, p.child(), pulumi.DependsOn(append(ready, lake.ready...)))
	if err != nil {
		return nil, err
	}
	return &query{workgroup: workgroup, results: results}, nil
}
