package sandbox

import (
	"encoding/base64"
	"slices"
	"strings"
)

// page returns the part of the list that a request asks for, and the token of the next part. A token names the last
// item of the part before, so that what is added or removed between two requests moves nothing. See maxResults and
// nextToken of the List actions: at most most items come at once, and the usual number when the request does not say.
func page(list []string, max *int32, token *string, usual, most int32) (items []string, next *string, err error) {
	n := usual
	if max != nil {
		n = *max
		if n < 1 || n > most {
			return nil, nil, invalidParameter("maxResults must be between 1 and %d.", most)
		}
	}
	from := 0
	if t := value(token); t != "" {
		last, err := base64.RawURLEncoding.DecodeString(t)
		if err != nil {
			return nil, nil, invalidParameter("Invalid token.")
		}
		i := slices.Index(list, string(last))
		if i < 0 {
			return nil, nil, invalidParameter("Invalid token.")
		}
		from = i + 1
	}
	to := min(from+int(n), len(list))
	items = append([]string{}, list[from:to]...)
	if to < len(list) {
		next = new(base64.RawURLEncoding.EncodeToString([]byte(list[to-1])))
	}
	return items, next, nil
}

// value returns what p points to, or the zero value.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// shortName returns what comes after the last slash of an ARN or a name.
func shortName(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }
