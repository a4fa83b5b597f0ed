package sigv4_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"pgregory.net/rapid"

	"crawlerless/localaws/iam/sigv4"
)

const (
	key    = "AKIAIOSFODNN7EXAMPLE"
	secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

func request(t *testing.T, method, target string, headers ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// The examples of "Authenticating Requests: Using the Authorization Header" and
// "Using Query Parameters" of the S3 API Reference.
func TestTheExamplesOfAWSVerify(t *testing.T) {
	const scope = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders="
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	for name, r := range map[string]*http.Request{
		"GET object": request(t, "GET", "http://examplebucket.s3.amazonaws.com/test.txt", "Range", "bytes=0-9", "X-Amz-Content-Sha256", empty, "X-Amz-Date", "20130524T000000Z",
			"Authorization", scope+"host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
		"PUT object": request(t, "PUT", "http://examplebucket.s3.amazonaws.com/test$file.text", "Date", "Fri, 24 May 2013 00:00:00 GMT", "X-Amz-Content-Sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072", "X-Amz-Date", "20130524T000000Z", "X-Amz-Storage-Class", "REDUCED_REDUNDANCY",
			"Authorization", scope+"date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
		"GET bucket lifecycle": request(t, "GET", "http://examplebucket.s3.amazonaws.com/?lifecycle", "X-Amz-Content-Sha256", empty, "X-Amz-Date", "20130524T000000Z",
			"Authorization", scope+"host;x-amz-content-sha256;x-amz-date,Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
		"list objects": request(t, "GET", "http://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J", "X-Amz-Content-Sha256", empty, "X-Amz-Date", "20130524T000000Z",
			"Authorization", scope+"host;x-amz-content-sha256;x-amz-date,Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
		"presigned URL": request(t, "GET", "http://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"),
	} {
		t.Run(name, func(t *testing.T) {
			s, err := sigv4.Parse(r)
			if err != nil || s == nil || s.AccessKey != key {
				t.Fatalf("parse: %+v, %v", s, err)
			}
			if ok, err := s.Verify(r, secret); !ok || err != nil {
				t.Errorf("verify: %v, %v", ok, err)
			}
			if ok, _ := s.Verify(r, secret+"x"); ok {
				t.Error("another secret verifies")
			}
			r.Method = "DELETE"
			if ok, _ := s.Verify(r, secret); ok {
				t.Error("another method verifies")
			}
		})
	}
}

// The examples of "Signing and authenticating REST requests (Signature Version
// 2)" of the S3 Developer Guide.
func TestVersion2(t *testing.T) {
	r := request(t, "GET", "/awsexamplebucket1/photos/puppy.jpg", "Date", "Tue, 27 Mar 2007 19:36:42 +0000", "Authorization", "AWS AKIAIOSFODNN7EXAMPLE:qgk2+6Sv9/oM7G3qLEjTH1a1l1g=")
	s, err := sigv4.Parse(r)
	if err != nil || s.AccessKey != key {
		t.Fatalf("%+v, %v", s, err)
	}
	if ok, err := s.Verify(r, secret); !ok || err != nil {
		t.Errorf("verify: %v, %v", ok, err)
	}
}

func TestAPresignedURLEnds(t *testing.T) {
	r := request(t, "GET", "/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=k%2F20130524%2Fr%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00")
	s, err := sigv4.Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)
	if s.Expired(start.Add(time.Minute)) || !s.Expired(start.Add(time.Minute+time.Second)) {
		t.Error("it ends at another time")
	}
}

func TestMalformedSignatures(t *testing.T) {
	for name, r := range map[string]*http.Request{
		"no scope":           request(t, "GET", "/", "Authorization", "AWS4-HMAC-SHA256 Credential=key, SignedHeaders=host, Signature=00"),
		"an endless URL":     request(t, "GET", "/?X-Amz-Signature=0&X-Amz-Credential=a%2Fb%2Fc%2Fd%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=604801"),
		"a URL without date": request(t, "GET", "/?X-Amz-Signature=0&X-Amz-Credential=a%2Fb%2Fc%2Fd%2Faws4_request&X-Amz-Expires=60"),
	} {
		if s, err := sigv4.Parse(r); err == nil {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if s, err := sigv4.Parse(request(t, "GET", "/")); s != nil || err != nil {
		t.Errorf("unsigned: %+v, %v", s, err)
	}
}

// The SDK's signer is the oracle: what it signs verifies after a way over HTTP,
// and nothing else does.
func TestWhatTheSDKSignsVerifies(t *testing.T) {
	var got *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		got = r
	}))
	defer server.Close()
	text := rapid.StringOfN(rapid.RuneFrom([]rune("abZ0-_.~ /+%&=?:@$,'()*!é漢")), 0, 8, -1)
	creds := aws.Credentials{AccessKeyID: key, SecretAccessKey: secret, SessionToken: "token"}
	now := time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC)
	rapid.Check(t, func(rt *rapid.T) {
		service := rapid.SampledFrom([]string{"s3", "glue", "lambda"}).Draw(rt, "service")
		query := url.Values{}
		for range rapid.IntRange(0, 3).Draw(rt, "parameters") {
			query.Add("p"+text.Draw(rt, "name"), text.Draw(rt, "value"))
		}
		u, err := url.Parse(server.URL)
		if err != nil {
			rt.Fatal(err)
		}
		path := "/" + strings.TrimLeft(text.Draw(rt, "path"), "/")
		u.Path, u.RawPath, u.RawQuery = path, escape(path), query.Encode()
		body := text.Draw(rt, "body")
		r, err := http.NewRequest("POST", u.String(), strings.NewReader(body))
		if err != nil {
			rt.Fatal(err)
		}
		r.URL = u
		r.Header.Set("X-Amz-Meta-Text", "a  b "+strings.Map(ascii, text.Draw(rt, "header")))
		r.Header.Set("Content-Type", "text/plain")
		sum := sha256.Sum256([]byte(body))
		hash := hex.EncodeToString(sum[:])
		plain := func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" }
		if rapid.Bool().Draw(rt, "presigned") {
			if service == "s3" {
				hash = "UNSIGNED-PAYLOAD"
			}
			signed, _, err := v4.NewSigner().PresignHTTP(context.Background(), creds, r, hash, service, "us-east-1", now, plain)
			if err != nil {
				rt.Fatal(err)
			}
			if r.URL, err = url.Parse(signed); err != nil {
				rt.Fatal(err)
			}
		} else {
			if service == "s3" {
				r.Header.Set("X-Amz-Content-Sha256", hash)
			}
			if err := v4.NewSigner().SignHTTP(context.Background(), creds, r, hash, service, "us-east-1", now, plain); err != nil {
				rt.Fatal(err)
			}
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			rt.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil {
			rt.Fatal(err)
		}
		s, err := sigv4.Parse(got)
		if err != nil || s == nil || s.Token != "token" {
			rt.Fatalf("parse: %+v, %v", s, err)
		}
		if ok, err := s.Verify(got, secret); !ok || err != nil {
			rt.Fatalf("verify: %v, %v", ok, err)
		}
		got.Header.Set("X-Amz-Meta-Text", "tampered")
		if ok, _ := s.Verify(got, secret); ok {
			rt.Fatal("a changed header verifies")
		}
	})
}

func ascii(r rune) rune {
	if r > 126 {
		return 'x'
	}
	return r
}

// escape is how the SDK writes a path: everything but unreserved characters and
// slashes.
func escape(path string) string {
	return strings.ReplaceAll(strings.ReplaceAll(url.QueryEscape(path), "+", "%20"), "%2F", "/")
}
