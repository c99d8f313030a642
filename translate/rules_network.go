package translate

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	composetypes "github.com/compose-spec/compose-go/v2/types"

	"github.com/ecsctl/ecsctl/ecsparams"
)

// Rules about networks and ports.

// finishNetwork drops what the network mode of the task has no place for.
func (c *container) finishNetwork() {
	mode := c.t.result.Task.NetworkMode
	if len(c.def.Links) > 0 && mode != "" && mode != types.NetworkModeBridge {
		c.t.refuse(c.where(container1+"links"), "P07", "links", "links need the network mode bridge: in %s the containers "+
			"of a task reach each other at localhost", mode)
		c.def.Links = nil
	}
	other, joins := strings.CutPrefix(c.svc.NetworkMode, composetypes.ServicePrefix)
	_, known := c.t.project.Services[other]
	if shares := mode == types.NetworkModeAwsvpc || mode == types.NetworkModeHost; joins && known && !shares && !c.t.fargate {
		c.t.refuse(c.at("network_mode"), "P07", "network_mode", "the containers of a task share one network in awsvpc only, "+
			"not in %s: set task_definition.ecs_network_mode: awsvpc in ecs-params", orBridge(mode))
	}
	if mode != types.NetworkModeAwsvpc {
		return
	}
	if c.def.Hostname != nil {
		c.t.warnf(c.where(container1+"hostname"), "P07", "is left out: in awsvpc AWS gives the task its host name")
		c.def.Hostname = nil
	}
	if len(c.def.ExtraHosts) > 0 {
		c.t.refuse(c.where(container1+"extraHosts"), "P07", "extra_hosts", "ECS has no hosts entries in awsvpc: "+
			"use names that DNS knows")
		c.def.ExtraHosts = nil
	}
}

var (
	subnetID = newRegexp(`^subnet-[0-9a-f]{8,17}$`)
	groupID  = newRegexp(`^sg-[0-9a-f]{8,17}$`)
)

func (t *translation) checkNetworkConfiguration() {
	n := t.result.Service.NetworkConfiguration
	at := t.where("service.networkConfiguration")
	if n == nil || n.AwsvpcConfiguration == nil {
		if t.awsvpc() && t.target.Purpose != ToRegister {
			t.errorf(t.where("networkMode"), "P08", "the network mode awsvpc needs subnets: "+
				"set run_params.network_configuration.awsvpc_configuration in ecs-params")
		}
		return
	}
	if !t.awsvpc() {
		if !strings.HasPrefix(at.path, "run_params") {
			t.notef(at, "P08", "the security groups need the network mode awsvpc: they are left out")
		} else {
			t.refuse(at, "P08", "run_params.network_configuration", "subnets and security groups need the network mode awsvpc: "+
				"set task_definition.ecs_network_mode, or remove them")
		}
		t.result.Service.NetworkConfiguration = nil
		return
	}
	v := n.AwsvpcConfiguration
	if len(v.Subnets) < 1 || len(v.Subnets) > 16 {
		t.errorf(at, "P08", "there must be 1 to 16 subnets, not %d", len(v.Subnets))
	}
	for i, id := range v.Subnets {
		if !subnetID.MatchString(id) && id != "" {
			t.errorf(t.paramsAt("run_params", "network_configuration", "awsvpc_configuration", "subnets", i), "P08",
				"%q is no id of a subnet (subnet-…)", id)
		}
	}
	for i, id := range v.SecurityGroups {
		at, ofCompose := t.set[groupTarget(id)]
		if !ofCompose {
			at = t.paramsAt("run_params", "network_configuration", "awsvpc_configuration", "security_groups", i)
		}
		if !groupID.MatchString(id) && id != "" {
			t.errorf(at, "P08", "%q is no id of a security group (sg-…)", id)
		}
	}
}

func (t *translation) checkPublicIP() {
	n := t.result.Service.NetworkConfiguration
	if n == nil || n.AwsvpcConfiguration.AssignPublicIp == "" {
		return
	}
	at := t.paramsAt("run_params", "network_configuration", "awsvpc_configuration", "assign_public_ip")
	enabled := n.AwsvpcConfiguration.AssignPublicIp == types.AssignPublicIpEnabled
	if enabled && !t.fargate && t.result.Service.LaunchType == types.LaunchTypeEc2 {
		t.errorf(at, "P09", "tasks on EC2 have no public address of their own: remove it")
	}
	if !enabled && t.fargate && slices.ContainsFunc(t.containers, func(c *container) bool {
		return registryOf(value(c.def.Image)) == ""
	}) {
		t.notef(at, "P09", "without a public address, images of Docker Hub are pulled through a NAT gateway only")
	}
}

