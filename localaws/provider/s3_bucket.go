package provider

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// bucket is aws:s3/bucketV2:BucketV2. What its many nested blocks did is done
// by resources of their own since v4 of the real provider; they are refused.
type bucket struct {
	Bucket            string `prop:"bucket,auto=63,lower,replace"`
	ForceDestroy      bool   `prop:"forceDestroy,default=false,keep"`
	ObjectLockEnabled bool   `prop:"objectLockEnabled,computed,replace"`
	tagged

	ARN                string                `prop:"arn,out"`
	DomainName         string                `prop:"bucketDomainName,out"`
	RegionalDomainName string                `prop:"bucketRegionalDomainName,out"`
	Prefix             string                `prop:"bucketPrefix,out"`
	HostedZoneID       string                `prop:"hostedZoneId,out"`
	Region             string                `prop:"region,out"`
	RequestPayer       string                `prop:"requestPayer,out,omitempty"`
	Encryption         []bucketEncryption    `prop:"serverSideEncryptionConfigurations,out,changes"`
	Versionings        []bucketVersioningOut `prop:"versionings,out,changes"`
}

type bucketEncryption struct {
	Rules []bucketEncryptionRule `prop:"rules"`
}

type bucketEncryptionRule struct {
	Default          []encryptionDefault `prop:"applyServerSideEncryptionByDefaults"`
	BucketKeyEnabled bool                `prop:"bucketKeyEnabled"`
}

type bucketVersioningOut struct {
	Enabled   bool `prop:"enabled"`
	MFADelete bool `prop:"mfaDelete"`
}

func s3Bucket() handler {
	return of(typed[bucket]{
		Token: "aws:s3/bucketV2:BucketV2",
		Create: func(ctx context.Context, s *session, in *bucket) (string, error) {
			if s.region == "us-east-1" {
				// There alone creating one's own bucket again succeeds (S3 API
				// reference, CreateBucket, BucketAlreadyOwnedByYou).
				if _, err := s.s3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &in.Bucket}); err == nil {
					return "", fmt.Errorf("the bucket %q exists already", in.Bucket)
				}
			}
			req := &s3.CreateBucketInput{Bucket: &in.Bucket}
			if s.region != "us-east-1" {
				req.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(s.region)}
			}
			if in.ObjectLockEnabled {
				req.ObjectLockEnabledForBucket = aws.Bool(true)
			}
			err := create(ctx, func(ctx context.Context) error {
				_, err := s.s3.CreateBucket(ctx, req)
				return err
			}, "BucketAlreadyOwnedByYou")
			if err != nil {
				return made(in.Bucket, err)
			}
			err = s.wait(ctx, "the bucket to be there", func() (bool, error) {
				_, err := s.s3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &in.Bucket})
				if statusNotFound(err) {
					return false, nil
				}
				return true, err
			})
			if err != nil {
				return in.Bucket, err
			}
			if len(in.TagsAll) == 0 {
				return in.Bucket, nil
			}
			return in.Bucket, s.tagBucket(ctx, in.Bucket, in.TagsAll)
		},
		Read: func(ctx context.Context, s *session, id string, b *bucket) error { return s.readBucket(ctx, id, b) },
		Update: func(ctx context.Context, s *session, id string, _, in *bucket) error {
			return s.tagBucket(ctx, id, in.TagsAll)
		},
		Delete: func(ctx context.Context, s *session, id string, b *bucket) error {
			return s.deleteBucket(ctx, id, b.ForceDestroy)
		},
	})
}

func (s *session) readBucket(ctx context.Context, id string, b *bucket) error {
	head, err := s.s3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &id})
	if statusNotFound(err) {
		return errGone
	}
	if err != nil {
		return err
	}
	b.Bucket = id
	b.ARN = "arn:" + s.partition + ":s3:::" + id
	b.Region = aws.ToString(head.BucketRegion)
	if b.Region == "" {
		b.Region = s.region
	}
	b.DomainName = id + ".s3.amazonaws.com"
	b.RegionalDomainName = id + ".s3." + b.Region + ".amazonaws.com"
	b.HostedZoneID = hostedZones[b.Region]
	b.RequestPayer = ""

	b.TagsAll = map[string]string{}
	tags, err := s.s3.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &id})
	switch {
	case code(err) == "NoSuchTagSet":
	case err != nil:
		return err
	default:
		for _, t := range tags.TagSet {
			b.TagsAll[aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
	}
	versioning, err := s.s3.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &id})
	if err != nil {
		return err
	}
	b.Versionings = []bucketVersioningOut{{
		Enabled:   versioning.Status == types.BucketVersioningStatusEnabled,
		MFADelete: versioning.MFADelete == types.MFADeleteStatusEnabled,
	}}
	encryption, err := s.s3.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &id})
	if err != nil && !isGone(err) {
		return err
	}
	b.Encryption = nil
	if err == nil && encryption.ServerSideEncryptionConfiguration != nil {
		e := bucketEncryption{}
		for _, r := range encryptionRules(encryption.ServerSideEncryptionConfiguration) {
			rule := bucketEncryptionRule{BucketKeyEnabled: r.BucketKeyEnabled}
			if r.Default != nil {
				rule.Default = []encryptionDefault{*r.Default}
			}
			e.Rules = append(e.Rules, rule)
		}
		b.Encryption = []bucketEncryption{e}
	}
	return nil
}

