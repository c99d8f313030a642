package sandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// controls are the endpoints for those who drive the account from another process.
var controls = map[string]func(*Account, *http.Request) (any, error){
	"GET ":          controlStatus,
	"GET /calls":    func(a *Account, _ *http.Request) (any, error) { return append([]Call{}, a.Calls()...), nil },
	"DELETE /calls": func(a *Account, _ *http.Request) (any, error) { a.ResetCalls(); return controlStatus(a, nil) },
	"DELETE /fault": func(a *Account, _ *http.Request) (any, error) { a.ClearFaults(); return controlStatus(a, nil) },
	"POST /clock":   controlClock,
	"POST /fault":   controlFault,
	"POST /reset":   controlReset,
}

func (a *Account) control(w http.ResponseWriter, r *http.Request, path string) {
	do, ok := controls[r.Method+" "+path]
	if !ok {
		http.Error(w, "there is no "+r.Method+" "+r.URL.Path, http.StatusNotFound)
		return
	}
	out, err := do(a, r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	_ = enc.Encode(out)
}

// A status is what GET /_sandbox answers.
type status struct {
	Now     time.Time `json:"now"`
	Version int       `json:"version"`
	Account string    `json:"account"`
	ID      string    `json:"id"` // another one for each account, and after a reset
}

func controlStatus(a *Account, _ *http.Request) (any, error) {
	s := status{Version: Version, Account: AccountID}
	err := a.locked(reading, func() error { s.Now, s.ID = a.st.Now, a.st.ID; return nil })
	return s, err
}

func controlClock(a *Account, r *http.Request) (any, error) {
	d, err := time.ParseDuration(r.FormValue("advance"))
	if err != nil {
		return nil, err
	}
	if err := a.Advance(d); err != nil {
		return nil, err
	}
	return controlStatus(a, r)
}

func controlFault(a *Account, r *http.Request) (any, error) {
	f := Fault{Action: r.FormValue("action"), Kind: Kind(r.FormValue("kind"))}
	if nth := r.FormValue("nth"); nth != "" {
		n, err := strconv.Atoi(nth)
		if err != nil {
			return nil, err
		}
		f.Nth = n
	}
	if err := a.Fail(f); err != nil {
		return nil, err
	}
	return controlStatus(a, r)
}

func controlReset(a *Account, r *http.Request) (any, error) {
	if err := a.Reset(); err != nil {
		return nil, err
	}
	return controlStatus(a, r)
}
