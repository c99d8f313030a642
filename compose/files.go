package compose

import (
	"fmt"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/consts"

	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/compose/source"
)

// DefaultFiles are the names of a compose file, the preferred one first.
var DefaultFiles = []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"}

// ruleFiles is the id of what is said about the choice of files.
const ruleFiles = "C05"

// chooseFiles returns the files to read and the directory of the project.
func (l *loader) chooseFiles(o Options) (files []string, dir string) {
	files = o.Files
	if len(files) == 0 {
		env, _ := l.environment(o.Env, dotEnvFiles(o.EnvFiles, l.cwd, l.cwd))
		files = l.splitList(env[consts.ComposeFilePath], env[consts.ComposePathSeparator])
	} else {
		var all []string
		for _, f := range files {
			all = append(all, l.splitList(f, "")...)
		}
		files = all
	}
	if len(files) == 0 {
		return l.defaultFiles(), l.cwd
	}
	for i, f := range files {
		if f != "-" && !filepath.IsAbs(f) {
			files[i] = filepath.Join(l.cwd, f)
		}
	}
	if files[0] == "-" {
		return files, l.cwd
	}
	return files, filepath.Dir(files[0])
}

// splitList splits a list of files as COMPOSE_FILE and ecs-cli's --file have it. A file whose name has the separator
// in it is that file.
func (l *loader) splitList(list, separator string) []string {
	if list == "" || list == "-" || isFile(filepath.Join(l.cwd, list)) || isFile(list) {
		return slices.DeleteFunc([]string{list}, func(s string) bool { return s == "" })
	}
	if separator == "" {
		separator = string(os.PathListSeparator)
		list = strings.ReplaceAll(list, ",", separator)
	}
	return slices.DeleteFunc(strings.Split(list, separator), func(s string) bool { return s == "" })
}

// defaultFiles returns the default compose file of the working directory and the override that goes with it.
func (l *loader) defaultFiles() []string {
	var found []string
	for _, name := range DefaultFiles {
		if isFile(filepath.Join(l.cwd, name)) {
			found = append(found, name)
		}
	}
	if len(found) == 0 {
		l.diags.Addf(token.Position{}, diag.Error, ruleFiles, "", "no compose file in %s: name one with -f, or write %s",
			l.cwd, DefaultFiles[0])
		return nil
	}
	base := found[0]
	if len(found) > 1 {
		l.note(base, "%s is used, %s is not: name the files with -f to have it otherwise",
			base, strings.Join(found[1:], ", "))
	}
	files := []string{filepath.Join(l.cwd, base)}
	forECS, local := l.beside(base, "ecs"), l.beside(base, "override")
	switch {
	case forECS != "" && local != "":
		l.note(forECS, "%s is merged; %s is left to docker compose", forECS, local)
	case forECS != "":
		l.note(forECS, "%s is merged", forECS)
	case local != "":
		l.note(local, "%s is merged: name it %s if it is meant for ECS only, or write that file to leave it out",
			local, strings.Replace(local, ".override.", ".ecs.", 1))
		forECS = local
	}
	if forECS != "" {
		files = append(files, filepath.Join(l.cwd, forECS))
	}
	return files
}

// beside returns the file that stands beside base with a word before its extension, or "".
func (l *loader) beside(base, word string) string {
	stem := strings.TrimSuffix(base, filepath.Ext(base))
	for _, ext := range []string{filepath.Ext(base), ".yml", ".yaml"} {
		if name := stem + "." + word + ext; isFile(filepath.Join(l.cwd, name)) {
			return name
		}
	}
	return ""
}

func (l *loader) note(file, format string, args ...any) {
	l.diags.Addf(token.Position{Filename: file}, diag.Note, ruleFiles, "", "%s", fmt.Sprintf(format, args...))
}

// nameIn returns the project name that the files give, or otherwise. It is needed before the files are interpolated,
// since they may use it.
func (l *loader) nameIn(files []string, s *scope, otherwise string) string {
	name := otherwise
	for _, f := range files {
		_, file := l.open(f, s.dir)
		if file == nil {
			continue
		}
		for _, text := range file.Texts("name") {
			if text, _, err := source.Interpolate(text, s.lookup); err == nil && text != "" {
				name = text
			}
		}
	}
	return name
}
