package firehose

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"

	"crawlerless/localaws/wire"
)

// maxBatchBytes is the most that PutRecordBatch takes (Firehose quotas).
const maxBatchBytes = 4 << 20

func (s *Service) putRecord(ctx context.Context, in *firehose.PutRecordInput) (*firehose.PutRecordOutput, error) {
	ids, encrypted, err := s.put(ctx, in.DeliveryStreamName, []types.Record{*in.Record})
	if err != nil {
		return nil, err
	}
	s.metric(*in.DeliveryStreamName, "PutRecord.Requests", 1, "Count")
	s.metric(*in.DeliveryStreamName, "PutRecord.Bytes", float64(len(in.Record.Data)), "Bytes")
	return &firehose.PutRecordOutput{RecordId: aws.String(ids[0]), Encrypted: aws.Bool(encrypted)}, nil
}

func (s *Service) putRecordBatch(ctx context.Context, in *firehose.PutRecordBatchInput) (*firehose.PutRecordBatchOutput, error) {
	total := 0
	for _, r := range in.Records {
		total += len(r.Data)
	}
	if total > maxBatchBytes {
		return nil, invalid("Records size exceeds 4 MB limit")
	}
	ids, encrypted, err := s.put(ctx, in.DeliveryStreamName, in.Records)
	if err != nil {
		return nil, err
	}
	s.metric(*in.DeliveryStreamName, "PutRecordBatch.Requests", 1, "Count")
	s.metric(*in.DeliveryStreamName, "PutRecordBatch.Records", float64(len(ids)), "Count")
	s.metric(*in.DeliveryStreamName, "PutRecordBatch.Bytes", float64(total), "Bytes")
	out := &firehose.PutRecordBatchOutput{FailedPutCount: aws.Int32(0), Encrypted: aws.Bool(encrypted)}
	for _, id := range ids {
		out.RequestResponses = append(out.RequestResponses, types.PutRecordBatchResponseEntry{RecordId: aws.String(id)})
	}
	return out, nil
}

// put takes records: they are processed and buffered before it returns.
func (s *Service) put(ctx context.Context, name *string, records []types.Record) (ids []string, encrypted bool, err error) {
	s.mu.Lock()
	st, err := s.find(name)
	if err == nil && st.status != types.DeliveryStreamStatusActive {
		err = &types.ResourceNotFoundException{Message: aws.String(
			fmt.Sprintf("Firehose %s under account %s is not in ACTIVE state.", st.name, s.env.Account))}
	}
	if err != nil {
		s.mu.Unlock()
		return nil, false, err
	}
	c, encrypted := st.config, st.keyType != ""
	s.mu.Unlock()
	if c.pipeline.decompress && !fromLogs(wire.CallerFrom(ctx)) {
		return nil, false, &types.InvalidSourceException{
			Code:    aws.String("InvalidSourceException"),
			Message: aws.String("Only requests from CloudWatch Logs are supported when CloudWatch Logs decompression is enabled."),
		}
	}
	arrived := s.env.Clock.Now()
	bytes := 0
	for _, r := range records {
		s.take(st, c, r.Data, arrived)
		bytes += len(r.Data)
		ids = append(ids, s.env.IDs.Hex(64))
	}
	s.metric(st.name, "IncomingBytes", float64(bytes), "Bytes")
	s.metric(st.name, "IncomingRecords", float64(len(records)), "Count")
	s.metric(st.name, "IncomingPutRequests", 1, "Count")
	return ids, encrypted, nil
}

// fromLogs reports whether CloudWatch Logs makes the call: by itself, or with a
// role that it has assumed, whose sessions bear the service's name.
func fromLogs(c wire.Caller) bool {
	session := c.ARN[strings.LastIndex(c.ARN, "/")+1:]
	return c.Service == "logs.amazonaws.com" || c.Role != "" && strings.HasPrefix(session, "logs-")
}

// errorRecord is a failed record as it goes to the error prefix, one to a line.
// The order of its members is that of the service's own.
type errorRecord struct {
	RawData                []byte `json:"rawData"`
	ErrorCode              string `json:"errorCode"`
	ErrorMessage           string `json:"errorMessage"`
	AttemptsMade           int    `json:"attemptsMade"`
	ArrivalTimestamp       int64  `json:"arrivalTimestamp"`       // ms
	AttemptEndingTimestamp int64  `json:"attemptEndingTimestamp"` // ms
}

// take processes one record and buffers the outcome.
func (s *Service) take(st *stream, c *config, data []byte, arrived time.Time) {
	out, err := c.pipeline.process(data)
	if out.decompressed > 0 {
		s.metric(st.name, "OutputDecompressedBytes.Success", float64(out.decompressed), "Bytes")
		s.metric(st.name, "OutputDecompressedRecords.Success", 1, "Count")
	}
	var failed *failedRecord
	if !errors.As(err, &failed) {
		if out.records > 0 {
			s.buffer(st, "", out.data, out.records, arrived)
		}
		return
	}
	if failed.kind == "decompression-failed" {
		s.metric(st.name, "OutputDecompressedBytes.Failed", float64(len(data)), "Bytes")
		s.metric(st.name, "OutputDecompressedRecords.Failed", 1, "Count")
	}
	line, err := json.Marshal(errorRecord{
		RawData: data, ErrorCode: failed.code, ErrorMessage: failed.message, AttemptsMade: 1,
		ArrivalTimestamp: arrived.UnixMilli(), AttemptEndingTimestamp: s.env.Clock.Now().UnixMilli(),
	})
	if err != nil { // bytes and strings always encode
		s.env.Log.Error("firehose error record", "stream", st.name, "error", err)
		return
	}
	s.buffer(st, failed.kind, append(line, '\n'), 1, arrived)
}

func (s *Service) metric(stream, name string, value float64, unit string) {
	s.env.Metrics.Put("AWS/Firehose", name, value, unit, "DeliveryStreamName", stream)
}
