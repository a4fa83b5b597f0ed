// Package report writes what a run of the end-to-end tests came to: as JUnit
// XML for CI, as JSON for programs, and as one self-contained HTML page.
package report

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Report is one run.
type Report struct {
	Stack     string            `json:"stack"`
	Target    string            `json:"target"`
	Stage     string            `json:"stage"` // whose configuration
	Tags      map[string]string `json:"tags"`
	Started   time.Time         `json:"started"`
	Seconds   float64           `json:"seconds"`
	Pulumi    float64           `json:"pulumiSeconds"` // in commands of the CLI, all together
	Passed    bool              `json:"passed"`
	Error     string            `json:"error,omitempty"` // what ended the run before its tests
	Steps     []Step            `json:"steps"`
	Tests     []Test            `json:"tests"`
	Funnel    []Count           `json:"funnel"` // the way of the events
	Queries   []Query           `json:"queries"`
	Resources map[string]int    `json:"resources"` // by type
	Faults    map[string]int    `json:"faults,omitempty"`
	Cost      Cost              `json:"cost"`
	Left      []string          `json:"left"` // what remains after destroy
	Kept      bool              `json:"kept"` // the stack was kept, as --keep-on-failure says
}

// Step is a stage of the run: preview, up, feed, tests, destroy.
type Step struct {
	Name    string  `json:"name"`
	Begin   float64 `json:"begin"` // seconds after the start of the run
	Seconds float64 `json:"seconds"`
	Result  string  `json:"result"`
	Failed  bool    `json:"failed"`
}

// Test is one promise of the product, held to.
type Test struct {
	Name     string  `json:"name"`
	Promise  string  `json:"promise"`
	Begin    float64 `json:"begin"`
	Seconds  float64 `json:"seconds"`
	Passed   bool    `json:"passed"`
	Detail   string  `json:"detail"`             // what was seen
	Error    string  `json:"error,omitempty"`    // why it failed
	Evidence string  `json:"evidence,omitempty"` // executions, log lines, object keys
}

// Count is how many passed one stage of the way.
type Count struct {
	Stage string `json:"stage"`
	Count int64  `json:"count"`
	Unit  string `json:"unit"`
}

// Query is a question that was asked, with its rows.
type Query struct {
	Title        string      `json:"title"`
	SQL          string      `json:"sql"`
	Columns      []string    `json:"columns"`
	Rows         [][]*string `json:"rows"`
	ScannedBytes int64       `json:"scannedBytes"`
}

// Cost is what the run would have cost on AWS, item by item.
type Cost struct {
	USD   float64    `json:"usd"`
	Items []CostItem `json:"items"`
}

// CostItem is one line of the bill.
type CostItem struct {
	What     string  `json:"what"`
	Quantity float64 `json:"quantity"`
	Unit     string  `json:"unit"`
	USD      float64 `json:"usd"`
}

// Failed counts the tests that failed.
func (r *Report) Failed() int {
	n := 0
	for _, t := range r.Tests {
		if !t.Passed {
			n++
		}
	}
	return n
}

// Write writes junit.xml, report.json and report.html into dir, which it makes.
func (r *Report) Write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("folder for the report: %w", err)
	}
	document, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	junit, err := r.junit()
	if err != nil {
		return err
	}
	page, err := r.html()
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "report.json"), append(document, '\n'), 0o644),
		os.WriteFile(filepath.Join(dir, "junit.xml"), junit, 0o644),
		os.WriteFile(filepath.Join(dir, "report.html"), page, 0o644),
	)
}

// The parts of JUnit's XML that CI systems read.
type (
	junitSuites struct {
		XMLName xml.Name   `xml:"testsuites"`
		Suite   junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name      string      `xml:"name,attr"`
		Tests     int         `xml:"tests,attr"`
		Failures  int         `xml:"failures,attr"`
		Errors    int         `xml:"errors,attr"`
		Time      string      `xml:"time,attr"`
		Timestamp string      `xml:"timestamp,attr"`
		Cases     []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitFailure `xml:"failure,omitempty"`
		Error   *junitFailure `xml:"error,omitempty"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// junit is the report as JUnit XML. A run that ended before its tests has one
// case that says so, and so has one that left something behind.
func (r *Report) junit() ([]byte, error) {
	s := junitSuite{Name: "crawlerless " + r.Target + " " + r.Stack, Time: seconds(r.Seconds), Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05")}
	for _, t := range r.Tests {
		c := junitCase{Class: "crawlerless.e2e." + r.Target, Name: t.Name, Time: seconds(t.Seconds), Out: t.Detail}
		if !t.Passed {
			s.Failures++
			c.Failure = &junitFailure{Message: t.Error, Text: t.Evidence}
		}
		s.Cases = append(s.Cases, c)
	}
	for _, step := range r.Steps {
		if step.Failed {
			s.Errors++
			s.Cases = append(s.Cases, junitCase{
				Class: "crawlerless.e2e." + r.Target, Name: step.Name, Time: seconds(step.Seconds), Error: &junitFailure{Message: step.Result, Text: r.Error},
			})
		}
	}
	s.Tests = len(s.Cases)
	b, err := xml.MarshalIndent(junitSuites{Suite: s}, "", "  ")
	if err != nil {
		return nil, err
	}
	return append([]byte(xml.Header), append(b, '\n')...), nil
}

func seconds(s float64) string { return fmt.Sprintf("%.3f", s) }
