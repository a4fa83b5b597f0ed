// Package s3 is Amazon S3 of localaws: buckets with their configuration, and
// objects with versions, checksums and conditional writes.
//
// Every request passes one front: routes.go lists each operation of S3 by
// method and sub-resource, says which permission it needs, and either serves it
// or names it in a NotImplemented answer. Plain object calls (get, head, put,
// delete) are then served by gofakes3 over a backend of this package's own;
// everything that gofakes3 answers differently from AWS is served here:
// bucket sub-resources, listings, copies, multipart uploads, batch deletes.
//
// Guarantees:
//   - A body is stored only after its length, Content-MD5, SHA-256 and checksum
//     (header or trailer) were verified; a wrong one leaves no trace.
//   - Conditional writes are decided and done in one step: of several
//     concurrent If-None-Match writers exactly one wins.
//   - Every request is authorised through [wire.Authorize] with S3's own action,
//     its condition keys and the bucket policy; a missing key answers 403 to
//     those who may not list the bucket.
//   - An "Object Created" or "Object Deleted" event leaves after the change is
//     visible, once, when the bucket has EventBridge enabled.
//   - Lifecycle rules are applied each midnight UTC of the clock: expiration,
//     noncurrent versions, expired delete markers, unfinished uploads, and
//     transitions, which change the storage class that listings show.
//
// What it does not do: signatures of single chunks in a signed stream are not
// verified (the request's signature is, by the identity in front of it); KMS
// keys are recorded, not used, so kms permissions are not needed to read; ACL
// grants other than the owner's are refused; notification targets other than
// EventBridge, CORS, website, replication, object lock, logging, inventory and
// their like answer their empty state to GET and NotImplemented to PUT. Buckets
// are made in the one region that is played; what is archived in GLACIER or
// DEEP_ARCHIVE can be listed and deleted but, as nothing restores it, not read.
package s3

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"crawlerless/localaws/clock"
	"crawlerless/localaws/cloud"
	"crawlerless/localaws/wire"
)

// Service is the S3 of one account in one region.
type Service struct {
	env    cloud.Env
	spool  spool
	routes []route

	mu       sync.RWMutex
	buckets  map[string]*bucket
	sequence sequencer
	sweep    *clock.Timer // the next run of the lifecycle, when any bucket has rules
	closed   bool
}

// New returns an S3 without buckets. Objects above one mebibyte are kept in
// files under env.Dir, all others (and all, where env.Dir is empty) in memory.
func New(env cloud.Env) (*Service, error) {
	s := &Service{env: env, buckets: map[string]*bucket{}, routes: routes()}
	if env.Dir != "" {
		s.spool.dir = filepath.Join(env.Dir, "objects")
		if err := os.MkdirAll(s.spool.dir, 0o700); err != nil {
			return nil, fmt.Errorf("s3: directory for objects: %w", err)
		}
	}
	return s, nil
}

// Wire is the service as the wire mounts it.
func (s *Service) Wire() wire.Service {
	return wire.Service{Name: "s3", Protocol: wire.Raw, HTTP: s}
}

// Close stops the lifecycle.
func (s *Service) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.sweep != nil {
		s.sweep.Stop()
		s.sweep = nil
	}
}

// ServeHTTP answers one request. The caller is expected in its context.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := s.newCall(w, r)
	if err := c.serve(); err != nil {
		c.fail(err)
	}
}
