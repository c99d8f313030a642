package translate

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Rules about ports.

// addressVariable matches the names of variables whose value is an address.
var addressVariable = newRegexp(`(?i)(^|_)(HOSTS?|HOSTNAME|ADDR|ADDRESS|SERVERS?|BROKERS?|ENDPOINT|UPSTREAM)$`)

// checkPeerNames reports variables that reach another container of the task by its service's name, which Docker knows
// and ECS does not.
func (t *translation) checkPeerNames() {
	mode := t.result.Task.NetworkMode
	bridge := mode == "" || mode == types.NetworkModeBridge
	if len(t.containers) > maxContainers {
		return // each is compared with each
	}
	for _, c := range t.containers {
		for _, e := range c.def.Environment {
			for _, peer := range t.containers {
				if peer == c || peer.owner != nil || !namesHost(*e.Name, value(e.Value), peer.key) {
					continue
				}
				at := c.at("environment", *e.Name)
				switch {
				case !bridge:
					t.notef(at, "P15", "names the service %s, and the containers of a task reach each other at localhost in %s",
						peer.key, mode)
				case !slices.ContainsFunc(c.def.Links, func(link string) bool {
					return link == peer.key || strings.HasSuffix(link, ":"+peer.key)
				}):
					t.notef(at, "P15", "names the service %s, which a container knows by links only: add it to links", peer.key)
				}
			}
		}
	}
}

// namesHost reports whether the value of a variable has host as the name of a machine: in an URL, before a port, or
// alone if the name of the variable says so.
func namesHost(variable, val, host string) bool {
	for rest := val; ; {
		i := strings.Index(rest, host)
		if i < 0 {
			return false
		}
		before, after := rest[:i], rest[i+len(host):]
		starts := before == "" || strings.HasSuffix(before, "//") || strings.HasSuffix(before, "@") || strings.HasSuffix(before, ",")
		switch {
		case starts && before != "" && (after == "" || strings.ContainsAny(after[:1], ":/,?")),
			starts && len(after) > 1 && after[0] == ':' && '0' <= after[1] && after[1] <= '9',
			starts && before == "" && after == "" && addressVariable.MatchString(variable):
			return true
		}
		rest = rest[i+len(host):]
	}
}

// checkHostPorts looks at port mappings of ecs-params; those of compose have been looked at when they were made.
func (t *translation) checkHostPorts() {
	mode := t.result.Task.NetworkMode
	if mode != types.NetworkModeAwsvpc && mode != types.NetworkModeHost {
		return
	}
	for _, c := range t.containers {
		for i, m := range c.def.PortMappings {
			if m.HostPort != nil && m.ContainerPort != nil && *m.HostPort != *m.ContainerPort && *m.HostPort != 0 {
				t.errorf(c.where(portTarget(i)), "P01", "in network mode %s the host port must be the container port %d, or left out",
					mode, *m.ContainerPort)
			}
		}
	}
}

func (t *translation) checkPortClashes() {
	shared := t.awsvpc() || t.result.Task.NetworkMode == types.NetworkModeHost
	type use struct {
		service string
		at      place
	}
	used := map[string]use{}
	for _, c := range t.containers {
		own := map[string]bool{}
		for i, m := range c.def.PortMappings {
			at := c.where(portTarget(i))
			p := port{PortMapping: m}
			key := p.key()
			if own[key] && m.ContainerPort != nil && value(m.HostPort) == 0 {
				t.errorf(at, "P02", "the port %s stands twice", key)
				continue
			}
			own[key] = true
			if !shared {
				if value(m.HostPort) == 0 {
					continue
				}
				host := port{PortMapping: types.PortMapping{ContainerPort: m.HostPort, Protocol: m.Protocol}}
				key = host.key()
			}
			if o, ok := used[key]; ok && shared {
				t.errorf(at, "P02", "%s has the port %s too, at %s: the containers of a task share their ports in %s", o.service, key,
					o.at.pos, t.result.Task.NetworkMode)
				continue
			} else if ok {
				t.errorf(at, "P02", "%s publishes the port %s of the instance too, at %s", o.service, key, o.at.pos)
				continue
			}
			used[key] = use{c.key, at}
		}
	}
}

// fixedPorts calls f for each mapping that has a port of the instance.
func (t *translation) fixedPorts(f func(c *container, at place, hostPort int32)) {
	if mode := t.result.Task.NetworkMode; mode != "" && mode != types.NetworkModeBridge || t.fargate {
		return
	}
	for _, c := range t.containers {
		for i, m := range c.def.PortMappings {
			if p := value(m.HostPort); p != 0 {
				f(c, c.where(portTarget(i)), p)
			}
		}
	}
}

