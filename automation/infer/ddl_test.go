package infer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	query "crawlerless/automation/athena"
	"crawlerless/localaws"
	"crawlerless/localaws/localawstest"
)

// TestTheDDLRunsAndTheTableReadsTheFiles puts files into a bucket under the very
// paths that infer saw, runs the statement that infer printed, and reads every
// column.
func TestTheDDLRunsAndTheTableReadsTheFiles(t *testing.T) {
	files := map[string]string{
		"year=2026/month=01/a.json": `{"id":1,"Message":"it's \"quoted\"","select":true,"nested":{"From":"x","list":[{"a-b":1.5}]},"year":1999}` + "\n",
		"year=2026/month=02/b.json": `{"id":2.5,"message":"m","user name":"ann","nested":{"From":"y","list":[]},"tags":["t"]}` + "\n" + "not json\n",
		// As CloudTrail writes it: to a SerDe that ignores case, no record at all.
		"year=2026/month=03/c.json": `{"id":3,"params":{"Tagging":{"Key":"k"},"tagging":""}}` + "\n",
	}
	dir := t.TempDir()
	server := localawstest.Start(t, localaws.Options{})
	c := server.Config()
	objects := s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true })
	for _, b := range []string{"lake", "results"} {
		if _, err := objects.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(b)}); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := objects.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("lake"), Key: aws.String("app/" + name), Body: strings.NewReader(text)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := glue.NewFromConfig(c).CreateDatabase(t.Context(), &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: aws.String("db")}}); err != nil {
		t.Fatal(err)
	}
	api := athena.NewFromConfig(c)
	if _, err := api.CreateWorkGroup(t.Context(), &athena.CreateWorkGroupInput{Name: aws.String("w"), Configuration: &types.WorkGroupConfiguration{
		ResultConfiguration: &types.ResultConfiguration{OutputLocation: aws.String("s3://results/")},
	}}); err != nil {
		t.Fatal(err)
	}
	client := &query.Client{API: api, Workgroup: "w", Database: "db"}

	_, ddl, err := run(Options{Paths: []string{dir}, DDL: true, Table: "db.app", Location: "s3://lake/app/"}, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{ddl, "MSCK REPAIR TABLE db.app"} {
		if _, err := client.Query(t.Context(), statement, 0); err != nil {
			t.Fatalf("%s\n%v", statement, err)
		}
	}
	all, err := client.Query(t.Context(), "SELECT * FROM app", 0)
	if err != nil {
		t.Fatalf("%s\n%v", ddl, err)
	}
	if len(all.Rows) != 4 {
		t.Errorf("%d rows, want one for each line\n%s", len(all.Rows), ddl)
	}
	for i, name := range all.Columns { // every column has a value somewhere
		found := false
		for _, row := range all.Rows {
			found = found || row[i] != nil
		}
		if !found {
			t.Errorf("column %s is NULL everywhere\n%s", name, ddl)
		}
	}
	rows, err := client.Query(t.Context(), `SELECT id, nested."from", "$path" FROM app WHERE month = '02' AND id IS NOT NULL`, 0)
	if err != nil || len(rows.Rows) != 1 || *rows.Rows[0][0] != "2.5" || *rows.Rows[0][1] != "y" || *rows.Rows[0][2] != "s3://lake/app/year=2026/month=02/b.json" {
		t.Errorf("%v %v\n%s", rows, err, ddl)
	}
	rows, err = client.Query(t.Context(), `SELECT id, params['Tagging'], params['tagging'] FROM app WHERE month = '03'`, 0)
	if err != nil || len(rows.Rows) != 1 || rows.Rows[0][0] == nil || *rows.Rows[0][0] != "3.0" || *rows.Rows[0][1] != `{"Key":"k"}` || *rows.Rows[0][2] != "" {
		t.Errorf("%v %v\n%s", rows, err, ddl)
	}
}
