package s3

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"slices"
	"strings"
)

// maxPolicy is the largest bucket policy in bytes.
const maxPolicy = 20 * 1024

func malformedPolicy(message string, detail string) *Error {
	if detail == "" {
		return fail(http.StatusBadRequest, "MalformedPolicy", message)
	}
	return fail(http.StatusBadRequest, "MalformedPolicy", message, "Detail", detail)
}

func (c *call) noPolicy() *Error {
	return fail(http.StatusNotFound, "NoSuchBucketPolicy", "The bucket policy does not exist", "BucketName", c.name)
}

func (c *call) getPolicy() error {
	var policy string
	c.read(func(on *config) { policy = on.policy })
	if policy == "" {
		return c.noPolicy()
	}
	c.w.Header().Set("Content-Type", "application/json")
	return c.write(http.StatusOK, []byte(policy))
}

func (c *call) putPolicy() error {
	body, err := c.text(1 << 20)
	if err != nil {
		return err
	}
	doc, err := parsePolicy(body, c.s.env.S3ARN(c.name))
	if err != nil {
		return err
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, body); err != nil {
		return err
	}
	open := doc.public()
	err = c.change(func(on *config) error {
		if open && on.block != nil && on.block.BlockPublicPolicy {
			return accessDenied()
		}
		on.policy, on.policyOpen = compact.String(), open
		return nil
	})
	if err != nil {
		return err
	}
	return c.noContent()
}

func (c *call) deletePolicy() error {
	if err := c.change(func(on *config) error { on.policy, on.policyOpen = "", false; return nil }); err != nil {
		return err
	}
	return c.noContent()
}

func (c *call) getPolicyStatus() error {
	out := struct {
		XMLName  xml.Name `xml:"PolicyStatus"`
		Xmlns    string   `xml:"xmlns,attr"`
		IsPublic bool
	}{Xmlns: xmlns}
	exists := false
	c.read(func(on *config) { out.IsPublic, exists = on.policyOpen, on.policy != "" })
	if !exists {
		return c.noPolicy()
	}
	return c.reply(out)
}

// policy is a bucket policy as far as its form and its openness go; what it
// allows is evaluated by the identity.
type policy struct {
	Version   string
	ID        string `json:"Id"`
	Statement many[statement]
}

type statement struct {
	Sid          string
	Effect       string
	Principal    *principal
	NotPrincipal *principal
	Action       many[string]
	NotAction    many[string]
	Resource     many[string]
	NotResource  many[string]
	Condition    map[string]map[string]many[any]
}

// many reads one value or a list of them.
type many[T any] []T

func (m *many[T]) UnmarshalJSON(raw []byte) error {
	if trimmed := bytes.TrimSpace(raw); len(trimmed) > 0 && trimmed[0] == '[' {
		var list []T
		if err := strict(raw, &list); err != nil {
			return err
		}
		*m = list
		return nil
	}
	var one T
	if err := strict(raw, &one); err != nil {
		return err
	}
	*m = []T{one}
	return nil
}

// principal is "*" or lists by kind.
type principal struct {
	all   bool
	kinds map[string]many[string]
}

func (p *principal) UnmarshalJSON(raw []byte) error {
	var star string
	if json.Unmarshal(raw, &star) == nil {
		if star != "*" {
			return malformedPolicy("Invalid principal in policy", star)
		}
		p.all = true
		return nil
	}
	return strict(raw, &p.kinds)
}

func (p *principal) everybody() bool {
	return p != nil && (p.all || slices.Contains(p.kinds["AWS"], "*"))
}

func strict(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// parsePolicy reads a policy and judges it as PutBucketPolicy does; bucketARN is
// the bucket that it is for.
func parsePolicy(body []byte, bucketARN string) (*policy, error) {
	if len(body) == 0 || body[0] != '{' || !json.Valid(body) {
		return nil, malformedPolicy("Policies must be valid JSON and the first byte must be '{'", "")
	}
	if len(body) > maxPolicy {
		return nil, malformedPolicy("Policy exceeds the maximum allowed document size.", "")
	}
	var doc policy
	if err := strict(body, &doc); err != nil {
		if own := asError(err); own.Code == "MalformedPolicy" {
			return nil, own
		}
		if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
			return nil, malformedPolicy("Unknown field "+strings.Trim(field, `"`), "")
		}
		return nil, malformedPolicy("Policy has invalid syntax: "+err.Error(), "")
	}
	switch doc.Version {
	case "", "2008-10-17", "2012-10-17":
	default:
		return nil, malformedPolicy("The policy must contain a valid version string", "")
	}
	if len(doc.Statement) == 0 {
		return nil, malformedPolicy("Missing required field Statement", "")
	}
	sids := map[string]bool{}
	for _, s := range doc.Statement {
		if s.Sid != "" && sids[s.Sid] {
			return nil, malformedPolicy("Statement IDs (SID) in a single policy must be unique", s.Sid)
		}
		sids[s.Sid] = true
		if err := s.check(bucketARN); err != nil {
			return nil, err
		}
	}
	return &doc, nil
}

