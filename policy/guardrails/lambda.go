package guardrails

import (
	"fmt"
	"slices"
	"strings"

	"crawlerless/cost"
)

const (
	function               = "aws:lambda/function:Function"
	provisionedConcurrency = "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig"
	scalingTarget          = "aws:appautoscaling/target:Target"
)

// freeTmpMiB of ephemeral storage every function has, at no cost.
const freeTmpMiB = 512

type ceilingSettings struct {
	MaxMiB     int `json:"maxMiB" doc:"most memory of a function, in MiB" min:"128" max:"10240"`
	MaxSeconds int `json:"maxSeconds" doc:"longest timeout of a function, in seconds" min:"1" max:"900"`
	MaxTmpMiB  int `json:"maxTmpMiB" doc:"largest ephemeral storage of a function, in MiB; 512 cost nothing" min:"512" max:"10240"`
}

type loggingSettings struct {
	Levels []string `json:"levels" doc:"log levels that are allowed, of the application and of the system" enum:"TRACE|DEBUG|INFO|WARN|ERROR|FATAL"`
}

type runtimeSettings struct {
	Runtimes []string `json:"runtimes" doc:"runtimes that are allowed"`
}

func lambdaRules() []Guardrail {
	functions := []string{function}
	return []Guardrail{
		onResource(Guardrail{
			Name: "lambda-arm64", Service: "Lambda", Level: Mandatory, Types: functions,
			Description: "Functions run on arm64.",
			Remedy:      "Set architectures to [\"arm64\"] (crawlerless:architecture) and compile for it.",
			Reason: "x86_64 costs a quarter more for each GB-second: $0.0000166667 instead of $0.0000133334. " +
				"Not judged on the local target, which runs the functions on this machine.",
		}, none{}, checkArchitecture),
		onResource(Guardrail{
			Name: "lambda-ceilings", Service: "Lambda", Level: Mandatory, Types: functions,
			Description: "Memory, timeout and ephemeral storage of a function stay below the stage's ceilings.",
			Remedy:      "Lower memorySize, timeout or ephemeralStorage.size; the functions of the pipeline read objects as streams, in constant memory, and write no files.",
			Reason: "A GB-second is paid for the memory asked for, used or not; the timeout is how long a function that hangs is paid for, at each of its retries; " +
				"and ephemeral storage above 512 MB is paid for by the GB-second ($0.0000000309) as well.",
		}, ceilingSettings{MaxMiB: 1024, MaxSeconds: 300, MaxTmpMiB: freeTmpMiB}, checkCeilings),
		onResource(Guardrail{
			Name: "lambda-no-provisioned-concurrency", Service: "Lambda", Level: Mandatory, Types: []string{provisionedConcurrency, scalingTarget},
			Description: "No provisioned concurrency.",
			Remedy:      "Remove it: nobody waits for these functions.",
			Reason:      "One environment of 512 MB that stands ready costs $4.38 a month, used or not, where the whole extract function costs cents.",
		}, none{}, checkProvisioned),
		onResource(Guardrail{
			Name: "lambda-json-logs", Service: "Lambda", Level: Mandatory, Types: functions,
			Description: "Functions log JSON, at a level that the stage allows.",
			Remedy:      "Set loggingConfig: logFormat JSON, applicationLogLevel INFO, systemLogLevel WARN.",
			Reason:      "In the format Text, START, END and REPORT are written for each invocation, whatever the level, at $0.50 for each GB; and they are no JSON, so a subscription brings malformed lines into the lake.",
		}, loggingSettings{Levels: []string{"INFO", "WARN", "ERROR", "FATAL"}}, checkLogging),
		onResource(Guardrail{
			Name: "lambda-runtime", Service: "Lambda", Level: Mandatory, Types: functions,
			Description: "Functions run on a current runtime.",
			Remedy:      "Use provided.al2023 for Go.",
			Reason:      "AWS stops patching, then stops updating, then stops creating functions on a runtime that is out of support; go1.x starts slower besides, and start-up is billed.",
		}, runtimeSettings{Runtimes: []string{"provided.al2023"}}, checkRuntime),
		onResource(Guardrail{
			Name: "lambda-tracing", Service: "Lambda", Level: Mandatory, Types: functions,
			Description: "Tracing of a function is a choice of the stage, not a default.",
			Remedy:      "Remove tracingConfig or set its mode to PassThrough, or allow it in this stage.",
			Reason:      "X-Ray asks $5 for a million traces, twenty-five times what a million invocations cost; of a function in mode Active it records the first of each second and one in twenty of the others.",
		}, tracingSettings{}, checkFunctionTracing),
		onStack(Guardrail{
			Name: "lambda-log-group", Service: "Lambda", Level: Mandatory, Types: functions,
			Description: "The log group of each function is a resource of the stack.",
			Remedy:      "Create the group before the function, with retention, and name it in loggingConfig.logGroup.",
			Reason:      "A group that Lambda makes by itself has no retention: it is kept, and billed, for ever, also after the stack is gone.",
		}, none{}, checkFunctionGroup),
	}
}

