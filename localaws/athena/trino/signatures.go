package trino

import (
	"strings"
	"sync"
)

// function is one overload of one function: what it takes, what it answers, and
// how DuckDB says it.
type function struct {
	name      string
	args      []Type
	variadic  bool // the last argument may come any number of times
	result    Type
	template  string // $1, $2 … are the arguments, $* all, {…} is the aggregate itself
	aggregate bool
	window    bool
	signature string
}

// functionTable is the list of functions by name, made once: it is never
// changed afterwards.
var functionTable = sync.OnceValue(func() map[string][]function {
	table := map[string][]function{}
	for kind, text := range map[string]string{"": scalarFunctions, "aggregate": aggregateFunctions, "window": windowFunctions} {
		for line := range strings.SplitSeq(text, "\n") {
			if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			f := parseSignature(line)
			f.aggregate, f.window = kind == "aggregate", kind == "window"
			table[f.name] = append(table[f.name], f)
		}
	}
	return table
})

// parseSignature reads "name(type, type...) result => template". Single capital
// letters are type variables, N is one of a number, I of
// an integer.
func parseSignature(line string) function {
	head, template, ok := strings.Cut(line, " => ")
	if !ok {
		panic("trino: function without a template: " + line)
	}
	open := strings.IndexByte(head, '(')
	f := function{name: head[:open], template: template, signature: head}
	rest := head[open+1:]
	if after, ok := strings.CutPrefix(rest, ")"); ok {
		rest = after
	} else {
		for {
			var t Type
			t, rest = readType(rest)
			f.args = append(f.args, t)
			if after, ok := strings.CutPrefix(rest, "..."); ok {
				f.variadic, rest = true, after
			}
			separator := rest[0]
			rest = strings.TrimLeft(rest[1:], " ")
			if separator == ')' {
				break
			}
		}
	}
	f.signature = strings.TrimSpace(head[:len(head)-len(rest)])
	f.result, _ = readType(strings.TrimSpace(rest))
	return f
}

// readType reads a type of a signature and what follows it.
func readType(s string) (Type, string) {
	end := strings.IndexAny(s, "(),.")
	if end < 0 {
		return Type{Name: s}, ""
	}
	t := Type{Name: s[:end]}
	rest := s[end:]
	if rest[0] != '(' {
		return t, rest
	}
	rest = rest[1:]
	for {
		var arg Type
		arg, rest = readType(rest)
		t.Args, t.Names = append(t.Args, arg), append(t.Names, "")
		separator := rest[0]
		rest = strings.TrimLeft(rest[1:], " ")
		if separator == ')' {
			break
		}
	}
	if t.Name != "row" {
		t.Names = nil
	}
	return t, rest
}

func variable(t Type) bool { return len(t.Name) == 1 }

// bindings are what type variables stand for.
type bindings map[string]Type

// unify binds the variables of a parameter's type to an argument's, and reports
// whether the argument is taken.
func (b bindings) unify(want, have Type) bool {
	switch {
	case variable(want):
		if want.Name == "N" && !have.numeric() && have.Name != "unknown" || want.Name == "I" && !have.integer() && have.Name != "unknown" {
			return false
		}
		if have.Name == "unknown" && (want.Name == "N" || want.Name == "I") {
			have = tInteger // NULL is a number, too
		}
		bound, ok := b[want.Name]
		if !ok || bound.Name == "unknown" {
			b[want.Name] = have
			return true
		}
		joined, ok := common(bound, have)
		if ok {
			b[want.Name] = joined
		}
		return ok
	case want.Name == "function":
		return true // checked when the lambda is compiled
	case have.Name == "unknown":
		for _, arg := range want.Args {
			b.unify(arg, tNull)
		}
		return true
	case want.Name == have.Name && len(want.Args) > 0:
		if len(want.Args) != len(have.Args) {
			return false
		}
		for i := range want.Args {
			if !b.unify(want.Args[i], have.Args[i]) {
				return false
			}
		}
		return true
	case want.Name == have.Name:
		return true
	case want.Name == "varchar" && have.Name == "char":
		return true
	}
	return len(want.Args) == 0 && coercible(have, want)
}

// exact counts how many parameters are of the very type of their argument: the
// overload with the most wins.
func (b bindings) exact(want []Type, have []Type) int {
	n := 0
	for i := range have {
		if i < len(want) && (want[i].Name == have[i].Name || variable(want[i])) {
			n++
		}
	}
	return n
}

// resolve is a type with its variables replaced.
func (b bindings) resolve(t Type) Type {
	if variable(t) {
		if bound, ok := b[t.Name]; ok {
			return bound
		}
		return tNull
	}
	out := Type{Name: t.Name, Params: t.Params, Names: t.Names}
	for _, arg := range t.Args {
		out.Args = append(out.Args, b.resolve(arg))
	}
	if out.Name == "decimal" && len(out.Params) == 0 {
		out.Params = []int{38, 0}
	}
	return out
}
