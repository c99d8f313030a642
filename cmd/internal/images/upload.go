package images

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// A blob is a layer or a configuration that a registry is to have.
type blob struct {
	digest string
	size   int64
	open   func() (content, error)
	in     []string // HOST/REPOSITORY that may have it

	opened content
}

// content opens the blob when it is needed: one that another repository has never is.
func (b *blob) content() (content, error) {
	if b.opened != nil {
		return b.opened, nil
	}
	var err error
	b.opened, err = b.open()
	return b.opened, err
}

func (b *blob) close() {
	if b.opened != nil {
		_ = b.opened.Close()
	}
}

// A content is read at any place, also by an attempt that has been given up.
type content interface {
	io.ReaderAt
	io.Closer
}

// inMemory returns a content that is there already.
func inMemory(data []byte) func() (content, error) {
	return func() (content, error) { return memory{bytes.NewReader(data)}, nil }
}

type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

func bytesBody(data []byte) func() (io.Reader, int64, error) {
	return func() (io.Reader, int64, error) { return bytes.NewReader(data), int64(len(data)), nil }
}

// upload brings a blob into the repository, which does not have it. What arrived of it before a connection broke is not
// sent again, if the registry kept it.
func (r *repo) upload(ctx context.Context, b *blob, sent func(int64)) error {
	defer b.close()
	for n := 1; ; n++ {
		err := r.uploadOnce(ctx, b, sent)
		if err == nil || ctx.Err() != nil {
			return err
		}
		if e, ok := errors.AsType[*statusError](err); ok && e.code == "DIGEST_INVALID" {
			err = fmt.Errorf("it is damaged, or was on its way: %w", err)
		} else if !errors.Is(err, errRestart) {
			return err
		}
		if n == attempts {
			return err
		}
		if err := r.client.Sleep(ctx, pause(n, err)); err != nil {
			return err
		}
	}
}

// errRestart is the reason to begin an upload anew.
var errRestart = errors.New("the registry closed the upload")

// uploadOnce begins an upload and sees it to its end.
func (r *repo) uploadOnce(ctx context.Context, b *blob, sent func(int64)) error {
	location, mounted, err := r.start(ctx, b)
	if err != nil || mounted {
		return err
	}
	from, err := b.content()
	if err != nil {
		return err
	}
	if location, err = r.send(ctx, b, location, from, sent); err != nil {
		return err
	}
	u, err := url.Parse(location)
	if err != nil {
		return fmt.Errorf("location of the registry: %w", err)
	}
	query := u.Query()
	query.Set("digest", b.digest)
	u.RawQuery = query.Encode()
	_, _, err = r.status(ctx, &request{method: http.MethodPut, path: u.String(), body: bytesBody(nil)})
	if err == nil {
		return nil
	}
	if there, headErr := r.hasBlob(ctx, b.digest); headErr == nil && there {
		return nil // an answer was lost
	}
	if isGone(err) {
		return fmt.Errorf("%w: %w", errRestart, err)
	}
	return err
}

// mountable returns another repository of the registry that may have the blob, "" if none is known.
func (r *repo) mountable(b *blob) string {
	for _, in := range b.in {
		if from, ok := strings.CutPrefix(in, r.ref.Host+"/"); ok && from != r.ref.Repository {
			return from
		}
	}
	return ""
}

// start begins an upload, unless the registry takes the blob from another repository.
func (r *repo) start(ctx context.Context, b *blob) (location string, mounted bool, err error) {
	path := "blobs/uploads/"
	if from := r.mountable(b); from != "" {
		path += "?" + url.Values{"mount": {b.digest}, "from": {from}}.Encode()
	}
	status, header, err := r.status(ctx, &request{method: http.MethodPost, path: path, body: bytesBody(nil)})
	if err != nil {
		return "", false, err
	}
	return header.Get("Location"), status == http.StatusCreated, nil
}

// send sends the content, going on where it broke off, and returns where the upload is now.
func (r *repo) send(
	ctx context.Context, b *blob, location string, from io.ReaderAt, sent func(int64),
) (string, error) {
	var offset int64
	for n := 1; ; n++ {
		q := &request{
			method: http.MethodPatch, path: location, once: true,
			header: map[string]string{"Content-Type": "application/octet-stream"},
			body: func() (io.Reader, int64, error) {
				rest := io.NewSectionReader(from, offset, b.size-offset)
				return &meter{r: rest, done: offset, sent: sent}, b.size - offset, nil
			},
		}
		if offset > 0 {
			q.header["Content-Range"] = fmt.Sprintf("%d-%d", offset, b.size-1)
		}
		_, header, err := r.status(ctx, q)
		if err == nil {
			return header.Get("Location"), nil
		}
		if ctx.Err() != nil || n == attempts || !mayPass(err) && !isGone(err) && !r.tokenRefused(err) {
			return "", err
		}
		if isGone(err) {
			return "", fmt.Errorf("%w: %w", errRestart, err)
		}
		if err := r.client.Sleep(ctx, pause(n, err)); err != nil {
			return "", err
		}
		if location, offset, err = r.received(ctx, location); err != nil {
			return "", fmt.Errorf("%w: %w", errRestart, err)
		}
	}
}

// received asks how much of an upload has arrived; see "Pushing a blob in chunks".
func (r *repo) received(ctx context.Context, location string) (now string, offset int64, err error) {
	_, header, err := r.status(ctx, &request{method: http.MethodGet, path: location})
	if err != nil {
		return "", 0, err
	}
	_, last, ok := strings.Cut(header.Get("Range"), "-")
	end, numberErr := strconv.ParseInt(last, 10, 64)
	if !ok || numberErr != nil || header.Get("Location") == "" {
		return "", 0, errors.New("the registry does not say how much has arrived")
	}
	if end == 0 {
		return header.Get("Location"), 0, nil // 0-0 is what registries say of nothing
	}
	return header.Get("Location"), end + 1, nil
}

// isGone reports whether the registry does not know the upload any more, or not as far as we do.
func isGone(err error) bool {
	e, ok := errors.AsType[*statusError](err)
	return ok && (e.status == http.StatusNotFound || e.status == http.StatusRequestedRangeNotSatisfiable)
}

// A meter tells how much has been read.
type meter struct {
	r    io.Reader
	done int64
	sent func(int64)
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.done += int64(n)
	m.sent(m.done)
	return n, err
}
