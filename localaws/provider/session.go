package provider

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	presource "github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// session is AWS under one configuration of the provider.
type session struct {
	region      string
	partition   string
	dir         string
	patience    time.Duration
	defaultTags map[string]string
	log         *slog.Logger

	s3         *s3.Client
	logs       *cloudwatchlogs.Client
	cloudwatch *cloudwatch.Client
	events     *eventbridge.Client
	firehose   *firehose.Client
	sqs        *sqs.Client
	iam        *iam.Client
	lambda     *lambda.Client
	sfn        *sfn.Client
	glue       *glue.Client
	athena     *athena.Client
	budgets    *budgets.Client
	sts        *sts.Client

	mu        sync.Mutex
	accountID string
}

// endpointNames are the services as the setting `endpoints` calls them.
var endpointNames = []string{
	"athena", "budgets", "cloudwatch", "events", "firehose", "glue", "iam", "lambda",
	"logs", "s3", "sfn", "sqs", "sts",
}

func newSession(p *provider, set *settings) (*session, error) {
	cfg := p.options.Config.Copy()
	if set.Region != "" {
		cfg.Region = set.Region
	} else {
		cfg.Region = p.options.Region
	}
	overrides := map[string]string{}
	for _, e := range set.Endpoints {
		for name, url := range e {
			if name == "eventbridge" || name == "cloudwatchevents" {
				name = "events"
			}
			if name == "cloudwatchlogs" {
				name = "logs"
			}
			if name == "stepfunctions" {
				name = "sfn"
			}
			if !slices.Contains(endpointNames, name) {
				return nil, fmt.Errorf("provider setting endpoints: this provider does not use the service %q (it uses %s)", name, strings.Join(endpointNames, ", "))
			}
			overrides[name] = url
		}
	}
	endpoint := func(service string) *string {
		if url := overrides[service]; url != "" {
			return &url
		}
		if p.options.Endpoint != "" {
			return &p.options.Endpoint
		}
		return nil
	}
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), countAttempts)
	s := &session{
		region: cfg.Region, partition: partitionOf(cfg.Region), dir: p.options.Dir,
		patience: p.options.Patience, log: p.options.Log,
		s3: s3.NewFromConfig(cfg, func(o *s3.Options) {
			o.BaseEndpoint = endpoint("s3")
			o.UsePathStyle = o.BaseEndpoint != nil // a plain host has no names for buckets
		}),
		logs:       cloudwatchlogs.NewFromConfig(cfg, func(o *cloudwatchlogs.Options) { o.BaseEndpoint = endpoint("logs") }),
		cloudwatch: cloudwatch.NewFromConfig(cfg, func(o *cloudwatch.Options) { o.BaseEndpoint = endpoint("cloudwatch") }),
		events:     eventbridge.NewFromConfig(cfg, func(o *eventbridge.Options) { o.BaseEndpoint = endpoint("events") }),
		firehose:   firehose.NewFromConfig(cfg, func(o *firehose.Options) { o.BaseEndpoint = endpoint("firehose") }),
		sqs:        sqs.NewFromConfig(cfg, func(o *sqs.Options) { o.BaseEndpoint = endpoint("sqs") }),
		iam:        iam.NewFromConfig(cfg, func(o *iam.Options) { o.BaseEndpoint = endpoint("iam") }),
		lambda:     lambda.NewFromConfig(cfg, func(o *lambda.Options) { o.BaseEndpoint = endpoint("lambda") }),
		sfn:        sfn.NewFromConfig(cfg, func(o *sfn.Options) { o.BaseEndpoint = endpoint("sfn") }),
		glue:       glue.NewFromConfig(cfg, func(o *glue.Options) { o.BaseEndpoint = endpoint("glue") }),
		athena:     athena.NewFromConfig(cfg, func(o *athena.Options) { o.BaseEndpoint = endpoint("athena") }),
		budgets:    budgets.NewFromConfig(cfg, func(o *budgets.Options) { o.BaseEndpoint = endpoint("budgets") }),
		sts:        sts.NewFromConfig(cfg, func(o *sts.Options) { o.BaseEndpoint = endpoint("sts") }),
	}
	if set.DefaultTags != nil {
		s.defaultTags = set.DefaultTags.Tags
	}
	return s, nil
}

func partitionOf(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	default:
		return "aws"
	}
}

// account is the account of the credentials; it is asked for once.
func (s *session) account(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accountID == "" {
		out, err := s.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			return "", err
		}
		s.accountID = aws.ToString(out.Account)
	}
	return s.accountID, nil
}

// arn builds an ARN in the session's region and account.
func (s *session) arn(ctx context.Context, service, name string) (string, error) {
	account, err := s.account(ctx)
	if err != nil {
		return "", err
	}
	return "arn:" + s.partition + ":" + service + ":" + s.region + ":" + account + ":" + name, nil
}

// wait asks done until it says yes or fails, more and more slowly, or the
// operation's time is over. what says in the error what was waited for.
func (s *session) wait(ctx context.Context, what string, done func() (bool, error)) error {
	waits, ok := ctx.Value(waitKey{}).(context.Context)
	if !ok {
		waits = ctx
	}
	pause := 10 * time.Millisecond
	for {
		ok, err := done()
		if err != nil || ok {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-waits.Done():
			timer.Stop()
			return fmt.Errorf("wait for %s: %w", what, context.Cause(waits))
		}
		pause = min(pause*2, 3*time.Second)
	}
}

// retry repeats a call for as long as AWS refuses it because something new has
// not propagated (temporary says so), but not beyond the session's patience.
func (s *session) retry(ctx context.Context, temporary func(error) bool, call func() error) error {
	start := time.Now()
	var last error
	err := s.wait(ctx, "what was made before to propagate", func() (bool, error) {
		last = call()
		if last != nil && temporary(last) && time.Since(start) < s.patience {
			return false, nil
		}
		return true, last
	})
	if err != nil && last != nil {
		return last // the refusal says more than that time is over
	}
	return err
}

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

func decodeInto[T any](o *object, m presource.PropertyMap, v *T) error {
	return o.decode(m, reflect.ValueOf(v).Elem(), "")
}

var errGone = errors.New("it does not exist")
