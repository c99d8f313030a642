package deploy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/translate/awsjson"
)

// The canonical form of a task definition is what is left of it without what ECS fills in, and in one order: two task
// definitions of one canonical form do the same. What would be registered and what ECS describes are both brought to it
// before they are compared.

// fingerprintVersion begins every fingerprint. It changes when the tables below do, so that what was remembered under
// older ones is forgotten.
const fingerprintVersion = "1-"

// ofECS are the members that ECS gives a task definition: they are not of its content.
var ofECS = []string{
	"compatibilities", "deleteRequestedAt", "deregisteredAt", "registeredAt", "registeredBy", "requiresAttributes",
	"revision", "status", "taskDefinitionArn",
}

// defaults are the values, as JSON, that ECS fills in or takes a missing member for. Besides, an empty string, list or
// object and false are the same as nothing, wherever no row says otherwise.
var defaults = map[string]string{
	"containerDefinitions.cpu":                                `0`,
	"containerDefinitions.essential":                          `true`,
	"containerDefinitions.healthCheck.interval":               `30`,
	"containerDefinitions.healthCheck.retries":                `3`,
	"containerDefinitions.healthCheck.startPeriod":            `0`,
	"containerDefinitions.healthCheck.timeout":                `5`,
	"containerDefinitions.portMappings.hostPort":              `0`,
	"containerDefinitions.portMappings.protocol":              `"tcp"`,
	"containerDefinitions.restartPolicy.restartAttemptPeriod": `300`,
	"containerDefinitions.versionConsistency":                 `"enabled"`,
	"networkMode":                                            `"bridge"`,
	"proxyConfiguration.type":                                `"APPMESH"`,
	"volumes.dockerVolumeConfiguration.driver":               `"local"`,
	"volumes.dockerVolumeConfiguration.scope":                `"task"`,
	"volumes.efsVolumeConfiguration.authorizationConfig.iam": `"DISABLED"`,
	"volumes.efsVolumeConfiguration.rootDirectory":           `"/"`,
	"volumes.efsVolumeConfiguration.transitEncryption":       `"DISABLED"`,
	"volumes.s3filesVolumeConfiguration.rootDirectory":       `"/"`,
}

// freeMaps are the members whose keys are free: what stands below them has no default.
var freeMaps = []string{
	"containerDefinitions.dockerLabels", "containerDefinitions.firelensConfiguration.options",
	"containerDefinitions.logConfiguration.options", "volumes.dockerVolumeConfiguration.driverOpts",
	"volumes.dockerVolumeConfiguration.labels",
}

// ordered marks a list whose order has a meaning.
var ordered []string

// itself marks a list whose items are values: they are sorted by themselves.
var itself = []string{}

// lists says for each list of a task definition by which members of its items it is sorted. Where one member names the
// item, the last item of a name is the one that counts.
var lists = map[string][]string{
	"containerDefinitions":                                     {"name"},
	"containerDefinitions.command":                             ordered,
	"containerDefinitions.credentialSpecs":                     itself,
	"containerDefinitions.dependsOn":                           ordered,
	"containerDefinitions.dnsSearchDomains":                    ordered,
	"containerDefinitions.dnsServers":                          ordered,
	"containerDefinitions.dockerSecurityOptions":               itself,
	"containerDefinitions.entryPoint":                          ordered,
	"containerDefinitions.environment":                         {"name"},
	"containerDefinitions.environmentFiles":                    ordered, // a later file wins
	"containerDefinitions.extraHosts":                          {"hostname", "ipAddress"},
	"containerDefinitions.healthCheck.command":                 ordered,
	"containerDefinitions.linuxParameters.capabilities.add":    itself,
	"containerDefinitions.linuxParameters.capabilities.drop":   itself,
	"containerDefinitions.linuxParameters.devices":             {"hostPath", "containerPath"},
	"containerDefinitions.linuxParameters.devices.permissions": itself,
	"containerDefinitions.linuxParameters.tmpfs":               {"containerPath"},
	"containerDefinitions.linuxParameters.tmpfs.mountOptions":  ordered, // a later option wins
	"containerDefinitions.links":                               itself,
	"containerDefinitions.logConfiguration.secretOptions":      {"name"},
	"containerDefinitions.mountPoints":                         {"containerPath"},
	"containerDefinitions.portMappings":                        {"containerPort", "containerPortRange", "protocol", "hostPort"},
	"containerDefinitions.resourceRequirements":                {"type", "value"},
	"containerDefinitions.restartPolicy.ignoredExitCodes":      itself,
	"containerDefinitions.secrets":                             {"name"},
	"containerDefinitions.systemControls":                      {"namespace"},
	"containerDefinitions.ulimits":                             {"name"},
	"containerDefinitions.volumesFrom":                         ordered,
	"inferenceAccelerators":                                    {"deviceName"},
	"placementConstraints":                                     {"type", "expression"},
	"proxyConfiguration.properties":                            {"name"},
	"requiresCompatibilities":                                  itself,
	"volumes":                                                  {"name"},
}

