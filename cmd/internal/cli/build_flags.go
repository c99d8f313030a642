package cli

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/ecsctl/ecsctl/compose"
)

// A building is the image of a service that is to be built.
type building struct {
	project *compose.Project
	name    string // of the service
	service types.ServiceConfig
	flags   *buildFlags
	*types.BuildConfig
}

// buildKeys say which flags of docker build come of the keys of build, in the order in which they are written. Each
// field of compose-go's BuildConfig has a row; see the Compose Build Specification.
var buildKeys = []struct {
	field string
	flags func(*building) []string
}{
	{"Dockerfile", func(b *building) []string { return each("--file", b.dockerfile()) }},
	{"Tags", func(b *building) []string { return each("--tag", append([]string{b.image()}, b.Tags...)...) }},
	{"Target", func(b *building) []string { return each("--target", b.Target) }},
	{"Platforms", func(b *building) []string { return each("--platform", strings.Join(b.platforms(), ",")) }},
	{"Args", func(b *building) []string { return each("--build-arg", b.args()...) }},
	{"Labels", func(b *building) []string { return each("--label", keyValues(b.Labels)...) }},
	{"CacheFrom", func(b *building) []string { return each("--cache-from", b.caches()...) }},
	{"CacheTo", func(b *building) []string { return each("--cache-to", b.CacheTo...) }},
	{"NoCache", func(b *building) []string { return given("--no-cache", b.NoCache || b.flags.noCache) }},
	{"NoCacheFilter", func(b *building) []string { return each("--no-cache-filter", b.NoCacheFilter...) }},
	{"Pull", func(b *building) []string { return given("--pull", b.Pull || b.flags.pull) }},
	{"Secrets", func(b *building) []string { return each("--secret", b.secrets()...) }},
	{"SSH", func(b *building) []string { return each("--ssh", b.ssh()...) }},
	{"AdditionalContexts", func(b *building) []string { return each("--build-context", b.contexts()...) }},
	{"ExtraHosts", func(b *building) []string { return each("--add-host", b.hosts()...) }},
	{"Network", func(b *building) []string { return each("--network", b.Network) }},
	{"ShmSize", func(b *building) []string { return each("--shm-size", number(int64(b.ShmSize))) }},
	{"Ulimits", func(b *building) []string { return each("--ulimit", b.ulimits()...) }},
	{"Isolation", func(b *building) []string { return each("--isolation", b.Isolation) }},
	{"Entitlements", func(b *building) []string { return each("--allow", b.Entitlements...) }},
	{"Privileged", func(b *building) []string { return given("--allow=security.insecure", b.Privileged) }},
	{"Provenance", func(b *building) []string { return joined("--provenance", b.Provenance) }},
	{"SBOM", func(b *building) []string { return joined("--sbom", b.SBOM) }},
	{"Context", func(b *building) []string { return []string{shorten(cmp.Or(b.Context, b.project.Dir))} }},
}

// each returns the flag with each of the values that is not empty.
func each(flag string, values ...string) []string {
	var out []string
	for _, v := range values {
		if v != "" {
			out = append(out, flag, v)
		}
	}
	return out
}

func joined(flag, value string) []string {
	if value == "" {
		return nil
	}
	return []string{flag + "=" + value}
}

func given(flag string, yes bool) []string {
	if !yes {
		return nil
	}
	return []string{flag}
}

func keyValues[M ~map[string]string](m M) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		out = append(out, key+"="+m[key])
	}
	return out
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// dockerfile is that of the context unless the file names another one, "-" if it is written in the compose file.
func (b *building) dockerfile() string {
	switch {
	case b.DockerfileInline != "":
		return "-"
	case b.Dockerfile == "" || filepath.IsAbs(b.Dockerfile) || strings.Contains(b.Context, "://"):
		return shorten(b.Dockerfile)
	}
	return shorten(filepath.Join(b.Context, b.Dockerfile))
}

// image is the name of the image: as docker compose has it if the file does not say.
func (b *building) image() string { return cmp.Or(b.service.Image, b.project.Name+"-"+b.name) }

// caches are the images whose layers may be used.
func (b *building) caches() []string { return slices.Concat(b.CacheFrom, b.flags.cacheFrom) }

func (b *building) platforms() []string {
	if len(b.Platforms) == 0 && b.service.Platform != "" {
		return []string{b.service.Platform}
	}
	return b.Platforms
}

// args are those of the file, which the command line overrides. One without a value is that of the environment.
func (b *building) args() []string {
	values := map[string]string{}
	for key, value := range b.Args {
		values[key] = key
		if value != nil {
			values[key] = key + "=" + *value
		}
	}
	for _, arg := range b.flags.buildArgs {
		key, _, _ := strings.Cut(arg, "=")
		values[key] = arg
	}
	var out []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		out = append(out, values[key])
	}
	return out
}

func (b *building) contexts() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(b.AdditionalContexts)) {
		out = append(out, name+"="+shorten(b.AdditionalContexts[name]))
	}
	return out
}

func (b *building) secrets() []string {
	var out []string
	for _, s := range b.Secrets {
		secret := b.project.Secrets[s.Source]
		switch id := "id=" + cmp.Or(filepath.Base(cmp.Or(s.Target, s.Source)), s.Source); {
		case secret.File != "":
			out = append(out, id+",src="+shorten(secret.File))
		case secret.Environment != "":
			out = append(out, id+",env="+secret.Environment)
		default:
			out = append(out, id)
		}
	}
	return out
}

func (b *building) ssh() []string {
	var out []string
	for _, key := range b.SSH {
		v := key.ID
		if key.Path != "" {
			v += "=" + key.Path
		}
		out = append(out, v)
	}
	return out
}

func (b *building) hosts() []string {
	var out []string
	for _, host := range slices.Sorted(maps.Keys(b.ExtraHosts)) {
		for _, address := range b.ExtraHosts[host] {
			out = append(out, host+":"+address)
		}
	}
	return out
}

func (b *building) ulimits() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(b.Ulimits)) {
		l := b.Ulimits[name]
		if l.Single != 0 {
			out = append(out, fmt.Sprintf("%s=%d", name, l.Single))
			continue
		}
		out = append(out, fmt.Sprintf("%s=%d:%d", name, l.Soft, l.Hard))
	}
	return out
}
