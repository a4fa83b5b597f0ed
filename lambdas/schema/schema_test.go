package schema

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// drawType draws types of every kind, those of others' catalogs included.
func drawType(t *rapid.T, depth int) Type {
	kinds := []Kind{Unknown, Boolean, BigInt, Double, String, Timestamp, TinyInt, SmallInt, Int, Float, Decimal, Date, Binary, Opaque}
	if depth > 0 {
		kinds = append(kinds, Array, Struct, Struct, Map)
	}
	switch k := rapid.SampledFrom(kinds).Draw(t, "kind"); k {
	case Decimal:
		p := rapid.IntRange(1, 38).Draw(t, "precision")
		return DecimalOf(p, rapid.IntRange(0, p).Draw(t, "scale"))
	case Opaque:
		return Type{kind: Opaque, text: rapid.SampledFrom([]string{"varchar(3)", "char(2)"}).Draw(t, "opaque")}
	case Array:
		return ArrayOf(drawType(t, depth-1))
	case Map:
		return MapOf(drawType(t, 0), drawType(t, depth-1))
	case Struct:
		members := make([]Member, rapid.IntRange(0, 3).Draw(t, "members"))
		for i := range members {
			members[i] = Member{Key: drawKey(t), Type: drawType(t, depth-1)}
		}
		return StructOf(members...)
	default:
		return Of(k)
	}
}

func drawKey(t *rapid.T) string {
	return rapid.SampledFrom([]string{
		"a", "b", "A", "a.b", "a_b", "a-b", "userId", "userid", "USERID", "year", "year_", "order", "order_", "", "ß", "@a", "\x00",
	}).Draw(t, "key")
}

func drawSchema(t *rapid.T) Schema {
	columns := make([]Column, rapid.IntRange(0, 6).Draw(t, "columns"))
	for i := range columns {
		columns[i] = Column{Key: drawKey(t), Type: drawType(t, 3)}
	}
	s := New(columns, rapid.SampledFrom([][]string{nil, {"year"}, {"year", "b"}}).Draw(t, "partitions")...)
	s.CaseSensitive = rapid.Bool().Draw(t, "caseSensitive")
	return s.normal()
}

func text(s Schema) string { b, _ := json.Marshal(s); return string(b) }

func TestMergeTypesIsAJoin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawType(t, 3), drawType(t, 3), drawType(t, 3)
		same(t, "commutative", MergeTypes(a, b), MergeTypes(b, a))
		same(t, "associative", MergeTypes(MergeTypes(a, b), c), MergeTypes(a, MergeTypes(b, c)))
		same(t, "idempotent", MergeTypes(a, a), a)
		same(t, "unknown is neutral", MergeTypes(a, Type{}), a)
		same(t, "string is the top", MergeTypes(a, Of(String)), Of(String))
	})
}

func same(t *rapid.T, law string, a, b Type) {
	t.Helper()
	if !a.Equal(b) {
		t.Fatalf("%s: %v is not %v", law, a, b)
	}
}

func TestMergeIsAJoin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawSchema(t), drawSchema(t), drawSchema(t)
		for _, law := range []struct {
			name        string
			left, right Schema
		}{
			{"commutative", Merge(a, b), Merge(b, a)},
			{"associative", Merge(Merge(a, b), c), Merge(a, Merge(b, c))},
			{"idempotent", Merge(a, a), a},
			{"absorbing", Merge(a, Merge(a, b)), Merge(a, b)},
			{"empty is neutral", Merge(a, Schema{}), a},
			{"settling commutes with merging what has settled", Merge(a.Settled(), b.Settled()).Settled(), Merge(a.Settled(), b.Settled())},
		} {
			if d := cmp.Diff(text(law.left), text(law.right)); d != "" {
				t.Fatalf("%s: %s", law.name, d)
			}
			if law.left.Fingerprint() != law.right.Fingerprint() {
				t.Fatalf("%s: fingerprints differ", law.name)
			}
		}
		if !Merge(a, b).Covers(a) || !Merge(a, b).Covers(b) {
			t.Fatal("a union does not cover its parts")
		}
	})
}

func TestCanonicalFormRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSchema(t)
		var back Schema
		if err := json.Unmarshal([]byte(text(s)), &back); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(text(s), text(back)); d != "" {
			t.Fatal(d)
		}
	})
}

func TestHiveRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawType(t, 4).Hive()
		back, err := ParseHive(h)
		if err != nil {
			t.Fatal(err)
		}
		if back.Hive() != h {
			t.Fatalf("%s came back as %s", h, back.Hive())
		}
	})
}

