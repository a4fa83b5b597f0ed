package states

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"crawlerless/localaws/states/asl"
	"crawlerless/localaws/wire"
)

// revision is one state of a machine's definition and settings. It never
// changes: an update makes another one, and running executions keep theirs.
type revision struct {
	id         string // empty for the first
	definition string
	program    *asl.Machine
	role       string
	logging    types.LoggingConfiguration
	tracing    types.TracingConfiguration
	updated    time.Time
}

// machine is one state machine. Its fields are guarded by Service.mu.
type machine struct {
	name     string
	arn      string
	kind     types.StateMachineType
	created  time.Time
	tags     map[string]string
	current  *revision
	deleting bool

	executions []*execution // in the order of their start
	running    int
}

func (m *machine) express() bool { return m.kind == types.StateMachineTypeExpress }

// compile parses a definition, refusing what is not done.
func compile(operation, definition string, kind types.StateMachineType) (*asl.Machine, error) {
	m, err := asl.Compile(definition, asl.Options{Express: kind == types.StateMachineTypeExpress, Task: checkTask})
	var invalid *asl.InvalidDefinition
	var undone *asl.Unsupported
	switch {
	case errors.As(err, &invalid):
		return nil, &types.InvalidDefinition{Message: aws.String("Invalid State Machine Definition: '" + invalid.Error() + "'")}
	case errors.As(err, &undone):
		return nil, unsupported(operation, "%s at %s in the definition", undone.What, undone.Location)
	}
	return m, err
}

func (s *Service) createStateMachine(ctx context.Context, in *sfn.CreateStateMachineInput) (*sfn.CreateStateMachineOutput, error) {
	name := aws.ToString(in.Name)
	if err := checkName(name); err != nil {
		return nil, err
	}
	kind := cmp.Or(in.Type, types.StateMachineTypeStandard)
	if err := checkPublish("CreateStateMachine", in.Publish, in.VersionDescription); err != nil {
		return nil, err
	}
	program, err := compile("CreateStateMachine", aws.ToString(in.Definition), kind)
	if err != nil {
		return nil, err
	}
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	logging, err := checkLogging(in.LoggingConfiguration)
	if err != nil {
		return nil, err
	}
	r := &revision{definition: aws.ToString(in.Definition), program: program, role: aws.ToString(in.RoleArn), logging: logging, updated: s.env.Clock.Now()}
	if in.TracingConfiguration != nil {
		r.tracing = *in.TracingConfiguration
	}
	m := &machine{name: name, arn: s.machineARN(name), kind: kind, created: s.env.Clock.Now(), tags: tags, current: r}

	s.mu.Lock()
	old, err := s.same(m)
	s.mu.Unlock()
	if old == nil && err == nil {
		if err := s.checkRole(ctx, m.arn, r); err != nil {
			return nil, err
		}
		s.mu.Lock()
		if old, err = s.same(m); old == nil && err == nil {
			s.machines[name] = m
			old = m
		}
		s.mu.Unlock()
	}
	if err != nil {
		return nil, err
	}
	return &sfn.CreateStateMachineOutput{StateMachineArn: &old.arn, CreationDate: &old.created}, nil
}

// same finds the machine that already has this name. Creating it again with the
// same content is no error; role and tags are not compared.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
// Service.mu is held.
func (s *Service) same(m *machine) (*machine, error) {
	old := s.machines[m.name]
	switch {
	case old == nil:
		return nil, nil
	case old.deleting:
		return nil, &types.StateMachineDeleting{Message: aws.String("State Machine is being deleted: '" + old.arn + "'")}
	case old.kind != m.kind || old.current.definition != m.current.definition ||
		!reflect.DeepEqual(old.current.logging, m.current.logging) || old.current.tracing != m.current.tracing:
		return nil, &types.StateMachineAlreadyExists{Message: aws.String("State Machine Already Exists: '" + old.arn + "'")}
	}
	return old, nil
}

func checkPublish(operation string, publish bool, description *string) error {
	if publish {
		return unsupported(operation, "parameter publish")
	}
	if description != nil {
		return validation("Version description can only be set when publish is true")
	}
	return nil
}

