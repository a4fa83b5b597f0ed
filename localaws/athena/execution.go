package athena

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"crawlerless/localaws/wire"
)

// execution is one query. Its mutable parts are guarded by the service's mutex.
type execution struct {
	id, sql, workgroup, database string
	parameters                   []string
	output                       string // s3:// of the CSV
	manifest                     string // s3:// of the list of what the statement wrote
	statement                    *statement
	state                        types.QueryExecutionState
	reason                       string
	submitted, completed         time.Time
	took                         time.Duration // of the engine, in real time
	scanned                      int64
	cutoff                       int64 // bytes; 0 is none
	result                       *result
	cancel                       context.CancelFunc
}

// kept is how many executions are remembered; the oldest that ended are
// forgotten first. AWS keeps them for 45 days.
const kept = 2000

func (s *Service) startQueryExecution(ctx context.Context, in *athena.StartQueryExecutionInput) (*athena.StartQueryExecutionOutput, error) {
	sql := strings.TrimSpace(aws.ToString(in.QueryString))
	if sql == "" {
		return nil, invalid("queryString must not be empty")
	}
	if in.ClientRequestToken == nil { // after the model's constraints: measured, as for refuse
		return nil, invalid("clientRequestToken is null or empty")
	}
	parsed, err := read(sql)
	if err != nil {
		return nil, err
	}
	if c := in.QueryExecutionContext; c != nil && c.Catalog != nil && !strings.EqualFold(*c.Catalog, "AwsDataCatalog") {
		return nil, wire.NotImplemented("the data catalog " + *c.Catalog + " of athena")
	}
	if err := checkResults(in.ResultConfiguration); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := aws.ToString(in.ClientRequestToken); t != "" && s.tokens[t] != "" {
		if e := s.executions[s.tokens[t]]; e != nil {
			if e.sql != sql {
				return nil, refusal("IDEMPOTENT_PARAMETER_MISMATCH", "Idempotent parameters do not match")
			}
			return &athena.StartQueryExecutionOutput{QueryExecutionId: &e.id}, nil
		}
	}
	g, err := s.group(in.WorkGroup)
	if err != nil {
		return nil, err
	}
	if g.state == types.WorkGroupStateDisabled {
		return nil, invalid("WorkGroup " + g.name + " is disabled.")
	}
	output, err := location(g, in.ResultConfiguration)
	if err != nil {
		return nil, err
	}
	id := s.env.IDs.UUID()
	run, cancel := context.WithCancel(context.Background())
	e := &execution{
		id: id, sql: sql, workgroup: g.name, database: "default", parameters: in.ExecutionParameters, state: types.QueryExecutionStateQueued,
		submitted: s.env.Clock.Now(), cutoff: aws.ToInt64(g.config.BytesScannedCutoffPerQuery), cancel: cancel, statement: parsed,
	}
	e.output = strings.TrimSuffix(output, "/") + "/" + id + map[bool]string{true: ".csv", false: ".txt"}[parsed.kind == types.StatementTypeDml]
	if c := in.QueryExecutionContext; c != nil && c.Database != nil {
		e.database = strings.ToLower(*c.Database)
	}
	s.executions[id] = e
	s.order = append(s.order, id)
	if t := aws.ToString(in.ClientRequestToken); t != "" {
		s.tokens[t] = id
	}
	s.forget()
	caller := wire.CallerFrom(ctx)
	publish := aws.ToBool(g.config.PublishCloudWatchMetricsEnabled)
	s.env.Clock.Go(func() { s.run(run, e, s.as(caller), publish) })
	return &athena.StartQueryExecutionOutput{QueryExecutionId: &id}, nil
}

// location is where results go: the workgroup's where it enforces its settings,
// else the request's before the workgroup's.
func location(g *workgroup, r *types.ResultConfiguration) (string, error) {
	own, asked := "", ""
	if g.config.ResultConfiguration != nil {
		own = aws.ToString(g.config.ResultConfiguration.OutputLocation)
	}
	if r != nil {
		asked = aws.ToString(r.OutputLocation)
	}
	if !aws.ToBool(g.config.EnforceWorkGroupConfiguration) && asked != "" {
		own = asked
	}
	if own == "" && asked != "" {
		own = asked
	}
	if own == "" {
		return "", invalid("No output location provided. An output location is required either through the Workgroup result configuration setting or as an API input.")
	}
	return own, nil
}

