package s3

import (
	"fmt"
	"hash/crc32"
	"net/http"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"crawlerless/localaws/cloud"
)

// nullVersion is the id of the version that a bucket without versioning, or
// with suspended versioning, keeps of each key.
const nullVersion = "null"

// newVersionID makes an id that shows, as those of S3 do, whether it was ever
// issued: its last eight digits follow from the others.
func newVersionID(ids cloud.IDs) string {
	id := ids.Hex(24)
	return id + fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(id)))
}

// issued tells whether an id is "null" or one that newVersionID made.
func issued(id string) bool {
	return id == nullVersion || len(id) == 32 && id[24:] == fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(id[:24])))
}

func invalidVersion(id string) *Error {
	return invalidArgument("Invalid version id specified", "versionId", id)
}

// bucket is one bucket. mu guards everything below it; a version never changes
// once it is in a bucket, save for its tags and its storage class, which are
// replaced by a changed copy of the version.
type bucket struct {
	name    string
	created time.Time

	mu       sync.RWMutex
	gone     bool // deleted while a call held it
	versions map[string][]*version
	keys     []string // of versions, sorted by bytes as S3 lists them
	uploads  map[string]*upload
	config   config
}

// version is one version of an object, or a delete marker.
type version struct {
	key          string
	id           string
	deleteMarker bool
	modified     time.Time
	noncurrent   time.Time // since when another version is the current one

	content      blob
	parts        []part // of an object that was uploaded in parts
	etag         string // without quotes
	checksum     checksum
	headers      http.Header // Content-Type and its like, x-amz-meta-*, website redirect
	tags         tags
	storageClass string // never empty
	encryption   encryption
}

// archived tells whether the content could be read only after a restore.
func (v *version) archived() bool {
	return v.storageClass == "GLACIER" || v.storageClass == "DEEP_ARCHIVE"
}

func (v *version) size() int64 { return v.content.size() }

func newBucket(name string, created time.Time) *bucket {
	return &bucket{
		name: name, created: created,
		versions: map[string][]*version{},
		uploads:  map[string]*upload{},
		config:   newConfig(),
	}
}

func (s *Service) bucket(name string) *bucket {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.buckets[name]
}

// current is the version that a call without a version id sees: the newest,
// even when it is a delete marker; nil when the key has none. b.mu is held.
func (b *bucket) current(key string) *version {
	all := b.versions[key]
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}

// find is the version with an id, or the current one for "". b.mu is held.
func (b *bucket) find(key, id string) *version {
	if id == "" {
		return b.current(key)
	}
	for _, v := range b.versions[key] {
		if v.id == id {
			return v
		}
	}
	return nil
}

// add makes v the current version of its key. The version that has the same id
// ("null") is replaced. b.mu is held.
func (b *bucket) add(v *version) {
	all := b.versions[v.key]
	if len(all) == 0 {
		i, found := slices.BinarySearch(b.keys, v.key)
		if !found {
			b.keys = slices.Insert(b.keys, i, v.key)
		}
	}
	all = slices.DeleteFunc(slices.Clone(all), func(old *version) bool { return old.id == v.id })
	if n := len(all); n > 0 && all[n-1].noncurrent.IsZero() {
		was := *all[n-1]
		was.noncurrent = v.modified
		all[n-1] = &was
	}
	b.versions[v.key] = append(all, v)
}

// replace puts a changed copy of a version in its place. b.mu is held.
func (b *bucket) replace(old, changed *version) {
	all := slices.Clone(b.versions[old.key])
	if i := slices.Index(all, old); i >= 0 {
		all[i] = changed
		b.versions[old.key] = all
	}
}

// remove deletes one version for good. b.mu is held.
func (b *bucket) remove(v *version) {
	all := slices.DeleteFunc(slices.Clone(b.versions[v.key]), func(old *version) bool { return old == v })
	if len(all) > 0 {
		if n := len(all); !all[n-1].noncurrent.IsZero() {
			now := *all[n-1]
			now.noncurrent = time.Time{}
			all[n-1] = &now
		}
		b.versions[v.key] = all
		return
	}
	delete(b.versions, v.key)
	if i, found := slices.BinarySearch(b.keys, v.key); found {
		b.keys = slices.Delete(b.keys, i, i+1)
	}
}

// from is the index of the first key that is not less than key.
func (b *bucket) from(key string) int { return sort.SearchStrings(b.keys, key) }

// after is the least string that is greater than every string with the prefix,
// "" when there is none.
func after(prefix string) string {
	raw := []byte(prefix)
	for i := len(raw) - 1; i >= 0; i-- {
		if raw[i] < 0xff {
			raw[i]++
			return string(raw[:i+1])
		}
	}
	return ""
}

// bucketNames are the names of all buckets in order.
func (s *Service) bucketNames() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	names := make([]string, 0, len(s.buckets))
	for name := range s.buckets {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// sequencer makes the sequencers of events: each greater than all before, which
// is more than S3 promises (greater per key), and readable as a time: eight
// digits of Unix seconds, eight of a fraction.
type sequencer struct {
	mu   sync.Mutex
	last uint64
}

func (s *sequencer) next(now time.Time) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := uint64(now.Unix())<<32 | uint64(now.Nanosecond())<<32/uint64(time.Second)
	s.last = max(s.last+1, at)
	return s.last
}

// text is the next sequencer as events show it.
func (s *sequencer) text(now time.Time) string { return fmt.Sprintf("%016x", s.next(now)) }

// quote is an ETag as headers and XML carry it.
func quote(etag string) string { return `"` + etag + `"` }

func unquote(etag string) string { return strings.Trim(strings.TrimSpace(etag), `"`) }
