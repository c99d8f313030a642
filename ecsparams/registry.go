package ecsparams

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/compose/source"
)

// RegistryCredentials is the file that registry-creds up writes: which containers pull with which secret.
type RegistryCredentials struct {
	Version                   string
	RegistryCredentialOutputs RegistryCredentialOutputs

	// Root is the file as a tree; each value knows where it was written.
	Root *source.Node `yaml:"-"`
}

// RegistryCredentialOutputs holds what registry-creds up made.
type RegistryCredentialOutputs struct {
	TaskExecutionRole    string
	ContainerCredentials map[string]CredentialEntry // by registry
}

// A CredentialEntry is the secret for one registry.
type CredentialEntry struct {
	CredentialsParameter string // ARN of the secret
	KMSKeyID             string `yaml:"kms_key_id"`
	ContainerNames       []string
}

var registryCredentials = regexp.MustCompile(`^ecs-registry-creds_(\d{8}T\d{6}Z)\.ya?ml$`)

// FindRegistryCredentials returns the newest registry credentials file in dir, or "". The time is in its name.
func FindRegistryCredentials(dir string) string {
	found, _ := filepath.Glob(filepath.Join(dir, "ecs-registry-creds_*.y*ml")) // the pattern is well-formed
	found = slices.DeleteFunc(found, func(path string) bool {
		return !registryCredentials.MatchString(filepath.Base(path))
	})
	if len(found) == 0 {
		return ""
	}
	return slices.Max(found)
}

// LoadRegistryCredentials reads a registry credentials file. Nothing is interpolated in it.
func LoadRegistryCredentials(ctx context.Context, name string) (*RegistryCredentials, diag.List, error) {
	data, err := source.ReadFile(ctx, name)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	var diags diag.List
	c := &RegistryCredentials{}
	for _, doc := range source.Parse(name, data, nil, &diags) {
		Decode(doc, nil, c, &diags)
		c.Root = doc
	}
	return c, diags, nil
}
