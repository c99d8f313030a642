package translate

import (
	"path"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	composetypes "github.com/compose-spec/compose-go/v2/types"
)

// Rules about volumes and storage.

func (t *translation) checkVolumeKinds() {
	for _, name := range sortedKeys(t.volumes) {
		v := t.volumes[name]
		kinds := 0
		for _, set := range []bool{
			v.Host != nil, v.DockerVolumeConfiguration != nil, v.EfsVolumeConfiguration != nil,
			v.S3filesVolumeConfiguration != nil, v.FsxWindowsFileServerVolumeConfiguration != nil, value(v.ConfiguredAtLaunch),
		} {
			if set {
				kinds++
			}
		}
		if kinds > 1 {
			t.errorf(v.at, "V01", "the volume %s is of more than one kind: keep one of the places in ecs-params that name it", name)
		}
	}
}

var efsFileSystem = newRegexp(`^(arn:[a-z-]+:elasticfilesystem:[a-z0-9-]+:\d{12}:file-system/)?fs-[0-9a-f]{8,40}$`)

func (t *translation) checkEFS() {
	for _, name := range sortedKeys(t.volumes) {
		v := t.volumes[name]
		e := v.EfsVolumeConfiguration
		if e == nil {
			continue
		}
		auth := e.AuthorizationConfig
		if auth == nil {
			auth = &types.EFSAuthorizationConfig{}
		}
		iam := auth.Iam == types.EFSAuthorizationConfigIAMEnabled
		switch {
		case value(e.FileSystemId) == "":
			t.errorf(v.at, "V02", "the id of the file system is missing: add filesystem_id")
		case !efsFileSystem.MatchString(*e.FileSystemId):
			t.errorf(v.at, "V02", "%q is no id of an EFS file system (fs-…)", *e.FileSystemId)
		}
		if (iam || auth.AccessPointId != nil) && e.TransitEncryption != types.EFSTransitEncryptionEnabled {
			t.errorf(v.at, "V02", "an access point or IAM authorization needs transit_encryption: ENABLED")
		}
		if root := value(e.RootDirectory); auth.AccessPointId != nil && root != "" && root != "/" {
			t.errorf(v.at, "V02", "an access point has a root directory of its own: leave root_directory out")
		}
		if p := e.TransitEncryptionPort; p != nil && (*p < 1 || *p > 65535) {
			t.errorf(v.at, "V02", "the port %d is not between 1 and 65535", *p)
		}
	}
}

var s3Files = newRegexp(`^arn:[a-z-]+:s3files:[a-z0-9-]+:\d{12}:file-system/.+$`)

func (t *translation) checkS3Files() {
	for _, name := range sortedKeys(t.volumes) {
		v := t.volumes[name]
		s := v.S3filesVolumeConfiguration
		if s == nil {
			continue
		}
		if !s3Files.MatchString(value(s.FileSystemArn)) {
			t.errorf(v.at, "V03", "%q is no ARN of an S3 Files file system", value(s.FileSystemArn))
		}
		if root := value(s.RootDirectory); s.AccessPointArn != nil && root != "" && root != "/" {
			t.errorf(v.at, "V03", "an access point has a root directory of its own: leave root_directory out")
		}
		if t.result.Task.TaskRoleArn == nil {
			t.errorf(v.at, "V03", "S3 Files needs a task role: set task_definition.task_role_arn in ecs-params")
		}
	}
}

func (t *translation) checkDockerVolumes() {
	for _, name := range sortedKeys(t.volumes) {
		v := t.volumes[name]
		d := v.DockerVolumeConfiguration
		switch {
		case d == nil:
		case value(d.Autoprovision) && d.Scope != types.ScopeShared:
			t.errorf(v.at, "V04", "autoprovision goes with scope: shared")
		case t.windows() && value(d.Driver) != "" && value(d.Driver) != "local":
			t.errorf(v.at, "V04", "Windows has the driver local only, not %s", *d.Driver)
		}
	}
}

// checkFSx looks at volumes of FSx for Windows File Server (API reference, FSxWindowsFileServerVolumeConfiguration).
func (t *translation) checkFSx() {
	for _, name := range sortedKeys(t.volumes) {
		v := t.volumes[name]
		f := v.FsxWindowsFileServerVolumeConfiguration
		if f == nil {
			continue
		}
		auth := value(f.AuthorizationConfig)
		for _, m := range []struct {
			key   string
			value *string
		}{
			{"file_system_id", f.FileSystemId}, {"root_directory", f.RootDirectory},
			{"authorization_config.credentials_parameter", auth.CredentialsParameter}, {"authorization_config.domain", auth.Domain},
		} {
			if value(m.value) == "" {
				t.errorf(v.at, "V11", "the key %s is missing", m.key)
			}
		}
		if !t.windows() && !t.fargate {
			t.errorf(v.at, "V11", "only Windows containers mount FSx for Windows File Server: "+
				"set task_definition.runtime_platform.operating_system_family, or use EFS")
		}
	}
}

