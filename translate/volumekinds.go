package translate

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	composetypes "github.com/compose-spec/compose-go/v2/types"

	"github.com/ecsctl/ecsctl/compose/source"
	"github.com/ecsctl/ecsctl/ecsparams"
)

// What a volume of the task is: storage of the task, a directory of the instance, a file system, a Docker volume.

// nameVolumes keeps the names that volumes of the files have in ECS.
func (t *translation) nameVolumes() {
	t.names = map[string]bool{}
	for _, name := range slices.Concat(sortedKeys(t.project.Volumes), t.paramVolumes()) {
		t.names[volumeName(name)] = true
	}
}

// declareVolumes adds the volumes that the files declare. One that only services use which are not in the task is left
// out; one that nobody uses is declared, as ecs-cli did.
func (t *translation) declareVolumes() {
	used := map[string]bool{}
	for _, c := range t.containers {
		for _, m := range c.mounts {
			used[*m.SourceVolume] = true
		}
	}
	elsewhere := maps.Clone(t.subpaths)
	for _, services := range []composetypes.Services{t.project.DisabledServices, t.project.Services} {
		for name, s := range services {
			for _, v := range s.Volumes {
				if t.container(name) == nil {
					elsewhere[volumeName(v.Source)] = true
				}
			}
		}
	}
	names := slices.Concat(sortedKeys(t.project.Volumes), t.paramVolumes())
	for _, name := range names {
		ecsName := volumeName(name)
		if !used[ecsName] && elsewhere[ecsName] {
			continue
		}
		v := t.volumes[ecsName]
		if v == nil {
			v = t.volumeFor(name)
			t.volumes[ecsName] = v
			if v.ebs != nil {
				t.result.Service.VolumeConfigurations = append(t.result.Service.VolumeConfigurations,
					types.TaskVolumeConfiguration{Name: v.Name, ManagedEBSVolume: v.ebs})
			}
		}
		v.used = used[ecsName]
	}
	for _, c := range t.containers {
		c.mountReadOnly()
	}
}

// mountReadOnly makes the mount points of volumes read-only that are so as a whole.
func (c *container) mountReadOnly() {
	for i, m := range c.def.MountPoints {
		if v := c.t.volumes[*m.SourceVolume]; v != nil && v.ro {
			c.def.MountPoints[i].ReadOnly = new(true)
		}
	}
}

// volumeFor returns the ECS volume for a compose volume: what ecs-params says about it, else what compose says.
func (t *translation) volumeFor(name string) *volume {
	if v := t.wholes[name]; v != nil {
		return v
	}
	at := t.projectAt("volumes", name)
	v := &volume{at: at, Volume: types.Volume{Name: new(volumeName(name))}}
	t.wholes[name] = v
	config := t.project.Volumes[name]
	if t.paramVolume(name, v) {
		if config.Driver != "" || len(config.DriverOpts) > 0 || len(config.Labels) > 0 {
			t.notef(v.at, "C08", "overrides %s at %s", at.path, at.pos)
		}
		return v
	}
	switch config.Driver {
	case "efs":
		var e ecsparams.EFSVolume
		t.driverOptions(name, &e)
		v.EfsVolumeConfiguration = efsVolume(e)
	case "s3files":
		v.S3filesVolumeConfiguration = &types.S3FilesVolumeConfiguration{}
		t.driverOptions(name, v.S3filesVolumeConfiguration)
	case "ebs":
		ebs := &types.TaskManagedEBSVolumeConfiguration{}
		t.driverOptions(name, ebs)
		v.ConfiguredAtLaunch, v.ebs = new(true), ebs
	case "", "local":
		t.localVolume(v, at, name, config)
	default:
		t.dockerVolume(v, at, config)
	}
	t.dockerOnly(v, name, config)
	return v
}

// dockerOnly reports what only Docker volumes have, of a volume that is something else.
func (t *translation) dockerOnly(v *volume, name string, config composetypes.VolumeConfig) {
	fileSystem := v.EfsVolumeConfiguration != nil || v.S3filesVolumeConfiguration != nil || v.ebs != nil
	if fileSystem && len(config.Labels) > 0 {
		t.notef(t.volumePlace(name, "labels"), "K01", "are of Docker volumes: tag the file system in AWS")
	}
	if (fileSystem || v.scratch) && config.Name != "" && !bool(config.External) {
		t.notef(t.volumePlace(name, "name"), "K01", "is of Docker volumes: in the task the volume is %s", *v.Name)
	}
}

// volumePlace returns the place of a key of a compose volume.
func (t *translation) volumePlace(name string, keys ...any) place {
	return t.projectAt(append([]any{"volumes", name}, keys...)...)
}

var (
	efsID      = newRegexp(`^fs-[0-9a-f]{8,40}$`)
	efsAddress = newRegexp(`(?:^|,)addr=(?:[a-z0-9-]+\.)?(fs-[0-9a-f]{8,40})\.efs\.[a-z0-9.-]+`)
)

// localVolume reads a volume of Docker's own driver: storage of the task, an EFS file system mounted by NFS, or what
// else Docker can mount.
func (t *translation) localVolume(v *volume, at place, name string, config composetypes.VolumeConfig) {
	options := config.DriverOpts
	switch {
	case bool(config.External):
		t.externalVolume(v, at, config)
	case strings.HasPrefix(options["type"], "nfs") && efsAddress.MatchString(options["o"]):
		t.nfsVolume(v, at, name, options)
	case len(options) > 0 || len(config.Labels) > 0:
		device := t.project.Root.Get("volumes").Get(name).Get("driver_opts").Get("device")
		if bound := slices.Contains(strings.Split(options["o"], ","), "bind"); bound && device != nil && !t.fargate {
			t.onInstance(t.volumePlace(name, "driver_opts", "device"), device)
		}
		t.dockerVolume(v, at, config)
	default:
		v.scratch = true
		t.notef(at, "V10", "is storage of the task and gone with it: use EFS to keep the data")
	}
}

