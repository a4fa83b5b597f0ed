package s3

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
)

func content(seed uint64, n int) []byte {
	out := make([]byte, n)
	r := rand.New(rand.NewPCG(seed, seed))
	for i := range out {
		out[i] = byte(r.Uint32())
	}
	return out
}

// begin starts an upload.
func (w *world) begin(bucket, key string, edit func(*s3.CreateMultipartUploadInput)) *string {
	w.t.Helper()
	in := &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key}
	if edit != nil {
		edit(in)
	}
	out, err := w.s3.CreateMultipartUpload(w.t.Context(), in)
	if err != nil {
		w.t.Fatal(err)
	}
	return out.UploadId
}

func (w *world) part(bucket, key string, id *string, number int32, body []byte, a types.ChecksumAlgorithm) types.CompletedPart {
	w.t.Helper()
	out, err := w.s3.UploadPart(w.t.Context(), &s3.UploadPartInput{Bucket: &bucket, Key: &key, UploadId: id, PartNumber: &number, Body: seekable(body), ChecksumAlgorithm: a})
	if err != nil {
		w.t.Fatal(err)
	}
	return types.CompletedPart{
		PartNumber: &number, ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32, ChecksumCRC32C: out.ChecksumCRC32C,
		ChecksumSHA256: out.ChecksumSHA256, ChecksumCRC64NVME: out.ChecksumCRC64NVME,
	}
}

func (w *world) complete(bucket, key string, id *string, parts ...types.CompletedPart) (*s3.CompleteMultipartUploadOutput, error) {
	return w.s3.CompleteMultipartUpload(w.t.Context(), &s3.CompleteMultipartUploadInput{
		Bucket: &bucket, Key: &key, UploadId: id, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
}

func TestPartsBecomeOneObject(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	one, two := content(1, minPart), content(2, 1000)
	for _, tt := range []struct {
		algorithm types.ChecksumAlgorithm
		kind      types.ChecksumType
	}{
		{"", ""},
		{types.ChecksumAlgorithmCrc32, ""},
		{types.ChecksumAlgorithmCrc32, types.ChecksumTypeFullObject},
		{types.ChecksumAlgorithmCrc32c, types.ChecksumTypeComposite},
		{types.ChecksumAlgorithmCrc64nvme, ""},
		{types.ChecksumAlgorithmSha256, types.ChecksumTypeComposite},
	} {
		t.Run(string(tt.algorithm)+" "+string(tt.kind), func(t *testing.T) {
			id := w.begin(b, "k", func(in *s3.CreateMultipartUploadInput) {
				in.ChecksumAlgorithm, in.ChecksumType, in.ContentType, in.Metadata = tt.algorithm, tt.kind, aws.String("text/x"), map[string]string{"m": "1"}
			})
			// Parts come in any order, and again.
			second := w.part(b, "k", id, 7, two, tt.algorithm)
			w.part(b, "k", id, 3, two, tt.algorithm)
			first := w.part(b, "k", id, 3, one, tt.algorithm)
			out, err := w.complete(b, "k", id, first, second)
			if err != nil {
				t.Fatal(err)
			}
			sum1, sum2 := md5.Sum(one), md5.Sum(two)
			both := md5.Sum(append(sum1[:], sum2[:]...))
			if want := `"` + hex.EncodeToString(both[:]) + `-2"`; *out.ETag != want {
				t.Errorf("etag %s, want %s", *out.ETag, want)
			}
			head, err := w.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &b, Key: aws.String("k"), ChecksumMode: types.ChecksumModeEnabled})
			if err != nil {
				t.Fatal(err)
			}
			if *head.ETag != *out.ETag || *head.ContentType != "text/x" || head.Metadata["m"] != "1" || *head.ContentLength != int64(len(one)+len(two)) {
				t.Errorf("head %v", head)
			}
			whole := tt.kind == types.ChecksumTypeFullObject || tt.algorithm == "" || tt.algorithm == types.ChecksumAlgorithmCrc64nvme
			if (head.ChecksumType == types.ChecksumTypeFullObject) != whole {
				t.Errorf("checksum type %s", head.ChecksumType)
			}
			if got := w.get(b, "k"); got != string(one)+string(two) {
				t.Error("content differs")
			}
			// The checksum of the whole is that of a plain upload.
			if whole {
				a := tt.algorithm
				if a == "" {
					a = types.ChecksumAlgorithmCrc64nvme
				}
				plain, err := w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &b, Key: aws.String("plain"), Body: seekable(append(append([]byte{}, one...), two...)), ChecksumAlgorithm: a})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]*string{plain.ChecksumCRC32, plain.ChecksumCRC64NVME}, []*string{head.ChecksumCRC32, head.ChecksumCRC64NVME}); diff != "" {
					t.Error(diff)
				}
			}
			part, err := w.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &b, Key: aws.String("k"), PartNumber: aws.Int32(2)})
			if err != nil {
				t.Fatal(err)
			}
			if got := readAll(t, part.Body); got != string(two) || *part.PartsCount != 2 {
				t.Errorf("part 2 of %d has %d bytes", *part.PartsCount, len(got))
			}
			_, err = w.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &b, Key: aws.String("k"), PartNumber: aws.Int32(3)})
			wantError(t, err, 416, "InvalidPartNumber")
		})
	}
}

