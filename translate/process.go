package translate

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/compose/source"
)

// What runs in a container: image, command, environment, labels.

// ecrImage matches the names of images in Amazon ECR, private and public.
var ecrImage = newRegexp(`^(\d{12}\.dkr[.-]ecr(-fips)?\.[a-z0-9-]+\.[a-z.]+|public\.ecr\.aws)/`)

func applyImage(c *container, _ place) { c.def.Image = nonEmpty(c.svc.Image) }

// applyBuild warns of a name that ECS would look for at Docker Hub, where nobody pushed the image.
func applyBuild(c *container, at place) {
	if c.svc.Image != "" && !ecrImage.MatchString(c.svc.Image) && !strings.Contains(registryOf(c.svc.Image), ".") {
		c.t.warnf(c.at("image"), "N07", "the image is built here, and ECS pulls %q from Docker Hub: "+
			"give it the full name of its repository in ECR", c.node.Get("image").Written())
	}
}

// registryOf returns the host in the name of an image, or "" for Docker Hub.
func registryOf(image string) string {
	host, _, found := strings.Cut(image, "/")
	if !found || !strings.ContainsAny(host, ".:") && host != "localhost" {
		return ""
	}
	return host
}

func applyCommand(c *container, at place) {
	c.def.Command = c.words(c.svc.Command, "command", at)
}

func applyEntrypoint(c *container, at place) {
	c.def.EntryPoint = c.words(c.svc.Entrypoint, "entrypoint", at)
}

var shellOperators = newRegexp(`(^|\s)(&&|\|\||[;|&<>]|>>)(\s|$)|;\s`)

// words returns the words of a command, and says what ECS or a missing shell makes of them.
func (c *container) words(words []string, key string, at place) []string {
	n := c.node.Get(key)
	switch {
	case words != nil && len(words) == 0:
		c.t.warnf(at, "K01", "an empty list does not clear the %s of the image: ECS reads it as not set", key)
		return nil
	case n.Kind == source.String && shellOperators.MatchString(n.Text) && !c.runsShell(words):
		c.t.warnf(at, "C16", `no shell runs the command, so that && ; | > are words like others: write ["sh", "-c", "…"]`)
	}
	return words
}

// runsShell reports whether a command passes its operators to a shell, quoted in one word.
func (c *container) runsShell(words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool {
		return slices.Contains([]string{"&&", "||", ";", "|", "&", "<", ">", ">>"}, w) ||
			strings.HasSuffix(w, ";") && len(w) > 1
	})
}

// applyEnvironment takes over the variables, also those of env files. A variable without a value is left out.
func applyEnvironment(c *container, _ place) {
	c.def.Environment = nil
	for _, name := range slices.Sorted(maps.Keys(c.svc.Environment)) {
		value := c.svc.Environment[name]
		if value != nil {
			c.def.Environment = append(c.def.Environment, types.KeyValuePair{Name: new(name), Value: value})
			continue
		}
		if n := c.node.Get("environment").Get(name); n != nil && len(n.Unset) == 0 {
			c.t.warnf(c.at("environment", name), "C04",
				"the variable %s has no value here and is not set in the environment: it is left out", name)
		}
	}
}

func applyLabels(c *container, _ place) {
	if len(c.svc.Labels) > 0 {
		c.def.DockerLabels = c.svc.Labels
	}
}

func applyPullPolicy(c *container, at place) {
	switch c.svc.PullPolicy {
	case "":
	case "never":
		c.t.warnf(at, "K01", "ECS pulls an image that an instance lacks, and Fargate pulls it always: "+
			"what only one machine has must be pushed to a registry")
	default:
		c.t.notef(at, "K01", "the ECS agent decides when an image is pulled; Fargate pulls it always")
	}
}

func applyUser(c *container, _ place)       { c.def.User = nonEmpty(c.svc.User) }
func applyWorkingDir(c *container, _ place) { c.def.WorkingDirectory = nonEmpty(c.svc.WorkingDir) }
func applyTTY(c *container, _ place)        { c.def.PseudoTerminal = onlyTrue(c.svc.Tty) }
func applyStdinOpen(c *container, _ place)  { c.def.Interactive = onlyTrue(c.svc.StdinOpen) }

func applyStopGracePeriod(c *container, at place) {
	if c.svc.StopGracePeriod != nil {
		c.def.StopTimeout = c.seconds(at, *c.svc.StopGracePeriod)
	}
}

// nonEmpty returns s, or nil if it is empty.
func nonEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// onlyTrue returns true, or nil for what is false anyway.
func onlyTrue(b bool) *bool {
	if !b {
		return nil
	}
	return &b
}
