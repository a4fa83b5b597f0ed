package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// maxNameLength is Glue's limit for the name of a column, in bytes.
const maxNameLength = 255

// reservedWords are those that a SELECT statement of Athena cannot use as a
// name without quotes. Words reserved in DDL only (date, timestamp …) keep
// their names: DDL quotes every name.
// https://docs.aws.amazon.com/athena/latest/ug/reserved-words.html
const reservedWords = ` alter and as between by case cast constraint create cross cube current_catalog
 current_date current_path current_schema current_time current_timestamp current_user deallocate delete
 describe distinct drop else end escape except execute exists extract false first for from full group
 grouping having in inner insert intersect into is join json_array json_exists json_object json_query
 json_table json_value last left like listagg localtime localtimestamp natural normalize not null of on or
 order outer prepare recursive right rollup select skip table then trim true uescape union unnest using
 values when where with `

// IsReserved reports whether name, in lower case, must be quoted in a SELECT
// of Athena.
func IsReserved(name string) bool {
	return !strings.ContainsAny(name, " \n") && slices.Contains(strings.Fields(reservedWords), name)
}

// plainName is the name that a key has by itself: lower case, with an
// underscore for everything that Athena does not take in a name.
func plainName(key string) string {
	lower := strings.ToLower(key)
	var b strings.Builder
	for _, r := range lower {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' {
			b.WriteRune(r)
		} else {
			b.WriteByte('_')
		}
	}
	name := b.String()
	if name == "" {
		return "_"
	}
	if len(name) > maxNameLength {
		return withHash(name, lower)
	}
	return name
}

// withHash makes a name unique to what it stands for.
func withHash(name, identity string) string {
	sum := sha256.Sum256([]byte(identity))
	const digits = 8
	return name[:min(len(name), maxNameLength-digits-1)] + "_" + hex.EncodeToString(sum[:digits/2])
}

// namer gives every key of a schema its name. A SerDe mapping holds for the
// whole record, on every level, so that a name must mean one key everywhere.
type namer struct {
	fold  func(string) string
	names map[string]string // by identity
}

// topIdentity marks a top-level key whose own name is taken by a partition
// column or a keyword; below the top level the same key needs no other name.
const topIdentity = "\x00top\x00"

// newNamer assigns names to all keys. The result is a function of the sets
// alone: of keys that would share a name, the one that is the name keeps it,
// else the smallest; the others get a hash of themselves appended.
func newNamer(top, nested []string, caseSensitive bool, reserved func(string) bool) namer {
	n := namer{fold: strings.ToLower, names: map[string]string{}}
	if caseSensitive {
		n.fold = func(key string) string { return key }
	}
	wanted := map[string][]string{} // identities by the name that they want
	add := func(identity, name string) {
		if _, seen := n.names[identity]; !seen {
			n.names[identity] = name
			wanted[name] = append(wanted[name], identity)
		}
	}
	for _, key := range top {
		if name := plainName(key); reserved(name) {
			add(topIdentity+n.fold(key), name+"_")
			continue
		}
		add(n.fold(key), plainName(key))
	}
	for _, key := range nested {
		add(n.fold(key), plainName(key))
	}
	for name, identities := range wanted {
		if len(identities) == 1 {
			continue
		}
		slices.Sort(identities)
		winner := identities[0]
		if slices.Contains(identities, name) {
			winner = name
		} else if strings.HasPrefix(winner, topIdentity) {
			winner = identities[len(identities)-1]
		}
		for _, identity := range identities {
			if identity != winner {
				n.names[identity] = withHash(name, identity)
			}
		}
	}
	return n
}

func (n namer) top(key string) string {
	if name, ok := n.names[topIdentity+n.fold(key)]; ok {
		return name
	}
	return n.names[n.fold(key)]
}

func (n namer) nested(key string) string { return n.names[n.fold(key)] }

// byName returns the members of a struct as Hive has them: one per name,
// sorted by name.
func (t Type) byName() []Member {
	out := make([]Member, 0, len(t.members))
	keys := make([]string, 0, len(t.members))
	named := true
	for _, m := range t.members {
		keys = append(keys, m.Key)
		named = named && m.Name != ""
	}
	var n namer
	if !named {
		n = newNamer(nil, keys, false, func(string) bool { return false })
	}
	for _, m := range t.members {
		if !named {
			m.Name = n.nested(m.Key)
		}
		out = append(out, m)
	}
	slices.SortStableFunc(out, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
	merged := out[:0]
	for _, m := range out {
		if n := len(merged); n > 0 && merged[n-1].Name == m.Name {
			merged[n-1].Type = mergeNamed(merged[n-1].Type, m.Type)
			continue
		}
		merged = append(merged, m)
	}
	return merged
}

// mergeNamed merges types whose names are given already.
func mergeNamed(a, b Type) Type {
	merged := MergeTypes(a, b)
	names := map[string]string{}
	collectNames(a, names)
	collectNames(b, names)
	return rename(merged, func(key string) string { return names[key] })
}

func collectNames(t Type, names map[string]string) {
	for _, p := range t.parts {
		collectNames(p, names)
	}
	for _, m := range t.members {
		if m.Name != "" {
			names[m.Key] = m.Name
		}
		collectNames(m.Type, names)
	}
}

func collectKeys(t Type, keys map[string]bool) {
	for _, p := range t.parts {
		collectKeys(p, keys)
	}
	for _, m := range t.members {
		keys[m.Key] = true
		collectKeys(m.Type, keys)
	}
}

// rename gives every member the name that the function has for its key.
func rename(t Type, name func(string) string) Type {
	switch t.kind {
	case Array, Map:
		parts := make([]Type, len(t.parts))
		for i, p := range t.parts {
			parts[i] = rename(p, name)
		}
		t.parts = parts
	case Struct:
		members := make([]Member, len(t.members))
		for i, m := range t.members {
			members[i] = Member{Key: m.Key, Name: name(m.Key), Type: rename(m.Type, name)}
		}
		t.members = members
	}
	return t
}