// A settled schema that went through the catalog and back merges as if it
// had not: otherwise the table would depend on the order of objects.
func TestTableRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSchema(t).Settled()
		columns := make([]HiveColumn, 0, len(s.Columns))
		for _, c := range s.Columns {
			columns = append(columns, HiveColumn{c.Name, c.Type.Hive()})
		}
		back, err := FromTable(columns, s.SerDeParameters(), s.Partitions...)
		if err != nil {
			t.Fatal(err)
		}
		if len(back.Columns) != len(s.Columns) {
			t.Fatalf("%s\ncame back as\n%s", text(s), text(back))
		}
		for i, c := range back.Columns {
			if c.Name != s.Columns[i].Name || c.Type.Hive() != s.Columns[i].Type.Hive() {
				t.Fatalf("%s\ncame back as\n%s", text(s), text(back))
			}
		}
		if !back.Covers(s) {
			t.Fatalf("the table of %s does not cover it", text(s))
		}
	})
}

func TestNamesAreUniqueAndReadable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSchema(t)
		seen := map[string]bool{}
		for _, c := range s.Columns {
			if seen[c.Name] || c.Name == "" || strings.Trim(c.Name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
				t.Fatalf("name %q in %s", c.Name, text(s))
			}
			seen[c.Name] = true
			if IsReserved(c.Name) {
				t.Fatalf("reserved name %q", c.Name)
			}
			for _, p := range s.Partitions {
				if c.Name == p {
					t.Fatalf("column %q has the name of a partition column", c.Name)
				}
			}
		}
	})
}

func TestWidening(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"bigint", "double", "double"},
		{"bigint", "boolean", "string"},
		{"double", "string", "string"},
		{"int", "bigint", "bigint"},
		{"tinyint", "float", "double"},
		{"decimal(10,2)", "bigint", "decimal(21,2)"},
		{"decimal(10,2)", "double", "string"},
		{"decimal(38,0)", "decimal(38,38)", "string"},
		{"timestamp", "string", "string"},
		{"array<bigint>", "array<double>", "array<double>"},
		{"array<bigint>", "bigint", "string"},
		{"array<bigint>", "struct<a:bigint>", "string"},
		{"struct<a:bigint>", "struct<b:string>", "struct<a:bigint,b:string>"},
		{"struct<a:bigint>", "struct<a:string>", "struct<a:string>"},
		{"struct<a:bigint>", "map<string,bigint>", "map<string,string>"},
		{"map<string,bigint>", "map<string,double>", "map<string,double>"},
		{"varchar(3)", "varchar(4)", "string"},
		{"varchar(3)", "VARCHAR(3)", "varchar(3)"},
	} {
		a, errA := ParseHive(c.a)
		b, errB := ParseHive(c.b)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if got := MergeTypes(a, b).Hive(); got != c.want {
			t.Errorf("%s with %s is %s, want %s", c.a, c.b, got, c.want)
		}
	}
}

