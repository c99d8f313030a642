package compose

import (
	"path"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/format"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/compose/source"
)

// Short forms that are more than a word: devices, ports, volumes.

// device reads SOURCE[:TARGET[:PERMISSIONS]].
func (f *file) device(n *source.Node, p *source.Path) *source.Node {
	if n.Kind != source.String {
		if n.Get("target") == nil && n.Get("source") != nil {
			n = n.With(source.F("target", n.Get("source")))
		}
		return n
	}
	parts := strings.Split(n.Text, ":")
	if len(parts) > 3 {
		f.errorf(n, p, "%q has too many parts: write source:target:permissions", n.Written())
		return &source.Node{Pos: n.Pos}
	}
	target, permissions := parts[0], "rwm"
	if len(parts) > 1 {
		target = parts[1]
	}
	if len(parts) > 2 {
		permissions = parts[2]
	}
	return longForm(n,
		source.F("source", source.NewString(n.Pos, parts[0])),
		source.F("target", source.NewString(n.Pos, target)),
		source.F("permissions", source.NewString(n.Pos, permissions)))
}

// longForm returns the mapping that the short form n stands for. It needs the variables that n needed.
func longForm(n *source.Node, fields ...source.Field) *source.Node {
	m := source.NewMapping(n.Pos, fields...).From(n)
	m.Unset = n.Unset
	return m
}

// maxRange is how many ports a range has at most: ten times as many as ECS takes for a container.
const maxRange = 1000

// ports expands [[HOST:]PUBLISHED:]TARGET[/PROTOCOL], where ranges become one entry for each port.
func (f *file) ports(n *source.Node, p *source.Path) *source.Node {
	items := make([]*source.Node, 0, len(n.Items))
	for _, item := range n.Items {
		switch item.Kind {
		case source.Null:
			continue
		case source.Mapping:
			items = append(items, portDefaults(item))
			continue
		}
		parsed, err := types.ParsePortConfig(item.String())
		if err != nil || slices.ContainsFunc(parsed, func(port types.ServicePortConfig) bool { return port.Target == 0 }) {
			f.errorf(item, p.Item(item.Index), "%q is no port: write [[host:]published:]target[/protocol], "+
				"each port from 1 to 65535", item.Written())
			continue
		}
		if len(parsed) > maxRange || len(items)+len(parsed) > source.MaxEntries {
			f.errorf(item, p.Item(item.Index), "%q is more than %d ports", item.Written(), maxRange)
			continue
		}
		for _, port := range parsed {
			items = append(items, portNode(item, port))
		}
	}
	return n.WithItems(items)
}

func portNode(n *source.Node, port types.ServicePortConfig) *source.Node {
	m := longForm(n,
		source.F("mode", source.NewString(n.Pos, "ingress")),
		source.F("target", source.NewInt(n.Pos, int(port.Target))),
		source.F("protocol", source.NewString(n.Pos, port.Protocol)))
	if port.Published != "" {
		m.Fields = append(m.Fields, source.F("published", source.NewString(n.Pos, port.Published)))
	}
	if port.HostIP != "" {
		m.Fields = append(m.Fields, source.F("host_ip", source.NewString(n.Pos, port.HostIP)))
	}
	return m
}

func portDefaults(n *source.Node) *source.Node {
	if n.Get("mode") == nil {
		n = n.With(source.F("mode", source.NewString(n.Pos, "ingress")))
	}
	if n.Get("protocol") == nil {
		n = n.With(source.F("protocol", source.NewString(n.Pos, "tcp")))
	}
	return n
}

// volumeOptions are the words after the second colon of a short volume, and what they mean to Docker.
var volumeOptions = []string{
	"ro", "rw", "nocopy", "z", "Z", "cached", "delegated", "consistent",
	"rprivate", "private", "rshared", "shared", "rslave", "slave",
}

