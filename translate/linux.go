package translate

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/compose/source"
)

// What the kernel grants a container: capabilities, devices, limits, kernel parameters, tmpfs.

// linux returns the Linux parameters of the container, to be set.
func (c *container) linux() *types.LinuxParameters {
	if c.def.LinuxParameters == nil {
		c.def.LinuxParameters = &types.LinuxParameters{}
	}
	return c.def.LinuxParameters
}

func (c *container) capabilities() *types.KernelCapabilities {
	if c.linux().Capabilities == nil {
		c.linux().Capabilities = &types.KernelCapabilities{}
	}
	return c.linux().Capabilities
}

func applyCapAdd(c *container, _ place) {
	for i, name := range c.svc.CapAdd {
		name = capability(name)
		at := c.at("cap_add", i)
		if c.t.fargate && name != "SYS_PTRACE" {
			c.t.refuse(at, "F05", "cap_add", "Fargate adds SYS_PTRACE only, not %s", name)
			continue
		}
		c.capabilities().Add = append(c.capabilities().Add, name)
	}
}

func applyCapDrop(c *container, _ place) {
	for _, name := range c.svc.CapDrop {
		c.capabilities().Drop = append(c.capabilities().Drop, capability(name))
	}
}

// capability returns the name ECS has for a capability.
func capability(name string) string { return strings.TrimPrefix(strings.ToUpper(name), "CAP_") }

func applyCgroup(c *container, at place) {
	if c.svc.Cgroup == "host" {
		c.t.warnf(at, "K01", "the ECS agent chooses the cgroup namespace")
	}
}

func applyPrivileged(c *container, _ place) { c.def.Privileged = onlyTrue(c.svc.Privileged) }

func applyReadOnly(c *container, _ place) { c.def.ReadonlyRootFilesystem = onlyTrue(c.svc.ReadOnly) }

func applyInit(c *container, _ place) {
	if c.svc.Init != nil && *c.svc.Init {
		c.linux().InitProcessEnabled = c.svc.Init
	}
}

var devicePermissions = map[rune]types.DeviceCgroupPermission{
	'r': types.DeviceCgroupPermissionRead, 'w': types.DeviceCgroupPermissionWrite, 'm': types.DeviceCgroupPermissionMknod,
}

func applyDevices(c *container, _ place) {
	for i, d := range c.svc.Devices {
		device := types.Device{HostPath: new(d.Source), ContainerPath: nonEmpty(d.Target)}
		for _, p := range d.Permissions {
			permission, ok := devicePermissions[p]
			if !ok {
				c.t.errorf(c.at("devices", i), "C10", "the permissions %q have other letters than r, w and m", d.Permissions)
				break
			}
			if !slices.Contains(device.Permissions, permission) {
				device.Permissions = append(device.Permissions, permission)
			}
		}
		slices.Sort(device.Permissions)
		c.linux().Devices = append(c.linux().Devices, device)
	}
}

func applyUlimits(c *container, _ place) {
	for _, name := range slices.Sorted(maps.Keys(c.svc.Ulimits)) {
		u := c.svc.Ulimits[name]
		if u == nil {
			continue
		}
		soft, hard := u.Soft, u.Hard
		if n := c.node.Get("ulimits").Get(name); n.IsScalar() {
			soft, hard = u.Single, u.Single
		}
		if most := max(soft, hard); most > math.MaxInt32 {
			c.t.errorf(c.at("ulimits", name), "T17", "%d is more than ECS can hold, which is %d: write -1 for no limit",
				most, math.MaxInt32)
			continue
		}
		c.def.Ulimits = append(c.def.Ulimits,
			types.Ulimit{Name: types.UlimitName(name), SoftLimit: int32(soft), HardLimit: int32(hard)})
	}
}

func applySysctls(c *container, _ place) {
	for _, name := range slices.Sorted(maps.Keys(c.svc.Sysctls)) {
		c.def.SystemControls = append(c.def.SystemControls,
			types.SystemControl{Namespace: new(name), Value: new(c.svc.Sysctls[name])})
	}
}

// securityOptions are the security options that ECS passes on (API reference, ContainerDefinition).
var securityOptions = []string{"apparmor", "credentialspec", "label", "no-new-privileges"}

// applySecurityOpt reads NAME[:VALUE] and NAME=VALUE, which only Docker takes.
func applySecurityOpt(c *container, _ place) {
	for i, option := range c.svc.SecurityOpt {
		at := c.at("security_opt", i)
		name := option
		if at := strings.IndexAny(option, ":="); at > 0 {
			name, option = option[:at], option[:at]+":"+option[at+1:]
		}
		switch {
		case c.t.fargate && name == "no-new-privileges":
			c.t.warnf(at, "F04", "Fargate has no security options")
		case c.t.fargate:
			c.t.refuse(at, "F04", "security_opt", "not possible on Fargate: it has no security options")
		case !slices.Contains(securityOptions, name):
			c.t.refuse(at, "K01", "security_opt", "ECS passes on %s, not %q: set it in the Docker daemon of the instance",
				strings.Join(securityOptions, ", "), name)
		default:
			c.def.DockerSecurityOptions = append(c.def.DockerSecurityOptions, option)
		}
	}
}

func applyCredentialSpec(c *container, at place) {
	for _, key := range []string{"config", "file"} {
		value := c.svc.CredentialSpec.Config
		if key == "file" {
			value = c.svc.CredentialSpec.File
		}
		switch {
		case value == "":
		case strings.HasPrefix(value, "credentialspec"):
			c.def.CredentialSpecs = append(c.def.CredentialSpecs, value)
		case strings.HasPrefix(value, "arn:"):
			c.def.CredentialSpecs = append(c.def.CredentialSpecs, "credentialspec:"+value)
		default:
			c.t.refuse(c.at("credential_spec", key), "T25", "credential_spec."+key,
				"an instance cannot read a local file: store the credential spec in S3 or SSM and name its ARN here")
		}
	}
}

// applyTmpfs reads PATH[:OPTIONS].
func applyTmpfs(c *container, _ place) {
	for i, s := range c.svc.Tmpfs {
		path, options, _ := strings.Cut(s, ":")
		c.addTmpfs(c.at("tmpfs", i), path, options)
	}
}

// addTmpfs adds a tmpfs with Docker's mount options, of which ECS wants the size apart.
func (c *container) addTmpfs(at place, path, options string) {
	t := types.Tmpfs{ContainerPath: new(path)}
	for option := range strings.SplitSeq(options, ",") {
		size, isSize := strings.CutPrefix(option, "size=")
		switch {
		case option == "":
		case !isSize:
			t.MountOptions = append(t.MountOptions, option)
		default:
			bytes, err := source.ParseSize(size)
			if err != nil {
				c.t.errorf(at, "T16", "the size %q is no size: write a number and a unit, such as size=64m", size)
				return
			}
			t.Size = int32(min(bytes/mebibyte, 1<<30))
		}
	}
	c.set[tmpfsTarget(path)] = at
	c.linux().Tmpfs = append(c.linux().Tmpfs, t)
}

// tmpfsTarget is the key under which the place of a tmpfs is kept.
func tmpfsTarget(path string) string { return linux + "tmpfs " + path }
