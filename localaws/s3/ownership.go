package s3

import (
	"encoding/xml"
	"net/http"
	"strings"
)

// ownerEnforced switches ACLs off.
const ownerEnforced = "BucketOwnerEnforced"

func validOwnership(s string) bool {
	return s == ownerEnforced || s == "BucketOwnerPreferred" || s == "ObjectWriter"
}

type ownershipControls struct {
	XMLName xml.Name `xml:"OwnershipControls"`
	Xmlns   string   `xml:"xmlns,attr,omitempty"`
	Rules   []struct {
		ObjectOwnership string
		Unknown         unknown `xml:",any"`
	} `xml:"Rule"`
	Unknown unknown `xml:",any"`
}

func (c *call) getOwnershipControls() error {
	out := ownershipControls{Xmlns: xmlns}
	out.Rules = append(out.Rules, struct {
		ObjectOwnership string
		Unknown         unknown `xml:",any"`
	}{})
	c.read(func(on *config) { out.Rules[0].ObjectOwnership = on.ownership })
	if out.Rules[0].ObjectOwnership == "" {
		return fail(http.StatusNotFound, "OwnershipControlsNotFoundError", "The bucket ownership controls were not found", "BucketName", c.name)
	}
	return c.reply(out)
}

func (c *call) putOwnershipControls() error {
	var in ownershipControls
	if err := c.document(&in); err != nil {
		return err
	}
	if len(in.Rules) != 1 || !validOwnership(in.Rules[0].ObjectOwnership) {
		return malformedXML()
	}
	if err := c.change(func(on *config) error { on.ownership = in.Rules[0].ObjectOwnership; return nil }); err != nil {
		return err
	}
	return c.write(http.StatusOK, nil)
}

func (c *call) deleteOwnershipControls() error {
	if err := c.change(func(on *config) error { on.ownership = ""; return nil }); err != nil {
		return err
	}
	return c.noContent()
}

type grantee struct {
	XSI  string `xml:"xmlns:xsi,attr"`
	Type string `xml:"xsi:type,attr"`
	ID   string
}

type grant struct {
	Grantee    grantee
	Permission string
}

// replyACL answers with the only list there is: full control for the owner.
func (c *call) replyACL() error {
	return c.reply(struct {
		XMLName xml.Name `xml:"AccessControlPolicy"`
		Xmlns   string   `xml:"xmlns,attr"`
		Owner   owner
		Grants  []grant `xml:"AccessControlList>Grant"`
	}{
		Xmlns: xmlns, Owner: c.owner(),
		Grants: []grant{{
			Grantee:    grantee{XSI: "http://www.w3.org/2001/XMLSchema-instance", Type: "CanonicalUser", ID: c.owner().ID},
			Permission: "FULL_CONTROL",
		}},
	})
}

func aclsOff() *Error {
	return fail(http.StatusBadRequest, "AccessControlListNotSupported", "The bucket does not allow ACLs")
}

// refuseACL judges the ACL headers of a request that creates something.
//
// With ACLs off only bucket-owner-full-control, which says what holds anyway, is
// allowed: https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
// With ACLs on, what gives the owner everything and others nothing is accepted.
func (c *call) refuseACL(ownership string, block *publicAccessBlock) error {
	canned := c.header("x-amz-acl")
	grants := ""
	for name := range c.r.Header {
		if strings.HasPrefix(name, "X-Amz-Grant-") {
			grants = strings.ToLower(name)
		}
	}
	switch {
	case canned == "" && grants == "":
		return nil
	case canned != "" && grants != "":
		return invalidRequest("Specifying both Canned ACLs and Header Grants is not allowed")
	case ownership == ownerEnforced && canned != "bucket-owner-full-control":
		return aclsOff()
	case grants != "":
		return notImplemented("grants by header (" + grants + ")")
	}
	switch canned {
	case "private", "bucket-owner-full-control", "bucket-owner-read":
		return nil
	case "public-read", "public-read-write":
		if block != nil && block.BlockPublicAcls {
			return accessDenied()
		}
		return notImplemented("the canned ACL " + canned)
	case "authenticated-read", "aws-exec-read", "log-delivery-write":
		return notImplemented("the canned ACL " + canned)
	}
	return invalidArgument("", "x-amz-acl", canned)
}

func (c *call) getBucketACL() error { return c.replyACL() }

func (c *call) getObjectACL() error {
	v, err := c.addressed("s3:GetObjectAcl")
	if err != nil {
		return err
	}
	c.showVersion(v)
	return c.replyACL()
}

func (c *call) putBucketACL() error { return c.putACL() }

func (c *call) putObjectACL() error {
	if _, err := c.addressed("s3:PutObjectAcl"); err != nil {
		return err
	}
	return c.putACL()
}

func (c *call) putACL() error {
	var ownership string
	var block *publicAccessBlock
	c.read(func(on *config) { ownership, block = on.ownership, on.block })
	if ownership == ownerEnforced {
		return aclsOff()
	}
	if err := c.refuseACL(ownership, block); err != nil {
		return err
	}
	if c.header("x-amz-acl") != "" {
		return c.write(http.StatusOK, nil)
	}
	body, err := c.text(maxDocument)
	if err != nil {
		return err
	}
	return c.acceptOwnerACL(body)
}

// acceptOwnerACL accepts a list that grants the owner full control and nobody
// else anything: it changes nothing. Any other is not done.
func (c *call) acceptOwnerACL(body []byte) error {
	var in struct {
		XMLName xml.Name `xml:"AccessControlPolicy"`
		Owner   struct {
			ID          string
			DisplayName string
		}
		Grants []struct {
			Grantee struct {
				ID          string
				DisplayName string
				URI         string
				Email       string `xml:"EmailAddress"`
			}
			Permission string
		} `xml:"AccessControlList>Grant"`
		Unknown unknown `xml:",any"`
	}
	if err := parse(body, &in); err != nil {
		return err
	}
	for _, g := range in.Grants {
		if g.Grantee.ID != c.owner().ID || g.Permission != "FULL_CONTROL" {
			return notImplemented("grants to others than the owner")
		}
	}
	return c.write(http.StatusOK, nil)
}
