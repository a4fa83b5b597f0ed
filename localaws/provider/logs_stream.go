package provider

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

type logStream struct {
	Name  string `prop:"name,auto=512,replace"`
	Group string `prop:"logGroupName,required,replace"`

	ARN string `prop:"arn,out"`
}

func logsStream() handler {
	return of(typed[logStream]{
		Token: "aws:cloudwatch/logStream:LogStream",
		Create: func(ctx context.Context, s *session, in *logStream) (string, error) {
			return made(in.Name, create(ctx, func(ctx context.Context) error {
				_, err := s.logs.CreateLogStream(ctx, &logs.CreateLogStreamInput{LogGroupName: &in.Group, LogStreamName: &in.Name})
				return err
			}, "ResourceAlreadyExistsException"))
		},
		Read: func(ctx context.Context, s *session, id string, v *logStream) error {
			if group, name, ok := strings.Cut(id, ":"); ok { // of an import
				v.Group, v.Name = group, name
			}
			pages := logs.NewDescribeLogStreamsPaginator(s.logs, &logs.DescribeLogStreamsInput{LogGroupName: &v.Group, LogStreamNamePrefix: &v.Name})
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx)
				if err != nil {
					return err
				}
				for _, one := range page.LogStreams {
					if aws.ToString(one.LogStreamName) == v.Name {
						v.ARN = aws.ToString(one.Arn)
						return nil
					}
				}
			}
			return errGone
		},
		Delete: func(ctx context.Context, s *session, _ string, v *logStream) error {
			_, err := s.logs.DeleteLogStream(ctx, &logs.DeleteLogStreamInput{LogGroupName: &v.Group, LogStreamName: &v.Name})
			return err
		},
	})
}
