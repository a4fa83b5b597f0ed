// Package handler is UpdateCatalog without Lambda around it: it checks the
// document, fetches a schema that travelled by pointer, and hands both to
// catalogmerge.
//
// What it has made sure of it tells ExtractMetadata by a bulletin.
//
// The types of its errors are the names by which the state machine knows them:
// InvalidMetadata and UnknownTable are not tried again.
package handler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"crawlerless/lambdas/bulletin"
	"crawlerless/lambdas/catalogmerge"
	"crawlerless/lambdas/metadata"
	"crawlerless/lambdas/schema"
)

// Settings are what the stack tells the function, by its environment.
type Settings struct {
	Bucket   string            // LAKE_BUCKET
	Prefix   string            // LAKE_PREFIX, "logs/"
	Database string            // DATABASE
	Mode     catalogmerge.Mode // PARTITIONS
	Tables   map[string]string // TABLES: table by source, as JSON
	Scratch  string            // SCRATCH_PREFIX: where bulletins go
}

// ParseSettings reads the environment; an error names the variable.
func ParseSettings(getenv func(string) string) (Settings, error) {
	s := Settings{
		Bucket: getenv("LAKE_BUCKET"), Prefix: getenv("LAKE_PREFIX"), Database: getenv("DATABASE"),
		Mode: catalogmerge.Mode(getenv("PARTITIONS")), Scratch: getenv("SCRATCH_PREFIX"),
	}
	for name, value := range map[string]string{"LAKE_BUCKET": s.Bucket, "LAKE_PREFIX": s.Prefix, "DATABASE": s.Database, "SCRATCH_PREFIX": s.Scratch} {
		if value == "" {
			return s, fmt.Errorf("%s is not set", name)
		}
	}
	switch s.Mode {
	case "":
		s.Mode = catalogmerge.Registered
	case catalogmerge.Registered, catalogmerge.Projected:
	default:
		return s, fmt.Errorf("PARTITIONS is %q: it is registered or projected", s.Mode)
	}
	if err := json.Unmarshal([]byte(getenv("TABLES")), &s.Tables); err != nil {
		return s, fmt.Errorf("TABLES is no JSON object of tables by source: %w", err)
	}
	return s, nil
}

// Catalog is what the handler needs of catalogmerge.
type Catalog interface {
	Update(ctx context.Context, table string, items ...catalogmerge.Item) (catalogmerge.Result, error)
}

