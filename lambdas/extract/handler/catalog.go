package handler

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"crawlerless/lambdas/bulletin"
	"crawlerless/lambdas/catalogmerge"
	"crawlerless/lambdas/metadata"
	"crawlerless/lambdas/schema"
)

// Glue is what the handler needs of the AWS Glue client.
type Glue interface {
	GetTable(context.Context, *glue.GetTableInput, ...func(*glue.Options)) (*glue.GetTableOutput, error)
	GetPartition(context.Context, *glue.GetPartitionInput, ...func(*glue.Options)) (*glue.GetPartitionOutput, error)
}

// maxRemembered bounds each map of the cache; beyond it, the map starts over.
const maxRemembered = 1000

// catalog tells whether the Glue Data Catalog has what an object says, by the
// bulletins that UpdateCatalog leaves (package bulletin). It remembers those
// that it has read. What is remembered only ever serves to say "it has it":
// whoever would be told "it has not" makes it look again. Tables only widen, so
// that what an old one has, a new one has too; what was taken away from outside
// is noticed when the bulletin expires.
//
// Glue itself is asked only when a bulletin has expired, to renew it. The
// environments of this function do that at moments of their own, spread over the
// last fifth of its life, so that one of them renews it for all.
type catalog struct {
	settings Settings
	glue     Glue
	objects  Objects
	now      func() time.Time
	goodFor  time.Duration // how long this environment trusts a bulletin

	mu      sync.Mutex
	boards  memory[bulletin.Bulletin] // by place
	answers memory[bool]              // by table, schema and place
}

// newCatalog returns a catalog that knows nothing. random is a number in [0, 1)
// of this environment's own.
func newCatalog(s Settings, g Glue, objects Objects, now func() time.Time, random float64) *catalog {
	return &catalog{
		settings: s, glue: g, objects: objects, now: now,
		goodFor: bulletin.GoodFor*4/5 + time.Duration(random*float64(bulletin.GoodFor/5)),
		boards:  memory[bulletin.Bulletin]{}, answers: memory[bool]{},
	}
}

// memory holds values until they expire.
type memory[V any] map[string]remembered[V]

type remembered[V any] struct {
	value V
	until time.Time
}

func (m memory[V]) put(key string, value V, until time.Time) {
	if len(m) >= maxRemembered {
		clear(m)
	}
	m[key] = remembered[V]{value, until}
}

func (m memory[V]) get(key string, now time.Time) (V, bool) {
	r, ok := m[key]
	return r.value, ok && now.Before(r.until)
}

// known says whether the catalog has the object's partition and everything in
// its schema.
func (c *catalog) known(ctx context.Context, m metadata.Metadata, s schema.Schema) (bool, error) {
	place := c.place(m)
	question := strings.Join([]string{m.Table, m.Fingerprint, place}, "\x00")
	now := c.now()
	c.mu.Lock()
	_, answered := c.answers.get(question, now)
	board, have := c.boards.get(place, now)
	c.mu.Unlock()
	doubted := func(b bulletin.Bulletin) bool { return m.Since != nil && b.At.Before(*m.Since) }
	if !have || doubted(board) {
		answered, have = false, false // the answers came from it
	}
	if answered {
		return true, nil
	}
	if have && board.Says(m.Table, s) {
		c.remember(place, question, board)
		return true, nil
	}
	board, have, err := bulletin.Read(ctx, c.objects, c.settings.Bucket, place)
	if err != nil || !have || doubted(board) {
		return false, err
	}
	if !now.Before(board.At.Add(c.goodFor)) {
		if board, have, err = c.renew(ctx, m, place); err != nil || !have {
			return false, err
		}
	}
	if !board.Says(m.Table, s) {
		return false, nil
	}
	c.remember(place, question, board)
	return true, nil
}

// place is where the bulletin lies: of the partition, or of the whole table
// where partitions are projected and only the schema counts.
func (c *catalog) place(m metadata.Metadata) string {
	location := m.Location
	if c.settings.Mode == catalogmerge.Projected {
		location = "s3://" + c.settings.Bucket + "/" + c.settings.Prefix + m.Source + "/"
	}
	return bulletin.Place(c.settings.Scratch, c.settings.Prefix, c.settings.Bucket, location)
}

func (c *catalog) remember(place, question string, b bulletin.Bulletin) {
	c.mu.Lock()
	defer c.mu.Unlock()
	until := b.At.Add(c.goodFor)
	c.boards.put(place, b, until)
	c.answers.put(question, true, until)
}

// renew asks Glue what the catalog has now, and puts a new bulletin up. It
// answers none where the partition is gone or behind its table: UpdateCatalog
// mends that.
func (c *catalog) renew(ctx context.Context, m metadata.Metadata, place string) (b bulletin.Bulletin, ok bool, err error) {
	b = bulletin.Bulletin{At: c.now(), Table: m.Table}
	var partition *types.Partition
	if c.settings.Mode != catalogmerge.Projected {
		if partition, err = c.partition(ctx, m); err != nil || partition == nil {
			return b, false, err
		}
	}
	table, err := c.table(ctx, m)
	if err != nil || table == nil {
		return b, false, err
	}
	// An object that says nothing is known wherever the catalog is in order.
	known, err := catalogmerge.Known(c.settings.Mode, table, partition, schema.Schema{})
	if err == nil && known {
		b.Schema, err = catalogmerge.SchemaOf(table)
	}
	if err != nil {
		return b, false, fmt.Errorf("table %s.%s: %w", c.settings.Database, m.Table, err)
	}
	if !known {
		return b, false, nil
	}
	return b, true, bulletin.Write(ctx, c.objects, c.settings.Bucket, place, b)
}

// table returns nil for one that is not there: UpdateCatalog will say so.
func (c *catalog) table(ctx context.Context, m metadata.Metadata) (*types.Table, error) {
	var missing *types.EntityNotFoundException
	out, err := c.glue.GetTable(ctx, &glue.GetTableInput{DatabaseName: &c.settings.Database, Name: &m.Table})
	switch {
	case errors.As(err, &missing):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("get table %s.%s: %w", c.settings.Database, m.Table, err)
	case out.Table == nil || out.Table.Name == nil:
		return nil, fmt.Errorf("get table %s.%s: the answer holds no table", c.settings.Database, m.Table)
	}
	return out.Table, nil
}

// partition returns nil for one that is not registered.
func (c *catalog) partition(ctx context.Context, m metadata.Metadata) (*types.Partition, error) {
	values := make([]string, len(m.Partition))
	for i, p := range m.Partition {
		values[i] = p.Value
	}
	var missing *types.EntityNotFoundException
	out, err := c.glue.GetPartition(ctx, &glue.GetPartitionInput{DatabaseName: &c.settings.Database, TableName: &m.Table, PartitionValues: values})
	switch {
	case errors.As(err, &missing):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("get partition %v of table %s.%s: %w", values, c.settings.Database, m.Table, err)
	}
	return out.Partition, nil
}
