package source

import (
	"slices"
	"testing"

	"github.com/compose-spec/compose-go/v2/template"
)

var variables = map[string]string{"SET": "value", "EMPTY": "", "A": "x", "NESTED": "${SET}", "a_b": "y"}

func lookup(name string) (string, bool) {
	v, ok := variables[name]
	return v, ok
}

func TestInterpolate(t *testing.T) {
	for _, c := range []struct {
		in, want string
		unset    []string
		err      string
	}{
		{in: "plain", want: "plain"},
		{in: "$SET and ${SET}", want: "value and value"},
		{in: "$SETX", unset: []string{"SETX"}},
		{in: "${SET}X", want: "valueX"},
		{in: "$a_b-$A.", want: "y-x."},
		{in: "$$SET $$", want: "$SET $"},
		{in: "cost: 5$", want: "cost: 5$"},
		{in: "$1 $- $ x", want: "$1 $- $ x"},
		{in: "${UNSET} ${UNSET}", want: " ", unset: []string{"UNSET", "UNSET"}},
		{in: "${NESTED}", want: "${SET}"},
		{in: "${UNSET:-d}${UNSET-d}${EMPTY:-d}${EMPTY-d}${SET:-d}", want: "dddvalue"},
		{in: "${UNSET:+r}${UNSET+r}${EMPTY:+r}${EMPTY+r}${SET:+r}", want: "rr"},
		{in: "${UNSET:-${SET:+${A}}}", want: "x"},
		{in: "${UNSET:-$SET/{a}}", want: "value/{a}"},
		{in: "${UNSET:-a:b?c}", want: "a:b?c"},
		{in: "${UNSET:-}", want: ""},
		{in: "${SET:?m}", want: "value"},
		{in: "${UNSET:?say $SET}", err: "the variable UNSET must be set: say $SET"},
		{in: "${UNSET?}", err: "the variable UNSET must be set"},
		{in: "${EMPTY:?m}", err: "the variable EMPTY must be set: m"},
		{in: "${EMPTY?m}", want: ""},
		{in: "${", err: `"${" has no closing brace: write $$ for a dollar sign`},
		{in: "a ${SET", err: `"${SET" has no closing brace: write $$ for a dollar sign`},
		{in: "${}", err: `"${}" is no variable: write $$ for a dollar sign`},
		{in: "${SET/x}", err: `"${SET/x}" is no variable: write $$ for a dollar sign`},
	} {
		t.Run(c.in, func(t *testing.T) {
			got, unset, err := Interpolate(c.in, lookup)
			switch {
			case c.err != "" && (err == nil || err.Error() != c.err):
				t.Errorf("error %v, want %s", err, c.err)
			case c.err == "" && err != nil:
				t.Error(err)
			case got != c.want && c.err == "":
				t.Errorf("got %q, want %q", got, c.want)
			case c.err == "" && !slices.Equal(unset, c.unset):
				t.Errorf("unset %q, want %q", unset, c.unset)
			}
		})
	}
}

// FuzzInterpolate holds interpolation against compose-go's: what both take comes to the same text.
func FuzzInterpolate(f *testing.F) {
	for _, s := range []string{
		"plain", "$SET", "${SET}", "${UNSET:-a ${SET} b}", "$$", "${EMPTY:+x}", "${SET:?m}", "${", "$1", "a${b}c", "${A:-{}}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, _, err := Interpolate(s, lookup)
		want, theirs := template.SubstituteWithOptions(s, lookup, template.WithoutLogging)
		if err == nil && theirs == nil && got != want {
			t.Errorf("%q: got %q, compose-go %q", s, got, want)
		}
	})
}
