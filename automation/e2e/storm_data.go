package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"crawlerless/lambdas/ndjson"
	"crawlerless/lambdas/objectkey"
	"crawlerless/lambdas/schema"
	"crawlerless/stack/pipeline"
)

// trouble is what befalls an object on its way.
type trouble string

const (
	weather     trouble = "weather"     // whatever the plan has for everybody
	throttled   trouble = "throttled"   // Glue throttles for longer than anybody's patience
	denied      trouble = "denied"      // a role has lost its permissions
	killed      trouble = "killed"      // every process that tries dies
	broken      trouble = "broken"      // the object is cut off
	undelivered trouble = "undelivered" // the event does not reach the state machine for a day
)

// stormObject is one object of the storm: its records, and what they say.
type stormObject struct {
	source, key, hour string
	body              []byte
	records           int
	trouble           trouble
}

// storm is all that is written into the lake in a storm, and what must be found
// there afterwards.
type storm struct {
	sources []string
	objects []stormObject
	want    map[string]*stormTable // by source
}

// stormTable is what one reader of all objects, one after another and without
// any failure, would have seen.
type stormTable struct {
	rows    int
	hours   map[string]int // rows by "year/month/day/hour"
	schema  schema.Schema
	present map[string]int // records by column in which it is not null
}

// drift is how one field changes in the course of the storm: values holds one
// JSON text for each of its times, in their order. column is the name that it
// has to be found under.
type drift struct {
	key, column string
	values      []string
}

// drifts are the changes that the logs of real programs go through.
var drifts = [...]drift{
	{"ms", "ms", []string{`1`, `1.5`}},
	{"code", "code", []string{`200`, `"OK"`}},
	{"who", "who", []string{`"ann"`, `{"name":"ann","id":7}`}},
	{"detail", "detail", []string{`{"a":1}`, `[1,2]`}},
	{"flag", "flag", []string{`true`, `"maybe"`}},
	{"user", "user", []string{`{"id":1}`, `{"id":2,"name":"bob"}`, `{"id":2.5}`}},
	{"list", "list", []string{`[1,2]`, `[{"a":1}]`}},
	{"late", "late", []string{`null`, `null`, `5`}},
	{"a.b", "a_b", []string{`1`, `2`}},
	{"order", "order_", []string{`"x"`, `{"id":1}`}},
	{"hour", "hour_", []string{`3`, `"noon"`}},
	{"big", "big", []string{`1`, `9223372036854775808`}},
	{"fresh", "fresh", []string{``, `"new"`}}, // empty: the field is not there yet
	{"gone", "gone", []string{`1`, ``}},
}

// newStorm makes the objects: every hour of every source gets its share, and in
// the course of them each source drifts in its own order. The order of their
// upload is random.
func newStorm(s Storm, now time.Time) (*storm, error) {
	rng := rand.New(rand.NewPCG(s.Seed, 4))
	out := &storm{want: map[string]*stormTable{}}
	turns := map[string][][]float64{} // when each field changes, by source
	for i := range s.Schemas {
		name := stormSource(i)
		out.sources = append(out.sources, name)
		out.want[name] = &stormTable{hours: map[string]int{}, present: map[string]int{}}
		for _, d := range drifts {
			t := make([]float64, len(d.values)-1)
			for j := range t {
				t[j] = rng.Float64()
			}
			slices.Sort(t)
			turns[name] = append(turns[name], t)
		}
	}
	first := now.UTC().Truncate(time.Hour).Add(-time.Duration(s.Hours+2) * time.Hour)
	id := 0
	for i := range s.Objects {
		o := stormObject{source: out.sources[i%s.Schemas], trouble: troubleOf(i, s.Objects)}
		hour := first.Add(time.Duration(i/s.Schemas%s.Hours) * time.Hour)
		o.hour = hour.Format("2006/01/02/15")
		o.key = pipeline.LogsPrefix + o.source + hour.Format("/year=2006/month=01/day=02/hour=15/") + fmt.Sprintf("%s-%05d.gz", o.trouble, i)
		var lines strings.Builder
		for range 1 + rng.IntN(4) {
			id++
			// What is in trouble brings a column of its own, so that it cannot
			// do without UpdateCatalog.
			record := stormRecord(id, o.trouble, turns[o.source], float64(i)/float64(s.Objects), rng)
			lines.WriteString(record + "\n")
			o.records++
		}
		text := lines.String()
		if err := out.want[o.source].read(text, o.hour); err != nil {
			return nil, err
		}
		o.body = zipped(text)
		out.objects = append(out.objects, o)
	}
	rng.Shuffle(len(out.objects), func(i, j int) { out.objects[i], out.objects[j] = out.objects[j], out.objects[i] })
	return out, nil
}

// troubleOf spreads the troubles over the objects, so that they befall every
// source. Of a few of the troubles there is little: each attempt takes time.
func troubleOf(i, objects int) trouble {
	share := max(objects/50, 4)
	for n, t := range []trouble{denied, broken, undelivered, killed, throttled} {
		count := share
		if t == killed || t == throttled {
			count = 4
		}
		// Its objects lie evenly, n apart from those of the others.
		step := objects / count
		if (i-n)%step == 0 && (i-n)/step < count && i >= n {
			return t
		}
	}
	return weather
}

func stormRecord(id int, t trouble, turns [][]float64, progress float64, rng *rand.Rand) string {
	fields := []string{fmt.Sprintf(`"id":%d`, id)}
	for i, d := range drifts {
		at := 0
		for at < len(turns[i]) && progress >= turns[i][at] {
			at++
		}
		// Old writers go on beside new ones.
		if v := d.values[rng.IntN(at+1)]; v != "" {
			fields = append(fields, fmt.Sprintf("%q:%s", d.key, v))
		}
	}
	name := [...]string{"userId", "UserID"}[rng.IntN(2)]
	fields = append(fields, fmt.Sprintf("%q:%d", name, rng.IntN(9)))
	if t != weather {
		fields = append(fields, fmt.Sprintf("%q:true", "in_"+string(t)))
	}
	return "{" + strings.Join(fields, ",") + "}"
}

// read takes in records of one hour, as the one reader does.
func (t *stormTable) read(text, hour string) error {
	result, err := ndjson.Infer(context.Background(), strings.NewReader(text), ndjson.Options{Partitions: objectkey.Columns()})
	if err != nil {
		return err
	}
	t.schema = schema.Merge(t.schema, result.Schema)
	for line := range strings.Lines(text) {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			return fmt.Errorf("the storm's own record %s: %w", line, err)
		}
		t.rows++
		t.hours[hour]++
		for key, value := range fields {
			if !bytes.Equal(value, []byte("null")) {
				t.present[columnOf(key)]++
			}
		}
	}
	return nil
}

// columnOf is the column in which a field of the storm has to be found.
func columnOf(key string) string {
	for _, d := range drifts {
		if d.key == key {
			return d.column
		}
	}
	return strings.ToLower(key)
}

// columns are the types by column that the catalog has to have.
func (t *stormTable) columns() map[string]schema.Type {
	m := map[string]schema.Type{}
	for _, c := range t.schema.Settled().Columns {
		m[c.Name] = c.Type
	}
	return m
}

// of are the objects in some trouble.
func (s *storm) of(t trouble) []stormObject {
	var list []stormObject
	for _, o := range s.objects {
		if o.trouble == t {
			list = append(list, o)
		}
	}
	return list
}

func (s *storm) hours() int {
	all := map[string]bool{}
	for source, t := range s.want {
		for h := range t.hours {
			all[source+h] = true
		}
	}
	return len(slices.Collect(maps.Keys(all)))
}
