package main_test

import (
	"os"
	"strings"
	"testing"
)

// TestReadme: what the README shows of a day with a service is what a script does.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(scripts + "/readme_day_with_a_service.txtar")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "### A day with a service")
	section, _, _ = strings.Cut(section, "\n###")
	commands, rest := 0, string(script)
	for line := range strings.Lines(section) {
		command, ok := strings.CutPrefix(line, "    ecsctl ")
		if !ok {
			continue
		}
		commands++
		if _, after, found := strings.Cut(rest, " ecsctl "+command); found {
			rest = after
		} else {
			t.Errorf("the script does not go on with ecsctl %s", command)
		}
	}
	if commands == 0 {
		t.Error("the README shows no day with a service")
	}
}
