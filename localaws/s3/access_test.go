package s3

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"crawlerless/localaws/wire"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func (w *world) policy(bucket, text string) error {
	_, err := w.s3.PutBucketPolicy(w.t.Context(), &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: &text})
	return err
}

func (w *world) openToPublic(bucket string) {
	w.t.Helper()
	if _, err := w.s3.DeletePublicAccessBlock(w.t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: &bucket}); err != nil {
		w.t.Fatal(err)
	}
}

// The permissions follow the user guide's page "Required permissions for Amazon
// S3 API operations".
func TestEveryCallAsksForItsPermission(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	w.versioning(b, types.BucketVersioningStatusEnabled)
	version := *w.put(b, "dir/k", "x").VersionId
	upload := *w.begin(b, "dir/k", nil)
	etag := *w.put(b, "dir/k", "x").ETag
	const object, bucket = "arn:aws:s3:::lake/dir/k", "arn:aws:s3:::lake"
	tests := []struct {
		name, method, path string
		header             http.Header
		body               string
		want               []string
	}{
		{"ListBuckets", "GET", "/", nil, "", []string{"s3:ListAllMyBuckets *"}},
		{"CreateBucket", "PUT", "/new-bucket", nil, "", []string{"s3:CreateBucket arn:aws:s3:::new-bucket"}},
		{"HeadBucket", "HEAD", "/lake", nil, "", []string{"s3:ListBucket " + bucket}},
		{"ListObjects", "GET", "/lake", nil, "", []string{"s3:ListBucket " + bucket}},
		{"ListObjectsV2", "GET", "/lake?list-type=2", nil, "", []string{"s3:ListBucket " + bucket}},
		{"ListObjectVersions", "GET", "/lake?versions", nil, "", []string{"s3:ListBucketVersions " + bucket}},
		{"ListMultipartUploads", "GET", "/lake?uploads", nil, "", []string{"s3:ListBucketMultipartUploads " + bucket}},
		{"GetBucketPolicy", "GET", "/lake?policy", nil, "", []string{"s3:GetBucketPolicy " + bucket}},
		{"PutBucketLifecycle", "PUT", "/lake?lifecycle", nil, "", []string{"s3:PutLifecycleConfiguration " + bucket}},
		{"DeleteBucketLifecycle", "DELETE", "/lake?lifecycle", nil, "", []string{"s3:PutLifecycleConfiguration " + bucket}},
		{"GetBucketEncryption", "GET", "/lake?encryption", nil, "", []string{"s3:GetEncryptionConfiguration " + bucket}},
		{"GetPublicAccessBlock", "GET", "/lake?publicAccessBlock", nil, "", []string{"s3:GetBucketPublicAccessBlock " + bucket}},
		{"GetObject", "GET", "/lake/dir/k", nil, "", []string{"s3:GetObject " + object}},
		{"HeadObject", "HEAD", "/lake/dir/k", nil, "", []string{"s3:GetObject " + object}},
		{"GetObject of a version", "GET", "/lake/dir/k?versionId=" + version, nil, "", []string{"s3:GetObjectVersion " + object}},
		{"GetObject of what is missing", "GET", "/lake/missing", nil, "", []string{"s3:GetObject arn:aws:s3:::lake/missing", "s3:ListBucket " + bucket}},
		{"GetObjectTagging of a version", "GET", "/lake/dir/k?tagging&versionId=" + version, nil, "", []string{"s3:GetObjectVersionTagging " + object}},
		{"GetObjectAcl", "GET", "/lake/dir/k?acl", nil, "", []string{"s3:GetObjectAcl " + object}},
		{"GetObjectAttributes", "GET", "/lake/dir/k?attributes", http.Header{"X-Amz-Object-Attributes": {"ETag"}}, "", []string{"s3:GetObject " + object, "s3:GetObjectAttributes " + object}},
		{"PutObject", "PUT", "/lake/dir/k", nil, "x", []string{"s3:PutObject " + object}},
		{"PutObject with tags", "PUT", "/lake/dir/k", http.Header{"X-Amz-Tagging": {"a=1"}}, "x", []string{"s3:PutObject " + object, "s3:PutObjectTagging " + object}},
		{"PutObject that compares", "PUT", "/lake/dir/k", http.Header{"If-Match": {etag}}, "x", []string{"s3:PutObject " + object, "s3:GetObject " + object}},
		{"CopyObject", "PUT", "/lake/copy", http.Header{"X-Amz-Copy-Source": {"lake/dir/k"}}, "", []string{"s3:GetObject " + object, "s3:PutObject arn:aws:s3:::lake/copy"}},
		{"CopyObject of a version", "PUT", "/lake/copy", http.Header{"X-Amz-Copy-Source": {"lake/dir/k?versionId=" + version}}, "", []string{"s3:GetObjectVersion " + object, "s3:PutObject arn:aws:s3:::lake/copy"}},
		{"CreateMultipartUpload", "POST", "/lake/dir/k?uploads", nil, "", []string{"s3:PutObject " + object}},
		{"UploadPart", "PUT", "/lake/dir/k?partNumber=1&uploadId=" + upload, nil, "x", []string{"s3:PutObject " + object}},
		{"ListParts", "GET", "/lake/dir/k?uploadId=" + upload, nil, "", []string{"s3:ListMultipartUploadParts " + object}},
		{"AbortMultipartUpload", "DELETE", "/lake/dir/k?uploadId=" + upload, nil, "", []string{"s3:AbortMultipartUpload " + object}},
		{"DeleteObject", "DELETE", "/lake/dir/k", nil, "", []string{"s3:DeleteObject " + object}},
		{"DeleteObject of a version", "DELETE", "/lake/dir/k?versionId=" + version, nil, "", []string{"s3:DeleteObjectVersion " + object}},
		{
			"DeleteObjects", "POST", "/lake?delete",
			http.Header{"Content-Md5": {"5fTPtJy3kvgh6ypU0FsB5g=="}},
			"<Delete><Object><Key>a</Key></Object><Object><Key>b</Key></Object></Delete>",
			[]string{"s3:DeleteObject arn:aws:s3:::lake/a", "s3:DeleteObject arn:aws:s3:::lake/b"},
		},
		{"DeleteBucket", "DELETE", "/lake", nil, "", []string{"s3:DeleteBucket " + bucket}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "DeleteObjects" {
				tt.header = http.Header{"X-Amz-Checksum-Crc32": {crc(tt.body)}}
			}
			var res *http.Response
			var text string
			asked := w.identity.since(func() { res, text = w.raw(tt.method, tt.path, tt.header, tt.body) })
			var got []string
			for _, a := range asked {
				got = append(got, a.Action+" "+a.Resource)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("asked for %q, want %q (%d %s)", got, tt.want, res.StatusCode, text)
			}
		})
	}
}

