package translate

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// How a container is reached and what it reaches: ports, names, network, namespaces.

// A port is a port mapping before the network mode of the task is known.
type port struct {
	types.PortMapping
	at        place
	published string // as compose has it: a port, a range, or ""
	exposed   bool   // by expose only: not published
}

func applyPorts(c *container, _ place) {
	for i, p := range c.svc.Ports {
		at := c.at("ports", i)
		m := types.PortMapping{ContainerPort: new(int32(p.Target)), Name: nonEmpty(p.Name)}
		switch protocol := strings.ToLower(p.Protocol); protocol {
		case "", "tcp", "udp":
			m.Protocol = types.TransportProtocol(protocol)
		default:
			c.t.refuse(at, "P06", "ports.[].protocol", "the protocol %s is not possible: ECS knows tcp and udp", protocol)
			continue
		}
		if p.AppProtocol != "" {
			m.AppProtocol = types.ApplicationProtocol(strings.ToLower(p.AppProtocol))
			if !slices.Contains(m.AppProtocol.Values(), m.AppProtocol) {
				c.t.warnf(c.at("ports", i, "app_protocol"), "K01", "ECS knows http, http2 and grpc: it is left out")
				m.AppProtocol = ""
			}
		}
		c.ports = append(c.ports, port{PortMapping: m, at: at, published: p.Published})
	}
}

// applyHostIP reports a port that is meant to be reached from some addresses only, and would be from all.
func applyHostIP(c *container, at place) {
	for i, p := range c.svc.Ports {
		if c.at("ports", i, "host_ip") != at {
			continue
		}
		ip, err := netip.ParseAddr(p.HostIP)
		switch {
		case err != nil:
			c.t.errorf(at, "C10", "%q is no IP address", p.HostIP)
		case ip.IsUnspecified():
		case ip.IsLoopback():
			c.t.refuse(at, "K01", "ports.[].host_ip", "ECS publishes a port on all addresses of the instance: "+
				"a port for the instance alone would be open to others; leave the port out, or use expose")
		default:
			c.t.warnf(at, "K01", "ECS publishes a port on all addresses of the instance: restrict it with a security group")
		}
	}
}

// applyExpose keeps the ports that other containers reach. They become port mappings where that does not publish them.
func applyExpose(c *container, _ place) {
	for i, e := range c.svc.Expose {
		at := c.at("expose", i)
		ports, protocol, _ := strings.Cut(e, "/")
		first, last, isRange := strings.Cut(ports, "-")
		if !isRange {
			last = first
		}
		from, err1 := strconv.ParseUint(first, 10, 16)
		to, err2 := strconv.ParseUint(last, 10, 16)
		if err1 != nil || err2 != nil || from == 0 || to < from || protocol != "" && protocol != "tcp" && protocol != "udp" {
			c.t.errorf(at, "C10", "%q is no port: write a port from 1 to 65535, a range, and /udp if it is not tcp", e)
			continue
		}
		if to-from >= maxPorts {
			c.t.errorf(at, "P06", "a container has %d ports at most", maxPorts)
			continue
		}
		for p := from; p <= to; p++ {
			m := types.PortMapping{ContainerPort: new(int32(p)), Protocol: types.TransportProtocol(protocol)}
			c.ports = append(c.ports, port{PortMapping: m, at: at, exposed: true})
		}
	}
}

// maxPorts is how many port mappings a container has at most.
const maxPorts = 100

// finishPorts makes port mappings of the ports, now that the network mode is known.
func (c *container) finishPorts() {
	seen := map[string]bool{}
	for _, p := range c.ports {
		if p.exposed && !c.t.awsvpc() {
			continue // a mapping would publish it on the instance
		}
		key := p.key()
		if p.exposed && seen[key] {
			continue
		}
		seen[key] = true
		if p.HostPort == nil {
			p.HostPort = c.hostPort(p)
		}
		c.set[portTarget(len(c.def.PortMappings))] = p.at
		c.def.PortMappings = append(c.def.PortMappings, p.PortMapping)
	}
}

// key names what a port is: the same port of tcp and udp are two.
func (p *port) key() string {
	protocol := p.Protocol
	if protocol == "" {
		protocol = types.TransportProtocolTcp
	}
	if p.ContainerPort == nil {
		return value(p.ContainerPortRange) + "/" + string(protocol)
	}
	return strconv.Itoa(int(*p.ContainerPort)) + "/" + string(protocol)
}

// portTarget is the key under which the place of port mapping i is kept.
func portTarget(i int) string { return container1 + "portMappings " + strconv.Itoa(i) }

