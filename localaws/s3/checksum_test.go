package s3

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"pgregory.net/rapid"
)

// The check values of the catalogue of CRC algorithms, for "123456789".
func TestCRCsAreTheOnesS3Means(t *testing.T) {
	for a, want := range map[algorithm]string{crc32IEEE: "cbf43926", crc32C: "e3069283", crc64NVME: "ae8b14860a799888"} {
		h := a.hash()
		if _, err := io.WriteString(h, "123456789"); err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(h.Sum(nil)); got != want {
			t.Errorf("%s: %s, want %s", a, got, want)
		}
	}
}

func TestCombinedCRCIsThatOfTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SampledFrom([]algorithm{crc32IEEE, crc32C, crc64NVME}).Draw(t, "algorithm")
		first, second := rapid.SliceOf(rapid.Byte()).Draw(t, "first"), rapid.SliceOf(rapid.Byte()).Draw(t, "second")
		sum := func(pieces ...[]byte) []byte {
			h := a.hash()
			for _, p := range pieces {
				h.Write(p)
			}
			return h.Sum(nil)
		}
		if got, want := a.combine(sum(first), sum(second), int64(len(second))), sum(first, second); !bytes.Equal(got, want) {
			t.Fatalf("%s: %x, want %x", a, got, want)
		}
	})
}

func TestEveryChecksumOfTheSDKIsVerifiedAndKept(t *testing.T) {
	w := newWorld(t)
	b, key := w.bucket("lake"), aws.String("k")
	for _, a := range []types.ChecksumAlgorithm{
		types.ChecksumAlgorithmCrc32, types.ChecksumAlgorithmCrc32c, types.ChecksumAlgorithmCrc64nvme, types.ChecksumAlgorithmSha1,
		types.ChecksumAlgorithmSha256, types.ChecksumAlgorithmSha512,
	} {
		t.Run(string(a), func(t *testing.T) {
			for name, body := range map[string]io.Reader{"seekable": strings.NewReader("hello"), "streamed in chunks": io.MultiReader(strings.NewReader("hello"))} {
				in := &s3.PutObjectInput{Bucket: &b, Key: key, Body: body, ChecksumAlgorithm: a, ContentLength: aws.Int64(5)}
				if _, err := w.as("root", func(o *s3.Options) {}).PutObject(t.Context(), in); err != nil {
					if strings.Contains(err.Error(), "unseekable stream is not supported") || strings.Contains(err.Error(), "failed to seek") {
						continue // the SDK streams over TLS only
					}
					t.Fatalf("%s: %v", name, err)
				}
				head, err := w.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &b, Key: key, ChecksumMode: types.ChecksumModeEnabled})
				if err != nil {
					t.Fatal(err)
				}
				if head.ChecksumType != types.ChecksumTypeFullObject {
					t.Errorf("%s: type %s", name, head.ChecksumType)
				}
				out, err := w.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &b, Key: key, ChecksumMode: types.ChecksumModeEnabled})
				if err != nil {
					t.Fatal(err)
				}
				if got := readAll(t, out.Body); got != "hello" { // the SDK checks it
					t.Errorf("%s: %q", name, got)
				}
			}
		})
	}
}

func TestWithoutAChecksumS3MakesOne(t *testing.T) {
	w := newWorld(t)
	b := w.bucket("lake")
	w.raw(http.MethodPut, "/lake/k", nil, "123456789")
	head, err := w.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &b, Key: aws.String("k"), ChecksumMode: types.ChecksumModeEnabled})
	if err != nil {
		t.Fatal(err)
	}
	if got := aws.ToString(head.ChecksumCRC64NVME); got != "rosUhgp5mIg=" { // ae8b14860a799888
		t.Errorf("checksum %q", got)
	}
}