func TestParseHive(t *testing.T) {
	for in, want := range map[string]string{
		" STRUCT< `a` : INT , b: array< string > > ": "struct<a:int,b:array<string>>",
		"decimal":                         "decimal(10,0)",
		"decimal(5)":                      "decimal(5,0)",
		"uniontype<int,struct<a:string>>": "uniontype<int,struct<a:string>>",
		"struct<>":                        "map<string,string>",
		"struct<a-b:int>":                 "struct<a_b:int>",
		"char( 5 )":                       "char( 5 )",
	} {
		got, err := ParseHive(in)
		if err != nil || got.Hive() != want {
			t.Errorf("%s: %s, %v; want %s", in, got.Hive(), err, want)
		}
	}
	for _, bad := range []string{"", "array", "array<", "array<int", "map<int>", "struct<a>", "struct<a:>", "struct<:int>", "int int", "decimal(39,0)", "decimal(3,4)", "unknown", strings.Repeat("array<", 5000)} {
		if got, err := ParseHive(bad); err == nil {
			t.Errorf("%q is no type, read as %s", abbreviate(bad), got)
		}
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct {
		rule          string
		keys          []string
		caseSensitive bool
		want          map[string]string // name to mapping, "" where there is none
	}{
		{"a plain name stays", []string{"level"}, false, map[string]string{"level": ""}},
		{"upper case is lowered and mapped", []string{"userId"}, false, map[string]string{"userid": "userId"}},
		{"keys that differ by case are one column", []string{"userId", "userID"}, false, map[string]string{"userid": "userID"}},
		{"unless a record held both", []string{"URL", "url"}, true, map[string]string{"url": "", withHash("url", "URL"): "URL"}},
		{"dots and dashes", []string{"a.b", "x-y"}, false, map[string]string{"a_b": "a.b", "x_y": "x-y"}},
		{"the key that is the name keeps it", []string{"a.b", "a_b"}, false, map[string]string{"a_b": "", withHash("a_b", "a.b"): "a.b"}},
		{"a partition column is not shadowed", []string{"year", "month"}, false, map[string]string{"year_": "year", "month_": "month"}},
		{"nor does its new name shadow", []string{"year", "year_"}, false, map[string]string{"year_": "", withHash("year_", topIdentity+"year"): "year"}},
		{"a keyword", []string{"order", "Table"}, false, map[string]string{"order_": "order", "table_": "Table"}},
		{"a keyword of DDL only stays", []string{"timestamp", "date"}, false, map[string]string{"timestamp": "", "date": ""}},
		{"the empty key", []string{""}, false, map[string]string{"_": ""}},
		{"not ASCII", []string{"größe"}, false, map[string]string{"gr__e": "größe"}},
	} {
		columns := make([]Column, len(c.keys))
		for i, k := range c.keys {
			columns[i] = Column{Key: k, Name: "_", Type: Of(BigInt)}
		}
		s := New(columns, "year", "month")
		s.CaseSensitive = c.caseSensitive
		s = s.normal()
		got := map[string]string{}
		for _, col := range s.Columns {
			got[col.Name] = s.Mapping()[col.Name]
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.rule, d)
		}
	}
}

// The order in which objects with too many keys arrive must not matter.
func TestCapsDoNotDependOnOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	part := func(n, seed int) Schema {
		var columns []Column
		for i := range n {
			columns = append(columns, Column{Key: fmt.Sprintf("id%06d", seed*n+i), Type: Of(BigInt)})
		}
		var members []Member
		for i := range n / 4 {
			members = append(members, Member{Key: fmt.Sprintf("m%d", seed*n+i), Type: Of(Double)})
		}
		columns = append(columns, Column{Key: "stable", Type: Of(String)}, Column{Key: "nested", Type: ArrayOf(StructOf(members...))})
		return New(columns)
	}
	parts := make([]Schema, 6)
	for i := range parts {
		parts[i] = part(1000, i)
	}
	var first string
	for range 5 {
		var s Schema
		for _, i := range r.Perm(len(parts)) {
			s = Merge(s, parts[i])
		}
		if first == "" {
			first = text(s)
		}
		if text(s) != first {
			t.Fatal("the schema depends on the order")
		}
	}
	want := `{"columns":[{"name":"nested","type":{"array":{"map":["string","string"]}}},{"name":"stable","type":"string"}],"caseSensitive":true,"overflow":true}`
	if first != want {
		t.Fatalf("got %s", first)
	}
}

func TestUnsettledTypesStayReadableButOutOfTheCatalog(t *testing.T) {
	for _, c := range []struct {
		in      Type
		hive    string
		settled string
	}{
		{Type{}, "string", ""},
		{ArrayOf(Type{}), "array<string>", ""},
		{StructOf(), "map<string,string>", ""},
		{StructOf(Member{Key: "a"}, Member{Key: "b", Type: Of(BigInt)}), "struct<a:string,b:bigint>", "struct<b:bigint>"},
		{StructOf(Member{Key: "a", Type: ArrayOf(StructOf())}), "struct<a:array<map<string,string>>>", ""},
	} {
		if got := c.in.Hive(); got != c.hive {
			t.Errorf("rendered as %s, want %s", got, c.hive)
		}
		settled, ok := c.in.Settle()
		if ok != (c.settled != "") || ok && settled.Hive() != c.settled {
			t.Errorf("%s settled as %v %v, want %q", c.hive, settled, ok, c.settled)
		}
	}
}

func TestDeepTypesBecomeString(t *testing.T) {
	deep := Of(BigInt)
	for range MaxDepth + 3 {
		deep = ArrayOf(deep)
	}
	s := New([]Column{{Key: "a", Name: "a", Type: deep}})
	want := strings.Repeat("array<", MaxDepth) + "string" + strings.Repeat(">", MaxDepth)
	if got := s.Columns[0].Type.Hive(); got != want {
		t.Fatalf("got %s", got)
	}
}
