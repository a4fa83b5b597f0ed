package guardrails

// Stage is what the pack knows of the stage whose stack it judges, beyond the
// resources themselves.
type Stage struct {
	// Name is the Pulumi stack, for example prod.
	Name string
	// GBPerDay is the volume that the stage expects, in GB of raw log a day;
	// zero when the configuration does not say.
	GBPerDay float64
}
