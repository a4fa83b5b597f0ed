package sqs

import (
	"crypto/md5" //nolint:gosec // the digest that SQS clients check
	"encoding/binary"
	"encoding/hex"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// message is one message of a queue.
type message struct {
	id, body   string
	attributes map[string]types.MessageAttributeValue
	trace      string // AWSTraceHeader
	group      string // MessageGroupId
	sender     string
	sent       time.Time
	visible    time.Time // from when on it can be received
	received   int
	first      time.Time // of the first receive
	receipt    int       // number of the latest receipt handle
	source     string    // ARN of the queue that it died in
}

func (m *message) delayed(now time.Time) bool { return m.received == 0 && m.visible.After(now) }
func (m *message) hidden(now time.Time) bool  { return m.received > 0 && m.visible.After(now) }

func (q *queue) counts(now time.Time) (visible, hidden, delayed int) {
	for _, m := range q.messages {
		switch {
		case m.delayed(now):
			delayed++
		case m.hidden(now):
			hidden++
		default:
			visible++
		}
	}
	return visible, hidden, delayed
}

// expire drops what has been in the queue for longer than its retention.
func (q *queue) expire(now time.Time) {
	oldest := now.Add(-q.seconds("MessageRetentionPeriod"))
	q.messages = slices.DeleteFunc(q.messages, func(m *message) bool { return m.sent.Before(oldest) })
}

var (
	attributeName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,256}$`)
	attributeType = regexp.MustCompile(`^(String|Number|Binary)(\.[^\x00]{1,249})?$`)
	number        = regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$`)
)

// checkMessage refuses what SQS does not take, and says how many bytes count.
func checkMessage(body *string, attributes map[string]types.MessageAttributeValue) (size int, err error) {
	if aws.ToString(body) == "" {
		return 0, missing("MessageBody")
	}
	if !validText(*body) {
		return 0, &types.InvalidMessageContents{Message: aws.String("Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")}
	}
	if len(attributes) > mostAttributes {
		return 0, invalidParameter("Number of message attributes [%d] exceeds the allowed maximum [%d].", len(attributes), mostAttributes)
	}
	size = len(*body)
	for name, value := range attributes {
		n, err := checkAttributeValue(name, value)
		if err != nil {
			return 0, err
		}
		size += n
	}
	return size, nil
}

func checkAttributeValue(name string, value types.MessageAttributeValue) (int, error) {
	typ := aws.ToString(value.DataType)
	switch lower := strings.ToLower(name); {
	case !attributeName.MatchString(name), strings.HasPrefix(name, "."), strings.HasSuffix(name, "."), strings.Contains(name, ".."),
		strings.HasPrefix(lower, "aws."), strings.HasPrefix(lower, "amazon."):
		return 0, invalidParameter("The message attribute name '%s' is invalid. Attribute name can contain A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.) characters.", name)
	case !attributeType.MatchString(typ):
		return 0, invalidParameter("The type of message (user) attribute '%s' is invalid. You must use only the following supported type prefixes: Binary, Number, String.", name)
	}
	binary := strings.HasPrefix(typ, "Binary")
	switch {
	case len(value.StringListValues) > 0 || len(value.BinaryListValues) > 0:
		return 0, &types.UnsupportedOperation{Message: aws.String("Message (user) attribute '" + name + "' uses a list value, which SQS does not support.")}
	case binary && len(value.BinaryValue) == 0, !binary && aws.ToString(value.StringValue) == "":
		return 0, invalidParameter("Message (user) attribute '%s' must contain a non-empty value of type '%s'.", name, typ)
	case !binary && !validText(*value.StringValue):
		return 0, &types.InvalidMessageContents{Message: aws.String("Invalid characters in the value of message attribute '" + name + "'.")}
	case strings.HasPrefix(typ, "Number") && !number.MatchString(*value.StringValue):
		return 0, invalidParameter("Can't cast the value of message (user) attribute '%s' to a number.", name)
	}
	return len(name) + len(typ) + len(aws.ToString(value.StringValue)) + len(value.BinaryValue), nil
}

// validText holds to the characters of XML 1.0 (SQS API Reference, SendMessage).
func validText(text string) bool {
	if !utf8.ValidString(text) {
		return false
	}
	return !strings.ContainsFunc(text, func(c rune) bool {
		return c < 0x20 && c != '\t' && c != '\n' && c != '\r' || c == 0xFFFE || c == 0xFFFF
	})
}

func md5Of(text string) string {
	sum := md5.Sum([]byte(text)) //nolint:gosec // see above
	return hex.EncodeToString(sum[:])
}

// md5OfAttributes is the digest over names, types and values in order of the
// names (SQS Developer Guide, "Calculating the MD5 message digest for message
// attributes"); nil of none.
func md5OfAttributes(attributes map[string]types.MessageAttributeValue) *string {
	if len(attributes) == 0 {
		return nil
	}
	h := md5.New() //nolint:gosec // see above
	put := func(b []byte) {
		var length [4]byte
		binary.BigEndian.PutUint32(length[:], uint32(len(b))) //nolint:gosec // at most a mebibyte
		h.Write(length[:])
		h.Write(b)
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		value := attributes[name]
		put([]byte(name))
		put([]byte(aws.ToString(value.DataType)))
		if strings.HasPrefix(*value.DataType, "Binary") {
			h.Write([]byte{2})
			put(value.BinaryValue)
			continue
		}
		h.Write([]byte{1})
		put([]byte(*value.StringValue))
	}
	return aws.String(hex.EncodeToString(h.Sum(nil)))
}