func TestCompleteRefuses(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	id := w.begin(b, "k", nil)
	small := w.part(b, "k", id, 1, []byte("small"), "")
	last := w.part(b, "k", id, 2, []byte("last"), "")
	_, err := w.complete(b, "k", id, small, last)
	wantError(t, err, 400, "EntityTooSmall")
	_, err = w.complete(b, "k", id, last, small)
	wantError(t, err, 400, "InvalidPartOrder")
	_, err = w.complete(b, "k", id, types.CompletedPart{PartNumber: aws.Int32(9), ETag: last.ETag})
	wantError(t, err, 400, "InvalidPart")
	_, err = w.complete(b, "k", id, types.CompletedPart{PartNumber: aws.Int32(2), ETag: aws.String(`"0"`)})
	wantError(t, err, 400, "InvalidPart")
	_, err = w.complete(b, "k", id)
	wantError(t, err, 400, "InvalidRequest")
	_, err = w.complete(b, "other", id, last)
	wantError(t, err, 404, "NoSuchUpload")
	w.put(b, "k", "there")
	_, err = w.s3.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
		Bucket: &b, Key: aws.String("k"), UploadId: id, IfNoneMatch: aws.String("*"), MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{last}},
	})
	wantError(t, err, 412, "PreconditionFailed")
	// A refused completion leaves the upload as it was: one part alone is fine.
	if _, err := w.complete(b, "k", id, last); err != nil {
		t.Fatal(err)
	}
	if got := w.get(b, "k"); got != "last" {
		t.Errorf("content %q", got)
	}
	_, err = w.complete(b, "k", id, last)
	wantError(t, err, 404, "NoSuchUpload")
	_, err = w.s3.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: &b, Key: aws.String("k"), UploadId: id, PartNumber: aws.Int32(1), Body: strings.NewReader("x")})
	wantError(t, err, 404, "NoSuchUpload")
	_, err = w.s3.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: &b, Key: aws.String("k"), UploadId: id, PartNumber: aws.Int32(10001), Body: strings.NewReader("x")})
	wantError(t, err, 400, "InvalidArgument")
}

func TestUploadsAreListedAndAborted(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	ids := map[string]*string{}
	for _, key := range []string{"a/1", "a/2", "b"} {
		ids[key] = w.begin(b, key, nil)
	}
	for n := range 5 {
		w.part(b, "b", ids["b"], int32(n+1), []byte(fmt.Sprint("part ", n)), "")
	}
	var keys []string
	in := &s3.ListMultipartUploadsInput{Bucket: &b, MaxUploads: aws.Int32(1)}
	for {
		out, err := w.s3.ListMultipartUploads(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range out.Uploads {
			keys = append(keys, *u.Key)
		}
		if !*out.IsTruncated {
			break
		}
		in.KeyMarker, in.UploadIdMarker = out.NextKeyMarker, out.NextUploadIdMarker
	}
	if diff := cmp.Diff([]string{"a/1", "a/2", "b"}, keys); diff != "" {
		t.Error(diff)
	}
	grouped, err := w.s3.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &b, Delimiter: aws.String("/")})
	if err != nil {
		t.Fatal(err)
	}
	if len(grouped.Uploads) != 1 || len(grouped.CommonPrefixes) != 1 || *grouped.CommonPrefixes[0].Prefix != "a/" {
		t.Errorf("grouped %v %v", grouped.Uploads, grouped.CommonPrefixes)
	}
	var numbers []int32
	pages := s3.NewListPartsPaginator(w.s3, &s3.ListPartsInput{Bucket: &b, Key: aws.String("b"), UploadId: ids["b"], MaxParts: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page.Parts {
			numbers = append(numbers, *p.PartNumber)
			if *p.Size != 6 {
				t.Errorf("size %d", *p.Size)
			}
		}
	}
	if diff := cmp.Diff([]int32{1, 2, 3, 4, 5}, numbers); diff != "" {
		t.Error(diff)
	}
	abort := func() error {
		_, err := w.s3.AbortMultipartUpload(t.Context(), &s3.AbortMultipartUploadInput{Bucket: &b, Key: aws.String("b"), UploadId: ids["b"]})
		return err
	}
	if err := abort(); err != nil {
		t.Fatal(err)
	}
	wantError(t, abort(), 404, "NoSuchUpload")
	_, err = w.s3.ListParts(t.Context(), &s3.ListPartsInput{Bucket: &b, Key: aws.String("b"), UploadId: ids["b"]})
	wantError(t, err, 404, "NoSuchUpload")
}

