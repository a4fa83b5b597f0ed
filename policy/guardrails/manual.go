package guardrails

import (
	"fmt"
	"slices"
	"strings"
)

const preface = `# Guardrails

<!-- Written by go generate ./policy/... from the rules themselves; a test compares. -->

What a stage must keep before anything of it is deployed. The pack says what would waste money, why, how much, and how to mend it.

` + "```" + `
pulumi preview --policy-pack policy --policy-pack-config policy/config/prod.json
` + "```" + `

That needs the Go language host of a normal Pulumi installation. Compiled, the pack needs nothing but the CLI; so the driver and CI use it:

` + "```" + `
go build -o bin/guardrails ./policy
pulumi preview --policy-pack bin/guardrails --policy-pack-config policy/config/prod.json
` + "```" + `

## How it works

- **Levels and limits** are those of ` + "`policy/config/<stage>.json`" + `; what is not said there is as in the tables below. A level is ` + "`mandatory`" + ` (stops), ` + "`advisory`" + ` (warns) or ` + "`disabled`" + `: ` + "`{\"firehose-buffer\": {\"enforcementLevel\": \"advisory\", \"minMiB\": 32}}`" + `. A setting that a rule does not have is an error.
- **Volume and budget** come from the stage's Pulumi configuration (` + "`crawlerless:expectedGbPerDay`, `crawlerless:monthlyBudgetUsd`" + ` and the keys that say how objects are written), which the engine hands to the pack. Extra costs are computed with it, as in [cost.md](cost.md).
- **A value that a preview does not know yet** is no violation. What could not be judged is listed at the end of the preview, and judged in ` + "`pulumi up`" + `, where it is known.
- **An exception** lets one resource off one rule. It names the resource (logical name or URN; ` + "`stack`" + ` for the stack as a whole), carries a reason, and holds until the end of a day in UTC: ` + "`{\"logs-retention\": {\"exceptions\": [{\"resource\": \"audit\", \"reason\": \"law asks for ten years\", \"expires\": \"2027-06-30\"}]}}`" + `. Every one in force is printed; one that names no resource is said; an expired one is a violation.
- **A remediation** changes a resource instead of refusing it. All are off unless ` + "`enabled`" + ` is set to true in the stage's file.
- **A name that no rule has** is not noticed by the engine, which looks for each rule's settings and not the other way round. The driver refuses it before anything starts; by hand, ` + "`automation guardrails --check policy/config/prod.json`" + ` does. ` + "`automation guardrails NAME --stage prod`" + ` explains a rule as it is in force.
- **The budget** is kept twice: by stack-budget, from what the program declares, and by the driver's ` + "`up`" + `, from the stage's configuration, also where the rule is switched off. Only an exception for the stack, with its reason and its end, lets both pass.
- **What it adds to a preview** was measured on 2026-11-28 on two cores with no other work: 146 to 160 ms by the clock and 205 to 218 ms of the processors, to a preview of 674 to 707 ms (three runs of ten); the aim is less than 200 ms. That is with the engine as the driver runs it, without the automatic log that each command of the CLI otherwise writes into its home, with every call to every plugin in it. With that log, as by hand, the same pack added 202 to 225 ms to a preview of 765 to 799 ms (three runs of twenty). ` + "`go test ./policy -run '^$' -bench PreviewWith -benchtime 10x`" + ` measures it on the project's own program, with and without the pack in turn.
- **On the local target** (an AWS endpoint on this machine) architecture and removal protection are not judged: nothing costs money there, and the machine dictates both.

`

// Document writes docs/guardrails.md.
func Document() []byte {
	var b strings.Builder
	b.WriteString(preface)
	rules := All()
	service := ""
	for _, s := range servicesOf(rules) {
		if s != service {
			fmt.Fprintf(&b, "## %s\n\n", s)
			service = s
		}
		for _, g := range rules {
			if g.Service == s {
				documentRule(&b, g)
			}
		}
	}
	documentTypes(&b)
	return []byte(b.String())
}

func servicesOf(rules []Guardrail) []string {
	var services []string
	for _, g := range rules {
		if !slices.Contains(services, g.Service) {
			services = append(services, g.Service)
		}
	}
	// Last what is about all of them.
	slices.SortStableFunc(services, func(a, b string) int { return rank(a) - rank(b) })
	return services
}

func rank(service string) int {
	return slices.Index([]string{"Every service", "Stack", "Remediations"}, service)
}

func documentRule(b *strings.Builder, g Guardrail) {
	fmt.Fprintf(b, "### %s\n\n%s\n\n", g.Name, g.Description)
	fmt.Fprintf(b, "*Why:* %s\n\n", g.Reason)
	if g.Remedy != "" {
		fmt.Fprintf(b, "*Remedy:* %s\n\n", g.Remedy)
	}
	if !g.Mends() {
		judged := "each resource"
		if g.JudgesStack() {
			judged = "the stack"
		}
		fmt.Fprintf(b, "*Level:* %s. *Judges:* %s.\n\n", g.Level, judged)
	}
	if settings := g.SettingList(); len(settings) > 0 {
		b.WriteString("| setting | type | default | what |\n|---|---|---|---|\n")
		for _, s := range settings {
			fmt.Fprintf(b, "| `%s` | %s | `%s` | %s |\n", s.Name, s.Type, s.Default, s.Doc)
		}
		b.WriteString("\n")
	}
}

func documentTypes(b *strings.Builder) {
	b.WriteString("## Types that were looked at and need no rule\n\n")
	fmt.Fprintf(b, "Services whose every type must be known: %s. What is neither here nor looked at by a rule is reported (known-types).\n\n", strings.ReplaceAll(GuardedServices, ",", ", "))
	b.WriteString("| type | why |\n|---|---|\n")
	list := reviewed()
	for _, token := range sortedKeys(list) {
		fmt.Fprintf(b, "| `%s` | %s |\n", token, list[token])
	}
}

func sortedKeys(m map[string]string) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
