package sandbox

import (
	"encoding/xml"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// ec2Operations are the actions of Amazon EC2 that say how tasks are reached from outside,
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/.
var ec2Operations = map[string]operation{
	"DescribeInstances":         queryOperation(reading, describeInstances),
	"DescribeNetworkInterfaces": queryOperation(reading, describeNetworkInterfaces),
}

// dns returns the private name of the interface's address.
func (e *eni) dns() string { return "ip-" + strings.ReplaceAll(e.Private, ".", "-") + ".ec2.internal" }

// An xmlInterface is a NetworkInterface of EC2.
type xmlInterface struct {
	ID      string `xml:"networkInterfaceId"`
	Subnet  string `xml:"subnetId"`
	VPC     string `xml:"vpcId"`
	Status  string `xml:"status"`
	Private string `xml:"privateIpAddress"`
	DNS     string `xml:"privateDnsName"`
	Groups  []struct {
		ID string `xml:"groupId"`
	} `xml:"groupSet>item"`
	Association *xmlAssociation `xml:"association"`
}

type xmlAssociation struct {
	Public string `xml:"publicIp"`
	DNS    string `xml:"publicDnsName"`
	Owner  string `xml:"ipOwnerId"`
}

func publicDNS(ip string) string {
	return "ec2-" + strings.ReplaceAll(ip, ".", "-") + ".compute-1.amazonaws.com"
}

func describeNetworkInterfaces(r *region, form url.Values) (any, error) {
	ids := numbered(form, "NetworkInterfaceId")
	found := map[string]bool{}
	var list []xmlInterface
	for _, t := range r.Tasks {
		e := t.ENI
		if e == nil || len(ids) > 0 && !slices.Contains(ids, e.ID) || passed(r.now(), t.timeline(r).stopped) {
			continue
		}
		found[e.ID] = true
		n := xmlInterface{
			ID: e.ID, Subnet: e.Subnet, VPC: "vpc-0123456789abcdef0", Status: "in-use", Private: e.Private, DNS: e.dns(),
		}
		for _, g := range e.Groups {
			n.Groups = append(n.Groups, struct {
				ID string `xml:"groupId"`
			}{g})
		}
		if e.Public != "" {
			n.Association = &xmlAssociation{e.Public, publicDNS(e.Public), "amazon"}
		}
		list = append(list, n)
	}
	for _, id := range ids {
		if !found[id] {
			return nil, &apiError{400, "InvalidNetworkInterfaceID.NotFound",
				"The networkInterface ID '" + id + "' does not exist"}
		}
	}
	return struct {
		XMLName   xml.Name       `xml:"http://ec2.amazonaws.com/doc/2016-11-15/ DescribeNetworkInterfacesResponse"`
		RequestID string         `xml:"requestId"`
		List      []xmlInterface `xml:"networkInterfaceSet>item"`
	}{RequestID: requestID, List: list}, nil
}

// An xmlInstance is an Instance of EC2.
type xmlInstance struct {
	ID        string `xml:"instanceId"`
	State     string `xml:"instanceState>name"`
	StateCode int    `xml:"instanceState>code"`
	Private   string `xml:"privateIpAddress"`
	Public    string `xml:"ipAddress"`
	DNS       string `xml:"dnsName"`
	Zone      string `xml:"placement>availabilityZone"`
	Type      string `xml:"instanceType"`
}

func describeInstances(r *region, form url.Values) (any, error) {
	ids := numbered(form, "InstanceId")
	found := map[string]bool{}
	var list []xmlInstance
	for _, name := range slices.Sorted(maps.Keys(r.Clusters)) {
		for _, i := range r.Clusters[name].Instances {
			if len(ids) > 0 && !slices.Contains(ids, i.ID) {
				continue
			}
			found[i.ID] = true
			list = append(list, xmlInstance{
				i.ID, "running", 16, i.PrivateIP, i.PublicIP, publicDNS(i.PublicIP), i.Zone, "m5.4xlarge",
			})
		}
	}
	for _, id := range ids {
		if !found[id] {
			return nil, &apiError{400, "InvalidInstanceID.NotFound", "The instance ID '" + id + "' does not exist"}
		}
	}
	return struct {
		XMLName   xml.Name      `xml:"http://ec2.amazonaws.com/doc/2016-11-15/ DescribeInstancesResponse"`
		RequestID string        `xml:"requestId"`
		List      []xmlInstance `xml:"reservationSet>item>instancesSet>item"`
	}{RequestID: requestID, List: list}, nil
}
