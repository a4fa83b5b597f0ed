package inflate

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	kgzip "github.com/klauspost/compress/gzip"

	"crawlerless/lambdas/ndjson/sample"
)

// inputs are texts that lead a compressor to every kind of block and match.
func inputs() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 300_000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	few := make([]byte, 300_000)
	for i := range few {
		few[i] = "abcdefgh"[r.IntN(8)]
	}
	var logs, near bytes.Buffer
	for _, k := range sample.Kinds() {
		if _, err := sample.Write(&logs, k, 400_000, 3); err != nil {
			panic(err)
		}
	}
	for d := 1; d <= 40; d++ { // matches of every small distance
		near.Write(noise[:d])
		near.Write(bytes.Repeat(near.Bytes()[near.Len()-d:], 600/d))
		near.WriteByte(byte(d))
	}
	skewed := make([]byte, 0, 300_000) // codes of every length
	for len(skewed) < 300_000 {
		b := byte(0)
		for b < 40 && r.IntN(2) == 0 {
			b++
		}
		skewed = append(skewed, b, byte(r.IntN(256)))
	}
	far := bytes.Repeat(append(bytes.Clone(noise[:32768-300]), noise[:300]...), 4)
	return map[string][]byte{
		"empty": {}, "one byte": {'x'}, "noise": noise, "eight letters": few, "logs": logs.Bytes(), "near": near.Bytes(),
		"zeros": make([]byte, 3_000_000), "skewed": skewed, "far": far, "text": []byte(strings.Repeat("to be or not to be, that is the question; ", 5000)),
	}
}

