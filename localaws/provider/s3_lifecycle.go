package provider

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

type lifecycleConfiguration struct {
	Bucket      string          `prop:"bucket,required,replace"`
	Owner       string          `prop:"expectedBucketOwner,computed,replace"`
	Rules       []lifecycleRule `prop:"rules,required,set"`
	MinimumSize string          `prop:"transitionDefaultMinimumObjectSize,computed"`
}

type lifecycleRule struct {
	ID                    string                 `prop:"id,required"`
	Status                string                 `prop:"status,required"`
	Prefix                string                 `prop:"prefix,omitempty"`
	Filter                *lifecycleFilter       `prop:"filter"`
	Expiration            *lifecycleExpiration   `prop:"expiration"`
	NoncurrentExpiration  *noncurrentExpiration  `prop:"noncurrentVersionExpiration"`
	Abort                 *abortIncomplete       `prop:"abortIncompleteMultipartUpload"`
	Transitions           []lifecycleTransition  `prop:"transitions,set"`
	NoncurrentTransitions []noncurrentTransition `prop:"noncurrentVersionTransitions,set"`
}

type lifecycleFilter struct {
	Prefix      string        `prop:"prefix"`
	LargerThan  *int64        `prop:"objectSizeGreaterThan"`
	SmallerThan *int64        `prop:"objectSizeLessThan"`
	Tag         *lifecycleTag `prop:"tag"`
	And         *lifecycleAnd `prop:"and"`
}

type lifecycleTag struct {
	Key   string `prop:"key,required"`
	Value string `prop:"value,required"`
}

type lifecycleAnd struct {
	Prefix      string            `prop:"prefix"`
	LargerThan  *int64            `prop:"objectSizeGreaterThan"`
	SmallerThan *int64            `prop:"objectSizeLessThan"`
	Tags        map[string]string `prop:"tags"`
}

type lifecycleExpiration struct {
	Days         *int64 `prop:"days"`
	Date         string `prop:"date,omitempty"`
	DeleteMarker *bool  `prop:"expiredObjectDeleteMarker"`
}

type noncurrentExpiration struct {
	Days  int64  `prop:"noncurrentDays,required"`
	Newer *int64 `prop:"newerNoncurrentVersions"`
}

type abortIncomplete struct {
	Days int64 `prop:"daysAfterInitiation"`
}

type lifecycleTransition struct {
	Days         *int64 `prop:"days"`
	Date         string `prop:"date,omitempty"`
	StorageClass string `prop:"storageClass,required"`
}

type noncurrentTransition struct {
	Days         int64  `prop:"noncurrentDays,required"`
	Newer        *int64 `prop:"newerNoncurrentVersions"`
	StorageClass string `prop:"storageClass,required"`
}

func s3Lifecycle() handler {
	return of(typed[lifecycleConfiguration]{
		Token: "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
		Create: func(ctx context.Context, s *session, in *lifecycleConfiguration) (string, error) {
			return made(withOwner(in.Bucket, in.Owner), s.putLifecycle(ctx, in))
		},
		Read: func(ctx context.Context, s *session, id string, v *lifecycleConfiguration) error {
			v.Bucket, v.Owner = splitOwner(id)
			out, err := s.s3.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{
				Bucket: &v.Bucket, ExpectedBucketOwner: str(v.Owner),
			})
			if err != nil {
				return err
			}
			if len(out.Rules) == 0 {
				return errGone
			}
			v.MinimumSize = string(out.TransitionDefaultMinimumObjectSize)
			v.Rules = nil
			for _, r := range out.Rules {
				v.Rules = append(v.Rules, lifecycleRuleOf(r))
			}
			return nil
		},
		Update: func(ctx context.Context, s *session, _ string, _, in *lifecycleConfiguration) error {
			return s.putLifecycle(ctx, in)
		},
		Delete: func(ctx context.Context, s *session, id string, _ *lifecycleConfiguration) error {
			name, owner := splitOwner(id)
			_, err := s.s3.DeleteBucketLifecycle(ctx, &s3.DeleteBucketLifecycleInput{Bucket: &name, ExpectedBucketOwner: str(owner)})
			return err
		},
	})
}

func (s *session) putLifecycle(ctx context.Context, in *lifecycleConfiguration) error {
	c := &types.BucketLifecycleConfiguration{}
	for _, r := range in.Rules {
		rule, err := r.sdk()
		if err != nil {
			return err
		}
		c.Rules = append(c.Rules, rule)
	}
	_, err := s.s3.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{
		Bucket: &in.Bucket, ExpectedBucketOwner: str(in.Owner), LifecycleConfiguration: c,
		TransitionDefaultMinimumObjectSize: types.TransitionDefaultMinimumObjectSize(in.MinimumSize),
	})
	return err
}

