package athena

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"crawlerless/localaws/wire"
)

// workgroup is a workgroup with its settings.
type workgroup struct {
	name, description string
	state             types.WorkGroupState
	config            types.WorkGroupConfiguration
	created           time.Time
	tags              map[string]string
	prepared          map[string]prepared // by name, in lower case
}

const engineName = "Athena engine version 3"

// engine is the version that runs; AUTO and nothing are the same.
func engine(v *types.EngineVersion) *types.EngineVersion {
	selected := "AUTO"
	if v != nil && v.SelectedEngineVersion != nil {
		selected = *v.SelectedEngineVersion
	}
	return &types.EngineVersion{SelectedEngineVersion: &selected, EffectiveEngineVersion: aws.String(engineName)}
}

// checkConfig refuses what is not there by name, and what Athena refuses.
func checkConfig(c *types.WorkGroupConfiguration) error {
	for name, set := range map[string]bool{
		"AdditionalConfiguration": c.AdditionalConfiguration != nil, "CustomerContentEncryptionConfiguration": c.CustomerContentEncryptionConfiguration != nil,
		"EngineConfiguration": c.EngineConfiguration != nil, "ExecutionRole": c.ExecutionRole != nil,
		"IdentityCenterConfiguration": c.IdentityCenterConfiguration != nil, "MonitoringConfiguration": c.MonitoringConfiguration != nil,
		"QueryResultsS3AccessGrantsConfiguration": c.QueryResultsS3AccessGrantsConfiguration != nil,
		"ManagedQueryResultsConfiguration":        c.ManagedQueryResultsConfiguration != nil && c.ManagedQueryResultsConfiguration.Enabled,
		"RequesterPaysEnabled":                    aws.ToBool(c.RequesterPaysEnabled),
	} {
		if set {
			return wire.NotImplemented("parameter Configuration." + name + " of athena workgroups")
		}
	}
	if c.EngineVersion != nil {
		if v := aws.ToString(c.EngineVersion.SelectedEngineVersion); v != "" && v != "AUTO" && v != engineName {
			return wire.NotImplemented("the engine " + v + " of athena")
		}
	}
	return checkResults(c.ResultConfiguration)
}

func checkResults(r *types.ResultConfiguration) error {
	if r == nil {
		return nil
	}
	if e := r.EncryptionConfiguration; e != nil && e.EncryptionOption != types.EncryptionOptionSseS3 {
		return wire.NotImplemented("encryption " + string(e.EncryptionOption) + " of athena results")
	}
	if r.AclConfiguration != nil {
		return wire.NotImplemented("parameter ResultConfiguration.AclConfiguration of athena")
	}
	if o := aws.ToString(r.OutputLocation); o != "" && !strings.HasPrefix(o, "s3://") {
		return invalid("outputLocation is not a valid S3 path.")
	}
	return nil
}

