package asl

import "time"

// Machine is a parsed definition.
type Machine struct {
	program
	Comment string
	Timeout time.Duration // 0: none
}

// program is a set of states with a start: the machine itself, a branch, or the
// processor of a Map.
type program struct {
	startAt string
	states  map[string]*state
	order   []string
}

// state is one state of any type; each uses the fields that its type has.
type state struct {
	name string
	kind string // "Task", "Pass", …
	next string // empty: End

	inputPath  *Path // nil: null
	outputPath *Path
	noInput    bool // InputPath is null
	noOutput   bool
	parameters *template
	selector   *template // ResultSelector
	resultPath *Path
	noResult   bool // ResultPath is null

	retry []retrier
	catch []catcher

	// Task
	task        Task
	timeout     int64 // seconds
	timeoutPath *Path

	// Pass
	result    any
	hasResult bool

	// Wait
	seconds       int64
	secondsPath   *Path
	timestamp     time.Time
	timestampPath *Path

	// Fail
	err, cause         string
	errPath, causePath *Path
	errCall, causeCall *intrinsic

	// Choice
	rules     []rule
	byDefault string

	// Parallel
	branches []program

	// Map
	processor       program
	itemsPath       *Path
	itemSelector    *template
	concurrency     int64
	concurrencyPath *Path
}

// Task is the resource that a Task state calls.
type Task struct {
	Resource string
	// Service and Action are those of "arn:aws:states:::sqs:sendMessage"; both
	// are empty for the ARN of a Lambda function.
	Service, Action string
}

type retrier struct {
	errors   []string
	interval int64 // seconds
	attempts int64
	backoff  float64
	maxDelay int64 // seconds; 0: none
	jitter   bool
}

type catcher struct {
	errors     []string
	next       string
	resultPath *Path
	noResult   bool
}
