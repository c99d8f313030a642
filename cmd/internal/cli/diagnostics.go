package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/ecsctl/ecsctl/compose/diag"
)

// judge returns the diagnostics that the user wants to see, with warnings as errors if the user wants it so. What the
// user has allowed stays allowed.
func (a *app) judge(diags diag.List) diag.List {
	var judged diag.List
	for _, d := range diags {
		if a.strict && d.Severity == diag.Warning && !d.Allowed {
			d.Severity = diag.Error
		}
		if d.Severity == diag.Error || !a.quiet {
			judged = append(judged, d)
		}
	}
	return judged
}

// report writes the diagnostics to stderr, a line each, and returns errInvalid if there is an error among them.
// Of notes that say the same about several places one is shown.
func (a *app) report(diags diag.List) error {
	diags = a.judge(diags)
	if a.verbose {
		a.writeText(a.stderr, diags)
	} else {
		a.writeText(a.stderr, condense(diags))
	}
	if diags.HasErrors() {
		return errInvalid
	}
	return nil
}

// condense keeps the first of the notes that say the same, with the number of the others.
func condense(diags diag.List) diag.List {
	type kind struct{ rule, message string }
	seen := map[kind]int{} // how many notes of a kind there are
	for _, d := range diags {
		if d.Severity == diag.Note {
			seen[kind{d.Rule, d.Message}]++
		}
	}
	var kept diag.List
	for _, d := range diags {
		k := kind{d.Rule, d.Message}
		if d.Severity == diag.Note {
			n := seen[k]
			seen[k] = 0
			if n == 0 {
				continue
			}
			if n > 1 {
				d.Message += fmt.Sprintf(" (and in %d more places)", n-1)
			}
		}
		kept = append(kept, d)
	}
	return kept
}

var colours = map[diag.Severity]string{diag.Note: "\x1b[36m", diag.Warning: "\x1b[33m", diag.Error: "\x1b[1;31m"}

// writeText writes diagnostics in the form compilers use.
func (a *app) writeText(w io.Writer, diags diag.List) {
	colour := a.colours(w)
	for _, d := range diags {
		line := d.String()
		if colour {
			word := d.Severity.String() + ": "
			line = strings.Replace(line, word, colours[d.Severity]+word+"\x1b[0m", 1)
		}
		fmt.Fprintln(w, line)
	}
}

// colours reports whether w is a terminal on which colours are wanted.
func (a *app) colours(w io.Writer) bool {
	if o, wrapped := w.(*output); wrapped {
		w = o.Writer
	}
	f, ok := w.(*os.File)
	return ok && !a.noColor && a.env["NO_COLOR"] == "" && a.env["TERM"] != "dumb" && term.IsTerminal(int(f.Fd()))
}

// summary says how many problems there are.
func summary(diags diag.List) string {
	var parts []string
	for _, s := range []diag.Severity{diag.Error, diag.Warning, diag.Note} {
		if n := diags.Count(s); n == 1 {
			parts = append(parts, fmt.Sprintf("1 %s", s))
		} else if n > 1 {
			parts = append(parts, fmt.Sprintf("%d %ss", n, s))
		}
	}
	if parts == nil {
		return "no problems"
	}
	return strings.Join(parts, ", ")
}

// A diagnosticJSON is a diagnostic as JSON. Line and column are left out where they are not known.
type diagnosticJSON struct {
	File     string        `json:"file,omitempty"`
	Line     int           `json:"line,omitempty"`
	Column   int           `json:"column,omitempty"`
	Severity diag.Severity `json:"severity"`
	Rule     string        `json:"rule"`
	Path     string        `json:"path,omitempty"`
	Message  string        `json:"message"`
}

// writeJSON writes diagnostics as a JSON document.
func writeJSON(w io.Writer, diags diag.List) error {
	list := make([]diagnosticJSON, len(diags))
	for i, d := range diags {
		list[i] = diagnosticJSON{d.Pos.Filename, d.Pos.Line, d.Pos.Column, d.Severity, d.Rule, d.Path, d.Message}
	}
	return encodeJSON(w, map[string]any{
		"diagnostics": list, "errors": diags.Count(diag.Error), "warnings": diags.Count(diag.Warning),
		"notes": diags.Count(diag.Note),
	})
}

func encodeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

var githubCommands = map[diag.Severity]string{diag.Note: "notice", diag.Warning: "warning", diag.Error: "error"}

// writeGitHub writes diagnostics as workflow commands, which GitHub shows beside the lines.
func writeGitHub(w io.Writer, diags diag.List) {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	for _, d := range diags {
		var props []string
		if d.Pos.Filename != "" {
			props = append(props, "file="+property.Replace(d.Pos.Filename))
		}
		if d.Pos.Line > 0 {
			props = append(props, fmt.Sprintf("line=%d", d.Pos.Line), fmt.Sprintf("col=%d", max(1, d.Pos.Column)))
		}
		props = append(props, "title="+property.Replace(d.Rule))
		message := d.Message
		if d.Path != "" {
			message = d.Path + ": " + message
		}
		fmt.Fprintf(w, "::%s %s::%s\n", githubCommands[d.Severity], strings.Join(props, ","), data.Replace(message))
	}
}
