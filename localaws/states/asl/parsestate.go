package asl

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

var commonFields = []string{"Type", "Comment", "QueryLanguage", "Assign"}

// fieldsOf are the further fields of each type of state.
var fieldsOf = map[string][]string{
	"Task": {
		"Next", "End", "InputPath", "OutputPath", "Parameters", "ResultSelector", "ResultPath", "Retry", "Catch", "Resource",
		"TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath", "Credentials",
	},
	"Pass":    {"Next", "End", "InputPath", "OutputPath", "Parameters", "ResultPath", "Result"},
	"Wait":    {"Next", "End", "InputPath", "OutputPath", "Seconds", "SecondsPath", "Timestamp", "TimestampPath"},
	"Choice":  {"InputPath", "OutputPath", "Choices", "Default"},
	"Succeed": {"InputPath", "OutputPath"},
	"Fail":    {"Error", "ErrorPath", "Cause", "CausePath"},
	"Parallel": {
		"Next", "End", "InputPath", "OutputPath", "Parameters", "ResultSelector", "ResultPath", "Retry", "Catch",
		"Branches",
	},
	"Map": {
		"Next", "End", "InputPath", "OutputPath", "Parameters", "ResultSelector", "ResultPath", "Retry", "Catch", "ItemsPath",
		"ItemSelector", "ItemProcessor", "Iterator", "MaxConcurrency", "MaxConcurrencyPath", "ItemReader", "ItemBatcher", "ResultWriter",
		"ToleratedFailureCount", "ToleratedFailureCountPath", "ToleratedFailurePercentage", "ToleratedFailurePercentagePath", "Label",
	},
}

func (c *checker) state(name string, o *Object, at string) *state {
	s := &state{name: name}
	kind, ok := o.Get("Type")
	if !ok {
		c.problem(at, "These fields are required: [Type]")
		return s
	}
	s.kind, _ = kind.(string)
	own, ok := fieldsOf[s.kind]
	if !ok {
		c.problem(at+"/Type", "Value is not one of [Choice, Fail, Map, Parallel, Pass, Succeed, Task, Wait]")
		return s
	}
	f := c.fields(o, at, append(slices.Clone(commonFields), own...)...)
	f.text("Comment")
	c.queryLanguage(f)
	if f.has("Assign") {
		c.refuse(at+"/Assign", "variables (Assign)")
	}
	if slices.Contains(own, "Next") {
		f.only(true, "Next", "End")
		s.next = f.text("Next")
		if f.has("End") && !f.boolean("End") && s.next == "" {
			c.problem(at+"/End", "End must be true")
		}
	}
	s.inputPath, s.noInput = f.path("InputPath", true)
	s.outputPath, s.noOutput = f.path("OutputPath", true)
	s.resultPath, s.noResult = f.referencePath("ResultPath", true)
	if s.resultPath != nil && s.resultPath.context {
		c.problem(at+"/ResultPath", "Value is not a Reference Path")
	}
	if s.kind != "Map" {
		s.parameters = f.template("Parameters")
	}
	s.selector = f.template("ResultSelector")
	c.retries(f, s)
	c.catches(f, s)
	switch s.kind {
	case "Task":
		c.task(f, s)
	case "Pass":
		s.result, s.hasResult = o.Get("Result")
	case "Wait":
		c.wait(f, s)
	case "Choice":
		c.choice(f, s)
	case "Fail":
		c.fail(f, s)
	case "Parallel":
		c.parallel(f, s)
	case "Map":
		c.mapState(f, s)
	}
	return s
}

