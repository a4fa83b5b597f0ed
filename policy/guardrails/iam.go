package guardrails

import (
	"fmt"
	"slices"
	"strings"
)

const (
	role       = "aws:iam/role:Role"
	rolePolicy = "aws:iam/rolePolicy:RolePolicy"
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
			Name: "iam-no-wildcard-resource", Service: "IAM", Level: Mandatory, Types: policyTypes(),
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
			Name: "iam-source-condition", Service: "IAM", Level: Mandatory, Types: []string{role},
			Description: "A service may assume a role only on behalf of this account.",
			Remedy:      "Add a condition on aws:SourceArn, aws:SourceAccount or, for Firehose, sts:ExternalId to the trust policy.",
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
	if matchesAny(r.Type, attachmentTypes()) {
		checkAttached(&f, r, r.At("policyArn"))
		return f
	}
	if r.Type == role {
		managed := r.At("managedPolicyArns")
		if managed.Unknown() {
			f.wait(r, managed.Path)
		}
		for _, arn := range managed.Items() {
			checkAttached(&f, r, arn)
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
				if action == "*" || strings.HasSuffix(action, ":*") {
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

// checkAttached refuses AWS's own policies that grant everything of something.
func checkAttached(f *Findings, r Resource, node Node) {
	arn, ok := f.text(r, node, "")
	if !ok || !strings.Contains(arn, ":iam::aws:policy/") {
		return
	}
	name := arn[strings.LastIndex(arn, "/")+1:]
	if name == "AdministratorAccess" || name == "PowerUserAccess" || strings.HasSuffix(name, "FullAccess") || strings.HasSuffix(name, "_FullAccess") {
		f.violate(r, Violation{Path: node.Path, Found: name, Allowed: "a policy that names its actions"})
	}
}

func checkResources(r Resource, _ Stage, c resourceSettings) Findings {
	var f Findings
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

// everyResource reports whether an ARN pattern leaves the resource open: "*", or
// a service with nothing behind it.
func everyResource(arn string) bool {
	if strings.Trim(arn, "*") == "" {
		return true
	}
	parts := strings.SplitN(arn, ":", 6)
	return len(parts) == 6 && parts[0] == "arn" && strings.Trim(parts[5], "*/") == ""
}

func checkTrust(r Resource, _ Stage, c trustSettings) Findings {
	var f Findings
	node := r.At("assumeRolePolicy")
	d, ok := f.policy(r, node)
	if !ok {
		return f
	}
	for i, s := range d.Statement {
		if !s.allows() || len(s.Principal["Service"]) == 0 {
			continue
		}
		conditioned := false
		for _, keys := range s.Condition {
			for key := range keys {
				conditioned = conditioned || slices.ContainsFunc(c.Conditions, func(want string) bool { return strings.EqualFold(want, key) })
			}
		}
		if !conditioned {
			f.violate(r, Violation{
				Path: node.Path + " " + s.name(i), Found: strings.Join(s.Principal["Service"], ", ") + " without a condition on its source",
				Allowed: "a condition on one of " + strings.Join(c.Conditions, ", "), Setting: "conditions",
			})
		}
	}
	return f
}
