package s3

import (
	"bytes"
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"crawlerless/localaws/cloud"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
)

func TestObjectsRoundTrip(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	for _, key := range []string{"plain", "a b+c%25/=ü", "/leading", "double//slash", "logs/app/year=2026/x.gz", "dir/", "a?b&c=d#e"} {
		w.put(b, key, "content of "+key)
		if got := w.get(b, key); got != "content of "+key {
			t.Errorf("%q: got %q", key, got)
		}
		head, err := w.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &b, Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		if *head.ContentLength != int64(len("content of "+key)) {
			t.Errorf("%q: length %d", key, *head.ContentLength)
		}
	}
}

func TestAnObjectKeepsWhatItWasPutWith(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	put, err := w.s3.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: &b, Key: aws.String("k"), Body: strings.NewReader("hello"), ContentType: aws.String("application/x-ndjson"),
		ContentEncoding: aws.String("gzip"), CacheControl: aws.String("no-cache"), ContentDisposition: aws.String("inline"),
		ContentLanguage: aws.String("de"), Metadata: map[string]string{"origin": "test"}, StorageClass: types.StorageClassStandardIa,
		Tagging: aws.String("a=1&b=two%20words"), ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: aws.String("key"),
		BucketKeyEnabled: aws.Bool(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &b, Key: aws.String("k")})
	if err != nil {
		t.Fatal(err)
	}
	if body := readAll(t, got.Body); body != "hello" {
		t.Errorf("body %q", body)
	}
	want := map[string]any{
		"type": "application/x-ndjson", "encoding": "gzip", "cache": "no-cache", "disposition": "inline", "language": "de",
		"metadata": map[string]string{"origin": "test"}, "class": types.StorageClassStandardIa, "tags": int32(2),
		"sse": types.ServerSideEncryptionAwsKms, "key": "key", "bucket key": true, "modified": start.Truncate(time.Second), "length": int64(5),
		"etag": *put.ETag, "ranges": "bytes",
	}
	if diff := cmp.Diff(want, map[string]any{
		"type": *got.ContentType, "encoding": *got.ContentEncoding, "cache": *got.CacheControl, "disposition": *got.ContentDisposition,
		"language": *got.ContentLanguage, "metadata": got.Metadata, "class": got.StorageClass, "tags": *got.TagCount,
		"sse": got.ServerSideEncryption, "key": *got.SSEKMSKeyId, "bucket key": *got.BucketKeyEnabled, "modified": *got.LastModified,
		"length": *got.ContentLength, "etag": *got.ETag, "ranges": *got.AcceptRanges,
	}); diff != "" {
		t.Error(diff)
	}
	if *put.ETag == `"5d41402abc4b2a76b9719d911017c592"` {
		t.Error("the ETag of an object under a KMS key is its MD5")
	}
}

func TestTheETagIsTheMD5(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	if out := w.put(b, "k", "hello"); *out.ETag != `"5d41402abc4b2a76b9719d911017c592"` {
		t.Errorf("etag %s", *out.ETag)
	}
	if out := w.put(b, "empty", ""); *out.ETag != `"d41d8cd98f00b204e9800998ecf8427e"` {
		t.Errorf("etag of nothing %s", *out.ETag)
	}
}

func TestBigObjectsLieInFiles(t *testing.T) {
	for _, dir := range []string{"", "files"} {
		t.Run("dir "+dir, func(t *testing.T) {
			w := newWorld(t, func(e *cloud.Env) {
				if dir == "" {
					e.Dir = ""
				}
			})
			b := w.bucket("lake")
			content := make([]byte, 3*inMemory+17)
			if _, err := rand.Read(content); err != nil {
				t.Fatal(err)
			}
			key := aws.String("big")
			put, err := w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &b, Key: key, Body: seekable(content)})
			if err != nil {
				t.Fatal(err)
			}
			sum := md5.Sum(content)
			if *put.ETag != `"`+hex.EncodeToString(sum[:])+`"` {
				t.Errorf("etag %s", *put.ETag)
			}
			if got := w.get(b, "big"); got != string(content) {
				t.Error("content differs")
			}
			out, err := w.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &b, Key: key, Range: aws.String("bytes=2000000-2000009")})
			if err != nil {
				t.Fatal(err)
			}
			if got := readAll(t, out.Body); got != string(content[2000000:2000010]) {
				t.Error("range differs")
			}
		})
	}
}

