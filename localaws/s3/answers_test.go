package s3

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
)

// members reads the members of an error document.
func members(t *testing.T, body string) map[string]string {
	t.Helper()
	got := map[string]string{}
	d := xml.NewDecoder(strings.NewReader(body))
	name := ""
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if name = token.Name.Local; name != "Error" {
				got[name] = ""
			}
		case xml.CharData:
			got[name] += string(token)
		case xml.EndElement:
			name = ""
		}
	}
	for _, own := range []string{"RequestId", "HostId", "", "Error"} {
		delete(got, own)
	}
	return got
}

// Status and every member of errors as recorded from AWS.
func TestErrorsHaveTheMembersOfAWS(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	w.put(b, "k", "0123456789")
	w.versioning(b, types.BucketVersioningStatusEnabled)
	w.put(b, "marked", "x")
	marker := *w.remove(b, "marked", "").VersionId
	upload := *w.begin(b, "k", nil)
	for _, tt := range []struct {
		name, method, path string
		header             http.Header
		body               string
		status             int
		want               map[string]string
	}{
		{"a missing bucket", "GET", "/missing/k", nil, "", 404, map[string]string{"Code": "NoSuchBucket", "Message": "The specified bucket does not exist", "BucketName": "missing"}},
		{"a missing key", "GET", "/lake/missing", nil, "", 404, map[string]string{"Code": "NoSuchKey", "Message": "The specified key does not exist.", "Key": "missing"}},
		{"tags of a missing key", "GET", "/lake/missing?tagging", nil, "", 404, map[string]string{"Code": "NoSuchKey", "Message": "The specified key does not exist.", "Key": "lake/missing"}},
		{"tags for a missing key", "PUT", "/lake/missing?tagging", nil, "<Tagging><TagSet/></Tagging>", 404, map[string]string{"Code": "NoSuchKey", "Message": "The specified key does not exist.", "Key": "missing"}},
		{"a range beyond the end", "GET", "/lake/k", http.Header{"Range": {"bytes=100-200"}}, "", 416, map[string]string{"Code": "InvalidRange", "Message": "The requested range is not satisfiable", "RangeRequested": "bytes=100-200", "ActualObjectSize": "10"}},
		{"a condition that fails", "GET", "/lake/k", http.Header{"If-Match": {"x"}}, "", 412, map[string]string{"Code": "PreconditionFailed", "Message": "At least one of the pre-conditions you specified did not hold", "Condition": "If-Match"}},
		{"a copy's condition that fails", "PUT", "/lake/copy", http.Header{"X-Amz-Copy-Source": {"lake/k"}, "X-Amz-Copy-Source-If-Match": {"x"}}, "", 412, map[string]string{"Code": "PreconditionFailed", "Message": "At least one of the pre-conditions you specified did not hold", "Condition": "x-amz-copy-source-If-Match"}},
		{"a condition with a value", "PUT", "/lake/k", http.Header{"If-None-Match": {"x"}}, "x", 501, map[string]string{"Code": "NotImplemented", "Message": "A header you provided implies functionality that is not implemented", "Header": "If-None-Match", "additionalMessage": "We don't accept the provided value of If-None-Match header for this API"}},
		{"a match with anything", "PUT", "/lake/k", http.Header{"If-Match": {"*"}}, "x", 501, map[string]string{"Code": "NotImplemented", "Message": "A header you provided implies functionality that is not implemented", "Header": "If-Match", "additionalMessage": "We don't accept the provided value of If-Match header for this API"}},
		{"two conditions", "PUT", "/lake/k", http.Header{"If-Match": {"x"}, "If-None-Match": {"*"}}, "x", 501, map[string]string{"Code": "NotImplemented", "Message": "A header you provided implies functionality that is not implemented", "Header": "If-Match,If-None-Match", "additionalMessage": "Multiple conditional request headers present in the request"}},
		{"a condition of directory buckets", "DELETE", "/lake/k", http.Header{"X-Amz-If-Match-Size": {"1"}}, "", 501, map[string]string{"Code": "NotImplemented", "Message": "A header you provided implies functionality that is not implemented", "Header": "x-amz-if-match-size"}},
		{"a bypass without a lock", "DELETE", "/lake/k", http.Header{"X-Amz-Bypass-Governance-Retention": {"false"}}, "", 400, map[string]string{"Code": "InvalidArgument", "Message": "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.", "ArgumentName": "x-amz-bypass-governance-retention"}},
		{"a version that was never issued", "DELETE", "/lake/k?versionId=HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD", nil, "", 400, map[string]string{"Code": "InvalidArgument", "Message": "Invalid version id specified", "ArgumentName": "versionId", "ArgumentValue": "HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD"}},
		{"a version of another key", "GET", "/lake/k?versionId=" + marker, nil, "", 404, map[string]string{"Code": "NoSuchVersion", "Message": "The specified version does not exist.", "Key": "k", "VersionId": marker}},
		{"a marker by its id", "GET", "/lake/marked?versionId=" + marker, nil, "", 405, map[string]string{"Code": "MethodNotAllowed", "Message": "The specified method is not allowed against this resource.", "Method": "GET", "ResourceType": "DeleteMarker"}},
		{"tags of the current marker", "DELETE", "/lake/marked?tagging", nil, "", 405, map[string]string{"Code": "MethodNotAllowed", "Message": "The specified method is not allowed against this resource.", "Method": "DELETE", "ResourceType": "DeleteMarker"}},
		{"the ACL of the current marker", "GET", "/lake/marked?acl", nil, "", 404, map[string]string{"Code": "NoSuchKey", "Message": "The specified key does not exist.", "Key": "marked"}},
		{"an ACL for the current marker", "PUT", "/lake/marked?acl", nil, "", 405, map[string]string{"Code": "MethodNotAllowed", "Message": "The specified method is not allowed against this resource.", "Method": "PUT", "ResourceType": "DeleteMarker"}},
		{"a wrong MD5", "PUT", "/lake/k", http.Header{"Content-Md5": {"CYketZBSTjX8czcs3cXVlg=="}}, "something", 400, map[string]string{"Code": "BadDigest", "Message": "The Content-MD5 you specified did not match what we received.", "ExpectedDigest": "09891eb590524e35fc73372cddc5d596", "CalculatedDigest": "Q3uTDbhLgHnC3YBKcZNrXw=="}},
		{"an MD5 that is none", "PUT", "/lake/k", http.Header{"Content-Md5": {"MTIz"}}, "x", 400, map[string]string{"Code": "InvalidDigest", "Message": "The Content-MD5 you specified was invalid.", "Content-MD5": "MTIz"}},
		{"tags twice in a header", "PUT", "/lake/k", http.Header{"X-Amz-Tagging": {"key1=val1&key1=val2"}}, "x", 400, map[string]string{"Code": "InvalidArgument", "Message": "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.", "ArgumentName": "x-amz-tagging", "ArgumentValue": "key1=val1&key1=val2"}},
		{"tags with a comma in a header", "PUT", "/lake/k", http.Header{"X-Amz-Tagging": {"key1=val1,key2=val2"}}, "x", 400, map[string]string{"Code": "InvalidArgument", "Message": "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.", "ArgumentName": "x-amz-tagging", "ArgumentValue": "key1=val1,key2=val2"}},
		{"a system tag of a bucket", "PUT", "/lake?tagging", nil, "<Tagging><TagSet><Tag><Key>aws:x</Key><Value>1</Value></Tag></TagSet></Tagging>", 400, map[string]string{"Code": "InvalidTag", "Message": "System tags cannot be added/updated by requester", "TagKey": "aws:x"}},
		{"a system tag of an object", "PUT", "/lake/k?tagging", nil, "<Tagging><TagSet><Tag><Key>aws:x</Key><Value>1</Value></Tag></TagSet></Tagging>", 400, map[string]string{"Code": "InvalidTag", "Message": "Your TagKey cannot be prefixed with aws:", "TagKey": "aws:x"}},
		{"a tag twice", "PUT", "/lake?tagging", nil, "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>a</Key><Value>2</Value></Tag></TagSet></Tagging>", 400, map[string]string{"Code": "InvalidTag", "Message": "Cannot provide multiple Tags with the same key", "TagKey": "a"}},
		{"a comma in a tag's value", "PUT", "/lake?tagging", nil, "<Tagging><TagSet><Tag><Key>a</Key><Value>b,c</Value></Tag></TagSet></Tagging>", 400, map[string]string{"Code": "InvalidTag", "Message": "The TagValue you have provided is invalid", "TagKey": "a", "TagValue": "b,c"}},
		{"tags without a set", "PUT", "/lake?tagging", nil, "<Tagging/>", 400, map[string]string{"Code": "MalformedXML", "Message": "The XML you provided was not well-formed or did not validate against our published schema"}},
		{"no bucket at all on a page", "GET", "/?max-buckets=0", nil, "", 400, map[string]string{"Code": "InvalidArgument", "Message": "Argument max-buckets must be an integer between 1 and 10000", "ArgumentName": "max-buckets", "ArgumentValue": "0"}},
		{"too many buckets on a page", "GET", "/?max-buckets=10001", nil, "", 400, map[string]string{"Code": "InvalidArgument", "Message": "Argument max-buckets must be an integer between 1 and 10000", "ArgumentName": "max-buckets", "ArgumentValue": "10001"}},
		{"a tag without a value", "PUT", "/lake?tagging", nil, "<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>", 400, map[string]string{"Code": "MalformedXML", "Message": "The XML you provided was not well-formed or did not validate against our published schema"}},
		{"versioning that is neither", "PUT", "/lake?versioning", nil, "<VersioningConfiguration><Status>enabled</Status></VersioningConfiguration>", 400, map[string]string{"Code": "MalformedXML", "Message": "The XML you provided was not well-formed or did not validate against our published schema"}},
		{"versioning without a status", "PUT", "/lake?versioning", nil, "<VersioningConfiguration/>", 400, map[string]string{"Code": "IllegalVersioningConfigurationException", "Message": "The Versioning element must be specified"}},
		{"an owner that is no account", "GET", "/lake?policy", http.Header{"X-Amz-Expected-Bucket-Owner": {"abcd"}}, "", 400, map[string]string{"Code": "InvalidBucketOwnerAWSAccountID", "Message": "The value of the expected bucket owner parameter must be an AWS Account ID... [abcd]"}},
		{"an unknown ownership", "PUT", "/new-bucket", http.Header{"X-Amz-Object-Ownership": {"RandomValue"}}, "", 400, map[string]string{"Code": "InvalidArgument", "Message": "Invalid x-amz-object-ownership header: RandomValue", "ArgumentName": "x-amz-object-ownership"}},
		{"an unknown encoding", "GET", "/lake?encoding-type=value", nil, "", 400, map[string]string{"Code": "InvalidArgument", "Message": "Invalid Encoding Method specified in Request", "ArgumentName": "encoding-type", "ArgumentValue": "value"}},
		{"an empty encoding", "GET", "/lake?list-type=2&encoding-type=", nil, "", 400, map[string]string{"Code": "InvalidArgument", "Message": "Invalid Encoding Method specified in Request", "ArgumentName": "encoding-type", "ArgumentValue": ""}},
		{"a token that is none", "GET", "/lake?list-type=2&continuation-token=", nil, "", 400, map[string]string{"Code": "InvalidArgument", "Message": "The continuation token provided is incorrect", "ArgumentName": "continuation-token"}},
		{"a version marker alone", "GET", "/lake?versions&version-id-marker=" + marker, nil, "", 400, map[string]string{"Code": "InvalidArgument", "Message": "A version-id marker cannot be specified without a key marker.", "ArgumentName": "version-id-marker", "ArgumentValue": marker}},
		{"an upload marker of another key", "GET", "/lake?uploads&key-marker=other&upload-id-marker=" + upload, nil, "", 400, map[string]string{"Code": "InvalidArgument", "Message": "Invalid uploadId marker", "ArgumentName": "upload-id-marker", "ArgumentValue": upload}},
		{"a region that is none", "GET", "/?bucket-region=eu-east", nil, "", 400, map[string]string{"Code": "InvalidArgument", "Message": "Argument value eu-east is not a valid AWS Region", "ArgumentName": "bucket-region"}},
		{"a copy source without a key", "PUT", "/lake/k", http.Header{"X-Amz-Copy-Source": {"lake"}}, "", 400, map[string]string{"Code": "InvalidArgument", "Message": "Invalid copy source object key", "ArgumentName": "x-amz-copy-source", "ArgumentValue": "x-amz-copy-source"}},
		{"a copy range that is none", "PUT", "/lake/k?partNumber=1&uploadId=" + upload, http.Header{"X-Amz-Copy-Source": {"lake/k"}, "X-Amz-Copy-Source-Range": {"bytes=0-1,3-4"}}, "", 400, map[string]string{"Code": "InvalidArgument", "Message": "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy", "ArgumentName": "x-amz-copy-source-range", "ArgumentValue": "bytes=0-1,3-4"}},
		{"a copy range beyond the end", "PUT", "/lake/k?partNumber=1&uploadId=" + upload, http.Header{"X-Amz-Copy-Source": {"lake/k"}, "X-Amz-Copy-Source-Range": {"bytes=100-200"}}, "", 400, map[string]string{"Code": "InvalidRequest", "Message": "The specified copy range is invalid for the source object size"}},
		{"an encryption key without KMS", "PUT", "/lake?encryption", nil, "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>", 400, map[string]string{"Code": "InvalidArgument", "Message": "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse", "ArgumentName": "ApplyServerSideEncryptionByDefault"}},
		{"a minimum size that is none", "PUT", "/lake?lifecycle", http.Header{"X-Amz-Transition-Default-Minimum-Object-Size": {"value"}}, "<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter/><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>", 400, map[string]string{"Code": "InvalidRequest", "Message": "Invalid TransitionDefaultMinimumObjectSize found: value"}},
		{"a canned ACL that is none", "PUT", "/acl-bucket", http.Header{"X-Amz-Acl": {"fake-acl"}, "X-Amz-Object-Ownership": {"ObjectWriter"}}, "", 400, map[string]string{"Code": "InvalidArgument", "Message": "", "ArgumentName": "x-amz-acl", "ArgumentValue": "fake-acl"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res, body := w.raw(tt.method, tt.path, tt.header, tt.body)
			if res.StatusCode != tt.status {
				t.Errorf("status %d, want %d", res.StatusCode, tt.status)
			}
			if diff := cmp.Diff(tt.want, members(t, body)); diff != "" {
				t.Errorf("%s\n%s", diff, body)
			}
		})
	}
}

