package sandbox

// ecsOperations are the actions of Amazon ECS, https://docs.aws.amazon.com/AmazonECS/latest/APIReference/.
var ecsOperations = map[string]operation{
	"CreateCluster":              jsonOperation(writing, createCluster),
	"DeleteCluster":              jsonOperation(writing, deleteCluster),
	"DeleteTaskDefinitions":      jsonOperation(writing, deleteTaskDefinitions),
	"DeregisterTaskDefinition":   jsonOperation(writing, deregisterTaskDefinition),
	"DescribeCapacityProviders":  jsonOperation(reading, describeCapacityProviders),
	"DescribeClusters":           jsonOperation(reading, describeClusters),
	"DescribeContainerInstances": jsonOperation(reading, describeContainerInstances),
	"DescribeTaskDefinition":     jsonOperation(reading, describeTaskDefinition),
	"DescribeTasks":              jsonOperation(reading, describeTasks),
	"ListAccountSettings":        jsonOperation(reading, listAccountSettings),
	"ListClusters":               jsonOperation(reading, listClusters),
	"ListContainerInstances":     jsonOperation(reading, listContainerInstances),
	"ListTagsForResource":        jsonOperation(reading, listTagsForResource),
	"ListTaskDefinitionFamilies": jsonOperation(reading, listTaskDefinitionFamilies),
	"ListTaskDefinitions":        jsonOperation(reading, listTaskDefinitions),
	"ListTasks":                  jsonOperation(reading, listTasks),
	"PutAccountSetting":          jsonOperation(writing, putAccountSetting),
	"RegisterTaskDefinition":     jsonOperation(writing, registerTaskDefinition),
	"RunTask":                    jsonOperation(writing, runTask),
	"StopTask":                   jsonOperation(writing, stopTask),
	"TagResource":                jsonOperation(writing, tagResource),
	"UntagResource":              jsonOperation(writing, untagResource),
}
