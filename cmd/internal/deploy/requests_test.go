package deploy

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/document"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/ecsctl/ecsctl/translate"
	"github.com/ecsctl/ecsctl/translate/awsjson"
)

// TestWireForm holds our JSON of each request, with every member set, against what the SDK sends.
func TestWireForm(t *testing.T) {
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body) // an empty body fails the comparison
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		fmt.Fprint(w, "{}")
	}))
	defer server.Close()
	client := ecs.New(ecs.Options{
		BaseEndpoint: &server.URL, Region: "eu-west-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret"}, nil
		}),
	})
	register, create, run := &ecs.RegisterTaskDefinitionInput{}, &ecs.CreateServiceInput{}, &ecs.RunTaskInput{}
	for _, c := range []struct {
		name  string
		input smithy.Serializable
		send  func(context.Context) error
	}{
		{"RegisterTaskDefinition", register, func(ctx context.Context) error {
			_, err := client.RegisterTaskDefinition(ctx, register)
			return err
		}},
		{"CreateService", create, func(ctx context.Context) error {
			_, err := client.CreateService(ctx, create)
			return err
		}},
		{"RunTask", run, func(ctx context.Context) error {
			_, err := client.RunTask(ctx, run)
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			fill(t, reflect.ValueOf(c.input).Elem(), c.name)
			if err := c.send(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decode(t, body), decode(t, awsjson.Marshal(c.input))); diff != "" {
				t.Errorf("the SDK (-) and awsjson (+) differ:\n%s", diff)
			}
		})
	}
}

func decode(t *testing.T, data []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	return v
}

// unions are the interfaces of the API of which one of several structures is a value.
var unions = map[reflect.Type]any{
	reflect.TypeFor[types.ServiceConnectContainerConfiguration](): &types.ServiceConnectContainerConfigurationMemberLogLevel{},
	reflect.TypeFor[types.SharingStrategy]():                      &types.SharingStrategyMemberNvidiaMps{},
}

// fill sets every member of v, strings to their paths.
func fill(t *testing.T, v reflect.Value, path string) {
	t.Helper()
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), path)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1_700_000_000, 0)))
			return
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				fill(t, v.Field(i), path+"."+f.Name)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(t, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for _, key := range []string{"b", "A key"} {
			item := reflect.New(v.Type().Elem()).Elem()
			fill(t, item, path+"."+key)
			v.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), item)
		}
	case reflect.Interface:
		if v.Type() == reflect.TypeFor[document.Interface]() {
			v.Set(reflect.ValueOf(document.NewLazyDocument(map[string]any{"key": []any{"a", 1, true, nil}})))
			return
		}
		member, ok := unions[v.Type()]
		if !ok {
			t.Fatalf("%s is a %s, which has no member in this test", path, v.Type())
		}
		fill(t, reflect.ValueOf(member).Elem(), path)
		v.Set(reflect.ValueOf(member))
	case reflect.String:
		v.SetString(path + " <é>")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32, reflect.Int64:
		v.SetInt(7)
	case reflect.Float64:
		v.SetFloat(1.5)
	default:
		t.Fatalf("%s is a %s", path, v.Type())
	}
}

// TestMembers: what a translation says about the task definition, the service and tasks is a member of the requests, of
// the same type, or something that a request takes in another form.
func TestMembers(t *testing.T) {
	inOtherForm := map[string]string{
		"LoadBalancers":        "CreateService has target groups by ARN only",
		"VolumeConfigurations": "CreateService has a type of its own",
		"EnableECSManagedTags": "booleans are no pointers in requests",
		"EnableExecuteCommand": "booleans are no pointers in requests",
		"Discovery":            "is made in Cloud Map",
		"AutoScaling":          "is of Application Auto Scaling",
		"Schedule":             "is of EventBridge Scheduler",
		"Daemon":               "is of CreateDaemon",
		"Express":              "is of CreateExpressGatewayService",
		"Logs":                 "is of CloudWatch Logs",
		"BeforeDeploy":         "are tasks of their own",
	}
	has := func(request reflect.Type, f reflect.StructField) bool {
		member, ok := request.FieldByName(f.Name)
		return ok && member.Type == f.Type
	}
	service := reflect.TypeFor[translate.Service]()
	for i := range service.NumField() {
		f := service.Field(i)
		create, run := reflect.TypeFor[ecs.CreateServiceInput](), reflect.TypeFor[ecs.RunTaskInput]()
		if !has(create, f) && !has(run, f) && inOtherForm[f.Name] == "" {
			t.Errorf("no request has the member %s of the service", f.Name)
		}
	}
	register := reflect.TypeFor[ecs.RegisterTaskDefinitionInput]()
	for i := range register.NumField() {
		f := register.Field(i)
		if !f.IsExported() || f.Name == "Tags" {
			continue
		}
		if member, ok := reflect.TypeFor[types.TaskDefinition]().FieldByName(f.Name); !ok || member.Type != f.Type {
			t.Errorf("the task definition lacks the member %s of RegisterTaskDefinition", f.Name)
		}
	}
}

// TestCreateService: volumes that are made at launch and target groups come through.
func TestCreateService(t *testing.T) {
	r := &translate.Result{}
	r.Task.Family = new("shop")
	fill(t, reflect.ValueOf(&r.Service.VolumeConfigurations).Elem(), "v")
	fill(t, reflect.ValueOf(&r.Service.LoadBalancers).Elem(), "lb")
	in := CreateService(r)
	if len(in.VolumeConfigurations) != 2 || len(in.LoadBalancers) != 2 {
		t.Fatalf("got %d volumes and %d load balancers", len(in.VolumeConfigurations), len(in.LoadBalancers))
	}
	ours, sent := r.Service.VolumeConfigurations[1].ManagedEBSVolume, in.VolumeConfigurations[1].ManagedEBSVolume
	if *sent.RoleArn != *ours.RoleArn || *sent.SizeInGiB != *ours.SizeInGiB || len(sent.TagSpecifications) != 2 {
		t.Errorf("got %+v", sent)
	}
	if *in.LoadBalancers[1].TargetGroupArn != *r.Service.LoadBalancers[1].TargetGroupArn {
		t.Errorf("got %+v", in.LoadBalancers[1])
	}
}
