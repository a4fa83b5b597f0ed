package catalogmerge

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"crawlerless/lambdas/schema"
)

// update is one attempt to bring items into a table.
type update struct {
	*Catalog
	table   string
	items   []Item
	id      string     // of this attempt
	always  bool       // bring every partition up to date, whatever else there is to do
	pending *evolution // written, but not yet seen in the table
	before  *types.Table
	result  Result
}

// maxRounds bounds how often an update starts over because others were faster.
// Each time somebody else has made progress, and tables do not widen for ever.
const maxRounds = 100

// defaultLife is how long an attempt can take whose context has no deadline:
// the longest that a Lambda function runs.
const defaultLife = 15 * time.Minute

// run returns the table as it was when all was done.
func (u *update) run(ctx context.Context) (*types.Table, error) {
	for round := 1; round <= maxRounds; round++ {
		t, err := u.read(ctx)
		if err != nil {
			return nil, err
		}
		if err := u.valid(t); err != nil {
			return nil, err
		}
		u.confirm(ctx, t)
		conflicts := u.result.Conflicts
		t, err = u.round(ctx, t)
		if err != nil || t != nil {
			return t, err
		}
		if u.result.Conflicts == conflicts {
			continue
		}
		if err := u.pause(ctx, round); err != nil {
			return nil, fmt.Errorf("update %s.%s: %w", u.Database, u.table, err)
		}
	}
	return nil, fmt.Errorf("update %s.%s: others changed the table %d times meanwhile", u.Database, u.table, maxRounds)
}

// round goes from a table that was just read as far as the table stays what it
// was; to the end, it returns it.
func (u *update) round(ctx context.Context, t *types.Table) (*types.Table, error) {
	e, err := evolve(t, u.schemas()...)
	if err != nil {
		return nil, InvalidMetadata{fmt.Sprintf("table %s.%s: %v", u.Database, u.table, err)}
	}
	noted := u.noted(t)
	if e.changed || !noted && u.obliged(t) {
		// What follows needs the table's new version, and that has to be read.
		return nil, u.evolve(ctx, t, e)
	}
	wrote := false
	if u.Mode == Registered {
		if wrote, err = u.register(ctx, t); err != nil {
			return nil, err
		}
	}
	if noted {
		if err := u.syncAll(ctx, t); err != nil {
			return nil, err
		}
		return u.clear(ctx, t)
	}
	if !wrote {
		return t, nil
	}
	now, err := u.read(ctx)
	if err != nil {
		return nil, err
	}
	if !sameDescriptor(t, now) {
		u.result.Conflicts++
		return nil, nil
	}
	return now, nil
}

func (u *update) schemas() []schema.Schema {
	list := make([]schema.Schema, len(u.items))
	for i, item := range u.items {
		list[i] = item.Schema
	}
	return list
}

func (u *update) read(ctx context.Context) (*types.Table, error) {
	out, err := call(ctx, u, "get table", func() (*glue.GetTableOutput, error) {
		return u.Glue.GetTable(ctx, &glue.GetTableInput{DatabaseName: &u.Database, Name: &u.table})
	})
	if isNotFound(err) {
		return nil, UnknownTable{u.Database, u.table}
	}
	if err != nil {
		return nil, err
	}
	return out.Table, nil
}

func (u *update) valid(t *types.Table) error {
	for _, i := range u.items {
		if len(i.Values) != len(t.PartitionKeys) {
			return InvalidMetadata{fmt.Sprintf("table %s.%s has %d partition columns, object %s has %d values",
				u.Database, u.table, len(t.PartitionKeys), i.Object, len(i.Values))}
		}
	}
	return nil
}

// evolve writes the evolved table, with our note. Whether it was written or
// somebody else was faster: the table is read again.
func (u *update) evolve(ctx context.Context, t *types.Table, e evolution) error {
	in := input(t)
	in.StorageDescriptor = withEvolution(t.StorageDescriptor, e)
	in.Parameters = e.parameters
	note := token{attempt: u.id, object: u.object(), deadline: u.deadline(ctx)}
	in.Parameters[note.name()] = note.value()
	u.pending, u.before = &e, t
	err := u.write(ctx, t, in)
	if isConflict(err) {
		return nil // whose: confirm tells
	}
	return err
}

