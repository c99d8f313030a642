package source

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/ecsctl/ecsctl/compose/diag"
)

// ruleType is the id of values that have the wrong type or cannot be read.
const ruleType = "C10"

// A Decoder turns trees into Go values and reports what does not fit at its place. A field of a struct is named by
// its yaml tag; without one, by its own name in snake_case, which is how ecs-params spells members of the ECS API.
type Decoder struct {
	Diags *diag.List
	// Strict reports keys that the struct has no field for. Keys that begin with x- are left alone.
	Strict bool
	// Types reads values of types that need more than their shape. It reports false for types it leaves to the decoder.
	// An error is reported at the value.
	Types func(n *Node, v reflect.Value) (bool, error)
	// Unions holds, for each interface that one of several structs satisfies, those structs by key. A struct keeps its
	// value in the field Value, as the AWS SDK has it.
	Unions map[reflect.Type]map[string]reflect.Type
}

// selfDecoder is implemented by compose-go's types that read several shapes, such as sizes, durations and commands.
type selfDecoder interface {
	DecodeMapstructure(value any) error
}

// Decode reads n, which stands at path, into the value v points to.
func (d *Decoder) Decode(n *Node, path *Path, v any) {
	d.value(n, path, reflect.ValueOf(v).Elem())
}

func (d *Decoder) errorf(n *Node, path *Path, format string, args ...any) {
	d.Diags.Addf(n.Pos, diag.Error, ruleType, path.String(), format, args...)
}

func (d *Decoder) value(n *Node, path *Path, v reflect.Value) {
	if n.Kind == Null {
		return
	}
	if d.Types != nil {
		if done, err := d.Types(n, v); done {
			if err != nil {
				d.errorf(n, path, "%s", err)
			}
			return
		}
	}
	if s, ok := v.Addr().Interface().(selfDecoder); ok {
		if err := s.DecodeMapstructure(n.Any()); err != nil {
			d.errorf(n, path, "%q cannot be read: %s", n.Written(), reason(err))
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		d.value(n, path, p.Elem())
		v.Set(p)
	case reflect.Struct:
		d.structure(n, path, v)
	case reflect.Map:
		d.mapping(n, path, v)
	case reflect.Slice:
		d.slice(n, path, v)
	case reflect.Interface:
		d.union(n, path, v)
	default:
		d.scalar(n, path, v)
	}
}

// reason returns the text of err without the value it is about, which may come from a variable.
func reason(err error) string {
	if _, ok := errors.AsType[*strconv.NumError](err); ok {
		return "it is no number"
	}
	return "it has another form"
}

func (d *Decoder) want(n *Node, path *Path, k Kind) bool {
	if n.Kind == k {
		return true
	}
	d.errorf(n, path, "must be %s, not %s", k, n.Kind)
	return false
}

func (d *Decoder) structure(n *Node, path *Path, v reflect.Value) {
	if !d.want(n, path, Mapping) {
		return
	}
	info := infoOf(v.Type())
	for _, f := range n.Fields {
		index, ok := info.fields[f.Key]
		switch {
		case ok:
			d.value(f.Value, path.Key(f.Key), v.FieldByIndex(index))
		case strings.HasPrefix(f.Key, "x-"):
			if info.extensions != nil {
				e := v.FieldByIndex(info.extensions)
				if e.IsNil() {
					e.Set(reflect.MakeMap(e.Type()))
				}
				e.SetMapIndex(reflect.ValueOf(f.Key), reflect.ValueOf(&[]any{f.Value.Any()}[0]).Elem())
			}
		case d.Strict:
			d.Diags.Addf(f.Pos, diag.Error, ruleUnknown, path.Key(f.Key).String(), "unknown key %q%s",
				f.Key, info.suggest(f.Key))
		}
	}
}

// ruleUnknown is the id of keys that nobody knows.
const ruleUnknown = "C06"

func (d *Decoder) mapping(n *Node, path *Path, v reflect.Value) {
	if !d.want(n, path, Mapping) {
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(n.Fields)))
	for _, f := range n.Fields {
		item := reflect.New(v.Type().Elem()).Elem()
		d.value(f.Value, path.Key(f.Key), item)
		v.SetMapIndex(reflect.ValueOf(f.Key).Convert(v.Type().Key()), item)
	}
}

func (d *Decoder) slice(n *Node, path *Path, v reflect.Value) {
	if !d.want(n, path, Sequence) {
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Items), len(n.Items)))
	for i, item := range n.Items {
		d.value(item, path.Item(item.Index), v.Index(i))
	}
}

