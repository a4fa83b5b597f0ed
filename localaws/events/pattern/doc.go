// Package pattern is the language of EventBridge event patterns: it judges a
// pattern as PutRule and TestEventPattern do, and tells whether an event
// matches. It depends on nothing else of localaws.
//
// # Patterns
//
// A pattern is a JSON object of the event's shape. Its fields are joined by AND;
// the values in the array of one field are joined by OR.
//
//	{"source": ["aws.s3"], "detail": {"object": {"key": [{"prefix": "logs/"}]}}}
//
// A field's name is its path: the names from the root joined with dots. So
// {"detail": {"a.b": […]}} and {"detail": {"a": {"b": […]}}} are one and the
// same, in patterns as in events. A path that a pattern gives twice keeps the
// later values. A pattern MUST NOT be or hold an empty object or an empty array.
//
// # Events
//
// An event is seen as the set of its leaves: strings, numbers, true, false and
// null, each under its path. An array stands for its elements, which share its
// path; an empty object or array has no leaf. A leaf matches a field when it
// matches any of its values. Leaves that lie in objects of the same array are
// held together: all fields of the pattern that reach into that array MUST be
// matched in the same element of it.
//
// # Values
//
//	"text"                          the same string, byte by byte
//	"192.0.2.1"                     the same address, however it is written
//	300                             the same number: 300, 300.0 and 3e2 are equal
//	true, false, null               the same literal
//	{"prefix": "a"}                 a string that begins with it
//	{"suffix": "a"}                 a string that ends with it
//	{"prefix": {"equals-ignore-case": "a"}}, {"suffix": {…}}
//	{"equals-ignore-case": "a"}     the same string but for case
//	{"wildcard": "a*b"}             a string; * is any run of bytes, \* and \\ are
//	                                literal; two * MUST NOT follow each other
//	{"numeric": [">", 0, "<=", 5]}  a number in the range; also =, <, <=, >, >= alone
//	{"cidr": "10.0.0.0/8"}          a string that is an address in the block
//	{"exists": true}                any leaf; false: no leaf of that path
//	{"anything-but": X}             a leaf that X does not match, X being a string,
//	                                a number, a list of either kind, or prefix,
//	                                suffix, equals-ignore-case or wildcard with a
//	                                string or a list of strings
//
// Anything-but is about leaves too: a missing field does not match it, null
// does, and of an array one element that is different suffices.
//
// The documentation says that numbers are compared by their text. The service
// compares their values (so does its own engine, which AWS publishes as
// event-ruler), as far as a double holds the number exactly; beyond that, as
// with a 20-digit id, it compares the text. This package does what the service
// does.
//
// # Or
//
//	{"source": ["a"], "$or": [{"x": [1]}, {"y": [2], "z": [3]}]}
//
// $or takes an array of at least two objects, one of which MUST match along with
// the fields around it; it may stand at any depth and hold further ones. Inside
// of it no field may have the name of an operator. A pattern MUST NOT have more
// than 1,000 combinations.
//
// # Errors
//
// What is wrong is told in the service's words, with the place in the text. The
// service's limit on the complexity of wildcards is not modelled.
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
package pattern
