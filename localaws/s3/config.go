package s3

import (
	"encoding/xml"
	"net/http"
)

// config is everything that is set on a bucket through its sub-resources.
type config struct {
	versioning  string // "" (never set), "Enabled" or "Suspended"
	eventBridge bool
	lifecycle   *lifecycle
	policy      string // JSON, "" without one
	policyOpen  bool   // policy is public in the sense of Block Public Access
	encryption  encryption
	block       *publicAccessBlock
	ownership   string // "" after the controls were deleted
	tags        tags
}

// newConfig is the state of a new bucket: since April 2023 all public access
// blocked and ACLs off, since January 2023 encrypted with S3's own keys.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html
func newConfig() config {
	return config{
		encryption: encryption{algorithm: aes256},
		block:      &publicAccessBlock{BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true},
		ownership:  ownerEnforced,
	}
}

// restrictsPublic tells whether only the account and AWS services may use the
// bucket although its policy says otherwise.
func (c *config) restrictsPublic() bool {
	return c.policyOpen && c.block != nil && c.block.RestrictPublicBuckets
}

// read gives f the configuration to look at.
func (c *call) read(f func(*config)) {
	c.bucket.mu.RLock()
	defer c.bucket.mu.RUnlock()
	f(&c.bucket.config)
}

// change gives f the configuration to change.
func (c *call) change(f func(*config) error) error {
	c.bucket.mu.Lock()
	defer c.bucket.mu.Unlock()
	return f(&c.bucket.config)
}

// What S3 says of configurations that a bucket does not have.

func noCORS(c *call) *Error {
	return fail(http.StatusNotFound, "NoSuchCORSConfiguration", "The CORS configuration does not exist", "BucketName", c.name)
}

func noWebsite(c *call) *Error {
	return fail(http.StatusNotFound, "NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration", "BucketName", c.name)
}

func noReplication(c *call) *Error {
	return fail(http.StatusNotFound, "ReplicationConfigurationNotFoundError", "The replication configuration was not found", "BucketName", c.name)
}

func noObjectLock(c *call) *Error {
	return fail(http.StatusNotFound, "ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket", "BucketName", c.name)
}

func noConfiguration(*call) *Error {
	return fail(http.StatusNotFound, "NoSuchConfiguration", "The specified configuration does not exist.")
}

func noLockOnBucket(*call) *Error {
	return invalidRequest("Bucket is missing Object Lock Configuration")
}

// absent serves a configuration that no bucket of localaws has.
func absent(err func(*call) *Error) func(*call) error {
	return func(c *call) error { return err(c) }
}

// fixed serves a configuration that is the same for every bucket.
func fixed(document func() any) func(*call) error {
	return func(c *call) error { return c.reply(document()) }
}

func noLogging() any {
	return struct {
		XMLName xml.Name `xml:"BucketLoggingStatus"`
		Xmlns   string   `xml:"xmlns,attr"`
	}{Xmlns: xmlns}
}

func noAcceleration() any {
	return struct {
		XMLName xml.Name `xml:"AccelerateConfiguration"`
		Xmlns   string   `xml:"xmlns,attr"`
	}{Xmlns: xmlns}
}

func ownerPays() any {
	return struct {
		XMLName xml.Name `xml:"RequestPaymentConfiguration"`
		Xmlns   string   `xml:"xmlns,attr"`
		Payer   string
	}{Xmlns: xmlns, Payer: "BucketOwner"}
}

func noABAC() any {
	return struct {
		XMLName xml.Name `xml:"AbacStatus"`
		Xmlns   string   `xml:"xmlns,attr"`
		Status  string
	}{Xmlns: xmlns, Status: "Disabled"}
}

// configurations serves the kinds of configuration of which a bucket can have
// many: none here, so a listing is empty and one by its id is not found.
func configurations(root string) func(*call) error {
	return func(c *call) error {
		if c.query.Get("id") != "" {
			return noConfiguration(c)
		}
		return c.reply(struct {
			XMLName     xml.Name
			Xmlns       string `xml:"xmlns,attr"`
			IsTruncated bool
		}{XMLName: xml.Name{Local: root}, Xmlns: xmlns})
	}
}
