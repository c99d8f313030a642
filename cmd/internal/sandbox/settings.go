package sandbox

import (
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// defaultSettings are what an account has that never changed a setting. See PutAccountSetting.
var defaultSettings = map[types.SettingName]string{
	types.SettingNameAwsvpcTrunking:                  "disabled",
	types.SettingNameContainerInsights:               "disabled",
	types.SettingNameContainerInstanceLongArnFormat:  "enabled",
	types.SettingNameDefaultLogDriverMode:            "non-blocking",
	types.SettingNameFargateEventWindows:             "disabled",
	types.SettingNameFargateFipsMode:                 "disabled",
	types.SettingNameFargateTaskRetirementWaitPeriod: "7",
	types.SettingNameGuardDutyActivate:               "off",
	types.SettingNameServiceLongArnFormat:            "enabled",
	types.SettingNameTagResourceAuthorization:        "on",
	types.SettingNameTaskLongArnFormat:               "enabled",
}

func (r *region) setting(name types.SettingName) *types.Setting {
	v, ok := r.Settings[string(name)]
	if !ok {
		v = defaultSettings[name]
	}
	kind := types.SettingTypeUser
	if name == types.SettingNameGuardDutyActivate {
		kind = types.SettingTypeAwsManaged
	}
	return &types.Setting{Name: name, Value: new(v), PrincipalArn: new(Principal), Type: kind}
}

func listAccountSettings(r *region, in *ecs.ListAccountSettingsInput) (*ecs.ListAccountSettingsOutput, error) {
	out := &ecs.ListAccountSettingsOutput{Settings: []types.Setting{}}
	for _, name := range slices.Sorted(maps.Keys(defaultSettings)) {
		_, changed := r.Settings[string(name)]
		if in.Name != "" && in.Name != name || !in.EffectiveSettings && !changed {
			continue
		}
		if s := r.setting(name); in.Value == nil || *in.Value == *s.Value {
			out.Settings = append(out.Settings, *s)
		}
	}
	return out, nil
}

func putAccountSetting(r *region, in *ecs.PutAccountSettingInput) (*ecs.PutAccountSettingOutput, error) {
	switch _, ok := defaultSettings[in.Name]; {
	case !ok:
		return nil, invalidParameter("Invalid setting name: %s", in.Name)
	case in.Name == types.SettingNameGuardDutyActivate:
		return nil, invalidParameter("guardDutyActivate is read-only.")
	}
	r.Settings[string(in.Name)] = value(in.Value)
	return &ecs.PutAccountSettingOutput{Setting: r.setting(in.Name)}, nil
}