func (s *statement) check(bucketARN string) error {
	switch {
	case s.Effect == "":
		return malformedPolicy("Missing required field Effect", "")
	case s.Effect != "Allow" && s.Effect != "Deny":
		return malformedPolicy("Invalid effect: "+s.Effect, "")
	case s.Principal == nil && s.NotPrincipal == nil:
		return malformedPolicy("Missing required field Principal", "")
	case len(s.Action) == 0 && len(s.NotAction) == 0:
		return malformedPolicy("Missing required field Action", "")
	case len(s.Resource) == 0 && len(s.NotResource) == 0:
		return malformedPolicy("Missing required field Resource", "")
	}
	if err := checkPrincipal(s.Principal); err != nil {
		return err
	}
	if err := checkPrincipal(s.NotPrincipal); err != nil {
		return err
	}
	resources := slices.Concat(s.Resource, s.NotResource)
	for _, r := range resources {
		rest, ok := strings.CutPrefix(r, bucketARN)
		if !ok || (rest != "" && rest[0] != '/') {
			if !wildcardCovers(r, bucketARN) {
				return malformedPolicy("Policy has invalid resource", r)
			}
		}
	}
	for _, a := range slices.Concat(s.Action, s.NotAction) {
		if a != "*" && !strings.HasPrefix(strings.ToLower(a), "s3:") && !strings.HasPrefix(strings.ToLower(a), "s3-") {
			return malformedPolicy("Policy has invalid action", a)
		}
	}
	for _, a := range s.Action {
		if len(s.Resource) > 0 && !slices.ContainsFunc(resources, func(r string) bool { return applies(a, r) }) {
			return malformedPolicy("Action does not apply to any resource(s) in statement", "")
		}
	}
	return nil
}

// wildcardCovers tells whether a resource with a wildcard before the end of the
// bucket's ARN could still be in the bucket.
func wildcardCovers(resource, bucketARN string) bool {
	i := strings.IndexAny(resource, "*?")
	return i > len("arn:aws:s3:::") && strings.HasPrefix(bucketARN, resource[:i])
}

// applies tells whether an action is one of objects or of buckets as the
// resource is. An action with a wildcard may be either.
func applies(action, resource string) bool {
	if strings.ContainsAny(action, "*?") || strings.ContainsAny(resource[:len(resource)-len(pathOf(resource))], "*?") {
		return true
	}
	return ofObjects(action) == (pathOf(resource) != "")
}

// pathOf is what follows the bucket in an ARN, with its slash.
func pathOf(arn string) string {
	rest := arn
	for range 5 {
		_, rest, _ = strings.Cut(rest, ":")
	}
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		return rest[i:]
	}
	return ""
}

// ofObjects tells whether an action works on objects:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
func ofObjects(action string) bool {
	name := strings.ToLower(strings.TrimPrefix(strings.ToLower(action), "s3:"))
	switch name {
	case "abortmultipartupload", "listmultipartuploadparts", "bypassgovernanceretention":
		return true
	case "getbucketobjectlockconfiguration", "putbucketobjectlockconfiguration":
		return false
	}
	return strings.Contains(name, "object")
}

func checkPrincipal(p *principal) error {
	if p == nil || p.all {
		return nil
	}
	for kind, names := range p.kinds {
		switch kind {
		case "AWS", "Service", "Federated", "CanonicalUser":
		default:
			return malformedPolicy("Invalid principal in policy", kind)
		}
		for _, name := range names {
			if kind == "AWS" && name != "*" && !isAccount(name) && !strings.HasPrefix(name, "arn:aws") {
				return malformedPolicy("Invalid principal in policy", `"AWS" : "`+name+`"`)
			}
			if kind == "Service" && !strings.Contains(name, ".") {
				return malformedPolicy("Invalid principal in policy", `"Service" : "`+name+`"`)
			}
		}
	}
	return nil
}

func isAccount(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}
