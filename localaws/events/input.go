package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// step is one step of a JSON path: a member, an element, or all of them.
type step struct {
	name  string
	index int
	all   bool
	isArr bool
}

// parsePath reads the part of JSONPath that EventBridge supports: $.name,
// $.name[0], $['name'], and * for all members or elements.
func parsePath(text string) ([]step, error) {
	rest, ok := strings.CutPrefix(text, "$")
	if !ok {
		return nil, errors.New("Invalid JSONPath provided.") //nolint:staticcheck // the service's words
	}
	name := regexp.MustCompile(`^\.(\*|[A-Za-z0-9_\-/]+)`)
	bracket := regexp.MustCompile(`^\[(?:'([^']*)'|"([^"]*)"|(\d+)|(\*))\]`)
	var steps []step
	for rest != "" {
		if m := name.FindStringSubmatch(rest); m != nil {
			steps, rest = append(steps, step{name: m[1], all: m[1] == "*"}), rest[len(m[0]):]
			continue
		}
		m := bracket.FindStringSubmatch(rest)
		if m == nil {
			return nil, errors.New("Invalid JSONPath provided.") //nolint:staticcheck // the service's words
		}
		rest = rest[len(m[0]):]
		switch {
		case m[4] != "":
			steps = append(steps, step{all: true})
		case m[3] != "":
			index, err := strconv.Atoi(m[3])
			if err != nil {
				return nil, errors.New("Invalid JSONPath provided.") //nolint:staticcheck // the service's words
			}
			steps = append(steps, step{index: index, isArr: true})
		default:
			steps = append(steps, step{name: m[1] + m[2]})
		}
	}
	return steps, nil
}

// walk finds what a path leads to. Through a * it is the array of all that is
// found.
func walk(v any, steps []step) (any, bool) {
	if len(steps) == 0 {
		return v, true
	}
	s := steps[0]
	switch {
	case s.all:
		found := []any{}
		switch v := v.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				if one, ok := walk(v[name], steps[1:]); ok {
					found = append(found, one)
				}
			}
		case []any:
			for _, element := range v {
				if one, ok := walk(element, steps[1:]); ok {
					found = append(found, one)
				}
			}
		default:
			return nil, false
		}
		return found, true
	case s.isArr:
		list, ok := v.([]any)
		if !ok || s.index >= len(list) {
			return nil, false
		}
		return walk(list[s.index], steps[1:])
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, false
	}
	member, ok := object[s.name]
	if !ok {
		return nil, false
	}
	return walk(member, steps[1:])
}

func decode(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber() // numbers stay as they were written
	var v any
	err := d.Decode(&v)
	return v, err
}

// errNothing says that an InputPath leads nowhere in an event.
var errNothing = errors.New("InputPath does not match the event")

// input is what a target is given for an event.
func (s *Service) input(t types.Target, r *rule, e accepted) ([]byte, error) {
	switch {
	case t.Input != nil:
		return []byte(*t.Input), nil
	case t.InputPath != nil:
		steps, err := parsePath(*t.InputPath)
		if err != nil {
			return nil, err
		}
		event, err := decode(e.body)
		if err != nil {
			return nil, err
		}
		found, ok := walk(event, steps)
		if !ok {
			return nil, fmt.Errorf("%w: %s", errNothing, *t.InputPath)
		}
		return marshal(found)
	case t.InputTransformer != nil:
		return transform(t.InputTransformer, r, e)
	}
	return e.body, nil
}

// variable is a placeholder in a template.
func variable() *regexp.Regexp { return regexp.MustCompile(`<([A-Za-z0-9_.\-]+)>`) }

func checkTransformer(id string, t *types.InputTransformer) error {
	for _, path := range t.InputPathsMap {
		if _, err := parsePath(path); err != nil {
			return invalid("Parameter InputPathsMap is not valid. Reason: " + err.Error())
		}
	}
	for _, m := range variable().FindAllStringSubmatch(*t.InputTemplate, -1) {
		if _, defined := t.InputPathsMap[m[1]]; !defined && !predefined(m[1]) {
			return invalid(fmt.Sprintf("InputTemplate for target %s contains invalid placeholder %s.", id, m[1]))
		}
	}
	return nil
}

func predefined(name string) bool {
	return slices.Contains([]string{
		"aws.events.rule-arn", "aws.events.rule-name", "aws.events.event.ingestion-time", "aws.events.event", "aws.events.event.json",
	}, name)
}

// errNotJSON says that a filled template is not what a target can be given.
var errNotJSON = errors.New("the transformed input is not valid JSON")

// transform fills an input template:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
//
// A placeholder outside of quotes becomes the JSON of its value, and an empty
// string where the event has none. One between quotes becomes its text, and
// nothing where there is none; an object or array there is written without its
// own quotes when the template is a string, and as JSON, which makes the whole
// invalid, when the template is an object. The result must be JSON, or several
// JSON values one after the other. All this is as recorded from AWS.
func transform(t *types.InputTransformer, r *rule, e accepted) ([]byte, error) {
	event, err := decode(e.body)
	if err != nil {
		return nil, err
	}
	template := *t.InputTemplate
	f := filler{isText: strings.HasPrefix(strings.TrimSpace(template), `"`), values: map[string]any{
		"aws.events.rule-arn": r.arn, "aws.events.rule-name": r.name,
		"aws.events.event.ingestion-time": e.at.UTC().Format(time.RFC3339), "aws.events.event.json": event,
	}}
	if object, ok := event.(map[string]any); ok {
		// Without its detail, and with this one name in another spelling.
		bare := maps.Clone(object)
		bare["detailType"] = bare["detail-type"]
		delete(bare, "detail-type")
		delete(bare, "detail")
		f.values["aws.events.event"] = bare
	}
	for name, path := range t.InputPathsMap {
		steps, err := parsePath(path)
		if err != nil {
			return nil, err
		}
		if found, ok := walk(event, steps); ok {
			f.values[name] = found
		}
	}
	last, quoted := 0, false
	for _, at := range variable().FindAllStringSubmatchIndex(template, -1) {
		before := template[last:at[0]]
		quoted = quotedAfter(before, quoted)
		f.out.WriteString(before)
		last = at[1]
		if err := f.fill(template[at[2]:at[3]], quoted); err != nil {
			return nil, err
		}
	}
	f.out.WriteString(template[last:])
	if !areJSON(f.out.Bytes()) {
		return nil, errNotJSON
	}
	return f.out.Bytes(), nil
}

// areJSON tells whether text is one or more JSON values.
func areJSON(text []byte) bool {
	d := json.NewDecoder(bytes.NewReader(text))
	for n := 0; ; n++ {
		var v any
		switch err := d.Decode(&v); {
		case errors.Is(err, io.EOF):
			return n > 0
		case err != nil:
			return false
		}
	}
}

// quotedAfter tells whether what follows text stands between quotes.
func quotedAfter(text string, quoted bool) bool {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			quoted = !quoted
		}
	}
	return quoted
}

// filler writes a template with its placeholders replaced.
type filler struct {
	out    bytes.Buffer
	values map[string]any
	isText bool // the template is a string, not an object
}

func (f *filler) fill(name string, quoted bool) error {
	value, ok := f.values[name]
	switch {
	case !ok && quoted:
		return nil
	case !ok:
		value = ""
	}
	raw, err := marshal(value)
	if err != nil {
		return err
	}
	_, isString := value.(string)
	switch {
	case quoted && isString:
		raw = raw[1 : len(raw)-1]
	case quoted && f.isText:
		raw = bytes.ReplaceAll(raw, []byte(`"`), nil)
	}
	f.out.Write(raw)
	return nil
}
