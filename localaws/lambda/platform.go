package lambda

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// What Lambda itself writes into a function's log, as text or as JSON events,
// which the system log level filters.
// https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html

// runtimeVersion names the managed part of the environment in AWS's form.
func runtimeVersion(runtime types.Runtime) string {
	return strings.Replace(string(runtime), "provided.", "provided:", 1) + ".v1"
}

// platformEvent is a JSON event of the platform.
type platformEvent struct {
	Time   string `json:"time"`
	Type   string `json:"type"`
	Record any    `json:"record"`
}

// platform writes an event unless the system log level is above its own.
func (l *logStream) platform(level types.SystemLogLevel, kind string, record any) {
	if levelOf(string(level)) < levelOf(string(l.logging.SystemLogLevel)) {
		return
	}
	doc, err := json.Marshal(platformEvent{l.now(), "platform." + kind, record})
	if err != nil {
		doc = []byte(err.Error()) // no record holds what JSON cannot say
	}
	l.add(string(doc))
}

func (l *logStream) now() string { return l.service.env.Clock.Now().Format("2006-01-02T15:04:05.000Z") }

func (l *logStream) json() bool { return l.logging.LogFormat == types.LogFormatJson }

func (l *logStream) initStart() {
	runtime := runtimeVersion(l.runtime)
	arn := l.service.runtimeVersionARN()
	if !l.json() {
		l.add("INIT_START Runtime Version: " + runtime + "\tRuntime Version ARN: " + arn + "\n")
		return
	}
	l.platform(types.SystemLogLevelInfo, "initStart", struct {
		InitializationType string `json:"initializationType"`
		Phase              string `json:"phase"`
		RuntimeVersion     string `json:"runtimeVersion"`
		RuntimeVersionArn  string `json:"runtimeVersionArn"`
		FunctionName       string `json:"functionName"`
		FunctionArn        string `json:"functionArn"`
		FunctionVersion    string `json:"functionVersion"`
		InstanceMaxMemory  int64  `json:"instanceMaxMemory"`
	}{"on-demand", "init", runtime, arn, l.name, l.arn, latest, int64(l.memory) << 20})
}

// initReport is written when an initialization failed.
func (l *logStream) initReport(in initialized, phase string) {
	status := "error"
	if in.failure.Timeout {
		status = "timeout"
	}
	if !l.json() {
		line := fmt.Sprintf("INIT_REPORT Init Duration: %.2f ms\tPhase: %s\tStatus: %s", ms(in.duration), phase, status)
		if !in.failure.Timeout {
			line += "\tError Type: " + in.failure.Type
		}
		l.add(line + "\n")
		return
	}
	l.platform(types.SystemLogLevelWarn, "initReport", struct {
		InitializationType string `json:"initializationType"`
		Phase              string `json:"phase"`
		Status             string `json:"status"`
		ErrorType          string `json:"errorType,omitempty"`
		Metrics            any    `json:"metrics"`
	}{"on-demand", phase, status, errorType(in.failure.Timeout, in.failure.Type), struct {
		DurationMs float64 `json:"durationMs"`
	}{round3(ms(in.duration))}})
}

func (l *logStream) start(requestID string) {
	if !l.json() {
		l.add("START RequestId: " + requestID + " Version: " + latest + "\n")
		return
	}
	l.platform(types.SystemLogLevelInfo, "start", struct {
		RequestID   string `json:"requestId"`
		FunctionArn string `json:"functionArn"`
		Version     string `json:"version"`
	}{requestID, l.arn, latest})
}

// report is what is known of a finished invocation.
type report struct {
	requestID string
	duration  time.Duration
	init      time.Duration // 0 when the environment was warm
	memory    int64         // most resident memory in bytes
	status    string        // "success", "error", "timeout"
	errorType string        // of a process that failed
	message   string        // of a process that failed, in Lambda's words
}

// billed is the billed duration in milliseconds. The initialization is billed
// since August 2025.
func (r report) billed() int64 {
	return int64(math.Ceil(ms(r.duration) + ms(r.init)))
}

func (r report) memoryMB() int64 { return (r.memory + 1<<20 - 1) >> 20 }

func (l *logStream) finish(r report) {
	if !l.json() {
		l.finishText(r)
		return
	}
	level := types.SystemLogLevelDebug
	if r.errorType != "" {
		level = types.SystemLogLevelWarn
	}
	failure := errorType(r.status == "timeout", r.errorType)
	type metrics struct {
		DurationMs       float64  `json:"durationMs"`
		BilledDurationMs int64    `json:"billedDurationMs,omitempty"`
		MemorySizeMB     int32    `json:"memorySizeMB,omitempty"`
		MaxMemoryUsedMB  int64    `json:"maxMemoryUsedMB,omitempty"`
		InitDurationMs   *float64 `json:"initDurationMs,omitempty"`
	}
	type record struct {
		RequestID string  `json:"requestId"`
		Metrics   metrics `json:"metrics"`
		Status    string  `json:"status"`
		ErrorType string  `json:"errorType,omitempty"`
	}
	l.platform(level, "runtimeDone", record{r.requestID, metrics{DurationMs: round3(ms(r.duration))}, r.status, failure})
	m := metrics{round3(ms(r.duration)), r.billed(), l.memory, r.memoryMB(), nil}
	if r.init > 0 {
		m.InitDurationMs = new(round3(ms(r.init)))
	}
	if level == types.SystemLogLevelDebug {
		level = types.SystemLogLevelInfo
	}
	l.platform(level, "report", record{r.requestID, m, r.status, failure})
}

func (l *logStream) finishText(r report) {
	switch {
	case r.status == "timeout":
		l.add(l.now() + " " + r.requestID + " " + r.message + "\n\n")
	case r.errorType != "":
		l.add("RequestId: " + r.requestID + " Error: " + r.message + "\n")
		l.add(r.errorType + "\n")
	}
	l.add("END RequestId: " + r.requestID + "\n")
	line := fmt.Sprintf("REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %d ms\tMemory Size: %d MB\tMax Memory Used: %d MB\t",
		r.requestID, ms(r.duration), r.billed(), l.memory, r.memoryMB())
	if r.init > 0 {
		line += fmt.Sprintf("Init Duration: %.2f ms\t", ms(r.init))
	}
	switch {
	case r.status == "timeout":
		line += "Status: timeout"
	case r.errorType != "":
		line += "Status: error\tError Type: " + r.errorType
	}
	l.add(line + "\n")
}

// errorType leaves out what a status of "timeout" already says.
func errorType(timeout bool, name string) string {
	if timeout {
		return ""
	}
	return name
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func round3(f float64) float64 { return math.Round(f*1000) / 1000 }
