package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/ecsctl/ecsctl/cmd/internal/logs"
)

// TestPrefixes: who wrote a line stands before it, in a column, and in a colour of its own on a terminal only.
func TestPrefixes(t *testing.T) {
	for _, test := range []struct {
		name string
		o    outputOptions
		want string
	}{
		{"one", outputOptions{}, "hello\nhello\n"},
		{"several", outputOptions{prefix: true, tasks: 1}, "web | hello\ndb  | hello\n"},
		{"several tasks", outputOptions{prefix: true, tasks: 2}, "web/01234567 | hello\ndb/01234567  | hello\n"},
		{"terminal", outputOptions{prefix: true, tasks: 1, colour: true},
			palette[0] + "web | \x1b[0mhello\n" + palette[1] + "db  | \x1b[0mhello\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var b bytes.Buffer
			p := &linePrinter{w: &b, o: test.o, clear: func() {}, width: len("web")}
			for _, container := range []string{"web", "db"} {
				s := &logs.Stream{Container: container, Task: strings.Repeat("0123456789abcdef", 2)}
				if err := p.write(&logs.Event{Stream: s, Time: time.Unix(0, 0), Message: "hello\n"}); err != nil {
					t.Fatal(err)
				}
			}
			if b.String() != test.want {
				t.Errorf("got\n%q\nwant\n%q", b.String(), test.want)
			}
		})
	}
}
