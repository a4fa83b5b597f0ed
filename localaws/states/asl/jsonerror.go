package asl

import (
	"encoding/json"
	"fmt"
	"strings"
)

// jsonErrorOffset is where the text stops being JSON.
func jsonErrorOffset(text string) int {
	d := json.NewDecoder(strings.NewReader(text))
	for {
		if _, err := d.Token(); err != nil {
			return min(int(d.InputOffset())+leadingSpace(text, int(d.InputOffset())), len(text))
		}
	}
}

func leadingSpace(text string, from int) int {
	from = min(from, len(text))
	return len(text[from:]) - len(strings.TrimLeft(text[from:], " \t\r\n,:"))
}

// jsonErrorMessage says what is there in place of JSON, in Jackson's words where
// they are simple.
func jsonErrorMessage(text string, offset int, err error) string {
	rest := text[offset:]
	if rest == "" {
		return "Unexpected end-of-input"
	}
	c := rest[0]
	if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
		word := rest
		if i := strings.IndexFunc(rest, func(r rune) bool {
			return r != '_' && r != '$' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
		}); i >= 0 {
			word = rest[:i]
		}
		return "Unrecognized token '" + word + "': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
	}
	before := strings.TrimRight(text[:offset], " \t\r\n")
	if strings.HasSuffix(before, "{") || strings.HasSuffix(before, ",") && c == '\'' {
		return fmt.Sprintf("Unexpected character ('%c' (code %d)): was expecting double-quote to start field name", c, c)
	}
	return fmt.Sprintf("Unexpected character ('%c' (code %d)): %v", c, c, err)
}
