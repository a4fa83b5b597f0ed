package catalogmerge

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"crawlerless/lambdas/schema"
)

// Glue is what is needed of the AWS Glue client.
type Glue interface {
	GetTable(context.Context, *glue.GetTableInput, ...func(*glue.Options)) (*glue.GetTableOutput, error)
	UpdateTable(context.Context, *glue.UpdateTableInput, ...func(*glue.Options)) (*glue.UpdateTableOutput, error)
	GetPartitions(context.Context, *glue.GetPartitionsInput, ...func(*glue.Options)) (*glue.GetPartitionsOutput, error)
	BatchGetPartition(context.Context, *glue.BatchGetPartitionInput, ...func(*glue.Options)) (*glue.BatchGetPartitionOutput, error)
	BatchCreatePartition(context.Context, *glue.BatchCreatePartitionInput, ...func(*glue.Options)) (*glue.BatchCreatePartitionOutput, error)
	BatchUpdatePartition(context.Context, *glue.BatchUpdatePartitionInput, ...func(*glue.Options)) (*glue.BatchUpdatePartitionOutput, error)
}

// Mode says how a stage's tables know their partitions.
type Mode string

// The modes of PARTITIONS.
const (
	Registered Mode = "registered" // in the catalog, for every reader of it
	Projected  Mode = "projected"  // by projection properties, for Athena alone
)

// Options of a Catalog.
type Options struct {
	Glue     Glue
	Database string
	// Mode is Registered where empty.
	Mode Mode
	// Log takes one line for every evolution. nil: nowhere.
	Log *slog.Logger
	// Now and Sleep are the clock; nil: the real one.
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
	// Random is a number in [0, 1) for the jitter of retries; nil: math/rand.
	Random func() float64
	// ID makes the identity of one attempt, unique among all that may run at
	// a time; nil: random.
	ID func() string
	// Remember is how long what was found in the catalog is taken for true
	// without asking again. 0: a minute. Negative: not at all.
	Remember time.Duration
	// Attempts bounds how often one call is made while Glue answers that it
	// cannot now. 0: six, which with the waits between them takes about a
	// second. Waiting is left to the state machine, which is not paid for it
	// and blocks nobody.
	Attempts int
}

// Catalog is one database of the Data Catalog. Its methods may be called from
// any goroutine; updates of one table wait for each other.
type Catalog struct {
	Options
	mu     sync.Mutex
	tables map[string]*tableState
}

// tableState is what is known of a table: what the last update left behind.
type tableState struct {
	mu         sync.Mutex
	until      time.Time // when it is no longer to be trusted
	at         time.Time // before the catalog was read that it is from
	schema     schema.Schema
	partitions map[string]bool // by their values: registered
}

// New returns the catalog of a database.
func New(o Options) *Catalog {
	return &Catalog{Options: o.withDefaults(), tables: map[string]*tableState{}}
}

// Item is what one object says of itself.
type Item struct {
	// Object identifies the object: the same for every delivery of it.
	Object string
	// Values of the partition columns, in their order.
	Values []string
	// Location of the partition, with a slash at the end.
	Location string
	// Schema of the object's records.
	Schema schema.Schema
	// Since is the moment before which nothing that is remembered counts.
	Since time.Time
}

// Result is what an update did.
type Result struct {
	// Added and Widened are the columns that the table got.
	Added   []Column `json:"added,omitempty"`
	Widened []Column `json:"widened,omitempty"`
	// Registered counts partitions that were not there before.
	Registered int `json:"registered"`
	// Synced counts partitions that were brought up to date.
	Synced int `json:"synced"`
	// Conflicts counts writes that came too late and were done over.
	Conflicts int `json:"conflicts"`
	// Calls counts calls to Glue.
	Calls int `json:"calls"`
	// Has is what the catalog is known to have now, for others to rely on.
	// Nil where somebody may still be at work on the table.
	Has *Has `json:"-"`
}

