package execenv

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"
)

// TestConfigIsWhatTheSDKFinds holds it to the SDK's own reading of the same
// variables.
func TestConfigIsWhatTheSDKFinds(t *testing.T) {
	given := map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token",
		"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "AWS_CONFIG_FILE": "/none", "AWS_SHARED_CREDENTIALS_FILE": "/none",
	}
	for _, name := range refused {
		t.Setenv(name, "")
	}
	for name, value := range given {
		t.Setenv(name, value)
	}
	want, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	wantKeys, err := want.Credentials.Retrieve(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	got, err := Config(func(name string) string { return given[name] })
	if err != nil {
		t.Fatal(err)
	}
	keys, err := got.Credentials.Retrieve(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if keys.AccessKeyID != wantKeys.AccessKeyID || keys.SecretAccessKey != wantKeys.SecretAccessKey ||
		keys.SessionToken != wantKeys.SessionToken || keys.CanExpire != wantKeys.CanExpire {
		t.Errorf("credentials %+v, and the SDK finds %+v", keys, wantKeys)
	}
	if got.Region != want.Region || *got.BaseEndpoint != *want.BaseEndpoint {
		t.Errorf("region %q at %q, and the SDK finds %q at %q", got.Region, *got.BaseEndpoint, want.Region, *want.BaseEndpoint)
	}
}

func TestConfigRefusesWhatItDoesNotFollow(t *testing.T) {
	given := map[string]string{"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}
	getenv := func(name string) string { return given[name] }
	for _, name := range refused {
		given[name] = "x"
		if _, err := Config(getenv); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		delete(given, name)
	}
	for _, name := range []string{"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		value := given[name]
		delete(given, name)
		if _, err := Config(getenv); err == nil {
			t.Errorf("without %s: no error", name)
		}
		given[name] = value
	}
}
