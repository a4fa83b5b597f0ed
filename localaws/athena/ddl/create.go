package ddl

import "strings"

func (p *parser) createDatabase() (Statement, error) {
	s := &CreateDatabase{IfNotExists: p.take("if", "not", "exists"), Properties: map[string]string{}}
	var err error
	if s.Name, err = p.ident(); err != nil {
		return nil, err
	}
	for {
		switch {
		case p.take("comment"):
			s.Comment, err = p.text()
		case p.take("location"):
			s.Location, err = p.text()
		case p.take("with", "dbproperties"):
			s.Properties, err = p.properties()
		default:
			return s, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func (p *parser) dropDatabase() (Statement, error) {
	s := &DropDatabase{IfExists: p.take("if", "exists")}
	var err error
	if s.Name, err = p.ident(); err != nil {
		return nil, err
	}
	if s.Cascade = p.take("cascade"); !s.Cascade {
		p.take("restrict")
	}
	return s, nil
}

func (p *parser) dropTable(view bool) (Statement, error) {
	s := &DropTable{IfExists: p.take("if", "exists"), View: view}
	var err error
	s.Name, err = p.name()
	return s, err
}

// formats are what STORED AS names: SerDe, input format, output format.
// https://docs.aws.amazon.com/athena/latest/ug/supported-serdes.html
var formats = map[string][3]string{
	"textfile": {lazySimple, textInput, textOutput},
	"sequencefile": {
		lazySimple, "org.apache.hadoop.mapred.SequenceFileInputFormat", "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat",
	},
	"parquet": {
		"org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
		"org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat", "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
	},
	"orc": {
		"org.apache.hadoop.hive.ql.io.orc.OrcSerde", "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat", "org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat",
	},
	"avro": {
		"org.apache.hadoop.hive.serde2.avro.AvroSerDe",
		"org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat", "org.apache.hadoop.hive.ql.io.avro.AvroContainerOutputFormat",
	},
	"rcfile": {
		"org.apache.hadoop.hive.serde2.columnar.LazyBinaryColumnarSerDe",
		"org.apache.hadoop.hive.ql.io.RCFileInputFormat", "org.apache.hadoop.hive.ql.io.RCFileOutputFormat",
	},
	"ion": {
		"com.amazon.ionhiveserde.IonHiveSerDe", "com.amazon.ionhiveserde.formats.IonInputFormat", "com.amazon.ionhiveserde.formats.IonOutputFormat",
	},
}

const (
	lazySimple = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
	textInput  = "org.apache.hadoop.mapred.TextInputFormat"
	textOutput = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
)

func (p *parser) createTable() (*CreateTable, error) {
	s := &CreateTable{IfNotExists: p.take("if", "not", "exists"), SerDeProperties: map[string]string{}, Properties: map[string]string{}}
	var err error
	if s.Name, err = p.name(); err != nil {
		return nil, err
	}
	if p.take("like") {
		return nil, &Unsupported{"CREATE TABLE LIKE"}
	}
	if p.is("(") {
		if s.Columns, err = p.columns(); err != nil {
			return nil, err
		}
	}
	for {
		switch {
		case p.take("comment"):
			s.Comment, err = p.text()
		case p.take("partitioned", "by"):
			s.Partitions, err = p.columns()
		case p.take("clustered", "by"):
			err = p.clustered(s)
		case p.take("row", "format", "serde"):
			s.SerDe, err = p.text()
		case p.take("row", "format", "delimited"):
			s.SerDe = lazySimple
			err = p.delimited(s)
		case p.take("with", "serdeproperties"):
			s.SerDeProperties, err = p.properties()
		case p.take("stored", "as", "inputformat"):
			if s.InputFormat, err = p.text(); err == nil {
				if err = p.need("outputformat"); err == nil {
					s.OutputFormat, err = p.text()
				}
			}
		case p.take("stored", "as"):
			f, ok := formats[strings.ToLower(p.peek().text)]
			if !ok {
				return nil, p.fail("Unrecognized file format in STORED AS clause")
			}
			p.at++
			if s.SerDe == "" {
				s.SerDe = f[0]
			}
			s.InputFormat, s.OutputFormat = f[1], f[2]
		case p.take("stored", "by"):
			return nil, &Unsupported{"STORED BY"}
		case p.take("location"):
			s.Location, err = p.text()
		case p.take("tblproperties"):
			s.Properties, err = p.properties()
		default:
			return s, p.finished(s)
		}
		if err != nil {
			return nil, err
		}
	}
}

// finished fills in what a statement leaves out.
func (p *parser) finished(s *CreateTable) error {
	if s.SerDe == "" {
		s.SerDe = lazySimple
		if s.SerDeProperties["serialization.format"] == "" && s.SerDeProperties["field.delim"] == "" {
			s.SerDeProperties["serialization.format"] = "1"
		}
	}
	if s.InputFormat == "" {
		s.InputFormat, s.OutputFormat = textInput, textOutput
	}
	seen := map[string]bool{}
	for _, c := range append(append([]Column{}, s.Columns...), s.Partitions...) {
		if seen[c.Name] {
			return &Error{1, 0, "Duplicate column name: " + c.Name}
		}
		seen[c.Name] = true
	}
	return nil
}

func (p *parser) clustered(s *CreateTable) error {
	if err := p.need("("); err != nil {
		return err
	}
	for {
		n, err := p.ident()
		if err != nil {
			return err
		}
		s.BucketColumns = append(s.BucketColumns, n)
		if p.take(")") {
			break
		}
		if err := p.need(","); err != nil {
			return err
		}
	}
	if err := p.need("into"); err != nil {
		return err
	}
	var err error
	if s.Buckets, err = p.number(); err != nil {
		return err
	}
	return p.need("buckets")
}

func (p *parser) delimited(s *CreateTable) error {
	set := func(names ...string) error {
		value, err := p.text()
		for _, n := range names {
			s.SerDeProperties[n] = value
		}
		return err
	}
	for {
		var err error
		switch {
		case p.take("fields", "terminated", "by"):
			if err = set("field.delim", "serialization.format"); err == nil && p.take("escaped", "by") {
				err = set("escape.delim")
			}
		case p.take("collection", "items", "terminated", "by"):
			err = set("collection.delim")
		case p.take("map", "keys", "terminated", "by"):
			err = set("mapkey.delim")
		case p.take("lines", "terminated", "by"):
			err = set("line.delim")
		case p.take("null", "defined", "as"):
			err = set("serialization.null.format")
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
}
