package sandbox

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const dockerAPI = "com.amazonaws.ecs.capability.docker-remote-api."

// An attributeRule says when a container instance must have an attribute to run a task definition.
type attributeRule struct {
	name   string
	wanted func(*types.TaskDefinition) bool
}

// attributeRules are the attributes in the examples of RegisterTaskDefinition and of "Container instance attributes" in
// the developer guide; the agent has more that the sandbox does not know.
var attributeRules = []attributeRule{
	{dockerAPI + "1.17", anyContainer(func(c *types.ContainerDefinition) bool {
		return c.LogConfiguration == nil || c.LogConfiguration.LogDriver != types.LogDriverAwslogs
	})},
	{dockerAPI + "1.18", anyContainer(func(c *types.ContainerDefinition) bool { return c.LogConfiguration != nil })},
	{dockerAPI + "1.19", anyContainer(func(c *types.ContainerDefinition) bool {
		return c.LogConfiguration != nil && c.LogConfiguration.LogDriver == types.LogDriverAwslogs
	})},
	{dockerAPI + "1.21", anyContainer(func(c *types.ContainerDefinition) bool { return c.MemoryReservation != nil })},
	{"com.amazonaws.ecs.capability.ecr-auth", anyContainer(fromECR)},
	{"com.amazonaws.ecs.capability.logging-driver.awslogs", anyContainer(toLogs)},
	{"com.amazonaws.ecs.capability.privileged-container", anyContainer(func(c *types.ContainerDefinition) bool {
		return value(c.Privileged)
	})},
	{"com.amazonaws.ecs.capability.task-iam-role", func(td *types.TaskDefinition) bool { return td.TaskRoleArn != nil }},
	{"ecs.capability.container-health-check", anyContainer(func(c *types.ContainerDefinition) bool {
		return c.HealthCheck != nil
	})},
	{"ecs.capability.container-ordering", anyContainer(func(c *types.ContainerDefinition) bool {
		return len(c.DependsOn) > 0
	})},
	{"ecs.capability.efs", func(td *types.TaskDefinition) bool {
		return slices.ContainsFunc(td.Volumes, func(v types.Volume) bool { return v.EfsVolumeConfiguration != nil })
	}},
	{"ecs.capability.env-files.s3", anyContainer(func(c *types.ContainerDefinition) bool {
		return len(c.EnvironmentFiles) > 0
	})},
	{"ecs.capability.execution-role-awslogs", func(td *types.TaskDefinition) bool {
		return td.ExecutionRoleArn != nil && anyContainer(toLogs)(td)
	}},
	{"ecs.capability.execution-role-ecr-pull", func(td *types.TaskDefinition) bool {
		return td.ExecutionRoleArn != nil && anyContainer(fromECR)(td)
	}},
	{"ecs.capability.extensible-ephemeral-storage", func(td *types.TaskDefinition) bool {
		return td.EphemeralStorage != nil
	}},
	{"ecs.capability.pid-ipc-namespace-sharing", func(td *types.TaskDefinition) bool {
		return td.PidMode != "" || td.IpcMode != ""
	}},
	{"ecs.capability.private-registry-authentication.secretsmanager", anyContainer(
		func(c *types.ContainerDefinition) bool { return c.RepositoryCredentials != nil },
	)},
	{"ecs.capability.secrets.asm.environment-variables", anySecret(true)},
	{"ecs.capability.secrets.ssm.environment-variables", anySecret(false)},
	{"ecs.capability.task-eni", func(td *types.TaskDefinition) bool {
		return td.NetworkMode == types.NetworkModeAwsvpc
	}},
}

func fromECR(c *types.ContainerDefinition) bool { return strings.Contains(value(c.Image), ".dkr.ecr.") }

func toLogs(c *types.ContainerDefinition) bool {
	return c.LogConfiguration != nil && c.LogConfiguration.LogDriver == types.LogDriverAwslogs
}

func anyContainer(is func(*types.ContainerDefinition) bool) func(*types.TaskDefinition) bool {
	return func(td *types.TaskDefinition) bool {
		for i := range td.ContainerDefinitions {
			if is(&td.ContainerDefinitions[i]) {
				return true
			}
		}
		return false
	}
}

// anySecret says whether a secret is kept in Secrets Manager, or else in the parameter store.
func anySecret(manager bool) func(*types.TaskDefinition) bool {
	return anyContainer(func(c *types.ContainerDefinition) bool {
		return slices.ContainsFunc(c.Secrets, func(s types.Secret) bool {
			return strings.Contains(value(s.ValueFrom), ":secretsmanager:") == manager
		})
	})
}

// requiredAttributes are the attributes that the task definition's settings ask of a container instance.
func requiredAttributes(td *types.TaskDefinition) []types.Attribute {
	var list []types.Attribute
	for _, rule := range attributeRules {
		if rule.wanted(td) {
			list = append(list, types.Attribute{Name: new(rule.name)})
		}
	}
	return list
}
