package guardrails

import (
	"fmt"
	"slices"
	"strings"

	"crawlerless/cost"
)

type uploadSettings struct {
	MaxDays int `json:"maxDays" doc:"longest time that parts of an unfinished upload are kept, in days" min:"1" max:"365"`
}

type encryptionSettings struct {
	Algorithms []string `json:"algorithms" doc:"algorithms that are allowed" enum:"AES256|aws:kms|aws:kms:dsse"`
}

func s3Rules() []Guardrail {
	lifecycle := slices.Concat(bucketTypes(), lifecycleTypes())
	return []Guardrail{
		onStack(Guardrail{
			Name: "s3-expiry", Service: "S3", Level: Mandatory, Types: lifecycle,
			Description: "What is written to a bucket expires, or moves to a colder class.",
			Remedy:      "Set crawlerless:lakeExpiryDays or crawlerless:lakeTransitionDays; each prefix that a delivery stream writes to needs a rule of its own or one above it.",
			Reason: "A lake that keeps everything in Standard costs $0.023 more each month for each GB that ever arrived: " +
				"at 20 GB a day, compressed to an eighth, the bill grows by $21 every year, every month.",
		}, none{}, checkExpiry),
		onStack(Guardrail{
			Name: "s3-unfinished-uploads", Service: "S3", Level: Mandatory, Types: lifecycle,
			Description: "Parts of unfinished multipart uploads are removed.",
			Remedy:      "Add a rule for the whole bucket with abortIncompleteMultipartUpload.",
			Reason:      "Parts of an upload that nobody finished are billed as Standard storage, for ever, and no listing of the bucket shows them.",
		}, uploadSettings{MaxDays: 7}, checkUploads),
		onStack(Guardrail{
			Name: "s3-noncurrent", Service: "S3", Level: Mandatory, Types: slices.Concat(lifecycle, versioningTypes()),
			Description: "Old versions expire in a bucket that keeps them.",
			Remedy:      "Add noncurrentVersionExpiration for the whole bucket, or do not version it.",
			Reason:      "In a versioned bucket an expiry only hides an object: its versions stay, and are billed, until a rule for noncurrent versions removes them.",
		}, none{}, checkNoncurrent),
		onStack(Guardrail{
			Name: "s3-public-access", Service: "S3", Level: Mandatory, Types: slices.Concat(bucketTypes(), aclTypes(), []string{publicAccessBlock}),
			Description: "Public access to a bucket is blocked in all four ways.",
			Remedy:      "Declare a BucketPublicAccessBlock with all four set to true.",
			Reason:      "Logs hold what nobody meant to publish; and whoever reads a public bucket is paid for by its owner, $0.09 for each GB.",
		}, none{}, checkPublicAccess),
		onStack(Guardrail{
			Name: "s3-encryption", Service: "S3", Level: Mandatory, Types: slices.Concat(bucketTypes(), encryptionTypes()),
			Description: "A bucket declares how it encrypts.",
			Remedy:      "Declare a server-side encryption configuration: AES256 costs nothing.",
			Reason:      "S3 encrypts with AES256 where nothing is said; saying it keeps a change visible in review. Twofold encryption (aws:kms:dsse) costs twice the requests to KMS.",
		}, encryptionSettings{Algorithms: []string{"AES256", "aws:kms"}}, checkEncryption),
		onStack(Guardrail{
			Name: "s3-bucket-key", Service: "S3", Level: Mandatory, Types: slices.Concat(bucketTypes(), encryptionTypes()),
			Description: "With KMS, a bucket key is used.",
			Remedy:      "Set bucketKeyEnabled to true.",
			Reason:      "Without a bucket key each PUT and each GET is a request to KMS, $0.03 for 10,000; with one they are about a hundredth. Athena reads many objects at each query.",
		}, none{}, checkBucketKey),
		onStack(Guardrail{
			Name: "s3-tls-only", Service: "S3", Level: Mandatory, Types: append(bucketTypes(), bucketPolicy),
			Description: "A bucket refuses requests that do not come over TLS.",
			Remedy:      "Deny s3:* to everybody, on the bucket and on everything in it, where aws:SecureTransport is false.",
			Reason:      "A client that is configured wrongly sends logs and credentials of a session in the clear; S3 answers plain HTTP unless a policy forbids it.",
		}, none{}, checkTLS),
		onResource(Guardrail{
			Name: "s3-no-extras", Service: "S3", Level: Mandatory, Types: slices.Concat(bucketTypes(), s3Extras()),
			Description: "No replication, transfer acceleration, analytics, inventory, metrics, archive tiers or directory bucket: none of it serves this lake.",
			Remedy:      "Remove it, or make an exception with its reason.",
			Reason: "Replication stores everything twice and pays for each PUT again; acceleration asks $0.04 for each GB; storage analytics, inventory and request metrics are billed by the object; " +
				"Intelligent-Tiering monitors each object of 128 KB for $0.0025 a thousand a month; a directory bucket stores at $0.11 for each GB-month.",
		}, none{}, checkExtras),
	}
}

