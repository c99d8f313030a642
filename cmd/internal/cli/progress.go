package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/ecsctl/ecsctl/cmd/internal/deploy"
)

// A progress says on stderr what goes on: on a terminal the last line lives, elsewhere each event has a line.
type progress struct {
	w     io.Writer
	live  bool
	last  string // what was said of the tasks, without the time
	shown bool   // a live line stands on the terminal
}

func (a *app) newProgress() *progress {
	p := &progress{w: a.stderr}
	if a.quiet {
		p.w = io.Discard
	} else if f, ok := a.stderr.(*os.File); ok && a.env["TERM"] != "dumb" {
		p.live = term.IsTerminal(int(f.Fd()))
	}
	return p
}

func (p *progress) report(e deploy.Event) {
	switch {
	case e.Step != nil && e.Step.Action != "wait":
		p.line("%s %s: %s", e.Step.Action, e.Step.On, e.Step.Why)
	case e.Note != "":
		p.line("%s", e.Note)
	case e.Tasks != nil:
		p.status(fmt.Sprintf("waiting for %s: %s", e.Tasks.Awaited, e.Tasks), e.Tasks.Elapsed)
	case e.Rollout != nil:
		p.status(e.Rollout.String(), e.Rollout.Elapsed)
	}
}

// line writes a line that stays.
func (p *progress) line(format string, args ...any) {
	p.clear()
	fmt.Fprintf(p.w, format+"\n", args...)
}

// status says how far what is awaited is: again on a terminal, if it has changed elsewhere.
func (p *progress) status(said string, elapsed time.Duration) {
	elapsed = elapsed.Round(time.Second)
	if p.live {
		p.clear()
		fmt.Fprint(p.w, p.cropped(fmt.Sprintf("%s (%s)", said, elapsed)))
		p.shown = true
		return
	}
	if said != p.last {
		fmt.Fprintf(p.w, "%s (%s)\n", said, elapsed)
		p.last = said
	}
}

// cropped returns as much of a line as the terminal has room for: a longer one could not be cleared.
func (p *progress) cropped(line string) string {
	f, ok := p.w.(*os.File)
	if !ok {
		return line
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if runes := []rune(line); err == nil && width > 1 && len(runes) >= width {
		return string(runes[:width-2]) + "…"
	}
	return line
}

func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}

// end leaves the last live line as it is.
func (p *progress) end() {
	if p.shown {
		fmt.Fprintln(p.w)
		p.shown = false
	}
}

// table writes rows in columns, the first row being their headings.
func table(w io.Writer, rows [][]string) error {
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], len([]rune(cell)))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", width[i]-len([]rune(cell))+2))
			}
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(b.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}
