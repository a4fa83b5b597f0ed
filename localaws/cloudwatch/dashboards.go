package cloudwatch

import (
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// dashboard is stored, not drawn.
type dashboard struct {
	body     string
	modified time.Time
	tags     map[string]string
}

var dashboardName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)

func (s *Service) putDashboard(_ context.Context, in *cloudwatch.PutDashboardInput) (*cloudwatch.PutDashboardOutput, error) {
	name, body := aws.ToString(in.DashboardName), aws.ToString(in.DashboardBody)
	if !dashboardName.MatchString(name) {
		return nil, invalid("The value %q for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and underscore (_).", name)
	}
	var content struct {
		Widgets []json.RawMessage `json:"widgets"`
	}
	if err := json.Unmarshal([]byte(body), &content); err != nil {
		message := "The dashboard body is invalid JSON: " + err.Error()
		return nil, &types.DashboardInvalidInputError{Message: aws.String("The field DashboardBody must be a valid JSON object"), DashboardValidationMessages: []types.DashboardValidationMessage{{DataPath: aws.String("/"), Message: aws.String(message)}}}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.dashboards[name]
	if d == nil {
		tags, err := mergeTags(nil, in.Tags)
		if err != nil {
			return nil, err
		}
		d = &dashboard{tags: tags}
		s.dashboards[name] = d
	}
	d.body, d.modified = body, s.env.Clock.Now()
	return &cloudwatch.PutDashboardOutput{DashboardValidationMessages: []types.DashboardValidationMessage{}}, nil
}

func noDashboard(name string) error {
	return &types.DashboardNotFoundError{Message: aws.String("Dashboard " + name + " does not exist")}
}

func (s *Service) getDashboard(_ context.Context, in *cloudwatch.GetDashboardInput) (*cloudwatch.GetDashboardOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := aws.ToString(in.DashboardName)
	d := s.dashboards[name]
	if d == nil {
		return nil, noDashboard(name)
	}
	return &cloudwatch.GetDashboardOutput{DashboardName: in.DashboardName, DashboardArn: aws.String(s.dashboardARN(name)), DashboardBody: aws.String(d.body)}, nil
}

func (s *Service) listDashboards(_ context.Context, in *cloudwatch.ListDashboardsInput) (*cloudwatch.ListDashboardsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []types.DashboardEntry
	for _, name := range slices.Sorted(maps.Keys(s.dashboards)) {
		if d := s.dashboards[name]; strings.HasPrefix(name, aws.ToString(in.DashboardNamePrefix)) {
			all = append(all, types.DashboardEntry{DashboardName: aws.String(name), DashboardArn: aws.String(s.dashboardARN(name)), LastModified: aws.Time(d.modified), Size: aws.Int64(int64(len(d.body)))})
		}
	}
	entries, next, err := page(all, func(d types.DashboardEntry) string { return *d.DashboardName }, in.NextToken, 1000)
	return &cloudwatch.ListDashboardsOutput{DashboardEntries: entries, NextToken: next}, err
}

// deleteDashboards deletes all or, where one is missing, none.
func (s *Service) deleteDashboards(_ context.Context, in *cloudwatch.DeleteDashboardsInput) (*cloudwatch.DeleteDashboardsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range in.DashboardNames {
		if s.dashboards[name] == nil {
			return nil, noDashboard(name)
		}
	}
	for _, name := range in.DashboardNames {
		delete(s.dashboards, name)
	}
	return nil, nil
}
