package main_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWhoami asks a loopback STS: whoami prints each setting with what said it, and that --endpoint is --endpoint-url.
func TestWhoami(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("Action") != "GetCallerIdentity" || !strings.Contains(r.UserAgent(), "ecsctl/") {
			http.Error(w, r.PostForm.Encode()+" of "+r.UserAgent(), http.StatusBadRequest)
			return
		}
		fmt.Fprint(w, "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/ann</Arn>"+
			"<UserId>U</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>")
	}))
	t.Cleanup(srv.Close)
	home := t.TempDir()
	whoami := func(env []string, args ...string) string {
		t.Helper()
		cmd := exec.Command(binary, args...)
		cmd.Env = append(env, "HOME="+home)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("ecsctl %v: %v\n%s", args, err, stderr.String())
		}
		return string(out)
	}
	whoami(nil, "configure", "-c", "shop", "-r", "eu-west-1", "--config-name", "prod", "--default-launch-type", "FARGATE")
	whoami(nil, "configure", "profile", "--profile-name", "ci", "--access-key", "AKIAIOSFODNN7EXAMPLE", "--secret-key", "s")
	flags := `account      111122223333                          sts:GetCallerIdentity
principal    arn:aws:iam::111122223333:user/ann    sts:GetCallerIdentity
region       us-east-1                             --region
cluster      other                                 --cluster
launch type  EC2                                   --launch-type
credentials  ECS profile "ci"                      --ecs-profile
endpoint     http://127.0.0.1:PORT                 --endpoint-url
`
	files := `{
  "account": {
    "value": "111122223333",
    "from": "sts:GetCallerIdentity"
  },
  "cluster": {
    "value": "shop",
    "from": "~/.ecs/config cluster configuration \"prod\""
  },
  "credentials": {
    "value": "access key ****MPLE",
    "from": "AWS_ACCESS_KEY_ID"
  },
  "endpoint": {
    "value": "http://127.0.0.1:PORT",
    "from": "AWS_ENDPOINT_URL"
  },
  "launchType": {
    "value": "FARGATE",
    "from": "~/.ecs/config cluster configuration \"prod\""
  },
  "principal": {
    "value": "arn:aws:iam::111122223333:user/ann",
    "from": "sts:GetCallerIdentity"
  },
  "region": {
    "value": "eu-west-1",
    "from": "~/.ecs/config cluster configuration \"prod\""
  }
}
`
	env := []string{"AWS_ENDPOINT_URL=" + srv.URL, "AWS_ACCESS_KEY_ID=AKIAI44QH8DHBEXAMPLE", "AWS_SECRET_ACCESS_KEY=s"}
	for name, c := range map[string]struct{ got, want string }{
		"flags": {whoami(nil, "whoami", "--endpoint", srv.URL, "-c", "other", "-r", "us-east-1", "--launch-type", "EC2", "--ecs-profile", "ci"), flags},
		"files": {whoami(env, "whoami", "--output", "json"), files},
	} {
		got := strings.ReplaceAll(c.got, srv.URL, "http://127.0.0.1:PORT")
		if diff := cmp.Diff(strings.Fields(c.want), strings.Fields(got)); diff != "" {
			t.Errorf("%s: wanted (-) and actual (+) differ:\n%s", name, diff)
		}
	}
}
