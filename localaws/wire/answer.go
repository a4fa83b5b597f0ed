package wire

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strconv"
)

// answer writes a success.
func (h *Handler) answer(w http.ResponseWriter, id string, rt route, op *Operation, out any) {
	codec := h.codecs[rt.service]
	if v := reflect.ValueOf(out); v.Kind() == reflect.Pointer && v.IsNil() {
		out = reflect.New(v.Type().Elem()).Interface() // a handler may say nothing
	}
	status, body := http.StatusOK, []byte(nil)
	var err error
	switch rt.encoding {
	case encodingQuery:
		w.Header().Set("Content-Type", "text/xml")
		body, err = codec.printXML(op.Name, rt.service.Namespace, id, out)
	case encodingREST:
		w.Header().Set("Content-Type", "application/json")
		status, body, err = codec.encodeREST(w.Header(), op, out)
	default:
		var tree any
		tree, _, err = codec.encode(reflect.ValueOf(out), nil)
		if err == nil {
			body, err = h.printTree(w.Header(), rt, tree)
		}
	}
	if err != nil {
		h.fail(w, id, rt, fmt.Errorf("answer of %s: %w", op.Name, err))
		return
	}
	send(w, status, body)
}

func (h *Handler) printTree(header http.Header, rt route, tree any) ([]byte, error) {
	if rt.encoding == encodingCBOR {
		header.Set("Content-Type", "application/cbor")
		header.Set("Smithy-Protocol", "rpc-v2-cbor")
		return printCBOR(tree)
	}
	header.Set("Content-Type", rt.version)
	return printJSON(tree)
}

// fail writes an error in the shape of the request's protocol.
func (h *Handler) fail(w http.ResponseWriter, id string, rt route, err error) {
	if errors.Is(err, ErrLostResponse) {
		panic(http.ErrAbortHandler)
	}
	codec, namespace, protocol, name := h.plain, "", JSON11, rt.scope
	if rt.service != nil {
		namespace, protocol, name = rt.service.Namespace, rt.service.Protocol, rt.service.prefix()
		if c := h.codecs[rt.service]; c != nil {
			codec = c
		}
	}
	f := h.failureOf(codec, protocol, name+":"+rt.operation, err)
	switch rt.encoding {
	case encodingS3:
		w.Header().Set("Content-Type", "application/xml")
		w.Header().Set("X-Amz-Request-Id", id)
		send(w, f.status, f.s3XML(id))
	case encodingQuery:
		w.Header().Set("Content-Type", "text/xml")
		send(w, f.status, f.xml(namespace, id))
	default:
		w.Header().Set("X-Amzn-Errortype", f.code)
		if f.queryCode != f.code {
			w.Header().Set("X-Amzn-Query-Error", f.queryCode+";"+f.sender())
		}
		if rt.encoding == encodingREST {
			rt.version = "application/json"
		}
		body, err := h.printTree(w.Header(), rt, f.tree(f.code))
		if err != nil {
			h.log.Error("writing an error failed", slog.Any("error", err))
		}
		send(w, f.status, body)
	}
}

func send(w http.ResponseWriter, status int, body []byte) {
	if status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client has gone: nobody to tell
}