// checkRole makes sure that Step Functions may assume the role and write the
// machine's log.
func (s *Service) checkRole(ctx context.Context, machineARN string, r *revision) error {
	cfg, err := s.env.Roles.AssumeRole(ctx, r.role, servicePrincipal, machineARN)
	if err != nil {
		return &wire.Error{Code: "AccessDeniedException", Message: "Neither the global service principal states.amazonaws.com, nor the regional one " +
			"is authorized to assume the provided role. (" + err.Error() + ")"}
	}
	return s.allowDelivery(ctx, cfg, r.logging)
}

// find is a machine by its ARN. Service.mu is held.
func (s *Service) find(arn *string) (*machine, error) {
	name, err := s.machineName(aws.ToString(arn))
	if err != nil {
		return nil, err
	}
	m := s.machines[name]
	if m == nil {
		return nil, noMachine(*arn)
	}
	return m, nil
}

func (s *Service) updateStateMachine(ctx context.Context, in *sfn.UpdateStateMachineInput) (*sfn.UpdateStateMachineOutput, error) {
	if err := checkPublish("UpdateStateMachine", in.Publish, in.VersionDescription); err != nil {
		return nil, err
	}
	s.mu.Lock()
	m, err := s.find(in.StateMachineArn)
	if err == nil && m.deleting {
		err = &types.StateMachineDeleting{Message: aws.String("State Machine is being deleted: '" + m.arn + "'")}
	}
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	old := m.current
	s.mu.Unlock()
	if in.Definition == nil && in.RoleArn == nil && in.LoggingConfiguration == nil && in.TracingConfiguration == nil {
		return nil, &types.MissingRequiredParameter{Message: aws.String(
			"Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified")}
	}
	r := *old
	if in.Definition != nil {
		if r.program, err = compile("UpdateStateMachine", *in.Definition, m.kind); err != nil {
			return nil, err
		}
		r.definition = *in.Definition
	}
	if in.RoleArn != nil {
		r.role = *in.RoleArn
	}
	if in.LoggingConfiguration != nil {
		if r.logging, err = checkLogging(in.LoggingConfiguration); err != nil {
			return nil, err
		}
	}
	if in.TracingConfiguration != nil {
		r.tracing = *in.TracingConfiguration
	}
	if err := s.checkRole(ctx, m.arn, &r); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.updated = s.env.Clock.Now()
	changed := r.definition != old.definition || r.role != old.role || r.tracing != old.tracing || !reflect.DeepEqual(r.logging, old.logging)
	if changed || r.id == "" {
		r.id = s.env.IDs.UUID()
	}
	m.current = &r
	return &sfn.UpdateStateMachineOutput{UpdateDate: &r.updated, RevisionId: &r.id}, nil
}

func (s *Service) describeStateMachine(_ context.Context, in *sfn.DescribeStateMachineInput) (*sfn.DescribeStateMachineOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.find(in.StateMachineArn)
	if err != nil {
		return nil, err
	}
	r := m.current
	out := &sfn.DescribeStateMachineOutput{
		StateMachineArn: &m.arn, Name: &m.name, Type: m.kind, Status: types.StateMachineStatusActive, CreationDate: &m.created,
		Definition: &r.definition, RoleArn: &r.role, LoggingConfiguration: new(r.logging), TracingConfiguration: new(r.tracing),
	}
	if m.deleting {
		out.Status = types.StateMachineStatusDeleting
	}
	if r.id != "" {
		out.RevisionId = &r.id
	}
	if in.IncludedData == types.IncludedDataMetadataOnly {
		out.Definition = nil
	}
	return out, nil
}

func (s *Service) deleteStateMachine(_ context.Context, in *sfn.DeleteStateMachineInput) (*sfn.DeleteStateMachineOutput, error) {
	name, err := s.machineName(aws.ToString(in.StateMachineArn))
	var missing *types.StateMachineDoesNotExist
	if errors.As(err, &missing) {
		return &sfn.DeleteStateMachineOutput{}, nil
	}
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.machines[name]; m != nil {
		m.deleting = true
		s.bury(m)
	}
	return &sfn.DeleteStateMachineOutput{}, nil
}

