package workspace

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
)

// eraseTraces removes what the CLI keeps of a removed stack in a backend of
// files: the last copy of its state, its history and its lock's folder. A
// bucket of states would otherwise grow with every run. Pulumi Cloud keeps no
// such files; in other buckets than S3's they stay.
func eraseTraces(ctx context.Context, space auto.Workspace, stack string) error {
	address, u, err := backendOf(ctx, space)
	if err != nil {
		return err
	}
	switch u.Scheme {
	case "file":
		return eraseFiles(address, stack)
	case "s3":
		client, err := backendClient(ctx, u.Query())
		if err != nil {
			return err
		}
		return eraseObjects(ctx, client, u.Host, strings.TrimPrefix(u.Path, "/"), stack)
	}
	return nil
}

// traceOf tells whether a file of the backend, by its path below .pulumi, is of
// the stack.
func traceOf(name, stack string) bool {
	for _, folder := range []string{"history", "backups", "locks/organization"} {
		if strings.HasPrefix(name, folder+"/"+project+"/"+stack+"/") {
			return true
		}
	}
	return strings.HasPrefix(name, "stacks/"+project+"/"+stack+".")
}

// project is the name in Pulumi.yaml.
const project = "crawlerless"

func eraseFiles(address, stack string) error {
	var files, folders []string
	err := walkTraces(address, stack, func(at string, folder bool) error {
		if folder {
			folders = append(folders, at)
		} else {
			files = append(files, at)
		}
		return nil
	})
	for _, f := range files {
		if e := os.Remove(f); !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	for _, f := range folders {
		err = errors.Join(err, os.RemoveAll(f))
	}
	return err
}

// walkTraces visits the files and folders that a backend of files has of a
// stack. Those of other stacks may come and go meanwhile.
func walkTraces(address, stack string, visit func(at string, folder bool) error) error {
	root, err := folderOf(address)
	if err != nil {
		return err
	}
	return filepath.WalkDir(root, func(at string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, at)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if e.IsDir() {
			rel += "/"
		}
		if !traceOf(rel, stack) {
			return nil
		}
		return visit(at, e.IsDir())
	})
}

// folderOf is the folder of the files behind the address of a backend.
func folderOf(address string) (string, error) {
	dir, _, _ := strings.Cut(strings.TrimPrefix(address, "file://"), "?")
	dir = filepath.FromSlash(dir)
	if below, ok := strings.CutPrefix(dir, "~"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(home, below)
	}
	return filepath.Join(dir, ".pulumi"), nil
}

// backendOf answers the address of the backend, as it is written and in its parts.
func backendOf(ctx context.Context, space auto.Workspace) (address string, u *url.URL, err error) {
	who, err := space.WhoAmIDetails(ctx)
	if err != nil {
		return "", nil, &EngineError{Command: "whoami", Err: err}
	}
	if u, err = url.Parse(who.URL); err != nil {
		return "", nil, fmt.Errorf("the address of the backend: %w", err)
	}
	return who.URL, u, nil
}

// backendClient reads the parameters that Pulumi knows in the address of a
// bucket. https://www.pulumi.com/docs/iac/concepts/state-and-backends/
func backendClient(ctx context.Context, q url.Values) (*s3.Client, error) {
	var options []func(*config.LoadOptions) error
	if region := q.Get("region"); region != "" {
		options = append(options, config.WithRegion(region))
	}
	if profile := q.Get("profile"); profile != "" {
		options = append(options, config.WithSharedConfigProfile(profile))
	}
	c, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("sign in to the backend's bucket: %w", err)
	}
	return s3.NewFromConfig(c, func(o *s3.Options) {
		if endpoint := q.Get("endpoint"); endpoint != "" {
			if !strings.Contains(endpoint, "://") {
				scheme := "https://"
				if plain, err := strconv.ParseBool(q.Get("disableSSL")); err == nil && plain {
					scheme = "http://"
				}
				endpoint = scheme + endpoint
			}
			o.BaseEndpoint = aws.String(endpoint)
		}
		o.UsePathStyle = o.BaseEndpoint != nil
	}), nil
}

func eraseObjects(ctx context.Context, client *s3.Client, bucket, prefix, stack string) error {
	root := path.Join(prefix, ".pulumi") + "/"
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &root})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list the backend %s: %w", bucket, err)
		}
		for _, o := range page.Contents {
			if key := aws.ToString(o.Key); traceOf(key[len(root):], stack) {
				if _, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
					return fmt.Errorf("remove %s from the backend %s: %w", key, bucket, err)
				}
			}
		}
	}
	return nil
}
