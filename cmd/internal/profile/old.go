package profile

import (
	"bytes"
	"strings"
)

// The prefixes that the old form of ~/.ecs/config stands for where it says none; said to be empty they are empty.
const (
	oldTaskPrefix      = "ecscompose-"
	oldServicePrefix   = "ecscompose-service-"
	defaultStackPrefix = "amazon-ecs-cli-setup-"
)

// ini is a file of sections by name, with the keys of each.
type ini map[string]map[string]string

// parseINI reads the lines that are sections or keys. As the AWS CLI and ecs-cli do, it takes ; and # after a space for
// the beginning of a comment.
func parseINI(data []byte) ini {
	sections, current := ini{}, map[string]string{}
	for line := range strings.Lines(string(bytes.TrimPrefix(data, []byte("\ufeff")))) {
		line = strings.TrimSpace(line)
		if line == "" || strings.ContainsRune("#;", rune(line[0])) {
			continue
		}
		if name, ok := strings.CutPrefix(line, "["); ok {
			name, _, _ = strings.Cut(name, "]")
			name = strings.TrimSpace(name)
			if sections[name] == nil {
				sections[name] = map[string]string{}
			}
			current = sections[name]
			continue
		}
		i := strings.IndexAny(line, "=:")
		if i < 0 {
			continue
		}
		value := strings.TrimSpace(line[i+1:])
		for _, comment := range []string{" #", " ;", "\t#", "\t;"} {
			value, _, _ = strings.Cut(value, comment)
		}
		current[strings.TrimSpace(line[:i])] = unquote(strings.TrimSpace(value))
	}
	return sections
}

func unquote(s string) string {
	for _, q := range []string{`"`, "'", "`"} {
		if len(s) > 1 && strings.HasPrefix(s, q) && strings.HasSuffix(s, q) {
			return s[1 : len(s)-1]
		}
	}
	return s
}

// oldForm reports whether data is a config of ecs-cli before 1.0: its first line that says something begins a section.
func oldForm(data []byte) (ini, bool) {
	for line := range strings.Lines(string(bytes.TrimPrefix(data, []byte("\ufeff")))) {
		line = strings.TrimSpace(line)
		if line == "" || strings.ContainsRune("#;", rune(line[0])) {
			continue
		}
		sections := parseINI(data)
		return sections, strings.HasPrefix(line, "[") && sections["ecs"] != nil
	}
	return nil, false
}

// oldCluster returns the only entry of a config in the old form.
func oldCluster(section map[string]string, path file) *Cluster {
	get := func(key, missing string) string {
		if v, ok := section[key]; ok {
			return v
		}
		return missing
	}
	stackPrefix := get("cfn-stack-name-prefix", defaultStackPrefix)
	c := &Cluster{
		Cluster:       section["cluster"],
		Region:        section["region"],
		ServicePrefix: get("compose-service-name-prefix", oldServicePrefix),
		from:          path.name + " [ecs]",
		taskPrefix:    get("compose-project-name-prefix", oldTaskPrefix),
		stackPrefix:   &stackPrefix,
		awsProfile:    section["aws_profile"],
		keys:          Keys{AccessKey: section["aws_access_key_id"], SecretKey: section["aws_secret_access_key"]},
	}
	if c.Cluster != "" {
		c.StackName = stackPrefix + c.Cluster
	}
	return c
}
