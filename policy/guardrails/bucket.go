package guardrails

import (
	"slices"
	"strings"
)

// Both generations of a bucket: one that has everything inside, one that has a
// resource for each aspect. pulumi-aws 7 gives the second the name of the first.
const (
	bucketOne = "aws:s3/bucket:Bucket"
	bucketTwo = "aws:s3/bucketV2:BucketV2"
)

func bucketTypes() []string { return []string{bucketOne, bucketTwo} }

func lifecycleTypes() []string {
	return bothGenerations("aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2")
}

func versioningTypes() []string {
	return bothGenerations("aws:s3/bucketVersioningV2:BucketVersioningV2")
}

func encryptionTypes() []string {
	return bothGenerations("aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2")
}

func aclTypes() []string { return bothGenerations("aws:s3/bucketAclV2:BucketAclV2") }

const (
	publicAccessBlock = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
	bucketPolicy      = "aws:s3/bucketPolicy:BucketPolicy"
)

// verdict is the answer to a question about values of which some may be unknown.
type verdict struct{ yes, known bool }

var (
	yes   = verdict{yes: true, known: true}
	no    = verdict{known: true}
	maybe = verdict{}
)

// bucket is a bucket with everything that the program says of it elsewhere.
type bucket struct {
	Resource
	// companions are the resources that are about this bucket, by type; those
	// whose bucket is not known yet are in perhaps.
	companions, perhaps map[string][]Resource
	// written are the fixed prefixes below which delivery streams write.
	written []string
}

// buckets relates each bucket to its companions.
func (s Stack) buckets() []bucket {
	types := slices.Concat(lifecycleTypes(), versioningTypes(), encryptionTypes(), aclTypes(), []string{publicAccessBlock, bucketPolicy})
	var list []bucket
	for _, r := range s.OfType(bucketTypes()...) {
		b := bucket{Resource: r, companions: map[string][]Resource{}, perhaps: map[string][]Resource{}}
		for _, c := range s.OfType(types...) {
			node := c.At("bucket")
			name, known := node.Text()
			switch {
			case b.referredBy(c.Refers["bucket"]), known && b.is(name), c.Parent == r.URN && r.URN != "":
				b.companions[c.Type] = append(b.companions[c.Type], c)
			case node.Unknown() && len(c.Refers["bucket"]) == 0:
				b.perhaps[c.Type] = append(b.perhaps[c.Type], c)
			}
		}
		for _, stream := range s.OfType(deliveryStream) {
			for _, block := range destinations(stream) {
				arn, known := block.At("bucketArn").Text()
				if known && b.is(arn[strings.LastIndex(arn, ":")+1:]) || !known && b.referredBy(stream.Refers[block.Path]) {
					if prefix, ok := block.At("prefix").Text(); ok {
						b.written = append(b.written, fixedPart(prefix))
					}
				}
			}
		}
		list = append(list, b)
	}
	return list
}

// is reports whether the bucket has the name.
func (b bucket) is(name string) bool {
	if name == "" {
		return false
	}
	for _, n := range []Node{b.At("bucket"), b.Out("bucket"), b.Out("id")} {
		if text, ok := n.Text(); ok && text == name {
			return true
		}
	}
	return false
}

func (b bucket) referredBy(urns []string) bool { return b.URN != "" && slices.Contains(urns, b.URN) }

// of returns the companions of some types, and whether there may be more.
func (b bucket) of(types ...string) (all []Resource, more bool) {
	for _, t := range types {
		all = append(all, b.companions[t]...)
		more = more || len(b.perhaps[t]) > 0
	}
	return all, more
}

// aged is one lifecycle rule, of either generation.
type aged struct {
	enabled verdict
	// prefix is what the rule is for; narrow says that it has other conditions,
	// so that it is for some of the objects only.
	prefix string
	narrow bool
	// expiry, transition, uploads and noncurrent are the blocks that say after
	// how many days.
	expiry, transition, uploads, noncurrent Node
}

