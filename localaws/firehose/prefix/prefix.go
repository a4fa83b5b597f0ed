// Package prefix evaluates the custom prefixes of Amazon Data Firehose:
// "logs/app/year=!{timestamp:yyyy}/month=!{timestamp:MM}/".
//
// A prefix is literal text with expressions !{namespace:value} in it:
//
//   - timestamp takes a pattern of java.time's DateTimeFormatter, applied to one
//     instant, the arrival of the oldest record in the object, in UTC or the
//     stream's CustomTimeZone;
//   - firehose takes random-string (eleven characters, new at each instance) and,
//     in ErrorOutputPrefix only, error-output-type.
//
// The sequence "!{" opens an expression wherever it stands: there is no way to
// escape it. Inside a timestamp pattern, text between single quotes is literal
// and two single quotes are one.
//
// The rules and the wording of the errors are those of the page "Understand
// custom prefixes for Amazon S3 objects" of the Firehose developer guide and of
// the service's answers. partitionKeyFromQuery and partitionKeyFromLambda are
// recognised and reported by [Template.Partitioned]; they cannot be evaluated
// here, because dynamic partitioning is not.
package prefix

import (
	"fmt"
	"strings"
	"time"
)

// MaxLength is the longest prefix, in characters, after evaluation.
const MaxLength = 512

// Kind says which of a stream's two prefixes a template is: they obey different
// rules.
type Kind int

// The two prefixes of a stream.
const (
	Prefix Kind = iota
	ErrorOutputPrefix
)

func (k Kind) String() string {
	if k == ErrorOutputPrefix {
		return "ErrorOutputPrefix"
	}
	return "Prefix"
}

// Template is a parsed prefix.
type Template struct {
	kind        Kind
	parts       []part
	timestamps  int
	expressions int
	errorTypes  int
	partitioned bool
}

// part is literal text or an expression.
type part struct {
	literal string
	pattern *pattern // timestamp
	name    string   // of another expression: "random-string", "error-output-type"
}

// Values is what a template is evaluated with.
type Values struct {
	// Time is the arrival of the oldest record in the object.
	Time time.Time
	// Zone is the stream's CustomTimeZone; nil is UTC.
	Zone *time.Location
	// ErrorType is the kind of failure: "decompression-failed",
	// "processing-failed". Unused in a Prefix.
	ErrorType string
	// Random returns eleven random characters, new ones at each call.
	Random func() string
}

// Parse reads a prefix. Every error is an *[Invalid], to be sent as an
// InvalidArgumentException.
func Parse(kind Kind, s string) (*Template, error) {
	t := &Template{kind: kind}
	rest := s
	for rest != "" {
		literal, expression, found := strings.Cut(rest, "!{")
		if literal != "" {
			t.parts = append(t.parts, part{literal: literal})
		}
		if !found {
			break
		}
		body, tail, err := cutExpression(expression)
		if err != nil {
			return nil, err
		}
		p, err := t.expression(body)
		if err != nil {
			return nil, err
		}
		t.parts = append(t.parts, p)
		t.expressions++
		rest = tail
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	return t, nil
}

// Invalid is why a prefix is refused, in the words of the service.
type Invalid struct{ Reason string }

func (e *Invalid) Error() string { return e.Reason }

func refuse(format string, args ...any) error { return &Invalid{fmt.Sprintf(format, args...)} }

func badUsage() error { return refuse("Invalid expression usage") }

// cutExpression splits what follows "!{" at the closing brace. A brace inside
// single quotes does not close.
func cutExpression(s string) (body, tail string, err error) {
	quoted := false
	for i := range len(s) {
		switch s[i] {
		case '\'':
			quoted = !quoted
		case '}':
			if !quoted {
				return s[:i], s[i+1:], nil
			}
		}
	}
	return "", "", badUsage()
}

func (t *Template) expression(body string) (part, error) {
	namespace, value, found := strings.Cut(body, ":")
	if !found || namespace == "" {
		return part{}, badUsage()
	}
	badValue := refuse("Invalid conversion character used in the value of the expression in %s", t.kind)
	switch namespace {
	case "timestamp":
		p, err := parsePattern(value)
		if err != nil {
			return part{}, badValue
		}
		t.timestamps++
		return part{pattern: p}, nil
	case "firehose":
		switch value {
		case "random-string":
			return part{name: value}, nil
		case "error-output-type":
			t.errorTypes++
			return part{name: value}, nil
		}
		return part{}, badValue
	case "partitionKeyFromQuery", "partitionKeyFromLambda":
		if t.kind == ErrorOutputPrefix {
			return part{}, refuse("Dynamic Partitioning Namespaces can't be part of an error prefix expression")
		}
		t.partitioned = true
		return part{name: body}, nil
	}
	return part{}, refuse("Namespace to the left of colon (%s) is an invalid keyword!", namespace)
}

// check applies the rules that concern one prefix as a whole.
func (t *Template) check() error {
	switch {
	case t.kind == Prefix && t.errorTypes > 0:
		return refuse("Prefix must not contain any occurrence of !{firehose:error-output-type}")
	case t.kind == ErrorOutputPrefix && t.expressions > 0 && t.errorTypes == 0:
		return refuse("ErrorOutputPrefix must contain at least one occurrence of !{firehose:error-output-type}")
	case t.shortest() > MaxLength:
		label := "prefix"
		if t.kind == ErrorOutputPrefix {
			label = "ErrorOutputPrefix"
		}
		return refuse("Length of evaluated %s cannot be greater than %d", label, MaxLength)
	}
	return nil
}

// shortest is a lower bound of the evaluated length in characters.
func (t *Template) shortest() int {
	n := 0
	for _, p := range t.parts {
		switch {
		case p.pattern != nil, p.name == "error-output-type":
			n++
		case p.name == "random-string":
			n += 11
		default:
			n += len([]rune(p.literal))
		}
	}
	return n
}

// HasExpressions reports whether the template has any expression: such a Prefix
// needs an ErrorOutputPrefix.
func (t *Template) HasExpressions() bool { return t.expressions > 0 }

// Partitioned reports whether the template uses a dynamic partitioning key.
func (t *Template) Partitioned() bool { return t.partitioned }

// Evaluate is the prefix for one object.
//
// A Prefix without a timestamp expression gets yyyy/MM/dd/HH/ appended, with no
// slash inserted before it ("legacy" becomes "legacy2026/07/13/10/"). An
// ErrorOutputPrefix without any expression gets the error type and the same
// time; one with expressions is taken as it is.
func (t *Template) Evaluate(v Values) string {
	zone := v.Zone
	if zone == nil {
		zone = time.UTC
	}
	at := v.Time.In(zone)
	var b strings.Builder
	for _, p := range t.parts {
		switch {
		case p.pattern != nil:
			p.pattern.format(&b, at)
		case p.name == "random-string":
			b.WriteString(v.Random())
		case p.name == "error-output-type":
			b.WriteString(v.ErrorType)
		case p.name != "":
			b.WriteString("!{" + p.name + "}")
		default:
			b.WriteString(p.literal)
		}
	}
	const hourly = "2006/01/02/15/"
	switch {
	case t.kind == Prefix && t.timestamps == 0:
		b.WriteString(at.Format(hourly))
	case t.kind == ErrorOutputPrefix && t.expressions == 0:
		b.WriteString(v.ErrorType + "/" + at.Format(hourly))
	}
	return b.String()
}
