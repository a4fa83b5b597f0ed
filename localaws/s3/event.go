package s3

import (
	"context"
	"encoding/json"

	"crawlerless/localaws/cloud"
)

// notice is an event about to leave for EventBridge. It is made while the bucket
// is locked, so that sequencers grow in the order of the changes, and sent after
// the change is visible to everybody. A nil notice is sent nowhere.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
type notice struct {
	service    *Service
	ctx        context.Context
	detailType string
	detail     detail
}

type detail struct {
	Version      string       `json:"version"`
	Bucket       detailBucket `json:"bucket"`
	Object       detailObject `json:"object"`
	RequestID    string       `json:"request-id"`
	Requester    string       `json:"requester"`
	SourceIP     string       `json:"source-ip-address,omitempty"`
	Reason       string       `json:"reason,omitempty"`
	DeletionType string       `json:"deletion-type,omitempty"`
}

type detailBucket struct {
	Name string `json:"name"`
}

// detailObject holds the key as it is: unlike S3's older notifications, those of
// EventBridge do not encode it.
type detailObject struct {
	Key       string `json:"key"`
	Size      *int64 `json:"size,omitempty"`
	ETag      string `json:"etag,omitempty"`
	VersionID string `json:"version-id,omitempty"`
	Sequencer string `json:"sequencer,omitempty"`
}

// The types of events, and the ways to be deleted.
const (
	objectCreated      = "Object Created"
	objectDeleted      = "Object Deleted"
	tagsAdded          = "Object Tags Added"
	tagsDeleted        = "Object Tags Deleted"
	markerCreated      = "Delete Marker Created"
	permanentlyDeleted = "Permanently Deleted"
)

// emptyETag is the MD5 of nothing: the ETag that events give a delete marker.
const emptyETag = "d41d8cd98f00b204e9800998ecf8427e"

// notice describes a change of v made by the call; nil when the bucket does not
// send events. c.bucket.mu is held.
func (c *call) notice(detailType string, v *version) *notice {
	n := c.s.notice(c.bucket, detailType, v)
	if n == nil {
		return nil
	}
	// The change is done: a client that has gone does not take its event along.
	n.ctx = context.WithoutCancel(c.ctx())
	n.detail.RequestID = c.id
	n.detail.SourceIP = c.sourceIP()
	n.detail.Requester = c.caller.Account
	if c.caller.Service != "" {
		n.detail.Requester = c.caller.Service
	} else if n.detail.Requester == "" {
		n.detail.Requester = c.s.env.Account
	}
	return n
}

// notice describes a change of v. b.mu is held.
func (s *Service) notice(b *bucket, detailType string, v *version) *notice {
	if !b.config.eventBridge || s.env.Events == nil {
		return nil
	}
	n := &notice{service: s, ctx: context.Background(), detailType: detailType}
	n.detail = detail{
		Version: "0",
		Bucket:  detailBucket{Name: b.name},
		Object:  detailObject{Key: v.key},
	}
	// What else is told of an object follows events recorded from AWS: a deletion
	// tells no ETag but that of a delete marker it makes, and changes of tags are
	// in no sequence.
	o := &n.detail.Object
	switch detailType {
	case objectCreated:
		size := v.size()
		o.ETag, o.Size, o.Sequencer = v.etag, &size, s.sequence.text(s.env.Clock.Now())
	case objectDeleted:
		o.Sequencer = s.sequence.text(s.env.Clock.Now())
	default:
		o.ETag = v.etag
	}
	if b.config.versioning != "" && v.id != nullVersion {
		n.detail.Object.VersionID = v.id
	}
	return n
}

// send gives the event to EventBridge. reason is the API operation;
// deletionType is set for deletions.
func (n *notice) send(reason, deletionType string) {
	if n == nil {
		return
	}
	n.detail.Reason, n.detail.DeletionType = reason, deletionType
	if deletionType == markerCreated {
		n.detail.Object.ETag = emptyETag
	}
	body, err := json.Marshal(n.detail)
	if err != nil {
		n.service.env.Log.Error("s3: event", "bucket", n.detail.Bucket.Name, "key", n.detail.Object.Key, "error", err)
		return
	}
	n.service.env.Events.Emit(n.ctx, cloud.Event{
		Source:     "aws.s3",
		DetailType: n.detailType,
		Resources:  []string{n.service.env.S3ARN(n.detail.Bucket.Name)},
		Time:       n.service.env.Clock.Now(),
		Detail:     body,
	})
}
