package s3

import (
	"net/http"
)

// deleteObject serves DELETE of an object or of one of its versions.
func (c *call) deleteObject() error {
	conditions, err := c.writeConditions()
	if err != nil {
		return err
	}
	if err := c.refuseBypass(); err != nil {
		return err
	}
	for _, name := range []string{"x-amz-if-match-last-modified-time", "x-amz-if-match-size"} {
		if c.header(name) != "" { // of directory buckets
			return headerNotImplemented(name)
		}
	}
	if id := c.query.Get("versionId"); c.has("versionId") && !issued(id) {
		return invalidVersion(id)
	}
	var result deletion
	return c.fake(&fakeCall{
		remove: func() (deletion, error) {
			result, err = c.delete(c.key, c.query.Get("versionId"), conditions)
			return result, err
		},
		amend: func(h http.Header) { result.show(h) },
	})
}

// refuseBypass refuses a header that only buckets with object lock know.
func (c *call) refuseBypass() error {
	const name = "x-amz-bypass-governance-retention"
	if c.header(name) == "" {
		return nil
	}
	return wrongArgument(name+" is only applicable to Object Lock enabled buckets.", name)
}

// deletion is what a delete did.
type deletion struct {
	marker    bool   // a delete marker was made, or removed
	versionID string // of the marker made or of the version removed; "" in a bucket without versions
	made      bool   // a delete marker was made
}

func (d deletion) show(h http.Header) {
	h.Del("x-amz-delete-marker")
	h.Del("x-amz-version-id")
	if d.marker {
		h.Set("x-amz-delete-marker", "true")
	}
	if d.versionID != "" {
		h.Set("x-amz-version-id", d.versionID)
	}
}

// delete removes one version, or hides the object behind a delete marker where
// the bucket keeps versions, or removes the object. What is not there is deleted
// successfully.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectVersions.html
func (c *call) delete(key, versionID string, conditions writeConditions) (deletion, error) {
	b := c.bucket
	b.mu.RLock()
	existing := b.find(key, versionID)
	b.mu.RUnlock()
	action, more := "s3:DeleteObject", map[string][]string{}
	if versionID != "" {
		action, more["s3:VersionId"] = "s3:DeleteObjectVersion", []string{versionID}
	}
	if existing != nil {
		for _, t := range existing.tags {
			more["s3:ExistingObjectTag/"+t.Key] = []string{t.Value}
		}
	}
	if err := c.authorizeOn(action, b, c.s.env.S3ARN(c.name+"/"+key), more); err != nil {
		return deletion{}, err
	}
	if err := c.authorizeMatch(conditions, key); err != nil {
		return deletion{}, err
	}
	result, notice, err := c.deleteLocked(key, versionID, conditions)
	if err != nil {
		return deletion{}, err
	}
	kind := permanentlyDeleted
	if result.made {
		kind = markerCreated
	}
	notice.send("DeleteObject", kind)
	return result, nil
}

func (c *call) deleteLocked(key, versionID string, conditions writeConditions) (deletion, *notice, error) {
	b := c.bucket
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gone {
		return deletion{}, nil, noSuchBucket(c.name)
	}
	now := b.find(key, versionID)
	if err := conditions.check(key, b.current(key)); err != nil {
		return deletion{}, nil, err
	}
	status := b.config.versioning
	switch {
	case versionID != "":
		if now == nil {
			return deletion{versionID: versionID}, nil, nil
		}
		b.remove(now)
		return deletion{marker: now.deleteMarker, versionID: versionID}, c.notice(objectDeleted, now), nil
	case status == "":
		if now == nil {
			return deletion{}, nil, nil
		}
		b.remove(now)
		return deletion{}, c.notice(objectDeleted, now), nil
	}
	marker := &version{key: key, id: c.newVersionID(), deleteMarker: true, modified: c.now(), storageClass: standard}
	b.add(marker)
	return deletion{marker: true, versionID: marker.id, made: true}, c.notice(objectDeleted, marker), nil
}
