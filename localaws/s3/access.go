package s3

import (
	"net/http"
	"strconv"
	"strings"

	"crawlerless/localaws/wire"
)

// authorize checks one action on what the request addresses: the object where
// there is a key, else the bucket, else everything.
func (c *call) authorize(action string) error {
	switch {
	case c.name == "":
		return c.authorizeOn(action, nil, "*", nil)
	case c.key == "" || c.bucket == nil:
		return c.authorizeOn(action, c.bucket, c.s.env.S3ARN(c.name), nil)
	}
	return c.authorizeOn(action, c.bucket, c.s.env.S3ARN(c.name+"/"+c.key), nil)
}

// authorizeObject checks an action on the addressed object, or on one version
// of it, which is another action of its own ("s3:GetObjectVersion"). existing is
// the version, if there is one, for conditions on its tags.
func (c *call) authorizeObject(action, versionID string, existing *version) error {
	if versionID != "" {
		switch action {
		case "s3:GetObject", "s3:GetObjectAcl", "s3:GetObjectTagging", "s3:GetObjectAttributes",
			"s3:PutObjectAcl", "s3:PutObjectTagging", "s3:DeleteObject", "s3:DeleteObjectTagging":
			action = versioned(action)
		}
	}
	more := map[string][]string{}
	if versionID != "" {
		more["s3:VersionId"] = []string{versionID}
	}
	if existing != nil {
		for _, t := range existing.tags {
			more["s3:ExistingObjectTag/"+t.Key] = []string{t.Value}
		}
	}
	return c.authorizeOn(action, c.bucket, c.s.env.S3ARN(c.name+"/"+c.key), more)
}

// versioned is the action on a version: the word Version follows Object.
func versioned(action string) string {
	verb, rest, _ := strings.Cut(action, "Object")
	return verb + "ObjectVersion" + rest
}

// authorizeOn checks an action on an ARN under the policy of b.
func (c *call) authorizeOn(action string, b *bucket, arn string, more map[string][]string) error {
	conditions := c.conditions(action)
	for name, values := range more {
		conditions[name] = values
	}
	access := wire.Access{Action: action, Resource: arn, Conditions: conditions}
	if b != nil {
		b.mu.RLock()
		access.ResourcePolicy = b.config.policy
		restricted := b.config.restrictsPublic()
		b.mu.RUnlock()
		if restricted && c.caller.Anonymous {
			return accessDenied()
		}
	}
	// The owner can always repair a policy that locks everybody out:
	// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketPolicy.html
	if c.caller.Root && (action == "s3:GetBucketPolicy" || action == "s3:PutBucketPolicy" || action == "s3:DeleteBucketPolicy") {
		access.ResourcePolicy = ""
	}
	return wire.Authorize(c.ctx(), access)
}

// conditions are the condition keys that a request to S3 carries:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
// The global keys are the identity's.
func (c *call) conditions(action string) map[string][]string {
	m := map[string][]string{
		"s3:ResourceAccount": {c.s.env.Account},
	}
	if ua := c.header("User-Agent"); ua != "" {
		m["aws:UserAgent"] = []string{ua}
	}
	switch {
	case c.has("X-Amz-Signature"):
		m["s3:authType"], m["s3:signatureversion"] = []string{"REST-QUERY-STRING"}, []string{"AWS4-HMAC-SHA256"}
	case strings.HasPrefix(c.header("Authorization"), "AWS4-HMAC-SHA256"):
		m["s3:authType"], m["s3:signatureversion"] = []string{"REST-HEADER"}, []string{"AWS4-HMAC-SHA256"}
	}
	if sum := c.header("x-amz-content-sha256"); sum != "" {
		m["s3:x-amz-content-sha256"] = []string{sum}
	}
	if action == "s3:PutObject" || action == "s3:DeleteObject" {
		for _, name := range []string{"if-match", "if-none-match"} {
			if value := c.header(name); value != "" {
				m["s3:"+name] = []string{value}
			}
		}
	}
	switch action {
	case "s3:ListBucket", "s3:ListBucketVersions":
		for _, name := range []string{"prefix", "delimiter", "max-keys"} {
			if c.has(name) {
				m["s3:"+name] = []string{c.query.Get(name)}
			}
		}
	case "s3:PutObject", "s3:CreateBucket", "s3:PutBucketAcl", "s3:PutObjectAcl":
		for name := range c.r.Header {
			lower := strings.ToLower(name)
			switch lower {
			case "x-amz-acl", "x-amz-grant-read", "x-amz-grant-write", "x-amz-grant-read-acp", "x-amz-grant-write-acp",
				"x-amz-grant-full-control", "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id",
				"x-amz-storage-class", "x-amz-copy-source", "x-amz-metadata-directive", "x-amz-website-redirect-location",
				"x-amz-object-ownership":
				m["s3:"+lower] = []string{c.r.Header.Get(name)}
			}
		}
		if action == "s3:PutObject" {
			isPart := c.op == "UploadPart"
			m["s3:ObjectCreationOperation"] = []string{strconv.FormatBool(!isPart)}
		}
	}
	return m
}

// checkOwner checks that a bucket belongs to the account that a header expects.
func (c *call) checkOwner(header string) error {
	want := c.header(header)
	switch {
	case want == "" || want == c.s.env.Account:
		return nil
	case !isAccount(want):
		return fail(http.StatusBadRequest, "InvalidBucketOwnerAWSAccountID",
			"The value of the expected bucket owner parameter must be an AWS Account ID... ["+want+"]")
	}
	return accessDenied()
}

// mayList tells whether the caller may know which keys a bucket has. A read of
// a missing key answers 404 to those who may and 403 to all others:
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
func (c *call) mayList() error {
	return c.authorizeOn("s3:ListBucket", c.bucket, c.s.env.S3ARN(c.name), nil)
}
