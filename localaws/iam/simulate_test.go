package iam_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"crawlerless/localaws"
	"crawlerless/localaws/localawstest"
)

// A simulated question gets the answer that a real call would get.
func TestASimulationDecidesAsACallDoes(t *testing.T) {
	server := localawstest.Start(t, localaws.Options{})
	api := iam.NewFromConfig(server.Config())
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	role, err := api.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("reader"), AssumeRolePolicyDocument: &trust})
	if err != nil {
		t.Fatal(err)
	}
	policy := `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::lake/logs/*"},
		{"Effect":"Deny","Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/logs/secret/*"}]}`
	if _, err := api.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("reader"), PolicyName: aws.String("p"), PolicyDocument: &policy}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		action, resource string
		want             types.PolicyEvaluationDecisionType
	}{
		{"s3:GetObject", "arn:aws:s3:::lake/logs/a", types.PolicyEvaluationDecisionTypeAllowed},
		{"s3:PutObject", "arn:aws:s3:::lake/logs/a", types.PolicyEvaluationDecisionTypeImplicitDeny},
		{"s3:GetObject", "arn:aws:s3:::lake/other", types.PolicyEvaluationDecisionTypeImplicitDeny},
		{"s3:GetObject", "arn:aws:s3:::lake/logs/secret/a", types.PolicyEvaluationDecisionTypeExplicitDeny},
	} {
		out, err := api.SimulatePrincipalPolicy(t.Context(), &iam.SimulatePrincipalPolicyInput{
			PolicySourceArn: role.Role.Arn, ActionNames: []string{c.action}, ResourceArns: []string{c.resource},
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.EvaluationResults) != 1 || out.EvaluationResults[0].EvalDecision != c.want {
			t.Errorf("%s on %s: %+v, want %s", c.action, c.resource, out.EvaluationResults, c.want)
		}
	}
}
