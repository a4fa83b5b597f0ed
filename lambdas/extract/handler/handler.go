// Package handler is ExtractMetadata without Lambda around it: one event of
// S3 in, one [metadata.Metadata] out.
//
// It reads the object once, as it arrives, in memory that does not depend on
// its size; infers schema and statistics; and asks the catalog whether it has
// all of that already, so that in the steady state nothing follows.
//
// What is not an object of a source has a defined answer: directory markers,
// empty objects, and objects outside of the lake's prefix are Known, with a
// note that says why; an object of no source is the error UnknownSource; one
// that was deleted is ObjectNotFound; one that cannot be read to its end is an
// error that says how far it was read. An object that was replaced since the
// event is read as it is now: what the catalog says must be true now.
package handler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crawlerless/lambdas/fetch"
	"crawlerless/lambdas/metadata"
	"crawlerless/lambdas/ndjson"
	"crawlerless/lambdas/objectkey"
	"crawlerless/lambdas/schema"
)

// Event is the part of S3's "Object Created" event in EventBridge that counts.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
type Event struct {
	// Since comes with a replay: what was found out about the catalog before is
	// not to be trusted, since an operator has reason to doubt it.
	Since  *time.Time `json:"since"`
	Detail struct {
		Bucket struct {
			Name string `json:"name"`
		} `json:"bucket"`
		Object struct {
			Key       string `json:"key"`
			Size      int64  `json:"size"`
			ETag      string `json:"etag"`
			VersionID string `json:"version-id"`
			Sequencer string `json:"sequencer"`
		} `json:"object"`
	} `json:"detail"`
}

