package asl

import (
	"context"
	"math"
	"slices"
	"strconv"
	"time"
)

// visit is one passage through a state.
type visit struct {
	*thread
	s       *state
	raw     any
	entered string
	retries int
	// passed is the event of a Parallel's or Map's success. What follows passes it
	// by and continues from the event before, as recorded from AWS, unless the
	// state fails afterwards.
	passed int64
}

// scope is what the state's paths see: an input and the context object.
func (v *visit) scope(input any) scope {
	execution := NewObject("Id", v.about.ID, "Input", v.input, "StartTime", timestamp(v.about.StartTime), "Name", v.about.Name, "RoleArn", v.about.RoleARN)
	if !v.about.Express {
		execution.set("RedriveCount", Number("0"))
	}
	state := NewObject("Name", v.s.name, "EnteredTime", v.entered)
	if v.s.kind == "Task" || v.s.kind == "Parallel" || v.s.kind == "Map" {
		state.set("RetryCount", Number(strconv.Itoa(v.retries)))
	}
	c := NewObject("Execution", execution, "StateMachine", NewObject("Id", v.about.MachineID, "Name", v.about.MachineName), "State", state)
	if v.item != nil {
		c.set("Map", v.item)
	}
	return scope{input: input, context: c, random: v.host.Random, uuid: v.host.UUID}
}

// run does what the state's type says.
func (v *visit) run(ctx context.Context) (output any, next string, failure *Failure) {
	s := v.s
	if s.kind == "Fail" {
		return nil, "", v.fail()
	}
	input, failure := v.filter(s.inputPath, s.noInput, v.raw)
	if failure != nil {
		return nil, "", failure
	}
	next = s.next
	switch s.kind {
	case "Choice":
		if next, failure = v.choose(input); failure != nil {
			return nil, "", failure
		}
		output = input
	case "Wait":
		if failure := v.wait(ctx, input); failure != nil {
			return nil, "", failure
		}
		output = input
	case "Succeed":
		output = input
	case "Pass":
		if output, failure = v.pass(input); failure != nil {
			return nil, "", failure
		}
	default:
		return v.attempts(ctx, input)
	}
	output, failure = v.filter(s.outputPath, s.noOutput, output)
	return output, next, failure
}

// filter applies InputPath or OutputPath; null gives an empty object.
func (v *visit) filter(p *Path, null bool, value any) (any, *Failure) {
	if null {
		return NewObject(), nil
	}
	if p == nil {
		return value, nil
	}
	out, err := v.scope(value).find(p)
	if err != nil {
		return nil, runtimeError("Invalid path '%s' : %s", p, err)
	}
	return out, nil
}

func (v *visit) parameters(input any) (any, *Failure) {
	if v.s.parameters == nil {
		return input, nil
	}
	return v.s.parameters.evaluate(v.scope(input))
}

// combine puts a result into the raw input, or in its place.
func combine(p *Path, discard bool, raw, result any) (any, *Failure) {
	switch {
	case discard:
		return raw, nil
	case p == nil:
		return result, nil
	}
	out, err := p.put(raw, result)
	if err != nil {
		return nil, &Failure{
			Error: ResultPathFailure, evaluation: true,
			Cause: "Unable to apply ReferencePath " + p.text + " to input " + Print(raw),
		}
	}
	return out, nil
}

func (v *visit) pass(input any) (any, *Failure) {
	result, failure := v.parameters(input)
	if failure != nil {
		return nil, failure
	}
	if v.s.hasResult {
		result = v.s.result
	}
	return combine(v.s.resultPath, v.s.noResult, v.raw, result)
}

func (v *visit) fail() *Failure {
	f := &Failure{Error: v.s.err, Cause: v.s.cause}
	sc := v.scope(v.raw)
	var failure *Failure
	if v.s.errPath != nil || v.s.errCall != nil {
		if f.Error, failure = sc.textOf(v.s.errPath, v.s.errCall, "ErrorPath"); failure != nil {
			return failure
		}
	}
	if v.s.causePath != nil || v.s.causeCall != nil {
		if f.Cause, failure = sc.textOf(v.s.causePath, v.s.causeCall, "CausePath"); failure != nil {
			return failure
		}
	}
	return f
}

func (v *visit) choose(input any) (string, *Failure) {
	sc := v.scope(input)
	for _, r := range v.s.rules {
		ok, failure := r.test.holds(sc)
		if failure != nil {
			return "", failure
		}
		if ok {
			return r.next, nil
		}
	}
	if v.s.byDefault == "" {
		return "", runtimeError("Failed to transition out of the state. The state does not point to a next state.")
	}
	return v.s.byDefault, nil
}

