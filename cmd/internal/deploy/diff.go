package deploy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/ecsctl/ecsctl/translate"
	"github.com/ecsctl/ecsctl/translate/awsjson"
)

// A Change is one difference between what is and what is wanted. From and To are JSON, empty where there is nothing.
// Values that look like secrets are masked in both.
type Change struct {
	Path string `json:"path"` // "containerDefinitions[web].image"
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

func (c Change) String() string {
	switch {
	case c.From == "":
		return fmt.Sprintf("%s: + %s", c.Path, c.To)
	case c.To == "":
		return fmt.Sprintf("%s: - %s", c.Path, c.From)
	}
	return fmt.Sprintf("%s: %s -> %s", c.Path, c.From, c.To)
}

// changes returns what differs between two values in canonical form, in the order of the paths. path is the key of the
// value in the tables, display names it with the names of list items.
func changes(path, display string, from, to any) []Change {
	a, aIsObject := from.(awsjson.Object)
	b, bIsObject := to.(awsjson.Object)
	if aIsObject && bIsObject {
		var all []Change
		for _, key := range union(keys(a), keys(b)) {
			p := strings.TrimPrefix(path+"."+key, ".")
			all = append(all, changes(p, strings.TrimPrefix(display+"."+key, "."), member(a, key), member(b, key))...)
		}
		return all
	}
	if by := lists[path]; len(by) == 1 {
		x, xIsList := from.([]any)
		y, yIsList := to.([]any)
		if (xIsList || from == nil) && (yIsList || to == nil) && (xIsList || yIsList) {
			return itemChanges(path, display, by[0], x, y)
		}
	}
	x, y := text(display, from), text(display, to)
	if string(awsjson.Encode(from)) == string(awsjson.Encode(to)) {
		return nil
	}
	return []Change{{display, x, y}}
}

// itemChanges compares lists whose items are named by one of their members.
func itemChanges(path, display, by string, from, to []any) []Change {
	find := func(items []any, name string) any {
		for _, item := range items {
			if o, ok := item.(awsjson.Object); ok && fmt.Sprint(member(o, by)) == name {
				return item
			}
		}
		return nil
	}
	names := func(items []any) []string {
		var l []string
		for _, item := range items {
			o, _ := item.(awsjson.Object)
			l = append(l, fmt.Sprint(member(o, by)))
		}
		return l
	}
	var all []Change
	for _, name := range union(names(from), names(to)) {
		all = append(all, changes(path, fmt.Sprintf("%s[%s]", display, name), find(from, name), find(to, name))...)
	}
	return all
}

func keys(o awsjson.Object) []string {
	l := make([]string, len(o))
	for i, m := range o {
		l[i] = m.Key
	}
	return l
}

// union returns the words of both, sorted and each once.
func union(a, b []string) []string {
	l := slices.Concat(a, b)
	slices.Sort(l)
	return slices.Compact(l)
}

// text returns a value as JSON for people, masked, "" if there is none.
func text(display string, v any) string {
	if v == nil {
		return ""
	}
	return string(awsjson.Encode(mask(display, v)))
}

// Masked stands for a value that looks like a secret.
const masked = "***"

// looksSecret reports whether the name or the value of a variable, an option or a label says that it is a secret.
func looksSecret(name, value string) bool {
	words := strings.Map(func(r rune) rune {
		if r == '-' || r == '.' || r == '/' {
			return '_'
		}
		return r
	}, name)
	return translate.LooksSecret(words, value)
}

// secretText matches what is secret within a text: the password of a URL, the value of something that has a secret name,
// the id of an access key.
var secretText = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)(://[^/\s:@]*:)[^/\s@]+@|` +
		`((?:passw(?:or)?d|passphrase|pwd|secret|token|api_?key|access_?key)[a-z0-9_-]*\s*[=:]\s*)[^\s;,&"']+|` +
		`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`)
})

// secretOption matches an option whose value is the next word of a command.
var secretOption = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^--?[a-z0-9_-]*(?:passw(?:or)?d|passphrase|pwd|secret|token|api-?key)$`)
})

// mask returns a value without what looks like a secret. display is its path.
func mask(display string, v any) any {
	switch v := v.(type) {
	case awsjson.Object:
		o := make(awsjson.Object, 0, len(v))
		name, named := member(v, "name").(string)
		for _, m := range v {
			if s, ok := m.Value.(string); ok && m.Key == "value" && named && looksSecret(name, s) {
				m.Value = masked
			}
			o = append(o, awsjson.Member{Key: m.Key, Value: mask(display+"."+m.Key, m.Value)})
		}
		return o
	case []any:
		items := make([]any, len(v))
		for i := range v {
			items[i] = mask(display, v[i])
			if option, ok := v[max(i-1, 0)].(string); ok && i > 0 && secretOption().MatchString(option) {
				items[i] = masked
			}
		}
		return items
	case string:
		if secretPlace(display, v) {
			return masked
		}
		return secretText().ReplaceAllStringFunc(v, func(s string) string {
			if i := strings.Index(s, "://"); i >= 0 {
				return s[:i+3] + strings.SplitN(s[i+3:], ":", 2)[0] + ":" + masked + "@"
			}
			return s[:strings.IndexAny(s, "=:")+1] + masked
		})
	}
	return v
}

// secretPlace reports whether a path leads to the value of a variable, an option or a label that has a secret name.
func secretPlace(display, value string) bool {
	if rest, ok := strings.CutSuffix(display, "].value"); ok {
		if i := strings.LastIndex(rest, ".environment["); i >= 0 {
			return looksSecret(rest[i+len(".environment["):], value)
		}
	}
	for _, parent := range []string{".options.", ".dockerLabels.", ".driverOpts."} {
		if i := strings.LastIndex(display, parent); i >= 0 {
			return looksSecret(display[i+len(parent):], value)
		}
	}
	return false
}
