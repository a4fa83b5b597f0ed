package iam_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"crawlerless/localaws/clock"
	"crawlerless/localaws/cloud"
	"crawlerless/localaws/iam"
	"crawlerless/localaws/sts"
	"crawlerless/localaws/wire"
)

const account = "123456789012"

// counter makes identifiers that can be told apart.
type counter struct{ n atomic.Int64 }

func (c *counter) Hex(n int) string {
	text := strconv.FormatInt(c.n.Add(1), 16)
	return strings.Repeat("0", max(0, n-len(text))) + text
}

func (c *counter) UUID() string { return "00000000-0000-4000-8000-" + c.Hex(12) }

// world is an account with IAM, STS and a service whose one operation lets
// through who may send to queue q.
type world struct {
	iam     *iam.Service
	clock   *clock.Clock
	root    aws.Config
	handler *wire.Handler
	policy  string // of the queue
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{clock: clock.NewFrozen(time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC))}
	env := cloud.Env{Account: account, Region: "us-east-1", Partition: "aws", Clock: w.clock, IDs: &counter{}, Endpoint: func() string { return "http://127.0.0.1:1" }}
	var err error
	if w.iam, err = iam.New(env, func() http.RoundTripper { return w.handler.Transport() }); err != nil {
		t.Fatal(err)
	}
	queue := wire.Service{Name: "sqs", Target: "AmazonSQS", Protocol: wire.JSON10, Operations: []wire.Operation{
		wire.Op("PurgeQueue", func(context.Context, *sqs.PurgeQueueInput) (*sqs.PurgeQueueOutput, error) { return nil, nil },
			func(*sqs.PurgeQueueInput) []wire.Access {
				return []wire.Access{{Action: "PurgeQueue", Resource: "arn:aws:sqs:us-east-1:" + account + ":q", ResourcePolicy: w.policy}}
			}, "QueueUrl"),
	}}
	w.handler = wire.NewHandler(w.iam, []wire.Service{w.iam.Wire(), sts.New(env, w.iam).Wire(), queue})
	w.root = aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String("http://127.0.0.1:1"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: w.handler.Transport()}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	return w
}

func (w *world) client() *awsiam.Client { return awsiam.NewFromConfig(w.root) }

func purge(cfg aws.Config) error {
	_, err := sqs.NewFromConfig(cfg).PurgeQueue(context.Background(), &sqs.PurgeQueueInput{QueueUrl: aws.String("http://127.0.0.1:1/" + account + "/q")})
	return err
}

