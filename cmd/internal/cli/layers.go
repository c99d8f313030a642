package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/docker/go-units"
	"golang.org/x/term"

	"github.com/ecsctl/ecsctl/cmd/internal/images"
)

// A layers says on stderr how far the layers of an image are: on a terminal each has a line that lives, elsewhere a line
// when it is there.
type layers struct {
	w      io.Writer
	live   bool
	active []images.Layer // lines that live, the oldest first
	drawn  int            // lines that stand on the terminal
}

func (a *app) newLayers() *layers {
	l := &layers{w: a.stderr}
	if a.quiet {
		l.w = io.Discard
	} else if f, ok := a.stderr.(*os.File); ok && a.env["TERM"] != "dumb" {
		l.live = term.IsTerminal(int(f.Fd()))
	}
	return l
}

// line writes a line that stays.
func (l *layers) line(format string, args ...any) {
	l.clear()
	fmt.Fprintf(l.w, format+"\n", args...)
	l.draw()
}

func (l *layers) report(e images.Layer) {
	i := -1
	for n, other := range l.active {
		if other.Digest == e.Digest {
			i = n
		}
	}
	switch final := e.State != images.Compressing && e.State != images.Uploading; {
	case final:
		if i >= 0 {
			l.active = append(l.active[:i], l.active[i+1:]...)
		}
		l.line("layer %s: %s, %s", short(e.Digest), e.State, units.HumanSize(float64(e.Total)))
		return
	case e.State == images.Compressing && e.Total > 0 && e.Done >= e.Total && i >= 0:
		l.active = append(l.active[:i], l.active[i+1:]...) // it goes on under its digest
	case i >= 0:
		if !moved(l.active[i], e) {
			return
		}
		l.active[i] = e
	default:
		l.active = append(l.active, e)
	}
	l.clear()
	l.draw()
}

// moved reports whether there is something new to see: a hundredth more, or a mebibyte.
func moved(old, now images.Layer) bool {
	return old.State != now.State || now.Done < old.Done || now.Done-old.Done >= max(min(now.Total/100, 1<<20), 64<<10)
}

// short returns the first digits of a digest.
func short(digest string) string {
	hex := strings.TrimPrefix(digest, "sha256:")
	return hex[:min(12, len(hex))]
}

func (l *layers) draw() {
	if !l.live {
		return
	}
	for _, e := range l.active {
		fmt.Fprintf(l.w, "layer %s: %s", short(e.Digest), e.State)
		if e.Total > 0 {
			fmt.Fprintf(l.w, " %3d%% of %s", e.Done*100/e.Total, units.HumanSize(float64(e.Total)))
		}
		fmt.Fprintln(l.w)
	}
	l.drawn = len(l.active)
}

func (l *layers) clear() {
	for ; l.drawn > 0; l.drawn-- {
		fmt.Fprint(l.w, "\x1b[1A\x1b[2K")
	}
}

// end removes the lines that live.
func (l *layers) end() {
	l.clear()
	l.active = nil
}
