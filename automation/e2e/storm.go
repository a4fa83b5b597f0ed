package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crawlerless/automation/redrive"
	"crawlerless/automation/replay"
	"crawlerless/localaws/faults"
)

// Storm is a run with injected faults, in place of the promises: objects come
// in while everything fails that can, and nothing may be lost. It needs the
// local target.
type Storm struct {
	Seed uint64
	// Objects are written into so many hours of so many sources, whose schemas
	// drift, with so many writers at once.
	Objects, Hours, Schemas, Writers int
}

// FullStorm is what `automation e2e --faults SEED` runs.
func FullStorm(seed uint64) *Storm {
	return &Storm{Seed: seed, Objects: 2000, Hours: 50, Schemas: 8, Writers: 64}
}

// promise is the one of such a run.
func (s Storm) promise(injector *faults.Injector) promise {
	var sources []string
	for i := range s.Schemas {
		sources = append(sources, stormSource(i))
	}
	return promise{
		name:    "nothing-lost-under-faults",
		text:    "Whatever fails on the way, every record is queryable, no partition or column is missing, and every failure ends in the dead-letter queue and is recovered by one redrive",
		sources: sources,
		test: func(ctx context.Context, e *env) (string, error) {
			detail, err := testStorm(ctx, e, s, injector)
			if err != nil {
				err = fmt.Errorf("%w\nagain: automation e2e --faults %d", err, s.Seed)
			}
			return detail, err
		},
	}
}

func stormSource(i int) string { return fmt.Sprintf("storm-%d", i+1) }

// badWeather is what befalls every call of the pipeline's roles and services.
func badWeather(seed uint64) faults.Plan {
	return faults.Plan{Seed: seed, Rules: []faults.Rule{
		{Operation: "glue:*", Throttle: 0.08, Error: 0.03, Lost: 0.04, Twice: 0.03, Kill: 0.01, DelayMillis: 3},
		{Operation: "s3:GetObject", Throttle: 0.02, Error: 0.01, Lost: 0.01, Kill: 0.002},
		{Operation: "s3:PutObject", Throttle: 0.02, Error: 0.01},
		{Operation: "lambda:Invoke", Throttle: 0.04, Error: 0.02, Lost: 0.02, Twice: 0.01},
		// Events that come twice, late and in another order.
		{Operation: "states:StartExecution", Throttle: 0.03, Error: 0.02, Lost: 0.02, Twice: 0.05, DelayMillis: 30},
		{Operation: "sqs:SendMessage", Throttle: 0.1, Error: 0.1, Lost: 0.05},
		{Operation: "logs:PutLogEvents", Throttle: 0.02},
	}}
}

// stormRun is one storm while it goes on.
type stormRun struct {
	*env
	storm  *storm
	size   Storm
	faults *faults.Injector
	took   []string
}

func testStorm(ctx context.Context, e *env, size Storm, injector *faults.Injector) (_ string, err error) {
	data, err := newStorm(size, e.target.Now())
	if err != nil {
		return "", err
	}
	r := &stormRun{env: e, storm: data, size: size, faults: injector}
	defer injector.Pause(true)
	for _, t := range []struct {
		trouble trouble
		begin   func(context.Context) (end func(context.Context) error, err error)
		pass    time.Duration
	}{
		{weather, r.plan(badWeather(size.Seed)), 30 * time.Minute},
		{denied, r.deny, 10 * time.Minute},
		{broken, r.plan(faults.Plan{}), 10 * time.Minute},
		{killed, r.plan(faults.Plan{Seed: size.Seed, Rules: []faults.Rule{{Operation: "glue:*", Kill: 1}}}), 10 * time.Minute},
		{throttled, r.plan(faults.Plan{Rules: []faults.Rule{{Operation: "glue:*", Throttle: 1}}}), 10 * time.Minute},
		{undelivered, r.plan(faults.Plan{Rules: []faults.Rule{{Operation: "states:StartExecution", Throttle: 1}}}), 26 * time.Hour},
	} {
		began := time.Now()
		end, err := t.begin(ctx)
		if err == nil {
			err = r.write(ctx, r.storm.of(t.trouble), t.trouble == broken)
		}
		if err == nil {
			err = e.target.Pass(ctx, t.pass)
		}
		if end != nil {
			err = errors.Join(err, end(ctx))
		}
		if err != nil {
			return "", fmt.Errorf("%s: %w", t.trouble, err)
		}
		r.took = append(r.took, fmt.Sprintf("%s %.0f s", t.trouble, time.Since(began).Seconds()))
	}
	injector.Pause(true)
	before, err := r.account(ctx)
	if err != nil {
		return "", err
	}
	recovered, err := r.recover(ctx)
	if err != nil {
		return "", err
	}
	if err := r.complete(ctx); err != nil {
		return "", err
	}
	rows := 0
	for _, t := range data.want {
		rows += t.rows
	}
	return fmt.Sprintf("seed %d: %d objects with %d records in %d partitions of %d drifting tables, %d writers; %s; %s; every record and column is queryable (%s)",
		size.Seed, len(data.objects), rows, data.hours(), len(data.sources), size.Writers, before, recovered, strings.Join(r.took, ", ")), nil
}

// plan begins a kind of weather that lasts until the next one.
func (r *stormRun) plan(p faults.Plan) func(context.Context) (func(context.Context) error, error) {
	return func(context.Context) (func(context.Context) error, error) { return nil, r.faults.Use(p) }
}

