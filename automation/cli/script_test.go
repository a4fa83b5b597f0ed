package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/rogpeppe/go-internal/testscript"

	"crawlerless/automation/target"
)

// Every command line as a person or a program types it.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	compiler, err := goEnv("GOCACHE", "GOMODCACHE", "GOPATH")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Cd = root
			cache := filepath.Join(e.WorkDir, "cache", "crawlerless")
			if err := os.MkdirAll(cache, 0o700); err != nil {
				return err
			}
			e.Vars = append(e.Vars, compiler...)
			e.Setenv("XDG_CACHE_HOME", filepath.Join(e.WorkDir, "cache"))
			e.Setenv("XDG_CONFIG_HOME", filepath.Join(e.WorkDir, "config"))
			return shareCompiled(cache)
		},
		Condition: func(name string) (bool, error) {
			if name != "fire" {
				return false, fmt.Errorf("no condition %q", name)
			}
			return *fire, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "json": hasKeys, "helps": helps, "wait-local": waitLocal, "on-aws": onAWS, "tamper": tamper,
			"put": put, "wait-rows": waitRows, "set-config": setConfig,
		},
	})
}

// exits runs a command and compares its exit code: exits 2 automation up. Where
// it depends on the machine: exits 0,1 automation e2e
func exits(ts *testscript.TestScript, _ bool, args []string) {
	got := 0
	err := ts.Exec(args[1], args[2:]...)
	var failed *exec.ExitError
	switch {
	case errors.As(err, &failed):
		got = failed.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if !slices.Contains(strings.Split(args[0], ","), strconv.Itoa(got)) {
		ts.Fatalf("exit code %d, want %s\n%s", got, args[0], ts.ReadFile("stderr"))
	}
}

// hasKeys checks that a file is one JSON document, with these keys if it is an
// object: json stdout rows
func hasKeys(ts *testscript.TestScript, _ bool, args []string) {
	d := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	var doc any
	if err := d.Decode(&doc); err != nil {
		ts.Fatalf("%s is no JSON: %v", args[0], err)
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		ts.Fatalf("after the document in %s comes more: %v", args[0], err)
	}
	for _, key := range args[1:] {
		object, ok := doc.(map[string]any)
		if !ok {
			ts.Fatalf("%s is no object", args[0])
		}
		if v, ok := object[key]; !ok || v == nil {
			ts.Fatalf("%s has no %s", args[0], key)
		}
	}
}

// helps checks the help of every command.
func helps(ts *testscript.TestScript, _ bool, _ []string) {
	for _, name := range []string{
		"demo", "local", "preview", "up", "refresh", "drift", "outputs", "destroy", "e2e", "sweep",
		"backfill", "redrive", "reconcile", "infer", "query", "cost", "guardrails", "doctor", "completion",
	} {
		ts.Check(ts.Exec("automation", name, "--help"))
		text := ts.ReadFile("stdout")
		for _, want := range []string{"Usage: automation " + name, "Examples:", "automation " + name} {
			if !strings.Contains(text, want) {
				ts.Fatalf("%s --help has no %q:\n%s", name, want, text)
			}
		}
	}
}

func endpoint(ts *testscript.TestScript) (string, bool) {
	n, ok, err := readNotice(ts.Getenv("XDG_CACHE_HOME"))
	ts.Check(err)
	return n.Endpoint, ok
}

// notice is where a local target says that it is.
type notice struct {
	Endpoint     string
	ProviderPort int
}

func readNotice(cache string) (n notice, ok bool, err error) {
	b, err := os.ReadFile(filepath.Join(cache, "crawlerless", "local.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return n, false, nil
	}
	if err != nil {
		return n, false, err
	}
	return n, true, json.Unmarshal(b, &n)
}

// environment lets the driver take localaws for AWS.
func (n notice) environment(backend string) map[string]string {
	return map[string]string{
		"AWS_ENDPOINT_URL": n.Endpoint, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"PULUMI_DEBUG_PROVIDERS": "aws:" + strconv.Itoa(n.ProviderPort), "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
		"PULUMI_BACKEND_URL": "file://" + backend, "PULUMI_CONFIG_PASSPHRASE": "test", "PULUMI_HOME": backend + "-home",
	}
}

// onAWS points a script's commands to the running local target.
func onAWS(ts *testscript.TestScript, _ bool, _ []string) {
	n, ok, err := readNotice(ts.Getenv("XDG_CACHE_HOME"))
	ts.Check(err)
	if !ok {
		ts.Fatalf("no local target")
	}
	backend := ts.Getenv("WORK") + "/backend"
	ts.Check(os.MkdirAll(backend, 0o700))
	for name, value := range n.environment(backend) {
		ts.Setenv(name, value)
	}
}

// waitLocal waits for the notice of a local target.
func waitLocal(ts *testscript.TestScript, _ bool, _ []string) {
	for range 3000 {
		if _, ok := endpoint(ts); ok {
			return
		}
		time.Sleep(10 * time.Millisecond) // another process writes the file
	}
	ts.Fatalf("no local target came up")
}

// tamper changes a function's timeout behind Pulumi's back.
func tamper(ts *testscript.TestScript, _ bool, _ []string) {
	at, ok := endpoint(ts)
	if !ok {
		ts.Fatalf("no local target")
	}
	client := lambda.NewFromConfig(target.LocalConfig(at))
	_, err := client.UpdateFunctionConfiguration(context.Background(), &lambda.UpdateFunctionConfigurationInput{
		FunctionName: aws.String("crawlerless-dev-extract"), Timeout: aws.Int32(11),
	})
	ts.Check(err)
}

// put writes a line into an hour of a source of the running local target: put app
// 10 '{"id":1}'
func put(ts *testscript.TestScript, _ bool, args []string) {
	at, ok := endpoint(ts)
	if !ok {
		ts.Fatalf("no local target")
	}
	client := s3.NewFromConfig(target.LocalConfig(at), func(o *s3.Options) { o.UsePathStyle = true })
	buckets, err := client.ListBuckets(context.Background(), &s3.ListBucketsInput{Prefix: aws.String("crawlerless-dev-lake")})
	ts.Check(err)
	if len(buckets.Buckets) != 1 {
		ts.Fatalf("%d lakes", len(buckets.Buckets))
	}
	key := "logs/" + args[0] + "/year=2026/month=11/day=27/hour=" + args[1] + "/x.json"
	_, err = client.PutObject(context.Background(), &s3.PutObjectInput{Bucket: buckets.Buckets[0].Name, Key: &key, Body: strings.NewReader(args[2] + "\n")})
	ts.Check(err)
}

// waitRows waits until a table of the running local target has so many rows:
// wait-rows app 1
func waitRows(ts *testscript.TestScript, _ bool, args []string) {
	for range 300 {
		err := ts.Exec("automation", "query", "--target", "local", "--json", "SELECT count(*) AS n, count(id) AS m FROM "+args[0])
		if want := `"` + args[1] + `"`; err == nil && strings.Count(ts.ReadFile("stdout"), want) == 2 {
			return
		}
	}
	ts.Fatalf("there are not %s rows:\n%s%s", args[1], ts.ReadFile("stdout"), ts.ReadFile("stderr"))
}

// setConfig adds a line to the configuration of the stage dev in the script's
// folder: set-config crawlerless:partitions projected
func setConfig(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs("Pulumi.dev.yaml")
	b, err := os.ReadFile(path)
	ts.Check(err)
	ts.Check(os.WriteFile(path, append(b, "  "+args[0]+": "+args[1]+"\n"...), 0o600))
}
