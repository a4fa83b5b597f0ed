package handler

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"crawlerless/lambdas/bulletin"
	"crawlerless/lambdas/metadata"
	"crawlerless/lambdas/objectkey"
	"crawlerless/lambdas/schema"
)

// fakeS3 holds objects by key.
type fakeS3 map[string][]byte

func (f fakeS3) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	body, ok := f[*in.Key]
	if !ok {
		return nil, &s3types.NoSuchKey{}
	}
	return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(body)), ContentLength: aws.Int64(int64(len(body))), ETag: aws.String(`"e"`)}, nil
}

func (f fakeS3) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	body, err := io.ReadAll(in.Body)
	f[*in.Key] = body
	return &s3.PutObjectOutput{}, err
}

// fakeGlue has one table and its partitions, and counts calls.
type fakeGlue struct {
	table      *gluetypes.Table
	partitions map[string]*gluetypes.Partition
	calls      int
	err        error
}

func (f *fakeGlue) GetTable(context.Context, *glue.GetTableInput, ...func(*glue.Options)) (*glue.GetTableOutput, error) {
	f.calls++
	if f.table == nil || f.err != nil {
		return nil, errors.Join(f.err, &gluetypes.EntityNotFoundException{})
	}
	return &glue.GetTableOutput{Table: f.table}, nil
}

func (f *fakeGlue) GetPartition(_ context.Context, in *glue.GetPartitionInput, _ ...func(*glue.Options)) (*glue.GetPartitionOutput, error) {
	f.calls++
	p, ok := f.partitions[strings.Join(in.PartitionValues, "/")]
	if !ok {
		return nil, &gluetypes.EntityNotFoundException{}
	}
	return &glue.GetPartitionOutput{Partition: p}, nil
}

// set makes the table and one partition those of a schema.
func (f *fakeGlue) set(s schema.Schema, values ...string) {
	sd := &gluetypes.StorageDescriptor{SerdeInfo: &gluetypes.SerDeInfo{
		SerializationLibrary: aws.String("org.openx.data.jsonserde.JsonSerDe"), Parameters: s.SerDeParameters(),
	}}
	for _, c := range s.Columns {
		sd.Columns = append(sd.Columns, gluetypes.Column{Name: aws.String(c.Name), Type: aws.String(c.Type.Hive())})
	}
	f.table = &gluetypes.Table{Name: aws.String("app"), StorageDescriptor: sd}
	for _, c := range objectkey.Columns() {
		f.table.PartitionKeys = append(f.table.PartitionKeys, gluetypes.Column{Name: aws.String(c), Type: aws.String("string")})
	}
	if len(values) > 0 {
		f.partitions = map[string]*gluetypes.Partition{strings.Join(values, "/"): {Values: values, StorageDescriptor: sd}}
	}
}

const hourKey = "logs/app/year=2026/month=11/day=24/hour=04/"

func newTest(objects fakeS3, g Glue, now func() time.Time) *Handler {
	return New(Settings{
		Bucket: "lake", Prefix: "logs/", Database: "db", Tables: map[string]string{"app": "app"},
		Mode: "registered", MaxRawBytes: 1 << 20, Scratch: "schemas/",
	}, objects, g, slog.New(slog.DiscardHandler), now, 0)
}

func event(key string) Event {
	var e Event
	e.Detail.Bucket.Name, e.Detail.Object.Key = "lake", key
	return e
}

