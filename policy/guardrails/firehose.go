package guardrails

import "fmt"

const deliveryStream = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"

// What Firehose assumes for a destination that says nothing.
// https://docs.aws.amazon.com/firehose/latest/APIReference/API_BufferingHints.html
const (
	defaultBufferMiB     = 5
	defaultBufferSeconds = 300
)

type bufferSettings struct {
	MinMiB     int `json:"minMiB" doc:"least buffer size of a delivery stream, in MiB" min:"1" max:"128"`
	MinSeconds int `json:"minSeconds" doc:"least buffer interval of a delivery stream, in seconds" min:"0" max:"900"`
}

func firehoseRules() []Guardrail {
	streams := []string{deliveryStream}
	return []Guardrail{
		onResource(Guardrail{
			Name: "firehose-buffer", Service: "Firehose", Level: Mandatory, Types: streams,
			Description: "A delivery stream buffers at least as much, and at least as long, as the stage demands.",
			Remedy:      "Raise bufferSizeMiB or bufferSeconds in the stack's configuration.",
			Reason: "Every object costs a PUT, an event, an execution of the state machine, a Lambda invocation and, at each query, a GET. " +
				"60 s instead of 900 s is fifteen times as many objects: with one source 43,800 instead of 2,920 a month.",
		}, bufferSettings{MinMiB: 64, MinSeconds: 300}, checkBuffer),
	}
}

// destinations returns the blocks of a stream that buffer on their own. Absent
// ones are left out.
func destinations(r Resource) []Node {
	var blocks []Node
	for _, name := range []string{
		"extendedS3Configuration", "s3Configuration", "redshiftConfiguration", "elasticsearchConfiguration",
		"opensearchConfiguration", "opensearchserverlessConfiguration", "splunkConfiguration",
		"httpEndpointConfiguration", "snowflakeConfiguration", "icebergConfiguration",
	} {
		block := r.At(name)
		if block.Absent() {
			continue
		}
		blocks = append(blocks, block)
		for _, nested := range []string{"s3Configuration", "s3BackupConfiguration"} {
			if inner := block.At(nested); !inner.Absent() && !block.Unknown() {
				blocks = append(blocks, inner)
			}
		}
	}
	return blocks
}

func checkBuffer(r Resource, _ Stage, c bufferSettings) Findings {
	var f Findings
	for _, block := range destinations(r) {
		size := block.At("bufferingSize")
		if mib, ok := f.number(r, size, defaultBufferMiB); ok && mib < float64(c.MinMiB) {
			f.violate(r, Violation{
				Path: size.Path, Found: fmt.Sprintf("%g MiB", mib),
				Allowed: fmt.Sprintf("at least %d MiB", c.MinMiB), Setting: "minMiB",
			})
		}
		interval := block.At("bufferingInterval")
		if seconds, ok := f.number(r, interval, defaultBufferSeconds); ok && seconds < float64(c.MinSeconds) {
			f.violate(r, Violation{
				Path: interval.Path, Found: fmt.Sprintf("%g s", seconds),
				Allowed: fmt.Sprintf("at least %d s", c.MinSeconds), Setting: "minSeconds",
			})
		}
	}
	return f
}
