package lambda_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"crawlerless/localaws/clock"
	"crawlerless/localaws/cloud"
	"crawlerless/localaws/iam"
	"crawlerless/localaws/lambda"
	"crawlerless/localaws/logs"
	"crawlerless/localaws/s3"
	"crawlerless/localaws/sqs"
	"crawlerless/localaws/sts"
	"crawlerless/localaws/wire"
)

// bootstrap is the probe, compiled once for all tests of the package.
var bootstrap []byte

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "probe")
	if err == nil {
		bootstrap, err = build(filepath.Join(dir, "bootstrap"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(code)
	}))
}

func build(path string) ([]byte, error) {
	cmd := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", path, "./testdata/probe")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the probe: %w\n%s", err, out)
	}
	return os.ReadFile(path)
}

type ids struct{}

func (ids) UUID() string { return uuid.NewString() }
func (ids) Hex(n int) string {
	text := ""
	for len(text) < n {
		u := uuid.New()
		text += fmt.Sprintf("%x", u[:])
	}
	return text[:n]
}

// metrics remembers what is reported.
type metrics struct {
	mu   sync.Mutex
	sums map[string]float64
}

func (m *metrics) Put(namespace, name string, value float64, _ string, dimensions ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sums[fmt.Sprint(namespace, " ", name, " ", dimensions)] += value
}

func (m *metrics) sum(name, function string) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sums[fmt.Sprint("AWS/Lambda ", name, " ", []string{"FunctionName", function})]
}

type noEvents struct{}

func (noEvents) Emit(context.Context, cloud.Event) {}

// world is Lambda with the services it calls.
type world struct {
	t       *testing.T
	service *lambda.Service
	clock   *clock.Clock
	client  *sdk.Client
	logs    *cloudwatchlogs.Client
	iam     *awsiam.Client
	sqs     *awssqs.Client
	s3      *awss3.Client
	metrics *metrics
	url     string
	dir     string
	log     *bytes.Buffer
}

const account = "123456789012"

func newWorld(t *testing.T, c *clock.Clock, options ...lambda.Option) *world {
	t.Helper()
	w := &world{t: t, clock: c, metrics: &metrics{sums: map[string]float64{}}, dir: t.TempDir(), log: &bytes.Buffer{}}
	var handler *wire.Handler
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { handler.ServeHTTP(rw, r) }))
	w.url = server.URL
	env := cloud.Env{
		Account: account, Region: "us-east-1", Partition: "aws", Clock: c, Log: slog.New(slog.NewTextHandler(&locked{w: w.log}, nil)),
		IDs: ids{}, Metrics: w.metrics, Events: noEvents{}, Endpoint: func() string { return server.URL }, Dir: w.dir,
	}
	identity, err := iam.New(env, func() http.RoundTripper { return handler.Transport() })
	if err != nil {
		t.Fatal(err)
	}
	env.Roles = identity
	groups, queues := logs.New(env), sqs.New(env)
	objects, err := s3.New(env)
	if err != nil {
		t.Fatal(err)
	}
	w.service = lambda.New(env, append([]lambda.Option{lambda.WithCodeFromS3(identity.As)}, options...)...)
	handler = wire.NewHandler(identity, []wire.Service{identity.Wire(), sts.New(env, identity).Wire(), groups.Wire(), queues.Wire(), objects.Wire(), w.service.Wire()})
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		w.service.Close()
		queues.Close()
		objects.Close()
		groups.Close()
		c.Close()
	})
	cfg := aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider(iam.FixedKey, iam.FixedSecret, ""),
		HTTPClient: &http.Client{Transport: handler.Transport()}, RetryMaxAttempts: 1,
	}
	w.s3 = awss3.NewFromConfig(cfg, func(o *awss3.Options) { o.UsePathStyle = true })
	w.client, w.logs, w.iam, w.sqs = sdk.NewFromConfig(cfg), cloudwatchlogs.NewFromConfig(cfg), awsiam.NewFromConfig(cfg), awssqs.NewFromConfig(cfg)
	return w
}

