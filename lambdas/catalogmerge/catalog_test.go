package catalogmerge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"

	"crawlerless/lambdas/schema"
)

func nap(context.Context, time.Duration) error { return nil }

func columns(pairs ...string) schema.Schema {
	var list []schema.Column
	for i := 0; i < len(pairs); i += 2 {
		t, err := schema.ParseHive(pairs[i+1])
		if err != nil {
			panic(err)
		}
		list = append(list, schema.Column{Key: pairs[i], Type: t})
	}
	return schema.New(list, "hour")
}

func object(hour string, s schema.Schema) Item {
	return Item{Object: "o-" + hour + s.Fingerprint(), Values: []string{hour}, Location: "s3://lake/logs/app/hour=" + hour + "/", Schema: s}
}

// A history as tables live through: after each step every column of every
// partition has to be readable, and to have the type that is said here.
func TestHistoryOfOneTable(t *testing.T) {
	f := newFakeGlue(testTable())
	c := New(Options{Glue: f, Database: "lake", Sleep: nap, Remember: -1})
	for _, step := range []struct {
		change string
		in     schema.Schema
		want   []string
	}{
		{"a first record", columns("level", "string", "ms", "bigint", "user", "struct<id:bigint>"), []string{"level string", "ms bigint", "user struct<id:bigint>"}},
		{"the same again", columns("ms", "bigint"), []string{"level string", "ms bigint", "user struct<id:bigint>"}},
		{"a field more goes last", columns("flag", "boolean"), []string{"level string", "ms bigint", "user struct<id:bigint>", "flag boolean"}},
		{"integer to fraction", columns("ms", "double"), []string{"level string", "ms double", "user struct<id:bigint>", "flag boolean"}},
		{"and not back", columns("ms", "bigint"), []string{"level string", "ms double", "user struct<id:bigint>", "flag boolean"}},
		{"a member more", columns("user", "struct<name:string>"), []string{"level string", "ms double", "user struct<id:bigint,name:string>", "flag boolean"}},
		{"scalar to object", columns("level", "struct<name:string>"), []string{"level string", "ms double", "user struct<id:bigint,name:string>", "flag boolean"}},
		{"boolean to text", columns("flag", "string"), []string{"level string", "ms double", "user struct<id:bigint,name:string>", "flag string"}},
		{"object to array", columns("user", "array<bigint>"), []string{"level string", "ms double", "user string", "flag string"}},
		{"another case of a name is the same column", columns("Level", "string"), []string{"level string", "ms double", "user string", "flag string"}},
		{"a field with the name of a partition column", columns("hour", "bigint"), []string{"level string", "ms double", "user string", "flag string", "hour_ bigint"}},
		{"several new ones by name", columns("z", "bigint", "b", "bigint"), []string{"level string", "ms double", "user string", "flag string", "hour_ bigint", "b bigint", "z bigint"}},
	} {
		hour := fmt.Sprintf("%02d", len(f.partitions))
		if _, err := c.Update(t.Context(), "app", object(hour, step.in)); err != nil {
			t.Fatalf("%s: %v", step.change, err)
		}
		if d := cmp.Diff(step.want, texts(f.table.StorageDescriptor.Columns)); d != "" {
			t.Fatalf("%s: %s", step.change, d)
		}
		for k, p := range f.partitions {
			if d := cmp.Diff(step.want, texts(p.StorageDescriptor.Columns)); d != "" {
				t.Fatalf("%s: partition %q: %s", step.change, k, d)
			}
		}
	}
	if got := f.table.StorageDescriptor.SerdeInfo.Parameters["mapping.hour_"]; got != "hour" {
		t.Errorf("the SerDe reads hour_ from %q", got)
	}
	if HasNotes(f.table.Parameters) || f.archived > 0 || len(f.wrong) > 0 {
		t.Errorf("notes %v, archived %d, wrong %v", f.table.Parameters, f.archived, f.wrong)
	}
}

func TestAPartitionKeepsItsOwn(t *testing.T) {
	own := types.Partition{
		Values: []string{"01"}, Parameters: map[string]string{"compacted": "no"},
		StorageDescriptor: descriptorOf("s3://lake/elsewhere/", openX, "a", "bigint"),
	}
	foreign := types.Partition{Values: []string{"02"}, StorageDescriptor: descriptorOf("s3://lake/parquet/", "parquet", "a", "bigint")}
	f := newFakeGlue(testTable("a", "bigint"), own, foreign)
	c := New(Options{Glue: f, Database: "lake", Sleep: nap})
	if _, err := c.Update(t.Context(), "app", object("03", columns("a", "string"))); err != nil {
		t.Fatal(err)
	}
	got := f.partitions[key(own.Values)]
	if *got.StorageDescriptor.Location != "s3://lake/elsewhere/" || got.Parameters["compacted"] != "no" || *got.StorageDescriptor.Columns[0].Type != "string" {
		t.Errorf("the partition's own is lost, or the table's type did not reach it: %v %v", *got.StorageDescriptor.Location, got.Parameters)
	}
	if *f.partitions[key(foreign.Values)].StorageDescriptor.Columns[0].Type != "bigint" {
		t.Error("a partition of another format was touched")
	}
}

