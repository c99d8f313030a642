package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// describeTask returns a task as it is now.
func (r *region) describeTask(t *task, withTags bool) types.Task {
	now, l, td := r.now(), t.timeline(r), r.definition(t.Definition)
	at := func(when time.Time) *time.Time {
		if !passed(now, when) {
			return nil
		}
		return new(when)
	}
	v := types.Task{
		Attachments:          []types.Attachment{},
		Attributes:           []types.Attribute{{Name: new("ecs.cpu-architecture"), Value: new(architecture(td))}},
		AvailabilityZone:     new(t.Zone),
		ClusterArn:           new(r.arn("cluster/" + t.Cluster)),
		Containers:           []types.Container{},
		Cpu:                  new(number32(t.CPU)),
		CreatedAt:            new(t.Created),
		DesiredStatus:        new(t.desired(r)),
		EnableExecuteCommand: t.Exec,
		EphemeralStorage:     td.EphemeralStorage,
		Group:                new(t.Group),
		HealthStatus:         l.healthStatus(now),
		LastStatus:           new(l.status(now)),
		LaunchType:           t.LaunchType,
		Memory:               new(number32(t.Memory)),
		Overrides:            &types.TaskOverride{},
		Tags:                 []types.Tag{},
		TaskArn:              new(t.ARN),
		TaskDefinitionArn:    new(t.Definition),
		Version:              1,
	}
	if withTags {
		v.Tags = r.tags(t.ARN)
	}
	set := func(p **string, s string) {
		if s != "" {
			*p = new(s)
		}
	}
	set(&v.CapacityProviderName, t.Provider)
	set(&v.ContainerInstanceArn, t.Instance)
	set(&v.StartedBy, t.StartedBy)
	set(&v.PlatformVersion, t.Platform)
	if t.LaunchType == types.LaunchTypeFargate {
		v.PlatformFamily = new("Linux")
		if v.EphemeralStorage == nil {
			v.EphemeralStorage = &types.EphemeralStorage{SizeInGiB: 20}
		}
	}
	if t.Overrides != nil {
		v.Overrides = &t.Overrides.v
	}
	overrides := *v.Overrides
	empty(&overrides.ContainerOverrides)
	v.Overrides = &overrides
	if passed(now, t.Created.Add(provisioning)) || !l.eni {
		v.Connectivity, v.ConnectivityAt = types.ConnectivityConnected, at(t.Created.Add(provisioning))
	}
	v.PullStartedAt = at(l.pulling)
	v.PullStoppedAt = at(l.pulled)
	if l.running.Before(l.stopping) {
		v.StartedAt = at(l.running)
	}
	if v.StoppingAt = at(l.stopping); v.StoppingAt != nil {
		v.StopCode, v.StoppedReason = l.code, new(l.reason)
		v.ExecutionStoppedAt, v.StoppedAt = at(l.stopping.Add(stopping/2)), at(l.stopped)
	}
	for _, when := range []time.Time{t.Created.Add(provisioning), l.pulled, l.running, l.stopping, l.stopped} {
		if passed(now, when) {
			v.Version++
		}
	}
	if t.ENI != nil {
		v.Attachments = append(v.Attachments, t.ENI.attachment(l, now))
	}
	for i := range l.containers {
		v.Containers = append(v.Containers, t.describeContainer(r, l, &l.containers[i]))
	}
	return v
}

func architecture(td *types.TaskDefinition) string {
	if p := td.RuntimePlatform; p != nil && p.CpuArchitecture == types.CPUArchitectureArm64 {
		return "arm64"
	}
	return "x86_64"
}

// attachment: "the elastic network interface"; its details come when it is attached.
func (e *eni) attachment(l *timeline, now time.Time) types.Attachment {
	detail := func(name, v string) types.KeyValuePair { return types.KeyValuePair{Name: new(name), Value: new(v)} }
	a := types.Attachment{
		Id: new(e.Attachment), Type: new("ElasticNetworkInterface"), Status: new("PRECREATED"),
		Details: []types.KeyValuePair{detail("subnetId", e.Subnet)},
	}
	if !passed(now, l.created.Add(provisioning)) {
		return a
	}
	mac := sha256.Sum256([]byte(e.ID))
	a.Status = new("ATTACHED")
	a.Details = append(a.Details,
		detail("networkInterfaceId", e.ID),
		detail("macAddress", fmt.Sprintf("0a:%x:%x:%x:%x:%x", mac[:1], mac[1:2], mac[2:3], mac[3:4], mac[4:5])),
		detail("privateDnsName", e.dns()),
		detail("privateIPv4Address", e.Private))
	if passed(now, l.stopped) {
		a.Status = new("DELETED")
	}
	return a
}

// runtimeID returns the id that the container has where it runs.
func (t *task) runtimeID(container string) string {
	sum := sha256.Sum256([]byte(t.ARN + "/" + container))
	return t.id() + "-" + hex.EncodeToString(sum[:5])
}

func (t *task) describeContainer(r *region, l *timeline, c *containerTime) types.Container {
	now, name := r.now(), *c.def.Name
	sum := sha256.Sum256([]byte(t.ARN + "/" + name))
	id := hex.EncodeToString(sum[:16])
	status := c.status(l, now)
	v := types.Container{
		ContainerArn: new(fmt.Sprintf("%s/%s-%s-%s-%s-%s", r.arn("container/"+t.Cluster+"/"+t.id()),
			id[:8], id[8:12], id[12:16], id[16:20], id[20:])),
		Cpu:               new(number32(c.def.Cpu)),
		HealthStatus:      c.healthStatus(l, now),
		Image:             c.def.Image,
		LastStatus:        new(status),
		Name:              new(name),
		NetworkBindings:   []types.NetworkBinding{},
		NetworkInterfaces: []types.NetworkInterface{},
		TaskArn:           new(t.ARN),
	}
	if c.def.Memory != nil {
		v.Memory = new(number32(*c.def.Memory))
	}
	if c.def.MemoryReservation != nil {
		v.MemoryReservation = new(number32(*c.def.MemoryReservation))
	}
	if c.def.HealthCheck == nil {
		v.HealthStatus = types.HealthStatusUnknown
	}
	started := passed(now, c.start)
	if started {
		image := sha256.Sum256([]byte(*c.def.Image))
		v.RuntimeId = new(t.runtimeID(name))
		v.ImageDigest = new("sha256:" + hex.EncodeToString(image[:]))
	}
	if status == "STOPPED" {
		v.ExitCode = c.exitCode
		if c.reason != "" {
			v.Reason = new(c.reason)
		}
	}
	if e := t.ENI; e != nil && passed(now, l.created.Add(provisioning)) {
		v.NetworkInterfaces = append(v.NetworkInterfaces, types.NetworkInterface{
			AttachmentId: new(e.Attachment), PrivateIpv4Address: new(e.Private),
		})
	}
	for _, p := range t.Ports {
		if p.Container == name && started {
			v.NetworkBindings = append(v.NetworkBindings, types.NetworkBinding{
				BindIP: new("0.0.0.0"), ContainerPort: new(p.ContainerPort), HostPort: new(p.HostPort), Protocol: p.Protocol,
			})
		}
	}
	if t.Exec {
		agent := types.ManagedAgent{Name: types.ManagedAgentNameExecuteCommandAgent, LastStatus: new("PENDING")}
		if status != "PENDING" {
			agent.LastStatus, agent.LastStartedAt = new(status), new(c.start)
		}
		v.ManagedAgents = slices.Concat(v.ManagedAgents, []types.ManagedAgent{agent})
	}
	return v
}
