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
// stopped exits with 143. A container whose command RunTask overrides is a job: it exits with 0 after 1 s. A container
// that logs to a group that is not there, and that awslogs-create-group does not make, keeps its task from starting.
//
// The scheduler of services sees a change after 1 s. A task counts as steady that has run for 5 s and passes its health
// checks; a deployment is completed when all its tasks are steady and all others have stopped. A task that stops before
// counts as failed; after three in a row the next one waits for 10 s, then 20 s, and so on.
//
// # Outcomes
//
// Docker labels of a container definition ask for something else:
//
//	ecsctl.sandbox.start: 20s          it runs 20 s after the creation of its task (default 3s)
//	ecsctl.sandbox.run-for: 30s        it exits after running for 30 s (default: never)
//	ecsctl.sandbox.exit: "3"           it exits with 3, after 1 s if run-for does not say otherwise
//	ecsctl.sandbox.oom: "true"         it exits with 137, OutOfMemoryError
//	ecsctl.sandbox.health: unhealthy   its health check fails from 4 s on (default healthy, from 2 s on)
//	ecsctl.sandbox.log: text           it writes the text, a line each, when it starts
//	ecsctl.sandbox.image: missing      its task cannot start: CannotPullContainerError
//	ecsctl.sandbox.secret: denied      its task cannot start: ResourceInitializationError
//	ecsctl.sandbox.capacity: none      there is no room for its task: RESOURCE:MEMORY
//	ecsctl.sandbox.capacity: 30s       there is none until 30 s after the registration
//
// A label or a value that is not one of these keeps the task from starting, and the reason says so.
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
// Deployment strategies other than ROLLING and deployment controllers other than ECS are refused. Alarms never ring,
// load balancers and service registries are taken as they are given, memberOf is true everywhere, a restart policy
// keeps a container running, and a container instance has no GPUs. Of CloudWatch Logs' filter patterns it knows words.
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
