package s3

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// entries are the keys and common prefixes that a listing of keys must have, in
// their order: computed the plain way, over all keys at once.
func entries(keys []string, prefix, delimiter, after string) []string {
	set := map[string]bool{}
	for _, key := range keys {
		if !strings.HasPrefix(key, prefix) || key <= after && after != "" {
			continue
		}
		entry := key
		if delimiter != "" {
			if before, _, found := strings.Cut(key[len(prefix):], delimiter); found {
				entry = prefix + before + delimiter + " (prefix)"
			}
		}
		set[entry] = true
	}
	all := []string{}
	for entry := range set {
		all = append(all, entry)
	}
	slices.Sort(all)
	return all
}

// Whatever the keys, prefix, delimiter and page size: the pages together are the
// listing, and no page but the last is shorter than asked.
func TestPagesTogetherAreTheListing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.StringOfN(rapid.SampledFrom([]rune("ab/é\xff")), 1, 6, -1)
		keys := rapid.SliceOfNDistinct(key, 0, 20, rapid.ID).Draw(t, "keys")
		slices.Sort(keys)
		hidden := map[string]bool{}
		visible := []string{}
		for _, k := range keys {
			if hidden[k] = rapid.IntRange(0, 4).Draw(t, "hidden") == 0; !hidden[k] {
				visible = append(visible, k)
			}
		}
		prefix := rapid.StringOfN(rapid.SampledFrom([]rune("ab/")), 0, 3, -1).Draw(t, "prefix")
		delimiter := rapid.SampledFrom([]string{"", "/", "a", "//"}).Draw(t, "delimiter")
		most := rapid.IntRange(1, 5).Draw(t, "most")
		b := newBucket("b", start)
		b.keys = keys
		got, pages := []string{}, 0
		for after := ""; ; pages++ {
			p := page{prefix: prefix, delimiter: delimiter, after: after, most: most}
			p.fill(b.keys, b.from, func(k string) bool { return !hidden[k] })
			n := len(p.keys) + len(p.prefixes)
			if n > most || (p.truncated && n < most) {
				t.Fatalf("page of %d, truncated %v, asked for %d", n, p.truncated, most)
			}
			one := slices.Clone(p.keys)
			for _, prefix := range p.prefixes {
				one = append(one, prefix+" (prefix)")
			}
			got = append(got, one...)
			if !p.truncated {
				break
			}
			after = p.next
		}
		slices.Sort(got)
		if diff := cmp.Diff(entries(visible, prefix, delimiter, ""), got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestListObjectsV2(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	for _, key := range []string{"a", "logs/app/1", "logs/app/2", "logs/web/1", "z"} {
		w.put(b, key, key)
	}
	out, err := w.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &b, Delimiter: aws.String("/"), Prefix: aws.String("logs/")})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Contents) != 0 || len(out.CommonPrefixes) != 2 || *out.CommonPrefixes[1].Prefix != "logs/web/" || *out.KeyCount != 2 || *out.IsTruncated {
		t.Errorf("by folder: %v", out.CommonPrefixes)
	}
	var keys []string
	pages := s3.NewListObjectsV2Paginator(w.s3, &s3.ListObjectsV2Input{Bucket: &b, MaxKeys: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page.Contents {
			keys = append(keys, *c.Key)
			if c.Owner != nil || *c.Size != int64(len(*c.Key)) || c.StorageClass != types.ObjectStorageClassStandard {
				t.Errorf("entry %v", c)
			}
		}
	}
	if diff := cmp.Diff([]string{"a", "logs/app/1", "logs/app/2", "logs/web/1", "z"}, keys); diff != "" {
		t.Error(diff)
	}
	out, err = w.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &b, StartAfter: aws.String("logs/app/1"), FetchOwner: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Contents) != 3 || *out.Contents[0].Key != "logs/app/2" || out.Contents[0].Owner == nil {
		t.Errorf("after: %v", out.Contents)
	}
	out, err = w.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &b, MaxKeys: aws.Int32(0)})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Contents) != 0 || *out.IsTruncated {
		t.Errorf("of none: %v", out)
	}
	_, err = w.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &b, ContinuationToken: aws.String("?")})
	wantError(t, err, 400, "InvalidArgument")
}

func TestListObjectsWithMarkers(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	for _, key := range []string{"a/1", "a/2", "b", "c/1"} {
		w.put(b, key, "x")
	}
	var got []string
	in := &s3.ListObjectsInput{Bucket: &b, Delimiter: aws.String("/"), MaxKeys: aws.Int32(1)}
	for {
		out, err := w.s3.ListObjects(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range out.Contents {
			got = append(got, *c.Key)
		}
		for _, p := range out.CommonPrefixes {
			got = append(got, *p.Prefix)
		}
		if !*out.IsTruncated {
			break
		}
		in.Marker = out.NextMarker
	}
	if diff := cmp.Diff([]string{"a/", "b", "c/"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestListingsAreEncodedWhenAsked(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	w.put(b, "a b/ü+%&", "x")
	_, plain := w.raw(http.MethodGet, "/lake?list-type=2", nil, "")
	if !strings.Contains(plain, "<Key>a b/ü+%&amp;</Key>") {
		t.Error(plain)
	}
	_, encoded := w.raw(http.MethodGet, "/lake?list-type=2&encoding-type=url&prefix=a%20b", nil, "")
	for _, part := range []string{"<Key>a+b/%C3%BC%2B%25%26</Key>", "<Prefix>a+b</Prefix>", "<EncodingType>url</EncodingType>"} {
		if !strings.Contains(encoded, part) {
			t.Errorf("%s is not in %s", part, encoded)
		}
	}
}

func TestListBuckets(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		w.bucket(fmt.Sprintf("lake-%d", i))
	}
	w.bucket("other")
	var names []string
	pages := s3.NewListBucketsPaginator(w.s3, &s3.ListBucketsInput{MaxBuckets: aws.Int32(2), Prefix: aws.String("lake-")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range page.Buckets {
			names = append(names, *b.Name)
			if !b.CreationDate.Equal(start) || *b.BucketRegion != "us-east-1" {
				t.Errorf("bucket %v", b)
			}
		}
	}
	if diff := cmp.Diff([]string{"lake-0", "lake-1", "lake-2", "lake-3", "lake-4"}, names); diff != "" {
		t.Error(diff)
	}
}