func TestPartsAreCopied(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	source := content(3, minPart+100)
	if _, err := w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &b, Key: aws.String("source"), Body: seekable(source)}); err != nil {
		t.Fatal(err)
	}
	id := w.begin(b, "k", nil)
	copyPart := func(number int32, span string) (*s3.UploadPartCopyOutput, error) {
		in := &s3.UploadPartCopyInput{Bucket: &b, Key: aws.String("k"), UploadId: id, PartNumber: &number, CopySource: aws.String(b + "/source")}
		if span != "" {
			in.CopySourceRange = &span
		}
		return w.s3.UploadPartCopy(t.Context(), in)
	}
	one, err := copyPart(1, "")
	if err != nil {
		t.Fatal(err)
	}
	two, err := copyPart(2, "bytes=10-19")
	if err != nil {
		t.Fatal(err)
	}
	_, err = copyPart(3, fmt.Sprintf("bytes=0-%d", len(source)))
	wantError(t, err, 400, "InvalidArgument")
	if _, err := w.complete(b, "k", id,
		types.CompletedPart{PartNumber: aws.Int32(1), ETag: one.CopyPartResult.ETag}, types.CompletedPart{PartNumber: aws.Int32(2), ETag: two.CopyPartResult.ETag},
	); err != nil {
		t.Fatal(err)
	}
	if got := w.get(b, "k"); got != string(source)+string(source[10:20]) {
		t.Error("content differs")
	}
	// A copy of an object of parts is one piece, with the MD5 of the whole.
	out, err := w.s3.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: &b, Key: aws.String("copy"), CopySource: aws.String(b + "/k")})
	if err != nil {
		t.Fatal(err)
	}
	sum := md5.Sum(append(append([]byte{}, source...), source[10:20]...))
	if want := `"` + hex.EncodeToString(sum[:]) + `"`; *out.CopyObjectResult.ETag != want {
		t.Errorf("etag %s, want %s", *out.CopyObjectResult.ETag, want)
	}
}

func TestAttributes(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	id := w.begin(b, "k", func(in *s3.CreateMultipartUploadInput) { in.ChecksumAlgorithm = types.ChecksumAlgorithmSha256 })
	parts := []types.CompletedPart{
		w.part(b, "k", id, 1, content(1, minPart), types.ChecksumAlgorithmSha256), w.part(b, "k", id, 2, []byte("end"), types.ChecksumAlgorithmSha256),
	}
	made, err := w.complete(b, "k", id, parts...)
	if err != nil {
		t.Fatal(err)
	}
	out, err := w.s3.GetObjectAttributes(t.Context(), &s3.GetObjectAttributesInput{Bucket: &b, Key: aws.String("k"), ObjectAttributes: []types.ObjectAttributes{
		types.ObjectAttributesEtag, types.ObjectAttributesChecksum, types.ObjectAttributesObjectParts, types.ObjectAttributesStorageClass, types.ObjectAttributesObjectSize,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if *out.ETag != strings.Trim(*made.ETag, `"`) || *out.ObjectSize != minPart+3 || out.StorageClass != types.StorageClassStandard {
		t.Errorf("%v", out)
	}
	if *out.Checksum.ChecksumSHA256 != *made.ChecksumSHA256 || out.Checksum.ChecksumType != types.ChecksumTypeComposite || !strings.HasSuffix(*made.ChecksumSHA256, "-2") {
		t.Errorf("checksum %v", out.Checksum)
	}
	if *out.ObjectParts.TotalPartsCount != 2 || len(out.ObjectParts.Parts) != 2 || *out.ObjectParts.Parts[1].Size != 3 || *out.ObjectParts.Parts[1].ChecksumSHA256 != *parts[1].ChecksumSHA256 {
		t.Errorf("parts %v", out.ObjectParts)
	}
}