// The digests of "hello" that are right, and wrong ones.
func TestWrongDigestsAreRefused(t *testing.T) {
	w := newWorld(t)
	w.bucket("lake")
	const chunks = "5\r\nhello\r\n0\r\n"
	streaming := func(header http.Header) http.Header {
		header["X-Amz-Content-Sha256"] = []string{"STREAMING-UNSIGNED-PAYLOAD-TRAILER"}
		header["X-Amz-Decoded-Content-Length"] = []string{"5"}
		header["Content-Encoding"] = []string{"aws-chunked"}
		return header
	}
	sum := sha256.Sum256([]byte("hello"))
	tests := []struct {
		name   string
		header http.Header
		body   string
		code   string // empty: stored
	}{
		{"Content-MD5", http.Header{"Content-Md5": {"XUFAKrxLKna5cZ2REBfFkg=="}}, "hello", ""},
		{"a wrong Content-MD5", http.Header{"Content-Md5": {"1B2M2Y8AsgTpgAmY7PhCfg=="}}, "hello", "BadDigest"},
		{"a Content-MD5 that is none", http.Header{"Content-Md5": {"short"}}, "hello", "InvalidDigest"},
		{"CRC32", http.Header{"X-Amz-Checksum-Crc32": {"NhCmhg=="}}, "hello", ""},
		{"a wrong CRC32", http.Header{"X-Amz-Checksum-Crc32": {"AAAAAA=="}}, "hello", "BadDigest"},
		{"a CRC32 of the wrong length", http.Header{"X-Amz-Checksum-Crc32": {"AAAA"}}, "hello", "InvalidRequest"},
		{"a wrong SHA256", http.Header{"X-Amz-Checksum-Sha256": {"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}}, "hello", "BadDigest"},
		{"two checksums", http.Header{"X-Amz-Checksum-Crc32": {"NhCmhg=="}, "X-Amz-Checksum-Crc32c": {"mnG7TA=="}}, "hello", "InvalidRequest"},
		{"an algorithm without its checksum", http.Header{"X-Amz-Sdk-Checksum-Algorithm": {"CRC32"}}, "hello", "InvalidRequest"},
		{"an algorithm other than its checksum", http.Header{"X-Amz-Sdk-Checksum-Algorithm": {"SHA1"}, "X-Amz-Checksum-Crc32": {"NhCmhg=="}}, "hello", "InvalidRequest"},
		{"an algorithm that is not done", http.Header{"X-Amz-Checksum-Xxhash64": {"AAAA"}}, "hello", "NotImplemented"},
		{"the signed digest", http.Header{"X-Amz-Content-Sha256": {hex.EncodeToString(sum[:])}}, "hello", ""},
		{"another signed digest", http.Header{"X-Amz-Content-Sha256": {hex.EncodeToString(sum[:])}}, "hullo", "XAmzContentSHA256Mismatch"},
		{"a signed digest that is none", http.Header{"X-Amz-Content-Sha256": {"x"}}, "hello", "InvalidArgument"},

		{"chunks with a trailer", streaming(http.Header{"X-Amz-Trailer": {"x-amz-checksum-crc32"}}), chunks + "x-amz-checksum-crc32:NhCmhg==\r\n\r\n", ""},
		{"chunks with a trailer after an empty line", streaming(http.Header{"X-Amz-Trailer": {"x-amz-checksum-crc32"}}), chunks + "x-amz-checksum-crc32:NhCmhg==\n\r\n\r\n\r\n", ""},
		{"several chunks", streaming(http.Header{"X-Amz-Trailer": {"x-amz-checksum-crc32"}}), "2\r\nhe\r\n3\r\nllo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", ""},
		{"chunks without a trailer", streaming(http.Header{}), chunks + "\r\n", ""},
		{"a wrong trailer", streaming(http.Header{"X-Amz-Trailer": {"x-amz-checksum-crc32"}}), chunks + "x-amz-checksum-crc32:AAAAAA==\r\n\r\n", "BadDigest"},
		{"a trailer that does not come", streaming(http.Header{"X-Amz-Trailer": {"x-amz-checksum-crc32"}}), chunks + "\r\n", "MalformedTrailerError"},
		{"fewer bytes than announced", streaming(http.Header{}), "4\r\nhell\r\n0\r\n\r\n", "IncompleteBody"},
		{"more bytes than announced", streaming(http.Header{}), "6\r\nhello!\r\n0\r\n\r\n", "IncompleteBody"},
		{"chunks that are none", streaming(http.Header{}), "hello\r\n", "InvalidChunkSizeError"},
		{"chunks that end early", streaming(http.Header{}), "5\r\nhello", "IncompleteBody"},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := fmt.Sprintf("/lake/k%d", i)
			res, body := w.raw(http.MethodPut, path, tt.header, tt.body)
			got, content := w.raw(http.MethodGet, path, nil, "")
			if tt.code == "" {
				if res.StatusCode != http.StatusOK || content != "hello" || got.Header.Get("Content-Encoding") != "" {
					t.Errorf("put: %d %s, get: %q %q", res.StatusCode, body, content, got.Header.Get("Content-Encoding"))
				}
				return
			}
			if !strings.Contains(body, "<Code>"+tt.code+"</Code>") {
				t.Errorf("%d %s, want %s", res.StatusCode, body, tt.code)
			}
			if got.StatusCode != http.StatusNotFound {
				t.Errorf("a refused body left an object: %d", got.StatusCode)
			}
		})
	}
}

func TestSignedChunksAreRead(t *testing.T) {
	w := newWorld(t)
	w.bucket("lake")
	signature := ";chunk-signature=" + strings.Repeat("0", 64)
	header := http.Header{
		"X-Amz-Content-Sha256": {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"}, "X-Amz-Decoded-Content-Length": {"5"},
		"X-Amz-Trailer": {"x-amz-checksum-crc32"}, "Content-Encoding": {"aws-chunked,gzip"},
	}
	body := "5" + signature + "\r\nhello\r\n0" + signature + "\r\nx-amz-checksum-crc32:NhCmhg==\r\nx-amz-trailer-signature:" + strings.Repeat("0", 64) + "\r\n\r\n"
	if res, text := w.raw(http.MethodPut, "/lake/k", header, body); res.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", res.StatusCode, text)
	}
	res, content := w.raw(http.MethodGet, "/lake/k", http.Header{"Accept-Encoding": {"identity"}}, "")
	if content != "hello" || res.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("%q, encoding %q", content, res.Header.Get("Content-Encoding"))
	}
	header.Del("X-Amz-Trailer")
	if res, text := w.raw(http.MethodPut, "/lake/k", header, "5\r\nhello\r\n0\r\n\r\n"); !strings.Contains(text, "InvalidChunkSizeError") {
		t.Errorf("chunks without signatures: %d %s", res.StatusCode, text)
	}
}

