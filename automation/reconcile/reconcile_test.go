package reconcile_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"crawlerless/automation/reconcile"
	"crawlerless/localaws"
	"crawlerless/localaws/localawstest"
)

const openX = "org.openx.data.jsonserde.JsonSerDe"

var now = time.Date(2026, 1, 2, 12, 30, 0, 0, time.UTC)

// lake is a bucket and a table, with columns a and b.
type lake struct {
	t    *testing.T
	s3   *s3.Client
	glue *glue.Client
}

func newLake(t *testing.T, parameters map[string]string) *lake {
	t.Helper()
	server := localawstest.Start(t, localaws.Options{})
	l := &lake{t, s3.NewFromConfig(server.Config(), func(o *s3.Options) { o.UsePathStyle = true }), glue.NewFromConfig(server.Config())}
	_, e1 := l.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("lake")})
	_, e2 := l.glue.CreateDatabase(t.Context(), &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String("db")}})
	var keys []types.Column
	for _, k := range []string{"year", "month", "day", "hour"} {
		keys = append(keys, types.Column{Name: aws.String(k), Type: aws.String("string")})
	}
	_, e3 := l.glue.CreateTable(t.Context(), &glue.CreateTableInput{DatabaseName: aws.String("db"), TableInput: &types.TableInput{
		Name: aws.String("app"), PartitionKeys: keys, Parameters: parameters, StorageDescriptor: descriptor("s3://lake/logs/app/", "a bigint", "b double"),
	}})
	for _, err := range []error{e1, e2, e3} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func descriptor(location string, columns ...string) *types.StorageDescriptor {
	d := &types.StorageDescriptor{
		Location:  &location,
		SerdeInfo: &types.SerDeInfo{SerializationLibrary: aws.String(openX), Parameters: map[string]string{"ignore.malformed.json": "true"}},
	}
	for _, c := range columns {
		name, kind, _ := strings.Cut(c, " ")
		d.Columns = append(d.Columns, types.Column{Name: &name, Type: &kind})
	}
	return d
}

// prefix is where an hour of the second of January 2026, or of another day, lies.
func prefix(values []string) string {
	return fmt.Sprintf("logs/app/year=%s/month=%s/day=%s/hour=%s/", values[0], values[1], values[2], values[3])
}

func hour(h string) []string { return []string{"2026", "01", "02", h} }

func (l *lake) put(key, body string) {
	l.t.Helper()
	if _, err := l.s3.PutObject(l.t.Context(), &s3.PutObjectInput{Bucket: aws.String("lake"), Key: &key, Body: strings.NewReader(body)}); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lake) register(values []string, d *types.StorageDescriptor) {
	l.t.Helper()
	if _, err := l.glue.CreatePartition(context.Background(), &glue.CreatePartitionInput{
		DatabaseName: aws.String("db"), TableName: aws.String("app"), PartitionInput: &types.PartitionInput{Values: values, StorageDescriptor: d},
	}); err != nil {
		l.t.Fatal(err)
	}
}

// good is how a partition should be.
func good(values []string) *types.StorageDescriptor {
	return descriptor("s3://lake/"+prefix(values), "a bigint", "b double")
}

func (l *lake) options(repair bool) reconcile.Options {
	return reconcile.Options{
		S3: l.s3, Glue: l.glue, Bucket: "lake", Prefix: "logs/app/", Database: "db", Table: "app", Repair: repair, Now: func() time.Time { return now },
		Catalogue: func(_ context.Context, p string) error { // the workflow
			parts := strings.Split(strings.TrimPrefix(p, "logs/app/"), "/")
			values := make([]string, 4)
			for i := range values {
				_, values[i], _ = strings.Cut(parts[i], "=")
			}
			l.register(values, good(values))
			return nil
		},
	}
}

func (l *lake) run(repair bool) reconcile.Report {
	l.t.Helper()
	r, err := reconcile.Run(l.t.Context(), l.options(repair))
	if err != nil {
		l.t.Fatal(err)
	}
	return r
}

