// Package awsjson writes values of the AWS SDK as the AWS JSON protocol has them on the wire, in one order: the SDK
// itself writes maps in any order, and encoding/json does not know the names.
package awsjson

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/document"
)

// A Member is a member of a JSON object.
type Member struct {
	Key   string
	Value any
}

// An Object is a JSON object whose members are in order.
type Object []Member

// Value returns v as JSON values in order: Object, []any, string, json.Number, bool, nil. Members of structures are in
// the order of the API reference, but with what names the thing first; keys of maps are sorted.
func Value(v smithy.Serializable) any {
	s := &serializer{}
	v.Serialize(s)
	return s.root
}

// Marshal returns v as JSON without white space.
func Marshal(v smithy.Serializable) []byte { return Encode(Value(v)) }

// Encode returns a value of the kinds that Value returns as JSON without white space.
func Encode(v any) []byte {
	var b bytes.Buffer
	encode(&b, v)
	return b.Bytes()
}

// Indent returns a value of the kinds that Value returns as JSON for people, with a line break at the end.
func Indent(v any) []byte {
	var b bytes.Buffer
	_ = json.Indent(&b, Encode(v), "", "  ") // what Encode writes is JSON
	b.WriteByte('\n')
	return b.Bytes()
}

func encode(b *bytes.Buffer, v any) {
	switch v := v.(type) {
	case Object:
		b.WriteByte('{')
		for i, m := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			encode(b, m.Key)
			b.WriteByte(':')
			encode(b, m.Value)
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			encode(b, item)
		}
		b.WriteByte(']')
	default:
		enc := json.NewEncoder(b)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(v) // strings, numbers and booleans have a JSON form
		b.Truncate(b.Len() - 1)
	}
}

// first are the members that name a thing, which come first.
var first = []string{"family", "serviceName", "name", "cluster", "taskDefinition", "image", "type"}

func rank(key string) int {
	if i := slices.Index(first, key); i >= 0 {
		return i
	}
	return len(first)
}

// A serializer builds the value as the SDK walks it.
type serializer struct {
	root  any
	stack []frame
}

// A frame is an object or a list being built.
type frame struct {
	object Object
	list   []any
	isList bool
	isMap  bool
	key    string // of the next value of a map; of the frame itself in the one around it is kept by its parent
}

var _ smithy.ShapeSerializer = (*serializer)(nil)

// add puts a finished value where it belongs.
func (s *serializer) add(schema *smithy.Schema, v any) {
	if len(s.stack) == 0 {
		s.root = v
		return
	}
	f := &s.stack[len(s.stack)-1]
	switch {
	case f.isList:
		f.list = append(f.list, v)
	case f.isMap:
		f.object = append(f.object, Member{f.key, v})
	default:
		f.object = append(f.object, Member{schema.MemberName(), v})
	}
}

// open begins an object or a list; what it is called is known when it is closed.
func (s *serializer) open(schema *smithy.Schema, f frame) {
	if len(s.stack) > 0 {
		if parent := &s.stack[len(s.stack)-1]; !parent.isList && !parent.isMap {
			parent.key = schema.MemberName()
		}
	}
	s.stack = append(s.stack, f)
}

func (s *serializer) close() {
	f := s.stack[len(s.stack)-1]
	s.stack = s.stack[:len(s.stack)-1]
	var v any
	switch {
	case f.isList:
		v = f.list
		if f.list == nil {
			v = []any{}
		}
	case f.isMap:
		slices.SortFunc(f.object, func(a, b Member) int { return strings.Compare(a.Key, b.Key) })
		v = f.object
	default:
		slices.SortStableFunc(f.object, func(a, b Member) int { return rank(a.Key) - rank(b.Key) })
		v = f.object
	}
	if len(s.stack) == 0 {
		s.root = v
		return
	}
	parent := &s.stack[len(s.stack)-1]
	if parent.isList {
		parent.list = append(parent.list, v)
		return
	}
	parent.object = append(parent.object, Member{parent.key, v})
}

