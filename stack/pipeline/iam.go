package pipeline

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// allow is one statement of an identity policy.
func allow(actions []string, resources ...pulumi.Input) pulumi.Map {
	list := make(pulumi.Array, len(resources))
	copy(list, resources)
	return pulumi.Map{
		"Effect":   pulumi.String("Allow"),
		"Action":   pulumi.ToStringArray(actions),
		"Resource": list,
	}
}

// when adds a condition to a statement.
func when(statement pulumi.Map, operator, key string, values ...string) pulumi.Map {
	conditions, ok := statement["Condition"].(pulumi.Map)
	if !ok {
		conditions = pulumi.Map{}
		statement["Condition"] = conditions
	}
	keys, ok := conditions[operator].(pulumi.Map)
	if !ok {
		keys = pulumi.Map{}
		conditions[operator] = keys
	}
	if len(values) == 1 {
		keys[key] = pulumi.String(values[0])
	} else {
		keys[key] = pulumi.ToStringArray(values)
	}
	return statement
}

// document is a policy document as JSON.
func document(statements ...pulumi.Input) pulumi.StringOutput {
	list := make(pulumi.Array, len(statements))
	copy(list, statements)
	return pulumi.JSONMarshal(pulumi.Map{
		"Version":   pulumi.String("2012-10-17"),
		"Statement": list,
	})
}

// trust lets a service assume the role; conditions are added with [when].
func trust(service string) pulumi.Map {
	return pulumi.Map{
		"Effect":    pulumi.String("Allow"),
		"Principal": pulumi.StringMap{"Service": pulumi.String(service)},
		"Action":    pulumi.String("sts:AssumeRole"),
	}
}

// trustFrom lets a service assume the role only on behalf of one resource of
// this account, so that nobody else's resource can borrow it.
func (p *program) trustFrom(service string, sourceARNs ...string) pulumi.Map {
	s := when(trust(service), "StringEquals", "aws:SourceAccount", p.names.account)
	return when(s, "ArnLike", "aws:SourceArn", sourceARNs...)
}

// role makes one actor's role with one inline policy. Whoever needs the role
// depends on both: a role without its policy fails in ways that look like bugs.
func (p *program) role(actor string, trusted pulumi.Map, statements ...pulumi.Input) (*iam.Role, *iam.RolePolicy, error) {
	name := p.names.short(actor, 56) // 64 with the random suffix
	role, err := iam.NewRole(p.ctx, name, &iam.RoleArgs{
		AssumeRolePolicy: document(trusted),
		Tags:             p.tags(),
	}, p.child())
	if err != nil {
		return nil, nil, err
	}
	policy, err := iam.NewRolePolicy(p.ctx, name, &iam.RolePolicyArgs{
		Name:   pulumi.String("permissions"),
		Role:   role.Name,
		Policy: document(statements...),
	}, p.child(), pulumi.Parent(role))
	if err != nil {
		return nil, nil, err
	}
	return role, policy, nil
}
