// Package sample writes logs for benchmarks: any number of bytes, the same
// for the same seed. Flat is an application's log, about 350 bytes a line;
// Nested is an audit trail, about 1.5 kB a line, three levels deep with
// arrays. Both look like what is seen in the wild: most values repeat, while
// identifiers, times and latencies do not.
package sample

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"time"
)

// Kind of a log.
type Kind string

// The kinds.
const (
	Flat   Kind = "flat"
	Nested Kind = "nested"
)

// Kinds returns them all.
func Kinds() []Kind { return []Kind{Flat, Nested} }

// Write writes lines until at least n bytes are written.
func Write(w io.Writer, k Kind, n int64, seed uint64) (records int64, err error) {
	g := &generator{
		r:  rand.New(rand.NewPCG(seed, 0x6c6f6773)),
		at: time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC),
		b:  make([]byte, 0, 4096),
	}
	line := g.flat
	if k == Nested {
		line = g.nested
	}
	out := bufio.NewWriterSize(w, 256<<10)
	for written := int64(0); written < n; records++ {
		g.at = g.at.Add(time.Duration(g.r.ExpFloat64() * float64(20*time.Millisecond)))
		g.b = g.b[:0]
		line()
		g.b = append(g.b, '\n')
		if _, err := out.Write(g.b); err != nil {
			return records, err
		}
		written += int64(len(g.b))
	}
	return records, out.Flush()
}

type generator struct {
	r  *rand.Rand
	at time.Time
	b  []byte
}

func (g *generator) raw(s string)    { g.b = append(g.b, s...) }
func (g *generator) integer(n int64) { g.b = strconv.AppendInt(g.b, n, 10) }
func (g *generator) text(s string) {
	g.b = append(append(append(g.b, '"'), s...), '"')
}

func (g *generator) pick(list ...string) string { return list[g.r.IntN(len(list))] }

func (g *generator) hex(n int) string {
	const digits = "0123456789abcdef"
	b := make([]byte, n)
	for i := range b {
		b[i] = digits[g.r.IntN(16)]
	}
	return string(b)
}

func (g *generator) time() string { return g.at.Format("2006-01-02T15:04:05.000Z") }

func (g *generator) ip() string {
	return fmt.Sprintf("10.%d.%d.%d", g.r.IntN(4), g.r.IntN(256), g.r.IntN(256))
}

// latency is log-normal, in milliseconds.
func (g *generator) latency() float64 {
	x := g.r.NormFloat64()*0.8 + 2.5
	f := 1.0
	for range 8 {
		f = 1 + x/8*f // a cheap, portable stand-in for exp
	}
	return float64(int64(max(f, 0.1)*1000)) / 1000
}

func (g *generator) flat() {
	status := []int64{200, 200, 200, 200, 201, 204, 301, 404, 500}[g.r.IntN(9)]
	level := "info"
	if status >= 500 {
		level = "error"
	} else if status >= 400 {
		level = "warn"
	}
	g.raw(`{"time":`)
	g.text(g.time())
	g.raw(`,"level":`)
	g.text(level)
	g.raw(`,"service":`)
	g.text(g.pick("checkout", "catalog", "payments", "search", "accounts"))
	g.raw(`,"host":"ip-10-0-`)
	g.integer(int64(g.r.IntN(8)))
	g.raw("-")
	g.integer(int64(g.r.IntN(200)))
	g.raw(`","pid":`)
	g.integer(int64(1000 + g.r.IntN(40)))
	g.raw(`,"requestId":`)
	g.text(g.hex(8) + "-" + g.hex(4) + "-4" + g.hex(3) + "-a" + g.hex(3) + "-" + g.hex(12))
	g.raw(`,"method":`)
	g.text(g.pick("GET", "GET", "GET", "POST", "PUT"))
	g.raw(`,"path":"/api/v1/`)
	g.raw(g.pick("orders", "items", "users", "carts"))
	g.raw("/")
	g.integer(int64(g.r.IntN(100000)))
	g.raw(`","status":`)
	g.integer(status)
	g.raw(`,"bytes":`)
	g.integer(int64(g.r.IntN(60000)))
	g.raw(`,"latencyMs":`)
	g.b = strconv.AppendFloat(g.b, g.latency(), 'f', 3, 64)
	g.raw(`,"cached":`)
	g.raw(g.pick("true", "false", "false"))
	g.raw(`,"userId":`)
	if g.r.IntN(5) == 0 {
		g.raw("null")
	} else {
		g.integer(int64(100000 + g.r.IntN(900000)))
	}
	g.raw(`,"msg":`)
	g.text(g.pick("request completed", "request completed", "request completed", "cache miss, loaded from database",
		"upstream timed out, retrying", `validation of field \"quantity\" failed`))
	g.raw("}")
}

