package firehose

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"

	"crawlerless/localaws/wire"
)

// maxProcessors is how many processors a stream may have.
const maxProcessors = 5

// maxDecompressed caps the decompressed size of one record, which its compressed
// size does not bound. The guide gives no figure; CloudWatch Logs sends at most
// about 6 MiB.
const maxDecompressed = 64 << 20

// pipeline is what a stream does to a record before it is buffered. Its steps run
// in this order, however the processors are listed.
type pipeline struct {
	decompress bool
	extract    bool
	delimiter  []byte
}

// failedRecord is why a record goes to the error prefix.
type failedRecord struct {
	kind    string // the error-output-type
	code    string
	message string
}

func (f *failedRecord) Error() string { return f.code + ": " + f.message }

// setProcessing reads the processors and refuses what AWS refuses, in its words
// where they are known.
func (c *config) setProcessing() error {
	p := c.given.ProcessingConfiguration
	if p == nil {
		return nil
	}
	for _, processor := range p.Processors {
		switch processor.Type {
		case types.ProcessorTypeDecompression, types.ProcessorTypeCloudWatchLogProcessing, types.ProcessorTypeAppendDelimiterToRecord:
		default:
			return wire.NotImplemented("firehose processor " + string(processor.Type))
		}
	}
	if !aws.ToBool(p.Enabled) {
		return nil
	}
	if n := len(p.Processors); n < 1 || n > maxProcessors {
		return invalid("A maximum of %d and a minimum of 1 processor needs to be supplied when processing is enabled.", maxProcessors)
	}
	seen := map[types.ProcessorType]bool{}
	for _, processor := range p.Processors {
		if seen[processor.Type] {
			return invalid("Cannot have more than 1 %s processor.", processor.Type)
		}
		seen[processor.Type] = true
		if err := c.pipeline.add(processor); err != nil {
			return err
		}
	}
	if seen[types.ProcessorTypeCloudWatchLogProcessing] && !seen[types.ProcessorTypeDecompression] {
		return invalid("CloudWatchLogProcessingProcessor can only be enabled with DecompressionProcessor")
	}
	return nil
}

func (p *pipeline) add(processor types.Processor) error {
	known := map[types.ProcessorType]types.ProcessorParameterName{
		types.ProcessorTypeDecompression:           types.ProcessorParameterNameCompressionFormat,
		types.ProcessorTypeCloudWatchLogProcessing: types.ProcessorParameterNameDataMessageExtraction,
		types.ProcessorTypeAppendDelimiterToRecord: types.ProcessorParameterNameDelimiter,
	}[processor.Type]
	var value *string
	for _, parameter := range processor.Parameters {
		if parameter.ParameterName != known {
			return invalid("Parameter %s is not supported for processor %s", parameter.ParameterName, processor.Type)
		}
		value = parameter.ParameterValue
	}
	switch processor.Type {
	case types.ProcessorTypeDecompression:
		if value != nil && *value != "GZIP" {
			return invalid("Invalid parameter value for CompressionFormat. Allowed value is GZIP.")
		}
		p.decompress = true
	case types.ProcessorTypeCloudWatchLogProcessing:
		switch strings.ToLower(aws.ToString(value)) {
		case "true":
			p.extract = true
		case "false":
		default:
			return invalid("Invalid parameter value for DataMessageExtraction. Allowed values are True and False.")
		}
	case types.ProcessorTypeAppendDelimiterToRecord:
		// The parameter holds a backslash and a letter, not the character.
		p.delimiter = []byte(strings.NewReplacer(`\n`, "\n", `\r`, "\r", `\t`, "\t", `\\`, `\`).Replace(aws.ToString(value)))
		if len(p.delimiter) == 0 {
			p.delimiter = []byte("\n")
		}
	}
	return nil
}

// logEnvelope is as much of a CloudWatch Logs payload as the pipeline looks at.
type logEnvelope struct {
	MessageType string `json:"messageType"`
	LogEvents   []struct {
		Message *string `json:"message"`
	} `json:"logEvents"`
}

// outcome is what processing makes of one record.
type outcome struct {
	data         []byte
	records      int // in data: one for each message of a log record
	decompressed int // bytes
}

// process turns one record into what the object gets. A record from CloudWatch
// Logs that is a control message gives nothing. Every error is a *failedRecord.
func (p pipeline) process(data []byte) (outcome, error) {
	if !p.decompress {
		return outcome{data: append(slices.Clip(data), p.delimiter...), records: 1}, nil
	}
	plain, err := decompress(data)
	if err != nil {
		return outcome{}, &failedRecord{
			kind: "decompression-failed", code: "Decompression.InvalidRecord",
			message: "The record could not be decompressed: " + err.Error(),
		}
	}
	out := outcome{decompressed: len(plain)}
	var e logEnvelope
	if err := json.Unmarshal(plain, &e); err != nil || e.MessageType == "" {
		return out, &failedRecord{
			kind: "processing-failed", code: "CloudWatchLogProcessing.InvalidRecord",
			message: "The record is not in the format of CloudWatch Logs subscriptions.",
		}
	}
	switch {
	case e.MessageType == "CONTROL_MESSAGE":
		return out, nil
	case !p.extract:
		out.data, out.records = append(plain, p.delimiter...), 1
		return out, nil
	}
	// Each message becomes a record of its own. Without a delimiter processor the
	// messages stand one on a line, as in the guide's figure; one that ends its
	// line already gets no second end.
	for _, event := range e.LogEvents {
		if event.Message == nil {
			continue
		}
		out.data = append(out.data, *event.Message...)
		delimiter := p.delimiter
		if len(delimiter) == 0 && !strings.HasSuffix(*event.Message, "\n") {
			delimiter = []byte("\n")
		}
		out.data = append(out.data, delimiter...)
		out.records++
	}
	return out, nil
}

func decompress(data []byte) (plain []byte, err error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("not in gzip format: %w", err)
	}
	defer func() { err = errors.Join(err, z.Close()) }()
	plain, err = io.ReadAll(io.LimitReader(z, maxDecompressed+1))
	if err != nil {
		return nil, err
	}
	if len(plain) > maxDecompressed {
		return nil, fmt.Errorf("larger than %d bytes when decompressed", maxDecompressed)
	}
	return plain, nil
}
