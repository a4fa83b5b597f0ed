package main

import (
	"os"
	"testing"

	"gopkg.in/yaml.v3"
)

func TestTheVersionIsThatOfThePackFile(t *testing.T) {
	file, err := os.ReadFile("PulumiPolicy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var project struct{ Name, Version, Runtime string }
	if err := yaml.Unmarshal(file, &project); err != nil {
		t.Fatal(err)
	}
	if project.Name != packName || project.Version != packVersion || project.Runtime != "go" {
		t.Errorf("PulumiPolicy.yaml says %+v, the pack is %s %s", project, packName, packVersion)
	}
}