// checkExtras refuses the types, and what a bucket of the first generation, or
// one of the second that is written like it, has of them inside.
func checkExtras(r Resource, _ Stage, _ none) Findings {
	var f Findings
	if !slices.Contains(bucketTypes(), r.Type) {
		f.violate(r, Violation{Path: "type", Found: r.Type, Allowed: "a plain bucket"})
		return f
	}
	acceleration := r.At("accelerationStatus")
	if status, ok := f.text(r, acceleration, ""); ok && status == "Enabled" {
		f.violate(r, Violation{Path: acceleration.Path, Found: status, Allowed: "no transfer acceleration"})
	}
	for _, name := range []string{"replicationConfiguration", "replicationConfigurations"} {
		node := r.At(name)
		switch {
		case node.Unknown():
			f.wait(r, node.Path)
		case !node.Absent():
			f.violate(r, Violation{Path: node.Path, Found: "set", Allowed: "no replication"})
		}
	}
	return f
}

func s3Extras() []string {
	return append(bothGenerations("aws:s3/bucketAccelerateConfigurationV2:BucketAccelerateConfigurationV2"),
		"aws:s3/bucketReplicationConfig:BucketReplicationConfig",
		"aws:s3/analyticsConfiguration:AnalyticsConfiguration",
		"aws:s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration",
		"aws:s3/bucketMetric:BucketMetric",
		"aws:s3/inventory:Inventory",
		"aws:s3/directoryBucket:DirectoryBucket",
	)
}

// say reports the answer to a question about a bucket.
func (f *Findings) say(b bucket, answer verdict, v Violation) {
	switch {
	case answer.yes:
	case !answer.known:
		f.wait(b.Resource, v.Path)
	default:
		f.violate(b.Resource, v)
	}
}

func checkExpiry(s Stack, _ Stage, _ none) Findings {
	var f Findings
	for _, b := range s.buckets() {
		ends := func(a aged) verdict {
			expiry, transition := positive(a.expiry), positive(transitionOf(a.transition))
			return verdict{yes: expiry.yes || transition.yes, known: expiry.known && transition.known}
		}
		if len(b.written) == 0 {
			rules, complete := b.lifecycle()
			answer := verdict{known: complete}
			for _, rule := range rules {
				if rule.enabled.yes && ends(rule).yes {
					answer = yes
				}
			}
			f.say(b, answer, Violation{Path: "lifecycle", Found: "no rule that expires or moves anything", Allowed: "expiry or transition"})
			continue
		}
		for _, key := range slices.Compact(slices.Sorted(slices.Values(b.written))) {
			f.say(b, b.covered(key, ends), Violation{
				Path: "lifecycle", Found: fmt.Sprintf("no rule that expires or moves what Firehose writes below %q", key), Allowed: "expiry or transition",
			})
		}
	}
	return f
}

