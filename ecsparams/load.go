package ecsparams

import (
	"context"
	"fmt"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/compose/source"
)

// DefaultFiles are the names of an ecs-params file, the preferred one first.
var DefaultFiles = []string{"ecs-params.yml", "ecs-params.yaml"}

// Ids of problems.
const (
	ruleVariable = "C07"
	ruleForm     = "C10"
)

// FindFile returns the ecs-params file in the first of the directories that has one, or "".
func FindFile(dirs ...string) string {
	for _, dir := range dirs {
		for _, name := range DefaultFiles {
			path := filepath.Join(dir, name)
			if info, err := os.Stat(path); err == nil && !info.IsDir() {
				return path
			}
		}
	}
	return ""
}

// Load reads ecs-params files and merges them: mappings key by key, all else replaced by the later file.
// Variables take their values from env. Without files the parameters are zero. The error is a file that cannot be read.
func Load(ctx context.Context, names []string, env map[string]string) (*Params, diag.List, error) {
	var diags diag.List
	var root *source.Node
	for _, name := range names {
		data, err := source.ReadFile(ctx, name)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		root = parse(root, name, data, env, &diags)
	}
	p := decode(root, &diags)
	p.Files = names
	diags.Sort()
	return p, diags, nil
}

// Parse reads one file, whose text is data.
func Parse(name string, data []byte, env map[string]string, diags *diag.List) *Params {
	return decode(parse(nil, name, data, env, diags), diags)
}

// decode returns the parameters of the merged files, nil if there are none.
func decode(root *source.Node, diags *diag.List) *Params {
	p := &Params{Root: root}
	if root != nil {
		Decode(root, nil, p, diags)
		reportUnset(diags, root, nil, false)
	}
	return p
}

// parse merges a file with earlier ones.
func parse(earlier *source.Node, name string, data []byte, env map[string]string, diags *diag.List) *source.Node {
	lookup := func(k string) (string, bool) {
		v, ok := env[k]
		return v, ok
	}
	for _, doc := range source.Parse(name, data, lookup, diags) {
		switch doc.Kind {
		case source.Null:
		case source.Mapping:
			earlier = merge(earlier, doc)
		default:
			diags.Addf(doc.Pos, diag.Error, ruleForm, "", "must be a mapping that has task_definition or run_params, not %s",
				doc.Kind)
		}
	}
	return earlier
}

// Decode reads n, which stands at path in its file, into the struct of this package or of the ECS API that v points to.
// Keys that the struct does not have are errors.
func Decode(n *source.Node, path *source.Path, v any, diags *diag.List) {
	d := source.Decoder{Diags: diags, Strict: true, Types: decodeType, Unions: unions}
	d.Decode(n, path, v)
}

// merge joins a later file with earlier ones.
func merge(earlier, later *source.Node) *source.Node {
	if earlier == nil || earlier.Kind != source.Mapping || later.Kind != source.Mapping ||
		later.Directive == source.Override {
		return later
	}
	merged := earlier
	for _, f := range later.Fields {
		if f.Value.Directive == source.Reset {
			merged = merged.Without(f.Key)
			continue
		}
		f.Value = merge(merged.Get(f.Key), f.Value)
		merged = merged.With(f)
	}
	return merged
}

// reportUnset reports variables that have no value. Where AWS expects the name of something, an empty name or a part of
// one would be something else: an error.
func reportUnset(diags *diag.List, n *source.Node, at *source.Path, name bool) {
	for _, v := range n.Unset {
		severity, effect := diag.Warning, " and stands for nothing"
		if name {
			severity, effect = diag.Error, ""
		}
		diags.Addf(n.Pos, severity, ruleVariable, at.String(),
			"the variable %s is not set%s: set it, or give it a default with ${%s:-value}", v, effect, v)
	}
	for _, f := range n.Fields {
		reportUnset(diags, f.Value, at.Key(f.Key), name || namesResource(f.Key))
	}
	for _, item := range n.Items {
		reportUnset(diags, item, at.Item(item.Index), name)
	}
}

// namesResource reports whether the value of a key names something in AWS.
func namesResource(key string) bool {
	if slices.Contains([]string{
		"access_point", "capacity_provider", "credentials_parameter", "environment_files", "namespace", "security_groups",
		"subnets", "task_execution_role", "value_from",
	}, key) {
		return true
	}
	return slices.ContainsFunc([]string{"_arn", "_arns", "_id", "_name", "_role", "_rule"}, func(suffix string) bool {
		return strings.HasSuffix(key, suffix)
	})
}

// Where returns the position of the value at the path in the files, or of what is nearest to it.
func (p *Params) Where(path ...any) token.Position { return p.Root.Where(path...) }
