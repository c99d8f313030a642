package deploy

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ecsctl/ecsctl/cmd/internal/images"
)

// TestPolicy: the policy in the README has the calls that this program can make, and no others.
func TestPolicy(t *testing.T) {
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "### Permissions")
	_, rest, _ = strings.Cut(rest, "```json")
	text, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("the README has no policy under Permissions")
	}
	var policy struct{ Statement []struct{ Action []string } }
	if err := json.Unmarshal([]byte(text), &policy); err != nil {
		t.Fatal(err)
	}
	want := []string{"iam:PassRole"} // which IAM asks for, and no call does
	for prefix, api := range map[string]reflect.Type{
		"ecs": reflect.TypeFor[ECS](), "logs": reflect.TypeFor[Logs](), "ec2": reflect.TypeFor[EC2](),
		"elasticloadbalancing": reflect.TypeFor[ELB](),
	} {
		for i := range api.NumMethod() {
			want = append(want, prefix+":"+api.Method(i).Name)
		}
	}
	registry := reflect.TypeFor[images.ECR]()
	for i := range registry.NumMethod() {
		want = append(want, "ecr:"+registry.Method(i).Name)
	}
	want = append(want, images.RegistryActions...)
	slices.Sort(want)
	want = slices.Compact(want)
	if got := policy.Statement[0].Action; !slices.Equal(got, want) {
		t.Errorf("the README has\n%v\nwant\n%v", got, want)
	}
}
