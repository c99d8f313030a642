package source

import "testing"

func TestSnakeCase(t *testing.T) {
	for name, want := range map[string]string{
		"CapacityProvider": "capacity_provider", "SizeInGiB": "size_in_gib", "EFSVolumes": "efs_volumes",
		"TaskRoleArn": "task_role_arn", "ID": "id", "ManagedEBSVolume": "managed_ebs_volume", "A": "a", "": "",
	} {
		if got := SnakeCase(name); got != want {
			t.Errorf("%s becomes %s, want %s", name, got, want)
		}
	}
}
