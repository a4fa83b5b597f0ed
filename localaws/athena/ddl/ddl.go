// Package ddl reads the statements that Athena hands to Hive: CREATE, DROP and
// ALTER of databases, tables and partitions, MSCK REPAIR TABLE, SHOW and
// DESCRIBE. It only reads: package athena carries them out on the catalog.
//
// Names are quoted with back-ticks (or double quotes), texts with single or
// double quotes in which a backslash escapes.
// https://docs.aws.amazon.com/athena/latest/ug/ddl-reference.html
package ddl

import "crawlerless/localaws/athena/hive"

// Name is a table with its database, which is "" where the statement has none.
// Both are lower case.
type Name struct{ Database, Table string }

// Column is a column as a statement declares it.
type Column struct {
	Name    string // lower case
	Type    hive.Type
	Comment string
}

// Partition is PARTITION (key = value, …) with its location.
type Partition struct {
	Keys     []Condition
	Location string
}

// Condition is one key of a partition. Operator is = but in DROP PARTITION.
type Condition struct{ Key, Operator, Value string }

// Statement is one of the types below.
type Statement interface{}

type (
	// CreateDatabase is CREATE DATABASE or SCHEMA.
	CreateDatabase struct {
		IfNotExists       bool
		Name              string
		Comment, Location string
		Properties        map[string]string
	}
	// DropDatabase is DROP DATABASE or SCHEMA.
	DropDatabase struct {
		IfExists, Cascade bool
		Name              string
	}
	// CreateTable is CREATE EXTERNAL TABLE.
	CreateTable struct {
		IfNotExists               bool
		Name                      Name
		Columns, Partitions       []Column
		Comment                   string
		SerDe                     string
		SerDeProperties           map[string]string
		InputFormat, OutputFormat string
		Location                  string
		Properties                map[string]string
		Buckets                   int
		BucketColumns             []string
	}
	// DropTable is DROP TABLE or DROP VIEW.
	DropTable struct {
		IfExists, View bool
		Name           Name
	}
	// Repair is MSCK REPAIR TABLE.
	Repair struct{ Name Name }
	// AddPartitions is ALTER TABLE ADD PARTITION.
	AddPartitions struct {
		Name        Name
		IfNotExists bool
		Partitions  []Partition
	}
	// DropPartitions is ALTER TABLE DROP PARTITION.
	DropPartitions struct {
		Name       Name
		IfExists   bool
		Partitions []Partition
	}
	// RenamePartition is ALTER TABLE PARTITION (…) RENAME TO PARTITION (…).
	RenamePartition struct {
		Name     Name
		From, To Partition
	}
	// SetLocation is ALTER TABLE [PARTITION (…)] SET LOCATION.
	SetLocation struct {
		Name      Name
		Partition *Partition
		Location  string
	}
	// AddColumns is ALTER TABLE ADD COLUMNS, or REPLACE COLUMNS.
	AddColumns struct {
		Name    Name
		Replace bool
		Columns []Column
	}
	// SetProperties is ALTER TABLE SET TBLPROPERTIES.
	SetProperties struct {
		Name       Name
		Properties map[string]string
	}
	// Show is SHOW: What is DATABASES, TABLES, VIEWS, COLUMNS, PARTITIONS,
	// CREATE TABLE, CREATE VIEW or TBLPROPERTIES.
	Show struct {
		What     string
		Name     Name // of COLUMNS and what follows it; Database alone of TABLES
		Like     string
		Property string
	}
	// Describe is DESCRIBE of a table.
	Describe struct {
		Name      Name
		Style     string // "", EXTENDED or FORMATTED
		Partition *Partition
		Column    string
	}
)