// confirm looks whether our write is in the table. It may be although it was
// refused: an answer that got lost makes the client ask again, and by then the
// version is another one.
func (u *update) confirm(ctx context.Context, t *types.Table) {
	e := u.pending
	if e == nil {
		return
	}
	u.pending = nil
	if !u.noted(t) {
		u.result.Conflicts++
		return
	}
	if e.changed {
		u.result.Added = append(u.result.Added, e.added...)
		u.result.Widened = append(u.result.Widened, e.widened...)
		u.logEvolution(ctx, u.before, *e)
	}
}

// clear takes our note away, and those past their deadline, if the table is
// still what every partition was brought up to date with.
func (u *update) clear(ctx context.Context, t *types.Table) (*types.Table, error) {
	for attempt := 1; ; attempt++ {
		dead := map[string]bool{token{attempt: u.id}.name(): true}
		for _, note := range tokens(t.Parameters) {
			if note.expired(u.Now()) {
				dead[note.name()] = true
			}
		}
		in := input(t)
		in.Parameters = maps.Clone(t.Parameters)
		maps.DeleteFunc(in.Parameters, func(name, _ string) bool { return dead[name] })
		err := u.write(ctx, t, in)
		if err == nil {
			cleared := *t
			cleared.Parameters = in.Parameters
			return &cleared, nil
		}
		if !isConflict(err) {
			return nil, err
		}
		u.result.Conflicts++
		now, err := u.read(ctx)
		if err != nil {
			return nil, err
		}
		if !sameDescriptor(t, now) {
			return nil, nil
		}
		if !u.noted(now) {
			return now, nil // it was written after all
		}
		if t = now; attempt >= maxRounds {
			return nil, fmt.Errorf("take the note from %s.%s: others changed the table %d times meanwhile", u.Database, u.table, attempt)
		}
		if err := u.pause(ctx, attempt); err != nil {
			return nil, err
		}
	}
}

func (u *update) write(ctx context.Context, t *types.Table, in *types.TableInput) error {
	_, err := call(ctx, u, "update table", func() (*glue.UpdateTableOutput, error) {
		return u.Glue.UpdateTable(ctx, &glue.UpdateTableInput{
			DatabaseName: &u.Database, TableInput: in, VersionId: t.VersionId, SkipArchive: aws.Bool(true),
		})
	})
	return err
}

// obliged says that every partition is to be brought up to date by us.
func (u *update) obliged(t *types.Table) bool {
	if u.always {
		return true
	}
	objects := u.objects()
	return slices.ContainsFunc(tokens(t.Parameters), func(note token) bool { return note.obliges(objects, u.Now()) })
}

// noted says that our own note is in the table: every partition is ours to
// bring up to date before it goes.
func (u *update) noted(t *types.Table) bool {
	_, ok := t.Parameters[token{attempt: u.id}.name()]
	return ok
}

func (u *update) objects() map[string]bool {
	m := map[string]bool{}
	for _, i := range u.items {
		m[objectHash(i.Object)] = true
	}
	m[u.object()] = true
	return m
}

// object is what our note says of whose attempt it is: of several objects at
// once it is all of them together, which a repetition will be again.
func (u *update) object() string {
	if len(u.items) == 1 {
		return objectHash(u.items[0].Object)
	}
	all := ""
	for _, i := range u.items {
		all += i.Object + "\x00"
	}
	return objectHash(all)
}

// deadline is when this attempt is certainly dead: a minute after its context,
// for clocks that differ.
func (u *update) deadline(ctx context.Context) time.Time {
	if d, ok := ctx.Deadline(); ok {
		return d.Add(time.Minute)
	}
	return u.Now().Add(defaultLife)
}
