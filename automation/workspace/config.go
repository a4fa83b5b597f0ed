package workspace

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"crawlerless/stack/pipeline"
)

// StageConfig is the validated configuration of a stage, as its file has it.
func StageConfig(root, stage string) (pipeline.Config, error) {
	file, err := readStage(root, stage)
	if err != nil {
		return pipeline.Config{}, err
	}
	return configOf(file.config)
}

// configOf understands settings as the engine hands them to a program: text as
// it is, everything else as JSON.
func configOf(settings map[string]any) (pipeline.Config, error) {
	if err := pipeline.CheckKeys(slices.Sorted(maps.Keys(settings))); err != nil {
		return pipeline.Config{}, err
	}
	texts := map[string]string{}
	for key, value := range settings {
		switch v := value.(type) {
		case string:
			texts[key] = v
		default:
			b, err := json.Marshal(v)
			if err != nil {
				return pipeline.Config{}, fmt.Errorf("%s: %w", key, err)
			}
			texts[key] = string(b)
		}
	}
	return pipeline.LoadConfig(func(key string) (string, bool) {
		t, ok := texts[pipeline.Namespace+":"+key]
		return t, ok
	})
}

// Region is the stage's aws:region; empty where it names none.
func Region(root, stage string) (string, error) {
	file, err := readStage(root, stage)
	if err != nil {
		return "", err
	}
	region, _ := file.config["aws:region"].(string)
	return region, nil
}
