// Package objectkey reads the key of an object in the lake:
//
//	logs/<source>/year=YYYY/month=MM/day=DD/hour=HH/<file>
//
// It says where the object belongs: its source, its partition, and the
// partition's location. It knows which columns the partitions have, and in
// which order; it does not know which sources there are.
package objectkey

import (
	"errors"
	"fmt"
	"strings"

	"crawlerless/lambdas/metadata"
)

// Columns are the partition columns of every table, in the order of the key.
func Columns() []string { return []string{"year", "month", "day", "hour"} }

// What a key can be apart from an object of a source.
var (
	// ErrOutside says that the key does not lie under the lake's prefix:
	// error outputs, scratch files, and what is none of this pipeline's.
	ErrOutside = errors.New("key lies outside of the lake's prefix")
	// ErrMarker says that the key stands for a directory.
	ErrMarker = errors.New("key is a directory marker")
	// ErrLayout says that the key has not the layout of a source's object.
	ErrLayout = errors.New("key has not the layout <source>/year=…/month=…/day=…/hour=…/<file>")
)

// Place is where an object belongs.
type Place struct {
	Source    string
	Partition []metadata.PartitionValue // in the order of Columns
	Prefix    string                    // of the partition, with a slash at the end
}

// Location is the partition's, as Glue has it.
func (p Place) Location(bucket string) string { return "s3://" + bucket + "/" + p.Prefix }

// Parse reads a key as it is in S3, not URL-encoded. The lake's prefix ends
// with a slash. Values are taken as they stand, and may hold "=".
func Parse(prefix, key string) (Place, error) {
	rest, ok := strings.CutPrefix(key, prefix)
	if !ok {
		return Place{}, fmt.Errorf("%q: %w", key, ErrOutside)
	}
	if strings.HasSuffix(key, "/") || strings.HasSuffix(key, "_$folder$") || rest == "" {
		return Place{}, fmt.Errorf("%q: %w", key, ErrMarker)
	}
	columns := Columns()
	at := strings.Index(rest, "/"+columns[0]+"=")
	if at <= 0 {
		return Place{}, fmt.Errorf("%q: %w", key, ErrLayout)
	}
	p := Place{Source: rest[:at]}
	rest = rest[at+1:]
	for _, name := range columns {
		segment, after, found := strings.Cut(rest, "/")
		value, named := strings.CutPrefix(segment, name+"=")
		if !found || !named || value == "" {
			return Place{}, fmt.Errorf("%q: %s is missing: %w", key, name, ErrLayout)
		}
		p.Partition = append(p.Partition, metadata.PartitionValue{Name: name, Value: value})
		rest = after
	}
	if rest == "" {
		return Place{}, fmt.Errorf("%q: %w", key, ErrLayout)
	}
	p.Prefix = key[:len(key)-len(rest)]
	return p, nil
}