// Objects is what the handler needs of S3.
type Objects interface {
	fetch.S3
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

// Handler answers events. It may be called from several goroutines.
type Handler struct {
	settings Settings
	objects  Objects
	catalog  *catalog
	log      *slog.Logger
	now      func() time.Time
}

// New returns a handler. The clock decides when what is known of the catalog
// expires; random, in [0, 1), keeps many handlers from noticing at once.
func New(s Settings, objects Objects, g Glue, log *slog.Logger, now func() time.Time, random float64) *Handler {
	return &Handler{
		settings: s, objects: objects, log: log, now: now,
		catalog: newCatalog(s, g, objects, now, random),
	}
}

// Handle reads the object of an event. Handling the same event again does no
// harm.
func (h *Handler) Handle(ctx context.Context, e Event) (metadata.Metadata, error) {
	began := h.now()
	m, err := h.handle(ctx, e)
	attrs := []any{
		"key", m.Object.Key, "source", m.Source, "records", m.Records, "malformed", m.Malformed,
		"compressedBytes", m.Bytes.Compressed, "rawBytes", m.Bytes.Raw, "known", m.Known, "milliseconds", h.now().Sub(began).Milliseconds(),
	}
	if err != nil {
		h.log.ErrorContext(ctx, "extract", append(attrs, "error", err.Error(), "errorType", fmt.Sprintf("%T", err))...)
		return metadata.Metadata{}, err
	}
	h.log.InfoContext(ctx, "extract", append(attrs, "fingerprint", m.Fingerprint)...)
	return m, nil
}

func (h *Handler) handle(ctx context.Context, e Event) (metadata.Metadata, error) {
	o := e.Detail.Object
	m := metadata.Metadata{
		Object:   metadata.Object{Bucket: e.Detail.Bucket.Name, Key: o.Key, VersionID: o.VersionID, ETag: o.ETag, Sequencer: o.Sequencer, Size: o.Size},
		Database: h.settings.Database, Since: e.Since,
	}
	switch {
	case o.Key == "" || m.Object.Bucket == "":
		return m, &InvalidEvent{"it lacks detail.bucket.name or detail.object.key"}
	case m.Object.Bucket != h.settings.Bucket:
		return m, &InvalidEvent{fmt.Sprintf("bucket %q is not the lake's, %q", m.Object.Bucket, h.settings.Bucket)}
	}
	place, err := objectkey.Parse(h.settings.Prefix, o.Key)
	switch {
	case errors.Is(err, objectkey.ErrOutside), errors.Is(err, objectkey.ErrMarker):
		return nothing(m, err.Error()), nil
	case err != nil:
		return m, &UnknownSource{Key: o.Key, Reason: err.Error()}
	}
	table, ok := h.settings.Tables[place.Source]
	if !ok {
		return m, &UnknownSource{Key: o.Key, Reason: fmt.Sprintf("the stack has no source %q", place.Source)}
	}
	m.Source, m.Table, m.Partition, m.Location = place.Source, table, place.Partition, place.Location(m.Object.Bucket)
	res, err := h.read(ctx, &m)
	if err != nil {
		return m, err
	}
	if res.RawBytes == 0 {
		return nothing(m, "the object is empty"), nil
	}
	settled := res.Schema.Settled()
	m.Fingerprint = settled.Fingerprint()
	if m.Known, err = h.catalog.known(ctx, m, settled); err != nil {
		return m, err
	}
	return m, h.attach(ctx, &m, settled)
}

// nothing is the answer for an object that the catalog need not know of.
func nothing(m metadata.Metadata, why string) metadata.Metadata {
	m.Known = true
	m.Notes = append(m.Notes, why)
	return m
}

// read infers what the object says and puts it into the document.
func (h *Handler) read(ctx context.Context, m *metadata.Metadata) (ndjson.Result, error) {
	r, err := h.open(ctx, m)
	if err != nil {
		return ndjson.Result{}, err
	}
	defer r.Close()
	res, err := ndjson.Infer(ctx, r, ndjson.Options{MaxRawBytes: h.settings.MaxRawBytes, Partitions: objectkey.Columns()})
	m.Records, m.Blank, m.Malformed = res.Records, res.Blank, res.MalformedLines
	m.Bytes = metadata.Bytes{Compressed: res.CompressedBytes, Raw: res.RawBytes}
	m.FirstEventTime, m.LastEventTime, m.Notes = res.FirstEventTime, res.LastEventTime, res.Notes
	for _, f := range res.FirstMalformed {
		m.FirstMalformed = append(m.FirstMalformed, metadata.Malformed(f))
	}
	return res, unreadable(where(m.Object), res, err)
}

func where(o metadata.Object) string { return "s3://" + o.Bucket + "/" + o.Key }

// open begins to read the object. Keys come as they are in S3; should one come
// URL-encoded, as in S3's own notifications, its decoded form is tried.
func (h *Handler) open(ctx context.Context, m *metadata.Metadata) (*fetch.Reader, error) {
	o := &m.Object
	r, err := fetch.Open(ctx, h.objects, o.Bucket, o.Key, o.VersionID, fetch.Options{})
	if errors.Is(err, fetch.ErrNotFound) {
		if decoded, bad := url.QueryUnescape(o.Key); bad == nil && decoded != o.Key {
			var again error
			if r, again = fetch.Open(ctx, h.objects, o.Bucket, decoded, o.VersionID, fetch.Options{}); again == nil {
				o.Key, err = decoded, nil
			}
		}
	}
	switch {
	case errors.Is(err, fetch.ErrNotFound):
		return nil, &ObjectNotFound{where(*o)}
	case err != nil:
		return nil, fmt.Errorf("get %s: %w", where(*o), err)
	}
	// What was read is what the document is about.
	o.Size, o.ETag = r.Object.Size, trimQuotes(r.Object.ETag)
	return r, nil
}

func trimQuotes(etag string) string {
	if n := len(etag); n >= 2 && etag[0] == '"' && etag[n-1] == '"' {
		return etag[1 : n-1]
	}
	return etag
}

// unreadable gives an error of reading the type that the state machine knows.
func unreadable(where string, res ndjson.Result, err error) error {
	u := Unreadable{Where: where, Reason: err, Read: res}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fetch.ErrChanged), errors.Is(err, fetch.ErrNotFound):
		return &ObjectChanged{where}
	case errors.Is(err, ndjson.ErrTruncated):
		return &ObjectTruncated{u}
	case errors.Is(err, ndjson.ErrCorrupt):
		return &ObjectCorrupt{u}
	case errors.Is(err, ndjson.ErrTooLarge):
		return &ObjectTooLarge{u}
	case errors.Is(err, ndjson.ErrTooManyFields):
		return &ObjectTooComplex{u}
	}
	return fmt.Errorf("read %s: %w", where, err)
}

// room is what the state machine's payload holds besides the document: the
// event, and the state's own names. The document lies in it twice.
const room = 64 << 10

// attach puts the schema into the document, or into the bucket when it is too
// wide to travel. Nothing follows for what is known, and so nothing travels.
func (h *Handler) attach(ctx context.Context, m *metadata.Metadata, s schema.Schema) error {
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("schema of %s: %w", where(m.Object), err)
	}
	if m.Known && len(text) > room {
		return nil
	}
	if len(text) <= metadata.MaxPayload-room {
		m.Schema = &s
		return nil
	}
	// The name is the content: writing it twice does no harm.
	key := path.Join(h.settings.Scratch, m.Source, m.Fingerprint+".json")
	if _, err := h.objects.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &h.settings.Bucket, Key: &key, Body: bytes.NewReader(text), ContentType: aws.String("application/json"),
	}); err != nil {
		return fmt.Errorf("put the schema of %s: %w", where(m.Object), err)
	}
	m.SchemaRef = &metadata.Object{Bucket: h.settings.Bucket, Key: key, Size: int64(len(text))}
	return nil
}
