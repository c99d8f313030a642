package source

import (
	"errors"
	"math"
	"strconv"

	"github.com/docker/go-units"
)

// ParseSize reads a size: a number of bytes, or a number with a binary unit such as 512m or 1.5gb. -1 is no limit.
// Errors do not repeat the text, which may come from a variable.
func ParseSize(text string) (int64, error) {
	b, err := strconv.ParseInt(text, 10, 64)
	if err == nil {
		return b, nil
	}
	if !errors.Is(err, strconv.ErrRange) {
		b, err = units.RAMInBytes(text)
	}
	switch {
	case errors.Is(err, strconv.ErrRange), err == nil && (b < 0 || b == math.MaxInt64):
		return 0, errors.New("is more than 8 EiB, which no machine has")
	case err != nil:
		return 0, errors.New("is no size: write a number of bytes, or a number and a unit, such as 512m or 1.5g")
	}
	return b, nil
}
