// Package workspace runs the Pulumi program of a stage through the automation
// API, on a copy of the project's files, so that the checkout never changes:
// creating a stack writes into its configuration file, and removing it deletes
// that file.
package workspace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"gopkg.in/yaml.v3"

	"crawlerless/automation/pulumicli"
	"crawlerless/stack/pipeline"
)

// Options says what to open.
type Options struct {
	Root  string // the checkout
	Dir   string // where the temporary folder is made; empty is the system's
	Stage string // whose Pulumi.<stage>.yaml is the configuration
	Stack string // the stack's name; empty is Stage
	// Overrides are configuration keys ("crawlerless:forceDestroy") that replace
	// the file's. Values are as in the file: strings, numbers, lists.
	Overrides map[string]any
	// Backend is the URL of the state backend; empty is the user's own.
	Backend string
	// Existing says that the stack must be there already, New that it must not:
	// it is made without a look for it.
	Existing, New bool
	// Env is added to the CLI's environment.
	Env     map[string]string
	Command auto.PulumiCommand
	Code    pipeline.Code
	// PolicyPack is the compiled policy pack, PolicyConfig its settings for the
	// stage.
	PolicyPack, PolicyConfig string
	// Transform, where not nil, is run inside the program before the pipeline:
	// tests use it to make a program deliberately bad.
	Transform func(*pulumi.Context) error
	// Engine, where not nil, gets what the CLI prints.
	Engine io.Writer
	// Tags, where not empty, are put on a new stack itself, as the backend keeps
	// it: owner, run, created, expires. A stack with tags is ephemeral: no
	// backups of its state are kept.
	Tags map[string]string
}

// Workspace is one stack, open for commands.
type Workspace struct {
	Stack  auto.Stack
	Config pipeline.Config
	o      Options
	dir    string
}

