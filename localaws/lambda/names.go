package lambda

import (
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// reference is how a request names a function: "name", "name:qualifier",
// "123456789012:function:name" or the whole ARN, with or without qualifier.
type reference struct{ account, region, name, qualifier string }

func parseReference(text string) (reference, bool) {
	parts := strings.Split(text, ":")
	switch {
	case len(parts) >= 7 && parts[0] == "arn" && parts[2] == "lambda" && parts[5] == "function":
		r := reference{account: parts[4], region: parts[3], name: parts[6]}
		if len(parts) == 8 {
			r.qualifier = parts[7]
		}
		return r, validName(r.name) && len(parts) <= 8
	case len(parts) >= 3 && parts[1] == "function":
		r := reference{account: parts[0], name: parts[2]}
		if len(parts) == 4 {
			r.qualifier = parts[3]
		}
		digits := len(r.account) == 12 && strings.Trim(r.account, "0123456789") == ""
		return r, digits && validName(r.name) && len(parts) <= 4
	case len(parts) == 2:
		return reference{name: parts[0], qualifier: parts[1]}, validName(parts[0])
	case len(parts) == 1:
		return reference{name: text}, validName(text)
	}
	return reference{}, false
}

func validName(name string) bool {
	ok, err := regexp.MatchString(`^[a-zA-Z0-9_-]{1,64}$`, name)
	return ok && err == nil
}

func (s *Service) functionARN(name string) string { return s.env.ARN("lambda", "function:"+name) }

// arnOf is the ARN that permissions are checked on.
func (s *Service) arnOf(name *string) string {
	if r, ok := parseReference(aws.ToString(name)); ok {
		return s.functionARN(r.name)
	}
	return s.functionARN(aws.ToString(name))
}

// lookup finds the function that a request names. The qualifier may be part of
// the name; only $LATEST is there.
func (s *Service) lookup(name, qualifier *string) (*function, error) {
	r, ok := parseReference(aws.ToString(name))
	if !ok {
		return nil, invalidName(aws.ToString(name))
	}
	q := r.qualifier
	if qualifier != nil && *qualifier != "" {
		if q != "" && q != *qualifier {
			return nil, invalid("The derived qualifier from the function name does not match the specified qualifier.")
		}
		q = *qualifier
	}
	if r.region != "" && r.region != s.env.Region {
		return nil, notFound("Functions from '%s' are not reachable in this region ('%s')", r.region, s.env.Region)
	}
	foreign := r.account != "" && r.account != s.env.Account
	s.mu.Lock()
	f := s.functions[r.name]
	s.mu.Unlock()
	if f == nil || foreign || q != "" && q != latest {
		arn := s.functionARN(r.name)
		if q != "" {
			arn += ":" + q
		}
		return nil, notFound("Function not found: %s", arn)
	}
	return f, nil
}

func invalidName(name string) error {
	if len(name) > 64 && !strings.Contains(name, ":") {
		return invalid("1 validation error detected: Value '%s' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64", name)
	}
	return validation("Value '%s' at 'functionName' failed to satisfy constraint: "+
		`Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?`, name)
}