func TestProjectedTablesGetColumnsAndNoPartitions(t *testing.T) {
	f := newFakeGlue(testTable())
	c := New(Options{Glue: f, Database: "lake", Mode: Projected, Sleep: nap})
	if _, err := c.Update(t.Context(), "app", object("01", columns("a", "bigint"))); err != nil {
		t.Fatal(err)
	}
	if len(f.partitions) != 0 || len(f.table.StorageDescriptor.Columns) != 1 {
		t.Errorf("%d partitions, columns %v", len(f.partitions), texts(f.table.StorageDescriptor.Columns))
	}
}

func TestManyPartitionsGoInBatches(t *testing.T) {
	f := newFakeGlue(testTable())
	f.pageSize = 1000
	c := New(Options{Glue: f, Database: "lake", Sleep: nap})
	var items []Item
	for i := range 250 {
		items = append(items, object(fmt.Sprintf("%03d", i), columns("a", "bigint")))
	}
	if _, err := c.Update(t.Context(), "app", items...); err != nil {
		t.Fatal(err)
	}
	if len(f.partitions) != 250 || f.calls["BatchCreatePartition"] != 3 {
		t.Errorf("%d partitions in %d calls", len(f.partitions), f.calls["BatchCreatePartition"])
	}
	before := f.calls["BatchUpdatePartition"]
	if _, err := c.Update(t.Context(), "app", object("000", columns("a", "double"))); err != nil {
		t.Fatal(err)
	}
	if n := f.calls["BatchUpdatePartition"] - before; n != 4 { // its own first, then 249
		t.Errorf("250 partitions were brought up to date in %d calls", n)
	}
}

func TestErrorsHaveTheNamesThatTheStateMachineKnows(t *testing.T) {
	f := newFakeGlue(testTable())
	c := New(Options{Glue: f, Database: "lake", Sleep: nap, Attempts: 3})
	var unknown UnknownTable
	if _, err := c.Update(t.Context(), "nowhere", object("01", columns())); !errors.As(err, &unknown) {
		t.Error(err)
	}
	var invalid InvalidMetadata
	item := object("01", columns())
	item.Values = append(item.Values, "02")
	if _, err := c.Update(t.Context(), "app", item); !errors.As(err, &invalid) {
		t.Error(err)
	}
	f.fault = func(string) error { return errThrottled }
	if _, err := c.Update(t.Context(), "app", object("01", columns())); !errors.Is(err, errThrottled) || f.calls["GetTable"] < 3 {
		t.Errorf("after %d calls: %v", f.calls["GetTable"], err)
	}
	f.fault = func(operation string) error {
		if operation == "BatchCreatePartition" {
			return &types.InvalidInputException{Message: aws.String("no")}
		}
		return nil
	}
	f.calls = map[string]int{}
	_, err := c.Update(t.Context(), "app", object("01", columns()))
	if err == nil || f.calls["BatchCreatePartition"] != 1 || !strings.Contains(err.Error(), "lake.app") {
		t.Errorf("what is refused for good is not tried again: %d calls, %v", f.calls["BatchCreatePartition"], err)
	}
}

func TestEveryEvolutionIsOneLineAndAMetric(t *testing.T) {
	var out bytes.Buffer
	c := New(Options{Glue: newFakeGlue(testTable("a", "bigint")), Database: "lake", Sleep: nap, Log: slog.New(slog.NewJSONHandler(&out, nil))})
	for range 2 {
		if _, err := c.Update(t.Context(), "app", object("01", columns("a", "double", "b", "string"))); err != nil {
			t.Fatal(err)
		}
	}
	var line struct {
		Msg, Database, Table                          string
		Before, After                                 map[string]string
		TableEvolutions, ColumnsAdded, ColumnsWidened int
		AWS                                           struct {
			Timestamp         int64
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name, Unit string }
			}
		} `json:"_aws"`
	}
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Fatalf("%d lines: %s", n, out.String())
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"a": "bigint"}, line.Before); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]string{"a": "double", "b": "string"}, line.After); d != "" {
		t.Error(d)
	}
	if line.TableEvolutions != 1 || line.ColumnsAdded != 1 || line.ColumnsWidened != 1 || line.AWS.Timestamp == 0 ||
		len(line.AWS.CloudWatchMetrics) != 1 || line.AWS.CloudWatchMetrics[0].Namespace != Namespace {
		t.Errorf("%+v", line)
	}
}

