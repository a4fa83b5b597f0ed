package provider

import (
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func int32p(p *int64) *int32 {
	if p == nil {
		return nil
	}
	return aws.Int32(int32(*p))
}

func int64p(p *int32) *int64 {
	if p == nil {
		return nil
	}
	return aws.Int64(int64(*p))
}

// nonZero is a pointer to n, or nil for 0: where 0 stands for "not set".
func nonZero(n int64) *int32 {
	if n == 0 {
		return nil
	}
	return aws.Int32(int32(n))
}

// propagating says that AWS refuses a call because it does not know a principal
// or role yet, or may not yet use it. IAM is eventually consistent (IAM user
// guide, "Changes that I make are not always immediately visible").
func propagating(err error) bool {
	m := strings.ToLower(message(err))
	for _, hint := range []string{
		"invalid principal", "cannot be assumed", "unable to assume", "could not assume", "not authorized to assume",
		"trust relationship", "sts:assumerole", "could not deliver test message", "does not have permission",
		"is not authorized to perform", "the role defined for the function", "verify that the provided role", "access denied for logdestination",
	} {
		if strings.Contains(m, hint) {
			return true
		}
	}
	return false
}

// delta is what to set and what to remove so that tags that are become those
// that should be.
func delta(are, should map[string]string) (set map[string]string, remove []string) {
	set = map[string]string{}
	for k, v := range should {
		if old, ok := are[k]; !ok || old != v {
			set[k] = v
		}
	}
	for _, k := range sortedKeys(are) {
		if _, ok := should[k]; !ok {
			remove = append(remove, k)
		}
	}
	return set, remove
}

func parseFloat(what, s string) (float64, error) {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %q is no number", what, s)
	}
	return n, nil
}

func formatFloat(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// filterID is the id that terraform-provider-aws gives a subscription filter:
// from the time when a log group could have one only.
func filterID(group string) string {
	return fmt.Sprintf("cwlsf-%d", crc32.ChecksumIEEE([]byte(group+"-")))
}

func containsFold(s string, any ...string) bool {
	s = strings.ToLower(s)
	for _, a := range any {
		if strings.Contains(s, strings.ToLower(a)) {
			return true
		}
	}
	return false
}
