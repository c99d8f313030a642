package sandbox

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/document"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"

	"github.com/ecsctl/ecsctl/translate/awsjson"
)

// full sets everything in v, so deep.
func full(v reflect.Value, deep int) {
	switch v.Type() {
	case reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.UnixMilli(1767603600125).UTC()))
		return
	case reflect.TypeFor[document.Interface]():
		return // two documents of the same content differ
	}
	if members, ok := unions[v.Type()]; ok {
		for _, t := range members {
			p := reflect.New(t)
			full(p.Elem().FieldByName("Value"), deep)
			v.Set(p)
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if deep > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			full(v.Elem(), deep-1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Name != "ResultMetadata" {
				full(v.Field(i), deep)
			}
		}
	case reflect.Slice:
		if deep > 0 {
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
			full(v.Index(0), deep-1)
			full(v.Index(1), deep-1)
		}
	case reflect.Map:
		key, item := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		full(key, deep)
		full(item, deep)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, item)
	case reflect.String:
		v.SetString("text <&> ü")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32, reflect.Int64:
		v.SetInt(7)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(0.5)
	}
}

// TestDecode: what the SDK writes is read as what it was.
func TestDecode(t *testing.T) {
	for _, v := range []smithy.Serializable{
		&ecs.CreateClusterInput{}, &ecs.CreateServiceInput{}, &ecs.DescribeTasksInput{}, &ecs.ListServiceDeploymentsInput{},
		&ecs.RegisterTaskDefinitionInput{}, &ecs.RunTaskInput{}, &ecs.UpdateServiceInput{}, &types.Deployment{},
		&types.Service{}, &types.ServiceDeployment{}, &types.ServiceRevision{}, &types.TaskDefinition{},
		&types.TaskOverride{},
	} {
		t.Run(strings.TrimPrefix(fmt.Sprintf("%T", v), "*"), func(t *testing.T) {
			full(reflect.ValueOf(v).Elem(), 12)
			data := awsjson.Marshal(v)
			got := reflect.New(reflect.TypeOf(v).Elem())
			if err := decode(data, got.Interface()); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got.Interface(), v) {
				t.Errorf("got  %s\nwant %s", awsjson.Marshal(got.Interface().(smithy.Serializable)), data)
			}
		})
	}
}

// TestDecodeProblems: what is not of the form is refused by name, and nothing crashes.
func TestDecodeProblems(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{`{"Family": "a"}`, "unknown member Family"},
		{`{"containerDefinitions": {}}`, "containerDefinitions: {} is not a list"},
		{`{"containerDefinitions": [null]}`, "containerDefinitions[0]: null is not a value"},
		{`{"containerDefinitions": [{"cpu": 1.5}]}`, "containerDefinitions[0].cpu: 1.5 is not a whole number"},
		{`{"containerDefinitions": [{"cpu": 3000000000}]}`, "is not a whole number"},
		{`{"containerDefinitions": [{"dockerLabels": {"a": 1}}]}`,
			"containerDefinitions[0].dockerLabels.a: 1 is not a string"},
		{`{"containerDefinitions": [{"resourceRequirements": [{"sharingStrategy": {"bogus": {}}}]}]}`,
			"unknown member containerDefinitions[0].resourceRequirements[0].sharingStrategy.bogus"},
		{`{"containerDefinitions": [{"resourceRequirements": [{"sharingStrategy": {}}]}]}`,
			"is not an object with one member"},
		{`[]`, "is not an object"},
		{``, "not JSON"},
	} {
		err := decode([]byte(test.in), &ecs.RegisterTaskDefinitionInput{})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", test.in, err, test.want)
		}
	}
}

// TestMemberNames: the members of the SDK's structures are what the AWS JSON protocol calls them: the model's checks of
// the other tests rest on that only for what these happen to send.
func TestMemberNames(t *testing.T) {
	in := &ecs.CreateServiceInput{}
	full(reflect.ValueOf(in).Elem(), 12)
	for _, m := range awsjson.Value(in).(awsjson.Object) {
		if _, ok := fields(reflect.TypeFor[ecs.CreateServiceInput]())[m.Key]; !ok {
			t.Errorf("no field for %s", m.Key)
		}
	}
}
