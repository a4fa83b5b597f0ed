package cost

import "math"

// Crossing is a volume at which two ways cost the same.
type Crossing struct {
	GBPerDay float64 `json:"gbPerDay"`
	// CheaperAbove says whether crawlerless is the cheaper one above it.
	CheaperAbove bool `json:"cheaperAbove"`
}

// Comparison says where crawlerless is cheaper than another way.
type Comparison struct {
	Way string `json:"way"`
	// CheaperAtLeast says whether crawlerless is the cheaper one at the least
	// volume that was looked at; each crossing turns that round.
	CheaperAtLeast bool       `json:"cheaperAtLeast"`
	Crossings      []Crossing `json:"crossings"`
}

// The volumes between which break-even is looked for, in GB a day, and how many
// steps a decade has.
const (
	LeastVolume    = 0.001
	MostVolume     = 10_000
	stepsPerDecade = 40
)

// Volumes are n volumes a decade from LeastVolume to MostVolume, evenly apart on
// a logarithmic scale.
func Volumes(n int) []float64 {
	var volumes []float64
	decades := int(math.Round(math.Log10(MostVolume / LeastVolume)))
	for i := range decades*n + 1 {
		volumes = append(volumes, LeastVolume*math.Pow(10, float64(i)/float64(n)))
	}
	return volumes
}

// BreakEven compares the scenario with another way over all volumes. What both
// share cancels out; the volume of a crossing is exact to a tenth of a per cent.
func BreakEven(s Scenario, other Way, prices PriceList) (Comparison, error) {
	// saving is what crawlerless saves against the other at a volume.
	saving := func(volume float64) (float64, error) {
		s := s
		s.GBPerDay = volume
		ours, err := Estimate(s, prices)
		if err != nil {
			return 0, err
		}
		theirs, err := other.Bill(s, prices)
		return theirs.Stack() - ours.Stack(), err
	}
	comparison := Comparison{Way: other.Name, Crossings: []Crossing{}}
	var before, previous float64
	for i, volume := range Volumes(stepsPerDecade) {
		now, err := saving(volume)
		if err != nil {
			return Comparison{}, err
		}
		if i == 0 {
			comparison.CheaperAtLeast = now > 0
		} else if (previous > 0) != (now > 0) {
			low, high := before, volume
			for high/low > 1.001 {
				middle := math.Sqrt(low * high)
				value, err := saving(middle)
				if err != nil {
					return Comparison{}, err
				}
				if (value > 0) == (previous > 0) {
					low = middle
				} else {
					high = middle
				}
			}
			comparison.Crossings = append(comparison.Crossings, Crossing{GBPerDay: high, CheaperAbove: now > 0})
		}
		before, previous = volume, now
	}
	return comparison, nil
}

// FilesAMinute is how many objects a minute make a workflow with this price for
// each object as dear as a crawler that runs every hour at its minimum.
func FilesAMinute(usdAnObject float64, prices PriceList) (float64, error) {
	dpu, err := prices.Get("glue.dpu")
	if err != nil {
		return 0, err
	}
	aRun := dpu.USD * crawlDPU * crawlLeastSeconds / 3600
	return aRun / usdAnObject / 60, nil
}

// PerObject is what the catalog part of the bill grows by with each object of a
// full buffer: event, execution and extract function, but no update, since the
// catalog knows the partition already.
func PerObject(s Scenario, prices PriceList) (float64, error) {
	// Two volumes that both fill buffers, one object of each source apart.
	perDay := ceilDiv(secondsADay, s.BufferSeconds) + 24
	at := func(n int64) (float64, error) {
		s := s
		s.GBPerDay = float64(n*s.BufferMiB*s.Sources) / 1024
		bill, err := Estimate(s, prices)
		return bill.Of(Catalog), err
	}
	fewer, err := at(perDay)
	if err != nil {
		return 0, err
	}
	more, err := at(perDay + 1)
	if err != nil {
		return 0, err
	}
	return (more - fewer) / (float64(s.Sources) * DaysPerMonth), nil
}
