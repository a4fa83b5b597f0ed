package workspace

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
)

// Outputs are the outputs of the pipeline, as values.
type Outputs struct {
	LakeBucket       string            `json:"lakeBucket"`
	ResultsBucket    string            `json:"resultsBucket"`
	Database         string            `json:"database"`
	Tables           map[string]string `json:"tables"`
	LogGroups        map[string]string `json:"logGroups"`
	DeliveryStreams  map[string]string `json:"deliveryStreams"`
	Workgroup        string            `json:"workgroup"`
	StateMachineARN  string            `json:"stateMachineArn"`
	RuleName         string            `json:"ruleName"`
	DeadLetterURL    string            `json:"deadLetterQueueUrl"`
	ExtractFunction  string            `json:"extractFunction"`
	CatalogFunction  string            `json:"catalogFunction"`
	GenerateFunction string            `json:"generateFunction"`
	Query            string            `json:"query"`
}

// Outputs reads the outputs of the stack as it stands.
func (w *Workspace) Outputs(ctx context.Context) (Outputs, error) {
	m, err := w.Stack.Outputs(ctx)
	if err != nil {
		return Outputs{}, fmt.Errorf("outputs of %s: %w", w.o.Stack, err)
	}
	return outputsOf(m)
}

func outputsOf(m auto.OutputMap) (Outputs, error) {
	values := map[string]any{}
	for name, v := range m {
		values[name] = v.Value
	}
	var o Outputs
	b, err := json.Marshal(values)
	if err != nil {
		return o, err
	}
	if err := json.Unmarshal(b, &o); err != nil {
		return o, fmt.Errorf("outputs of the stack: %w", err)
	}
	for name, v := range map[string]string{
		"lakeBucket": o.LakeBucket, "database": o.Database, "workgroup": o.Workgroup, "stateMachineArn": o.StateMachineARN,
	} {
		if v == "" {
			return o, fmt.Errorf("%s: %w: was it ever deployed?", name, ErrMissingOutput)
		}
	}
	return o, nil
}

// Resource is a cloud resource in a stack's state.
type Resource struct {
	Type, ID, ARN string
}

// String is the ARN, or the type and the name of what has none.
func (r Resource) String() string {
	if r.ARN != "" {
		return r.ARN
	}
	return r.Type + " " + r.ID
}

// resourcesIn lists the cloud resources of a deployment: those with ids,
// without the stack, components and providers.
func resourcesIn(deployment json.RawMessage) ([]Resource, error) {
	var d struct {
		Resources []struct {
			URN     string         `json:"urn"`
			ID      string         `json:"id"`
			Type    string         `json:"type"`
			Custom  bool           `json:"custom"`
			Outputs map[string]any `json:"outputs"`
		} `json:"resources"`
	}
	if len(deployment) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(deployment, &d); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	var left []Resource
	for _, r := range d.Resources {
		if r.Custom && !strings.HasPrefix(r.Type, "pulumi:") {
			arn, _ := r.Outputs["arn"].(string) // not every type has one
			left = append(left, Resource{Type: r.Type, ID: r.ID, ARN: arn})
		}
	}
	return left, nil
}
