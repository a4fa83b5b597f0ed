// Package provider is a stand-in for the `aws` Pulumi provider: a resource
// provider that the real Pulumi engine attaches to
// (PULUMI_DEBUG_PROVIDERS=aws:<port>) and that turns the resource types of
// pulumi-aws v6 into AWS API calls with aws-sdk-go-v2, against any endpoint
// that speaks AWS's protocols.
//
// It holds no state of its own. What a resource is, is asked of the endpoint;
// what it should be, comes with each request. It may be stopped and started
// between any two calls.
//
// Guarantees:
//   - A resource type that is not in the list (resources.go), an input property
//     that is not handled and a provider setting that is not known are errors
//     that name it. Nothing is accepted and dropped.
//   - Inputs, outputs, identifiers, names, defaults and replacements are those
//     of the real provider (terraform-provider-aws 5 behind pulumi-aws 6), as
//     far as the listed properties go, so that a preview shows the same.
//   - A resource that came into being is never lost: when a later call of its
//     creation fails, the engine is told its id along with the failure.
//   - Deleting what is gone succeeds; reading what is gone says so.
//
// It does not serve a package schema, components or parameterization, and it
// knows only the resources that this project's stack uses.
package provider
