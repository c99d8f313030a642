// Package call says of calls to AWS that failed which they were, why, and whether they may be made again.
package call

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// An Error is a call that AWS refused, or that did not reach it.
type Error struct {
	On  string // what the call was about: "service/shop"
	Err error  // of the SDK
}

// Wrap returns the error of a call of the SDK as an Error. on is what the call was about: "service/shop".
func Wrap(on string, err error) error { return &Error{on, err} }

// iamPrefixes are what IAM calls the services that the SDK has other names for.
var iamPrefixes = map[string]string{"CloudWatch Logs": "logs", "Elastic Load Balancing v2": "elasticloadbalancing"}

// Error is the action as IAM spells it, what it was about, and AWS's own words:
// "ecs:RunTask task/shop: ClusterNotFoundException: Cluster not found.".
func (e *Error) Error() string {
	action := "call AWS"
	if op, ok := errors.AsType[*smithy.OperationError](e.Err); ok {
		prefix, ok := iamPrefixes[op.Service()]
		if !ok {
			prefix = strings.ToLower(op.Service())
		}
		action = prefix + ":" + op.Operation()
	}
	return fmt.Sprintf("%s %s: %s%s", action, e.On, words(e.Err), codeAdvices[code(e.Err)])
}

// Unwrap returns the error of the SDK.
func (e *Error) Unwrap() error { return e.Err }

// codeAdvices say what to do about errors that have a usual cause, by their codes.
var codeAdvices = map[string]string{
	"ClusterNotFoundException":    " Name another one with --cluster, or make it first: aws ecs create-cluster.",
	"ExpiredToken":                " Log in again.",
	"ExpiredTokenException":       " Log in again.",
	"UnrecognizedClientException": " The credentials are not, or no longer, of an account: see ecsctl whoami.",
}

// code returns the error code that AWS answered with, "" if it did not answer.
func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// words returns what AWS said of an error, without what the SDK says around it.
func words(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		if api.ErrorMessage() == "" {
			return api.ErrorCode()
		}
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && response.HTTPStatusCode() >= 300 {
		return fmt.Sprintf("HTTP status %d: %v", response.HTTPStatusCode(), response.Err)
	}
	if send, ok := errors.AsType[*smithyhttp.RequestSendError](err); ok {
		return send.Err.Error()
	}
	if op, ok := errors.AsType[*smithy.OperationError](err); ok {
		return op.Err.Error()
	}
	return err.Error()
}

// IsCode reports whether AWS answered with one of the error codes.
func IsCode(err error, codes ...string) bool {
	return slices.Contains(codes, code(err))
}

// IsDenied reports whether the caller lacks the permission for a call.
func IsDenied(err error) bool {
	return IsCode(err, "AccessDeniedException", "AccessDenied", "UnauthorizedOperation")
}

// IsThrottled reports whether AWS refused a call because there were too many: it was not carried out.
func IsThrottled(err error) bool {
	return retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err).Bool()
}

// IsUncertain reports whether a call may have been carried out although it failed: its answer was lost, or AWS had an
// error of its own. It is false when ctx has ended.
func IsUncertain(ctx context.Context, err error) bool {
	return ctx.Err() == nil && retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err).Bool()
}
