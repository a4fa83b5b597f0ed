package s3

import (
	"encoding/xml"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// lifecycle is a bucket's lifecycle configuration.
type lifecycle struct {
	XMLName xml.Name        `xml:"LifecycleConfiguration"`
	Xmlns   string          `xml:"xmlns,attr,omitempty"`
	Rules   []lifecycleRule `xml:"Rule"`
	Unknown unknown         `xml:",any"`

	minimumSize string // x-amz-transition-default-minimum-object-size
}

type lifecycleRule struct {
	Expiration   *expiration      `xml:",omitempty"`
	ID           string           `xml:",omitempty"`
	Prefix       *string          `xml:",omitempty"` // of the old form of a rule
	Filter       *lifecycleFilter `xml:",omitempty"`
	Status       string
	Transitions  []transition           `xml:"Transition"`
	Noncurrent   *noncurrentExpiration  `xml:"NoncurrentVersionExpiration"`
	NoncurrentTo []noncurrentTransition `xml:"NoncurrentVersionTransition"`
	AbortUploads *abortUploads          `xml:"AbortIncompleteMultipartUpload"`
	Unknown      unknown                `xml:",any"`
}

type lifecycleFilter struct {
	Prefix      *string       `xml:",omitempty"`
	Tag         *tag          `xml:",omitempty"`
	GreaterThan *int64        `xml:"ObjectSizeGreaterThan"`
	LessThan    *int64        `xml:"ObjectSizeLessThan"`
	And         *lifecycleAnd `xml:",omitempty"`
	Unknown     unknown       `xml:",any"`
}

type lifecycleAnd struct {
	Prefix      *string `xml:",omitempty"`
	Tags        []tag   `xml:"Tag"`
	GreaterThan *int64  `xml:"ObjectSizeGreaterThan"`
	LessThan    *int64  `xml:"ObjectSizeLessThan"`
	Unknown     unknown `xml:",any"`
}

type expiration struct {
	Date         *string `xml:",omitempty"`
	Days         *int    `xml:",omitempty"`
	DeleteMarker *bool   `xml:"ExpiredObjectDeleteMarker"`
	Unknown      unknown `xml:",any"`
}

type transition struct {
	Date         *string `xml:",omitempty"`
	Days         *int    `xml:",omitempty"`
	StorageClass string
	Unknown      unknown `xml:",any"`
}

type noncurrentExpiration struct {
	Days    *int    `xml:"NoncurrentDays"`
	Newer   *int    `xml:"NewerNoncurrentVersions"`
	Unknown unknown `xml:",any"`
}

type noncurrentTransition struct {
	Days         *int `xml:"NoncurrentDays"`
	Newer        *int `xml:"NewerNoncurrentVersions"`
	StorageClass string
	Unknown      unknown `xml:",any"`
}

type abortUploads struct {
	Days    *int    `xml:"DaysAfterInitiation"`
	Unknown unknown `xml:",any"`
}

// transitionSize is the header that says below which size objects are left
// where they are.
const (
	transitionSize   = "x-amz-transition-default-minimum-object-size"
	allClasses128K   = "all_storage_classes_128K"
	variesByClass    = "varies_by_storage_class"
	minimumToArchive = 128 << 10
)

func (c *call) getLifecycle() error {
	var rules *lifecycle
	c.read(func(on *config) { rules = on.lifecycle })
	if rules == nil {
		return fail(http.StatusNotFound, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist", "BucketName", c.name)
	}
	out := *rules
	out.Xmlns = xmlns
	c.w.Header().Set(transitionSize, rules.minimumSize)
	return c.reply(out)
}

func (c *call) putLifecycle() error {
	var in lifecycle
	if err := c.document(&in); err != nil {
		return err
	}
	in.minimumSize = c.header(transitionSize)
	switch in.minimumSize {
	case "":
		in.minimumSize = allClasses128K
	case allClasses128K, variesByClass:
	default:
		return invalidRequest("Invalid TransitionDefaultMinimumObjectSize found: " + in.minimumSize)
	}
	if len(in.Rules) == 0 || len(in.Rules) > 1000 {
		return malformedXML()
	}
	ids := map[string]bool{}
	for i := range in.Rules {
		r := &in.Rules[i]
		if r.ID == "" {
			r.ID = c.s.env.IDs.UUID()
		}
		if ids[r.ID] {
			return invalidArgument("Rule ID must be unique. Found same ID for more than one rule", "ID", r.ID)
		}
		ids[r.ID] = true
		if err := r.check(); err != nil {
			return err
		}
	}
	in.XMLName = xml.Name{}
	if err := c.change(func(on *config) error { on.lifecycle = &in; return nil }); err != nil {
		return err
	}
	c.s.scheduleLifecycle()
	c.w.Header().Set(transitionSize, in.minimumSize)
	return c.write(http.StatusOK, nil)
}

func (c *call) deleteLifecycle() error {
	if err := c.change(func(on *config) error { on.lifecycle = nil; return nil }); err != nil {
		return err
	}
	return c.noContent()
}

// check judges a rule as PutBucketLifecycleConfiguration does:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
func (r *lifecycleRule) check() error {
	bad := func(message string) error { return invalidArgument(message, "Rule", r.ID) }
	switch {
	case utf8.RuneCountInString(r.ID) > 255:
		return bad("ID length should not exceed allowed limit of 255")
	case r.Status != "Enabled" && r.Status != "Disabled":
		return malformedXML()
	case r.Prefix != nil && r.Filter != nil:
		return malformedXML()
	case r.Prefix == nil && r.Filter == nil:
		return malformedXML()
	case r.Expiration == nil && len(r.Transitions) == 0 && r.Noncurrent == nil && len(r.NoncurrentTo) == 0 && r.AbortUploads == nil:
		return fail(http.StatusBadRequest, "InvalidRequest", "At least one action needs to be specified in a rule")
	}
	if err := r.Filter.check(); err != nil {
		return err
	}
	byTagOrSize := r.Filter.byTag() || r.Filter.bySize()
	if r.AbortUploads != nil {
		if r.AbortUploads.Days == nil || *r.AbortUploads.Days < 1 {
			return bad("'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer")
		}
		if byTagOrSize {
			return invalidRequest("AbortIncompleteMultipartUpload cannot be specified with Tags.")
		}
	}
	if e := r.Expiration; e != nil {
		if count(e.Date != nil, e.Days != nil, e.DeleteMarker != nil) != 1 {
			return malformedXML()
		}
		if e.Days != nil && *e.Days < 1 {
			return bad("'Days' for Expiration action must be a positive integer")
		}
		if e.Date != nil {
			if _, err := midnight(*e.Date); err != nil {
				return invalidArgument("'Date' must be at midnight GMT", "Date", *e.Date)
			}
		}
		if e.DeleteMarker != nil && r.Filter.byTag() {
			return invalidRequest("ExpiredObjectDeleteMarker cannot be specified with Tags.")
		}
	}
	for _, t := range r.Transitions {
		if count(t.Date != nil, t.Days != nil) != 1 || !transitionClass(t.StorageClass) {
			return malformedXML()
		}
		if t.Days != nil && *t.Days < 0 {
			return bad("'Days' in Transition action must be nonnegative")
		}
		if t.Days != nil && *t.Days < 30 && (t.StorageClass == "STANDARD_IA" || t.StorageClass == "ONEZONE_IA") {
			return bad("'Days' in Transition action must be greater than or equal to 30 for storageClass '" + t.StorageClass + "'")
		}
		if t.Date != nil {
			if _, err := midnight(*t.Date); err != nil {
				return invalidArgument("'Date' must be at midnight GMT", "Date", *t.Date)
			}
		}
		if r.Expiration != nil && r.Expiration.Days != nil && t.Days != nil && *r.Expiration.Days <= *t.Days {
			return bad("'Days' in the Expiration action for filter must be greater than 'Days' in the Transition action")
		}
	}
	if n := r.Noncurrent; n != nil {
		if n.Days == nil {
			return malformedXML()
		}
		if *n.Days < 1 {
			return bad("'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer")
		}
		if n.Newer != nil && (*n.Newer < 1 || *n.Newer > 100) {
			return bad("'NewerNoncurrentVersions' for NoncurrentVersionExpiration action must be between 1 and 100")
		}
	}
	for _, t := range r.NoncurrentTo {
		if t.Days == nil || *t.Days < 0 || !transitionClass(t.StorageClass) {
			return malformedXML()
		}
	}
	return nil
}

func (f *lifecycleFilter) check() error {
	if f == nil {
		return nil
	}
	if count(f.Prefix != nil, f.Tag != nil, f.GreaterThan != nil, f.LessThan != nil, f.And != nil) > 1 {
		return malformedXML()
	}
	if a := f.And; a != nil && count(a.Prefix != nil, a.GreaterThan != nil, a.LessThan != nil)+len(a.Tags) < 2 {
		return malformedXML()
	}
	seen := map[string]bool{}
	for _, t := range f.tags() {
		if seen[t.Key] {
			return invalidRequest("Duplicate Tag Keys are not allowed.")
		}
		seen[t.Key] = true
	}
	return nil
}

func count(conditions ...bool) (n int) {
	for _, c := range conditions {
		if c {
			n++
		}
	}
	return n
}

func transitionClass(class string) bool {
	return knownClass(class) && class != standard && class != "REDUCED_REDUNDANCY"
}

func midnight(date string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, date)
	if err != nil {
		if t, err = time.Parse(time.DateOnly, date); err != nil {
			return t, err
		}
	}
	if !t.Equal(t.UTC().Truncate(24 * time.Hour)) {
		return t, malformedXML()
	}
	return t, nil
}

// The filter seen as one conjunction, whichever way it was written.

func (r *lifecycleRule) prefix() string {
	switch f := r.Filter; {
	case r.Prefix != nil:
		return *r.Prefix
	case f != nil && f.Prefix != nil:
		return *f.Prefix
	case f != nil && f.And != nil && f.And.Prefix != nil:
		return *f.And.Prefix
	}
	return ""
}

func (f *lifecycleFilter) tags() []tag {
	switch {
	case f == nil:
		return nil
	case f.Tag != nil:
		return []tag{*f.Tag}
	case f.And != nil:
		return f.And.Tags
	}
	return nil
}

func (f *lifecycleFilter) byTag() bool { return len(f.tags()) > 0 }

func (f *lifecycleFilter) sizes() (above, below *int64) {
	switch {
	case f == nil:
		return nil, nil
	case f.And != nil:
		return f.And.GreaterThan, f.And.LessThan
	}
	return f.GreaterThan, f.LessThan
}

func (f *lifecycleFilter) bySize() bool {
	above, below := f.sizes()
	return above != nil || below != nil
}

// covers tells whether the rule is about a version.
func (r *lifecycleRule) covers(v *version) bool {
	if r.Status != "Enabled" || !strings.HasPrefix(v.key, r.prefix()) {
		return false
	}
	for _, want := range r.Filter.tags() {
		found := false
		for _, have := range v.tags {
			found = found || (have.Key == want.Key && have.Value == want.Value)
		}
		if !found {
			return false
		}
	}
	above, below := r.Filter.sizes()
	return (above == nil || v.size() > *above) && (below == nil || v.size() < *below)
}
