package images

import "io"

// An ahead reads while what it read before is being used: one reads and hashes, the other one compresses.
type ahead struct {
	full  chan []byte // what has been read; closed at the end
	empty chan []byte // room for more; closed to stop
	err   error       // of reading, set before full is closed
	now   []byte      // what Read has not returned yet of used
	used  []byte
}

const (
	aheadBuffers = 4
	aheadSize    = 256 << 10
)

func newAhead(r io.Reader) *ahead {
	a := &ahead{full: make(chan []byte, aheadBuffers), empty: make(chan []byte, aheadBuffers)}
	for range aheadBuffers {
		a.empty <- make([]byte, aheadSize)
	}
	go a.fill(r)
	return a
}

func (a *ahead) fill(r io.Reader) {
	defer close(a.full)
	for buf := range a.empty {
		buf = buf[:aheadSize]
		n, err := 0, error(nil)
		for n < len(buf) && err == nil {
			var more int
			more, err = r.Read(buf[n:])
			n += more
		}
		if err != nil && err != io.EOF {
			a.err = err
		}
		if n > 0 {
			a.full <- buf[:n]
		}
		if err != nil {
			return
		}
	}
}

func (a *ahead) Read(p []byte) (int, error) {
	if len(a.now) == 0 {
		if a.used != nil {
			a.empty <- a.used
			a.used = nil
		}
		buf, ok := <-a.full
		if !ok {
			if a.err != nil {
				return 0, a.err
			}
			return 0, io.EOF
		}
		a.used, a.now = buf, buf
	}
	n := copy(p, a.now)
	a.now = a.now[n:]
	return n, nil
}

// stop ends the reading, and returns when nothing is read any more.
func (a *ahead) stop() {
	close(a.empty)
	for buf := range a.full {
		_ = buf // nobody wants it any more
	}
}