var targetGroup = newRegexp(`^arn:[a-z-]+:elasticloadbalancing:[a-z0-9-]+:\d{12}:targetgroup/[^/]+/[0-9a-f]+$`)

func (t *translation) checkLoadBalancers() {
	lbs := t.result.Service.LoadBalancers
	if len(lbs) > 5 {
		t.errorf(t.where("service.loadBalancers"), "P10", "%d target groups are more than the 5 of a service", len(lbs))
	}
	for i, lb := range lbs {
		t.checkLoadBalancer(t.paramsAt("run_params", "load_balancers", i), lb)
	}
}

func (t *translation) checkLoadBalancer(at place, lb ecsparams.LoadBalancer) {
	arn, name, classic := value(lb.TargetGroupArn), lb.TargetGroupName, value(lb.LoadBalancerName)
	given := 0
	for _, s := range []string{arn, name, classic} {
		if s != "" {
			given++
		}
	}
	switch {
	case given != 1:
		t.errorf(at, "P10", "must have one of target_group_arn, target_group_name and load_balancer_name")
	case arn != "" && !targetGroup.MatchString(arn):
		t.errorf(at, "P10", "%q is no ARN of a target group", arn)
	case classic != "" && t.awsvpc():
		t.errorf(at, "P10", "a Classic Load Balancer does not work with awsvpc: use a target group of type ip")
	case classic != "" && lb.DeregistrationDelay != nil:
		t.errorf(at, "P10", "deregistration_delay is of a target group")
	}
	if d := lb.DeregistrationDelay; d != nil && (*d < 0 || *d > 3600) {
		t.errorf(at, "P10", "deregistration_delay must be 0 to 3600 s, not %d", *d)
	}
	t.checkContainerPort(at, "P10", value(lb.ContainerName), lb.ContainerPort)
}

// checkContainerPort reports a container and port that the task does not have.
func (t *translation) checkContainerPort(at place, rule, name string, p *int32) {
	c := t.named(name)
	switch {
	case name == "" || p == nil:
		t.errorf(at, rule, "must have container_name and container_port")
	case c == nil:
		t.errorf(at, rule, "there is no container %q%s", name, t.suggest(name, t.containerNames()))
	case !slices.ContainsFunc(c.def.PortMappings, func(m types.PortMapping) bool { return value(m.ContainerPort) == *p }):
		t.errorf(at, rule, "the container %s has no port %d: add it under ports", name, *p)
	}
}

func (t *translation) checkDiscovery() {
	d := t.result.Service.Discovery
	if d == nil {
		return
	}
	at := t.where("service.serviceRegistries")
	private, public := d.PrivateDNSNamespace, d.PublicDNSNamespace
	switch {
	case (private == nil) == (public == nil):
		t.errorf(at, "P11", "must have one of private_dns_namespace and public_dns_namespace")
	case private != nil && (private.ID == "") == (private.Name == ""), public != nil && (public.ID == "") == (public.Name == ""):
		t.errorf(at, "P11", "the namespace must have an id or a name")
	case private != nil && private.Name != "" && private.VPC == "":
		t.errorf(at, "P11", "a private namespace with a name needs its vpc")
	case private != nil && private.ID != "" && (private.VPC != "" || private.Description != ""):
		t.notef(at, "P11", "vpc and description say nothing beside the id of the namespace")
	}
	record := ecsparams.DNSType("")
	if s := d.ServiceDiscoveryService; s != nil {
		if s.DNSConfig != nil {
			record = s.DNSConfig.Type
			if ttl := s.DNSConfig.TTL; ttl != nil && (*ttl < 0 || *ttl > 2147483647) {
				t.errorf(at, "P11", "ttl must be 0 to 2147483647 s, not %d", *ttl)
			}
		}
		if s.HealthcheckCustomConfig != nil {
			t.warnf(t.paramsAt("run_params", "service_discovery", "service_discovery_service", "healthcheck_custom_config"), "P11",
				"Cloud Map no longer reads the failure threshold: it is 1")
		}
	}
	switch {
	case record == "A" && !t.awsvpc():
		t.errorf(at, "P11", "an A record needs the network mode awsvpc: use SRV with container_name and container_port")
	case record == "SRV" || record == "" && !t.awsvpc():
		t.checkContainerPort(at, "P11", d.ContainerName, d.ContainerPort)
	}
}

