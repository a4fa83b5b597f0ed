//go:build !unix

package runs

import (
	"errors"
	"os"
)

// tryLock refuses: the driver's runs need file locks as Unix has them.
func tryLock(*os.File) (bool, error) {
	return false, errors.New("this system has no advisory file locks: run the driver on Linux, macOS or in WSL")
}
