package duck

import (
	"database/sql/driver"
	"errors"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
)

// regexpFunctions are those of regular expressions in Java's syntax. A pattern
// that RE2 knows runs in linear time; one with lookaround, backreferences or
// atomic groups, or one that can match nothing, runs on a backtracking engine,
// for a bounded time.
// https://trino.io/docs/current/functions/regexp.html
func regexpFunctions() []*function {
	patterns := &patterns{}
	with := func(signature string, run func(p matcher, v []driver.Value) (any, error)) *function {
		return define(signature, func(v []driver.Value) (any, error) {
			p, err := patterns.compile(v[1].(string))
			if err != nil {
				return nil, err
			}
			return run(p, v)
		})
	}
	return []*function{
		with("regexp_like(varchar, varchar) boolean", func(p matcher, v []driver.Value) (any, error) {
			m, err := p(v[0].(string), 1)
			return len(m) > 0, err
		}),
		with("regexp_count(varchar, varchar) bigint", func(p matcher, v []driver.Value) (any, error) {
			m, err := p(v[0].(string), -1)
			return int64(len(m)), err
		}),
		with("regexp_position(varchar, varchar) bigint", func(p matcher, v []driver.Value) (any, error) {
			m, err := p(v[0].(string), 1)
			if err != nil || len(m) == 0 {
				return int64(-1), err
			}
			return int64(utf8.RuneCountInString(v[0].(string)[:m[0][0]])) + 1, nil
		}),
		with("regexp_extract(varchar, varchar, bigint) varchar", func(p matcher, v []driver.Value) (any, error) {
			m, err := p(v[0].(string), 1)
			if err != nil || len(m) == 0 {
				return nil, errors.Join(err, groupError(v[2].(int64)))
			}
			return group(v[0].(string), m[0], v[2].(int64))
		}),
		with("regexp_extract_all(varchar, varchar, bigint) varchar[]", func(p matcher, v []driver.Value) (any, error) {
			m, err := p(v[0].(string), -1)
			if err != nil {
				return nil, err
			}
			out := []any{}
			for _, one := range m {
				text, err := group(v[0].(string), one, v[2].(int64))
				if err != nil {
					return nil, err
				}
				out = append(out, text)
			}
			return out, nil
		}),
		with("regexp_split(varchar, varchar) varchar[]", func(p matcher, v []driver.Value) (any, error) {
			s := v[0].(string)
			m, err := p(s, -1)
			if err != nil {
				return nil, err
			}
			out, last := []any{}, 0
			for _, one := range m {
				out = append(out, s[last:one[0]])
				last = one[1]
			}
			return append(out, s[last:]), nil
		}),
		// What a lambda is given of each match: the text before it and its groups;
		// the rest of the text is the last entry.
		with("regexp_pieces(varchar, varchar) varchar[][]", func(p matcher, v []driver.Value) (any, error) {
			s := v[0].(string)
			m, err := p(s, -1)
			if err != nil {
				return nil, err
			}
			out, last := []any{}, 0
			for _, one := range m {
				piece := []any{s[last:one[0]]}
				for i := 2; i < len(one); i += 2 {
					if one[i] < 0 {
						piece = append(piece, nil)
						continue
					}
					piece = append(piece, s[one[i]:one[i+1]])
				}
				out, last = append(out, piece), one[1]
			}
			return append(out, []any{s[last:]}), nil
		}),
		with("regexp_replace(varchar, varchar, varchar) varchar", func(p matcher, v []driver.Value) (any, error) {
			return replace(p, v[0].(string), v[1].(string), v[2].(string))
		}),
	}
}

// matcher finds up to n matches (-1: all): byte offsets of the match and its
// groups, -1 for a group that did not take part.
type matcher func(s string, n int) ([][]int, error)

// patterns keeps what has been compiled.
type patterns struct{ known sync.Map }

// patience bounds one search of the backtracking engine.
const patience = 2 * time.Second

func (p *patterns) compile(pattern string) (matcher, error) {
	if known, ok := p.known.Load(pattern); ok {
		return known.(matcher), nil
	}
	if err := classesInClasses(pattern); err != nil {
		return nil, err
	}
	var m matcher
	if re, err := regexp.Compile(pattern); err == nil && !matchesNothing(pattern) {
		m = func(s string, n int) ([][]int, error) { return re.FindAllStringSubmatchIndex(s, n), nil }
	} else {
		re, err := regexp2.Compile(pattern, regexp2.OptionMaintainCaptureOrder())
		if err != nil {
			return nil, fail("INVALID_FUNCTION_ARGUMENT", "invalid pattern or one that localaws does not implement: %s", pattern)
		}
		re.MatchTimeout = patience
		m = backtracking(re)
	}
	p.known.Store(pattern, m)
	return m, nil
}

// matchesNothing reports whether a pattern can match the empty text. Java finds
// such a match right after another one; RE2 does not.
func matchesNothing(pattern string) bool {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	return err != nil || empty(parsed)
}

