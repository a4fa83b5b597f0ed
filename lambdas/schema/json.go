package schema

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// MarshalJSON writes the canonical form: equal schemas give equal bytes.
//
//	{"columns":[{"key":"userId","name":"userid","type":"bigint"}],"partitions":["day"]}
//
// A scalar type is its Hive name, or "unknown"; the others are {"array":T},
// {"map":[K,V]} and {"struct":{key:T}} with the keys as they are in the record.
func (s Schema) MarshalJSON() ([]byte, error) {
	n := s.normal()
	doc := schemaDoc{
		Columns: make([]columnDoc, 0, len(n.Columns)), CaseSensitive: n.CaseSensitive,
		Overflow: n.Overflow, Partitions: n.Partitions,
	}
	for _, c := range n.Columns {
		cd := columnDoc{Name: c.Name, Type: c.Type}
		if c.Key != c.Name {
			cd.Key = &c.Key
		}
		for _, v := range c.Variants {
			cd.Variants = append(cd.Variants, variantDoc{v.Key, v.Type})
		}
		doc.Columns = append(doc.Columns, cd)
	}
	return marshal(doc)
}

// UnmarshalJSON reads the canonical form.
func (s *Schema) UnmarshalJSON(data []byte) error {
	var doc schemaDoc
	if err := json.Unmarshal(data, &doc); err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	in := Schema{CaseSensitive: doc.CaseSensitive, Overflow: doc.Overflow, Partitions: doc.Partitions}
	for _, cd := range doc.Columns {
		c := Column{Name: cd.Name, Key: cd.Name, Type: cd.Type}
		if cd.Key != nil {
			c.Key = *cd.Key
		}
		if c.Name == "" {
			return fmt.Errorf("schema: column with key %q has no name", c.Key)
		}
		for _, v := range cd.Variants {
			c.Variants = append(c.Variants, Member{Key: v.Key, Type: v.Type})
		}
		in.Columns = append(in.Columns, c)
	}
	*s = in.normal()
	return nil
}

// Fingerprint is the SHA-256 of the canonical form, in hexadecimal.
func (s Schema) Fingerprint() string {
	data, err := s.MarshalJSON()
	if err != nil { // no value of a Schema has one
		panic("schema: " + err.Error())
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

type schemaDoc struct {
	Columns       []columnDoc `json:"columns"`
	CaseSensitive bool        `json:"caseSensitive,omitempty"`
	Overflow      bool        `json:"overflow,omitempty"`
	Partitions    []string    `json:"partitions,omitempty"`
}

type columnDoc struct {
	Key      *string      `json:"key,omitempty"`
	Name     string       `json:"name"`
	Type     Type         `json:"type"`
	Variants []variantDoc `json:"variants,omitempty"`
}

type variantDoc struct {
	Key  string `json:"key"`
	Type Type   `json:"type"`
}

// marshal is json.Marshal without its escaping for HTML.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// MarshalJSON writes the type as a part of the canonical form.
func (t Type) MarshalJSON() ([]byte, error) {
	switch t.kind {
	case Array:
		return marshal(map[string]Type{"array": t.parts[0]})
	case Map:
		return marshal(map[string][]Type{"map": t.parts})
	case Struct:
		members := make(map[string]Type, len(t.members))
		for _, m := range t.members {
			members[m.Key] = m.Type
		}
		return marshal(map[string]map[string]Type{"struct": members})
	case Unknown:
		return []byte(`"unknown"`), nil
	}
	return marshal(t.Hive())
}

// UnmarshalJSON reads what MarshalJSON writes, and a Hive type as a string.
func (t *Type) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		var text string
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
		if text == "unknown" {
			*t = Type{}
			return nil
		}
		parsed, err := ParseHive(text)
		*t = parsed
		return err
	}
	var doc struct {
		Array  *Type            `json:"array"`
		Map    []Type           `json:"map"`
		Struct *map[string]Type `json:"struct"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return err
	}
	switch {
	case doc.Array != nil:
		*t = ArrayOf(*doc.Array)
	case len(doc.Map) == 2:
		*t = MapOf(doc.Map[0], doc.Map[1])
	case doc.Struct != nil:
		members := make([]Member, 0, len(*doc.Struct))
		for key, mt := range *doc.Struct {
			members = append(members, Member{Key: key, Type: mt})
		}
		slices.SortFunc(members, func(a, b Member) int { return bytes.Compare([]byte(a.Key), []byte(b.Key)) })
		*t = Type{kind: Struct, members: members}
	default:
		return fmt.Errorf("schema: not a type: %s", abbreviate(string(data)))
	}
	return nil
}
