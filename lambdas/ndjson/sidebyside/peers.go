package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// peer is one way to do the job, or its first half.
type peer struct {
	name    string
	does    string   // what of the job
	command []string // FILE and TIME stand for the corpus and its time field
	env     []string
	answers bool // prints an answer, which must be that of the others
	goal    float64
	aim     float64 // of our speed, as a multiple of the peer's
}

const (
	wholeJob = "schema, count, times"
	noTypes  = "count, times; no types"
	unpacks  = "unpacks only"
)

// find lists the peers that are there, and those that are not with how to get
// them.
func (b *bench) find(temp string) {
	mine := func(name, does string, goal, aim float64) peer {
		return peer{name: name, does: does, command: []string{b.self, "peer", name, "FILE"}, answers: does != unpacks, goal: goal, aim: aim}
	}
	b.peers = []peer{
		mine("crawlerless", wholeJob, 0, 0),
		mine("klauspost", unpacks, 1.35, 2),
		mine("compress/gzip", unpacks, 0, 0),
		mine("jsontext", noTypes, 0, 0),
		mine("maps", noTypes, 0, 0),
	}
	b.tool("igzip", "Debian's package isal", peer{does: unpacks, goal: 0.58, aim: 0.70, command: []string{"igzip", "-d", "-c", "FILE"}})
	b.tool("libdeflate-gunzip", "Debian's package libdeflate-tools", peer{does: unpacks, command: []string{"libdeflate-gunzip", "-c", "FILE"}})
	b.duckDB(temp)
	b.tool("clickhouse", "https://clickhouse.com/docs/install (a single binary, on PATH)", peer{
		does: "schema, count",
		command: []string{
			"clickhouse", "local", "--max_threads=1", "--query",
			"SET input_format_max_rows_to_read_for_schema_inference=1000000000, input_format_max_bytes_to_read_for_schema_inference=100000000000; " +
				"DESCRIBE file('FILE', 'JSONEachRow'); SELECT count(), min(TIME), max(TIME) FROM file('FILE', 'JSONEachRow')",
		},
	})
	polars := peer{
		name: "polars", does: "schema, count", env: []string{"POLARS_MAX_THREADS=1"},
		command: []string{
			"python3", "-c", "import gzip,io,sys,polars as pl; d=pl.read_ndjson(io.BytesIO(gzip.open(sys.argv[1]).read()),infer_schema_length=None); print(d.schema,d.height,d[sys.argv[2]].min(),d[sys.argv[2]].max())",
			"FILE", "TIME",
		},
	}
	if err := exec.Command("python3", "-c", "import polars").Run(); err != nil {
		b.missing = append(b.missing, "polars: python3 -m pip install polars")
	} else {
		b.peers = append(b.peers, polars)
	}
}

func (b *bench) tool(name, where string, p peer) {
	path, err := exec.LookPath(name)
	if err != nil {
		b.missing = append(b.missing, name+": "+where)
		return
	}
	p.name, p.command[0] = name, path
	b.peers = append(b.peers, p)
}

// duckDB builds the peer that the project's own DuckDB is, which needs cgo and
// the repository.
func (b *bench) duckDB(temp string) {
	out := filepath.Join(temp, "duckinfer")
	build := exec.Command("go", "build", "-o", out, "crawlerless/localaws/athena/duckinfer")
	build.Env = append(os.Environ(), "CGO_ENABLED=1")
	if text, err := build.CombinedOutput(); err != nil {
		b.missing = append(b.missing, fmt.Sprintf("duckdb: go build ./localaws/athena/duckinfer needs Go, a C compiler and this repository (%v: %.200s)", err, strings.TrimSpace(string(text))))
		return
	}
	b.peers = append(b.peers, peer{name: "duckdb", does: wholeJob, goal: 7, aim: 9, command: []string{out, "FILE", "TIME"}, answers: true})
}
