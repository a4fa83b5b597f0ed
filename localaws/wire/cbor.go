package wire

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/aws/smithy-go/encoding/cbor"
)

// epochTag marks a number as a timestamp in CBOR (RFC 8949, 3.4.2).
const epochTag = 1

func parseCBOR(body []byte) (any, error) {
	if len(body) == 0 {
		return map[string]any{}, nil
	}
	v, err := cbor.Decode(body)
	if err != nil {
		return nil, badValue("request", "no CBOR: %v", err)
	}
	return fromCBOR(v)
}

func fromCBOR(v cbor.Value) (any, error) {
	switch v := v.(type) {
	case cbor.Map:
		out := make(map[string]any, len(v))
		for name, member := range v {
			node, err := fromCBOR(member)
			if err != nil {
				return nil, err
			}
			out[name] = node
		}
		return out, nil
	case cbor.List:
		out := make([]any, len(v))
		for i, member := range v {
			node, err := fromCBOR(member)
			if err != nil {
				return nil, err
			}
			out[i] = node
		}
		return out, nil
	case cbor.String:
		return string(v), nil
	case cbor.Slice:
		return []byte(v), nil
	case cbor.Uint:
		return json.Number(strconv.FormatUint(uint64(v), 10)), nil
	case cbor.NegInt: // holds the absolute value
		return json.Number("-" + strconv.FormatUint(uint64(v), 10)), nil
	case cbor.Float32:
		return float64(v), nil
	case cbor.Float64:
		return float64(v), nil
	case cbor.Bool:
		return bool(v), nil
	case *cbor.Nil, *cbor.Undefined:
		return nil, nil
	case *cbor.Tag:
		if v.ID != epochTag {
			return nil, badValue("request", "CBOR tag %d has no meaning here", v.ID)
		}
		node, err := fromCBOR(v.Value)
		if err != nil {
			return nil, err
		}
		t, err := decodeTime(node)
		if err != nil {
			return nil, badValue("request", "%v", err)
		}
		return t, nil
	}
	return nil, badValue("request", "CBOR value %T has no meaning here", v)
}

func printCBOR(tree any) ([]byte, error) {
	v, err := toCBOR(tree)
	if err != nil {
		return nil, err
	}
	return cbor.Encode(v), nil
}

func toCBOR(node any) (cbor.Value, error) {
	switch n := node.(type) {
	case nil:
		return &cbor.Nil{}, nil
	case map[string]any:
		out := make(cbor.Map, len(n))
		for name, member := range n {
			v, err := toCBOR(member)
			if err != nil {
				return nil, err
			}
			out[name] = v
		}
		return out, nil
	case []any:
		out := make(cbor.List, len(n))
		for i, member := range n {
			v, err := toCBOR(member)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
		return out, nil
	case string:
		return cbor.String(n), nil
	case []byte:
		return cbor.Slice(n), nil
	case bool:
		return cbor.Bool(n), nil
	case int64:
		if n < 0 {
			return cbor.NegInt(-n), nil
		}
		return cbor.Uint(n), nil
	case float64:
		return cbor.Float64(n), nil
	case timestamp:
		return &cbor.Tag{ID: epochTag, Value: cbor.Float64(float64(n.time.UnixMilli()) / 1000)}, nil
	}
	return nil, fmt.Errorf("no CBOR for %T", node)
}
