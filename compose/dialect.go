package compose

import (
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/format"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/compose/source"
)

// modern rewrites a document of an older dialect as the Compose Specification has it: the first format, which has no
// services key; the keys that only that format has; and version, which says nothing any more.
// first is whether earlier files of the project are of the first format.
func modern(doc *source.Node, first bool, diags *diag.List) (_ *source.Node, isFirst bool) {
	if v := doc.Get("version"); v != nil {
		if !v.IsScalar() {
			diags.Addf(v.Pos, diag.Error, ruleForm, "version", "must be a string, not %s", v.Kind)
		}
		doc = doc.Without("version")
	}
	isFirst = isFirstFormat(doc, first)
	if isFirst {
		doc = wrapServices(doc)
	}
	services := doc.Get("services")
	if services == nil || services.Kind != source.Mapping {
		return doc, isFirst
	}
	c := *services
	c.Fields = slices.Clone(services.Fields)
	for i, f := range c.Fields {
		c.Fields[i].Value = modernService(f.Value)
	}
	return doc.With(source.Field{Key: "services", Pos: doc.Field("services").Pos, Value: &c}), isFirst
}

// topLevel are the keys of a file in the formats that have services.
var topLevel = []string{"configs", "include", "jobs", "models", "name", "networks", "secrets", "services", "volumes"}

// isFirstFormat reports whether the keys of doc are services. A service of the first format has an image, a build or
// an extends; one that only overrides an earlier file need not.
func isFirstFormat(doc *source.Node, first bool) bool {
	if doc.Get("services") != nil {
		return false
	}
	known := false
	for _, f := range doc.Fields {
		for _, key := range []string{"image", "build", "extends"} {
			if v := f.Value.Get(key); v != nil && (v.Kind == source.String || key != "image" && v.Kind == source.Mapping) {
				return true
			}
		}
		known = known || slices.Contains(topLevel, f.Key)
	}
	return first && !known
}

// wrapServices puts the services of the first format under services, and declares the volumes they name: that format
// has no place to declare them.
func wrapServices(doc *source.Node) *source.Node {
	services, rest, volumes := source.NewMapping(doc.Pos), source.NewMapping(doc.Pos), source.NewMapping(doc.Pos)
	services.Tagged, rest.Tagged = doc.Tagged, doc.Tagged
	for _, f := range doc.Fields {
		if strings.HasPrefix(f.Key, "x-") {
			rest.Fields = append(rest.Fields, f)
			continue
		}
		services.Fields = append(services.Fields, f)
		for _, item := range f.Value.Get("volumes").ItemsOrNone() {
			v, err := format.ParseVolume(item.Text)
			if err == nil && v.Type == types.VolumeTypeVolume && v.Source != "" && volumes.Get(v.Source) == nil {
				volumes.Fields = append(volumes.Fields, source.F(v.Source, source.NewMapping(item.Pos)))
			}
		}
	}
	rest.Fields = append(rest.Fields, source.F("services", services))
	if len(volumes.Fields) > 0 {
		rest.Fields = append(rest.Fields, source.F("volumes", volumes))
	}
	return rest
}

// modernService gives the keys of the first format their present names.
func modernService(s *source.Node) *source.Node {
	if s.Kind != source.Mapping {
		return s
	}
	if net := s.Field("net"); net != nil && s.Get("network_mode") == nil {
		s = s.Without("net").With(source.Field{Key: "network_mode", Pos: net.Pos, Value: net.Value})
	}
	if f := s.Field("dockerfile"); f != nil {
		if build := s.Field("build"); build != nil {
			long := keyed("context", build.Value).With(*f)
			s = s.Without("dockerfile").With(source.Field{Key: "build", Pos: build.Pos, Value: long})
		}
	}
	driver, opt := s.Field("log_driver"), s.Field("log_opt")
	if driver == nil && opt == nil || s.Get("logging") != nil {
		return s
	}
	logging := source.NewMapping(s.Pos)
	if driver != nil {
		logging.Fields = append(logging.Fields, source.Field{Key: "driver", Pos: driver.Pos, Value: driver.Value})
		logging.Pos = driver.Pos
	}
	if opt != nil {
		logging.Fields = append(logging.Fields, source.Field{Key: "options", Pos: opt.Pos, Value: opt.Value})
		logging.Pos = opt.Pos
	}
	return s.Without("log_driver").Without("log_opt").
		With(source.Field{Key: "logging", Pos: logging.Pos, Value: logging})
}
