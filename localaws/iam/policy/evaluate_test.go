package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"crawlerless/localaws/iam/policy"
)

const account = "123456789012"

// role is a session of a role, as most callers are.
var role = policy.Principal{
	Account: account, Role: "arn:aws:iam::123456789012:role/reader", ARN: "arn:aws:sts::123456789012:assumed-role/reader/s",
}

func parse(t testing.TB, kind policy.Kind, statements ...string) *policy.Document {
	t.Helper()
	doc, err := policy.Parse(`{"Version":"2012-10-17","Statement":[`+strings.Join(statements, ",")+`]}`, kind)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// The table of "Policy evaluation logic" of the IAM User Guide, for requests
// within one account.
func TestEvaluationLogic(t *testing.T) {
	const (
		allow     = `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/*"}`
		deny      = `{"Effect":"Deny","Action":"s3:*","Resource":"*"}`
		other     = `{"Effect":"Allow","Action":"s3:PutObject","Resource":"*"}`
		openRole  = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/reader"},"Action":"s3:GetObject","Resource":"*"}`
		openOne   = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:sts::123456789012:assumed-role/reader/s"},"Action":"s3:GetObject","Resource":"*"}`
		openOwner = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"s3:GetObject","Resource":"*"}`
		openID    = `{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"s3:GetObject","Resource":"*"}`
		openAll   = `{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}`
		openEvent = `{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"s3:GetObject","Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:events:us-east-1:123456789012:rule/r"}}}`
		closeAll  = `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}`
		closeRoot = `{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"s3:*","Resource":"*"}`
		notReader = `{"Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::123456789012:role/reader"},"Action":"s3:*","Resource":"*"}`
		notOther  = `{"Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::123456789012:role/other"},"Action":"s3:*","Resource":"*"}`
	)
	event := policy.Principal{Account: account, Service: "events.amazonaws.com"}
	rule := policy.Context{"aws:SourceArn": {"arn:aws:events:us-east-1:123456789012:rule/r"}}
	for _, tt := range []struct {
		name               string
		who                policy.Principal
		identity, resource []string
		limit              []string
		mustAllow          bool
		context            policy.Context
		want               string // "allow", or the reason
	}{
		{name: "nothing allows: denied implicitly", who: role, want: "because no identity-based policy allows the s3:GetObject action"},
		{name: "an identity policy allows", who: role, identity: []string{allow}, want: "allow"},
		{name: "one that allows something else does not", who: role, identity: []string{other}, want: "because no identity-based policy"},
		{name: "an explicit deny wins over an allow", who: role, identity: []string{allow, deny}, want: "with an explicit deny in an identity-based policy"},
		{name: "a resource policy that names the role is enough", who: role, resource: []string{openRole}, want: "allow"},
		{name: "one that names the session is enough", who: role, resource: []string{openOne}, want: "allow"},
		{name: "one that names everybody is enough", who: role, resource: []string{openAll}, want: "allow"},
		{name: "one that names the account only delegates", who: role, resource: []string{openOwner}, want: "because no identity-based policy"},
		{name: "so does the account's number", who: role, resource: []string{openID}, want: "because no identity-based policy"},
		{name: "an explicit deny of the resource wins over the identity", who: role, identity: []string{allow}, resource: []string{closeAll}, want: "with an explicit deny in a resource-based policy"},
		{name: "a deny of the account denies its roles", who: role, identity: []string{allow}, resource: []string{closeRoot}, want: "with an explicit deny in a resource-based policy"},
		{name: "NotPrincipal spares who it names", who: role, identity: []string{allow}, resource: []string{notReader}, want: "allow"},
		{name: "NotPrincipal hits everybody else", who: role, identity: []string{allow}, resource: []string{notOther}, want: "with an explicit deny in a resource-based policy"},
		{name: "a boundary that does not allow denies", who: role, identity: []string{allow}, limit: []string{other}, want: "because no permissions boundary allows"},
		{name: "a boundary alone allows nothing", who: role, limit: []string{allow}, want: "because no identity-based policy"},
		{name: "boundary and identity allow", who: role, identity: []string{allow}, limit: []string{allow}, want: "allow"},
		{name: "a deny in the boundary is explicit", who: role, identity: []string{allow}, limit: []string{allow, deny}, want: "with an explicit deny in a permissions boundary"},
		{name: "a boundary limits a resource policy that names the role", who: role, resource: []string{openRole}, limit: []string{other}, want: "because no permissions boundary allows"},
		{name: "but not one that names the session", who: role, resource: []string{openOne}, limit: []string{other}, want: "allow"},
		{name: "the anonymous are denied without a resource policy", who: policy.Principal{Anonymous: true}, want: "because no resource-based policy"},
		{name: "the anonymous are everybody", who: policy.Principal{Anonymous: true}, resource: []string{openAll}, want: "allow"},
		{name: "the anonymous are not of the account", who: policy.Principal{Anonymous: true, Account: account}, resource: []string{openOwner}, want: "because no resource-based policy"},
		{name: "a service needs a resource policy that names it", who: event, resource: []string{openRole}, want: "because no resource-based policy"},
		{name: "a service on behalf of the resource named", who: event, resource: []string{openEvent}, context: rule, want: "allow"},
		{name: "a service on behalf of another resource", who: event, resource: []string{openEvent}, context: policy.Context{"aws:SourceArn": {"arn:aws:events:us-east-1:123456789012:rule/other"}}, want: "because no resource-based policy"},
		{name: "the resource must allow whatever the identity says", who: role, identity: []string{allow}, mustAllow: true, want: "because no resource-based policy"},
		{name: "the resource delegates and the identity allows", who: role, identity: []string{allow}, resource: []string{openOwner}, mustAllow: true, want: "allow"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := policy.Policies{ResourceMustAllow: tt.mustAllow}
			for _, text := range tt.identity {
				p.Identity = append(p.Identity, parse(t, policy.Identity, text))
			}
			if tt.limit != nil {
				p.Limits = [][]*policy.Document{{parse(t, policy.Identity, tt.limit...)}}
			}
			if tt.resource != nil {
				p.Resource = parse(t, policy.Resource, tt.resource...)
			}
			d := policy.Evaluate(policy.Request{Principal: tt.who, Action: "s3:GetObject", Resource: "arn:aws:s3:::lake/key", Context: tt.context}, p)
			got := "allow"
			if !d.Allowed {
				got = d.Reason("s3:GetObject")
			}
			if !strings.HasPrefix(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func allowed(t testing.TB, statement, action, resource string, context policy.Context) bool {
	t.Helper()
	return policy.Evaluate(policy.Request{Principal: role, Action: action, Resource: resource, Context: context},
		policy.Policies{Identity: []*policy.Document{parse(t, policy.Identity, statement)}}).Allowed
}

func TestActionsAndResources(t *testing.T) {
	tags := policy.Context{"aws:PrincipalTag/team": {"red"}, "aws:PrincipalTag/wild": {"*"}}
	for _, tt := range []struct {
		name, element, action, resource string
		want                            bool
	}{
		{"actions compare without case", `"Action":"S3:getobject","Resource":"*"`, "s3:GetObject", "arn:aws:s3:::b/k", true},
		{"a wildcard in an action", `"Action":"s3:Get*","Resource":"*"`, "s3:GetObject", "arn:aws:s3:::b/k", true},
		{"a wildcard does not reach into another service", `"Action":"s3:*","Resource":"*"`, "sqs:SendMessage", "arn:aws:sqs:r:a:q", false},
		{"one character", `"Action":"s3:GetObjec?","Resource":"*"`, "s3:GetObject", "arn:aws:s3:::b/k", true},
		{"every action", `"Action":"*","Resource":"*"`, "glue:GetTable", "*", true},
		{"NotAction allows all others", `"NotAction":"iam:*","Resource":"*"`, "s3:GetObject", "arn:aws:s3:::b/k", true},
		{"NotAction spares what it names", `"NotAction":"iam:*","Resource":"*"`, "iam:GetRole", "*", false},
		{"a bucket is not its objects", `"Action":"s3:*","Resource":"arn:aws:s3:::b"`, "s3:GetObject", "arn:aws:s3:::b/k", false},
		{"objects are not their bucket", `"Action":"s3:*","Resource":"arn:aws:s3:::b/*"`, "s3:ListBucket", "arn:aws:s3:::b", false},
		{"a wildcard crosses slashes", `"Action":"s3:*","Resource":"arn:aws:s3:::b/*"`, "s3:GetObject", "arn:aws:s3:::b/a/b/c", true},
		{"a wildcard does not cross the parts of an ARN", `"Action":"sqs:*","Resource":"arn:aws:sqs:*:1:q"`, "sqs:SendMessage", "arn:aws:sqs:us-east-1:2:1:q", false},
		{"resources compare with case", `"Action":"s3:*","Resource":"arn:aws:s3:::B/*"`, "s3:GetObject", "arn:aws:s3:::b/k", false},
		{"NotResource allows all others", `"Action":"s3:*","NotResource":"arn:aws:s3:::secret/*"`, "s3:GetObject", "arn:aws:s3:::b/k", true},
		{"NotResource spares what it names", `"Action":"s3:*","NotResource":"arn:aws:s3:::secret/*"`, "s3:GetObject", "arn:aws:s3:::secret/k", false},
		{"several resources", `"Action":["s3:GetObject"],"Resource":["arn:aws:s3:::a/*","arn:aws:s3:::b/*"]`, "s3:GetObject", "arn:aws:s3:::b/k", true},
		{"a variable", `"Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/team}/*"`, "s3:GetObject", "arn:aws:s3:::b/red/k", true},
		{"a variable with another value", `"Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/team}/*"`, "s3:GetObject", "arn:aws:s3:::b/blue/k", false},
		{"a variable without a value matches nothing", `"Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/none}*"`, "s3:GetObject", "arn:aws:s3:::b/k", false},
		{"a variable with a default", `"Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/none, 'all'}/*"`, "s3:GetObject", "arn:aws:s3:::b/all/k", true},
		{"a wildcard that comes out of a variable is literal", `"Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/wild}"`, "s3:GetObject", "arn:aws:s3:::b/k", false},
		{"an escaped wildcard is literal", `"Action":"s3:*","Resource":"arn:aws:s3:::b/${*}"`, "s3:GetObject", "arn:aws:s3:::b/k", false},
		{"an escaped wildcard matches itself", `"Action":"s3:*","Resource":"arn:aws:s3:::b/${*}"`, "s3:GetObject", "arn:aws:s3:::b/*", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := allowed(t, `{"Effect":"Allow",`+tt.element+`}`, tt.action, tt.resource, tags); got != tt.want {
				t.Errorf("allowed: %v", got)
			}
		})
	}
}

// The examples of "IAM JSON policy elements: Condition operators" and
// "Multivalued context keys".
func TestConditions(t *testing.T) {
	context := policy.Context{
		"aws:SourceArn": {"arn:aws:logs:us-east-1:123456789012:log-group:app"}, "aws:SecureTransport": {"true"}, "aws:SourceIp": {"203.0.113.7"},
		"aws:CurrentTime": {"2026-11-24T04:00:00Z"}, "aws:EpochTime": {"1795492800"}, "s3:max-keys": {"10"}, "s3:prefix": {"logs/app"},
		"aws:TagKeys": {"env", "team"}, "aws:PrincipalTag/env": {"prod"},
	}
	for _, tt := range []struct {
		name, condition string
		want            bool
	}{
		{"equal", `"StringEquals":{"s3:prefix":"logs/app"}`, true},
		{"any of the values", `"StringEquals":{"s3:prefix":["a","logs/app"]}`, true},
		{"with case", `"StringEquals":{"s3:prefix":"Logs/app"}`, false},
		{"no wildcards", `"StringEquals":{"s3:prefix":"logs/*"}`, false},
		{"without case", `"StringEqualsIgnoreCase":{"s3:prefix":"LOGS/APP"}`, true},
		{"like", `"StringLike":{"s3:prefix":"logs/*"}`, true},
		{"not like", `"StringNotLike":{"s3:prefix":"logs/*"}`, false},
		{"not equal to any", `"StringNotEquals":{"s3:prefix":["a","b"]}`, true},
		{"not equal, but to one", `"StringNotEquals":{"s3:prefix":["a","logs/app"]}`, false},
		{"a missing key does not match", `"StringEquals":{"aws:UserAgent":"x"}`, false},
		{"a missing key matches a negation", `"StringNotEquals":{"aws:UserAgent":"x"}`, true},
		{"a missing key with IfExists", `"StringEqualsIfExists":{"aws:UserAgent":"x"}`, true},
		{"a present key with IfExists", `"StringEqualsIfExists":{"s3:prefix":"x"}`, false},
		{"keys compare without case", `"StringEquals":{"S3:PREFIX":"logs/app"}`, true},
		{"all operators must hold", `"StringLike":{"s3:prefix":"logs/*"},"Bool":{"aws:SecureTransport":"false"}`, false},
		{"all keys of an operator must hold", `"StringLike":{"s3:prefix":"logs/*","aws:PrincipalTag/env":"dev"}`, false},
		{"a variable in a value", `"StringEquals":{"aws:PrincipalTag/env":"${aws:PrincipalTag/env}"}`, true},
		{"ARN with wildcards", `"ArnLike":{"aws:SourceArn":"arn:aws:logs:*:123456789012:log-group:*"}`, true},
		{"ArnEquals knows wildcards too", `"ArnEquals":{"aws:SourceArn":"arn:aws:logs:*:*:log-group:app"}`, true},
		{"ARN of another account", `"ArnLike":{"aws:SourceArn":"arn:aws:logs:*:210987654321:*"}`, false},
		{"not that ARN", `"ArnNotLike":{"aws:SourceArn":"arn:aws:sns:*:*:*"}`, true},
		{"bool", `"Bool":{"aws:SecureTransport":"true"}`, true},
		{"bool without quotes", `"Bool":{"aws:SecureTransport":true}`, true},
		{"number", `"NumericLessThanEquals":{"s3:max-keys":"10"}`, true},
		{"number without quotes", `"NumericLessThan":{"s3:max-keys":10}`, false},
		{"numbers compare by value", `"NumericEquals":{"s3:max-keys":"10.0"}`, true},
		{"greater", `"NumericGreaterThan":{"s3:max-keys":"9"}`, true},
		{"no number", `"NumericEquals":{"s3:max-keys":"ten"}`, false},
		{"before", `"DateLessThan":{"aws:CurrentTime":"2026-11-25T00:00:00Z"}`, true},
		{"after", `"DateGreaterThan":{"aws:CurrentTime":"2026-11-25T00:00:00Z"}`, false},
		{"epoch", `"DateGreaterThanEquals":{"aws:EpochTime":"1795492800"}`, true},
		{"in the network", `"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}`, true},
		{"outside the network", `"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}`, false},
		{"one address", `"IpAddress":{"aws:SourceIp":"203.0.113.7"}`, true},
		{"null: the key is there", `"Null":{"aws:SourceArn":"false"}`, true},
		{"null: the key is missing", `"Null":{"aws:UserAgent":"true"}`, true},
		{"null: it should be missing", `"Null":{"aws:SourceArn":true}`, false},
		{"for all values", `"ForAllValues:StringEquals":{"aws:TagKeys":["env","team","cost"]}`, true},
		{"not for all values", `"ForAllValues:StringEquals":{"aws:TagKeys":["env"]}`, false},
		{"for all of none", `"ForAllValues:StringEquals":{"aws:RequestTag/x":["env"]}`, true},
		{"for any value", `"ForAnyValue:StringEquals":{"aws:TagKeys":["team","cost"]}`, true},
		{"for any of none", `"ForAnyValue:StringEquals":{"aws:RequestTag/x":["env"]}`, false},
		{"for any value that is not", `"ForAnyValue:StringNotEquals":{"aws:TagKeys":["env"]}`, true},
		{"for no value that is", `"ForAllValues:StringNotEquals":{"aws:TagKeys":["env"]}`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			statement := `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{` + tt.condition + `}}`
			if got := allowed(t, statement, "s3:ListBucket", "arn:aws:s3:::b", context); got != tt.want {
				t.Errorf("holds: %v", got)
			}
		})
	}
}

