package localaws

import (
	"context"
	"testing"
)

// What a table of constraints names exists, and its patterns can be matched: a
// typo in one fails here.
func TestEveryConstraintIsOfAnInputThatIsServed(t *testing.T) {
	s, err := Start(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, service := range s.services.wire {
		if service.HTTP != nil {
			continue // S3 looks at its requests itself
		}
		if service.Constraints == "" {
			t.Errorf("%s says no constraints", service.Name)
		}
		if err := service.CheckConstraints(); err != nil {
			t.Error(err)
		}
	}
}
