package pipeline

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// PartitionColumns are the columns that come from the key, in its order.
var PartitionColumns = [...]string{"year", "month", "day", "hour"}

// catalog is the Glue database with one table per source.
type catalog struct {
	database *glue.CatalogDatabase
	table    map[string]*glue.CatalogTable // by source
	order    []string
}

func (c *catalog) tables() pulumi.StringMap {
	m := pulumi.StringMap{}
	for s, t := range c.table {
		m[s] = t.Name
	}
	return m
}

// names is the table of each source as JSON, for the functions.
func (c *catalog) namesJSON() (string, error) {
	m := map[string]string{}
	for s := range c.table {
		m[s] = TableName(s)
	}
	b, err := json.Marshal(m)
	return string(b), err
}

func (p *program) catalog(lake *lake, sources sourceList) (*catalog, error) {
	database, err := glue.NewCatalogDatabase(p.ctx, p.names.of("catalog"), &glue.CatalogDatabaseArgs{
		Name:        pulumi.String(DatabaseName(p.names.stage)),
		Description: pulumi.String("Logs of the stage " + p.names.stage + ", catalogued by crawlerless"),
		Tags:        p.tags(),
	}, p.child(), p.keep())
	if err != nil {
		return nil, err
	}
	c := &catalog{database: database, table: map[string]*glue.CatalogTable{}}
	for _, s := range sources {
		table, err := p.table(database, lake, s)
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", s.Name, err)
		}
		c.table[s.Name] = table
		c.order = append(c.order, s.Name)
	}
	return c, nil
}

// table makes the table of a source, without columns: those come from the logs,
// through the catalog function, and Pulumi leaves them alone from then on.
func (p *program) table(database *glue.CatalogDatabase, lake *lake, s source) (*glue.CatalogTable, error) {
	keys := glue.CatalogTablePartitionKeyArray{}
	for _, name := range PartitionColumns {
		keys = append(keys, &glue.CatalogTablePartitionKeyArgs{Name: pulumi.String(name), Type: pulumi.String("string")})
	}
	location := pulumi.Sprintf("s3://%s/%s%s/", lake.bucket.Bucket, LogsPrefix, s.Name)
	return glue.NewCatalogTable(p.ctx, p.names.of("table-"+s.Name), &glue.CatalogTableArgs{
		Name:          pulumi.String(TableName(s.Name)),
		DatabaseName:  database.Name,
		Description:   pulumi.String("Events of " + s.LogGroup),
		TableType:     pulumi.String("EXTERNAL_TABLE"),
		Parameters:    p.tableParameters(location),
		PartitionKeys: keys,
		StorageDescriptor: &glue.CatalogTableStorageDescriptorArgs{
			Location:     location,
			InputFormat:  pulumi.String("org.apache.hadoop.mapred.TextInputFormat"),
			OutputFormat: pulumi.String("org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"),
			Compressed:   pulumi.Bool(true),
			SerDeInfo: &glue.CatalogTableStorageDescriptorSerDeInfoArgs{
				SerializationLibrary: pulumi.String("org.openx.data.jsonserde.JsonSerDe"),
				Parameters: pulumi.StringMap{
					// A malformed line is a row of NULLs, not the end of the query.
					"ignore.malformed.json": pulumi.String("true"),
				},
			},
		},
	}, p.child(), pulumi.Parent(database), p.keep(), pulumi.IgnoreChanges([]string{
		"storageDescriptor.columns", "storageDescriptor.serDeInfo.parameters",
		`parameters["crawlerless.schema"]`, // the keys that the catalog function has met
	}))
}

// tableParameters are the table's properties; in projected mode they are all
// that Athena needs to know of partitions.
// https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
func (p *program) tableParameters(location pulumi.StringOutput) pulumi.StringMap {
	m := pulumi.StringMap{
		"EXTERNAL":        pulumi.String("TRUE"),
		"classification":  pulumi.String("json"),
		"compressionType": pulumi.String("gzip"),
	}
	if p.config.Partitions != Projected {
		return m
	}
	m["projection.enabled"] = pulumi.String("true")
	ranges := map[string]string{"year": fmt.Sprintf("%d,2100", p.config.ProjectionFrom), "month": "1,12", "day": "1,31", "hour": "0,23"}
	for _, name := range PartitionColumns {
		m["projection."+name+".type"] = pulumi.String("integer")
		m["projection."+name+".range"] = pulumi.String(ranges[name])
		if name != "year" {
			m["projection."+name+".digits"] = pulumi.String("2")
		}
	}
	m["storage.location.template"] = pulumi.Sprintf("%syear=${year}/month=${month}/day=${day}/hour=${hour}/", location)
	return m
}
