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
}

// volumeFor returns the ECS volume for a compose volume: what ecs-params says about it, else what compose says.
func (t *translation) volumeFor(name string) *volume {
	at := place{t.project.Where("volumes", name), "volumes." + name}
	v := &volume{at: at, Volume: types.Volume{Name: new(volumeName(name))}}
	config := t.project.Volumes[name]
	if t.paramVolume(name, v) {
		if config.Driver != "" || len(config.DriverOpts) > 0 {
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
		t.localVolume(v, at, config)
	default:
		t.dockerVolume(v, at, config)
	}
	return v
}

var (
	efsID      = newRegexp(`^fs-[0-9a-f]{8,40}$`)
	efsAddress = newRegexp(`(?:^|,)addr=(?:[a-z0-9-]+\.)?(fs-[0-9a-f]{8,40})\.efs\.[a-z0-9.-]+`)
)

// localVolume reads a volume of Docker's own driver: storage of the task, an EFS file system mounted by NFS, or what
// else Docker can mount.
func (t *translation) localVolume(v *volume, at place, config composetypes.VolumeConfig) {
	options := config.DriverOpts
	switch {
	case bool(config.External):
		t.externalVolume(v, at, config)
	case strings.HasPrefix(options["type"], "nfs") && efsAddress.MatchString(options["o"]):
		id := efsAddress().FindStringSubmatch(options["o"])[1]
		v.EfsVolumeConfiguration = &types.EFSVolumeConfiguration{FileSystemId: new(id)}
		if root := strings.TrimPrefix(options["device"], ":"); root != "" && root != "/" {
			v.EfsVolumeConfiguration.RootDirectory = new(root)
		}
		t.notef(at, "V02", "is the EFS file system %s", id)
	case len(options) > 0 || len(config.Labels) > 0:
		t.dockerVolume(v, at, config)
	default:
		v.scratch = true
		v.Host = nil
		t.notef(at, "V10", "is storage of the task and gone with it: use EFS to keep the data")
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
	v := *whole
	v.used = true
	v.at = at
	ecsName := volumeName(name) + "-" + strings.Trim(notVolumeName().ReplaceAllString(sub, "-"), "-")
	v.Name = new(ecsName)
	if e := whole.EfsVolumeConfiguration; e != nil {
		c := *e
		c.RootDirectory = new(path.Join("/", value(e.RootDirectory), sub))
		v.EfsVolumeConfiguration = &c
	} else {
		c := *whole.S3filesVolumeConfiguration
		c.RootDirectory = new(path.Join("/", value(c.RootDirectory), sub))
		v.S3filesVolumeConfiguration = &c
	}
	t.volumes[ecsName] = &v
	t.subpaths[volumeName(name)] = true
	return ecsName
}
