package s3

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func TestObjectsRoundTrip(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	for _, key := range []string{"plain", "a b+c%25/=ü", "/leading", "double//slash", "logs/app/year=2026/x.gz"} {
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
