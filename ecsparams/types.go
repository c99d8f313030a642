package ecsparams

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/document"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/mattn/go-shellwords"

	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/compose/source"
)

// Bytes is a size in bytes: a number, or a number with a binary unit such as 512m.
type Bytes int64

// Seconds is a time in whole seconds: a number of seconds, or a duration such as 1m30s, rounded up.
type Seconds int32

// Command is a command: a list of words, or a string that is split as a shell would.
type Command []string

// Test is the command of a health check: CMD or CMD-SHELL and its arguments, or NONE.
// A single string, also in a list, is a command for the shell.
type Test []string

// decodeType reads the types whose text means more than their shape says.
func decodeType(n *source.Node, v reflect.Value) (bool, error) {
	if words := enums[v.Type()]; words != nil && n.Kind != source.Null {
		return true, decodeEnum(n, v, words)
	}
	switch p := v.Addr().Interface().(type) {
	case *Bytes:
		return true, p.decode(n)
	case *Seconds:
		return true, p.decode(n)
	case *Test:
		return true, p.decode(n)
	case *Command:
		return true, p.decode(n)
	case *[]types.Tag:
		return decodePairs(n, p, func(k, v string) types.Tag { return types.Tag{Key: new(k), Value: new(v)} })
	case *[]types.KeyValuePair:
		return decodePairs(n, p, func(k, v string) types.KeyValuePair {
			return types.KeyValuePair{Name: new(k), Value: new(v)}
		})
	case *types.EnvironmentFile:
		if n.Kind != source.String {
			return false, nil
		}
		*p = types.EnvironmentFile{Type: types.EnvironmentFileTypeS3, Value: new(n.Text)}
		return true, nil
	case *document.Interface:
		*p = document.NewLazyDocument(n.Any())
		return true, nil
	}
	return false, nil
}

func decodeEnum(n *source.Node, v reflect.Value, words []string) error {
	if !n.IsScalar() {
		return fmt.Errorf("must be a string, not %s", n.Kind)
	}
	if n.Text == "" { // as ecs-cli has it: not set
		return nil
	}
	if !slices.Contains(words, n.Text) {
		return fmt.Errorf("%q is none of %s%s", n.Written(), strings.Join(words, ", "), suggestWord(n.Text, words))
	}
	v.SetString(n.Text)
	return nil
}

// suggestWord suggests the word that text is in other letter case, or else the nearest one.
func suggestWord(text string, words []string) string {
	for _, w := range words {
		if strings.EqualFold(w, text) {
			return fmt.Sprintf(" (did you mean %q?)", w)
		}
	}
	return diag.Suggest(text, words)
}

// decodePairs reads a mapping where the API has a list of key and value. The list is left to the decoder.
func decodePairs[T any](n *source.Node, p *[]T, pair func(k, v string) T) (bool, error) {
	if n.Kind != source.Mapping {
		return false, nil
	}
	for _, f := range n.Fields {
		if !f.Value.IsScalar() {
			return true, fmt.Errorf("the value of %s must be a string, not %s", f.Key, f.Value.Kind)
		}
		*p = append(*p, pair(f.Key, f.Value.String()))
	}
	return true, nil
}

func (b *Bytes) decode(n *source.Node) error {
	if !n.IsScalar() {
		return fmt.Errorf("must be a size, not %s", n.Kind)
	}
	if n.String() == "" { // as ecs-cli has it: not set
		return nil
	}
	i, err := source.ParseSize(n.String())
	if err != nil {
		return fmt.Errorf("%q %w", n.Written(), err)
	}
	*b = Bytes(i)
	return nil
}

func (s *Seconds) decode(n *source.Node) error {
	if n.Kind == source.Int {
		i, err := strconv.ParseInt(n.Text, 10, 32)
		if err != nil {
			return fmt.Errorf("%q is more seconds than ECS counts", n.Written())
		}
		*s = Seconds(i)
		return nil
	}
	d, err := time.ParseDuration(n.TextOr(""))
	if err != nil || !n.IsScalar() || d.Abs() > math.MaxInt32*time.Second {
		return fmt.Errorf("%q is no duration: write seconds, or a duration such as 1m30s", n.Written())
	}
	*s = Seconds(math.Ceil(d.Seconds()))
	return nil
}

func (t *Test) decode(n *source.Node) error {
	switch {
	case n.Kind == source.Null:
		return nil
	case n.Kind != source.Sequence && n.IsScalar():
		*t = Test{"CMD-SHELL", n.String()}
		return nil
	case n.Kind != source.Sequence:
		return errors.New("must be a string or a list of strings")
	}
	words := make([]string, len(n.Items))
	for i, item := range n.Items {
		words[i] = item.String()
	}
	if len(words) == 1 {
		words = wrap(words[0])
	}
	*t = words
	return nil
}

func (c *Command) decode(n *source.Node) error {
	switch {
	case n.Kind == source.Null:
		return nil
	case n.Kind == source.Sequence:
		for _, item := range n.Items {
			if !item.IsScalar() {
				return errors.New("must be a string or a list of strings")
			}
			*c = append(*c, item.String())
		}
		return nil
	case !n.IsScalar():
		return errors.New("must be a string or a list of strings")
	}
	words, err := shellwords.Parse(n.String())
	if err != nil {
		return errors.New("cannot be split into words: a quote is not closed")
	}
	*c = words
	return nil
}

// wrap gives a list of one word its CMD-SHELL, as ecs-cli does, unless it has one.
func wrap(word string) []string {
	first, rest, _ := strings.Cut(word, " ")
	switch first {
	case "NONE":
		return []string{word}
	case "CMD", "CMD-SHELL":
		return []string{first, rest}
	}
	return []string{"CMD-SHELL", word}
}