func empty(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune) == 0
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL, syntax.OpNoMatch:
		return false
	case syntax.OpCapture, syntax.OpPlus:
		return empty(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min == 0 || empty(re.Sub[0])
	case syntax.OpConcat:
		return !slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return !empty(sub) })
	case syntax.OpAlternate:
		return slices.ContainsFunc(re.Sub, empty)
	}
	return true // anchors, word boundaries, star, question mark, nothing
}

// classesInClasses refuses what Java reads otherwise than Go: unions and
// intersections of character classes.
func classesInClasses(pattern string) error {
	inside := false
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\':
			i++
		case !inside && c == '[':
			inside = true
			if strings.HasPrefix(pattern[i+1:], "^") {
				i++
			}
			if strings.HasPrefix(pattern[i+1:], "]") {
				i++
			}
		case inside && c == ']':
			inside = false
		case inside && (c == '[' && !strings.HasPrefix(pattern[i:], "[:") || strings.HasPrefix(pattern[i:], "&&")):
			return fail("NOT_SUPPORTED", "localaws does not implement unions and intersections of character classes: %s", pattern)
		case inside && strings.HasPrefix(pattern[i:], "[:"):
			if end := strings.Index(pattern[i:], ":]"); end > 0 {
				i += end + 1
			}
		}
	}
	return nil
}

func backtracking(re *regexp2.Regexp) matcher {
	return func(s string, n int) ([][]int, error) {
		var all [][]int
		m, err := re.FindStringMatch(s)
		for ; m != nil && err == nil && (n < 0 || len(all) < n); m, err = re.FindNextMatch(m) {
			var one []int
			for _, g := range m.Groups() {
				if len(g.Captures) == 0 {
					one = append(one, -1, -1)
					continue
				}
				from, length := g.ByteRange()
				one = append(one, from, from+length)
			}
			all = append(all, one)
		}
		if err != nil {
			return nil, fail("EXCEEDED_TIME_LIMIT", "regular expression takes longer than %s: %s", patience, re.String())
		}
		return all, nil
	}
}

func groupError(n int64) error {
	if n < 0 {
		return fail("INVALID_FUNCTION_ARGUMENT", "Group cannot be negative")
	}
	return nil
}

func group(s string, match []int, n int64) (any, error) {
	if n < 0 {
		return nil, fail("INVALID_FUNCTION_ARGUMENT", "Group cannot be negative")
	}
	if int(n) >= len(match)/2 {
		return nil, fail("INVALID_FUNCTION_ARGUMENT", "Pattern has %d groups. Cannot access group %d", len(match)/2-1, n)
	}
	if match[2*n] < 0 {
		return nil, nil
	}
	return s[match[2*n]:match[2*n+1]], nil
}

// replace puts $1 and ${name} into the replacement; a backslash escapes.
func replace(p matcher, s, pattern, replacement string) (any, error) {
	m, err := p(s, -1)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	last := 0
	for _, one := range m {
		b.WriteString(s[last:one[0]])
		last = one[1]
		for i := 0; i < len(replacement); i++ {
			switch c := replacement[i]; {
			case c == '\\':
				if i++; i == len(replacement) {
					return nil, fail("INVALID_FUNCTION_ARGUMENT", "Illegal replacement sequence: %s", replacement)
				}
				b.WriteByte(replacement[i])
			case c == '$':
				n, used, err := reference(replacement[i+1:], pattern, len(one)/2)
				if err != nil {
					return nil, err
				}
				i += used
				if one[2*n] >= 0 {
					b.WriteString(s[one[2*n]:one[2*n+1]])
				}
			default:
				b.WriteByte(c)
			}
		}
	}
	return b.String() + s[last:], nil
}

var groupNames = regexp.MustCompile(`\\.|\(\?P?<([A-Za-z][A-Za-z0-9]*)>|\((?:[^?]|$)`)

// reference reads what follows a $: the longest number that is a group, or a
// name in braces.
func reference(rest, pattern string, groups int) (n, used int, err error) {
	illegal := fail("INVALID_FUNCTION_ARGUMENT", "Illegal replacement sequence: unknown group { $%s }", rest)
	if name, _, ok := strings.Cut(strings.TrimPrefix(rest, "{"), "}"); ok && strings.HasPrefix(rest, "{") {
		count := 0
		for _, m := range groupNames.FindAllStringSubmatch(pattern, -1) {
			if strings.HasPrefix(m[0], `\`) {
				continue
			}
			if count++; m[1] == name {
				return count, len(name) + 2, nil
			}
		}
		return 0, 0, illegal
	}
	for used < len(rest) && rest[used] >= '0' && rest[used] <= '9' {
		if next := n*10 + int(rest[used]-'0'); used > 0 && next >= groups {
			break
		} else {
			n = next
		}
		used++
	}
	if used == 0 || n >= groups {
		return 0, 0, illegal
	}
	return n, used, nil
}