func TestRanges(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	w.put(b, "k", "0123456789")
	w.put(b, "empty", "")
	tests := []struct {
		key, header, body, contentRange string
		status                          int
	}{
		{"k", "bytes=0-3", "0123", "bytes 0-3/10", 206},
		{"k", "bytes=8-100", "89", "bytes 8-9/10", 206},
		{"k", "bytes=5-", "56789", "bytes 5-9/10", 206},
		{"k", "bytes=-3", "789", "bytes 7-9/10", 206},
		{"k", "bytes=-100", "0123456789", "bytes 0-9/10", 206},
		{"k", "bytes=10-", "", "bytes */10", 416},
		{"k", "bytes=-0", "", "bytes */10", 416},
		{"empty", "bytes=0-", "", "bytes */0", 416},
		{"k", "bytes=5-2", "0123456789", "", 200},
		{"k", "bytes=a-b", "0123456789", "", 200},
		{"k", "lines=1-2", "0123456789", "", 200},
		{"k", "bytes=0-1,3-4", "0123456789", "", 200},
	}
	for _, tt := range tests {
		t.Run(tt.key+" "+tt.header, func(t *testing.T) {
			res, body := w.raw(http.MethodGet, "/"+b+"/"+tt.key, http.Header{"Range": {tt.header}}, "")
			if res.StatusCode != tt.status || res.Header.Get("Content-Range") != tt.contentRange {
				t.Errorf("status %d, range %q", res.StatusCode, res.Header.Get("Content-Range"))
			}
			if tt.status < 400 && body != tt.body {
				t.Errorf("body %q", body)
			}
			if tt.status == 416 && !strings.Contains(body, "<Code>InvalidRange</Code>") {
				t.Errorf("body %s", body)
			}
			head, _ := w.raw(http.MethodHead, "/"+b+"/"+tt.key, http.Header{"Range": {tt.header}}, "")
			if head.StatusCode != tt.status {
				t.Errorf("HEAD answers %d", head.StatusCode)
			}
		})
	}
}

func TestConditionalReads(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	etag := *w.put(b, "k", "x").ETag
	before, after := start.Add(-time.Hour).Format(http.TimeFormat), start.Add(time.Hour).Format(http.TimeFormat)
	tests := []struct {
		name   string
		header http.Header
		status int
	}{
		{"If-Match that matches", http.Header{"If-Match": {etag}}, 200},
		{"If-Match that differs", http.Header{"If-Match": {`"other"`}}, 412},
		{"If-Match with a list", http.Header{"If-Match": {`"other", ` + etag}}, 200},
		{"If-None-Match that matches", http.Header{"If-None-Match": {etag}}, 304},
		{"If-None-Match without quotes", http.Header{"If-None-Match": {strings.Trim(etag, `"`)}}, 304},
		{"If-None-Match that differs", http.Header{"If-None-Match": {`"other"`}}, 200},
		{"unmodified since", http.Header{"If-Unmodified-Since": {after}}, 200},
		{"modified since", http.Header{"If-Unmodified-Since": {before}}, 412},
		{"If-Modified-Since before", http.Header{"If-Modified-Since": {before}}, 200},
		{"If-Modified-Since after", http.Header{"If-Modified-Since": {after}}, 304},
		{"If-Match outranks If-Unmodified-Since", http.Header{"If-Match": {etag}, "If-Unmodified-Since": {before}}, 200},
		{"If-None-Match outranks If-Modified-Since", http.Header{"If-None-Match": {`"other"`}, "If-Modified-Since": {after}}, 200},
		{"a date that is none", http.Header{"If-Modified-Since": {"yesterday"}}, 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				res, body := w.raw(method, "/"+b+"/k", tt.header, "")
				if res.StatusCode != tt.status {
					t.Errorf("%s: %d %s", method, res.StatusCode, body)
				}
			}
		})
	}
}

func TestConditionalWrites(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	put := func(key string, match, none *string) error {
		_, err := w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &b, Key: &key, Body: strings.NewReader("x"), IfMatch: match, IfNoneMatch: none})
		return err
	}
	star := aws.String("*")
	if err := put("new", nil, star); err != nil {
		t.Fatal(err)
	}
	wantError(t, put("new", nil, star), 412, "PreconditionFailed")
	wantError(t, put("new", nil, aws.String(`"x"`)), 501, "NotImplemented")
	wantError(t, put("missing", aws.String(`"x"`), nil), 404, "NoSuchKey")
	wantError(t, put("new", aws.String(`"x"`), nil), 412, "PreconditionFailed")
	etag := w.put(b, "new", "content").ETag
	if err := put("new", etag, nil); err != nil {
		t.Fatal(err)
	}
	// A refused write leaves what was there.
	if got := w.get(b, "new"); got != "x" {
		t.Errorf("content %q", got)
	}
	del := func(key string, match *string) error {
		_, err := w.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &b, Key: &key, IfMatch: match})
		return err
	}
	wantError(t, del("new", etag), 412, "PreconditionFailed")
	if err := del("new", star); err != nil {
		t.Fatal(err)
	}
	wantError(t, del("new", star), 404, "NoSuchKey")
}

