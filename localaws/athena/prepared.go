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

	"crawlerless/localaws/athena/trino"
)

// prepared is a prepared statement of a workgroup.
type prepared struct {
	name, query, description string
	modified                 time.Time
}

// runPrepared runs PREPARE, EXECUTE and DEALLOCATE PREPARE.
// https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html
func (q *query) runPrepared(ctx context.Context, s *trino.Statement) (*result, error) {
	name := strings.ToLower(s.Name[0].Name)
	q.service.mu.Lock()
	g := q.service.workgroups[q.execution.workgroup]
	var p prepared
	found := false
	if g != nil {
		p, found = g.prepared[name]
		switch {
		case s.Kind == "PREPARE":
			g.prepared[name] = prepared{name: name, query: s.Text, modified: q.service.env.Clock.Now()}
		case s.Kind == "DEALLOCATE":
			delete(g.prepared, name)
		}
	}
	q.service.mu.Unlock()
	if s.Kind == "PREPARE" {
		return nothing(), nil
	}
	if !found {
		return nil, fail("NOT_FOUND: Prepared statement not found: " + name)
	}
	if s.Kind == "DEALLOCATE" {
		return nothing(), nil
	}
	parsed, err := trino.Parse(p.query)
	if err != nil {
		return nil, refused(err)
	}
	parameters := s.Using
	if len(parameters) == 0 {
		parameters = q.execution.parameters
	}
	return q.perform(ctx, parsed, parameters)
}

// statementOf finds a prepared statement; s.mu is held.
func (s *Service) statementOf(workgroup, name *string) (*workgroup, prepared, error) {
	g, err := s.group(workgroup)
	if err != nil {
		return nil, prepared{}, err
	}
	p, ok := g.prepared[strings.ToLower(aws.ToString(name))]
	if !ok {
		return nil, p, &types.ResourceNotFoundException{Message: aws.String("PreparedStatement " + aws.ToString(name) + " was not found in workGroup " + g.name), ResourceName: name}
	}
	return g, p, nil
}

// checked is a statement as the API takes it.
func checked(query *string) (string, error) {
	text := strings.TrimSpace(aws.ToString(query))
	s, err := read(text)
	if err != nil {
		return "", err
	}
	if s.kind != types.StatementTypeDml {
		return "", invalid("Queries of this type are not supported")
	}
	return text, nil
}

func (s *Service) createPreparedStatement(_ context.Context, in *athena.CreatePreparedStatementInput) (*athena.CreatePreparedStatementOutput, error) {
	text, err := checked(in.QueryStatement)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.group(in.WorkGroup)
	if err != nil {
		return nil, err
	}
	name := strings.ToLower(aws.ToString(in.StatementName))
	if _, ok := g.prepared[name]; ok {
		return nil, invalid("PreparedStatement " + name + " already exists in workGroup " + g.name)
	}
	g.prepared[name] = prepared{name, text, aws.ToString(in.Description), s.env.Clock.Now()}
	return &athena.CreatePreparedStatementOutput{}, nil
}

func (s *Service) updatePreparedStatement(_ context.Context, in *athena.UpdatePreparedStatementInput) (*athena.UpdatePreparedStatementOutput, error) {
	text, err := checked(in.QueryStatement)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, p, err := s.statementOf(in.WorkGroup, in.StatementName)
	if err != nil {
		return nil, err
	}
	p.query, p.modified = text, s.env.Clock.Now()
	if in.Description != nil {
		p.description = *in.Description
	}
	g.prepared[p.name] = p
	return &athena.UpdatePreparedStatementOutput{}, nil
}

func (s *Service) getPreparedStatement(_ context.Context, in *athena.GetPreparedStatementInput) (*athena.GetPreparedStatementOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, p, err := s.statementOf(in.WorkGroup, in.StatementName)
	if err != nil {
		return nil, err
	}
	return &athena.GetPreparedStatementOutput{PreparedStatement: &types.PreparedStatement{
		StatementName: &p.name, QueryStatement: &p.query, WorkGroupName: &g.name, Description: &p.description, LastModifiedTime: &p.modified,
	}}, nil
}

func (s *Service) deletePreparedStatement(_ context.Context, in *athena.DeletePreparedStatementInput) (*athena.DeletePreparedStatementOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, p, err := s.statementOf(in.WorkGroup, in.StatementName)
	if err != nil {
		return nil, err
	}
	delete(g.prepared, p.name)
	return &athena.DeletePreparedStatementOutput{}, nil
}

func (s *Service) listPreparedStatements(_ context.Context, in *athena.ListPreparedStatementsInput) (*athena.ListPreparedStatementsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.group(in.WorkGroup)
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(g.prepared))
	from, to, next, err := page(len(names), in.NextToken, in.MaxResults, 50)
	if err != nil {
		return nil, err
	}
	out := &athena.ListPreparedStatementsOutput{NextToken: next, PreparedStatements: []types.PreparedStatementSummary{}}
	for _, n := range names[from:to] {
		p := g.prepared[n]
		out.PreparedStatements = append(out.PreparedStatements, types.PreparedStatementSummary{StatementName: &p.name, LastModifiedTime: &p.modified})
	}
	return out, nil
}
