package catalogmerge

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"

	"crawlerless/lambdas/schema"
)

// oracle is the catalog of one reader: no code of this package is in it.
type oracle struct {
	columns    map[string]string // type by name
	serde      map[string]string
	partitions map[string]string // location by values
	foreign    map[string]bool   // of another format: not to be touched
}

func oneReader(t *types.Table, partitions []types.Partition, mode Mode, objects []Item) (*oracle, error) {
	o := &oracle{columns: map[string]string{}, serde: maps.Clone(t.StorageDescriptor.SerdeInfo.Parameters), partitions: map[string]string{}, foreign: map[string]bool{}}
	var columns []schema.HiveColumn
	for _, c := range t.StorageDescriptor.Columns {
		columns = append(columns, schema.HiveColumn{Name: *c.Name, Type: *c.Type})
		o.columns[*c.Name] = *c.Type
	}
	s, err := schema.FromTable(columns, o.serde, *t.PartitionKeys[0].Name)
	if err != nil {
		return nil, err
	}
	for _, i := range objects {
		s = schema.Merge(s, i.Schema)
		if mode == Registered {
			o.partitions[key(i.Values)] = i.Location
		}
	}
	s = likeNamed(s.Settled())
	for _, c := range s.Columns {
		o.columns[c.Name] = c.Type.Hive()
	}
	maps.Copy(o.serde, s.SerDeParameters())
	for _, p := range partitions {
		o.partitions[key(p.Values)] = *p.StorageDescriptor.Location
		o.foreign[key(p.Values)] = *p.StorageDescriptor.SerdeInfo.SerializationLibrary == "parquet"
	}
	return o, nil
}

// likeNamed gives the keys of these tests that want one name one type.
func likeNamed(s schema.Schema) schema.Schema {
	join := func(keys ...string) {
		var t schema.Type
		var there []int
		for i, c := range s.Columns {
			if slices.Contains(keys, c.Key) && len(c.Variants) == 0 {
				t, there = schema.MergeTypes(t, c.Type), append(there, i)
			}
		}
		for _, i := range there {
			s.Columns[i].Type = t
		}
	}
	s.Columns = slices.Clone(s.Columns)
	for _, keys := range [][]string{{"userId", "userid"}, {"x.y", "x_y"}, {"a"}, {"b"}, {"old"}, {"hour"}, {"order"}} {
		join(keys...)
	}
	return schema.Merge(s, schema.Schema{})
}

// compare says in what the catalog is not the one reader's. The order of the
// table's columns is free, that of a partition's is the table's.
func (o *oracle) compare(f *fakeGlue) error {
	got := map[string]string{}
	for _, c := range f.table.StorageDescriptor.Columns {
		if _, twice := got[*c.Name]; twice {
			return fmt.Errorf("the table has the column %s twice", *c.Name)
		}
		got[*c.Name] = *c.Type
	}
	if d := cmp.Diff(o.columns, got); d != "" {
		return fmt.Errorf("the table's columns are not those of one reader (-want +got):\n%s", d)
	}
	if d := cmp.Diff(o.serde, f.table.StorageDescriptor.SerdeInfo.Parameters); d != "" {
		return fmt.Errorf("the SerDe's parameters are not those of one reader (-want +got):\n%s", d)
	}
	locations := map[string]string{}
	for k, p := range f.partitions {
		locations[k] = *p.StorageDescriptor.Location
		if o.foreign[k] {
			if len(p.StorageDescriptor.Columns) != 1 || *p.StorageDescriptor.SerdeInfo.SerializationLibrary != "parquet" {
				return fmt.Errorf("partition %q of another format was touched", k)
			}
			continue
		}
		if d := cmp.Diff(texts(f.table.StorageDescriptor.Columns), texts(p.StorageDescriptor.Columns)); d != "" {
			return fmt.Errorf("partition %q has not the table's columns (-want +got):\n%s", k, d)
		}
		if d := cmp.Diff(o.serde, p.StorageDescriptor.SerdeInfo.Parameters); d != "" {
			return fmt.Errorf("partition %q has not the table's SerDe (-want +got):\n%s", k, d)
		}
	}
	if d := cmp.Diff(o.partitions, locations); d != "" {
		return fmt.Errorf("the partitions are not those of one reader (-want +got):\n%s", d)
	}
	return nil
}

