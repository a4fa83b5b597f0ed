// Package cost says what a stage of crawlerless costs a month, and what the
// alternatives would cost with the same volume.
//
// A [Scenario] is a stage's configuration with the volume that it expects; a
// [PriceList] is dated data with a source for each figure; [Estimate] follows
// the volume through the services, rounds as AWS does, and returns a [Bill]
// whose every line is a quantity times a price. docs/cost.md derives each by
// hand.
//
// Guarantees: nothing falls when the volume rises; the same input gives the same
// bill; a price that is not verified is marked on every line that uses it.
//
// What it leaves out: data transfer (there is none within a region), requests to
// KMS (the stack uses keys that S3 and SQS own), dead letters and retries (a
// healthy stage has none), query results, tax, and discounts.
package cost

// What a query costs beside its bytes.
const requestsAQuery = 2 // GetTable and GetPartitions

// How often the functions call the Data Catalog.
const (
	requestsAnObject  = 2 // GetTable and GetPartition, to see whether it is known
	requestsAnUpdate  = 3 // GetTable, BatchCreatePartition, UpdateTable
	transitionsKnown  = 4 // start, ExtractMetadata, KnownToCatalog, Catalogued
	transitionsUpdate = 1 // more, for UpdateCatalog
)

// metricsOfAnEvolution are the custom metrics that the catalog function sends for
// a table when its columns change. A custom metric is billed for the hours in
// which it is sent.
const metricsOfAnEvolution = 3

// Express is billed in steps of 100 ms and 64 MB.
// https://aws.amazon.com/step-functions/pricing/
const (
	expressStepMs = 100
	expressMB     = 64
)

// Estimate returns the monthly bill of the stage.
func Estimate(s Scenario, prices PriceList) (Bill, error) {
	b, u, err := common(s, prices, "crawlerless")
	if err != nil {
		return Bill{}, err
	}
	workflow(b, s, u)
	return b.bill, b.err
}

// common writes what every way of keeping the catalog shares.
func common(s Scenario, prices PriceList, name string) (*biller, usage, error) {
	if err := s.Check(); err != nil {
		return nil, usage{}, err
	}
	round, err := prices.Get("firehose.round5kb")
	if err != nil {
		return nil, usage{}, err
	}
	u := usageOf(s, round.USD != 0)
	b := &biller{prices: prices, free: s.FreeTiers, bill: Bill{Name: name}}
	month := func(aDay float64) float64 { return aDay * DaysPerMonth }

	b.add(Sources, "logs.ingest.standard", "source log groups, ingest", month(u.raw())/gb)
	b.add(Sources, "logs.storage", "source log groups, storage", u.compressed()/gb*float64(s.LogRetentionDays))

	b.add(Ingest, "firehose.ingest", "records, each rounded up to 5 KB", month(u.firehose())/gb)
	b.add(Ingest, "firehose.decompression", "decompression", month(u.raw())/gb)
	b.add(Ingest, "s3.put", "objects written", month(u.objects())/1000)

	lake(b, s, u)
	query(b, s, u)
	return b, u, b.err
}

// lake writes what the data cost for as long as it is kept, once the first of it
// has expired: the bill of every month from then on.
func lake(b *biller, s Scenario, u usage) {
	kept := s.LakeExpiryDays
	if kept == 0 {
		kept = neverDays
	}
	standard, infrequent, moved := float64(kept)*u.stored(), 0.0, 0.0
	if s.LakeTransitionDays > 0 && s.LakeTransitionDays < kept {
		after := float64(kept - s.LakeTransitionDays)
		least := s.infrequentLeast(b)
		standard -= after * u.each(func(raw int64) float64 { return s.ifLarge(raw, float64(raw)/s.storedRatio()) })
		infrequent = after * u.each(func(raw int64) float64 { return s.ifLarge(raw, max(float64(raw)/s.storedRatio(), least)) })
		moved = u.each(func(raw int64) float64 { return s.ifLarge(raw, 1) })
	}
	b.add(Lake, "s3.storage.standard", "logs in Standard", max(standard, 0)/gb)
	if infrequent > 0 {
		b.add(Lake, "s3.storage.infrequent", "logs in Standard-IA", infrequent/gb)
		b.add(Lake, "s3.transition.infrequent", "objects moved to Standard-IA", moved*DaysPerMonth/1000)
	}
}

// ifLarge is v for an object that S3 moves to Standard-IA, and 0 for one that is
// so small that it stays.
func (s Scenario) ifLarge(raw int64, v float64) float64 {
	if float64(raw)/s.storedRatio() < smallestInfrequent {
		return 0
	}
	return v
}

