package sandbox

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/translate/awsjson"
)

// TestEveryOperation: whatever is missing in a request or unknown to the account, there is an answer of AWS's form.
func TestEveryOperation(t *testing.T) {
	a := New(Options{})
	post := func(target, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("X-Amz-Target", target)
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a/20260105/us-east-1/ecs/aws4_request")
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		return w
	}
	for _, target := range slices.Sorted(maps.Keys(targets)) {
		for _, action := range slices.Sorted(maps.Keys(targets[target].operations)) {
			w := post(target+"."+action, "{}")
			if w.Code == http.StatusOK && !strings.HasPrefix(action, "Create") || w.Code == http.StatusBadRequest &&
				strings.Contains(w.Body.String(), `"__type"`) {
				continue
			}
			if action != "CreateCluster" { // which makes the cluster default
				t.Errorf("%s {}: got %d %s", action, w.Code, w.Body)
			}
		}
	}
	register := &ecs.RegisterTaskDefinitionInput{}
	full(reflect.ValueOf(register).Elem(), 12)
	create := &ecs.CreateServiceInput{}
	full(reflect.ValueOf(create).Elem(), 12)
	run := &ecs.RunTaskInput{}
	full(reflect.ValueOf(run).Elem(), 12)
	for action, body := range map[string]string{
		"RegisterTaskDefinition": string(awsjson.Marshal(register)), "RunTask": string(awsjson.Marshal(run)),
		"CreateService": string(awsjson.Marshal(create)),
	} {
		if w := post("AmazonEC2ContainerServiceV20141113."+action, body); w.Code != http.StatusBadRequest {
			t.Errorf("%s with everything: got %d %s", action, w.Code, w.Body)
		}
	}
	for _, container := range []string{
		`{}`, `{"name": "a"}`, `{"name": "a", "image": "a", "memory": 64, "portMappings": [{}]}`,
		`{"name": "a", "image": "a", "memory": 64, "dependsOn": [{}]}`,
		`{"name": "a", "image": "a", "memory": 64, "healthCheck": {}}`,
		`{"name": "a", "image": "a", "memory": 64, "mountPoints": [{}], "volumesFrom": [{}], "secrets": [{}]}`,
	} {
		body := `{"family": "a", "containerDefinitions": [` + container + `]}`
		if w := post("AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition", body); w.Code != http.StatusBadRequest {
			t.Errorf("%s: got %d %s", container, w.Code, w.Body)
		}
	}
}

// TestTables: the tables of labels, faults and settings are in order, and each kind of fault does something.
func TestTables(t *testing.T) {
	if !slices.IsSortedFunc(labels, func(a, b label) int { return strings.Compare(a.name, b.name) }) {
		t.Error("labels are not sorted")
	}
	for _, kind := range kinds {
		if faultErrors[kind] == nil && kind != Cut && kind != Lost {
			t.Errorf("%s: no answer", kind)
		}
	}
	for _, name := range types.SettingName("").Values() {
		if _, ok := defaultSettings[name]; !ok {
			t.Errorf("%s is a setting of ECS that the sandbox does not know", name)
		}
	}
	if !slices.IsSortedFunc(attributeRules, func(a, b attributeRule) int { return strings.Compare(a.name, b.name) }) {
		t.Error("attributes are not sorted")
	}
}
