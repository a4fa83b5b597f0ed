package trino

import "strings"

// aliasedRelation compiles what an alias stands before. Of UNNEST of rows, how
// many names the alias lists says how they are meant: see unnest.
func (c *compiler) aliasedRelation(a *aliased, s *scope) (string, []fieldRef, error) {
	u, ok := a.rel.(*unnest)
	if !ok || len(a.columns) == 0 {
		return c.relation(a.rel, s)
	}
	whole := 0 // columns if each row stays one
	if u.ordinality {
		whole++
	}
	for _, x := range u.items {
		_, typ, err := c.expr(x, s)
		if err != nil {
			return "", nil, err
		}
		if whole++; typ.Name == "map" {
			whole++
		}
	}
	return c.unnest(u, s, whole != len(a.columns))
}

// unnest compiles UNNEST: arrays side by side, the keys and values of maps as
// columns of their own. A row of an array is one column in Athena, which every
// query of its manual relies on (UNNEST(httprequest.headers) AS t(header), then
// header.name), while in Trino its members are columns: expand says which. The
// members are given to an alias that lists as many names as they are, and where
// no names are listed.
// https://docs.aws.amazon.com/athena/latest/ug/query-examples-waf-logs-count.html
func (c *compiler) unnest(u *unnest, s *scope, expand bool) (string, []fieldRef, error) {
	alias := c.id("r")
	var inner, outer, lengths []string
	var fields []fieldRef
	add := func(sql string, name string, typ Type) {
		outer = append(outer, sql+" AS c"+itoa(len(fields)))
		fields = append(fields, fieldRef{name: name, shown: name, typ: typ, sql: alias + ".c" + itoa(len(fields))})
	}
	for _, x := range u.items {
		sql, typ, err := c.expr(x, s)
		if err != nil {
			return "", nil, err
		}
		u := "u" + itoa(len(inner))
		switch {
		case typ.Name == "map":
			inner = append(inner, "unnest(map_keys("+sql+")) AS "+u, "unnest(map_values("+sql+")) AS u"+itoa(len(inner)+1))
			lengths = append(lengths, "cardinality("+sql+")")
			add(u, "", typ.arg(0))
			add("u"+itoa(len(inner)-1), "", typ.arg(1))
		case expand && typ.Name == "array" && typ.arg(0).Name == "row":
			inner = append(inner, "unnest("+sql+") AS "+u)
			lengths = append(lengths, "len("+sql+")")
			for i, arg := range typ.arg(0).Args {
				add(u+"."+quoteIdent(rowName(typ.arg(0), i)), typ.arg(0).Names[i], arg)
			}
		case typ.Name == "array":
			inner = append(inner, "unnest("+sql+") AS "+u)
			lengths = append(lengths, "len("+sql+")")
			add(u, "", typ.arg(0))
		default:
			return "", nil, failAt("TYPE_MISMATCH", x.pos(), "Cannot unnest type: %s", typ)
		}
	}
	if u.ordinality {
		inner = append(inner, "unnest(range(1, 1 + greatest("+strings.Join(lengths, ", ")+", 0))) AS ord")
		add("ord", "ordinality", tBigint)
	}
	return "LATERAL (SELECT " + strings.Join(outer, ", ") + " FROM (SELECT " + strings.Join(inner, ", ") + ")) AS " + alias, fields, nil
}
