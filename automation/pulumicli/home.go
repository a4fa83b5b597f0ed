package pulumicli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Home makes dir a PULUMI_HOME that lives no longer than the run, and returns it.
//
// Every command of the CLI writes an automatic log into its home: each call
// between engine and plugins, compressed and encrypted as it goes, a tenth of a
// warm preview's time, to be thrown away with the home. The CLI has no setting
// against it, but does without where it cannot make the folder; so a file stands
// in its place. What went wrong is in the CLI's output, with or without.
func Home(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("home of the Pulumi CLI: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "logs"), os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return dir, nil
	}
	if err != nil {
		return "", fmt.Errorf("home of the Pulumi CLI: %w", err)
	}
	return dir, f.Close()
}
