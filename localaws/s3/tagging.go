package s3

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxBucketTags = 50
	maxObjectTags = 10
)

type tag struct {
	Key     string
	Value   string
	Unknown unknown `xml:",any"`
}

// UnmarshalXML demands both members, which may be empty but not absent.
func (t *tag) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	var in struct {
		Key, Value *string
		Unknown    unknown `xml:",any"`
	}
	if err := d.DecodeElement(&in, &start); err != nil {
		return err
	}
	if in.Key == nil || in.Value == nil {
		return malformedXML()
	}
	t.Key, t.Value, t.Unknown = *in.Key, *in.Value, in.Unknown
	return nil
}

type tags []tag

type tagging struct {
	XMLName xml.Name `xml:"Tagging"`
	Xmlns   string   `xml:"xmlns,attr,omitempty"`
	TagSet  *tagSet
	Unknown unknown `xml:",any"`
}

type tagSet struct {
	Tags    []tag   `xml:"Tag"`
	Unknown unknown `xml:",any"`
}

func invalidTag(message string, details ...string) *Error {
	return fail(http.StatusBadRequest, "InvalidTag", message, details...)
}

// Words for a key that begins with "aws:", which differ from call to call.
const (
	bucketSystemTag = "System tags cannot be added/updated by requester"
	objectSystemTag = "Your TagKey cannot be prefixed with aws:"
)

// validTags judges a tag set by the rules for cost-allocation tags:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/CostAllocTagging.html
func validTags(set []tag, most int, systemTag string) (tags, error) {
	if len(set) > most {
		kind := "Bucket tag count cannot be greater than "
		if most == maxObjectTags {
			kind = "Object tags cannot be greater than "
		}
		return nil, fail(http.StatusBadRequest, "BadRequest", kind+strconv.Itoa(most))
	}
	seen := map[string]bool{}
	for _, t := range set {
		switch {
		case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
			if systemTag != bucketSystemTag && systemTag != objectSystemTag {
				return nil, invalidTag(systemTag)
			}
			return nil, invalidTag(systemTag, "TagKey", t.Key)
		case t.Key == "" || !taggable(t.Key, 128):
			return nil, invalidTag("The TagKey you have provided is invalid", "TagKey", t.Key)
		case !taggable(t.Value, 256):
			return nil, invalidTag("The TagValue you have provided is invalid", "TagKey", t.Key, "TagValue", t.Value)
		case seen[t.Key]:
			return nil, invalidTag("Cannot provide multiple Tags with the same key", "TagKey", t.Key)
		}
		seen[t.Key] = true
	}
	return set, nil
}

// taggable tells whether a text has only what tags may: letters, numbers, spaces
// and + - = . _ : / @, and is not too long.
func taggable(text string, most int) bool {
	if utf8.RuneCountInString(text) > most {
		return false
	}
	for _, r := range text {
		if !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsSpace(r) && !strings.ContainsRune("+-=._:/@", r) {
			return false
		}
	}
	return true
}

// headerTags reads x-amz-tagging, which is written like a query.
func (c *call) headerTags() (tags, error) {
	raw := c.header("x-amz-tagging")
	if raw == "" {
		return nil, nil
	}
	malformed := invalidArgument("The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
		"x-amz-tagging", raw)
	var set []tag
	seen := map[string]bool{}
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		key, err := url.QueryUnescape(name)
		if err == nil {
			value, err = url.QueryUnescape(value)
		}
		if err != nil || pair == "" || seen[key] || !taggable(key, 128) || !taggable(value, 256) {
			return nil, malformed
		}
		seen[key] = true
		set = append(set, tag{Key: key, Value: value})
	}
	return validTags(set, maxObjectTags, objectSystemTag)
}

func (c *call) replyTags(set tags) error {
	out := tagging{Xmlns: xmlns}
	out.TagSet = &tagSet{Tags: set}
	return c.reply(out)
}

func (c *call) getBucketTagging() error {
	var set tags
	c.read(func(on *config) { set = on.tags })
	if len(set) == 0 {
		return fail(http.StatusNotFound, "NoSuchTagSet", "The TagSet does not exist", "BucketName", c.name)
	}
	return c.replyTags(set)
}

