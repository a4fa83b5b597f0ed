package s3

import (
	"fmt"
	"net/url"
	"strings"
	"time"
)

const day = 24 * time.Hour

// due is when something of days age is acted upon: the next midnight UTC after
// that many days.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html#intro-lifecycle-rules-number-of-days
func due(since time.Time, days int) time.Time {
	return since.UTC().Add(time.Duration(days) * day).Truncate(day).Add(day)
}

// expires is when a rule ends a current version.
func (r *lifecycleRule) expires(v *version) (time.Time, bool) {
	if r.Expiration == nil || v.deleteMarker || !r.covers(v) {
		return time.Time{}, false
	}
	switch e := r.Expiration; {
	case e.Days != nil:
		return due(v.modified, *e.Days), true
	case e.Date != nil:
		at, err := midnight(*e.Date)
		return at, err == nil
	}
	return time.Time{}, false
}

// expiryOf is the header that tells when a current version will expire, or "".
func (c *call) expiryOf(v *version) string {
	c.bucket.mu.RLock()
	defer c.bucket.mu.RUnlock()
	if c.bucket.config.lifecycle == nil || c.bucket.current(v.key) != v {
		return ""
	}
	var at time.Time
	var id string
	for i := range c.bucket.config.lifecycle.Rules {
		r := &c.bucket.config.lifecycle.Rules[i]
		if when, ok := r.expires(v); ok && (id == "" || when.Before(at)) {
			at, id = when, r.ID
		}
	}
	if id == "" {
		return ""
	}
	return fmt.Sprintf(`expiry-date="%s", rule-id="%s"`, httpDate(at), strings.ReplaceAll(url.QueryEscape(id), "+", "%20"))
}

// scheduleLifecycle arms the next run, at midnight UTC.
func (s *Service) scheduleLifecycle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sweep != nil || s.closed {
		return
	}
	now := s.env.Clock.Now()
	s.sweep = s.env.Clock.AfterFunc(now.Truncate(day).Add(day).Sub(now), s.runLifecycle)
}

// runLifecycle applies every bucket's rules, and arms the next run while any
// bucket has rules.
func (s *Service) runLifecycle() {
	s.mu.Lock()
	s.sweep = nil
	s.mu.Unlock()
	again := false
	for _, name := range s.bucketNames() {
		b := s.bucket(name)
		if b == nil {
			continue
		}
		notices, has := s.applyLifecycle(b)
		for _, n := range notices {
			n.send(n.reason, n.kind)
		}
		again = again || has
	}
	if again {
		s.scheduleLifecycle()
	}
}

type lifecycleNotice struct {
	*notice
	reason, kind string
}

func (s *Service) applyLifecycle(b *bucket) (notices []lifecycleNotice, has bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.config.lifecycle == nil {
		return nil, false
	}
	now := s.env.Clock.Now()
	tell := func(v *version, kind string) {
		n := s.notice(b, objectDeleted, v)
		if n != nil {
			n.detail.RequestID, n.detail.Requester = strings.ToUpper(s.env.IDs.Hex(16)), "s3.amazonaws.com"
			notices = append(notices, lifecycleNotice{n, "Lifecycle Expiration", kind})
		}
	}
	for i := range b.config.lifecycle.Rules {
		r := &b.config.lifecycle.Rules[i]
		if r.Status != "Enabled" {
			continue
		}
		for _, key := range append([]string(nil), b.keys...) {
			s.expireCurrent(b, r, key, now, tell)
			s.expireNoncurrent(b, r, key, now, tell)
			b.transition(r, key, now, b.config.lifecycle.minimumSize)
		}
		if r.AbortUploads == nil {
			continue
		}
		for id, u := range b.uploads {
			if strings.HasPrefix(u.version.key, r.prefix()) && !now.Before(due(u.initiated, *r.AbortUploads.Days)) {
				delete(b.uploads, id)
			}
		}
	}
	return notices, true
}

// expireCurrent ends a current version: by deleting it, or, where versions are
// kept, by a delete marker. A delete marker under which nothing is left goes.
func (s *Service) expireCurrent(b *bucket, r *lifecycleRule, key string, now time.Time, tell func(*version, string)) {
	v := b.current(key)
	if v == nil || r.Expiration == nil {
		return
	}
	if v.deleteMarker {
		// A rule that expires objects cleans up their markers as well.
		asked := (r.Expiration.DeleteMarker != nil && *r.Expiration.DeleteMarker) ||
			(r.Expiration.Days != nil && !now.Before(due(v.modified, *r.Expiration.Days)))
		if asked && len(b.versions[key]) == 1 && r.covers(v) {
			b.remove(v)
			tell(v, permanentlyDeleted)
		}
		return
	}
	if at, ok := r.expires(v); !ok || now.Before(at) {
		return
	}
	if b.config.versioning == "" {
		b.remove(v)
		tell(v, permanentlyDeleted)
		return
	}
	marker := &version{key: key, id: nullVersion, deleteMarker: true, modified: now, storageClass: standard}
	if b.config.versioning == "Enabled" {
		marker.id = newVersionID(s.env.IDs)
	}
	b.add(marker)
	tell(marker, markerCreated)
}

func (s *Service) expireNoncurrent(b *bucket, r *lifecycleRule, key string, now time.Time, tell func(*version, string)) {
	all := b.versions[key]
	if r.Noncurrent == nil || len(all) < 2 {
		return
	}
	keep := 0
	if r.Noncurrent.Newer != nil {
		keep = *r.Noncurrent.Newer
	}
	for i := len(all) - 2 - keep; i >= 0; i-- {
		if v := all[i]; r.covers(v) && !now.Before(due(v.noncurrent, *r.Noncurrent.Days)) {
			b.remove(v)
			tell(v, permanentlyDeleted)
		}
	}
}

// transition changes the storage class of a key's versions.
func (b *bucket) transition(r *lifecycleRule, key string, now time.Time, minimum string) {
	for i, v := range b.versions[key] {
		if v.deleteMarker || !r.covers(v) {
			continue
		}
		// Small objects stay, unless the rule's filter says otherwise.
		if minimum == allClasses128K && v.size() < minimumToArchive && !r.Filter.bySize() {
			continue
		}
		class := ""
		if i == len(b.versions[key])-1 {
			for _, t := range r.Transitions {
				at := now.Add(day)
				if t.Days != nil {
					at = due(v.modified, *t.Days)
				} else if date, err := midnight(*t.Date); err == nil {
					at = date
				}
				if !now.Before(at) && colder(t.StorageClass, v.storageClass) && (class == "" || colder(t.StorageClass, class)) {
					class = t.StorageClass
				}
			}
		} else {
			for _, t := range r.NoncurrentTo {
				if !now.Before(due(v.noncurrent, *t.Days)) && colder(t.StorageClass, v.storageClass) && (class == "" || colder(t.StorageClass, class)) {
					class = t.StorageClass
				}
			}
		}
		if class != "" {
			moved := *v
			moved.storageClass = class
			b.replace(v, &moved)
		}
	}
}

// colder tells whether a transition from one class to another is possible.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
func colder(to, from string) bool {
	rank := map[string]int{
		standard: 0, "REDUCED_REDUNDANCY": 0, "STANDARD_IA": 1, "INTELLIGENT_TIERING": 2, "ONEZONE_IA": 3,
		"GLACIER_IR": 4, "GLACIER": 5, "DEEP_ARCHIVE": 6,
	}
	return rank[to] > rank[from]
}