func (g *generator) nested() {
	account := g.pick("111122223333", "444455556666", "777788889999")
	user := g.pick("alice", "bob", "carol", "dave", "deploy", "backup")
	region := g.pick("us-east-1", "eu-central-1", "eu-west-1")
	name := g.pick("GetObject", "PutObject", "ListBuckets", "AssumeRole", "DescribeInstances", "Decrypt")
	g.raw(`{"eventVersion":"1.08","eventTime":`)
	g.text(g.time())
	g.raw(`,"eventSource":`)
	g.text(g.pick("s3.amazonaws.com", "sts.amazonaws.com", "ec2.amazonaws.com", "kms.amazonaws.com"))
	g.raw(`,"eventName":`)
	g.text(name)
	g.raw(`,"awsRegion":`)
	g.text(region)
	g.raw(`,"sourceIPAddress":`)
	g.text(g.ip())
	g.raw(`,"userAgent":`)
	g.text(g.pick("aws-sdk-go-v2/1.30.3 os/linux lang/go#1.22.5 md/GOOS#linux md/GOARCH#arm64 api/s3#1.58.2",
		"Boto3/1.34.144 md/Botocore#1.34.144 ua/2.0 os/linux#5.10.219 md/arch#x86_64 lang/python#3.12.3",
		"aws-cli/2.17.11 md/awscrt#0.20.11 ua/2.0 os/linux#6.1.94 md/arch#x86_64 lang/python#3.11.8"))
	g.raw(`,"userIdentity":{"type":"AssumedRole","principalId":"AROA`)
	g.raw(g.hex(16) + ":" + user)
	g.raw(`","arn":"arn:aws:sts::` + account + `:assumed-role/` + g.pick("admin", "reader", "pipeline") + "/" + user)
	g.raw(`","accountId":"` + account + `","accessKeyId":"ASIA` + g.hex(16))
	g.raw(`","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROA` + g.hex(16))
	g.raw(`","arn":"arn:aws:iam::` + account + `:role/admin","accountId":"` + account + `","userName":"admin"},`)
	g.raw(`"attributes":{"creationDate":`)
	g.text(g.at.Add(-time.Hour).Format(time.RFC3339))
	g.raw(`,"mfaAuthenticated":"`)
	g.raw(g.pick("true", "false"))
	g.raw(`"}}},"requestParameters":{"bucketName":"` + g.pick("logs", "backups", "assets") + "-" + account)
	g.raw(`","key":"data/` + g.hex(4) + "/" + g.hex(12) + `.parquet","maxItems":`)
	g.integer(int64(g.r.IntN(1000)))
	g.raw(`,"encryption":{"type":"aws:kms","bucketKey":true}},"responseElements":`)
	if g.r.IntN(3) > 0 {
		g.raw("null")
	} else {
		g.raw(`{"x-amz-id-2":"` + g.hex(48) + `","versions":[`)
		for i := range 1 + g.r.IntN(3) {
			if i > 0 {
				g.raw(",")
			}
			g.integer(int64(g.r.IntN(100)))
		}
		g.raw("]}")
	}
	g.raw(`,"additionalEventData":{"bytesTransferredIn":`)
	g.integer(int64(g.r.IntN(5000)))
	g.raw(`,"bytesTransferredOut":`)
	g.integer(int64(g.r.IntN(5000000)))
	g.raw(`,"score":`)
	g.b = strconv.AppendFloat(g.b, g.latency(), 'f', 3, 64)
	g.raw(`},"resources":[`)
	for i := range 1 + g.r.IntN(3) {
		if i > 0 {
			g.raw(",")
		}
		g.raw(`{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::assets-` + account + "/" + g.hex(8))
		g.raw(`","tags":["` + g.pick("red", "green", "blue") + `","` + region + `"],"size":`)
		g.integer(int64(g.r.IntN(1 << 30)))
		g.raw("}")
	}
	g.raw(`],"requestID":"` + g.hex(16) + `","eventID":"` + g.hex(8) + "-" + g.hex(4) + "-" + g.hex(4) + "-" + g.hex(12))
	g.raw(`","readOnly":`)
	g.raw(g.pick("true", "false"))
	g.raw(`,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"` + account + `","eventCategory":"Management","tlsDetails":`)
	g.raw(`{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"s3.` + region + `.amazonaws.com"}}`)
}
