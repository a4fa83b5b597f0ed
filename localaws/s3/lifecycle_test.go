package s3

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
)

func (w *world) lifecycle(bucket string, rules ...types.LifecycleRule) error {
	_, err := w.s3.PutBucketLifecycleConfiguration(w.t.Context(), &s3.PutBucketLifecycleConfigurationInput{
		Bucket: &bucket, LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: rules},
	})
	return err
}

func (w *world) keys(bucket string) []string {
	w.t.Helper()
	out, err := w.s3.ListObjectsV2(w.t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket})
	if err != nil {
		w.t.Fatal(err)
	}
	keys := []string{}
	for _, c := range out.Contents {
		keys = append(keys, *c.Key)
	}
	return keys
}

func (w *world) advance(d time.Duration) {
	w.t.Helper()
	if err := w.clock.Advance(w.t.Context(), d); err != nil {
		w.t.Fatal(err)
	}
}

func enabled(edit func(*types.LifecycleRule)) types.LifecycleRule {
	r := types.LifecycleRule{ID: aws.String("r"), Status: types.ExpirationStatusEnabled, Filter: &types.LifecycleRuleFilter{Prefix: aws.String("")}}
	edit(&r)
	return r
}

func TestLifecycleRoundTrip(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	rules := []types.LifecycleRule{
		{
			ID: aws.String("logs"), Status: types.ExpirationStatusEnabled,
			Filter:      &types.LifecycleRuleFilter{And: &types.LifecycleRuleAndOperator{Prefix: aws.String("logs/"), Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}, ObjectSizeGreaterThan: aws.Int64(10)}},
			Transitions: []types.Transition{{Days: aws.Int32(30), StorageClass: types.TransitionStorageClassStandardIa}}, Expiration: &types.LifecycleExpiration{Days: aws.Int32(400)},
			NoncurrentVersionExpiration: &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(7), NewerNoncurrentVersions: aws.Int32(2)},
		},
		{ID: aws.String("abort"), Status: types.ExpirationStatusEnabled, Filter: &types.LifecycleRuleFilter{Prefix: aws.String("")}, AbortIncompleteMultipartUpload: &types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(7)}},
	}
	if err := w.lifecycle(b, rules...); err != nil {
		t.Fatal(err)
	}
	out, err := w.s3.GetBucketLifecycleConfiguration(t.Context(), &s3.GetBucketLifecycleConfigurationInput{Bucket: &b})
	if err != nil {
		t.Fatal(err)
	}
	ignore := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".noSmithyDocumentSerde" }, cmp.Ignore())
	if diff := cmp.Diff(rules, out.Rules, ignore); diff != "" {
		t.Error(diff)
	}
	if out.TransitionDefaultMinimumObjectSize != types.TransitionDefaultMinimumObjectSizeAllStorageClasses128k {
		t.Errorf("minimum size %s", out.TransitionDefaultMinimumObjectSize)
	}
	if _, err := w.s3.DeleteBucketLifecycle(t.Context(), &s3.DeleteBucketLifecycleInput{Bucket: &b}); err != nil {
		t.Fatal(err)
	}
	_, err = w.s3.GetBucketLifecycleConfiguration(t.Context(), &s3.GetBucketLifecycleConfigurationInput{Bucket: &b})
	wantError(t, err, 404, "NoSuchLifecycleConfiguration")
}

func TestLifecycleRefuses(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	expire := &types.LifecycleExpiration{Days: aws.Int32(1)}
	tests := []struct {
		name string
		rule types.LifecycleRule
		code string
	}{
		{"no action", enabled(func(*types.LifecycleRule) {}), "InvalidRequest"},
		{"no filter", enabled(func(r *types.LifecycleRule) { r.Filter, r.Expiration = nil, expire }), "MalformedXML"},
		{"a status that is none", enabled(func(r *types.LifecycleRule) { r.Status, r.Expiration = "On", expire }), "MalformedXML"},
		{"zero days", enabled(func(r *types.LifecycleRule) { r.Expiration = &types.LifecycleExpiration{Days: aws.Int32(0)} }), "InvalidArgument"},
		{"a date off midnight", enabled(func(r *types.LifecycleRule) { r.Expiration = &types.LifecycleExpiration{Date: aws.Time(start)} }), "InvalidArgument"},
		{"infrequent access too early", enabled(func(r *types.LifecycleRule) {
			r.Transitions = []types.Transition{{Days: aws.Int32(29), StorageClass: types.TransitionStorageClassStandardIa}}
		}), "InvalidArgument"},
		{"expiration before transition", enabled(func(r *types.LifecycleRule) {
			r.Transitions, r.Expiration = []types.Transition{{Days: aws.Int32(30), StorageClass: types.TransitionStorageClassGlacier}}, &types.LifecycleExpiration{Days: aws.Int32(30)}
		}), "InvalidArgument"},
		{"aborting by tag", enabled(func(r *types.LifecycleRule) {
			r.Filter, r.AbortIncompleteMultipartUpload = &types.LifecycleRuleFilter{Tag: &types.Tag{Key: aws.String("a"), Value: aws.String("b")}}, &types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(1)}
		}), "InvalidRequest"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantError(t, w.lifecycle(b, tt.rule), 400, tt.code) })
	}
	twice := enabled(func(r *types.LifecycleRule) { r.Expiration = expire })
	wantError(t, w.lifecycle(b, twice, twice), 400, "InvalidArgument")
}

