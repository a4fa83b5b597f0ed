package pipeline

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The layout of the lake bucket. Errors and scratch files lie outside every
// table's location, so that no query reads them.
const (
	LogsPrefix    = "logs/"
	ErrorsPrefix  = "errors/"
	ScratchPrefix = "schemas/"
)

// lake is the bucket that holds the logs.
type lake struct {
	bucket *s3.BucketV2
	// ready are what must stand before anything is written: policy, encryption,
	// ownership and the notification to EventBridge.
	ready []pulumi.Resource
}

// object is the ARN of the keys below prefix.
func (l *lake) objects(prefix string) pulumi.StringOutput {
	return pulumi.Sprintf("%s/%s*", l.bucket.Arn, prefix)
}

func (p *program) lake() (*lake, error) {
	bucket, ready, err := p.bucket("lake", p.lakeRules())
	if err != nil {
		return nil, err
	}
	events, err := s3.NewBucketNotification(p.ctx, p.names.of("lake"), &s3.BucketNotificationArgs{
		Bucket:      bucket.ID(),
		Eventbridge: pulumi.Bool(true),
	}, p.child(), pulumi.Parent(bucket))
	if err != nil {
		return nil, err
	}
	return &lake{bucket: bucket, ready: append(ready, events)}, nil
}

func (p *program) lakeRules() s3.BucketLifecycleConfigurationV2RuleArray {
	logs := &s3.BucketLifecycleConfigurationV2RuleArgs{
		Id:     pulumi.String("logs"),
		Status: pulumi.String("Enabled"),
		Filter: &s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String(LogsPrefix)},
	}
	if days := p.config.LakeTransitionDays; days > 0 {
		logs.Transitions = s3.BucketLifecycleConfigurationV2RuleTransitionArray{
			&s3.BucketLifecycleConfigurationV2RuleTransitionArgs{
				Days: pulumi.Int(days), StorageClass: pulumi.String("STANDARD_IA"),
			},
		}
	}
	if days := p.config.LakeExpiryDays; days > 0 {
		logs.Expiration = &s3.BucketLifecycleConfigurationV2RuleExpirationArgs{Days: pulumi.Int(days)}
	}
	rules := s3.BucketLifecycleConfigurationV2RuleArray{
		expire("errors", ErrorsPrefix, 30),
		expire("schemas", ScratchPrefix, 1),
	}
	if p.config.LakeTransitionDays > 0 || p.config.LakeExpiryDays > 0 {
		rules = append(rules, logs)
	}
	return rules
}

// expire removes what lies below prefix after days.
func expire(id, prefix string, days int) *s3.BucketLifecycleConfigurationV2RuleArgs {
	return &s3.BucketLifecycleConfigurationV2RuleArgs{
		Id:         pulumi.String(id),
		Status:     pulumi.String("Enabled"),
		Filter:     &s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String(prefix)},
		Expiration: &s3.BucketLifecycleConfigurationV2RuleExpirationArgs{Days: pulumi.Int(days)},
	}
}

// bucket makes one bucket as all of ours are: private, encrypted, owned by the
// account whoever writes, reachable over TLS only, and rid of uploads that
// nobody finished.
func (p *program) bucket(part string, rules s3.BucketLifecycleConfigurationV2RuleArray) (*s3.BucketV2, []pulumi.Resource, error) {
	name := p.names.of(part) // at most 50 characters; Pulumi adds 8
	bucket, err := s3.NewBucketV2(p.ctx, name, &s3.BucketV2Args{
		ForceDestroy: pulumi.Bool(p.config.ForceDestroy),
		Tags:         p.tags(),
	}, p.child(), p.keep())
	if err != nil {
		return nil, nil, err
	}
	under := pulumi.Parent(bucket)
	access, err := s3.NewBucketPublicAccessBlock(p.ctx, name, &s3.BucketPublicAccessBlockArgs{
		Bucket:          bucket.ID(),
		BlockPublicAcls: pulumi.Bool(true), BlockPublicPolicy: pulumi.Bool(true),
		IgnorePublicAcls: pulumi.Bool(true), RestrictPublicBuckets: pulumi.Bool(true),
	}, under)
	if err != nil {
		return nil, nil, err
	}
	ownership, err := s3.NewBucketOwnershipControls(p.ctx, name, &s3.BucketOwnershipControlsArgs{
		Bucket: bucket.ID(),
		Rule:   &s3.BucketOwnershipControlsRuleArgs{ObjectOwnership: pulumi.String("BucketOwnerEnforced")},
	}, under)
	if err != nil {
		return nil, nil, err
	}
	encryption, err := s3.NewBucketServerSideEncryptionConfigurationV2(p.ctx, name, &s3.BucketServerSideEncryptionConfigurationV2Args{
		Bucket: bucket.ID(),
		Rules: s3.BucketServerSideEncryptionConfigurationV2RuleArray{
			&s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
				ApplyServerSideEncryptionByDefault: &s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
					SseAlgorithm: pulumi.String("AES256"),
				},
			},
		},
	}, under)
	if err != nil {
		return nil, nil, err
	}
	rules = append(rules, &s3.BucketLifecycleConfigurationV2RuleArgs{
		Id:     pulumi.String("unfinished-uploads"),
		Status: pulumi.String("Enabled"),
		Filter: &s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String("")},
		AbortIncompleteMultipartUpload: &s3.BucketLifecycleConfigurationV2RuleAbortIncompleteMultipartUploadArgs{
			DaysAfterInitiation: pulumi.Int(1),
		},
	})
	lifecycle, err := s3.NewBucketLifecycleConfigurationV2(p.ctx, name, &s3.BucketLifecycleConfigurationV2Args{
		Bucket: bucket.ID(), Rules: rules,
	}, under)
	if err != nil {
		return nil, nil, err
	}
	policy, err := s3.NewBucketPolicy(p.ctx, name, &s3.BucketPolicyArgs{
		Bucket: bucket.ID(),
		Policy: document(tlsOnly(bucket)),
	}, under, pulumi.DependsOn([]pulumi.Resource{access}))
	if err != nil {
		return nil, nil, err
	}
	return bucket, []pulumi.Resource{access, ownership, encryption, lifecycle, policy}, nil
}

// tlsOnly denies every request that does not come over TLS.
func tlsOnly(bucket *s3.BucketV2) pulumi.Map {
	return pulumi.Map{
		"Sid":       pulumi.String("TLSOnly"),
		"Effect":    pulumi.String("Deny"),
		"Principal": pulumi.String("*"),
		"Action":    pulumi.String("s3:*"),
		"Resource":  pulumi.Array{bucket.Arn, pulumi.Sprintf("%s/*", bucket.Arn)},
		"Condition": pulumi.Map{"Bool": pulumi.StringMap{"aws:SecureTransport": pulumi.String("false")}},
	}
}
