// Package policy is the language of AWS policies: it reads a document, refuses
// one that AWS would refuse, and decides whether a request is allowed.
//
// The decision follows the "policy evaluation logic" page of the IAM User
// Guide: an explicit deny wins over everything; otherwise an allow in an
// identity-based policy, or in a resource-based policy that names the
// principal, is enough within one account; otherwise the request is denied
// implicitly. Permissions boundaries and session policies only ever narrow.
//
// The package is pure: it knows no clock, no store and no service. What a
// condition can ask about comes in the request's context.
package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Document is a parsed policy.
type Document struct {
	Version    string
	ID         string
	Statements []Statement
}

// Statement is one statement of a policy. Of each pair (Actions, NotActions)
// and so on at most one is set.
type Statement struct {
	Sid                       string
	Deny                      bool
	Actions, NotActions       []string
	Resources, NotResources   []string
	Principals, NotPrincipals Principals
	Conditions                []Condition
}

// Principals maps a type of principal ("AWS", "Service", "Federated",
// "CanonicalUser") to its values. "*" alone is {"AWS": ["*"]}.
type Principals map[string][]string

// Kind says what a document is attached to, which decides what it must hold.
type Kind int

// The kinds of policy.
const (
	Identity Kind = iota // of a role: resources, no principal
	Resource             // of a bucket, queue, function, key: principal and resources
	Trust                // of a role: principal, no resource
)

// Parse reads a document and checks it as AWS does when a policy of that kind
// is put. The error's text is what MalformedPolicyDocument says.
func Parse(document string, kind Kind) (*Document, error) {
	var raw struct {
		Version   string
		ID        string `json:"Id"`
		Statement json.RawMessage
	}
	if err := strict([]byte(document), &raw); err != nil {
		return nil, err
	}
	doc := &Document{Version: raw.Version, ID: raw.ID}
	switch raw.Version {
	case "2012-10-17", "2008-10-17":
	case "": // the default, in which variables are not replaced
		doc.Version = "2008-10-17"
	default:
		return nil, errors.New("The policy must contain a valid version string") //nolint:staticcheck // AWS's words
	}
	statements, err := listOf[json.RawMessage](raw.Statement)
	if err != nil || len(statements) == 0 {
		return nil, syntax("Statement must be an object or a list of objects")
	}
	sids := map[string]bool{}
	for i, text := range statements {
		s, err := parseStatement(text, kind)
		if err != nil {
			return nil, fmt.Errorf("%w (statement %d)", err, i+1)
		}
		if s.Sid != "" && sids[s.Sid] {
			return nil, errors.New("Statement IDs (SID) in a single policy must be unique.") //nolint:staticcheck // AWS's words
		}
		sids[s.Sid] = true
		doc.Statements = append(doc.Statements, s)
	}
	return doc, nil
}

func syntax(what string) error {
	return fmt.Errorf("Syntax errors in policy. %s", what) //nolint:staticcheck // AWS's words
}

// strict decodes one JSON object without unknown, misspelt or repeated members.
func strict(text []byte, into any) error {
	if err := noDuplicates(json.NewDecoder(bytes.NewReader(text))); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return syntax(err.Error())
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return syntax("more than one document")
	}
	return nil
}

// noDuplicates reads one JSON value and refuses an object with a key twice.
func noDuplicates(dec *json.Decoder) error {
	token, err := dec.Token()
	if err != nil {
		return errors.New("This policy contains invalid Json") //nolint:staticcheck // AWS's words
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	for dec.More() {
		if delim == '{' {
			key, err := dec.Token()
			if err != nil {
				return errors.New("This policy contains invalid Json") //nolint:staticcheck // AWS's words
			}
			name, _ := key.(string)
			if seen[name] {
				return syntax("duplicate key " + name)
			}
			seen[name] = true
		}
		if err := noDuplicates(dec); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return errors.New("This policy contains invalid Json") //nolint:staticcheck // AWS's words
	}
	return nil
}

// listOf reads a value or a list of values.
func listOf[T any](text json.RawMessage) ([]T, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, nil
	}
	var list []T
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		err := json.Unmarshal(text, &list)
		return list, err
	}
	var one T
	if err := json.Unmarshal(text, &one); err != nil {
		return nil, err
	}
	return []T{one}, nil
}

