package s3

import (
	"net/http"
	"strings"
	"testing"

	"crawlerless/localaws/cloud"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// What a new bucket answers to each read: an error code, or what its document
// holds.
func TestANewBucket(t *testing.T) {
	w := newWorld(t)
	w.bucket("lake")
	tests := []struct {
		query  string
		status int
		want   string
	}{
		{"location", 200, "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"></LocationConstraint>"},
		{"versioning", 200, "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"></VersioningConfiguration>"},
		{"notification", 200, "<NotificationConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"></NotificationConfiguration>"},
		{"encryption", 200, "<SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled>"},
		{"publicAccessBlock", 200, "<BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets>"},
		{"ownershipControls", 200, "<ObjectOwnership>BucketOwnerEnforced</ObjectOwnership>"},
		{"acl", 200, "<Permission>FULL_CONTROL</Permission>"},
		{"logging", 200, "<BucketLoggingStatus"},
		{"accelerate", 200, "<AccelerateConfiguration"},
		{"requestPayment", 200, "<Payer>BucketOwner</Payer>"},
		{"abac", 200, "<Status>Disabled</Status>"},
		{"inventory", 200, "<IsTruncated>false</IsTruncated>"},
		{"analytics", 200, "<IsTruncated>false</IsTruncated>"},
		{"metrics", 200, "<IsTruncated>false</IsTruncated>"},
		{"intelligent-tiering", 200, "<IsTruncated>false</IsTruncated>"},
		{"lifecycle", 404, "NoSuchLifecycleConfiguration"},
		{"policy", 404, "NoSuchBucketPolicy"},
		{"policyStatus", 404, "NoSuchBucketPolicy"},
		{"tagging", 404, "NoSuchTagSet"},
		{"cors", 404, "NoSuchCORSConfiguration"},
		{"website", 404, "NoSuchWebsiteConfiguration"},
		{"replication", 404, "ReplicationConfigurationNotFoundError"},
		{"object-lock", 404, "ObjectLockConfigurationNotFoundError"},
		{"inventory&id=x", 404, "NoSuchConfiguration"},
		{"metrics&id=x", 404, "NoSuchConfiguration"},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			res, body := w.raw(http.MethodGet, "/lake?"+tt.query, nil, "")
			if tt.status == 404 {
				tt.want = "<Code>" + tt.want + "</Code>"
			}
			if res.StatusCode != tt.status || !strings.Contains(body, tt.want) {
				t.Errorf("%d %s", res.StatusCode, body)
			}
		})
	}
}

// Every operation that is not done says so by its name, and none of them falls
// through to another.
func TestWhatIsNotDoneSaysSo(t *testing.T) {
	w := newWorld(t)
	w.bucket("lake")
	w.put("lake", "k", "x")
	for _, r := range w.service.routes {
		if r.serve != nil {
			continue
		}
		t.Run(r.name, func(t *testing.T) {
			path := "/lake"
			if r.level == objectLevel {
				path += "/k"
			}
			if r.sub != "" {
				path += "?" + r.sub
			}
			res, body := w.raw(r.method, path, nil, "<x/>")
			if res.StatusCode != http.StatusNotImplemented || !strings.Contains(body, "<Code>NotImplemented</Code>") || !strings.Contains(body, "s3:"+r.name) {
				t.Errorf("%d %s", res.StatusCode, body)
			}
		})
	}
	if got := w.get("lake", "k"); got != "x" {
		t.Errorf("the object is now %q", got)
	}
}

func TestEveryRouteIsReached(t *testing.T) {
	w := newWorld(t)
	for _, r := range w.service.routes {
		path := map[level]string{service: "/", bucketLevel: "/lake", objectLevel: "/lake/k"}[r.level]
		if r.sub != "" {
			path += "?" + r.sub
		}
		req, err := http.NewRequestWithContext(t.Context(), r.method, "http://127.0.0.1"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.service.Operation(req); got != r.name {
			t.Errorf("%s %s is %s, want %s", r.method, path, got, r.name)
		}
	}
}

func TestCreateBucketRefuses(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"ab", "Upper", "under_score", "192.168.5.4", "a..b", "-a-b", "a-b-", "xn--abc", "abc-s3alias", strings.Repeat("a", 64)} {
		res, body := w.raw(http.MethodPut, "/"+name, nil, "")
		if res.StatusCode != http.StatusBadRequest || !strings.Contains(body, "<Code>InvalidBucketName</Code>") {
			t.Errorf("%s: %d %s", name, res.StatusCode, body)
		}
	}
	_, err := w.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("lake"), CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"}})
	wantError(t, err, 501, "NotImplemented")
	_, err = w.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("lake"), CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "us-east-1"}})
	wantError(t, err, 400, "InvalidLocationConstraint")
	west := newWorld(t, func(e *cloud.Env) { e.Region = "us-west-2" })
	for _, constraint := range []string{"", "eu-west-1"} {
		in := &s3.CreateBucketInput{Bucket: aws.String("lake")}
		if constraint != "" {
			in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(constraint)}
		}
		_, err = west.s3.CreateBucket(t.Context(), in)
		wantError(t, err, 400, "IllegalLocationConstraintException")
	}
	_, err = w.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("lake"), ObjectLockEnabledForBucket: aws.Bool(true)})
	wantError(t, err, 501, "NotImplemented")
	_, err = w.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("lake"), ACL: types.BucketCannedACLPublicRead, ObjectOwnership: types.ObjectOwnershipObjectWriter})
	wantError(t, err, 403, "AccessDenied")
}

