package workspace

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crawlerless/localaws"
	"crawlerless/localaws/localawstest"
)

// traces are files as the CLI leaves them (v3.259.0), and whether they are of
// the stack e2e-a.
func traces() map[string]bool {
	return map[string]bool{
		".pulumi/meta.yaml":                                        false,
		".pulumi/stacks/crawlerless/e2e-a.json.bak":                true,
		".pulumi/stacks/crawlerless/e2e-a.json.bak.attrs":          true,
		".pulumi/stacks/crawlerless/e2e-a.pulumi-tags":             true,
		".pulumi/stacks/crawlerless/e2e-ab.json":                   false,
		".pulumi/stacks/another/e2e-a.json":                        false,
		".pulumi/history/crawlerless/e2e-a/e2e-a-1.history.json":   true,
		".pulumi/history/crawlerless/e2e-ab/e2e-ab-1.history.json": false,
		".pulumi/backups/crawlerless/e2e-a/e2e-a.1.json":           true,
		".pulumi/locks/organization/crawlerless/e2e-a/1.json":      true,
		".pulumi/locks/organization/crawlerless/prod/1.json":       false,
	}
}

func TestOnlyTheFilesOfTheRemovedStackAreErased(t *testing.T) {
	dir := t.TempDir()
	for name := range traces() {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := eraseFiles(dir, "e2e-a"); err != nil {
		t.Fatal(err)
	}
	for name, erased := range traces() {
		_, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name)))
		if os.IsNotExist(err) != erased {
			t.Errorf("%s: erased should be %v, %v", name, erased, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, ".pulumi/history/crawlerless/e2e-a")); !os.IsNotExist(err) {
		t.Errorf("its folder stays: %v", err)
	}
}

func TestOnlyTheObjectsOfTheRemovedStackAreErased(t *testing.T) {
	server := localawstest.Start(t, localaws.Options{})
	client := s3.NewFromConfig(server.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	bucket := aws.String("states")
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	for name := range traces() {
		if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String("team/" + name), Body: strings.NewReader("")}); err != nil {
			t.Fatal(err)
		}
	}
	if err := eraseObjects(t.Context(), client, *bucket, "team", "e2e-a"); err != nil {
		t.Fatal(err)
	}
	out, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: bucket})
	if err != nil {
		t.Fatal(err)
	}
	left := map[string]bool{}
	for _, o := range out.Contents {
		left[strings.TrimPrefix(*o.Key, "team/")] = true
	}
	for name, erased := range traces() {
		if left[name] == erased {
			t.Errorf("%s: erased should be %v; left: %v", name, erased, slices.Sorted(maps.Keys(left)))
		}
	}
}