// Objects is what the handler needs of S3.
type Objects interface {
	bulletin.Putter
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// Handler handles one document at a time or many.
type Handler struct {
	Settings Settings
	Catalog  Catalog
	Objects  Objects
	Now      func() time.Time

	mu  sync.Mutex
	put map[string]posted // by place
}

// posted is a bulletin that was put up by this process.
type posted struct {
	schema string    // its fingerprint
	at     time.Time // of the bulletin
	when   time.Time
}

// Response is the function's answer.
type Response struct {
	Table string `json:"table"`
	catalogmerge.Result
}

// Own says that an error is one of this function's own, by whose type the state
// machine knows it.
func Own(err error) bool {
	switch err.(type) { //nolint:errorlint // Lambda looks at the outermost type
	case catalogmerge.InvalidMetadata, catalogmerge.UnknownTable:
		return true
	}
	return false
}

// maxSchema bounds a schema that travels by pointer, in bytes.
const maxSchema = 64 << 20

// Handle brings one object into the catalog. It may be called with the same
// document any number of times.
func (h *Handler) Handle(ctx context.Context, m metadata.Metadata) (Response, error) {
	if err := h.valid(m); err != nil {
		return Response{}, err
	}
	s, err := h.schema(ctx, m)
	if err != nil {
		return Response{}, err
	}
	item := catalogmerge.Item{
		Object:   m.Object.Bucket + "/" + m.Object.Key + "#" + m.Object.VersionID + m.Object.ETag,
		Location: m.Location, Schema: s,
	}
	if m.Since != nil {
		item.Since = *m.Since
	}
	for _, p := range m.Partition {
		item.Values = append(item.Values, p.Value)
	}
	result, err := h.Catalog.Update(ctx, m.Table, item)
	if err != nil {
		return Response{}, err // as it is: its type is its name
	}
	if result.Has != nil {
		if err := h.post(ctx, m, *result.Has); err != nil {
			return Response{}, err
		}
	}
	return Response{Table: m.Table, Result: result}, nil
}

// again is how long a bulletin that was put up is not put up again. Objects that
// were read before it was come by the thousand; those that come later show that
// it does not hang there, or that another process has put an older one over it.
const again = time.Second

// maxPosted bounds the memory of the handler.
const maxPosted = 10_000

// post puts a bulletin up for ExtractMetadata: what the catalog has now.
func (h *Handler) post(ctx context.Context, m metadata.Metadata, has catalogmerge.Has) error {
	location := m.Location
	if h.Settings.Mode == catalogmerge.Projected {
		location = "s3://" + h.Settings.Bucket + "/" + h.Settings.Prefix + m.Source + "/"
	}
	place := bulletin.Place(h.Settings.Scratch, h.Settings.Prefix, h.Settings.Bucket, location)
	now := posted{schema: has.Schema.Fingerprint(), at: has.At, when: h.Now()}
	h.mu.Lock()
	before := h.put[place]
	h.mu.Unlock()
	if before.schema == now.schema && before.at.Equal(now.at) && now.when.Sub(before.when) < again {
		return nil
	}
	if err := bulletin.Write(ctx, h.Objects, h.Settings.Bucket, place, bulletin.Bulletin{At: has.At, Table: m.Table, Schema: has.Schema}); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.put == nil || len(h.put) >= maxPosted {
		h.put = map[string]posted{}
	}
	h.put[place] = now
	return nil
}

func invalid(format string, args ...any) error {
	return catalogmerge.InvalidMetadata{Reason: fmt.Sprintf(format, args...)}
}

// valid refuses what does not belong to this lake: a document that came from
// elsewhere must not write into the catalog.
func (h *Handler) valid(m metadata.Metadata) error {
	table, ok := h.Settings.Tables[m.Source]
	switch {
	case !ok:
		return invalid("object %s: the stack has no source %q", m.Object.Key, m.Source)
	case m.Table != table:
		return invalid("object %s: the table of source %q is %q, not %q", m.Object.Key, m.Source, table, m.Table)
	case m.Database != h.Settings.Database:
		return invalid("object %s: the database is %q, not %q", m.Object.Key, h.Settings.Database, m.Database)
	case len(m.Partition) == 0:
		return invalid("object %s has no partition", m.Object.Key)
	case !strings.HasSuffix(m.Location, "/"):
		return invalid("object %s: location %q has no slash at its end", m.Object.Key, m.Location)
	}
	lake := "s3://" + h.Settings.Bucket + "/" + h.Settings.Prefix + m.Source + "/"
	if !strings.HasPrefix(m.Location, lake) {
		return invalid("object %s: location %q lies outside of %s", m.Object.Key, m.Location, lake)
	}
	for _, p := range m.Partition {
		if p.Name == "" || p.Value == "" || strings.ContainsRune(p.Value, 0) {
			return invalid("object %s: partition column %q has the value %q", m.Object.Key, p.Name, p.Value)
		}
	}
	return nil
}

// schema is the document's, or the one that it points to.
func (h *Handler) schema(ctx context.Context, m metadata.Metadata) (schema.Schema, error) {
	if m.Schema != nil {
		return *m.Schema, nil
	}
	if m.SchemaRef == nil {
		return schema.Schema{}, invalid("object %s has neither schema nor schemaRef", m.Object.Key)
	}
	ref := *m.SchemaRef
	where := "s3://" + ref.Bucket + "/" + ref.Key
	if ref.Bucket != h.Settings.Bucket {
		return schema.Schema{}, invalid("schema %s lies outside of bucket %s", where, h.Settings.Bucket)
	}
	in := &s3.GetObjectInput{Bucket: &ref.Bucket, Key: &ref.Key}
	if ref.VersionID != "" {
		in.VersionId = &ref.VersionID
	}
	out, err := h.Objects.GetObject(ctx, in)
	var missing *types.NoSuchKey
	if errors.As(err, &missing) {
		return schema.Schema{}, invalid("schema %s is gone: replay the object", where)
	}
	if err != nil {
		return schema.Schema{}, fmt.Errorf("get schema %s: %w", where, err)
	}
	text, err := io.ReadAll(io.LimitReader(out.Body, maxSchema+1))
	if err = errors.Join(err, out.Body.Close()); err != nil {
		return schema.Schema{}, fmt.Errorf("read schema %s: %w", where, err)
	}
	if len(text) > maxSchema {
		return schema.Schema{}, invalid("schema %s is longer than %d bytes", where, maxSchema)
	}
	var s schema.Schema
	if err := json.Unmarshal(text, &s); err != nil {
		return schema.Schema{}, invalid("schema %s: %v", where, err)
	}
	if f := s.Fingerprint(); f != m.Fingerprint {
		return schema.Schema{}, invalid("schema %s has the fingerprint %s, the document says %s", where, f, m.Fingerprint)
	}
	return s, nil
}
