package images

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A CallError is a call that AWS refused, or that did not reach it.
type CallError struct {
	On  string // what the call was about: "repository/web"
	Err error  // of the SDK
}

// Error is the action as IAM spells it, what it was about, and AWS's own words.
func (e *CallError) Error() string {
	action := "call AWS"
	if op, ok := errors.AsType[*smithy.OperationError](e.Err); ok {
		action = strings.ToLower(op.Service()) + ":" + op.Operation()
	}
	return fmt.Sprintf("%s %s: %s", action, e.On, words(e.Err))
}

func (e *CallError) Unwrap() error { return e.Err }

// words returns what AWS said of an error, without what the SDK says around it.
func words(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	if send, ok := errors.AsType[*smithyhttp.RequestSendError](err); ok {
		return send.Err.Error()
	}
	if op, ok := errors.AsType[*smithy.OperationError](err); ok {
		return op.Err.Error()
	}
	return err.Error()
}

// isCode reports whether AWS answered with the error code.
func isCode(err error, code string) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && api.ErrorCode() == code
}

// An InputError is a mistake in what the user wrote: nothing was sent.
type InputError struct{ error }

func inputError(format string, args ...any) error { return InputError{fmt.Errorf(format, args...)} }

func (e InputError) Unwrap() error { return e.error }
