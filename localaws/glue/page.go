package glue

import (
	"encoding/base64"
	"slices"
)

// page cuts one page out of sorted keys. The token names the last key that was
// given out, so that a listing that goes on while keys come and go neither
// repeats nor skips one that was there all the time.
func page(sorted []string, token *string, size int) (keys []string, next *string, err error) {
	start := 0
	if token != nil && *token != "" {
		last, err := base64.RawURLEncoding.DecodeString(*token)
		if err != nil {
			return nil, nil, invalid("Invalid pagination token provided.")
		}
		var found bool
		if start, found = slices.BinarySearch(sorted, string(last)); found {
			start++
		}
	}
	end := min(start+size, len(sorted))
	keys = sorted[start:end]
	if end < len(sorted) {
		t := base64.RawURLEncoding.EncodeToString([]byte(sorted[end-1]))
		next = &t
	}
	return keys, next, nil
}
