package main_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite what scripts expect")

// binary is the program, built as it is shipped.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "ecsctl-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "ecsctl")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// scripts is where the archives are that are one behaviour of the command line each.
const scripts = "../../testdata/script"

// TestScripts runs testdata/script.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 scripts,
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setup,
		Cmds:                commands(sandboxCommands),
	})
}

// setup gives a script the program, the examples and a home of its own.
func setup(env *testscript.Env) error {
	examples, err := filepath.Abs("../../testdata/examples")
	if err != nil {
		return err
	}
	env.Setenv("PATH", filepath.Dir(binary)+string(os.PathListSeparator)+env.Getenv("PATH"))
	env.Setenv("EXAMPLES", examples)
	env.Setenv("HOME", env.WorkDir)
	env.Values[accountKey{}] = new(*served)
	return nil
}

// commands are what scripts have besides the commands of testscript.
func commands(account map[string]command) map[string]command {
	all := maps.Clone(account)
	maps.Copy(all, imageCommands)
	all["status"] = status
	all["times"] = times
	return all
}

type command = func(*testscript.TestScript, bool, []string)

// status runs a command and fails unless it ends with the given exit status: status 2 ecsctl compose check.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command [args...]")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := err.(*exec.ExitError)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if fmt.Sprint(got) != args[0] {
		ts.Fatalf("exit status %d, want %s", got, args[0])
	}
}

// times runs a command a number of times, and fails if one of them does: times 50 ecsctl compose create.
func times(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: times N command [args...]")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	for range n {
		ts.Check(ts.Exec(args[1], args[2:]...))
	}
}

// maxBinary is the size the stripped program may have.
const maxBinary = 25 << 20

func TestBinarySize(t *testing.T) {
	info, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > maxBinary {
		t.Errorf("the binary has %d bytes, more than %d", info.Size(), maxBinary)
	}
	t.Logf("%.1f MiB", float64(info.Size())/(1<<20))
}