// infrequentLeast is the least size that is counted for an object in Standard-IA,
// in bytes. An object that grows beyond 128 KB gets cheaper; so that the estimate
// never falls when the volume rises, one that has just been moved is counted with
// what the largest that stays costs.
func (s Scenario) infrequentLeast(b *biller) float64 {
	standard, infrequent := b.price("s3.storage.standard"), b.price("s3.storage.infrequent")
	if infrequent == 0 {
		return 0
	}
	return smallestInfrequent * max(standard/infrequent, 1)
}

// query writes what Athena reads: a window of one source for each query.
func query(b *biller, s Scenario, u usage) {
	one := u.largest()
	queries := float64(s.QueriesPerDay) * DaysPerMonth
	window := min(s.QueryHours, 24*max(s.LakeExpiryDays, boolToInt(s.LakeExpiryDays == 0)*neverDays))
	bytes := max(roundUp(ceilDiv(one.stored*window, 24), mb), athenaLeast)
	var perDay int64
	for _, o := range one.written {
		perDay += o.n
	}
	b.add(Query, "athena.scan", "bytes scanned", queries*float64(bytes)/(kb*gb))
	b.add(Query, "s3.get", "objects read by queries", queries*float64(ceilDiv(perDay*window, 24))/1000)
	b.add(Query, "s3.put", "partitions listed by queries", queries*float64(window)/1000)
	b.add(Query, "glue.requests", "catalog requests of queries", queries*requestsAQuery/1e6)
}

// workflow writes what the state machine and its functions cost.
func workflow(b *biller, s Scenario, u usage) {
	updates := 0.0
	if !s.Projected {
		updates = u.newPartitions()
	}
	objects := u.objects()
	month := func(aDay float64) float64 { return aDay * DaysPerMonth }

	b.add(Catalog, "events.s3", "Object Created events", month(objects)/1e6)
	if s.Standard {
		b.add(Catalog, "states.standard", "transitions", month(objects*transitionsKnown+updates*transitionsUpdate)/1e6)
	} else {
		b.add(Catalog, "states.express.requests", "executions", month(objects)/1e6)
		// An execution is rounded up once, with or without the update.
		updating := 0.0 // of the objects
		if objects > 0 {
			updating = updates / objects
		}
		ms := u.each(func(raw int64) float64 {
			known := s.WorkflowMs + s.extractMs(raw)
			return (1-updating)*float64(roundUp(known, expressStepMs)) + updating*float64(roundUp(known+s.CatalogMs, expressStepMs))
		})
		b.add(Catalog, "states.express.duration", "duration, in steps of 100 ms and 64 MB", month(ms)/1000/3600*expressMB/kb)
	}
	duration := "lambda.duration.arm64"
	if s.X86 {
		duration = "lambda.duration.x86_64"
	}
	b.add(Catalog, "lambda.requests", "invocations", month(objects+updates)/1e6)
	extract := u.each(func(raw int64) float64 { return float64(s.extractMs(raw)) })
	b.add(Catalog, duration, "extract function", month(extract)/1000*float64(s.ExtractMemoryMiB)/kb)
	b.add(Catalog, duration, "catalog function", month(updates*float64(s.CatalogMs))/1000*float64(s.CatalogMemoryMiB)/kb)
	logBytes := (objects + updates) * float64(s.FunctionLogBytes)
	b.add(Catalog, "logs.ingest.vended", "the functions' own logs, ingest", month(logBytes)/gb)
	b.add(Catalog, "logs.storage", "the functions' own logs, storage", logBytes/s.CompressionRatio/gb*float64(s.LogRetentionDays))
	b.add(Catalog, "s3.get", "objects read by the extract function", month(objects)/1000)
	catalogue(b, s, u, !s.Projected)
	b.add(Catalog, "glue.requests", "catalog requests of the functions", month(objects*requestsAnObject+updates*requestsAnUpdate)/1e6)
	b.add(Catalog, "cloudwatch.alarm", "alarms", float64(s.Alarms))
	if objects > 0 {
		b.add(Catalog, "cloudwatch.metric", "metrics of table evolutions, by the hour", float64(s.Sources*metricsOfAnEvolution*s.EvolutionsPerMonth)/hoursAMonth)
	}
}

// extractMs is how long the extract function takes for an object. Lambda bills
// by the millisecond.
func (s Scenario) extractMs(raw int64) int64 {
	return s.ExtractBaseMs + ceilDiv(raw*1000, s.ExtractMiBPerSecond*mb)
}

// catalogue writes what the Data Catalog stores.
func catalogue(b *biller, s Scenario, u usage, partitions bool) {
	stored := 1 + float64(s.Sources) // the database and its tables
	if partitions {
		kept := s.LakeExpiryDays
		if kept == 0 {
			kept = neverDays
		}
		stored += u.newPartitions() * float64(kept)
	}
	b.add(Catalog, "glue.objects", "objects in the Data Catalog", stored/1e5)
}
