package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// The settings of a bucket are resources of their own, whose id is the bucket's
// name. Each is one document that is put, got and deleted.

type publicAccessBlock struct {
	Bucket                string `prop:"bucket,required,replace"`
	BlockPublicACLs       bool   `prop:"blockPublicAcls,default=false"`
	BlockPublicPolicy     bool   `prop:"blockPublicPolicy,default=false"`
	IgnorePublicACLs      bool   `prop:"ignorePublicAcls,default=false"`
	RestrictPublicBuckets bool   `prop:"restrictPublicBuckets,default=false"`
}

func s3PublicAccessBlock() handler {
	put := func(ctx context.Context, s *session, in *publicAccessBlock) error {
		_, err := s.s3.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{
			Bucket: &in.Bucket,
			PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{
				BlockPublicAcls: &in.BlockPublicACLs, BlockPublicPolicy: &in.BlockPublicPolicy,
				IgnorePublicAcls: &in.IgnorePublicACLs, RestrictPublicBuckets: &in.RestrictPublicBuckets,
			},
		})
		return err
	}
	return of(typed[publicAccessBlock]{
		Token: "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
		Create: func(ctx context.Context, s *session, in *publicAccessBlock) (string, error) {
			return made(in.Bucket, put(ctx, s, in))
		},
		Read: func(ctx context.Context, s *session, id string, v *publicAccessBlock) error {
			out, err := s.s3.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &id})
			if err != nil {
				return err
			}
			c := out.PublicAccessBlockConfiguration
			if c == nil {
				return errGone
			}
			*v = publicAccessBlock{
				Bucket: id, BlockPublicACLs: aws.ToBool(c.BlockPublicAcls), BlockPublicPolicy: aws.ToBool(c.BlockPublicPolicy),
				IgnorePublicACLs: aws.ToBool(c.IgnorePublicAcls), RestrictPublicBuckets: aws.ToBool(c.RestrictPublicBuckets),
			}
			return nil
		},
		Update: func(ctx context.Context, s *session, _ string, _, in *publicAccessBlock) error {
			return put(ctx, s, in)
		},
		Delete: func(ctx context.Context, s *session, id string, _ *publicAccessBlock) error {
			_, err := s.s3.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: &id})
			return err
		},
	})
}

type bucketPolicy struct {
	Bucket string `prop:"bucket,required,replace"`
	Policy string `prop:"policy,required,policy"`
}

func s3BucketPolicy() handler {
	put := func(ctx context.Context, s *session, in *bucketPolicy) error {
		// A principal made a moment ago is not known to S3 yet.
		return s.retry(ctx, func(err error) bool { return code(err) == "MalformedPolicy" && propagating(err) }, func() error {
			_, err := s.s3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &in.Bucket, Policy: &in.Policy})
			return err
		})
	}
	return of(typed[bucketPolicy]{
		Token: "aws:s3/bucketPolicy:BucketPolicy",
		Create: func(ctx context.Context, s *session, in *bucketPolicy) (string, error) {
			return made(in.Bucket, put(ctx, s, in))
		},
		Read: func(ctx context.Context, s *session, id string, v *bucketPolicy) error {
			out, err := s.s3.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &id})
			if err != nil {
				return err
			}
			v.Bucket, v.Policy = id, aws.ToString(out.Policy)
			return nil
		},
		Update: func(ctx context.Context, s *session, _ string, _, in *bucketPolicy) error { return put(ctx, s, in) },
		Delete: func(ctx context.Context, s *session, id string, _ *bucketPolicy) error {
			_, err := s.s3.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: &id})
			return err
		},
	})
}

type encryptionDefault struct {
	KMSMasterKeyID string `prop:"kmsMasterKeyId,omitempty"`
	SSEAlgorithm   string `prop:"sseAlgorithm,required"`
}

type encryptionRule struct {
	Default          *encryptionDefault `prop:"applyServerSideEncryptionByDefault"`
	BucketKeyEnabled bool               `prop:"bucketKeyEnabled"`
}

type encryptionConfiguration struct {
	Bucket string           `prop:"bucket,required,replace"`
	Owner  string           `prop:"expectedBucketOwner,replace,omitempty"`
	Rules  []encryptionRule `prop:"rules,required,set"`
}

