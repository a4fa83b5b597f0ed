package guardrails

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

type tagSettings struct {
	Keys []string `json:"keys" doc:"tags that every resource carries which takes tags"`
}

type protectSettings struct {
	Demanded bool `json:"demanded" doc:"whether what holds data must be protected"`
}

// stackWideRules look at resources of every service.
func stackWideRules() []Guardrail {
	return []Guardrail{
		onResource(Guardrail{
			Name: "tags", Service: "Every service", Level: Mandatory,
			Description: "Everything that takes tags carries those by which costs are allocated.",
			Remedy:      "Add the tags, or give them to the provider as defaultTags.",
			Reason:      "Cost Explorer and budgets split a bill by tags only; what has none is everybody's, so nobody's.",
		}, tagSettings{Keys: []string{"Project", "Stage"}}, func() func(Resource, Stage, tagSettings) Findings {
			sdk := sdkTypes()
			return func(r Resource, _ Stage, c tagSettings) Findings { return checkTags(r, c, sdk) }
		}()),
		onResource(Guardrail{
			Name: "removal-protection", Service: "Every service", Level: Mandatory,
			Types:       append(bucketTypes(), catalogDatabase, catalogTable),
			Description: "What holds data is protected from removal where the stage demands it.",
			Remedy:      "Set crawlerless:protect to true and forceDestroy to false.",
			Reason: "A lake that is deleted by mistake is not for sale anywhere: the source groups have expired. " +
				"Not judged on the local target, which keeps nothing.",
		}, protectSettings{}, checkProtection),
	}
}

func checkTags(r Resource, c tagSettings, sdk map[string]bool) Findings {
	var f Findings
	if !sdk[r.Type] {
		return f
	}
	node := r.At("tags")
	if node.Unknown() {
		f.wait(r, node.Path)
		return f
	}
	var missing []string
	for _, key := range c.Keys {
		value := node.At(key)
		if text, ok := value.Text(); value.Unknown() || ok && text != "" || slices.Contains(r.defaultTags(), key) {
			continue // one that is not known yet is one
		}
		missing = append(missing, key)
	}
	if len(missing) > 0 {
		f.violate(r, Violation{
			Path: node.Path, Found: "without " + strings.Join(missing, ", "),
			Allowed: strings.Join(c.Keys, ", "), Setting: "keys",
		})
	}
	return f
}

// defaultTags are the keys of the tags that the provider puts on everything. A
// provider's inputs are JSON where they are not text.
func (r Resource) defaultTags() []string {
	block := Node{value: property.New(r.Provider)}.At("defaultTags")
	if text, ok := block.Text(); ok {
		var d struct {
			Tags map[string]any `json:"tags"`
		}
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			return nil
		}
		var keys []string
		for key := range d.Tags {
			keys = append(keys, key)
		}
		return keys
	}
	return block.At("tags").Keys()
}

func checkProtection(r Resource, stage Stage, c protectSettings) Findings {
	var f Findings
	if !c.Demanded || stage.Local {
		return f
	}
	if !r.Protect {
		f.violate(r, Violation{Path: "protect", Found: "false", Allowed: "true", Setting: "demanded"})
	}
	force := r.At("forceDestroy")
	if on, ok := f.flag(r, force, false); ok && on {
		f.violate(r, Violation{Path: force.Path, Found: fmt.Sprint(on), Allowed: "false", Setting: "demanded"})
	}
	return f
}