func (s *session) tagBucket(ctx context.Context, name string, tags map[string]string) error {
	if len(tags) == 0 {
		_, err := s.s3.DeleteBucketTagging(ctx, &s3.DeleteBucketTaggingInput{Bucket: &name})
		return err
	}
	_, err := s.s3.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: &name, Tagging: &types.Tagging{TagSet: s3Tags(tags)}})
	return err
}

func s3Tags(tags map[string]string) []types.Tag {
	var list []types.Tag
	for _, k := range sortedKeys(tags) {
		list = append(list, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	return list
}

// deleteBucket deletes the bucket, and with force all that is in it, also what
// arrives while it is being emptied.
func (s *session) deleteBucket(ctx context.Context, name string, force bool) error {
	return s.wait(ctx, "the bucket "+name+" to be empty", func() (bool, error) {
		_, err := s.s3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &name})
		if code(err) != "BucketNotEmpty" {
			return true, gone(err)
		}
		if !force {
			return false, fmt.Errorf("%w (set forceDestroy to delete its objects along with it)", err)
		}
		return false, gone(s.emptyBucket(ctx, name))
	})
}

// emptyBucket deletes every version of every object, and every delete marker.
func (s *session) emptyBucket(ctx context.Context, name string) error {
	pages := s3.NewListObjectVersionsPaginator(s.s3, &s3.ListObjectVersionsInput{Bucket: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		var doomed []types.ObjectIdentifier
		for _, v := range page.Versions {
			doomed = append(doomed, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		for _, m := range page.DeleteMarkers {
			doomed = append(doomed, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
		}
		if len(doomed) == 0 {
			continue
		}
		out, err := s.s3.DeleteObjects(ctx, &s3.DeleteObjectsInput{
			Bucket: &name, Delete: &types.Delete{Objects: doomed, Quiet: aws.Bool(true)},
		})
		if err != nil {
			return err
		}
		for _, e := range out.Errors {
			if aws.ToString(e.Code) != "NoSuchKey" && aws.ToString(e.Code) != "NoSuchVersion" {
				return fmt.Errorf("delete object %q: %s: %s", aws.ToString(e.Key), aws.ToString(e.Code), aws.ToString(e.Message))
			}
		}
	}
	return nil
}

// hostedZones are the Route 53 zones of S3 website endpoints (AWS General
// Reference, "Amazon S3 website endpoints").
var hostedZones = map[string]string{
	"us-east-1": "Z3AQBSTGFJSTF", "us-east-2": "Z2O1EMRO9K5GLX",
	"us-west-1": "Z2F56UZL2M1ACD", "us-west-2": "Z3BJ6K6RIION7M",
	"ca-central-1": "Z1QDHH18159H29", "eu-central-1": "Z21DNDUVLTQW6Q",
	"eu-west-1": "Z1BKCTXD74EZPE", "eu-west-2": "Z3GKZC51ZF0DB4", "eu-west-3": "Z3R1K369G5AVDG",
	"eu-north-1": "Z3BAZG2TWCNX0D", "eu-south-1": "Z30OZKI7KPW7MI",
	"ap-northeast-1": "Z2M4EHUR26P7ZW", "ap-northeast-2": "Z3W03O7B5YMIYP", "ap-northeast-3": "Z2YQB5RD63NC85",
	"ap-southeast-1": "Z3O0J2DXBE1FTB", "ap-southeast-2": "Z1WCIGYICN2BYD", "ap-south-1": "Z11RGJOFQNVJUP",
	"sa-east-1": "Z7KQH4QJS55SO",
}