// union reads a mapping with one key, which says what the value is; or any value, if v takes any.
func (d *Decoder) union(n *Node, path *Path, v reflect.Value) {
	members, ok := d.Unions[v.Type()]
	if !ok {
		v.Set(reflect.ValueOf(n.Any()))
		return
	}
	if !d.want(n, path, Mapping) {
		return
	}
	names := slices.Sorted(maps.Keys(members))
	if len(n.Fields) != 1 || members[n.Fields[0].Key] == nil {
		d.errorf(n, path, "must have one key of %s", strings.Join(names, ", "))
		return
	}
	member := reflect.New(members[n.Fields[0].Key])
	d.value(n.Fields[0].Value, path.Key(n.Fields[0].Key), member.Elem().FieldByName("Value"))
	v.Set(member)
}

func (d *Decoder) scalar(n *Node, path *Path, v reflect.Value) {
	if !n.IsScalar() {
		d.errorf(n, path, "must be %s, not %s", kindOf(v.Type()), n.Kind)
		return
	}
	text := n.Text
	if n.Kind != String {
		text = n.String()
	}
	var err error
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		var b bool
		if b, err = parseBool(text); err == nil {
			v.SetBool(b)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		var i int64
		if i, err = strconv.ParseInt(text, 10, v.Type().Bits()); err == nil {
			v.SetInt(i)
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		var u uint64
		if u, err = strconv.ParseUint(text, 10, v.Type().Bits()); err == nil {
			v.SetUint(u)
		}
	case reflect.Float32, reflect.Float64:
		var f float64
		if f, err = strconv.ParseFloat(text, v.Type().Bits()); err == nil {
			v.SetFloat(f)
		}
	default:
		panic("source: cannot decode into " + v.Type().String())
	}
	switch {
	case errors.Is(err, strconv.ErrRange):
		d.errorf(n, path, "%q is out of range", n.Written())
	case err != nil:
		d.errorf(n, path, "must be %s, not %q", kindOf(v.Type()), n.Written())
	}
}

// parseBool reads the booleans of YAML 1.2, and those of YAML 1.1 that old files have.
func parseBool(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "true", "yes", "y", "on":
		return true, nil
	case "false", "no", "n", "off":
		return false, nil
	}
	return false, fmt.Errorf("%q is no boolean", s)
}

// kindOf returns the kind of value a scalar Go type takes.
func kindOf(t reflect.Type) Kind {
	switch t.Kind() {
	case reflect.Bool:
		return Bool
	case reflect.Float32, reflect.Float64:
		return Float
	case reflect.String:
		return String
	default:
		return Int
	}
}

// A typeInfo holds how the keys of a mapping go to the fields of a struct.
type typeInfo struct {
	fields     map[string][]int
	extensions []int
}

var infos sync.Map // reflect.Type → *typeInfo

func infoOf(t reflect.Type) *typeInfo {
	if i, ok := infos.Load(t); ok {
		return i.(*typeInfo)
	}
	info := &typeInfo{fields: map[string][]int{}}
	for _, f := range reflect.VisibleFields(t) {
		name, options, tagged := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case f.Anonymous || !f.IsExported() || name == "-":
		case f.Name == "Extensions" && tagged && strings.Contains(options, "inline"):
			if len(f.Index) == 1 {
				info.extensions = f.Index
			}
		case name != "":
			info.fields[name] = f.Index
		default:
			info.fields[SnakeCase(f.Name)] = f.Index
		}
	}
	actual, _ := infos.LoadOrStore(t, info)
	return actual.(*typeInfo)
}

func (i *typeInfo) suggest(key string) string {
	names := slices.Sorted(maps.Keys(i.fields))
	if snake := SnakeCase(strings.ToUpper(key[:min(1, len(key))]) + key[min(1, len(key)):]); i.fields[snake] != nil {
		return fmt.Sprintf(" (did you mean %q? Keys are written in snake_case)", snake)
	}
	return diag.Suggest(key, names)
}

// SnakeCase turns the name of a Go field or API member into the spelling of ecs-params: SizeInGiB → size_in_gib.
func SnakeCase(name string) string {
	name = strings.ReplaceAll(name, "GiB", "Gib")
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			afterLower := i > 0 && (name[i-1] < 'A' || name[i-1] > 'Z')
			beforeLower := i > 0 && i+1 < len(name) && 'a' <= name[i+1] && name[i+1] <= 'z'
			if afterLower || beforeLower {
				b.WriteByte('_')
			}
			c += 'a' - 'A'
		}
		b.WriteByte(c)
	}
	return b.String()
}
