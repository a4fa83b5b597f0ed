package pattern

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The oracle reads the language in the plainest way: it tries every choice of
// one element from each array of objects, flattens what is chosen, and evaluates
// the pattern's JSON directly. Nothing is compiled, nothing shared with the
// package. Patterns and events are drawn from few names and values, so that they
// meet often.

// choices is every way to choose one element of each array of objects, each as
// leaves by path.
func choices(path string, v any) []map[string][]any {
	join := func(name string) string {
		if path == "" {
			return name
		}
		return path + "." + name
	}
	switch v := v.(type) {
	case map[string]any:
		all := []map[string][]any{{}}
		for name, member := range v {
			all = product(all, choices(join(name), member))
		}
		return all
	case []any:
		scalars := map[string][]any{}
		objects := []map[string][]any{}
		for _, element := range v {
			if _, ok := element.(map[string]any); ok {
				objects = append(objects, choices(path, element)...)
			} else {
				scalars[path] = append(scalars[path], element)
			}
		}
		if len(objects) == 0 {
			return []map[string][]any{scalars}
		}
		return product([]map[string][]any{scalars}, objects)
	}
	return []map[string][]any{{path: {v}}}
}

func product(xs, ys []map[string][]any) []map[string][]any {
	var all []map[string][]any
	for _, x := range xs {
		for _, y := range ys {
			both := map[string][]any{}
			for path, leaves := range x {
				both[path] = append(both[path], leaves...)
			}
			for path, leaves := range y {
				both[path] = append(both[path], leaves...)
			}
			all = append(all, both)
		}
	}
	return all
}

func oracleMatch(pattern map[string]any, event any) bool {
	for _, chosen := range choices("", event) {
		if oracleObject("", pattern, chosen) {
			return true
		}
	}
	return false
}

func oracleObject(path string, pattern map[string]any, leaves map[string][]any) bool {
	for name, v := range pattern {
		full := strings.TrimPrefix(path+"."+name, ".")
		ok := false
		switch v := v.(type) {
		case map[string]any:
			ok = oracleObject(full, v, leaves)
		case []any:
			if name == "$or" {
				for _, branch := range v {
					ok = ok || oracleObject(path, branch.(map[string]any), leaves)
				}
				break
			}
			for _, value := range v {
				if operator, isObject := value.(map[string]any); isObject && operator["exists"] == false {
					ok = ok || len(leaves[full]) == 0
				}
				for _, leaf := range leaves[full] {
					ok = ok || oracleValue(value, leaf)
				}
			}
		}
		if !ok {
			return false
		}
	}
	return true
}

func oracleValue(value, leaf any) bool {
	text, isText := leaf.(string)
	number, isNumber := leaf.(json.Number)
	switch value := value.(type) {
	case string:
		return isText && text == value
	case json.Number:
		return isNumber && rat(number).Cmp(rat(value)) == 0
	case bool, nil:
		return leaf == value
	case map[string]any:
		for operator, operand := range value {
			switch operator {
			case "exists":
				return operand == true
			case "prefix":
				if inner, ok := operand.(map[string]any); ok {
					return isText && regexp.MustCompile("(?i)^"+regexp.QuoteMeta(inner["equals-ignore-case"].(string))).MatchString(text)
				}
				return isText && strings.HasPrefix(text, operand.(string))
			case "suffix":
				if inner, ok := operand.(map[string]any); ok {
					return isText && regexp.MustCompile("(?i)"+regexp.QuoteMeta(inner["equals-ignore-case"].(string))+"$").MatchString(text)
				}
				return isText && strings.HasSuffix(text, operand.(string))
			case "equals-ignore-case":
				return isText && strings.EqualFold(text, operand.(string))
			case "wildcard":
				return isText && oracleWildcard(operand.(string)).MatchString(text)
			case "cidr":
				a, err := netip.ParseAddr(text)
				return isText && err == nil && netip.MustParsePrefix(operand.(string)).Contains(a)
			case "numeric":
				return isNumber && oracleNumeric(operand.([]any), rat(number))
			case "anything-but":
				return !oracleExcluded(operand, leaf)
			}
		}
	}
	return false
}

func oracleExcluded(operand, leaf any) bool {
	switch operand := operand.(type) {
	case []any:
		for _, one := range operand {
			if oracleExcluded(one, leaf) {
				return true
			}
		}
		return false
	case map[string]any:
		for operator, values := range operand {
			list, ok := values.([]any)
			if !ok {
				list = []any{values}
			}
			for _, one := range list {
				if oracleValue(map[string]any{operator: one}, leaf) {
					return true
				}
			}
		}
		return false
	}
	return oracleValue(operand, leaf)
}

