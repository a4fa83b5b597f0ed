package guardrails

import (
	"fmt"
	"slices"
	"strings"
)

const (
	role       = "aws:iam/role:Role"
	rolePolicy = "aws:iam/rolePolicy:RolePolicy"

	functionPermission = "aws:lambda/permission:Permission"
)

func policyTypes() []string {
	return []string{
		role, rolePolicy, "aws:iam/policy:Policy",
		"aws:iam/userPolicy:UserPolicy", "aws:iam/groupPolicy:GroupPolicy",
	}
}

func attachmentTypes() []string {
	return []string{
		"aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:iam/policyAttachment:PolicyAttachment",
		"aws:iam/userPolicyAttachment:UserPolicyAttachment", "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
		// These also attach what is missing.
		"aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
		"aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive",
		"aws:iam/groupPolicyAttachmentsExclusive:GroupPolicyAttachmentsExclusive",
	}
}

type resourceSettings struct {
	Actions []string `json:"actions" doc:"actions that know no resource, so that * is all that they can be granted on; a trailing * matches any rest"`
}

type trustSettings struct {
	Conditions []string `json:"conditions" doc:"condition keys of which a service's trust needs one"`
}

func iamRules() []Guardrail {
	return []Guardrail{
		onResource(Guardrail{
			Name: "iam-no-wildcard-action", Service: "IAM", Level: Mandatory, Types: slices.Concat(policyTypes(), attachmentTypes(), []string{queuePolicy, bucketPolicy}),
			Description: "No policy grants all actions, of a service or of everything, and none of AWS's policies that do is attached.",
			Remedy:      "Name the actions that the actor needs.",
			Reason:      "A role that may do everything may also create what costs everything. The pipeline's actors need between two and nine actions each.",
		}, none{}, checkActions),
		onResource(Guardrail{
			Name: "iam-no-wildcard-resource", Service: "IAM", Level: Mandatory, Types: slices.Concat(policyTypes(), attachmentTypes()),
			Description: "No policy grants an action on every resource where an ARN is possible.",
			Remedy:      "Name the ARNs; fixed names make them known before the resources are.",
			Reason:      "A role that may read every bucket and write every table turns a mistake in one stage into one in all; and cross-stage reads are paid for twice.",
		}, resourceSettings{Actions: []string{
			// The log delivery of Step Functions has no resource-level permissions.
			// https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
			"logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery", "logs:ListLogDeliveries",
			"logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups",
			"xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets",
			"cloudwatch:PutMetricData", "s3:ListAllMyBuckets", "sts:GetCallerIdentity",
		}}, checkResources),
		onResource(Guardrail{
			Name: "iam-source-condition", Service: "IAM", Level: Mandatory, Types: []string{role, queuePolicy, bucketPolicy, functionPermission},
			Description: "A service may assume a role, write to a queue or a bucket, or invoke a function, only on behalf of this account.",
			Remedy:      "Add a condition on aws:SourceArn, aws:SourceAccount or, for Firehose, sts:ExternalId to the policy; for a function, sourceArn or sourceAccount.",
			Reason:      "Without it, another account's resource of the same service can borrow the role (the confused deputy) and read and write here, on this bill.",
		}, trustSettings{Conditions: []string{"aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths", "sts:ExternalId"}}, checkTrust),
	}
}

// grants are the nodes of a resource that hold identity policies.
func grants(r Resource) []Node {
	nodes := []Node{}
	if r.Type == role {
		for _, inline := range r.At("inlinePolicies").Items() {
			nodes = append(nodes, inline.At("policy"))
		}
		if inline := r.At("inlinePolicies"); inline.Unknown() {
			nodes = append(nodes, inline)
		}
		return nodes
	}
	return append(nodes, r.At("policy"))
}

