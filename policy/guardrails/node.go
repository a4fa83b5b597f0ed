package guardrails

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// Node is a place in a resource's properties that may be known, absent, or not
// known yet. Walking below an unknown value stays unknown; walking below an
// absent one stays absent: no rule needs to look where it steps.
type Node struct {
	Path  string
	value property.Value
}

// At returns the node at a dotted path, for example
// extendedS3Configuration.processingConfiguration.enabled.
func (r Resource) At(path string) Node {
	return Node{value: property.New(r.Props)}.At(path)
}

// At walks down from the node.
func (n Node) At(path string) Node {
	for key := range strings.SplitSeq(path, ".") {
		n = n.key(key)
	}
	return n
}

func (n Node) key(key string) Node {
	path := key
	if n.Path != "" {
		path = n.Path + "." + key
	}
	switch {
	case n.value.IsComputed():
		return Node{Path: path, value: property.New(property.Computed)}
	case n.value.IsMap():
		return Node{Path: path, value: n.value.AsMap().Get(key)}
	case n.value.IsArray() && n.value.AsArray().Len() == 1:
		// Blocks that are a list of at most one in one generation of a resource
		// are a plain object in the other.
		return Node{Path: n.Path + "[0]", value: n.value.AsArray().Get(0)}.key(key)
	}
	return Node{Path: path}
}

// Items returns the elements of an array; an object stands for a list of one.
// An absent or unknown node has none: ask Unknown first where that matters.
func (n Node) Items() []Node {
	switch {
	case n.value.IsArray():
		var items []Node
		for i, v := range n.value.AsArray().All {
			items = append(items, Node{Path: fmt.Sprintf("%s[%d]", n.Path, i), value: v})
		}
		return items
	case n.value.IsMap():
		return []Node{n}
	}
	return nil
}

// Keys returns the names of an object's members.
func (n Node) Keys() []string {
	if !n.value.IsMap() {
		return nil
	}
	var keys []string
	for key := range n.value.AsMap().AllStable {
		keys = append(keys, key)
	}
	return keys
}

// Unknown reports whether the value will only be known in the update.
func (n Node) Unknown() bool { return n.value.IsComputed() }

// HasUnknown reports whether anything in the value is not known yet.
func (n Node) HasUnknown() bool { return n.value.HasComputed() }

// Absent reports whether the program does not set the property. An empty list is
// the same as none at all.
func (n Node) Absent() bool {
	return n.value.IsNull() || n.value.IsArray() && n.value.AsArray().Len() == 0
}

// Number returns the value as a number; numbers in strings count, since some
// languages write them so.
func (n Node) Number() (float64, bool) {
	switch {
	case n.value.IsNumber():
		return n.value.AsNumber(), true
	case n.value.IsString():
		v, err := strconv.ParseFloat(n.value.AsString(), 64)
		return v, err == nil
	}
	return 0, false
}

// Text returns the value as a string.
func (n Node) Text() (string, bool) {
	switch {
	case n.value.IsString():
		return n.value.AsString(), true
	case n.value.IsNumber():
		return strconv.FormatFloat(n.value.AsNumber(), 'f', -1, 64), true
	case n.value.IsBool():
		return strconv.FormatBool(n.value.AsBool()), true
	}
	return "", false
}

// Bool returns the value as a boolean.
func (n Node) Bool() (value, ok bool) {
	switch {
	case n.value.IsBool():
		return n.value.AsBool(), true
	case n.value.IsString():
		v, err := strconv.ParseBool(n.value.AsString())
		return v, err == nil
	}
	return false, false
}

// all is everything known in the value, as text to search in: a string itself,
// anything else as JSON.
func (n Node) all() string {
	if text, ok := n.Text(); ok {
		return text
	}
	encoded, err := json.Marshal(goValue(n.value))
	if err != nil {
		return ""
	}
	return string(encoded)
}

// String shows the value in a message. A secret is not shown.
func (n Node) String() string {
	switch {
	case n.value.HasSecrets():
		return "a secret"
	case n.Unknown():
		return "not known yet"
	case n.value.IsNull():
		return "not set"
	}
	if text, ok := n.Text(); ok {
		if n.value.IsString() {
			return strconv.Quote(text)
		}
		return text
	}
	switch {
	case n.value.IsArray():
		return fmt.Sprintf("a list of %d", n.value.AsArray().Len())
	case n.value.IsMap():
		return "an object"
	}
	return "something else"
}

// Out returns a node of what the provider made of the resource. Only when the
// whole stack is judged.
func (r Resource) Out(path string) Node {
	return Node{value: property.New(r.Outputs)}.At(path)
}