func crc(text string) string {
	h := crc32IEEE.hash()
	h.Write([]byte(text))
	return encodeSum(h.Sum(nil))
}

// Whoever may do nothing gets 403 from every operation there is, before anything
// else is said about the request.
func TestNothingIsDoneWithoutPermission(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	w.put(b, "k", "x")
	id := w.begin(b, "k", nil)
	header := http.Header{
		"Authorization":           {"AWS4-HMAC-SHA256 Credential=nobody/20260102/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00"},
		"X-Amz-Object-Attributes": {"ETag"},
	}
	for _, r := range w.service.routes {
		path := map[level]string{service: "/", bucketLevel: "/lake", objectLevel: "/lake/k"}[r.level]
		switch {
		case r.sub == "uploadId":
			path += "?partNumber=1&uploadId=" + *id
		case r.sub != "":
			path += "?" + r.sub
		}
		body := ""
		switch r.name {
		case "PutObjectTagging":
			body = "<Tagging><TagSet/></Tagging>"
		case "DeleteObjects": // answers for each key
			continue
		case "ListObjectsV2":
			path += "=2"
		}
		res, text := w.raw(r.method, path, header, body)
		if res.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d %s", r.name, res.StatusCode, text)
		}
	}
	out, err := w.as("nobody").DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: &b, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("k")}}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Errors) != 1 || *out.Errors[0].Code != "AccessDenied" {
		t.Errorf("errors %v", out.Errors)
	}
	if got := w.get(b, "k"); got != "x" {
		t.Errorf("the object is now %q", got)
	}
}