func (c *checker) task(f *fields, s *state) {
	if !f.has("Resource") {
		c.problem(f.at, "These fields are required: [Resource]")
		return
	}
	f.only(false, "TimeoutSeconds", "TimeoutSecondsPath")
	s.timeout = f.integer("TimeoutSeconds", 1, 99999999)
	s.timeoutPath, _ = f.referencePath("TimeoutSecondsPath", false)
	for _, name := range []string{"HeartbeatSeconds", "HeartbeatSecondsPath", "Credentials"} {
		if f.has(name) {
			c.refuse(f.at+"/"+name, "the field "+name)
		}
	}
	at := f.at + "/Resource"
	s.task.Resource = f.text("Resource")
	parts := strings.Split(s.task.Resource, ":")
	if len(parts) < 6 || parts[0] != "arn" || parts[1] == "" {
		c.problem(at, "Value is not a valid resource ARN")
		return
	}
	switch service := parts[2]; {
	case service == "lambda" && len(parts) >= 7 && parts[5] == "function":
	case service == "states" && parts[5] == "activity":
		if c.options.Express {
			c.problem(at, "Express state machine does not support Activity ARN")
			return
		}
		c.refuse(at, "activities")
		return
	case service == "states" && parts[3] == "" && parts[4] == "" && len(parts) >= 7:
		s.task.Service, s.task.Action = parts[5], strings.Join(parts[6:], ":")
	default:
		c.problem(at, "Value is not a valid resource ARN")
		return
	}
	for _, pattern := range []string{".waitForTaskToken", ".sync"} {
		if !strings.Contains(s.task.Action, pattern) {
			continue
		}
		if c.options.Express {
			space := ""
			if pattern == ".waitForTaskToken" {
				space = " " // as AWS says it
			}
			c.problem(at, "Express state machine does not support '%s' service integration%s", pattern, space)
			return
		}
		c.refuse(at, "the service integration pattern "+pattern)
		return
	}
	if c.options.Task == nil {
		return
	}
	var names []string
	if s.parameters != nil {
		for _, m := range s.parameters.object {
			names = append(names, m.name)
		}
	}
	err := c.options.Task(s.task, names)
	var unsupported *Unsupported
	switch {
	case errors.As(err, &unsupported):
		c.refuse(at, unsupported.What)
	case err != nil:
		c.problem(f.at+"/Parameters", "%s", err)
	}
}

func (c *checker) wait(f *fields, s *state) {
	f.only(true, "Seconds", "SecondsPath", "Timestamp", "TimestampPath")
	s.seconds = f.integer("Seconds", 0, 99999999)
	s.secondsPath, _ = f.referencePath("SecondsPath", false)
	s.timestampPath, _ = f.referencePath("TimestampPath", false)
	if f.has("Timestamp") {
		var ok bool
		if s.timestamp, ok = parseTimestamp(f.text("Timestamp")); !ok {
			c.problem(f.at+"/Timestamp", "String does not match RFC3339 timestamp")
		}
	}
}

