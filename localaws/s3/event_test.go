package s3

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
)

func (w *world) eventBridge(bucket string) {
	w.t.Helper()
	if _, err := w.s3.PutBucketNotificationConfiguration(w.t.Context(), &s3.PutBucketNotificationConfigurationInput{
		Bucket: &bucket, NotificationConfiguration: &types.NotificationConfiguration{EventBridgeConfiguration: &types.EventBridgeConfiguration{}},
	}); err != nil {
		w.t.Fatal(err)
	}
}

// The shape follows the user guide's page on EventBridge events of S3.
func TestEvents(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	w.put(b, "before", "x")
	w.eventBridge(b)
	const key = "logs/app/year=2026/a b+c%25.gz"
	put := w.put(b, key, "hello")
	details, raw := w.events.take(t)
	if len(raw) != 1 {
		t.Fatalf("%d events, want one: what came before EventBridge was enabled has none", len(raw))
	}
	if raw[0].Source != "aws.s3" || raw[0].DetailType != "Object Created" || !raw[0].Time.Equal(start) {
		t.Errorf("event %v", raw[0])
	}
	if diff := cmp.Diff([]string{"arn:aws:s3:::lake"}, raw[0].Resources); diff != "" {
		t.Error(diff)
	}
	d := details[0]
	object := d["object"].(map[string]any)
	sequencer := object["sequencer"].(string)
	delete(object, "sequencer")
	if id := d["request-id"].(string); len(id) != 16 {
		t.Errorf("request id %q", id)
	}
	delete(d, "request-id")
	want := map[string]any{
		"version": "0", "bucket": map[string]any{"name": "lake"},
		"object":    map[string]any{"key": key, "size": 5.0, "etag": strings.Trim(*put.ETag, `"`)},
		"requester": account, "source-ip-address": "127.0.0.1", "reason": "PutObject",
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Error(diff)
	}
	if len(sequencer) != 16 || strings.Trim(sequencer, "0123456789abcdef") != "" {
		t.Errorf("sequencer %q", sequencer)
	}

	w.versioning(b, types.BucketVersioningStatusEnabled)
	version := w.put(b, key, "again")
	copied, err := w.s3.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: &b, Key: aws.String("copy"), CopySource: aws.String(b + "/before")})
	if err != nil {
		t.Fatal(err)
	}
	id := w.begin(b, "parts", nil)
	part := w.part(b, "parts", id, 1, []byte("x"), "")
	if _, err := w.complete(b, "parts", id, part); err != nil {
		t.Fatal(err)
	}
	marker := w.remove(b, key, "")
	w.remove(b, key, *version.VersionId)
	w.remove(b, "never-there", *version.VersionId)
	if _, err := w.s3.PutObjectTagging(t.Context(), &s3.PutObjectTaggingInput{Bucket: &b, Key: aws.String("copy"), Tagging: &types.Tagging{TagSet: []types.Tag{}}}); err != nil {
		t.Fatal(err)
	}
	details, raw = w.events.take(t)
	type event struct{ kind, reason, deletion, key, version string }
	var got []event
	last := sequencer
	for i, d := range details {
		object := d["object"].(map[string]any)
		e := event{kind: raw[i].DetailType, key: object["key"].(string)}
		e.reason, _ = d["reason"].(string)
		e.deletion, _ = d["deletion-type"].(string)
		e.version, _ = object["version-id"].(string)
		got = append(got, e)
		if e.reason == "" { // a change of tags is in no sequence
			if object["sequencer"] != nil || object["etag"] == nil {
				t.Errorf("%s: object %v", e.kind, object)
			}
			continue
		}
		if wantETag := e.deletion != "Permanently Deleted"; (object["etag"] != nil) != wantETag {
			t.Errorf("%s %s: ETag %v", e.kind, e.deletion, object["etag"])
		}
		if next := object["sequencer"].(string); next <= last {
			t.Errorf("sequencer %s after %s", next, last)
		} else {
			last = next
		}
	}
	list := w.versions(b, "")
	versionOf := func(key string) string {
		for _, line := range list {
			if rest, ok := strings.CutPrefix(line, key+" "); ok {
				return strings.Fields(rest)[0]
			}
		}
		return ""
	}
	if diff := cmp.Diff([]event{
		{"Object Created", "PutObject", "", key, *version.VersionId},
		{"Object Created", "CopyObject", "", "copy", *copied.VersionId},
		{"Object Created", "CompleteMultipartUpload", "", "parts", versionOf("parts")},
		{"Object Deleted", "DeleteObject", "Delete Marker Created", key, *marker.VersionId},
		{"Object Deleted", "DeleteObject", "Permanently Deleted", key, *version.VersionId},
		{"Object Tags Added", "", "", "copy", *copied.VersionId},
	}, got, cmp.AllowUnexported(event{})); diff != "" {
		t.Error(diff)
	}
}

func TestARefusedWriteSendsNoEvent(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	w.eventBridge(b)
	w.raw(http.MethodPut, "/lake/k", http.Header{"X-Amz-Checksum-Crc32": {"AAAAAA=="}}, "hello")
	w.raw(http.MethodPut, "/lake/k", http.Header{"If-Match": {"x"}}, "hello")
	if _, raw := w.events.take(t); len(raw) != 0 {
		t.Errorf("events %v", raw)
	}
}