// found is the findings as "kind hour" with whether they were repaired.
func found(r reconcile.Report) []string {
	var list []string
	for _, f := range r.Findings {
		s := string(f.Kind) + " " + f.Values[len(f.Values)-1]
		if f.Repaired {
			s += " repaired"
		}
		list = append(list, s)
	}
	slices.Sort(list)
	return list
}

func (l *lake) partition(values []string) *types.Partition {
	l.t.Helper()
	out, err := l.glue.GetPartition(l.t.Context(), &glue.GetPartitionInput{DatabaseName: aws.String("db"), TableName: aws.String("app"), PartitionValues: values})
	if err != nil {
		l.t.Fatal(err)
	}
	return out.Partition
}

func TestBothDirectionsAreFoundAndRepaired(t *testing.T) {
	l := newLake(t, nil)
	l.put(prefix(hour("00"))+"x.gz", "in order")
	l.register(hour("00"), good(hour("00")))
	l.put(prefix(hour("01"))+"x.gz", "unregistered")
	l.put(prefix(hour("02")), "") // a directory marker is no object
	l.put(prefix(hour("03"))+"empty", "")
	l.register(hour("04"), good(hour("04"))) // empty
	l.register(hour("11"), good(hour("11"))) // empty, but somebody may be about to write
	for h, d := range map[string]*types.StorageDescriptor{
		"05": descriptor("s3://lake/"+prefix(hour("05")), "a string", "b double"),
		"06": descriptor("s3://lake/"+prefix(hour("06")), "a bigint"), // values of b would be NULL
		"07": descriptor("s3://lake/"+prefix(hour("07")), "b double", "a bigint"),
		"08": good(hour("08")),
		"09": descriptor("s3://elsewhere/"+prefix(hour("09")), "a bigint", "b double"),
		"10": descriptor("s3://lake/compact/10/", "a int"),
	} {
		switch h {
		case "08":
			d.SerdeInfo.Parameters["mapping.a"] = "A"
		case "10":
			d.SerdeInfo.SerializationLibrary = aws.String("org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe")
		}
		l.put(prefix(hour(h))+"x.gz", "x")
		l.register(hour(h), d)
	}
	want := []string{"drifted 05", "drifted 06", "drifted 07", "drifted 08", "empty 04", "misplaced 09", "unregistered 01"}
	r := l.run(false)
	if d := cmp.Diff(want, found(r)); d != "" {
		t.Error(d)
	}
	if r.Left() != 7 || r.Foreign != 1 || r.Partitions != 9 {
		t.Errorf("%d left, %+v", r.Left(), r)
	}
	if d := cmp.Diff(want, found(l.run(false))); d != "" {
		t.Error("it changed something without being asked:", d)
	}
	for i := range want {
		want[i] += " repaired"
	}
	if r := l.run(true); r.Left() != 0 || cmp.Diff(want, found(r)) != "" {
		t.Errorf("%d left, %v", r.Left(), found(r))
	}
	if r := l.run(false); len(r.Findings) != 0 {
		t.Errorf("after the repair: %v", found(r))
	}
	if l.partition(hour("11")) == nil || *l.partition(hour("10")).StorageDescriptor.Columns[0].Type != "int" || *l.partition(hour("09")).StorageDescriptor.Location != "s3://lake/"+prefix(hour("09")) {
		t.Error("a partition that was not to be touched was")
	}
}

func TestARepairIsOnlyCalledOneWhenItWas(t *testing.T) {
	l := newLake(t, nil)
	l.put(prefix(hour("01"))+"x.gz", "nothing but blank lines")
	o := l.options(true)
	o.Catalogue = func(context.Context, string) error { return nil }
	r, err := reconcile.Run(t.Context(), o)
	if err != nil || r.Left() != 1 || !strings.Contains(r.Findings[0].Detail, "no records") {
		t.Errorf("%+v, %v", r, err)
	}
}

