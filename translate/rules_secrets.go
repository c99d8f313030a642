package translate

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Rules about secrets and roles. The values of secrets are in no message.

var (
	ssmName      = newRegexp(`^/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$`)
	ssmARN       = newRegexp(`^arn:[a-z-]+:ssm:([a-z0-9-]+):\d{12}:parameter/.+$`)
	smARN        = newRegexp(`^arn:[a-z-]+:secretsmanager:([a-z0-9-]+):\d{12}:secret:[A-Za-z0-9/_+=.@-]+(?::([^:]*):([^:]*):([^:]*))?$`)
	arnPartition = newRegexp(`^(?:[a-z]+:)?arn:([a-z-]+):[a-z0-9-]+:([a-z0-9-]*):`)
)

// secretSources calls f for each place a container takes a secret from.
func (t *translation) secretSources(f func(c *container, at place, from string)) {
	for _, c := range t.containers {
		for _, s := range c.def.Secrets {
			f(c, c.where(secretTarget(value(s.Name))), value(s.ValueFrom))
		}
		if l := c.def.LogConfiguration; l != nil {
			for i, s := range l.SecretOptions {
				f(c, t.paramsAt("task_definition", "services", c.key, "logging", "secret_options", i), value(s.ValueFrom))
			}
		}
	}
}

func (t *translation) checkSecretSources() {
	for _, c := range t.containers {
		for _, s := range c.def.Secrets {
			if value(s.Name) == "" {
				t.errorf(c.where(secretTarget("")), "S01", "the key name is missing: the environment variable")
			}
		}
	}
	t.secretSources(func(_ *container, at place, from string) {
		switch {
		case from == "":
			t.errorf(at, "S01", "the key value_from is missing: the name of an SSM parameter, or an ARN")
		case ssmARN.MatchString(from), smARN.MatchString(from):
			t.checkSecretRegion(at, from)
		case strings.HasPrefix(from, "arn:") && strings.Contains(from, ":secretsmanager:"):
			t.errorf(at, "S01", "%q is no ARN of a secret: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME, with "+
				":JSON-KEY:STAGE:VERSION behind it or nothing", from)
		case strings.HasPrefix(from, "arn:"):
			t.errorf(at, "S01", "%q is no ARN of an SSM parameter or of a secret", from)
		case strings.HasPrefix(from, "secretsmanager:"), strings.Contains(from, ":"):
			t.errorf(at, "S02", "%q: a secret of Secrets Manager is named by its ARN", from)
		case len(from) > 2048 || !ssmName.MatchString(from):
			t.errorf(at, "S01", "%q is no name of an SSM parameter", from)
		}
	})
}

func (t *translation) checkSecretRegion(at place, arn string) {
	region := arnPartition().FindStringSubmatch(arn)[2]
	if t.target.Region != "" && region != t.target.Region {
		t.warnf(at, "S03", "the secret is in %s, the task in %s", region, t.target.Region)
	}
}

// partitionOf returns the partition of a region.
func partitionOf(region string) string {
	for prefix, partition := range map[string]string{
		"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-iso-": "aws-iso", "us-isob-": "aws-iso-b", "eu-isoe-": "aws-iso-e",
		"us-isof-": "aws-iso-f", "eusc-": "aws-eusc",
	} {
		if strings.HasPrefix(region, prefix) {
			return partition
		}
	}
	return "aws"
}

func (t *translation) checkPartitions() {
	if t.target.Region == "" {
		return
	}
	check := func(at place, arn string) {
		m := arnPartition().FindStringSubmatch(arn)
		if m != nil && m[1] != partitionOf(t.target.Region) {
			t.errorf(at, "S04", "the ARN is of the partition %s, and the region %s of %s", m[1], t.target.Region,
				partitionOf(t.target.Region))
		}
	}
	check(t.where("taskRoleArn"), value(t.result.Task.TaskRoleArn))
	check(t.where("executionRoleArn"), value(t.result.Task.ExecutionRoleArn))
	t.secretSources(func(_ *container, at place, from string) { check(at, from) })
	for _, c := range t.containers {
		for i, f := range c.def.EnvironmentFiles {
			check(t.paramsAt("task_definition", "services", c.key, "environment_files", i), value(f.Value))
		}
	}
	for i, lb := range t.result.Service.LoadBalancers {
		check(t.paramsAt("run_params", "load_balancers", i), value(lb.TargetGroupArn))
	}
}

var roleName = newRegexp(`^[\w+=,.@/-]{1,128}$`)

func (t *translation) checkRoles() {
	for _, r := range []struct {
		target string
		role   *string
	}{
		{"taskRoleArn", t.result.Task.TaskRoleArn}, {"executionRoleArn", t.result.Task.ExecutionRoleArn},
	} {
		role := value(r.role)
		switch at := t.where(r.target); {
		case role == "", roleARN.MatchString(role):
		case strings.HasPrefix(role, "arn:") && strings.Contains(role, ":instance-profile/"):
			t.errorf(at, "S05", "%q is an instance profile: give the role in it", role)
		case strings.HasPrefix(role, "arn:") && strings.Contains(role, ":policy/"):
			t.errorf(at, "S05", "%q is a policy: give a role that has it", role)
		case strings.HasPrefix(role, "arn:"), !roleName.MatchString(role):
			t.errorf(at, "S05", "%q is no name or ARN of a role (arn:aws:iam::ACCOUNT:role/NAME)", role)
		}
	}
}

func (t *translation) checkTaskRole() {
	if t.result.Task.TaskRoleArn != nil {
		return
	}
	const advice = "set task_definition.task_role_arn in ecs-params"
	if value(t.result.Service.EnableExecuteCommand) {
		t.errorf(t.where("service.enableExecuteCommand"), "S06", "ECS Exec needs a task role: %s", advice)
	}
	for _, name := range sortedKeys(t.volumes) {
		v := t.volumes[name]
		if e := v.EfsVolumeConfiguration; e != nil && e.AuthorizationConfig != nil &&
			e.AuthorizationConfig.Iam == types.EFSAuthorizationConfigIAMEnabled {
			t.errorf(v.at, "S06", "IAM authorization for EFS needs a task role: %s", advice)
		}
	}
}

var (
	secretWord = newRegexp(`(?i)(^|_)(PASS|PASSWD|PASSWORD|PASSPHRASE|PWD|SECRET|TOKEN|CREDENTIALS?|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|SECRET_?KEY)(_|\d*$)`)
	notSecret  = newRegexp(`(?i)(_FILE|_PATH|_NAME|_URL|_ARN|_ID|_TTL|_EXPIRY|_LENGTH)$`)
	accessKey  = newRegexp(`\b(AKIA|ASIA)[A-Z0-9]{16}\b`)
)

// LooksSecret reports whether the name or the value of an environment variable says that it is a secret.
func LooksSecret(name, val string) bool {
	if accessKey.MatchString(val) {
		return true
	}
	return val != "" && secretWord.MatchString(name) && !notSecret.MatchString(name)
}

func (t *translation) checkPlainSecrets() {
	for _, c := range t.containers {
		for _, e := range c.def.Environment {
			if LooksSecret(*e.Name, value(e.Value)) {
				t.warnf(c.at("environment", *e.Name), "S08", "%s looks like a secret, and the environment of a task definition "+
					"can be read by everybody who may describe it: keep it in SSM or Secrets Manager, and name it under "+
					"task_definition.services.%s.secrets in ecs-params", *e.Name, c.key)
			}
		}
	}
}