func TestKnown(t *testing.T) {
	table := testTable("a", "double")
	fresh := &types.Partition{Values: []string{"01"}, StorageDescriptor: descriptorOf("s3://x/", openX, "a", "double")}
	stale := &types.Partition{Values: []string{"01"}, StorageDescriptor: descriptorOf("s3://x/", openX, "a", "bigint")}
	noted := clone(table)
	noted.Parameters["crawlerless.sync.x"] = "y 2026-01-01T00:00:00Z"
	for _, test := range []struct {
		rule string
		mode Mode
		t    *types.Table
		p    *types.Partition
		s    schema.Schema
		want bool
	}{
		{"everything is there", Registered, table, fresh, columns("a", "bigint"), true},
		{"no partition", Registered, table, nil, columns("a", "bigint"), false},
		{"a partition behind its table", Registered, table, stale, columns("a", "bigint"), false},
		{"a new column", Registered, table, fresh, columns("b", "bigint"), false},
		{"a wider type", Registered, table, fresh, columns("a", "string"), false},
		{"another case of a key has to be remembered", Registered, table, fresh, columns("A", "bigint"), false},
		{"somebody may have died", Registered, noted, fresh, columns("a", "bigint"), false},
		{"projected tables need no partition", Projected, table, nil, columns("a", "bigint"), true},
	} {
		got, err := Known(test.mode, test.t, test.p, test.s)
		if err != nil || got != test.want {
			t.Errorf("%s: %v, %v", test.rule, got, err)
		}
	}
}

func TestSyncBringsEveryPartitionUpToDate(t *testing.T) {
	stale := types.Partition{Values: []string{"01"}, StorageDescriptor: descriptorOf("s3://x/", openX, "a", "bigint")}
	f := newFakeGlue(testTable("a", "double"), stale)
	c := New(Options{Glue: f, Database: "lake", Sleep: nap})
	r, err := c.Sync(t.Context(), "app")
	if err != nil || r.Synced != 1 {
		t.Fatal(r, err)
	}
	if got := texts(f.partitions[key(stale.Values)].StorageDescriptor.Columns); got[0] != "a double" || HasNotes(f.table.Parameters) {
		t.Error(got, f.table.Parameters)
	}
}

