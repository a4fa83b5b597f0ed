package logs

import (
	"cmp"
	"container/heap"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
)

// position is where an event stands among all: its timestamp, then its place in
// the order of arrival.
type position struct {
	timestamp int64 // ms
	sequence  uint64
}

func (e event) position() position { return position{e.timestamp, e.sequence} }

func (p position) compare(q position) int {
	return cmp.Or(cmp.Compare(p.timestamp, q.timestamp), cmp.Compare(p.sequence, q.sequence))
}

// after is the next position of the same time; sequences never come near their end.
func (p position) after() position { return position{p.timestamp, p.sequence + 1} }

// before is the position that precedes p.
func (p position) before() position {
	if p.sequence == 0 {
		return position{max(p.timestamp-1, 0), math.MaxUint64}
	}
	return position{p.timestamp, p.sequence - 1}
}

// sequenceBits is how far up the timestamp stands in an id, as in the ids of the
// service.
const sequenceBits = 144

// String is the 56 digits that identify the event there: ids sort as events do.
func (p position) String() string {
	id := new(big.Int).Lsh(big.NewInt(p.timestamp), sequenceBits)
	id.Add(id, new(big.Int).SetUint64(p.sequence))
	return fmt.Sprintf("%056d", id)
}

// readPosition reads the 56 digits of an id of this service.
func readPosition(digits string) (position, bool) {
	id, ok := new(big.Int).SetString(digits, 10)
	if !ok || len(digits) != 56 || strings.Trim(digits, "0123456789") != "" {
		return position{}, false
	}
	timestamp := new(big.Int).Rsh(id, sequenceBits)
	sequence := id.Sub(id, new(big.Int).Lsh(timestamp, sequenceBits))
	if !timestamp.IsInt64() || !sequence.IsUint64() {
		return position{}, false
	}
	return position{timestamp.Int64(), sequence.Uint64()}, true
}

// token is a page token for reading events: a direction and a position.
type token struct {
	forward  bool
	position position
}

func (t token) String() string {
	if t.forward {
		return "f/" + t.position.String() + "/s"
	}
	return "b/" + t.position.String() + "/s"
}

func readCursor(s string) (token, error) {
	parts := strings.Split(s, "/")
	if len(parts) == 3 && (parts[0] == "f" || parts[0] == "b") && parts[2] == "s" {
		if p, ok := readPosition(parts[1]); ok {
			return token{parts[0] == "f", p}, nil
		}
	}
	return token{}, invalid("The specified nextToken is invalid.")
}

// beyond cuts events, which are in order, to those beyond the token.
func (t token) beyond(events []event) []event {
	at, found := slices.BinarySearchFunc(events, t.position, func(e event, p position) int { return e.position().compare(p) })
	if !t.forward {
		return events[:at]
	}
	if found {
		at++
	}
	return events[at:]
}

// merge reads the events of several streams in one order.
type merge struct {
	forward bool
	streams []reader
	built   bool
}

// reader is what is still to be read of a stream.
type reader struct {
	stream string
	events []event
}

// add gives merge a stream's events, in order of time whatever the direction.
func (m *merge) add(stream string, events []event) {
	if len(events) > 0 {
		m.streams = append(m.streams, reader{stream, events})
	}
}

// next returns the next event and its stream.
func (m *merge) next() (stream string, e event, ok bool) {
	if !m.built {
		heap.Init(m)
		m.built = true
	}
	if len(m.streams) == 0 {
		return "", event{}, false
	}
	r := &m.streams[0]
	stream, e = r.stream, r.head(m.forward)
	if m.forward {
		r.events = r.events[1:]
	} else {
		r.events = r.events[:len(r.events)-1]
	}
	if len(r.events) == 0 {
		heap.Pop(m)
	} else {
		heap.Fix(m, 0)
	}
	return stream, e, true
}

func (r reader) head(forward bool) event {
	if forward {
		return r.events[0]
	}
	return r.events[len(r.events)-1]
}

// The methods of heap.Interface.

func (m *merge) Len() int { return len(m.streams) }

func (m *merge) Less(i, j int) bool {
	c := m.streams[i].head(m.forward).position().compare(m.streams[j].head(m.forward).position())
	if m.forward {
		return c < 0
	}
	return c > 0
}

func (m *merge) Swap(i, j int) { m.streams[i], m.streams[j] = m.streams[j], m.streams[i] }

func (m *merge) Push(x any) { m.streams = append(m.streams, x.(reader)) }

func (m *merge) Pop() any {
	last := m.streams[len(m.streams)-1]
	m.streams = m.streams[:len(m.streams)-1]
	return last
}
