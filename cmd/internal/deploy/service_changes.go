package deploy

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/translate"
	"github.com/ecsctl/ecsctl/translate/awsjson"
)

// A serviceMember says what ecs:UpdateService makes of a member of a service.
type serviceMember struct {
	name     string
	replaces bool   // a change of it makes a deployment: tasks are replaced
	force    bool   // a change of it holds for tasks that are there only if a deployment is forced
	fixed    string // why it cannot be changed, and what to do; "" if it can
}

// recreate says how to change what cannot be changed.
const recreate = "it is set when a service is made: ecsctl compose service down, then up"

// serviceMembers are the members that are compared, as ecs:UpdateService describes them. Of those that files do not
// mention nothing is known, and nothing is changed.
var serviceMembers = []serviceMember{
	{name: "availabilityZoneRebalancing"},
	{name: "capacityProviderStrategy", replaces: true, force: true},
	{name: "deploymentConfiguration"},
	{name: "enableECSManagedTags"},
	{name: "enableExecuteCommand", force: true},
	{name: "healthCheckGracePeriodSeconds"},
	{name: "launchType", fixed: "a service moves to another launch type by run_params.capacity_provider_strategy only; or " +
		recreate},
	{name: "loadBalancers", replaces: true},
	{name: "networkConfiguration", replaces: true},
	{name: "placementConstraints"},
	{name: "placementStrategy"},
	{name: "platformVersion", replaces: true},
	{name: "propagateTags"},
	{name: "schedulingStrategy", fixed: recreate},
	{name: "serviceConnectConfiguration", replaces: true},
	{name: "serviceRegistries", replaces: true},
	{name: "volumeConfigurations", replaces: true},
	{name: "vpcLatticeConfigurations", replaces: true},
}

// A serviceChange is a member whose value is not what is wanted.
type serviceChange struct {
	serviceMember
	changes []Change
}

// serviceChanges compares what is wanted with the service as it is. What ECS fills in is no change.
func serviceChanges(r *translate.Result, s *types.Service) []serviceChange {
	have := &ecs.CreateServiceInput{}
	copyMembers(have, s)
	if d := primary(s); d != nil {
		have.ServiceConnectConfiguration = d.ServiceConnectConfiguration
		have.VolumeConfigurations = d.VolumeConfigurations
		have.VpcLatticeConfigurations = d.VpcLatticeConfigurations
	}
	w, _ := awsjson.Value(serviceInput(r)).(awsjson.Object)
	for name, b := range map[string]*bool{ // false is no member of the request, and may be meant
		"enableECSManagedTags": r.Service.EnableECSManagedTags, "enableExecuteCommand": r.Service.EnableExecuteCommand,
	} {
		if b != nil && member(w, name) == nil {
			w = append(w, awsjson.Member{Key: name, Value: *b})
		}
	}
	h, _ := awsjson.Value(have).(awsjson.Object)
	var all []serviceChange
	for _, m := range serviceMembers {
		a, b := member(h, m.name), member(w, m.name)
		if m.name == "launchType" && a == nil { // it has a capacity provider strategy
			a = ""
		}
		if b == nil {
			continue
		}
		if c := differences(m.name, a, b); c != nil {
			all = append(all, serviceChange{m, c})
		}
	}
	return all
}

// differences returns what of want have does not say.
func differences(path string, have, want any) []Change {
	h, isObject := have.(awsjson.Object)
	w, _ := want.(awsjson.Object)
	if !isObject || w == nil {
		if covers(have, want) {
			return nil
		}
		return []Change{{Path: path, From: text(path, have), To: text(path, want)}}
	}
	var all []Change
	for _, m := range w {
		all = append(all, differences(path+"."+m.Key, member(h, m.Key), m.Value)...)
	}
	return all
}

// covers reports whether have says all that want says. Lists are compared without their order, but for their length.
func covers(have, want any) bool {
	switch w := want.(type) {
	case awsjson.Object:
		h, ok := have.(awsjson.Object)
		if !ok {
			return len(w) == 0
		}
		for _, m := range w {
			if !covers(member(h, m.Key), m.Value) {
				return false
			}
		}
		return true
	case []any:
		h, _ := have.([]any)
		if len(h) != len(w) {
			return false
		}
		left := slices.Clone(h)
		for _, item := range w {
			i := slices.IndexFunc(left, func(v any) bool { return covers(v, item) })
			if i < 0 {
				return false
			}
			left = slices.Delete(left, i, i+1)
		}
		return true
	case string:
		h, _ := have.(string)
		return strings.EqualFold(h, w)
	case bool:
		h, _ := have.(bool)
		return h == w
	}
	if have == nil { // ECS leaves out a zero
		return string(awsjson.Encode(want)) == "0"
	}
	return string(awsjson.Encode(have)) == string(awsjson.Encode(want))
}

// setMembers sets the members of the request that changed. Of the deployment configuration the service keeps what is
// not mentioned, but for what another strategy than the wanted one would refuse.
func setMembers(in *ecs.UpdateServiceInput, r *translate.Result, s *types.Service, changes []serviceChange) {
	want := serviceInput(r)
	for _, c := range changes {
		in.ForceNewDeployment = in.ForceNewDeployment || c.force
		switch c.name {
		case "enableECSManagedTags": // which is a pointer in this request alone
			in.EnableECSManagedTags = r.Service.EnableECSManagedTags
		case "enableExecuteCommand":
			in.EnableExecuteCommand = r.Service.EnableExecuteCommand
		case "deploymentConfiguration":
			merged := types.DeploymentConfiguration{}
			if s.DeploymentConfiguration != nil {
				merged = *s.DeploymentConfiguration
			}
			copyMembers(&merged, want.DeploymentConfiguration)
			if merged.Strategy != types.DeploymentStrategyLinear {
				merged.LinearConfiguration = nil
			}
			if merged.Strategy != types.DeploymentStrategyCanary {
				merged.CanaryConfiguration = nil
			}
			in.DeploymentConfiguration = &merged
		default:
			copyMember(in, want, strings.ToUpper(c.name[:1])+c.name[1:])
		}
	}
}
