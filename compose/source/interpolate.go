package source

import (
	"fmt"
	"strings"
)

// ruleInterpolation is the id of problems with variables.
const ruleInterpolation = "C04"

// Interpolate replaces the variables in s (Compose Specification, "Interpolation"): $VAR and ${VAR}, the forms with
// a default ${VAR:-d} ${VAR-d}, a replacement ${VAR:+r} ${VAR+r} or a demand ${VAR:?m} ${VAR?m}, nested in each other,
// and $$ for a dollar sign. A dollar sign before anything else stands for itself.
// It returns the names of the variables that were not set where no default was given.
func Interpolate(s string, lookup func(string) (string, bool)) (text string, unset []string, err error) {
	in := &interpolation{lookup: lookup}
	text, err = in.text(s)
	return text, in.unset, err
}

type interpolation struct {
	lookup func(string) (string, bool)
	unset  []string
	depth  int // of variables in defaults of variables
}

// maxVariables is how deep variables may stand in each other.
const maxVariables = 32

func (in *interpolation) text(s string) (string, error) {
	if in.depth++; in.depth > maxVariables {
		return "", fmt.Errorf("more than %d variables stand in each other", maxVariables)
	}
	defer func() { in.depth-- }()
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "$")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		switch name := leadingName(rest); {
		case strings.HasPrefix(rest, "$"):
			b.WriteByte('$')
			s = rest[1:]
		case name != "":
			b.WriteString(in.value(name))
			s = rest[len(name):]
		case strings.HasPrefix(rest, "{"):
			end := closingBrace(rest)
			if end < 0 {
				return "", fmt.Errorf("%q has no closing brace: write $$ for a dollar sign", "$"+rest)
			}
			v, err := in.braced(rest[1:end])
			if err != nil {
				return "", err
			}
			b.WriteString(v)
			s = rest[end+1:]
		default:
			b.WriteByte('$')
			s = rest
		}
	}
}

// braced returns what the inside of ${...} stands for.
func (in *interpolation) braced(s string) (string, error) {
	name := leadingName(s)
	op, word := s[len(name):], ""
	if i := strings.IndexAny(op, "-+?"); i == 0 || i == 1 && op[0] == ':' {
		op, word = op[:i+1], op[i+1:]
	} else if op != "" || name == "" {
		return "", fmt.Errorf("%q is no variable: write $$ for a dollar sign", "${"+s+"}")
	}
	v, set := in.lookup(name)
	if strings.HasPrefix(op, ":") {
		set = set && v != ""
	}
	switch strings.TrimPrefix(op, ":") {
	case "-":
		if !set {
			return in.text(word)
		}
	case "+":
		if set {
			return in.text(word)
		}
		return "", nil
	case "?":
		if !set {
			return "", demand(name, word)
		}
	default:
		return in.value(name), nil
	}
	return v, nil
}

// demand returns the error for a variable that must be set and is not. The reason is shown as it is written,
// so that no other variable's value gets into an error text.
func demand(name, reason string) error {
	if reason == "" {
		return fmt.Errorf("the variable %s must be set", name)
	}
	return fmt.Errorf("the variable %s must be set: %s", name, reason)
}

// value returns the value of a variable without a default.
func (in *interpolation) value(name string) string {
	v, ok := in.lookup(name)
	if !ok {
		in.unset = append(in.unset, name)
	}
	return v
}

// leadingName returns the name of a variable that s begins with.
func leadingName(s string) string {
	for i := range len(s) {
		c := s[i]
		if c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || i > 0 && '0' <= c && c <= '9' {
			continue
		}
		return s[:i]
	}
	return s
}

// closingBrace returns the index of the brace that closes the one s begins with, or -1.
func closingBrace(s string) int {
	open := 0
	for i := range len(s) {
		switch s[i] {
		case '{':
			open++
		case '}':
			if open--; open == 0 {
				return i
			}
		}
	}
	return -1
}
