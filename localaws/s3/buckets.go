package s3

import (
	"encoding/xml"
	"math"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

type bucketEntry struct {
	Name         string
	CreationDate timestamp
	BucketRegion string `xml:",omitempty"`
	BucketArn    string
}

func (c *call) listBuckets() error {
	const most = 10000
	limit, err := c.limit("max-buckets", math.MaxInt32)
	if err != nil {
		return err
	}
	if raw := c.query.Get("max-buckets"); raw != "" && (limit < 1 || limit > most) {
		return invalidArgument("Argument max-buckets must be an integer between 1 and "+strconv.Itoa(most), "max-buckets", raw)
	}
	limit = min(limit, most)
	if region := c.query.Get("bucket-region"); region != "" && region != c.s.env.Region {
		if !regexp.MustCompile(`^(af|ap|ca|cn|eu|il|me|mx|sa|us)(-[a-z]+)+-\d$`).MatchString(region) {
			return wrongArgument("Argument value "+region+" is not a valid AWS Region", "bucket-region")
		}
		limit = 0
	}
	prefix, token := c.query.Get("prefix"), c.query.Get("continuation-token")
	start := ""
	if token != "" {
		if start, err = openToken(token); err != nil {
			return err
		}
	}
	paged := c.has("max-buckets")
	var result struct {
		XMLName           xml.Name `xml:"ListAllMyBucketsResult"`
		Xmlns             string   `xml:"xmlns,attr"`
		Owner             owner
		Buckets           []bucketEntry `xml:"Buckets>Bucket"`
		ContinuationToken string        `xml:",omitempty"`
		Prefix            string        `xml:",omitempty"`
	}
	result.Xmlns, result.Owner, result.Prefix = xmlns, c.owner(), prefix
	for _, name := range c.s.bucketNames() {
		b := c.s.bucket(name)
		if b == nil || !strings.HasPrefix(name, prefix) || name <= start {
			continue
		}
		if len(result.Buckets) == limit {
			if limit > 0 {
				result.ContinuationToken = sealToken(result.Buckets[limit-1].Name)
			}
			break
		}
		entry := bucketEntry{Name: name, CreationDate: timestamp(b.created), BucketArn: c.s.env.S3ARN(name)}
		if paged || prefix != "" || c.has("continuation-token") {
			entry.BucketRegion = c.s.env.Region
		}
		result.Buckets = append(result.Buckets, entry)
	}
	return c.reply(result)
}

// bucketName is the form of names since 2018, dots included:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
func validBucketName(name string) bool {
	if !regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`).MatchString(name) {
		return false
	}
	if strings.Contains(name, "..") || net.ParseIP(name) != nil {
		return false
	}
	for _, prefix := range []string{"xn--", "sthree-", "amzn-s3-demo-"} {
		if strings.HasPrefix(name, prefix) {
			return false
		}
	}
	for _, suffix := range []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3", "-an"} {
		if strings.HasSuffix(name, suffix) {
			return false
		}
	}
	return true
}

func (c *call) createBucket() error {
	if !validBucketName(c.name) {
		return fail(http.StatusBadRequest, "InvalidBucketName", "The specified bucket is not valid.", "BucketName", c.name)
	}
	var in struct {
		XMLName            xml.Name `xml:"CreateBucketConfiguration"`
		LocationConstraint string
		Tags               []tag    `xml:"Tags>Tag"`
		Location           *unknown // of directory buckets
		Bucket             *unknown
		Unknown            unknown `xml:",any"`
	}
	body, err := c.text(maxDocument)
	if err != nil {
		return err
	}
	if len(body) > 0 {
		if err := parse(body, &in); err != nil {
			return err
		}
	}
	if in.Location != nil || in.Bucket != nil {
		return notImplemented("directory buckets (s3:CreateBucket with Location or Bucket)")
	}
	if strings.EqualFold(c.header("x-amz-bucket-object-lock-enabled"), "true") {
		return notImplemented("object lock (s3:CreateBucket with x-amz-bucket-object-lock-enabled)")
	}
	if err := checkConstraint(c.s.env.Region, in.LocationConstraint); err != nil {
		return err
	}
	b := newBucket(c.name, c.now())
	if values, given := c.r.Header["X-Amz-Object-Ownership"]; given {
		ownership := values[0]
		if !validOwnership(ownership) {
			return wrongArgument("Invalid x-amz-object-ownership header: "+ownership, "x-amz-object-ownership")
		}
		b.config.ownership = ownership
	}
	if err := c.refuseACL(b.config.ownership, b.config.block); err != nil {
		return err
	}
	if b.config.tags, err = validTags(in.Tags, maxBucketTags, `User-defined tag keys can't start with "aws:". This prefix is reserved for system tags. Remove "aws:" from your tag keys and try again.`); err != nil {
		return err
	}
	c.s.mu.Lock()
	_, exists := c.s.buckets[c.name]
	if !exists {
		c.s.buckets[c.name] = b
	}
	c.s.mu.Unlock()
	// For the sake of old clients us-east-1, and only it, answers success to the
	// owner who creates a bucket again, unless with tags:
	// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
	if exists && (c.s.env.Region != "us-east-1" || len(in.Tags) > 0) {
		return fail(http.StatusConflict, "BucketAlreadyOwnedByYou",
			"Your previous request to create the named bucket succeeded and you already own it.", "BucketName", c.name)
	}
	location := "/" + c.name
	if in.LocationConstraint != "" {
		location = "http://" + c.name + ".s3.amazonaws.com/"
	}
	c.w.Header().Set("Location", location)
	c.w.Header().Set("x-amz-bucket-arn", c.s.env.S3ARN(c.name))
	return c.write(http.StatusOK, nil)
}

