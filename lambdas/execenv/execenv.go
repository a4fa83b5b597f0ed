// Package execenv is the AWS configuration that Lambda gives a function by its
// execution environment: region and credentials, which hold as long as the
// environment does.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
//
// The SDK's package config would find the same after it looked for profiles,
// and links and initialises the clients of STS and of three kinds of single
// sign-on, which a cold start waits for.
package execenv

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// refused are variables that package config would follow and this one does
// not: better no start than one that is not as it was asked to be.
var refused = [...]string{
	"AWS_CA_BUNDLE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_DEFAULTS_MODE",
	"AWS_ENDPOINT_URL_GLUE", "AWS_ENDPOINT_URL_S3", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_MAX_ATTEMPTS", "AWS_PROFILE",
	"AWS_RETRY_MODE", "AWS_ROLE_ARN", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_USE_FIPS_ENDPOINT", "AWS_WEB_IDENTITY_TOKEN_FILE",
}

// Config reads the environment. AWS_ENDPOINT_URL leads all clients elsewhere.
func Config(getenv func(string) string) (aws.Config, error) {
	for _, name := range refused {
		if getenv(name) != "" {
			return aws.Config{}, fmt.Errorf("%s is set, which this function does not follow", name)
		}
	}
	cfg := aws.Config{Region: getenv("AWS_REGION")}
	keys := aws.Credentials{
		AccessKeyID: getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken: getenv("AWS_SESSION_TOKEN"), Source: "execution environment",
	}
	if cfg.Region == "" || !keys.HasKeys() {
		return cfg, fmt.Errorf("AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set, as Lambda does")
	}
	cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil })
	if endpoint := getenv("AWS_ENDPOINT_URL"); endpoint != "" {
		cfg.BaseEndpoint = &endpoint
	}
	return cfg, nil
}