// us-east-1 alone answers success to the owner who creates a bucket again.
func TestCreatingABucketAgain(t *testing.T) {
	east := newWorld(t)
	east.bucket("lake")
	east.put("lake", "k", "x")
	east.bucket("lake")
	if got := east.get("lake", "k"); got != "x" {
		t.Errorf("the bucket was emptied: %q", got)
	}
	west := newWorld(t, func(e *cloud.Env) { e.Region = "eu-west-1" })
	create := &s3.CreateBucketInput{Bucket: aws.String("lake"), CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"}}
	if _, err := west.s3.CreateBucket(t.Context(), create); err != nil {
		t.Fatal(err)
	}
	_, err := west.s3.CreateBucket(t.Context(), create)
	wantError(t, err, 409, "BucketAlreadyOwnedByYou")
	location, err := west.s3.GetBucketLocation(t.Context(), &s3.GetBucketLocationInput{Bucket: aws.String("lake")})
	if err != nil || location.LocationConstraint != "eu-west-1" {
		t.Errorf("location %v, %v", location, err)
	}
	head, err := west.s3.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String("lake")})
	if err != nil || *head.BucketRegion != "eu-west-1" {
		t.Errorf("head %v, %v", head, err)
	}
}

func TestBucketsAreDeletedWhenEmpty(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	w.put(b, "k", "x")
	remove := func() error {
		_, err := w.s3.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: &b})
		return err
	}
	wantError(t, remove(), 409, "BucketNotEmpty")
	w.remove(b, "k", "")
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	wantError(t, remove(), 404, "NoSuchBucket")
}

