package e2e

import (
	"context"
	"regexp"
	"slices"
)

// promise is one thing that the product promises, with the test that holds it
// to it. The test answers what it saw.
type promise struct {
	name, text string
	test       func(context.Context, *env) (string, error)
	// sources are the log groups that the test feeds, beside the generator's.
	sources []string
	// alone says that the test counts what the whole stack does, or changes it:
	// it runs after the others.
	alone bool
	// thorough says that the test takes long (minutes on AWS): it runs only
	// where that is asked for, or by its name.
	thorough bool
}

// promises are all of them. They are independent of each other and run side by
// side; each has a source of its own where it counts rows.
func promises() []promise {
	return []promise{
		{name: "events-in-equal-rows-out", text: "Every event of the generator is exactly one row", test: testRows},
		{name: "partitions", text: "The catalog, the lake and Athena agree on the partitions", test: testPartitions},
		{name: "columns-and-types", text: "The catalog has exactly the generator's columns, with their types", test: testColumns},
		{name: "late-and-duplicate", text: "A late event is a row of its arrival's partition; a duplicate delivery changes nothing", test: testDuplicates, sources: []string{sourceApp}},
		{name: "malformed-lines", text: "A malformed line is a row of NULLs, and is counted", test: testMalformed, sources: []string{sourceMalformed}},
		{name: "schema-change-in-flight", text: "A field that changes its type, or is new, breaks no query", test: testEvolution, sources: []string{sourceDrift}},
		{name: "dead-letter-and-redrive", text: "An object that cannot be read ends in the dead-letter queue, and a redrive mends it", test: testRedrive, sources: []string{sourceObjects}},
		{name: "query-limit", text: "A query that reads too much is cancelled", test: testQueryLimit, sources: []string{sourceObjects}},
		{name: "least-privilege", text: "No role may do more than its part", test: testLeastPrivilege, sources: []string{sourceApp}},
		{name: "nothing-public", text: "No bucket can be reached by strangers", test: testNothingPublic},
		{name: "crawler-refused", text: "The policy pack refuses a Glue crawler before anything is deployed", test: testCrawlerRefused},
		{name: "changes-of-a-log-format", text: "After each of the changes that real logs go through, every column of every partition is readable, old rows as well as new", test: testChanges, sources: []string{sourceHistory}, thorough: true},
		{name: "wide-schema", text: "A table of two thousand columns is catalogued, widened and read; its schema travels by a pointer that expires", test: testWide, sources: []string{sourceWide}, thorough: true},
		{name: "a-new-hour-is-cheap", text: "A burst of objects of a new hour is one partition and fewer than 20 calls to Glue; in a known hour fewer than one execution in a hundred needs UpdateCatalog", test: testSteady, sources: []string{sourceBurst}, alone: true, thorough: true},
		{name: "switching-partition-modes", text: "Switching between registered and projected partitions keeps all data queryable", test: testModes, sources: []string{sourceModes}, alone: true, thorough: true},
	}
}

// The sources that the tests feed, beside the generator.
const (
	sourceApp       = "app"
	sourceMalformed = "malformed"
	sourceDrift     = "drift"
	sourceObjects   = "objects" // written to the lake; each test has an hour of its own
	sourceHistory   = "history"
	sourceWide      = "wide"
	sourceBurst     = "burst"
	sourceModes     = "modes"
)

// promises are those that the run is about.
func (o Options) promises() []promise {
	if o.Storm != nil {
		return []promise{o.Storm.promise(o.Faults)}
	}
	return slices.DeleteFunc(promises(), func(p promise) bool {
		if o.Only != nil {
			return !o.Only.MatchString(p.name)
		}
		return p.thorough && !o.Thorough
	})
}

// sources are those that the run's promises feed, or one: a stage has one.
func (o Options) sources() []string {
	var names []string
	for _, p := range o.promises() {
		for _, s := range p.sources {
			if !slices.Contains(names, s) {
				names = append(names, s)
			}
		}
	}
	if len(names) == 0 {
		return []string{sourceApp}
	}
	return names
}

// Promises names the promises that a pattern matches, or all.
func Promises(pattern *regexp.Regexp) []string {
	var names []string
	for _, p := range (Options{Only: pattern, Thorough: true}).promises() {
		names = append(names, p.name)
	}
	return names
}
