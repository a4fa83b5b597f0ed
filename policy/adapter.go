package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"crawlerless/policy/guardrails"
)

const (
	packName    = "crawlerless"
	packVersion = "0.1.0" // as in PulumiPolicy.yaml
)

// pack adapts the guardrails to policyx. The engine calls it concurrently.
type pack struct {
	stage guardrails.Stage
	now   func() time.Time
	say   func(message string) error

	mu       sync.Mutex
	settings map[string]configured // of every rule that has been called, by its name
	unjudged []string
	inputs   map[string]guardrails.Resource // of every resource that has been seen, by its URN
	active   []policyx.Policy               // replaced, never changed
	judges   map[policyx.Policy]guardrails.Guardrail
	nothing  policyx.Policy // what stands in the place of one that has nothing to say
}

// thin is the pack as it is served. policyx decodes a resource anew for every
// policy that it offers it to, which would be most of what the pack costs a
// preview. So the pack no longer offers policies that have nothing more to do
// (carriers that have their configuration, remediations that are off), and of the
// others only those that have something to say of the resource.
type thin struct {
	policyx.PolicyPack
	pack *pack
}

// Policies are all that still have something to do, in a list of the caller's
// own. policyx asks for it once for each resource and walks through it; the first
// on the list, the witness, takes out those behind it that would say nothing. (The
// engine asks what there is before it shows the first resource, and remembers.)
func (t thin) Policies() []policyx.Policy {
	t.pack.mu.Lock()
	list := slices.Clone(t.pack.active)
	t.pack.mu.Unlock()
	list[0] = t.pack.witness(list[1:])
	return list
}

// retire takes a policy out of those that are offered.
func (p *pack) retire(done policyx.Policy) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var left []policyx.Policy
	for _, policy := range p.active {
		if policy != done {
			left = append(left, policy)
		}
	}
	p.active = left
}

// configured is the decoded configuration of one rule.
type configured struct {
	settings   any
	exceptions []guardrails.Exception
}

func newPack(
	rules []guardrails.Guardrail, stage guardrails.Stage, now func() time.Time, say func(string) error,
) (policyx.PolicyPack, error) {
	p := &pack{
		stage: stage, now: now, say: say,
		settings: map[string]configured{}, inputs: map[string]guardrails.Resource{},
		judges: map[policyx.Policy]guardrails.Guardrail{},
	}
	policies := []policyx.Policy{p.witness(nil)}
	for _, g := range rules {
		switch {
		case g.Mends():
			policies = append(policies, p.mender(g))
		case g.JudgesStack():
			policies = append(policies, p.configCarrier(g), p.stackJudge(g))
		default:
			judge := p.judge(g)
			p.judges[judge] = g
			policies = append(policies, judge)
		}
	}
	closing := p.closing()
	p.nothing = closing[0] // no resource is shown to a policy that judges the stack
	policies = append(policies, closing...)
	whole, err := policyx.NewPolicyPack(packName, semver.MustParse(packVersion), policyx.EnforcementLevelMandatory, policies)
	if err != nil {
		return nil, err
	}
	p.active = policies
	return thin{whole, p}, nil
}

// judge adapts a rule that looks at one resource.
func (p *pack) judge(g guardrails.Guardrail) policyx.Policy {
	return policyx.NewResourceValidationPolicy(g.Name, policyx.ResourceValidationPolicyArgs{
		Description:      g.Description,
		EnforcementLevel: levelOf(g.Level),
		ConfigSchema:     schemaOf(g),
		ValidateResource: func(_ context.Context, args policyx.ResourceValidationArgs) error {
			c, err := p.configure(g, args.Config)
			if err != nil {
				return err
			}
			r := resourceOf(args.Resource)
			p.report(g, c, g.CheckResource(r, p.stage, c.settings), args.Manager)
			return nil
		},
	})
}

