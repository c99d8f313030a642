package translate

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	composetypes "github.com/compose-spec/compose-go/v2/types"
)

// What a container mounts.

// A volume is a volume of the task.
type volume struct {
	types.Volume
	at      place
	ebs     *types.TaskManagedEBSVolumeConfiguration // of a volume made at launch, if the compose files say it
	scratch bool                                     // storage of the task, gone with it
	used    bool                                     // by a container of the task
}

// A mount is a mount point of a container, with the place it was written at.
type mount struct {
	types.MountPoint
	at place
}

func applyVolumes(c *container, _ place) {
	for i := range c.svc.Volumes {
		v := &c.svc.Volumes[i]
		at := c.at("volumes", i)
		switch v.Type {
		case composetypes.VolumeTypeBind:
			c.bind(at, i, v)
		case composetypes.VolumeTypeVolume:
			c.mountVolume(at, v)
		case composetypes.VolumeTypeTmpfs:
			c.mountTmpfs(at, v)
		default:
			c.t.refuse(at, "K01", "volumes", "ECS has no mounts of type %s: use a volume", v.Type)
		}
	}
}

// bind mounts a directory of the instance. A relative one is the developer's, which no instance has.
func (c *container) bind(at place, i int, v *composetypes.ServiceVolumeConfig) {
	written := c.node.Get("volumes").Items[i].Get("source").Written()
	switch {
	case c.t.fargate:
		c.t.refuse(at, "F04", "volumes", "not possible on Fargate: it has no instance whose %s could be mounted; "+
			"use a volume, EFS, or put the files into the image", written)
		return
	case !isAbsolute(written):
		if c.t.allows("V07", "volumes") {
			c.t.warnf(at, "V07", "%s is sent as %s, a directory of this machine", written, v.Source)
			break
		}
		c.t.errorf(at, "V07", "%s is a directory of this machine, which no instance has: put the files into the image, "+
			"use a volume, or write an absolute path of the instance", written)
		return
	}
	name := c.t.hostVolume(at, v.Source)
	c.mount(at, name, v)
}

// isAbsolute reports whether the source of a bind mount, as written, is a path on any machine.
func isAbsolute(s string) bool {
	return path.IsAbs(s) || strings.HasPrefix(s, `\\`) || len(s) > 2 && s[1] == ':' && (s[2] == '\\' || s[2] == '/')
}

var notVolumeName = newRegexp(`[^A-Za-z0-9_-]+`)

// hostVolume returns the name of the volume for a directory of the instance. It is made of the path, so that it stays
// the same when other volumes come and go.
func (t *translation) hostVolume(at place, dir string) string {
	base := strings.Trim(notVolumeName().ReplaceAllString(dir, "-"), "-")
	base = "host-" + base[:min(len(base), 240)]
	base = strings.TrimSuffix(base, "-")
	name := base
	for n := 2; ; n++ {
		v, taken := t.volumes[name]
		if taken && v.Host != nil && value(v.Host.SourcePath) == dir {
			return name
		}
		_, declared := t.project.Volumes[name]
		if !taken && !declared {
			break
		}
		name = fmt.Sprintf("%s-%d", base, n)
	}
	t.volumes[name] = &volume{at: at, used: true, Volume: types.Volume{
		Name: new(name), Host: &types.HostVolumeProperties{SourcePath: new(dir)},
	}}
	return name
}

func (c *container) mountVolume(at place, v *composetypes.ServiceVolumeConfig) {
	name := volumeName(v.Source)
	if v.Source == "" { // anonymous
		name = c.name + "-" + strings.Trim(notVolumeName().ReplaceAllString(v.Target, "-"), "-")
		c.t.volumes[name] = &volume{at: at, used: true, scratch: true, Volume: types.Volume{Name: new(name)}}
	} else if !c.t.declared(v.Source) {
		c.t.errorf(at, "T20", "the volume %q is not declared%s: add it under volumes, or under task_definition in ecs-params",
			v.Source, c.t.suggest(v.Source, sortedKeys(c.t.project.Volumes)))
		return
	}
	if v.Volume != nil && v.Volume.Subpath != "" {
		name = c.t.subpath(at, v.Source, v.Volume.Subpath)
	}
	c.mount(at, name, v)
}

// volumeName returns the name of the ECS volume for a compose volume. ECS knows no dots.
func volumeName(name string) string { return strings.ReplaceAll(name, ".", "-") }

// declared reports whether a volume is declared in the compose files or in ecs-params. The first format declares none.
func (t *translation) declared(name string) bool {
	if _, ok := t.project.Volumes[name]; ok {
		return true
	}
	return slices.Contains(t.paramVolumes(), name)
}

func (c *container) mount(at place, name string, v *composetypes.ServiceVolumeConfig) {
	m := types.MountPoint{SourceVolume: new(name), ContainerPath: new(v.Target), ReadOnly: onlyTrue(v.ReadOnly)}
	c.mounts = append(c.mounts, mount{m, at})
}

// mountTmpfs mounts memory.
func (c *container) mountTmpfs(at place, v *composetypes.ServiceVolumeConfig) {
	var options []string
	if v.Tmpfs != nil && v.Tmpfs.Size > 0 {
		options = append(options, "size="+strconv.FormatInt(int64(v.Tmpfs.Size), 10))
	}
	if v.Tmpfs != nil && v.Tmpfs.Mode != 0 {
		options = append(options, fmt.Sprintf("mode=%o", v.Tmpfs.Mode))
	}
	if v.ReadOnly {
		options = append(options, "ro")
	}
	c.addTmpfs(at, v.Target, strings.Join(options, ","))
}

func applyCreateHostPath(c *container, at place) {
	for i, v := range c.svc.Volumes {
		if v.Bind != nil && !bool(v.Bind.CreateHostPath) &&
			c.at("volumes", i, "bind", "create_host_path").path == at.path {
			c.t.warnf(at, "K01", "the ECS agent makes a missing directory")
		}
	}
}

// applyVolumesFrom mounts the volumes of another container of the task.
func applyVolumesFrom(c *container, _ place) {
	for i, s := range c.svc.VolumesFrom {
		at := c.at("volumes_from", i)
		service, mode, _ := strings.Cut(s, ":")
		if service == "container" { // container:name[:mode]
			service, mode, _ = strings.Cut(mode, ":")
			if _, ok := c.t.project.Services[service]; !ok {
				c.t.refuse(at, "T21", "volumes_from", "the container %q is not in the task", service)
				continue
			}
		}
		if mode != "" && mode != "ro" && mode != "rw" {
			c.t.errorf(at, "C10", "%q is no mode: write ro or rw", mode)
			continue
		}
		c.set[fromTarget(c.t.nameOf(service))] = at
		c.def.VolumesFrom = append(c.def.VolumesFrom,
			types.VolumeFrom{SourceContainer: new(c.t.nameOf(service)), ReadOnly: onlyTrue(mode == "ro")})
	}
}

// fromTarget is the key under which the place of a volumesFrom is kept.
func fromTarget(name string) string { return container1 + "volumesFrom " + name }