// deny takes the permissions of UpdateCatalog away, and gives them back.
func (r *stormRun) deny(ctx context.Context) (func(context.Context) error, error) {
	if err := r.faults.Use(faults.Plan{}); err != nil {
		return nil, err
	}
	f, err := r.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &r.out.CatalogFunction})
	if err != nil {
		return nil, err
	}
	role := aws.ToString(f.Role)
	role = role[strings.LastIndex(role, "/")+1:]
	api := iam.NewFromConfig(r.target.AWS())
	const policy = "permissions"
	was, err := api.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: aws.String(policy)})
	if err != nil {
		return nil, err
	}
	if _, err := api.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &role, PolicyName: aws.String(policy)}); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		document, err := unescaped(aws.ToString(was.PolicyDocument))
		if err != nil {
			return err
		}
		_, err = api.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &role, PolicyName: aws.String(policy), PolicyDocument: &document})
		return err
	}, nil
}

// write puts objects into the lake, as many writers at once as there are.
func (r *stormRun) write(ctx context.Context, objects []stormObject, cut bool) error {
	work := make(chan stormObject)
	errs := make([]error, r.size.Writers)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			for o := range work {
				body := o.body
				if cut {
					body = body[:len(body)-10]
				}
				_, err := r.pipeline.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: &r.out.LakeBucket, Key: &o.key, Body: bytes.NewReader(body)})
				errs[i] = errors.Join(errs[i], err)
			}
		})
	}
	for _, o := range objects {
		work <- o
	}
	close(work)
	wg.Wait()
	return errors.Join(errs...)
}

// account holds the dead-letter queue against what failed: every execution that
// failed, and every event that was not delivered, has its letter, with the
// event, the error, its cause and the execution; and the alarm rings.
func (r *stormRun) account(ctx context.Context) (string, error) {
	x, err := r.pipeline.Executions(ctx, r.since, r.target.Now())
	if err != nil {
		return "", err
	}
	if err := r.alarmed(ctx); err != nil {
		return "", err
	}
	letters, err := r.letters(ctx)
	if err != nil {
		return "", err
	}
	executions, keys, errorsByName := map[string]bool{}, map[string]bool{}, map[string]int{}
	for _, l := range letters {
		if l.err == "" || l.cause == "" || l.key == "" {
			return "", fmt.Errorf("a letter lacks its error, cause or object: %+v", l)
		}
		keys[l.key] = true
		errorsByName[l.err]++
		if l.execution != "" {
			executions[l.execution] = true
		}
	}
	if len(executions) != x.Failed {
		waiting, err := r.pipeline.DeadLetters(ctx)
		return "", errors.Join(err, fmt.Errorf("%d of %d executions failed (%d for want of time), the dead-letter queue knows of %d in %d letters of %d (%s)",
			x.Failed, x.Started, x.TimedOut, len(executions), len(letters), waiting, counted(errorsByName)))
	}
	var missing []string
	expected := 0
	for _, o := range r.storm.objects {
		if o.trouble == weather {
			continue
		}
		if expected++; !keys[o.key] {
			missing = append(missing, o.key)
		}
	}
	if len(missing) > 0 {
		return "", fmt.Errorf("%d of %d objects that cannot have succeeded have no letter: %s", len(missing), expected, strings.Join(missing[:min(5, len(missing))], ", "))
	}
	return fmt.Sprintf("%d of %d executions failed, %d dead letters of %d objects (%s)", x.Failed, x.Started, len(letters), len(keys), counted(errorsByName)), nil
}

// alarmed says whether the alarm of the dead-letter queue rings.
func (r *stormRun) alarmed(ctx context.Context) error {
	name := strings.TrimSuffix(r.out.ExtractFunction, "extract") + "dead-letters-waiting"
	out, err := r.pipeline.Metrics.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{name}})
	if err != nil {
		return err
	}
	if len(out.MetricAlarms) != 1 || out.MetricAlarms[0].StateValue != cwtypes.StateValueAlarm {
		return fmt.Errorf("letters wait, and the alarm %s does not ring: %+v", name, out.MetricAlarms)
	}
	return nil
}

// recover mends the causes and redrives, once.
func (r *stormRun) recover(ctx context.Context) (string, error) {
	if err := r.write(ctx, r.storm.of(broken), false); err != nil {
		return "", err
	}
	done := make(chan struct{})
	var result redrive.Result
	var err error
	go func() {
		defer close(done)
		result, err = redrive.Run(ctx, redrive.Options{
			Queue: r.pipeline.Queues, QueueURL: r.out.DeadLetterURL, Parallel: 8,
			Replay: (&replay.Runner{API: r.sfn, MachineARN: r.out.StateMachineARN}).Event,
		})
	}()
	// More letters than UpdateCatalog takes at once: the state machine tries
	// again, and what it waits passes on the local clock.
	var passed error
	for over := false; !over; {
		select {
		case <-done:
			over = true
		default:
			passed = errors.Join(passed, r.target.Pass(ctx, time.Second))
		}
	}
	if err = errors.Join(err, passed); err != nil {
		return "", fmt.Errorf("redrive: %w: %s", err, strings.Join(result.Failures[:min(5, len(result.Failures))], "; "))
	}
	left, err := r.pipeline.DeadLetters(ctx)
	if err != nil {
		return "", err
	}
	if left != 0 || result.Succeeded != result.Seen {
		return "", fmt.Errorf("after one redrive of %d letters, of which %d succeeded, %d are left", result.Seen, result.Succeeded, left)
	}
	return fmt.Sprintf("one redrive recovered all %d", result.Succeeded), nil
}
