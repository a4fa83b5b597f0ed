package wire

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/traits"
)

// matchPath says whether an escaped request path fits the operation's pattern,
// and what its labels are. "{Name+}" takes the rest of the path.
func matchPath(pattern, path string) (labels map[string]string, literals int, ok bool) {
	want := strings.Split(strings.Trim(pattern, "/"), "/")
	got := strings.Split(strings.Trim(path, "/"), "/")
	labels = map[string]string{}
	for i, segment := range want {
		if i >= len(got) {
			return nil, 0, false
		}
		if !strings.HasPrefix(segment, "{") {
			if segment != got[i] {
				return nil, 0, false
			}
			literals++
			continue
		}
		name := strings.Trim(segment, "{}")
		text := got[i]
		greedy := strings.HasSuffix(name, "+")
		if greedy {
			name, text = strings.TrimSuffix(name, "+"), strings.Join(got[i:], "/")
		}
		value, err := url.PathUnescape(text)
		if err != nil || value == "" {
			return nil, 0, false
		}
		labels[name] = value
		if greedy {
			return labels, literals, true
		}
	}
	return labels, literals, len(got) == len(want)
}

// findREST is the operation that a method, a path and a query mean: the one with
// the most literal segments. A pattern may ask for a query parameter:
// "/layers?find=LayerVersion".
func findREST(operations []Operation, method, path string, query url.Values) (op *Operation, labels map[string]string) {
	best := -1
	for i := range operations {
		o := &operations[i]
		if o.Method != method {
			continue
		}
		pattern, wanted, asks := strings.Cut(o.Path, "?")
		l, literals, ok := matchPath(pattern, path)
		if asks {
			name, value, _ := strings.Cut(wanted, "=")
			ok = ok && query.Get(name) == value
			literals++
		}
		if ok && literals > best {
			op, labels, best = o, l, literals
		}
	}
	return op, labels
}

// decodeREST sets the input from path labels, query, headers and body. Bindings
// come from the operation, and from the schema's traits where it has one.
func (s *shapes) decodeREST(r *http.Request, op *Operation, labels map[string]string, body []byte, v reflect.Value) error {
	fields := s.fieldsOf(v.Type(), s.schemaOf(v.Type()))
	payload := op.RawBody
	for _, f := range fields {
		if t := f.schema; t != nil && payload == "" {
			if _, ok := smithy.SchemaTrait[*traits.HTTPPayload](t); ok {
				payload = f.goName
			}
		}
	}
	if err := s.decodeRESTBody(v, fields, payload, body); err != nil {
		return err
	}
	query := r.URL.Query()
	for name, values := range query {
		bound := false
		for _, f := range fields {
			if queryName(op, f) == name {
				if err := s.decodeTexts(v.Field(f.index), values, f, name); err != nil {
					return err
				}
				bound = true
			}
		}
		if !bound && !strings.HasPrefix(name, "X-Amz-") {
			return &unknownMember{name}
		}
	}
	for _, f := range fields {
		if header := headerName(op.InHeaders, f); header != "" && r.Header.Get(header) != "" {
			if err := s.decodeTexts(v.Field(f.index), r.Header.Values(header), f, header); err != nil {
				return err
			}
		}
		for label, text := range labels {
			if strings.EqualFold(label, f.goName) {
				if err := s.decodeTexts(v.Field(f.index), []string{text}, f, label); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (s *shapes) decodeRESTBody(v reflect.Value, fields []field, payload string, body []byte) error {
	if payload == "" {
		tree, err := parseJSON(body)
		if err != nil {
			return err
		}
		return s.decode(v, tree, s.schemaOf(v.Type()), "")
	}
	f := find(fields, payload)
	if f == nil || len(body) == 0 {
		return nil
	}
	target := v.Field(f.index)
	if target.Type() == bytesType {
		target.SetBytes(body)
		return nil
	}
	tree, err := parseJSON(body)
	if err != nil {
		return err
	}
	return s.decode(target, tree, f.schema, payload)
}

// decodeTexts sets a member from a label, query parameter or header.
func (s *shapes) decodeTexts(v reflect.Value, texts []string, f field, name string) error {
	kind := v.Type()
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	if kind.Kind() == reflect.Slice && kind != bytesType {
		items := make([]any, len(texts))
		for i, text := range texts {
			items[i] = text
		}
		return s.decode(v, items, f.schema, name)
	}
	var node any = texts[0]
	switch kind.Kind() {
	case reflect.Bool:
		b, err := strconv.ParseBool(texts[0])
		if err != nil {
			return badValue(name, "%q is no boolean", texts[0])
		}
		node = b
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Int, reflect.Float32, reflect.Float64:
		node = json.Number(texts[0])
	}
	return s.decode(v, node, f.schema, name)
}

func queryName(op *Operation, f field) string {
	for name, fieldName := range op.Query {
		if fieldName == f.goName {
			return name
		}
	}
	if f.schema != nil {
		if t, ok := smithy.SchemaTrait[*traits.HTTPQuery](f.schema); ok {
			return t.Name
		}
	}
	return ""
}

// headerName takes the operation's header -> field map.
func headerName(headers map[string]string, f field) string {
	for name, fieldName := range headers {
		if fieldName == f.goName {
			return name
		}
	}
	if f.schema != nil {
		if t, ok := smithy.SchemaTrait[*traits.HTTPHeader](f.schema); ok {
			return t.Name
		}
	}
	return ""
}

// encodeREST writes headers to h and returns status and body.
func (s *shapes) encodeREST(h http.Header, op *Operation, output any) (status int, body []byte, err error) {
	v := reflect.Indirect(reflect.ValueOf(output))
	schema := s.schemaOf(v.Type())
	status = op.Status
	if status == 0 {
		status = http.StatusOK
	}
	inBody := map[string]any{}
	payload := op.RawOutput
	fields := s.fieldsOf(v.Type(), schema)
	bound := len(fields) > 0
	for _, f := range fields {
		node, ok, err := s.encode(v.Field(f.index), f.schema)
		if err != nil {
			return 0, nil, err
		}
		header := headerName(swap(op.OutHeaders), f)
		_, isPayload := smithy.SchemaTrait[*traits.HTTPPayload](f.schema)
		_, isStatus := smithy.SchemaTrait[*traits.HTTPResponseCode](f.schema)
		switch {
		case isStatus:
			if code, _ := node.(int64); code >= 200 {
				status = int(code)
			}
		case header != "":
			if text := headerText(node); ok && text != "" {
				h.Set(header, text)
			}
		case isPayload || f.goName == payload:
			payload = f.goName
			if raw, isBytes := node.([]byte); isBytes {
				body = raw
			} else if ok {
				if body, err = printJSON(node); err != nil {
					return 0, nil, err
				}
			}
		case ok:
			inBody[f.name] = node
		}
	}
	if payload == "" && bound && status != http.StatusNoContent {
		body, err = printJSON(inBody)
	}
	return status, body, err
}

func headerText(node any) string {
	switch n := node.(type) {
	case string:
		return n
	case bool:
		return strconv.FormatBool(n)
	case int64:
		return strconv.FormatInt(n, 10)
	}
	return ""
}

func swap(m map[string]string) map[string]string {
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[v] = k
	}
	return out
}