// An operator replays an object whose partition somebody has dropped.
func TestWhatAnOperatorDoubtsIsLookedUp(t *testing.T) {
	now := time.Unix(1000, 0)
	f := newFakeGlue(testTable("a", "bigint"))
	c := New(Options{Glue: f, Database: "lake", Sleep: nap, Now: func() time.Time { return now }})
	item := object("01", columns("a", "bigint"))
	update := func() Result {
		t.Helper()
		r, err := c.Update(t.Context(), "app", item)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	update()
	clear(f.partitions)
	if update(); len(f.partitions) != 0 {
		t.Fatal("the memory was not used: the test shows nothing")
	}
	now = now.Add(time.Second)
	item.Since = now
	if r := update(); len(f.partitions) != 1 || r.Has == nil || r.Has.At.Before(now) {
		t.Errorf("%d partitions, %+v", len(f.partitions), r)
	}
	if r := update(); r.Calls != 0 {
		t.Error("what was looked up since is looked up again")
	}
}

// Somebody has changed the table for an object and died before every partition
// was up to date. Whoever then meets the table must not remember it as done: the
// repetition of that object has to come to the table and finish the work.
func TestATableWithANoteIsNotRemembered(t *testing.T) {
	dead := object("02", columns("a", "double"))
	table := testTable("a", "double")
	table.Parameters[tokenPrefix+"x"] = token{object: objectHash(dead.Object), deadline: time.Now().Add(time.Hour)}.value()
	stale := types.Partition{Values: []string{"01"}, StorageDescriptor: descriptorOf("s3://x/", openX, "a", "bigint")}
	f := newFakeGlue(table, stale)
	c := New(Options{Glue: f, Database: "lake", Sleep: nap})
	r, err := c.Update(t.Context(), "app", object("02", columns("a", "bigint")))
	if err != nil || r.Has != nil {
		t.Fatalf("%+v, %v: others would rely on it", r, err)
	}
	if _, err := c.Update(t.Context(), "app", dead); err != nil {
		t.Fatal(err)
	}
	if got := texts(f.partitions[key(stale.Values)].StorageDescriptor.Columns); got[0] != "a double" {
		t.Errorf("the partition of the dead is still %v", got)
	}
}

// From here on every key of a record is read exactly, also those that came
// before the table knew that it would have to.
func TestKeysThatDifferByCaseInOneRecord(t *testing.T) {
	f := newFakeGlue(testTable())
	c := New(Options{Glue: f, Database: "lake", Sleep: nap, Remember: -1})
	nested := schema.New([]schema.Column{
		{Key: "Url", Type: schema.Of(schema.String)},
		{Key: "who", Type: schema.StructOf(schema.Member{Key: "accessKey", Type: schema.Of(schema.String)})},
	}, "hour")
	both := schema.New([]schema.Column{{Key: "url", Type: schema.Of(schema.BigInt)}, {Key: "URL", Type: schema.Of(schema.BigInt)}}, "hour")
	both.CaseSensitive = true
	both = schema.Merge(both, schema.Schema{})
	for i, s := range []schema.Schema{nested, columns("url", "string"), both} {
		if _, err := c.Update(t.Context(), "app", object(fmt.Sprintf("%02d", i), s)); err != nil {
			t.Fatal(err)
		}
	}
	serde := f.table.StorageDescriptor.SerdeInfo.Parameters
	if serde["case.insensitive"] != "false" {
		t.Fatal("the SerDe still ignores case:", serde)
	}
	readable := map[string]bool{}
	for _, col := range f.table.StorageDescriptor.Columns {
		if k, ok := serde["mapping."+*col.Name]; ok {
			readable[k] = true
		} else {
			readable[*col.Name] = true
		}
		if strings.HasPrefix(*col.Name, "url") && *col.Type != "string" {
			t.Errorf("%s is %s: what was text in one column stays text in all", *col.Name, *col.Type)
		}
	}
	for _, k := range []string{"url", "Url", "URL", "who"} {
		if !readable[k] {
			t.Errorf("no column reads the key %q: %v", k, serde)
		}
	}
	if serde["mapping.accesskey"] != "accessKey" {
		t.Errorf("a member in camel case cannot be read any more: %v", serde)
	}
}

// A thousand objects of one new hour arrive at once, and nobody knew of it.
func TestAThousandObjectsOfANewHour(t *testing.T) {
	for _, processes := range []int{1, 4} {
		calls, partitions := newHour(t, processes, 1000)
		if partitions != 1 {
			t.Errorf("%d partitions", partitions)
		}
		if calls >= 20 {
			t.Errorf("%d processes made %d calls to Glue, want fewer than 20", processes, calls)
		}
	}
}

// newHour delivers objects of one new hour to so many processes at a time.
func newHour(t testing.TB, processes, objects int) (calls, partitions int) {
	f := newFakeGlue(testTable("a", "bigint"))
	s := columns("a", "bigint")
	work := make(chan Item)
	var wg sync.WaitGroup
	for range processes {
		c := New(Options{Glue: f, Database: "lake", Sleep: nap})
		wg.Go(func() {
			for i := range work {
				if _, err := c.Update(context.Background(), "app", i); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range objects {
		item := object("07", s)
		item.Object = fmt.Sprint(i)
		work <- item
	}
	close(work)
	wg.Wait()
	return f.total(), len(f.partitions)
}

// BenchmarkNewHour is the throughput at the catalog step: 1,000 objects of one
// new hour at once, to as many processes as Lambda would keep for them.
func BenchmarkNewHour(b *testing.B) {
	for _, processes := range []int{1, 2, 4, 8} {
		b.Run(fmt.Sprintf("processes=%d", processes), func(b *testing.B) {
			calls := 0
			for b.Loop() {
				n, _ := newHour(b, processes, 1000)
				calls += n
			}
			b.ReportMetric(float64(calls)/float64(b.N), "Glue-calls/op")
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1000, "µs/object")
		})
	}
}

// BenchmarkKnown is what ExtractMetadata pays when its cache has nothing.
func BenchmarkKnown(b *testing.B) {
	for _, width := range []int{20, 200, 2000} {
		b.Run(fmt.Sprintf("columns=%d", width), func(b *testing.B) {
			var pairs []string
			for i := range width {
				pairs = append(pairs, fmt.Sprintf("column%d", i), "bigint")
			}
			table, s := testTable(pairs...), columns(pairs...)
			p := &types.Partition{StorageDescriptor: table.StorageDescriptor}
			for b.Loop() {
				if ok, err := Known(Registered, table, p, s); !ok || err != nil {
					b.Fatal(ok, err)
				}
			}
		})
	}
}