func TestVersion2008KnowsNoVariables(t *testing.T) {
	doc, err := policy.Parse(`{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/team}"}}`, policy.Identity)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(resource string) bool {
		return policy.Evaluate(policy.Request{Principal: role, Action: "s3:GetObject", Resource: resource, Context: policy.Context{"aws:PrincipalTag/team": {"red"}}},
			policy.Policies{Identity: []*policy.Document{doc}}).Allowed
	}
	if ask("arn:aws:s3:::b/red") || !ask("arn:aws:s3:::b/${aws:PrincipalTag/team}") {
		t.Error("the variable was replaced")
	}
}

func TestMalformedDocumentsAreRefused(t *testing.T) {
	statement := func(s string) string { return `{"Version":"2012-10-17","Statement":[{` + s + `}]}` }
	for _, tt := range []struct {
		name, text string
		kind       policy.Kind
		says       string
	}{
		{"no JSON", `{`, policy.Identity, "invalid Json"},
		{"empty", ``, policy.Identity, "invalid Json"},
		{"a list", `[]`, policy.Identity, "Syntax errors"},
		{"no statement", `{"Version":"2012-10-17"}`, policy.Identity, "Syntax errors"},
		{"an unknown version", `{"Version":"2012-10-18","Statement":[]}`, policy.Identity, "version"},
		{"an unknown member", statement(`"Effect":"Allow","Action":"s3:*","Resource":"*","Resources":"*"`), policy.Identity, "Resources"},
		{"a member twice", statement(`"Effect":"Allow","Action":"s3:*","Action":"sqs:*","Resource":"*"`), policy.Identity, "duplicate key Action"},
		{"no effect", statement(`"Action":"s3:*","Resource":"*"`), policy.Identity, "Effect"},
		{"an effect in lower case", statement(`"Effect":"allow","Action":"s3:*","Resource":"*"`), policy.Identity, "Effect"},
		{"no action", statement(`"Effect":"Allow","Resource":"*"`), policy.Identity, "must contain actions"},
		{"both Action and NotAction", statement(`"Effect":"Allow","Action":"s3:*","NotAction":"sqs:*","Resource":"*"`), policy.Identity, "actions"},
		{"an action without a vendor", statement(`"Effect":"Allow","Action":"GetObject","Resource":"*"`), policy.Identity, "prefaced by a vendor"},
		{"no resource", statement(`"Effect":"Allow","Action":"s3:*"`), policy.Identity, "must contain resources"},
		{"a resource that is no ARN", statement(`"Effect":"Allow","Action":"s3:*","Resource":"bucket"`), policy.Identity, "must be in ARN format"},
		{"an empty list of resources", statement(`"Effect":"Allow","Action":"s3:*","Resource":[]`), policy.Identity, "Resource"},
		{"a principal in an identity policy", statement(`"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"*"`), policy.Identity, "should not specify a principal"},
		{"no principal in a resource policy", statement(`"Effect":"Allow","Action":"s3:*","Resource":"*"`), policy.Resource, "must contain a principal"},
		{"a resource in a trust policy", statement(`"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*","Principal":"*"`), policy.Trust, "prohibited field Resource"},
		{"a principal that is no ARN", statement(`"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"me"}`), policy.Trust, "Invalid principal"},
		{"a wildcard within a principal", statement(`"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::123456789012:role/*"}`), policy.Trust, "Invalid principal"},
		{"an unknown type of principal", statement(`"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Services":"x.amazonaws.com"}`), policy.Trust, "Invalid principal"},
		{"an unknown operator", statement(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringIs":{"aws:x":"y"}}`), policy.Identity, "Invalid Condition type : StringIs"},
		{"Null with IfExists", statement(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"NullIfExists":{"aws:x":"true"}}`), policy.Identity, "Invalid Condition type"},
		{"a condition key without a vendor", statement(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"x":"y"}}`), policy.Identity, "prefaced by a vendor"},
		{"a condition without values", statement(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:x":[]}}`), policy.Identity, "must have values"},
		{"one Sid twice", `{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":"*"},{"Sid":"a","Effect":"Allow","Action":"sqs:*","Resource":"*"}]}`, policy.Identity, "must be unique"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := policy.Parse(tt.text, tt.kind); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %q", err, tt.says)
			}
		})
	}
}

// A statement is drawn from a small world, so that it often applies.
func statements(effects ...string) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return fmt.Sprintf(`{"Effect":%q,"Action":%q,"Resource":%q%s}`,
			rapid.SampledFrom(effects).Draw(t, "effect"),
			rapid.SampledFrom([]string{"s3:GetObject", "s3:*", "*", "sqs:*"}).Draw(t, "action"),
			rapid.SampledFrom([]string{"*", "arn:aws:s3:::b/*", "arn:aws:s3:::c/*"}).Draw(t, "resource"),
			rapid.SampledFrom([]string{"", `,"Condition":{"Bool":{"aws:SecureTransport":"true"}}`, `,"Condition":{"Bool":{"aws:SecureTransport":"false"}}`}).Draw(t, "condition"))
	})
}

