package source

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
)

// Reading files. A pipe that nobody writes to must not outlast an interruption, which is what contexts are for.

// ReadFile returns the contents of a file that a user named: also a pipe or a device. It returns one byte more than a
// file may have at most, and errors that do not repeat the path.
func ReadFile(ctx context.Context, path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, Reason(err)
	}
	if info.IsDir() {
		return nil, errors.New("is a directory")
	}
	return within(ctx, func() ([]byte, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, Reason(err)
		}
		defer f.Close()
		return readMost(f)
	})
}

// ReadRegular is ReadFile for files that a file names or that stand in a directory, which must not make us wait: no
// pipes, no devices.
func ReadRegular(ctx context.Context, path string) ([]byte, error) {
	if err := Regular(path); err != nil {
		return nil, err
	}
	return ReadFile(ctx, path)
}

// Regular returns why the path is no regular file, or nil.
func Regular(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return Reason(err)
	case info.IsDir():
		return errors.New("is a directory")
	case !info.Mode().IsRegular():
		return errors.New("is not a regular file")
	}
	return nil
}

// ReadAll returns what r has, one byte more than a file may have at most.
func ReadAll(ctx context.Context, r io.Reader) ([]byte, error) {
	return within(ctx, func() ([]byte, error) { return readMost(r) })
}

func readMost(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	return data, Reason(err)
}

// within returns what read returns, or the error of the context if that ends before. Then read is left to itself.
func within(ctx context.Context, read func() ([]byte, error)) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		data, err := read()
		done <- result{data, err}
	}()
	select {
	case r := <-done:
		return r.data, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Reason returns the cause of a file error without the operation and the path.
func Reason(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
