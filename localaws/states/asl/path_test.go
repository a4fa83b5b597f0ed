package asl

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ohler55/ojg/jp"
	"github.com/ohler55/ojg/oj"
	"pgregory.net/rapid"
)

func TestPaths(t *testing.T) {
	const store = `{"store":{"book":[{"c":"ref","t":"A","p":8.95},{"c":"fic","t":"B","p":12.99},{"c":"fic","t":"C","p":8.99,"i":"x"}],"bike":{"p":19.95}},
		"list":[0,1,2,3,4],"detail-type":"T","null":null,"a.b":1,"it's":2,"empty":[],"text":"hello"}`
	tests := []struct{ path, want string }{
		{"$.detail-type", `"T"`},
		{"$['a.b']", `1`},
		{`$['it\'s']`, `2`},
		{`$["detail-type"]`, `"T"`},
		{"$.null", `null`},
		{"$.store.book[0].t", `"A"`},
		{"$.store.book[-1].t", `"C"`},
		{"$.store.book[*].t", `["A","B","C"]`},
		{"$.store.book[0,2].t", `["A","C"]`},
		{"$.list[1:3]", `[1,2]`},
		{"$.list[:2]", `[0,1]`},
		{"$.list[3:]", `[3,4]`},
		{"$.list[-2:]", `[3,4]`},
		{"$.list[2:99]", `[2,3,4]`},
		{"$.store..p", `[8.95,12.99,8.99,19.95]`},
		{"$..book[2].t", `["C"]`},
		{"$.store.book[?(@.p < 10)].t", `["A","C"]`},
		{"$.store.book[?(@.c == 'fic' && @.p > 10)].t", `["B"]`},
		{"$.store.book[?(@.c == 'ref' || @.i)].t", `["A","C"]`},
		{"$.store.book[?(!(@.i))].t", `["A","B"]`},
		{"$.store.book[?(@.t =~ /[ab]/i)].t", `["A","B"]`},
		{"$.store.book[?(@.t in ['A','C'])].t", `["A","C"]`},
		{"$.store.book[?(@.c == $.store.book[0].c)].t", `["A"]`},
		{"$.store.book[?(@.p == 99)]", `[]`},
		{"$.store.book[0]['t','c']", `[{"t":"A","c":"ref"}]`},
		{"$.nothing[*]", `[]`},
		{"$.nothing..deep", `[]`},
		{"$.store.bike.*", `[19.95]`},
		{"$.list.length()", `5`},
		{"$.text.length()", `5`},
		{"$.list.max()", `4.0`},
		{"$.list.sum()", `10.0`},
		{"$.list.avg()", `2.0`},
	}
	input, err := Parse(store)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			p, err := ParsePath(tt.path)
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.find(input)
			if err != nil {
				t.Fatal(err)
			}
			if Print(got) != tt.want {
				t.Errorf("got %s, want %s", Print(got), tt.want)
			}
		})
	}
}

