package s3

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
)

func (w *world) versioning(bucket string, status types.BucketVersioningStatus) {
	w.t.Helper()
	if _, err := w.s3.PutBucketVersioning(w.t.Context(), &s3.PutBucketVersioningInput{Bucket: &bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: status}}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) remove(bucket, key, version string) *s3.DeleteObjectOutput {
	w.t.Helper()
	in := &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}
	if version != "" {
		in.VersionId = &version
	}
	out, err := w.s3.DeleteObject(w.t.Context(), in)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func TestVersionsAreKept(t *testing.T) {
	w := newWorld(t)
	b, key := w.bucket("lake"), aws.String("k")
	before := w.put(b, "k", "unversioned")
	if before.VersionId != nil {
		t.Errorf("a bucket without versions gives version %s", *before.VersionId)
	}
	w.versioning(b, types.BucketVersioningStatusEnabled)
	first, second := w.put(b, "k", "first"), w.put(b, "k", "second")
	if aws.ToString(first.VersionId) == "" || *first.VersionId == *second.VersionId {
		t.Fatalf("versions %v, %v", first.VersionId, second.VersionId)
	}
	read := func(version string) string {
		out, err := w.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &b, Key: key, VersionId: &version})
		if err != nil {
			t.Fatal(err)
		}
		if *out.VersionId != version {
			t.Errorf("asked for %s, got %s", version, *out.VersionId)
		}
		return readAll(t, out.Body)
	}
	for version, want := range map[string]string{"null": "unversioned", *first.VersionId: "first", *second.VersionId: "second"} {
		if got := read(version); got != want {
			t.Errorf("%s: %q, want %q", version, got, want)
		}
	}
	// HEAD of an old version is of that version.
	head, err := w.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &b, Key: key, VersionId: first.VersionId})
	if err != nil {
		t.Fatal(err)
	}
	if *head.ETag != *first.ETag || *head.ContentLength != 5 {
		t.Errorf("head %s %d", *head.ETag, *head.ContentLength)
	}

	marker := w.remove(b, "k", "")
	if !aws.ToBool(marker.DeleteMarker) || marker.VersionId == nil {
		t.Fatalf("delete answers %v", marker)
	}
	_, err = w.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &b, Key: key})
	wantError(t, err, 404, "NoSuchKey")
	_, err = w.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &b, Key: key, VersionId: marker.VersionId})
	wantError(t, err, 405, "MethodNotAllowed")
	if got := read(*second.VersionId); got != "second" {
		t.Errorf("behind the marker: %q", got)
	}
	// Deleting the marker brings the object back.
	gone := w.remove(b, "k", *marker.VersionId)
	if !aws.ToBool(gone.DeleteMarker) || *gone.VersionId != *marker.VersionId {
		t.Errorf("delete of the marker answers %v", gone)
	}
	if got := w.get(b, "k"); got != "second" {
		t.Errorf("after the marker: %q", got)
	}
	// So does deleting the newest version bring back the one before.
	if gone := w.remove(b, "k", *second.VersionId); aws.ToBool(gone.DeleteMarker) {
		t.Error("a version is taken for a marker")
	}
	if got := w.get(b, "k"); got != "first" {
		t.Errorf("after the second: %q", got)
	}
	_, err = w.s3.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: &b})
	wantError(t, err, 409, "BucketNotEmpty")
}

func TestSuspendedVersioningKeepsOneNullVersion(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	w.versioning(b, types.BucketVersioningStatusEnabled)
	kept := w.put(b, "k", "kept")
	w.versioning(b, types.BucketVersioningStatusSuspended)
	w.put(b, "k", "null one")
	w.put(b, "k", "null two")
	list := w.versions(b, "")
	if diff := cmp.Diff([]string{"k null latest", "k " + *kept.VersionId}, list); diff != "" {
		t.Error(diff)
	}
	w.remove(b, "k", "") // replaces the null version by a null marker
	if diff := cmp.Diff([]string{"k null marker latest", "k " + *kept.VersionId}, w.versions(b, "")); diff != "" {
		t.Error(diff)
	}
}

// versions lists all versions through pages of the given size.
func (w *world) versions(bucket, pages string) []string {
	w.t.Helper()
	var all []string
	in := &s3.ListObjectVersionsInput{Bucket: &bucket}
	if pages != "" {
		var n int32
		if _, err := fmt.Sscan(pages, &n); err != nil {
			w.t.Fatal(err)
		}
		in.MaxKeys = &n
	}
	for {
		out, err := w.s3.ListObjectVersions(w.t.Context(), in)
		if err != nil {
			w.t.Fatal(err)
		}
		show := func(key, id string, marker, latest bool) {
			text := key + " " + id
			if marker {
				text += " marker"
			}
			if latest {
				text += " latest"
			}
			all = append(all, text)
		}
		// The SDK takes markers and versions apart; with pages of one the order
		// is that of the answer.
		for _, m := range out.DeleteMarkers {
			show(*m.Key, *m.VersionId, true, *m.IsLatest)
		}
		for _, v := range out.Versions {
			show(*v.Key, *v.VersionId, false, *v.IsLatest)
		}
		if !*out.IsTruncated {
			return all
		}
		in.KeyMarker, in.VersionIdMarker = out.NextKeyMarker, out.NextVersionIdMarker
	}
}

func TestVersionsAreListedNewestFirstInPages(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	w.versioning(b, types.BucketVersioningStatusEnabled)
	var want []string
	for _, key := range []string{"a", "b", "c"} {
		one, two := w.put(b, key, "1"), w.put(b, key, "2")
		marker := w.remove(b, key, "")
		want = append(want, key+" "+*marker.VersionId+" marker latest", key+" "+*two.VersionId, key+" "+*one.VersionId)
	}
	if diff := cmp.Diff(want, w.versions(b, "1")); diff != "" {
		t.Error(diff)
	}
	if got := len(w.versions(b, "2")); got != 9 {
		t.Errorf("%d in pages of two", got)
	}
	out, err := w.s3.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &b, Prefix: aws.String("b")})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Versions) != 2 || len(out.DeleteMarkers) != 1 {
		t.Errorf("by prefix: %d, %d", len(out.Versions), len(out.DeleteMarkers))
	}
}

func TestDeleteObjectsOfVersions(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	w.versioning(b, types.BucketVersioningStatusEnabled)
	v := w.put(b, "k", "x")
	out, err := w.s3.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: &b, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("k")}}}})
	if err != nil {
		t.Fatal(err)
	}
	marker := out.Deleted[0]
	if !aws.ToBool(marker.DeleteMarker) || marker.DeleteMarkerVersionId == nil || marker.VersionId != nil {
		t.Errorf("marker made: %v", marker)
	}
	out, err = w.s3.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: &b, Delete: &types.Delete{Objects: []types.ObjectIdentifier{
		{Key: aws.String("k"), VersionId: marker.DeleteMarkerVersionId}, {Key: aws.String("k"), VersionId: v.VersionId},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Deleted) != 2 || !aws.ToBool(out.Deleted[0].DeleteMarker) || aws.ToBool(out.Deleted[1].DeleteMarker) {
		t.Errorf("deleted %v", out.Deleted)
	}
	if got := w.versions(b, ""); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}

func TestLastModifiedIsTheClocks(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	if err := w.clock.Advance(t.Context(), 90*time.Minute); err != nil {
		t.Fatal(err)
	}
	w.put(b, "k", "x")
	out, err := w.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &b})
	if err != nil {
		t.Fatal(err)
	}
	if got := *out.Contents[0].LastModified; !got.Equal(start.Add(90 * time.Minute)) {
		t.Errorf("modified %s", got)
	}
}
