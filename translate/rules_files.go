package translate

import (
	"slices"
	"strings"

	"github.com/ecsctl/ecsctl/compose/source"
)

// Rules about the form of the files.

// checkServiceNames reports services of ecs-params that the compose files lack.
func (t *translation) checkServiceNames() {
	for _, name := range sortedKeys(t.params.TaskDefinition.Services) {
		if _, ok := t.project.Services[name]; ok {
			continue
		}
		if _, off := t.project.DisabledServices[name]; !off {
			t.errorf(t.paramsAt("task_definition", "services", name), "C06", "the compose files have no service %q%s",
				name, t.suggestService(name))
		}
	}
}

func (t *translation) checkImagesGiven() {
	for _, c := range t.containers {
		image := c.node.Field("image")
		switch {
		case c.owner != nil || c.svc.Provider != nil || value(c.def.Image) != "" || image != nil && image.Value.Kind == source.Null:
		case c.svc.Build != nil:
			t.errorf(c.at("build"), "C14", "the service has a build and no image: give the image the name it is pushed under, "+
				"or leave the service out with a profile, or with task_definition.services.%s.skip in ecs-params", c.key)
		default:
			t.errorf(c.at(), "C14", "the service has no image")
		}
	}
}

// checkScalars reports values of environments and labels that YAML reads as something else than they look like.
func (t *translation) checkScalars() {
	for _, c := range t.containers {
		for _, key := range []string{"environment", "labels"} {
			for _, f := range c.node.Get(key).FieldsOrNone() {
				if s := f.Value.String(); !f.Value.Quoted && f.Value.Kind != source.Null && s != f.Value.Text && f.Value.Raw == "" {
					t.warnf(place{f.Value.Pos, c.path.Key(key).Key(f.Written()).String(), f.Value}, "C15",
						"YAML reads %s as %s: write it in quotes to keep it", f.Value.Text, s)
				}
			}
		}
	}
}

var awsCredentials = []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}

func (t *translation) checkEnvironment() {
	for _, c := range t.containers {
		secrets := map[string]bool{}
		for _, s := range c.def.Secrets {
			secrets[value(s.Name)] = true
		}
		for _, e := range c.def.Environment {
			at := c.at("environment", *e.Name)
			switch {
			case *e.Name == "":
				t.errorf(at, "N11", "a variable has no name")
			case secrets[*e.Name]:
				t.errorf(at, "N11", "%s is a secret too, at %s: keep one of them", *e.Name, c.where(secretTarget(*e.Name)).pos)
			case slices.Contains(awsCredentials, *e.Name):
				t.warnf(at, "N11", "%s hides the task role, which gives credentials by itself: set task_role_arn in ecs-params",
					*e.Name)
			case strings.HasPrefix(*e.Name, "ECS_"):
				t.warnf(at, "N11", "%s: the names of the ECS agent's own variables begin with ECS_", *e.Name)
			}
		}
	}
}

var s3Object = newRegexp(`^arn:[a-z-]+:s3:::[^/]+/.+$`)

func (t *translation) checkEnvironmentFiles() {
	for _, c := range t.containers {
		if len(c.def.EnvironmentFiles) > 10 {
			t.errorf(c.where(container1+"environmentFiles"), "N12", "%d files are more than the 10 ECS takes",
				len(c.def.EnvironmentFiles))
		}
		for i, f := range c.def.EnvironmentFiles {
			at := t.paramsAt("task_definition", "services", c.key, "environment_files", i)
			switch arn := value(f.Value); {
			case !strings.HasPrefix(arn, "arn:"):
				t.errorf(at, "N12", "%q is a local file, which ECS cannot read: name an S3 object by its ARN, "+
					"or use env_file in the compose file", arn)
			case !s3Object.MatchString(arn):
				t.errorf(at, "N12", "%q is no ARN of an S3 object (arn:aws:s3:::bucket/key.env)", arn)
			case !strings.HasSuffix(arn, ".env"):
				t.errorf(at, "N12", "the name of the object must end in .env")
			}
		}
	}
}
