package ndjson

import (
	"slices"

	"crawlerless/lambdas/schema"
)

// makeRoom decides, with too many columns, whether a new one may be among
// those that are kept. What is committed is cut at commit: a record that may
// yet be rolled back must not push out what counts already.
func (t *tree) makeRoom(name string) bool {
	t.note(t.root, kindMap) // too many columns, should this record count
	if schema.LooksLikeID(name) || beyond(t.largest, name) || beyond(t.bound, name) {
		return false
	}
	if t.untrimmed++; t.untrimmed > schema.OverflowColumns {
		t.trim()
		return !beyond(t.bound, name)
	}
	return true
}

// beyond reports whether a key is larger than the largest that is kept, if
// there are as many as may be.
func beyond(largest, key string) bool {
	return largest != "" && schema.CompareKeys(largest, key) < 0
}

// trim keeps the fresh columns few, of a record with ever more: those that
// would be cut at its commit go at once.
func (t *tree) trim() {
	t.untrimmed = 0
	var fresh []string
	for _, c := range t.root.children {
		if c.fresh && !schema.LooksLikeID(c.key) {
			fresh = append(fresh, c.key)
		}
	}
	if len(fresh) > schema.OverflowColumns {
		slices.SortFunc(fresh, schema.CompareKeys)
		t.bound = fresh[schema.OverflowColumns-1]
	}
	t.drop(t.root, func(c *field) bool {
		return c.fresh && (schema.LooksLikeID(c.key) || beyond(t.bound, c.key))
	})
	dropped := func(f *field) bool { return f.gone }
	t.notes = slices.DeleteFunc(t.notes, dropped)
	t.created = slices.DeleteFunc(t.created, dropped)
	t.newborn = slices.DeleteFunc(t.newborn, dropped)
}

// cut keeps the columns that schema.Merge would keep. It is done only when
// there are twice as many, because it costs as much as they are.
func (t *tree) cut() {
	t.drop(t.root, func(c *field) bool { return schema.LooksLikeID(c.key) })
	if len(t.root.children) > schema.OverflowColumns {
		slices.SortFunc(t.root.children, func(a, b *field) int { return schema.CompareKeys(a.key, b.key) })
		t.largest = t.root.children[schema.OverflowColumns-1].key
		t.drop(t.root, func(c *field) bool { return schema.CompareKeys(c.key, t.largest) > 0 })
	}
}

// drop removes children of a field, with all that predicts them.
func (t *tree) drop(parent *field, gone func(*field) bool) {
	kept := parent.children[:0]
	for _, c := range parent.children {
		if gone(c) {
			t.release(c)
			continue
		}
		kept = append(kept, c)
	}
	clear(parent.children[len(kept):])
	parent.children = kept
	t.generation++
	parent.reindex()
}

// release gives the budget of a field and all below it back.
func (t *tree) release(f *field) {
	f.gone = true
	for b := f.bridge; b != nil; b = b.alt {
		t.bridges--
	}
	f.bridge = nil
	t.bytes -= fieldBytes + 2*len(f.key)
	for _, c := range f.children {
		t.release(c)
	}
	if f.elem != nil {
		t.release(f.elem)
	}
}

// forget drops the members of an object that has become a map.
func (t *tree) forget(f *field) { t.drop(f, func(*field) bool { return true }) }
