package sandbox

// logsOperations are the actions of CloudWatch Logs,
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/.
var logsOperations = map[string]operation{}

// A logGroup is a log group.
type logGroup struct{}