func encryptionRules(c *types.ServerSideEncryptionConfiguration) []encryptionRule {
	var rules []encryptionRule
	for _, r := range c.Rules {
		rule := encryptionRule{BucketKeyEnabled: aws.ToBool(r.BucketKeyEnabled)}
		if d := r.ApplyServerSideEncryptionByDefault; d != nil {
			rule.Default = &encryptionDefault{KMSMasterKeyID: aws.ToString(d.KMSMasterKeyID), SSEAlgorithm: string(d.SSEAlgorithm)}
		}
		rules = append(rules, rule)
	}
	return rules
}

func s3Encryption() handler {
	put := func(ctx context.Context, s *session, in *encryptionConfiguration) error {
		c := &types.ServerSideEncryptionConfiguration{}
		for _, r := range in.Rules {
			rule := types.ServerSideEncryptionRule{BucketKeyEnabled: aws.Bool(r.BucketKeyEnabled)}
			if r.Default != nil {
				rule.ApplyServerSideEncryptionByDefault = &types.ServerSideEncryptionByDefault{
					SSEAlgorithm: types.ServerSideEncryption(r.Default.SSEAlgorithm), KMSMasterKeyID: str(r.Default.KMSMasterKeyID),
				}
			}
			c.Rules = append(c.Rules, rule)
		}
		_, err := s.s3.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{
			Bucket: &in.Bucket, ExpectedBucketOwner: str(in.Owner), ServerSideEncryptionConfiguration: c,
		})
		return err
	}
	return of(typed[encryptionConfiguration]{
		Token: "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
		Create: func(ctx context.Context, s *session, in *encryptionConfiguration) (string, error) {
			return made(withOwner(in.Bucket, in.Owner), put(ctx, s, in))
		},
		Read: func(ctx context.Context, s *session, id string, v *encryptionConfiguration) error {
			v.Bucket, v.Owner = splitOwner(id)
			out, err := s.s3.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &v.Bucket, ExpectedBucketOwner: str(v.Owner)})
			if err != nil {
				return err
			}
			if out.ServerSideEncryptionConfiguration == nil {
				return errGone
			}
			v.Rules = encryptionRules(out.ServerSideEncryptionConfiguration)
			return nil
		},
		Update: func(ctx context.Context, s *session, _ string, _, in *encryptionConfiguration) error {
			return put(ctx, s, in)
		},
		Delete: func(ctx context.Context, s *session, id string, _ *encryptionConfiguration) error {
			name, owner := splitOwner(id)
			_, err := s.s3.DeleteBucketEncryption(ctx, &s3.DeleteBucketEncryptionInput{Bucket: &name, ExpectedBucketOwner: str(owner)})
			return err
		},
	})
}

type ownershipControls struct {
	Bucket string         `prop:"bucket,required,replace"`
	Rule   *ownershipRule `prop:"rule,required"`
}

type ownershipRule struct {
	ObjectOwnership string `prop:"objectOwnership,required"`
}

func s3Ownership() handler {
	put := func(ctx context.Context, s *session, in *ownershipControls) error {
		_, err := s.s3.PutBucketOwnershipControls(ctx, &s3.PutBucketOwnershipControlsInput{
			Bucket: &in.Bucket,
			OwnershipControls: &types.OwnershipControls{Rules: []types.OwnershipControlsRule{
				{ObjectOwnership: types.ObjectOwnership(in.Rule.ObjectOwnership)},
			}},
		})
		return err
	}
	return of(typed[ownershipControls]{
		Token: "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
		Create: func(ctx context.Context, s *session, in *ownershipControls) (string, error) {
			return made(in.Bucket, put(ctx, s, in))
		},
		Read: func(ctx context.Context, s *session, id string, v *ownershipControls) error {
			out, err := s.s3.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: &id})
			if err != nil {
				return err
			}
			if out.OwnershipControls == nil || len(out.OwnershipControls.Rules) == 0 {
				return errGone
			}
			v.Bucket = id
			v.Rule = &ownershipRule{ObjectOwnership: string(out.OwnershipControls.Rules[0].ObjectOwnership)}
			return nil
		},
		Update: func(ctx context.Context, s *session, _ string, _, in *ownershipControls) error {
			return put(ctx, s, in)
		},
		Delete: func(ctx context.Context, s *session, id string, _ *ownershipControls) error {
			_, err := s.s3.DeleteBucketOwnershipControls(ctx, &s3.DeleteBucketOwnershipControlsInput{Bucket: &id})
			return err
		},
	})
}

