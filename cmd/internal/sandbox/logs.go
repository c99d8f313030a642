package sandbox

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// logsOperations are the actions of CloudWatch Logs,
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/.
var logsOperations = map[string]operation{
	"CreateLogGroup":        jsonOperation(writing, createLogGroup),
	"DeleteLogGroup":        jsonOperation(writing, deleteLogGroup),
	"DeleteRetentionPolicy": jsonOperation(writing, deleteRetentionPolicy),
	"DescribeLogGroups":     jsonOperation(reading, describeLogGroups),
	"DescribeLogStreams":    jsonOperation(reading, describeLogStreams),
	"FilterLogEvents":       jsonOperation(reading, filterLogEvents),
	"GetLogEvents":          jsonOperation(reading, getLogEvents),
	"ListTagsForResource":   jsonOperation(reading, listLogTags),
	"PutRetentionPolicy":    jsonOperation(writing, putRetentionPolicy),
	"TagResource":           jsonOperation(writing, tagLogGroup),
	"UntagResource":         jsonOperation(writing, untagLogGroup),
}

// A logGroup is a log group. What tasks write that are remembered follows from them; Kept is from those forgotten.
type logGroup struct {
	Created   time.Time           `json:"created"`
	Retention int32               `json:"retention,omitempty"` // days; 0 is for ever
	Class     types.LogGroupClass `json:"class,omitempty"`
	Key       string              `json:"key,omitempty"` // of KMS
	Tags      map[string]string   `json:"tags,omitempty"`
	Kept      []logEvent          `json:"kept,omitempty"`
}

// retentions are the days that a retention can have; see PutRetentionPolicy.
var retentions = []int32{
	1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
}

// logARN returns the ARN of a log group, as logGroupArn has it: without ":*".
func (r *region) logARN(name string) string {
	return "arn:aws:logs:" + r.name + ":" + AccountID + ":log-group:" + name
}

// logGroup returns the log group of a name or an ARN.
func (r *region) logGroup(name, arn *string) (string, *logGroup, error) {
	id := value(name)
	if id == "" {
		id = strings.TrimSuffix(strings.TrimPrefix(value(arn), r.logARN("")), ":*")
	}
	if g := r.LogGroups[id]; g != nil {
		return id, g, nil
	}
	return "", nil, &apiError{400, "ResourceNotFoundException", "The specified log group does not exist."}
}

func logsInvalid(message string) error { return &apiError{400, "InvalidParameterException", message} }

func createLogGroup(r *region, in *cloudwatchlogs.CreateLogGroupInput) (*cloudwatchlogs.CreateLogGroupOutput, error) {
	name := value(in.LogGroupName)
	switch {
	case name == "" || len(name) > 512 || strings.HasPrefix(name, "aws/"):
		return nil, logsInvalid("1 validation error detected: Value '" + name +
			"' at 'logGroupName' failed to satisfy constraint")
	case r.LogGroups[name] != nil:
		return nil, &apiError{400, "ResourceAlreadyExistsException", "The specified log group already exists"}
	}
	g := r.addLogGroup(name)
	g.Class, g.Key, g.Tags = in.LogGroupClass, value(in.KmsKeyId), in.Tags
	return &cloudwatchlogs.CreateLogGroupOutput{}, nil
}

func (r *region) addLogGroup(name string) *logGroup {
	g := &logGroup{Created: r.now()}
	r.LogGroups[name] = g
	return g
}

func deleteLogGroup(r *region, in *cloudwatchlogs.DeleteLogGroupInput) (*cloudwatchlogs.DeleteLogGroupOutput, error) {
	name, _, err := r.logGroup(in.LogGroupName, nil)
	if err != nil {
		return nil, err
	}
	delete(r.LogGroups, name)
	return &cloudwatchlogs.DeleteLogGroupOutput{}, nil
}

func putRetentionPolicy(
	r *region, in *cloudwatchlogs.PutRetentionPolicyInput,
) (*cloudwatchlogs.PutRetentionPolicyOutput, error) {
	_, g, err := r.logGroup(in.LogGroupName, nil)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(retentions, value(in.RetentionInDays)) {
		return nil, logsInvalid("1 validation error detected: Value at 'retentionInDays' failed to satisfy constraint: " +
			"Member must satisfy enum value set")
	}
	g.Retention = *in.RetentionInDays
	return &cloudwatchlogs.PutRetentionPolicyOutput{}, nil
}

func deleteRetentionPolicy(
	r *region, in *cloudwatchlogs.DeleteRetentionPolicyInput,
) (*cloudwatchlogs.DeleteRetentionPolicyOutput, error) {
	_, g, err := r.logGroup(in.LogGroupName, nil)
	if err != nil {
		return nil, err
	}
	g.Retention = 0
	return &cloudwatchlogs.DeleteRetentionPolicyOutput{}, nil
}

// describeLogGroups: sorted by name, at most 50 at once.
func describeLogGroups(
	r *region, in *cloudwatchlogs.DescribeLogGroupsInput,
) (*cloudwatchlogs.DescribeLogGroupsOutput, error) {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(r.LogGroups)) {
		wanted := len(in.LogGroupIdentifiers) == 0 || slices.ContainsFunc(in.LogGroupIdentifiers, func(id string) bool {
			return id == name || strings.TrimSuffix(id, ":*") == r.logARN(name)
		})
		if wanted && strings.HasPrefix(name, value(in.LogGroupNamePrefix)) &&
			strings.Contains(name, value(in.LogGroupNamePattern)) {
			names = append(names, name)
		}
	}
	names, next, err := page(names, in.Limit, in.NextToken, 50, 50)
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.DescribeLogGroupsOutput{LogGroups: []types.LogGroup{}, NextToken: next}
	for _, name := range names {
		g := r.LogGroups[name]
		v := types.LogGroup{
			Arn:               new(r.logARN(name) + ":*"),
			CreationTime:      new(g.Created.UnixMilli()),
			LogGroupArn:       new(r.logARN(name)),
			LogGroupClass:     g.Class,
			LogGroupName:      new(name),
			MetricFilterCount: new(int32(0)),
			StoredBytes:       new(int64(0)),
		}
		if v.LogGroupClass == "" {
			v.LogGroupClass = types.LogGroupClassStandard
		}
		if g.Retention != 0 {
			v.RetentionInDays = new(g.Retention)
		}
		if g.Key != "" {
			v.KmsKeyId = new(g.Key)
		}
		out.LogGroups = append(out.LogGroups, v)
	}
	return out, nil
}

func tagLogGroup(r *region, in *cloudwatchlogs.TagResourceInput) (*cloudwatchlogs.TagResourceOutput, error) {
	_, g, err := r.logGroup(nil, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	fill(&g.Tags)
	maps.Copy(g.Tags, in.Tags)
	return &cloudwatchlogs.TagResourceOutput{}, nil
}

func untagLogGroup(r *region, in *cloudwatchlogs.UntagResourceInput) (*cloudwatchlogs.UntagResourceOutput, error) {
	_, g, err := r.logGroup(nil, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	for _, key := range in.TagKeys {
		delete(g.Tags, key)
	}
	return &cloudwatchlogs.UntagResourceOutput{}, nil
}

func listLogTags(
	r *region, in *cloudwatchlogs.ListTagsForResourceInput,
) (*cloudwatchlogs.ListTagsForResourceOutput, error) {
	_, g, err := r.logGroup(nil, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	fill(&g.Tags)
	return &cloudwatchlogs.ListTagsForResourceOutput{Tags: g.Tags}, nil
}
