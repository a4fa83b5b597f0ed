package filterpattern

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// What the service was seen to answer to TestMetricFilter where the guide is
// silent: wildcards, quoted and bare numbers, and what compares with what.
func TestAnswersOfTheService(t *testing.T) {
	const message = `{"eventType": "UpdateTrail", "someString": "111.111.111.111", "someInt": 123, "someFloat": 12.34,` +
		` "someFloat2": 12.0, "someObject": {}, "someEscaped": "error \"message\"", "someArray": [], "flag": true, "digits": "7"}`
	yes := []string{
		`$.someString = "111.111.111.111"`, `$.someString = 111.111.111.111`, `$.someString = "*"`, `$.someString = *`,
		`$.someString = "111*"`, `$.someString = *.111.111.111`, `$.someString != 111*111`, `$.someString != *222`,
		`$.someInt = "123"`, `$.someInt != "123.0"`, `$.someInt = 123.0`, `$.someInt = "12*"`, `$.someInt = *3`, `$.someInt = 1*3`,
		`$.someInt != 3*`, `$.someInt != "*321"`, `$.someInt > 1`, `$.someInt<=1000`,
		`$.someFloat = 12.34`, `$.someFloat = 12.*`, `$.someFloat = "*.34"`, `$.someFloat   >= 1.0`, `$.someFloat != 4*1`,
		`$.someFloat2 = 12`, `$.someFloat2 != "12"`,
		`$.someEscaped = "error \"message\""`, `$.flag IS TRUE`,
	}
	no := []string{
		`$.someString = *111.111.111`, `$.someString = 111*111`, `$.someString = 11*1`,
		`$.missing = "x"`, `$.missing != "x"`, `$.someObject = "x"`, `$.someObject != "x"`, `$.someArray != "x"`,
		`$.someInt != 123`, `$.someInt != "123"`, `$.someInt = "123.00"`, `$.eventType >= 123`, `$.someString > 1`, `$.digits > 1`,
		`$.flag = true`, `$.flag != x`, `$.flag IS FALSE`, `$.flag IS NULL`, `$.someInt IS NULL`, `$.flag[0] = "value"`,
	}
	for _, c := range []struct {
		expressions []string
		want        bool
	}{{yes, true}, {no, false}} {
		for _, expression := range c.expressions {
			p, err := Parse("{ " + expression + " }")
			if err != nil {
				t.Errorf("{ %s } refused: %v", expression, err)
				continue
			}
			if got := p.Match(message); got != c.want {
				t.Errorf("{ %s } matches: %t, want %t", expression, got, c.want)
			}
		}
	}
}

func TestMalformedPatternsAreRefused(t *testing.T) {
	for pattern, reason := range map[string]string{
		`{ $.a = 1`:                          "If a filter pattern starts with '{' it must end with '}'",
		`[a, b`:                              "If a filter pattern starts with '[' it must end with ']'",
		` {$.flag IS TRUE} `:                 "",
		"\n[a, b]":                           "",
		`x {$.a = 1}`:                        "Invalid character(s) in term '{'",
		`"event": "x"`:                       "Invalid character(s) in term ':'",
		`?Status: timeout`:                   "Invalid character(s) in term ':'",
		`panic (foo)`:                        "Invalid character(s) in term '('",
		`user@example.com`:                   "Invalid character(s) in term '@'",
		`us-east-1`:                          "Invalid character(s) in term '-'",
		`java.lang.Error`:                    "Invalid character(s) in term '.'",
		"`ERROR`":                            "Invalid character(s) in term '`'",
		`{ $."sc-status" = 5* }`:             `Invalid character(s) in term '$."'`,
		`{ $.n >= "someString" }`:            `Invalid character(s) in term '"someString"'`,
		`{ $.n > someString }`:               "Invalid character(s) in term 'someString'",
		`[...fields, status=FAILED]`:         "Invalid character(s) in term '...fields'",
		`%something!%`:                       "Invalid character(s) in term '%something!%'",
		`%(a)%`:                              "Invalid character(s) in term '%(a)%'",
		`%naïve%`:                            "Invalid character(s) in term '%naïve%'",
		`%a`:                                 "Invalid character(s) in term '%'",
		`{ }`:                                "",
		`{ $.a }`:                            "",
		`{ $.a = }`:                          "",
		`{ $.a EXISTS }`:                     "",
		`{ $.a IS NOT NULL }`:                "",
		`{ $.a IS 5 }`:                       "",
		`{ $.a = 1 && }`:                     "",
		`{ ($.a = 1 }`:                       "",
		`{ $.a = 1 $.b = 2 }`:                "",
		`{ $.a = "open }`:                    "",
		`[a,]`:                               "",
		`[,a]`:                               "Invalid character(s) in term ','",
		`[a = 1 && b = 2]`:                   "",
		`[status_code = 4* && bytes > 1000]`: "",
		`"open phrase`:                       "",
		`-`:                                  "",
		`{ $.a[*][*] = 1 }`:                  "Only 1 wildcard selector is allowed in a property selector",
		`{ $.a[x] = 1 }`:                     "Invalid character(s) in term '[x'",
		`{ a = 1 }`:                          "Invalid character(s) in term 'a'",
		`{ $.a = %x% && $.b = %y% && $.c = %z% }`:   "Filter pattern must not have more than 2 regular expressions",
		strings.Repeat("a", MaxLength+1):            "Filter pattern must not be longer than 1024 characters",
		`{ $.a[*]=1||$.b[*]=1||$.c[*]=1||$.*=1 }`:   "Only 3 wildcard selectors are allowed in a filter pattern",
		`{ $.a = 1 } trailing`:                      "If a filter pattern starts with '{' it must end with '}'",
		`[w1 = "a", w2 > "b"]`:                      `Invalid character(s) in term '"b"'`,
		`[w1, , w3]`:                                "Invalid character(s) in term ','",
		`{ $.a = 1 & $.b = 2 }`:                     "",
		`{ !$.a = 1 }`:                              "Invalid character(s) in term '!'",
		`{ $.a == 1 }`:                              "Invalid character(s) in term '='",
		"{ $.a = " + strings.Repeat("(", 500) + "}": "Invalid character(s) in term '('",
	} {
		p, err := Parse(pattern)
		if err == nil {
			t.Errorf("%q is taken as kind %d", pattern, p.Kind())
			continue
		}
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || syntax.Reason != reason {
			t.Errorf("%q is refused with %q, want %q", pattern, err, reason)
		}
	}
}

