package sandbox

import "fmt"

// An apiError is an error as AWS answers it.
type apiError struct {
	status  int
	code    string
	message string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

// The errors of ECS; see "Common Errors" and the errors of each action in the API reference.

func clientException(format string, args ...any) error {
	return &apiError{400, "ClientException", fmt.Sprintf(format, args...)}
}

func invalidParameter(format string, args ...any) error {
	return &apiError{400, "InvalidParameterException", fmt.Sprintf(format, args...)}
}

func clusterNotFound() error {
	return &apiError{400, "ClusterNotFoundException", "Cluster not found."}
}

// A conflictError is a ConflictException that names what is there already.
type conflictError struct {
	*apiError
	resources []string
}

func (e *conflictError) Unwrap() error { return e.apiError }

func conflict(format string, args ...any) error {
	return &apiError{400, "ConflictException", fmt.Sprintf(format, args...)}
}