// Bytes returns the JSON of what has been written.
func (s *serializer) Bytes() []byte { return Encode(s.root) }

func (s *serializer) integer(schema *smithy.Schema, n int64) {
	s.add(schema, json.Number(strconv.FormatInt(n, 10)))
}

func (s *serializer) float(schema *smithy.Schema, f float64, bits int) {
	s.add(schema, json.Number(strconv.FormatFloat(f, 'g', -1, bits)))
}

func (s *serializer) WriteInt8(schema *smithy.Schema, n int8)       { s.integer(schema, int64(n)) }
func (s *serializer) WriteInt16(schema *smithy.Schema, n int16)     { s.integer(schema, int64(n)) }
func (s *serializer) WriteInt32(schema *smithy.Schema, n int32)     { s.integer(schema, int64(n)) }
func (s *serializer) WriteInt64(schema *smithy.Schema, n int64)     { s.integer(schema, n) }
func (s *serializer) WriteFloat32(schema *smithy.Schema, f float32) { s.float(schema, float64(f), 32) }
func (s *serializer) WriteFloat64(schema *smithy.Schema, f float64) { s.float(schema, f, 64) }
func (s *serializer) WriteBool(schema *smithy.Schema, b bool)       { s.add(schema, b) }
func (s *serializer) WriteString(schema *smithy.Schema, v string)   { s.add(schema, v) }
func (s *serializer) WriteNil(schema *smithy.Schema)                { s.add(schema, nil) }

func (s *serializer) WriteBigInt(schema *smithy.Schema, n *big.Int) {
	s.add(schema, json.Number(n.String()))
}

func (s *serializer) WriteBigFloat(schema *smithy.Schema, f *big.Float) {
	s.add(schema, json.Number(f.Text('g', -1)))
}

func (s *serializer) WriteBlob(schema *smithy.Schema, b []byte) {
	s.add(schema, base64.StdEncoding.EncodeToString(b))
}

// WriteTime writes seconds since 1970, as the AWS JSON protocol has it.
func (s *serializer) WriteTime(schema *smithy.Schema, t time.Time) {
	s.float(schema, float64(t.UnixMilli())/1000, 64)
}

func (s *serializer) WriteStruct(schema *smithy.Schema)     { s.open(schema, frame{}) }
func (s *serializer) CloseStruct()                          { s.close() }
func (s *serializer) WriteList(schema *smithy.Schema)       { s.open(schema, frame{isList: true}) }
func (s *serializer) CloseList()                            { s.close() }
func (s *serializer) WriteMap(schema *smithy.Schema)        { s.open(schema, frame{isMap: true}) }
func (s *serializer) CloseMap()                             { s.close() }
func (s *serializer) WriteKey(_ *smithy.Schema, key string) { s.stack[len(s.stack)-1].key = key }
func (s *serializer) WriteUnion(schema, _ *smithy.Schema) {
	s.open(schema, frame{})
}
func (s *serializer) CloseUnion() { s.close() }

// WriteDocument writes a value that is JSON already.
func (s *serializer) WriteDocument(schema *smithy.Schema, v document.Value) {
	opaque, ok := v.(*document.Opaque)
	if !ok {
		return
	}
	m, ok := opaque.Value.(document.Marshaler)
	if !ok {
		return
	}
	data, err := m.MarshalSmithyDocument()
	if err != nil {
		return
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var any any
	if dec.Decode(&any) == nil {
		s.add(schema, sorted(any))
	}
}

// sorted returns a decoded JSON value with the members of its objects in order.
func sorted(v any) any {
	switch v := v.(type) {
	case map[string]any:
		o := make(Object, 0, len(v))
		for key, value := range v {
			o = append(o, Member{key, sorted(value)})
		}
		slices.SortFunc(o, func(a, b Member) int { return strings.Compare(a.Key, b.Key) })
		return o
	case []any:
		for i := range v {
			v[i] = sorted(v[i])
		}
	}
	return v
}