func checkActions(r Resource, _ Stage, _ none) Findings {
	var f Findings
	for _, arn := range f.attached(r) {
		if name, aws := awsPolicy(arn); aws && grantsEverything(name) {
			f.violate(r, Violation{Path: arn.path, Found: name, Allowed: "a policy that names its actions"})
		}
	}
	for _, node := range grants(r) {
		d, ok := f.policy(r, node)
		if !ok {
			continue
		}
		for i, s := range d.Statement {
			if !s.allows() {
				continue
			}
			for _, action := range s.Action {
				if everyAction(action) {
					f.violate(r, Violation{Path: node.Path + " " + s.name(i), Found: fmt.Sprintf("the action %q", action), Allowed: "actions by name"})
				}
			}
			if len(s.NotAction) > 0 {
				f.violate(r, Violation{Path: node.Path + " " + s.name(i), Found: "NotAction, which grants everything else", Allowed: "actions by name"})
			}
		}
	}
	return f
}

// everyAction reports whether a pattern grants all actions of a service, or of
// several.
func everyAction(action string) bool {
	service, name, ok := strings.Cut(action, ":")
	return !ok && strings.ContainsAny(action, "*?") || strings.ContainsAny(service, "*?") || ok && strings.Trim(name, "*?") == ""
}

// attached are the managed policies that a resource attaches.
func (f *Findings) attached(r Resource) []attachment {
	var nodes []Node
	if matchesAny(r.Type, attachmentTypes()) {
		nodes = append(nodes, r.At("policyArn"))
	}
	lists := []Node{r.At("policyArns")}
	if r.Type == role {
		lists = append(lists, r.At("managedPolicyArns"))
	}
	for _, list := range lists {
		if list.Unknown() {
			f.wait(r, list.Path)
		}
		nodes = append(nodes, list.Items()...)
	}
	var all []attachment
	for _, node := range nodes {
		if arn, ok := f.text(r, node, ""); ok && arn != "" {
			all = append(all, attachment{node.Path, arn})
		}
	}
	return all
}

type attachment struct{ path, arn string }

// awsPolicy is the name of a policy that AWS writes, with its path.
func awsPolicy(a attachment) (name string, aws bool) {
	_, name, aws = strings.Cut(a.arn, ":iam::aws:policy/")
	return name, aws
}

// grantsEverything reports whether one of AWS's own policies grants all actions of
// a service or of all.
func grantsEverything(name string) bool {
	name = name[strings.LastIndex(name, "/")+1:]
	return slices.Contains([]string{"AdministratorAccess", "PowerUserAccess", "SystemAdministrator", "DataScientist", "AWSGlueServiceRole"}, name) ||
		strings.Contains(name, "FullAccess") || strings.HasPrefix(name, "AdministratorAccess-")
}

func checkResources(r Resource, _ Stage, c resourceSettings) Findings {
	var f Findings
	for _, arn := range f.attached(r) {
		// What AWS writes for everybody names nobody's resources; policies for the
		// roles of a service are the exception that its guides ask for.
		if name, aws := awsPolicy(arn); aws && !strings.HasPrefix(name, "service-role/") && !strings.HasPrefix(name, "aws-service-role/") {
			f.violate(r, Violation{Path: arn.path, Found: name + ", which AWS grants on every resource", Allowed: "a policy that names ARNs", Setting: "actions"})
		}
	}
	if matchesAny(r.Type, attachmentTypes()) {
		return f
	}
	for _, node := range grants(r) {
		d, ok := f.policy(r, node)
		if !ok {
			continue
		}
		for i, s := range d.Statement {
			if !s.allows() {
				continue
			}
			if len(s.NotResource) > 0 {
				f.violate(r, Violation{Path: node.Path + " " + s.name(i), Found: "NotResource, which grants everything else", Allowed: "ARNs"})
			}
			all := slices.IndexFunc(s.Resource, everyResource)
			if all < 0 {
				continue
			}
			for _, action := range s.Action {
				if !matchesAny(action, c.Actions) {
					f.violate(r, Violation{
						Path: node.Path + " " + s.name(i), Found: fmt.Sprintf("%s on %q", action, s.Resource[all]),
						Allowed: "ARNs", Setting: "actions",
					})
				}
			}
		}
	}
	return f
}

