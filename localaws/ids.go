package localaws

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"sync"
)

// ids makes identifiers from a seed: the same seed, the same sequence. They
// only have to be unique within a server, not to be guessed by nobody.
type ids struct {
	mu     sync.Mutex
	source *rand.ChaCha8
}

func newIDs(seed uint64) *ids {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	return &ids{source: rand.NewChaCha8(key)}
}

// Hex returns n lower-case hexadecimal digits.
func (g *ids) Hex(n int) string {
	b := make([]byte, (n+1)/2)
	g.mu.Lock()
	defer g.mu.Unlock()
	_, _ = g.source.Read(b) // never fails, says its documentation
	return hex.EncodeToString(b)[:n]
}

// UUID returns a random (version 4) UUID.
func (g *ids) UUID() string {
	var b [16]byte
	g.mu.Lock()
	_, _ = g.source.Read(b[:])
	g.mu.Unlock()
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	x := hex.EncodeToString(b[:])
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}