func (s *Service) createWorkGroup(_ context.Context, in *athena.CreateWorkGroupInput) (*athena.CreateWorkGroupOutput, error) {
	name := aws.ToString(in.Name)
	config := types.WorkGroupConfiguration{}
	if in.Configuration != nil {
		config = *in.Configuration
	}
	if err := checkConfig(&config); err != nil {
		return nil, err
	}
	config.EngineVersion = engine(config.EngineVersion)
	if config.EnforceWorkGroupConfiguration == nil {
		config.EnforceWorkGroupConfiguration = aws.Bool(true)
	}
	if config.PublishCloudWatchMetricsEnabled == nil {
		config.PublishCloudWatchMetricsEnabled = aws.Bool(false)
	}
	if config.RequesterPaysEnabled == nil {
		config.RequesterPaysEnabled = aws.Bool(false)
	}
	g := &workgroup{name: name, description: aws.ToString(in.Description), state: types.WorkGroupStateEnabled, config: config, created: s.env.Clock.Now(), tags: map[string]string{}, prepared: map[string]prepared{}}
	for _, t := range in.Tags {
		g.tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.workgroups[name] != nil {
		return nil, invalid("WorkGroup is already created")
	}
	s.workgroups[name] = g
	return &athena.CreateWorkGroupOutput{}, nil
}

// group finds a workgroup; s.mu is held.
func (s *Service) group(name *string) (*workgroup, error) {
	n := aws.ToString(name)
	if n == "" {
		n = "primary"
	}
	g := s.workgroups[n]
	if g == nil {
		return nil, invalid("WorkGroup " + n + " is not found.")
	}
	return g, nil
}

func (s *Service) getWorkGroup(_ context.Context, in *athena.GetWorkGroupInput) (*athena.GetWorkGroupOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.group(in.WorkGroup)
	if err != nil {
		return nil, err
	}
	config := g.config
	return &athena.GetWorkGroupOutput{WorkGroup: &types.WorkGroup{
		Name: &g.name, State: g.state, Configuration: &config, CreationTime: &g.created, Description: aws.String(g.description),
	}}, nil
}

func (s *Service) updateWorkGroup(_ context.Context, in *athena.UpdateWorkGroupInput) (*athena.UpdateWorkGroupOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.group(in.WorkGroup)
	if err != nil {
		return nil, err
	}
	config := g.config
	if u := in.ConfigurationUpdates; u != nil {
		if err := update(&config, u); err != nil {
			return nil, err
		}
	}
	g.config = config
	if in.Description != nil {
		g.description = *in.Description
	}
	if in.State != "" {
		g.state = in.State
	}
	return &athena.UpdateWorkGroupOutput{}, nil
}

// update changes a configuration by what an update sets.
func update(c *types.WorkGroupConfiguration, u *types.WorkGroupConfigurationUpdates) error {
	if u.AdditionalConfiguration != nil || u.CustomerContentEncryptionConfiguration != nil || u.EngineConfiguration != nil ||
		u.MonitoringConfiguration != nil || u.QueryResultsS3AccessGrantsConfiguration != nil {
		return wire.NotImplemented("these ConfigurationUpdates of athena:UpdateWorkGroup")
	}
	if u.ExecutionRole != nil {
		c.ExecutionRole = u.ExecutionRole
	}
	if u.BytesScannedCutoffPerQuery != nil {
		c.BytesScannedCutoffPerQuery = u.BytesScannedCutoffPerQuery
	}
	if aws.ToBool(u.RemoveBytesScannedCutoffPerQuery) {
		c.BytesScannedCutoffPerQuery = nil
	}
	if u.EnforceWorkGroupConfiguration != nil {
		c.EnforceWorkGroupConfiguration = u.EnforceWorkGroupConfiguration
	}
	if u.PublishCloudWatchMetricsEnabled != nil {
		c.PublishCloudWatchMetricsEnabled = u.PublishCloudWatchMetricsEnabled
	}
	if u.RequesterPaysEnabled != nil {
		c.RequesterPaysEnabled = u.RequesterPaysEnabled
	}
	if u.EngineVersion != nil {
		c.EngineVersion = engine(u.EngineVersion)
	}
	if r := u.ResultConfigurationUpdates; r != nil {
		now := types.ResultConfiguration{}
		if c.ResultConfiguration != nil {
			now = *c.ResultConfiguration
		}
		if r.OutputLocation != nil {
			now.OutputLocation = r.OutputLocation
		}
		if aws.ToBool(r.RemoveOutputLocation) {
			now.OutputLocation = nil
		}
		if r.EncryptionConfiguration != nil {
			now.EncryptionConfiguration = r.EncryptionConfiguration
		}
		if aws.ToBool(r.RemoveEncryptionConfiguration) {
			now.EncryptionConfiguration = nil
		}
		now.AclConfiguration = r.AclConfiguration
		c.ResultConfiguration = &now
	}
	return checkConfig(c)
}

func (s *Service) deleteWorkGroup(_ context.Context, in *athena.DeleteWorkGroupInput) (*athena.DeleteWorkGroupOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.group(in.WorkGroup)
	if err != nil {
		return nil, err
	}
	if g.name == "primary" {
		return nil, invalid("Cannot delete primary WorkGroup")
	}
	if !aws.ToBool(in.RecursiveDeleteOption) && slices.ContainsFunc(s.order, func(id string) bool { return s.executions[id].workgroup == g.name }) {
		return nil, invalid("WorkGroup " + g.name + " is not empty")
	}
	s.order = slices.DeleteFunc(s.order, func(id string) bool {
		if s.executions[id].workgroup != g.name {
			return false
		}
		s.executions[id].cancel()
		delete(s.executions, id)
		return true
	})
	delete(s.workgroups, g.name)
	return &athena.DeleteWorkGroupOutput{}, nil
}

func (s *Service) listWorkGroups(_ context.Context, in *athena.ListWorkGroupsInput) (*athena.ListWorkGroupsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := slices.Sorted(maps.Keys(s.workgroups))
	from, to, next, err := page(len(names), in.NextToken, in.MaxResults, 50)
	if err != nil {
		return nil, err
	}
	out := &athena.ListWorkGroupsOutput{NextToken: next}
	for _, n := range names[from:to] {
		g := s.workgroups[n]
		out.WorkGroups = append(out.WorkGroups, types.WorkGroupSummary{Name: &g.name, State: g.state, Description: &g.description, CreationTime: &g.created, EngineVersion: g.config.EngineVersion})
	}
	return out, nil
}

// byARN finds the workgroup of an ARN; s.mu is held.
func (s *Service) byARN(arn *string) (*workgroup, error) {
	_, name, ok := strings.Cut(aws.ToString(arn), ":workgroup/")
	if g := s.workgroups[name]; ok && g != nil {
		return g, nil
	}
	return nil, &types.ResourceNotFoundException{Message: aws.String("resource not found: " + aws.ToString(arn)), ResourceName: arn}
}

func (s *Service) tagResource(_ context.Context, in *athena.TagResourceInput) (*athena.TagResourceOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.byARN(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	for _, t := range in.Tags {
		g.tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return &athena.TagResourceOutput{}, nil
}

func (s *Service) untagResource(_ context.Context, in *athena.UntagResourceInput) (*athena.UntagResourceOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.byARN(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	for _, k := range in.TagKeys {
		delete(g.tags, k)
	}
	return &athena.UntagResourceOutput{}, nil
}

func (s *Service) listTagsForResource(_ context.Context, in *athena.ListTagsForResourceInput) (*athena.ListTagsForResourceOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.byARN(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	keys := slices.Sorted(maps.Keys(g.tags))
	from, to, next, err := page(len(keys), in.NextToken, in.MaxResults, 75)
	if err != nil {
		return nil, err
	}
	out := &athena.ListTagsForResourceOutput{NextToken: next, Tags: []types.Tag{}}
	for _, k := range keys[from:to] {
		out.Tags = append(out.Tags, types.Tag{Key: aws.String(k), Value: aws.String(g.tags[k])})
	}
	return out, nil
}