// lifecycle returns the bucket's rules, and whether that is all of them.
func (b bucket) lifecycle() (rules []aged, complete bool) {
	complete = true
	inline := b.At("lifecycleRules")
	if inline.Unknown() {
		complete = false
	}
	for _, n := range inline.Items() {
		if n.Unknown() {
			complete = false
			continue
		}
		prefix, _ := n.At("prefix").Text()
		rules = append(rules, aged{
			enabled: isTrue(n.At("enabled")), prefix: prefix, narrow: !n.At("tags").Absent() || n.At("prefix").Unknown(),
			expiry: first(n.At("expiration"), n.At("expirations")), transition: n.At("transitions"),
			uploads:    n.At("abortIncompleteMultipartUploadDays"),
			noncurrent: first(n.At("noncurrentVersionExpiration"), n.At("noncurrentVersionExpirations")),
		})
	}
	companions, more := b.of(lifecycleTypes()...)
	complete = complete && !more
	for _, c := range companions {
		node := c.At("rules")
		if node.Unknown() {
			complete = false
		}
		for _, n := range node.Items() {
			if n.Unknown() {
				complete = false
				continue
			}
			status, known := n.At("status").Text()
			enabled := maybe
			if known {
				enabled = verdict{yes: status == "Enabled", known: true}
			}
			filter := n.At("filter")
			prefix, _ := first(filter.At("prefix"), filter.At("and.prefix"), n.At("prefix")).Text()
			rules = append(rules, aged{
				enabled: enabled, prefix: prefix, narrow: isNarrow(filter),
				expiry: n.At("expiration"), transition: n.At("transitions"),
				uploads:    n.At("abortIncompleteMultipartUpload.daysAfterInitiation"),
				noncurrent: n.At("noncurrentVersionExpiration"),
			})
		}
	}
	return rules, complete
}

// isNarrow reports whether a filter asks for more than a prefix.
func isNarrow(filter Node) bool {
	if filter.HasUnknown() {
		return true
	}
	for _, name := range []string{"tag", "objectSizeGreaterThan", "objectSizeLessThan", "and.tags", "and.objectSizeGreaterThan", "and.objectSizeLessThan"} {
		n := filter.At(name)
		if v, ok := n.Number(); ok && v == 0 {
			continue
		}
		if text, ok := n.Text(); ok && text == "" {
			continue
		}
		if !n.Absent() {
			return true
		}
	}
	return false
}

func first(nodes ...Node) Node {
	for _, n := range nodes {
		if !n.Absent() {
			return n
		}
	}
	return nodes[0]
}

func isTrue(n Node) verdict {
	if n.Unknown() {
		return maybe
	}
	v, _ := n.Bool()
	return verdict{yes: v, known: true}
}

// covered reports whether an enabled rule for a prefix of key does what is asked.
func (b bucket) covered(key string, does func(aged) verdict) verdict {
	rules, complete := b.lifecycle()
	result := verdict{known: complete}
	for _, rule := range rules {
		if rule.narrow || !strings.HasPrefix(key, rule.prefix) {
			continue
		}
		answer := does(rule)
		if answer.yes && rule.enabled.yes {
			return yes
		}
		if !answer.known && (rule.enabled.yes || !rule.enabled.known) || answer.yes && !rule.enabled.known {
			result.known = false
		}
	}
	return result
}

// expires reports whether objects with the key expire. Where the key is not
// known, any expiry counts.
func (b bucket) expires(key string, keyKnown bool) verdict {
	if keyKnown {
		return b.covered(key, func(a aged) verdict { return positive(a.expiry) })
	}
	rules, complete := b.lifecycle()
	for _, rule := range rules {
		if rule.enabled.yes && positive(rule.expiry).yes {
			return yes
		}
	}
	return verdict{known: complete}
}

// positive reports whether a block says after how many days, or on which date.
func positive(block Node) verdict {
	if block.Absent() {
		return no
	}
	if block.Unknown() {
		return maybe
	}
	for _, name := range []string{"days", "noncurrentDays", "date"} {
		n := block.At(name)
		if n.Unknown() {
			return maybe
		}
		if v, ok := n.Number(); ok && v > 0 {
			return yes
		}
		if text, ok := n.Text(); ok && text != "" && name == "date" {
			return yes
		}
	}
	return no
}

// versioned reports whether the bucket keeps old versions of objects.
func (b bucket) versioned() verdict {
	inline := first(b.At("versioning.enabled"), b.At("versionings.enabled"))
	if answer := isTrue(inline); answer.yes || !answer.known {
		return answer
	}
	companions, more := b.of(versioningTypes()...)
	for _, c := range companions {
		n := c.At("versioningConfiguration.status")
		if n.Unknown() {
			return maybe
		}
		if text, _ := n.Text(); text == "Enabled" {
			return yes
		}
	}
	return verdict{known: !more}
}

// encryption returns the blocks that say how the bucket encrypts, and whether
// that is all of them.
func (b bucket) encryption() (blocks []Node, complete bool) {
	complete = true
	inline := first(b.At("serverSideEncryptionConfiguration.rule"), b.At("serverSideEncryptionConfigurations.rules"))
	if inline.Unknown() {
		complete = false
	}
	blocks = inline.Items()
	companions, more := b.of(encryptionTypes()...)
	for _, c := range companions {
		rules := c.At("rules")
		if rules.Unknown() {
			complete = false
		}
		blocks = append(blocks, rules.Items()...)
	}
	return blocks, complete && !more
}
