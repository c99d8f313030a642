package translate

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	composego "github.com/compose-spec/compose-go/v2/loader"
	composetypes "github.com/compose-spec/compose-go/v2/types"
	"github.com/sirupsen/logrus"
	"gopkg.in/yaml.v3"

	"github.com/ecsctl/ecsctl/compose"
	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/compose/source"
	"github.com/ecsctl/ecsctl/translate/awsjson"
)

// BenchmarkConvert times what convert does with a project of n services, part by part: the YAML parser alone, the
// positions with it, loading with both, translation, rules, JSON; all of it; and for comparison compose-go's own loader.
func BenchmarkConvert(b *testing.B) {
	logrus.SetOutput(io.Discard)
	for _, n := range []int{1, 10, 100, 500} {
		text := []byte(projectOf(n))
		file := filepath.Join(b.TempDir(), "compose.yaml")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			b.Fatal(err)
		}
		options := compose.Options{Dir: filepath.Dir(file), Name: "shop"}
		target := Target{Region: "eu-west-1"}
		project, diags, err := compose.Load(context.Background(), options)
		if err != nil || diags.HasErrors() {
			b.Fatal(err, diags)
		}
		whole := func() *translation {
			t := newTranslation(project, nil, target)
			t.translate()
			return t
		}
		translated := whole()
		for _, part := range []struct {
			name string
			run  func() error
		}{
			{"yaml", func() error {
				var doc yaml.Node
				return yaml.Unmarshal(text, &doc)
			}},
			{"positions", func() error {
				var diags diag.List
				source.Parse(file, text, func(string) (string, bool) { return "", false }, &diags)
				return nil
			}},
			{"load", func() error {
				_, _, err := compose.Load(context.Background(), options)
				return err
			}},
			{"translate", func() error {
				whole()
				return nil
			}},
			{"rules", func() error {
				translated.check()
				translated.diags = translated.diags[:0]
				return nil
			}},
			{"json", func() error {
				awsjson.Indent(awsjson.Value(&translated.result.Task))
				return nil
			}},
			{"all", func() error {
				project, _, err := compose.Load(context.Background(), options)
				if err != nil {
					return err
				}
				result, _ := Translate(project, nil, target)
				awsjson.Indent(awsjson.Value(&result.Task))
				return nil
			}},
			{"compose-go", func() error {
				return loadWithComposeGo(file, text)
			}},
		} {
			b.Run(fmt.Sprintf("%s/%d", part.name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := part.run(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// loadWithComposeGo loads a file with compose-go's loader, all of it that can be spared switched off.
func loadWithComposeGo(file string, text []byte) error {
	_, err := composego.LoadWithContext(context.Background(), composetypes.ConfigDetails{
		WorkingDir: filepath.Dir(file), ConfigFiles: []composetypes.ConfigFile{{Filename: file, Content: text}},
		Environment: map[string]string{},
	}, func(o *composego.Options) {
		o.SetProjectName("shop", true)
		o.SkipNormalization = true
		o.SkipConsistencyCheck = true
	}, composego.WithDiscardEnvFiles)
	return err
}

// projectOf returns a compose file of n services with what services commonly have.
func projectOf(n int) string {
	var b strings.Builder
	b.WriteString("services:\n")
	for i := range n {
		fmt.Fprintf(&b, `  service%[1]d:
    image: 111122223333.dkr.ecr.eu-west-1.amazonaws.com/app%[1]d:1.0
    command: ["serve", "--port", "8080"]
    entrypoint: /bin/entry --name "two words"
    environment:
      LEVEL: "1"
      MODE: two
      REGION: ${REGION:-three}
      QUERY: "x=y"
    ports:
      - "%[2]d:80"
      - target: 443
    volumes:
      - data:/var/lib/data
      - /etc/ssl:/etc/ssl:ro
    deploy:
      resources:
        limits:
          cpus: "0.25"
          memory: 256m
    healthcheck:
      test: ["CMD", "curl", "-f", "http://localhost"]
      interval: 30s
      retries: 3
    labels:
      com.example.a: b
      com.example.c: d
    logging:
      driver: awslogs
      options:
        awslogs-group: /ecs/shop
        awslogs-region: eu-west-1
    ulimits:
      nofile: 1024
    cap_add: [NET_ADMIN]
    restart: always
    user: "1000"
    working_dir: /srv
`, i, 10_000+i)
		if i > 0 {
			fmt.Fprintf(&b, "    depends_on: [service%d]\n", i-1)
		}
	}
	b.WriteString("volumes:\n  data: {}\n")
	return b.String()
}