// transitionOf is the first of the transitions.
func transitionOf(list Node) Node {
	if items := list.Items(); len(items) > 0 {
		return items[0]
	}
	return list
}

func checkUploads(s Stack, _ Stage, c uploadSettings) Findings {
	var f Findings
	for _, b := range s.buckets() {
		answer := b.covered("", func(a aged) verdict {
			if a.uploads.Unknown() {
				return maybe
			}
			days, ok := a.uploads.Number()
			return verdict{yes: ok && days > 0 && days <= float64(c.MaxDays), known: true}
		})
		f.say(b, answer, Violation{
			Path: "lifecycle", Found: "no rule for the whole bucket that removes unfinished uploads in time",
			Allowed: fmt.Sprintf("after at most %d days", c.MaxDays), Setting: "maxDays",
		})
	}
	return f
}

func checkNoncurrent(s Stack, _ Stage, _ none) Findings {
	var f Findings
	for _, b := range s.buckets() {
		versioned := b.versioned()
		if !versioned.known {
			f.wait(b.Resource, "versioning")
			continue
		}
		if !versioned.yes {
			continue
		}
		answer := b.covered("", func(a aged) verdict { return positive(a.noncurrent) })
		f.say(b, answer, Violation{Path: "lifecycle", Found: "versioned, without a rule for the whole bucket that expires old versions", Allowed: "expiry of noncurrent versions"})
	}
	return f
}

func checkPublicAccess(s Stack, _ Stage, _ none) Findings {
	var f Findings
	for _, b := range s.buckets() {
		blocks, more := b.of(publicAccessBlock)
		if len(blocks) == 0 {
			f.say(b, verdict{known: !more}, Violation{Path: "publicAccessBlock", Found: "not declared", Allowed: "all four ways blocked"})
		}
		for _, block := range blocks {
			for _, name := range []string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"} {
				node := block.At(name)
				if on, ok := f.flag(block, node, false); ok && !on {
					f.violate(block, Violation{Path: node.Path, Found: node.String(), Allowed: "true"})
				}
			}
		}
		lists, _ := b.of(aclTypes()...)
		for _, r := range append(lists, b.Resource) {
			acl := r.At("acl")
			if text, ok := f.text(r, acl, "private"); ok && (strings.HasPrefix(text, "public-") || text == "authenticated-read") {
				f.violate(r, Violation{Path: acl.Path, Found: text, Allowed: "private"})
			}
			for _, grant := range slices.Concat(r.At("grants").Items(), r.At("accessControlPolicy.grants").Items()) {
				uri := first(grant.At("uri"), grant.At("grantee.uri"))
				if text, ok := uri.Text(); ok && (strings.HasSuffix(text, "/AllUsers") || strings.HasSuffix(text, "/AuthenticatedUsers")) {
					f.violate(r, Violation{Path: uri.Path, Found: text, Allowed: "grants to accounts by name"})
				}
			}
		}
	}
	return f
}

func checkEncryption(s Stack, _ Stage, c encryptionSettings) Findings {
	var f Findings
	for _, b := range s.buckets() {
		blocks, complete := b.encryption()
		if len(blocks) == 0 {
			f.say(b, verdict{known: complete}, Violation{Path: "encryption", Found: "not declared", Allowed: strings.Join(c.Algorithms, " or "), Setting: "algorithms"})
		}
		for _, block := range blocks {
			node := algorithmOf(block)
			if found, ok := f.text(b.Resource, node, ""); ok && !slices.Contains(c.Algorithms, found) {
				f.violate(b.Resource, Violation{Path: node.Path, Found: node.String(), Allowed: strings.Join(c.Algorithms, " or "), Setting: "algorithms"})
			}
		}
	}
	return f
}

func algorithmOf(block Node) Node {
	return first(block.At("applyServerSideEncryptionByDefault.sseAlgorithm"), block.At("applyServerSideEncryptionByDefaults.sseAlgorithm"))
}

