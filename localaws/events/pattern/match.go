package pattern

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ErrNotObject says that an event is not a JSON object.
var ErrNotObject = errors.New("event is not a JSON object")

// Event is an event seen as its leaves, ready to be matched by any number of
// patterns.
type Event struct {
	leaves map[string][]placed
}

// placed is a leaf and where it lies.
type placed struct {
	leaf
	places places
}

// places tells which element of which array holds a leaf, the outermost array
// first. Arrays are numbered through the event. Elements that are no objects or
// arrays themselves have no place.
type places []place

type place struct{ array, element int }

// ParseEvent reads an event.
func ParseEvent(event []byte) (*Event, error) {
	decoder := json.NewDecoder(bytes.NewReader(event))
	decoder.UseNumber()
	var root any
	if err := decoder.Decode(&root); err != nil {
		return nil, fmt.Errorf("event is not JSON: %w", err)
	}
	object, ok := root.(map[string]any)
	if !ok {
		return nil, ErrNotObject
	}
	if decoder.More() {
		return nil, ErrNotObject
	}
	e := &Event{leaves: map[string][]placed{}}
	w := walker{event: e}
	w.object("", object, nil)
	return e, nil
}

type walker struct {
	event  *Event
	arrays int
}

func (w *walker) object(path string, object map[string]any, at places) {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		full := name
		if path != "" {
			full = path + "." + name
		}
		w.value(full, object[name], at)
	}
}

func (w *walker) value(path string, v any, at places) {
	switch v := v.(type) {
	case map[string]any:
		w.object(path, v, at)
	case []any:
		array := w.arrays
		w.arrays++
		for i, element := range v {
			switch element.(type) {
			case map[string]any, []any:
				w.value(path, element, append(slices.Clip(at), place{array, i}))
			default:
				w.value(path, element, at)
			}
		}
	case string:
		w.add(path, leaf{isString: true, text: v}, at)
	case json.Number:
		w.add(path, leaf{text: v.String()}, at)
	default:
		w.add(path, leaf{text: fmt.Sprint(literalText(v))}, at)
	}
}

func literalText(v any) string {
	switch v {
	case true:
		return "true"
	case false:
		return "false"
	}
	return "null"
}

func (w *walker) add(path string, l leaf, at places) {
	w.event.leaves[path] = append(w.event.leaves[path], placed{l, at})
}

// with joins the places of a leaf to those of the leaves matched so far; not ok
// when both lie in different elements of one array.
func (p places) with(more places) (places, bool) {
	joined := p
	for _, m := range more {
		i := slices.IndexFunc(p, func(have place) bool { return have.array == m.array })
		switch {
		case i < 0:
			joined = append(slices.Clip(joined), m)
		case p[i].element != m.element:
			return nil, false
		}
	}
	return joined, true
}

func (p places) key() string {
	var b strings.Builder
	for _, one := range slices.SortedFunc(slices.Values(p), func(x, y place) int { return x.array - y.array }) {
		fmt.Fprintf(&b, "%d:%d,", one.array, one.element)
	}
	return b.String()
}

// Match tells whether the event matches the pattern.
func (p *Pattern) Match(e *Event) bool {
	for _, a := range p.alternatives {
		s := search{fields: slices.Sorted(maps.Keys(a)), of: a, event: e, failed: map[string]bool{}}
		if s.from(0, nil) {
			return true
		}
	}
	return false
}

// search looks for leaves that match all fields and lie together. Fields are
// taken in the order of their paths, as the service does, because the lack of a
// field is judged in the elements that the fields before it have chosen.
type search struct {
	fields []string
	of     alternative
	event  *Event
	failed map[string]bool // places from which the rest was tried in vain
}

func (s *search) from(i int, at places) bool {
	if i == len(s.fields) {
		return true
	}
	key := fmt.Sprint(i, "/", at.key())
	if s.failed[key] {
		return false
	}
	field := s.fields[i]
	present := false
	for _, candidate := range s.event.leaves[field] {
		joined, ok := at.with(candidate.places)
		if !ok {
			continue
		}
		present = true
		if matches(s.of[field], candidate.leaf) && s.from(i+1, joined) {
			return true
		}
	}
	if !present && slices.Contains(s.of[field], matcher(absent{})) && s.from(i+1, at) {
		return true
	}
	s.failed[key] = true
	return false
}

func matches(values []matcher, l leaf) bool {
	for _, m := range values {
		if m.match(l) {
			return true
		}
	}
	return false
}

// Has tells whether the event has a leaf of that path.
func (e *Event) Has(path string) bool { return len(e.leaves[path]) > 0 }
