package translate

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	composetypes "github.com/compose-spec/compose-go/v2/types"

	"github.com/ecsctl/ecsctl/compose"
	"github.com/ecsctl/ecsctl/compose/composetest"
	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/ecsparams"
	"github.com/ecsctl/ecsctl/translate/awsjson"
)

// manyEntries returns a file with 20 variables, 10 volumes, 5 ulimits and 8 labels; reversed, with the last ones first.
func manyEntries(reversed bool) string {
	entries := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			if reversed {
				i = n - 1 - i
			}
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	ulimits := []string{"      core: 1\n", "      data: 2\n", "      nofile: {soft: 3, hard: 4}\n", "      nproc: 5\n", "      stack: 6\n"}
	if reversed {
		ulimits[0], ulimits[1], ulimits[3], ulimits[4] = ulimits[4], ulimits[3], ulimits[1], ulimits[0]
	}
	return "services:\n  web:\n    image: nginx:1.27\n    environment:\n" + entries("      VARIABLE_%d: value\n", 20) +
		"    labels:\n" + entries("      com.example.label%d: value\n", 8) +
		"    ulimits:\n" + strings.Join(ulimits, "") +
		"    volumes: [\"volume0:/0\"]\n" +
		"volumes:\n" + entries("  volume%d: {}\n", 10)
}

