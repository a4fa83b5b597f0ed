package localaws

import (
	"net/http"
	"slices"

	"crawlerless/localaws/cloud"
	"crawlerless/localaws/firehose"
	"crawlerless/localaws/glue"
	"crawlerless/localaws/iam"
	"crawlerless/localaws/logs"
	"crawlerless/localaws/s3"
	"crawlerless/localaws/sqs"
	"crawlerless/localaws/sts"
	"crawlerless/localaws/wire"
)

// services are all services of one server, in the order in which they were
// made: one that others report to comes before them.
type services struct {
	iam  *iam.Service
	wire []wire.Service
	stop []func()
}

func newServices(env cloud.Env, transport func() http.RoundTripper) (*services, error) {
	s := &services{}
	var err error
	if s.iam, err = iam.New(env, transport); err != nil {
		return nil, err
	}
	reports := &late{}
	env.Roles, env.Metrics, env.Events = s.iam, reports, reports

	s.mount(s.iam.Wire(), nil)
	s.mount(sts.New(env, s.iam).Wire(), nil)

	objects, err := s3.New(env)
	if err != nil {
		return nil, err
	}
	s.mount(objects.Wire(), objects.Close)
	queues := sqs.New(env)
	s.mount(queues.Wire(), queues.Close)
	groups := logs.New(env)
	s.mount(groups.Wire(), groups.Close)
	streams := firehose.New(env)
	s.mount(streams.Wire(), streams.Close)
	s.mount(glue.New(env).Wire(), nil)
	return s, nil
}

// mount adds a service; stop, if any, ends it.
func (s *services) mount(svc wire.Service, stop func()) {
	s.wire = append(s.wire, svc)
	if stop != nil {
		s.stop = append(s.stop, stop)
	}
}

// close ends the services, the last made first.
func (s *services) close() {
	for _, stop := range slices.Backward(s.stop) {
		stop()
	}
}
