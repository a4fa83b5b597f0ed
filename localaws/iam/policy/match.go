package policy

import "strings"

// pattern is a text with wildcards, its policy variables replaced. What came
// out of a variable is literal: a tag "*" does not match everything.
type pattern []glyph

type glyph struct {
	char rune
	wild bool // '*' or '?' as a wildcard
}

// compile replaces ${key}, ${key, 'default'}, ${*}, ${?} and ${$}. It answers
// false where a variable has no value: then nothing matches (IAM User Guide,
// "IAM policy elements: variables and tags"). Version 2008-10-17 knows no
// variables.
func compile(text, version string, context Context) (pattern, bool) {
	var out pattern
	for text != "" {
		start := strings.Index(text, "${")
		if start < 0 || version == "2008-10-17" {
			return appendWild(out, text), true
		}
		out = appendWild(out, text[:start])
		name, rest, ok := strings.Cut(text[start+2:], "}")
		if !ok {
			return nil, false
		}
		value, ok := variable(name, context)
		if !ok {
			return nil, false
		}
		for _, c := range value {
			out = append(out, glyph{char: c})
		}
		text = rest
	}
	return out, true
}

func appendWild(p pattern, text string) pattern {
	for _, c := range text {
		p = append(p, glyph{c, c == '*' || c == '?'})
	}
	return p
}

func variable(name string, context Context) (string, bool) {
	switch name {
	case "*", "?", "$":
		return name, true
	}
	key, fallback, hasDefault := strings.Cut(name, ",")
	if values := context.get(strings.TrimSpace(key)); len(values) == 1 {
		return values[0], true
	}
	fallback = strings.TrimSpace(fallback)
	if hasDefault && len(fallback) >= 2 && fallback[0] == '\'' && fallback[len(fallback)-1] == '\'' {
		return fallback[1 : len(fallback)-1], true
	}
	return "", false
}

// matches compares the whole text; '*' is any run of characters, '?' any one.
func (p pattern) matches(text string) bool {
	runes := []rune(text)
	i, star, mark := 0, -1, 0
	for at := 0; at < len(runes); {
		switch {
		case i < len(p) && p[i].wild && p[i].char == '*':
			star, mark = i, at
			i++
		case i < len(p) && (p[i].char == runes[at] || p[i].wild && p[i].char == '?'):
			i++
			at++
		case star >= 0:
			mark++
			i, at = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i].wild && p[i].char == '*' {
		i++
	}
	return i == len(p)
}

// literal is the pattern's text, for operators without wildcards.
func (p pattern) literal() string {
	var out strings.Builder
	for _, g := range p {
		out.WriteRune(g.char)
	}
	return out.String()
}

// matchesARN compares two ARNs by their six parts, so that a '*' in one part
// does not run into the next; the sixth part is the rest. What is not an ARN of
// six parts is compared as text.
func (p pattern) matchesARN(arn string) bool {
	parts := p.split(6)
	texts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || len(texts) != 6 {
		return p.matches(arn)
	}
	for i := range parts {
		if !parts[i].matches(texts[i]) {
			return false
		}
	}
	return true
}

func (p pattern) split(n int) []pattern {
	var out []pattern
	start := 0
	for i, g := range p {
		if g.char == ':' && len(out) < n-1 {
			out = append(out, p[start:i])
			start = i + 1
		}
	}
	return append(out, p[start:])
}

func matchesAction(pattern, action string) bool {
	return appendWild(nil, strings.ToLower(pattern)).matches(strings.ToLower(action))
}
