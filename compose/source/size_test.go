package source

import (
	"strings"
	"testing"
)

func TestParseSize(t *testing.T) {
	const large, wrong = -3, -2
	for text, want := range map[string]int64{
		"0": 0, "-1": -1, "512": 512, "512m": 512 << 20, "1.5gb": 3 << 29, "x": wrong, "": wrong, "1.5": 1,
		"99999999999g": large, "99999999999999999999": large, "9000000000000m": large,
	} {
		got, err := ParseSize(text)
		if err != nil && strings.HasPrefix(err.Error(), "is more than") {
			got = large
		} else if err != nil {
			got = wrong
		}
		if got != want {
			t.Errorf("%q: got %d %v, want %d", text, got, err, want)
		}
	}
}
