package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	"github.com/aws/smithy-go"
	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"github.com/ecsctl/ecsctl/cmd/internal/deploy"
	"github.com/ecsctl/ecsctl/translate"
	"github.com/ecsctl/ecsctl/translate/awsjson"
)

func newConvert(a *app, p *projectFlags) *cobra.Command {
	o := &translateFlags{}
	cmd := &cobra.Command{
		Use:   "convert",
		Short: "Print what would be registered, as AWS JSON; needs no AWS",
		Long: "convert prints the request that the files come to, as the AWS CLI takes it:\n" +
			"  ecsctl compose convert > task.json && aws ecs register-task-definition --cli-input-json file://task.json\n" +
			"With --for service that of create-service, with --for run-task that of run-task.\n" +
			"--output json (default) or yaml.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return convert(cmd.Context(), a, p, o) },
	}
	o.add(cmd)
	return cmd
}

func convert(ctx context.Context, a *app, p *projectFlags, o *translateFlags) error {
	form, err := a.oneOf("json", "yaml")
	if err != nil {
		return err
	}
	t, err := p.translate(ctx, a, o)
	if err != nil {
		return err
	}
	if t.result != nil && t.target.Purpose == translate.ToServe {
		t.diags = append(t.diags, t.result.Besides...)
		t.diags.Sort()
	}
	if err := a.report(t.diags); err != nil {
		return err
	}
	var request smithy.Serializable
	switch t.target.Purpose {
	case translate.ToServe:
		request = deploy.CreateService(t.result)
	case translate.ToRun:
		request = deploy.RunTask(t.result, t.project.Name)
	default:
		request = deploy.RegisterTaskDefinition(t.result)
	}
	data := awsjson.Indent(awsjson.Value(request))
	if form == "yaml" {
		if data, err = toYAML(awsjson.Value(request)); err != nil {
			return err
		}
	}
	_, err = a.stdout.Write(data)
	return err
}

// toYAML writes a value of awsjson as YAML, in the same order.
func toYAML(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(yamlNode(v)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func yamlNode(v any) *yaml.Node {
	n := &yaml.Node{}
	switch v := v.(type) {
	case awsjson.Object:
		n.Kind = yaml.MappingNode
		for _, m := range v {
			n.Content = append(n.Content, yamlNode(m.Key), yamlNode(m.Value))
		}
	case []any:
		n.Kind = yaml.SequenceNode
		for _, item := range v {
			n.Content = append(n.Content, yamlNode(item))
		}
	case json.Number:
		n.Kind, n.Tag, n.Value = yaml.ScalarNode, "!!int", v.String()
		if strings.ContainsAny(v.String(), ".eE") {
			n.Tag = "!!float"
		}
	case string:
		n.SetString(v)
	default:
		_ = n.Encode(v) // booleans and null have a YAML form
	}
	return n
}