func pack(t testing.TB, level int, parts ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, p := range parts {
		w, err := gzip.NewWriterLevel(&b, level)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(p); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// unpack reads all through the window, consuming some at a time.
func unpack(r io.Reader, some func(n int) int) ([]byte, error) { return drain(NewReader(r), some) }

func drain(z *Reader, some func(n int) int) ([]byte, error) {
	var out []byte
	for {
		b, err := z.Next()
		n := len(b)
		if err == nil {
			n = some(n)
		}
		out = append(out, b[:n]...)
		z.Consume(n)
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
	}
}

func all(n int) int { return n }

func TestEveryLevelOfEveryWriterRoundTrips(t *testing.T) {
	for name, in := range inputs() {
		for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, 1, 6, 9} {
			got, err := unpack(bytes.NewReader(pack(t, level, in)), all)
			if err != nil || !bytes.Equal(got, in) {
				t.Errorf("%s at level %d: %v, %d of %d bytes", name, level, err, len(got), len(in))
			}
			var b bytes.Buffer
			w, err := kgzip.NewWriterLevel(&b, level)
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.Write(in)
			if err = errors.Join(err, w.Close()); err != nil {
				t.Fatal(err)
			}
			got, err = unpack(&b, all)
			if err != nil || !bytes.Equal(got, in) {
				t.Errorf("%s at klauspost's level %d: %v, %d of %d bytes", name, level, err, len(got), len(in))
			}
		}
	}
}

func TestHoweverItIsReadAndConsumed(t *testing.T) {
	in := inputs()["logs"]
	packed := pack(t, 6, in[:100_000], nil, in[100_000:100_001], in[100_001:])
	r := rand.New(rand.NewPCG(3, 4))
	for name, some := range map[string]func(int) int{
		"all": all, "half": func(n int) int { return (n + 1) / 2 }, "random": func(n int) int { return r.IntN(n + 1) },
		"all but a line": func(n int) int { return max(0, n-300) },
	} {
		for reader, wrap := range map[string]func(io.Reader) io.Reader{
			"whole": func(r io.Reader) io.Reader { return r }, "bytes": iotest.OneByteReader, "halves": iotest.HalfReader, "with EOF": iotest.DataErrReader,
		} {
			got, err := unpack(wrap(bytes.NewReader(packed)), some)
			if err != nil || !bytes.Equal(got, in) {
				t.Errorf("%s, %s: %v, %d of %d bytes", name, reader, err, len(got), len(in))
			}
		}
	}
	got, err := io.ReadAll(NewReader(bytes.NewReader(packed)))
	if err != nil || !bytes.Equal(got, in) {
		t.Errorf("as io.Reader: %v", err)
	}
}

func TestEveryTruncationIsSeen(t *testing.T) {
	in := inputs()["logs"][:3000]
	packed := pack(t, 6, in)
	for n := range len(packed) {
		got, err := unpack(bytes.NewReader(packed[:n]), all)
		if !errors.Is(err, ErrTruncated) || !bytes.HasPrefix(in, got) {
			t.Fatalf("%d of %d bytes: %v", n, len(packed), err)
		}
	}
}

func TestWhatWasUnpackedBeforeTheEndIsKept(t *testing.T) {
	in := inputs()["logs"]
	packed := pack(t, 6, in)
	got, err := unpack(bytes.NewReader(packed[:len(packed)/2]), all)
	want, stdErr := io.ReadAll(mustGzip(t, packed[:len(packed)/2]))
	if !errors.Is(err, ErrTruncated) || !errors.Is(stdErr, io.ErrUnexpectedEOF) || len(got) < len(want) || !bytes.HasPrefix(in, got) {
		t.Fatalf("%v, %d bytes; compress/gzip: %v, %d bytes", err, len(got), stdErr, len(want))
	}
}

func mustGzip(t testing.TB, b []byte) io.Reader {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// A flipped bit is seen, but for the few that mean nothing: those that fill
// up a byte. The standard library says which.
func TestFlippedBitsAreSeen(t *testing.T) {
	in := inputs()["logs"][:1500]
	o := newOracles()
	for _, level := range []int{flate.NoCompression, flate.HuffmanOnly, 9} {
		packed := pack(t, level, in)
		unseen := 0
		for i := 10 * 8; i < len(packed)*8; i++ { // the header has such bits, too
			damaged := bytes.Clone(packed)
			damaged[i/8] ^= 1 << (i % 8)
			if o.compare(t, damaged) == nil {
				unseen++
			}
		}
		if unseen > 16 {
			t.Errorf("level %d: %d flipped bits unseen", level, unseen)
		}
	}
}

func TestHeaders(t *testing.T) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Name, w.Comment, w.Extra = strings.Repeat("n", 400), "comment", bytes.Repeat([]byte{7}, 3000)
	if _, err := w.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := unpack(&b, all); err != nil || string(got) != "x" {
		t.Errorf("name, comment and extra field: %q, %v", got, err)
	}
	for name, in := range map[string][]byte{
		"not gzip":       []byte("hello, this is plain"),
		"rubbish behind": append(pack(t, 6, []byte("x")), "0123456789"...),
		"zeros behind":   append(pack(t, 6, []byte("x")), make([]byte, 512)...),
	} {
		if _, err := unpack(bytes.NewReader(in), all); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := unpack(bytes.NewReader(nil), all); !errors.Is(err, ErrTruncated) {
		t.Errorf("nothing at all: %v", err)
	}
}

func TestErrorOfTheReaderIsPassedOn(t *testing.T) {
	packed := pack(t, 6, inputs()["logs"])
	broken := errors.New("connection reset")
	_, err := unpack(io.MultiReader(bytes.NewReader(packed[:len(packed)/2]), iotest.ErrReader(broken)), all)
	if !errors.Is(err, broken) {
		t.Fatal(err)
	}
}

func TestMemoryDoesNotDependOnTheInput(t *testing.T) {
	bomb := pack(t, 9, make([]byte, 50<<20))
	if n := testing.AllocsPerRun(3, func() {
		z := NewReader(bytes.NewReader(bomb))
		for {
			b, err := z.Next()
			z.Consume(len(b))
			if err != nil {
				return
			}
		}
	}); n > 6 {
		t.Errorf("%v allocations", n)
	}
}

// oracles hold a reader to other implementations. They are kept between
// inputs, because making them costs more than most inputs do.
type oracles struct {
	z   *Reader
	std *gzip.Reader
	k   *kgzip.Reader
}

func newOracles() *oracles { return &oracles{NewReader(nil), new(gzip.Reader), new(kgzip.Reader)} }

// compare wants the same output and no error, or an error from both with
// outputs of which one begins the other. It returns the error.
func (o *oracles) compare(t *testing.T, packed []byte) error {
	t.Helper()
	const limit = 8 << 20
	var want []byte
	err := o.std.Reset(bytes.NewReader(packed))
	if err == nil {
		want, err = io.ReadAll(io.LimitReader(o.std, limit))
	}
	if len(want) == limit {
		t.Skip("larger than is looked at")
	}
	o.z.Reset(bytes.NewReader(packed))
	got, gotErr := drain(o.z, all)
	if (err == nil) != (gotErr == nil) {
		t.Fatalf("standard library: %v, %d bytes; here: %v, %d bytes", err, len(want), gotErr, len(got))
	}
	if err == nil && !bytes.Equal(got, want) || !bytes.HasPrefix(got, want) && !bytes.HasPrefix(want, got) {
		t.Fatalf("outputs differ: %d and %d bytes", len(got), len(want))
	}
	err = o.k.Reset(bytes.NewReader(packed))
	if err == nil {
		want, err = io.ReadAll(o.k)
	}
	if err == nil && gotErr == nil && !bytes.Equal(got, want) {
		t.Fatal("klauspost/compress has another output")
	}
	return gotErr
}

// FuzzGzip reads arbitrary bytes as a gzip stream.
func FuzzGzip(f *testing.F) {
	for _, in := range inputs() {
		in = in[:min(len(in), 3000)]
		for _, level := range []int{flate.HuffmanOnly, 0, 1, 9} {
			f.Add(pack(f, level, in))
			f.Add(pack(f, level, in, in[:len(in)/2]))
		}
	}
	o := newOracles()
	f.Fuzz(func(t *testing.T, packed []byte) { _ = o.compare(t, packed) })
}

// FuzzDamage packs, and damages what it packed: bits flipped, bytes cut off.
func FuzzDamage(f *testing.F) {
	for _, in := range inputs() {
		f.Add(in[:min(len(in), 3000)], 6, uint32(0), uint32(0))
		f.Add(in[:min(len(in), 3000)], -2, uint32(100), uint32(5))
	}
	o := newOracles()
	writers := map[int]*gzip.Writer{}
	f.Fuzz(func(t *testing.T, in []byte, level int, flip, cut uint32) {
		if level < flate.HuffmanOnly || level > 9 {
			t.Skip("no such level")
		}
		w, err := writers[level], error(nil)
		if w == nil {
			if w, err = gzip.NewWriterLevel(nil, level); err != nil {
				t.Fatal(err)
			}
			writers[level] = w
		}
		var b bytes.Buffer
		for _, part := range [][]byte{in, in[len(in)/2:]} {
			w.Reset(&b)
			if _, err := w.Write(part); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
		}
		packed := b.Bytes()
		o.z.Reset(bytes.NewReader(packed))
		got, err := drain(o.z, all)
		if err != nil || !bytes.Equal(got, append(bytes.Clone(in), in[len(in)/2:]...)) {
			t.Fatalf("intact: %v", err)
		}
		if flip != 0 {
			packed[int(flip/8)%len(packed)] ^= 1 << (flip % 8)
		}
		_ = o.compare(t, packed[:len(packed)-int(cut)%len(packed)])
	})
}

func BenchmarkUnpack(b *testing.B) {
	for _, k := range sample.Kinds() {
		var raw bytes.Buffer
		if _, err := sample.Write(&raw, k, 64<<20, 1); err != nil {
			b.Fatal(err)
		}
		packed := pack(b, gzip.DefaultCompression, raw.Bytes())
		for name, open := range map[string]func(io.Reader) (io.Reader, error){
			"inflate":   func(r io.Reader) (io.Reader, error) { return NewReader(r), nil },
			"klauspost": func(r io.Reader) (io.Reader, error) { return kgzip.NewReader(r) },
		} {
			b.Run(fmt.Sprintf("%s/%s", k, name), func(b *testing.B) {
				b.SetBytes(int64(raw.Len()))
				b.ReportAllocs()
				for b.Loop() {
					r, err := open(bytes.NewReader(packed))
					if err != nil {
						b.Fatal(err)
					}
					if z, ok := r.(*Reader); ok {
						for err == nil {
							var out []byte
							out, err = z.Next()
							z.Consume(len(out))
						}
						continue
					}
					if _, err := io.Copy(io.Discard, r); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
