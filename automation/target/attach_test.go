package target

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// takenBack is a body that its owner takes back once it was sent, as the SDK does
// when the answer is there.
type takenBack struct{ sent *strings.Reader }

func (b takenBack) Read(p []byte) (int, error) {
	if b.sent.Len() == 0 {
		return 0, io.ErrClosedPipe
	}
	return b.sent.Read(p)
}

// TestAnAnswerIsHeardHoweverSoonItComes: a call that was answered must not be
// broken off and made again because its body is gone. ReceiveMessage, made again,
// finds nothing.
func TestAnAnswerIsHeardHoweverSoonItComes(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(w, r.Body); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, io.NopCloser(takenBack{strings.NewReader("ten letters")}))
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = int64(len("ten letters"))
	resp, err := LocalConfig(server.URL).HTTPClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "ten letters" {
		t.Errorf("%q, %v", body, err)
	}
}