// Fingerprint returns what identifies the content of a task definition: it does not change with the order in which
// things are written, with what ECS fills in, or with tags.
func Fingerprint(td *types.TaskDefinition) string { return fingerprint(canonical(td)) }

func fingerprint(canonical awsjson.Object) string {
	sum := sha256.Sum256(awsjson.Encode(canonical))
	return fingerprintVersion + hex.EncodeToString(sum[:])
}

// canonical returns the canonical form of a task definition.
func canonical(td *types.TaskDefinition) awsjson.Object {
	c := canon{
		fargate:  slices.Contains(td.RequiresCompatibilities, types.CompatibilityFargate),
		samePort: td.NetworkMode == types.NetworkModeAwsvpc || td.NetworkMode == types.NetworkModeHost,
	}
	members, _ := awsjson.Value(td).(awsjson.Object)
	members = slices.DeleteFunc(members, func(m awsjson.Member) bool { return slices.Contains(ofECS, m.Key) })
	return c.object("", members)
}

// A canon is what canonicalisation knows of the whole task definition.
type canon struct {
	fargate  bool // ECS takes a missing platform for Linux on X86_64
	samePort bool // ECS fills in the container's port for a missing host port
}

func (c canon) object(path string, o awsjson.Object) awsjson.Object {
	if slices.Contains(freeMaps, path) {
		return o // whose keys are sorted
	}
	var kept awsjson.Object
	for _, m := range o {
		p := strings.TrimPrefix(path+"."+m.Key, ".")
		if v := c.value(p, m.Value); !c.isDefault(p, o, v) {
			kept = append(kept, awsjson.Member{Key: m.Key, Value: v})
		}
	}
	slices.SortFunc(kept, func(a, b awsjson.Member) int { return strings.Compare(a.Key, b.Key) })
	return kept
}

func (c canon) value(path string, v any) any {
	switch v := v.(type) {
	case awsjson.Object:
		return c.object(path, v)
	case []any:
		items := make([]any, len(v))
		for i := range v {
			items[i] = c.value(path, v[i])
		}
		return sortList(items, lists[path])
	case string:
		if path == "cpu" || path == "memory" {
			return size(v)
		}
	}
	return v
}

// size returns CPU units and MiB as ECS keeps them: "String values are converted to an integer indicating the CPU units
// when the task definition is registered" (ecs:RegisterTaskDefinition, cpu; memory alike).
func size(s string) string {
	text := strings.ToLower(strings.ReplaceAll(s, " ", ""))
	for _, unit := range []string{"vcpu", "gb"} {
		number, ok := strings.CutSuffix(text, unit)
		if n, err := strconv.ParseFloat(number, 64); ok && err == nil {
			return strconv.Itoa(int(math.Round(n * 1024)))
		}
	}
	return s
}

// isDefault reports whether a member of o says what a missing one says.
func (c canon) isDefault(path string, o awsjson.Object, v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case awsjson.Object:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	text := string(awsjson.Encode(v))
	if d, ok := defaults[path]; ok && text == d {
		return true
	}
	switch path {
	case "containerDefinitions.essential":
		return false
	case "containerDefinitions.portMappings.hostPort":
		return c.samePort && text == string(awsjson.Encode(member(o, "containerPort")))
	case "runtimePlatform.cpuArchitecture":
		return c.fargate && text == `"X86_64"`
	case "runtimePlatform.operatingSystemFamily":
		return c.fargate && text == `"LINUX"`
	}
	return text == `""` || text == `false`
}

// sortList sorts a list by the given members of its items, and keeps the last of the items that one member names.
func sortList(items []any, by []string) []any {
	if by == nil {
		return items
	}
	key := func(item any) string {
		var b strings.Builder
		for _, m := range by {
			o, _ := item.(awsjson.Object)
			b.WriteString(sortKey(member(o, m)))
			b.WriteByte(0)
		}
		if len(by) == 0 {
			return sortKey(item)
		}
		return b.String()
	}
	slices.SortStableFunc(items, func(a, b any) int {
		return strings.Compare(key(a), key(b))
	})
	var kept []any
	for i, item := range items {
		if len(by) == 1 && i+1 < len(items) && key(items[i+1]) == key(item) {
			continue
		}
		kept = append(kept, item)
	}
	return kept
}

// sortKey returns a text in whose order values are: numbers by size, all else as text.
func sortKey(v any) string {
	text := string(awsjson.Encode(v))
	if _, ok := v.(json.Number); ok {
		return strings.Repeat(" ", max(0, 20-len(text))) + text
	}
	return text
}

// member returns the value of a member, nil if there is none.
func member(o awsjson.Object, key string) any {
	for _, m := range o {
		if m.Key == key {
			return m.Value
		}
	}
	return nil
}
