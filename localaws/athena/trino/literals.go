package trino

import (
	"encoding/hex"
	"strconv"
	"strings"
)

func (c *compiler) literal(l *literal) (string, Type, error) {
	switch l.kind {
	case "null":
		return "CAST(NULL AS VARCHAR)", tNull, nil
	case "boolean":
		return l.text, tBoolean, nil
	case "string":
		return quoteText(l.text), Type{Name: "varchar", Params: []int{len([]rune(l.text))}}, nil
	case "integer":
		n, err := strconv.ParseInt(l.text, 10, 64)
		switch {
		case err != nil:
			return "", Type{}, failAt("INVALID_LITERAL", l.p, "Invalid numeric literal: %s", l.text)
		case n == int64(int32(n)):
			return "CAST(" + l.text + " AS INTEGER)", tInteger, nil
		}
		return "CAST(" + l.text + " AS BIGINT)", tBigint, nil
	case "decimal":
		whole, fraction, _ := strings.Cut(l.text, ".")
		whole = strings.TrimLeft(whole, "0")
		p := len(whole) + len(fraction)
		if p > 38 {
			return "", Type{}, failAt("INVALID_LITERAL", l.p, "Invalid decimal literal: %s", l.text)
		}
		t := tDecimal(max(p, 1), len(fraction))
		return "CAST(" + quoteText(l.text) + " AS " + t.DuckDB() + ")", t, nil
	case "double":
		return "CAST(" + quoteText(l.text) + " AS DOUBLE)", tDouble, nil
	case "binary":
		text := strings.Join(strings.Fields(l.text), "")
		if _, err := hex.DecodeString(text); err != nil {
			return "", Type{}, failAt("SYNTAX_ERROR", l.p, "Binary literal must contain an even number of digits 0-9, A-F")
		}
		return "from_hex(" + quoteText(text) + ")", tVarbinary, nil
	case "interval":
		return c.interval(l)
	}
	return c.typedLiteral(l)
}

func (c *compiler) interval(l *literal) (string, Type, error) {
	text := strings.TrimSpace(l.text)
	if l.sign == "-" {
		text = "-" + text
	}
	typ := tIntervalDay
	if l.unit == "year" || l.unit == "month" {
		typ = tIntervalYear
	}
	if strings.Trim(text, "-+0123456789.") != "" || text == "" {
		return "", Type{}, failAt("INVALID_LITERAL", l.p, "Invalid INTERVAL literal: %s", l.text)
	}
	return "(INTERVAL " + quoteText(text+" "+l.unit) + ")", typ, nil
}

// typedLiteral is DATE '…', TIMESTAMP '…' and the like.
func (c *compiler) typedLiteral(l *literal) (string, Type, error) {
	switch l.kind {
	case "date":
		if !isDate(l.text) {
			return "", Type{}, failAt("INVALID_LITERAL", l.p, "'%s' is not a valid DATE literal", l.text)
		}
		return "CAST(" + quoteText(strings.TrimSpace(l.text)) + " AS DATE)", tDate, nil
	case "timestamp":
		return c.timestampLiteral(l)
	case "json":
		return "trino_json_parse(" + quoteText(l.text) + ")", tJSON, nil
	case "varchar":
		return quoteText(l.text), tVarchar, nil
	case "char":
		return quoteText(strings.TrimRight(l.text, " ")), Type{Name: "char", Params: []int{len([]rune(l.text))}}, nil
	case "decimal":
		unsigned := strings.TrimLeft(l.text, "+-")
		sql, t, err := c.literal(&literal{at: l.at, kind: "decimal", text: unsigned})
		if err != nil || strings.Trim(unsigned, "0123456789.") != "" || strings.Trim(unsigned, ".") == "" {
			return "", Type{}, failAt("INVALID_LITERAL", l.p, "'%s' is not a valid DECIMAL literal", l.text)
		}
		if strings.HasPrefix(l.text, "-") {
			sql = "(- " + sql + ")"
		}
		return sql, t, nil
	case "boolean", "tinyint", "smallint", "integer", "int", "bigint", "real", "double", "time", "ipaddress", "uuid":
		t := Type{Name: l.kind}
		if l.kind == "int" {
			t = tInteger
		}
		return fromText(quoteText(l.text), t), t, nil
	}
	return "", Type{}, failAt("TYPE_NOT_FOUND", l.p, "Unknown type: %s", l.kind)
}