type versioningConfiguration struct {
	Bucket        string           `prop:"bucket,required,replace"`
	Owner         string           `prop:"expectedBucketOwner,replace,omitempty"`
	Configuration *versioningState `prop:"versioningConfiguration,required"`
}

type versioningState struct {
	Status    string `prop:"status,required"`
	MFADelete string `prop:"mfaDelete,computed,omitempty"`
}

// s3Versioning: a bucket that never had versioning is "Disabled", which cannot
// be put; deleting the resource suspends versioning.
func s3Versioning() handler {
	put := func(ctx context.Context, s *session, in *versioningConfiguration) error {
		if in.Configuration.Status == "Disabled" {
			return nil
		}
		_, err := s.s3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
			Bucket: &in.Bucket, ExpectedBucketOwner: str(in.Owner),
			VersioningConfiguration: &types.VersioningConfiguration{
				Status: types.BucketVersioningStatus(in.Configuration.Status), MFADelete: types.MFADelete(in.Configuration.MFADelete),
			},
		})
		return err
	}
	return of(typed[versioningConfiguration]{
		Token: "aws:s3/bucketVersioningV2:BucketVersioningV2",
		Create: func(ctx context.Context, s *session, in *versioningConfiguration) (string, error) {
			return made(withOwner(in.Bucket, in.Owner), put(ctx, s, in))
		},
		Read: func(ctx context.Context, s *session, id string, v *versioningConfiguration) error {
			v.Bucket, v.Owner = splitOwner(id)
			out, err := s.s3.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &v.Bucket, ExpectedBucketOwner: str(v.Owner)})
			if err != nil {
				return err
			}
			v.Configuration = &versioningState{Status: string(out.Status), MFADelete: string(out.MFADelete)}
			if v.Configuration.Status == "" {
				v.Configuration.Status = "Disabled"
			}
			return nil
		},
		Update: func(ctx context.Context, s *session, _ string, old, in *versioningConfiguration) error {
			if in.Configuration.Status == "Disabled" && old.Configuration != nil && old.Configuration.Status != "Disabled" {
				return fmt.Errorf("versioning of bucket %s cannot be disabled once it was enabled: suspend it", in.Bucket)
			}
			return put(ctx, s, in)
		},
		Delete: func(ctx context.Context, s *session, id string, v *versioningConfiguration) error {
			if v.Configuration != nil && v.Configuration.Status == "Disabled" {
				return nil
			}
			name, owner := splitOwner(id)
			_, err := s.s3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
				Bucket: &name, ExpectedBucketOwner: str(owner),
				VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusSuspended},
			})
			return err
		},
	})
}

type bucketNotification struct {
	Bucket      string `prop:"bucket,required,replace"`
	EventBridge bool   `prop:"eventbridge,default=false"`
}

func s3Notification() handler {
	put := func(ctx context.Context, s *session, name string, eventBridge bool) error {
		c := &types.NotificationConfiguration{}
		if eventBridge {
			c.EventBridgeConfiguration = &types.EventBridgeConfiguration{}
		}
		_, err := s.s3.PutBucketNotificationConfiguration(ctx, &s3.PutBucketNotificationConfigurationInput{Bucket: &name, NotificationConfiguration: c})
		return err
	}
	return of(typed[bucketNotification]{
		Token: "aws:s3/bucketNotification:BucketNotification",
		Create: func(ctx context.Context, s *session, in *bucketNotification) (string, error) {
			return made(in.Bucket, put(ctx, s, in.Bucket, in.EventBridge))
		},
		Read: func(ctx context.Context, s *session, id string, v *bucketNotification) error {
			out, err := s.s3.GetBucketNotificationConfiguration(ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: &id})
			if err != nil {
				return err
			}
			v.Bucket, v.EventBridge = id, out.EventBridgeConfiguration != nil
			return nil
		},
		Update: func(ctx context.Context, s *session, id string, _, in *bucketNotification) error {
			return put(ctx, s, id, in.EventBridge)
		},
		Delete: func(ctx context.Context, s *session, id string, _ *bucketNotification) error {
			return put(ctx, s, id, false)
		},
	})
}

// parseDate reads a date as S3 takes it in lifecycle rules.
func parseDate(s string) (*time.Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return nil, fmt.Errorf("%q is no date in RFC 3339: %w", s, err)
	}
	return &t, nil
}
