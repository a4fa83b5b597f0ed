package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"
	posener "github.com/posener/complete"
	"github.com/willabides/kongplete"

	"crawlerless/automation/workspace"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"Which shell: ${enum}."`
}

// Help is shown by completion --help.
func (completionCommand) Help() string {
	return `The shell asks the compiled program, so compile it first.

Examples:
  go build -o ~/bin/automation ./automation
  source <(automation completion bash)        # in ~/.bashrc
  source <(automation completion zsh)         # in ~/.zshrc
  automation completion fish | source         # in ~/.config/fish/config.fish`
}

func (c *completionCommand) Run(s *session) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	if strings.Contains(program, "go-build") {
		return &usageError{errors.New("this program is a temporary one of `go run`: compile it (go build -o ~/bin/automation ./automation) and ask that one")}
	}
	s.console.Printf("%s", completionScript(c.Shell, filepath.ToSlash(program)))
	return nil
}

// completionScript registers the program as its own completer: the shell sets
// COMP_LINE and reads a candidate from each line.
func completionScript(shell, program string) string {
	quoted := "'" + strings.ReplaceAll(program, "'", `'\\''`) + "'"
	switch shell {
	case "zsh":
		return "autoload -U +X bashcompinit && bashcompinit\ncomplete -C " + quoted + " automation\n"
	case "fish":
		quoted = "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(program) + "'"
		return fmt.Sprintf(`function __complete_automation
    set -lx COMP_LINE (commandline -cp)
    test -z (commandline -ct); and set COMP_LINE "$COMP_LINE "
    %s
end
complete -f -c automation -a "(__complete_automation)"
`, quoted)
	}
	return "complete -C " + quoted + " automation\n"
}

// complete answers a shell that asks for candidates, and says whether one did.
func complete(parser *kong.Kong, getenv func(string) string) bool {
	if getenv("COMP_LINE") == "" {
		return false
	}
	done := false
	kongplete.Complete(parser,
		kongplete.WithExitFunc(func(int) { done = true }),
		kongplete.WithErrorHandler(func(error) { done = true }), // a shell that completes has no place for errors
		kongplete.WithPredictor("stage", posener.PredictFunc(func(posener.Args) []string {
			root, err := projectRoot()
			if err != nil {
				return nil
			}
			stages, err := workspace.Stages(root)
			if err != nil {
				return nil
			}
			return stages
		})),
		kongplete.WithPredictor("file", posener.PredictFiles("*")),
	)
	return done
}
