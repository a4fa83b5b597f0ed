package pipeline

// generator makes the function that writes realistic logs when it is invoked.
func (p *program) generator() (*function, error) {
	return p.lambda(functionSpec{
		part:        "generate",
		description: "Writes realistic structured logs, for development and end-to-end tests",
		code:        p.code.Generate,
		memoryMiB:   128, timeoutSec: 60,
	})
}
