package ecsparams

import (
	_ "embed"
)

// Schema is the JSON schema of ecs-params files, for editors. It is made from the struct that the files are read into.
//
//go:embed ecs-params.schema.json
var Schema []byte