// maxWait is the longest wait, as recorded from AWS: 2^31-1 seconds.
const maxWait = math.MaxInt32 * time.Second

func (v *visit) wait(ctx context.Context, input any) *Failure {
	d := time.Duration(v.s.seconds) * time.Second
	sc := v.scope(input)
	until := v.s.timestamp
	switch {
	case v.s.secondsPath != nil:
		p := v.s.secondsPath
		value, err := sc.find(p)
		if err != nil {
			return runtimeError("The SecondsPath parameter does not reference an input value: %s", p)
		}
		n, ok := integer(value)
		if !ok {
			return runtimeError("The SecondsPath parameter cannot be parsed as a long value: %s == %s", p, toString(value))
		}
		if n < 0 {
			return runtimeError("The SecondsPath parameter references a negative value: %s == %d", p, n)
		}
		d = time.Duration(min(n, math.MaxInt64/int64(time.Second))) * time.Second
	case v.s.timestampPath != nil:
		p := v.s.timestampPath
		value, err := sc.find(p)
		if err != nil {
			return runtimeError("The TimestampPath parameter does not reference an input value: %s", p)
		}
		var ok bool
		if until, ok = timestampOf(value); !ok {
			return runtimeError("The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: %s == %s", p, toString(value))
		}
	}
	if !until.IsZero() {
		d = until.Sub(v.host.Now())
	}
	if d > maxWait {
		return runtimeError("Wait state delay is too long.")
	}
	if d <= 0 {
		return nil
	}
	if v.host.Sleep(ctx, d) != nil {
		return stopped
	}
	return nil
}

// attempts runs a Task, Parallel or Map with its Retry and Catch.
func (v *visit) attempts(ctx context.Context, input any) (output any, next string, failure *Failure) {
	used := make([]int64, len(v.s.retry))
	for {
		result, failure := v.attempt(ctx, input)
		if failure == nil {
			output, next, failure = v.finish(result)
			if failure != nil && v.passed > 0 {
				v.last = v.passed
			}
			return output, next, failure
		}
		if failure == stopped || failure.evaluation || failure.terminal {
			return nil, "", failure
		}
		i := slices.IndexFunc(v.s.retry, func(r retrier) bool { return covers(r.errors, failure) })
		if i >= 0 && used[i] < v.s.retry[i].attempts {
			delay := v.s.retry[i].delay(used[i], v.host.Random)
			used[i]++
			v.retries++
			if delay > 0 && v.host.Sleep(ctx, delay) != nil {
				return nil, "", stopped
			}
			continue
		}
		v.failed(failure)
		for _, c := range v.s.catch {
			if covers(c.errors, failure) {
				info := NewObject("Error", failure.Error, "Cause", failure.Cause)
				output, failure = combine(c.resultPath, c.noResult, v.raw, info)
				return output, c.next, failure
			}
		}
		return nil, "", failure
	}
}

func (v *visit) finish(result any) (output any, next string, failure *Failure) {
	s := v.s
	if s.selector != nil {
		if result, failure = s.selector.evaluate(v.scope(result)); failure != nil {
			return nil, "", failure
		}
	}
	if output, failure = combine(s.resultPath, s.noResult, v.raw, result); failure != nil {
		return nil, "", failure
	}
	output, failure = v.filter(s.outputPath, s.noOutput, output)
	return output, s.next, failure
}

// covers reports whether a Retry or Catch of these names applies to a failure.
// States.TaskFailed stands for every error of a task but a timeout.
func covers(names []string, f *Failure) bool {
	for _, name := range names {
		switch {
		case name == AllFailures, name == f.Error:
			return true
		case name == TaskFailure && f.task && f.Error != TimeoutFailure:
			return true
		}
	}
	return false
}

// delay is the wait before the next attempt, after n earlier ones of the same
// retrier.
func (r retrier) delay(n int64, random func() float64) time.Duration {
	seconds := float64(r.interval) * math.Pow(r.backoff, float64(n))
	if r.maxDelay > 0 {
		seconds = min(seconds, float64(r.maxDelay))
	}
	seconds = min(seconds, 31622400) // a year: the longest MaxDelaySeconds
	if r.jitter {
		seconds *= random()
	}
	return time.Duration(seconds * float64(time.Second))
}
