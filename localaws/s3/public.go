package s3

import (
	"encoding/xml"
	"net/http"
	"net/netip"
	"strings"
)

type publicAccessBlock struct {
	XMLName               xml.Name `xml:"PublicAccessBlockConfiguration"`
	Xmlns                 string   `xml:"xmlns,attr,omitempty"`
	BlockPublicAcls       bool
	IgnorePublicAcls      bool
	BlockPublicPolicy     bool
	RestrictPublicBuckets bool
	Unknown               unknown `xml:",any"`
}

func (c *call) getPublicAccessBlock() error {
	var block *publicAccessBlock
	c.read(func(on *config) { block = on.block })
	if block == nil {
		return fail(http.StatusNotFound, "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found", "BucketName", c.name)
	}
	out := *block
	out.Xmlns = xmlns
	return c.reply(out)
}

func (c *call) putPublicAccessBlock() error {
	var in publicAccessBlock
	if err := c.document(&in); err != nil {
		return err
	}
	in.XMLName = xml.Name{}
	if err := c.change(func(on *config) error { on.block = &in; return nil }); err != nil {
		return err
	}
	return c.write(http.StatusOK, nil)
}

func (c *call) deletePublicAccessBlock() error {
	if err := c.change(func(on *config) error { on.block = nil; return nil }); err != nil {
		return err
	}
	return c.noContent()
}

// public tells whether a policy is public as Block Public Access means it: some
// statement allows something to everybody, without a condition that holds it to
// fixed values. A value is fixed when it has no wildcard and no variable.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
func (p *policy) public() bool {
	for _, s := range p.Statement {
		if s.Effect == "Allow" && (s.Principal.everybody() || s.NotPrincipal != nil) && !s.heldToFixedValues() {
			return true
		}
	}
	return false
}

func (s *statement) heldToFixedValues() bool {
	for operator, keys := range s.Condition {
		operator = strings.ToLower(operator)
		if strings.Contains(operator, "not") || strings.HasSuffix(operator, "ifexists") || operator == "null" || operator == "bool" {
			continue
		}
		for key, values := range keys {
			if len(values) == 0 || !narrows(key) {
				continue
			}
			fixed := true
			for _, v := range values {
				text, isText := v.(string)
				fixed = fixed && isText && isFixed(key, operator, text)
			}
			if fixed {
				return true
			}
		}
	}
	return false
}

// narrows tells whether a condition key can make a grant to everybody one to
// somebody.
func narrows(key string) bool {
	switch strings.ToLower(key) {
	case "aws:sourceip", "aws:sourcearn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceowner", "aws:sourceaccount",
		"aws:sourceorgid", "aws:userid", "aws:username", "aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount",
		"aws:principalarn", "s3:dataaccesspointarn", "s3:dataaccesspointaccount", "s3:x-amz-server-side-encryption-aws-kms-key-id":
		return true
	}
	return false
}

func isFixed(key, operator, value string) bool {
	if strings.Contains(value, "${") {
		return false
	}
	if strings.EqualFold(key, "aws:SourceIp") {
		return narrowRange(value)
	}
	if strings.HasPrefix(operator, "stringlike") || strings.HasPrefix(operator, "arn") {
		if strings.EqualFold(key, "s3:DataAccessPointArn") {
			return value != "*"
		}
		return !strings.ContainsAny(value, "*?")
	}
	return true
}

// narrowRange tells whether an address range is not so wide that it counts as
// everybody: at least /8 for IPv4 and /32 for IPv6.
func narrowRange(cidr string) bool {
	if _, err := netip.ParseAddr(cidr); err == nil {
		return true
	}
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil {
		return false
	}
	if prefix.Addr().Is4() {
		return prefix.Bits() >= 8
	}
	return prefix.Bits() >= 32
}
