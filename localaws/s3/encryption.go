package s3

import (
	"encoding/xml"
	"net/http"
)

// The algorithms of server-side encryption.
const (
	aes256  = "AES256"
	kms     = "aws:kms"
	kmsDSSE = "aws:kms:dsse"
)

// encryption is how an object is, or is to be, encrypted. It is recorded and
// shown, content is not encrypted.
type encryption struct {
	algorithm string
	key       string // KMS key id or ARN as it was given
	bucketKey bool
}

type encryptionConfiguration struct {
	XMLName xml.Name         `xml:"ServerSideEncryptionConfiguration"`
	Xmlns   string           `xml:"xmlns,attr,omitempty"`
	Rules   []encryptionRule `xml:"Rule"`
	Unknown unknown          `xml:",any"`
}

type encryptionRule struct {
	Apply *struct {
		Algorithm string  `xml:"SSEAlgorithm"`
		Key       string  `xml:"KMSMasterKeyID,omitempty"`
		Unknown   unknown `xml:",any"`
	} `xml:"ApplyServerSideEncryptionByDefault"`
	BucketKeyEnabled bool
	Blocked          *struct {
		Types   []string `xml:"EncryptionType"`
		Unknown unknown  `xml:",any"`
	} `xml:"BlockedEncryptionTypes"`
	Unknown unknown `xml:",any"`
}

func (c *call) getEncryption() error {
	var e encryption
	c.read(func(on *config) { e = on.encryption })
	rule := encryptionRule{BucketKeyEnabled: e.bucketKey}
	rule.Apply = &struct {
		Algorithm string  `xml:"SSEAlgorithm"`
		Key       string  `xml:"KMSMasterKeyID,omitempty"`
		Unknown   unknown `xml:",any"`
	}{Algorithm: e.algorithm, Key: e.key}
	return c.reply(encryptionConfiguration{Xmlns: xmlns, Rules: []encryptionRule{rule}})
}

func (c *call) putEncryption() error {
	var in encryptionConfiguration
	if err := c.document(&in); err != nil {
		return err
	}
	if len(in.Rules) != 1 {
		return malformedXML()
	}
	rule := in.Rules[0]
	// SSE-C is never accepted here, so blocking it says what holds anyway.
	if rule.Blocked != nil && (len(rule.Blocked.Types) != 1 || (rule.Blocked.Types[0] != "SSE-C" && rule.Blocked.Types[0] != "NONE")) {
		return malformedXML()
	}
	e := encryption{algorithm: aes256, bucketKey: rule.BucketKeyEnabled}
	if rule.Apply != nil {
		e.algorithm, e.key = rule.Apply.Algorithm, rule.Apply.Key
	}
	switch {
	case e.algorithm != aes256 && e.algorithm != kms && e.algorithm != kmsDSSE:
		return malformedXML()
	case e.algorithm == aes256 && e.key != "":
		return wrongArgument("a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse", "ApplyServerSideEncryptionByDefault")
	}
	if err := c.change(func(on *config) error { on.encryption = e; return nil }); err != nil {
		return err
	}
	return c.write(http.StatusOK, nil)
}

func (c *call) deleteEncryption() error {
	if err := c.change(func(on *config) error { on.encryption = encryption{algorithm: aes256}; return nil }); err != nil {
		return err
	}
	return c.noContent()
}

// requestedEncryption is how a new object is encrypted: as its request says, or
// as the bucket does by default.
func (c *call) requestedEncryption() (encryption, error) {
	for _, name := range []string{"x-amz-server-side-encryption-customer-algorithm", "x-amz-copy-source-server-side-encryption-customer-algorithm"} {
		if c.header(name) != "" {
			return encryption{}, notImplemented("encryption with customer-provided keys (" + name + ")")
		}
	}
	if c.header("x-amz-server-side-encryption-context") != "" {
		return encryption{}, notImplemented("header x-amz-server-side-encryption-context of s3:" + c.op)
	}
	var e encryption
	c.read(func(on *config) { e = on.encryption })
	algorithm, key := c.header("x-amz-server-side-encryption"), c.header("x-amz-server-side-encryption-aws-kms-key-id")
	switch algorithm {
	case "":
		if key != "" {
			return encryption{}, invalidArgument("Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
				"x-amz-server-side-encryption", "null")
		}
	case aes256:
		if key != "" {
			return encryption{}, invalidArgument("Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
				"x-amz-server-side-encryption", algorithm)
		}
		e = encryption{algorithm: aes256}
	case kms, kmsDSSE:
		e.algorithm = algorithm
		if key != "" {
			e.key = key
		}
	default:
		return encryption{}, invalidArgument("The encryption method specified is not supported", "x-amz-server-side-encryption", algorithm)
	}
	switch c.header("x-amz-server-side-encryption-bucket-key-enabled") {
	case "true":
		e.bucketKey = true
	case "false":
		e.bucketKey = false
	}
	if e.algorithm == aes256 {
		e.bucketKey = false
	} else if e.key == "" {
		e.key = c.s.env.ARN("kms", "alias/aws/s3")
	}
	return e, nil
}

// show tells the encryption of an object in the headers of an answer.
func (e encryption) show(h http.Header) {
	h.Set("x-amz-server-side-encryption", e.algorithm)
	if e.algorithm == aes256 {
		return
	}
	h.Set("x-amz-server-side-encryption-aws-kms-key-id", e.key)
	if e.bucketKey {
		h.Set("x-amz-server-side-encryption-bucket-key-enabled", "true")
	}
}
