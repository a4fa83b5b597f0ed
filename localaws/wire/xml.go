package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/smithy-go"
)

// printXML writes the answer of a Query operation:
// <OpResponse><OpResult>…</OpResult><ResponseMetadata/></OpResponse>.
func (s *shapes) printXML(op, namespace, requestID string, output any) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString("<" + op + "Response")
	if namespace != "" {
		out.WriteString(` xmlns="` + escapeXML(namespace) + `"`)
	}
	out.WriteString(">")
	v := reflect.Indirect(reflect.ValueOf(output))
	if err := s.xmlElement(&out, op+"Result", v, s.schemaOf(v.Type())); err != nil {
		return nil, err
	}
	out.WriteString("<ResponseMetadata><RequestId>" + requestID + "</RequestId></ResponseMetadata></" + op + "Response>")
	return out.Bytes(), nil
}

func escapeXML(text string) string {
	var out strings.Builder
	if err := xml.EscapeText(&out, []byte(text)); err != nil {
		return "" // a strings.Builder does not fail
	}
	return out.String()
}

// xmlElement writes <name>value</name>; for a flattened list or map one element
// per item.
func (s *shapes) xmlElement(out *bytes.Buffer, name string, v reflect.Value, schema *smithy.Schema) error {
	text := ""
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		if v.Elem().Kind() != reflect.String {
			return s.xmlElement(out, name, v.Elem(), schema)
		}
		text = v.Elem().String()
	case reflect.String:
		if text = v.String(); text == "" {
			return nil
		}
	case reflect.Bool:
		text = strconv.FormatBool(v.Bool())
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Int:
		text = strconv.FormatInt(v.Int(), 10)
	case reflect.Float32, reflect.Float64:
		text = strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case reflect.Slice:
		if v.IsNil() {
			return nil
		}
		if v.Type() != bytesType {
			return s.xmlList(out, name, v, schema)
		}
		text = base64.StdEncoding.EncodeToString(v.Bytes())
	case reflect.Map:
		if v.IsNil() {
			return nil
		}
		return s.xmlMap(out, name, v, schema)
	case reflect.Struct:
		if v.Type() != timeType {
			return s.xmlStruct(out, name, v, schema)
		}
		text = timeText(timestamp{v.Interface().(time.Time), timestampFormat(schema, "")})
	default:
		return fmt.Errorf("no XML for %s", v.Type())
	}
	out.WriteString("<" + name + ">" + escapeXML(text) + "</" + name + ">")
	return nil
}

func (s *shapes) xmlStruct(out *bytes.Buffer, name string, v reflect.Value, schema *smithy.Schema) error {
	if schema == nil {
		schema = s.schemaOf(v.Type())
	}
	out.WriteString("<" + name + ">")
	for _, f := range s.fieldsOf(v.Type(), schema) {
		if err := s.xmlElement(out, xmlName(f.schema, f.goName), v.Field(f.index), f.schema); err != nil {
			return fmt.Errorf("%s: %w", f.goName, err)
		}
	}
	out.WriteString("</" + name + ">")
	return nil
}

func (s *shapes) xmlList(out *bytes.Buffer, name string, v reflect.Value, schema *smithy.Schema) error {
	item := xmlName(elementOf(schema), "member")
	if flattened(schema) {
		item = name
	} else {
		out.WriteString("<" + name + ">")
		defer out.WriteString("</" + name + ">")
	}
	for i := range v.Len() {
		if v.Index(i).Kind() == reflect.String && v.Index(i).Len() == 0 {
			out.WriteString("<" + item + "></" + item + ">")
			continue
		}
		if err := s.xmlElement(out, item, v.Index(i), elementOf(schema)); err != nil {
			return err
		}
	}
	return nil
}

func (s *shapes) xmlMap(out *bytes.Buffer, name string, v reflect.Value, schema *smithy.Schema) error {
	entry, keyName, valueName := "entry", "key", "value"
	if schema != nil {
		keyName, valueName = xmlName(schema.MapKey(), keyName), xmlName(schema.MapValue(), valueName)
	}
	if flattened(schema) {
		entry = name
	} else {
		out.WriteString("<" + name + ">")
		defer out.WriteString("</" + name + ">")
	}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	for _, key := range keys {
		out.WriteString("<" + entry + "><" + keyName + ">" + escapeXML(key.String()) + "</" + keyName + ">")
		if err := s.xmlElement(out, valueName, v.MapIndex(key), mapValueOf(schema)); err != nil {
			return err
		}
		out.WriteString("</" + entry + ">")
	}
	return nil
}
