// Ecsctl turns compose files into Amazon ECS task definitions.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/ecsctl/ecsctl/cmd/internal/cli"
)

func main() {
	relaxGC()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program, whatever it is waiting for
	status := cli.Main(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// relaxGC lets the heap grow before it is collected: most commands end before there is anything worth collecting.
// Beyond 512 MiB it is collected eagerly. GOGC and GOMEMLIMIT of the environment hold.
func relaxGC() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(400)
		debug.SetMemoryLimit(512 << 20)
	}
}
