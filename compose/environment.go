package compose

import (
	"bufio"
	"bytes"
	"fmt"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/compose/source"
)

// ruleVariable is the id of problems with variables.
const ruleVariable = "C04"

// environment returns the variables of env and, behind them, those of the given env files, of which later ones win.
// The values of env are used in the files.
func (l *loader) environment(env map[string]string, files []string) (map[string]string, diag.List) {
	var diags diag.List
	fromFiles := map[string]string{}
	lookup := func(k string) (string, bool) {
		v, ok := env[k]
		return v, ok
	}
	for _, name := range files {
		data, err := source.ReadFile(l.ctx, name)
		if err == nil {
			err = parseEnv(data, "", fromFiles, lookup)
		}
		if err != nil {
			diags = append(diags, envProblem(l.show(name), err))
		}
	}
	maps.Copy(fromFiles, env)
	return fromFiles, diags
}

// An envError is a line of an env file that cannot be read. Its text has nothing of the line, which may be a secret.
type envError struct {
	line int
	text string
}

func (e *envError) Error() string { return e.text }

func envProblem(name string, err error) diag.Diagnostic {
	d := diag.Diagnostic{Severity: diag.Error, Rule: ruleFile, Message: name + ": " + err.Error()}
	if e, ok := err.(*envError); ok && e.line > 0 {
		d.Message = e.text
		d.Pos = token.Position{Filename: name, Line: e.line}
	}
	return d
}

// namedAt returns a problem of an env file at the place that names the file.
func namedAt(d diag.Diagnostic, pos token.Position, at *source.Path) diag.Diagnostic {
	if d.Pos.IsValid() {
		d.Message = fmt.Sprintf("%s: %s", d.Pos, d.Message)
	}
	d.Pos, d.Path = pos, at.String()
	return d
}

var envErrorLine = regexp.MustCompile(`line (\d+): (unexpected character|key cannot contain|unterminated)?`)

var envErrorWords = map[string]string{
	"unexpected character": "not KEY=VALUE: a name has letters, digits, dots, hyphens and underscores only",
	"key cannot contain":   "the name has a space: write KEY=VALUE",
	"unterminated":         "the value has no closing quote",
}

// parseEnv adds the variables of an env file to vars. format is "" for the dotenv format of compose, or raw for lines
// that are taken as they are.
func parseEnv(data []byte, format string, vars map[string]string, lookup dotenv.LookupFn) (err error) {
	if len(data) > source.MaxSize {
		return fmt.Errorf("has more than %d MiB", source.MaxSize>>20)
	}
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return &envError{bytes.Count(data[:i], []byte{'\n'}) + 1, "has a NUL byte"}
	}
	switch format {
	case "", dotenv.DotEnv:
		err = dotenv.ParseWithFormat(bytes.NewReader(data), "", vars, lookup, format)
	case "raw":
		return parseRaw(data, vars, lookup)
	default:
		return fmt.Errorf("the format %q is unknown: leave it out or write raw", format)
	}
	if err == nil {
		return nil
	}
	e := &envError{text: "a value has a variable that cannot be read: write $$ for a dollar sign"}
	if m := envErrorLine.FindStringSubmatch(err.Error()); m != nil {
		fmt.Sscan(m[1], &e.line)
		if words, ok := envErrorWords[m[2]]; ok {
			e.text = words
		}
	} else {
		e.line = brokenLine(data, lookup)
	}
	return e
}

// brokenLine returns the last line of the shortest beginning of an env file that cannot be read.
func brokenLine(data []byte, lookup dotenv.LookupFn) int {
	lines := bytes.SplitAfter(data, []byte{'\n'})
	return 1 + sort.Search(len(lines)-1, func(n int) bool {
		_, err := dotenv.ParseWithLookup(bytes.NewReader(bytes.Join(lines[:n+1], nil)), lookup)
		return err != nil
	})
}

// parseRaw reads KEY=VALUE lines whose values are taken to the letter, as docker run --env-file does.
// A KEY alone takes its value from the environment.
func parseRaw(data []byte, vars map[string]string, lookup dotenv.LookupFn) error {
	lines := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	lines.Buffer(nil, source.MaxSize+1)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimLeft(lines.Text(), " \t")
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, found := strings.Cut(line, "=")
		if key == "" || strings.ContainsAny(key, " \t") {
			return &envError{n, "not KEY=VALUE: the name is empty or has a space"}
		}
		if !found {
			if value, found = lookup(key); !found {
				continue
			}
		}
		vars[key] = value
	}
	return lines.Err()
}

// resolveContainer completes the environment and the labels of a container with those from its files.
// An environment name without a value takes the one of the project's environment.
func (l *loader) resolveContainer(c *types.ContainerSpec, n *source.Node, at *source.Path, env map[string]string) {
	lookup := func(k string) (string, bool) {
		if v, ok := env[k]; ok {
			return v, true
		}
		if v := c.Environment[k]; v != nil {
			return *v, true
		}
		return "", false
	}
	own := c.Environment
	for k, v := range own {
		if value, ok := env[k]; v == nil && ok {
			own[k] = &value
		}
	}
	fromFiles := map[string]string{}
	for i, f := range c.EnvFiles {
		if !bool(f.Required) && !isFile(f.Path) {
			continue
		}
		item := n.Get("env_file").Items[i]
		l.containerFile(f.Path, f.Format, fromFiles, lookup, item, at.Key("env_file").Item(item.Index))
	}
	if len(fromFiles) > 0 {
		c.Environment = types.Mapping(fromFiles).ToMappingWithEquals().OverrideBy(own)
	}
	c.EnvFiles = nil
	labels := map[string]string{}
	for i, path := range c.LabelFiles {
		fromLabels := func(k string) (string, bool) {
			v, ok := labels[k]
			return v, ok
		}
		item := n.Get("label_file").Items[i]
		l.containerFile(path, "", labels, fromLabels, item, at.Key("label_file").Item(item.Index))
	}
	if len(labels) > 0 {
		maps.Copy(labels, c.Labels)
		c.Labels = labels
	}
	c.LabelFiles = nil
}

func (l *loader) containerFile(
	path, format string, vars map[string]string, lookup dotenv.LookupFn, n *source.Node, at *source.Path,
) {
	data, err := source.ReadRegular(l.ctx, path)
	if err == nil {
		err = parseEnv(data, format, vars, lookup)
	}
	if err != nil {
		*l.diags = append(*l.diags, namedAt(envProblem(l.shown(n, path), err), n.Pos, at))
	}
}

// dotEnvFiles returns the env files of a project: the named ones, or .env in its directory if it is there.
func dotEnvFiles(named []string, cwd, dir string) []string {
	if len(named) > 0 {
		files := slices.Clone(named)
		for i, f := range files {
			if !filepath.IsAbs(f) {
				files[i] = filepath.Join(cwd, f)
			}
		}
		return files
	}
	if f := filepath.Join(dir, ".env"); isFile(f) {
		return []string{f}
	}
	return nil
}
