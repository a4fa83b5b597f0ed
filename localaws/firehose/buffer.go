package firehose

import (
	"strconv"
	"time"

	"crawlerless/localaws/clock"
	"crawlerless/localaws/firehose/prefix"
)

// zeroBuffering is how long records are collected when the interval hint is zero:
// AWS then delivers "within a few seconds".
const zeroBuffering = time.Second

// buffer collects what becomes one object. Its size is that of the processed
// records before compression ("buffer size is applied before compression",
// Firehose FAQ), and its time runs from the first of them.
type buffer struct {
	data    []byte
	records int
	oldest  time.Time
	timer   *clock.Timer
}

// object is one object on its way to S3. Its key stays the same through all
// attempts, so that a delivery whose answer was lost does not leave two.
type object struct {
	stream    string
	version   int
	config    *config
	key       string
	errorType string
	data      []byte
	records   int
	oldest    time.Time
}

// buffer adds processed records to the stream's buffer for an error type (empty
// for good ones) and delivers it when it is full or its time has come.
func (s *Service) buffer(st *stream, errorType string, data []byte, records int, arrived time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams[st.name] != st {
		return // deleted in the meantime
	}
	b := st.buffers[errorType]
	if b == nil {
		b = &buffer{oldest: arrived}
		st.buffers[errorType] = b
		b.timer = s.env.Clock.AfterFunc(max(st.config.interval, zeroBuffering), func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if st.buffers[errorType] == b {
				s.flush(st, errorType)
			}
		})
	}
	b.data = append(b.data, data...)
	b.records += records
	if arrived.Before(b.oldest) {
		b.oldest = arrived
	}
	if int64(len(b.data)) >= st.config.size {
		b.timer.Stop()
		s.flush(st, errorType)
	}
}

// flush hands a buffer over to delivery; s.mu is held.
func (s *Service) flush(st *stream, errorType string) {
	b := st.buffers[errorType]
	delete(st.buffers, errorType)
	o := &object{
		stream: st.name, version: st.version, config: st.config, errorType: errorType,
		data: b.data, records: b.records, oldest: b.oldest,
	}
	o.key = s.key(o)
	s.env.Clock.Go(func() { s.deliver(st, o) })
}

// key is the name of an object: <evaluated prefix><stream>-<version>-<time>-<uuid>
// and the extension, at the time of its oldest record in the stream's zone.
func (s *Service) key(o *object) string {
	c := o.config
	template := c.prefix
	if o.errorType != "" {
		template = c.errorPrefix
	}
	evaluated := template.Evaluate(prefix.Values{
		Time: o.oldest, Zone: c.zone, ErrorType: o.errorType,
		Random: func() string { return s.env.IDs.Hex(11) },
	})
	return evaluated + o.stream + "-" + strconv.Itoa(o.version) + "-" +
		o.oldest.In(c.zone).Format("2006-01-02-15-04-05") + "-" + s.env.IDs.UUID() + c.extension
}