func TestOfManyConditionalWritersOneWins(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	const writers = 16
	results := make(chan error, writers)
	for i := range writers {
		go func() {
			_, err := w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &b, Key: aws.String("lock"), Body: strings.NewReader(fmt.Sprint(i)), IfNoneMatch: aws.String("*")})
			results <- err
		}()
	}
	won := 0
	for range writers {
		if err := <-results; err == nil {
			won++
		} else {
			wantError(t, err, 412, "PreconditionFailed")
		}
	}
	if won != 1 {
		t.Errorf("%d writers won", won)
	}
}

func TestMissingThings(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	none, key := aws.String("no-such-bucket"), aws.String("missing")
	_, err := w.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: none, Key: key})
	wantError(t, err, 404, "NoSuchBucket")
	_, err = w.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &b, Key: key})
	wantError(t, err, 404, "NoSuchKey")
	_, err = w.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &b, Key: key})
	wantError(t, err, 404, "NotFound")
	_, err = w.s3.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: none})
	wantError(t, err, 404, "NotFound")
	w.versioning(b, types.BucketVersioningStatusEnabled)
	version := w.put(b, "other", "x").VersionId
	_, err = w.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &b, Key: key, VersionId: version})
	wantError(t, err, 404, "NoSuchVersion")
	_, err = w.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &b, Key: key, VersionId: aws.String("HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD")})
	wantError(t, err, 400, "InvalidArgument")
	if _, err := w.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &b, Key: key}); err != nil {
		t.Errorf("deleting what is not there: %v", err)
	}
}

func TestErrorsTellWhatS3Tells(t *testing.T) {
	w := newWorld(t)
	w.bucket("lake")
	res, body := w.raw(http.MethodGet, "/lake/missing", nil, "")
	if res.Header.Get("Content-Type") != "application/xml" || res.Header.Get("X-Amz-Request-Id") == "" {
		t.Errorf("headers %v", res.Header)
	}
	for _, part := range []string{
		"<Code>NoSuchKey</Code>", "<Message>The specified key does not exist.</Message>", "<Key>missing</Key>",
		"<RequestId>" + res.Header.Get("X-Amz-Request-Id") + "</RequestId>", "<HostId>",
	} {
		if !strings.Contains(body, part) {
			t.Errorf("%s is not in %s", part, body)
		}
	}
}

func TestOverridesOfResponseHeaders(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	w.put(b, "k", "x")
	out, err := w.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &b, Key: aws.String("k"), ResponseContentType: aws.String("text/csv"), ResponseContentDisposition: aws.String("attachment")})
	if err != nil {
		t.Fatal(err)
	}
	readAll(t, out.Body)
	if *out.ContentType != "text/csv" || *out.ContentDisposition != "attachment" {
		t.Errorf("type %s, disposition %s", *out.ContentType, *out.ContentDisposition)
	}
}

