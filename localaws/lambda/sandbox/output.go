package sandbox

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
)

// MaxLine is the longest line in bytes that is passed on as one: a log event
// holds 1 MiB less 26 bytes of overhead. Longer lines are cut.
const MaxLine = 1024*1024 - 26

// output reads what a process writes into one pipe, line by line.
//
// The parent keeps the pipe's writing end as well: sync writes a marker into
// it, and once the reader meets that marker it has passed on everything the
// process wrote before. A pipe keeps the order of its writers, so no time is
// waited for and no line is lost.
type output struct {
	reader, writer *os.File
	marker         string
	line           func([]byte)

	mu      sync.Mutex // of the fields below and of writes of markers
	count   int
	waiting map[string]chan struct{}
	closed  bool
	done    chan struct{} // closed when the reader has ended
}

func newOutput(marker string, line func([]byte)) (*output, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe for the output: %w", err)
	}
	o := &output{
		reader: r, writer: w, marker: "\x00" + marker + ":", line: line,
		waiting: make(map[string]chan struct{}), done: make(chan struct{}),
	}
	go o.read()
	return o, nil
}

func (o *output) read() {
	defer close(o.done)
	in := bufio.NewReaderSize(o.reader, 64*1024)
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			// Half of a marker must not be passed on, so a cut leaves a rest.
			for len(line) > MaxLine+1024 {
				o.line(line[:MaxLine])
				line = append(line[:0], line[MaxLine:]...)
			}
			continue
		case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrClosed):
			o.emit([]byte("localaws cannot read the output of the process: " + err.Error()))
			fallthrough
		case err != nil:
			if len(line) > 0 {
				o.emit(line)
			}
			return
		}
		line = line[:len(line)-1]
		if id, rest, ok := o.cutMarker(line); ok {
			if len(rest) > 0 {
				o.emit(rest)
			}
			o.mu.Lock()
			close(o.waiting[id])
			delete(o.waiting, id)
			o.mu.Unlock()
		} else {
			o.emit(line)
		}
		line = line[:0]
	}
}

// cutMarker finds a marker at the end of a line, behind what the process may
// have written without a line end.
func (o *output) cutMarker(line []byte) (id string, rest []byte, ok bool) {
	i := bytes.LastIndex(line, []byte(o.marker))
	if i < 0 {
		return "", nil, false
	}
	id = string(line[i+len(o.marker):])
	o.mu.Lock()
	_, ok = o.waiting[id]
	o.mu.Unlock()
	return id, line[:i], ok
}

func (o *output) emit(line []byte) {
	line = bytes.TrimSuffix(line, []byte("\r"))
	for len(line) > MaxLine {
		o.line(line[:MaxLine])
		line = line[MaxLine:]
	}
	o.line(line)
}

// sync returns when every line written before has been passed on.
func (o *output) sync() {
	o.mu.Lock()
	if o.closed {
		o.mu.Unlock()
		return
	}
	o.count++
	id, seen := strconv.Itoa(o.count), make(chan struct{})
	o.waiting[id] = seen
	o.mu.Unlock()
	if _, err := io.WriteString(o.writer, o.marker+id+"\n"); err != nil {
		return // closed meanwhile: then everything has been read
	}
	select {
	case <-seen:
	case <-o.done:
	}
}

// close ends the reader; what is still in the pipe is dropped.
func (o *output) close() {
	o.mu.Lock()
	already := o.closed
	o.closed = true
	o.mu.Unlock()
	if already {
		return
	}
	// Closing an os.Pipe's ends fails only when they are closed already.
	_ = o.writer.Close()
	_ = o.reader.Close()
	<-o.done
}