func TestConfigurationsRoundTrip(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Run("versioning", func(t *testing.T) {
		w.versioning(b, types.BucketVersioningStatusEnabled)
		out, err := w.s3.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b})
		must(err)
		if out.Status != types.BucketVersioningStatusEnabled {
			t.Errorf("status %s", out.Status)
		}
	})
	t.Run("notification", func(t *testing.T) {
		w.eventBridge(b)
		out, err := w.s3.GetBucketNotificationConfiguration(ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: &b})
		must(err)
		if out.EventBridgeConfiguration == nil {
			t.Error("not enabled")
		}
		_, err = w.s3.PutBucketNotificationConfiguration(ctx, &s3.PutBucketNotificationConfigurationInput{Bucket: &b, NotificationConfiguration: &types.NotificationConfiguration{
			QueueConfigurations: []types.QueueConfiguration{{QueueArn: aws.String("arn:aws:sqs:us-east-1:000000000000:q"), Events: []types.Event{"s3:ObjectCreated:*"}}},
		}})
		wantError(t, err, 501, "NotImplemented")
		_, err = w.s3.PutBucketNotificationConfiguration(ctx, &s3.PutBucketNotificationConfigurationInput{Bucket: &b, NotificationConfiguration: &types.NotificationConfiguration{}})
		must(err)
		if out, err = w.s3.GetBucketNotificationConfiguration(ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: &b}); err != nil || out.EventBridgeConfiguration != nil {
			t.Errorf("not disabled: %v", err)
		}
	})
	t.Run("encryption", func(t *testing.T) {
		rule := types.ServerSideEncryptionRule{
			ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAwsKms, KMSMasterKeyID: aws.String("arn:aws:kms:us-east-1:000000000000:key/k")},
			BucketKeyEnabled:                   aws.Bool(true),
		}
		_, err := w.s3.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: &b, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{rule}}})
		must(err)
		out, err := w.s3.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &b})
		must(err)
		if got := out.ServerSideEncryptionConfiguration.Rules[0]; *got.ApplyServerSideEncryptionByDefault.KMSMasterKeyID != "arn:aws:kms:us-east-1:000000000000:key/k" || !*got.BucketKeyEnabled {
			t.Errorf("rule %v", got)
		}
		if put := w.put(b, "k", "x"); put.ServerSideEncryption != types.ServerSideEncryptionAwsKms || !*put.BucketKeyEnabled {
			t.Errorf("an object is encrypted with %s", put.ServerSideEncryption)
		}
		_, err = w.s3.DeleteBucketEncryption(ctx, &s3.DeleteBucketEncryptionInput{Bucket: &b})
		must(err)
		if put := w.put(b, "k", "x"); put.ServerSideEncryption != types.ServerSideEncryptionAes256 {
			t.Errorf("an object is encrypted with %s", put.ServerSideEncryption)
		}
	})
	t.Run("public access block", func(t *testing.T) {
		want := types.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(true), IgnorePublicAcls: aws.Bool(false), BlockPublicPolicy: aws.Bool(true), RestrictPublicBuckets: aws.Bool(false)}
		_, err := w.s3.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: &b, PublicAccessBlockConfiguration: &want})
		must(err)
		out, err := w.s3.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &b})
		must(err)
		if got := out.PublicAccessBlockConfiguration; !*got.BlockPublicAcls || *got.IgnorePublicAcls || !*got.BlockPublicPolicy || *got.RestrictPublicBuckets {
			t.Errorf("%v", got)
		}
		_, err = w.s3.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: &b})
		must(err)
		_, err = w.s3.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &b})
		wantError(t, err, 404, "NoSuchPublicAccessBlockConfiguration")
	})
	t.Run("ownership and ACL", func(t *testing.T) {
		acl := func() error {
			_, err := w.s3.PutBucketAcl(ctx, &s3.PutBucketAclInput{Bucket: &b, ACL: types.BucketCannedACLPrivate})
			return err
		}
		wantError(t, acl(), 400, "AccessControlListNotSupported")
		_, err := w.s3.PutBucketOwnershipControls(ctx, &s3.PutBucketOwnershipControlsInput{Bucket: &b, OwnershipControls: &types.OwnershipControls{Rules: []types.OwnershipControlsRule{{ObjectOwnership: types.ObjectOwnershipBucketOwnerPreferred}}}})
		must(err)
		must(acl())
		_, err = w.s3.DeleteBucketOwnershipControls(ctx, &s3.DeleteBucketOwnershipControlsInput{Bucket: &b})
		must(err)
		_, err = w.s3.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: &b})
		wantError(t, err, 404, "OwnershipControlsNotFoundError")
		out, err := w.s3.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: &b})
		must(err)
		if len(out.Grants) != 1 || *out.Grants[0].Grantee.ID != *out.Owner.ID || out.Grants[0].Permission != types.PermissionFullControl {
			t.Errorf("grants %v", out.Grants)
		}
		// What was read can be written back.
		_, err = w.s3.PutBucketAcl(ctx, &s3.PutBucketAclInput{Bucket: &b, AccessControlPolicy: &types.AccessControlPolicy{Owner: out.Owner, Grants: out.Grants}})
		must(err)
	})
	t.Run("tagging", func(t *testing.T) {
		tags := []types.Tag{{Key: aws.String("owner"), Value: aws.String("a team")}, {Key: aws.String("stage"), Value: aws.String("")}}
		_, err := w.s3.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: &b, Tagging: &types.Tagging{TagSet: tags}})
		must(err)
		out, err := w.s3.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &b})
		must(err)
		if len(out.TagSet) != 2 || *out.TagSet[0].Value != "a team" {
			t.Errorf("tags %v", out.TagSet)
		}
		_, err = w.s3.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: &b, Tagging: &types.Tagging{TagSet: append(tags, tags[0])}})
		wantError(t, err, 400, "InvalidTag")
		_, err = w.s3.DeleteBucketTagging(ctx, &s3.DeleteBucketTaggingInput{Bucket: &b})
		must(err)
		_, err = w.s3.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &b})
		wantError(t, err, 404, "NoSuchTagSet")
	})
}

func TestUnknownElementsAreRefused(t *testing.T) {
	w := newWorld(t)
	w.bucket("lake")
	for query, body := range map[string]string{
		"versioning":        `<VersioningConfiguration><Status>Enabled</Status><Other/></VersioningConfiguration>`,
		"publicAccessBlock": `<PublicAccessBlockConfiguration><BlockAll>true</BlockAll></PublicAccessBlockConfiguration>`,
		"encryption":        `<ServerSideEncryptionConfiguration><Rule><Other/></Rule></ServerSideEncryptionConfiguration>`,
		"lifecycle":         `<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter/><Expiration><Weeks>1</Weeks></Expiration></Rule></LifecycleConfiguration>`,
		"tagging":           `<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value><Color>red</Color></Tag></TagSet></Tagging>`,
		"ownershipControls": `not xml`,
	} {
		if res, got := w.raw(http.MethodPut, "/lake?"+query, nil, body); res.StatusCode != http.StatusBadRequest || !strings.Contains(got, "MalformedXML") {
			t.Errorf("%s: %d %s", query, res.StatusCode, got)
		}
	}
}