func oracleNumeric(condition []any, n *big.Rat) bool {
	for i := 0; i+1 < len(condition); i += 2 {
		order := n.Cmp(rat(condition[i+1].(json.Number)))
		ok := map[string]bool{"=": order == 0, "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[condition[i].(string)]
		if !ok {
			return false
		}
	}
	return true
}

func oracleWildcard(text string) *regexp.Regexp {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '*':
			out.WriteString("(?s:.*)")
		case '\\':
			i++
			out.WriteString(regexp.QuoteMeta(text[i : i+1]))
		default:
			out.WriteString(regexp.QuoteMeta(text[i : i+1]))
		}
	}
	return regexp.MustCompile("^" + out.String() + "$")
}

func rat(n json.Number) *big.Rat {
	r, ok := new(big.Rat).SetString(n.String())
	if !ok {
		panic("no number: " + n.String())
	}
	return r
}

// Generators. Every JSON text is drawn as text, so that numbers keep their form.

var (
	names   = []string{"a", "b", "c"}
	texts   = []string{"", "a", "A", "ab", "aB", "ba", "abab", "a*b", `a\b`, "10.0.0.1", "10.0.1.1"}
	numbers = []string{"0", "1", "-1", "1.5", "100", "1e2", "100.0", "-0"}
)

