package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/smithy-go"
)

const maxRequest = 10 << 20 // bytes

// An operation is what the account does for one action.
type operation struct {
	access access
	serve  func(r *region, body []byte) ([]byte, error)
}

// An api is an AWS service: how it is addressed and what it does.
type api struct {
	prefix     string // of its actions, as IAM spells it
	operations map[string]operation
}

// targets are the services of the AWS JSON protocol by the first part of X-Amz-Target.
var targets = map[string]api{
	"AmazonEC2ContainerRegistry_V20150921": {"ecr", ecrOperations},
	"AmazonEC2ContainerServiceV20141113":   {"ecs", ecsOperations},
	"Logs_20140328":                        {"logs", logsOperations},
}

// queries are the services of the AWS query protocol by the parameter Version.
var queries = map[string]api{
	"2011-06-15": {"sts", stsOperations},
	"2015-12-01": {"elasticloadbalancing", elbOperations},
	"2016-11-15": {"ec2", ec2Operations},
}

// jsonOperation makes an operation of a function from the SDK's input to the SDK's output.
func jsonOperation[In any, Out any, P interface {
	*Out
	smithy.Serializable
}](how access, do func(*region, *In) (P, error)) operation {
	return operation{how, func(r *region, body []byte) ([]byte, error) {
		in := new(In)
		if err := decode(body, in); err != nil {
			return nil, &apiError{400, "SerializationException", err.Error()}
		}
		out, err := do(r, in)
		if err != nil {
			return nil, err
		}
		return answer(out), nil
	}}
}

// A request is one of an AWS client.
type request struct {
	api       api
	action    string // without the service
	region    string
	host      string // that the client knows the account by
	body      []byte // JSON, or the form
	query     bool   // it came by the query protocol
	operation operation
}

func (q *request) name() string { return q.api.prefix + ":" + q.action }

// json returns the parameters of the request with the members of objects in order, for the SDK writes maps in any.
func (q *request) json() json.RawMessage {
	if !q.query {
		dec := json.NewDecoder(bytes.NewReader(q.body))
		dec.UseNumber()
		var v any
		if dec.Decode(&v) != nil {
			v = string(q.body)
		}
		return encode(v)
	}
	form, _ := url.ParseQuery(string(q.body))
	params := map[string]string{}
	for key := range form {
		if key != "Action" && key != "Version" {
			params[key] = form.Get(key)
		}
	}
	return encode(params)
}

// encode returns the JSON of a value that came from JSON.
func encode(v any) json.RawMessage {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
	return bytes.TrimSpace(b.Bytes())
}

// ServeHTTP serves a request of an AWS client, one of a registry's client, or one to the control endpoints below
// /_sandbox.
func (a *Account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if path, ok := strings.CutPrefix(r.URL.Path, "/_sandbox"); ok {
		a.control(w, r, path)
		return
	}
	if path, ok := strings.CutPrefix(r.URL.Path, "/v2/"); ok {
		a.serveRegistry(w, r, path)
		return
	}
	q, err := readRequest(r)
	if err != nil {
		writeError(w, q, err)
		return
	}
	body, dropped, err := a.serve(q)
	switch {
	case dropped:
		drop(w)
	case err != nil:
		writeError(w, q, err)
	default:
		write(w, q.query, http.StatusOK, body)
	}
}