func request(t *rapid.T) policy.Request {
	return policy.Request{
		Principal: role, Action: rapid.SampledFrom([]string{"s3:GetObject", "s3:PutObject", "sqs:SendMessage"}).Draw(t, "asked"),
		Resource: rapid.SampledFrom([]string{"arn:aws:s3:::b/k", "arn:aws:s3:::c/k", "arn:aws:sqs:r:a:q"}).Draw(t, "of"), Context: policy.Context{"aws:SecureTransport": {"true"}},
	}
}

func identity(t testing.TB, texts []string) policy.Policies {
	var p policy.Policies
	for _, text := range texts {
		p.Identity = append(p.Identity, parse(t, policy.Identity, text))
	}
	return p
}

func TestProperties(t *testing.T) {
	t.Run("the order of statements and policies does not matter", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			texts := rapid.SliceOfN(statements("Allow", "Deny"), 1, 5).Draw(rt, "policies")
			r := request(rt)
			shuffled := rapid.Permutation(texts).Draw(rt, "shuffled")
			one := policy.Policies{Identity: []*policy.Document{parse(t, policy.Identity, shuffled...)}}
			if a, b := policy.Evaluate(r, identity(t, texts)), policy.Evaluate(r, one); a != b {
				rt.Errorf("%+v and %+v", a, b)
			}
		})
	})
	t.Run("a further allow never takes away", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			texts := rapid.SliceOfN(statements("Allow", "Deny"), 1, 4).Draw(rt, "policies")
			r := request(rt)
			more := append(texts[:len(texts):len(texts)], statements("Allow").Draw(rt, "more"))
			if policy.Evaluate(r, identity(t, texts)).Allowed && !policy.Evaluate(r, identity(t, more)).Allowed {
				rt.Error("taken away")
			}
		})
	})
	t.Run("a further deny or limit never gives", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			texts := rapid.SliceOfN(statements("Allow", "Deny"), 1, 4).Draw(rt, "policies")
			r := request(rt)
			before := identity(t, texts)
			denied := identity(t, append(texts[:len(texts):len(texts)], statements("Deny").Draw(rt, "deny")))
			limited := before
			limited.Limits = [][]*policy.Document{{parse(t, policy.Identity, statements("Allow").Draw(rt, "limit"))}}
			if !policy.Evaluate(r, before).Allowed && (policy.Evaluate(r, denied).Allowed || policy.Evaluate(r, limited).Allowed) {
				rt.Error("given")
			}
		})
	})
	t.Run("a deny that applies is an explicit one", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			texts := append(rapid.SliceOfN(statements("Allow", "Deny"), 0, 4).Draw(rt, "policies"), `{"Effect":"Deny","Action":"*","Resource":"*"}`)
			if d := policy.Evaluate(request(rt), identity(t, texts)); d.Allowed || !d.Explicit {
				rt.Errorf("%+v", d)
			}
		})
	})
}

// The oracle for wildcards is the plainest matcher there is.
func FuzzWildcards(f *testing.F) {
	f.Add("a*b?c", "axxbyc")
	f.Add("*", "")
	f.Add("**a", "ba")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 12 || len(text) > 12 || strings.ContainsAny(pattern+text, "\":\\$") || strings.ToValidUTF8(pattern+text, "") != pattern+text {
			t.Skip()
		}
		for _, c := range pattern + text {
			if c < ' ' {
				t.Skip()
			}
		}
		want := naive([]rune("p"+pattern), []rune("p"+text))
		if got := allowed(t, `{"Effect":"Allow","Action":"*","Resource":"arn:aws:x:::p`+pattern+`"}`, "x:y", "arn:aws:x:::p"+text, nil); got != want {
			t.Errorf("%q on %q: %v", pattern, text, got)
		}
	})
}

func naive(pattern, text []rune) bool {
	switch {
	case len(pattern) == 0:
		return len(text) == 0
	case pattern[0] == '*':
		return naive(pattern[1:], text) || len(text) > 0 && naive(pattern, text[1:])
	case len(text) == 0:
		return false
	}
	return (pattern[0] == '?' || pattern[0] == text[0]) && naive(pattern[1:], text[1:])
}
