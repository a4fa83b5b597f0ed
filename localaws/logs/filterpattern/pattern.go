// Package filterpattern is the filter pattern language of CloudWatch Logs, as
// subscription filters, metric filters and FilterLogEvents use it.
//
// There are three kinds of pattern:
//
//	ERROR -ARGUMENTS "exact phrase"      terms (?a ?b for any of them, %regex%)
//	{ $.status = 5* && $.latency > 3 }   conditions on a JSON message
//	[ip, user, ..., status = 4*, bytes]  conditions on space-delimited fields
//
// The empty pattern matches everything. Matching is case-sensitive.
//
// The rules are those of "Filter pattern syntax for metric filters, subscription
// filters, filter log events, and Live Tail" in the CloudWatch Logs user guide.
// Where that page is silent, what is known of the service's answers decides, and
// the comment at the place says so. IS NOT and EXISTS are refused, as that page
// says they are.
package filterpattern

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The limits that the guide gives.
const (
	MaxLength             = 1024 // characters of a pattern
	maxRegexes            = 2    // in a JSON or delimited pattern
	maxSelectorWildcards  = 1    // in one property selector
	maxWildcardsInPattern = 3    // in all selectors of a pattern
)

// Kind is the kind of a pattern.
type Kind int

// The kinds of pattern.
const (
	Terms Kind = iota
	JSON
	Delimited
)

// Pattern is a parsed filter pattern. It is immutable and safe for concurrent use.
type Pattern struct {
	kind    Kind
	source  string
	regexes int
	match   func(message string) bool
	extract func(message string) map[string]string
}

// SyntaxError is why a pattern is refused. Reason is worded as the service words
// it where its wording is known; it is empty for a pattern whose structure is
// wrong, which the service calls "Invalid metric filter pattern" or "Invalid
// filter pattern" depending on the operation.
type SyntaxError struct{ Reason string }

func (e *SyntaxError) Error() string {
	if e.Reason == "" {
		return "Invalid filter pattern"
	}
	return e.Reason
}

func structure() error { return &SyntaxError{} }

func refuse(format string, args ...any) error {
	return &SyntaxError{Reason: fmt.Sprintf(format, args...)}
}

func badTerm(term string) error { return refuse("Invalid character(s) in term '%s'", term) }

// Parse reads a pattern. Every error is a *[SyntaxError].
func Parse(s string) (*Pattern, error) {
	if utf8.RuneCountInString(s) > MaxLength {
		return nil, refuse("Filter pattern must not be longer than %d characters", MaxLength)
	}
	if !utf8.ValidString(s) {
		return nil, structure()
	}
	// A brace or bracket must come first: the service refuses " {$.flag IS TRUE} ".
	if first := strings.TrimSpace(s); first != "" && first[0] != s[0] && (first[0] == '{' || first[0] == '[') {
		return nil, structure()
	}
	switch {
	case strings.HasPrefix(s, "{"):
		body := strings.TrimRightFunc(s, unicode.IsSpace)
		if !strings.HasSuffix(body, "}") || len(body) < 2 {
			return nil, refuse("If a filter pattern starts with '{' it must end with '}'")
		}
		return parseJSON(s, body[1:len(body)-1])
	case strings.HasPrefix(s, "["):
		body := strings.TrimRightFunc(s, unicode.IsSpace)
		if !strings.HasSuffix(body, "]") || len(body) < 2 {
			return nil, refuse("If a filter pattern starts with '[' it must end with ']'")
		}
		return parseDelimited(s, body[1:len(body)-1])
	}
	return parseTerms(s)
}

// String is the pattern's source.
func (p *Pattern) String() string { return p.source }

// Kind is the pattern's kind: only JSON and Delimited ones name fields.
func (p *Pattern) Kind() Kind { return p.kind }

// Regexes counts the regular expressions in the pattern: a log group may have
// five filters that use any.
func (p *Pattern) Regexes() int { return p.regexes }

// Match reports whether the pattern matches the message of a log event.
func (p *Pattern) Match(message string) bool { return p.match(message) }

// Extract returns the values of the fields that the pattern names, keyed by
// selector ("$.eventType", "$status_code"), as TestMetricFilter shows them. It is
// empty for a pattern of terms. Its answer means nothing unless the pattern
// matches.
func (p *Pattern) Extract(message string) map[string]string {
	if p.extract == nil {
		return map[string]string{}
	}
	return p.extract(message)
}

// Value returns what a selector selects in a message: "$.latency" in a JSON
// message (whether or not the pattern names it), "$bytes" in a message that the
// Delimited pattern splits. Metric values and dimensions are such selectors.
func (p *Pattern) Value(message, selector string) (string, bool) {
	switch p.kind {
	case JSON:
		path, err := ParseSelector(selector)
		if err != nil {
			return "", false
		}
		doc, ok := decode(message)
		if !ok {
			return "", false
		}
		for _, node := range path.find(doc) {
			if text, ok := scalarText(node); ok {
				return text, true
			}
		}
		return "", false
	case Delimited:
		v, ok := p.Extract(message)[selector]
		return v, ok
	}
	return "", false
}