func convert(t testing.TB, text string) []byte {
	t.Helper()
	o := compose.Options{Files: []string{"-"}, Name: "shop", Dir: "/nonexistent", Stdin: strings.NewReader(text)}
	project, diags, err := compose.Load(context.Background(), o)
	if err != nil || diags.HasErrors() {
		t.Fatal(err, diags)
	}
	result, diags := Translate(project, nil, Target{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return append(awsjson.Indent(awsjson.Value(&result.Task)), lines(diags)...)
}

// TestSameBytes: one file is one byte string, however often it is converted, and whatever the order of its keys.
func TestSameBytes(t *testing.T) {
	text := manyEntries(false)
	want := convert(t, text)
	for range 1000 {
		if got := convert(t, text); !bytes.Equal(got, want) {
			t.Fatalf("got\n%s\nwant\n%s", got, want)
		}
	}
	before := func(data []byte) []byte { // the positions in the diagnostics differ
		json, _, _ := bytes.Cut(data, []byte("\n}\n"))
		return json
	}
	if got := convert(t, manyEntries(true)); !bytes.Equal(before(got), before(want)) {
		t.Errorf("with the keys reversed, got\n%s\nwant\n%s", got, want)
	}
}

// TestOfThisMachine: a path is the developer's if it is relative, or if a variable leads into the project's directory.
func TestOfThisMachine(t *testing.T) {
	for written, want := range map[string]bool{
		"./conf": true, "../conf": true, "~/conf": true, "${PWD}/conf": true, "$PWD": true, "${HERE}/conf": true,
		"/srv/conf": false, "/home/dev/shop/conf": false, "${DATA}/conf": false, "${PWD}-data/conf": false, "${PWD}/../conf": false,
	} {
		for _, format := range []string{"'%s:/conf'", "{type: bind, source: '%s', target: /conf}"} {
			volume := fmt.Sprintf(format, written)
			o := compose.Options{
				Files: []string{"-"}, Name: "p", Dir: "/home/dev/shop",
				Stdin: strings.NewReader("services: {web: {image: nginx, volumes: [" + volume + "]}}"),
				Env:   map[string]string{"PWD": "/home/dev/shop", "HERE": ".", "DATA": "/data", "HOME": "/home/dev"},
			}
			project, diags, err := compose.Load(context.Background(), o)
			if err != nil || diags.HasErrors() {
				t.Fatal(err, diags)
			}
			_, diags = Translate(project, nil, Target{})
			got := slices.ContainsFunc(diags, func(d diag.Diagnostic) bool { return d.Rule == "V07" })
			if got != want {
				t.Errorf("%s: got %t, want %t:\n%s", volume, got, want, lines(diags))
			}
		}
	}
}

// FuzzTranslate: no files make a translation panic, and the same files come to the same bytes.
func FuzzTranslate(f *testing.F) {
	for _, a := range composetest.All(f, keyArchives) {
		f.Add([]byte(a.File("compose.yaml")), []byte(a.File("ecs-params.yml")))
	}
	for _, a := range composetest.All(f, ruleArchives) {
		f.Add([]byte(a.File("fires/compose.yaml")), []byte(a.File("fires/ecs-params.yml")))
	}
	f.Fuzz(func(t *testing.T, composeFile, paramsFile []byte) {
		o := compose.Options{Files: []string{"-"}, Name: "p", Dir: "/nonexistent", Stdin: bytes.NewReader(composeFile)}
		project, _, err := compose.Load(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		if project == nil {
			return
		}
		var diags diag.List
		params := ecsparams.Parse("ecs-params.yml", paramsFile, project.Environment, &diags)
		for _, purpose := range []Purpose{ToRegister, ToRun, ToServe} {
			result, first := Translate(project, params, Target{Purpose: purpose})
			again, second := Translate(project, params, Target{Purpose: purpose})
			if lines(first) != lines(second) {
				t.Errorf("diagnostics\n%s\nthen\n%s", lines(first), lines(second))
			}
			if a, b := awsjson.Marshal(&result.Task), awsjson.Marshal(&again.Task); !bytes.Equal(a, b) {
				t.Errorf("task\n%s\nthen\n%s", a, b)
			}
		}
	})
}

// TestLargest: what is too large is named, with what helps.
func TestLargest(t *testing.T) {
	for key, want := range map[string]string{
		"command: [%s]":               "the command of web has 66",
		"environment: {A: %s}":        "the environment of web has 66",
		"labels: {a: %s}":             "the labels of web has 66",
		"healthcheck: {test: \"%s\"}": "the rest of web has 66",
	} {
		text := "services: {web: {image: nginx, " + fmt.Sprintf(key, strings.Repeat("x", 66_000)) + "}}"
		o := compose.Options{Files: []string{"-"}, Name: "p", Dir: "/nonexistent", Stdin: strings.NewReader(text)}
		project, _, err := compose.Load(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		_, diags := Translate(project, nil, Target{})
		if got := lines(diags); !strings.Contains(got, want) {
			t.Errorf("%s: got\n%.500s\nwant %s", key, got, want)
		}
	}
}

// TestPartitionOf: each region is of the partition that its prefix says, the longer prefix counting.
func TestPartitionOf(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-1": "aws", "us-east-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov",
		"us-iso-east-1":  "aws-iso",
		"us-isob-east-1": "aws-iso-b", "us-isof-south-1": "aws-iso-f", "eu-isoe-west-1": "aws-iso-e",
		"eusc-de-east-1": "aws-eusc",
	} {
		if got := partitionOf(region); got != want {
			t.Errorf("%s is of %s, want %s", region, got, want)
		}
	}
}

// TestEBSSizes: each type of EBS volume has its smallest and its largest size.
func TestEBSSizes(t *testing.T) {
	for kind, limits := range map[string][2]int32{
		"gp2": {1, 16384}, "gp3": {1, 16384}, "io1": {4, 16384}, "io2": {4, 16384}, "sc1": {125, 16384}, "st1": {125, 16384},
		"standard": {1, 1024},
	} {
		for size, want := range map[int32]bool{
			limits[0] - 1: false, limits[0]: true, limits[1]: true, limits[1] + 1: false,
		} {
			tr := &translation{project: &compose.Project{}}
			iops := int32(1000)
			e := &types.TaskManagedEBSVolumeConfiguration{VolumeType: &kind, SizeInGiB: &size}
			if ebsTypes[kind].wantIOPS {
				e.Iops = &iops
			}
			tr.checkEBSVolume(place{}, e)
			if ok := len(tr.diags) == 0; ok != want {
				t.Errorf("%d GiB of %s: %v", size, kind, tr.diags)
			}
		}
	}
}

// TestLongPaths: the name of a volume for a directory is one that ECS takes, however long the path; two paths have two.
func TestLongPaths(t *testing.T) {
	tr := newTranslation(&compose.Project{Project: &composetypes.Project{}}, nil, Target{})
	long := "/" + strings.Repeat("x", 300)
	for path, want := range map[string]int{"/a/b": len("host-a-b"), long: len("host-") + 240} {
		if got := tr.hostVolume(place{}, path); len(got) != want || !resourceName.MatchString(got) {
			t.Errorf("%s is the volume %s", path, got)
		}
	}
	if tr.hostVolume(place{}, long) == tr.hostVolume(place{}, long+"y") {
		t.Error("two directories are one volume")
	}
}