// serve does what the request asks for and remembers the call.
func (a *Account) serve(q *request) (body []byte, dropped bool, err error) {
	lockErr := a.locked(q.operation.access, func() error {
		call := Call{Action: q.name(), Request: q.json(), Status: http.StatusOK}
		defer func() { a.calls = append(a.calls, call) }()
		kind := a.fault(q.name())
		if fail := faultErrors[kind]; fail != nil {
			e := fail(q.name())
			call.Status, err = e.status, e
			return errUnchanged
		}
		if dropped = kind == Cut || kind == Lost; dropped {
			call.Status = 0
		}
		if kind == Cut {
			return errUnchanged
		}
		if q.operation.access == writing {
			a.st.Now = a.st.Now.Add(step)
		}
		a.st.settle()
		a.st.host = q.host
		body, err = q.operation.serve(a.st.region(q.region), q.body)
		if e := (*apiError)(nil); errors.As(err, &e) && !dropped {
			call.Status = e.status
		}
		return nil
	})
	if lockErr != nil && !errors.Is(lockErr, errUnchanged) {
		return nil, false, lockErr
	}
	return body, dropped, err
}

// errUnchanged ends what is done under the lock without keeping anything.
var errUnchanged = errors.New("nothing was done")

// readRequest finds out what a request asks for.
func readRequest(r *http.Request) (*request, error) {
	q := &request{query: r.Header.Get("X-Amz-Target") == "", host: r.Host}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxRequest))
	if err != nil {
		return q, &apiError{413, "RequestEntityTooLargeException", err.Error()}
	}
	q.body = body
	scope, ok := credentialScope(r)
	if !ok {
		return q, &apiError{403, "MissingAuthenticationToken", "Missing Authentication Token"}
	}
	q.region = scope
	if q.query {
		return q, q.readQuery(r)
	}
	target, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	q.api, q.action = targets[target], action
	if q.operation, ok = q.api.operations[action]; !ok {
		return q, &apiError{400, "UnknownOperationException", "the sandbox does not know " + r.Header.Get("X-Amz-Target")}
	}
	return q, nil
}

func (q *request) readQuery(r *http.Request) error {
	if len(q.body) == 0 {
		q.body = []byte(r.URL.RawQuery)
	}
	form, err := url.ParseQuery(string(q.body))
	if err != nil {
		return &apiError{400, "MalformedQueryString", err.Error()}
	}
	q.api, q.action = queries[form.Get("Version")], form.Get("Action")
	var ok bool
	if q.operation, ok = q.api.operations[q.action]; !ok {
		return &apiError{400, "InvalidAction", "the sandbox does not know " + q.action + " of " + form.Get("Version")}
	}
	return nil
}

// credentialScope returns the region that a request is signed for. The signature itself is not looked at. See
// "Signature Version 4": Credential=<key>/<date>/<region>/<service>/aws4_request.
func credentialScope(r *http.Request) (region string, signed bool) {
	credential := r.URL.Query().Get("X-Amz-Credential")
	if _, after, ok := strings.Cut(r.Header.Get("Authorization"), "Credential="); ok {
		credential, _, _ = strings.Cut(after, ",")
	}
	parts := strings.Split(credential, "/")
	if len(parts) < 5 {
		return "us-east-1", r.Header.Get("Authorization") != "" || r.URL.Query().Get("X-Amz-Signature") != ""
	}
	return parts[len(parts)-3], true
}

// drop ends the connection as a network that fails does: there is no answer.
func drop(w http.ResponseWriter) {
	h, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler) // which ends it too
	}
	conn, _, err := h.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func write(w http.ResponseWriter, query bool, status int, body []byte) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if query {
		w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	}
	w.Header().Set("X-Amzn-Requestid", requestID)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// requestID is the same for all requests, so that what is printed of an error is always the same.
const requestID = "00000000-0000-4000-8000-000000000000"

func writeError(w http.ResponseWriter, q *request, err error) {
	e := (*apiError)(nil)
	if !errors.As(err, &e) {
		e = &apiError{500, "ServerException", err.Error()}
	}
	if q.query {
		write(w, q.query, e.status, xmlError(q.api.prefix, e))
		return
	}
	members := map[string]any{"__type": e.code, "message": e.message}
	if c := (*conflictError)(nil); errors.As(err, &c) {
		members["resourceIds"] = c.resources
	}
	body, _ := json.Marshal(members)
	write(w, q.query, e.status, body)
}
