package provider

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

type logGroup struct {
	Name            string `prop:"name,auto=512,replace"`
	Class           string `prop:"logGroupClass,computed,replace"`
	KMSKeyID        string `prop:"kmsKeyId,omitempty"`
	RetentionInDays int64  `prop:"retentionInDays,default=0"`
	SkipDestroy     bool   `prop:"skipDestroy,default=false,keep"`
	tagged

	ARN    string `prop:"arn,out"`
	Prefix string `prop:"namePrefix,out"`
}

func logsGroup() handler {
	return of(typed[logGroup]{
		Token: "aws:cloudwatch/logGroup:LogGroup",
		Create: func(ctx context.Context, s *session, in *logGroup) (string, error) {
			req := &logs.CreateLogGroupInput{LogGroupName: &in.Name, KmsKeyId: str(in.KMSKeyID), LogGroupClass: types.LogGroupClass(in.Class)}
			if len(in.TagsAll) > 0 {
				req.Tags = in.TagsAll
			}
			err := create(ctx, func(ctx context.Context) error { _, err := s.logs.CreateLogGroup(ctx, req); return err }, "ResourceAlreadyExistsException")
			if err != nil {
				return made(in.Name, err)
			}
			return in.Name, s.retain(ctx, in)
		},
		Read: func(ctx context.Context, s *session, id string, v *logGroup) error { return s.readLogGroup(ctx, id, v) },
		Update: func(ctx context.Context, s *session, id string, old, in *logGroup) error {
			if in.KMSKeyID != old.KMSKeyID {
				var err error
				if in.KMSKeyID != "" {
					_, err = s.logs.AssociateKmsKey(ctx, &logs.AssociateKmsKeyInput{LogGroupName: &id, KmsKeyId: &in.KMSKeyID})
				} else {
					_, err = s.logs.DisassociateKmsKey(ctx, &logs.DisassociateKmsKeyInput{LogGroupName: &id})
				}
				if err != nil {
					return err
				}
			}
			if err := s.retain(ctx, in); err != nil {
				return err
			}
			now := &logGroup{}
			if err := s.readLogGroup(ctx, id, now); err != nil {
				return err
			}
			set, remove := delta(now.TagsAll, in.TagsAll)
			if len(remove) > 0 {
				if _, err := s.logs.UntagResource(ctx, &logs.UntagResourceInput{ResourceArn: &now.ARN, TagKeys: remove}); err != nil {
					return err
				}
			}
			if len(set) > 0 {
				if _, err := s.logs.TagResource(ctx, &logs.TagResourceInput{ResourceArn: &now.ARN, Tags: set}); err != nil {
					return err
				}
			}
			return nil
		},
		Delete: func(ctx context.Context, s *session, id string, v *logGroup) error {
			if v.SkipDestroy {
				return nil
			}
			// Refused while another change of the group is under way.
			return s.retry(ctx, func(err error) bool { return code(err) == "OperationAbortedException" }, func() error {
				_, err := s.logs.DeleteLogGroup(ctx, &logs.DeleteLogGroupInput{LogGroupName: &id})
				return err
			})
		},
	})
}

// retain sets the retention; 0 days is for ever.
func (s *session) retain(ctx context.Context, in *logGroup) error {
	if in.RetentionInDays == 0 {
		_, err := s.logs.DeleteRetentionPolicy(ctx, &logs.DeleteRetentionPolicyInput{LogGroupName: &in.Name})
		return gone(err) // what is said of a group that never had one
	}
	_, err := s.logs.PutRetentionPolicy(ctx, &logs.PutRetentionPolicyInput{
		LogGroupName: &in.Name, RetentionInDays: aws.Int32(int32(in.RetentionInDays)),
	})
	return err
}

