package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"crawlerless/automation/runs"
	"crawlerless/automation/workspace"
	"crawlerless/stack/pipeline"
)

// logged waits until a function has logged a line of a source that holds text.
func (e *env) logged(ctx context.Context, function, source, text string) error {
	group := "/aws/lambda/" + function
	return e.until(ctx, text+" in "+group, func(ctx context.Context) (bool, string, error) {
		pages := cloudwatchlogs.NewFilterLogEventsPaginator(e.logs, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group})
		lines := 0
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return false, "", err
			}
			for _, event := range page.Events {
				lines++
				m := aws.ToString(event.Message)
				if strings.Contains(m, text) && strings.Contains(m, source) {
					return true, "", nil
				}
			}
		}
		return false, fmt.Sprintf("%d lines", lines), nil
	})
}

// testLeastPrivilege asks IAM what the roles may do: each something that it
// needs, and much that it must not.
func testLeastPrivilege(ctx context.Context, e *env) (string, error) {
	extract, err := e.role(ctx, e.out.ExtractFunction)
	if err != nil {
		return "", err
	}
	catalog, err := e.role(ctx, e.out.CatalogFunction)
	if err != nil {
		return "", err
	}
	machine, err := e.sfn.DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: &e.out.StateMachineARN})
	if err != nil {
		return "", err
	}
	lake := "arn:aws:s3:::" + e.out.LakeBucket
	table := strings.Replace(e.out.StateMachineARN, ":states:", ":glue:", 1)
	table = table[:strings.Index(table, ":stateMachine:")] + ":table/" + e.out.Database + "/" + e.out.Tables[sourceApp]
	results := "arn:aws:s3:::" + e.out.ResultsBucket + "/results/x.csv"
	n := 0
	for _, c := range []struct {
		who, role, action, resource string
		allowed                     bool
	}{
		{"extract", extract, "s3:GetObject", lake + "/" + pipeline.LogsPrefix + "app/x.gz", true},
		{"extract", extract, "s3:PutObject", lake + "/" + pipeline.LogsPrefix + "app/x.gz", false},
		{"extract", extract, "s3:DeleteObject", lake + "/" + pipeline.LogsPrefix + "app/x.gz", false},
		{"extract", extract, "glue:UpdateTable", table, false},
		{"extract", extract, "s3:GetObject", results, false},
		{"catalog", catalog, "glue:UpdateTable", table, true},
		{"catalog", catalog, "glue:DeleteTable", table, false},
		{"catalog", catalog, "glue:UpdateTable", table + "-of-another", false},
		{"catalog", catalog, "s3:GetObject", lake + "/" + pipeline.LogsPrefix + "app/x.gz", false},
		{"the state machine", aws.ToString(machine.RoleArn), "glue:UpdateTable", table, false},
		{"the state machine", aws.ToString(machine.RoleArn), "s3:GetObject", lake + "/" + pipeline.LogsPrefix + "app/x.gz", false},
		{"the state machine", aws.ToString(machine.RoleArn), "iam:PassRole", extract, false},
	} {
		allowed, err := e.simulate(ctx, c.role, c.action, c.resource)
		if err != nil {
			return "", err
		}
		if allowed != c.allowed {
			return "", fmt.Errorf("%s on %s by the role of %s is allowed: %v, want %v", c.action, c.resource, c.who, allowed, c.allowed)
		}
		n++
	}
	return fmt.Sprintf("%d questions to IAM answered as they should be", n), nil
}

func (e *env) role(ctx context.Context, function string) (string, error) {
	f, err := e.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &function})
	if err != nil {
		return "", fmt.Errorf("role of %s: %w", function, err)
	}
	return aws.ToString(f.Role), nil
}

func (e *env) simulate(ctx context.Context, role, action, resource string) (bool, error) {
	out, err := iam.NewFromConfig(e.target.AWS()).SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: &role, ActionNames: []string{action}, ResourceArns: []string{resource},
	})
	if err != nil {
		return false, fmt.Errorf("simulate %s by %s: %w", action, role, err)
	}
	for _, r := range out.EvaluationResults {
		if r.EvalDecision != iamtypes.PolicyEvaluationDecisionTypeAllowed {
			return false, nil
		}
	}
	return len(out.EvaluationResults) > 0, nil
}

func testNothingPublic(ctx context.Context, e *env) (string, error) {
	for _, bucket := range []string{e.out.LakeBucket, e.out.ResultsBucket} {
		block, err := e.pipeline.S3.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &bucket})
		if err != nil {
			return "", err
		}
		b := block.PublicAccessBlockConfiguration
		if !aws.ToBool(b.BlockPublicAcls) || !aws.ToBool(b.BlockPublicPolicy) || !aws.ToBool(b.IgnorePublicAcls) || !aws.ToBool(b.RestrictPublicBuckets) {
			return "", fmt.Errorf("public access to %s is not wholly blocked: %+v", bucket, b)
		}
		status, err := e.pipeline.S3.GetBucketPolicyStatus(ctx, &s3.GetBucketPolicyStatusInput{Bucket: &bucket})
		if err != nil {
			return "", err
		}
		if status.PolicyStatus != nil && aws.ToBool(status.PolicyStatus.IsPublic) {
			return "", fmt.Errorf("the policy of %s is public", bucket)
		}
		if err := e.stranger(ctx, bucket); err != nil {
			return "", err
		}
	}
	return "both buckets block public access, and a request without a signature is refused", nil
}

// stranger asks for the list of a bucket without a signature.
func (e *env) stranger(ctx context.Context, bucket string) error {
	url := "https://s3." + e.target.AWS().Region + ".amazonaws.com"
	if b := e.target.AWS().BaseEndpoint; b != nil {
		url = *b
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/"+bucket+"?list-type=2", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		return fmt.Errorf("a stranger who lists %s gets %s", bucket, resp.Status)
	}
	return nil
}

// testCrawlerRefused previews the very stack with a crawler added.
func testCrawlerRefused(ctx context.Context, e *env) (_ string, err error) {
	o := e.space.Options()
	o.Existing, o.New = false, true
	o.Stack += runs.RefusedSuffix // in the user's backend other runs have theirs
	o.Transform = func(ctx *pulumi.Context) error {
		_, err := glue.NewCrawler(ctx, "crawler", &glue.CrawlerArgs{
			DatabaseName: pulumi.String(e.out.Database), Role: pulumi.String("arn:aws:iam::" + account(e.out.StateMachineARN) + ":role/crawler"),
			S3Targets: glue.CrawlerS3TargetArray{&glue.CrawlerS3TargetArgs{Path: pulumi.String("s3://" + e.out.LakeBucket + "/" + pipeline.LogsPrefix)}},
			Schedule:  pulumi.String("cron(0 * * * ? *)"),
		})
		return err
	}
	space, err := workspace.Open(ctx, o)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, space.Close()) }()
	_, err = space.Preview(ctx, nil)
	var refused *workspace.PolicyError
	if !errors.As(err, &refused) {
		return "", errors.Join(fmt.Errorf("the preview ended with: %w", errors.Join(err, errNotRefused)), space.Remove(ctx))
	}
	found := ""
	for _, v := range refused.Violations {
		if v.Mandatory() && strings.Contains(v.Policy, "crawler") {
			found = v.Policy
		}
	}
	if err := space.Remove(ctx); err != nil {
		return "", err
	}
	if found == "" {
		return "", fmt.Errorf("the preview was refused, but not for the crawler: %w", refused)
	}
	return "refused by the policy " + found + ", before anything was created", nil
}

var errNotRefused = errors.New("not refused by the policy pack")