func quoteJSON(s string) string {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func drawScalar(t *rapid.T) string {
	switch rapid.IntRange(0, 4).Draw(t, "kind") {
	case 0:
		return rapid.SampledFrom(numbers).Draw(t, "number")
	case 1:
		return rapid.SampledFrom([]string{"true", "false", "null"}).Draw(t, "literal")
	}
	return quoteJSON(rapid.SampledFrom(texts).Draw(t, "text"))
}

// drawObject draws an object of an event.
func drawObject(t *rapid.T, depth int) string {
	var members []string
	for _, name := range names {
		kind := rapid.IntRange(0, 6).Draw(t, "member")
		switch {
		case kind == 0:
			continue
		case kind == 1 && depth > 0:
			members = append(members, quoteJSON(name)+":"+drawObject(t, depth-1))
		case kind == 2 && depth > 0:
			members = append(members, quoteJSON(name)+":["+drawList(t, 0, 3, func() string {
				if rapid.Bool().Draw(t, "object") {
					return drawObject(t, depth-1)
				}
				return drawScalar(t)
			})+"]")
		default:
			members = append(members, quoteJSON(name)+":"+drawScalar(t))
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

func drawList(t *rapid.T, least, most int, one func() string) string {
	var list []string
	for range rapid.IntRange(least, most).Draw(t, "length") {
		list = append(list, one())
	}
	return strings.Join(list, ",")
}

// drawPattern draws the fields of a pattern; absent says whether the lack of a
// field may be asked for. It is not asked for below an array, where the service
// looks at the elements that earlier fields have chosen, which the oracle does
// not know: the table has those cases.
func drawPattern(t *rapid.T, depth int, own []string, absent bool) string {
	var members []string
	for _, name := range own {
		switch kind := rapid.IntRange(0, 5).Draw(t, "field"); {
		case kind < 4 && len(members) > 0:
			continue
		case kind == 4 && depth > 0:
			members = append(members, quoteJSON(name)+":"+drawPattern(t, depth-1, names, false))
		default:
			members = append(members, quoteJSON(name)+":["+drawList(t, 1, 6, func() string { return drawValue(t, absent) })+"]")
		}
	}
	// Branches of an $or use names of their own: a path that is given twice
	// would replace, which is for the table.
	if len(own) == len(names) && rapid.IntRange(0, 3).Draw(t, "or") == 0 {
		return `{"` + own[0] + `":[` + drawValue(t, absent) + `],"$or":[` +
			drawPattern(t, 0, own[1:2], absent) + `,` + drawPattern(t, 0, own[2:], absent) + `,` + drawPattern(t, 0, own[1:], absent) + `]}`
	}
	return "{" + strings.Join(members, ",") + "}"
}

func drawText(t *rapid.T) string { return quoteJSON(rapid.SampledFrom(texts).Draw(t, "operand")) }

func drawValue(t *rapid.T, absent bool) string {
	wildcards := []string{`a*`, `*b`, `*a*b*`, `a\*b`, `a\\*`, `*`, ``}
	numerics := []string{`["=",100]`, `["<",1]`, `["<=",1.0]`, `[">",-1]`, `[">=",1.5]`, `[">",0,"<=",100]`, `[">=",0,"<",1e2]`}
	switch rapid.IntRange(0, 10).Draw(t, "operator") {
	case 0:
		return `{"prefix":` + drawText(t) + `}`
	case 1:
		return `{"suffix":` + drawText(t) + `}`
	case 2:
		return `{"equals-ignore-case":` + drawText(t) + `}`
	case 3:
		return `{"` + rapid.SampledFrom([]string{"prefix", "suffix"}).Draw(t, "end") + `":{"equals-ignore-case":` + drawText(t) + `}}`
	case 4:
		return `{"wildcard":` + quoteJSON(rapid.SampledFrom(wildcards).Draw(t, "wildcard")) + `}`
	case 5:
		return `{"numeric":` + rapid.SampledFrom(numerics).Draw(t, "numeric") + `}`
	case 6:
		return `{"exists":` + fmt.Sprint(!absent || rapid.Bool().Draw(t, "exists")) + `}`
	case 7:
		return `{"cidr":"` + rapid.SampledFrom([]string{"10.0.0.0/24", "10.0.0.0/8", "0.0.0.0/0"}).Draw(t, "cidr") + `"}`
	case 8:
		if rapid.Bool().Draw(t, "numbers") {
			return `{"anything-but":[` + drawList(t, 1, 3, func() string { return rapid.SampledFrom(numbers).Draw(t, "number") }) + `]}`
		}
		return `{"anything-but":[` + drawList(t, 1, 3, func() string { return drawText(t) }) + `]}`
	case 9:
		switch rapid.IntRange(0, 2).Draw(t, "nested") {
		case 0:
			return `{"anything-but":{"equals-ignore-case":[` + drawText(t) + `,` + drawText(t) + `]}}`
		case 1:
			return `{"anything-but":{"wildcard":` + quoteJSON(rapid.SampledFrom(wildcards).Draw(t, "wildcard")) + `}}`
		}
		return `{"anything-but":{"` + rapid.SampledFrom([]string{"prefix", "suffix"}).Draw(t, "end") + `":["a","ba"]}}`
	}
	return drawScalar(t)
}

func decodeJSON(t interface{ Fatal(...any) }, text string) map[string]any {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil {
		t.Fatal(text, err)
	}
	return v
}

// checkAgainstOracle is one draw; it tells whether the event matched.
func checkAgainstOracle(t *rapid.T) bool {
	// Absence is asked for at the root, whose fields no array holds.
	text := drawPattern(t, 2, names, true)
	event := drawObject(t, 2)
	p, err := Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	e, err := ParseEvent([]byte(event))
	if err != nil {
		t.Fatalf("%s: %v", event, err)
	}
	want := oracleMatch(decodeJSON(t, text), decodeJSON(t, event))
	if got := p.Match(e); got != want {
		t.Fatalf("pattern %s\nevent   %s\nmatch %v, the oracle says %v", text, event, got, want)
	}
	return want
}

func TestMatchAgreesWithTheOracle(t *testing.T) {
	matched, drawn := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		drawn++
		if checkAgainstOracle(t) {
			matched++
		}
	})
	// A test that only ever compares "no" with "no" would prove little.
	if matched*20 < drawn {
		t.Errorf("only %d of %d events matched", matched, drawn)
	}
}

func FuzzMatchAgreesWithTheOracle(f *testing.F) {
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) { checkAgainstOracle(t) }))
}

// FuzzParse holds Parse to the standard library: what it accepts is JSON, and
// nothing makes it panic.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"a":["x",1,null,true]}`, `{"$or":[{"a":[1]},{"b":[{"prefix":"x"}]}]}`, `{"a":[{"numeric":[">",0,"<",5]}]}`,
		`{"a":[{"anything-but":{"wildcard":["a*b"]}}]}`, `{"a":[{"cidr":"10.0.0.0/8"}]}`, `{"a":`, `{"a":["\ud800"]}`,
	} {
		f.Add(seed, `{"a":[{"b":1},2,"x"]}`)
	}
	f.Fuzz(func(t *testing.T, text, event string) {
		p, err := Parse(text)
		if err != nil {
			return
		}
		if !json.Valid([]byte(text)) {
			t.Fatalf("accepted what is no JSON: %q", text)
		}
		if e, err := ParseEvent([]byte(event)); err == nil {
			p.Match(e)
		}
	})
}
