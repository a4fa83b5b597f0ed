package sqs

// report gives CloudWatch one value about a queue. s.mu is held.
func (s *Service) report(q *queue, name string, value float64, unit string) {
	if s.env.Metrics != nil {
		s.env.Metrics.Put("AWS/SQS", name, value, unit, "QueueName", q.name)
	}
}

// reportDepth tells how many messages a queue holds, and of what age. s.mu is
// held.
func (s *Service) reportDepth(q *queue) {
	now := s.env.Clock.Now()
	q.expire(now)
	visible, hidden, delayed := q.counts(now)
	s.report(q, "ApproximateNumberOfMessagesVisible", float64(visible), "Count")
	s.report(q, "ApproximateNumberOfMessagesNotVisible", float64(hidden), "Count")
	s.report(q, "ApproximateNumberOfMessagesDelayed", float64(delayed), "Count")
	age := 0.0
	for _, m := range q.messages {
		age = max(age, now.Sub(m.sent).Seconds())
	}
	s.report(q, "ApproximateAgeOfOldestMessage", age, "Seconds")
}

// keepReporting makes active queues report each minute. A queue is active for
// six hours after it was last used, and while it holds a message (SQS Developer
// Guide, "Monitoring with CloudWatch"). s.mu is held.
func (s *Service) keepReporting() {
	if s.ticker != nil || s.closed || s.env.Metrics == nil {
		return
	}
	s.ticker = s.env.Clock.AfterFunc(reportEvery, s.tick)
}

func (s *Service) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ticker = nil
	now, active := s.env.Clock.Now(), false
	for _, q := range s.queues {
		if q.expire(now); len(q.messages) > 0 || now.Sub(q.used) < activeAfterUse {
			s.reportDepth(q)
			active = true
		}
	}
	if active {
		s.keepReporting()
	}
}