// volume reads [SOURCE:]TARGET[:OPTIONS], and makes the source of a bind mount absolute.
func (f *file) volume(n *source.Node, p *source.Path) *source.Node {
	if n.Kind == source.String {
		v, err := format.ParseVolume(n.Text)
		if err != nil || v.Target == "" {
			f.errorf(n, p, "%q is no volume: write [source:]target[:options]", n.Written())
			return &source.Node{Pos: n.Pos}
		}
		if _, options, found := strings.Cut(n.Text, ":"+v.Target+":"); found {
			for option := range strings.SplitSeq(options, ",") {
				if !slices.Contains(volumeOptions, option) {
					f.errorf(n, p, "unknown option %q%s", n.Show(option), diag.Suggest(option, volumeOptions))
				}
			}
		}
		n = volumeNode(n, v)
	}
	if bind := n.Field("bind"); bind != nil && bind.Value.Kind == source.Mapping && bind.Value.Get("create_host_path") == nil {
		bind := *bind
		bind.Value = bind.Value.With(source.F("create_host_path", source.NewBool(n.Pos, true)))
		n = n.With(bind)
	}
	if src := n.Get("source"); n.Get("type").TextOr("") == types.VolumeTypeBind && src != nil {
		n = n.With(source.Field{Key: "source", Pos: n.Field("source").Pos, Value: f.bindPath(src, p)})
	}
	return n
}

func volumeNode(n *source.Node, v types.ServiceVolumeConfig) *source.Node {
	m := longForm(n, source.F("type", source.NewString(n.Pos, v.Type)))
	if v.Source != "" {
		m.Fields = append(m.Fields, source.F("source", volumeSource(n, v.Source)))
	}
	m.Fields = append(m.Fields, source.F("target", source.NewString(n.Pos, path.Clean(v.Target))))
	if v.ReadOnly {
		m.Fields = append(m.Fields, source.F("read_only", source.NewBool(n.Pos, true)))
	}
	if b := v.Bind; b != nil {
		bind := source.NewMapping(n.Pos)
		if b.Propagation != "" {
			bind.Fields = append(bind.Fields, source.F("propagation", source.NewString(n.Pos, b.Propagation)))
		}
		if b.SELinux != "" {
			bind.Fields = append(bind.Fields, source.F("selinux", source.NewString(n.Pos, b.SELinux)))
		}
		m.Fields = append(m.Fields, source.F("bind", bind))
	}
	if v.Volume != nil {
		volume := source.NewMapping(n.Pos)
		if v.Volume.NoCopy {
			volume.Fields = append(volume.Fields, source.F("nocopy", source.NewBool(n.Pos, true)))
		}
		m.Fields = append(m.Fields, source.F("volume", volume))
	}
	return m
}

// volumeSource returns the source of the short form n, written as it stands there.
func volumeSource(n *source.Node, text string) *source.Node {
	c := source.NewString(n.Pos, text)
	rest, first := strings.CutPrefix(n.Text, text)
	if n.Raw != "" && first {
		c.Raw = strings.TrimSuffix(n.Raw, rest)
	}
	return c
}

// external turns the old form external: {name: x} into name: x, external: true.
func (f *file) external(n *source.Node, p *source.Path) *source.Node {
	ext := n.Get("external")
	if ext == nil || ext.Kind != source.Mapping {
		return n
	}
	name := ext.Get("name")
	if old := n.Get("name"); name != nil && old != nil && old.Text != name.Text {
		f.errorf(name, p, "external.name says %q and name says %q: keep name", name.Written(), old.Written())
	}
	if name != nil {
		n = n.With(source.Field{Key: "name", Pos: ext.Field("name").Pos, Value: name})
	}
	return n.With(source.Field{Key: "external", Pos: n.Field("external").Pos, Value: source.NewBool(ext.Pos, true)})
}

// volumeDefinition makes the device of a local bind volume absolute.
func (f *file) volumeDefinition(n *source.Node, p *source.Path) *source.Node {
	n = f.external(n, p)
	options := n.Get("driver_opts")
	device := options.Get("device")
	if n.Get("driver").TextOr("") != "local" || options.Get("o").TextOr("") != "bind" || device == nil {
		return n
	}
	options = options.With(source.Field{Key: "device", Pos: options.Field("device").Pos, Value: f.bindPath(device, p)})
	return n.With(source.Field{Key: "driver_opts", Pos: n.Field("driver_opts").Pos, Value: options})
}