// checkUnmounted reports volumes of ecs-params that no service mounts, perhaps for a name that is spelled otherwise.
func (t *translation) checkUnmounted() {
	mounted := map[string]bool{}
	for _, services := range []composetypes.Services{t.project.Services, t.project.DisabledServices} {
		for _, s := range services {
			for _, v := range s.Volumes {
				mounted[v.Source] = true
			}
		}
	}
	for _, name := range t.paramVolumes() {
		if v := t.volumes[volumeName(name)]; v != nil && !mounted[name] && !value(v.ConfiguredAtLaunch) { // rule V05 knows those
			t.warnf(v.at, "C11", "no service mounts the volume %q%s", name, t.suggest(name, sortedKeys(mounted)))
		}
	}
}

func (t *translation) checkLaunchVolumes() {
	configs := t.result.Service.VolumeConfigurations
	at := t.where("service.volumeConfigurations")
	if len(configs) > 1 {
		t.errorf(at, "V05", "a task has one volume that is configured at launch, not %d", len(configs))
	}
	for i, c := range configs {
		at := t.launchVolumeAt(i)
		name := value(c.Name)
		if name == "" {
			t.errorf(at, "V05", "the volume has no name: add the key name")
		} else if v := t.volumes[volumeName(name)]; v == nil || !v.used {
			t.errorf(at, "V05", "no service mounts the volume %q%s", name, t.suggest(name, sortedKeys(t.project.Volumes)))
		}
		if c.ManagedEBSVolume == nil {
			t.errorf(at, "V05", "managed_ebs_volume is missing")
		} else if value(c.ManagedEBSVolume.RoleArn) == "" {
			t.errorf(at, "V05", "role_arn is missing: the infrastructure role that makes the volume")
		}
		if t.result.Service.SchedulingStrategy == types.SchedulingStrategyDaemon {
			t.errorf(at, "V05", "a daemon has no volumes that are configured at launch")
		}
	}
}

// launchVolumeAt returns the place of volume i of those that are made at launch.
func (t *translation) launchVolumeAt(i int) place {
	if v := t.volumes[volumeName(value(t.result.Service.VolumeConfigurations[i].Name))]; v != nil && v.ebs != nil {
		return v.at
	}
	return t.paramsAt("run_params", "volume_configurations", i)
}

// An ebsType says what an EBS volume type allows (EC2 API reference, CreateVolume).
type ebsType struct {
	minSize, maxSize int32 // GiB
	minIOPS, maxIOPS int32 // 0: not to be given
	wantIOPS         bool
}

var ebsTypes = map[string]ebsType{
	"gp2": {1, 16384, 0, 0, false}, "gp3": {1, 16384, 3000, 16000, false},
	"io1": {4, 16384, 100, 64000, true}, "io2": {4, 16384, 100, 256000, true},
	"st1": {125, 16384, 0, 0, false}, "sc1": {125, 16384, 0, 0, false}, "standard": {1, 1024, 0, 0, false},
}

func (t *translation) checkEBS() {
	for i, c := range t.result.Service.VolumeConfigurations {
		if c.ManagedEBSVolume != nil {
			t.checkEBSVolume(t.launchVolumeAt(i), c.ManagedEBSVolume)
		}
	}
}

