package handler

import (
	"encoding/json"
	"fmt"
	"strconv"

	"crawlerless/lambdas/catalogmerge"
)

// Settings are what the stack tells the function, by its environment.
type Settings struct {
	Bucket   string            // LAKE_BUCKET
	Prefix   string            // LAKE_PREFIX, "logs/"
	Database string            // DATABASE
	Mode     catalogmerge.Mode // PARTITIONS
	Tables   map[string]string // TABLES: table by source, as JSON
	// MaxRawBytes is how many unpacked bytes of an object are read:
	// MAX_RAW_BYTES. 0: without a limit.
	MaxRawBytes int64
	// Scratch is where schemas go that are too wide for the state machine:
	// SCRATCH_PREFIX.
	Scratch string
}

// ParseSettings reads the environment; an error names the variable.
func ParseSettings(getenv func(string) string) (Settings, error) {
	s := Settings{
		Bucket: getenv("LAKE_BUCKET"), Prefix: getenv("LAKE_PREFIX"), Database: getenv("DATABASE"),
		Mode: catalogmerge.Mode(getenv("PARTITIONS")), Scratch: getenv("SCRATCH_PREFIX"),
	}
	for _, v := range []struct{ name, value string }{
		{"LAKE_BUCKET", s.Bucket}, {"LAKE_PREFIX", s.Prefix}, {"DATABASE", s.Database}, {"SCRATCH_PREFIX", s.Scratch},
	} {
		if v.value == "" {
			return s, fmt.Errorf("%s is not set", v.name)
		}
	}
	switch s.Mode {
	case "":
		s.Mode = catalogmerge.Registered
	case catalogmerge.Registered, catalogmerge.Projected:
	default:
		return s, fmt.Errorf("PARTITIONS is %q: it is registered or projected", s.Mode)
	}
	if text := getenv("MAX_RAW_BYTES"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return s, fmt.Errorf("MAX_RAW_BYTES is %q: it is a number of bytes, 0 for no limit", text)
		}
		s.MaxRawBytes = n
	}
	if err := json.Unmarshal([]byte(getenv("TABLES")), &s.Tables); err != nil {
		return s, fmt.Errorf("TABLES is no JSON object of tables by source: %w", err)
	}
	return s, nil
}