// stackJudge adapts a rule that looks at all resources.
func (p *pack) stackJudge(g guardrails.Guardrail) policyx.Policy {
	return policyx.NewStackValidationPolicy(g.Name, policyx.StackValidationPolicyArgs{
		Description:      g.Description,
		EnforcementLevel: levelOf(g.Level),
		ConfigSchema:     schemaOf(g),
		ValidateStack: func(_ context.Context, args policyx.StackValidationArgs) error {
			p.mu.Lock()
			c, ok := p.settings[g.Name]
			p.mu.Unlock()
			if !ok {
				c = configured{settings: g.Defaults()}
			}
			p.report(g, c, g.CheckStack(p.stackOf(args.Resources), p.stage, c.settings), args.Manager)
			return nil
		},
	})
}

// configCarrier brings a stack rule its configuration. policyx gives none to
// stack validation (v3.259.0), but gives a resource policy the configuration of
// its own name, and judges at least the stack's own resource before the stack.
func (p *pack) configCarrier(g guardrails.Guardrail) policyx.Policy {
	var carrier policyx.Policy
	carrier = policyx.NewResourceValidationPolicy(g.Name, policyx.ResourceValidationPolicyArgs{
		Description:      g.Description,
		EnforcementLevel: levelOf(g.Level),
		ConfigSchema:     schemaOf(g),
		ValidateResource: func(_ context.Context, args policyx.ResourceValidationArgs) error {
			if _, err := p.configure(g, args.Config); err != nil {
				return err
			}
			p.retire(carrier)
			return nil
		},
	})
	return carrier
}

// mender adapts a rule that changes resources. policyx runs a remediation at
// every level but disabled, so each asks its own settings whether it is wanted.
func (p *pack) mender(g guardrails.Guardrail) policyx.Policy {
	var mender policyx.Policy
	mender = policyx.NewResourceRemediationPolicy(g.Name, policyx.ResourceRemediationPolicyArgs{
		Description:  g.Description,
		ConfigSchema: schemaOf(g),
		RemediateResource: func(_ context.Context, args policyx.ResourceRemediationArgs) (*property.Map, error) {
			c, err := p.configure(g, args.Config)
			if err != nil {
				return nil, err
			}
			if g.Idle(c.settings) {
				p.retire(mender)
				return nil, nil
			}
			mended, changed := g.Mend(resourceOf(args.Resource), c.settings)
			if !changed {
				return nil, nil
			}
			return &mended, nil
		},
	})
	return mender
}

// closing are the last policies of the pack: when the stack has been judged they
// refuse what is written down but no longer holds, and say once what could not
// be judged.
func (p *pack) closing() []policyx.Policy {
	return []policyx.Policy{
		policyx.NewStackValidationPolicy("exceptions", policyx.StackValidationPolicyArgs{
			Description:      "An exception that has expired is a violation until it is renewed with a reason, or removed.",
			EnforcementLevel: policyx.EnforcementLevelMandatory,
			ValidateStack: func(_ context.Context, args policyx.StackValidationArgs) error {
				p.mu.Lock()
				defer p.mu.Unlock()
				var said []error
				for _, name := range slices.Sorted(maps.Keys(p.settings)) {
					for _, e := range p.settings[name].exceptions {
						if !slices.ContainsFunc(args.Resources, func(r policyx.AnalyzerResource) bool { return e.Covers(r.Name, r.URN) }) && !e.Covers("", "") {
							said = append(said, p.say(fmt.Sprintf("guardrails: the exception of %s from %s lets nothing off: there is no such resource. Correct its name or remove it (%s.exceptions)",
								e.Resource, name, name)))
						}
						if e.Expired(p.now()) {
							args.Manager.ReportViolation(fmt.Sprintf("the exception of %s from %s expired on %s (%s.exceptions). Its reason was: %s",
								e.Resource, name, e.Expires, name, e.Reason), "")
						}
					}
				}
				return errors.Join(said...)
			},
		}),
		policyx.NewStackValidationPolicy("not-yet-judged", policyx.StackValidationPolicyArgs{
			Description:      "Lists what a preview could not judge because its value is not known before the update.",
			EnforcementLevel: policyx.EnforcementLevelAdvisory,
			ValidateStack: func(context.Context, policyx.StackValidationArgs) error {
				p.mu.Lock()
				lines := p.unjudged
				p.unjudged = nil
				p.mu.Unlock()
				if len(lines) == 0 {
					return nil
				}
				return p.say(notYetJudged(lines))
			},
		}),
	}
}

