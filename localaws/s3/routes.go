package s3

import "net/http"

// level is what a request addresses.
type level int

const (
	service level = iota
	bucketLevel
	objectLevel
)

// route is one operation: the method and the sub-resource (a query parameter,
// "" for none) that select it, the name under which AWS documents it, the IAM
// action it needs on the addressed bucket or object, and who serves it.
//
// An empty action means that the handler authorises by itself, because what is
// needed depends on the request. An empty handler means NotImplemented.
type route struct {
	method string
	level  level
	sub    string
	name   string
	action string
	serve  func(*call) error
}

// routes is every operation of S3's REST API. For one method and level the
// first whose sub-resource is in the query wins, so "" comes last.
func routes() []route {
	const (
		GET, HEAD, PUT, POST, DELETE = http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost, http.MethodDelete
	)
	return []route{
		{GET, service, "", "ListBuckets", "s3:ListAllMyBuckets", (*call).listBuckets},

		{GET, bucketLevel, "location", "GetBucketLocation", "s3:GetBucketLocation", (*call).getLocation},
		{GET, bucketLevel, "versioning", "GetBucketVersioning", "s3:GetBucketVersioning", (*call).getVersioning},
		{PUT, bucketLevel, "versioning", "PutBucketVersioning", "s3:PutBucketVersioning", (*call).putVersioning},
		{GET, bucketLevel, "notification", "GetBucketNotificationConfiguration", "s3:GetBucketNotification", (*call).getNotification},
		{PUT, bucketLevel, "notification", "PutBucketNotificationConfiguration", "s3:PutBucketNotification", (*call).putNotification},
		{GET, bucketLevel, "lifecycle", "GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration", (*call).getLifecycle},
		{PUT, bucketLevel, "lifecycle", "PutBucketLifecycleConfiguration", "s3:PutLifecycleConfiguration", (*call).putLifecycle},
		{DELETE, bucketLevel, "lifecycle", "DeleteBucketLifecycle", "s3:PutLifecycleConfiguration", (*call).deleteLifecycle},
		{GET, bucketLevel, "policy", "GetBucketPolicy", "s3:GetBucketPolicy", (*call).getPolicy},
		{PUT, bucketLevel, "policy", "PutBucketPolicy", "s3:PutBucketPolicy", (*call).putPolicy},
		{DELETE, bucketLevel, "policy", "DeleteBucketPolicy", "s3:DeleteBucketPolicy", (*call).deletePolicy},
		{GET, bucketLevel, "policyStatus", "GetBucketPolicyStatus", "s3:GetBucketPolicyStatus", (*call).getPolicyStatus},
		{GET, bucketLevel, "encryption", "GetBucketEncryption", "s3:GetEncryptionConfiguration", (*call).getEncryption},
		{PUT, bucketLevel, "encryption", "PutBucketEncryption", "s3:PutEncryptionConfiguration", (*call).putEncryption},
		{DELETE, bucketLevel, "encryption", "DeleteBucketEncryption", "s3:PutEncryptionConfiguration", (*call).deleteEncryption},
		{GET, bucketLevel, "publicAccessBlock", "GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock", (*call).getPublicAccessBlock},
		{PUT, bucketLevel, "publicAccessBlock", "PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock", (*call).putPublicAccessBlock},
		{DELETE, bucketLevel, "publicAccessBlock", "DeletePublicAccessBlock", "s3:PutBucketPublicAccessBlock", (*call).deletePublicAccessBlock},
		{GET, bucketLevel, "ownershipControls", "GetBucketOwnershipControls", "s3:GetBucketOwnershipControls", (*call).getOwnershipControls},
		{PUT, bucketLevel, "ownershipControls", "PutBucketOwnershipControls", "s3:PutBucketOwnershipControls", (*call).putOwnershipControls},
		{DELETE, bucketLevel, "ownershipControls", "DeleteBucketOwnershipControls", "s3:PutBucketOwnershipControls", (*call).deleteOwnershipControls},
		{GET, bucketLevel, "tagging", "GetBucketTagging", "s3:GetBucketTagging", (*call).getBucketTagging},
		{PUT, bucketLevel, "tagging", "PutBucketTagging", "s3:PutBucketTagging", (*call).putBucketTagging},
		{DELETE, bucketLevel, "tagging", "DeleteBucketTagging", "s3:PutBucketTagging", (*call).deleteBucketTagging},
		{GET, bucketLevel, "acl", "GetBucketAcl", "s3:GetBucketAcl", (*call).getBucketACL},
		{PUT, bucketLevel, "acl", "PutBucketAcl", "s3:PutBucketAcl", (*call).putBucketACL},

		{GET, bucketLevel, "cors", "GetBucketCors", "s3:GetBucketCORS", absent(noCORS)},
		{PUT, bucketLevel, "cors", "PutBucketCors", "s3:PutBucketCORS", nil},
		{DELETE, bucketLevel, "cors", "DeleteBucketCors", "s3:PutBucketCORS", (*call).noContent},
		{GET, bucketLevel, "website", "GetBucketWebsite", "s3:GetBucketWebsite", absent(noWebsite)},
		{PUT, bucketLevel, "website", "PutBucketWebsite", "s3:PutBucketWebsite", nil},
		{DELETE, bucketLevel, "website", "DeleteBucketWebsite", "s3:DeleteBucketWebsite", (*call).noContent},
		{GET, bucketLevel, "replication", "GetBucketReplication", "s3:GetReplicationConfiguration", absent(noReplication)},
		{PUT, bucketLevel, "replication", "PutBucketReplication", "s3:PutReplicationConfiguration", nil},
		{DELETE, bucketLevel, "replication", "DeleteBucketReplication", "s3:PutReplicationConfiguration", (*call).noContent},
		{GET, bucketLevel, "object-lock", "GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration", absent(noObjectLock)},
		{PUT, bucketLevel, "object-lock", "PutObjectLockConfiguration", "s3:PutBucketObjectLockConfiguration", nil},
		{GET, bucketLevel, "logging", "GetBucketLogging", "s3:GetBucketLogging", fixed(noLogging)},
		{PUT, bucketLevel, "logging", "PutBucketLogging", "s3:PutBucketLogging", nil},
		{GET, bucketLevel, "accelerate", "GetBucketAccelerateConfiguration", "s3:GetAccelerateConfiguration", fixed(noAcceleration)},
		{PUT, bucketLevel, "accelerate", "PutBucketAccelerateConfiguration", "s3:PutAccelerateConfiguration", nil},
		{GET, bucketLevel, "requestPayment", "GetBucketRequestPayment", "s3:GetBucketRequestPayment", fixed(ownerPays)},
		{PUT, bucketLevel, "requestPayment", "PutBucketRequestPayment", "s3:PutBucketRequestPayment", nil},
		{GET, bucketLevel, "abac", "GetBucketAbac", "s3:GetBucketAbac", fixed(noABAC)},
		{PUT, bucketLevel, "abac", "PutBucketAbac", "s3:PutBucketAbac", nil},
		{GET, bucketLevel, "inventory", "GetBucketInventoryConfiguration", "s3:GetInventoryConfiguration", configurations("ListInventoryConfigurationsResult")},
		{PUT, bucketLevel, "inventory", "PutBucketInventoryConfiguration", "s3:PutInventoryConfiguration", nil},
		{DELETE, bucketLevel, "inventory", "DeleteBucketInventoryConfiguration", "s3:PutInventoryConfiguration", absent(noConfiguration)},
		{GET, bucketLevel, "analytics", "GetBucketAnalyticsConfiguration", "s3:GetAnalyticsConfiguration", configurations("ListBucketAnalyticsConfigurationsResult")},
		{PUT, bucketLevel, "analytics", "PutBucketAnalyticsConfiguration", "s3:PutAnalyticsConfiguration", nil},
		{DELETE, bucketLevel, "analytics", "DeleteBucketAnalyticsConfiguration", "s3:PutAnalyticsConfiguration", absent(noConfiguration)},
		{GET, bucketLevel, "metrics", "GetBucketMetricsConfiguration", "s3:GetMetricsConfiguration", configurations("ListMetricsConfigurationsResult")},
		{PUT, bucketLevel, "metrics", "PutBucketMetricsConfiguration", "s3:PutMetricsConfiguration", nil},
		{DELETE, bucketLevel, "metrics", "DeleteBucketMetricsConfiguration", "s3:PutMetricsConfiguration", absent(noConfiguration)},
		{GET, bucketLevel, "intelligent-tiering", "GetBucketIntelligentTieringConfiguration", "s3:GetIntelligentTieringConfiguration", configurations("ListBucketIntelligentTieringConfigurationsOutput")},
		{PUT, bucketLevel, "intelligent-tiering", "PutBucketIntelligentTieringConfiguration", "s3:PutIntelligentTieringConfiguration", nil},
		{DELETE, bucketLevel, "intelligent-tiering", "DeleteBucketIntelligentTieringConfiguration", "s3:PutIntelligentTieringConfiguration", absent(noConfiguration)},
		{GET, bucketLevel, "session", "CreateSession", "s3express:CreateSession", nil},
		{GET, bucketLevel, "metadataConfiguration", "GetBucketMetadataConfiguration", "s3:GetBucketMetadataTableConfiguration", nil},
		{POST, bucketLevel, "metadataConfiguration", "CreateBucketMetadataConfiguration", "s3:CreateBucketMetadataTableConfiguration", nil},
		{DELETE, bucketLevel, "metadataConfiguration", "DeleteBucketMetadataConfiguration", "s3:DeleteBucketMetadataTableConfiguration", nil},
		{GET, bucketLevel, "metadataTable", "GetBucketMetadataTableConfiguration", "s3:GetBucketMetadataTableConfiguration", nil},
		{POST, bucketLevel, "metadataTable", "CreateBucketMetadataTableConfiguration", "s3:CreateBucketMetadataTableConfiguration", nil},
		{DELETE, bucketLevel, "metadataTable", "DeleteBucketMetadataTableConfiguration", "s3:DeleteBucketMetadataTableConfiguration", nil},
		{PUT, bucketLevel, "metadataInventoryTable", "UpdateBucketMetadataInventoryTableConfiguration", "s3:UpdateBucketMetadataInventoryTableConfiguration", nil},
		{PUT, bucketLevel, "metadataJournalTable", "UpdateBucketMetadataJournalTableConfiguration", "s3:UpdateBucketMetadataJournalTableConfiguration", nil},

		{GET, bucketLevel, "versions", "ListObjectVersions", "", (*call).listVersions},
		{GET, bucketLevel, "uploads", "ListMultipartUploads", "s3:ListBucketMultipartUploads", (*call).listUploads},
		{GET, bucketLevel, "list-type", "ListObjectsV2", "", (*call).listObjectsV2},
		{GET, bucketLevel, "", "ListObjects", "", (*call).listObjects},
		{HEAD, bucketLevel, "", "HeadBucket", "s3:ListBucket", (*call).headBucket},
		{PUT, bucketLevel, "", "CreateBucket", "s3:CreateBucket", (*call).createBucket},
		{DELETE, bucketLevel, "", "DeleteBucket", "s3:DeleteBucket", (*call).deleteBucket},
		{POST, bucketLevel, "delete", "DeleteObjects", "", (*call).deleteObjects},
		{POST, bucketLevel, "", "PostObject", "s3:PutObject", nil},

		{GET, objectLevel, "acl", "GetObjectAcl", "", (*call).getObjectACL},
		{PUT, objectLevel, "acl", "PutObjectAcl", "", (*call).putObjectACL},
		{GET, objectLevel, "tagging", "GetObjectTagging", "", (*call).getObjectTagging},
		{PUT, objectLevel, "tagging", "PutObjectTagging", "", (*call).putObjectTagging},
		{DELETE, objectLevel, "tagging", "DeleteObjectTagging", "", (*call).deleteObjectTagging},
		{GET, objectLevel, "attributes", "GetObjectAttributes", "", (*call).getAttributes},
		{GET, objectLevel, "legal-hold", "GetObjectLegalHold", "s3:GetObjectLegalHold", absent(noLockOnBucket)},
		{PUT, objectLevel, "legal-hold", "PutObjectLegalHold", "s3:PutObjectLegalHold", absent(noLockOnBucket)},
		{GET, objectLevel, "retention", "GetObjectRetention", "s3:GetObjectRetention", absent(noLockOnBucket)},
		{PUT, objectLevel, "retention", "PutObjectRetention", "s3:PutObjectRetention", absent(noLockOnBucket)},
		{GET, objectLevel, "torrent", "GetObjectTorrent", "s3:GetObjectTorrent", nil},
		{POST, objectLevel, "restore", "RestoreObject", "s3:RestoreObject", nil},
		{POST, objectLevel, "select", "SelectObjectContent", "s3:GetObject", nil},
		{PUT, objectLevel, "renameObject", "RenameObject", "s3express:CreateSession", nil},
		{PUT, objectLevel, "encryption", "UpdateObjectEncryption", "s3:UpdateObjectEncryption", nil},
		{GET, objectLevel, "annotation", "GetObjectAnnotation", "s3:GetObjectAnnotation", nil},
		{PUT, objectLevel, "annotation", "PutObjectAnnotation", "s3:PutObjectAnnotation", nil},
		{DELETE, objectLevel, "annotation", "DeleteObjectAnnotation", "s3:DeleteObjectAnnotation", nil},
		{GET, objectLevel, "annotations", "ListObjectAnnotations", "s3:ListObjectAnnotations", nil},

		{POST, objectLevel, "uploads", "CreateMultipartUpload", "", (*call).createUpload},
		{PUT, objectLevel, "uploadId", "UploadPart", "", (*call).uploadPart},
		{GET, objectLevel, "uploadId", "ListParts", "s3:ListMultipartUploadParts", (*call).listParts},
		{POST, objectLevel, "uploadId", "CompleteMultipartUpload", "", (*call).completeUpload},
		{DELETE, objectLevel, "uploadId", "AbortMultipartUpload", "s3:AbortMultipartUpload", (*call).abortUpload},

		{GET, objectLevel, "", "GetObject", "", (*call).getObject},
		{HEAD, objectLevel, "", "HeadObject", "", (*call).getObject},
		{PUT, objectLevel, "", "PutObject", "", (*call).putObject},
		{DELETE, objectLevel, "", "DeleteObject", "", (*call).deleteObject},
	}
}