func (t *translation) checkServiceConnect() {
	s := t.result.Service.ServiceConnectConfiguration
	if s == nil || !s.Enabled {
		return
	}
	at := t.where("service.serviceConnectConfiguration")
	if mode := t.result.Task.NetworkMode; mode == types.NetworkModeHost || mode == types.NetworkModeNone {
		t.errorf(at, "P12", "needs the network mode awsvpc or bridge, not %s", mode)
	}
	if s.AccessLogConfiguration != nil && s.LogConfiguration == nil {
		t.errorf(at, "P12", "access_log_configuration needs log_configuration")
	}
	if l := s.LogConfiguration; l != nil {
		t.checkAwslogsOptions(t.paramsAt("run_params", "service_connect_configuration", "log_configuration"), l.LogDriver, l.Options)
	}
	for i, service := range s.Services {
		at := t.paramsAt("run_params", "service_connect_configuration", "services", i)
		m := t.portNamed(at, "P12", value(service.PortName))
		if m != nil && m.Protocol == types.TransportProtocolUdp {
			t.errorf(at, "P12", "the port %s is UDP, which Service Connect does not serve", *m.Name)
		}
		if len(service.ClientAliases) > 1 {
			t.errorf(at, "P12", "a port has one alias")
		}
		for j, alias := range service.ClientAliases {
			if p := value(alias.Port); p < 1 || p > 65535 {
				t.errorf(t.paramsAt("run_params", "service_connect_configuration", "services", i, "client_aliases", j), "P12",
					"must have a port from 1 to 65535, at which clients find the service")
			}
		}
		if m != nil && service.Timeout != nil && service.Timeout.PerRequestTimeoutSeconds != nil && m.AppProtocol == "" {
			t.errorf(at, "P12", "a timeout per request needs the app_protocol of the port")
		}
	}
}

// portNamed returns the port mapping with the given name, or reports that there is none.
func (t *translation) portNamed(at place, rule, name string) *types.PortMapping {
	var names []string
	for _, c := range t.containers {
		for i := range c.def.PortMappings {
			m := &c.def.PortMappings[i]
			if m.Name != nil && *m.Name == name {
				return m
			}
			if m.Name != nil {
				names = append(names, *m.Name)
			}
		}
	}
	t.errorf(at, rule, "there is no port named %q%s: name one of the ports in the compose file", name, t.suggest(name, names))
	return nil
}

var (
	anyARN  = newRegexp(`^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:\d{0,12}:.+$`)
	roleARN = newRegexp(`^arn:[a-z-]+:iam::\d{12}:role/.+$`)
)

func (t *translation) checkLattice() {
	for i, g := range t.result.Service.GatewayConnectors {
		t.portNamed(t.paramsAt("run_params", "gateway_connectors", i), "P13", value(g.PortName))
	}
	for i, l := range t.result.Service.VpcLatticeConfigurations {
		at := t.paramsAt("run_params", "vpc_lattice_configurations", i)
		t.portNamed(at, "P13", value(l.PortName))
		if !anyARN.MatchString(value(l.TargetGroupArn)) {
			t.errorf(at, "P13", "target_group_arn is missing or no ARN")
		}
		if !roleARN.MatchString(value(l.RoleArn)) {
			t.errorf(at, "P13", "role_arn is missing or no ARN of a role")
		}
	}
}

func (t *translation) checkSecurityGroups() {
	n := t.result.Service.NetworkConfiguration
	if n != nil && len(n.AwsvpcConfiguration.SecurityGroups) > 5 {
		t.errorf(t.where("service.networkConfiguration"), "P14", "%d security groups are more than the 5 of a task",
			len(n.AwsvpcConfiguration.SecurityGroups))
	}
}
