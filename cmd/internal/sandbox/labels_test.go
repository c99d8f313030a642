package sandbox

import (
	"strings"
	"testing"
)

// TestLabels: each label that there is has its line.
func TestLabels(t *testing.T) {
	for _, l := range labels {
		if !strings.Contains(Labels, "  "+labelPrefix+l.name+": ") {
			t.Errorf("labels.txt has no line of %s", l.name)
		}
	}
}
