package trino

// Expr is an expression.
type Expr interface{ pos() Pos }

type at struct{ p Pos }

func (a at) pos() Pos { return a.p }

// Ident is an identifier as it was written.
type Ident struct {
	Name   string
	Quoted bool
	Pos    Pos
}

type (
	// literal is a constant. kind: null, boolean, string, integer, decimal,
	// double, binary, interval, or the name of a type ("timestamp", "date").
	literal struct {
		at
		kind string
		text string
		unit string // of an interval
		sign string
	}
	// column is a name that stands for a column: a, t.a, or r.a with r a row.
	column struct {
		at
		parts []Ident
	}
	// field is member access on what is not a plain name.
	field struct {
		at
		base Expr
		name Ident
	}
	param struct {
		at
		index int
	}
	unary struct { // "-", "+", "not"
		at
		op string
		x  Expr
	}
	binaryOp struct { // arithmetic, ||, comparison, and, or
		at
		op   string
		x, y Expr
	}
	isNull struct {
		at
		x   Expr
		not bool
	}
	isDistinct struct {
		at
		x, y Expr
		not  bool
	}
	between struct {
		at
		x, low, high Expr
		not          bool
	}
	inList struct {
		at
		x     Expr
		list  []Expr
		query *Query
		not   bool
	}
	like struct {
		at
		x, pattern, escape Expr
		not                bool
	}
	exists struct {
		at
		query *Query
	}
	scalarQuery struct {
		at
		query *Query
	}
	quantified struct { // x op ALL (query)
		at
		op, quantifier string
		x              Expr
		query          *Query
	}
	caseWhen struct {
		at
		operand   Expr
		whens     [][2]Expr
		otherwise Expr
	}
	cast struct {
		at
		x   Expr
		typ Type
		try bool
	}
	call struct {
		at
		name     string // lower case
		args     []Expr
		star     bool
		distinct bool
		orderBy  []sortItem
		filter   Expr
		over     *window
		nulls    string // "", "IGNORE NULLS", "RESPECT NULLS"
		overflow string // of listagg, as written
		json     *jsonClauses
	}
	lambda struct {
		at
		params []string
		body   Expr
	}
	subscript struct {
		at
		x, index Expr
	}
	array struct {
		at
		items []Expr
	}
	row struct {
		at
		items []Expr
	}
	atTimeZone struct {
		at
		x, zone Expr
	}
	extract struct {
		at
		field string
		x     Expr
	}
)

type sortItem struct {
	x     Expr
	desc  bool
	nulls string // "", "FIRST", "LAST"
}

type window struct {
	name      string // of a window that the WINDOW clause defines
	partition []Expr
	orderBy   []sortItem
	frame     *frame
}

type frame struct {
	unit       string // ROWS, RANGE, GROUPS
	start, end bound
}

type bound struct {
	kind string // "UNBOUNDED PRECEDING", "CURRENT ROW", "PRECEDING", …
	x    Expr
}

// Query is a query with everything that can stand around its body.
type Query struct {
	with    []cte
	body    queryBody
	orderBy []sortItem
	offset  Expr
	limit   Expr
	p       Pos
	params  int // question marks, of the query of a statement
}

type cte struct {
	name    Ident
	columns []Ident
	query   *Query
	// recursive is that of the WITH.
	recursive bool
}

// queryBody is a *selectBody, *setOp, *values, *tableBody or *Query.
type queryBody interface{}

type selectBody struct {
	p        Pos
	distinct bool
	items    []selectItem
	from     []relation
	where    Expr
	group    *groupBy
	having   Expr
	windows  []namedWindow
}

type namedWindow struct {
	name Ident
	w    *window
}

type selectItem struct {
	p     Pos
	star  bool
	of    []Ident // qualifier of t.*
	x     Expr
	alias *Ident
}

type groupBy struct {
	all      bool
	elements []groupElement
}

// groupElement is one element of GROUP BY: kind "", "rollup", "cube", "sets".
type groupElement struct {
	kind string
	x    Expr
	sets [][]Expr
}

type setOp struct {
	p           Pos
	op          string // UNION, INTERSECT, EXCEPT
	all         bool
	left, right queryBody
}

type values struct {
	p    Pos
	rows []Expr // each a row or a single expression
}

// relation is something in FROM.
type relation interface{ relPos() Pos }

type relAt struct{ p Pos }

func (r relAt) relPos() Pos { return r.p }

type (
	tableRef struct {
		relAt
		name []Ident
	}
	subquery struct {
		relAt
		query   *Query
		lateral bool
	}
	unnest struct {
		relAt
		items      []Expr
		ordinality bool
	}
	join struct {
		relAt
		kind        string // CROSS, INNER, LEFT, RIGHT, FULL
		natural     bool
		left, right relation
		on          Expr
		using       []Ident
	}
	aliased struct {
		relAt
		rel     relation
		name    Ident
		columns []Ident
	}
	sampled struct {
		relAt
		rel     relation
		method  string
		percent Expr
	}
)
