package trino

// Functions lists all functions with their signatures, for tests.
func Functions(each func(name string, args []Type, aggregate, window bool)) {
	for _, overloads := range functionTable() {
		for _, f := range overloads {
			each(f.name, f.args, f.aggregate, f.window)
		}
	}
}