// Has says that at a moment the items' partitions were registered, and that
// they and their table had everything of a schema.
type Has struct {
	At     time.Time
	Schema schema.Schema
}

// Column is a column that was added or whose type was widened.
type Column struct {
	Name   string `json:"name"`
	Before string `json:"before,omitempty"` // its type; empty for a new one
	After  string `json:"after"`
}

// Update brings what the items say into the table, of which all of them are
// objects. When it returns without an error, the catalog has it: see the
// package comment. It may be repeated at any time, with the same items or
// others.
//
// Errors: UnknownTable, InvalidMetadata, or what Glue answered in the end.
func (c *Catalog) Update(ctx context.Context, table string, items ...Item) (Result, error) {
	state := c.state(table)
	state.mu.Lock()
	defer state.mu.Unlock()
	if c.known(state, items) {
		return Result{Has: &Has{state.at, state.schema}}, nil
	}
	began := c.Now()
	u := &update{Catalog: c, table: table, items: items, id: c.ID()}
	found, err := u.run(ctx)
	if err != nil {
		state.until = time.Time{}
		return u.result, err
	}
	if have, err := schemaOf(found); err == nil && !HasNotes(found.Parameters) {
		u.result.Has = &Has{began, have}
	}
	c.remember(state, began, u.result.Has, items)
	return u.result, nil
}

// Known says that the catalog needs nothing for an object of schema s in
// partition p of table t, as they were just read; p is nil where there is none.
// It is what ExtractMetadata asks before it sends anything here, and as strict
// as Update: a partition that is behind its table, or a table on whose
// partitions somebody may have died, is not known.
func Known(mode Mode, t *types.Table, p *types.Partition, s schema.Schema) (bool, error) {
	if mode != Projected && (p == nil || !upToDate(p.StorageDescriptor, t)) || HasNotes(t.Parameters) {
		return false, nil
	}
	e, err := evolve(t, s)
	return err == nil && !e.changed, err
}

// Sync brings every partition of the table up to date with it.
func (c *Catalog) Sync(ctx context.Context, table string) (Result, error) {
	state := c.state(table)
	state.mu.Lock()
	defer state.mu.Unlock()
	state.until = time.Time{}
	u := &update{Catalog: c, table: table, id: c.ID(), always: true}
	_, err := u.run(ctx)
	return u.result, err
}

func (c *Catalog) state(table string) *tableState {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.tables[table]
	if !ok {
		s = &tableState{partitions: map[string]bool{}}
		c.tables[table] = s
	}
	return s
}

// known says that an update a moment ago left nothing to do for the items.
// That is what makes a thousand objects of a new hour cheap: those that were
// read before the first of them had registered it all come here.
func (c *Catalog) known(s *tableState, items []Item) bool {
	if !c.Now().Before(s.until) {
		return false
	}
	for _, i := range items {
		if s.at.Before(i.Since) {
			s.until = time.Time{} // what comes of this is remembered anew
			return false
		}
		if c.Mode == Registered && !s.partitions[key(i.Values)] || !s.schema.Covers(i.Schema) {
			return false
		}
	}
	return true
}

func (c *Catalog) remember(s *tableState, began time.Time, has *Has, items []Item) {
	if c.Remember < 0 {
		return
	}
	if has == nil {
		// There are notes. Whoever left them may be dead, and a repetition of his
		// has to come to the table.
		s.until = time.Time{}
		return
	}
	if !began.Before(s.until) || len(s.partitions) > maxRemembered {
		clear(s.partitions)
		s.at, s.until = began, began.Add(c.Remember)
	}
	s.schema = has.Schema
	for _, i := range items {
		s.partitions[key(i.Values)] = true
	}
}

// maxRemembered bounds the memory of one table.
const maxRemembered = 10_000

// key is a partition's values as one text; values hold no NUL.
func key(values []string) string {
	k := ""
	for _, v := range values {
		k += v + "\x00"
	}
	return k
}
