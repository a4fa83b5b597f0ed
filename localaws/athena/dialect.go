package athena

import (
	"fmt"
	"strings"
)

// macros give Trino's functions where DuckDB calls them otherwise.
var macros = []string{
	"CREATE MACRO approx_percentile(x, p) AS approx_quantile(x, p)",
	"CREATE MACRO approx_distinct(x) AS approx_count_distinct(x)",
	"CREATE MACRO json_extract_scalar(j, p) AS json_extract_string(j, p)",
	"CREATE MACRO from_iso8601_timestamp(s) AS CAST(s AS TIMESTAMPTZ)",
	"CREATE MACRO from_iso8601_date(s) AS CAST(s AS DATE)",
	"CREATE MACRO from_unixtime(s) AS to_timestamp(s)",
	"CREATE MACRO to_unixtime(t) AS epoch(t)",
	"CREATE MACRO cardinality(x) AS len(x)",
	"CREATE MACRO element_at(x, i) AS x[i]",
	"CREATE MACRO regexp_like(s, p) AS regexp_matches(s, p)",
	"CREATE MACRO date_add(unit, n, t) AS t + n * CAST('1 ' || unit AS INTERVAL)",
	"CREATE MACRO arbitrary(x) AS any_value(x)",
	"CREATE MACRO strpos_(s, t) AS instr(s, t)",
	"CREATE MACRO bitwise_and(a, b) AS a & b",
	"CREATE MACRO bitwise_or(a, b) AS a | b",
	"CREATE MACRO is_nan(x) AS isnan(x)",
	"CREATE MACRO nan() AS CAST('NaN' AS DOUBLE)",
	"CREATE MACRO infinity() AS CAST('Infinity' AS DOUBLE)",
	"CREATE MACRO url_extract_host(u) AS regexp_extract(u, '^[a-zA-Z]+://([^/:?#]+)', 1)",
	"CREATE MACRO day_of_week(t) AS isodow(t)",
	"CREATE MACRO day_of_month(t) AS day(t)",
	"CREATE MACRO day_of_year(t) AS dayofyear(t)",
}

// parts cuts SQL into pieces: text between quotes, comments, and the rest, so
// that rewriting never touches a string.
func parts(text string, each func(piece string, kind byte)) {
	for i := 0; i < len(text); {
		start := i
		switch {
		case text[i] == '\'' || text[i] == '"' || text[i] == '`':
			end := text[i]
			for i++; i < len(text); i++ {
				if text[i] == end {
					if i+1 < len(text) && text[i+1] == end {
						i++
						continue
					}
					break
				}
			}
			i = min(i+1, len(text))
			each(text[start:i], end)
		case strings.HasPrefix(text[i:], "--"):
			if n := strings.IndexByte(text[i:], '\n'); n >= 0 {
				i += n
			} else {
				i = len(text)
			}
			each(text[start:i], '-')
		case strings.HasPrefix(text[i:], "/*"):
			if n := strings.Index(text[i:], "*/"); n >= 0 {
				i += n + 2
			} else {
				i = len(text)
			}
			each(text[start:i], '-')
		default:
			for i < len(text) && !strings.ContainsRune("'\"`", rune(text[i])) && !strings.HasPrefix(text[i:], "--") && !strings.HasPrefix(text[i:], "/*") {
				i++
			}
			each(text[start:i], 0)
		}
	}
}

// withoutComments leaves comments out.
func withoutComments(text string) string {
	var b strings.Builder
	parts(text, func(piece string, kind byte) {
		if kind == '-' {
			b.WriteByte(' ')
			return
		}
		b.WriteString(piece)
	})
	return b.String()
}

// translate turns what the two dialects write differently: backquotes, and the
// name of the catalog before a database.
func translate(text string) string {
	var b strings.Builder
	parts(text, func(piece string, kind byte) {
		switch kind {
		case '`':
			b.WriteString(quoted(strings.Trim(piece, "`")))
		case '"':
			if strings.EqualFold(piece, `"awsdatacatalog"`) {
				b.WriteString("AwsDataCatalog")
				return
			}
			b.WriteString(piece)
		default:
			b.WriteString(piece)
		}
	})
	out := b.String()
	for _, name := range []string{"AwsDataCatalog.", "awsdatacatalog."} {
		out = strings.ReplaceAll(out, name, "")
	}
	return out
}

// parameters puts the execution parameters, which are SQL literals, in place of
// the question marks.
func parameters(text string, values []string) (string, error) {
	var b strings.Builder
	used := 0
	parts(text, func(piece string, kind byte) {
		for kind == 0 && strings.Contains(piece, "?") && used < len(values) {
			before, after, _ := strings.Cut(piece, "?")
			b.WriteString(before + values[used])
			piece = after
			used++
		}
		b.WriteString(piece)
	})
	if used != len(values) {
		return "", fail(fmt.Sprintf("INVALID_PARAMETER_USAGE: Incorrect number of parameters: expected %d but found %d", used, len(values)))
	}
	return b.String(), nil
}
