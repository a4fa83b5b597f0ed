package target

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"crawlerless/localaws/wire"
)

// notice is what a running local target leaves in the cache directory, so that
// commands of other processes find it.
type notice struct {
	Endpoint     string `json:"endpoint"`
	ProviderPort int    `json:"providerPort"`
	Backend      string `json:"backend"`
	PID          int    `json:"pid"`
}

func noticePath(cache string) string { return filepath.Join(cache, "local.json") }

// Announce lets other commands find the target until the returned function is
// called.
func (l *Local) Announce(cache string) (withdraw func() error, err error) {
	b, err := json.Marshal(notice{Endpoint: l.Server.Endpoint(), ProviderPort: l.Provider.Port(), Backend: l.Backend(), PID: os.Getpid()})
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, err
	}
	path := noticePath(cache)
	tmp := path + "." + strconv.Itoa(os.Getpid())
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return nil, err
	}
	if err := os.Rename(tmp, path); err != nil {
		return nil, err
	}
	return func() error {
		// A later target may have taken the place: then it is not ours to remove.
		now, err := os.ReadFile(path)
		if err != nil || string(now) != string(b) {
			return nil
		}
		return os.Remove(path)
	}, nil
}

// ErrNoLocal says that no local target runs.
var ErrNoLocal = errors.New("no local target is running: start one with `go run ./automation local --empty` in another terminal")

// Forget removes the notice of a local target that no longer runs.
func Forget(ctx context.Context, cache string) error {
	halves, err := filepath.Glob(noticePath(cache) + ".*")
	if err != nil {
		return err
	}
	var leftovers []string
	for _, path := range halves { // "local.json.<process>", being written
		pid, err := strconv.Atoi(path[len(noticePath(cache))+1:])
		if err != nil {
			continue
		}
		if p, err := os.FindProcess(pid); err != nil || p.Signal(syscall.Signal(0)) != nil {
			leftovers = append(leftovers, path)
		}
	}
	if _, err := Attach(ctx, cache); errors.Is(err, ErrNoLocal) {
		leftovers = append(leftovers, noticePath(cache))
	} else if err != nil {
		return err
	}
	for _, path := range leftovers {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the notice of a local target that is gone: %w", err)
		}
	}
	return nil
}

// Attached is a local target that another process keeps up.
type Attached struct {
	notice notice
	config aws.Config
}

// Attach finds the running local target.
func Attach(ctx context.Context, cache string) (*Attached, error) {
	b, err := os.ReadFile(noticePath(cache))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoLocal
	}
	if err != nil {
		return nil, err
	}
	var n notice
	if err := json.Unmarshal(b, &n); err != nil {
		return nil, fmt.Errorf("%s: %w", noticePath(cache), err)
	}
	// A target that was killed leaves its notice behind.
	conn, err := (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(n.ProviderPort)))
	if err != nil {
		return nil, ErrNoLocal
	}
	return &Attached{n, LocalConfig(n.Endpoint)}, conn.Close()
}

// Name is "local".
func (a *Attached) Name() string { return "local" }

// AWS calls localaws as the account's root.
func (a *Attached) AWS() aws.Config { return a.config.Copy() }

// Env attaches the stand-in provider of the other process.
func (a *Attached) Env() map[string]string { return localEnv(a.notice.Endpoint, a.notice.ProviderPort) }

// Overrides are those of every local target.
func (a *Attached) Overrides() map[string]any { return localOverrides() }

// Backend is the other process's folder: it goes with it.
func (a *Attached) Backend() string { return a.notice.Backend }

// Now is the real time.
func (a *Attached) Now() time.Time { return time.Now() }

// Pass waits: the clock belongs to the other process.
func (a *Attached) Pass(ctx context.Context, d time.Duration) error {
	return (&Account{}).Pass(ctx, d)
}

// Close leaves the target to the other process.
func (a *Attached) Close() error { return nil }

// LocalConfig calls localaws at an endpoint as the account's root. localaws may be
// quicker than the SDK's own HTTP client bears: see [wire.WholeBodies].
func LocalConfig(endpoint string) aws.Config {
	return aws.Config{
		Region:       LocalRegion,
		BaseEndpoint: aws.String(endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider(LocalKey, LocalSecret, ""),
		HTTPClient:   wire.NewClient(),
	}
}

func localEnv(endpoint string, providerPort int) map[string]string {
	return map[string]string{
		"PULUMI_DEBUG_PROVIDERS":                      "aws:" + strconv.Itoa(providerPort),
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
		"PULUMI_CONFIG_PASSPHRASE":                    "local",
		"AWS_REGION":                                  LocalRegion,
		"AWS_ACCESS_KEY_ID":                           LocalKey,
		"AWS_SECRET_ACCESS_KEY":                       LocalSecret,
		"AWS_ENDPOINT_URL":                            endpoint,
	}
}

// localOverrides: functions run on this machine, and nothing outlives it.
func localOverrides() map[string]any {
	return map[string]any{
		"aws:region":               LocalRegion,
		"crawlerless:architecture": Architecture(),
		"crawlerless:forceDestroy": true,
		"crawlerless:protect":      false,
	}
}