func TestExtractedValues(t *testing.T) {
	for _, c := range []struct {
		pattern, message string
		want             map[string]string
	}{
		{"[ip, user, username, timestamp, request =*.html*, status_code = 4*, bytes]", access, map[string]string{
			"$ip": "127.0.0.1", "$user": "Prod", "$username": "frank", "$timestamp": "10/Oct/2000:13:25:15 -0700",
			"$request": "GET /index.html HTTP/1.0", "$status_code": "404", "$bytes": "1534",
		}},
		{"[..., status_code, bytes]", access, map[string]string{"$status_code": "404", "$bytes": "1534"}},
		{"[ip, ..., bytes]", access, map[string]string{"$ip": "127.0.0.1", "$bytes": "1534"}},
		{"[..., request = GET*, ...]", access, map[string]string{"$request": "GET /index.html HTTP/1.0"}},
		{"[w1, w2]", failure, map[string]string{"$w1": "ERROR", "$w2": "09/25/2014 12:00:02 Failed to process request"}},
		{`{ $.eventType = "*" && $.objectList[1].id = 2 }`, trail, map[string]string{"$.eventType": "UpdateTrail", "$.objectList[1].id": "2"}},
		{"ERROR", e400, map[string]string{}},
	} {
		p, err := Parse(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if !p.Match(c.message) {
			t.Errorf("%s does not match", c.pattern)
		}
		if got := p.Extract(c.message); !maps.Equal(got, c.want) {
			t.Errorf("%s extracts %v, want %v", c.pattern, got, c.want)
		}
	}
}

func TestFieldsAreCountedFromTheEndAfterAnEllipsis(t *testing.T) {
	for _, c := range []struct {
		pattern, message string
		want             bool
	}{
		{"[a, b, c]", "1 2", false},
		{"[a, b]", "1 2 3", true},
		{"[a=1]", "1 2", false}, // the last field takes the rest
		{"[a=1]", "1", true},
		{"[]", "any message", true},
		{"[]", "", true},
		{"[...]", "", true},
		{"[..., a]", "", false},
		{"[a, ..., b, c]", "1 2", false},
		{"[a, ..., b, c]", "1 2 3", true},
		{"[a, b]", "", false},
		{`[a, b="x y"]`, `1 "x y"`, true},
		{`[a, b=x]`, "1\tx", true},
		{`[a="[b"]`, "[b", true}, // not closed: an ordinary field
	} {
		p, err := Parse(c.pattern)
		if err != nil {
			t.Errorf("%s refused: %v", c.pattern, err)
			continue
		}
		if got := p.Match(c.message); got != c.want {
			t.Errorf("%s matches %q: %t, want %t", c.pattern, c.message, got, c.want)
		}
	}
}

func TestOnlyAWholeJSONDocumentMatchesAJSONPattern(t *testing.T) {
	p, err := Parse(`{ $.a = 1 }`)
	if err != nil {
		t.Fatal(err)
	}
	for message, want := range map[string]bool{
		`{"a":1}`: true, " {\"a\":1}\n": true, `INFO {"a":1}`: false, `{"a":1} {"a":1}`: false, `{"a":1`: false, ``: false, `1`: false,
		`{"b":0,"a":1.0}`: true,
	} {
		if got := p.Match(message); got != want {
			t.Errorf("matches %q: %t, want %t", message, got, want)
		}
	}
}

func TestValueSelectsWhatThePatternDoesNotName(t *testing.T) {
	p, err := Parse(`{ $.latency = * }`)
	if err != nil {
		t.Fatal(err)
	}
	for selector, want := range map[string]string{"$.latency": "50", "$.requestType": "GET", "$.missing": "", "$.list": "", "latency": ""} {
		got, ok := p.Value(`{"latency": 50, "requestType": "GET", "list": [1]}`, selector)
		if got != want || ok != (want != "") {
			t.Errorf("%s is %q, %t; want %q", selector, got, ok, want)
		}
	}
}

// An integer beyond what a double holds is compared exactly.
func TestLargeNumbersAreExact(t *testing.T) {
	p, err := Parse(`{ $.id = 9007199254740993 }`)
	if err != nil {
		t.Fatal(err)
	}
	if !p.Match(`{"id":9007199254740993}`) || p.Match(`{"id":9007199254740992}`) {
		t.Error("2^53+1 is not told from 2^53")
	}
}

// Terms: a conjunction matches exactly where each of its terms does.
func TestTermsAreAConjunction(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-c]{1,3}`)
		include := rapid.SliceOfN(word, 1, 4).Draw(t, "include")
		exclude := rapid.SliceOfN(word, 0, 3).Draw(t, "exclude")
		message := rapid.StringMatching(`[a-c ]{0,12}`).Draw(t, "message")
		want := true
		pattern := strings.Join(include, " ")
		for _, w := range include {
			want = want && strings.Contains(message, w)
		}
		for _, w := range exclude {
			pattern += " -" + w
			want = want && !strings.Contains(message, w)
		}
		p, err := Parse(pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Match(message); got != want {
			t.Fatalf("%q matches %q: %t", pattern, message, got)
		}
	})
}

// JSON: De Morgan does not hold (there is no negation), but && and || must be
// what Go makes of them, with the precedence of the guide.
func TestCompoundExpressionsFollowPrecedence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		truth := rapid.SliceOfN(rapid.Bool(), 3, 3).Draw(t, "truth")
		expr := func(i int) string {
			if truth[i] {
				return "$.n = 1"
			}
			return "$.n = 2"
		}
		a, b, c := truth[0], truth[1], truth[2]
		for expression, want := range map[string]bool{
			expr(0) + " || " + expr(1) + " && " + expr(2):    a || b && c,
			"(" + expr(0) + "||" + expr(1) + ")&&" + expr(2): (a || b) && c,
			expr(0) + "&&" + expr(1) + "||" + expr(2):        a && b || c,
		} {
			p, err := Parse("{" + expression + "}")
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Match(`{"n":1}`); got != want {
				t.Fatalf("%s: %t, want %t", expression, got, want)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "ERROR -x ?y", `"a\"b"`, "%a{1,2}%", `{ $.a.b[0]['c'] = "x*" && ($.d > 1e3 || $.e IS NULL) }`,
		"[a, ..., b=4* || b=%5..%, c]", `{ $.* NOT EXISTS }`, "[", "{", "%", `{ $.a = 1e999999999 }`,
	} {
		f.Add(seed, `{"a":{"b":[1,2]},"d":3}`)
		f.Add(seed, access)
	}
	f.Fuzz(func(t *testing.T, pattern, message string) {
		p, err := Parse(pattern)
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("%q: an error of type %T", pattern, err)
			}
			return
		}
		if p.String() != pattern {
			t.Fatalf("%q became %q", pattern, p.String())
		}
		first := p.Match(message)
		if p.Match(message) != first {
			t.Fatalf("%q answers differently about %q the second time", pattern, message)
		}
		for selector := range p.Extract(message) {
			if !strings.HasPrefix(selector, "$") {
				t.Fatalf("%q extracts %q", pattern, selector)
			}
		}
	})
}