func checkArchitecture(r Resource, stage Stage, _ none) Findings {
	var f Findings
	if stage.Local {
		return f
	}
	node := r.At("architectures")
	if node.HasUnknown() {
		f.wait(r, node.Path)
		return f
	}
	if found, _ := architectureOf(r); found != "arm64" {
		f.violate(r, Violation{
			Path: node.Path, Found: found, Allowed: "arm64",
			ExtraUSD: stage.extra(func(s *cost.Scenario) { s.X86 = true }, func(s *cost.Scenario) { s.X86 = false }),
		})
	}
	return f
}

// architectureOf is what the function runs on; ok is false where that is not known.
func architectureOf(r Resource) (found string, ok bool) {
	node := r.At("architectures")
	if node.HasUnknown() {
		return "", false
	}
	found = "x86_64" // what Lambda takes where nothing is said
	for _, item := range node.Items() {
		found = strings.Trim(item.String(), `"`)
	}
	return found, true
}

func checkCeilings(r Resource, stage Stage, c ceilingSettings) Findings {
	var f Findings
	memory := r.At("memorySize")
	if mib, ok := f.number(r, memory, 128); ok && mib > float64(c.MaxMiB) {
		f.violate(r, Violation{
			Path: memory.Path, Found: fmt.Sprintf("%g MiB", mib), Allowed: fmt.Sprintf("at most %d MiB", c.MaxMiB), Setting: "maxMiB",
			ExtraUSD: stage.extra(
				func(s *cost.Scenario) { s.ExtractMemoryMiB = int64(mib) },
				func(s *cost.Scenario) { s.ExtractMemoryMiB = int64(c.MaxMiB) }),
		})
	}
	timeout := r.At("timeout")
	if seconds, ok := f.number(r, timeout, 3); ok && seconds > float64(c.MaxSeconds) {
		f.violate(r, Violation{Path: timeout.Path, Found: fmt.Sprintf("%g s", seconds), Allowed: fmt.Sprintf("at most %d s", c.MaxSeconds), Setting: "maxSeconds"})
	}
	tmp := r.At("ephemeralStorage.size")
	if mib, ok := f.number(r, tmp, freeTmpMiB); ok && mib > float64(c.MaxTmpMiB) {
		f.violate(r, Violation{Path: tmp.Path, Found: fmt.Sprintf("%g MiB", mib), Allowed: fmt.Sprintf("at most %d MiB", c.MaxTmpMiB), Setting: "maxTmpMiB"})
	}
	return f
}

// checkFunctionTracing lets PassThrough be: it samples nothing by itself, and
// follows what a caller has decided, whose own rule judges that.
func checkFunctionTracing(r Resource, _ Stage, c tracingSettings) Findings {
	var f Findings
	mode := r.At("tracingConfig.mode")
	if found, ok := f.text(r, mode, "PassThrough"); ok && found == "Active" && !c.Allowed {
		f.violate(r, Violation{Path: mode.Path, Found: found, Allowed: "PassThrough", Setting: "allowed"})
	}
	return f
}