func (c *call) putBucketTagging() error {
	var in tagging
	if err := c.document(&in); err != nil {
		return err
	}
	if in.TagSet == nil {
		return malformedXML()
	}
	set, err := validTags(in.TagSet.Tags, maxBucketTags, bucketSystemTag)
	if err != nil {
		return err
	}
	if err := c.change(func(on *config) error { on.tags = set; return nil }); err != nil {
		return err
	}
	return c.noContent()
}

func (c *call) deleteBucketTagging() error {
	if err := c.change(func(on *config) error { on.tags = nil; return nil }); err != nil {
		return err
	}
	return c.noContent()
}

func (c *call) getObjectTagging() error {
	v, err := c.addressed("s3:GetObjectTagging")
	if err != nil {
		// Here alone S3 tells the key with its bucket.
		if e := asError(err); e.Code == "NoSuchKey" {
			return noSuchKey(c.name + "/" + c.key)
		}
		return err
	}
	c.showVersion(v)
	return c.replyTags(v.tags)
}

func (c *call) putObjectTagging() error {
	var in tagging
	if err := c.document(&in); err != nil {
		return err
	}
	if in.TagSet == nil {
		return malformedXML()
	}
	set, err := validTags(in.TagSet.Tags, maxObjectTags, objectSystemTag)
	if err != nil {
		return err
	}
	return c.setObjectTags("s3:PutObjectTagging", set, http.StatusOK, tagsAdded)
}

func (c *call) deleteObjectTagging() error {
	return c.setObjectTags("s3:DeleteObjectTagging", nil, http.StatusNoContent, tagsDeleted)
}

func (c *call) setObjectTags(action string, set tags, status int, event string) error {
	for {
		v, err := c.addressed(action)
		if err != nil {
			return err
		}
		changed := *v
		changed.tags = set
		c.bucket.mu.Lock()
		if c.bucket.find(c.key, v.id) != v { // another writer came between
			c.bucket.mu.Unlock()
			continue
		}
		c.bucket.replace(v, &changed)
		notice := c.notice(event, &changed)
		c.bucket.mu.Unlock()
		c.showVersion(v)
		notice.send("", "")
		return c.write(status, nil)
	}
}

// addressed is the version of the object that a request names, after the check
// that the caller may do action on it. A delete marker cannot be addressed.
func (c *call) addressed(action string) (*version, error) {
	id := c.query.Get("versionId")
	if c.has("versionId") && !issued(id) {
		return nil, invalidVersion(id)
	}
	c.bucket.mu.RLock()
	v := c.bucket.find(c.key, id)
	c.bucket.mu.RUnlock()
	if err := c.authorizeObject(action, id, v); err != nil {
		return nil, err
	}
	switch {
	case v == nil && id != "":
		if err := c.mayList(); err != nil {
			return nil, err
		}
		return nil, noSuchVersion(c.key, id)
	case v == nil:
		if err := c.mayList(); err != nil {
			return nil, err
		}
		return nil, noSuchKey(c.key)
	case v.deleteMarker && (id != "" || !hidesMarker(action)):
		return nil, methodNotAllowed(c.r.Method, "DeleteMarker").with("x-amz-delete-marker", "true").
			with("x-amz-version-id", v.id).with("Last-Modified", httpDate(v.modified)).with("Allow", "DELETE")
	case v.deleteMarker:
		if err := c.mayList(); err != nil {
			return nil, err
		}
		return nil, noSuchKey(c.key).with("x-amz-delete-marker", "true").with("x-amz-version-id", v.id)
	}
	return v, nil
}

// hidesMarker tells whether an action sees no object behind a delete marker. The
// others see the marker itself, on which they are not allowed.
func hidesMarker(action string) bool {
	return action == "s3:GetObject" || action == "s3:GetObjectAcl" || action == "s3:GetObjectAttributes"
}

// showVersion puts the version id into the answer, where the bucket has or ever
// had versions.
func (c *call) showVersion(v *version) {
	c.bucket.mu.RLock()
	defer c.bucket.mu.RUnlock()
	if c.bucket.config.versioning != "" {
		c.w.Header().Set("x-amz-version-id", v.id)
	}
}