func TestAMissingKeyIsForbiddenToThoseWhoMayNotList(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	w.put(b, "k", "x")
	reader := w.as("reader")
	get := func(key string) error {
		_, err := reader.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &b, Key: &key})
		return err
	}
	w.identity.allow = func(_ string, a wire.Access) bool { return a.Action == "s3:GetObject" }
	if err := get("k"); err != nil {
		t.Fatal(err)
	}
	wantError(t, get("missing"), 403, "AccessDenied")
	_, err := reader.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &b, Key: aws.String("missing")})
	wantError(t, err, 403, "Forbidden")
	w.identity.allow = func(_ string, a wire.Access) bool { return a.Action == "s3:GetObject" || a.Action == "s3:ListBucket" }
	wantError(t, get("missing"), 404, "NoSuchKey")
}

func TestConditionsThatPoliciesAskAbout(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	if _, err := w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &b, Key: aws.String("k"), Body: strings.NewReader("x"), Tagging: aws.String("team=a")}); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, method, path string
		header             http.Header
		key, want          string
	}{
		{"prefix of a listing", "GET", "/lake?list-type=2&prefix=logs/&delimiter=/&max-keys=5", nil, "s3:prefix", "logs/"},
		{"delimiter of a listing", "GET", "/lake?list-type=2&prefix=logs/&delimiter=/&max-keys=5", nil, "s3:delimiter", "/"},
		{"size of a listing", "GET", "/lake?prefix=&max-keys=5", nil, "s3:max-keys", "5"},
		{"encryption of a put", "PUT", "/lake/x", http.Header{"X-Amz-Server-Side-Encryption": {"AES256"}}, "s3:x-amz-server-side-encryption", "AES256"},
		{"storage class of a put", "PUT", "/lake/x", http.Header{"X-Amz-Storage-Class": {"GLACIER"}}, "s3:x-amz-storage-class", "GLACIER"},
		{"condition of a put", "PUT", "/lake/x2", http.Header{"If-None-Match": {"*"}}, "s3:if-none-match", "*"},
		{"tag of a put", "PUT", "/lake/x", http.Header{"X-Amz-Tagging": {"team=b"}}, "s3:RequestObjectTag/team", "b"},
		{"tag of an object", "GET", "/lake/k", nil, "s3:ExistingObjectTag/team", "a"},
		{"tag of an object to delete", "DELETE", "/lake/k", nil, "s3:ExistingObjectTag/team", "a"},
		{"account", "GET", "/lake?location", nil, "s3:ResourceAccount", account},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked := w.identity.since(func() { w.raw(tt.method, tt.path, tt.header, "") })
			if len(asked) == 0 || !slices.Equal(asked[0].Conditions[tt.key], []string{tt.want}) {
				t.Errorf("asked %v", asked)
			}
		})
	}
}

func TestTheBucketPolicyIsPartOfEveryDecision(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	const text = `{"Version":"2012-10-17","Statement":[{"Sid":"TLS","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::lake","arn:aws:s3:::lake/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`
	if err := w.policy(b, strings.ReplaceAll(text, ",", ", \n ")); err != nil {
		t.Fatal(err)
	}
	got, err := w.s3.GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: &b})
	if err != nil {
		t.Fatal(err)
	}
	if *got.Policy != text {
		t.Errorf("policy %s", *got.Policy)
	}
	for _, path := range []string{"/lake", "/lake/k", "/lake?lifecycle"} {
		asked := w.identity.since(func() { w.raw(http.MethodGet, path, nil, "") })
		for _, a := range asked {
			if a.ResourcePolicy != text {
				t.Errorf("%s: %s is decided without the policy", path, a.Action)
			}
		}
	}
	// But the owner can always repair it.
	asked := w.identity.since(func() { w.raw(http.MethodDelete, "/lake?policy", nil, "") })
	if len(asked) != 1 || asked[0].ResourcePolicy != "" {
		t.Errorf("asked %v", asked)
	}
	_, err = w.s3.GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: &b})
	wantError(t, err, 404, "NoSuchBucketPolicy")
}

