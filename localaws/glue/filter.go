package glue

import (
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// The Expression of GetPartitions is like the WHERE clause of SQL:
//
//	year = '2024' AND (month BETWEEN '01' AND '03' OR day IN ('1', '2')) AND NOT hour LIKE '1%'
//
// over the partition keys, whose type decides how values compare: strings,
// dates and timestamps as text, numbers as numbers. A value that Hive writes for
// NULL is NULL, and SQL's three-valued logic holds.
// https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-catalog-partitions.html#aws-glue-api-catalog-partitions-GetPartitions

// hiveNull is the partition value that stands for NULL.
const hiveNull = "__HIVE_DEFAULT_PARTITION__"

// truth is SQL's: unknown is what a comparison with NULL gives.
type truth int8

const (
	no truth = iota
	unknown
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// filter judges the values of one partition.
type filter func(values []string) (truth, error)

// parseFilter understands an expression over the given partition keys.
func parseFilter(expression string, keys []types.Column) (filter, error) {
	p := &filterParser{text: expression, keys: keys}
	if err := p.scan(); err != nil {
		return nil, err
	}
	f, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.at < len(p.tokens) {
		return nil, p.unexpected()
	}
	return f, nil
}

type tokenKind int8

const (
	word tokenKind = iota
	quoted
	number
	symbol
)

type token struct {
	kind tokenKind
	text string // a word in lower case, a quoted string without its quotes
}

var filterToken = regexp.MustCompile(`^(?:'((?:[^']|'')*)'|"([^"]*)"|` + "`([^`]*)`" + `|([+-]?(?:\d+\.?\d*|\.\d+))|([A-Za-z_][A-Za-z0-9_]*)|(<>|!=|<=|>=|[=<>(),]))`)

type filterParser struct {
	text   string
	keys   []types.Column
	tokens []token
	at     int
}

func (p *filterParser) scan() error {
	rest := strings.TrimSpace(p.text)
	for rest != "" {
		m := filterToken.FindStringSubmatchIndex(rest)
		if m == nil {
			return invalid("Unsupported expression '" + p.text + "': cannot read \"" + rest + "\"")
		}
		group := func(i int) (string, bool) {
			if m[2*i] < 0 {
				return "", false
			}
			return rest[m[2*i]:m[2*i+1]], true
		}
		if s, ok := group(1); ok {
			p.tokens = append(p.tokens, token{quoted, strings.ReplaceAll(s, "''", "'")})
		} else if s, ok := group(2); ok {
			// A double-quoted text is a name where a key has it, else a string.
			if p.keyIndex(s) >= 0 {
				p.tokens = append(p.tokens, token{word, strings.ToLower(s)})
			} else {
				p.tokens = append(p.tokens, token{quoted, s})
			}
		} else if s, ok := group(3); ok {
			p.tokens = append(p.tokens, token{word, strings.ToLower(s)})
		} else if s, ok := group(4); ok {
			p.tokens = append(p.tokens, token{number, s})
		} else if s, ok := group(5); ok {
			p.tokens = append(p.tokens, token{word, strings.ToLower(s)})
		} else if s, ok := group(6); ok {
			p.tokens = append(p.tokens, token{symbol, s})
		}
		rest = strings.TrimSpace(rest[m[1]:])
	}
	return nil
}

func (p *filterParser) keyIndex(name string) int {
	return slices.IndexFunc(p.keys, func(c types.Column) bool { return strings.EqualFold(value(c.Name), name) })
}

func (p *filterParser) unexpected() error {
	if p.at >= len(p.tokens) {
		return invalid("Unsupported expression '" + p.text + "': it ends too early")
	}
	return invalid("Unsupported expression '" + p.text + "': unexpected \"" + p.tokens[p.at].text + "\"")
}

// take moves past the next token if it is the given word or symbol.
func (p *filterParser) take(text string) bool {
	if p.at < len(p.tokens) && p.tokens[p.at].text == text && (p.tokens[p.at].kind == word || p.tokens[p.at].kind == symbol) {
		p.at++
		return true
	}
	return false
}

func (p *filterParser) or() (filter, error) {
	left, err := p.and()
	if err != nil {
		return nil, err
	}
	for p.take("or") {
		right, err := p.and()
		if err != nil {
			return nil, err
		}
		left = combine(left, right, func(a, b truth) truth { return max(a, b) })
	}
	return left, nil
}

func (p *filterParser) and() (filter, error) {
	left, err := p.not()
	if err != nil {
		return nil, err
	}
	for p.take("and") {
		right, err := p.not()
		if err != nil {
			return nil, err
		}
		left = combine(left, right, func(a, b truth) truth { return min(a, b) })
	}
	return left, nil
}

func combine(left, right filter, join func(a, b truth) truth) filter {
	return func(values []string) (truth, error) {
		a, err := left(values)
		if err != nil {
			return no, err
		}
		b, err := right(values)
		if err != nil {
			return no, err
		}
		return join(a, b), nil
	}
}

func negate(f filter) filter {
	return func(values []string) (truth, error) {
		t, err := f(values)
		return yes - t, err
	}
}

func (p *filterParser) not() (filter, error) {
	if p.take("not") {
		f, err := p.not()
		if err != nil {
			return nil, err
		}
		return negate(f), nil
	}
	if p.take("(") {
		f, err := p.or()
		if err != nil {
			return nil, err
		}
		if !p.take(")") {
			return nil, p.unexpected()
		}
		return f, nil
	}
	return p.predicate()
}

// operand is a partition key (index at least 0) or a literal.
type operand struct {
	index int
	text  string
}

func (o operand) of(values []string) string {
	if o.index >= 0 {
		return values[o.index]
	}
	return o.text
}

func (p *filterParser) operand() (operand, error) {
	if p.at >= len(p.tokens) {
		return operand{}, p.unexpected()
	}
	t := p.tokens[p.at]
	switch t.kind {
	case quoted, number:
		p.at++
		return operand{-1, t.text}, nil
	case word:
		if (t.text == "date" || t.text == "timestamp") && p.at+1 < len(p.tokens) && p.tokens[p.at+1].kind == quoted {
			p.at += 2
			return operand{-1, p.tokens[p.at-1].text}, nil
		}
		if i := p.keyIndex(t.text); i >= 0 {
			p.at++
			return operand{i, t.text}, nil
		}
		return operand{}, invalid("Unsupported expression '" + p.text + "': \"" + t.text + "\" is not a partition key")
	}
	return operand{}, p.unexpected()
}

func (p *filterParser) predicate() (filter, error) {
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	if p.take("is") {
		negated := p.take("not")
		if !p.take("null") {
			return nil, p.unexpected()
		}
		return func(values []string) (truth, error) {
			return truthOf((left.of(values) == hiveNull) != negated), nil
		}, nil
	}
	negated := p.take("not")
	var f filter
	switch {
	case p.take("like"):
		f, err = p.like(left)
	case p.take("in"):
		f, err = p.in(left)
	case p.take("between"):
		f, err = p.between(left)
	case !negated:
		return p.comparison(left)
	default:
		return nil, p.unexpected()
	}
	if err != nil {
		return nil, err
	}
	if negated {
		f = negate(f)
	}
	return f, nil
}

func (p *filterParser) comparison(left operand) (filter, error) {
	operators := map[string]func(int) bool{
		"=":  func(c int) bool { return c == 0 },
		"<>": func(c int) bool { return c != 0 },
		"!=": func(c int) bool { return c != 0 },
		"<":  func(c int) bool { return c < 0 },
		"<=": func(c int) bool { return c <= 0 },
		">":  func(c int) bool { return c > 0 },
		">=": func(c int) bool { return c >= 0 },
	}
	if p.at >= len(p.tokens) || p.tokens[p.at].kind != symbol || operators[p.tokens[p.at].text] == nil {
		return nil, p.unexpected()
	}
	holds := operators[p.tokens[p.at].text]
	p.at++
	right, err := p.operand()
	if err != nil {
		return nil, err
	}
	return p.compare(left, right, holds)
}

func (p *filterParser) between(left operand) (filter, error) {
	low, err := p.operand()
	if err != nil {
		return nil, err
	}
	if !p.take("and") {
		return nil, p.unexpected()
	}
	high, err := p.operand()
	if err != nil {
		return nil, err
	}
	atLeast, err := p.compare(left, low, func(c int) bool { return c >= 0 })
	if err != nil {
		return nil, err
	}
	atMost, err := p.compare(left, high, func(c int) bool { return c <= 0 })
	if err != nil {
		return nil, err
	}
	return combine(atLeast, atMost, func(a, b truth) truth { return min(a, b) }), nil
}

func (p *filterParser) in(left operand) (filter, error) {
	if !p.take("(") {
		return nil, p.unexpected()
	}
	var any filter
	for {
		right, err := p.operand()
		if err != nil {
			return nil, err
		}
		equal, err := p.compare(left, right, func(c int) bool { return c == 0 })
		if err != nil {
			return nil, err
		}
		if any == nil {
			any = equal
		} else {
			any = combine(any, equal, func(a, b truth) truth { return max(a, b) })
		}
		if p.take(")") {
			return any, nil
		}
		if !p.take(",") {
			return nil, p.unexpected()
		}
	}
}

func (p *filterParser) like(left operand) (filter, error) {
	right, err := p.operand()
	if err != nil {
		return nil, err
	}
	if right.index >= 0 {
		return nil, invalid("Unsupported expression '" + p.text + "': LIKE needs a literal pattern")
	}
	var b strings.Builder
	for _, r := range right.text {
		switch r {
		case '%':
			b.WriteString(".*")
		case '_':
			b.WriteString(".")
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	pattern, err := regexp.Compile("(?s)^" + b.String() + "$")
	if err != nil {
		return nil, invalid("Unsupported expression '" + p.text + "': " + err.Error())
	}
	return func(values []string) (truth, error) {
		v := left.of(values)
		if left.index >= 0 && v == hiveNull {
			return unknown, nil
		}
		return truthOf(pattern.MatchString(v)), nil
	}, nil
}

var plainNumber = regexp.MustCompile(`^[+-]?(\d+\.?\d*|\.\d+)$`)

// parseNumber reads a decimal number of any length, exactly. Exponents are not
// numbers here: a short text could stand for one of a billion digits.
func parseNumber(s string) (*big.Rat, bool) {
	if !plainNumber.MatchString(s) {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

// compare makes a comparison in the type of the partition keys that take part.
func (p *filterParser) compare(left, right operand, holds func(int) bool) (filter, error) {
	numeric := false
	for _, o := range []operand{left, right} {
		if o.index < 0 {
			continue
		}
		kind, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(value(p.keys[o.index].Type))), "(")
		switch kind {
		case "tinyint", "smallint", "int", "integer", "bigint", "long", "decimal":
			numeric = true
		case "string", "varchar", "char", "date", "timestamp":
		default:
			return nil, invalid("Unsupported expression '" + p.text + "': type " + kind + " of partition key " + value(p.keys[o.index].Name))
		}
	}
	if numeric {
		for _, o := range []operand{left, right} {
			if o.index < 0 {
				if _, ok := parseNumber(o.text); !ok {
					return nil, invalid("Unsupported expression '" + p.text + "': \"" + o.text + "\" is not a number")
				}
			}
		}
	}
	return func(values []string) (truth, error) {
		a, b := left.of(values), right.of(values)
		if (left.index >= 0 && a == hiveNull) || (right.index >= 0 && b == hiveNull) {
			return unknown, nil
		}
		if !numeric {
			return truthOf(holds(strings.Compare(a, b))), nil
		}
		x, okX := parseNumber(a)
		y, okY := parseNumber(b)
		if !okX || !okY {
			return no, invalid("Unsupported expression '" + p.text + "': partition value \"" + a + "\" is not a number")
		}
		return truthOf(holds(x.Cmp(y))), nil
	}, nil
}
