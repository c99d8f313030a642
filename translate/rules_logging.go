package translate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Rules about logs.

func (t *translation) checkFirelens() {
	var routers []*container
	for _, c := range t.containers {
		if c.def.FirelensConfiguration != nil {
			routers = append(routers, c)
		}
	}
	for _, c := range t.containers {
		if l := c.def.LogConfiguration; l != nil && l.LogDriver == types.LogDriverAwsfirelens && len(routers) == 0 {
			t.errorf(c.where(container1+"logConfiguration"), "T22", "no container of the task routes logs: "+
				"give one a firelens_configuration in ecs-params")
		}
	}
	for i, c := range routers {
		at := c.where(container1 + "firelensConfiguration")
		f := c.def.FirelensConfiguration
		if i > 0 {
			t.errorf(at, "T22", "%s routes logs already: a task has one router", routers[0].key)
		}
		if l := c.def.LogConfiguration; l != nil && l.LogDriver == types.LogDriverAwsfirelens {
			t.errorf(at, "T22", "the router cannot log to itself: give it another log driver")
		}
		if f.Type == "" {
			t.errorf(at, "T22", "the key type is missing: fluentbit or fluentd")
		}
		if t.fargate && f.Options["config-file-type"] == "s3" {
			t.errorf(at, "T22", "Fargate reads no configuration from S3: put the file into the image and write config-file-type: file")
		}
	}
}

// checkLogged reports containers on Fargate whose output nobody can see: there is no instance to look at it on. A hook
// has no log driver only if its service has none.
func (t *translation) checkLogged() {
	for _, c := range t.containers {
		if t.fargate && c.owner == nil && c.def.LogConfiguration == nil && c.def.FirelensConfiguration == nil {
			t.warnf(c.at(), "F07", "has no log driver, and what it writes is lost on Fargate: set logging.driver to awslogs")
		}
	}
}

// checkAwslogsOptions reports what awslogs cannot do without.
func (t *translation) checkAwslogsOptions(at place, driver types.LogDriver, options map[string]string) {
	if driver != types.LogDriverAwslogs {
		return
	}
	if options["awslogs-group"] == "" {
		t.errorf(at, "T23", "the option awslogs-group is missing")
	}
	if options["awslogs-region"] == "" {
		t.errorf(at, "T23", "the option awslogs-region is missing: write it, or give the region with --region")
	}
}

func (t *translation) checkAwslogs() {
	for _, c := range t.containers {
		l := c.def.LogConfiguration
		if l == nil || l.LogDriver != types.LogDriverAwslogs {
			continue
		}
		at := c.where(container1 + "logConfiguration")
		t.checkAwslogsOptions(at, l.LogDriver, l.Options)
		if t.fargate && l.Options["awslogs-stream-prefix"] == "" {
			t.errorf(at, "T23", "the option awslogs-stream-prefix is missing, which Fargate needs")
		}
		if l.Options["awslogs-datetime-format"] != "" && l.Options["awslogs-multiline-pattern"] != "" {
			t.errorf(at, "T23", "awslogs-datetime-format and awslogs-multiline-pattern exclude each other")
		}
	}
}

var (
	logGroup  = newRegexp(`^[A-Za-z0-9._/#-]{1,512}$`)
	retention = []int32{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)

var ecrRepository = newRegexp(`^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$`)

func (t *translation) checkLogGroups() {
	for _, c := range t.containers {
		if l := c.def.LogConfiguration; l != nil && l.LogDriver == types.LogDriverAwslogs {
			if g := l.Options["awslogs-group"]; g != "" && !logGroup.MatchString(g) {
				t.errorf(c.at("logging", "options", "awslogs-group"), "N16",
					"a log group has 1 to 512 letters, digits and . - _ / #")
			}
		}
		if image := value(c.def.Image); ecrImage.MatchString(image) {
			_, repository, _ := strings.Cut(image, "/")
			repository, _, _ = strings.Cut(repository, "@")
			repository, _, _ = strings.Cut(repository, ":")
			if len(repository) < 2 || len(repository) > 256 || !ecrRepository.MatchString(repository) {
				t.errorf(c.at("image"), "N16", "%q is no name of an ECR repository: 2 to 256 lower-case letters, digits "+
					"and . _ - /", repository)
			}
		}
	}
	if l := t.result.Service.Logs; l != nil && l.RetentionInDays != nil && !slices.Contains(retention, *l.RetentionInDays) {
		days := strings.ReplaceAll(strings.Trim(fmt.Sprint(retention), "[]"), " ", ", ")
		t.errorf(t.paramsAt("run_params", "logs", "retention_in_days"), "N16", "CloudWatch keeps logs for one of %s days", days)
	}
}
