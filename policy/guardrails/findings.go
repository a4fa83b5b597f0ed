package guardrails

import (
	"fmt"
	"strconv"
	"strings"
)

// Violation is one thing that is wrong with one resource.
type Violation struct {
	// URN and Resource say where. Both are empty for the stack as a whole.
	URN, Resource string
	// Path is the property, for example extendedS3Configuration.bufferingSize.
	Path string
	// Found and Allowed are written for a reader: "1 MiB", "at least 64 MiB".
	Found, Allowed string
	// Setting is the name of the setting that holds the limit; empty when the
	// rule has no setting for it.
	Setting string
	// ExtraUSD is what the value found costs a month beyond the value allowed;
	// zero when that is not known.
	ExtraUSD float64
	// Detail is a further sentence, where one is needed.
	Detail string
}

// Message is the violation in one or two sentences, with the key to change and
// the remedy of the rule.
func (v Violation) Message(g Guardrail) string {
	var b strings.Builder
	subject := v.Resource
	if subject == "" {
		subject = "the stack"
	}
	b.WriteString(subject)
	if v.Path != "" {
		b.WriteString(": " + v.Path)
	}
	fmt.Fprintf(&b, " is %s; allowed: %s", v.Found, v.Allowed)
	if v.Setting != "" {
		fmt.Fprintf(&b, " (%s.%s)", g.Name, v.Setting)
	} else {
		fmt.Fprintf(&b, " (%s)", g.Name)
	}
	b.WriteString(".")
	if v.ExtraUSD >= 0.005 {
		fmt.Fprintf(&b, " Costs about $%s a month more.", strconv.FormatFloat(v.ExtraUSD, 'f', 2, 64))
	}
	if v.Detail != "" {
		b.WriteString(" " + v.Detail)
	}
	if g.Remedy != "" {
		b.WriteString(" " + g.Remedy)
	}
	return b.String()
}

// Unjudged is a property that could not be judged because its value is not
// known before the update.
type Unjudged struct {
	URN, Resource, Path string
}

// Findings is what a rule has to say.
type Findings struct {
	Violations []Violation
	Unjudged   []Unjudged
}

// violate adds a violation of a resource.
func (f *Findings) violate(r Resource, v Violation) {
	v.URN, v.Resource = r.URN, r.Name
	f.Violations = append(f.Violations, v)
}

// wait notes a value that is not known yet.
func (f *Findings) wait(r Resource, path string) {
	f.Unjudged = append(f.Unjudged, Unjudged{URN: r.URN, Resource: r.Name, Path: path})
}

// violateStack adds a violation of the stack as a whole.
func (f *Findings) violateStack(v Violation) { f.Violations = append(f.Violations, v) }

// number reads a number. When the property is absent it is the fallback: what
// AWS assumes. ok is false when there is nothing to compare, which has then
// been noted.
func (f *Findings) number(r Resource, n Node, fallback float64) (value float64, ok bool) {
	switch {
	case n.Unknown():
		f.wait(r, n.Path)
		return 0, false
	case n.Absent():
		return fallback, true
	}
	value, ok = n.Number()
	if !ok {
		f.violate(r, Violation{Path: n.Path, Found: n.String(), Allowed: "a number"})
	}
	return value, ok
}

// text reads a string; see number.
func (f *Findings) text(r Resource, n Node, fallback string) (value string, ok bool) {
	switch {
	case n.Unknown():
		f.wait(r, n.Path)
		return "", false
	case n.Absent():
		return fallback, true
	}
	value, ok = n.Text()
	if !ok {
		f.violate(r, Violation{Path: n.Path, Found: n.String(), Allowed: "a string"})
	}
	return value, ok
}

// flag reads a boolean; see number.
func (f *Findings) flag(r Resource, n Node, fallback bool) (value, ok bool) {
	switch {
	case n.Unknown():
		f.wait(r, n.Path)
		return false, false
	case n.Absent():
		return fallback, true
	}
	value, ok = n.Bool()
	if !ok {
		f.violate(r, Violation{Path: n.Path, Found: n.String(), Allowed: "true or false"})
	}
	return value, ok
}
