package profile

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/google/go-cmp/cmp"
)

// TestMain runs the tests without what the environment says about AWS: the SDK reads it from its process.
func TestMain(m *testing.M) {
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "ECS_") {
			os.Unsetenv(name)
		}
	}
	os.Exit(m.Run())
}

// A fakeSTS answers on loopback, and remembers what it was asked and with which key.
type fakeSTS struct {
	URL   string
	mu    sync.Mutex
	asked []url.Values
	keys  []string
	fail  int // how many calls to refuse first
}

func startSTS(t *testing.T) *fakeSTS {
	f := &fakeSTS{}
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	f.URL = srv.URL
	return f
}

func (f *fakeSTS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_, key, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ = strings.Cut(key, "/")
	f.asked, f.keys = append(f.asked, r.PostForm), append(f.keys, key)
	if f.fail > 0 {
		f.fail--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	const keys = "<Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>" +
		"<SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
	action := r.PostForm.Get("Action")
	content := map[string]string{
		"AssumeRole": keys, "AssumeRoleWithWebIdentity": keys,
		"GetCallerIdentity": "<Arn>arn:aws:iam::111122223333:user/ann</Arn><UserId>U</UserId><Account>111122223333</Account>",
	}[action]
	fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>", action, content)
}

// actions returns what was asked, each with the key that signed it.
func (f *fakeSTS) actions() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []string
	for i, form := range f.asked {
		list = append(list, form.Get("Action")+" "+f.keys[i])
	}
	return list
}

// setenv sets the environment of the process too, from which the SDK reads endpoints.
func setenv(t *testing.T, env map[string]string, vars ...string) {
	t.Helper()
	for _, v := range vars {
		name, value, _ := strings.Cut(v, "=")
		env[name] = value
		t.Setenv(name, value)
	}
}

func caller(t *testing.T, o Options) (*Identity, error) {
	t.Helper()
	o.Region, o.MaxBackoff = "eu-west-1", time.Microsecond
	s, err := Resolve(o)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := s.AWS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return Caller(t.Context(), cfg)
}

// TestCredentials: each kind of credentials reaches AWS, and those that were chosen.
func TestCredentials(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("jwt"), 0o600); err != nil {
		t.Fatal(err)
	}
	aws := ecsFiles[".aws/config"] + "[profile process]\ncredential_process = echo '" + `{"Version": 1, "AccessKeyId": "AKIAPROCESSEXAMPLE00", ` +
		`"SecretAccessKey": "s"}` + "'\n[profile web]\nrole_arn = arn:aws:iam::111122223333:role/r\nweb_identity_token_file = " + token + "\n"
	for _, c := range []struct {
		name    string
		options Options
		env     []string
		want    []string
		source  string
	}{
		{"default ECS profile", Options{}, nil, []string{"GetCallerIdentity AKIAIOSFODNN7EXAMPLE"}, `ECS profile "ci"`},
		{"ECS profile against the environment", Options{ECSProfile: "me"}, []string{"AWS_ACCESS_KEY_ID=k", "AWS_SECRET_ACCESS_KEY=s"},
			[]string{"GetCallerIdentity AKIAI44QH8DHBEXAMPLE"}, `ECS profile "me"`},
		{"environment", Options{}, []string{"AWS_ACCESS_KEY_ID=k", "AWS_SECRET_ACCESS_KEY=s"}, []string{"GetCallerIdentity k"}, "access key ****"},
		{"AWS profile against the environment", Options{AWSProfile: "keys"}, []string{"AWS_ACCESS_KEY_ID=k", "AWS_SECRET_ACCESS_KEY=s"},
			[]string{"GetCallerIdentity AKIAIOSFODNN7EXAMPLE"}, "SharedConfigCredentials"},
		{"AWS_PROFILE against the environment", Options{}, []string{"AWS_PROFILE=keys", "AWS_ACCESS_KEY_ID=k", "AWS_SECRET_ACCESS_KEY=s"},
			[]string{"GetCallerIdentity AKIAIOSFODNN7EXAMPLE"}, "SharedConfigCredentials"},
		{"role", Options{AWSProfile: "sso"}, nil, []string{"AssumeRole AKIAIOSFODNN7EXAMPLE", "GetCallerIdentity ASIAIOSFODNN7EXAMPLE"},
			"AssumeRoleProvider"},
		{"process", Options{AWSProfile: "process"}, nil, []string{"GetCallerIdentity AKIAPROCESSEXAMPLE00"}, "ProcessProvider"},
		{"web identity", Options{AWSProfile: "web"}, nil, []string{"AssumeRoleWithWebIdentity ", "GetCallerIdentity ASIAIOSFODNN7EXAMPLE"},
			"WebIdentityCredentials"},
	} {
		t.Run(c.name, func(t *testing.T) {
			sts := startSTS(t)
			env := home(t, with(".aws/config", aws))
			setenv(t, env, append(c.env, "AWS_ENDPOINT_URL="+sts.URL)...)
			c.options.Env = env
			id, err := caller(t, c.options)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, sts.actions()); diff != "" {
				t.Errorf("wanted (-) and actual (+) calls differ:\n%s", diff)
			}
			if id.Account != "111122223333" || id.Principal != "arn:aws:iam::111122223333:user/ann" || !strings.HasPrefix(id.Provider, c.source) {
				t.Errorf("got %+v", id)
			}
		})
	}
}