func checkBucketKey(s Stack, stage Stage, _ none) Findings {
	var f Findings
	for _, b := range s.buckets() {
		blocks, complete := b.encryption()
		if !complete {
			f.wait(b.Resource, "encryption")
		}
		for _, block := range blocks {
			if algorithm, ok := f.text(b.Resource, algorithmOf(block), "AES256"); !ok || !strings.HasPrefix(algorithm, "aws:kms") {
				continue
			}
			node := block.At("bucketKeyEnabled")
			if on, ok := f.flag(b.Resource, node, false); ok && !on {
				f.violate(b.Resource, Violation{
					Path: node.Path, Found: node.String(), Allowed: "true",
					// One request for the PUT and one for the extract function.
					ExtraUSD: stage.objectsPerDay() * cost.DaysPerMonth * 2 / 10_000 * stage.price("kms.requests"),
				})
			}
		}
	}
	return f
}

func checkTLS(s Stack, _ Stage, _ none) Findings {
	var f Findings
	for _, b := range s.buckets() {
		policies, more := b.of(bucketPolicy)
		nodes := []Node{}
		if inline := b.At("policy"); !inline.Absent() {
			nodes = append(nodes, inline)
		}
		for _, p := range policies {
			nodes = append(nodes, p.At("policy"))
		}
		answer := verdict{known: !more}
		name, _ := first(b.Out("bucket"), b.At("bucket"), b.Out("id")).Text()
		for _, node := range nodes {
			if node.HasUnknown() {
				answer.known = false
				continue
			}
			if d, ok := f.policy(b.Resource, node); ok && d.refusesPlainHTTP(name) {
				answer = yes
				break
			}
		}
		f.say(b, answer, Violation{Path: "policy", Found: "nothing that refuses plain HTTP", Allowed: "a Deny of s3:* where aws:SecureTransport is false"})
	}
	return f
}

// refusesPlainHTTP reports whether a statement denies everybody everything in the
// bucket, and the bucket itself, where the request is not over TLS, and under no
// other condition.
func (d document) refusesPlainHTTP(name string) bool {
	for _, s := range d.Statement {
		everybody := slices.Contains(s.Principal["AWS"], "*") || slices.Contains(s.Principal["*"], "*")
		everything := slices.Contains(s.Action, "*") || slices.ContainsFunc(s.Action, func(a string) bool { return strings.EqualFold(a, "s3:*") })
		if strings.EqualFold(s.Effect, "Deny") && everybody && everything && s.onPlainHTTP() && s.onBucket(name) {
			return true
		}
	}
	return false
}

func (s statement) onPlainHTTP() bool {
	if len(s.Condition) != 1 {
		return false
	}
	for operator, keys := range s.Condition {
		if !strings.EqualFold(operator, "Bool") && !strings.EqualFold(operator, "BoolIfExists") || len(keys) != 1 {
			return false
		}
		for key, values := range keys {
			if !strings.EqualFold(key, "aws:SecureTransport") || !slices.Equal(lower(values), []string{"false"}) {
				return false
			}
		}
	}
	return true
}

func lower(texts []string) []string {
	var list []string
	for _, text := range texts {
		list = append(list, strings.ToLower(text))
	}
	return list
}

// onBucket reports whether the statement is about the bucket and about everything
// in it. Where the name is not known, that of any bucket is taken for it.
func (s statement) onBucket(name string) bool {
	bucket, objects := false, false
	for _, pattern := range s.Resource {
		_, rest, ok := strings.Cut(pattern, ":s3:::")
		switch {
		case pattern == "*" || ok && rest == "*":
			bucket, objects = true, true
		case !ok:
		case strings.HasSuffix(rest, "/*"):
			objects = objects || name == "" || rest == name+"/*"
		case strings.HasSuffix(rest, "*"):
			// One pattern for both: the bucket's name and anything behind it.
			both := name == "" || strings.HasPrefix(name, strings.TrimSuffix(rest, "*"))
			bucket, objects = bucket || both, objects || both
		default:
			bucket = bucket || name == "" || rest == name
		}
	}
	return bucket && objects
}
