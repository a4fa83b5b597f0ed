package ndjson

import "fmt"

// maxNesting is encoding/json's limit of arrays and objects within each other.
const maxNesting = 10000

// maxRawKey is how much of a key is kept while it is read: enough for maxKey
// bytes however they are escaped.
const maxRawKey = 6*maxKey + 12

// state is what the machine expects next.
type state uint8

const (
	stStart     state = iota // a value at the top
	stValue                  // a value
	stFirstElem              // a value or ]
	stFirstKey               // a key or }
	stKey                    // a key
	stColon                  // :
	stAfter                  // , ] } or, at the top, the end
	stString                 // the rest of a string
	stEscape                 // what follows a backslash
	stHex                    // the digits of \u
	stMinus                  // a digit after -
	stZero                   // . e or the end, after a leading 0
	stInt                    // digits . e or the end
	stPoint                  // a digit after .
	stFraction               // digits e or the end
	stExp                    // sign or digit after e
	stExpSign                // a digit after the sign
	stExpDigits              // digits or the end
	stLiteral                // the rest of true, false or null
	stEnd                    // the value is complete
)

// frame is an array or object that is open.
type frame struct {
	field  *field
	id     int64 // of an object; 0 for an array
	closes byte  // ] or }
}

// machine reads JSON byte by byte, stopping and going on anywhere: lines that
// fit no buffer, and whole documents. It is the authority on what is valid;
// the quick scanner only takes work off it.
type machine struct {
	t     *tree
	stack []frame
	field *field // of the value that comes next or is being read

	state   state
	inKey   bool
	escaped bool   // the string has escapes
	hex     int    // digits of \u to come
	literal string // letters to come
	length  int    // of the token so far
	token   []byte // its beginning
	keep    int    // bytes of it to keep

	offset int64      // of the next byte, in the stream
	reason string     // why the text is no JSON
	outer  *documents // when a document is read instead of lines
}

func (m *machine) reset(t *tree, root *field, offset int64) {
	m.t, m.field, m.offset = t, root, offset
	m.stack, m.state, m.reason, m.inKey = m.stack[:0], stStart, "", false
}

func (m *machine) fail(format string, args ...any) bool {
	m.reason = fmt.Sprintf(format, args...)
	return false
}

// feed reads on and returns how many bytes were good. Fewer than all means
// that reason is set. Space after the value is read as part of it.
func (m *machine) feed(p []byte) int {
	for i := 0; i < len(p); i++ {
		if m.state == stEnd && m.outer != nil {
			return i // another document may follow
		}
		c := p[i]
		switch m.state {
		case stString:
			n := plainLength(p[i:])
			m.take(p[i : i+n])
			i += n
			m.offset += int64(n)
			if i == len(p) {
				return i
			}
			c = p[i]
		case stStart, stValue, stFirstElem, stFirstKey, stKey, stColon, stAfter, stEnd:
			if c == ' ' || c == '\n' || c == '\t' || c == '\r' {
				m.offset++
				continue
			}
		}
		if !m.step(c) {
			return i
		}
		m.offset++
	}
	return len(p)
}

// finish ends the text and reports whether it was one whole value.
func (m *machine) finish() bool {
	if m.state == stEnd {
		return true
	}
	if m.numberMayEnd() && len(m.stack) == 0 {
		m.endNumber()
		return true
	}
	return m.fail(endsWithin)
}

func (m *machine) take(p []byte) {
	m.length += len(p)
	if room := m.keep - len(m.token); room > 0 {
		m.token = append(m.token, p[:min(room, len(p))]...)
	}
}

func (m *machine) begin(s state, keep int) {
	m.state, m.length, m.token, m.keep, m.escaped = s, 0, m.token[:0], keep, false
}

func (m *machine) step(c byte) bool {
	switch m.state {
	case stStart, stValue:
		return m.value(c)
	case stFirstElem:
		if c == ']' {
			return m.close(c)
		}
		return m.value(c)
	case stFirstKey, stKey:
		if c == '"' {
			m.inKey = true
			m.begin(stString, maxRawKey)
			return true
		}
		if c == '}' && m.state == stFirstKey {
			return m.close(c)
		}
		return m.fail("%s instead of a key", show(c))
	case stColon:
		if c != ':' {
			return m.fail("%s instead of a colon", show(c))
		}
		m.state = stValue
		return true
	case stAfter:
		return m.after(c)
	case stString:
		return m.inString(c)
	case stEscape:
		switch c {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			m.state = stString
		case 'u':
			m.state, m.hex = stHex, 4
		default:
			return m.fail("%s after a backslash", show(c))
		}
		m.take([]byte{c})
		return true
	case stHex:
		if !isHex(c) {
			return m.fail(`%s in \u`, show(c))
		}
		m.take([]byte{c})
		if m.hex--; m.hex == 0 {
			m.state = stString
		}
		return true
	case stLiteral:
		if c != m.literal[0] {
			return m.fail("%s in a word that is not true, false or null", show(c))
		}
		if m.literal = m.literal[1:]; m.literal == "" {
			m.valueDone()
		}
		return true
	case stEnd:
		return m.fail("%s"+afterValue, show(c))
	default:
		return m.inNumber(c)
	}
}