// forget drops the oldest that ended; s.mu is held.
func (s *Service) forget() {
	for len(s.order) > kept {
		i := slices.IndexFunc(s.order, func(id string) bool { return !s.executions[id].completed.IsZero() })
		if i < 0 {
			return
		}
		delete(s.executions, s.order[i])
		s.order = slices.Delete(s.order, i, i+1)
	}
}

// run answers one query.
func (s *Service) run(ctx context.Context, e *execution, as aws.Config, publish bool) {
	defer e.cancel()
	s.mu.Lock()
	if e.state == types.QueryExecutionStateQueued {
		e.state = types.QueryExecutionStateRunning
	}
	s.mu.Unlock()
	started := time.Now() // the engine's work takes real time
	q := &query{service: s, execution: e, as: as}
	r, err := q.answer(ctx)
	if err == nil {
		err = q.write(ctx, r)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e.took, e.completed, e.scanned = time.Since(started), s.env.Clock.Now(), q.scanned
	var failed *failure
	switch {
	case e.state == types.QueryExecutionStateCancelled:
	case err == nil:
		e.state, e.result = types.QueryExecutionStateSucceeded, r
		if r.manifest {
			e.manifest = q.manifest()
		}
	case errors.As(err, &failed) && failed.cancelled:
		e.state, e.reason = types.QueryExecutionStateCancelled, failed.reason
	default:
		e.state, e.reason = types.QueryExecutionStateFailed, err.Error()
	}
	if publish {
		state := string(e.state)
		for name, value := range map[string]float64{"ProcessedBytes": float64(e.scanned), "TotalExecutionTime": float64(e.took.Milliseconds()), "EngineExecutionTime": float64(e.took.Milliseconds())} {
			unit := "Milliseconds"
			if name == "ProcessedBytes" {
				unit = "Bytes"
			}
			s.env.Metrics.Put("AWS/Athena", name, value, unit, "QueryState", state, "QueryType", string(e.statement.kind), "WorkGroup", e.workgroup)
		}
	}
}

// failure is an end that Athena words in a way of its own.
type failure struct {
	reason    string
	cancelled bool
}

func (f *failure) Error() string { return f.reason }

func fail(reason string) error { return &failure{reason: reason} }

func (s *Service) find(id *string) (*execution, error) {
	e := s.executions[aws.ToString(id)]
	if e == nil {
		return nil, refusal("QUERY_EXECUTION_NOT_FOUND", "QueryExecution "+aws.ToString(id)+" was not found")
	}
	return e, nil
}

func (s *Service) describe(e *execution) types.QueryExecution {
	q := types.QueryExecution{
		QueryExecutionId: &e.id, Query: &e.sql, WorkGroup: &e.workgroup, StatementType: e.statement.kind, SubstatementType: &e.statement.sub,
		QueryExecutionContext: &types.QueryExecutionContext{Database: &e.database, Catalog: aws.String("awsdatacatalog")},
		ResultConfiguration:   &types.ResultConfiguration{OutputLocation: &e.output},
		EngineVersion:         engine(nil), ExecutionParameters: e.parameters,
		Status: &types.QueryExecutionStatus{State: e.state, SubmissionDateTime: aws.Time(e.submitted)},
		Statistics: &types.QueryExecutionStatistics{
			DataScannedInBytes: aws.Int64(e.scanned), EngineExecutionTimeInMillis: aws.Int64(e.took.Milliseconds()),
			TotalExecutionTimeInMillis: aws.Int64(e.took.Milliseconds()), QueryQueueTimeInMillis: aws.Int64(0),
			QueryPlanningTimeInMillis: aws.Int64(0), ServiceProcessingTimeInMillis: aws.Int64(0), ServicePreProcessingTimeInMillis: aws.Int64(0),
			ResultReuseInformation: &types.ResultReuseInformation{ReusedPreviousResult: false},
		},
	}
	if e.manifest != "" {
		q.Statistics.DataManifestLocation = &e.manifest
	}
	if e.reason != "" {
		q.Status.StateChangeReason = &e.reason
	}
	if e.state == types.QueryExecutionStateFailed {
		q.Status.AthenaError = athenaError(e.reason)
	}
	if !e.completed.IsZero() {
		q.Status.CompletionDateTime = aws.Time(e.completed)
	}
	return q
}

// athenaError sorts a reason by who is to blame. Of the error types only those
// are stated that the catalog of them makes certain.
// https://docs.aws.amazon.com/athena/latest/ug/error-reference.html
func athenaError(reason string) *types.AthenaError {
	e := &types.AthenaError{ErrorCategory: aws.Int32(2), ErrorMessage: &reason, Retryable: false}
	switch {
	case strings.HasPrefix(reason, "GENERIC_INTERNAL_ERROR"):
		e.ErrorCategory, e.ErrorType = aws.Int32(1), aws.Int32(200) // query engine had an internal error
	case strings.HasPrefix(reason, "EXCEEDED_LOCAL_MEMORY_LIMIT"):
		e.ErrorCategory, e.ErrorType = aws.Int32(1), aws.Int32(0) // query exhausted resources
	}
	return e
}

func (s *Service) getQueryExecution(_ context.Context, in *athena.GetQueryExecutionInput) (*athena.GetQueryExecutionOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.find(in.QueryExecutionId)
	if err != nil {
		return nil, err
	}
	q := s.describe(e)
	return &athena.GetQueryExecutionOutput{QueryExecution: &q}, nil
}

func (s *Service) batchGetQueryExecution(_ context.Context, in *athena.BatchGetQueryExecutionInput) (*athena.BatchGetQueryExecutionOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &athena.BatchGetQueryExecutionOutput{}
	for _, id := range in.QueryExecutionIds {
		if e := s.executions[id]; e != nil {
			out.QueryExecutions = append(out.QueryExecutions, s.describe(e))
			continue
		}
		out.UnprocessedQueryExecutionIds = append(out.UnprocessedQueryExecutionIds, types.UnprocessedQueryExecutionId{
			QueryExecutionId: aws.String(id), ErrorCode: aws.String("INVALID_QUERY_EXECUTION_ID"), ErrorMessage: aws.String("QueryExecution " + id + " was not found"),
		})
	}
	return out, nil
}

func (s *Service) listQueryExecutions(_ context.Context, in *athena.ListQueryExecutionsInput) (*athena.ListQueryExecutionsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.group(in.WorkGroup)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, id := range slices.Backward(s.order) {
		if s.executions[id].workgroup == g.name {
			ids = append(ids, id)
		}
	}
	from, to, next, err := page(len(ids), in.NextToken, in.MaxResults, 50)
	if err != nil {
		return nil, err
	}
	return &athena.ListQueryExecutionsOutput{QueryExecutionIds: ids[from:to], NextToken: next}, nil
}

func (s *Service) stopQueryExecution(_ context.Context, in *athena.StopQueryExecutionInput) (*athena.StopQueryExecutionOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.find(in.QueryExecutionId)
	if err != nil {
		return nil, err
	}
	if e.state == types.QueryExecutionStateQueued || e.state == types.QueryExecutionStateRunning {
		e.state, e.reason = types.QueryExecutionStateCancelled, "Query cancelled by user"
		e.cancel()
	}
	return &athena.StopQueryExecutionOutput{}, nil
}

// page understands a token, which is an offset, and bounds a page.
func page(n int, token *string, most *int32, limit int) (from, to int, next *string, err error) {
	if t := aws.ToString(token); t != "" {
		if from, err = strconv.Atoi(t); err != nil || from < 0 || from > n {
			return 0, 0, nil, invalid("NextToken is invalid")
		}
	}
	size := limit
	if most != nil && *most > 0 {
		size = min(int(*most), limit)
	}
	to = min(from+size, n)
	if to < n {
		next = aws.String(strconv.Itoa(to))
	}
	return from, to, next, nil
}
