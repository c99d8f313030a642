package sandbox

import (
	_ "embed"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	labelPrefix  = "ecsctl.sandbox."
	defaultStart = 3 * time.Second
	defaultRun   = time.Second // of a container that ends
)

// An outcome is what becomes of a container. The docker labels of its definition ask for it.
type outcome struct {
	start     time.Duration // from the creation of the task until the container runs
	ends      bool          // by itself
	runFor    time.Duration
	exit      int32
	reason    string // of the container when it ends
	noStart   string // why the task cannot start, in ECS's words
	health    types.HealthStatus
	lines     []string
	every     time.Duration // between lines
	late      time.Duration // from when a tenth line is written until it can be read
	interrupt int           // how many tasks of the revision lose their capacity
	noRoom    bool          // RunTask finds no capacity,
	roomAfter time.Duration // until so long after the registration; 0 is never
}

// A label is a docker label that asks for an outcome.
type label struct {
	name string
	set  func(o *outcome, c *types.ContainerDefinition, value string) error
}

// Labels describes the docker labels that ask for outcomes, a line each.
//
//go:embed labels.txt
var Labels string

// labels are the docker labels, after the prefix, that Labels describes.
var labels = []label{
	{"capacity", func(o *outcome, _ *types.ContainerDefinition, v string) (err error) {
		if o.noRoom = true; v != "none" {
			o.roomAfter, err = duration(v)
		}
		return err
	}},
	{"exit", func(o *outcome, _ *types.ContainerDefinition, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 || n > math.MaxInt32 {
			return fmt.Errorf("is not an exit status")
		}
		o.ends, o.exit = true, int32(n)
		return nil
	}},
	{"health", func(o *outcome, _ *types.ContainerDefinition, v string) error {
		if o.health = types.HealthStatus(strings.ToUpper(v)); v != "healthy" && v != "unhealthy" {
			return fmt.Errorf("is not healthy or unhealthy")
		}
		return nil
	}},
	{"image", func(o *outcome, c *types.ContainerDefinition, v string) error {
		o.noStart = "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref " +
			reference(*c.Image) + ": " + reference(*c.Image) + ": not found"
		return oneOf(v, "missing")
	}},
	{"interrupt", func(o *outcome, _ *types.ContainerDefinition, v string) (err error) {
		o.interrupt, err = count(v)
		return err
	}},
	{"log", func(o *outcome, _ *types.ContainerDefinition, v string) error {
		o.lines = strings.Split(strings.TrimSuffix(v, "\n"), "\n")
		return nil
	}},
	{"log-every", func(o *outcome, _ *types.ContainerDefinition, v string) (err error) {
		o.every, err = duration(v)
		return err
	}},
	{"log-late", func(o *outcome, _ *types.ContainerDefinition, v string) (err error) {
		o.late, err = duration(v)
		return err
	}},
	{"log-lines", func(o *outcome, c *types.ContainerDefinition, v string) error {
		n, err := count(v)
		for i := range n {
			o.lines = append(o.lines, fmt.Sprintf("%s line %d", *c.Name, i+1))
		}
		return err
	}},
	{"oom", func(o *outcome, _ *types.ContainerDefinition, v string) error {
		if v == "false" {
			return nil
		}
		o.ends, o.exit, o.reason = true, 137, "OutOfMemoryError: Container killed due to memory usage"
		return oneOf(v, "true")
	}},
	{"run-for", func(o *outcome, _ *types.ContainerDefinition, v string) (err error) {
		o.ends = true
		o.runFor, err = duration(v)
		return err
	}},
	{"secret", func(o *outcome, c *types.ContainerDefinition, v string) error {
		secret := "arn:aws:secretsmanager:us-east-1:" + AccountID + ":secret:" + *c.Name
		if len(c.Secrets) > 0 {
			secret = value(c.Secrets[0].ValueFrom)
		}
		o.noStart = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval " +
			"failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret " +
			secret + " from secrets manager: AccessDeniedException: User: " + Principal +
			" is not authorized to perform: secretsmanager:GetSecretValue on resource: " + secret +
			" because no identity-based policy allows the secretsmanager:GetSecretValue action"
		return oneOf(v, "denied")
	}},
	{"start", func(o *outcome, _ *types.ContainerDefinition, v string) (err error) {
		o.start, err = duration(v)
		return err
	}},
}

func oneOf(v, want string) error {
	if v != want {
		return fmt.Errorf("is not %s", want)
	}
	return nil
}

func count(v string) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 || n > 1_000_000 {
		return 0, fmt.Errorf("is not a number up to a million")
	}
	return n, nil
}

func duration(v string) (time.Duration, error) {
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("is not a duration such as 30s")
	}
	return d, nil
}

// reference returns the image as the runtime names it.
func reference(image string) string {
	repository, tag := image, ""
	if i := strings.LastIndexAny(image, ":@"); i > strings.LastIndex(image, "/") {
		repository, tag = image[:i], image[i:]
	}
	switch first, _, slash := strings.Cut(repository, "/"); {
	case !slash:
		repository = "docker.io/library/" + repository
	case !strings.ContainsAny(first, ".:") && first != "localhost":
		repository = "docker.io/" + repository
	}
	if tag == "" {
		tag = ":latest"
	}
	return repository + tag
}

// outcomeOf returns what the labels of a container ask for. A label that asks for what there is not keeps the task from
// starting, with a reason that says so.
func outcomeOf(c *types.ContainerDefinition, override *types.ContainerOverride) outcome {
	o := outcome{start: defaultStart, runFor: defaultRun, every: lineEvery, health: types.HealthStatusHealthy}
	if override != nil && len(override.Command) > 0 {
		o.ends = true // a command of its own is a job
		if do := programs[override.Command[0]]; do != nil {
			do(&o, c, override)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(c.DockerLabels)) {
		name, ok := strings.CutPrefix(key, labelPrefix)
		if !ok {
			continue
		}
		v, err := c.DockerLabels[key], fmt.Errorf("is not a label of the sandbox")
		if i := slices.IndexFunc(labels, func(l label) bool { return l.name == name }); i >= 0 {
			err = labels[i].set(&o, c, v)
		}
		if err != nil {
			o.noStart = fmt.Sprintf("SandboxLabelError: container %s: %s: %q %v", *c.Name, key, v, err)
			return o
		}
	}
	return o
}
