package images

import "fmt"

// An InputError is a mistake in what the user wrote: nothing was sent.
type InputError struct{ error }

func inputError(format string, args ...any) error { return InputError{fmt.Errorf(format, args...)} }

func (e InputError) Unwrap() error { return e.error }
