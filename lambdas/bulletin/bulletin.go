// Package bulletin is how UpdateCatalog tells every ExtractMetadata what the
// catalog has, without any of them asking Glue: it leaves a bulletin for each
// partition in the lake bucket, outside of every table's location.
//
// Lambda keeps as many execution environments as there are invocations at once,
// each with a memory of its own. When a thousand objects of a new hour arrive
// together, a thousand environments know nothing of that hour, and each that
// asked Glue would be one call more to an API that is throttled for the whole
// account. They look at the bulletin instead. While there is none, they send
// their object to UpdateCatalog, of which only a few run at once
// (reserved concurrency), and which asks Glue once and then remembers.
//
// A bulletin says "at this moment the partition was registered, and it and its
// table had everything of this schema". It never says that something is
// missing: whoever finds none, or one that does not cover its object, turns to
// UpdateCatalog, and nothing is lost but an invocation. It is to be trusted for
// [GoodFor], which bounds how long a change from outside, such as a partition
// that somebody dropped, goes unnoticed.
package bulletin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"crawlerless/lambdas/schema"
)

// GoodFor is how long a bulletin may be trusted after its moment.
const GoodFor = 15 * time.Minute

// maxBytes bounds a bulletin: a table holds no more columns than that.
const maxBytes = 64 << 20

// Bulletin is what the catalog had at one moment.
type Bulletin struct {
	// At is the moment: before the catalog was read.
	At time.Time `json:"at"`
	// Table is the name of the table in Glue.
	Table string `json:"table"`
	// Schema is the table's, with which the partition was up to date.
	Schema schema.Schema `json:"schema"`
}

// Says reports whether the bulletin covers an object of schema s in the table.
func (b Bulletin) Says(table string, s schema.Schema) bool {
	return b.Table == table && b.Schema.Covers(s)
}

// Place is where the bulletin of a partition lies: below the scratch prefix,
// under the partition's own key. logs is the lake's prefix, location the
// partition's URL; where partitions are projected, location is the table's.
func Place(scratch, logs, bucket, location string) string {
	return scratch + "known/" + strings.TrimPrefix(location, "s3://"+bucket+"/"+logs) + "bulletin.json"
}

// Getter is what reading needs of S3.
type Getter interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// Putter is what writing needs of S3.
type Putter interface {
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

// Read answers the bulletin at a place; ok is false where there is none. One
// that cannot be understood counts as none: it is written anew.
func Read(ctx context.Context, api Getter, bucket, place string) (b Bulletin, ok bool, err error) {
	out, err := api.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &place})
	var missing *types.NoSuchKey
	if errors.As(err, &missing) {
		return b, false, nil
	}
	if err != nil {
		return b, false, fmt.Errorf("get bulletin s3://%s/%s: %w", bucket, place, err)
	}
	text, err := io.ReadAll(io.LimitReader(out.Body, maxBytes))
	if err = errors.Join(err, out.Body.Close()); err != nil {
		return b, false, fmt.Errorf("read bulletin s3://%s/%s: %w", bucket, place, err)
	}
	if json.Unmarshal(text, &b) != nil {
		return Bulletin{}, false, nil
	}
	return b, true, nil
}

// Write puts a bulletin up. The last of several writers wins: each tells the
// truth.
func Write(ctx context.Context, api Putter, bucket, place string, b Bulletin) error {
	text, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("bulletin of table %s: %w", b.Table, err)
	}
	if _, err := api.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &bucket, Key: &place, Body: bytes.NewReader(text), ContentType: aws.String("application/json"),
	}); err != nil {
		return fmt.Errorf("put bulletin s3://%s/%s: %w", bucket, place, err)
	}
	return nil
}
