package guardrails

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

type mendRetentionSettings struct {
	Enabled bool `json:"enabled" doc:"whether it mends"`
	Days    int  `json:"days" doc:"retention that a group gets, in days" min:"1" max:"3653"`
}

type mendSettings struct {
	Enabled bool `json:"enabled" doc:"whether it mends"`
}

type mendTagSettings struct {
	Enabled bool     `json:"enabled" doc:"whether it mends"`
	Tags    []string `json:"tags" doc:"tags to add where they are missing, as Key=Value"`
}

func (s mendRetentionSettings) on() bool { return s.Enabled }
func (s mendSettings) on() bool          { return s.Enabled }
func (s mendTagSettings) on() bool       { return s.Enabled }

// Idle reports whether the settings leave the rule nothing to do: a remediation
// that nobody asked for.
func (g Guardrail) Idle(settings any) bool {
	s, ok := settings.(interface{ on() bool })
	return ok && !s.on()
}

// mendRules change what has one obvious mend. The engine runs a remediation at
// every level but disabled, so each asks its own setting whether it is wanted.
func mendRules() []Guardrail {
	return []Guardrail{
		mending(Guardrail{
			Name: "mend-log-retention", Service: "Remediations", Types: []string{logGroup},
			Description: "Gives a log group without retention one.",
			Reason:      "See logs-retention.",
		}, mendRetentionSettings{Days: 7}, mendRetention),
		mending(Guardrail{
			Name: "mend-firehose-compression", Service: "Remediations", Types: []string{deliveryStream},
			Description: "Makes a delivery stream that writes uncompressed records to S3 write gzip.",
			Reason:      "See firehose-compression.",
		}, mendSettings{}, mendCompression),
		mending(Guardrail{
			Name: "mend-tags", Service: "Remediations",
			Description: "Adds tags for cost allocation where they are missing; a tag that is there stays as it is.",
			Reason:      "See tags.",
		}, mendTagSettings{Tags: []string{"Project=crawlerless"}}, func() func(Resource, mendTagSettings) (property.Map, bool) {
			sdk := sdkTypes()
			return func(r Resource, c mendTagSettings) (property.Map, bool) { return mendTags(r, c, sdk) }
		}()),
		mending(Guardrail{
			Name: "mend-lambda-arm64", Service: "Remediations", Types: []string{function},
			Description: "Moves a function to arm64 whose code does not depend on the architecture: an interpreted runtime in a zip file. Compiled code and images stay, since they would not start.",
			Reason:      "See lambda-arm64.",
		}, mendSettings{}, mendArchitecture),
	}
}

// mending completes a rule that changes resources. Nothing is mended whose value
// is not known.
func mending[T any](g Guardrail, defaults T, mend func(Resource, T) (property.Map, bool)) Guardrail {
	g.settings = specOf(defaults)
	g.mend = func(r Resource, settings any) (property.Map, bool) { return mend(r, settings.(T)) }
	return g
}

func mendRetention(r Resource, c mendRetentionSettings) (property.Map, bool) {
	node := r.At("retentionInDays")
	if days, ok := node.Number(); !c.Enabled || node.Unknown() || ok && days > 0 {
		return property.Map{}, false
	}
	return r.Props.Set("retentionInDays", property.New(float64(c.Days))), true
}

func mendCompression(r Resource, c mendSettings) (property.Map, bool) {
	const block = "extendedS3Configuration"
	node := r.At(block)
	format := node.At("compressionFormat")
	text, _ := format.Text()
	plain := format.Absent() || text == "UNCOMPRESSED"
	if !c.Enabled || node.Absent() || node.Unknown() || format.Unknown() || !plain || !node.value.IsMap() ||
		!node.At("dataFormatConversionConfiguration").Absent() {
		return property.Map{}, false
	}
	mended := node.value.AsMap().Set("compressionFormat", property.New("GZIP"))
	return r.Props.Set(block, property.New(mended)), true
}

func mendTags(r Resource, c mendTagSettings, sdk map[string]bool) (property.Map, bool) {
	node := r.At("tags")
	if !c.Enabled || !sdk[r.Type] || node.Unknown() || !node.Absent() && !node.value.IsMap() {
		return property.Map{}, false
	}
	tags := property.Map{}
	if node.value.IsMap() {
		tags = node.value.AsMap()
	}
	changed := false
	for _, pair := range c.Tags {
		key, value, ok := strings.Cut(pair, "=")
		if _, there := tags.GetOk(key); !ok || there || slices.Contains(r.defaultTags(), key) {
			continue
		}
		tags, changed = tags.Set(key, property.New(value)), true
	}
	return r.Props.Set("tags", property.New(tags)), changed
}

func mendArchitecture(r Resource, c mendSettings) (property.Map, bool) {
	runtime, _ := r.At("runtime").Text()
	interpreted := slices.ContainsFunc([]string{"nodejs", "python", "ruby", "java", "dotnet"}, func(kind string) bool { return strings.HasPrefix(runtime, kind) })
	node := r.At("architectures")
	if !c.Enabled || !interpreted || node.HasUnknown() || r.At("layers").Unknown() || !r.At("layers").Absent() {
		return property.Map{}, false // a layer may hold compiled code
	}
	for _, item := range node.Items() {
		if text, _ := item.Text(); text == "arm64" {
			return property.Map{}, false
		}
	}
	arm := property.New(property.NewArray([]property.Value{property.New("arm64")}))
	return r.Props.Set("architectures", arm), true
}