func TestABucketWithTagsIsNotCreatedAgain(t *testing.T) {
	w := newWorld(t)
	create := func(tags ...types.Tag) error {
		_, err := w.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("lake"), CreateBucketConfiguration: &types.CreateBucketConfiguration{Tags: tags}})
		return err
	}
	one := types.Tag{Key: aws.String("a"), Value: aws.String("1")}
	if err := create(one); err != nil {
		t.Fatal(err)
	}
	wantError(t, create(one), 409, "BucketAlreadyOwnedByYou")
	if err := create(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(map[string]map[string]string{"arn:aws:s3:::lake": {"a": "1"}}, w.service.Tagged()); diff != "" {
		t.Error(diff)
	}
}

func TestArchivedObjectsAreNotRead(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	for _, class := range []types.StorageClass{types.StorageClassGlacier, types.StorageClassDeepArchive} {
		if _, err := w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &b, Key: aws.String("k"), Body: strings.NewReader("x"), StorageClass: class}); err != nil {
			t.Fatal(err)
		}
		_, err := w.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &b, Key: aws.String("k")})
		wantError(t, err, 403, "InvalidObjectState")
		if _, err := w.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &b, Key: aws.String("k")}); err != nil {
			t.Error(err)
		}
		_, err = w.s3.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: &b, Key: aws.String("copy"), CopySource: aws.String(b + "/k")})
		wantError(t, err, 403, "ObjectNotInActiveTierError")
	}
}

