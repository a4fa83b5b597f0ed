package cost

import (
	"fmt"
	"time"
)

// Way is one way of keeping the catalog up to date.
type Way struct {
	Name string
	// Gives says in a phrase what one gets, and what not.
	Gives string
	bill  func(Scenario, PriceList) (Bill, error)
}

// Bill is the monthly bill of the scenario kept in this way.
func (w Way) Bill(s Scenario, prices PriceList) (Bill, error) {
	bill, err := w.bill(s, prices)
	bill.Name = w.Name
	return bill, err
}

// Ways are crawlerless as the scenario configures it, and its alternatives.
func Ways() []Way {
	return []Way{
		{"crawlerless", "partitions and columns within a second of the object; every reader of the catalog", Estimate},
		{"with a Standard workflow", "the same, with a history of every execution", func(s Scenario, p PriceList) (Bill, error) {
			s.Standard = true
			return Estimate(s, p)
		}},
		{"with projected partitions", "columns still evolve; Athena only", func(s Scenario, p PriceList) (Bill, error) {
			s.Projected = true
			return Estimate(s, p)
		}},
		{"projection alone", "no workflow at all: columns are written by hand, nothing counts malformed lines; Athena only", projectionAlone},
		crawler("crawler every 15 minutes", "15 minutes", 15*time.Minute),
		crawler("crawler every hour", "an hour", time.Hour),
		crawler("crawler every 6 hours", "6 hours", 6*time.Hour),
		crawler("crawler every day", "a day", 24*time.Hour),
	}
}

// projectionAlone is a table whose properties compute its partitions, and
// nothing that looks at objects.
func projectionAlone(s Scenario, prices PriceList) (Bill, error) {
	b, u, err := common(s, prices, "")
	if err != nil {
		return Bill{}, err
	}
	catalogue(b, s, u, false)
	return b.bill, b.err
}

// A crawler run. One DPU and the minimum of ten minutes is the cheapest that a
// run can be; the speed is an assumption in the crawler's favour.
const (
	crawlLeastSeconds   = 600
	crawlStartSeconds   = 60
	crawlObjectsASecond = 100
	crawlDPU            = 1
)

// crawler is a Glue crawler on a schedule, which looks at new folders only.
func crawler(name, late string, every time.Duration) Way {
	gives := fmt.Sprintf("partitions and columns up to %s late", late)
	return Way{name, gives, func(s Scenario, prices PriceList) (Bill, error) {
		b, u, err := common(s, prices, name)
		if err != nil {
			return Bill{}, err
		}
		runs := int64(24 * time.Hour / every)
		objects := int64(u.objects())
		seconds := max(crawlStartSeconds+ceilDiv(ceilDiv(objects, runs), crawlObjectsASecond), crawlLeastSeconds)
		month := func(aDay float64) float64 { return aDay * DaysPerMonth }
		b.add(Catalog, "glue.dpu", "crawler runs of 10 minutes at least", month(float64(runs*seconds))/3600*crawlDPU)
		b.add(Catalog, "s3.get", "objects sampled by the crawler", month(float64(objects))/1000)
		b.add(Catalog, "s3.put", "folders listed by the crawler", month(u.newPartitions())/1000)
		catalogue(b, s, u, true)
		b.add(Catalog, "glue.requests", "catalog requests of the crawler", month(u.newPartitions()*requestsAnUpdate+float64(runs)*requestsAnObject)/1e6)
		return b.bill, b.err
	}}
}