func (s *session) readLogGroup(ctx context.Context, id string, v *logGroup) error {
	pages := logs.NewDescribeLogGroupsPaginator(s.logs, &logs.DescribeLogGroupsInput{LogGroupNamePrefix: &id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, g := range page.LogGroups {
			if aws.ToString(g.LogGroupName) != id {
				continue
			}
			v.Name = id
			v.ARN = strings.TrimSuffix(aws.ToString(g.Arn), ":*")
			v.Class = string(g.LogGroupClass)
			v.KMSKeyID = aws.ToString(g.KmsKeyId)
			v.RetentionInDays = int64(aws.ToInt32(g.RetentionInDays))
			tags, err := s.logs.ListTagsForResource(ctx, &logs.ListTagsForResourceInput{ResourceArn: &v.ARN})
			if err != nil {
				return err
			}
			v.TagsAll = tags.Tags
			return nil
		}
	}
	return errGone
}

type subscriptionFilter struct {
	Name           string `prop:"name,auto=512,replace"`
	LogGroup       string `prop:"logGroup,required,replace"`
	DestinationARN string `prop:"destinationArn,required"`
	FilterPattern  string `prop:"filterPattern,required"`
	RoleARN        string `prop:"roleArn,computed"`
	Distribution   string `prop:"distribution,default=ByLogStream"`
}

func logsSubscriptionFilter() handler {
	// The destination is tried with a test message: neither the role nor the
	// policy of a moment ago need be known yet.
	put := func(ctx context.Context, s *session, in *subscriptionFilter) error {
		temporary := func(err error) bool {
			switch code(err) {
			case "OperationAbortedException":
				return true
			case "InvalidParameterException":
				m := message(err)
				return strings.Contains(m, "Could not deliver test message") || strings.Contains(m, "Please check if the provided") ||
					strings.Contains(m, "Could not execute the lambda function") || strings.Contains(m, "Make sure you have given CloudWatch Logs permission") || propagating(err)
			case "ValidationException":
				return propagating(err)
			}
			return false
		}
		return s.retry(ctx, temporary, func() error {
			_, err := s.logs.PutSubscriptionFilter(ctx, &logs.PutSubscriptionFilterInput{
				FilterName: &in.Name, LogGroupName: &in.LogGroup, FilterPattern: &in.FilterPattern,
				DestinationArn: &in.DestinationARN, RoleArn: str(in.RoleARN), Distribution: types.Distribution(in.Distribution),
			})
			return err
		})
	}
	return of(typed[subscriptionFilter]{
		Token: "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter",
		Create: func(ctx context.Context, s *session, in *subscriptionFilter) (string, error) {
			return made(filterID(in.LogGroup), put(ctx, s, in))
		},
		Read: func(ctx context.Context, s *session, id string, v *subscriptionFilter) error {
			if group, name, ok := strings.Cut(id, "|"); ok { // of an import
				v.LogGroup, v.Name = group, name
			}
			pages := logs.NewDescribeSubscriptionFiltersPaginator(s.logs, &logs.DescribeSubscriptionFiltersInput{
				LogGroupName: &v.LogGroup, FilterNamePrefix: &v.Name,
			})
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx)
				if err != nil {
					return err
				}
				for _, f := range page.SubscriptionFilters {
					if aws.ToString(f.FilterName) == v.Name {
						v.DestinationARN, v.FilterPattern = aws.ToString(f.DestinationArn), aws.ToString(f.FilterPattern)
						v.RoleARN, v.Distribution = aws.ToString(f.RoleArn), string(f.Distribution)
						return nil
					}
				}
			}
			return errGone
		},
		Update: func(ctx context.Context, s *session, _ string, _, in *subscriptionFilter) error {
			return put(ctx, s, in)
		},
		Delete: func(ctx context.Context, s *session, _ string, v *subscriptionFilter) error {
			return s.retry(ctx, func(err error) bool { return code(err) == "OperationAbortedException" }, func() error {
				_, err := s.logs.DeleteSubscriptionFilter(ctx, &logs.DeleteSubscriptionFilterInput{LogGroupName: &v.LogGroup, FilterName: &v.Name})
				return err
			})
		},
	})
}

type logResourcePolicy struct {
	Name     string `prop:"policyName,required,replace"`
	Document string `prop:"policyDocument,required,policy"`
}

