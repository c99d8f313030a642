package translate

import (
	"cmp"
	"sync"

	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/compose/source"
)

const usedBy = "the service that uses it says what becomes of it"

// topKeys has a row for each key of a compose file outside its services, sorted by path. A key below one of these that
// has no row of its own is covered by the row.
var topKeys = []composeKey{
	{path: "configs", level: silent, why: usedBy},
	{path: "include", level: silent, why: "is resolved when the files are read"},
	{path: "jobs", level: diag.Warning, why: "a job is no part of the task: write it as a service that a profile switches on"},
	{path: "models", level: silent, why: usedBy},
	{path: "name", target: "family"},
	{path: "networks.*.attachable", level: diag.Note, why: "ECS makes no Docker networks"},
	{path: "networks.*.driver", level: diag.Note, why: "ECS makes no Docker networks: what a task reaches is said by its security groups"},
	{path: "networks.*.driver_opts", level: diag.Note, why: "ECS makes no Docker networks"},
	{path: "networks.*.enable_ipv4", level: diag.Note, why: "the subnets say which addresses a task has"},
	{path: "networks.*.enable_ipv6", level: diag.Note, why: "the subnets say which addresses a task has"},
	{path: "networks.*.external", target: "service.networkConfiguration.awsvpcConfiguration.securityGroups"},
	{path: "networks.*.internal", level: diag.Warning, why: "ECS cuts no task off from outside: choose subnets and security groups that do"},
	{path: "networks.*.ipam", level: diag.Note, why: "the subnets say which addresses a task has"},
	{path: "networks.*.labels", level: diag.Note, why: "ECS makes no Docker networks"},
	{path: "networks.*.name", target: "service.networkConfiguration.awsvpcConfiguration.securityGroups"},
	{path: "secrets.*.driver", level: diag.Error, why: "ECS takes secrets from SSM and Secrets Manager only"},
	{path: "secrets.*.driver_opts", level: diag.Error, why: "ECS takes secrets from SSM and Secrets Manager only"},
	{path: "secrets.*.environment", level: silent, why: usedBy},
	{path: "secrets.*.external", target: container1 + "secrets"},
	{path: "secrets.*.file", level: silent, why: usedBy},
	{path: "secrets.*.labels", level: diag.Note, why: "ECS makes no secrets: tag the secret where it is kept"},
	{path: "secrets.*.name", target: container1 + "secrets[].valueFrom"},
	{path: "secrets.*.template_driver", level: diag.Error, why: "ECS fills in no templates"},
	{path: "version", level: silent, why: "says nothing any more"},
	{path: "volumes.*.driver", target: "volumes"},
	{path: "volumes.*.driver_opts", target: "volumes"},
	{path: "volumes.*.external", target: "volumes"},
	{path: "volumes.*.labels", target: "volumes[].dockerVolumeConfiguration.labels"},
	{path: "volumes.*.name", target: "volumes"},
}

var topTree = sync.OnceValue(func() *keyNode { return treeOf(topKeys) })

// reportTopKeys reports what is lost of the keys outside services. What of them is translated, a service uses.
func (t *translation) reportTopKeys(n *source.Node, tree *keyNode, path *source.Path) {
	for _, f := range n.Fields {
		below := cmp.Or(tree.keys[f.Key], tree.any)
		if below == nil {
			continue
		}
		at := path.Key(f.Key)
		if row := below.row; row != nil && row.why != "" && row.level != silent && !f.Value.IsEmpty() {
			t.lose(place{f.Pos, at.String(), f.Value}, row, "K01", row.why)
		}
		t.reportTopKeys(f.Value, below, at)
	}
}