// However the content is cut into chunks and reads, it comes out as it went in.
func TestChunksComeOutAsTheyWentIn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		content := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "content")
		var framed bytes.Buffer
		for rest := content; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "chunk")
			fmt.Fprintf(&framed, "%x\r\n%s\r\n", n, rest[:n])
			rest = rest[n:]
		}
		framed.WriteString("0\r\nname: value\r\n\r\n")
		var in io.Reader = &framed
		if rapid.Bool().Draw(t, "byte by byte") {
			in = iotest.OneByteReader(in)
		}
		c := &chunked{in: bufio.NewReader(in)}
		got, err := io.ReadAll(iotest.OneByteReader(c))
		if err != nil || !bytes.Equal(got, content) {
			t.Fatalf("%q, %v: want %q", got, err, content)
		}
		if c.trailers["name"] != "value" {
			t.Fatalf("trailers %v", c.trailers)
		}
	})
}

func FuzzChunked(f *testing.F) {
	f.Add("5\r\nhello\r\n0\r\n\r\n", false)
	f.Add("5;chunk-signature=0\r\nhello\r\n0;chunk-signature=0\r\na:b\r\n", true)
	f.Fuzz(func(t *testing.T, text string, signed bool) {
		c := &chunked{in: bufio.NewReader(strings.NewReader(text)), signed: signed}
		got, err := io.ReadAll(c)
		var own *Error
		if err != nil && !errors.As(err, &own) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("error %v is none of S3", err)
		}
		if len(got) > len(text) {
			t.Fatalf("%d bytes out of %d", len(got), len(text))
		}
	})
}
