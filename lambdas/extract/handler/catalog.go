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

	"crawlerless/lambdas/catalogmerge"
	"crawlerless/lambdas/metadata"
	"crawlerless/lambdas/schema"
)

// Glue is what the handler needs of the AWS Glue client.
type Glue interface {
	GetTable(context.Context, *glue.GetTableInput, ...func(*glue.Options)) (*glue.GetTableOutput, error)
	GetPartition(context.Context, *glue.GetPartitionInput, ...func(*glue.Options)) (*glue.GetPartitionOutput, error)
}

// Caching of what the catalog has.
const (
	// rememberFor bounds how long a change from outside, such as a partition
	// that somebody dropped, goes unnoticed.
	rememberFor = 15 * time.Minute
	// maxRemembered bounds each map of the cache; beyond it, the map starts over.
	maxRemembered = 1000
)

// catalog remembers what the Glue Data Catalog has. What is remembered only
// ever serves to say "it has it": whoever would be told "it has not" makes it
// look again. Tables only widen, so that what an old one has, a new one has
// too; what was taken away from outside is noticed when the memory expires.
type catalog struct {
	glue     Glue
	database string
	mode     catalogmerge.Mode
	now      func() time.Time

	mu         sync.Mutex
	tables     memory[*types.Table]     // by name
	partitions memory[*types.Partition] // by location
	answers    memory[bool]             // by table, schema and location
}

func newCatalog(g Glue, database string, mode catalogmerge.Mode, now func() time.Time) *catalog {
	return &catalog{
		glue: g, database: database, mode: mode, now: now,
		tables: memory[*types.Table]{}, partitions: memory[*types.Partition]{}, answers: memory[bool]{},
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

func (m memory[V]) get(key string, now time.Time) (remembered[V], bool) {
	r, ok := m[key]
	return r, ok && now.Before(r.until)
}

// known says whether the catalog has the object's partition and everything in
// its schema.
func (c *catalog) known(ctx context.Context, m metadata.Metadata, s schema.Schema) (bool, error) {
	question := c.question(m)
	now := c.now()
	c.mu.Lock()
	_, answered := c.answers.get(question, now)
	table, haveTable := c.tables.get(m.Table, now)
	partition, havePartition := c.partitions.get(m.Location, now)
	c.mu.Unlock()
	if answered {
		return true, nil
	}
	if haveTable && (havePartition || c.mode == catalogmerge.Projected) {
		known, err := c.judge(m, table.value, partition.value, s)
		if err != nil {
			return false, err
		}
		if known {
			c.remember(question, table, m.Location, partition)
			return true, nil
		}
	}
	return c.ask(ctx, m, s, haveTable && c.mode != catalogmerge.Projected && !havePartition, table)
}

func (c *catalog) judge(m metadata.Metadata, t *types.Table, p *types.Partition, s schema.Schema) (bool, error) {
	known, err := catalogmerge.Known(c.mode, t, p, s)
	if err != nil {
		return false, fmt.Errorf("table %s.%s: %w", c.database, m.Table, err)
	}
	return known, nil
}

// ask looks into the catalog: with a remembered table only for the partition
// first, because a new hour is the commonest news.
func (c *catalog) ask(ctx context.Context, m metadata.Metadata, s schema.Schema, partitionOnly bool, table remembered[*types.Table]) (bool, error) {
	until := c.now().Add(rememberFor)
	partition := remembered[*types.Partition]{until: until}
	var err error
	if c.mode != catalogmerge.Projected {
		if partition.value, err = c.partition(ctx, m); err != nil || partition.value == nil {
			return false, err
		}
	}
	if partitionOnly {
		known, err := c.judge(m, table.value, partition.value, s)
		if err == nil && known {
			c.remember(c.question(m), table, m.Location, partition)
			return true, nil
		}
	}
	table.until = until
	if table.value, err = c.table(ctx, m); err != nil || table.value == nil {
		return false, err
	}
	known, err := c.judge(m, table.value, partition.value, s)
	if err != nil || !known {
		return false, err
	}
	c.remember(c.question(m), table, m.Location, partition)
	return true, nil
}

func (c *catalog) remember(question string, t remembered[*types.Table], location string, p remembered[*types.Partition]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	until := t.until
	c.tables.put(*t.value.Name, t.value, t.until)
	if p.value != nil {
		c.partitions.put(location, p.value, p.until)
		if p.until.Before(until) {
			until = p.until
		}
	}
	c.answers.put(question, true, until)
}

// question identifies table, partition and schema. Where partitions are
// projected, only the schema counts.
func (c *catalog) question(m metadata.Metadata) string {
	parts := []string{m.Table, m.Fingerprint}
	if c.mode != catalogmerge.Projected {
		parts = append(parts, m.Location)
	}
	return strings.Join(parts, "\x00")
}

// table returns nil for one that is not there: UpdateCatalog will say so.
func (c *catalog) table(ctx context.Context, m metadata.Metadata) (*types.Table, error) {
	var missing *types.EntityNotFoundException
	out, err := c.glue.GetTable(ctx, &glue.GetTableInput{DatabaseName: &c.database, Name: &m.Table})
	switch {
	case errors.As(err, &missing):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("get table %s.%s: %w", c.database, m.Table, err)
	case out.Table == nil || out.Table.Name == nil:
		return nil, fmt.Errorf("get table %s.%s: the answer holds no table", c.database, m.Table)
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
	out, err := c.glue.GetPartition(ctx, &glue.GetPartitionInput{DatabaseName: &c.database, TableName: &m.Table, PartitionValues: values})
	switch {
	case errors.As(err, &missing):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("get partition %v of table %s.%s: %w", values, c.database, m.Table, err)
	}
	return out.Partition, nil
}
