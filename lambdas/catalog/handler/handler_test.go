package handler

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"crawlerless/lambdas/bulletin"
	"crawlerless/lambdas/catalogmerge"
	"crawlerless/lambdas/metadata"
	"crawlerless/lambdas/schema"
)

type recorder struct {
	table string
	items []catalogmerge.Item
	err   error
	has   *catalogmerge.Has
}

func (r *recorder) Update(_ context.Context, table string, items ...catalogmerge.Item) (catalogmerge.Result, error) {
	r.table, r.items = table, items
	return catalogmerge.Result{Registered: 1, Has: r.has}, r.err
}

// bucket is S3 with these objects.
type bucket map[string]string

func (b bucket) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	text, ok := b[*in.Bucket+"/"+*in.Key]
	if !ok {
		return nil, &types.NoSuchKey{}
	}
	return &s3.GetObjectOutput{Body: io.NopCloser(strings.NewReader(text))}, nil
}

func (b bucket) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	text, err := io.ReadAll(in.Body)
	b[*in.Bucket+"/"+*in.Key] = string(text)
	return &s3.PutObjectOutput{}, err
}

var settings = Settings{
	Bucket: "lake", Prefix: "logs/", Database: "db", Mode: catalogmerge.Registered, Tables: map[string]string{"my-app": "my_app"}, Scratch: "schemas/",
}

func document() metadata.Metadata {
	s := schema.New([]schema.Column{{Key: "a", Type: schema.Of(schema.BigInt)}}, "hour")
	return metadata.Metadata{
		Object: metadata.Object{Bucket: "lake", Key: "logs/my-app/hour=01/x.gz", VersionID: "v"},
		Source: "my-app", Database: "db", Table: "my_app", Schema: &s, Fingerprint: s.Fingerprint(),
		Partition: []metadata.PartitionValue{{Name: "hour", Value: "01"}}, Location: "s3://lake/logs/my-app/hour=01/",
	}
}

func TestADocumentBecomesAnUpdate(t *testing.T) {
	r := &recorder{}
	h := &Handler{Settings: settings, Catalog: r}
	out, err := h.Handle(t.Context(), document())
	if err != nil {
		t.Fatal(err)
	}
	if r.table != "my_app" || len(r.items) != 1 {
		t.Fatalf("%s %v", r.table, r.items)
	}
	i := r.items[0]
	if d := cmp.Diff([]string{"01"}, i.Values); d != "" || i.Location != "s3://lake/logs/my-app/hour=01/" || i.Schema.Fingerprint() != document().Fingerprint {
		t.Errorf("%+v", i)
	}
	other := document()
	other.Object.VersionID = "w"
	if _, err := h.Handle(t.Context(), other); err != nil || r.items[0].Object == i.Object {
		t.Error("another version is another object:", err)
	}
	text, err := json.Marshal(out)
	if err != nil || !strings.Contains(string(text), `"table":"my_app"`) || !strings.Contains(string(text), `"registered":1`) {
		t.Errorf("%s %v", text, err)
	}
}

// What the catalog has hangs out for ExtractMetadata; a thousand objects that
// were on their way already do not write it a thousand times.
func TestWhatIsCataloguedHangsOut(t *testing.T) {
	now := time.Unix(1000, 0)
	has := &catalogmerge.Has{At: now, Schema: *document().Schema}
	objects := bucket{}
	h := &Handler{Settings: settings, Catalog: &recorder{has: has}, Objects: objects, Now: func() time.Time { return now }}
	const place = "schemas/known/my-app/hour=01/bulletin.json"
	read := func() (bulletin.Bulletin, bool) {
		b, ok, err := bulletin.Read(t.Context(), objects, "lake", place)
		if err != nil {
			t.Fatal(err)
		}
		return b, ok
	}
	handle := func() {
		if _, err := h.Handle(t.Context(), document()); err != nil {
			t.Fatal(err)
		}
	}
	handle()
	if b, ok := read(); !ok || !b.At.Equal(now) || !b.Says("my_app", has.Schema) || b.Says("other", has.Schema) {
		t.Errorf("%v %+v", ok, objects)
	}
	clear(objects)
	if handle(); len(objects) != 0 {
		t.Error("the same bulletin was put up at once again")
	}
	now = now.Add(again)
	if handle(); len(objects) != 1 {
		t.Error("a bulletin that others do not see is not put up again")
	}
	clear(objects)
	has.Schema = schema.New([]schema.Column{{Key: "b", Type: schema.Of(schema.BigInt)}})
	if handle(); len(objects) != 1 {
		t.Error("a new schema does not hang out")
	}
	clear(objects)
	h.Catalog = &recorder{}
	if handle(); len(objects) != 0 {
		t.Error("a table that somebody may still be at work on is said to be known")
	}
	h.Settings.Mode, h.Catalog = catalogmerge.Projected, &recorder{has: has}
	if handle(); objects["lake/schemas/known/my-app/bulletin.json"] == "" {
		t.Errorf("a projected table's bulletin is the table's: %v", objects)
	}
}