func (r lifecycleRule) sdk() (types.LifecycleRule, error) {
	rule := types.LifecycleRule{ID: str(r.ID), Status: types.ExpirationStatus(r.Status)}
	switch {
	case r.Filter != nil:
		rule.Filter = r.Filter.sdk()
	case r.Prefix != "":
		rule.Prefix = str(r.Prefix) //nolint:staticcheck // the property is deprecated in AWS as well, and still there
	default:
		rule.Filter = &types.LifecycleRuleFilter{Prefix: aws.String("")}
	}
	if e := r.Expiration; e != nil {
		rule.Expiration = &types.LifecycleExpiration{Days: int32p(e.Days), ExpiredObjectDeleteMarker: e.DeleteMarker}
		if e.Date != "" {
			d, err := parseDate(e.Date)
			if err != nil {
				return rule, err
			}
			rule.Expiration.Date = d
		}
	}
	if e := r.NoncurrentExpiration; e != nil {
		rule.NoncurrentVersionExpiration = &types.NoncurrentVersionExpiration{
			NoncurrentDays: aws.Int32(int32(e.Days)), NewerNoncurrentVersions: int32p(e.Newer),
		}
	}
	if a := r.Abort; a != nil {
		rule.AbortIncompleteMultipartUpload = &types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(int32(a.Days))}
	}
	for _, t := range r.Transitions {
		tr := types.Transition{Days: int32p(t.Days), StorageClass: types.TransitionStorageClass(t.StorageClass)}
		if t.Date != "" {
			d, err := parseDate(t.Date)
			if err != nil {
				return rule, err
			}
			tr.Date = d
		}
		rule.Transitions = append(rule.Transitions, tr)
	}
	for _, t := range r.NoncurrentTransitions {
		rule.NoncurrentVersionTransitions = append(rule.NoncurrentVersionTransitions, types.NoncurrentVersionTransition{
			NoncurrentDays: aws.Int32(int32(t.Days)), NewerNoncurrentVersions: int32p(t.Newer),
			StorageClass: types.TransitionStorageClass(t.StorageClass),
		})
	}
	return rule, nil
}

func (f *lifecycleFilter) sdk() *types.LifecycleRuleFilter {
	out := &types.LifecycleRuleFilter{ObjectSizeGreaterThan: f.LargerThan, ObjectSizeLessThan: f.SmallerThan}
	if f.Tag != nil {
		out.Tag = &types.Tag{Key: &f.Tag.Key, Value: &f.Tag.Value}
	}
	if a := f.And; a != nil {
		out.And = &types.LifecycleRuleAndOperator{
			Prefix: str(a.Prefix), ObjectSizeGreaterThan: a.LargerThan, ObjectSizeLessThan: a.SmallerThan, Tags: s3Tags(a.Tags),
		}
	}
	if f.Prefix != "" || f.Tag == nil && f.And == nil && f.LargerThan == nil && f.SmallerThan == nil {
		out.Prefix = aws.String(f.Prefix)
	}
	return out
}

func lifecycleRuleOf(r types.LifecycleRule) lifecycleRule {
	v := lifecycleRule{ID: aws.ToString(r.ID), Status: string(r.Status), Prefix: aws.ToString(r.Prefix)} //nolint:staticcheck // see sdk
	if f := r.Filter; f != nil {
		v.Filter = &lifecycleFilter{Prefix: aws.ToString(f.Prefix), LargerThan: f.ObjectSizeGreaterThan, SmallerThan: f.ObjectSizeLessThan}
		if f.Tag != nil {
			v.Filter.Tag = &lifecycleTag{Key: aws.ToString(f.Tag.Key), Value: aws.ToString(f.Tag.Value)}
		}
		if a := f.And; a != nil {
			and := &lifecycleAnd{Prefix: aws.ToString(a.Prefix), LargerThan: a.ObjectSizeGreaterThan, SmallerThan: a.ObjectSizeLessThan}
			for _, t := range a.Tags {
				if and.Tags == nil {
					and.Tags = map[string]string{}
				}
				and.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
			}
			v.Filter.And = and
		}
	}
	if e := r.Expiration; e != nil {
		v.Expiration = &lifecycleExpiration{Days: int64p(e.Days), Date: formatDate(e.Date), DeleteMarker: e.ExpiredObjectDeleteMarker}
	}
	if e := r.NoncurrentVersionExpiration; e != nil {
		v.NoncurrentExpiration = &noncurrentExpiration{Days: int64(aws.ToInt32(e.NoncurrentDays)), Newer: int64p(e.NewerNoncurrentVersions)}
	}
	if a := r.AbortIncompleteMultipartUpload; a != nil {
		v.Abort = &abortIncomplete{Days: int64(aws.ToInt32(a.DaysAfterInitiation))}
	}
	for _, t := range r.Transitions {
		v.Transitions = append(v.Transitions, lifecycleTransition{Days: int64p(t.Days), Date: formatDate(t.Date), StorageClass: string(t.StorageClass)})
	}
	for _, t := range r.NoncurrentVersionTransitions {
		v.NoncurrentTransitions = append(v.NoncurrentTransitions, noncurrentTransition{
			Days: int64(aws.ToInt32(t.NoncurrentDays)), Newer: int64p(t.NewerNoncurrentVersions), StorageClass: string(t.StorageClass),
		})
	}
	return v
}

func formatDate(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// withOwner is the id of a bucket's setting for which an owner is expected.
func withOwner(bucket, owner string) string {
	if owner == "" {
		return bucket
	}
	return bucket + "," + owner
}

func splitOwner(id string) (bucket, owner string) {
	bucket, owner, _ = strings.Cut(id, ",")
	return bucket, owner
}
