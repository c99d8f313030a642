package sandbox

import (
	"encoding/xml"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
)

// elbOperations are the actions of Elastic Load Balancing that say where target groups are and how they do,
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/.
var elbOperations = map[string]operation{
	"CreateTargetGroup":             queryOperation(writing, createTargetGroup),
	"DescribeTargetGroupAttributes": queryOperation(reading, describeTargetGroupAttributes),
	"DescribeTargetGroups":          queryOperation(reading, describeTargetGroups),
	"DescribeTargetHealth":          queryOperation(reading, describeTargetHealth),
	"ModifyTargetGroupAttributes":   queryOperation(writing, modifyTargetGroupAttributes),
}

// A targetGroup is a target group; which targets it has follows from the tasks of services.
type targetGroup struct {
	ARN        string            `json:"arn"`
	Name       string            `json:"name"`
	Port       string            `json:"port"`
	Attributes map[string]string `json:"attributes"`
}

// targetGroupName: "up to 32 characters … alphanumeric characters or hyphens, … must not begin or end with a hyphen".
var targetGroupName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?$`)

type xmlTargetGroup struct {
	ARN  string `xml:"TargetGroupArn"`
	Name string `xml:"TargetGroupName"`
	Port string `xml:"Port"`
	Type string `xml:"TargetType"`
}

func (g *targetGroup) describe() xmlTargetGroup { return xmlTargetGroup{g.ARN, g.Name, g.Port, "ip"} }

// AddTargetGroup makes a target group, as CreateTargetGroup does, and returns its ARN.
func (a *Account) AddTargetGroup(region, name string) (arn string, err error) {
	err = a.locked(writing, func() error {
		arn = a.st.region(region).addTargetGroup(name, "80").ARN
		return nil
	})
	return arn, err
}

func (r *region) addTargetGroup(name, port string) *targetGroup {
	g := r.TargetGroups[name]
	if g == nil {
		g = &targetGroup{
			ARN:  "arn:aws:elasticloadbalancing:" + r.name + ":" + AccountID + ":targetgroup/" + name + "/" + r.id()[:16],
			Name: name, Port: port, Attributes: map[string]string{"deregistration_delay.timeout_seconds": "300"},
		}
		r.TargetGroups[name] = g
	}
	return g
}

func createTargetGroup(r *region, form url.Values) (any, error) {
	name := form.Get("Name")
	if !targetGroupName.MatchString(name) {
		return nil, &apiError{400, "ValidationError", "Target group name '" + name + "' is not valid"}
	}
	g := r.addTargetGroup(name, form.Get("Port"))
	return struct {
		XMLName xml.Name         `xml:"CreateTargetGroupResponse"`
		Groups  []xmlTargetGroup `xml:"CreateTargetGroupResult>TargetGroups>member"`
	}{Groups: []xmlTargetGroup{g.describe()}}, nil
}

// groups returns the target groups that a request names: all if it names none.
func (r *region) groups(form url.Values) ([]*targetGroup, error) {
	names, arns := numbered(form, "Names.member"), numbered(form, "TargetGroupArns.member")
	if arn := form.Get("TargetGroupArn"); arn != "" {
		arns = append(arns, arn)
	}
	var found []*targetGroup
	for _, name := range slices.Sorted(maps.Keys(r.TargetGroups)) {
		g := r.TargetGroups[name]
		if len(names)+len(arns) == 0 || slices.Contains(names, name) || slices.Contains(arns, g.ARN) {
			found = append(found, g)
		}
	}
	if len(found) < len(names)+len(arns) {
		return nil, &apiError{400, "TargetGroupNotFound", "One or more target groups not found"}
	}
	return found, nil
}

func describeTargetGroups(r *region, form url.Values) (any, error) {
	found, err := r.groups(form)
	if err != nil {
		return nil, err
	}
	var groups []xmlTargetGroup
	for _, g := range found {
		groups = append(groups, g.describe())
	}
	return struct {
		XMLName xml.Name         `xml:"DescribeTargetGroupsResponse"`
		Groups  []xmlTargetGroup `xml:"DescribeTargetGroupsResult>TargetGroups>member"`
	}{Groups: groups}, nil
}

type xmlAttribute struct{ Key, Value string }

func (g *targetGroup) attributes() []xmlAttribute {
	var list []xmlAttribute
	for _, key := range slices.Sorted(maps.Keys(g.Attributes)) {
		list = append(list, xmlAttribute{key, g.Attributes[key]})
	}
	return list
}

func describeTargetGroupAttributes(r *region, form url.Values) (any, error) {
	found, err := r.groups(form)
	if err != nil {
		return nil, err
	}
	return struct {
		XMLName    xml.Name       `xml:"DescribeTargetGroupAttributesResponse"`
		Attributes []xmlAttribute `xml:"DescribeTargetGroupAttributesResult>Attributes>member"`
	}{Attributes: found[0].attributes()}, nil
}

func modifyTargetGroupAttributes(r *region, form url.Values) (any, error) {
	found, err := r.groups(form)
	if err != nil {
		return nil, err
	}
	for i := 1; form.Has("Attributes.member." + strconv.Itoa(i) + ".Key"); i++ {
		prefix := "Attributes.member." + strconv.Itoa(i)
		found[0].Attributes[form.Get(prefix+".Key")] = form.Get(prefix + ".Value")
	}
	return struct {
		XMLName    xml.Name       `xml:"ModifyTargetGroupAttributesResponse"`
		Attributes []xmlAttribute `xml:"ModifyTargetGroupAttributesResult>Attributes>member"`
	}{Attributes: found[0].attributes()}, nil
}

type xmlTargetHealth struct {
	ID     string `xml:"Target>Id"`
	Port   int32  `xml:"Target>Port"`
	State  string `xml:"TargetHealth>State"`
	Reason string `xml:"TargetHealth>Reason,omitempty"`
	Text   string `xml:"TargetHealth>Description,omitempty"`
}

// describeTargetHealth: the tasks that run are the targets of their service's groups; they answer as their containers'
// health checks do.
func describeTargetHealth(r *region, form url.Values) (any, error) {
	found, err := r.groups(form)
	if err != nil {
		return nil, err
	}
	var targets []xmlTargetHealth
	for _, key := range slices.Sorted(maps.Keys(r.Services)) {
		s := r.Services[key]
		for _, lb := range s.Service.v.LoadBalancers {
			if value(lb.TargetGroupArn) != found[0].ARN {
				continue
			}
			for _, t := range s.tasks(r) {
				l := t.timeline(r)
				if t.ENI == nil || l.status(r.now()) != "RUNNING" {
					continue
				}
				h := xmlTargetHealth{ID: t.ENI.Private, Port: value(lb.ContainerPort), State: "healthy"}
				if !l.healthy(r.now()) {
					h.State, h.Reason = "unhealthy", "Target.FailedHealthChecks"
					h.Text = "Health checks failed"
				}
				targets = append(targets, h)
			}
		}
	}
	return struct {
		XMLName xml.Name          `xml:"DescribeTargetHealthResponse"`
		Targets []xmlTargetHealth `xml:"DescribeTargetHealthResult>TargetHealthDescriptions>member"`
	}{Targets: targets}, nil
}