// bury removes a deleted machine once its last execution has ended. Service.mu
// is held.
func (s *Service) bury(m *machine) {
	if !m.deleting || m.running > 0 || s.machines[m.name] != m {
		return
	}
	delete(s.machines, m.name)
	for _, e := range m.executions {
		delete(s.executions, e.arn)
	}
}

func (s *Service) listStateMachines(_ context.Context, in *sfn.ListStateMachinesInput) (*sfn.ListStateMachinesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from, to, next, err := page(len(s.machines), in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &sfn.ListStateMachinesOutput{StateMachines: []types.StateMachineListItem{}, NextToken: next}
	for _, name := range slices.Sorted(maps.Keys(s.machines))[from:to] {
		m := s.machines[name]
		out.StateMachines = append(out.StateMachines, types.StateMachineListItem{Name: &m.name, StateMachineArn: &m.arn, Type: m.kind, CreationDate: &m.created})
	}
	return out, nil
}

// page cuts one page out of n items. A token is the index of its first item.
func page(n int, maxResults int32, token *string) (from, to int, next *string, err error) {
	size := int(maxResults)
	if size == 0 {
		size = 100
	}
	if token != nil {
		if from, err = strconv.Atoi(*token); err != nil || from < 0 || from > n {
			return 0, 0, nil, &types.InvalidToken{Message: aws.String("Invalid Token: 'Invalid token'")}
		}
	}
	if to = min(from+size, n); to < n {
		next = aws.String(strconv.Itoa(to))
	}
	return from, to, next, nil
}

func (s *Service) listVersions(_ context.Context, in *sfn.ListStateMachineVersionsInput) (*sfn.ListStateMachineVersionsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.find(in.StateMachineArn); err != nil {
		return nil, err
	}
	if _, _, _, err := page(0, in.MaxResults, in.NextToken); err != nil {
		return nil, err
	}
	return &sfn.ListStateMachineVersionsOutput{StateMachineVersions: []types.StateMachineVersionListItem{}}, nil
}

func (s *Service) listAliases(_ context.Context, in *sfn.ListStateMachineAliasesInput) (*sfn.ListStateMachineAliasesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.find(in.StateMachineArn); err != nil {
		return nil, err
	}
	if _, _, _, err := page(0, in.MaxResults, in.NextToken); err != nil {
		return nil, err
	}
	return &sfn.ListStateMachineAliasesOutput{StateMachineAliases: []types.StateMachineAliasListItem{}}, nil
}

func (s *Service) validateDefinition(_ context.Context, in *sfn.ValidateStateMachineDefinitionInput) (*sfn.ValidateStateMachineDefinitionOutput, error) {
	_, err := asl.Compile(aws.ToString(in.Definition), asl.Options{Express: in.Type == types.StateMachineTypeExpress, Task: checkTask})
	out := &sfn.ValidateStateMachineDefinitionOutput{
		Result: types.ValidateStateMachineDefinitionResultCodeOk, Diagnostics: []types.ValidateStateMachineDefinitionDiagnostic{}, Truncated: new(false),
	}
	var invalid *asl.InvalidDefinition
	var undone *asl.Unsupported
	switch {
	case errors.As(err, &undone):
		return nil, unsupported("ValidateStateMachineDefinition", "%s at %s in the definition", undone.What, undone.Location)
	case errors.As(err, &invalid):
		out.Result = types.ValidateStateMachineDefinitionResultCodeFail
		most := int(in.MaxResults)
		if most <= 0 || most > 100 {
			most = 100
		}
		for i, p := range invalid.Problems {
			if i == most {
				out.Truncated = new(true)
				break
			}
			d := types.ValidateStateMachineDefinitionDiagnostic{Code: &p.Code, Message: &p.Message, Severity: types.ValidateStateMachineDefinitionSeverityError}
			if p.Location != "" {
				d.Location = &p.Location
			}
			out.Diagnostics = append(out.Diagnostics, d)
		}
	case err != nil:
		return nil, err
	}
	return out, nil
}