// parseTimestamp reads RFC 3339 with an upper-case T and Z, as the language
// demands.
func parseTimestamp(text string) (time.Time, bool) {
	if strings.ContainsAny(text, "tz, ") {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	return t, err == nil
}

func (c *checker) fail(f *fields, s *state) {
	f.only(false, "Error", "ErrorPath")
	f.only(false, "Cause", "CausePath")
	s.err, s.cause = f.text("Error"), f.text("Cause")
	dynamic := func(name string) (*Path, *intrinsic) {
		if !f.has(name) {
			return nil, nil
		}
		p, call, err := parseDynamic(f.text(name))
		if err != nil {
			c.problem(f.at+"/"+name, "The value for the field '%s' must be a valid JSONPath or a valid intrinsic function call", name)
		}
		return p, call
	}
	s.errPath, s.errCall = dynamic("ErrorPath")
	s.causePath, s.causeCall = dynamic("CausePath")
}

func (c *checker) parallel(f *fields, s *state) {
	branches, ok := f.list("Branches")
	if !f.has("Branches") {
		c.problem(f.at, "These fields are required: [Branches]")
	}
	if ok && len(branches) == 0 {
		c.problem(f.at+"/Branches", "Branches must not be empty")
	}
	for i, b := range branches {
		at := fmt.Sprintf("%s/Branches[%d]", f.at, i)
		o, ok := b.(*Object)
		if !ok {
			c.problem(at, "Expected value of type Object")
			continue
		}
		s.branches = append(s.branches, c.program(c.fields(o, at, "StartAt", "States", "Comment", "QueryLanguage")))
	}
}

func (c *checker) mapState(f *fields, s *state) {
	for _, name := range []string{
		"ItemReader", "ItemBatcher", "ResultWriter", "ToleratedFailureCount", "ToleratedFailureCountPath",
		"ToleratedFailurePercentage", "ToleratedFailurePercentagePath", "Label",
	} {
		if f.has(name) {
			c.refuse(f.at+"/"+name, "the field "+name+" of a distributed Map")
		}
	}
	f.only(false, "Parameters", "ItemSelector")
	f.only(false, "MaxConcurrency", "MaxConcurrencyPath")
	f.only(true, "ItemProcessor", "Iterator")
	s.itemsPath, _ = f.path("ItemsPath", false)
	if s.itemSelector = f.template("ItemSelector"); s.itemSelector == nil {
		s.itemSelector = f.template("Parameters")
	}
	s.concurrency = f.integer("MaxConcurrency", 0, 1000000)
	s.concurrencyPath, _ = f.path("MaxConcurrencyPath", false)
	for _, name := range []string{"ItemProcessor", "Iterator"} {
		o, ok := f.object(name)
		if !ok {
			continue
		}
		at := f.at + "/" + name
		p := c.fields(o, at, "StartAt", "States", "Comment", "ProcessorConfig", "QueryLanguage")
		if config, ok := p.object("ProcessorConfig"); ok {
			q := c.fields(config, at+"/ProcessorConfig", "Mode", "ExecutionType")
			switch mode := q.text("Mode"); mode {
			case "", "INLINE":
			case "DISTRIBUTED":
				c.refuse(at+"/ProcessorConfig/Mode", "a distributed Map")
			default:
				c.problem(at+"/ProcessorConfig/Mode", "Value is not one of [INLINE, DISTRIBUTED]")
			}
		}
		s.processor = c.program(p)
	}
}

func (c *checker) errorNames(f *fields, list string, i, n int) []string {
	names, ok := f.list("ErrorEquals")
	if !ok || len(names) == 0 {
		c.problem(f.at, "ErrorEquals must be a non-empty array of strings")
		return nil
	}
	var out []string
	for _, v := range names {
		text, ok := v.(string)
		if !ok {
			c.problem(f.at+"/ErrorEquals", "Expected value of type String")
		}
		out = append(out, text)
	}
	if slices.Contains(out, AllFailures) && (len(out) > 1 || i < n-1) {
		c.problem(f.at+"/ErrorEquals", "States.ALL must appear alone and in the last %s", list)
	}
	return out
}

func (c *checker) retries(f *fields, s *state) {
	list, _ := f.list("Retry")
	for i, v := range list {
		at := fmt.Sprintf("%s/Retry[%d]", f.at, i)
		o, ok := v.(*Object)
		if !ok {
			c.problem(at, "Expected value of type Object")
			continue
		}
		r := c.fields(o, at, "ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy", "Comment")
		out := retrier{errors: c.errorNames(r, "Retrier", i, len(list)), interval: 1, attempts: 3, backoff: 2}
		if r.has("IntervalSeconds") {
			out.interval = r.integer("IntervalSeconds", 0, 99999999)
		}
		if r.has("MaxAttempts") {
			out.attempts = r.integer("MaxAttempts", 0, 99999999)
		}
		if v, ok := o.Get("BackoffRate"); ok {
			rate := rat(v)
			if rate == nil {
				c.problem(at+"/BackoffRate", "Expected value of type Number")
			} else if out.backoff, _ = rate.Float64(); out.backoff < 1 {
				c.problem(at+"/BackoffRate", "BackoffRate must be greater than or equal to 1.0")
			}
		}
		if out.maxDelay = r.integer("MaxDelaySeconds", 1, 31622400); out.maxDelay > 0 && out.maxDelay <= out.interval {
			c.problem(at+"/MaxDelaySeconds", "MaxDelaySeconds must be greater than IntervalSeconds")
		}
		switch strategy := r.text("JitterStrategy"); strategy {
		case "", "NONE":
		case "FULL":
			out.jitter = true
		default:
			c.problem(at+"/JitterStrategy", "Value is not one of [FULL, NONE]")
		}
		s.retry = append(s.retry, out)
	}
}

func (c *checker) catches(f *fields, s *state) {
	list, _ := f.list("Catch")
	for i, v := range list {
		at := fmt.Sprintf("%s/Catch[%d]", f.at, i)
		o, ok := v.(*Object)
		if !ok {
			c.problem(at, "Expected value of type Object")
			continue
		}
		k := c.fields(o, at, "ErrorEquals", "Next", "ResultPath", "Comment", "Assign")
		if k.has("Assign") {
			c.refuse(at+"/Assign", "variables (Assign)")
		}
		out := catcher{errors: c.errorNames(k, "Catcher", i, len(list)), next: k.text("Next")}
		if out.next == "" {
			c.problem(at, "These fields are required: [Next]")
		}
		out.resultPath, out.noResult = k.referencePath("ResultPath", true)
		s.catch = append(s.catch, out)
	}
}