// An object that changed while an upload with a condition went on is a conflict,
// whatever is there in the end.
func TestConditionalCompletionsConflict(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	finish := func(id *string, part types.CompletedPart, match, none *string) error {
		_, err := w.s3.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
			Bucket: &b, Key: aws.String("k"), UploadId: id, IfMatch: match, IfNoneMatch: none, MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{part}},
		})
		return err
	}
	w.put(b, "k", "there")
	id := w.begin(b, "k", nil)
	part := w.part(b, "k", id, 1, []byte("x"), "")
	wantError(t, finish(id, part, nil, aws.String("*")), 412, "PreconditionFailed")
	w.remove(b, "k", "")
	wantError(t, finish(id, part, nil, aws.String("*")), 409, "ConditionalRequestConflict")

	id = w.begin(b, "k", nil)
	part = w.part(b, "k", id, 1, []byte("x"), "")
	w.advance(time.Second)
	etag := w.put(b, "k", "put meanwhile").ETag
	wantError(t, finish(id, part, etag, nil), 409, "ConditionalRequestConflict")
	wantError(t, finish(id, part, aws.String(`"other"`), nil), 412, "PreconditionFailed")

	id = w.begin(b, "k", nil)
	part = w.part(b, "k", id, 1, []byte("x"), "")
	if err := finish(id, part, etag, nil); err != nil {
		t.Error(err)
	}
}