// Reasons by which shape recognises what the input is instead.
const (
	afterValue = " after the value"
	endsWithin = "the text ends within a value"
)

// show names a byte in a reason.
func show(c byte) string {
	if c < ' ' || c > '~' {
		return fmt.Sprintf("byte 0x%02x", c)
	}
	return fmt.Sprintf("%q", rune(c))
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// value reads the first byte of a value.
func (m *machine) value(c byte) bool {
	f := m.field
	if m.outer != nil {
		f = m.outer.begin(m, c)
		m.field = f
	}
	switch {
	case c == '{' || c == '[':
		return m.open(c)
	case c == '"':
		m.inKey = false
		m.begin(stString, maxTime+1)
	case c == '-':
		m.begin(stMinus, maxNumber+1)
		m.take([]byte{c})
	case c == '0':
		m.begin(stZero, maxNumber+1)
		m.take([]byte{c})
	case c >= '1' && c <= '9':
		m.begin(stInt, maxNumber+1)
		m.take([]byte{c})
	case c == 't':
		m.t.note(f, kindBool)
		m.state, m.literal = stLiteral, "rue"
	case c == 'f':
		m.t.note(f, kindBool)
		m.state, m.literal = stLiteral, "alse"
	case c == 'n':
		m.t.null(f)
		m.state, m.literal = stLiteral, "ull"
	default:
		return m.fail("%s instead of a value", show(c))
	}
	return true
}

func (m *machine) open(c byte) bool {
	if len(m.stack) == maxNesting {
		return m.fail("nested deeper than %d", maxNesting)
	}
	if c == '{' {
		m.t.objects++
		f := m.t.open(m.field, kindObject)
		m.stack = append(m.stack, frame{f, m.t.objects, '}'})
		m.state = stFirstKey
		return true
	}
	f := m.t.open(m.field, kindArray)
	m.stack = append(m.stack, frame{f, 0, ']'})
	m.field = m.t.element(f)
	m.state = stFirstElem
	return true
}

func (m *machine) close(c byte) bool {
	top := m.stack[len(m.stack)-1]
	if c != top.closes {
		return m.fail("%s instead of %s or a comma", show(c), show(top.closes))
	}
	m.stack = m.stack[:len(m.stack)-1]
	m.valueDone()
	return true
}

// valueDone goes on after a value.
func (m *machine) valueDone() {
	m.state = stAfter
	if len(m.stack) == 0 {
		m.state = stEnd
	}
	if m.outer != nil {
		m.outer.end(m)
	}
}

func (m *machine) after(c byte) bool {
	if c != ',' {
		return m.close(c)
	}
	top := m.stack[len(m.stack)-1]
	m.state = stKey
	if top.closes == ']' {
		m.state, m.field = stValue, m.t.element(top.field)
	}
	return true
}

func (m *machine) inString(c byte) bool {
	switch {
	case c == '\\':
		m.escaped, m.state = true, stEscape
		m.take([]byte{c})
		return true
	case c < ' ':
		return m.fail("%s in a string", show(c))
	}
	if !m.inKey {
		text := m.token
		if m.escaped || m.length > maxTime {
			text = nil
		}
		m.t.str(m.field, text)
		m.valueDone()
		return true
	}
	top := m.stack[len(m.stack)-1]
	if m.outer != nil {
		m.outer.sawKey(m)
	}
	m.field = m.t.child(top.field, m.token)
	if m.field.fold != nil {
		m.t.folded(top.field, m.field, top.id)
	}
	m.field.object = top.id
	m.state = stColon
	return true
}

func (m *machine) numberMayEnd() bool {
	switch m.state {
	case stZero, stInt, stFraction, stExpDigits:
		return true
	}
	return false
}

func (m *machine) endNumber() {
	m.t.number(m.field, m.token)
	m.valueDone()
}

func (m *machine) inNumber(c byte) bool {
	digit := c >= '0' && c <= '9'
	next := m.state
	switch {
	case m.state == stMinus && c == '0':
		next = stZero
	case m.state == stMinus && digit:
		next = stInt
	case m.state == stPoint && digit:
		next = stFraction
	case (m.state == stExp || m.state == stExpSign) && digit:
		next = stExpDigits
	case m.state == stExp && (c == '+' || c == '-'):
		next = stExpSign
	case (m.state == stInt || m.state == stFraction || m.state == stExpDigits) && digit:
	case (m.state == stInt || m.state == stZero) && c == '.':
		next = stPoint
	case (m.state == stInt || m.state == stZero || m.state == stFraction) && (c == 'e' || c == 'E'):
		next = stExp
	case !m.numberMayEnd():
		return m.fail("%s instead of a digit", show(c))
	default:
		m.endNumber()
		if c == ' ' || c == '\t' || c == '\n' || c == '\r' {
			return true
		}
		return m.step(c)
	}
	m.state = next
	m.take([]byte{c})
	return true
}