func parseStatement(text json.RawMessage, kind Kind) (Statement, error) {
	var raw struct {
		Sid, Effect             string
		Action, NotAction       json.RawMessage
		Resource, NotResource   json.RawMessage
		Principal, NotPrincipal json.RawMessage
		Condition               map[string]map[string]json.RawMessage
	}
	var s Statement
	if err := strict(text, &raw); err != nil {
		return s, err
	}
	s.Sid = raw.Sid
	switch raw.Effect {
	case "Allow":
	case "Deny":
		s.Deny = true
	default:
		return s, syntax("Effect must be Allow or Deny")
	}
	for _, part := range []struct {
		name string
		text json.RawMessage
		into *[]string
	}{
		{"Action", raw.Action, &s.Actions},
		{"NotAction", raw.NotAction, &s.NotActions},
		{"Resource", raw.Resource, &s.Resources},
		{"NotResource", raw.NotResource, &s.NotResources},
	} {
		list, err := listOf[string](part.text)
		if err != nil || (part.text != nil && len(list) == 0) {
			return s, syntax(part.name + " must be a string or a list of strings")
		}
		*part.into = list
	}
	var err error
	if s.Principals, err = parsePrincipals(raw.Principal); err != nil {
		return s, err
	}
	if s.NotPrincipals, err = parsePrincipals(raw.NotPrincipal); err != nil {
		return s, err
	}
	for _, operator := range slices.Sorted(maps.Keys(raw.Condition)) {
		for _, key := range slices.Sorted(maps.Keys(raw.Condition[operator])) {
			c, err := parseCondition(operator, key, raw.Condition[operator][key])
			if err != nil {
				return s, err
			}
			s.Conditions = append(s.Conditions, c)
		}
	}
	return s, s.check(kind)
}

func parsePrincipals(text json.RawMessage) (Principals, error) {
	if len(text) == 0 {
		return nil, nil
	}
	var star string
	if json.Unmarshal(text, &star) == nil {
		if star != "*" {
			return nil, fmt.Errorf("Invalid principal in policy: %q", star) //nolint:staticcheck // AWS's words
		}
		return Principals{"AWS": {"*"}}, nil
	}
	var byType map[string]json.RawMessage
	if err := json.Unmarshal(text, &byType); err != nil || len(byType) == 0 {
		return nil, syntax("Principal must be \"*\" or an object")
	}
	out := Principals{}
	for typ, values := range byType {
		list, err := listOf[string](values)
		if err != nil || len(list) == 0 {
			return nil, syntax("Principal " + typ + " must be a string or a list of strings")
		}
		switch typ {
		case "AWS", "Service", "Federated", "CanonicalUser":
		default:
			return nil, fmt.Errorf("Invalid principal in policy: %s", typ) //nolint:staticcheck // AWS's words
		}
		for _, value := range list {
			if typ == "AWS" && !validPrincipal(value) || typ == "Service" && !strings.Contains(value, ".") {
				return nil, fmt.Errorf("Invalid principal in policy: %q:%q", typ, value) //nolint:staticcheck // AWS's words
			}
		}
		out[typ] = list
	}
	return out, nil
}

// validPrincipal: "*", an account, or the ARN of one without wildcards.
func validPrincipal(value string) bool {
	if value == "*" || isAccount(value) {
		return true
	}
	parts := strings.SplitN(value, ":", 6)
	return len(parts) == 6 && parts[0] == "arn" && (parts[2] == "iam" || parts[2] == "sts") &&
		isAccount(parts[4]) && !strings.ContainsAny(value, "*?")
}

func isAccount(value string) bool {
	return len(value) == 12 && strings.Trim(value, "0123456789") == ""
}

// check is what AWS's policy grammar asks of a statement of that kind.
func (s *Statement) check(kind Kind) error {
	hasPrincipal := s.Principals != nil || s.NotPrincipals != nil
	hasResource := s.Resources != nil || s.NotResources != nil
	switch {
	case (s.Actions == nil) == (s.NotActions == nil):
		return errors.New("Policy statement must contain actions.") //nolint:staticcheck // AWS's words
	case s.Resources != nil && s.NotResources != nil:
		return syntax("Resource and NotResource exclude each other")
	case s.Principals != nil && s.NotPrincipals != nil:
		return syntax("Principal and NotPrincipal exclude each other")
	case kind == Identity && hasPrincipal:
		return errors.New("Policy document should not specify a principal.") //nolint:staticcheck // AWS's words
	case kind != Identity && !hasPrincipal:
		return errors.New("Policy statement must contain a principal.") //nolint:staticcheck // AWS's words
	case kind == Trust && hasResource:
		return errors.New("Has prohibited field Resource") //nolint:staticcheck // AWS's words
	case kind != Trust && !hasResource:
		return errors.New("Policy statement must contain resources.") //nolint:staticcheck // AWS's words
	}
	for _, action := range slices.Concat(s.Actions, s.NotActions) {
		vendor, name, ok := strings.Cut(action, ":")
		if action != "*" && (!ok || vendor == "" || name == "") {
			return errors.New("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.") //nolint:staticcheck // AWS's words
		}
	}
	for _, resource := range slices.Concat(s.Resources, s.NotResources) {
		if resource != "*" && !strings.HasPrefix(resource, "arn:") && !strings.HasPrefix(resource, "${") && !strings.HasPrefix(resource, "*") {
			return fmt.Errorf("Resource %s must be in ARN format or \"*\".", resource) //nolint:staticcheck // AWS's words
		}
	}
	return nil
}
