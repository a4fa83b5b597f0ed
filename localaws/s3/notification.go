package s3

import (
	"encoding/xml"
	"net/http"
)

type notificationConfiguration struct {
	XMLName     xml.Name  `xml:"NotificationConfiguration"`
	Xmlns       string    `xml:"xmlns,attr,omitempty"`
	EventBridge *struct{} `xml:"EventBridgeConfiguration"`
	Topics      []unknown `xml:"TopicConfiguration"`
	Queues      []unknown `xml:"QueueConfiguration"`
	Functions   []unknown `xml:"CloudFunctionConfiguration"`
	Unknown     unknown   `xml:",any"`
}

func (c *call) getNotification() error {
	out := notificationConfiguration{Xmlns: xmlns}
	c.read(func(on *config) {
		if on.eventBridge {
			out.EventBridge = &struct{}{}
		}
	})
	return c.reply(out)
}

func (c *call) putNotification() error {
	body, err := c.text(maxDocument)
	if err != nil {
		return err
	}
	// The element is what is asked for, whatever it contains, so the targets are
	// told apart before the strict reading.
	var targets struct {
		Topics    []struct{} `xml:"TopicConfiguration"`
		Queues    []struct{} `xml:"QueueConfiguration"`
		Functions []struct{} `xml:"CloudFunctionConfiguration"`
	}
	if err := xml.Unmarshal(body, &targets); err != nil {
		return malformedXML()
	}
	for kind, used := range map[string]bool{
		"TopicConfigurations": len(targets.Topics) > 0, "QueueConfigurations": len(targets.Queues) > 0,
		"LambdaFunctionConfigurations": len(targets.Functions) > 0,
	} {
		if used {
			return notImplemented("parameter " + kind + " of s3:PutBucketNotificationConfiguration (use EventBridgeConfiguration)")
		}
	}
	var in notificationConfiguration
	if err := parse(body, &in); err != nil {
		return err
	}
	if err := c.change(func(on *config) error { on.eventBridge = in.EventBridge != nil; return nil }); err != nil {
		return err
	}
	return c.write(http.StatusOK, nil)
}
