// Package sandbox is an AWS account in one process, served over HTTP: users rehearse in it (--sandbox), and the tests
// of this program run against it. It speaks the AWS JSON protocol for Amazon ECS, Amazon ECR and CloudWatch Logs, the
// query protocol for AWS STS and Amazon EC2 and the distribution protocol of image registries, keeps AWS's rules and
// fills in AWS's defaults.
//
// The account is 111122223333, whoever signs is assumed-role/sandbox/you, signatures are not verified, and the region
// is that of the signature. In each region there is a cluster "default" with Fargate and three container instances.
// What a request has that AWS does not know is refused, where AWS would ignore it.
//
// # Time
//
// The account has its own clock. It stands still but for [Account.Advance] and a hundredth of a second for each
// request that changes something. What happens follows from the requests and the time alone.
//
// A task in awsvpc mode is PROVISIONING for 1 s. A task is PENDING until 3 s after its creation, then RUNNING. One that
// is stopped or stops takes 2 s to be STOPPED, is listed for an hour, and then is forgotten. A container that is
// stopped exits with 143. A container whose command RunTask overrides is a job: it exits with 0 after 1 s, unless its
// command is "sleep 120", "exit 3", "echo text" or "printenv NAME", which do what they say. A container that logs to a
// group that is not there, and that awslogs-create-group does not make, keeps its task from starting. A log stream is
// there when its container runs.
//
// The scheduler of services sees a change after 1 s. A task counts as steady that has run for 5 s and passes its health
// checks; a deployment is completed when all its tasks are steady and all others have stopped. A task that stops before
// counts as failed; after three in a row the next one waits for 10 s, then 20 s, and so on.
//
// Deployments that are BLUE_GREEN, LINEAR or CANARY come to the lifecycle stages of ECS one after the other. A stage
// takes 3 s, and longer where it waits for tasks, hooks or a bake time. The first deployment of a service has no bake
// times. Hooks of type AWS_LAMBDA succeed at once. An alarm whose name begins with ecsctl-sandbox-alarm rings in each
// deployment that uses it: when a task of it is steady, or 3 s after traffic was shifted to it. No other alarm rings.
//
// # Outcomes
//
// Docker labels of a container definition ask for something else: see [Labels]. A label or a value that is not one of
// them keeps the task from starting, and the reason says so.
//
// # Images
//
// Below /v2/ is the registry of Amazon ECR, with real uploads, digests and tokens of twelve hours.
// GetAuthorizationToken answers with the address of this process; which registry is meant the Host header says, as in
// 111122223333.dkr.ecr.eu-west-1.amazonaws.com. Every account's registry is there and open. Layers are kept beside the
// file of the account. Whether the image of a task exists nobody looks: a task starts without.
//
// # What it does not know
//
// Deployment controllers other than ECS are refused. Load balancers, listener rules and service registries are taken as
// they are given, memberOf is true everywhere, a restart policy keeps a container running, and a container instance has
// no GPUs. Rolling deployments have no lifecycle stages, hooks and bake time, and early success criteria are refused.
// While a deployment shifts traffic, tasks of the old revision that stop are not replaced. A rollback shifts the
// traffic back at once, without stages. Of CloudWatch Logs' filter patterns it knows words.
// Lifecycle policies of repositories are kept, and nothing expires by them; nothing is scanned.
//
// # Control
//
// Clients in other processes have endpoints that need no signature:
//
//	GET    /_sandbox                                              the time and the version
//	POST   /_sandbox/clock?advance=3s                             moves the clock
//	POST   /_sandbox/fault?action=ecs:RunTask&kind=lost&nth=1     see [Fault]
//	DELETE /_sandbox/fault                                        removes all faults
//	GET    /_sandbox/calls                                        see [Account.Calls]
//	DELETE /_sandbox/calls
//	POST   /_sandbox/reset                                        forgets everything
package sandbox
