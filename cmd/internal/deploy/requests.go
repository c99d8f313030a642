// Package deploy brings ECS to what the files describe.
package deploy

import (
	"reflect"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/translate"
)

// RegisterTaskDefinition returns the request that registers the task definition of r.
func RegisterTaskDefinition(r *translate.Result) *ecs.RegisterTaskDefinitionInput {
	in := &ecs.RegisterTaskDefinitionInput{Tags: r.Tags}
	copyMembers(in, &r.Task)
	return in
}

// CreateService returns the request that creates the service of r with the family's newest revision. A target group
// that is given by name has no ARN yet.
func CreateService(r *translate.Result) *ecs.CreateServiceInput {
	in := serviceInput(r)
	in.TaskDefinition = r.Task.Family
	manageTags(r.Service.EnableECSManagedTags, &in.EnableECSManagedTags)
	if in.EnableECSManagedTags && in.PropagateTags == "" {
		in.PropagateTags = types.PropagateTagsTaskDefinition
	}
	return in
}

// serviceInput returns what r says of the service, and no more.
func serviceInput(r *translate.Result) *ecs.CreateServiceInput {
	in := &ecs.CreateServiceInput{}
	copyMembers(in, &r.Service)
	for _, lb := range r.Service.LoadBalancers {
		in.LoadBalancers = append(in.LoadBalancers, lb.LoadBalancer)
	}
	for _, v := range r.Service.VolumeConfigurations {
		c := types.ServiceVolumeConfiguration{Name: v.Name}
		if v.ManagedEBSVolume != nil {
			c.ManagedEBSVolume = &types.ServiceManagedEBSVolumeConfiguration{}
			copyMembers(c.ManagedEBSVolume, v.ManagedEBSVolume)
		}
		in.VolumeConfigurations = append(in.VolumeConfigurations, c)
	}
	return in
}

// manageTags gives a request what ecs-cli gives it where the files are silent: ECS's own tags, which cost reports need.
func manageTags(files, managed *bool) {
	if files == nil {
		*managed = true
	}
}

// RunTask returns the request that starts one task of the family's newest revision, in the group that marks the tasks
// of the project.
func RunTask(r *translate.Result, project string) *ecs.RunTaskInput {
	in := &ecs.RunTaskInput{TaskDefinition: r.Task.Family, Group: new("task:" + project), Count: new(int32(1))}
	copyMembers(in, &r.Service)
	manageTags(r.Service.EnableECSManagedTags, &in.EnableECSManagedTags)
	return in
}

// copyMembers sets the fields of the request that to points to from those of the same name and type that from has set.
// A boolean that is not a pointer in the request takes the value of one that is.
func copyMembers(to, from any) {
	dst, src := reflect.ValueOf(to).Elem(), reflect.ValueOf(from).Elem()
	for i := range src.NumField() {
		if f := src.Type().Field(i); f.IsExported() {
			setField(dst.FieldByName(f.Name), src.Field(i))
		}
	}
}

// copyMember sets one field as copyMembers does.
func copyMember(to, from any, name string) {
	setField(reflect.ValueOf(to).Elem().FieldByName(name), reflect.ValueOf(from).Elem().FieldByName(name))
}

func setField(d, v reflect.Value) {
	if !d.IsValid() || v.IsZero() {
		return
	}
	if d.Kind() == reflect.Bool && v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Type() == d.Type() {
		d.Set(v)
	}
}
