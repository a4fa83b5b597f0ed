package athena

import (
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"crawlerless/localaws/athena/ddl"
	"crawlerless/localaws/athena/trino"
)

// statement is what an execution runs, read when it is started.
type statement struct {
	kind types.StatementType
	sub  string           // SubstatementType
	sql  *trino.Statement // of Trino's grammar
	hive ddl.Statement    // of Hive's
	// missing names what localaws does not implement: the execution ends FAILED.
	missing string
}

// refusals are statements of Athena that are not here, by how they begin.
var refusals = []struct {
	begins, sub string
	kind        types.StatementType
}{
	{"MERGE", "MERGE", types.StatementTypeDml},
	{"DELETE", "DELETE", types.StatementTypeDml},
	{"UPDATE", "UPDATE", types.StatementTypeDml},
	{"OPTIMIZE", "OPTIMIZE", types.StatementTypeDml},
	{"VACUUM", "VACUUM", types.StatementTypeDml},
	{"EXPLAIN", "EXPLAIN", types.StatementTypeUtility},
	{"ALTER DATABASE", "ALTER_DATABASE", types.StatementTypeDdl},
	{"ALTER VIEW", "ALTER_VIEW", types.StatementTypeDdl},
	{"ALTER SCHEMA", "ALTER_DATABASE", types.StatementTypeDdl},
	{"CREATE PROTECTED MULTI DIALECT VIEW", "CREATE_VIEW", types.StatementTypeDdl},
	{"DESCRIBE VIEW", "DESCRIBE_VIEW", types.StatementTypeUtility},
	{"DESCRIBE INPUT", "DESCRIBE_INPUT", types.StatementTypeUtility},
	{"DESCRIBE OUTPUT", "DESCRIBE_OUTPUT", types.StatementTypeUtility},
	{"SHOW FUNCTIONS", "SHOW_FUNCTIONS", types.StatementTypeUtility},
	{"SHOW STATS", "SHOW_STATS", types.StatementTypeUtility},
}

// read understands a statement. What can not be parsed is refused at once, as
// Athena does: https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
func read(text string) (*statement, error) {
	words := strings.Fields(strings.ToUpper(leading(text, 8)))
	begins := func(with string) bool {
		want := strings.Fields(with)
		return len(words) >= len(want) && strings.Join(words[:len(want)], " ") == with
	}
	for _, r := range refusals {
		if begins(r.begins) {
			return &statement{kind: r.kind, sub: r.sub, missing: "the statement " + r.begins}, nil
		}
	}
	switch {
	case begins("CREATE TABLE") && createsFromQuery(text):
		return trinoStatement(text, types.StatementTypeDdl, "CREATE_TABLE_AS_SELECT")
	case begins("INSERT"), begins("UNLOAD"):
		return trinoStatement(text, types.StatementTypeDml, words[0])
	case begins("CREATE VIEW"), begins("CREATE OR REPLACE VIEW"):
		return trinoStatement(text, types.StatementTypeDdl, "CREATE_VIEW")
	case begins("PREPARE"), begins("DEALLOCATE"):
		return trinoStatement(text, types.StatementTypeUtility, words[0])
	case begins("EXECUTE"):
		return trinoStatement(text, types.StatementTypeDml, "SELECT")
	}
	for _, first := range []string{"CREATE", "DROP", "ALTER", "MSCK", "SHOW", "DESCRIBE", "DESC"} {
		if begins(first) {
			return hiveStatement(text)
		}
	}
	return trinoStatement(text, types.StatementTypeDml, "SELECT")
}

func trinoStatement(text string, kind types.StatementType, sub string) (*statement, error) {
	s, err := trino.Parse(text)
	if err == nil {
		return &statement{kind: kind, sub: sub, sql: s}, nil
	}
	var e *trino.Error
	if errors.As(err, &e) && e.Name != "SYNTAX_ERROR" {
		// It is Athena's grammar, but not what is here: the query fails for that.
		return &statement{kind: kind, sub: sub, missing: "\x00" + e.Error()}, nil
	}
	if e != nil {
		return nil, malformed(e.Located())
	}
	return nil, malformed(err.Error())
}

func hiveStatement(text string) (*statement, error) {
	h, err := ddl.Parse(text)
	var missing *ddl.Unsupported
	switch {
	case errors.As(err, &missing):
		return &statement{kind: types.StatementTypeDdl, sub: "CREATE_TABLE", missing: missing.What}, nil
	case err != nil:
		return nil, malformed(err.Error())
	}
	s := &statement{hive: h, kind: types.StatementTypeDdl}
	switch h := h.(type) {
	case *ddl.CreateDatabase:
		s.sub = "CREATE_DATABASE"
	case *ddl.DropDatabase:
		s.sub = "DROP_DATABASE"
	case *ddl.CreateTable:
		s.sub = "CREATE_TABLE"
	case *ddl.DropTable:
		s.sub = "DROP_TABLE"
		if h.View {
			s.sub = "DROP_VIEW"
		}
	case *ddl.Repair:
		s.sub = "MSCK_REPAIR_TABLE"
	case *ddl.Show:
		s.kind, s.sub = types.StatementTypeUtility, "SHOW_"+strings.ReplaceAll(h.What, " ", "_")
	case *ddl.Describe:
		s.kind, s.sub = types.StatementTypeUtility, "DESCRIBE_TABLE"
	default:
		s.sub = "ALTER_TABLE"
	}
	return s, nil
}

// malformed is Athena's refusal of a statement that it can not parse.
func malformed(message string) error {
	return refusal("MALFORMED_QUERY", message)
}

// leading are the first words of a statement, without comments and brackets.
func leading(text string, n int) string {
	var words []string
	for rest := text; len(words) < n; {
		rest = strings.TrimLeft(rest, " \t\r\n\f(\uFEFF")
		switch {
		case rest == "":
			return strings.Join(words, " ")
		case strings.HasPrefix(rest, "--"):
			_, rest, _ = strings.Cut(rest, "\n")
		case strings.HasPrefix(rest, "/*"):
			_, rest, _ = strings.Cut(rest, "*/")
		default:
			end := strings.IndexAny(rest, " \t\r\n\f(/-*'\";")
			if end < 0 {
				end = len(rest)
			}
			if end == 0 {
				return strings.Join(words, " ")
			}
			words, rest = append(words, rest[:end]), rest[end:]
		}
	}
	return strings.Join(words, " ")
}

// createsFromQuery tells CREATE TABLE … AS query from Hive's CREATE TABLE.
func createsFromQuery(text string) bool {
	inside := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '-':
			if end := strings.IndexByte(text[i:], '\n'); strings.HasPrefix(text[i:], "--") && end >= 0 {
				i += end - 1
			}
		case '/':
			if end := strings.Index(text[i:], "*/"); strings.HasPrefix(text[i:], "/*") && end >= 0 {
				i += end + 1
			}
		case '\'', '"', '`':
			if end := strings.IndexByte(text[i+1:], c); end >= 0 {
				i += end + 1
			}
		case '(':
			inside++
		case ')':
			inside--
		default:
			if inside == 0 && i > 0 && strings.ContainsRune(" \t\r\n)", rune(text[i-1])) && len(text) > i+3 && strings.EqualFold(text[i:i+2], "as") && strings.ContainsRune(" \t\r\n(", rune(text[i+2])) {
				next := strings.ToUpper(leading(text[i+2:], 1))
				if next == "SELECT" || next == "WITH" || next == "VALUES" || next == "TABLE" {
					return true
				}
			}
		}
	}
	return false
}