type locked struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

const lambdaTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// role makes a role for functions with a policy of allowed actions.
func (w *world) role(name string, actions ...string) string {
	w.t.Helper()
	ctx := context.Background()
	out, err := w.iam.CreateRole(ctx, &awsiam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(lambdaTrust)})
	if err != nil {
		w.t.Fatal(err)
	}
	if len(actions) > 0 {
		doc, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Allow", "Action": actions, "Resource": "*"}}})
		if err != nil {
			w.t.Fatal(err)
		}
		if _, err := w.iam.PutRolePolicy(ctx, &awsiam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("p"), PolicyDocument: aws.String(string(doc))}); err != nil {
			w.t.Fatal(err)
		}
	}
	return *out.Role.Arn
}

// logging is a role that may do all that CloudWatch Logs needs.
func (w *world) logging() string {
	return w.role("logging", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage")
}

func zipOf(t *testing.T, name string, body []byte, mode os.FileMode) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: name, Method: zip.Store}
	h.SetMode(mode)
	f, err := z.CreateHeader(h)
	if err == nil {
		_, err = f.Write(body)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func machine() types.Architecture {
	if runtime.GOARCH == "arm64" {
		return types.ArchitectureArm64
	}
	return types.ArchitectureX8664
}

func (w *world) input(name, role string) *sdk.CreateFunctionInput {
	return &sdk.CreateFunctionInput{
		FunctionName: &name, Role: &role, Handler: aws.String("bootstrap"), Runtime: types.RuntimeProvidedal2023,
		Architectures: []types.Architecture{machine()}, Code: &types.FunctionCode{ZipFile: zipOf(w.t, "bootstrap", bootstrap, 0o755)},
	}
}

func (w *world) create(in *sdk.CreateFunctionInput) *sdk.CreateFunctionOutput {
	w.t.Helper()
	out, err := w.client.CreateFunction(context.Background(), in)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

type answer struct {
	PID, Child, Calls    int
	RequestID, ARN, Text string
	Left                 int64
	Env, Client          map[string]string
}

func (w *world) invoke(name, event string) (*sdk.InvokeOutput, answer) {
	w.t.Helper()
	out, err := w.client.Invoke(context.Background(), &sdk.InvokeInput{FunctionName: &name, Payload: []byte(event), LogType: types.LogTypeTail})
	if err != nil {
		w.t.Fatal(err)
	}
	var a answer
	if out.FunctionError == nil {
		if err := json.Unmarshal(out.Payload, &a); err != nil {
			w.t.Fatalf("%v: %s", err, out.Payload)
		}
	}
	return out, a
}

// messages are all events of a group, stream by stream.
func (w *world) messages(group string) []string {
	w.t.Helper()
	var out []string
	p := cloudwatchlogs.NewFilterLogEventsPaginator(w.logs, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group})
	for p.HasMorePages() {
		page, err := p.NextPage(context.Background())
		if err != nil {
			w.t.Fatal(err)
		}
		for _, e := range page.Events {
			out = append(out, *e.Message)
		}
	}
	return out
}

// advance moves a frozen clock.
func (w *world) advance(d time.Duration) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := w.clock.Advance(ctx, d); err != nil {
		w.t.Fatal(err)
	}
}

// gone reports whether no process has this id, or only its remains.
func gone(pid int) bool {
	state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return exec.Command("kill", "-0", fmt.Sprint(pid)).Run() != nil
	}
	_, rest, _ := bytes.Cut(state, []byte(") "))
	return bytes.HasPrefix(rest, []byte("Z"))
}

// untrust takes Lambda's permission to assume a role.
func (w *world) untrust(name string) {
	w.t.Helper()
	_, err := w.iam.UpdateAssumeRolePolicy(context.Background(), &awsiam.UpdateAssumeRolePolicyInput{
		RoleName:       &name,
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`),
	})
	if err != nil {
		w.t.Fatal(err)
	}
}
