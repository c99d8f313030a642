package cli

import (
	"reflect"
	"slices"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
)

// TestBuildKeys: each key of build becomes a flag of docker build.
func TestBuildKeys(t *testing.T) {
	rows := []string{"DockerfileInline", "Extensions"} // that of dockerfile has it; they mean nothing to Docker
	for _, row := range buildKeys {
		rows = append(rows, row.field)
	}
	slices.Sort(rows)
	var fields []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[types.BuildConfig]()) {
		fields = append(fields, f.Name)
	}
	slices.Sort(fields)
	if !slices.Equal(rows, fields) {
		t.Errorf("rows %v\nfields %v", rows, fields)
	}
}