// everyResource reports whether an ARN pattern leaves the resource open: "*", a
// service with nothing behind it, or a kind of resource without a name.
func everyResource(arn string) bool {
	const wild = "*?/:"
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		// A wildcard that stands for the rest of the ARN.
		return strings.HasSuffix(arn, "*") || strings.Trim(arn, wild) == ""
	}
	id := parts[5]
	if strings.Trim(id, wild) == "" {
		return true
	}
	kind, name, ok := cutAny(id, "/:")
	return ok && slices.Contains(kinds(), kind) && strings.Trim(name, wild) == ""
}

// kinds begin the last part of the ARNs of services that have several kinds of
// resource. Buckets, queues and topics have none: there a name stands first.
func kinds() []string {
	return strings.Fields(`function layer event-source-mapping database table userDefinedFunction connection crawler job trigger workflow
		log-group destination deliverystream stream stateMachine execution express activity rule event-bus archive schedule schedule-group
		role policy user group instance-profile key alias workgroup datacatalog capacity-reservation alarm dashboard metric-stream budget`)
}

// cutAny cuts at the first of some characters.
func cutAny(s, chars string) (before, after string, ok bool) {
	i := strings.IndexAny(s, chars)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// checkPermission is checkTrust for the permission of a function, which has
// properties in place of a policy.
func checkPermission(r Resource) Findings {
	var f Findings
	principal := r.At("principal")
	who, ok := f.text(r, principal, "")
	if !ok || !strings.HasSuffix(who, ".amazonaws.com") && who != "*" {
		return f
	}
	for _, name := range []string{"sourceArn", "sourceAccount", "principalOrgId"} {
		if !r.At(name).Absent() { // one that is not known yet is one
			return f
		}
	}
	f.violate(r, Violation{Path: principal.Path, Found: who + " without sourceArn or sourceAccount", Allowed: "one of them", Setting: "conditions"})
	return f
}

func checkTrust(r Resource, _ Stage, c trustSettings) Findings {
	var f Findings
	if r.Type == functionPermission {
		return checkPermission(r)
	}
	node := r.At("policy")
	if r.Type == role {
		node = r.At("assumeRolePolicy")
	}
	d, ok := f.policy(r, node)
	if !ok {
		return f
	}
	for i, s := range d.Statement {
		who := s.Principal["Service"]
		if slices.Contains(s.Principal["AWS"], "*") || slices.Contains(s.Principal["*"], "*") {
			who = append(slices.Clone(who), "everybody")
		}
		if !s.allows() || len(who) == 0 || s.conditioned(c.Conditions) {
			continue
		}
		f.violate(r, Violation{
			Path: node.Path + " " + s.name(i), Found: strings.Join(who, ", ") + " without a condition on its source",
			Allowed: "a condition on one of " + strings.Join(c.Conditions, ", "), Setting: "conditions",
		})
	}
	return f
}

// conditioned reports whether a statement asks for a value of one of the keys: by
// an operator that does, and for a value that is not just anything.
func (s statement) conditioned(keys []string) bool {
	for operator, conditions := range s.Condition {
		operator = strings.ToLower(operator)
		if !strings.Contains(operator, "equals") && !strings.Contains(operator, "like") || strings.Contains(operator, "not") {
			continue
		}
		for key, values := range conditions {
			wanted := slices.ContainsFunc(keys, func(want string) bool { return strings.EqualFold(want, key) })
			anything := slices.ContainsFunc(values, func(v string) bool { return strings.Trim(v, "*") == "" })
			if wanted && len(values) > 0 && !anything {
				return true
			}
		}
	}
	return false
}