// Operation is the name of the operation that a request asks for, as AWS's API
// reference has it, or the HTTP method when there is none.
func (s *Service) Operation(r *http.Request) string {
	name, key := address(r)
	found := s.find(r.Method, name, key, r.URL.Query().Has)
	switch {
	case found == nil:
		return r.Method
	case r.Header.Get("x-amz-copy-source") != "":
		switch found.name {
		case "PutObject":
			return "CopyObject"
		case "UploadPart":
			return "UploadPartCopy"
		}
	}
	return found.name
}

// find selects the route of a request, nil when there is none.
func (s *Service) find(method, name, key string, has func(string) bool) *route {
	at := levelOf(name, key)
	for i := range s.routes {
		if r := &s.routes[i]; r.method == method && r.level == at && (r.sub == "" || has(r.sub)) {
			return r
		}
	}
	return nil
}

func levelOf(name, key string) level {
	switch {
	case name == "":
		return service
	case key == "":
		return bucketLevel
	}
	return objectLevel
}

// serve routes, checks that the bucket is there and that the caller may, and
// hands over.
func (c *call) serve() error {
	r := c.s.find(c.r.Method, c.name, c.key, c.has)
	if r == nil {
		if c.r.Method == http.MethodOptions {
			return notImplemented("s3:OPTIONS (CORS preflight)")
		}
		return methodNotAllowed(c.r.Method, [...]string{"SERVICE", "BUCKET", "OBJECT"}[levelOf(c.name, c.key)])
	}
	c.op = r.name
	if err := c.checkOwner("x-amz-expected-bucket-owner"); err != nil {
		return err
	}
	if r.level != service && r.name != "CreateBucket" {
		if c.bucket = c.s.bucket(c.name); c.bucket == nil {
			return noSuchBucket(c.name)
		}
	}
	if r.action != "" {
		if err := c.authorize(r.action); err != nil {
			return err
		}
	}
	if r.serve == nil {
		return notImplemented("s3:" + r.name)
	}
	return r.serve(c)
}