func TestMalformedPolicies(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	one := func(statement string) string { return `{"Version":"2012-10-17","Statement":[` + statement + `]}` }
	const who = `"Principal":{"AWS":"arn:aws:iam::000000000000:role/r"}`
	for name, text := range map[string]string{
		"no JSON":                     `policy`,
		"no object":                   `[]`,
		"no statement":                `{"Version":"2012-10-17","Statement":[]}`,
		"a version that is none":      `{"Version":"2020-01-01","Statement":[{"Effect":"Allow",` + who + `,"Action":"s3:*","Resource":"arn:aws:s3:::lake"}]}`,
		"an unknown field":            `{"Version":"2012-10-17","Statements":[]}`,
		"an unknown statement field":  one(`{"Effect":"Allow",` + who + `,"Actions":"s3:*","Resource":"arn:aws:s3:::lake"}`),
		"no effect":                   one(`{` + who + `,"Action":"s3:*","Resource":"arn:aws:s3:::lake"}`),
		"an effect that is none":      one(`{"Effect":"Permit",` + who + `,"Action":"s3:*","Resource":"arn:aws:s3:::lake"}`),
		"no principal":                one(`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::lake"}`),
		"a principal that is none":    one(`{"Effect":"Allow","Principal":{"AWS":"me"},"Action":"s3:*","Resource":"arn:aws:s3:::lake"}`),
		"a kind of principal":         one(`{"Effect":"Allow","Principal":{"Role":"*"},"Action":"s3:*","Resource":"arn:aws:s3:::lake"}`),
		"no action":                   one(`{"Effect":"Allow",` + who + `,"Resource":"arn:aws:s3:::lake"}`),
		"an action of others":         one(`{"Effect":"Allow",` + who + `,"Action":"sqs:SendMessage","Resource":"arn:aws:s3:::lake"}`),
		"no resource":                 one(`{"Effect":"Allow",` + who + `,"Action":"s3:*"}`),
		"another bucket":              one(`{"Effect":"Allow",` + who + `,"Action":"s3:*","Resource":"arn:aws:s3:::lake2/*"}`),
		"an object action on buckets": one(`{"Effect":"Allow",` + who + `,"Action":"s3:GetObject","Resource":"arn:aws:s3:::lake"}`),
		"a bucket action on objects":  one(`{"Effect":"Allow",` + who + `,"Action":"s3:ListBucket","Resource":"arn:aws:s3:::lake/*"}`),
		"two statements of one Sid":   one(`{"Sid":"a","Effect":"Allow",` + who + `,"Action":"s3:*","Resource":"arn:aws:s3:::lake"},{"Sid":"a","Effect":"Allow",` + who + `,"Action":"s3:*","Resource":"arn:aws:s3:::lake"}`),
		"too long":                    one(`{"Effect":"Allow",` + who + `,"Action":"s3:*","Resource":"arn:aws:s3:::lake/` + strings.Repeat("x", 20<<10) + `"}`),
	} {
		t.Run(name, func(t *testing.T) { wantError(t, w.policy(b, text), 400, "MalformedPolicy") })
	}
	for name, text := range map[string]string{
		"a mixture of both levels": one(`{"Effect":"Allow",` + who + `,"Action":["s3:GetObject","s3:ListBucket","s3:GetBucketLocation","s3:AbortMultipartUpload","s3:ListBucketMultipartUploads"],"Resource":["arn:aws:s3:::lake","arn:aws:s3:::lake/*"]}`),
		"a service":                one(`{"Effect":"Allow","Principal":{"Service":"firehose.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::lake/*","Condition":{"StringEquals":{"aws:SourceAccount":"000000000000"}}}`),
		"an account":               one(`{"Effect":"Allow","Principal":{"AWS":["000000000000"]},"NotAction":"s3:DeleteBucket","Resource":"arn:aws:s3:::lake"}`),
		"one statement, no list":   `{"Statement":{"Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"*","Resource":"arn:aws:s3:::lake/*"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			if err := w.policy(b, text); err != nil {
				t.Error(err)
			}
		})
	}
}

// The meaning of public follows the user guide's page on blocking public access.
func TestPublicPolicies(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	statement := func(effect, principal, condition string) string {
		if condition != "" {
			condition = `,"Condition":` + condition
		}
		return `{"Statement":[{"Effect":"` + effect + `","Principal":` + principal + `,"Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/*"` + condition + `}]}`
	}
	tests := []struct {
		name, text string
		public     bool
	}{
		{"everybody", statement("Allow", `"*"`, ""), true},
		{"every account", statement("Allow", `{"AWS":"*"}`, ""), true},
		{"everybody denied", statement("Deny", `"*"`, ""), false},
		{"a role", statement("Allow", `{"AWS":"arn:aws:iam::000000000000:role/r"}`, ""), false},
		{"a service", statement("Allow", `{"Service":"logging.s3.amazonaws.com"}`, ""), false},
		{"a network", statement("Allow", `"*"`, `{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`), false},
		{"nearly every address", statement("Allow", `"*"`, `{"IpAddress":{"aws:SourceIp":"0.0.0.0/1"}}`), true},
		{"an endpoint", statement("Allow", `"*"`, `{"StringEquals":{"aws:SourceVpce":"vpce-1"}}`), false},
		{"some endpoints", statement("Allow", `"*"`, `{"StringLike":{"aws:SourceVpce":"vpce-*"}}`), true},
		{"a variable", statement("Allow", `"*"`, `{"StringEquals":{"aws:userid":"${aws:userid}"}}`), true},
		{"not an endpoint", statement("Allow", `"*"`, `{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}`), true},
		{"a condition on something else", statement("Allow", `"*"`, `{"StringEquals":{"s3:x-amz-acl":"private"}}`), true},
		{"an organisation", statement("Allow", `"*"`, `{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}`), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := w.s3.PutPublicAccessBlock(t.Context(), &s3.PutPublicAccessBlockInput{Bucket: &b, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{BlockPublicPolicy: aws.Bool(true)}}); err != nil {
				t.Fatal(err)
			}
			err := w.policy(b, tt.text)
			if tt.public {
				wantError(t, err, 403, "AccessDenied")
			} else if err != nil {
				t.Error(err)
			}
			w.openToPublic(b)
			if err := w.policy(b, tt.text); err != nil {
				t.Fatal(err)
			}
			status, err := w.s3.GetBucketPolicyStatus(t.Context(), &s3.GetBucketPolicyStatusInput{Bucket: &b})
			if err != nil {
				t.Fatal(err)
			}
			if *status.PolicyStatus.IsPublic != tt.public {
				t.Errorf("public: %v", *status.PolicyStatus.IsPublic)
			}
		})
	}
}

func TestRestrictedPublicBucketsAreClosedToStrangers(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	w.put(b, "k", "x")
	w.openToPublic(b)
	if err := w.policy(b, `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/*"}]}`); err != nil {
		t.Fatal(err)
	}
	w.identity.allow = func(string, wire.Access) bool { return true }
	stranger := func() int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/lake/k", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		readAll(t, res.Body)
		return res.StatusCode
	}
	if got := stranger(); got != 200 {
		t.Errorf("a stranger gets %d from a public bucket", got)
	}
	if _, err := w.s3.PutPublicAccessBlock(t.Context(), &s3.PutPublicAccessBlockInput{Bucket: &b, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{RestrictPublicBuckets: aws.Bool(true)}}); err != nil {
		t.Fatal(err)
	}
	if got := stranger(); got != 403 {
		t.Errorf("a stranger gets %d from a restricted bucket", got)
	}
}