func TestADefinitePathThatMeetsNothingSaysWhere(t *testing.T) {
	tests := []struct{ path, want string }{
		{"$.x", "No results for path: $['x']"},
		{"$.no.such.path", "Missing property in path $['no']"},
		{"$.a.no.such", "Missing property in path $['a']['no']"},
		{"$.a.no", "No results for path: $['a']['no']"},
		{"$.list[9]", "No results for path: $['list'][9]"},
		{"$.n.x", "Expected to find an object with property ['x'] in path $['n'] but found 'java.lang.Integer'."},
	}
	input, err := Parse(`{"a":{},"list":[1],"n":1}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		p, err := ParsePath(tt.path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.find(input); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", tt.path, err, tt.want)
		}
	}
}

func TestWhatIsNoPath(t *testing.T) {
	for _, text := range []string{"", "x", "x.y", "$.", "$..", "$[", "$[]", "$['a", "$.a[", "$.a[x]", "$.a b", "$[?(@.a]", "$[?@.a]", "$.a.nosuch()", "$.a)", "$.a[1,]"} {
		if p, err := ParsePath(text); err == nil {
			t.Errorf("%q was read as %+v", text, p)
		}
	}
}

func TestReferencePaths(t *testing.T) {
	tests := []struct {
		path, root, want string
	}{
		{"$", `{"a":1}`, `"v"`},
		{"$.b", `{"a":1}`, `{"a":1,"b":"v"}`},
		{"$.a", `{"a":1}`, `{"a":"v"}`},
		{"$.x.y.z", `{"a":1}`, `{"a":1,"x":{"y":{"z":"v"}}}`},
		{"$.l[1]", `{"l":[1,2]}`, `{"l":[1,"v"]}`},
		{"$.l[0].k", `{"l":[{}]}`, `{"l":[{"k":"v"}]}`},
		{"$.a", `null`, `{"a":"v"}`},
		{"$.a.b", `{"a":1}`, ""},
		{"$.l[2]", `{"l":[1,2]}`, ""},
		{"$.a", `[1]`, ""},
		{"$.a", `"text"`, ""},
	}
	for _, tt := range tests {
		root, err := Parse(tt.root)
		if err != nil {
			t.Fatal(err)
		}
		p, err := ParsePath(tt.path)
		if err != nil || !p.reference() {
			t.Fatalf("%s is no reference path: %v", tt.path, err)
		}
		got, err := p.put(root, "v")
		var bad *pathError
		switch {
		case tt.want == "" && !errors.As(err, &bad):
			t.Errorf("%s into %s: got %s, %v", tt.path, tt.root, Print(got), err)
		case tt.want != "" && (err != nil || Print(got) != tt.want):
			t.Errorf("%s into %s: got %s, %v, want %s", tt.path, tt.root, Print(got), err, tt.want)
		}
		if Print(root) != tt.root {
			t.Errorf("%s changed its input to %s", tt.path, Print(root))
		}
	}
	for _, text := range []string{"$.a[*]", "$..a", "$.a[0:1]", "$.a[?(@.b)]", "$.a[0,1]", "$['a','b']", "$.a[-1]", "$.a.length()"} {
		if p, err := ParsePath(text); err != nil || p.reference() {
			t.Errorf("%s is taken for a reference path (%v)", text, err)
		}
	}
}

// values generates JSON values with few names, so that paths meet something.
func values(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		kind := rapid.IntRange(0, 5).Draw(t, "kind")
		if depth == 0 {
			kind = min(kind, 3)
		}
		switch kind {
		case 0:
			return fmt.Sprint(rapid.IntRange(-9, 9).Draw(t, "n"))
		case 1:
			return quoteJSON(rapid.StringN(0, 3, -1).Draw(t, "s"))
		case 2:
			return "true"
		case 3:
			return "null"
		case 4:
			return "[" + strings.Join(rapid.SliceOfN(values(depth-1), 0, 4).Draw(t, "items"), ",") + "]"
		}
		m := rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c"}), values(depth-1), 0, 3).Draw(t, "members")
		var parts []string
		for k, v := range m {
			parts = append(parts, quoteJSON(k)+":"+v)
		}
		return "{" + strings.Join(parts, ",") + "}"
	})
}

func TestParseAndPrintAreInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, err := Parse(values(4).Draw(t, "value"))
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(Print(v))
		if err != nil || !equal(v, again) || Print(again) != Print(v) {
			t.Fatalf("%s became %s, %v", Print(v), Print(again), err)
		}
	})
}

// Another JSONPath library meets the same values on what the two have in common
// (its filters panic on null).
func TestPathsAgreeWithAnotherLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := values(4).Draw(t, "value")
		steps := rapid.SliceOfN(rapid.SampledFrom([]string{".a", ".b", ".c", "[0]", "[1]", "[-1]", "[*]", "..a", "[0:2]", "[1:]"}), 0, 4).Draw(t, "steps")
		path := "$" + strings.Join(steps, "")
		v, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		p, err := ParsePath(path)
		if err != nil {
			t.Fatal(err)
		}
		var got []any
		found, err := p.find(v)
		switch {
		case p.definite && err == nil:
			got = []any{found}
		case !p.definite:
			got = found.([]any)
		}
		x, err := jp.ParseString(path)
		if err != nil {
			t.Fatal(err)
		}
		other, err := oj.ParseString(text)
		if err != nil {
			t.Fatal(err)
		}
		want := x.Get(other)
		if len(got) != len(want) {
			t.Fatalf("%s of %s: got %s, want %s", path, text, Print(got), oj.JSON(want))
		}
		// The order of an object's members is not defined there.
		left := append([]any(nil), got...)
		for _, w := range want {
			one, err := Parse(oj.JSON(w))
			if err != nil {
				t.Fatal(err)
			}
			i := 0
			for i < len(left) && !equal(left[i], one) {
				i++
			}
			if i == len(left) {
				t.Fatalf("%s of %s: got %s, want %s", path, text, Print(got), oj.JSON(want))
			}
			left = append(left[:i], left[i+1:]...)
		}
	})
}

func FuzzCompile(f *testing.F) {
	f.Add(`{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"x.$":"States.Format('{}', $.a[?(@.b =~ /x/)])"},"End":true}}}`)
	f.Add(`{"StartAt":"A","States":{"A":{"Type":"Map","ItemsPath":"$.a","Iterator":{"StartAt":"B","States":{"B":{"Type":"Pass","End":true}}},"End":true}}}`)
	f.Add(`{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[{"Not":{"Variable":"$.a","IsNull":true},"Next":"A"}]}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Compile(text, Options{})
		var invalid *InvalidDefinition
		var undone *Unsupported
		if err != nil && !errors.As(err, &invalid) && !errors.As(err, &undone) {
			t.Fatalf("%v", err)
		}
		if err == nil && m.states[m.startAt] == nil {
			t.Fatal("a machine without its first state")
		}
	})
}
