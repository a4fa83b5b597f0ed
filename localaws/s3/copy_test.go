package s3

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
)

func TestCopies(t *testing.T) {
	w := newWorld(t)
	b, other := w.bucket("lake"), w.bucket("other")
	if _, err := w.s3.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: &b, Key: aws.String("dir/a b+ü"), Body: strings.NewReader("hello"), ContentType: aws.String("text/x"), Metadata: map[string]string{"m": "1"}, Tagging: aws.String("t=1"),
	}); err != nil {
		t.Fatal(err)
	}
	source := aws.String(b + "/dir/a%20b%2B%C3%BC")
	out, err := w.s3.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: &other, Key: aws.String("k"), CopySource: source})
	if err != nil {
		t.Fatal(err)
	}
	if *out.CopyObjectResult.ETag != `"5d41402abc4b2a76b9719d911017c592"` {
		t.Errorf("etag %s", *out.CopyObjectResult.ETag)
	}
	head, err := w.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &other, Key: aws.String("k")})
	if err != nil {
		t.Fatal(err)
	}
	if *head.ContentType != "text/x" || head.Metadata["m"] != "1" || w.get(other, "k") != "hello" || *head.TagCount != 1 {
		t.Errorf("copy has %v", head)
	}
	if _, err := w.s3.CopyObject(t.Context(), &s3.CopyObjectInput{
		Bucket: &other, Key: aws.String("k2"), CopySource: source, MetadataDirective: types.MetadataDirectiveReplace, Metadata: map[string]string{"n": "2"},
		TaggingDirective: types.TaggingDirectiveReplace, Tagging: aws.String("u=1&v=2"), ChecksumAlgorithm: types.ChecksumAlgorithmSha256,
	}); err != nil {
		t.Fatal(err)
	}
	head, err = w.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &other, Key: aws.String("k2"), ChecksumMode: types.ChecksumModeEnabled})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"n": "2"}, head.Metadata); diff != "" || *head.TagCount != 2 {
		t.Errorf("%s, tags %d", diff, *head.TagCount)
	}
	// base64 of the SHA-256 of "hello"
	if aws.ToString(head.ChecksumSHA256) != "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=" {
		t.Errorf("checksum %v", aws.ToString(head.ChecksumSHA256))
	}
	_, err = w.s3.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: &other, Key: aws.String("k"), CopySource: aws.String(other + "/k")})
	wantError(t, err, 400, "InvalidRequest")
	_, err = w.s3.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: &other, Key: aws.String("k"), CopySource: aws.String(other + "/missing")})
	wantError(t, err, 404, "NoSuchKey")
	_, err = w.s3.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: &other, Key: aws.String("x"), CopySource: aws.String("no-bucket-here/k")})
	wantError(t, err, 404, "NoSuchBucket")
	_, err = w.s3.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: &other, Key: aws.String("x"), CopySource: source, CopySourceIfMatch: aws.String(`"x"`)})
	wantError(t, err, 412, "PreconditionFailed")
}

func TestObjectTags(t *testing.T) {
	w := newWorld(t)
	b, key := w.bucket("lake"), aws.String("k")
	w.put(b, "k", "x")
	tags := []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}
	if _, err := w.s3.PutObjectTagging(t.Context(), &s3.PutObjectTaggingInput{Bucket: &b, Key: key, Tagging: &types.Tagging{TagSet: tags}}); err != nil {
		t.Fatal(err)
	}
	out, err := w.s3.GetObjectTagging(t.Context(), &s3.GetObjectTaggingInput{Bucket: &b, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.TagSet) != 1 || *out.TagSet[0].Value != "1" {
		t.Errorf("tags %v", out.TagSet)
	}
	if _, err := w.s3.DeleteObjectTagging(t.Context(), &s3.DeleteObjectTaggingInput{Bucket: &b, Key: key}); err != nil {
		t.Fatal(err)
	}
	if out, err = w.s3.GetObjectTagging(t.Context(), &s3.GetObjectTaggingInput{Bucket: &b, Key: key}); err != nil || len(out.TagSet) != 0 {
		t.Errorf("tags %v, %v", out, err)
	}
	_, err = w.s3.PutObjectTagging(t.Context(), &s3.PutObjectTaggingInput{Bucket: &b, Key: key, Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("aws:x"), Value: aws.String("1")}}}})
	wantError(t, err, 400, "InvalidTag")
}

func TestDeleteObjectsAnswersForEachKey(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	w.put(b, "a", "x")
	w.put(b, "b", "x")
	objects := []types.ObjectIdentifier{{Key: aws.String("a")}, {Key: aws.String("missing")}, {Key: aws.String("b"), ETag: aws.String(`"other"`)}}
	out, err := w.s3.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: &b, Delete: &types.Delete{Objects: objects}})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Deleted) != 2 || len(out.Errors) != 1 || *out.Errors[0].Code != "PreconditionFailed" {
		t.Errorf("deleted %v, errors %v", out.Deleted, out.Errors)
	}
	if out, err = w.s3.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: &b, Delete: &types.Delete{Objects: objects[:2], Quiet: aws.Bool(true)}}); err != nil || len(out.Deleted) != 0 {
		t.Errorf("quiet: %v, %v", out, err)
	}
	res, body := w.raw(http.MethodPost, "/lake?delete", nil, `<Delete><Object><Key>b</Key></Object></Delete>`)
	if res.StatusCode != http.StatusBadRequest || !strings.Contains(body, "Content-MD5") {
		t.Errorf("without a digest: %d %s", res.StatusCode, body)
	}
	many := make([]types.ObjectIdentifier, 1001)
	for i := range many {
		many[i].Key = aws.String(fmt.Sprint("k", i))
	}
	_, err = w.s3.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: &b, Delete: &types.Delete{Objects: many}})
	wantError(t, err, 400, "MalformedXML")
}