func logsResourcePolicy() handler {
	put := func(ctx context.Context, s *session, in *logResourcePolicy) error {
		_, err := s.logs.PutResourcePolicy(ctx, &logs.PutResourcePolicyInput{PolicyName: &in.Name, PolicyDocument: &in.Document})
		return err
	}
	return of(typed[logResourcePolicy]{
		Token: "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
		Create: func(ctx context.Context, s *session, in *logResourcePolicy) (string, error) {
			return made(in.Name, put(ctx, s, in))
		},
		Read: func(ctx context.Context, s *session, id string, v *logResourcePolicy) error {
			var token *string
			for {
				page, err := s.logs.DescribeResourcePolicies(ctx, &logs.DescribeResourcePoliciesInput{NextToken: token})
				if err != nil {
					return err
				}
				for _, p := range page.ResourcePolicies {
					if aws.ToString(p.PolicyName) == id {
						v.Name, v.Document = id, aws.ToString(p.PolicyDocument)
						return nil
					}
				}
				if token = page.NextToken; token == nil {
					return errGone
				}
			}
		},
		Update: func(ctx context.Context, s *session, _ string, _, in *logResourcePolicy) error {
			return put(ctx, s, in)
		},
		Delete: func(ctx context.Context, s *session, id string, _ *logResourcePolicy) error {
			_, err := s.logs.DeleteResourcePolicy(ctx, &logs.DeleteResourcePolicyInput{PolicyName: &id})
			return err
		},
	})
}

type metricFilter struct {
	Name           string                `prop:"name,auto=512,replace"`
	LogGroup       string                `prop:"logGroupName,required,replace"`
	Pattern        string                `prop:"pattern,required"`
	Transformation *metricTransformation `prop:"metricTransformation,required"`
}

type metricTransformation struct {
	Name       string            `prop:"name,required"`
	Namespace  string            `prop:"namespace,required"`
	Value      string            `prop:"value,required"`
	Default    *string           `prop:"defaultValue"`
	Dimensions map[string]string `prop:"dimensions"`
	Unit       string            `prop:"unit,default=None"`
}

func logsMetricFilter() handler {
	put := func(ctx context.Context, s *session, in *metricFilter) error {
		t := types.MetricTransformation{
			MetricName: &in.Transformation.Name, MetricNamespace: &in.Transformation.Namespace, MetricValue: &in.Transformation.Value,
			Dimensions: in.Transformation.Dimensions, Unit: types.StandardUnit(in.Transformation.Unit),
		}
		if in.Transformation.Default != nil && *in.Transformation.Default != "" {
			n, err := parseFloat("metricTransformation.defaultValue", *in.Transformation.Default)
			if err != nil {
				return err
			}
			t.DefaultValue = &n
		}
		_, err := s.logs.PutMetricFilter(ctx, &logs.PutMetricFilterInput{
			FilterName: &in.Name, LogGroupName: &in.LogGroup, FilterPattern: aws.String(strings.TrimSpace(in.Pattern)),
			MetricTransformations: []types.MetricTransformation{t},
		})
		return err
	}
	return of(typed[metricFilter]{
		Token: "aws:cloudwatch/logMetricFilter:LogMetricFilter",
		Create: func(ctx context.Context, s *session, in *metricFilter) (string, error) {
			return made(in.Name, put(ctx, s, in))
		},
		Read: func(ctx context.Context, s *session, id string, v *metricFilter) error {
			v.Name = id
			if group, name, ok := strings.Cut(id, ":"); ok && v.LogGroup == "" { // of an import
				v.LogGroup, v.Name = group, name
			}
			pages := logs.NewDescribeMetricFiltersPaginator(s.logs, &logs.DescribeMetricFiltersInput{LogGroupName: &v.LogGroup, FilterNamePrefix: &v.Name})
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx)
				if err != nil {
					return err
				}
				for _, f := range page.MetricFilters {
					if aws.ToString(f.FilterName) != v.Name || len(f.MetricTransformations) == 0 {
						continue
					}
					t := f.MetricTransformations[0]
					v.Pattern = aws.ToString(f.FilterPattern)
					v.Transformation = &metricTransformation{
						Name: aws.ToString(t.MetricName), Namespace: aws.ToString(t.MetricNamespace), Value: aws.ToString(t.MetricValue),
						Unit: string(t.Unit),
					}
					if v.Transformation.Unit == "" {
						v.Transformation.Unit = "None"
					}
					if len(t.Dimensions) > 0 {
						v.Transformation.Dimensions = t.Dimensions
					}
					if t.DefaultValue != nil {
						v.Transformation.Default = aws.String(formatFloat(*t.DefaultValue))
					}
					return nil
				}
			}
			return errGone
		},
		Update: func(ctx context.Context, s *session, _ string, _, in *metricFilter) error { return put(ctx, s, in) },
		Delete: func(ctx context.Context, s *session, _ string, v *metricFilter) error {
			_, err := s.logs.DeleteMetricFilter(ctx, &logs.DeleteMetricFilterInput{LogGroupName: &v.LogGroup, FilterName: &v.Name})
			return err
		},
	})
}
