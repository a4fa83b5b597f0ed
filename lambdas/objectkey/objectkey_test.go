package objectkey

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crawlerless/lambdas/metadata"
)

func TestParse(t *testing.T) {
	ymdh := func(v ...string) []metadata.PartitionValue {
		out := make([]metadata.PartitionValue, len(v))
		for i := range v {
			out[i] = metadata.PartitionValue{Name: Columns()[i], Value: v[i]}
		}
		return out
	}
	const hour = "year=2026/month=11/day=24/hour=04/"
	for _, c := range []struct {
		rule, key string
		want      Place
		err       error
	}{
		{"an object of a source", "logs/app/" + hour + "f-1.gz", Place{"app", ymdh("2026", "11", "24", "04"), "logs/app/" + hour}, nil},
		{"odd characters in the file name", "logs/app/" + hour + "a b+c%20=ü.gz", Place{"app", ymdh("2026", "11", "24", "04"), "logs/app/" + hour}, nil},
		{"a source with a slash", "logs/a/b/" + hour + "f", Place{"a/b", ymdh("2026", "11", "24", "04"), "logs/a/b/" + hour}, nil},
		{"folders below the hour belong to it", "logs/app/" + hour + "x/f", Place{"app", ymdh("2026", "11", "24", "04"), "logs/app/" + hour}, nil},
		{"a value with an equals sign", "logs/app/year=2026/month=11/day=24/hour=a=b/f", Place{"app", ymdh("2026", "11", "24", "a=b"), "logs/app/year=2026/month=11/day=24/hour=a=b/"}, nil},
		{"error output", "errors/app/processing-failed/x", Place{}, ErrOutside},
		{"a directory marker", "logs/app/" + hour, Place{}, ErrMarker},
		{"Hadoop's directory marker", "logs/app/year=2026_$folder$", Place{}, ErrMarker},
		{"the prefix itself", "logs/", Place{}, ErrMarker},
		{"no partition", "logs/app/f.gz", Place{}, ErrLayout},
		{"no source", "logs/" + hour + "f.gz", Place{}, ErrLayout},
		{"a partition column is missing", "logs/app/year=2026/month=11/hour=04/f.gz", Place{}, ErrLayout},
		{"columns in another order", "logs/app/year=2026/day=24/month=11/hour=04/f.gz", Place{}, ErrLayout},
		{"an empty value", "logs/app/year=2026/month=/day=24/hour=04/f.gz", Place{}, ErrLayout},
	} {
		got, err := Parse("logs/", c.key)
		if !errors.Is(err, c.err) || cmp.Diff(c.want, got) != "" {
			t.Errorf("%s: %+v, %v", c.rule, got, err)
		}
	}
}