// checkConstraint judges the region of a new bucket. us-east-1 is named by no
// constraint at all; its endpoint alone can make buckets elsewhere, which is not
// done here.
func checkConstraint(region, given string) error {
	switch {
	case region == "us-east-1" && given == "":
		return nil
	case region == "us-east-1" && given != region && regexp.MustCompile(`^([a-z]{2}(-[a-z]+)+-\d|EU)$`).MatchString(given):
		return notImplemented("buckets in another region (LocationConstraint " + given + " of s3:CreateBucket)")
	case region == "us-east-1":
		return fail(http.StatusBadRequest, "InvalidLocationConstraint", "The specified location-constraint is not valid", "LocationConstraint", given)
	case given == region:
		return nil
	case given == "":
		given = "unspecified"
	}
	return fail(http.StatusBadRequest, "IllegalLocationConstraintException",
		"The "+given+" location constraint is incompatible for the region specific endpoint this request was sent to.")
}

func (c *call) headBucket() error {
	c.w.Header().Set("Content-Type", "application/xml")
	c.w.Header().Set("x-amz-bucket-region", c.s.env.Region)
	c.w.Header().Set("x-amz-bucket-arn", c.s.env.S3ARN(c.name))
	c.w.Header().Set("x-amz-access-point-alias", "false")
	return c.write(http.StatusOK, nil)
}

func (c *call) deleteBucket() error {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.bucket.mu.Lock()
	defer c.bucket.mu.Unlock()
	if c.bucket.gone {
		return noSuchBucket(c.name)
	}
	if len(c.bucket.keys) > 0 {
		message := "The bucket you tried to delete is not empty"
		if c.bucket.config.versioning != "" {
			message += ". You must delete all versions in the bucket."
		}
		return fail(http.StatusConflict, "BucketNotEmpty", message, "BucketName", c.name)
	}
	c.bucket.gone = true
	delete(c.s.buckets, c.name)
	return c.noContent()
}

func (c *call) getLocation() error {
	region := c.s.env.Region
	if region == "us-east-1" {
		region = "" // as it was before there were regions
	}
	return c.reply(struct {
		XMLName xml.Name `xml:"LocationConstraint"`
		Xmlns   string   `xml:"xmlns,attr"`
		Region  string   `xml:",chardata"`
	}{Xmlns: xmlns, Region: region})
}

type versioning struct {
	XMLName   xml.Name `xml:"VersioningConfiguration"`
	Xmlns     string   `xml:"xmlns,attr,omitempty"`
	Status    string   `xml:",omitempty"`
	MFADelete string   `xml:"MfaDelete,omitempty"`
	Unknown   unknown  `xml:",any"`
}

func (c *call) getVersioning() error {
	var status string
	c.read(func(on *config) { status = on.versioning })
	return c.reply(versioning{Xmlns: xmlns, Status: status})
}

func (c *call) putVersioning() error {
	var in versioning
	if err := c.document(&in); err != nil {
		return err
	}
	if in.MFADelete != "" && in.MFADelete != "Disabled" {
		return notImplemented("parameter MFADelete of s3:PutBucketVersioning")
	}
	switch in.Status {
	case "Enabled", "Suspended":
	case "":
		return fail(http.StatusBadRequest, "IllegalVersioningConfigurationException",
			"The Versioning element must be specified")
	default:
		return malformedXML()
	}
	if err := c.change(func(on *config) error { on.versioning = in.Status; return nil }); err != nil {
		return err
	}
	return c.write(http.StatusOK, nil)
}

// limit reads a query parameter that bounds a listing.
func (c *call) limit(name string, most int) (int, error) {
	raw := c.query.Get(name)
	if raw == "" {
		return most, nil
	}
	n, err := strconv.Atoi(raw)
	if err != nil {
		return 0, invalidArgument("Provided "+name+" not an integer or within integer range", name, raw)
	}
	if n < 0 {
		return 0, invalidArgument("Argument "+name+" must be an integer between 0 and 2147483647", name, raw)
	}
	return min(n, most), nil
}

func httpDate(t time.Time) string { return t.UTC().Format(http.TimeFormat) }

// Tagged are the buckets that carry tags: ARN -> tag key -> value.
func (s *Service) Tagged() map[string]map[string]string {
	found := map[string]map[string]string{}
	for _, name := range s.bucketNames() {
		b := s.bucket(name)
		if b == nil {
			continue
		}
		b.mu.RLock()
		set := b.config.tags
		b.mu.RUnlock()
		if len(set) == 0 {
			continue
		}
		of := map[string]string{}
		for _, t := range set {
			of[t.Key] = t.Value
		}
		found[s.env.S3ARN(name)] = of
	}
	return found
}
