package compose

import (
	"errors"
	"reflect"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/xhit/go-str2duration/v2"

	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/compose/source"
)

// decoder returns what turns trees into compose-go's types.
func decoder(diags *diag.List) *source.Decoder {
	return &source.Decoder{Diags: diags, Types: decodeType}
}

// decodeType reads the types whose text means more than their shape says.
func decodeType(n *source.Node, v reflect.Value) (bool, error) {
	switch p := v.Addr().Interface().(type) {
	case *types.UnitBytes:
		b, err := ParseBytes(n)
		*p = types.UnitBytes(b)
		return true, err
	case *types.Duration:
		d, err := str2duration.ParseDuration(n.String())
		*p = types.Duration(d)
		return true, explain(err, "is no duration: write a number and a unit, such as 90s or 1m30s")
	case *types.ShellCommand:
		return decodeCommand(n, p)
	case *types.MappingWithEquals:
		m := make(types.MappingWithEquals, len(n.Fields))
		for _, f := range n.Fields {
			m[f.Key] = nil
			if f.Value.Kind != source.Null {
				m[f.Key] = new(f.Value.String())
			}
		}
		*p = m
	case *types.Mapping:
		*p = stringMap(n)
	case *types.Labels:
		*p = stringMap(n)
	case *types.Options:
		*p = stringMap(n)
	case *types.HostsList:
		return true, decodeHosts(n, p)
	case *types.UlimitsConfig:
		return true, decodeUlimit(n, p)
	case *types.DeviceCount:
		return true, explain(p.DecodeMapstructure(n.String()), `is no number of devices: write a number or "all"`)
	case *types.FileMode:
		return true, explain(p.DecodeMapstructure(n.Any()), "is no mode: write an octal number, such as 0440")
	default:
		return false, nil
	}
	return true, nil
}

// explain returns an error with the given text if err is one. The text does not repeat the value, which may come from
// a variable.
func explain(err error, text string) error {
	if err == nil {
		return nil
	}
	return errors.New(text)
}

func stringMap(n *source.Node) map[string]string {
	m := make(map[string]string, len(n.Fields))
	for _, f := range n.Fields {
		m[f.Key] = f.Value.String()
	}
	return m
}

// ParseBytes reads a size: a number of bytes, or a number with a binary unit such as 512m or 1.5gb. -1 is no limit.
func ParseBytes(n *source.Node) (int64, error) {
	if n.Kind == source.Float {
		return 0, errors.New("is no whole number of bytes: write a unit, such as 512m or 1.5g")
	}
	return source.ParseSize(n.String())
}

func decodeCommand(n *source.Node, p *types.ShellCommand) (bool, error) {
	if n.Kind == source.Sequence {
		words := make(types.ShellCommand, len(n.Items))
		for i, item := range n.Items {
			words[i] = item.Text
		}
		*p = words
		return true, nil
	}
	words, err := SplitCommand(n.String())
	*p = words
	return true, err
}

// SplitCommand splits a command as a POSIX shell splits it into words: at blanks, outside quotes and backslashes.
// Nothing else is special: operators such as && are words, since no shell runs the command.
func SplitCommand(s string) ([]string, error) {
	words := []string{}
	var word strings.Builder
	inWord, quote := false, byte(0)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote == '\'' && c != '\'', quote == '"' && c != '"' && c != '\\':
			word.WriteByte(c)
		case quote != 0 && c == quote:
			quote = 0
		case c == '\\':
			if i++; i == len(s) {
				return nil, errors.New("ends with a backslash")
			}
			if quote == '"' && !strings.ContainsRune("\"\\$`\n", rune(s[i])) {
				word.WriteByte('\\')
			}
			if s[i] != '\n' {
				word.WriteByte(s[i])
			}
			inWord = true
		case c == '\'' || c == '"':
			quote, inWord = c, true
		case strings.IndexByte(" \t\r\n", c) >= 0:
			if inWord {
				words = append(words, word.String())
			}
			word.Reset()
			inWord = false
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	if quote != 0 {
		return nil, errors.New("has an opening quote without a closing one")
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}

func decodeHosts(n *source.Node, p *types.HostsList) error {
	hosts := types.HostsList{}
	for _, item := range n.Items {
		host, address, found := strings.Cut(item.Text, "=")
		if !found {
			host, address, found = strings.Cut(item.Text, ":")
		}
		if !found || host == "" || strings.ContainsAny(host, ":=") || address == "" {
			return errors.New("has a host without an address: write name=address")
		}
		for a := range strings.SplitSeq(address, ",") {
			hosts[host] = append(hosts[host], strings.TrimSuffix(strings.TrimPrefix(a, "["), "]"))
		}
	}
	*p = hosts
	return nil
}

func decodeUlimit(n *source.Node, p *types.UlimitsConfig) error {
	if n.Kind != source.Mapping {
		var err error
		p.Single, err = strconv.Atoi(n.String())
		return explain(err, "is no whole number")
	}
	var errSoft, errHard error
	p.Soft, errSoft = strconv.Atoi(n.Get("soft").TextOr("0"))
	p.Hard, errHard = strconv.Atoi(n.Get("hard").TextOr("0"))
	return explain(errors.Join(errSoft, errHard), "has a limit that is no whole number")
}