// TestMFA: a role that needs an MFA code gets the one that was asked for.
func TestMFA(t *testing.T) {
	sts := startSTS(t)
	env := home(t, with(".aws/config", ecsFiles[".aws/config"]+"[profile mfa]\nrole_arn = arn:aws:iam::111122223333:role/r\n"+
		"source_profile = keys\nmfa_serial = arn:aws:iam::111122223333:mfa/ann\n"))
	setenv(t, env, "AWS_ENDPOINT_URL_STS="+sts.URL)
	asked := ""
	_, err := caller(t, Options{AWSProfile: "mfa", Env: env, Prompt: func(what string) (string, error) {
		asked = what
		return "123456", nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	form := sts.asked[0]
	if form.Get("SerialNumber") != "arn:aws:iam::111122223333:mfa/ann" || form.Get("TokenCode") != "123456" ||
		asked != "MFA code of arn:aws:iam::111122223333:mfa/ann" {
		t.Errorf("sent %v after %q", form, asked)
	}
	refused := errors.New("no terminal")
	_, err = caller(t, Options{AWSProfile: "mfa", Env: env, Prompt: func(string) (string, error) { return "", refused }})
	if !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	if _, err = caller(t, Options{AWSProfile: "mfa", Env: env}); err == nil || !strings.Contains(err.Error(), "there is nobody to ask") {
		t.Errorf("got %v", err)
	}
}

// TestEndpoints: the flag beats all variables, for all services, those that give credentials included.
func TestEndpoints(t *testing.T) {
	for _, c := range []struct {
		name string
		env  []string
		flag bool
	}{
		{"flag", nil, true},
		{"flag against variables", []string{"AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_ENDPOINT_URL_STS=http://127.0.0.1:1",
			"AWS_ENDPOINT_URL_ECS=http://127.0.0.1:1"}, true},
		{"flag with variables ignored", []string{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true", "AWS_ENDPOINT_URL=http://127.0.0.1:1"}, true},
		{"all services", []string{"AWS_ENDPOINT_URL=HERE"}, false},
		{"all services of an AWS profile", nil, false},
		{"each service", []string{"AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_ENDPOINT_URL_STS=HERE", "AWS_ENDPOINT_URL_ECS=HERE"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			sts := startSTS(t)
			env := home(t, with(".aws/config", strings.ReplaceAll(ecsFiles[".aws/config"], "[profile sso]",
				"[profile sso]\nendpoint_url = "+sts.URL)))
			for _, e := range c.env {
				setenv(t, env, strings.ReplaceAll(e, "HERE", sts.URL))
			}
			o := Options{AWSProfile: "sso", Env: env, Region: "eu-west-1"}
			if c.flag {
				o.EndpointURL = sts.URL
			}
			if _, err := caller(t, o); err != nil {
				t.Fatal(err)
			}
			s, err := Resolve(o)
			if err != nil {
				t.Fatal(err)
			}
			cfg, err := s.AWS(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got := ecs.NewFromConfig(cfg).Options().BaseEndpoint; got == nil || *got != sts.URL {
				t.Errorf("ECS is at %v, want %s", got, sts.URL)
			}
		})
	}
}

// TestRetries: calls that AWS cannot answer now are made again, as often as the user wants.
func TestRetries(t *testing.T) {
	for _, c := range []struct {
		env      string
		fail     int
		attempts int
	}{
		{"AWS_X=", 4, 5}, {"AWS_X=", 9, 5}, {"AWS_MAX_ATTEMPTS=2", 9, 2},
	} {
		sts := startSTS(t)
		sts.fail = c.fail
		env := home(t, ecsFiles)
		setenv(t, env, c.env)
		_, err := caller(t, Options{Env: env, EndpointURL: sts.URL})
		if n := len(sts.actions()); n != c.attempts || (err == nil) != (c.fail < c.attempts) {
			t.Errorf("%s: %d attempts (%v), want %d", c.env, n, err, c.attempts)
		}
	}
}
