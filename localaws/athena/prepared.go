package athena

import (
	"context"

	"crawlerless/localaws/athena/trino"
)

// prepared runs PREPARE, EXECUTE and DEALLOCATE PREPARE.
func (q *query) prepared(ctx context.Context, s *trino.Statement) (*result, error) {
	return nil, fail("NotImplemented: localaws does not implement the statement " + s.Kind + " of athena")
}
