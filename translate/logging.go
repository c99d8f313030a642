package translate

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Logs and secrets.

// fargateLogDrivers are the log drivers of Fargate.
var fargateLogDrivers = []types.LogDriver{types.LogDriverAwslogs, types.LogDriverSplunk, types.LogDriverAwsfirelens}

func applyLogging(c *container, at place) {
	driver := types.LogDriver(c.svc.Logging.Driver)
	if driver == "" {
		if len(c.svc.Logging.Options) == 0 {
			return
		}
		c.t.notef(at, "T23", "the options are those of json-file, Docker's own driver: name the driver")
		driver = types.LogDriverJsonFile
	}
	if !slices.Contains(driver.Values(), driver) {
		c.t.refuse(c.at("logging", "driver"), "K01", "logging.driver", "ECS has no log driver %q%s", driver,
			c.t.suggest(string(driver), words(driver.Values())))
		return
	}
	if c.t.fargate && !slices.Contains(fargateLogDrivers, driver) {
		c.t.refuse(c.at("logging", "driver"), "F07", "logging.driver", "Fargate has the log drivers awslogs, splunk and awsfirelens, not %s", driver)
		return
	}
	c.def.LogConfiguration = &types.LogConfiguration{LogDriver: driver}
	if len(c.svc.Logging.Options) > 0 {
		c.def.LogConfiguration.Options = c.svc.Logging.Options
	}
}

// applySecrets makes an environment variable of each secret that AWS keeps.
func applySecrets(c *container, _ place) {
	for i, s := range c.svc.Secrets {
		at := c.at("secrets", i)
		secret, declared := c.t.project.Secrets[s.Source]
		if !declared {
			continue
		}
		if !bool(secret.External) {
			c.t.refuse(at, "S07", "secrets", "ECS takes secrets from SSM and Secrets Manager: store it there, and write "+
				"external: true and its name or ARN as name under secrets.%s", s.Source)
			continue
		}
		name := secret.Name
		if name == "" {
			name = s.Source
		}
		variable := s.Target
		if !isVariable(variable) {
			variable = strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(s.Source))
		}
		other, twice := c.set[secretTarget(variable)]
		switch {
		case !isVariable(variable):
			c.t.errorf(at, "N11", "%s is no name of an environment variable, which the secret becomes: give it one as target", variable)
			continue
		case twice:
			c.t.errorf(at, "N11", "%s is the environment variable %s too, at %s: give one of them another as target",
				other.path, variable, other.pos)
			continue
		case strings.Contains(s.Target, "/"):
			c.t.warnf(c.at("secrets", i, "target"), "S07", "ECS makes no file of a secret: it is the environment variable %s", variable)
		default:
			c.t.notef(at, "S07", "is the environment variable %s, not a file", variable)
		}
		c.set[secretTarget(variable)] = place{at.pos, at.path, c.t.projectAt("secrets", s.Source).node}
		c.addSecret(types.Secret{Name: new(variable), ValueFrom: new(name)})
	}
}

// addSecret adds a secret, or replaces the one of the same name.
func (c *container) addSecret(s types.Secret) {
	for i, o := range c.def.Secrets {
		if value(o.Name) == value(s.Name) {
			c.def.Secrets[i] = s
			return
		}
	}
	c.def.Secrets = append(c.def.Secrets, s)
}

// secretTarget is the key under which the place of a secret is kept.
func secretTarget(name string) string { return container1 + "secrets " + name }

// isVariable reports whether a secret's target is the name of an environment variable rather than a path.
func isVariable(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '_' && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}
