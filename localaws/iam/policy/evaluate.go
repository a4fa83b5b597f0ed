package policy

import "slices"

// Request is one action on one resource by one principal.
type Request struct {
	Principal Principal
	Action    string // "s3:GetObject"
	Resource  string // ARN or "*"
	Context   Context
}

// Principal is who asks.
type Principal struct {
	Account   string
	ARN       string // of the user, root or session
	Role      string // ARN of the role behind a session
	Service   string // "events.amazonaws.com", for a service itself
	Anonymous bool
}

// Policies are all that apply to a request.
type Policies struct {
	Identity []*Document
	// Limits are sets of which each must allow as well: a permissions boundary,
	// session policies.
	Limits [][]*Document
	// Resource is attached to the resource, or nil.
	Resource *Document
	// ResourceMustAllow is true for actions that need an allow of the resource's
	// own policy whatever identity policies say: sts:AssumeRole, and every call
	// by a service.
	ResourceMustAllow bool
}

// Decision is the outcome and why.
type Decision struct {
	Allowed bool
	// Explicit is set when a Deny statement decided.
	Explicit bool
	// Source is the kind of policy that decided.
	Source string
}

// Reason words a refusal as AWS's access denied messages do.
func (d Decision) Reason(action string) string {
	article := "a"
	switch d.Source {
	case SourceIdentity:
		article = "an"
	case SourceTrust:
		article = "the"
	}
	if d.Explicit {
		return "with an explicit deny in " + article + " " + d.Source
	}
	return "because no " + d.Source + " allows the " + action + " action"
}

// The kinds of policy in the words of access denied messages.
const (
	SourceIdentity = "identity-based policy"
	SourceResource = "resource-based policy"
	SourceLimit    = "permissions boundary"
	SourceTrust    = "role trust policy"
)

// grant says how far a document goes for a request.
type grant int

const (
	nothing   grant = iota
	delegated       // allows the account, which must allow its principal itself
	direct          // allows the role
	session         // allows this very session, which no limit narrows
)

// Evaluate decides.
func Evaluate(r Request, p Policies) Decision {
	for _, doc := range p.Identity {
		if doc.denies(r, false) {
			return Decision{Explicit: true, Source: SourceIdentity}
		}
	}
	for _, limit := range p.Limits {
		for _, doc := range limit {
			if doc.denies(r, false) {
				return Decision{Explicit: true, Source: SourceLimit}
			}
		}
	}
	given := nothing
	if p.Resource != nil {
		if p.Resource.denies(r, true) {
			return Decision{Explicit: true, Source: SourceResource}
		}
		given = p.Resource.grants(r, true)
	}
	if given == nothing && (p.ResourceMustAllow || r.Principal.Anonymous || r.Principal.Service != "") {
		return Decision{Source: SourceResource}
	}
	if given < direct && !allows(p.Identity, r) {
		return Decision{Source: SourceIdentity}
	}
	if given < session {
		for _, limit := range p.Limits {
			if !allows(limit, r) {
				return Decision{Source: SourceLimit}
			}
		}
	}
	return Decision{Allowed: true}
}

func allows(docs []*Document, r Request) bool {
	return slices.ContainsFunc(docs, func(doc *Document) bool { return doc.grants(r, false) > nothing })
}

func (d *Document) denies(r Request, byPrincipal bool) bool {
	return slices.ContainsFunc(d.Statements, func(s Statement) bool {
		return s.Deny && s.applies(r, d.Version) && (!byPrincipal || s.principal(r.Principal) > nothing)
	})
}

func (d *Document) grants(r Request, byPrincipal bool) grant {
	best := nothing
	for _, s := range d.Statements {
		if s.Deny || !s.applies(r, d.Version) {
			continue
		}
		if !byPrincipal {
			return direct
		}
		best = max(best, s.principal(r.Principal))
	}
	return best
}

// applies compares everything but the principal.
func (s Statement) applies(r Request, version string) bool {
	action := func(p string) bool { return matchesAction(p, r.Action) }
	resource := func(p string) bool {
		compiled, ok := compile(p, version, r.Context)
		return ok && compiled.matchesARN(r.Resource)
	}
	switch {
	case s.Actions != nil && !slices.ContainsFunc(s.Actions, action),
		s.NotActions != nil && slices.ContainsFunc(s.NotActions, action),
		s.Resources != nil && !slices.ContainsFunc(s.Resources, resource),
		s.NotResources != nil && slices.ContainsFunc(s.NotResources, resource):
		return false
	}
	return !slices.ContainsFunc(s.Conditions, func(c Condition) bool { return !c.holds(version, r.Context) })
}

func (s Statement) principal(p Principal) grant {
	if s.NotPrincipals != nil {
		if s.NotPrincipals.match(p) > nothing {
			return nothing
		}
		return direct
	}
	return s.Principals.match(p)
}

func (ps Principals) match(p Principal) grant {
	best := nothing
	for _, value := range ps["AWS"] {
		switch {
		case value == "*":
			best = max(best, direct)
		case p.Anonymous || p.Service != "":
		case value == p.ARN && p.Role != "":
			best = max(best, session)
		case value == p.Role, value == p.ARN && value != accountRoot(p.Account):
			best = max(best, direct)
		case value == p.Account, value == accountRoot(p.Account):
			best = max(best, delegated)
		}
	}
	if p.Service != "" && slices.Contains(ps["Service"], p.Service) {
		best = direct
	}
	return best
}

func accountRoot(account string) string { return "arn:aws:iam::" + account + ":root" }