// efsMounts are the NFS options with which EFS is mounted anyway (EFS User Guide, "Recommended NFS mount settings").
var efsMounts = []string{
	"_netdev", "addr", "hard", "nfsvers", "noresvport", "proto", "retrans", "rsize", "rw", "timeo", "vers", "wsize",
}

// nfsVolume reads an EFS file system that Docker would mount by NFS.
func (t *translation) nfsVolume(v *volume, at place, name string, options map[string]string) {
	id := efsAddress().FindStringSubmatch(options["o"])[1]
	v.EfsVolumeConfiguration = &types.EFSVolumeConfiguration{FileSystemId: new(id)}
	device := options["device"] // [HOST:]PATH
	if root := device[strings.LastIndexByte(device, ':')+1:]; root != "" && root != "/" {
		v.EfsVolumeConfiguration.RootDirectory = new(root)
	}
	t.notef(at, "V02", "is the EFS file system %s", id)
	for option := range strings.SplitSeq(options["o"], ",") {
		key, _, _ := strings.Cut(option, "=")
		switch {
		case key == "ro":
			v.ro = true
		case key != "" && !slices.Contains(efsMounts, key):
			t.warnf(t.volumePlace(name, "driver_opts", "o"), "K01", "ECS mounts EFS with options of its own: %s is left out", option)
		}
	}
}

// externalVolume reads a volume that exists: its name must say what it is.
func (t *translation) externalVolume(v *volume, at place, config composetypes.VolumeConfig) {
	name := config.Name
	switch {
	case efsID.MatchString(name):
		v.EfsVolumeConfiguration = &types.EFSVolumeConfiguration{FileSystemId: new(name)}
	case strings.HasPrefix(name, "arn:") && strings.Contains(name, ":elasticfilesystem:"):
		v.EfsVolumeConfiguration = &types.EFSVolumeConfiguration{FileSystemId: new(path.Base(name))}
	case strings.HasPrefix(name, "arn:") && strings.Contains(name, ":s3files:"):
		v.S3filesVolumeConfiguration = &types.S3FilesVolumeConfiguration{FileSystemArn: new(name)}
	default:
		if t.refuse(at, "V08", "volumes", "nothing says what the external volume is: give the id of an EFS file system (fs-…) "+
			"or an ARN as its name, or describe it under task_definition in ecs-params") {
			v.scratch = true
		}
	}
}

// dockerVolume reads a volume of a Docker volume driver.
func (t *translation) dockerVolume(v *volume, at place, config composetypes.VolumeConfig) {
	if t.fargate {
		if t.refuse(at, "F04", "volumes", "not possible on Fargate: it has no Docker volume drivers; use EFS") {
			v.scratch = true
		}
		return
	}
	d := &types.DockerVolumeConfiguration{Driver: nonEmpty(config.Driver), Scope: types.ScopeShared, Autoprovision: new(true)}
	if config.Driver == "" {
		d.Driver = new("local")
	}
	if len(config.DriverOpts) > 0 {
		d.DriverOpts = config.DriverOpts
	}
	if len(config.Labels) > 0 {
		d.Labels = config.Labels
	}
	if config.Name != "" {
		t.notef(at, "K01", "Docker gives the volume its name in ECS, not %s", config.Name)
	}
	v.DockerVolumeConfiguration = d
}

// optionAliases are other words for the keys of ecs-params, by driver option.
var optionAliases = map[string]string{"file_system_id": "filesystem_id", "access_point_id": "access_point"}

// driverOptions reads the driver_opts of a volume as ecs-params writes such a volume.
func (t *translation) driverOptions(name string, config any) {
	options := t.project.Root.Get("volumes").Get(name).Get("driver_opts")
	if options == nil || options.Kind != source.Mapping {
		return
	}
	renamed := *options
	renamed.Fields = slices.Clone(options.Fields)
	for i, f := range renamed.Fields {
		if alias, ok := optionAliases[f.Key]; ok {
			renamed.Fields[i].Key = alias
		}
	}
	ecsparams.Decode(&renamed, source.NewPath("volumes", name, "driver_opts"), config, &t.diags)
}

// subpath returns the name of a volume for a directory in another one, which only file systems have.
func (t *translation) subpath(at place, name, sub string) string {
	whole := t.volumeFor(name)
	if whole.EfsVolumeConfiguration == nil && whole.S3filesVolumeConfiguration == nil {
		t.refuse(at, "K01", "volumes.[].volume.subpath", "the volume is no file system with directories before the task starts: "+
			"use EFS or S3 Files")
		return volumeName(name)
	}
	sub = path.Clean(sub)
	if path.IsAbs(sub) || sub == ".." || strings.HasPrefix(sub, "../") {
		t.errorf(at, "C10", "the subpath %q leads out of the volume: write a directory in it", sub)
		return volumeName(name)
	}
	v := *whole
	v.at = at
	if e := whole.EfsVolumeConfiguration; e != nil {
		c := *e
		c.RootDirectory = new(path.Join("/", value(e.RootDirectory), sub))
		v.EfsVolumeConfiguration = &c
	} else {
		c := *whole.S3filesVolumeConfiguration
		c.RootDirectory = new(path.Join("/", value(c.RootDirectory), sub))
		v.S3filesVolumeConfiguration = &c
	}
	t.subpaths[volumeName(name)] = true
	return t.addVolume(volumeName(name)+"-"+volumePart(sub), "subpath "+name+" "+sub, &v)
}