func (t *translation) checkEBSVolume(at place, e *types.TaskManagedEBSVolumeConfiguration) {
	kind := value(e.VolumeType)
	if kind == "" {
		kind = "gp3"
	}
	limits, ok := ebsTypes[kind]
	switch {
	case !ok:
		t.errorf(at, "V06", "there is no volume type %q%s", kind, t.suggest(kind, sortedKeys(ebsTypes)))
		return
	case e.SizeInGiB == nil && e.SnapshotId == nil:
		t.errorf(at, "V06", "size_in_gib or snapshot_id is missing")
	case e.SizeInGiB != nil && (*e.SizeInGiB < limits.minSize || *e.SizeInGiB > limits.maxSize):
		t.errorf(at, "V06", "volumes of type %s have %d to %d GiB, not %d", kind, limits.minSize, limits.maxSize, *e.SizeInGiB)
	}
	switch n := e.Iops; {
	case n == nil && limits.wantIOPS:
		t.errorf(at, "V06", "volumes of type %s need iops", kind)
	case n != nil && limits.maxIOPS == 0:
		t.errorf(at, "V06", "volumes of type %s take no iops", kind)
	case n != nil && (*n < limits.minIOPS || *n > limits.maxIOPS):
		t.errorf(at, "V06", "volumes of type %s have %d to %d iops, not %d", kind, limits.minIOPS, limits.maxIOPS, *n)
	}
	if n := e.Throughput; n != nil && (kind != "gp3" || *n > 1000 || *n < 125) {
		t.errorf(at, "V06", "throughput is of gp3 volumes, 125 to 1000 MiB/s")
	}
	if e.VolumeInitializationRate != nil && e.SnapshotId == nil {
		t.errorf(at, "V06", "volume_initialization_rate goes with snapshot_id")
	}
	if f := e.FilesystemType; f != "" && (f == types.TaskFilesystemTypeNtfs) != t.windows() {
		t.errorf(at, "V06", "the file system %s does not go with the operating system of the task", f)
	}
	for _, spec := range e.TagSpecifications {
		for _, tag := range spec.Tags {
			if key := value(tag.Key); key == "AmazonECSCreated" || key == "AmazonECSManaged" {
				t.errorf(at, "V06", "the tag %s is ECS's own", key)
			}
		}
	}
}

// dataImages are images that keep data, by the last part of their names.
var dataImages = []string{
	"postgres", "postgis", "mysql", "mariadb", "mongo", "redis", "valkey", "elasticsearch", "opensearch", "rabbitmq",
	"cassandra", "influxdb", "clickhouse", "couchdb", "etcd", "minio", "neo4j",
}

// dataPaths are directories where such programs keep it.
var dataPaths = []string{"/var/lib/postgresql", "/var/lib/mysql", "/data/db", "/var/lib/redis", "/var/lib/mongodb"}

func (t *translation) checkScratchData() {
	if n := t.result.Service.DesiredCount; n == nil || *n < 2 {
		return
	}
	for _, c := range t.containers {
		for _, m := range c.mounts {
			v := t.volumes[value(m.SourceVolume)]
			if v == nil || !v.scratch {
				continue
			}
			dir := value(m.ContainerPath)
			if slices.Contains(dataImages, imageBase(value(c.def.Image))) ||
				slices.ContainsFunc(dataPaths, func(p string) bool { return strings.HasPrefix(dir, p) }) {
				t.warnf(m.at, "V10", "each of the %d tasks has data of its own in %s, gone with the task: use EFS, or one task",
					*t.result.Service.DesiredCount, dir)
			}
		}
	}
}

// imageBase returns the last part of the name of an image, without tag and digest.
func imageBase(image string) string {
	image, _, _ = strings.Cut(image, "@")
	image = image[strings.LastIndexByte(image, '/')+1:]
	image, _, _ = strings.Cut(image, ":")
	return image
}

func (t *translation) checkMounts() {
	for _, c := range t.containers {
		seen := map[string]place{}
		if p := c.def.LinuxParameters; p != nil {
			for _, f := range p.Tmpfs {
				dir := path.Clean(value(f.ContainerPath))
				if o, ok := seen[dir]; ok {
					t.errorf(c.where(tmpfsTarget(value(f.ContainerPath))), "T20", "%s is mounted at %s already", dir, o.pos)
				}
				seen[dir] = c.where(tmpfsTarget(value(f.ContainerPath)))
			}
		}
		for _, m := range c.mounts {
			dir := value(m.ContainerPath)
			if !path.IsAbs(dir) && !t.windows() {
				t.errorf(m.at, "T20", "the path %q in the container is not absolute", dir)
			}
			dir = path.Clean(dir)
			if o, ok := seen[dir]; ok {
				t.errorf(m.at, "T20", "%s is mounted at %s already", dir, o.pos)
			}
			seen[dir] = m.at
		}
	}
}

func (t *translation) checkVolumesFrom() {
	for _, c := range t.containers {
		for _, v := range c.def.VolumesFrom {
			if name := value(v.SourceContainer); name == c.name {
				t.errorf(c.where(fromTarget(name)), "T21", "the container takes volumes from itself")
			} else if t.named(name) == nil {
				t.errorf(c.where(fromTarget(name)), "T21", "the service %s is not in the task", name)
			}
		}
	}
}