func texts(columns []types.Column) []string {
	var out []string
	for _, c := range columns {
		out = append(out, aws.ToString(c.Name)+" "+aws.ToString(c.Type))
	}
	return out
}

const openX = "org.openx.data.jsonserde.JsonSerDe"

func descriptorOf(location, library string, columns ...string) *types.StorageDescriptor {
	d := &types.StorageDescriptor{
		Location:  aws.String(location),
		SerdeInfo: &types.SerDeInfo{SerializationLibrary: aws.String(library), Parameters: map[string]string{"ignore.malformed.json": "true"}},
	}
	for i := 0; i < len(columns); i += 2 {
		d.Columns = append(d.Columns, types.Column{Name: aws.String(columns[i]), Type: aws.String(columns[i+1])})
	}
	return d
}

func testTable(columns ...string) *types.Table {
	return &types.Table{
		Name: aws.String("app"), TableType: aws.String("EXTERNAL_TABLE"), Parameters: map[string]string{"classification": "json"},
		PartitionKeys:     []types.Column{{Name: aws.String("hour"), Type: aws.String("string")}},
		StorageDescriptor: descriptorOf("s3://lake/logs/app/", openX, columns...),
	}
}

// randomTable is a new table, or one that has been in use.
func randomTable(rng *rand.Rand) (*types.Table, []types.Partition) {
	if rng.IntN(2) == 0 {
		return testTable(), nil
	}
	columns := []string{"a", "bigint", "old", "struct<x:bigint>"}
	var partitions []types.Partition
	for i := range rng.IntN(4) {
		h := fmt.Sprintf("%02d", 20+i)
		partitions = append(partitions, types.Partition{Values: []string{h}, StorageDescriptor: descriptorOf("s3://lake/logs/app/hour="+h+"/", openX, columns...)})
	}
	if rng.IntN(3) == 0 {
		partitions = append(partitions, types.Partition{Values: []string{"30"}, StorageDescriptor: descriptorOf("s3://lake/compact/30/", "parquet", "a", "bigint")})
	}
	return testTable(columns...), partitions
}

func randomObjects(rng *rand.Rand) []Item {
	names := []string{"a", "b", "old", "hour", "userId", "userid", "order", "x.y", "x_y"}
	// Not both: a member's name holds for the whole record, so that a second
	// one somewhere gives the first another name (package schema, newNamer).
	y := [...]string{"y", "Y"}[rng.IntN(2)]
	kinds := []schema.Type{
		schema.Of(schema.BigInt), schema.Of(schema.Double), schema.Of(schema.String), schema.Of(schema.Boolean),
		schema.ArrayOf(schema.Of(schema.BigInt)), schema.StructOf(schema.Member{Key: "x", Type: schema.Of(schema.BigInt)}),
		schema.StructOf(schema.Member{Key: y, Type: schema.Of(schema.String)}), schema.StructOf(schema.Member{Key: y, Type: schema.Of(schema.BigInt)}), schema.Of(schema.BigInt), schema.Of(schema.Double),
	}
	var objects []Item
	hours := 1 + rng.IntN(4)
	for i := range 1 + rng.IntN(7) {
		h := fmt.Sprintf("%02d", rng.IntN(hours))
		if rng.IntN(6) == 0 {
			h = "20" // that may be there
		}
		// Some bring a partition and nothing else: they have no part in what
		// others do to the table, and must notice it nevertheless.
		plain := rng.IntN(3) == 0
		var columns []schema.Column
		for _, n := range slices.Clone(names) {
			if rng.IntN(3) == 0 && !plain {
				columns = append(columns, schema.Column{Key: n, Type: kinds[rng.IntN(len(kinds))]})
			}
		}
		s := schema.New(columns, "hour")
		if rng.IntN(12) == 0 { // one record has two keys that differ by case only
			s.CaseSensitive = true
			s = schema.Merge(s, schema.Schema{})
		}
		objects = append(objects, Item{
			Object: fmt.Sprintf("lake/logs/app/hour=%s/%d.gz", h, i), Values: []string{h}, Location: "s3://lake/logs/app/hour=" + h + "/", Schema: s.Settled(),
		})
	}
	return objects
}
