package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// MaxStageLength is the longest name a stage (a Pulumi stack) may have: the
// names of Lambda functions and delivery streams, at most 64 characters, must
// hold it beside "crawlerless-" and their own part.
const MaxStageLength = 30

var stageName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// CheckStage refuses a stage name that could not be part of AWS's names.
func CheckStage(stage string) error {
	if len(stage) > MaxStageLength || !stageName.MatchString(stage) {
		return fmt.Errorf("the stage %q cannot be part of names in AWS: use 1 to %d lower-case letters, digits and single dashes, beginning with a letter", stage, MaxStageLength)
	}
	return nil
}

// names builds the names and ARNs of one stage. Functions, log groups,
// streams, rule, state machine, queue, workgroup and catalog have fixed names,
// so that a person finds them and policies can name them before they exist;
// buckets and roles, whose names are global, get Pulumi's random suffix.
type names struct {
	stage, partition, region, account string
}

// of is "crawlerless-<stage>-<part>".
func (n names) of(part string) string { return "crawlerless-" + n.stage + "-" + part }

// short is of(part), cut to max characters with a digest in place of the rest.
func (n names) short(part string, max int) string {
	s := n.of(part)
	if len(s) <= max {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return s[:max-9] + "-" + hex.EncodeToString(sum[:4])
}

func (n names) arn(service, resource string) string {
	return strings.Join([]string{"arn", n.partition, service, n.region, n.account, resource}, ":")
}

func (n names) logGroupARN(group string) string { return n.arn("logs", "log-group:"+group) }

// TableName is the Glue table of a source: what is not a lower-case letter,
// digit or underscore becomes an underscore.
func TableName(source string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, source)
}

// DatabaseName is the Glue database of a stage.
func DatabaseName(stage string) string { return "crawlerless_" + TableName(stage) }

// tags are put on every resource that takes them, for cost allocation.
func (p *program) tags() pulumi.StringMap {
	m := pulumi.StringMap{
		"Project":   pulumi.String("crawlerless"),
		"Stage":     pulumi.String(p.names.stage),
		"ManagedBy": pulumi.String("pulumi"),
	}
	for k, v := range p.config.Tags {
		m[k] = pulumi.String(v)
	}
	return m
}