func zip(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDocument(t *testing.T) {
	raw := `{"userId":1,"time":"2026-11-24T04:05:06Z","never":null}` + "\n\n{\n"
	body := zip(t, raw)
	h := newTest(fakeS3{hourKey + "f.gz": body}, &fakeGlue{}, time.Now)
	m, err := h.Handle(context.Background(), event(hourKey+"f.gz"))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 24, 4, 5, 6, 0, time.UTC)
	s := schema.New([]schema.Column{{Key: "userId", Type: schema.Of(schema.BigInt)}, {Key: "time", Type: schema.Of(schema.String)}}, objectkey.Columns()...)
	want := metadata.Metadata{
		Object: metadata.Object{Bucket: "lake", Key: hourKey + "f.gz", ETag: "e", Size: int64(len(body))},
		Source: "app", Database: "db", Table: "app", Location: "s3://lake/" + hourKey,
		Partition: []metadata.PartitionValue{{Name: "year", Value: "2026"}, {Name: "month", Value: "11"}, {Name: "day", Value: "24"}, {Name: "hour", Value: "04"}},
		Schema:    &s, Fingerprint: s.Fingerprint(),
		Records: 1, Blank: 1, Malformed: 1, FirstMalformed: []metadata.Malformed{{Offset: int64(len(raw)) - 1, Line: 3, Reason: "the text ends within a value"}},
		Bytes: metadata.Bytes{Compressed: int64(len(body)), Raw: int64(len(raw))}, FirstEventTime: &at, LastEventTime: &at,
	}
	if d := cmp.Diff(asJSON(t, want), asJSON(t, m)); d != "" {
		t.Fatal(d)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestObjectsThatAreNothingToTheCatalog(t *testing.T) {
	objects := fakeS3{hourKey + "empty": {}, hourKey + "empty.gz": zip(t, "")}
	for _, key := range []string{"errors/app/x", hourKey, hourKey + "empty", hourKey + "empty.gz", "logs/app/year=2026_$folder$"} {
		g := &fakeGlue{}
		m, err := newTest(objects, g, time.Now).Handle(context.Background(), event(key))
		if err != nil || !m.Known || len(m.Notes) != 1 || g.calls != 0 {
			t.Errorf("%s: %+v, %v, %d calls", key, m, err, g.calls)
		}
	}
}

func TestErrorsHaveTheNamesThatTheStateMachineKnows(t *testing.T) {
	whole := zip(t, strings.Repeat(`{"a":1}`+"\n", 1000))
	damaged := bytes.Clone(whole)
	damaged[len(damaged)-5] ^= 1
	var complex strings.Builder
	for i := range 200 {
		fmt.Fprintf(&complex, `{"a%d":{`, i)
		for j := range 400 {
			fmt.Fprintf(&complex, `"%d":1,`, j)
		}
		complex.WriteString("\"x\":1}}\n")
	}
	objects := fakeS3{
		hourKey + "cut.gz": whole[:len(whole)-20], hourKey + "damaged.gz": damaged,
		hourKey + "bomb.gz": zip(t, strings.Repeat("\n", 2<<20)), hourKey + "complex": []byte(complex.String()),
	}
	h := newTest(objects, &fakeGlue{}, time.Now)
	for key, want := range map[string]string{
		"":                  "*handler.InvalidEvent",
		hourKey + "gone.gz": "*handler.ObjectNotFound",
		"logs/other/" + hourKey[len("logs/app/"):] + "f": "*handler.UnknownSource",
		"logs/app/f.gz":        "*handler.UnknownSource",
		hourKey + "cut.gz":     "*handler.ObjectTruncated",
		hourKey + "damaged.gz": "*handler.ObjectCorrupt",
		hourKey + "bomb.gz":    "*handler.ObjectTooLarge",
		hourKey + "complex":    "*handler.ObjectTooComplex",
	} {
		_, err := h.Handle(context.Background(), event(key))
		if got := fmt.Sprintf("%T", err); got != want {
			t.Errorf("%q: %s %v, want %s", key, got, err, want)
		}
	}
	e := event(hourKey + "f")
	e.Detail.Bucket.Name = "another"
	if _, err := h.Handle(context.Background(), e); fmt.Sprintf("%T", err) != "*handler.InvalidEvent" {
		t.Errorf("another bucket: %v", err)
	}
}

func TestTruncatedObjectSaysWhatWasRead(t *testing.T) {
	var text strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&text, "{\"a\":%d}\n", i*7919%100_003)
	}
	whole := zip(t, text.String())
	h := newTest(fakeS3{hourKey + "f.gz": whole[:len(whole)/2]}, &fakeGlue{}, time.Now)
	h.settings.MaxRawBytes = 0
	_, err := h.Handle(context.Background(), event(hourKey+"f.gz"))
	var cut *ObjectTruncated
	if !errors.As(err, &cut) || cut.Read.Records < 10_000 || !strings.Contains(err.Error(), fmt.Sprint(cut.Read.Records, " records")) {
		t.Fatalf("%v", err)
	}
}

func TestURLEncodedKeyIsFound(t *testing.T) {
	h := newTest(fakeS3{hourKey + "a b+ü.gz": []byte(`{"a":1}`)}, &fakeGlue{}, time.Now)
	for _, key := range []string{hourKey + "a b+ü.gz", hourKey + "a+b%2B%C3%BC.gz"} {
		m, err := h.Handle(context.Background(), event(key))
		if err != nil || m.Object.Key != hourKey+"a b+ü.gz" {
			t.Errorf("%s: %+v, %v", key, m.Object, err)
		}
	}
}

// post puts a bulletin up as UpdateCatalog does.
func post(t *testing.T, objects fakeS3, location string, s schema.Schema, at time.Time) {
	t.Helper()
	b := bulletin.Bulletin{At: at, Table: "app", Schema: s}
	if err := bulletin.Write(t.Context(), objects, "lake", "schemas/known/app/"+location+"bulletin.json", b); err != nil {
		t.Fatal(err)
	}
}

