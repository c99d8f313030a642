package deploy

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// EndedWell reports whether a stopped task did what it was there for: its containers have ended with 0.
func EndedWell(t *types.Task) bool {
	if deref(t.LastStatus) != "STOPPED" || t.StopCode != types.TaskStopCodeEssentialContainerExited {
		return false
	}
	for _, c := range t.Containers {
		if c.ExitCode == nil || *c.ExitCode != 0 {
			return false
		}
	}
	return true
}

// Verdict says in one line why a task stopped: what ECS says of it, and of each container that did not end with 0.
func Verdict(t *types.Task) string {
	var parts []string
	for _, c := range t.Containers {
		switch {
		case c.ExitCode != nil && *c.ExitCode != 0:
			parts = append(parts, fmt.Sprintf("container %s exited with %d%s", deref(c.Name), *c.ExitCode, reasonOf(c)))
		case c.ExitCode == nil && deref(c.Reason) != "":
			parts = append(parts, fmt.Sprintf("container %s: %s", deref(c.Name), *c.Reason))
		}
	}
	why := deref(t.StoppedReason)
	for _, part := range parts {
		if why != "" && strings.Contains(part, why) {
			why = ""
		}
	}
	if why != "" {
		parts = append([]string{why}, parts...)
	}
	if len(parts) == 0 {
		return "stopped without a reason"
	}
	return strings.Join(parts, "; ") + advice(strings.Join(parts, " "))
}

// exitMeanings are what exit statuses say that a container did not choose.
var exitMeanings = map[int32]string{
	126: "the command cannot be executed",
	127: "the command was not found",
	137: "killed: out of memory, or it did not stop in time",
	139: "segmentation fault",
	143: "ended by SIGTERM",
}

func reasonOf(c types.Container) string {
	reason := deref(c.Reason)
	meaning := exitMeanings[*c.ExitCode]
	switch {
	case reason != "":
		return ": " + reason
	case meaning != "":
		return " (" + meaning + ")"
	}
	return ""
}

// advices say what to do about what ECS says, in the order in which they are tried. The texts are ECS's: they are
// searched for advice only, nothing is decided by them.
var advices = []struct{ text, advice string }{
	{"log group does not exist", "make it, or let --create-log-groups make it"},
	{"CannotPullContainerError", "check the name and the tag of the image, and that the task can reach its registry"},
	{"ResourceInitializationError", "check the execution role, the secrets it reads, and the way out of the subnets"},
	{"exec format error", "the image is built for another architecture: set platform, or build it for this one"},
	{"OutOfMemory", "give it more memory"},
	{"CannotStartContainerError", "check command and entrypoint"},
	{"Capacity is unavailable", "try again later, or in other subnets"},
	{"Host EC2", "its container instance went away"},
}

func advice(text string) string {
	for _, a := range advices {
		if strings.Contains(text, a.text) {
			return "; " + a.advice
		}
	}
	return ""
}
