package e2e

import "context"

// promise is one thing that the product promises, with the test that holds it
// to it. The test answers what it saw.
type promise struct {
	name, text string
	test       func(context.Context, *env) (string, error)
}

// promises are all of them. They are independent of each other and run side by
// side; each has a source of its own where it counts rows.
func promises() []promise {
	return []promise{
		{"events-in-equal-rows-out", "Every event of the generator is exactly one row", testRows},
		{"partitions", "The catalog, the lake and Athena agree on the partitions", testPartitions},
		{"columns-and-types", "The catalog has exactly the generator's columns, with their types", testColumns},
		{"late-and-duplicate", "A late event is a row of its arrival's partition; a duplicate delivery changes nothing", testDuplicates},
		{"malformed-lines", "A malformed line is a row of NULLs, and is counted", testMalformed},
		{"schema-change-in-flight", "A field that changes its type, or is new, breaks no query", testEvolution},
		{"dead-letter-and-redrive", "An object that cannot be read ends in the dead-letter queue, and a redrive mends it", testRedrive},
		{"query-limit", "A query that reads too much is cancelled", testQueryLimit},
		{"least-privilege", "No role may do more than its part", testLeastPrivilege},
		{"nothing-public", "No bucket can be reached by strangers", testNothingPublic},
		{"crawler-refused", "The policy pack refuses a Glue crawler before anything is deployed", testCrawlerRefused},
	}
}

// The sources that the tests feed, beside the generator.
const (
	sourceApp       = "app"
	sourceMalformed = "malformed"
	sourceDrift     = "drift"
	sourceBulk      = "bulk"
	sourceLetters   = "letters"
)
