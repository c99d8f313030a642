package translate

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	composetypes "github.com/compose-spec/compose-go/v2/types"
)

// Namespaces: compose gives each container its own or shares them one by one, ECS has one for all containers of a task.

// A sharedMode is a mode that compose says of a service and ECS of a task.
type sharedMode struct {
	what   string // for people
	key    string // of a compose service
	param  string // of task_definition in ecs-params, which wins
	target string
	values map[string]string // of the key, and what they are in ECS; "" is what a container has anyway
	says   func(*composetypes.ServiceConfig) string
	of     func(*types.TaskDefinition) string
	set    func(*types.TaskDefinition, string)
	apart  func(says, value string) bool // whether a service that says this has no part in the value
}

var (
	networkMode = sharedMode{
		what: "network mode", key: "network_mode", param: "ecs_network_mode", target: "networkMode",
		values: map[string]string{"awsvpc": "awsvpc", "bridge": "bridge", "host": "host", "none": "none"},
		says:   func(s *composetypes.ServiceConfig) string { return s.NetworkMode },
		of:     func(t *types.TaskDefinition) string { return string(t.NetworkMode) },
		set:    func(t *types.TaskDefinition, mode string) { t.NetworkMode = types.NetworkMode(mode) },
		apart:  func(says, value string) bool { return says == "" && value != "bridge" },
	}
	pidMode = sharedMode{
		what: "PID mode", key: "pid", param: "pid_mode", target: "pidMode",
		values: map[string]string{"host": "host"},
		says:   func(s *composetypes.ServiceConfig) string { return s.Pid },
		of:     func(t *types.TaskDefinition) string { return string(t.PidMode) },
		set:    func(t *types.TaskDefinition, mode string) { t.PidMode = types.PidMode(mode) },
		apart:  func(says, value string) bool { return says == "" && value == "host" },
	}
	ipcMode = sharedMode{
		what: "IPC mode", key: "ipc", param: "ipc_mode", target: "ipcMode",
		values: map[string]string{"host": "host", "none": "none", "private": "", "shareable": "task"},
		says:   func(s *composetypes.ServiceConfig) string { return s.Ipc },
		of:     func(t *types.TaskDefinition) string { return string(t.IpcMode) },
		set:    func(t *types.TaskDefinition, mode string) { t.IpcMode = types.IpcMode(mode) },
		apart:  func(says, value string) bool { return says == "private" || says == "" && value != "task" },
	}
	sharedModes = []*sharedMode{&networkMode, &pidMode, &ipcMode}
)

func applyNetworkMode(c *container, at place) { c.share(at, &networkMode) }
func applyPID(c *container, at place)         { c.share(at, &pidMode) }
func applyIPC(c *container, at place)         { c.share(at, &ipcMode) }

// share records what a service says of a mode of the task.
func (c *container) share(at place, m *sharedMode) {
	says := m.says(c.svc)
	value, known := m.values[says]
	ofService := strings.HasPrefix(says, composetypes.ServicePrefix)
	if ofService {
		value = c.t.joined(says, m)
	}
	switch {
	case says == "", known && value == "": // as it is anyway
	case m == &ipcMode && c.t.fargate:
		c.t.refuse(at, "F04", m.key, "not possible on Fargate: its tasks share no IPC namespace")
	case m == &networkMode && (ofService || says == "none" && c.unconnected()): // finishNetwork looks after the first
	case m.of(c.t.paramModes()) != "":
		c.t.notef(at, "C08", "%s at %s holds", m.param, c.t.paramsAt("task_definition", m.param).pos)
	case m == &pidMode && c.t.fargate && value == "host":
		c.t.refuse(at, "F08", m.key, "Fargate has no host to share processes with: the PID mode is task or not set")
	case known, ofService:
		c.t.agree(c, m.what, at, value, says)
		return
	default:
		c.t.refuse(at, "K01", m.key, "ECS knows %s and service:<name>", strings.Join(sortedKeys(m.values), ", "))
	}
	delete(c.set, m.target)
}

// paramModes returns the modes that ecs-params says.
func (t *translation) paramModes() *types.TaskDefinition {
	d := &t.params.TaskDefinition
	return &types.TaskDefinition{NetworkMode: d.NetworkMode, PidMode: d.PIDMode, IpcMode: d.IPCMode}
}

// unconnected reports whether ecs-params takes the network from the container.
func (c *container) unconnected() bool { return c.params != nil && value(c.params.DisableNetworking) }

// joined returns the mode of the task that service:NAME comes to: that of the instance if the service has it.
func (t *translation) joined(says string, m *sharedMode) string {
	for range t.project.Services { // chains end, circles too
		svc := t.project.Services[strings.TrimPrefix(says, composetypes.ServicePrefix)]
		if says = m.says(&svc); !strings.HasPrefix(says, composetypes.ServicePrefix) {
			break
		}
	}
	if says == "host" {
		return says
	}
	return "task"
}

// A sharedValue is a value that one service gives and all services of the task must agree on.
type sharedValue struct {
	at      place
	service string
	value   string
	written string
}

// agree records what a service says about something that is one for the whole task: a value, and how it is written. It
// reports a service that says something else than an earlier one.
func (t *translation) agree(c *container, what string, at place, value, written string) {
	s, ok := t.shared[what]
	if !ok || s.value == value {
		t.shared[what] = sharedValue{at, c.key, value, written}
		return
	}
	advice := "set it in ecs-params"
	if what == networkMode.what && value == "none" {
		advice = withoutNetwork(c.key)
	} else if what == networkMode.what && s.value == "none" {
		advice = withoutNetwork(s.service)
	}
	t.errorf(at, "T07", "the containers of a task share one %s: %s says %q here, %s says %q at %s; %s",
		what, c.key, written, s.service, s.at.node.Show(s.written), s.at.pos, advice)
}

// withoutNetwork says how one container of a task has no network.
func withoutNetwork(service string) string {
	return "to leave " + service + " without network, set task_definition.services." + service +
		".disable_networking: true in ecs-params"
}

// shareNamespaces gives the task the modes that all services agree on.
func (t *translation) shareNamespaces() {
	task := &t.result.Task
	for _, m := range sharedModes {
		s, ok := t.shared[m.what]
		if !ok || m.of(task) != "" {
			continue
		}
		if i := slices.IndexFunc(t.containers, func(c *container) bool {
			return c.owner == nil && m.apart(m.says(c.svc), s.value)
		}); i >= 0 {
			advice := "set task_definition." + m.param + " in ecs-params"
			if m == &networkMode && s.value == "none" {
				advice = withoutNetwork(s.service)
			}
			t.errorf(s.at, "T07", "the containers of a task share one %s, and %s does not say %s: %s; %s",
				m.what, t.containers[i].key, m.key, s.written, advice)
		}
		m.set(task, s.value)
		t.set[m.target] = s.at
	}
	if s, ok := t.shared["platform"]; ok {
		task.RuntimePlatform = &types.RuntimePlatform{
			CpuArchitecture: types.CPUArchitecture(s.value), OperatingSystemFamily: types.OSFamilyLinux,
		}
		t.set["runtimePlatform"] = s.at
	}
}
