package localaws_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"go.uber.org/goleak"

	"crawlerless/localaws"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, o localaws.Options) *localaws.Server {
	t.Helper()
	s, err := localaws.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestAPortInUseIsSaidPlainly(t *testing.T) {
	first := start(t, localaws.Options{})
	addr := strings.TrimPrefix(first.Endpoint(), "http://")
	_, err := localaws.Start(context.Background(), localaws.Options{Addr: addr})
	if err == nil || !strings.Contains(err.Error(), addr+" is in use: stop what listens there or choose another port") {
		t.Errorf("got %v", err)
	}
}

func TestCloseLeavesNoFile(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s, err := localaws.Start(context.Background(), localaws.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(os.TempDir())
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestWhoCalls(t *testing.T) {
	s := start(t, localaws.Options{Account: "123456789012"})
	for _, tt := range []struct{ name, key, secret, token, want string }{
		{"the fixed pair is the account's root", "test", "test", "", "arn:aws:iam::123456789012:root"},
		{"so is any key of a laptop", "AKIAIOSFODNN7EXAMPLE", "whatever", "", "arn:aws:iam::123456789012:root"},
		{"with a session token too", "ASIAIOSFODNN7EXAMPLE", "whatever", "token", "arn:aws:iam::123456789012:root"},
		{"the fixed key with another secret is refused", "test", "wrong", "", "SignatureDoesNotMatch"},
		{"a key that looks issued but is not is refused", "ASIALOCAL0000000000A", "x", "y", "InvalidClientTokenId"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := s.Config()
			cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: tt.key, SecretAccessKey: tt.secret, SessionToken: tt.token}, nil
			})
			out, err := sts.NewFromConfig(cfg).GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
			var api smithy.APIError
			switch {
			case errors.As(err, &api):
				if api.ErrorCode() != tt.want {
					t.Errorf("got %v, want %s", err, tt.want)
				}
			case err != nil:
				t.Error(err)
			case aws.ToString(out.Arn) != tt.want:
				t.Errorf("got %s, want %s", *out.Arn, tt.want)
			}
		})
	}
}

func TestAValueOutOfRangeIsRefusedWithTheBoundThatItBreaks(t *testing.T) {
	s := start(t, localaws.Options{})
	for seconds, want := range map[int32]string{
		899:   "Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
		43201: "Value '43201' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200",
	} {
		_, err := sts.NewFromConfig(s.Config()).AssumeRole(t.Context(), &sts.AssumeRoleInput{
			RoleArn: aws.String("arn:aws:iam::000000000000:role/r"), RoleSessionName: aws.String("session"), DurationSeconds: &seconds,
		})
		var api smithy.APIError
		if !errors.As(err, &api) || api.ErrorCode() != "ValidationError" || api.ErrorMessage() != "1 validation error detected: "+want {
			t.Errorf("%d seconds: got %v", seconds, err)
		}
	}
}

// Recorded by LocalStack, test_sts.py.
func TestAssumeRoleRefusesWhatIsNoARN(t *testing.T) {
	s := start(t, localaws.Options{})
	for _, arn := range []string{"arn::b:::something/test-role", "arn:a::::something/test-role", "arn:a:::something/test-role", "arn:a:a::aaaaaaaaaa:", "nothing-valid-in-here"} {
		_, err := sts.NewFromConfig(s.Config()).AssumeRole(context.Background(), &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("s1")})
		var api smithy.APIError
		if !errors.As(err, &api) || api.ErrorCode() != "ValidationError" || api.ErrorMessage() != arn+" is invalid" {
			t.Errorf("%s: got %v", arn, err)
		}
	}
}

// The content type of a form says nothing about an object.
func TestAnObjectMayBePutWithTheContentTypeOfAForm(t *testing.T) {
	s := start(t, localaws.Options{})
	req, err := http.NewRequest(http.MethodPut, s.Endpoint()+"/nobucket/key", strings.NewReader("Action=x"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if body, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(body), "<Code>NoSuchBucket</Code>") && !strings.Contains(string(body), "<Code>AccessDenied</Code>") {
		t.Errorf("got %d %s, %v", resp.StatusCode, body, err)
	}
}

// Recorded by LocalStack, in the snapshots of its tests of SQS and CloudWatch.
func TestErrorsHaveTheStatusThatTheModelSays(t *testing.T) {
	s := start(t, localaws.Options{})
	ctx := context.Background()
	status := func(err error) int {
		var response interface{ HTTPStatusCode() int }
		if !errors.As(err, &response) {
			t.Fatalf("no answer: %v", err)
		}
		return response.HTTPStatusCode()
	}
	_, err := cloudwatch.NewFromConfig(s.Config()).SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("none"), StateReason: aws.String("x"), StateValue: "OK"})
	if got := status(err); got != 404 {
		t.Errorf("ResourceNotFound of CloudWatch has status %d, want 404", got)
	}
	queues := sqs.NewFromConfig(s.Config())
	q, err := queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("q")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = queues.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: q.QueueUrl}); err != nil {
		t.Fatal(err)
	}
	_, err = queues.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: q.QueueUrl})
	if got := status(err); got != 403 {
		t.Errorf("PurgeQueueInProgress has status %d, want 403", got)
	}
}
