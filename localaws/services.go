package localaws

import (
	"net/http"
	"slices"

	"crawlerless/localaws/athena"
	"crawlerless/localaws/budgets"
	"crawlerless/localaws/cloud"
	"crawlerless/localaws/cloudwatch"
	"crawlerless/localaws/events"
	"crawlerless/localaws/firehose"
	"crawlerless/localaws/glue"
	"crawlerless/localaws/iam"
	"crawlerless/localaws/lambda"
	"crawlerless/localaws/logs"
	"crawlerless/localaws/s3"
	"crawlerless/localaws/sqs"
	"crawlerless/localaws/states"
	"crawlerless/localaws/sts"
	"crawlerless/localaws/tagging"
	"crawlerless/localaws/wire"
)

// services are all services of one server, in the order in which they were
// made.
type services struct {
	iam    *iam.Service
	lambda *lambda.Service
	wire   []wire.Service
	stop   []func()
	tagged []tagging.Source
}

// service is what every service's package exports. One that has something to
// stop has a Close, one whose resources carry tags is a [tagging.Source].
type service interface{ Wire() wire.Service }

func newServices(env cloud.Env, transport func() http.RoundTripper) (*services, error) {
	s := &services{}
	var err error
	if s.iam, err = iam.New(env, transport); err != nil {
		return nil, err
	}
	reports := &late{} // what services report to exists only after some of them
	env.Roles, env.Metrics, env.Events = s.iam, reports, reports

	metrics, bus := cloudwatch.New(env), events.New(env)
	reports.metrics, reports.events = metrics, bus
	objects, err := s3.New(env)
	if err != nil {
		return nil, err
	}
	s.lambda = lambda.New(env, lambda.WithCodeFromS3(s.iam.As))
	for _, one := range []service{
		s.iam, sts.New(env, s.iam),
		metrics, bus, objects, sqs.New(env),
		logs.New(env), firehose.New(env), s.lambda, states.New(env),
		glue.New(env), athena.New(env, s.iam.As),
		budgets.New(env), tagging.New(func() []tagging.Source { return s.tagged }),
	} {
		s.mount(one)
	}
	return s, nil
}

func (s *services) mount(one service) {
	s.wire = append(s.wire, one.Wire())
	if closer, ok := one.(interface{ Close() }); ok {
		s.stop = append(s.stop, closer.Close)
	}
	if source, ok := one.(tagging.Source); ok {
		s.tagged = append(s.tagged, source)
	}
}

// close ends the services, the last made first.
func (s *services) close() {
	for _, stop := range slices.Backward(s.stop) {
		stop()
	}
}