func (w *world) role(t *testing.T, name, principal string) string {
	t.Helper()
	out, err := w.client().CreateRole(context.Background(), &awsiam.CreateRoleInput{
		RoleName: aws.String(name), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":"sts:AssumeRole"}]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	return *out.Role.Arn
}

func (w *world) put(t *testing.T, role, policy, statement string) {
	t.Helper()
	_, err := w.client().PutRolePolicy(context.Background(), &awsiam.PutRolePolicyInput{
		RoleName: aws.String(role), PolicyName: aws.String(policy), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[` + statement + `]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) assume(t *testing.T, arn string) aws.Config {
	t.Helper()
	out, err := awssts.NewFromConfig(w.root).AssumeRole(context.Background(), &awssts.AssumeRoleInput{RoleArn: aws.String(arn), RoleSessionName: aws.String("me")})
	if err != nil {
		t.Fatal(err)
	}
	cfg := w.root.Copy()
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	return cfg
}

const (
	anyoneHere = `{"AWS":"123456789012"}`
	mayPurge   = `{"Effect":"Allow","Action":"sqs:PurgeQueue","Resource":"arn:aws:sqs:us-east-1:123456789012:q"}`
)

func wants(t *testing.T, err error, code, says string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), says) {
		t.Errorf("got %v, want %s: …%s…", err, code, says)
	}
}

func TestARoleMayWhatItsPoliciesSayAtThatMoment(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	cfg := w.assume(t, w.role(t, "worker", anyoneHere))

	wants(t, purge(cfg), "AccessDenied", "User: arn:aws:sts::123456789012:assumed-role/worker/me is not authorized to perform: sqs:PurgeQueue on resource: arn:aws:sqs:us-east-1:123456789012:q because no identity-based policy allows the sqs:PurgeQueue action")

	w.put(t, "worker", "p", mayPurge)
	if err := purge(cfg); err != nil {
		t.Errorf("with an inline policy: %v", err)
	}
	if _, err := w.client().DeleteRolePolicy(ctx, &awsiam.DeleteRolePolicyInput{RoleName: aws.String("worker"), PolicyName: aws.String("p")}); err != nil {
		t.Fatal(err)
	}
	wants(t, purge(cfg), "AccessDenied", "no identity-based policy")

	made, err := w.client().CreatePolicy(ctx, &awsiam.CreatePolicyInput{PolicyName: aws.String("managed"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":` + mayPurge + `}`)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.client().AttachRolePolicy(ctx, &awsiam.AttachRolePolicyInput{RoleName: aws.String("worker"), PolicyArn: made.Policy.Arn}); err != nil {
		t.Fatal(err)
	}
	if err := purge(cfg); err != nil {
		t.Errorf("with a managed policy: %v", err)
	}
	if _, err := w.client().CreatePolicyVersion(ctx, &awsiam.CreatePolicyVersionInput{PolicyArn: made.Policy.Arn, SetAsDefault: true, PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`)}); err != nil {
		t.Fatal(err)
	}
	wants(t, purge(cfg), "AccessDenied", "with an explicit deny in an identity-based policy")
	if _, err := w.client().SetDefaultPolicyVersion(ctx, &awsiam.SetDefaultPolicyVersionInput{PolicyArn: made.Policy.Arn, VersionId: aws.String("v1")}); err != nil {
		t.Fatal(err)
	}
	if err := purge(cfg); err != nil {
		t.Errorf("with the first version again: %v", err)
	}

	boundary, err := w.client().CreatePolicy(ctx, &awsiam.CreatePolicyInput{PolicyName: aws.String("boundary"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.client().PutRolePermissionsBoundary(ctx, &awsiam.PutRolePermissionsBoundaryInput{RoleName: aws.String("worker"), PermissionsBoundary: boundary.Policy.Arn}); err != nil {
		t.Fatal(err)
	}
	wants(t, purge(cfg), "AccessDenied", "because no permissions boundary allows")
}

func TestADeletedRoleMayNothing(t *testing.T) {
	w := newWorld(t)
	cfg := w.assume(t, w.role(t, "worker", anyoneHere))
	if _, err := w.client().DeleteRole(context.Background(), &awsiam.DeleteRoleInput{RoleName: aws.String("worker")}); err != nil {
		t.Fatal(err)
	}
	wants(t, purge(cfg), "AccessDenied", "no identity-based policy")
}

func TestTrustPolicies(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	const firehose = "arn:aws:firehose:us-east-1:123456789012:deliverystream/s"
	for _, tt := range []struct{ name, trust, service, source, refused string }{
		{"the service that is trusted", `{"Effect":"Allow","Principal":{"Service":"firehose.amazonaws.com"},"Action":"sts:AssumeRole"}`, "firehose.amazonaws.com", firehose, ""},
		{"another service", `{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}`, "firehose.amazonaws.com", firehose, "no role trust policy allows"},
		{"on behalf of the resource named", `{"Effect":"Allow","Principal":{"Service":"firehose.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:firehose:*:*:deliverystream/s"},"StringEquals":{"aws:SourceAccount":"123456789012"}}}`, "firehose.amazonaws.com", firehose, ""},
		{"on behalf of another resource", `{"Effect":"Allow","Principal":{"Service":"firehose.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:firehose:us-east-1:123456789012:deliverystream/other"}}}`, "firehose.amazonaws.com", firehose, "no role trust policy allows"},
		{"for another account", `{"Effect":"Allow","Principal":{"Service":"firehose.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceAccount":"210987654321"}}}`, "firehose.amazonaws.com", firehose, "no role trust policy allows"},
		{"with a deny", `{"Effect":"Allow","Principal":{"Service":"firehose.amazonaws.com"},"Action":"sts:AssumeRole"},{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}`, "firehose.amazonaws.com", firehose, "with an explicit deny in the role trust policy"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			arn := w.role(t, "r"+strings.ReplaceAll(tt.name, " ", "-"), `{"Service":"x.amazonaws.com"}`)
			name := arn[strings.LastIndex(arn, "/")+1:]
			if _, err := w.client().UpdateAssumeRolePolicy(ctx, &awsiam.UpdateAssumeRolePolicyInput{RoleName: aws.String(name), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[` + tt.trust + `]}`)}); err != nil {
				t.Fatal(err)
			}
			cfg, err := w.iam.AssumeRole(ctx, arn, tt.service, tt.source)
			if tt.refused != "" {
				if err == nil || !strings.Contains(err.Error(), tt.refused) {
					t.Errorf("got %v, want %q", err, tt.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			who, err := awssts.NewFromConfig(cfg).GetCallerIdentity(ctx, &awssts.GetCallerIdentityInput{})
			if err != nil || !strings.HasPrefix(*who.Arn, "arn:aws:sts::123456789012:assumed-role/"+name+"/firehose-") {
				t.Errorf("the session is %v, %v", who, err)
			}
		})
	}
	t.Run("the account's root is not a service", func(t *testing.T) {
		_, err := awssts.NewFromConfig(w.root).AssumeRole(ctx, &awssts.AssumeRoleInput{RoleArn: aws.String(w.role(t, "only-services", `{"Service":"lambda.amazonaws.com"}`)), RoleSessionName: aws.String("me")})
		wants(t, err, "AccessDenied", "no role trust policy allows the sts:AssumeRole action")
	})
	t.Run("a role that does not exist is not told from a closed one", func(t *testing.T) {
		_, err := awssts.NewFromConfig(w.root).AssumeRole(ctx, &awssts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::123456789012:role/none"), RoleSessionName: aws.String("me")})
		wants(t, err, "AccessDenied", "no role trust policy allows the sts:AssumeRole action")
	})
	t.Run("an external id", func(t *testing.T) {
		arn := w.role(t, "guarded", anyoneHere)
		if _, err := w.client().UpdateAssumeRolePolicy(ctx, &awsiam.UpdateAssumeRolePolicyInput{RoleName: aws.String("guarded"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"secret"}}}]}`)}); err != nil {
			t.Fatal(err)
		}
		in := &awssts.AssumeRoleInput{RoleArn: aws.String(arn), RoleSessionName: aws.String("me")}
		_, err := awssts.NewFromConfig(w.root).AssumeRole(ctx, in)
		wants(t, err, "AccessDenied", "no role trust policy")
		in.ExternalId = aws.String("secret")
		if _, err := awssts.NewFromConfig(w.root).AssumeRole(ctx, in); err != nil {
			t.Error(err)
		}
	})
	t.Run("a role that assumes another needs both policies", func(t *testing.T) {
		target := w.role(t, "target", anyoneHere)
		cfg := w.assume(t, w.role(t, "chained", anyoneHere))
		in := &awssts.AssumeRoleInput{RoleArn: aws.String(target), RoleSessionName: aws.String("me")}
		_, err := awssts.NewFromConfig(cfg).AssumeRole(ctx, in)
		wants(t, err, "AccessDenied", "no identity-based policy allows the sts:AssumeRole action")
		w.put(t, "chained", "p", `{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"`+target+`"}`)
		if _, err := awssts.NewFromConfig(cfg).AssumeRole(ctx, in); err != nil {
			t.Error(err)
		}
	})
}

func TestAServiceNeedsTheResourcesPolicy(t *testing.T) {
	w := newWorld(t)
	cfg := w.iam.Service("events.amazonaws.com", "arn:aws:events:us-east-1:123456789012:rule/r")
	wants(t, purge(cfg), "AccessDenied", "User: events.amazonaws.com is not authorized to perform: sqs:PurgeQueue on resource: arn:aws:sqs:us-east-1:123456789012:q because no resource-based policy allows the sqs:PurgeQueue action")
	w.policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:PurgeQueue","Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:events:us-east-1:123456789012:rule/r"}}}]}`
	if err := purge(cfg); err != nil {
		t.Error(err)
	}
	wants(t, purge(w.iam.Service("events.amazonaws.com", "arn:aws:events:us-east-1:123456789012:rule/other")), "AccessDenied", "no resource-based policy")
}

func TestSessionsAreVerifiedAndEnd(t *testing.T) {
	w := newWorld(t)
	w.put(t, w.role(t, "worker", anyoneHere)[len("arn:aws:iam::123456789012:role/"):], "p", mayPurge)
	cfg := w.assume(t, "arn:aws:iam::123456789012:role/worker")
	creds, err := cfg.Credentials.Retrieve(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	with := func(key, secret, token string) error {
		other := cfg.Copy()
		other.Credentials = credentials.NewStaticCredentialsProvider(key, secret, token)
		return purge(other)
	}
	if err := with(creds.AccessKeyID, creds.SecretAccessKey, creds.SessionToken); err != nil {
		t.Error(err)
	}
	wants(t, with(creds.AccessKeyID, "wrong", creds.SessionToken), "InvalidSignatureException", "does not match")
	wants(t, with(creds.AccessKeyID, creds.SecretAccessKey, "wrong"), "UnrecognizedClientException", "token included in the request is invalid")
	wants(t, with(creds.AccessKeyID, creds.SecretAccessKey, ""), "UnrecognizedClientException", "token included in the request is invalid")
	if err := w.clock.Advance(context.Background(), time.Hour-time.Second); err != nil {
		t.Fatal(err)
	}
	if err := purge(cfg); err != nil {
		t.Errorf("a second before its end: %v", err)
	}
	if err := w.clock.Advance(context.Background(), time.Second); err != nil {
		t.Fatal(err)
	}
	wants(t, purge(cfg), "ExpiredTokenException", "expired")
}

func TestRolesAsTheProviderSeesThem(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	c := w.client()
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	made, err := c.CreateRole(ctx, &awsiam.CreateRoleInput{
		RoleName: aws.String("r"), Path: aws.String("/lake/"), AssumeRolePolicyDocument: &trust, Description: aws.String("d"), Tags: []types.Tag{{Key: aws.String("stack"), Value: aws.String("dev")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := *made.Role.Arn, "arn:aws:iam::123456789012:role/lake/r"; got != want {
		t.Errorf("ARN %s, want %s", got, want)
	}
	got, err := c.GetRole(ctx, &awsiam.GetRoleInput{RoleName: aws.String("r")})
	if err != nil {
		t.Fatal(err)
	}
	if document := *got.Role.AssumeRolePolicyDocument; !strings.HasPrefix(document, "%7B%22Version%22%3A%222012-10-17%22") || strings.Contains(document, "+") {
		t.Errorf("the trust policy is not percent-encoded: %s", document)
	}
	if *got.Role.MaxSessionDuration != 3600 || len(got.Role.Tags) != 1 || !got.Role.CreateDate.Equal(w.clock.Now()) {
		t.Errorf("got %+v", got.Role)
	}
	_, err = c.CreateRole(ctx, &awsiam.CreateRoleInput{RoleName: aws.String("R"), AssumeRolePolicyDocument: &trust})
	wants(t, err, "EntityAlreadyExists", "Role with name R already exists.")
	_, err = c.GetRole(ctx, &awsiam.GetRoleInput{RoleName: aws.String("none")})
	wants(t, err, "NoSuchEntity", "The role with name none cannot be found.")
	_, err = c.CreateRole(ctx, &awsiam.CreateRoleInput{RoleName: aws.String("bad"), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]}`)})
	wants(t, err, "MalformedPolicyDocument", "must contain a principal")
	_, err = c.PutRolePolicy(ctx, &awsiam.PutRolePolicyInput{RoleName: aws.String("r"), PolicyName: aws.String("p"), PolicyDocument: aws.String("{}")})
	wants(t, err, "MalformedPolicyDocument", "")
	_, err = c.AttachRolePolicy(ctx, &awsiam.AttachRolePolicyInput{RoleName: aws.String("r"), PolicyArn: aws.String("arn:aws:iam::123456789012:policy/none")})
	wants(t, err, "NoSuchEntity", "does not exist or is not attachable")
	_, err = c.PutRolePolicy(ctx, &awsiam.PutRolePolicyInput{RoleName: aws.String("r"), PolicyName: aws.String("long"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[` + strings.Repeat(mayPurge+",", 130) + mayPurge + `]}`)})
	wants(t, err, "LimitExceeded", "10240")

	managed := aws.String("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")
	for range 2 { // attaching twice changes nothing
		if _, err := c.AttachRolePolicy(ctx, &awsiam.AttachRolePolicyInput{RoleName: aws.String("r"), PolicyArn: managed}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = c.DeleteRole(ctx, &awsiam.DeleteRoleInput{RoleName: aws.String("r")})
	wants(t, err, "DeleteConflict", "must detach all policies first")
	if _, err := c.DetachRolePolicy(ctx, &awsiam.DetachRolePolicyInput{RoleName: aws.String("r"), PolicyArn: managed}); err != nil {
		t.Fatal(err)
	}
	w.put(t, "r", "p", mayPurge)
	_, err = c.DeleteRole(ctx, &awsiam.DeleteRoleInput{RoleName: aws.String("r")})
	wants(t, err, "DeleteConflict", "must delete policies first")
	if _, err := c.DeleteRolePolicy(ctx, &awsiam.DeleteRolePolicyInput{RoleName: aws.String("r"), PolicyName: aws.String("p")}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.DeleteRole(ctx, &awsiam.DeleteRoleInput{RoleName: aws.String("r")}); err != nil {
		t.Error(err)
	}
}

func TestListsComeInPages(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	for _, name := range []string{"c", "a", "e", "b", "d"} {
		w.role(t, name, anyoneHere)
	}
	var names []string
	pages := awsiam.NewListRolesPaginator(w.client(), &awsiam.ListRolesInput{MaxItems: aws.Int32(2)})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range out.Roles {
			names = append(names, *r.RoleName)
		}
	}
	if got := strings.Join(names, ""); got != "abcde" {
		t.Errorf("got %s", got)
	}
}

func TestTagsOfARoleAreItsPrincipalTags(t *testing.T) {
	w := newWorld(t)
	w.role(t, "tagged", anyoneHere)
	w.put(t, "tagged", "p", `{"Effect":"Allow","Action":"sqs:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"red"}}}`)
	cfg := w.assume(t, "arn:aws:iam::123456789012:role/tagged")
	wants(t, purge(cfg), "AccessDenied", "no identity-based policy")
	if _, err := w.client().TagRole(context.Background(), &awsiam.TagRoleInput{RoleName: aws.String("tagged"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("red")}}}); err != nil {
		t.Fatal(err)
	}
	if err := purge(cfg); err != nil {
		t.Error(err)
	}
}