// configure decodes a rule's configuration the first time that it is seen, and
// says which exceptions are in force.
func (p *pack) configure(g guardrails.Guardrail, config map[string]any) (configured, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c, ok := p.settings[g.Name]; ok {
		return c, nil
	}
	settings, exceptions, err := g.Settings(config)
	if err != nil {
		return configured{}, err
	}
	c := configured{settings: settings, exceptions: exceptions}
	p.settings[g.Name] = c
	var said []error
	for _, e := range exceptions {
		if !e.Expired(p.now()) {
			said = append(said, p.say(fmt.Sprintf("guardrails: exception in force until %s: %s is let off %s: %s",
				e.Expires, e.Resource, g.Name, e.Reason)))
		}
	}
	return c, errors.Join(said...)
}

// report passes findings on, less those that an exception in force covers.
func (p *pack) report(g guardrails.Guardrail, c configured, f guardrails.Findings, manager policyx.PolicyManager) {
	verdict := guardrails.Excuse(f, c.exceptions, p.now())
	for _, v := range verdict.Violations {
		manager.ReportViolation(v.Message(g), v.URN)
	}
	p.remember(g, verdict)
}

// remember keeps what a rule could not judge.
func (p *pack) remember(g guardrails.Guardrail, verdict guardrails.Findings) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, u := range verdict.Unjudged {
		p.unjudged = append(p.unjudged, fmt.Sprintf("%s: %s (%s)", u.Resource, u.Path, g.Name))
	}
}

func resourceOf(r policyx.AnalyzerResource) guardrails.Resource {
	return guardrails.Resource{
		Type: r.Type, Name: r.Name, URN: r.URN, Props: r.Properties, Provider: r.Provider.Properties,
		Protect: r.Options.Protect, Parent: r.Parent, Refers: r.PropertyDependencies,
	}
}

// witness sees every resource first and keeps what the program declares of it.
// When the stack is judged, the engine shows only what the provider made of it,
// in which a block that the program leaves out may be a value not known yet.
//
// behind are the policies to which the resource would be shown next: a rule whose
// configuration is known and that finds nothing is spared it.
func (p *pack) witness(behind []policyx.Policy) policyx.Policy {
	return policyx.NewResourceValidationPolicy("every-resource", policyx.ResourceValidationPolicyArgs{
		Description:      "Sees each resource for the rules that judge the whole stack. It has no opinion.",
		EnforcementLevel: policyx.EnforcementLevelAdvisory,
		ValidateResource: func(_ context.Context, args policyx.ResourceValidationArgs) error {
			r := resourceOf(args.Resource)
			p.mu.Lock()
			p.inputs[r.URN] = r
			known := maps.Clone(p.settings)
			p.mu.Unlock()
			for i, policy := range behind {
				g, judges := p.judges[policy]
				if !judges {
					continue
				}
				c, ok := known[g.Name]
				if !ok {
					continue // it has its configuration yet to see
				}
				verdict := guardrails.Excuse(g.CheckResource(r, p.stage, c.settings), c.exceptions, p.now())
				if len(verdict.Violations) == 0 {
					p.remember(g, verdict)
					behind[i] = p.nothing
				}
			}
			return nil
		},
	})
}

// stackOf joins what the program declares with what the provider made of it.
func (p *pack) stackOf(resources []policyx.AnalyzerResource) guardrails.Stack {
	p.mu.Lock()
	defer p.mu.Unlock()
	stack := make(guardrails.Stack, 0, len(resources))
	for _, shown := range resources {
		r := resourceOf(shown)
		r.Outputs = shown.Properties
		if declared, ok := p.inputs[shown.URN]; ok {
			r.Props, r.Provider = declared.Props, declared.Provider
		}
		stack = append(stack, r)
	}
	return stack
}

func levelOf(level guardrails.Level) policyx.EnforcementLevel {
	switch level {
	case guardrails.Disabled:
		return policyx.EnforcementLevelDisabled
	case guardrails.Advisory:
		return policyx.EnforcementLevelAdvisory
	default:
		return policyx.EnforcementLevelMandatory
	}
}

func schemaOf(g guardrails.Guardrail) *policyx.ConfigSchema {
	return &policyx.ConfigSchema{Properties: g.Schema()}
}