func checkProvisioned(r Resource, stage Stage, _ none) Findings {
	var f Findings
	const secondsAMonth = 730 * 3600
	path := "provisionedConcurrentExecutions"
	if r.Type == scalingTarget {
		dimension, ok := f.text(r, r.At("scalableDimension"), "")
		if !ok || dimension != "lambda:function:ProvisionedConcurrency" {
			return f
		}
		path = "minCapacity"
	}
	n, ok := r.At(path).Number()
	found := "provisioned concurrency"
	if ok {
		found = fmt.Sprintf("%g", n)
	}
	f.violate(r, Violation{
		Path: path, Found: found, Allowed: "none",
		// Of functions with the memory of the extract function.
		ExtraUSD: n * float64(stage.Scenario.ExtractMemoryMiB) / 1024 * secondsAMonth * stage.price("lambda.provisioned.arm64"),
	})
	return f
}

func checkLogging(r Resource, _ Stage, c loggingSettings) Findings {
	var f Findings
	block := r.At("loggingConfig")
	if block.Unknown() {
		f.wait(r, block.Path)
		return f
	}
	format := block.At("logFormat")
	if found, ok := f.text(r, format, "Text"); ok && found != "JSON" {
		f.violate(r, Violation{Path: format.Path, Found: found, Allowed: "JSON"})
		return f // the levels are those of the format JSON
	}
	for _, name := range []string{"applicationLogLevel", "systemLogLevel"} {
		level := block.At(name)
		if found, ok := f.text(r, level, "INFO"); ok && !slices.Contains(c.Levels, found) {
			f.violate(r, Violation{Path: level.Path, Found: found, Allowed: strings.Join(c.Levels, ", "), Setting: "levels"})
		}
	}
	return f
}

func checkRuntime(r Resource, _ Stage, c runtimeSettings) Findings {
	var f Findings
	kind, ok := f.text(r, r.At("packageType"), "Zip")
	if !ok || kind == "Image" {
		return f // the image brings its own
	}
	node := r.At("runtime")
	if found, ok := f.text(r, node, ""); ok && !slices.Contains(c.Runtimes, found) {
		f.violate(r, Violation{Path: node.Path, Found: node.String(), Allowed: strings.Join(c.Runtimes, ", "), Setting: "runtimes"})
	}
	return f
}

func checkFunctionGroup(s Stack, _ Stage, _ none) Findings {
	var f Findings
	names, urns := map[string]bool{}, map[string]bool{}
	unnamed := false // a group whose name is not known yet may be anybody's
	for _, g := range s.OfType(logGroup) {
		urns[g.URN] = true
		if name, ok := g.At("name").Text(); ok {
			names[name] = true
		} else {
			unnamed = true
		}
		if name, ok := g.Out("name").Text(); ok {
			names[name] = true
		}
	}
	for _, r := range s.OfType(function) {
		node := r.At("loggingConfig.logGroup")
		want, ok := node.Text()
		if !ok && slices.ContainsFunc(r.Refers["loggingConfig"], func(urn string) bool { return urns[urn] }) {
			continue
		}
		if !ok && !node.Unknown() {
			name := r.At("name")
			if text, known := name.Text(); known {
				want, ok = "/aws/lambda/"+text, true
			} else if text, known := r.Out("name").Text(); known {
				want, ok = "/aws/lambda/"+text, true
			}
		}
		switch {
		case ok && names[want]:
		case !ok && (unnamed || node.Unknown()), ok && unnamed && !names[want] && len(urns) > len(names):
			f.wait(r, node.Path)
		default:
			found := "not a resource of the stack"
			if ok {
				found = fmt.Sprintf("%q, which is not a resource of the stack", want)
			}
			f.violate(r, Violation{Path: node.Path, Found: found, Allowed: "a log group of the stack"})
		}
	}
	return f
}