func (t *translation) checkFixedPorts() {
	s := &t.result.Service
	t.fixedPorts(func(_ *container, at place, p int32) {
		max := int32(0)
		if s.DeploymentConfiguration != nil {
			max = value(s.DeploymentConfiguration.MaximumPercent)
		}
		switch {
		case s.SchedulingStrategy == types.SchedulingStrategyDaemon:
		case value(s.DesiredCount) > 1:
			t.warnf(at, "P03", "port %d of an instance is used once: %d tasks need as many instances", p, *s.DesiredCount)
		case max > 100:
			t.warnf(at, "P03", "port %d of an instance is used once: a deployment with maximum_percent %d needs a second instance",
				p, max)
		}
	})
}

func (t *translation) checkReservedPorts() {
	t.fixedPorts(func(_ *container, at place, p int32) {
		switch {
		case p == 22 || p == 2375 || p == 2376 || p >= 51678 && p <= 51680:
			t.errorf(at, "P04", "port %d of an instance is used by SSH, Docker or the ECS agent", p)
		case p >= 32768:
			t.warnf(at, "P04", "port %d is of the range from which ECS and the kernel choose ports: it may be taken", p)
		}
	})
}

func (t *translation) checkNoNetwork() {
	if t.result.Task.NetworkMode != types.NetworkModeNone {
		return
	}
	for _, c := range t.containers {
		for i := range c.def.PortMappings {
			t.errorf(c.where(portTarget(i)), "P05", "the network mode none has no ports")
		}
	}
	if len(t.result.Service.LoadBalancers) > 0 {
		t.errorf(t.where("service.loadBalancers"), "P05", "the network mode none has no load balancer")
	}
	if t.result.Service.Discovery != nil {
		t.errorf(t.where("service.serviceRegistries"), "P05", "the network mode none has no service discovery")
	}
}

// A portSpan is the ports of one mapping, with its protocol.
type portSpan struct {
	low, high int
	protocol  types.TransportProtocol
	at        place
	name      string
	service   string
}

func (s portSpan) overlaps(o portSpan) bool {
	return s.protocol == o.protocol && s.low <= o.high && o.low <= s.high && (s.low < s.high || o.low < o.high)
}

// checkPortRanges looks at the ports of each container. Ports that overlap are those of one container, or of the task if
// its containers share them; of two single ports rule P02 knows.
func (t *translation) checkPortRanges() {
	shared := t.awsvpc() || t.result.Task.NetworkMode == types.NetworkModeHost
	if len(t.containers) > maxContainers {
		shared = false // each is compared with each
	}
	var spans []portSpan
	for _, c := range t.containers {
		if len(c.def.PortMappings) > maxPorts {
			t.errorf(c.where(container1+"portMappings"), "P06", "%d ports are more than the %d a container may have",
				len(c.def.PortMappings), maxPorts)
			continue
		}
		if !shared {
			spans = nil
		}
		for i, m := range c.def.PortMappings {
			s := portSpan{at: c.where(portTarget(i)), protocol: cmp.Or(m.Protocol, types.TransportProtocolTcp), service: c.key}
			if !t.span(&s, m) {
				continue
			}
			if at := slices.IndexFunc(spans, s.overlaps); at >= 0 {
				t.errorf(s.at, "P06", "%s overlaps with %s of %s at %s", s.name, spans[at].name, spans[at].service, spans[at].at.pos)
			}
			spans = append(spans, s)
		}
	}
}

// span fills in the ports of a mapping, or reports that they are none.
func (t *translation) span(s *portSpan, m types.PortMapping) bool {
	if m.ContainerPortRange != nil {
		s.name = *m.ContainerPortRange
		_, _ = fmt.Sscanf(s.name, "%d-%d", &s.low, &s.high) // what is no range has no low one
		return t.checkRange(s.at, m, s.low, s.high)
	}
	s.low = int(value(m.ContainerPort))
	s.high, s.name = s.low, strconv.Itoa(s.low)
	if s.low < 1 || s.low > 65535 {
		t.errorf(s.at, "P06", "%d is no port from 1 to 65535", s.low)
		return false
	}
	return true
}

// checkRange reports a range that is none or has no place, and whether it is one.
func (t *translation) checkRange(at place, m types.PortMapping, low, high int) bool {
	mode := t.result.Task.NetworkMode
	switch {
	case low < 1 || high > 65535 || low >= high:
		t.errorf(at, "P06", "%q is no range of ports: write two, the lower one first", *m.ContainerPortRange)
		return false
	case m.HostPort != nil || m.ContainerPort != nil:
		t.errorf(at, "P06", "a range goes with no container_port and no host_port")
	case mode == types.NetworkModeHost || mode == types.NetworkModeNone:
		t.errorf(at, "P06", "a range needs the network mode bridge or awsvpc, not %s", mode)
	}
	return true
}