// Open copies the project's configuration to a temporary folder and makes or
// selects the stack there. Close removes the folder; the stack stays.
func Open(ctx context.Context, o Options) (_ *Workspace, err error) {
	if o.Stack == "" {
		o.Stack = o.Stage
	}
	if err := pipeline.CheckStage(o.Stack); err != nil {
		return nil, err
	}
	file, err := readStage(o.Root, o.Stage)
	if err != nil {
		return nil, err
	}
	maps.Copy(file.config, o.Overrides)
	config, err := configOf(file.config)
	if err != nil {
		return nil, fmt.Errorf("configuration of %s: %w", o.Stage, err)
	}
	dir, err := os.MkdirTemp(o.Dir, "crawlerless-workspace-")
	if err != nil {
		return nil, err
	}
	w := &Workspace{Config: config, o: o, dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	if err := w.copyProject(file); err != nil {
		return nil, err
	}
	env := map[string]string{"PULUMI_SKIP_UPDATE_CHECK": "true"}
	options := []auto.LocalWorkspaceOption{auto.WorkDir(w.project()), auto.Pulumi(o.Command)}
	if o.Backend != "" {
		// A backend of our own: nothing of the user's login or plugins matters,
		// and nothing is written into their home.
		env["PULUMI_BACKEND_URL"] = o.Backend
		if env["PULUMI_HOME"], err = pulumicli.Home(filepath.Join(dir, "home")); err != nil {
			return nil, err
		}
		options = append(options, auto.PulumiHome(env["PULUMI_HOME"]))
	}
	if len(o.Tags) > 0 {
		env["PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS"] = "true"
	}
	maps.Copy(env, o.Env)
	open := auto.UpsertStackInlineSource
	switch {
	case o.Existing:
		open = auto.SelectStackInlineSource
	case o.New:
		open = auto.NewStackInlineSource
	}
	options = append(options, auto.EnvVars(env))
	w.Stack, err = open(ctx, o.Stack, project, w.program, options...)
	if unreadable(err) && len(o.Tags) > 0 {
		// The CLI of an ephemeral stack was killed while it wrote.
		space, e := auto.NewLocalWorkspace(ctx, options...)
		if e == nil {
			e = mend(ctx, space, o.Stack)
		}
		if e != nil {
			return nil, errors.Join(&EngineError{Command: "stack select", Err: err}, e)
		}
		w.Stack, err = open(ctx, o.Stack, project, w.program, options...)
	}
	if auto.IsSelectStack404Error(err) {
		return nil, fmt.Errorf("%w %s: bring it up first", ErrNoStack, o.Stack)
	}
	if err != nil {
		err = &EngineError{Command: "stack select", Err: err}
		if len(o.Tags) > 0 && !o.Existing {
			err = errors.Join(err, w.unmake(context.WithoutCancel(ctx), options))
		}
		return nil, err
	}
	return w, nil
}

// unmake removes a stack whose making failed half-way, if it is there.
func (w *Workspace) unmake(ctx context.Context, options []auto.LocalWorkspaceOption) error {
	space, err := auto.NewLocalWorkspace(ctx, options...)
	if err != nil {
		return &EngineError{Command: "stack rm", Err: err}
	}
	if err := space.RemoveStack(ctx, w.o.Stack); err != nil && !auto.IsSelectStack404Error(err) {
		return &EngineError{Command: "stack rm", Err: err}
	}
	return nil
}

// Tag puts the tags on the stack. A backend that has none for stacks says so.
func (w *Workspace) Tag(ctx context.Context) error {
	for _, key := range slices.Sorted(maps.Keys(w.o.Tags)) {
		if err := w.Stack.Workspace().SetTag(ctx, w.o.Stack, key, w.o.Tags[key]); err != nil {
			return &EngineError{Command: "stack tag set", Err: err}
		}
	}
	return nil
}

// ErrNoStage says that a stage has no configuration file.
var ErrNoStage = errors.New("there is no stage")

// ErrNoStack says that a stack that must exist does not.
var ErrNoStack = errors.New("there is no stack")

// KeepEncryption writes what making the stack added to its copied configuration
// file, how secrets are encrypted, back to the stage's own file, as the CLI
// would have done in the checkout. It answers whether it had to.
func (w *Workspace) KeepEncryption() (bool, error) {
	b, err := os.ReadFile(w.stackFile())
	if err != nil {
		return false, err
	}
	var copied map[string]any
	if err := yaml.Unmarshal(b, &copied); err != nil {
		return false, err
	}
	own, err := readStage(w.o.Root, w.o.Stage)
	if err != nil {
		return false, err
	}
	added := map[string]any{}
	for _, key := range []string{"secretsprovider", "encryptedkey", "encryptionsalt"} {
		if v, ok := copied[key]; ok && own.all[key] == nil {
			added[key] = v
		}
	}
	if len(added) == 0 {
		return false, nil
	}
	lines, err := yaml.Marshal(added)
	if err != nil {
		return false, err
	}
	// Appended, so that the file keeps its comments.
	f, err := os.OpenFile(filepath.Join(w.o.Root, "Pulumi."+w.o.Stage+".yaml"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return false, err
	}
	_, err = f.Write(lines)
	return true, errors.Join(err, f.Close())
}

func (w *Workspace) project() string { return filepath.Join(w.dir, "project") }

// program is what stack/main.go runs, with the code already compiled.
func (w *Workspace) program(ctx *pulumi.Context) error {
	if w.o.Transform != nil {
		if err := w.o.Transform(ctx); err != nil {
			return err
		}
	}
	_, err := pipeline.Deploy(ctx, w.Config, w.o.Code)
	return err
}

// copyProject writes Pulumi.yaml and the stack's configuration. The runtime is
// the program in this process: `main` has no meaning here.
func (w *Workspace) copyProject(file stageFile) error {
	if err := os.MkdirAll(w.project(), 0o700); err != nil {
		return err
	}
	project := map[string]any{"name": project, "runtime": "go", "description": "A log lake on AWS without Glue crawlers"}
	if err := writeYAML(filepath.Join(w.project(), "Pulumi.yaml"), project); err != nil {
		return err
	}
	return writeYAML(w.stackFile(), file.all)
}

func (w *Workspace) stackFile() string {
	return filepath.Join(w.project(), "Pulumi."+w.o.Stack+".yaml")
}

func writeYAML(path string, v any) error {
	b, err := yaml.Marshal(v)
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o600)
}

// Stages lists the stages that the project has a configuration for.
func Stages(root string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(root, "Pulumi.*.yaml"))
	if err != nil {
		return nil, err
	}
	var stages []string
	for _, f := range files {
		name := filepath.Base(f)
		stages = append(stages, name[len("Pulumi."):len(name)-len(".yaml")])
	}
	slices.Sort(stages)
	return stages, nil
}

// stageFile is the configuration file of a stage. Beside the configuration it
// may hold how the stack's secrets are encrypted.
type stageFile struct {
	all    map[string]any
	config map[string]any // all["config"]
}

// readStage reads the configuration file of a stage.
func readStage(root, stage string) (stageFile, error) {
	path := filepath.Join(root, "Pulumi."+stage+".yaml")
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		stages, _ := Stages(root) // only to help; the missing file is the error
		return stageFile{}, fmt.Errorf("%w %q (no Pulumi.%s.yaml); there are: %s", ErrNoStage, stage, stage, strings.Join(stages, ", "))
	}
	if err != nil {
		return stageFile{}, err
	}
	f := stageFile{all: map[string]any{}}
	if err := yaml.Unmarshal(b, &f.all); err != nil {
		return stageFile{}, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	switch c := f.all["config"].(type) {
	case nil:
		f.config = map[string]any{}
		f.all["config"] = f.config
	case map[string]any:
		f.config = c
	default:
		return stageFile{}, fmt.Errorf("%s: config must be a map of settings", filepath.Base(path))
	}
	return f, nil
}

// Close removes the temporary folder.
func (w *Workspace) Close() error { return os.RemoveAll(w.dir) }

// Options are those with which the workspace was opened.
func (w *Workspace) Options() Options { return w.o }
