package translate

import (
	"regexp"
	"sync"
)

// A lazyRegexp is a regular expression that is compiled when it is first used: a run needs few of the many, and compiling
// them all would cost more than a translation.
type lazyRegexp func() *regexp.Regexp

func newRegexp(text string) lazyRegexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}

// MatchString reports whether s contains a match.
func (r lazyRegexp) MatchString(s string) bool { return r().MatchString(s) }
