package translate

import (
	"slices"
	"strings"

	"github.com/ecsctl/ecsctl/compose/diag"
)

// A Key says what becomes of one key of a compose service, in words.
type Key struct {
	Path    string `json:"key"`     // below services.<name>
	EC2     string `json:"ec2"`     // what becomes of it on EC2
	Fargate string `json:"fargate"` // what becomes of it on Fargate
	Level   string `json:"level"`   // how loud it is that the value is lost on EC2: ok, note, warning or error
}

// Keys returns what becomes of each key of a compose service, sorted by key.
func Keys() []Key { return keysAs("") }

// keysAs returns what becomes of each key, with the members of the API in quotes.
func keysAs(quote string) []Key {
	keys := make([]Key, len(composeKeys))
	for i, row := range composeKeys {
		k := Key{Path: row.path, EC2: row.why, Level: "ok"}
		switch {
		case row.target != "" && row.why != "":
			k.EC2 = quote + row.target + quote + "; " + row.why
		case row.target != "":
			k.EC2 = quote + row.target + quote
		case row.level != silent:
			k.Level = row.level.String()
		}
		k.Fargate = k.EC2
		if row.fargate != "" {
			k.Fargate = row.level.String() + ": " + row.fargate
		} else if s := onFargate[row.path]; s != "" {
			k.Fargate = k.EC2 + "; " + s
		}
		keys[i] = k
	}
	return keys
}

// SuggestKey returns ` (did you mean "x"?)` for the key nearest to a word, or "".
func SuggestKey(word string) string {
	var paths []string
	for _, row := range composeKeys {
		paths = append(paths, row.path)
	}
	return diag.Suggest(word, paths)
}

// CanAllow reports whether there are errors that a user may waive by a word: the path of a key, or the id of a rule.
func CanAllow(word string) bool {
	for _, rows := range [][]composeKey{composeKeys, topKeys} {
		if slices.ContainsFunc(rows, func(row composeKey) bool {
			return row.path == word || strings.HasPrefix(row.path, word+".")
		}) {
			return true
		}
	}
	return slices.ContainsFunc(ruleTable, func(r rule) bool { return r.id == word }) ||
		slices.ContainsFunc(paramKeys, func(row paramKey) bool { return row.path == word })
}

// onFargate says what is possible on Fargate of keys that are not refused as a whole.
var onFargate = map[string]string{
	"cap_add":           "SYS_PTRACE only",
	"ipc":               "not possible, but for private, which its containers are",
	"logging.driver":    "awslogs, splunk and awsfirelens only",
	"network_mode":      "awsvpc only, which ecs-params sets",
	"pid":               "service:<name> only",
	"security_opt":      "not possible",
	"stop_grace_period": "120 s at most",
	"ulimits":           "nofile only",
	"volumes":           "no bind mounts and no Docker volume drivers",
}

// A Rule is a rule in words.
type Rule struct {
	ID    string        `json:"id"`
	Level diag.Severity `json:"level"` // how loud it is at most
	About string        `json:"about"` // what it demands
}

// Rules returns the rules, sorted by id.
func Rules() []Rule {
	rules := make([]Rule, len(ruleTable))
	for i, r := range ruleTable {
		rules[i] = Rule{r.id, r.level, r.about}
	}
	return rules
}

// Reference returns what becomes of each key, and the rules, as Markdown.
func Reference() string {
	var b strings.Builder
	b.WriteString("<!-- Made from the tables in keys.go and rules.go: go test ./translate -update -->\n\n" +
		"# What becomes of each key of a compose service\n\n" +
		"A key below one of these that has no row of its own goes with it. Level: how loud ecsctl is when the value is lost;\n" +
		"`error` stops everything, unless `--allow-unsupported KEY` waives it.\n\n" +
		"| key | level | EC2 | Fargate |\n|---|---|---|---|\n")
	for _, k := range keysAs("`") {
		fargate := k.Fargate
		if fargate == k.EC2 {
			fargate = "same"
		}
		b.WriteString("| `" + k.Path + "` | " + k.Level + " | " + cell(k.EC2) + " | " + cell(fargate) + " |\n")
	}
	b.WriteString("\n# Rules\n\nChecked before AWS is asked. `--allow-unsupported ID` waives an error that has a choice.\n\n" +
		"| id | level | what it demands |\n|---|---|---|\n")
	for _, r := range Rules() {
		b.WriteString("| " + r.ID + " | " + r.Level.String() + " | " + cell(r.About) + " |\n")
	}
	return b.String()
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
