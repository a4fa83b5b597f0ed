package glue

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func filterKeys() []types.Column {
	column := func(name, kind string) types.Column {
		return types.Column{Name: aws.String(name), Type: aws.String(kind)}
	}
	return []types.Column{column("year", "string"), column("month", "int"), column("day", "date")}
}

func TestFilterChoosesPartitionsLikeAWhereClause(t *testing.T) {
	partitions := [][]string{
		{"2023", "9", "2023-09-30"},
		{"2023", "10", "2023-10-01"},
		{"2024", "2", "2024-02-29"},
		{hiveNull, hiveNull, hiveNull},
	}
	tests := []struct {
		rule, expression string
		want             []int // indexes
	}{
		{"equality of strings", "year = '2023'", []int{0, 1}},
		{"names fold", "YEAR = '2023'", []int{0, 1}},
		{"a number stands for its text where the key is a string", "year = 2023", []int{0, 1}},
		{"inequality leaves out NULL", "year <> '2023'", []int{2}},
		{"!= is <>", "year != '2023'", []int{2}},
		{"integers compare as numbers, 9 before 10", "month < 10", []int{0, 2}},
		{"an integer key takes a quoted literal", "month >= '10'", []int{1}},
		{"leading zeros do not matter to numbers", "month = '09'", []int{0}},
		{"the literal may come first", "10 > month", []int{0, 2}},
		{"between includes both ends", "month BETWEEN 2 AND 9", []int{0, 2}},
		{"not between", "month NOT BETWEEN 2 AND 9", []int{1}},
		{"in", "year IN ('2022', '2024')", []int{2}},
		{"not in leaves out NULL", "year NOT IN ('2022', '2024')", []int{0, 1}},
		{"like with any characters", "year LIKE '20_4'", []int{2}},
		{"like takes dots as they are", "day LIKE '2023.%'", nil},
		{"not like", "year NOT LIKE '2023'", []int{2}},
		{"AND binds closer than OR", "year = '2024' OR year = '2023' AND month = 9", []int{0, 2}},
		{"brackets", "(year = '2024' OR year = '2023') AND month = 9", []int{0}},
		{"NOT of a bracket", "NOT (year = '2024' OR month = 9)", []int{1}},
		{"NOT of unknown stays unknown", "NOT year = '2024'", []int{0, 1}},
		{"a date literal", "day >= DATE '2023-10-01'", []int{1, 2}},
		{"IS NULL finds Hive's NULL", "year IS NULL", []int{3}},
		{"IS NOT NULL", "year IS NOT NULL", []int{0, 1, 2}},
		{"quotes are doubled inside a string", "year = 'it''s'", nil},
		{"names may be quoted", "\"year\" = '2024' AND `month` = 2", []int{2}},
		{"unknown or true is true", "month > 100 OR year IS NULL", []int{3}},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			matches, err := parseFilter(test.expression, filterKeys())
			if err != nil {
				t.Fatal(err)
			}
			var got []int
			for i, values := range partitions {
				keep, err := matches(values)
				if err != nil {
					t.Fatal(err)
				}
				if keep == yes {
					got = append(got, i)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("%s chose %v, want %v", test.expression, got, test.want)
			}
		})
	}
}

func TestFilterRefusesWhatItCannotJudge(t *testing.T) {
	keys := append(filterKeys(), types.Column{Name: aws.String("m"), Type: aws.String("map<string,string>")})
	for _, expression := range []string{
		"hour = '1'", "year", "year =", "year = '1' AND", "(year = '1'", "year = '1')", "year ~ '1'",
		"year = 'open", "month = 'abc'", "month IN ()", "year BETWEEN '1'", "year NOT = '1'", "m = 'x'",
		"year LIKE month", "year IS 1", "= '1'", "year = '1' year = '2'", "month = 1e9",
	} {
		_, err := parseFilter(expression, keys)
		if err == nil || !strings.HasPrefix(err.Error(), "InvalidInputException") {
			t.Errorf("%s: got %v, want InvalidInputException", expression, err)
		}
	}
}

func FuzzFilterNeverPanics(f *testing.F) {
	f.Add("year = '2023' AND month IN (1, 2) OR NOT day BETWEEN '1' AND '2'")
	f.Fuzz(func(t *testing.T, expression string) {
		matches, err := parseFilter(expression, filterKeys())
		if err != nil {
			return
		}
		if keep, err := matches([]string{"2023", "9", "2023-09-30"}); err == nil && (keep < no || keep > yes) {
			t.Fatalf("%q: truth %d", expression, keep)
		}
	})
}