func TestASchemaByPointer(t *testing.T) {
	m := document()
	s := *m.Schema
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	m.Schema, m.SchemaRef = nil, &metadata.Object{Bucket: "lake", Key: "schemas/1.json"}
	r := &recorder{}
	h := &Handler{Settings: settings, Catalog: r, Objects: bucket{"lake/schemas/1.json": string(text)}}
	if _, err := h.Handle(t.Context(), m); err != nil || r.items[0].Schema.Fingerprint() != s.Fingerprint() {
		t.Error(err)
	}
	m.Fingerprint = "another"
	var invalid catalogmerge.InvalidMetadata
	if _, err := h.Handle(t.Context(), m); !errors.As(err, &invalid) {
		t.Error("a schema that was exchanged:", err)
	}
	m.SchemaRef.Key = "gone"
	if _, err := h.Handle(t.Context(), m); !errors.As(err, &invalid) {
		t.Error("a schema that is gone:", err)
	}
	m.SchemaRef.Bucket = "elsewhere"
	if _, err := h.Handle(t.Context(), m); !errors.As(err, &invalid) {
		t.Error("a schema from elsewhere:", err)
	}
}

func TestWhatDoesNotBelongToTheLakeIsRefused(t *testing.T) {
	for rule, change := range map[string]func(*metadata.Metadata){
		"an unknown source":          func(m *metadata.Metadata) { m.Source = "other" },
		"the table of another":       func(m *metadata.Metadata) { m.Table = "other" },
		"another database":           func(m *metadata.Metadata) { m.Database = "other" },
		"no partition":               func(m *metadata.Metadata) { m.Partition = nil },
		"an empty partition value":   func(m *metadata.Metadata) { m.Partition[0].Value = "" },
		"a location elsewhere":       func(m *metadata.Metadata) { m.Location = "s3://other/logs/my-app/hour=01/" },
		"another source's location":  func(m *metadata.Metadata) { m.Location = "s3://lake/logs/my-app2/hour=01/" },
		"a location without a slash": func(m *metadata.Metadata) { m.Location = "s3://lake/logs/my-app/hour=01" },
		"no schema":                  func(m *metadata.Metadata) { m.Schema = nil },
	} {
		m := document()
		change(&m)
		r := &recorder{}
		_, err := (&Handler{Settings: settings, Catalog: r}).Handle(t.Context(), m)
		var invalid catalogmerge.InvalidMetadata
		if !errors.As(err, &invalid) || r.items != nil {
			t.Errorf("%s: %v", rule, err)
		}
	}
}

func TestAnErrorKeepsItsType(t *testing.T) {
	// Lambda names an error by its type, and the state machine goes by the name.
	r := &recorder{err: catalogmerge.UnknownTable{Database: "db", Table: "my_app"}}
	_, err := (&Handler{Settings: settings, Catalog: r}).Handle(t.Context(), document())
	if _, ok := err.(catalogmerge.UnknownTable); !ok {
		t.Errorf("%T", err)
	}
}

func TestSettingsNameWhatIsWrong(t *testing.T) {
	good := map[string]string{"LAKE_BUCKET": "lake", "LAKE_PREFIX": "logs/", "DATABASE": "db", "PARTITIONS": "projected", "SCRATCH_PREFIX": "schemas/", "TABLES": `{"my-app":"my_app"}`}
	s, err := ParseSettings(func(k string) string { return good[k] })
	if err != nil || s.Mode != catalogmerge.Projected || s.Tables["my-app"] != "my_app" {
		t.Fatal(s, err)
	}
	for name, value := range map[string]string{"LAKE_BUCKET": "", "LAKE_PREFIX": "", "DATABASE": "", "SCRATCH_PREFIX": "", "PARTITIONS": "some", "TABLES": "no"} {
		_, err := ParseSettings(func(k string) string {
			if k == name {
				return value
			}
			return good[k]
		})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%q: %v", name, value, err)
		}
	}
}