// The pipeline evolves the table after it was compared and before it is
// repaired.
func TestARepairBesideThePipelineLosesNothing(t *testing.T) {
	l := newLake(t, nil)
	for h, d := range map[string]*types.StorageDescriptor{
		"05": descriptor("s3://lake/"+prefix(hour("05")), "a string"), "06": descriptor("s3://elsewhere/", "a bigint", "b double"), "07": good(hour("07")),
	} {
		l.put(prefix(hour(h))+"x.gz", "x")
		l.register(hour(h), d)
	}
	l.put(prefix(hour("01"))+"x.gz", "x")
	o := l.options(true)
	catalogue := o.Catalogue
	o.Catalogue = func(ctx context.Context, p string) error {
		out, err := l.glue.GetTable(ctx, &glue.GetTableInput{DatabaseName: aws.String("db"), Name: aws.String("app")})
		if err != nil {
			return err
		}
		_, err = l.glue.UpdateTable(ctx, &glue.UpdateTableInput{DatabaseName: aws.String("db"), VersionId: out.Table.VersionId, TableInput: &types.TableInput{
			Name: aws.String("app"), PartitionKeys: out.Table.PartitionKeys, StorageDescriptor: descriptor("s3://lake/logs/app/", "a bigint", "b double", "c string"),
		}})
		if err != nil {
			return err
		}
		return catalogue(ctx, p)
	}
	if r, err := reconcile.Run(t.Context(), o); err != nil || r.Left() != 0 {
		t.Fatal(r, err)
	}
	for _, h := range []string{"01", "05", "06", "07"} {
		if c := l.partition(hour(h)).StorageDescriptor.Columns; len(c) != 3 {
			t.Errorf("partition %s has %d columns", h, len(c))
		}
	}
}

// More partitions than Glue answers, updates and deletes at once.
func TestEveryPageIsRead(t *testing.T) {
	l := newLake(t, nil)
	values := func(i int) []string {
		at := time.Date(2025, 1, 1, i, 0, 0, 0, time.UTC)
		return strings.Split(at.Format("2006/01/02/15"), "/")
	}
	const partitions = 1130
	for from := 0; from < partitions; from += 100 {
		in := &glue.BatchCreatePartitionInput{DatabaseName: aws.String("db"), TableName: aws.String("app")}
		for i := from; i < min(from+100, partitions); i++ {
			d := good(values(i))
			if i%2 == 0 {
				d.Columns[0].Type = aws.String("string") // drifted; the others have no objects
				l.put(prefix(values(i))+"x.gz", "x")
			}
			in.PartitionInputList = append(in.PartitionInputList, types.PartitionInput{Values: values(i), StorageDescriptor: d})
		}
		if out, err := l.glue.BatchCreatePartition(t.Context(), in); err != nil || len(out.Errors) > 0 {
			t.Fatal(err, out.Errors)
		}
	}
	told := 0
	o := l.options(true)
	o.Progress = func(string, ...any) { told++ }
	r, err := reconcile.Run(t.Context(), o)
	if err != nil || r.Partitions != partitions || r.Prefixes != partitions/2 || len(r.Findings) != partitions || r.Left() != 0 || told == 0 {
		t.Fatalf("%d partitions, %d prefixes, %d findings, %d left, told %d times, %v", r.Partitions, r.Prefixes, len(r.Findings), r.Left(), told, err)
	}
	if r := l.run(false); r.Partitions != partitions/2 || len(r.Findings) != 0 {
		t.Errorf("after the repair: %d partitions, %d findings", r.Partitions, len(r.Findings))
	}
}

func TestProjectedTablesAreHeldAgainstTheirRanges(t *testing.T) {
	l := newLake(t, map[string]string{
		"projection.enabled": "true", "projection.year.type": "integer", "projection.year.range": "2026,2100", "projection.hour.range": "0,23",
	})
	l.register(hour("09"), descriptor("s3://elsewhere/", "a string")) // nobody reads it
	l.put(prefix(hour("01"))+"x.gz", "x")
	old := []string{"2024", "12", "31", "23"}
	l.put(prefix(old)+"x.gz", "x")
	r := l.run(true)
	if len(r.Findings) != 1 || r.Findings[0].Kind != reconcile.Unprojected || !slices.Equal(r.Findings[0].Values, old) || r.Left() != 1 || !r.Projected {
		t.Errorf("%+v", r)
	}
}

func TestATableThatIsNotThereIsNamed(t *testing.T) {
	l := newLake(t, nil)
	o := l.options(false)
	o.Table = "other"
	if _, err := reconcile.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "db.other") {
		t.Error(err)
	}
}
