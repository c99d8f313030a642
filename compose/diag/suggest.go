package diag

import (
	"fmt"
	"strings"
)

// Suggest returns ` (did you mean "x"?)` for the candidate nearest to word, or "" if none is near enough for a slip of
// the fingers, one change for each three letters, and not just one begins with word.
func Suggest(word string, candidates []string) string {
	best, least := "", max(1, len(word)/3)+1
	for _, c := range candidates {
		if d := distance(word, c, least); d < least {
			best, least = c, d
		}
	}
	if best == "" {
		best = beginning(word, candidates)
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", best)
}

// beginning returns the only candidate that begins with word, or "".
func beginning(word string, candidates []string) string {
	found := ""
	for _, c := range candidates {
		if len(word) < 3 || !strings.HasPrefix(c, word) {
			continue
		}
		if found != "" {
			return ""
		}
		found = c
	}
	return found
}

// distance counts the insertions, deletions, replacements and swaps of neighbours that turn a into b;
// beyond limit it returns limit+1.
func distance(a, b string, limit int) int {
	if abs(len(a)-len(b)) > limit {
		return limit + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return min(last[len(b)], limit+1)
}

func abs(n int) int { return max(n, -n) }