func TestPutObjectRefuses(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	body := func() io.Reader { return strings.NewReader("x") }
	tests := []struct {
		name   string
		in     *s3.PutObjectInput
		status int
		code   string
	}{
		{"a key that is too long", &s3.PutObjectInput{Key: aws.String(strings.Repeat("k", 1025))}, 400, "KeyTooLongError"},
		{"too much metadata", &s3.PutObjectInput{Key: aws.String("k"), Metadata: map[string]string{"a": strings.Repeat("x", 2048)}}, 400, "MetadataTooLarge"},
		{"a storage class that is none", &s3.PutObjectInput{Key: aws.String("k"), StorageClass: "COLD"}, 400, "InvalidStorageClass"},
		{"an ACL where they are off", &s3.PutObjectInput{Key: aws.String("k"), ACL: types.ObjectCannedACLPrivate}, 400, "AccessControlListNotSupported"},
		{"a lock on a bucket without", &s3.PutObjectInput{Key: aws.String("k"), ObjectLockLegalHoldStatus: types.ObjectLockLegalHoldStatusOn}, 400, "InvalidRequest"},
		{"a customer's key", &s3.PutObjectInput{Key: aws.String("k"), SSECustomerAlgorithm: aws.String("AES256"), SSECustomerKey: aws.String(strings.Repeat("k", 32))}, 501, "NotImplemented"},
		{"a key without its algorithm", &s3.PutObjectInput{Key: aws.String("k"), SSEKMSKeyId: aws.String("key")}, 400, "InvalidArgument"},
		{"tags that are none", &s3.PutObjectInput{Key: aws.String("k"), Tagging: aws.String("a=%zz")}, 400, "InvalidArgument"},
		{"too many tags", &s3.PutObjectInput{Key: aws.String("k"), Tagging: aws.String("a=&b=&c=&d=&e=&f=&g=&h=&i=&j=&k=")}, 400, "BadRequest"},
		{"a foreign owner", &s3.PutObjectInput{Key: aws.String("k"), ExpectedBucketOwner: aws.String("111122223333")}, 403, "AccessDenied"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.in.Bucket, tt.in.Body = &b, body()
			_, err := w.as("root", func(o *s3.Options) { o.EndpointOptions.DisableHTTPS = true }).PutObject(t.Context(), tt.in)
			if err != nil && strings.Contains(err.Error(), "unable to sign") {
				t.Skip(err)
			}
			wantError(t, err, tt.status, tt.code)
		})
	}
	if _, err := w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &b, Key: aws.String("k"), Body: body(), ACL: types.ObjectCannedACLBucketOwnerFullControl}); err != nil {
		t.Errorf("the ACL that says what holds anyway: %v", err)
	}
}

func TestPresignedURLs(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	signer := s3.NewPresignClient(w.s3)
	put, err := signer.PresignPutObject(t.Context(), &s3.PutObjectInput{Bucket: &b, Key: aws.String("a/b c")})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), put.Method, put.URL, bytes.NewReader([]byte("hello")))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if body := readAll(t, res.Body); res.StatusCode != http.StatusOK {
		t.Fatalf("put: %d %s", res.StatusCode, body)
	}
	get, err := signer.PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: &b, Key: aws.String("a/b c")})
	if err != nil {
		t.Fatal(err)
	}
	r, err = http.NewRequestWithContext(t.Context(), get.Method, get.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res, err = http.DefaultClient.Do(r); err != nil {
		t.Fatal(err)
	}
	if body := readAll(t, res.Body); body != "hello" {
		t.Errorf("got %d %q", res.StatusCode, body)
	}
}

func TestVirtualHostedStyle(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("my.lake-1")
	w.put(b, "dir/k", "x")
	for host, path := range map[string]string{
		"my.lake-1.localhost:4566": "/dir/k", "my.lake-1.s3.us-east-1.amazonaws.com": "/dir/k", "my.lake-1.s3.localhost": "/dir/k",
		"my.lake-1.s3-us-west-2.amazonaws.com": "/dir/k",
		"localhost:4566":                       "/my.lake-1/dir/k", "s3.us-east-1.amazonaws.com": "/my.lake-1/dir/k", "s3.localhost": "/my.lake-1/dir/k",
		"127.0.0.1:4566": "/my.lake-1/dir/k", "[::1]:4566": "/my.lake-1/dir/k", "localaws": "/my.lake-1/dir/k",
	} {
		if res, body := w.raw(http.MethodGet, path, http.Header{"Host": {host}}, ""); body != "x" {
			t.Errorf("%s %s: %d %s", host, path, res.StatusCode, body)
		}
	}
}

// A file lives as long as some version refers to it: a copy keeps it, the last
// delete gives it free.
func TestFilesGoWithTheirLastObject(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	body := strings.Repeat("x", inMemory+1)
	w.put(b, "k", body)
	if _, err := w.s3.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: &b, Key: aws.String("copy"), CopySource: aws.String(b + "/k")}); err != nil {
		t.Fatal(err)
	}
	files := func() int {
		list, err := os.ReadDir(w.service.spool.dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	if n := files(); n != 1 {
		t.Errorf("%d files of an object and its copy", n)
	}
	w.remove(b, "k", "")
	runtime.GC()
	if got := w.get(b, "copy"); got != body {
		t.Error("the copy has lost its content")
	}
	w.remove(b, "copy", "")
	for deadline := time.Now().Add(10 * time.Second); files() > 0; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("the file is still there")
		}
		runtime.GC()
	}
	w.raw(http.MethodPut, "/lake/k", http.Header{"X-Amz-Checksum-Crc32": {"AAAAAA=="}}, body)
	if n := files(); n != 0 {
		t.Errorf("a refused body left %d files", n)
	}
}
