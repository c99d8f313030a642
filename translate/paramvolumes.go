package translate

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/ecsparams"
)

// Volumes of ecs-params.

// paramVolumes returns the names of the volumes that ecs-params declares.
func (t *translation) paramVolumes() []string {
	var names []string
	d := &t.params.TaskDefinition
	for _, v := range d.DockerVolumes {
		names = append(names, v.Name)
	}
	for _, v := range d.EFSVolumes {
		names = append(names, v.Name)
	}
	for _, v := range d.S3FilesVolumes {
		names = append(names, v.Name)
	}
	for _, v := range d.FSxWindowsFileServerVolumes {
		names = append(names, v.Name)
	}
	for _, v := range t.params.RunParams.VolumeConfigurations {
		names = append(names, value(v.Name))
	}
	return slices.DeleteFunc(names, func(s string) bool { return s == "" })
}

// paramVolume fills in what ecs-params says about a volume, and reports whether it says anything. Where two lists say
// something, EFS holds over Docker, as in ecs-cli.
func (t *translation) paramVolume(name string, v *volume) bool {
	d := &t.params.TaskDefinition
	found := false
	if i := slices.IndexFunc(d.DockerVolumes, func(o ecsparams.DockerVolume) bool { return o.Name == name }); i >= 0 {
		o := d.DockerVolumes[i]
		v.at = t.paramsAt("task_definition", "docker_volumes", i)
		v.DockerVolumeConfiguration = &types.DockerVolumeConfiguration{
			Autoprovision: o.Autoprovision, Driver: nonEmpty(o.Driver), DriverOpts: o.DriverOpts, Labels: o.Labels, Scope: o.Scope,
		}
		found = true
	}
	if i := slices.IndexFunc(d.EFSVolumes, func(o ecsparams.EFSVolume) bool { return o.Name == name }); i >= 0 {
		v.at = t.paramsAt("task_definition", "efs_volumes", i)
		if found {
			t.notef(v.at, "C08", "docker_volumes has a volume of this name too: this one holds")
		}
		v.DockerVolumeConfiguration = nil
		v.EfsVolumeConfiguration = efsVolume(d.EFSVolumes[i])
		found = true
	}
	if i := slices.IndexFunc(d.S3FilesVolumes, func(o ecsparams.S3FilesVolume) bool { return o.Name == name }); i >= 0 {
		v.at = t.paramsAt("task_definition", "s3files_volumes", i)
		v.S3filesVolumeConfiguration = &d.S3FilesVolumes[i].S3FilesVolumeConfiguration
		found = true
	}
	if i := slices.IndexFunc(d.FSxWindowsFileServerVolumes, func(o ecsparams.FSxWindowsFileServerVolume) bool {
		return o.Name == name
	}); i >= 0 {
		v.at = t.paramsAt("task_definition", "fsx_windows_file_server_volumes", i)
		v.FsxWindowsFileServerVolumeConfiguration = &d.FSxWindowsFileServerVolumes[i].FSxWindowsFileServerVolumeConfiguration
		found = true
	}
	if i := slices.IndexFunc(t.params.RunParams.VolumeConfigurations, func(o types.TaskVolumeConfiguration) bool {
		return value(o.Name) == name
	}); i >= 0 {
		v.at = t.paramsAt("run_params", "volume_configurations", i)
		v.ConfiguredAtLaunch = new(true)
		found = true
	}
	return found
}

func efsVolume(v ecsparams.EFSVolume) *types.EFSVolumeConfiguration {
	e := &types.EFSVolumeConfiguration{
		FileSystemId: nonEmpty(v.FilesystemID), RootDirectory: nonEmpty(v.RootDirectory),
		TransitEncryption: v.TransitEncryption, TransitEncryptionPort: v.TransitEncryptionPort,
	}
	if v.AccessPoint != "" || v.IAM != "" {
		e.AuthorizationConfig = &types.EFSAuthorizationConfig{AccessPointId: nonEmpty(v.AccessPoint), Iam: v.IAM}
	}
	return e
}
