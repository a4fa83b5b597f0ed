package wire

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// pattern is a regular expression of AWS's models, which are Java's, and which
// a whole text has to match.
type pattern struct {
	text    string // as AWS's messages repeat it
	compile func() (*compiled, error)
}

// compiled matches a text that allowed matches and refused does not.
type compiled struct{ allowed, refused *regexp.Regexp }

func newPattern(text string) *pattern {
	return &pattern{text, sync.OnceValues(func() (*compiled, error) { return compilePattern(text) })}
}

// check says whether Go can match the pattern.
func (p *pattern) check() error {
	_, err := p.compile()
	return err
}

func (p *pattern) matches(text string) (bool, error) {
	c, err := p.compile()
	if err != nil {
		return false, err
	}
	return c.allowed.MatchString(text) && (c.refused == nil || !c.refused.MatchString(text)), nil
}

// lookarounds are the patterns that look ahead or back, which Go's expressions
// can not: what has to match, and what must not.
var lookarounds = map[string][2]string{
	`^(?!\s*$).+`: {`.+`, `\s*`},
	`^(?!aws:)[\p{L}\p{Z}\p{N}_.:\/=+\-@%]*$`:                  {`[\p{L}\p{Z}\p{N}_.:/=+\-@%]*`, `aws:.*`},
	`[0-9A-Za-z\.\-_]*(?<!\.)`:                                 {`[0-9A-Za-z.\-_]*`, `.*\.`},
	`^(?![^:\\]*/action/|(?i).*<script>.*</script>.*)[^:\\]+$`: {`[^:\\]+`, `(?s)[^:\\]*/action/.*|(?i).*<script>.*</script>.*`},
	`jdbc:(redshift|postgresql)://((?!-)[A-Za-z0-9-]{1,63}(?<!-)\.)+(redshift(-serverless)?)\.([a-zA-Z0-9\.\-]+):\d{1,5}/[a-zA-Z0-9_$-]+`: {
		`jdbc:(redshift|postgresql)://([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+(redshift(-serverless)?)\.([a-zA-Z0-9\.\-]+):\d{1,5}/[a-zA-Z0-9_$-]+`, ``,
	},
}

func compilePattern(text string) (*compiled, error) {
	out := &compiled{}
	allowed, refused := text, ""
	if pair, ok := lookarounds[text]; ok {
		allowed, refused = pair[0], pair[1]
	}
	var err error
	if out.allowed, err = regexp.Compile(`\A(?:` + goSyntax(allowed) + `)\z`); err != nil {
		return nil, fmt.Errorf("pattern %s: %w", text, err)
	}
	if refused != "" {
		if out.refused, err = regexp.Compile(`\A(?:` + refused + `)\z`); err != nil {
			return nil, fmt.Errorf("pattern %s: %w", text, err)
		}
	}
	return out, nil
}

var (
	surrogates = regexp.MustCompile(`\\uD800\\uDC00-\\uDBFF\\uDFFF`)
	unicodes   = regexp.MustCompile(`\\u([0-9A-Fa-f]{4})`)
)

// goSyntax writes what Java spells otherwise: \u0020, pairs of surrogates, and
// the names of character classes.
func goSyntax(text string) string {
	text = surrogates.ReplaceAllString(text, `\x{10000}-\x{10FFFF}`)
	text = unicodes.ReplaceAllString(text, `\x{$1}`)
	return strings.ReplaceAll(text, `\p{ASCII}`, `[\x00-\x7F]`)
}
