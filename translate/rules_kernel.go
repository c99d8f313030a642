package translate

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Rules about what the kernel grants a container.

func (t *translation) checkSwap() {
	for _, c := range t.containers {
		l := c.def.LinuxParameters
		if l == nil || t.fargate { // which has no swap space, rule F04 says
			continue
		}
		if n := l.Swappiness; n != nil && (*n < 0 || *n > 100) {
			at := c.where(linux + "swappiness")
			t.errorf(at, "T15", "must be 0 to 100, not %s", at.node.Written())
		} else if n != nil && l.MaxSwap == nil {
			t.errorf(c.where(linux+"swappiness"), "T15", "does nothing without a limit of swap: set memswap_limit, "+
				"or max_swap in ecs-params")
		}
		if n := l.MaxSwap; n != nil && *n < 0 {
			t.errorf(c.where(linux+"maxSwap"), "T15", "must be 0 or more, not %d", *n)
		}
	}
}

// tmpfsOptions are the mount options that ECS takes (API reference, Tmpfs).
var tmpfsOptions = []string{
	"defaults", "ro", "rw", "suid", "nosuid", "dev", "nodev", "exec", "noexec", "sync", "async", "dirsync", "remount",
	"mand", "nomand", "atime", "noatime", "diratime", "nodiratime", "bind", "rbind", "unbindable", "runbindable",
	"private", "rprivate", "shared", "rshared", "slave", "rslave", "relatime", "norelatime", "strictatime",
	"nostrictatime", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol",
}

func (t *translation) checkTmpfs() {
	for _, c := range t.containers {
		if c.def.LinuxParameters == nil {
			continue
		}
		for _, f := range c.def.LinuxParameters.Tmpfs {
			at := c.where(tmpfsTarget(value(f.ContainerPath)))
			if !strings.HasPrefix(value(f.ContainerPath), "/") {
				t.errorf(at, "T16", "the path %q is not absolute", value(f.ContainerPath))
			}
			if f.Size < 1 {
				t.errorf(at, "T16", "ECS needs a size of one MiB or more: write %s:size=64m", value(f.ContainerPath))
			}
			for _, option := range f.MountOptions {
				if name, _, _ := strings.Cut(option, "="); !slices.Contains(tmpfsOptions, name) {
					t.errorf(at, "T16", "ECS has no mount option %q%s", name, t.suggest(name, tmpfsOptions))
				}
			}
		}
	}
}

func (t *translation) checkUlimits() {
	for _, c := range t.containers {
		for _, u := range c.def.Ulimits {
			at := c.at("ulimits", string(u.Name))
			if !slices.Contains(u.Name.Values(), u.Name) {
				t.errorf(at, "T17", "there is no ulimit %q%s", u.Name, t.suggest(string(u.Name), words(u.Name.Values())))
			}
			if u.HardLimit >= 0 && (u.SoftLimit > u.HardLimit || u.SoftLimit < 0) {
				t.errorf(at, "T17", "the soft limit of %d is more than the hard limit of %d", u.SoftLimit, u.HardLimit)
			}
		}
	}
}

// linuxCapabilities are the capabilities that ECS takes (API reference, KernelCapabilities).
var linuxCapabilities = []string{
	"ALL", "AUDIT_CONTROL", "AUDIT_WRITE", "BLOCK_SUSPEND", "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER",
	"FSETID", "IPC_LOCK", "IPC_OWNER", "KILL", "LEASE", "LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE", "MKNOD",
	"NET_ADMIN", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_ADMIN",
	"SYS_BOOT", "SYS_CHROOT", "SYS_MODULE", "SYS_NICE", "SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO", "SYS_RESOURCE",
	"SYS_TIME", "SYS_TTY_CONFIG", "SYSLOG", "WAKE_ALARM",
}

func (t *translation) checkCapabilities() {
	for _, c := range t.containers {
		if c.def.LinuxParameters == nil || c.def.LinuxParameters.Capabilities == nil {
			continue
		}
		k := c.def.LinuxParameters.Capabilities
		for key, names := range map[string][]string{"cap_add": k.Add, "cap_drop": k.Drop} {
			for _, name := range names {
				if !slices.Contains(linuxCapabilities, name) {
					t.errorf(c.at(key), "T18", "ECS knows no capability %q%s", name, t.suggest(name, linuxCapabilities))
				}
			}
		}
		for _, name := range k.Add {
			if slices.Contains(k.Drop, name) {
				t.errorf(c.at("cap_add"), "T18", "%s is both added and dropped", name)
			}
		}
	}
}

// ipcSysctls are the kernel parameters of an IPC namespace.
var ipcSysctls = []string{
	"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax", "kernel.shmmni",
	"kernel.shm_rmid_forced",
}

func (t *translation) checkSysctls() {
	type setting struct{ value, service string }
	net := map[string]setting{}
	for _, c := range t.containers {
		for _, s := range c.def.SystemControls {
			name := value(s.Namespace)
			at := c.at("sysctls", name)
			if c.node.Get("sysctls").Get(name) == nil {
				at = t.paramsAt("task_definition", "services", c.key, "system_controls", name)
			}
			ofIPC := slices.Contains(ipcSysctls, name) || strings.HasPrefix(name, "fs.mqueue.")
			ofNet := strings.HasPrefix(name, "net.")
			o, twice := net[name]
			switch {
			case !ofIPC && !ofNet:
				t.errorf(at, "T19", "is a parameter of the whole instance: a container has those of its network (net.*) and its IPC "+
					"namespace (kernel.shm*, kernel.msg*, kernel.sem, fs.mqueue.*)")
			case ofIPC && t.result.Task.IpcMode == types.IpcModeHost:
				t.errorf(at, "T19", "cannot be set in the IPC namespace of the instance (ipcMode host)")
			case ofNet && t.result.Task.NetworkMode == types.NetworkModeHost:
				t.errorf(at, "T19", "cannot be set in the network of the instance (networkMode host)")
			case ofNet && t.awsvpc() && twice && o.value != value(s.Value):
				t.errorf(at, "T19", "%s has another value for it, and the containers of an awsvpc task share one network", o.service)
			}
			net[name] = setting{value(s.Value), c.key}
		}
	}
}
