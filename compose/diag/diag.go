// Package diag describes problems in the files a user wrote, each at its file, line and column.
//
// What the user wrote wrong is a [Diagnostic]; what went wrong while we worked is an error. Diagnostics are
// collected, never returned one by one, so that one run names every problem.
package diag

import (
	"cmp"
	"fmt"
	"go/token"
	"slices"
	"strings"
)

// A Severity says how loud a problem is.
type Severity int

// The severities, quietest first.
const (
	Note    Severity = iota // how something was read; nothing is lost
	Warning                 // performance or comfort is lost; --strict makes it an error
	Error                   // nothing is sent
)

var severities = [...]string{Note: "note", Warning: "warning", Error: "error"}

func (s Severity) String() string { return severities[s] }

// MarshalText writes the severity as its word.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// A Diagnostic is one problem at one place.
type Diagnostic struct {
	Pos      token.Position // file:line:column; the zero value is "no file"
	Severity Severity
	Rule     string // stable id such as "T09"
	Path     string // where in the model: "services.web.ports[0]"
	Message  string // what is wrong and why, then what to do
	Allowed  bool   // an error that the user has made a warning of
}

// String writes the diagnostic in the form compilers use: file:line:column: severity: path: message [rule].
func (d Diagnostic) String() string {
	var b strings.Builder
	if d.Pos.Filename != "" || d.Pos.IsValid() {
		fmt.Fprintf(&b, "%s: ", d.Pos)
	}
	fmt.Fprintf(&b, "%s: ", d.Severity)
	if d.Path != "" {
		fmt.Fprintf(&b, "%s: ", d.Path)
	}
	b.WriteString(d.Message)
	if d.Rule != "" {
		fmt.Fprintf(&b, " [%s]", d.Rule)
	}
	return b.String()
}

// A List is a set of diagnostics. The zero value is empty and ready for use.
type List []Diagnostic

// maxMessage is how many bytes of a message are kept: what a message quotes may be of any length.
const maxMessage = 1000

// Addf adds a diagnostic with a formatted message.
func (l *List) Addf(pos token.Position, s Severity, rule, path, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	if len(message) > maxMessage {
		half := maxMessage / 2
		message = strings.ToValidUTF8(message[:half], "") + " … " + strings.ToValidUTF8(message[len(message)-half:], "")
	}
	*l = append(*l, Diagnostic{Pos: pos, Severity: s, Rule: rule, Path: path, Message: message})
}

// Follow adds what was found later in the same files. What is said of a value that is a mistake already follows from
// that mistake, and is left out.
func (l *List) Follow(later List) {
	type value struct{ file, path string }
	wrong := map[value]bool{}
	for _, d := range *l {
		wrong[value{d.Pos.Filename, d.Path}] = wrong[value{d.Pos.Filename, d.Path}] || d.Severity == Error && d.Path != ""
	}
	for _, d := range later {
		if !wrong[value{d.Pos.Filename, d.Path}] {
			*l = append(*l, d)
		}
	}
}

// Sort orders the list by place and removes what was said twice.
func (l *List) Sort() {
	slices.SortStableFunc(*l, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.Pos.Filename, b.Pos.Filename),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column),
			cmp.Compare(b.Severity, a.Severity),
			cmp.Compare(a.Path, b.Path),
			cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.Message, b.Message),
		)
	})
	*l = slices.Compact(*l)
}

// Count returns how many diagnostics have severity s.
func (l List) Count(s Severity) int {
	n := 0
	for _, d := range l {
		if d.Severity == s {
			n++
		}
	}
	return n
}

// HasErrors reports whether any diagnostic is an [Error].
func (l List) HasErrors() bool { return l.Count(Error) > 0 }
