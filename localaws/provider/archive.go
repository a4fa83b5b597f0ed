package provider

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
)

// zipped is the code archive as a zip file. One that is a zip file already is
// taken as it is; of anything else the same contents give the same bytes
// (sorted, dated 1990, executable as a bootstrap has to be), so that a function
// is not deployed again for nothing.
func zipped(a *archive.Archive, dir string) ([]byte, error) {
	format, source, err := a.ReadSourceArchiveWithWD(dir)
	if err != nil {
		return nil, fmt.Errorf("read the code archive: %w", err)
	}
	if format == archive.ZIPArchive {
		b, err := io.ReadAll(source)
		return b, errors.Join(err, source.Close())
	}
	if source != nil {
		if err := source.Close(); err != nil {
			return nil, err
		}
	}
	reader, err := a.OpenWithWD(dir)
	if err != nil {
		return nil, fmt.Errorf("read the code archive: %w", err)
	}
	files := map[string][]byte{}
	for {
		name, blob, err := reader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("read the code archive: %w", err), reader.Close())
		}
		content, err := io.ReadAll(blob)
		if err := errors.Join(err, blob.Close()); err != nil {
			return nil, errors.Join(fmt.Errorf("read %s of the code archive: %w", name, err), reader.Close())
		}
		if _, twice := files[name]; !twice {
			files[name] = content
		}
	}
	if err := reader.Close(); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	w.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	for _, name := range sortedKeys(files) {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)}
		h.SetMode(0o755)
		f, err := w.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := f.Write(files[name]); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil { // it writes the directory
		return nil, err
	}
	return out.Bytes(), nil
}
