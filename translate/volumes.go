package translate

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	composetypes "github.com/compose-spec/compose-go/v2/types"

	"github.com/ecsctl/ecsctl/compose/source"
)

// What a container mounts.

// A volume is a volume of the task.
type volume struct {
	types.Volume
	at      place
	ebs     *types.TaskManagedEBSVolumeConfiguration // of a volume made at launch, if the compose files say it
	scratch bool                                     // storage of the task, gone with it
	used    bool                                     // by a container of the task
	ro      bool                                     // mounted read-only wherever it is mounted
	of      string                                   // what it is made for, if no file declares it: one volume for each
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

// bind mounts a directory of the instance. One of the developer's machine is on no instance.
func (c *container) bind(at place, i int, v *composetypes.ServiceVolumeConfig) {
	n := c.node.Get("volumes").Items[i].Get("source")
	switch {
	case v.Source == "":
		c.t.errorf(at, "C10", "a bind mount needs a source: the directory of the instance")
		return
	case c.t.fargate:
		c.t.refuse(at, "F04", "volumes", "not possible on Fargate: it has no instance whose %s could be mounted; "+
			"use a volume, EFS, or put the files into the image", n.Written())
		return
	case !c.t.onInstance(at, n):
		return
	}
	c.mount(at, c.t.hostVolume(at, v.Source), v)
}

// onInstance reports whether a path may be one of the instance. It reports one that is of the developer's machine.
func (t *translation) onInstance(at place, n *source.Node) bool {
	switch {
	case !t.ofThisMachine(n):
	case t.allows("V07", "volumes"):
		t.warnf(at, "V07", "%s is sent as %s, a directory of this machine", n.Written(), n.Text)
	default:
		t.errorf(at, "V07", "%s is a directory of this machine, which no instance has: put the files into the image, "+
			"use a volume, or write an absolute path of the instance", n.Written())
		return false
	}
	return true
}

// ofThisMachine reports whether a path leads to the developer's machine: a relative one, or one of a variable, such as
// PWD, that leads below the directory of the project.
func (t *translation) ofThisMachine(n *source.Node) bool {
	if strings.Contains(n.Written(), "$") && isAbsolute(n.Text) {
		dir := strings.TrimSuffix(t.project.Dir, "/")
		return dir != "" && strings.HasPrefix(path.Clean(n.Text)+"/", dir+"/")
	}
	return !isAbsolute(n.Written())
}

// isAbsolute reports whether the source of a bind mount is a path on any machine.
func isAbsolute(s string) bool {
	return path.IsAbs(s) || strings.HasPrefix(s, `\\`) || len(s) > 2 && s[1] == ':' && (s[2] == '\\' || s[2] == '/')
}

var notVolumeName = newRegexp(`[^A-Za-z0-9_-]+`)

// volumePart returns what of a path may stand in the name of a volume.
func volumePart(dir string) string {
	return strings.Trim(notVolumeName().ReplaceAllString(dir, "-"), "-")
}

// hostVolume returns the name of the volume for a directory of the instance.
func (t *translation) hostVolume(at place, dir string) string {
	host := &types.HostVolumeProperties{SourcePath: new(dir)}
	return t.addVolume("host-"+volumePart(dir), "host "+dir, &volume{at: at, Volume: types.Volume{Host: host}})
}

// addVolume adds a volume that no file declares, unless there is one for the same purpose, and returns its name. The
// name is made of that purpose, so that it stays the same when other volumes come and go, and is nobody else's.
func (t *translation) addVolume(base, of string, v *volume) string {
	base = strings.TrimSuffix(base[:min(len(base), 245)], "-")
	name := base
	for n := 2; ; n++ {
		old := t.volumes[name]
		if old != nil && old.of == of {
			return name
		}
		if old == nil && !t.names[name] {
			break
		}
		name = fmt.Sprintf("%s-%d", base, n)
	}
	v.Name, v.of, v.used = new(name), of, true
	t.volumes[name] = v
	return name
}

func (c *container) mountVolume(at place, v *composetypes.ServiceVolumeConfig) {
	name := volumeName(v.Source)
	if v.Source == "" { // anonymous
		name = c.t.addVolume(c.name+"-"+volumePart(v.Target), "anonymous "+c.name+" "+v.Target, &volume{at: at, scratch: true})
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
			c.at("volumes", i, "bind", "create_host_path") == at {
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
