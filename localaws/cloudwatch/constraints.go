package cloudwatch

import (
	_ "embed"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"crawlerless/localaws/wire"
)

// constraints are what the model of the API allows: see [wire.Service].
//
//go:embed constraints.txt
var constraints string

// refuse says what is wrong. What handles metrics, not alarms, has words of its
// own for what is missing and for too long a list, which name the parameter as
// it is spelled in a form: MetricData.member.1.Dimensions.
func refuse(operation string, wrong wire.Violations) error {
	w := wrong[0]
	switch metrics := strings.Contains(operation, "Metric") && !strings.Contains(operation, "Alarm"); {
	case metrics && w.Kind == wire.Required:
		return &types.MissingRequiredParameterException{Message: aws.String("The parameter " + parameter(w.Path) + " is required.")}
	case metrics && w.Kind == wire.MaxLength && strings.HasPrefix(w.Value, "["):
		return invalid("The collection %s must not have a size greater than %s.", parameter(w.Path), w.Limit)
	}
	return &wire.Error{Code: "ValidationError", Message: wrong.Message()}
}

// parameter is a path as a form spells it: an entry of a list is "member.1".
func parameter(path []string) string {
	var out []string
	for _, step := range path {
		if _, err := strconv.Atoi(step); err == nil {
			out = append(out, "member")
		}
		out = append(out, step)
	}
	return strings.Join(out, ".")
}