// hostPort returns the port of the instance for a port: in bridge the published one, or 0 for one that ECS chooses;
// elsewhere the port of the container.
func (c *container) hostPort(p port) *int32 {
	mode := c.t.result.Task.NetworkMode
	bridge := mode != types.NetworkModeAwsvpc && mode != types.NetworkModeHost
	published, err := strconv.ParseUint(p.published, 10, 16)
	switch {
	case p.exposed || p.ContainerPort == nil:
		return nil
	case p.published == "" && bridge:
		return new(int32(0))
	case p.published == "":
		return p.ContainerPort
	case strings.Contains(p.published, "-"):
		c.t.refuse(p.at, "P06", "ports.[].published", "a range of host ports for one container port is not possible: "+
			"give one, or none to have ECS choose one")
		return nil
	case err != nil:
		c.t.errorf(p.at, "C10", "the published port %q is no port from 1 to 65535", p.published)
		return nil
	case bridge:
		return new(int32(published))
	case published == 0, int32(published) == *p.ContainerPort:
		return p.ContainerPort
	case c.t.balanced(c, p):
		c.t.notef(p.at, "P01", "%s is the port of the load balancer's listener", p.published)
		return p.ContainerPort
	}
	c.t.refuse(p.at, "P01", "ports.[].published", "in network mode %s a port of the container is the same port outside: "+
		"%d holds, %s is not possible; leave %s out, or set run_params.load_balancers to have a listener there",
		mode, *p.ContainerPort, p.published, p.published)
	return p.ContainerPort
}

// balanced reports whether a load balancer is configured for a port.
func (t *translation) balanced(c *container, p port) bool {
	return slices.ContainsFunc(t.result.Service.LoadBalancers, func(lb balancer) bool {
		return value(lb.ContainerName) == c.name && p.ContainerPort != nil && value(lb.ContainerPort) == *p.ContainerPort
	})
}

func applyDNS(c *container, _ place)       { c.def.DnsServers = c.svc.DNS }
func applyDNSSearch(c *container, _ place) { c.def.DnsSearchDomains = c.svc.DNSSearch }
func applyHostname(c *container, _ place)  { c.def.Hostname = nonEmpty(c.svc.Hostname) }

func applyExtraHosts(c *container, at place) {
	for _, host := range slices.Sorted(maps.Keys(c.svc.ExtraHosts)) {
		for _, ip := range c.svc.ExtraHosts[host] {
			if ip == "host-gateway" {
				c.t.refuse(at, "K01", "extra_hosts", "%s: ECS does not know the address of the instance (host-gateway)", host)
				continue
			}
			c.def.ExtraHosts = append(c.def.ExtraHosts, types.HostEntry{Hostname: new(host), IpAddress: new(ip)})
		}
	}
}

// applyLinks takes links over with the names that containers have in ECS, and their services under their own.
func applyLinks(c *container, _ place) {
	for i, link := range c.svc.Links {
		service, alias, hasAlias := strings.Cut(link, ":")
		if strings.Contains(alias, ":") || hasAlias && alias == "" {
			c.t.errorf(c.at("links", i), "C10", "%q is no link: write SERVICE or SERVICE:ALIAS", link)
			continue
		}
		if c.t.skips(service) {
			c.t.notef(c.at("links", i), "M02", "%s is left out, and so is the link", service)
			continue
		}
		link = c.t.nameOf(service)
		if hasAlias {
			link += ":" + alias
		} else if link != service {
			link += ":" + service
		}
		c.def.Links = append(c.def.Links, link)
	}
}

// applyNetworks takes external networks that are security groups; others have no counterpart, and need none.
func applyNetworks(c *container, _ place) {
	for _, name := range slices.Sorted(maps.Keys(c.svc.Networks)) {
		at := c.at("networks", name)
		switch network := c.t.project.Networks[name]; {
		case bool(network.External) && strings.HasPrefix(network.Name, "sg-"):
			c.t.addSecurityGroup(place{at.pos, at.path, c.t.projectAt("networks", name).node}, network.Name)
		case bool(network.External):
			c.t.refuse(c.t.projectAt("networks", name), "K01", "networks",
				"ECS joins no Docker network: give the id of a security group (sg-…) as its name")
		}
	}
}

var architectures = map[string]types.CPUArchitecture{
	"amd64": types.CPUArchitectureX8664, "x86_64": types.CPUArchitectureX8664, "amd64/v1": types.CPUArchitectureX8664,
	"amd64/v2": types.CPUArchitectureX8664, "amd64/v3": types.CPUArchitectureX8664, "amd64/v4": types.CPUArchitectureX8664,
	"arm64": types.CPUArchitectureArm64, "aarch64": types.CPUArchitectureArm64, "arm64/v8": types.CPUArchitectureArm64,
}

func applyPlatform(c *container, at place) {
	if c.t.params.TaskDefinition.RuntimePlatform != nil {
		c.t.notef(at, "C08", "runtime_platform at %s holds", c.t.paramsAt("task_definition", "runtime_platform").pos)
		return
	}
	os, arch, hasArch := strings.Cut(strings.ToLower(c.svc.Platform), "/")
	if !hasArch && architectures[os] != "" { // the architecture alone
		os, arch = "linux", os
	}
	switch {
	case os == "windows":
		c.t.errorf(at, "T07", "ECS needs the version of Windows: "+
			"set task_definition.runtime_platform.operating_system_family in ecs-params")
	case os != "linux" || arch != "" && architectures[arch] == "":
		c.t.errorf(at, "T07", "ECS runs linux/amd64, linux/arm64 and windows/amd64, not %q", c.svc.Platform)
	case arch != "":
		c.t.agree(c, "platform", at, string(architectures[arch]), c.svc.Platform)
	}
}