func TestKnown(t *testing.T) {
	now := time.Unix(0, 0)
	clock := func() time.Time { return now }
	nextHour := strings.Replace(hourKey, "hour=04", "hour=05", 1)
	hour := strings.TrimPrefix(hourKey, "logs/app/")
	objects := fakeS3{
		hourKey + "1": []byte(`{"a":1}`), hourKey + "2": []byte(`{"a":null}`), hourKey + "3": []byte(`{"a":1.5}`), hourKey + "4": []byte(`{"b":1}`),
		nextHour + "1": []byte(`{"a":1}`),
	}
	have := schema.New([]schema.Column{{Key: "a", Type: schema.Of(schema.BigInt)}}, objectkey.Columns()...)
	g := &fakeGlue{}
	g.set(have, "2026", "11", "24", "04")
	h := newTest(objects, g, clock)
	ask := func(key string) bool {
		t.Helper()
		m, err := h.Handle(context.Background(), event(key))
		if err != nil {
			t.Fatal(err)
		}
		return m.Known
	}
	if ask(hourKey + "1") {
		t.Error("known without a bulletin: only UpdateCatalog asks Glue of what is new")
	}
	post(t, objects, hour, have, now)
	for key, want := range map[string]bool{
		hourKey + "1": true, hourKey + "2": true, hourKey + "3": false, hourKey + "4": false, nextHour + "1": false,
	} {
		if got := ask(key); got != want {
			t.Errorf("%s: known is %v", key, got)
		}
	}
	for range 500 {
		ask(hourKey + "1")
		ask(hourKey + "2")
		ask(nextHour + "1")
	}
	if g.calls != 0 {
		t.Errorf("%d calls to Glue", g.calls)
	}
	// What UpdateCatalog adds is noticed at once.
	both := schema.Merge(have, schema.New([]schema.Column{{Key: "b", Type: schema.Of(schema.BigInt)}}))
	post(t, objects, hour, both, now)
	if !ask(hourKey + "4") {
		t.Error("a column that was added is not known")
	}
	// What others take away is noticed when the bulletin expires.
	g.partitions = nil
	if !ask(hourKey + "1") {
		t.Error("the bulletin was not used")
	}
	// Or when an operator doubts it, until UpdateCatalog has looked again.
	doubt := event(hourKey + "1")
	since := now.Add(time.Second)
	doubt.Since = &since
	if m, err := h.Handle(t.Context(), doubt); err != nil || m.Known || m.Since == nil || !m.Since.Equal(since) {
		t.Errorf("an operator's replay trusts an older bulletin: %+v, %v", m, err)
	}
	post(t, objects, hour, both, since)
	if m, err := h.Handle(t.Context(), doubt); err != nil || !m.Known {
		t.Errorf("an operator's replay does not trust a newer bulletin: %+v, %v", m, err)
	}
	now = now.Add(bulletin.GoodFor + time.Second)
	if ask(hourKey + "1") {
		t.Error("a partition that was dropped is still known")
	}
	// Projected partitions need not be registered.
	s := h.settings
	s.Mode = "projected"
	h.catalog = newCatalog(s, g, objects, clock, 0)
	post(t, objects, "", both, now)
	if !ask(hourKey+"4") || !ask(nextHour+"1") {
		t.Error("with projection only the schema counts")
	}
}

// Of a hundred environments that meet an expired bulletin one asks Glue.
func TestOneEnvironmentRenewsABulletinForAll(t *testing.T) {
	now := time.Unix(0, 0)
	objects := fakeS3{hourKey + "1": []byte(`{"a":1}`)}
	have := schema.New([]schema.Column{{Key: "a", Type: schema.Of(schema.BigInt)}}, objectkey.Columns()...)
	g := &fakeGlue{}
	g.set(have, "2026", "11", "24", "04")
	post(t, objects, strings.TrimPrefix(hourKey, "logs/app/"), have, now)
	var environments []*Handler
	for i := range 100 {
		h := newTest(objects, g, func() time.Time { return now })
		h.catalog = newCatalog(h.settings, g, objects, h.now, float64(i)/100)
		environments = append(environments, h)
	}
	for minute := range 15 { // one object a minute and environment
		now = time.Unix(0, 0).Add(time.Duration(minute) * time.Minute)
		for _, h := range environments {
			if m, err := h.Handle(t.Context(), event(hourKey+"1")); err != nil || !m.Known {
				t.Fatalf("minute %d: known is %v, %v", minute, m.Known, err)
			}
		}
	}
	if g.calls != 2 {
		t.Errorf("%d calls to Glue for 1,500 objects, want one of the partition and one of the table", g.calls)
	}
}

func TestWideSchemaTravelsByPointer(t *testing.T) {
	var b strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&b, `%c"a_rather_long_name_of_a_column_to_make_the_schema_wide_%04d":1`, "{,"[min(i, 1)], i)
	}
	b.WriteByte('}')
	objects := fakeS3{hourKey + "wide": []byte(b.String())}
	m, err := newTest(objects, &fakeGlue{}, time.Now).Handle(context.Background(), event(hourKey+"wide"))
	if err != nil {
		t.Fatal(err)
	}
	if m.Schema != nil || m.SchemaRef == nil || len(asJSON(t, m)) > metadata.MaxPayload/4 {
		t.Fatalf("%+v", m)
	}
	var s schema.Schema
	if err := json.Unmarshal(objects[m.SchemaRef.Key], &s); err != nil || len(s.Columns) != 4000 || s.Fingerprint() != m.Fingerprint {
		t.Fatalf("%v, %d columns", err, len(s.Columns))
	}
}