// The clock starts on January 2nd at 03:04:05: an object put then is one day old
// on the 3rd at that time, and expires at the midnight after, which begins the
// 4th.
func TestObjectsExpireAtTheMidnightAfterTheirDays(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	w.eventBridge(b)
	if err := w.lifecycle(b, enabled(func(r *types.LifecycleRule) {
		r.ID, r.Filter, r.Expiration = aws.String("short lived"), &types.LifecycleRuleFilter{Prefix: aws.String("tmp/")}, &types.LifecycleExpiration{Days: aws.Int32(1)}
	})); err != nil {
		t.Fatal(err)
	}
	put := w.put(b, "tmp/k", "x")
	if want := `expiry-date="Sun, 04 Jan 2026 00:00:00 GMT", rule-id="short%20lived"`; aws.ToString(put.Expiration) != want {
		t.Errorf("expiration %s", aws.ToString(put.Expiration))
	}
	w.put(b, "kept", "x")
	w.events.take(t)
	w.advance(time.Date(2026, 1, 3, 23, 59, 59, 0, time.UTC).Sub(start))
	if diff := cmp.Diff([]string{"kept", "tmp/k"}, w.keys(b)); diff != "" {
		t.Error(diff)
	}
	w.advance(time.Second)
	if diff := cmp.Diff([]string{"kept"}, w.keys(b)); diff != "" {
		t.Error(diff)
	}
	details, raw := w.events.take(t)
	if len(raw) != 1 || raw[0].DetailType != "Object Deleted" || details[0]["reason"] != "Lifecycle Expiration" || details[0]["deletion-type"] != "Permanently Deleted" || details[0]["requester"] != "s3.amazonaws.com" {
		t.Errorf("events %v", details)
	}
}

func TestVersionsExpire(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	w.versioning(b, types.BucketVersioningStatusEnabled)
	if err := w.lifecycle(b, enabled(func(r *types.LifecycleRule) {
		r.Expiration = &types.LifecycleExpiration{Days: aws.Int32(3)}
		r.NoncurrentVersionExpiration = &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(1)}
	})); err != nil {
		t.Fatal(err)
	}
	w.put(b, "k", "1")
	w.put(b, "k", "2")
	w.advance(24 * time.Hour)
	if got := len(w.versions(b, "")); got != 2 {
		t.Errorf("%d versions after a day", got)
	}
	w.advance(24 * time.Hour) // the first has been noncurrent for a day, and it is past midnight
	if got := len(w.versions(b, "")); got != 1 {
		t.Errorf("%d versions after two days", got)
	}
	w.advance(48 * time.Hour) // the second expires: a marker hides it
	if got := w.versions(b, ""); len(got) != 2 || !strings.Contains(strings.Join(got, ","), "marker latest") {
		t.Errorf("after four days: %v", got)
	}
	w.advance(10 * 24 * time.Hour) // it goes too, and then the marker under which nothing is left
	if got := w.versions(b, ""); len(got) != 0 {
		t.Errorf("in the end: %v", got)
	}
}

func TestNewerNoncurrentVersionsAreKept(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	w.versioning(b, types.BucketVersioningStatusEnabled)
	if err := w.lifecycle(b, enabled(func(r *types.LifecycleRule) {
		r.NoncurrentVersionExpiration = &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(1), NewerNoncurrentVersions: aws.Int32(2)}
	})); err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		w.put(b, "k", fmt.Sprint(i))
	}
	w.advance(30 * 24 * time.Hour)
	if got := len(w.versions(b, "")); got != 3 {
		t.Errorf("%d versions, want the current one and two more", got)
	}
}

func TestUnfinishedUploadsAreAborted(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	if err := w.lifecycle(b, enabled(func(r *types.LifecycleRule) {
		r.AbortIncompleteMultipartUpload = &types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(7)}
	})); err != nil {
		t.Fatal(err)
	}
	w.begin(b, "k", nil)
	count := func() int {
		out, err := w.s3.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &b})
		if err != nil {
			t.Fatal(err)
		}
		return len(out.Uploads)
	}
	w.advance(7 * 24 * time.Hour)
	if count() != 1 {
		t.Error("aborted too early")
	}
	w.advance(24 * time.Hour)
	if count() != 0 {
		t.Error("not aborted")
	}
}

func TestTransitions(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	if err := w.lifecycle(b, enabled(func(r *types.LifecycleRule) {
		r.Transitions = []types.Transition{{Days: aws.Int32(30), StorageClass: types.TransitionStorageClassStandardIa}, {Days: aws.Int32(90), StorageClass: types.TransitionStorageClassGlacier}}
	})); err != nil {
		t.Fatal(err)
	}
	w.put(b, "big", strings.Repeat("x", minimumToArchive))
	w.put(b, "small", "x")
	classes := func() map[string]types.ObjectStorageClass {
		out, err := w.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &b})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]types.ObjectStorageClass{}
		for _, c := range out.Contents {
			got[*c.Key] = c.StorageClass
		}
		return got
	}
	w.advance(31 * 24 * time.Hour)
	if diff := cmp.Diff(map[string]types.ObjectStorageClass{"big": "STANDARD_IA", "small": "STANDARD"}, classes()); diff != "" {
		t.Error(diff)
	}
	w.advance(61 * 24 * time.Hour)
	if diff := cmp.Diff(map[string]types.ObjectStorageClass{"big": "GLACIER", "small": "STANDARD"}, classes()); diff != "" {
		t.Error(diff)
	}
}
