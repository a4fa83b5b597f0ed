package guardrails

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// document is an IAM policy, of a role, a queue or a bucket.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
type document struct {
	Statement statements
}

type statement struct {
	Sid                   string
	Effect                string
	Principal             principal
	Action, NotAction     texts
	Resource, NotResource texts
	Condition             map[string]map[string]texts
}

// statements may be a single one.
type statements []statement

func (s *statements) UnmarshalJSON(b []byte) error {
	var one statement
	if err := json.Unmarshal(b, &one); err == nil {
		*s = statements{one}
		return nil
	}
	var many []statement
	if err := json.Unmarshal(b, &many); err != nil {
		return err
	}
	*s = many
	return nil
}

// texts may be a single one; booleans and numbers are as good as their text.
type texts []string

func (t *texts) UnmarshalJSON(b []byte) error {
	var value any
	if err := json.Unmarshal(b, &value); err != nil {
		return err
	}
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	*t = nil
	for _, v := range list {
		*t = append(*t, fmt.Sprint(v))
	}
	return nil
}

// principal maps a kind (AWS, Service, …) to its members; "*" alone is AWS: "*".
type principal map[string]texts

func (p *principal) UnmarshalJSON(b []byte) error {
	var anybody string
	if err := json.Unmarshal(b, &anybody); err == nil {
		*p = principal{"AWS": {anybody}}
		return nil
	}
	var kinds map[string]texts
	if err := json.Unmarshal(b, &kinds); err != nil {
		return err
	}
	*p = kinds
	return nil
}

// policy reads the policy document at a node. ok is false when there is none to
// judge, which has then been noted: an unknown one waits, one that is no policy
// is a violation.
func (f *Findings) policy(r Resource, n Node) (document, bool) {
	switch {
	case n.HasUnknown():
		f.wait(r, n.Path)
		return document{}, false
	case n.Absent():
		return document{}, false
	}
	text, ok := n.Text()
	if !ok {
		encoded, err := json.Marshal(goValue(n.value))
		if err != nil {
			f.violate(r, Violation{Path: n.Path, Found: n.String(), Allowed: "a policy document"})
			return document{}, false
		}
		text = string(encoded)
	}
	var d document
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		f.violate(r, Violation{Path: n.Path, Found: "no policy document: " + err.Error(), Allowed: "a policy document"})
		return document{}, false
	}
	return d, true
}

// goValue is a known value as encoding/json writes it.
func goValue(v property.Value) any {
	switch {
	case v.IsMap():
		m := map[string]any{}
		for key, value := range v.AsMap().All {
			m[key] = goValue(value)
		}
		return m
	case v.IsArray():
		list := []any{}
		for _, value := range v.AsArray().All {
			list = append(list, goValue(value))
		}
		return list
	case v.IsString():
		return v.AsString()
	case v.IsNumber():
		return v.AsNumber()
	case v.IsBool():
		return v.AsBool()
	}
	return nil
}

// allows reports whether the statement grants something.
func (s statement) allows() bool { return strings.EqualFold(s.Effect, "Allow") }

// name is what to call the statement in a message.
func (s statement) name(i int) string {
	if s.Sid != "" {
		return s.Sid
	}
	return fmt.Sprintf("statement %d", i+1)
}
