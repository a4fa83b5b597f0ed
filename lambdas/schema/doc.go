// Package schema is the algebra of what records look like: types, columns and
// their union, in the terms of the Hive metastore that Glue and Athena share.
//
// A [Schema] is a value. [Merge] joins two of them and is commutative,
// associative and idempotent: the schema of a set of objects does not depend
// on the order in which they were read, on how they were split, or on how
// often each was read. Everything else follows from that: extraction can stop
// and resume, events may come twice, and the catalog can be written by many
// at once.
//
// # The lattice of types
//
//	boolean        ┐
//	bigint → double├→ string
//	timestamp      │
//	array<T>       │   by element
//	struct<…>→ map ┘   by member; with a map, or with too many members: map<string,string>
//
// Two types that have no common reading meet in string, which reads every
// JSON value as its text. [Unknown] is the type of null and of what is
// missing: it says nothing and is absorbed by everything. An empty array is
// array<unknown>, an empty object a struct without members. Types that others
// have put into the catalog (int, float, decimal, date, varchar …) are read,
// kept, and widened by the same rules.
//
// # Names
//
// Glue and Athena have lower-case names of letters, digits and underscores;
// JSON keys are any text. A [Column] therefore has the Key as it stands in the
// record and the Name under which it is read, and [Schema.Mapping] gives the
// OpenX SerDe what leads from one to the other. Keys that differ by case only
// are one column, because the SerDe ignores case, until one record holds two
// of them, on whatever level: from then on the schema is CaseSensitive and each
// at the top has a column of its own.
//
// # Caps
//
// Keys that are identifiers must not explode the catalog. An object with more
// than [MaxMembers] different keys becomes map<string,string>; what lies
// deeper than [MaxDepth] becomes string; and a table with more than
// [MaxColumns] columns keeps the first [OverflowColumns] of those that do not
// look like identifiers. All three are functions of the whole set of records,
// never of their order.
//
// The package does no input or output and knows neither AWS nor JSON texts.
package schema
