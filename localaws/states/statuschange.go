package states

import (
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"crawlerless/localaws/cloud"
)

// statusChange is the detail of the event that EventBridge gets when a Standard
// execution starts or ends.
// https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
type statusChange struct {
	ExecutionARN           string       `json:"executionArn"`
	StateMachineARN        string       `json:"stateMachineArn"`
	Name                   string       `json:"name"`
	Status                 string       `json:"status"`
	StartDate              int64        `json:"startDate"`
	StopDate               *int64       `json:"stopDate"`
	Input                  string       `json:"input"`
	Output                 *string      `json:"output"`
	StateMachineVersionARN *string      `json:"stateMachineVersionArn"`
	StateMachineAliasARN   *string      `json:"stateMachineAliasArn"`
	RedriveCount           int          `json:"redriveCount"`
	RedriveDate            *string      `json:"redriveDate"`
	RedriveStatus          string       `json:"redriveStatus"`
	RedriveStatusReason    *string      `json:"redriveStatusReason"`
	InputDetails           dataDetails  `json:"inputDetails"`
	OutputDetails          *dataDetails `json:"outputDetails"`
	Error                  *string      `json:"error"`
	Cause                  *string      `json:"cause"`
}

type dataDetails struct {
	Included bool `json:"included"`
}

// emit tells EventBridge of the execution's present status.
func (s *Service) emit(e *execution) {
	if e.machine.express() {
		return
	}
	s.mu.Lock()
	d := statusChange{
		ExecutionARN: e.arn, StateMachineARN: e.machine.arn, Name: e.name, Status: string(e.outcome.Status), StartDate: e.started.UnixMilli(),
		Input: e.input, InputDetails: dataDetails{true}, RedriveStatus: "NOT_REDRIVABLE",
		Output: optional(e.outcome.Output), Error: optional(e.outcome.Failure.Error), Cause: optional(e.outcome.Failure.Cause),
	}
	at := e.started
	if e.finished {
		at = e.stopped
		d.StopDate = new(e.stopped.UnixMilli())
		if e.outcome.Status == types.ExecutionStatusSucceeded {
			d.OutputDetails = &dataDetails{true}
			d.RedriveStatusReason = new("Execution is SUCCEEDED and cannot be redriven")
		}
	} else {
		d.RedriveStatusReason = new("Execution is RUNNING and cannot be redriven")
	}
	s.mu.Unlock()
	doc, err := json.Marshal(d)
	if err != nil {
		return // strings and numbers always marshal
	}
	s.env.Events.Emit(s.ctx, cloud.Event{Source: "aws.states", DetailType: "Step Functions Execution Status Change", Resources: []string{e.arn}, Time: at, Detail: doc})
}
