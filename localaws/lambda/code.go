package lambda

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"crawlerless/localaws/wire"
)

// code is a function's deployment package, unpacked.
type code struct {
	dir    string
	sha256 string // base64, of the zip file
	size   int64  // of the zip file, in bytes
}

// remove deletes the unpacked files.
func (c *code) remove() error { return os.RemoveAll(c.dir) }

// codeSource is where a request says that the zip file is.
type codeSource struct {
	operation string
	zip       []byte
	bucket    *string
	key       *string
	version   *string
}

func (s *Service) fetch(ctx context.Context, src codeSource) ([]byte, error) {
	switch {
	case src.zip != nil && src.bucket != nil:
		return nil, invalid("Please do not provide other FunctionCode parameters when providing a ZipFile.")
	case src.zip != nil:
		return src.zip, nil
	case src.bucket == nil || src.key == nil:
		return nil, invalid("Please provide a source for function code.")
	}
	if s.as == nil {
		return nil, unsupported(src.operation, "parameter S3Bucket (use ZipFile)")
	}
	out, err := s3.NewFromConfig(s.as(wire.CallerFrom(ctx)), func(o *s3.Options) { o.UsePathStyle = true }).
		GetObject(ctx, &s3.GetObjectInput{Bucket: src.bucket, Key: src.key, VersionId: src.version})
	var api smithy.APIError
	if errors.As(err, &api) {
		return nil, invalid("Error occurred while GetObject. S3 Error Code: %s. S3 Error Message: %s", api.ErrorCode(), api.ErrorMessage())
	}
	if err != nil {
		return nil, invalid("Error occurred while GetObject. S3 Error Message: %s", err)
	}
	body, err := io.ReadAll(io.LimitReader(out.Body, maxUnzipped+1))
	if err = errors.Join(err, out.Body.Close()); err != nil {
		return nil, invalid("Error occurred while GetObject. S3 Error Message: %s", err)
	}
	return body, nil
}

// load unpacks a deployment package under env.Dir.
func (s *Service) load(ctx context.Context, src codeSource) (*code, error) {
	archive, err := s.fetch(ctx, src)
	if err != nil {
		return nil, err
	}
	if src.zip != nil && len(archive) > maxZip {
		return nil, &wire.Error{
			Code: "RequestEntityTooLargeException", Status: 413,
			Message: fmt.Sprintf("Zipped size must be smaller than %d bytes", maxZip),
		}
	}
	sum := sha256.Sum256(archive)
	root := filepath.Join(s.env.Dir, "code")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, fmt.Errorf("make the directory for code: %w", err)
	}
	dir, err := os.MkdirTemp(root, "task-")
	if err != nil {
		return nil, fmt.Errorf("make the directory for code: %w", err)
	}
	c := &code{dir: dir, sha256: base64.StdEncoding.EncodeToString(sum[:]), size: int64(len(archive))}
	if err := unzip(archive, dir); err != nil {
		return nil, errors.Join(err, c.remove())
	}
	return c, nil
}

// unzip unpacks archive into dir with the modes it carries: a bootstrap that
// is not executable in the zip is not executable on Lambda either.
func unzip(archive []byte, dir string) error {
	unreadable := invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return unreadable
	}
	if len(r.File) == 0 {
		return invalid("Uploaded file must be a non-empty zip")
	}
	left := uint64(maxUnzipped)
	for _, f := range r.File {
		if f.UncompressedSize64 > left {
			return invalid("Unzipped size must be smaller than %d bytes", maxUnzipped)
		}
		left -= f.UncompressedSize64
	}
	for _, f := range r.File {
		name := filepath.FromSlash(strings.TrimPrefix(f.Name, "./"))
		if name == "" || f.FileInfo().IsDir() {
			continue
		}
		if !filepath.IsLocal(name) || strings.Contains(f.Name, `\`) {
			return unreadable
		}
		target := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return fmt.Errorf("unpack %s: %w", f.Name, err)
		}
		err := unpack(f, target)
		if errors.Is(err, zip.ErrFormat) || errors.Is(err, zip.ErrChecksum) || errors.Is(err, zip.ErrAlgorithm) || errors.Is(err, io.ErrUnexpectedEOF) {
			return unreadable
		}
		if err != nil {
			return fmt.Errorf("unpack %s: %w", f.Name, err)
		}
	}
	return nil
}

// unpack writes one file. The reader itself refuses a file that is longer than
// its header says.
func unpack(f *zip.File, target string) (err error) {
	mode := f.Mode()
	if mode&os.ModeSymlink != 0 {
		return invalid("localaws does not unpack symbolic links: %s", f.Name)
	}
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(target, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err = io.Copy(out, in); err != nil { //nolint:gosec // bounded by the sum of the headers, above
		return err
	}
	return out.Chmod(mode.Perm() | 0o400)
}

func (c *code) location() *types.FunctionCodeLocation {
	return &types.FunctionCodeLocation{RepositoryType: aws.String("S3")}
}
